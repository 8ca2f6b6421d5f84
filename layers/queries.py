"""Statements about features as values: relations of a collection, pages, counts, extents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache, reduce
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Double,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.sql.elements import Grouping

from boundaries.models import Area, Org
from geo_service.core.crs import CRS84, STORAGE_SRID, Crs
from geo_service.core.models import Dataset
from layers.models import PeriodRow, PlaceValue
from layers.relations import Expression, Relation

Cell = str | int | float | bool | date | None
#: How a table tells a shape: by a point on it, as WKT, or as files do (id and WKB).
ShapeForm = Literal["lonlat", "wkt", "file", "none"]


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order and its direction; missing values come last."""

    expression: ColumnElement[Any]
    is_descending: bool = False
    is_always_there: bool = False


def as_rows(relation: Relation, names: Sequence[str]) -> Select[Any]:
    """Select properties as columns.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    names : sequence of str
        Properties of the register.

    Returns
    -------
    Select
        One column per name.
    """
    columns: list[Any] = [relation.columns[name].label(name) for name in names]
    return select(*columns).select_from(relation.source).where(*relation.conditions)


@lru_cache(maxsize=256)
def feature_text(
    relation: Relation, names: tuple[str, ...], crs: Crs = CRS84, *, with_geometry: bool = True
) -> ColumnElement[str]:
    """Write a feature as GeoJSON text, inside the database.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    names : tuple of str
        Properties to write, of the register.
    crs : Crs
        System of the coordinates.
    with_geometry : bool
        False writes ``null`` for it.

    Returns
    -------
    ColumnElement of str
        ``{"type":"Feature","id":...,"geometry":...,"properties":{...}}``.
    """
    kept = relation.prepared
    properties = properties_text(relation, names)
    if kept is not None and names and names == kept.names:
        properties = func.coalesce(kept.table.properties, properties)
    head = _joined(
        [literal('{"type":"Feature","id":'), _json(relation.id), literal(',"geometry":')]
    )
    geometry = _geometry_text(relation, crs) if with_geometry else literal("null")
    tail = _joined([literal(',"properties":{'), properties, literal("}}")])
    # Each joining copies what it joins: the shape, by far the longest, is copied twice.
    return head.concat(geometry).concat(Grouping(tail))


def feature_pieces(relation: Relation, names: Sequence[str]) -> list[ColumnElement[str]]:
    """Write a feature as GeoJSON text in pieces.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    names : sequence of str
        Properties to write, of the register.

    Returns
    -------
    list of ColumnElement of str
        What comes before the first property, then each property; a comma stands before all but
        the first.
    """
    head = _joined(
        [literal('{"type":"Feature","id":'), _json(relation.id), literal(',"geometry":')]
    )
    head = head.concat(_geometry_text(relation, CRS84)).concat(literal(',"properties":{'))
    return [
        head,
        *(
            literal(f"{',' if at else ''}{json.dumps(name)}:").concat(_json(relation.columns[name]))
            for at, name in enumerate(names)
        ),
    ]


def as_bytes(text: ColumnElement[str]) -> ColumnElement[bytes]:
    """Give a text as UTF-8, for drivers that would make a string of it first.

    Parameters
    ----------
    text : ColumnElement of str
        Any.

    Returns
    -------
    ColumnElement of bytes
        The same characters.
    """
    return func.convert_to(text, "UTF8")


def geometry_text(geom: Expression, crs: Crs) -> ColumnElement[str]:
    """Write a shape as GeoJSON text.

    Parameters
    ----------
    geom : Expression
        Shape, EPSG:4326.
    crs : Crs
        System of the coordinates.

    Returns
    -------
    ColumnElement of str
        Outer rings counter-clockwise; null where there is no shape.
    """
    return func.ST_AsGeoJSON(_shape(geom, crs), crs.decimals, 0)


def properties_text(relation: Relation, names: Sequence[str]) -> ColumnElement[str]:
    """Write the inside of a JSON object of properties.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    names : sequence of str
        Properties to write, of the register.

    Returns
    -------
    ColumnElement of str
        ``"code":...,"name_th":...``; empty when no names are given.
    """
    pieces: list[ColumnElement[str]] = []
    for name in names:
        comma = "," if pieces else ""
        pieces += [literal(f"{comma}{json.dumps(name)}:"), _json(relation.columns[name])]
    return _joined(pieces or [literal("")])


