"""Keeping what tiles are drawn from, and the usual tiles of places, up to date.

What is kept carries the version it was made from (`layers.models.Drawing`); only collections
whose version has risen are prepared again.
"""

from __future__ import annotations

import gzip

import polars as pl
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from ingest import points, shapes
from ingest.copying import copy_rows
from ingest.load import Progress, silent
from layers import extents, queries, tiles
from layers.collection import Collection
from layers.models import Feature
from layers.prepared import Drawing, FeatureShape, PointCell, PreparedTile
from layers.relations import relation_of
from layers.tile_matrix import WEB_MERCATOR_QUAD, Limits

#: Tiles are kept to the zoom at which one holds a few places and making it is nearly as quick
#: as finding it; the tiles of one zoom more cost as much as those of all zooms before.
DEEPEST_KEPT = {"regions": 9, "provinces": 11, "districts": 11, "subdistricts": 12, "orgs": 12}
#: Layers with no more lines and polygons are drawn from what was loaded.
FEWEST_SHAPES = 300
_TILES_AT_ONCE = 1_000
_LEVEL = 6


def prepare(
    session: Session, known: Collection, version: int, *, progress: Progress = silent
) -> int:
    """Prepare what a collection is drawn from.

    Areas and organisations get their usual tiles, large layers of points their hexagons, layers
    of lines and polygons shapes for each band of zooms.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    known : Collection
        Areas or organisations whose shapes are up to date, or a layer of features.
    version : int
        Sum of the versions they are made from.
    progress : Progress
        Told of every zoom.

    Returns
    -------
    int
        Number of tiles.
    """
    session.execute(delete(PreparedTile).where(PreparedTile.collection_id == known.id))
    if known.family == "feature":
        _prepare_layer(session, known.id, version)
        return 0
    deepest = DEEPEST_KEPT[known.id]
    _keep(session, known.id, version, has_shapes=True, deepest_zoom=deepest)
    box, made = _box(session, known), 0
    for zoom in range(deepest + 1):
        progress(f"tiles-{known.id}", zoom, deepest + 1)
        made += _make(session, known, zoom, _around(zoom, box))
    progress(f"tiles-{known.id}", deepest + 1, deepest + 1)
    return made


def _prepare_layer(session: Session, layer_id: str, version: int) -> None:
    # A layer that has become small or empty loses what was prepared for it.
    session.execute(delete(FeatureShape).where(FeatureShape.layer_id == layer_id))
    session.execute(delete(PointCell).where(PointCell.layer_id == layer_id))
    all_, wide = session.execute(
        select(
            func.count(Feature.geom),
            func.count().filter(func.ST_Dimension(Feature.geom) > 0),
        ).where(Feature.layer_id == layer_id)
    ).one()
    if wide > FEWEST_SHAPES:
        shapes.rebuild_layer(session, layer_id)
    first = points.rebuild(session, layer_id) if wide == 0 and all_ > points.FEWEST else 0
    _keep(session, layer_id, version, has_shapes=wide > FEWEST_SHAPES, points_from=first)


def _keep(
    session: Session,
    collection_id: str,
    version: int,
    *,
    has_shapes: bool = False,
    deepest_zoom: int | None = None,
    points_from: int = 0,
) -> None:
    values = {
        "version": version,
        "has_shapes": has_shapes,
        "deepest_zoom": deepest_zoom,
        "points_from": points_from,
        "good_until": session.scalar(fixed_sql("ingest", "next_turn")),
    }
    statement = insert(Drawing).values(collection_id=collection_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["collection_id"], set_=values))


def _make(session: Session, known: Collection, zoom: int, limits: Limits) -> int:
    made = 0
    found = session.execute(
        tiles.of_zoom(known, zoom, limits), execution_options={"yield_per": _TILES_AT_ONCE}
    )
    for part in found.partitions():
        rows = {
            "collection_id": [known.id] * len(part),
            "zoom": [zoom] * len(part),
            "x": [row.x for row in part],
            "y": [row.y for row in part],
            "body": [_packed(bytes(row.body)) for row in part],
        }
        made += copy_rows(session, "prepared_tile", pl.DataFrame(rows))
    return made


def _packed(body: bytes) -> str:
    # As COPY takes bytes: hexadecimal after a backslash and an x.
    return "\\x" + gzip.compress(body, _LEVEL, mtime=0).hex()


def _box(session: Session, known: Collection) -> tuple[float, float, float, float]:
    # Offices may lie outside every area.
    areas = extents.extent_of(session, known)
    own = session.execute(queries.extent(relation_of(known))).one()
    if own[0] is None:
        return areas
    return (
        min(areas[0], own[0]), min(areas[1], own[1]), max(areas[2], own[2]), max(areas[3], own[3]),
    )  # fmt: skip


def _around(zoom: int, box: tuple[float, float, float, float]) -> Limits:
    # A tile shows a little of its neighbours, so those beside the box are not empty.
    found, last = WEB_MERCATOR_QUAD.limits(zoom, box), WEB_MERCATOR_QUAD.columns(zoom) - 1
    return Limits(
        zoom,
        max(found.first_column - 1, 0),
        min(found.last_column + 1, last),
        max(found.first_row - 1, 0),
        min(found.last_row + 1, last),
    )
