"""Expressions of a filter with their types, and how one type is brought to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Double,
    LargeBinary,
    SQLColumnExpression,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
)

from geo_service.core.crs import STORAGE_SRID, Crs
from layers.cql2.tree import Bound, BoundShape, Shape, ValueKind, kind_of, refuse
from layers.cql2.tree import Literal as Value

Type = Literal["string", "number", "boolean", "date", "datetime", "interval", "geometry", "list"]
Expression = SQLColumnExpression[Any]

INSTANT = TIMESTAMP(timezone=True)
#: How the kinds of values are compared, and what the database knows them as.
_STORED: Mapping[ValueKind, tuple[Type, Any]] = {
    "boolean": ("boolean", Boolean), "integer": ("number", BigInteger),
    "number": ("number", Double), "datetime": ("datetime", INSTANT), "date": ("date", Date),
    "string": ("string", Text),
}  # fmt: skip
#: Steps along each side of a box before it is brought to degrees: straight lines bend.
_STEPS = 32
_MARKS = "[\u0300-\u036f]+"
#: Letters with a stroke, which Unicode does not take apart.
_STROKES = ("øØđĐłŁħĦŧŧŦı", "oOdDlLhHttTi")
_FOLDING = "und-x-icu"


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression, its type, and the end of an interval."""

    type: Type
    sql: Expression
    end: Expression | None = None
    is_day: bool = False
    is_collection: bool = False


def of_value(value: Value | Bound) -> Typed:
    """Bind a literal.

    Parameters
    ----------
    value : Literal or Bound
        Of the tree.

    Returns
    -------
    Typed
        A bound value with its type.
    """
    if isinstance(value, Bound):
        type_, stored = _STORED[value.kind]
        return Typed(type_, cast(bindparam(value.name, type_=stored), stored))
    type_, stored = _STORED[kind_of(value.value)]
    return Typed(type_, cast(literal(value.value, stored), stored))


def step_of(shape: Shape) -> float:
    """Tell how far apart the points along the sides of a box are, before it is transformed.

    Parameters
    ----------
    shape : Shape
        A box.

    Returns
    -------
    float
        In the unit of its system.
    """
    west, south, east, north = shape.geometry.bounds
    return float(max(east - west, north - south, 1.0) / _STEPS)


def of_shape(shape: Shape | BoundShape, crs: Crs) -> Typed:
    """Bind a shape, brought to the system the tables are in.

    Parameters
    ----------
    shape : Shape or BoundShape
        Of the tree.
    crs : Crs
        System of the filter.

    Returns
    -------
    Typed
        EPSG:4326; a constant to the database, so that an index serves.
    """
    wkb: Any
    step: Any = None
    if isinstance(shape, BoundShape):
        wkb = bindparam(shape.name, type_=LargeBinary)
        step = None if shape.step is None else bindparam(shape.step, type_=Double)
    else:
        wkb = literal(shape.geometry.wkb, LargeBinary)
        step = literal(step_of(shape), Double) if shape.is_box else None
    made: Any = func.ST_GeomFromWKB(wkb, crs.srid)
    if crs.srid != STORAGE_SRID:
        made = made if step is None else func.ST_Segmentize(made, step)
        made = func.ST_Transform(made, STORAGE_SRID)
    return Typed("geometry", made, is_collection=shape.is_collection)


def without_case(text: Expression) -> Expression:
    """Fold the case of a text by Unicode's rules, whatever the database's locale.

    Parameters
    ----------
    text : Expression
        A text.

    Returns
    -------
    Expression
        Upper and then lower, so that letters with two small forms meet.
    """
    return func.lower(func.upper(text.collate(_FOLDING)))


def without_accents(text: Expression) -> Expression:
    """Take Latin, Greek and Cyrillic accents off a text; Thai vowels and tones stay.

    Parameters
    ----------
    text : Expression
        A text.

    Returns
    -------
    Expression
        In Unicode's composed form.
    """
    apart = func.normalize(text, literal_column("NFD"))
    bare = func.translate(func.regexp_replace(apart, _MARKS, "", "g"), *_STROKES)
    return func.normalize(bare, literal_column("NFC"))


def as_float(one: Typed) -> Expression:
    """Use a number in arithmetic.

    Parameters
    ----------
    one : Typed
        Must be a number.

    Returns
    -------
    Expression
        Double precision.
    """
    return cast(need(one, "number").sql, Double)


def as_instant(day: Expression) -> Expression:
    """Bring a day to its first moment in UTC.

    Parameters
    ----------
    day : Expression
        A date.

    Returns
    -------
    Expression
        A time with its zone.
    """
    return func.timezone("UTC", cast(day, TIMESTAMP))


def need(one: Typed, *types: Type) -> Typed:
    """Refuse an expression of another type.

    Parameters
    ----------
    one : Typed
        What was written.
    *types : str
        What is taken here.

    Returns
    -------
    Typed
        `one`.
    """
    if one.type not in types:
        wanted = " / ".join(types)
        refuse(f"ต้องเป็นชนิด {wanted} ไม่ใช่ {one.type}", f"{wanted} is needed here, not {one.type}")
    return one


def alike(parts: Sequence[Typed]) -> tuple[Type, list[Expression]]:
    """Bring several expressions to one type, to be compared.

    Parameters
    ----------
    parts : sequence of Typed
        Scalars.

    Returns
    -------
    tuple of (str, list of Expression)
        Their common type; days become instants beside instants.
    """
    types = {need(one, "string", "number", "boolean", "date", "datetime").type for one in parts}
    if types == {"date", "datetime"}:
        return "datetime", [as_instant(p.sql) if p.type == "date" else p.sql for p in parts]
    if len(types) > 1:
        told = " / ".join(sorted(types))
        refuse(f"เปรียบเทียบต่างชนิดกันไม่ได้: {told}", f"different types are compared: {told}")
    return types.pop(), [one.sql for one in parts]


def as_condition(one: Typed) -> ColumnElement[bool]:
    """Use an expression as a condition.

    Parameters
    ----------
    one : Typed
        Must be true or false.

    Returns
    -------
    ColumnElement of bool
        The same.
    """
    found: Any = need(one, "boolean").sql
    return found  # type: ignore[no-any-return]