def paged(
    relation: Relation,
    told: Sequence[ColumnElement[Any]],
    *,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Order],
    limit: int | BindParameter[int],
    offset: int | BindParameter[int] = 0,
    is_counted: bool = False,
) -> Select[Any]:
    """Select some rows in order, found first and written afterwards.

    What is told (texts, joined values) is made for the rows of the page alone, not for every
    row that had to be put in order.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    told : sequence of ColumnElement
        What is selected of each row.
    conditions : sequence of ColumnElement
        Further conditions.
    order : sequence of Order
        Most important first; the last one is unique.
    limit, offset : int
        Most rows, and rows passed over.
    is_counted : bool
        Whether each row tells how many there are of all: cheap where they are few.

    Returns
    -------
    Select
        What is told, then one column for each term of the order, then the count.
    """
    page = page_keys(
        relation, conditions=conditions, order=order, limit=limit, offset=offset,
        is_counted=is_counted,
    ).subquery("page")  # fmt: skip
    places = [page.c[f"order_{at}"] for at in range(len(order))]
    again = [Order(place, term.is_descending) for place, term in zip(places, order, strict=True)]
    return (
        select(*told, *places, *([page.c.total] if is_counted else []))
        .select_from(relation.within(page))
        .order_by(*ordered(again))
        .limit(limit)
    )


def page_keys(
    relation: Relation,
    *,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Order],
    limit: int | BindParameter[int],
    offset: int | BindParameter[int] = 0,
    is_counted: bool = False,
) -> Select[Any]:
    """Select what tells the rows of a page apart, in order.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    conditions : sequence of ColumnElement
        Further conditions.
    order : sequence of Order
        Most important first; the last one is unique.
    limit, offset : int
        Most rows, and rows passed over.
    is_counted : bool
        Whether each row tells how many there are of all.

    Returns
    -------
    Select
        The keys, then one column for each term of the order, then the count.
    """
    total = [func.count().over().label("total")] if is_counted else []
    where = (*relation.conditions, *conditions)
    read = (*relation.keys, *(term.expression for term in order), *where)
    told: list[Any] = [
        *(key.label(f"key_{at}") for at, key in enumerate(relation.keys)),
        *(term.expression.label(f"order_{at}") for at, term in enumerate(order)),
        *total,
    ]
    return (
        select(*told)
        .select_from(relation.source_for(read))
        .where(*where)
        .order_by(*ordered(order))
        .limit(limit)
        .offset(offset)
    )


def ordered(order: Sequence[Order]) -> list[ColumnElement[Any]]:
    """Write an order.

    Parameters
    ----------
    order : sequence of Order
        Most important first; the last one is unique.

    Returns
    -------
    list of ColumnElement
        For ``ORDER BY``.
    """
    return [
        (term.expression.desc() if term.is_descending else term.expression.asc()).nulls_last()
        for term in order
    ]


def after(order: Sequence[Order], last: Sequence[Cell]) -> ColumnElement[bool]:
    """Say that a row comes after the last one of the page before.

    Parameters
    ----------
    order : sequence of Order
        Of the page; the last term is unique and never missing.
    last : sequence
        Values of the last row, in the same order.

    Returns
    -------
    ColumnElement of bool
        With bound values.
    """
    conditions: list[ColumnElement[bool]] = []
    equal: ColumnElement[bool] = true()
    for term, value in zip(order, last, strict=True):
        conditions.append(and_(equal, _beyond(term, value)))
        same = term.expression == literal(value, term.expression.type)
        equal = and_(equal, term.expression.is_(None) if value is None else same)
    return or_(*conditions)


