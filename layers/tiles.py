"""Vector tiles of a collection, made by the database from prepared shapes where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    null,
    select,
)
from sqlalchemy.orm import Session, join

from boundaries.geometry import band_of
from boundaries.models import Area, AreaShape, OrgShape
from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from layers.questions import Question, conditions_of, relation_for
from layers.registry import Collection
from layers.relations import Expression, Relation
from layers.tile_matrix import WEB_MERCATOR_QUAD, MatrixSet

DEEPEST_ZOOM = 22
EXTENT = 4096
BUFFER = 64
#: EPSG:3857 ends here, degrees of latitude.
_LAST_LAT_DEG = 85.0
#: From this zoom on a tile carries names, when nobody says what it shall carry.
_NAMES_FROM_ZOOM = 9
#: A number of MVT's own for a feature: the code, where it is digits a reader can hold.
_DIGITS = "^[1-9][0-9]{0,14}$"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One layer of a tile: its name, rows, shape (any system) and what lies near the tile."""

    name: str
    source: Any
    shape: Expression
    is_near: ColumnElement[bool]


def tile(
    session: Session,
    question: Question,
    *,
    matrix_set: MatrixSet = WEB_MERCATOR_QUAD,
    zoom: int,
    column: int,
    row: int,
) -> bytes:
    """Make a tile.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Collection, filters, period and the properties each feature carries.
    matrix_set : MatrixSet
        How the world is cut.
    zoom, column, row : int
        z, x and y; no unit, x to the east and y to the south.

    Returns
    -------
    bytes
        Mapbox Vector Tile 2 with a layer named after the collection (for organisations a
        second one of offices), drawn in the system of the set; empty when nothing lies in it.
    """
    relation = relation_for(session, question)
    place = (zoom, column, row)
    near = _near(matrix_set, place)
    # A degree tile is half as wide as the metre tile of its zoom.
    scale = zoom if matrix_set.srid == TILE_SRID else zoom + 1
    drawn = [_shapes(session, relation, question.collection, zoom=scale, near=near)]
    if question.collection.family == "org":
        drawn.append(_raw("orgs-points", relation.source, relation.geom, near))
    names = question.properties or default_properties(question.collection, zoom)
    parts = [
        session.scalar(_statement(layer, relation, question, names=names, at=(matrix_set, place)))
        for layer in drawn
    ]
    return b"".join(bytes(part) for part in parts if part)


def default_properties(known: Collection, zoom: int) -> tuple[str, ...]:
    """Choose what a tile's features carry when nobody says: what a style needs.

    Parameters
    ----------
    known : Collection
        From the register.
    zoom : int
        Labels come with the zooms that show them.

    Returns
    -------
    tuple of str
        Property names.
    """
    has_names = zoom >= _NAMES_FROM_ZOOM or known.family == "feature"
    names = ["code", *(("name_th", "name_en") if has_names else ()), "kind", "tier"]
    names += [part for one in known.indicators for part in (one.key, f"{one.key}_status")]
    names += ["period"] if known.family == "history" else []
    return tuple(name for name in names if known.property(name) is not None)


def layer_names(known: Collection) -> tuple[str, ...]:
    """Name the layers inside a collection's tiles.

    Parameters
    ----------
    known : Collection
        From the register.

    Returns
    -------
    tuple of str
        The collection's own name first.
    """
    return (known.id, "orgs-points") if known.family == "org" else (known.id,)


def _shapes(
    session: Session,
    relation: Relation,
    known: Collection,
    *,
    zoom: int,
    near: ColumnElement[Any],
) -> _Drawn:
    if known.family == "feature":
        return _raw(known.id, relation.source, relation.geom, near)
    band = band_of(zoom).number
    is_org = known.level == "org"
    prepared: Any = OrgShape if is_org else AreaShape
    owner: Any = OrgShape.org_id if is_org else AreaShape.area_id
    here: list[ColumnElement[bool]] = [prepared.band == band]
    there = exists().where(*here) if is_org else _has_level(band, known.level or "")
    if not session.scalar(select(there)):
        return _raw(known.id, relation.source, relation.shape, near)
    source = join(relation.source, prepared, and_(owner == relation.place_id, *here))
    is_near = prepared.geom.op("&&")(func.ST_Transform(near, TILE_SRID))
    return _Drawn(known.id, source, prepared.geom, is_near)


def _near(matrix_set: MatrixSet, place: tuple[int, int, int]) -> ColumnElement[Any]:
    west, south, east, north = matrix_set.bounds(*place)
    margin = (east - west) * BUFFER / EXTENT
    if matrix_set.srid != TILE_SRID:
        south, north = max(south, margin - _LAST_LAT_DEG), min(north, _LAST_LAT_DEG - margin)
    return func.ST_Expand(func.ST_MakeEnvelope(west, south, east, north, matrix_set.srid), margin)


def _has_level(band: int, level: str) -> ColumnElement[bool]:
    return exists().where(AreaShape.band == band, AreaShape.area_id == Area.id, Area.level == level)


def _raw(name: str, source: Any, geom: Expression, near: ColumnElement[Any]) -> _Drawn:  # noqa: ANN401  (rows of any table)
    # The tile's envelope is brought to the column's system so that its index is used.
    is_near = geom.op("&&")(func.ST_Transform(near, STORAGE_SRID))
    return _Drawn(name, source, geom, is_near)


def _statement(
    layer: _Drawn,
    relation: Relation,
    question: Question,
    *,
    names: tuple[str, ...],
    at: tuple[MatrixSet, tuple[int, int, int]],
) -> Select[bytes]:
    matrix_set, place = at
    envelope = func.ST_MakeEnvelope(*matrix_set.bounds(*place), matrix_set.srid)
    in_set = func.ST_Transform(layer.shape, matrix_set.srid)
    shape = func.ST_AsMVTGeom(in_set, envelope, EXTENT, BUFFER, True)
    number = case((relation.id.op("~")(_DIGITS), cast(relation.id, BigInteger)), else_=null())
    drawn = (
        select(
            shape.label("shape"),
            number.label("number"),
            *(relation.columns[name].label(name) for name in names),
        )
        .select_from(layer.source)
        .where(*relation.conditions, *conditions_of(relation, question), layer.is_near)
        .subquery("drawn")
    )
    kept = select(drawn).where(drawn.c.shape.is_not(None)).subquery("kept")
    return select(
        func.ST_AsMVT(kept.table_valued(), layer.name, EXTENT, "shape", "number")
    ).select_from(kept)
