"""How PostgreSQL writes features: as GeoJSON, whole or in pieces, and as columns of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Double,
    Numeric,
    Text,
    cast,
    func,
    literal,
)
from sqlalchemy.sql.elements import Grouping

from geo_service.core.crs import CRS84, STORAGE_SRID, Crs
from layers.relation import Expression, Relation

#: How a table tells a shape: by a point on it, as WKT, or as files do (id and WKB).
ShapeForm = Literal["lonlat", "wkt", "file", "none"]


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
