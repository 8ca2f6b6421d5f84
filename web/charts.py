"""Charts as shapes in a view box: lines with their fan, years and marks. Numbers in, paths out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

WIDTH, HEIGHT = 560.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 14.0, 26.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS = 4
_YEAR_LABELS = 8

Spot = tuple[float, float]
Scale = Callable[[float], float]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a year; None breaks the line."""

    year: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """A forecast for a year: its middle, and the ends of two intervals."""

    year: int
    middle: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``runs`` are SVG paths, ``dots`` its values with their year, ``end`` the last."""

    runs: tuple[str, ...]
    dots: tuple[tuple[float, float, int, float], ...]
    end: Spot | None


@dataclass(frozen=True, slots=True)
class Fan:
    """A forecast: areas of both intervals and the line in the middle, as SVG paths."""

    wide: str
    narrow: str
    middle: str
    dots: tuple[tuple[float, float, Band], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines on common axes; ticks are a place along the axis and what it stands for."""

    lines: tuple[Line, ...]
    fan: Fan | None
    heights: tuple[tuple[float, float], ...]
    years: tuple[tuple[float, int], ...]
    breaks: tuple[float, ...]
    decimals: int
    beside: Fan | None = None


def draw(
    series: Sequence[Sequence[Value]],
    *,
    ahead: Sequence[Band] = (),
    beside: Sequence[Band] = (),
    breaks: Sequence[int] = (),
    from_zero: bool = False,
) -> Chart:
    """Draw lines over years, and what may come.

    Parameters
    ----------
    series : sequence of sequence of Value
        Each earliest first; the forecast continues the first.
    ahead : sequence of Band
        Years after the last value.
    beside : sequence of Band
        What may come otherwise; it continues the same line.
    breaks : sequence of int
        First years after a change of the series' meaning.
    from_zero : bool
        Whether the axis begins at zero, as amounts ask for.

    Returns
    -------
    Chart
        In a view box of 560 by 250.
    """
    known = [one for line in series for one in line if one.value is not None]
    numbers = [one.value for one in known if one.value is not None]
    numbers += [end for band in (*ahead, *beside) for end in (band.low95, band.high95)]
    years = [one.year for one in known] + [band.year for band in ahead]
    if not numbers:
        return Chart((), None, (), (), (), 0)
    low, high = (min(0.0, *numbers), max(numbers)) if from_zero else (min(numbers), max(numbers))
    marks, decimals = ticks(low, high)
    first, last = min(years), max(years)

    def across(year: float) -> float:
        share = (year - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        share = (value - marks[0]) / (marks[-1] - marks[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    every = max(1, math.ceil((last - first + 1) / _YEAR_LABELS))
    return Chart(
        lines=tuple(_line(line, breaks, across, up) for line in series),
        fan=_fan(series[0], ahead, across, up) if ahead and series else None,
        heights=tuple((up(mark), mark) for mark in marks),
        years=tuple((across(year), year) for year in range(last, first - 1, -every)),
        breaks=tuple(across(year - 0.5) for year in breaks if first < year <= last),
        decimals=decimals,
        beside=_fan(series[0], beside, across, up) if beside and series else None,
    )


def ticks(low: float, high: float) -> tuple[tuple[float, ...], int]:
    """Choose readable marks on an axis that enclose two numbers.

    Parameters
    ----------
    low, high : float
        Least and greatest number shown.

    Returns
    -------
    tuple of (tuple of float, int)
        Marks 1, 2, 2.5 or 5 apart (times a power of ten), and the decimals they need.
    """
    if high <= low:
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in _STEPS if one * power >= rough * (1 - 1e-9))
    begin, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += int(not math.isclose(step * 10**decimals, round(step * 10**decimals)))
    return tuple(round(mark * step, 10) for mark in range(begin, end + 1)), decimals


def unbroken(
    line: Sequence[Item], is_known: Callable[[Item], bool], is_parted: Callable[[Item, Item], bool]
) -> list[list[Item]]:
    """Part a series where a value is missing or its meaning changes.

    Parameters
    ----------
    line : sequence
        Earliest first.
    is_known : callable
        Whether an item has a value.
    is_parted : callable
        Whether a change lies between an item and the next.

    Returns
    -------
    list of list
        Runs of known items, none empty.
    """
    runs: list[list[Item]] = [[]]
    for one in line:
        if not is_known(one):
            runs.append([])
            continue
        if runs[-1] and is_parted(runs[-1][-1], one):
            runs.append([])
        runs[-1].append(one)
    return [run for run in runs if run]


def _line(line: Sequence[Value], breaks: Sequence[int], across: Scale, up: Scale) -> Line:
    def is_parted(before: Value, one: Value) -> bool:
        return any(before.year < year <= one.year for year in breaks)

    runs = unbroken(line, lambda one: one.value is not None, is_parted)
    spots = [[(across(one.year), up(one.value or 0.0)) for one in run] for run in runs]
    dots = tuple(
        (across(one.year), up(one.value), one.year, one.value)
        for one in line
        if one.value is not None
    )
    return Line(tuple(map(_path, spots)), dots, spots[-1][-1] if spots else None)


def _fan(line: Sequence[Value], ahead: Sequence[Band], across: Scale, up: Scale) -> Fan:
    last = next((one for one in reversed(line) if one.value is not None), None)
    start = [] if last is None else [(across(last.year), up(last.value or 0.0))]
    return Fan(
        wide=_area(
            [*start, *((across(b.year), up(b.high95)) for b in ahead)],
            [*start, *((across(b.year), up(b.low95)) for b in ahead)],
        ),
        narrow=_area(
            [*start, *((across(b.year), up(b.high80)) for b in ahead)],
            [*start, *((across(b.year), up(b.low80)) for b in ahead)],
        ),
        middle=_path([*start, *((across(b.year), up(b.middle)) for b in ahead)]),
        dots=tuple((across(b.year), up(b.middle), b) for b in ahead),
    )


def _path(spots: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in spots)


def _area(over: Sequence[Spot], under: Sequence[Spot]) -> str:
    return _path([*over, *reversed(under)]) + "z"
