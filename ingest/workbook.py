"""XLSX: one sheet to a grid of cells with row numbers."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text
from ingest import archive
from ingest.recipe import nearest
from ingest.recipe_parts import FilePart


def read(data: bytes, spec: FilePart) -> list[tuple[int, list[str | None]]]:
    """Read one sheet of a workbook.

    Parameters
    ----------
    data : bytes
        The whole file.
    spec : FilePart
        Name of the sheet; the first visible one when it says none.

    Returns
    -------
    list of (int, list of str or None)
        Row of the sheet, from 1, and its cells as text. A formula without a stored result is
        the formula, which no number column takes.

    Raises
    ------
    UnreadableFile
        If it is no workbook, unpacks to too much, or has no such sheet.
    """
    archive.check_workbook(data)
    try:
        values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        name = _sheet_of(values, spec.sheet)
        sheets = [book[name] for book in (values, formulas)]
        for sheet in sheets:
            sheet.reset_dimensions()
        pairs = zip(*(sheet.iter_rows(values_only=True) for sheet in sheets), strict=True)
        return [
            (number, [_said(*cell) for cell in zip(shown, kept, strict=True)])
            for number, (shown, kept) in enumerate(pairs, start=1)
        ]
    except UnreadableFile:
        raise
    except Exception as error:  # a damaged workbook fails anywhere inside the library
        raise UnreadableFile(
            Text(th="เปิดไฟล์ Excel นี้ไม่ได้ (อาจเสียหาย)", en="The workbook cannot be opened; damaged?")
        ) from error


def _sheet_of(book: openpyxl.Workbook, wanted: str | None) -> str:
    names = book.sheetnames
    if wanted is None:
        visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return (visible or names)[0]
    if wanted in names:
        return wanted
    near = nearest(wanted, names) or names
    raise UnreadableFile(
        Text(
            th=f"ไม่มีแผ่นงาน '{wanted}' ในไฟล์มี: {', '.join(near)}",
            en=f"There is no sheet '{wanted}'; the file has: {', '.join(near)}",
        )
    )


def _said(value: Any, formula: Any) -> str | None:  # noqa: ANN401  (whatever a cell holds)
    if value is None:
        return formula if isinstance(formula, str) and formula.startswith("=") else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return str(value)
