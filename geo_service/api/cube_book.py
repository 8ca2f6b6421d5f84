"""A cube's answer as a workbook: the table as it is read, every cell's parts, the sources."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell as BookCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geo_service.core.csv_text import as_words
from geo_service.core.text import SAMPLE_NOTICE, Lang, Text
from layers.analysis.cube import Cell
from layers.cube import Table
from layers.cube.axes import Header
from layers.cube.query import DIMENSION_NAMES, Measure
from layers.thematic.map import Source

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_TABLE, _PARTS, _SOURCES = (
    Text("ตาราง", "Table"),
    Text("รายละเอียด", "Parts"),
    Text("ที่มา", "Sources"),
)
_TOTAL = Text("รวม", "Total")
STATUS_WORDS = {
    "not_reported": Text("ไม่ได้รายงาน", "not reported"),
    "not_applicable": Text("ไม่เกี่ยวข้อง", "not applicable"),
    "suppressed": Text("ปกปิด", "withheld"),
}
_PART_NAMES = (
    Text("ค่า", "Value"), Text("ตัวตั้ง", "Numerator"), Text("ตัวหาร", "Denominator"),
    Text("รายงาน", "Reporting"), Text("ที่ควรรายงาน", "Expected"), Text("สถานะ", "Status"),
    Text("ช่วงเวลา", "Period"), Text("หมายเหตุ", "Flags"),
)  # fmt: skip
_HEAD = Font(bold=True)
_WIDTH, _WIDE = 16, 34


def workbook(
    table: Table, sources: Sequence[Source], lang: Lang, *, address: str, is_sample: bool
) -> bytes:
    """Write an answer as XLSX.

    Parameters
    ----------
    table : Table
        The answer.
    sources : sequence of Source
        Of its indicators.
    lang : {"th", "en"}
        Language of the reader.
    address : str
        Where the same question can be asked again.
    is_sample : bool
        Whether to say that the data is made up.

    Returns
    -------
    bytes
        Three sheets; numbers are numbers, a missing value is a word.
    """
    book = Workbook(write_only=True)
    depth = max(len(table.question.rows), 1)
    heads = max(len(table.question.columns), 0) + 1
    sheet = book.create_sheet(_TABLE.in_(lang))
    sheet.freeze_panes = f"{get_column_letter(depth + 1)}{heads + 1}"
    _widen(sheet, depth)
    for row in _heads(table, depth, lang):
        sheet.append([_bold(sheet, words) for words in row])
    for one in table.rows:
        names = _names(one.header, depth, lang)
        cells = zip(one.cells, _each(table), strict=True)
        told = [_number(sheet, cell, measure, lang) for cell, measure in cells]
        sheet.append([*(_bold(sheet, name) for name in names), *told])
    _write_parts(book, table, lang)
    _write_sources(book, table, sources, lang, address=address, is_sample=is_sample)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _each(table: Table) -> list[Measure]:
    return list(table.question.measures) * len(table.columns)


def _heads(table: Table, depth: int, lang: Lang) -> Iterable[list[str]]:
    question = table.question
    count = len(question.measures)
    corner = [DIMENSION_NAMES.get(name, Text(name, name)).in_(lang) for name in question.rows]
    for number, _ in enumerate(question.columns):
        told = [
            column.names[number].in_(lang) if number < len(column.names) else _TOTAL.in_(lang)
            for column in table.columns
            for _ in range(count)
        ]
        yield [*[""] * depth, *told]
    titles = [
        f"{one.title.in_(lang)} ({one.unit.in_(lang)})"
        if one.unit.in_(lang)
        else one.title.in_(lang)
        for one in _each(table)
    ]
    yield [*(corner or [""]), *titles]


def _names(header: Header, depth: int, lang: Lang) -> list[str]:
    names = [name.in_(lang) for name in header.names]
    missing = depth - len(names)
    return [*names, *([_TOTAL.in_(lang), *[""] * (missing - 1)] if missing else [])]


def _write_parts(book: Workbook, table: Table, lang: Lang) -> None:
    sheet = book.create_sheet(_PARTS.in_(lang))
    sheet.freeze_panes = "A2"
    axes = [DIMENSION_NAMES.get(name, Text(name, name)).in_(lang) for name in table.question.axes]
    measure = Text("ตัวชี้วัด", "Measure").in_(lang)
    heads = [*axes, measure, *(name.in_(lang) for name in _PART_NAMES)]
    sheet.append([_bold(sheet, words) for words in heads])
    sizes = (len(table.question.rows), len(table.question.columns))
    for row in table.rows:
        cells = iter(row.cells)
        for column in table.columns:
            names = [*_padded(row.header, sizes[0], lang), *_padded(column, sizes[1], lang)]
            for one in table.question.measures:
                cell = next(cells)
                told = (cell.value, cell.numerator, cell.denominator, cell.reporting, cell.expected)
                state = STATUS_WORDS.get(cell.status)
                words = (state.in_(lang) if state else "", cell.period, ", ".join(cell.flags))
                sheet.append([*names, as_words(one.title.in_(lang)), *told, *words])


def _write_sources(
    book: Workbook,
    table: Table,
    sources: Sequence[Source],
    lang: Lang,
    *,
    address: str,
    is_sample: bool,
) -> None:
    sheet = book.create_sheet(_SOURCES.in_(lang))
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = _WIDE
    if is_sample:
        sheet.append([SAMPLE_NOTICE.th, SAMPLE_NOTICE.en])
    sheet.append([Text("คำถามนี้", "This question").in_(lang), address])
    for one in table.question.indicators.values():
        sheet.append([as_words(one.name.in_(lang)), as_words(one.definition.in_(lang))])
    sheet.append([])
    for source in sources:
        told = (source.title, source.publisher, source.attribution)
        words = [as_words(one.in_(lang)) for one in told]
        sheet.append([*words, as_words(source.licence), source.url, source.loaded_on])


def _padded(header: Header, size: int, lang: Lang) -> list[str]:
    names = [as_words(name.in_(lang)) for name in header.names]
    return [*names, *[_TOTAL.in_(lang)] * (size - len(names))]


def _number(sheet: Worksheet, cell: Cell, measure: Measure, lang: Lang) -> BookCell:
    if cell.value is None:
        words = STATUS_WORDS.get(cell.status, STATUS_WORDS["not_reported"]).in_(lang)
        made = WriteOnlyCell(sheet, value=words)
        made.alignment = Alignment(horizontal="right")
        return made
    made = WriteOnlyCell(sheet, value=cell.value)
    made.number_format = f"#,##0.{'0' * measure.decimals}" if measure.decimals else "#,##0"
    return made


def _bold(sheet: Worksheet, words: str) -> BookCell:
    made = WriteOnlyCell(sheet, value=as_words(words))
    made.font = _HEAD
    return made


def _widen(sheet: Worksheet, depth: int) -> None:
    widths = sheet.column_dimensions
    for number in range(1, depth + 1):
        widths[get_column_letter(number)].width = _WIDE
    for number in range(depth + 1, depth + 40):
        widths[get_column_letter(number)].width = _WIDTH
