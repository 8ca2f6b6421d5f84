"""Statements that draw one layer of a tile inside the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    cast,
    collate,
    func,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.orm import join

from boundaries.geometry import band_of
from boundaries.models import AreaShape, OrgShape
from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from layers.collection import Collection
from layers.prepared import FeatureShape, PointCell
from layers.relation import Expression, Relation
from layers.tile_matrix import TILE_CELLS, WEB_MERCATOR_QUAD, MatrixSet

EXTENT = 4096
BUFFER = 64
#: EPSG:3857 ends here, degrees of latitude.
_LAST_LAT_DEG = 85.0
_DIGITS = "0123456789"
#: A number of MVT's own for a feature: the code, where it is digits a reader can hold.
_MOST_DIGITS = 15
#: Width of an H3 cell at each resolution, between opposite sides, metres (H3's mean edge
#: lengths times the root of 3).
_CELL_WIDTHS_M = tuple(
    1_732.0508 * edge_km
    for edge_km in (1281.256011, 483.0568391, 182.5129565, 68.97922179, 26.07175968, 9.854090990,
                    3.724532667, 1.406475763, 0.531414010, 0.200786148, 0.075863783)
)  # fmt: skip
_LEAST_WIDTH = 8


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a tile covers: its edges, what is near enough to be drawn, and how fine.

    ``zoom`` is that of WebMercatorQuad at the same scale; ``listed`` are the tables that edges
    are taken from, where many tiles are made at once.
    """

    edges: ColumnElement[Any]
    near: ColumnElement[Any]
    srid: int
    zoom: int
    listed: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """One layer of a tile: its name, shape (any system) and what lies near the tile.

    ``beside`` is the table of prepared shapes, and which of them are a row's own.
    """

    name: str
    shape: Expression
    conditions: tuple[ColumnElement[bool], ...]
    beside: tuple[Any, ColumnElement[bool]] | None = None

    def source(self, relation: Relation, read: Sequence[Expression]) -> Any:  # noqa: ANN401  (rows of any tables)
        """Give the rows to draw, without what nobody reads of them.

        Parameters
        ----------
        relation : Relation
            Of the collection.
        read : sequence of Expression
            What is read of each row, beside the shape and what lies near.

        Returns
        -------
        Any
            To select from.
        """
        rows = relation.source_for((*read, self.shape, *self.conditions))
        return rows if self.beside is None else join(rows, *self.beside)


@lru_cache(maxsize=64)
def ground_of(srid: int, zoom: int) -> Ground:
    """Describe any tile of a zoom; `edges_of` says which.

    Parameters
    ----------
    srid : int
        System of the matrix set.
    zoom : int
        Of WebMercatorQuad at the same scale.

    Returns
    -------
    Ground
        The same object for the same zoom, so that statements about it are kept.
    """
    west, south, east, north, low, high, margin = (
        bindparam(name, type_=Float)
        for name in ("west", "south", "east", "north", "low", "high", "margin")
    )
    edges = func.ST_MakeEnvelope(west, south, east, north, srid)
    near = func.ST_Expand(func.ST_MakeEnvelope(west, low, east, high, srid), margin)
    return Ground(edges, near, srid, zoom)


def edges_of(matrix_set: MatrixSet, place: tuple[int, int, int]) -> dict[str, float]:
    """Give the values of a tile's edges.

    Parameters
    ----------
    matrix_set : MatrixSet
        How the world is cut.
    place : tuple of int
        Zoom, column and row.

    Returns
    -------
    dict of str to float
        For the statements of `ground_of`, in the unit of the set's system.
    """
    west, south, east, north = matrix_set.bounds(*place)
    margin, low, high = (east - west) * BUFFER / EXTENT, south, north
    if matrix_set.srid != TILE_SRID:
        low, high = max(south, margin - _LAST_LAT_DEG), min(north, _LAST_LAT_DEG - margin)
    return {
        "west": west, "south": south, "east": east, "north": north,
        "low": low, "high": high, "margin": margin,
    }  # fmt: skip


@lru_cache(maxsize=512)
def statements_of(
    known: Collection,
    relation: Relation,
    ground: Ground,
    names: tuple[str, ...],
    *,
    has_shapes: bool,
) -> tuple[Select[bytes], ...]:
    """Draw all features of a collection in a tile; kept, since most tiles differ by place only.

    Parameters
    ----------
    known : Collection
        From the register.
    relation : Relation
        Its rows.
    ground : Ground
        Where.
    names : tuple of str
        Properties carried.
    has_shapes : bool
        Whether there are prepared shapes.

    Returns
    -------
    tuple of Select of bytes
        One for each layer of the tile.
    """
    return tuple(
        drawn(layer, relation, ground, names=names, conditions=relation.conditions)
        for layer in layers_drawn(known, relation, ground, has_shapes=has_shapes)
    )


def layers_drawn(
    known: Collection, relation: Relation, ground: Ground, *, has_shapes: bool
) -> list[Drawn]:
    """List the layers of a collection's tile.

    Parameters
    ----------
    known : Collection
        From the register.
    relation : Relation
        Its rows.
    ground : Ground
        Where.
    has_shapes : bool
        Whether there are prepared shapes.

    Returns
    -------
    list of Drawn
        For organisations a second one of offices.
    """
    if has_shapes:
        shapes = _prepared(known, relation, ground)
    else:
        shapes = raw(known.id, relation.shape, ground)
    if known.family != "org":
        return [shapes]
    return [shapes, raw("orgs-points", relation.geom, ground)]


