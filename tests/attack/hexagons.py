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

from shapely import STRtree
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tests.attack.harvest import Cell, Fact, Get, Loot

RESOLUTIONS = range(5, 10)
#: Degrees around a place within which lie all hexagons that touch it.
_AROUND = 0.25

Weights = dict[str, dict[str, float]]
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
    if level != "subdistrict":
        return  # What is known by district is spread by people: only its sum is open.
    shapes = shapes_of(get, loot, level)
    for code in [one for one in hidden if one in shapes][:most]:
        weights = _weights(get, loot, key, shapes, around=code)
        bounds = ",".join(f"{one:.5f}" for one in shapes[code].bounds)
        for resolution in RESOLUTIONS:
            asked = {"resolution": resolution, "period": period, "bbox": bounds, "f": "json"}
            told = get(f"/hexbins/{key}?{urlencode(asked)}")
            for row in told["rows"] if told else ():
                one = dict(zip(told["fields"], row, strict=True))
                loot.told += one["value"] is not None
                parts = weights.get(one["cell"], {})
                terms = {cells[at]: part for at, part in parts.items() if at in cells}
                if one["value"] is not None and terms:
                    _note(loot, terms, one["value"], f"hexagon {one['cell']}")


# Which part of each place lies in each hexagon near one of them.
def _weights(
    get: Get, loot: Loot, key: str, shapes: dict[str, BaseGeometry], *, around: str
) -> Weights:
    if around in loot.weights:
        return loot.weights[around]
    wide = shapes[around].buffer(_AROUND).bounds
    codes = list(shapes)
    tree, made = STRtree([shapes[code] for code in codes]), defaultdict(lambda: defaultdict(float))
    for one in _finest(get, key, wide):
        hexagon, cell = shape(one["geometry"]), int(one["id"], 16)
        for at in tree.query(hexagon):
            place = shapes[codes[at]]
            part = place.intersection(hexagon).area / place.area
            for resolution in RESOLUTIONS:
                made[f"{_parent(cell, resolution):x}"][codes[at]] += part
    loot.weights[around] = made
    return made


def _finest(get: Get, key: str, box: tuple[float, ...]) -> list[dict[str, Any]]:
    for resolution in reversed(RESOLUTIONS):
        asked = {"resolution": resolution, "f": "geojson",
                 "bbox": ",".join(f"{one:.5f}" for one in box)}  # fmt: skip
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
