"""Tables as text for spreadsheets: CSV without traps."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from geo_service.core.text import SAMPLE_NOTICE

#: A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def csv_parts(
    headings: Sequence[str], parts: Iterable[Iterable[Sequence[Any]]], *, is_sample: bool
) -> Iterator[str]:
    """Write rows as CSV that a spreadsheet opens in Thai and runs nothing of.

    Parameters
    ----------
    headings : sequence of str
        First row.
    parts : iterable of iterable of sequence
        Rows, as many at once as come together. Numbers stay numbers; missing is an empty cell.
    is_sample : bool
        Adds a column that says so on every row.

    Yields
    ------
    str
        The first begins with a byte order mark.
    """
    extra = [f"{SAMPLE_NOTICE.th} / {SAMPLE_NOTICE.en}"] if is_sample else []
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow([*map(as_words, headings), *(["notice"] if is_sample else [])])
    for rows in parts:
        writer.writerows([*(_safe(cell) for cell in row), *extra] for row in rows)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _safe(cell: object) -> object:
    if cell is None or isinstance(cell, (int, float)):
        return cell
    shown = ";".join(str(part) for part in cell) if isinstance(cell, (list, tuple)) else str(cell)
    return as_words(shown)


def as_words(text: str) -> str:
    """Keep a text from being taken for a formula by a spreadsheet.

    Parameters
    ----------
    text : str
        Of a cell; numbers are no texts.

    Returns
    -------
    str
        With an apostrophe in front (OWASP) where it begins like a formula.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
