"""The chart beside the pivot table, drawn here as SVG: bars, or lines through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geo_service.core.text import Lang
from layers.cube import Row, Table
from layers.cube.query import TIME_DIMENSIONS
from web.charts import ticks
from web.words import number

_WIDTH: Final = 640.0
_NAMES: Final = 210.0
_BAR, _GAP = 16.0, 8.0
_MOST_BARS, _MOST_LINES = 25, 8
_LINE_HEIGHT: Final = 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 200.0, 12.0, 34.0
_MOST_LETTERS: Final = 30
_MOST_YEARS: Final = 7


@dataclass(frozen=True, slots=True)
class Mark:
    """A text, a bar or a line of the chart, in its own units."""

    kind: str
    x: float
    y: float
    text: str = ""
    width: float = 0.0
    points: str = ""
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw; ``is_cut`` when only the first rows are in it."""

    width: float
    height: float
    title: str
    marks: tuple[Mark, ...]
    is_cut: bool


def draw(table: Table, lang: Lang) -> Chart | None:
    """Draw the first measure of an answer.

    Parameters
    ----------
    table : Table
        The answer.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    Chart or None
        Lines where the columns are periods, else bars of the first column; ``None`` when there is
        nothing to compare.
    """
    rows = [row for row in table.rows if not row.header.is_total]
    columns = [place for place, one in enumerate(table.columns) if not one.is_total]
    measure = table.question.measures[0]
    unit = measure.unit.in_(lang)
    title = f"{measure.title.in_(lang)} ({unit})" if unit else measure.title.in_(lang)
    is_through_time = bool(table.question.columns) and table.question.columns[0] in TIME_DIMENSIONS
    if is_through_time and len(columns) > 1 and rows:
        return _lines(table, rows, columns, title, lang)
    if len(rows) > 1 and columns:
        return _bars(table, rows, columns[-1], title, lang)
    return None


def _bars(table: Table, rows: Sequence[Row], column: int, title: str, lang: Lang) -> Chart | None:
    count = len(table.question.measures)
    told = [(row, row.cells[column * count].value) for row in rows[:_MOST_BARS]]
    values = [value for _, value in told if value is not None]
    if not values:
        return None
    least, most = min(*values, 0.0), max(*values, 0.0)
    span = (most - least) or 1.0
    room = _WIDTH - _NAMES - 90
    zero = _NAMES + room * -least / span
    decimals = table.question.measures[0].decimals
    marks = []
    for place, (row, value) in enumerate(told):
        y = _GAP + place * (_BAR + _GAP)
        name = row.header.names[-1].in_(lang)
        marks.append(Mark("name", _NAMES - 8, y + _BAR - 3, _short(name)))
        if value is None:
            continue
        length = abs(value) / span * room
        start = zero if value >= 0 else zero - length
        marks.append(Mark("bar", round(start, 1), y, width=round(max(length, 0.5), 1)))
        end = zero + length if value >= 0 else zero
        marks.append(Mark("value", round(end + 6, 1), y + _BAR - 3, number(value, decimals)))
    height = _GAP + len(told) * (_BAR + _GAP)
    return Chart(_WIDTH, height, title, tuple(marks), len(rows) > _MOST_BARS)


def _lines(
    table: Table, rows: Sequence[Row], columns: Sequence[int], title: str, lang: Lang
) -> Chart | None:
    count = len(table.question.measures)
    told = [
        (row.header.names[-1].in_(lang) if row.header.names else "",
         [row.cells[column * count].value for column in columns])
        for row in rows[:_MOST_LINES]
    ]  # fmt: skip
    values = [value for _, series in told for value in series if value is not None]
    if not values:
        return None
    levels, decimals = ticks(min(*values, 0.0), max(*values, 0.0))
    most, span = levels[-1], levels[-1] - levels[0]
    wide, high = _WIDTH - _LEFT - _RIGHT, _LINE_HEIGHT - _TOP - _BOTTOM
    step = wide / (len(columns) - 1)

    def across(place: int) -> float:
        return round(_LEFT + place * step, 1)

    def up(value: float) -> float:
        return round(_TOP + high * (most - value) / span, 1)

    marks = [
        mark
        for level in levels
        for mark in (
            Mark("grid", _LEFT, up(level), width=wide),
            Mark("level", _LEFT - 8, up(level) + 4, number(level, decimals)),
        )
    ]
    every = max(1, -(-len(columns) // _MOST_YEARS))
    for place in range(0, len(columns), every):
        name = table.columns[columns[place]].names[-1].in_(lang)
        marks.append(Mark("year", across(place), _LINE_HEIGHT - 10, name))
    ends = []
    for number_, (name, series) in enumerate(told):
        known = [(place, value) for place, value in enumerate(series) if value is not None]
        points = " ".join(f"{across(place)},{up(value)}" for place, value in known)
        marks.append(Mark("line", 0, 0, points=points, colour=number_))
        if known:
            ends.append([up(known[-1][1]), number_, name])
    marks += _labels(ends)
    return Chart(_WIDTH, _LINE_HEIGHT, title, tuple(marks), len(rows) > _MOST_LINES)


# Names at the ends of the lines, moved apart where they would touch.
def _labels(ends: list[list[object]]) -> list[Mark]:
    ends.sort(key=lambda end: float(str(end[0])))
    found, last = [], -100.0
    for y, colour, name in ends:
        last = max(float(str(y)), last + 15)
        found.append(
            Mark("end", _WIDTH - _RIGHT + 8, last + 4, _short(str(name)), colour=int(str(colour)))
        )
    return found


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
