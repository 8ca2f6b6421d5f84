"""Vector tiles of a collection, made by the database from prepared shapes where there are any."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select, true
from sqlalchemy.orm import Session, join

from geo_service.core.crs import TILE_SRID
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from layers.collection import Collection
from layers.drawings import kept_for
from layers.forms import described, form_of
from layers.prepared import PreparedTile
from layers.questions import Question, conditions_of, relation_for
from layers.relations import relation_of
from layers.tile_drawing import (
    BUFFER,
    EXTENT,
    Ground,
    drawn,
    edges_of,
    ground_of,
    hexagons,
    layers_drawn,
    raw,
    resolution_at,
    statements_of,
)
from layers.tile_matrix import WEB_MERCATOR_QUAD, Limits, MatrixSet

DEEPEST_ZOOM = 22
#: How much of its neighbours a tile shows, as a share of its width.
MARGIN = BUFFER / EXTENT
#: Points that a filtered tile may hold at a zoom that shows hexagons.
MOST_FILTERED = 50_000
#: From this zoom on a tile carries names, when nobody says what it shall carry; there are few
#: large areas, and their labels come first.
_NAMES_FROM_ZOOM = 9
_NAMES_OF_LEVEL = {"region": 0, "province": 0, "district": 7}
#: Values are drawn with the shapes of their places, and change more often.
_KEPT_FAMILIES = frozenset({"area", "org", "feature"})
_KEPT_TILE = select(PreparedTile.body).where(
    PreparedTile.collection_id == bindparam("collection"),
    PreparedTile.zoom == bindparam("zoom"),
    PreparedTile.x == bindparam("x"),
    PreparedTile.y == bindparam("y"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A Mapbox Vector Tile, empty when nothing lies in it; compressed by gzip or not."""

    body: bytes = b""
    is_gzip: bool = False

    @property
    def plain(self) -> bytes:
        """The tile as it is when unpacked."""
        return gzip.decompress(self.body) if self.is_gzip else self.body


def tile(
    session: Session,
    question: Question,
    *,
    matrix_set: MatrixSet = WEB_MERCATOR_QUAD,
    zoom: int,
    column: int,
    row: int,
) -> Tile:
    """Give a tile: a kept one where the question is the usual one, else a new one.

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
    Tile
        With the layers that `layers_of` tells, drawn in the system of the set.
    """
    place = (zoom, column, row)
    asked = asked_tile(session, question, matrix_set=matrix_set, place=place)
    return told_tile(asked, [session.scalar(one, asked.values) for one in asked.statements])


@dataclass(frozen=True, slots=True)
class AskedTile:
    """A tile that is asked for: a statement for each of its parts, and the values of all."""

    statements: tuple[Select[Any], ...]
    values: Mapping[str, Any]
    is_gzip: bool = False


def asked_tile(
    session: Session,
    question: Question,
    *,
    matrix_set: MatrixSet = WEB_MERCATOR_QUAD,
    place: tuple[int, int, int],
) -> AskedTile:
    """Say how a tile is asked for, see `tile`; `told_tile` makes it of what is given.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.
    matrix_set : MatrixSet
        How the world is cut.
    place : tuple of int
        Zoom, column and row.

    Returns
    -------
    AskedTile
        The same statements for all tiles that differ by their place only.
    """
    known, (zoom, column, row) = question.collection, place
    kept = kept_for(session, known)
    is_kept = matrix_set is WEB_MERCATOR_QUAD and are_kept(session, known, zoom)
    if is_kept and _is_usual(question, zoom):
        where = {"collection": known.id, "zoom": zoom, "x": column, "y": row}
        return AskedTile((_KEPT_TILE,), where, is_gzip=True)
    # A degree tile is half as wide as the metre tile of its zoom.
    scale = zoom if matrix_set.srid == TILE_SRID else zoom + 1
    ground, edges = ground_of(matrix_set.srid, scale), edges_of(matrix_set, place)
    if scale < kept.points_from and not _is_filtered(question):
        cells = hexagons(known.id, ground, min(resolution_at(scale), kept.finest_cells))
        return AskedTile((cells,), edges)
    relation = relation_for(session, question)
    names = question.properties or default_properties(known, zoom)
    is_today = question.when is None and question.period is None
    has_shapes = kept.has_shapes and is_today
    if not _is_filtered(question):
        made = statements_of(known, relation, ground, names, has_shapes=has_shapes)
        return AskedTile(made, edges)
    values = {**form_of(question).values, **edges}
    if scale < kept.points_from:
        _refuse_crowd(session, question, ground, values)
    return AskedTile(
        described(
            session, form_of(question), ("tile", ground, names, has_shapes),
            lambda bound: _filtered(session, bound, ground, names, has_shapes=has_shapes),
        ),
        values,
    )  # fmt: skip


def _filtered(
    session: Session,
    question: Question,
    ground: Ground,
    names: tuple[str, ...],
    *,
    has_shapes: bool,
) -> tuple[Select[bytes], ...]:
    relation = relation_for(session, question)
    conditions = (*relation.conditions, *conditions_of(relation, question))
    layers = layers_drawn(question.collection, relation, ground, has_shapes=has_shapes)
    return tuple(
        drawn(layer, relation, ground, names=names, conditions=conditions) for layer in layers
    )


def are_kept(session: Session, known: Collection, zoom: int) -> bool:
    """Tell whether the usual tiles of a zoom are kept.

    Parameters
    ----------
    session : Session
        Open.
    known : Collection
        From the register.
    zoom : int
        Of the WebMercatorQuad set.

    Returns
    -------
    bool
        True when a tile without a row is empty.
    """
    is_own = known.family in _KEPT_FAMILIES
    return is_own and zoom <= kept_for(session, known).deepest_zoom


