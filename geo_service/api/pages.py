"""The same data for people: tables and facts as HTML, inside the frame that web hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape

from fastapi import Request, Response

from geo_service.api.links import Links
from geo_service.core.text import Lang, Text, day_in
from layers.analysis.numbers import readable

MOST_DECIMALS = 3
_NOTHING = "\N{EM DASH}"
_YES, _NO = Text("ใช่", "yes"), Text("ไม่ใช่", "no")
_NEXT = Text("หน้าถัดไป", "Next page")
_FIRST = Text("หน้าแรกของตาราง", "First page")
_EMPTY = Text("ไม่มีรายการ", "There is nothing here")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how the cells below it are written."""

    title: Text
    unit: Text | None = None
    is_number: bool = False
    decimals: int | None = None
    words: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a link behind it, or a note below it; a `column` of its own counts first."""

    value: object
    address: str | None = None
    note: str = ""
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page shows: its place among the others and its content.

    ``trail`` and ``formats`` are words and addresses; ``content`` is HTML. A map drawn with
    ``style``, the address of a MapLibre style, stands above the content.
    """

    title: str
    content: str
    lead: str = ""
    trail: Sequence[tuple[str, str]] = ()
    formats: Sequence[tuple[str, str]] = ()
    style: str | None = None


def sheet_answer(
    request: Request,
    sheet: Sheet,
    links: Links,
    headers: Mapping[str, str],
    *,
    is_sample: bool,
) -> Response:
    """Answer with a page.

    Parameters
    ----------
    request : Request
        What was asked.
    sheet : Sheet
        What to show.
    links : Links
        Of the answer.
    headers : mapping of str to str
        From `revalidate`.
    is_sample : bool
        Whether to say that the data is made up.

    Returns
    -------
    Response
        HTML without outside assets; without scripts unless there is a map.
    """
    # Pages are framed on a floor of their own; the application handed the frame over.
    framed: Response = request.app.state.data_page(
        sheet.content,
        links.frame(headers, sheet.formats, is_sample=is_sample),
        title=sheet.title,
        lead=sheet.lead,
        trail=sheet.trail,
        style=sheet.style,
    )
    return framed


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    lang: Lang,
    *,
    is_stacked: bool = True,
) -> str:
    """Write a table that scrolls in a box of its own.

    Parameters
    ----------
    columns : sequence of Column
        One per cell of a row.
    rows : sequence of sequence
        Values, or `Cell`.
    lang : {"th", "en"}
        Language of the reader.
    is_stacked : bool
        Whether its rows become cards on a phone; many columns of numbers are better scrolled.

    Returns
    -------
    str
        HTML, escaped.
    """
    if not rows:
        return f'<p class="none">{_EMPTY.in_(lang)}</p>'
    head = "".join(_heading(column, lang) for column in columns)
    body = "".join(
        f"<tr>{''.join(_cell(c, v, lang) for c, v in zip(columns, row, strict=True))}</tr>"
        for row in rows
    )
    label = Text("ตาราง", "Table").in_(lang)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f'<table class="{"stacked" if is_stacked else "is-wide"}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(rows: Sequence[tuple[Text, object]], lang: Lang) -> str:
    """Write facts, one below the other.

    Parameters
    ----------
    rows : sequence of (Text, object)
        What it is, and its value or `Cell`.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        HTML, escaped.
    """
    plain = Column(Text("", ""))
    body = "".join(
        f'<tr><th scope="row">{escape(name.in_(lang))}</th>{_cell(plain, value, lang)}</tr>'
        for name, value in rows
    )
    label = Text("รายละเอียด", "Facts").in_(lang)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f'<table class="is-facts"><tbody>{body}</tbody></table></div>'
    )


def section(title: Text, content: str, lang: Lang) -> str:
    """Write a part of a page under its own heading.

    Parameters
    ----------
    title : Text
        Escaped here.
    content : str
        HTML, escaped by the caller.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        HTML.
    """
    return f"<section><h2>{escape(title.in_(lang))}</h2>{content}</section>"


def onward(ways: Sequence[tuple[Text, str]], lang: Lang) -> str:
    """Write links to other pages.

    Parameters
    ----------
    ways : sequence of (Text, str)
        Words and addresses.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        HTML, escaped.
    """
    shown = "".join(
        f'<a href="{escape(href)}">{escape(words.in_(lang))}</a>' for words, href in ways
    )
    return f'<p class="onward">{shown}</p>' if ways else ""


def paging(links: Links, following: str | None, *, is_first: bool) -> str:
    """Write the links between the pages of a long table.

    Parameters
    ----------
    links : Links
        Of the answer.
    following : str, optional
        Address of the next page.
    is_first : bool
        Whether this is the first page.

    Returns
    -------
    str
        HTML, escaped.
    """
    parts = []
    if not is_first:
        first = links.here(without=("cursor", "offset"))
        parts.append(f'<a rel="first" href="{escape(first)}">{_FIRST.in_(links.lang)}</a>')
    if following is not None:
        words = _NEXT.in_(links.lang)
        parts.append(f'<a class="button" rel="next" href="{escape(following)}">{words}</a>')
    label = Text("หน้าของตาราง", "Pages of the table").in_(links.lang)
    return f'<nav class="onward" aria-label="{label}">{"".join(parts)}</nav>' if parts else ""


def shown(value: object, column: Column, lang: Lang) -> str:
    """Write a value for people.

    Parameters
    ----------
    value : object
        Of a property.
    column : Column
        Its decimals and words; without decimals a number has at most three.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        Not escaped.
    """
    if value is None or value in ("", [], ()):
        return _NOTHING
    if isinstance(value, bool):
        return (_YES if value else _NO).in_(lang)
    if isinstance(value, (int, float)):
        return _number(value, column.decimals)
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(part, column, lang) for part in value)
    if isinstance(value, date):
        return _day(value, lang)
    said = str(value)
    return column.words[said].in_(lang) if said in column.words else said


def _day(value: date, lang: Lang) -> str:
    time = f" {value:%H:%M}" if isinstance(value, datetime) else ""
    return f"{day_in(value, lang)}{time}"


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return readable(value, decimals)
    return readable(value, MOST_DECIMALS).rstrip("0").rstrip(".")


def _heading(column: Column, lang: Lang) -> str:
    kind = ' class="num"' if column.is_number else ""
    unit = f"<small>{escape(column.unit.in_(lang))}</small>" if column.unit else ""
    return f'<th scope="col"{kind}>{escape(column.title.in_(lang))}{unit}</th>'


def _cell(column: Column, value: object, lang: Lang) -> str:
    cell = value if isinstance(value, Cell) else Cell(value)
    written = escape(shown(cell.value, cell.column or column, lang))
    if cell.address is not None:
        written = f'<a href="{escape(cell.address)}">{written}</a>'
    note = f"<small>{escape(cell.note)}</small>" if cell.note else ""
    kind = ' class="num"' if column.is_number else ""
    if isinstance(cell.value, date):
        kind = ' class="day"'
    name = escape(column.title.in_(lang))
    named = f' data-name="{name}"' if name else ""
    return f"<td{kind}{named}>{written}{note}</td>"
