"""Shapes written in a filter: from coordinates to a geometry that can exist."""

from __future__ import annotations

import math
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo_service.core.crs import Crs
from layers.cql2.tree import refuse

#: Levels of brackets around the positions of each type.
BRACKETS = {
    "Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2,
    "MultiPolygon": 3,
}  # fmt: skip
_PLANE, _SOLID = 2, 3
_BOX_NUMBERS = {4: (0, 1, 2, 3), 6: (0, 1, 3, 4)}


def shape_of(kind: object, coordinates: object, crs: Crs) -> BaseGeometry:
    """Make a shape from its type and its coordinates, both as GeoJSON has them.

    Parameters
    ----------
    kind : object
        One of `BRACKETS`; anything else is refused.
    coordinates : object
        Nested lists of numbers, in the axis order of `crs`.
    crs : Crs
        System of the filter; coordinates outside it are refused.

    Returns
    -------
    BaseGeometry
        Valid, two dimensions, x before y, in the CRS of the filter.
    """
    brackets = BRACKETS.get(kind) if isinstance(kind, str) else None
    if brackets is None:
        refuse("ไม่รู้จักชนิดของรูปร่าง", "the type of a shape is not known")
    checked = _checked(coordinates, brackets, crs)
    if not _is_closed(kind, checked):
        refuse(f"{kind} ไม่ปิด", f"a {kind} is not closed")
    try:
        made = shapely.geometry.shape({"type": kind, "coordinates": checked})
    except (ValueError, IndexError, TypeError, shapely.errors.ShapelyError):
        refuse(f"{kind} ไม่ครบ", f"a {kind} is incomplete")
    return _valid(made)


def collection_of(members: list[BaseGeometry]) -> BaseGeometry:
    """Make a collection of shapes.

    Parameters
    ----------
    members : list of BaseGeometry
        From `shape_of`.

    Returns
    -------
    BaseGeometry
        In the CRS of the members.
    """
    if not members:
        refuse("GEOMETRYCOLLECTION ว่าง", "a GEOMETRYCOLLECTION is empty")
    return shapely.GeometryCollection(members)


def box_of(numbers: list[Any], crs: Crs) -> BaseGeometry:
    """Make a box.

    Parameters
    ----------
    numbers : list
        Four, or six with heights, in the axis order of `crs`.
    crs : Crs
        System of the filter; in degrees, west may be larger than east: across 180 degrees.

    Returns
    -------
    BaseGeometry
        In the CRS of the filter; two polygons across 180 degrees, a line or a point where a side
        is zero.
    """
    places = _BOX_NUMBERS.get(len(numbers))
    if places is None:
        refuse("BBOX มี 4 หรือ 6 ตัวเลข", "a BBOX has four or six numbers")
    low = _position([numbers[places[0]], numbers[places[1]]], crs)
    high = _position([numbers[places[2]], numbers[places[3]]], crs)
    if low[1] > high[1] or (low[0] > high[0] and not crs.is_degrees):
        refuse("BBOX: ค่าต่ำสุดมากกว่าค่าสูงสุด", "BBOX: a minimum above its maximum")
    if low[0] <= high[0]:
        return _rectangle(*low, *high)
    parts = (_rectangle(*low, 180.0, high[1]), _rectangle(-180.0, low[1], *high))
    return shapely.union_all(parts)


def _rectangle(west: float, south: float, east: float, north: float) -> BaseGeometry:
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _checked(value: object, brackets: int, crs: Crs) -> Any:  # noqa: ANN401  (nested lists)
    # Never deeper than a MultiPolygon: the recursion ends with `brackets`.
    if not isinstance(value, list) or not value:
        refuse("พิกัดไม่ถูกต้อง", "coordinates are not lists of numbers")
    if brackets == 0:
        return _position(value, crs)
    return [_checked(part, brackets - 1, crs) for part in value]


def _is_closed(kind: object, coordinates: Any) -> bool:  # noqa: ANN401  (nested lists)
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(kind), ())
    return all(ring[0] == ring[-1] for polygon in polygons for ring in polygon)


def _position(value: list[Any], crs: Crs) -> tuple[float, float]:
    is_told = all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
    if len(value) not in {_PLANE, _SOLID} or not is_told:
        refuse("พิกัดมีสองหรือสามตัวเลข", "a position has two or three numbers")
    x, y = float(value[0]), float(value[1])
    if crs.lat_first:
        x, y = y, x
    west, south, east, north = crs.limits
    if not (math.isfinite(x) and math.isfinite(y) and west <= x <= east and south <= y <= north):
        refuse(
            f"พิกัด {value[0]} {value[1]} อยู่นอกระบบพิกัด",
            f"the position {value[0]} {value[1]} lies outside its reference system",
        )
    return x, y


def _valid(made: BaseGeometry) -> BaseGeometry:
    if made.is_empty or not shapely.is_valid(made):
        refuse("รูปร่างไม่ถูกต้อง เช่น เส้นขอบตัดกันเอง", "a shape is not valid: it crosses itself, say")
    return made