def point_columns(relation: Relation) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Select a point on each shape, for tables.

    Parameters
    ----------
    relation : Relation
        Of a collection.

    Returns
    -------
    tuple of ColumnElement of float
        Longitude and latitude in EPSG:4326 degrees, six decimals.
    """
    point = func.ST_PointOnSurface(relation.geom)
    lon, lat = (cast(axis(point), Numeric) for axis in (func.ST_X, func.ST_Y))
    return (
        cast(func.round(lon, 6), Double).label("lon"),
        cast(func.round(lat, 6), Double).label("lat"),
    )


def shape_columns(
    relation: Relation, form: ShapeForm, crs: Crs = CRS84
) -> tuple[ColumnElement[Any], ...]:
    """Select what a table tells of each shape.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    form : {"lonlat", "wkt", "file", "none"}
        ``file`` is the public id, then WKB with x (easting or longitude) first.
    crs : Crs
        System of WKT and WKB.

    Returns
    -------
    tuple of ColumnElement
        Two columns, one or none.
    """
    if form == "lonlat":
        return point_columns(relation)
    if form == "wkt":
        return (func.ST_AsText(_shape(relation.geom, crs), crs.decimals).label("geometry"),)
    if form == "file":
        shape = _shape(relation.geom, replace(crs, lat_first=False))
        return relation.id.label("id"), func.ST_AsBinary(shape, "NDR").label("geometry")
    return ()


def counted(
    relation: Relation, conditions: Sequence[ColumnElement[bool]], ceiling: int
) -> Select[Any]:
    """Count features up to a ceiling.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    conditions : sequence of ColumnElement
        Further conditions.
    ceiling : int
        Largest number that is told apart.

    Returns
    -------
    Select of int
        One number.
    """
    where = (*relation.conditions, *conditions)
    found = (
        select(literal(1).label("one"))
        .select_from(relation.source_for(where))
        .where(*where)
        .limit(ceiling)
        .subquery()
    )
    return select(func.count()).select_from(found)


def extent(relation: Relation) -> Select[Any]:
    """Ask for the rectangle around all shapes.

    Parameters
    ----------
    relation : Relation
        Of a collection.

    Returns
    -------
    Select of float
        west, south, east, north in EPSG:4326 degrees.
    """
    around = func.ST_Extent(relation.geom)
    return (
        select(
            func.ST_XMin(around), func.ST_YMin(around), func.ST_XMax(around), func.ST_YMax(around)
        )
        .select_from(relation.source)
        .where(*relation.conditions)
    )


def measured_periods(keys: Sequence[str], level: str) -> Select[Any]:
    """Ask which periods hold values of which indicators at a level.

    Parameters
    ----------
    keys : sequence of str
        Indicators.
    level : str
        Level of the places.

    Returns
    -------
    Select
        Indicator key and period, oldest first.
    """
    asked = values(named("indicator_key", Text), name="asked").data([(key,) for key in keys])
    # One look into the primary key for each pair, instead of reading every value.
    # The offset of nothing keeps the database from turning the looks into one reading of all.
    there = (
        select(PlaceValue.place_id)
        .where(
            PlaceValue.indicator_key == asked.c.indicator_key,
            PlaceValue.level == level,
            PlaceValue.period_key == PeriodRow.key,
            PlaceValue.value.is_not(None),
        )
        .offset(0)
        .exists()
    )
    return (
        select(asked.c.indicator_key, PeriodRow)
        .join_from(asked, PeriodRow, true())
        .where(there)
        .order_by(PeriodRow.end, PeriodRow.start.desc())
    )


def in_force_ever(level: str) -> Select[Any]:
    """Ask for the first and the last day on which any place of a level was in force.

    Parameters
    ----------
    level : str
        Level of areas, or ``org``.

    Returns
    -------
    Select of date
        One row; null where an end is open.
    """
    table: Any = Org if level == "org" else Area
    first, last = func.lower(table.valid), cast(func.upper(table.valid) - timedelta(days=1), Date)
    return select(
        case((func.bool_or(func.lower_inf(table.valid)), null()), else_=func.min(first)),
        case((func.bool_or(func.upper_inf(table.valid)), null()), else_=func.max(last)),
    ).where(true() if level == "org" else table.level == level)


def sample_is_loaded() -> Select[bool]:
    """Ask whether any data set loaded is a sample.

    Returns
    -------
    Select of bool
        One value.
    """
    return select(exists().where(Dataset.is_sample.is_(True), Dataset.version > 0))


def _joined(pieces: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    return reduce(lambda left, right: left.concat(right), pieces)


def _geometry_text(relation: Relation, crs: Crs) -> ColumnElement[str]:
    made = geometry_text(relation.geom, crs)
    kept = relation.prepared
    if kept is not None and kept.has_geometry and crs == CRS84:
        made = func.coalesce(kept.table.geometry, made)
    return func.coalesce(made, "null")


def _shape(geom: Expression, crs: Crs) -> ColumnElement[Any]:
    # RFC 7946, 3.1.6: outer rings run counter-clockwise. An integer SRID, never its name as
    # text: PostGIS looks a name up for every row.
    shape: ColumnElement[Any] = func.ST_ForcePolygonCCW(geom)
    if crs.srid != STORAGE_SRID:
        return func.ST_Transform(shape, crs.srid)
    return func.ST_FlipCoordinates(shape) if crs.lat_first else shape


def _json(expression: Expression) -> ColumnElement[str]:
    return func.coalesce(cast(func.to_json(expression), Text), "null")


def _beyond(term: Order, value: Cell) -> ColumnElement[bool]:
    if value is None:
        return false()
    last = literal(value, term.expression.type)
    further = term.expression < last if term.is_descending else term.expression > last
    if term.is_always_there:
        return further
    return or_(further, term.expression.is_(None))
