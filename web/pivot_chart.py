"""The chart beside the pivot table, drawn here as SVG: bars, or lines through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import category

from geo_service.core.text import Lang
from layers.cube import Row, Table
from layers.cube.query import TIME_DIMENSIONS
from web.charts import ticks
from web.words import number

_BAR, _GAP = 16.0, 8.0
_MOST_BARS, _MOST_LINES = 25, 8
_LINE_HEIGHT: Final = 300.0
_TOP, _BOTTOM, _KEY_HEIGHT = 12.0, 34.0, 22.0


@dataclass(frozen=True, slots=True)
class _Room:
    # Names of bars stand in a column of so many units, or above the bars where there is none; those
    # of lines at their ends in so many units, or below.
    kind: str
    width: float
    names: float
    values: float
    left: float
    right: float
    years: int
    letters: int

    @property
    def above(self) -> float:
        return 0.0 if self.names else _BAR + 4.0


_WIDE: Final = _Room("wide", 580.0, 196.0, 80.0, 64.0, 196.0, 6, 28)
_NARROW: Final = _Room("narrow", 320.0, 0.0, 76.0, 56.0, 20.0, 4, 40)


@dataclass(frozen=True, slots=True)
class Mark:
    """A text, a bar or a line of a drawing, in its own units."""

    kind: str
    x: float
    y: float
    text: str = ""
    width: float = 0.0
    points: str = ""
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """The chart for one width of the page, ``wide`` or ``narrow``."""

    kind: str
    width: float
    height: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw, once for every width; ``is_cut`` when only the first rows are in it."""

    title: str
    drawings: tuple[Drawing, ...]
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
    drawn: tuple[Drawing | None, ...] = ()
    most = _MOST_BARS
    if is_through_time and len(columns) > 1 and rows:
        most = _MOST_LINES
        drawn = tuple(_lines(table, rows, columns, lang, room) for room in (_WIDE, _NARROW))
    elif len(rows) > 1 and columns:
        drawn = tuple(_bars(table, rows, columns[-1], lang, room) for room in (_WIDE, _NARROW))
    found = tuple(one for one in drawn if one is not None)
    return Chart(title, found, len(rows) > most) if found else None


def _bars(
    table: Table, rows: Sequence[Row], column: int, lang: Lang, room: _Room
) -> Drawing | None:
    count = len(table.question.measures)
    told = [(row, row.cells[column * count].value) for row in rows[:_MOST_BARS]]
    values = [value for _, value in told if value is not None]
    if not values:
        return None
    least, most = min(*values, 0.0), max(*values, 0.0)
    span = (most - least) or 1.0
    wide = room.width - room.names - room.values
    zero = room.names + wide * -least / span
    decimals = table.question.measures[0].decimals
    step = room.above + _BAR + _GAP
    marks = []
    for place, (row, value) in enumerate(told):
        y = _GAP + place * step + room.above
        name = row.header.names[-1].in_(lang)
        if room.names:
            marks.append(Mark("name", room.names - 8, y + _BAR - 3, _short(name, room.letters)))
        else:
            marks.append(Mark("above", 0, y - 5, _short(name, room.letters)))
        if value is None:
            continue
        length = abs(value) / span * wide
        start = zero if value >= 0 else zero - length
        marks.append(Mark("bar", round(start, 1), y, width=round(max(length, 0.5), 1)))
        end = zero + length if value >= 0 else zero
        marks.append(Mark("value", round(end + 6, 1), y + _BAR - 3, number(value, decimals)))
    return Drawing(room.kind, room.width, _GAP + len(told) * step, tuple(marks))


def _lines(
    table: Table, rows: Sequence[Row], columns: Sequence[int], lang: Lang, room: _Room
) -> Drawing | None:
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
    wide, high = room.width - room.left - room.right, _LINE_HEIGHT - _TOP - _BOTTOM
    step = wide / (len(columns) - 1)

    def across(place: int) -> float:
        return round(room.left + place * step, 1)

    def up(value: float) -> float:
        return round(_TOP + high * (most - value) / span, 1)

    marks = [
        mark
        for level in levels
        for mark in (
            Mark("grid", room.left, up(level), width=wide),
            Mark("level", room.left - 8, up(level) + 4, number(level, decimals)),
        )
    ]
    every = max(1, -(-len(columns) // room.years))
    # The latest period is always named.
    for place in range((len(columns) - 1) % every, len(columns), every):
        name = table.columns[columns[place]].names[-1].in_(lang)
        marks.append(Mark("year", across(place), _LINE_HEIGHT - 10, name))
    ends: list[tuple[float, int, str]] = []
    for number_, (name, series) in enumerate(told):
        known = [(place, value) for place, value in enumerate(series) if value is not None]
        points = " ".join(f"{across(place)},{up(value)}" for place, value in known)
        marks.append(Mark("line", 0, 0, points=points, colour=number_))
        if known:
            ends.append((up(known[-1][1]), number_, name))
    if room.names:
        marks += _labels(ends, room)
        return Drawing(room.kind, room.width, _LINE_HEIGHT, tuple(marks))
    marks += _keys(ends, room)
    return Drawing(room.kind, room.width, _LINE_HEIGHT + len(ends) * _KEY_HEIGHT, tuple(marks))


# Names of the lines below them, the highest first as the lines end.
def _keys(ends: list[tuple[float, int, str]], room: _Room) -> list[Mark]:
    marks = []
    for place, (_, colour, name) in enumerate(sorted(ends)):
        y = _LINE_HEIGHT + 10 + place * _KEY_HEIGHT
        marks.append(Mark("line", 0, 0, points=f"0,{y - 5} 34,{y - 5}", colour=colour))
        marks.append(Mark("end", 42, y, _short(name, room.letters), colour=colour))
    return marks


# Names at the ends of the lines, moved apart where they would touch.
def _labels(ends: list[tuple[float, int, str]], room: _Room) -> list[Mark]:
    found, last, x = [], -100.0, room.width - room.right + 8
    for y, colour, name in sorted(ends):
        last = max(y, last + 15)
        found.append(Mark("end", x, last + 4, _short(name, room.letters), colour=colour))
    return found


def _short(name: str, letters: int) -> str:
    # Vowels and tones above and below a Thai letter take no room.
    ends = [at for at, one in enumerate(name, 1) if category(one) != "Mn"]
    return name if len(ends) <= letters else f"{name[: ends[letters - 2]]}…"