def told_tile(asked: AskedTile, parts: Sequence[Any]) -> Tile:
    """Make a tile of its parts.

    Parameters
    ----------
    asked : AskedTile
        What was asked.
    parts : sequence
        What each statement gave; ``None`` for nothing.

    Returns
    -------
    Tile
        Empty when nothing lies in it.
    """
    body = b"".join(bytes(part) for part in parts if part)
    return Tile(body, is_gzip=asked.is_gzip and bool(body))


def joined(parts: Sequence[Tile]) -> Tile:
    """Put tiles of several collections into one.

    Parameters
    ----------
    parts : sequence of Tile
        Of the same place.

    Returns
    -------
    Tile
        All their layers.
    """
    if len(parts) == 1:
        return parts[0]
    # Layers of a tile stand one after the other: tiles joined are a tile.
    return Tile(b"".join(part.plain for part in parts))


def of_zoom(known: Collection, zoom: int, limits: Limits) -> Select[Any]:
    """Make all usual tiles of a collection at one zoom, from prepared shapes, at once.

    Parameters
    ----------
    known : Collection
        Areas or organisations.
    zoom : int
        Of the WebMercatorQuad set.
    limits : Limits
        Columns and rows.

    Returns
    -------
    Select of (x, y, body)
        Tiles that are not empty.
    """
    relation = relation_of(known)
    columns = func.generate_series(limits.first_column, limits.last_column)
    rows = func.generate_series(limits.first_row, limits.last_row)
    listed = (
        columns.table_valued("x", name="across").render_derived(),
        rows.table_valued("y", name="down").render_derived(),
    )
    x, y = listed[0].c.x, listed[1].c.y
    edges = func.ST_TileEnvelope(zoom, x, y)
    margin = WEB_MERCATOR_QUAD.tile_span(zoom) * BUFFER / EXTENT
    ground = Ground(edges, func.ST_Expand(edges, margin), TILE_SRID, zoom, listed)
    names = default_properties(known, zoom)
    layers = [
        drawn(layer, relation, ground, names=names, conditions=relation.conditions)
        for layer in layers_drawn(known, relation, ground, has_shapes=True)
    ]
    bodies: list[ColumnElement[Any]] = [
        func.coalesce(one.correlate(*listed).scalar_subquery(), literal(b"")) for one in layers
    ]
    body = reduce(lambda left, right: left.op("||")(right), bodies)
    made = select(x, y, body.label("body")).select_from(join(*listed, true())).offset(0)
    tiles = made.subquery("tiles")
    return select(tiles).where(func.length(tiles.c.body) > 0)


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
    from_zoom = _NAMES_OF_LEVEL.get(known.level or "", _NAMES_FROM_ZOOM)
    has_names = zoom >= from_zoom or known.family == "feature"
    names = ["code", *(("name_th", "name_en") if has_names else ()), "kind", "tier"]
    names += [part for one in known.indicators for part in (one.key, f"{one.key}_status")]
    names += ["period"] if known.family in {"history", "outlook"} else []
    return tuple(name for name in names if known.property(name) is not None)


@dataclass(frozen=True, slots=True)
class TileLayer:
    """A layer inside a collection's tiles and the zooms it is there."""

    name: str
    first_zoom: int
    last_zoom: int
    has_hexagons: bool = False


def layers_of(session: Session, known: Collection, deepest: int) -> tuple[TileLayer, ...]:
    """List the layers inside a collection's tiles.

    Parameters
    ----------
    session : Session
        Open.
    known : Collection
        From the register.
    deepest : int
        Last zoom of the set.

    Returns
    -------
    tuple of TileLayer
        The collection's own first; hexagons carry ``cell`` and ``count``.
    """
    first = kept_for(session, known).points_from
    found = (TileLayer(known.id, first, deepest),)
    if known.family == "org":
        return (*found, TileLayer("orgs-points", 0, deepest))
    if first == 0:
        return found
    return (*found, TileLayer(f"{known.id}-hexagons", 0, first - 1, has_hexagons=True))


def _is_usual(question: Question, zoom: int) -> bool:
    asks_for_a_time = question.when is not None or question.period is not None
    names = question.properties
    return (
        # Naming the properties that a tile carries anyway asks for the same tile.
        (names is None or names == default_properties(question.collection, zoom))
        and not asks_for_a_time
        and not _is_filtered(question)
    )


def _is_filtered(question: Question) -> bool:
    return bool(question.equal) or question.filter is not None


def _refuse_crowd(
    session: Session, question: Question, ground: Ground, values: Mapping[str, Any]
) -> None:
    # Nobody has counted the points of a filter in hexagons, and a cut would not be seen.
    def build(bound: Question) -> Select[Any]:
        relation = relation_for(session, bound)
        points = raw(bound.collection.id, relation.geom, ground)
        conditions = (*relation.conditions, *conditions_of(relation, bound), *points.conditions)
        found = select(literal(1).label("one")).select_from(points.source(relation, conditions))
        found = found.where(*conditions).limit(MOST_FILTERED + 1)
        return select(func.count()).select_from(found.subquery())

    counted = described(session, form_of(question), ("crowd", ground), build)
    if (session.scalar(counted, values) or 0) > MOST_FILTERED:
        raise BadParameter(
            Text(
                th=f"ตัวกรองนี้เหลือจุดเกิน {MOST_FILTERED:,} จุดในไทล์ กรองให้แคบลงหรือซูมเข้า",
                en=f"This filter leaves more than {MOST_FILTERED:,} points in the tile;"
                " narrow it or zoom in",
            ),
            parameter="filter",
        )
