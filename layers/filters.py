"""Conditions of a question: where, when, and which values; every value is bound."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Double,
    SQLColumnExpression,
    and_,
    bindparam,
    cast,
    func,
    or_,
)
from sqlalchemy.dialects.postgresql import DATERANGE, Range

from geo_service.core.crs import STORAGE_SRID
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text

Scalar = str | int | float | bool | date
Kind = Literal["string", "integer", "number", "boolean", "date", "datetime", "list"]

#: Steps along each side of a box before it is brought to degrees: straight lines bend.
_STEPS = 32
_EDGE_DEG = 1e-4
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, x before y, in the units of `srid`; ``west > east`` crosses 180 degrees."""

    west: float
    south: float
    east: float
    north: float
    srid: int = STORAGE_SRID

    @property
    def parts(self) -> tuple[tuple[float, float, float, float], ...]:
        """The rectangle as one, or two when it crosses 180 degrees, with west <= east."""
        if self.west <= self.east:
            return ((self.west, self.south, self.east, self.north),)
        return (
            (self.west, self.south, 180.0, self.north),
            (-180.0, self.south, self.east, self.north),
        )


@dataclass(frozen=True, slots=True)
class BoundBox:
    """A rectangle in EPSG:4326 of which a statement knows the names of the edges alone.

    West is less than east, and far enough from it; the values are bound when the statement is
    run.
    """


@dataclass(frozen=True, slots=True)
class Interval:
    """Days from `start` to `end`, both included; ``None`` is open."""

    start: date | None
    end: date | None

    @property
    def text(self) -> str:
        """The interval in ISO 8601, ``..`` for an open end."""
        return f"{self.start or '..'}/{self.end or '..'}"


def edges_of(box: Box | None) -> dict[str, float] | None:
    """Give the values for a `BoundBox`, in degrees.

    Parameters
    ----------
    box : Box, optional
        Any.

    Returns
    -------
    dict of str to float, or None
        Degrees of EPSG:4326; ``None`` when there is no box, or one that a `BoundBox` cannot
        stand for.
    """
    if box is None or box.srid != STORAGE_SRID:
        return None
    if box.east - box.west <= 2 * _EDGE_DEG or box.north - box.south <= 2 * _EDGE_DEG:
        return None
    return {"west": box.west, "south": box.south, "east": box.east, "north": box.north}


def touches(
    geom: SQLColumnExpression[Any], box: Box | BoundBox, *, has_all_shapes: bool = False
) -> ColumnElement[bool]:
    """Say that a shape meets a rectangle.

    The rectangle is brought to the column's system, never the column, so that its index
    is used. A feature without a shape matches every box (OGC API - Features, 7.15.3).

    Parameters
    ----------
    geom : ColumnElement
        Geometry column in EPSG:4326.
    box : Box
        In any served system.
    has_all_shapes : bool
        Whether every feature is known to have one, so that none is looked for without.

    Returns
    -------
    ColumnElement of bool
        With bound values.
    """
    conditions: list[ColumnElement[bool]] = [] if has_all_shapes else [geom.is_(None)]
    if isinstance(box, BoundBox):
        return or_(*conditions, _touches_bound(geom))
    for west, south, east, north in box.parts:
        shape = func.ST_MakeEnvelope(west, south, east, north, box.srid)
        if box.srid != STORAGE_SRID:
            step = max(east - west, north - south, 1.0) / _STEPS
            shape = func.ST_Transform(func.ST_Segmentize(shape, step), STORAGE_SRID)
        met: ColumnElement[bool] = func.ST_Intersects(geom, shape)
        # What lies well inside needs no look at its corners; the index keeps boxes in single
        # precision, so the edge itself (a metre) is left to the exact test.
        inner = (west + _EDGE_DEG, south + _EDGE_DEG, east - _EDGE_DEG, north - _EDGE_DEG)
        if box.srid == STORAGE_SRID and inner[0] < inner[2] and inner[1] < inner[3]:
            is_inside = geom.op("@")(func.ST_MakeEnvelope(*inner, STORAGE_SRID))
            met = and_(geom.op("&&")(shape), or_(is_inside, met))
        conditions.append(met)
    return or_(*conditions)


def _touches_bound(geom: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    west, south, east, north = (
        bindparam(name, type_=Double) for name in ("west", "south", "east", "north")
    )
    shape = func.ST_MakeEnvelope(west, south, east, north, STORAGE_SRID)
    inner = (west + _EDGE_DEG, south + _EDGE_DEG, east - _EDGE_DEG, north - _EDGE_DEG)
    is_inside = geom.op("@")(func.ST_MakeEnvelope(*inner, STORAGE_SRID))
    return and_(geom.op("&&")(shape), or_(is_inside, func.ST_Intersects(geom, shape)))


def in_force(valid: SQLColumnExpression[Any], when: Interval) -> ColumnElement[bool]:
    """Say that a range of dates has a day in an interval.

    Parameters
    ----------
    valid : ColumnElement
        A ``daterange`` column.
    when : Interval
        Both ends count.

    Returns
    -------
    ColumnElement of bool
        With bound values.
    """
    return valid.op("&&")(cast(Range(when.start, when.end, bounds="[]"), DATERANGE))


def parse_value(text: str, kind: Kind, name: str) -> Scalar:
    """Read the value of a property as its type.

    Parameters
    ----------
    text : str
        As it stands in the address.
    kind : {"string", "integer", "number", "boolean", "date", "datetime", "list"}
        Type of the property.
    name : str
        Property, for the error.

    Returns
    -------
    str, int, float, bool or date
        Numbers in the property's unit.

    Raises
    ------
    BadParameter
        If the text is no such value.
    """
    try:
        return _PARSERS[kind](text)
    except ValueError as error:
        raise BadParameter(
            Text(
                th=f"ค่าของ '{name}' ต้องเป็นชนิด {kind}",
                en=f"'{name}' takes a value of type {kind}",
            ),
            parameter=name,
        ) from error


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        raise ValueError
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError
    return value


def _truth(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


_PARSERS: dict[Kind, Callable[[str], Scalar]] = {
    "string": str,
    "list": str,
    "integer": _whole,
    "number": _number,
    "boolean": _truth,
    "date": date.fromisoformat,
    "datetime": _instant,
}
