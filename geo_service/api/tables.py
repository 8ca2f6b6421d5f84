"""Tables for spreadsheets as answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import Response

from geo_service.api.links import CSV
from geo_service.core.csv_text import csv_parts


def csv_answer(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    headers: Mapping[str, str],
    *,
    file_name: str,
    is_sample: bool,
) -> Response:
    """Write rows as CSV, see `geo_service.core.csv_text`.

    Parameters
    ----------
    headings : sequence of str
        First row.
    rows : iterable of sequence
        Cells.
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
    named = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    text = "".join(csv_parts(headings, [rows], is_sample=is_sample))
    return Response(text, headers={**headers, **named}, media_type=CSV)
