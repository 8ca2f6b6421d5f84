"""Plain tables for people and for spreadsheets: HTML without scripts, CSV without traps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import Response

from geo_service.api.links import CSV, HTML, Links
from geo_service.core.text import SAMPLE_NOTICE, Text

#: A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_STYLE = (
    "body{font:16px/1.5 'Sarabun','Noto Sans Thai',sans-serif;margin:2rem;color:#1b2733}"
    "table{border-collapse:collapse}td,th{border:1px solid #d5dde5;padding:.3rem .6rem;"
    "text-align:left}th{background:#eef3f7}a{color:#0b5e8e}.notice{background:#fff3cd;"
    "padding:.5rem 1rem;border-radius:.3rem;display:inline-block}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `address` gives the link behind a row's first cell."""

    title: Text
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    address: Callable[[Sequence[Any]], str] | None = None


def html_answer(
    table: Table,
    links: Links,
    headers: Mapping[str, str],
    *,
    is_sample: bool,
    following: str | None = None,
) -> Response:
    """Write a table as a page.

    Parameters
    ----------
    table : Table
        What to show; every text is escaped.
    links : Links
        Of the answer.
    headers : mapping of str to str
        From `revalidate`.
    is_sample : bool
        Whether to say that the data is made up.
    following : str, optional
        Address of the next page.

    Returns
    -------
    Response
        HTML without scripts or outside assets.
    """
    told = f"{SAMPLE_NOTICE.th} / {SAMPLE_NOTICE.en}"
    banner = f'<p class="notice" role="note">{told}</p>' if is_sample else ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.headings)
    body = "".join(f"<tr>{''.join(_cells(table, row))}</tr>" for row in table.rows)
    more = Text("หน้าถัดไป", "Next page").in_(links.lang)
    foot = f'<p><a rel="next" href="{escape(following)}">{more}</a></p>' if following else ""
    shown = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return page_answer(table.title, f"{banner}{shown}{foot}", links, headers)


def page_answer(title: Text, content: str, links: Links, headers: Mapping[str, str]) -> Response:
    """Write a plain page.

    Parameters
    ----------
    title : Text
        Escaped here.
    content : str
        HTML, escaped by the caller.
    links : Links
        Of the answer.
    headers : mapping of str to str
        From `revalidate`.

    Returns
    -------
    Response
        HTML without scripts or outside assets.
    """
    shown = escape(title.in_(links.lang))
    home = Text("หน้าแรก", "Home").in_(links.lang)
    page = (
        f'<!doctype html><html lang="{links.lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{shown}</title><style>{_STYLE}</style></head><body>"
        f'<nav><a href="{escape(links.to("/"))}">{home}</a> · '
        f'<a rel="alternate" href="{escape(links.json_here())}">JSON</a></nav>'
        f"<main><h1>{shown}</h1>{content}</main></body></html>"
    )
    return Response(page, headers={**headers, "Content-Security-Policy": _POLICY}, media_type=HTML)


def csv_answer(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    headers: Mapping[str, str],
    *,
    file_name: str,
    is_sample: bool,
) -> Response:
    """Write rows as CSV that a spreadsheet opens in Thai and runs nothing of.

    Parameters
    ----------
    headings : sequence of str
        First row.
    rows : iterable of sequence
        Numbers stay numbers; missing is an empty cell.
    headers : mapping of str to str
        From `revalidate`.
    file_name : str
        ASCII, offered when the answer is saved.
    is_sample : bool
        Adds a column that says so on every row.

    Returns
    -------
    Response
        UTF-8 with a byte order mark.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    extra = [f"{SAMPLE_NOTICE.th} / {SAMPLE_NOTICE.en}"] if is_sample else []
    writer.writerow([*headings, *(["notice"] if is_sample else [])])
    for row in rows:
        writer.writerow([*(_safe(cell) for cell in row), *extra])
    named = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(out.getvalue(), headers={**headers, **named}, media_type=CSV)


def _cells(table: Table, row: Sequence[Any]) -> Iterable[str]:
    for place, cell in enumerate(row):
        shown = escape("" if cell is None else _plain(cell))
        if place == 0 and table.address is not None:
            shown = f'<a href="{escape(table.address(row))}">{shown}</a>'
        yield f"<td>{shown}</td>"


def _plain(cell: object) -> str:
    if isinstance(cell, (list, tuple)):
        return ";".join(str(part) for part in cell)
    return str(cell)


def _safe(cell: object) -> object:
    if cell is None or isinstance(cell, (int, float)):
        return cell
    shown = _plain(cell)
    # OWASP: an apostrophe in front keeps a text from being taken for a formula.
    return f"'{shown}" if shown.startswith(_FORMULA_STARTS) else shown