def _prepared(known: Collection, relation: Relation, ground: Ground) -> Drawn:
    band, near = _small(band_of(ground.zoom).number), func.ST_Transform(ground.near, TILE_SRID)
    table: Any
    if known.family == "feature":
        table, owner, own = FeatureShape, FeatureShape.feature_id, FeatureShape.layer_id == known.id
    elif known.level == "org":
        table, owner, own = OrgShape, OrgShape.org_id, true()
    else:
        table, owner, own = AreaShape, AreaShape.area_id, AreaShape.level == known.level
    conditions = (own, table.band == band, table.geom.op("&&")(near))
    return Drawn(known.id, table.geom, conditions, (table, owner == relation.place_id))


def raw(name: str, geom: Expression, ground: Ground) -> Drawn:
    """Draw shapes as they are stored.

    Parameters
    ----------
    name : str
        Of the layer.
    geom : Expression
        Shape, EPSG:4326.
    ground : Ground
        Where.

    Returns
    -------
    Drawn
        Shapes in EPSG:4326.
    """
    # The tile's envelope is brought to the column's system so that its index is used.
    is_near = geom.op("&&")(func.ST_Transform(ground.near, STORAGE_SRID))
    return Drawn(name, geom, (is_near,))


def drawn(
    layer: Drawn,
    relation: Relation,
    ground: Ground,
    *,
    names: tuple[str, ...],
    conditions: Sequence[ColumnElement[bool]],
) -> Select[bytes]:
    """Draw one layer.

    Parameters
    ----------
    layer : Drawn
        From `layers_drawn`.
    relation : Relation
        Its rows.
    ground : Ground
        Where.
    names : tuple of str
        Properties carried.
    conditions : sequence of ColumnElement
        Which rows.

    Returns
    -------
    Select of bytes
        A tile with this layer alone.
    """
    columns = [relation.columns[name] for name in names]
    rows = (
        select(
            _on_grid(layer.shape, ground).label("shape"),
            _number(relation.id).label("number"),
            *(column.label(name) for name, column in zip(names, columns, strict=True)),
        )
        .select_from(layer.source(relation, (relation.id, *columns, *conditions)))
        .where(*conditions, *layer.conditions)
        # The same bytes from the same rows, wherever they lie on the disk.
        .order_by(collate(cast(relation.id, Text), "C"))
    )
    if ground.listed:
        rows = rows.correlate(*ground.listed)
    return _encoded(rows, layer.name, "number")


def _number(code: Expression) -> ColumnElement[Any]:
    # A search for a pattern would cost as much as drawing the shape.
    is_digits = and_(
        func.translate(code, _DIGITS, "") == "", code >= "1", func.length(code) <= _MOST_DIGITS
    )
    return case((is_digits, cast(code, BigInteger)), else_=null())


def _small(number: int) -> ColumnElement[int]:
    # The index knows small integers only by their exact type.
    return cast(literal(number), SmallInteger)


def resolution_at(zoom: int) -> int:
    """Choose the H3 resolution that points are counted at for a zoom.

    Parameters
    ----------
    zoom : int
        Of WebMercatorQuad.

    Returns
    -------
    int
        The finest whose cells are 8 pixels wide or more (256 pixels a tile, at the equator).
    """
    pixel_m = WEB_MERCATOR_QUAD.tile_span(zoom) / TILE_CELLS
    fine = (at for at, width_m in enumerate(_CELL_WIDTHS_M) if width_m >= _LEAST_WIDTH * pixel_m)
    return max(fine, default=0)


@lru_cache(maxsize=512)
def hexagons(layer_id: str, ground: Ground, resolution: int) -> Select[bytes]:
    """Draw how many points lie in each H3 cell.

    Parameters
    ----------
    layer_id : str
        A large layer of points.
    ground : Ground
        Where.
    resolution : int
        Of the cells.

    Returns
    -------
    Select of bytes
        A tile with one layer of polygons that carry ``cell`` and ``count``.
    """
    rows = select(
        _on_grid(PointCell.geom, ground).label("shape"),
        func.to_hex(PointCell.cell).label("cell"),
        PointCell.count.label("count"),
    ).where(
        PointCell.layer_id == layer_id,
        PointCell.resolution == _small(resolution),
        PointCell.geom.op("&&")(func.ST_Transform(ground.near, TILE_SRID)),
    )
    return _encoded(rows, f"{layer_id}-hexagons")


def _on_grid(shape: Expression, ground: Ground) -> ColumnElement[Any]:
    in_set = func.ST_Transform(shape, ground.srid)
    return func.ST_AsMVTGeom(in_set, ground.edges, EXTENT, BUFFER, True)


def _encoded(made: Select[Any], name: str, number: str | None = None) -> Select[bytes]:
    # Shapes that vanish on the grid are null, and ST_AsMVT passes over those.
    rows = made.subquery("drawn")
    arguments = [rows.table_valued(), name, EXTENT, "shape", *((number,) if number else ())]
    return select(func.ST_AsMVT(*arguments)).select_from(rows)
