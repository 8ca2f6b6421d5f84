"""Tables for spreadsheets: CSV without traps."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import Response

from geo_service.api.links import CSV
from geo_service.core.text import SAMPLE_NOTICE

#: A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


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
