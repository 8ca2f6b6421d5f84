"""Small maps of a difference: circles for amounts, fills for rates, on the outlines of places."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from shapely.geometry import Polygon

from geo_service.core.text import Lang
from layers.scenarios import Line
from web import charts
from web.thumbnails import Outline
from web.words import number, words

#: The largest circle, and colours of less and of more, light to strong; neither is red or green.
LARGEST: Final = 6.5
LESS: Final = ("#c7e0df", "#7fb8b6", "#3a8f8d", "#0b5e5e")
MORE: Final = ("#f6d9b8", "#e8a868", "#c8742a", "#8f4600")
SAME: Final = "#e3e7ec"
_NUMBERS: Final = re.compile(r"-?\d+(?:\.\d+)?")
_CORNERS: Final = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """One place: its outline, its colour, and what is said of it."""

    path: str
    fill: str
    title: str


@dataclass(frozen=True, slots=True)
class Circle:
    """An amount at a place; ``fill`` tells less from more."""

    x: float
    y: float
    radius: float
    fill: str
    title: str


@dataclass(frozen=True, slots=True)
class Key:
    """A row of the legend: a colour, or a circle of a size, and what it stands for."""

    fill: str
    radius: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map and its legend."""

    box: str
    shapes: tuple[Shape, ...]
    circles: tuple[Circle, ...]
    keys: tuple[Key, ...]


def draw(
    outline: Outline, lines: Sequence[Line], lang: Lang, *, is_amount: bool, decimals: int
) -> Drawn:
    """Draw the difference of the last year.

    Parameters
    ----------
    outline : Outline
        Of the places, by code.
    lines : sequence of Line
        One a place, of one indicator.
    lang : {"th", "en"}
        Language of the reader.
    is_amount : bool
        Amounts are circles, as an amount in a large province would look like much.
    decimals : int
        Of the numbers.

    Returns
    -------
    Drawn
        In the outline's view box.
    """
    changes = {line.code: float(line.difference[2, -1]) for line in lines}
    titles = {
        line.code: f"{line.name.in_(lang)}: {signed(changes[line.code], decimals)}"
        for line in lines
    }
    most = max((abs(one) for one in changes.values() if math.isfinite(one)), default=0.0)
    if is_amount:
        shapes = [Shape(path, SAME, titles.get(code, "")) for code, path in outline.paths]
        return Drawn(
            outline.box,
            tuple(shapes),
            tuple(_circles(outline, changes, titles, most)),
            tuple(_sizes(most, changes, decimals, lang)),
        )
    marks, tick_decimals = charts.ticks(0.0, most) if most > 0 else ((0.0, 1.0), decimals)
    shapes = [
        Shape(path, _shade(changes.get(code, 0.0), marks), titles.get(code, ""))
        for code, path in outline.paths
    ]
    return Drawn(
        outline.box, tuple(shapes), (), tuple(_shades(changes, marks, tick_decimals, lang))
    )


def signed(value: float, decimals: int) -> str:
    """Write a change with its sign.

    Parameters
    ----------
    value : float
        In any unit.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        A plus before what is more; nothing before zero.
    """
    written = number(value, decimals)
    return f"+{written}" if value > 0 and written.strip("0.,") else written


def _circles(
    outline: Outline, changes: Mapping[str, float], titles: Mapping[str, str], most: float
) -> list[Circle]:
    found = []
    for code, path in outline.paths:
        change = changes.get(code, 0.0)
        if most == 0 or not abs(change) > 0:
            continue
        x, y = _middle(path)
        radius = LARGEST * math.sqrt(abs(change) / most)
        fill = LESS[3] if change < 0 else MORE[3]
        found.append(Circle(round(x, 1), round(y, 1), round(radius, 2), fill, titles[code]))
    # the large ones first, so that none hides another
    return sorted(found, key=lambda one: -one.radius)


def _sizes(most: float, changes: Mapping[str, float], decimals: int, lang: Lang) -> list[Key]:
    say = words(lang)
    rows = []
    for is_less, fill, word in (
        (True, LESS[3], say["scenario_key_less"]),
        (False, MORE[3], say["scenario_key_more"]),
    ):
        if any((one < 0) == is_less and one != 0 for one in changes.values()):
            for share in (1.0, 0.25):
                size = float(f"{most * share:.1g}")
                radius = LARGEST * math.sqrt(size / most)
                rows.append(Key(fill, round(radius, 2), f"{word} {number(size, decimals)}"))
    return [*rows, Key(SAME, 0, say["scenario_key_same"])]


def _shade(change: float, marks: Sequence[float]) -> str:
    if change == 0 or not math.isfinite(change):
        return SAME
    step = sum(abs(change) > mark for mark in marks[1:])
    place = round(step * (len(LESS) - 1) / max(len(marks) - 2, 1))
    return (LESS if change < 0 else MORE)[min(place, len(LESS) - 1)]


def _shades(
    changes: Mapping[str, float], marks: Sequence[float], decimals: int, lang: Lang
) -> list[Key]:
    say = words(lang)
    rows = []
    for sign, word in ((-1, say["scenario_key_less"]), (1, say["scenario_key_more"])):
        if any(one * sign > 0 for one in changes.values()):
            for low, high in pairwise(marks):
                fill = _shade(sign * (low + high) / 2, marks)
                span = f"{number(low, decimals)} \N{EN DASH} {number(high, decimals)}"
                rows.append(Key(fill, 0, f"{word} {span}"))
    return [*rows, Key(SAME, 0, say["scenario_key_same"])]


# The middle of the largest part of an outline.
def _middle(path: str) -> tuple[float, float]:
    rings = []
    for part in path.split("z"):
        numbers = [float(one) for one in _NUMBERS.findall(part)]
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
        if len(corners) >= _CORNERS:
            rings.append(Polygon(corners))
    largest = max(rings, key=lambda one: one.area)
    spot = (
        largest.centroid if largest.contains(largest.centroid) else largest.representative_point()
    )
    return spot.x, spot.y
