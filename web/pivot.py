"""The pivot page: the cube for people, every state an address, without needing scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse

from geo_service.core.periods import parse_period
from geo_service.core.text import Lang, Text
from geo_service.deps import SessionDep
from geo_service.deps.cube import CubeForm, form_of
from layers import cube, outlines, periods
from layers.analysis.cube import Cell
from layers.cube import Table
from layers.cube.axes import Header
from layers.cube.known import names_of
from layers.cube.query import TIME_DIMENSIONS, Measure, Names
from layers.cube.sources import sources
from layers.questions import state_of
from layers.words import STATUS_NAMES
from web import pivot_chart, pivot_choices, pivot_examples
from web.pivot_choices import Choices
from web.render import respond
from web.words import flag, number, words

#: Rows of the page's table; the spreadsheet has them all.
MOST_ROWS: Final = 400
_SHADES: Final = 5
_TOTAL: Final = Text("รวม", "Total")
_FEWEST_SHADED: Final = 4
_FEW_COLUMNS: Final = 4
_MOST_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell, written for people; ``shade`` is 0 where nothing is shaded."""

    text: str
    about: str
    shade: int = 0
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: its heads, the address that opens each, and its cells."""

    heads: tuple[tuple[str, str], ...]
    cells: tuple[Shown, ...]
    is_total: bool
    depth: int


def answer(request: Request, session: SessionDep, lang: Lang, form: CubeForm) -> HTMLResponse:
    """Answer with the pivot page of a question.

    Parameters
    ----------
    request : Request
        What was asked.
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.
    form : CubeForm
        The question; one to begin with is asked when it names no measure.

    Returns
    -------
    HTMLResponse
        The page.
    """
    names = names_of(session)
    known = periods.known(session)
    if "measures" not in form.words:
        form = form_of({**_first(names, {key for key, _ in known}), **form.words})
    question = cube.question_of(session, form.asked)
    table = cube.answer(session, question)
    choices = Choices(form, lang, names, known, table, dict(outlines.region_schemes(session)))
    state = state_of(session, ())
    found = sources(session, question.indicators, names.indicators)
    lines = list(_lines(table, choices, lang))
    context = {
        "title": _title(table, lang),
        "is_sample": state.is_sample,
        "other_language": form.address(lang="en" if lang == "th" else "th", f="html"),
        "choices": choices,
        "heads": _heads(table, choices, lang),
        "lines": lines[:MOST_ROWS],
        "cut": len(lines) if len(lines) > MOST_ROWS else 0,
        "chart": pivot_chart.draw(table, lang),
        "when": _when(table, lang),
        "is_wide": len(table.columns) * len(question.measures) > _FEW_COLUMNS,
        "sources": found,
        "exports": [
            (kind.upper(), form.address(lang=lang, f=kind)) for kind in ("xlsx", "csv", "json")
        ],
        "examples": pivot_examples.examples(names, {key for key, _ in known}, lang),
        "notes": _notes(table, lang),
        "path": request.url.path,
    }
    return respond("pivot.html", lang, context)


def _first(names: Names, valued: set[str]) -> dict[str, str]:
    shown = [key for key, one in names.indicators.items() if key in valued and not one.is_component]
    # Where nothing is loaded, the question itself says so.
    return {"measures": (shown or sorted(names.indicators))[0], "rows": "region", "totals": "rows"}


def _title(table: Table, lang: Lang) -> str:
    named = [one.title.in_(lang) for one in table.question.measures]
    many = len(named) > 2  # noqa: PLR2004
    told = f"{named[0]} +{len(named) - 1}" if many else ", ".join(named)
    axes = [pivot_choices.dimension(name, lang) for name in table.question.axes]
    by = Text(" ตาม", " by ").in_(lang)
    return f"{told}{by}{', '.join(axes)}" if axes else told


# The periods shown, where no axis tells them.
def _when(table: Table, lang: Lang) -> str:
    if set(TIME_DIMENSIONS) & set(table.question.axes):
        return ""
    keys = {cell.period for row in table.rows for cell in row.cells if cell.value is not None}
    parts = [
        " - ".join(parse_period(one).label.in_(lang) for one in key.split("/"))
        for key in sorted(keys)
        if key
    ]
    return ", ".join(parts) if len(parts) <= _MOST_TOLD else ""


# Rows of headings: one for each dimension of the columns, then the measures.
def _heads(table: Table, choices: Choices, lang: Lang) -> list[list[tuple[str, int, str]]]:
    question, found = table.question, []
    count = len(question.measures)
    for depth, _ in enumerate(question.columns):
        told = [
            column.names[depth].in_(lang) if depth < len(column.names) else _TOTAL.in_(lang)
            for column in table.columns
        ]
        keys = [
            (column.keys[:depth], word) for column, word in zip(table.columns, told, strict=True)
        ]
        found.append([(word, len(list(same)) * count, "") for (_, word), same in groupby(keys)])
    if count > 1 or not question.columns:
        found.append(
            [(_heading(one, lang), 1, choices.sorted_by(one)) for one in question.measures]
            * len(table.columns)
        )
    return found


def _heading(measure: Measure, lang: Lang) -> str:
    unit = measure.unit.in_(lang)
    return f"{measure.title.in_(lang)} ({unit})" if unit else measure.title.in_(lang)


def _lines(table: Table, choices: Choices, lang: Lang) -> Iterator[Line]:
    shades = _shades(table)
    measures = list(table.question.measures) * len(table.columns)
    for row, shaded in zip(table.rows, shades, strict=True):
        cells = tuple(
            _shown(cell, measure, shade, lang)
            for cell, measure, shade in zip(row.cells, measures, shaded, strict=True)
        )
        yield Line(
            _row_heads(row.header, choices, lang), cells, row.header.is_total, len(row.header.keys)
        )


def _row_heads(header: Header, choices: Choices, lang: Lang) -> tuple[tuple[str, str], ...]:
    if not header.keys:
        return ((_TOTAL.in_(lang), ""),)
    told = zip(header.dimensions, header.keys, header.names, strict=True)
    return tuple((name.in_(lang), choices.into(which, key)) for which, key, name in told)


def _shown(cell: Cell, measure: Measure, shade: int, lang: Lang) -> Shown:
    say = words(lang)
    about = [say["reporting_short"].format(n=f"{cell.reporting:,}", of=f"{cell.expected:,}")]
    if cell.numerator is not None and cell.denominator is not None:
        about.append(f"{number(cell.numerator, 2)} / {number(cell.denominator, 2)}")
    if cell.period:
        about.append(cell.period)
    about += [flag(one, lang) for one in cell.flags]
    if cell.value is None:
        word = STATUS_NAMES[cell.status].in_(lang) if cell.status in STATUS_NAMES else cell.status
        return Shown(word, " · ".join(about), is_missing=True)
    return Shown(number(cell.value, measure.decimals), " · ".join(about), shade)


# Each measure by itself, in fifths of its values; totals and single values are not shaded.
def _shades(table: Table) -> list[list[int]]:
    count = len(table.question.measures)
    limits: list[list[float]] = []
    for which in range(count):
        values = sorted(
            cell.value
            for row in table.rows
            if not row.header.is_total
            for column, cell in zip(table.columns, row.cells[which::count], strict=True)
            if not column.is_total and cell.value is not None
        )
        enough = len(values) >= _FEWEST_SHADED and values[0] < values[-1]
        limits.append(
            [values[len(values) * n // _SHADES] for n in range(1, _SHADES)] if enough else []
        )
    found = []
    for row in table.rows:
        shaded = []
        for place, cell in enumerate(row.cells):
            cuts = limits[place % count]
            is_total = row.header.is_total or table.columns[place // count].is_total
            if is_total or cell.value is None or not cuts:
                shaded.append(0)
            else:
                shaded.append(1 + sum(cell.value >= cut for cut in cuts))
        found.append(shaded)
    return found


def _notes(table: Table, lang: Lang) -> list[str]:
    cells = [cell for row in table.rows for cell in row.cells]
    told = []
    if any(cell.basis == "shown" and cell.value is not None for cell in cells):
        told.append(
            Text(
                th="ผลรวมของกลุ่มที่ไม่ใช่พื้นที่หนึ่งพื้นที่ใด รวมจากค่าที่แสดงของพื้นที่ในกลุ่ม",
                en="A group that is no place of its own is added up from the values of its places",
            )
        )
    if any("mixed-tiers" in cell.flags for cell in cells):
        told.append(
            Text(
                th="ไม่รวม อบจ. เข้ากับเทศบาลและ อบต. เพราะพื้นที่ซ้อนกัน เลือกชั้นด้วย tier",
                en="Provincial organisations share the ground of the others and are never added to"
                " them; choose a tier",
            )
        )
    if any("never-added" in cell.flags for cell in cells):
        told.append(
            Text(
                th="ตัวชี้วัดนี้รวมค่าข้ามพื้นที่หรือเวลาไม่ได้",
                en="This indicator cannot be added over places or time",
            )
        )
    return [one.in_(lang) for one in told]
