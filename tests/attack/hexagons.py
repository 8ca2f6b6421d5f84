"""Lay hexagons of all resolutions over the places whose numbers are withheld.

Shapes of places and of hexagons are open, and a place's people are taken as evenly spread over it
(docs/hexbins.md): so what a hexagon tells is a sum over places, whose weights anybody can work out
at the finest resolution. Coarser hexagons are sums of the finest ones inside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np
from shapely import STRtree, area, box, contains_properly, intersection, prepare, union_all
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tests.attack.harvest import Cell, Fact, Get, Loot

RESOLUTIONS = range(5, 10)
#: The level of which shapes are laid over hexagons, and the count that places are divided by.
SMALL, PEOPLE = "subdistrict", "pop_total"
#: Degrees around a place within which lie all hexagons that touch it.
_AROUND = 0.25

Weights = dict[str, dict[str, float]]
Shapes = np.ndarray
#: Weights are worked out on flat ground: right to a hundredth, and a little.
_RELATIVE, _ABSOLUTE = 0.01, 0.05


def hexagons(get: Get, loot: Loot, measures: list[dict[str, Any]], most: int) -> None:
    """Ask for hexagons around what is withheld, and for those of the whole country."""
    for one in measures:
        if not loot.is_amount(one["key"]):
            continue
        for level in ("subdistrict", "district"):
            periods = one["periods"].get(level, []) if level in one["levels"] else []
            if periods:
                for period in dict.fromkeys((periods[0], periods[-1])):
                    _over(get, loot, one["key"], level=level, period=period, most=most)
                break


def _over(get: Get, loot: Loot, key: str, *, level: str, period: str, most: int) -> None:
    cells = {
        cell.code: cell
        for cell in (*loot.shown, *loot.hidden)
        if (cell.indicator, cell.part, cell.breakdown, cell.level, cell.period)
        == (key, "value", (), level, period)
    }
    hidden = sorted(code for code, cell in cells.items() if cell in loot.hidden)
    if not hidden:
        return
    _whole(get, loot, cells, key=key, period=period)
    ground, shapes = _ground(loot, cells, level=level, period=period), shapes_of(get, loot, SMALL)
    for code in hidden[:most]:
        own = [shapes[one] for one, (cell, _) in ground.items() if cell.code == code]
        if not own:
            continue
        bounds = union_all(own).bounds
        weights = _weights(get, loot, key, shapes, around=(code, bounds))
        for row in _around_here(get, key, period=period, bounds=bounds):
            loot.told += row["value"] is not None
            terms: dict[Cell, float] = defaultdict(float)
            for at, part in weights.get(row["cell"], {}).items():
                if at in ground:
                    terms[ground[at][0]] += ground[at][1] * part
            if row["value"] is not None and terms:
                _note(loot, terms, row["value"], f"hexagon {row['cell']}")


def _around_here(
    get: Get, key: str, *, period: str, bounds: tuple[float, ...]
) -> Iterator[dict[str, Any]]:
    for resolution in RESOLUTIONS:
        asked = {"resolution": resolution, "period": period, "bbox": _words(bounds), "f": "json"}
        told = get(f"/hexbins/{key}?{urlencode(asked)}")
        for row in told["rows"] if told else ():
            yield dict(zip(told["fields"], row, strict=True))


# In which place each sub-district counts, and for which part: what is known by district alone
# follows its registered people (docs/hexbins.md), and these are open.
def _ground(
    loot: Loot, cells: dict[str, Cell], *, level: str, period: str
) -> dict[str, tuple[Cell, float]]:
    if level == SMALL:
        return {code: (cell, 1.0) for code, cell in cells.items()}
    people: dict[str, tuple[str, float]] = {}
    for cell, number in loot.shown.items():
        if (cell.indicator, cell.part, cell.level, cell.breakdown) == (PEOPLE, "value", SMALL, ()):
            is_in_time = _year(cell.period) <= _year(period)
            if is_in_time and cell.period > people.get(cell.code, ("", 0.0))[0]:
                people[cell.code] = cell.period, number
    found: dict[str, tuple[Cell, float]] = {}
    for code, cell in cells.items():
        inside = loot.children.get((level, code), {}).get(SMALL, [])
        counted = {one: people[one][1] for one in inside if one in people}
        if whole := sum(counted.values()):
            found |= {one: (cell, number / whole) for one, number in counted.items()}
    return found


def _year(period: str) -> str:
    return period.removeprefix("FY")[:4]


def _words(bounds: tuple[float, ...]) -> str:
    return ",".join(f"{one:.5f}" for one in bounds)


# Which part of each place lies in each hexagon near one of them.
def _weights(
    get: Get,
    loot: Loot,
    key: str,
    shapes: dict[str, BaseGeometry],
    *,
    around: tuple[str, tuple[float, ...]],
) -> Weights:
    code, bounds = around
    if code in loot.weights:
        return loot.weights[code]
    wide = box(*bounds).buffer(_AROUND).bounds
    codes, places = list(shapes), np.array(list(shapes.values()))
    near = _finest(get, key, wide)
    hexagons = np.array([shape(one["geometry"]) for one in near])
    inside, whose = STRtree(places).query(hexagons)
    ground = _common_ground(hexagons[inside], places[whose]) / area(places[whose])
    made: Weights = defaultdict(lambda: defaultdict(float))
    for at, place, part in zip(inside, whose, ground, strict=True):
        for resolution in RESOLUTIONS:
            made[f"{_parent(int(near[at]['id'], 16), resolution):x}"][codes[place]] += part
    loot.weights[code] = made
    return made


# Most hexagons lie within one place, whose long border need not be followed for them.
def _common_ground(hexagons: Shapes, places: Shapes) -> np.ndarray:
    prepare(places)
    is_within = contains_properly(places, hexagons)
    common = np.where(is_within, area(hexagons), 0.0)
    across = np.flatnonzero(~is_within)
    common[across] = area(intersection(places[across], hexagons[across]))
    return common


def _finest(get: Get, key: str, wide: tuple[float, ...]) -> list[dict[str, Any]]:
    for resolution in reversed(RESOLUTIONS):
        asked = {"resolution": resolution, "f": "geojson", "bbox": _words(wide)}
        if told := get(f"/hexbins/{key}?{urlencode(asked)}"):
            return list(told["features"])
    return []


# H3: bits 52 to 55 hold the resolution, three for each resolution from 44 down the place inside.
def _parent(cell: int, resolution: int) -> int:
    finer = (1 << 3 * (15 - resolution)) - 1
    return (cell & ~(0xF << 52)) | resolution << 52 | finer


def _note(loot: Loot, terms: dict[Cell, float], told: float, source: str) -> None:
    gaps = {cell: part for cell, part in terms.items() if cell in loot.hidden}
    shown = sum(part * loot.shown[cell] for cell, part in terms.items() if cell not in gaps)
    nearly = _RELATIVE * max(shown, told) + _ABSOLUTE
    if gaps and told - shown > nearly:
        loot.facts.append(Fact(gaps, told - shown - nearly, told - shown + nearly, source))


# All hexagons together: what goes beyond the numbers shown is at least what is hidden in them.
def _whole(get: Get, loot: Loot, cells: dict[str, Cell], *, key: str, period: str) -> None:
    gaps = [cell for cell in cells.values() if cell in loot.hidden]
    shown = sum(loot.shown[cell] for cell in cells.values() if cell in loot.shown)
    for resolution in RESOLUTIONS:
        told = get(f"/hexbins/{key}?resolution={resolution}&period={period}&f=json")
        if told is None:
            continue
        at = told["fields"].index("value")
        values = [row[at] for row in told["rows"] if row[at] is not None]
        loot.told += len(values)
        rest = sum(values) - shown
        if rest > 1e-6 * max(shown, 1.0):
            source = f"hexagons of resolution {resolution}"
            loot.facts.append(Fact(dict.fromkeys(gaps, 1.0), rest, None, source))


def shapes_of(get: Get, loot: Loot, level: str) -> dict[str, BaseGeometry]:
    """Give the shapes of all places of a level, by code."""
    if level not in loot.shapes:
        found = pages(get, f"/collections/{level}s/items?f=json&limit=1000")
        loot.shapes[level] = {one["id"]: shape(one["geometry"]) for one in found if one["geometry"]}
    return loot.shapes[level]


def pages(get: Get, address: str | None) -> Iterator[dict[str, Any]]:
    """Read all features of a collection, page by page."""
    while address:
        told = get(address)
        if told is None:
            return
        yield from told["features"]
        following = [one["href"] for one in told["links"] if one["rel"] == "next"]
        address = following[0][following[0].index("/collections") :] if following else None
