"""Counting the points of large layers in H3 cells, and choosing the zoom that shows them.

A tile that would hold tens of thousands of points carries hexagons with a count instead, so
that none is left out. How many points a tile holds is found out here, from the layer itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from boundaries.projection import to_srid
from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from geo_service.core.db import SCHEMA
from ingest.cells import ewkb
from ingest.copying import copy_rows
from layers.analysis.hexgrid import cells_at, outlines
from layers.analysis.hexpoints import PointCounts, count_points, scan_points
from layers.models import FeatureLayer
from layers.prepared import Drawing, PointCell
from layers.tile_drawing import resolution_at
from layers.tile_matrix import WEB_MERCATOR_QUAD
from layers.versions import version_of

#: Layers with fewer points are drawn point by point at every zoom.
FEWEST = 20_000
#: Points that one tile may hold; about a megabyte with their names.
MOST_IN_A_TILE = 10_000
#: Hexagons end here at the latest: nearer, tiles carry whatever points there are.
_LAST_ZOOM = 14
#: A resolution is kept while its cells hold this many points on average.
_FEWEST_IN_A_CELL = 4
_ROWS_AT_ONCE = 100_000
_LAST_LAT_DEG = 85.0


def rebuild(session: Session, layer_id: str) -> int:
    """Count the points of a layer at every resolution its tiles need.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    layer_id : str
        A layer of points, a large one.

    Returns
    -------
    int
        Zoom from which points are drawn one by one, 1 or more.
    """
    session.execute(delete(PointCell).where(PointCell.layer_id == layer_id))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        _write(session, layer_id, path)
        points = scan_points(path)
        first = points_from(points)
        for resolution in sorted({resolution_at(zoom) for zoom in range(first)}):
            counts = count_points(points, resolution)
            # Hexagons of a point or two say less than larger ones, and are millions.
            if resolution and counts.count.mean() < _FEWEST_IN_A_CELL:
                break
            _store(session, layer_id, resolution, counts)
    return first


def points_from(points: pl.LazyFrame) -> int:
    """Find the first zoom at which no tile holds too many points.

    Parameters
    ----------
    points : LazyFrame
        Columns ``lon`` and ``lat``, degrees EPSG:4326.

    Returns
    -------
    int
        Zoom of WebMercatorQuad, at most 14.
    """
    across = (pl.col("lon") + 180) / 360
    sine = pl.col("lat").clip(-_LAST_LAT_DEG, _LAST_LAT_DEG).radians().sin()
    down = 0.5 - ((1 + sine) / (1 - sine)).log() / (4 * np.pi)
    tiles = WEB_MERCATOR_QUAD.columns(_LAST_ZOOM)
    held = (
        points.select(
            x=(across * tiles).floor().cast(pl.Int64), y=(down * tiles).floor().cast(pl.Int64)
        )
        .group_by("x", "y")
        .agg(pl.len().alias("held"))
        .collect(engine="streaming")
    )
    for zoom in range(_LAST_ZOOM, -1, -1):
        most = held.group_by(["x", "y"]).agg(pl.sum("held"))["held"].max()
        if most is not None and int(str(most)) > MOST_IN_A_TILE:
            return min(zoom + 1, _LAST_ZOOM)
        held = held.with_columns(pl.col("x") // 2, pl.col("y") // 2)
    return 0


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a point was and is, EPSG:4326; ``None`` for nowhere."""

    before: BaseGeometry | None
    after: BaseGeometry | None


def move(session: Session, layer_id: str, moved: Moved) -> bool:
    """Let the hexagons of a layer follow one point, instead of counting all points anew.

    Parameters
    ----------
    session : Session
        Open in a transaction that has just raised the layer's version by one.
    layer_id : str
        The layer.
    moved : Moved
        From where to where.

    Returns
    -------
    bool
        False when the layer must be prepared as a whole: it has lines or polygons, or what is
        prepared was not of the version before.
    """
    layer, drawing = session.get_one(FeatureLayer, layer_id), session.get(Drawing, layer_id)
    version = version_of(session, f"layer:{layer_id}")
    if layer.geometry_type != "Point" or drawing is None or drawing.version != version - 1:
        return False
    drawing.version = version
    resolutions = session.scalars(
        select(PointCell.resolution).where(PointCell.layer_id == layer_id).distinct()
    ).all()
    for resolution in resolutions:
        for point, change in ((moved.before, -1), (moved.after, 1)):
            if point is not None:
                cells = cells_at(shapely.get_coordinates(point), resolution)
                _count(session, layer_id, resolution, cells, change=change)
    session.execute(delete(PointCell).where(PointCell.layer_id == layer_id, PointCell.count <= 0))
    return True


def _count(
    session: Session, layer_id: str, resolution: int, cells: NDArray[np.int64], *, change: int
) -> None:
    done = session.execute(
        update(PointCell)
        .where(
            PointCell.layer_id == layer_id, PointCell.resolution == resolution,
            PointCell.cell == int(cells[0]),
        )
        .values(count=PointCell.count + change)
    )  # fmt: skip
    if not cast("CursorResult[Any]", done).rowcount and change > 0:
        _store(session, layer_id, resolution, PointCounts(cells, np.array([change]), None, 0))


def _write(session: Session, layer_id: str, path: Path) -> None:
    cursor: Any = session.connection().connection.cursor()
    statement = cursor.mogrify(
        f"COPY (SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat FROM {SCHEMA}.feature"  # noqa: S608  (our own name)
        " WHERE layer_id = %s AND geom IS NOT NULL) TO STDOUT (FORMAT csv, HEADER)",
        (layer_id,),
    )
    with path.open("wb") as file:
        cursor.copy_expert(statement.decode(), file)
    cursor.close()


def _store(session: Session, layer_id: str, resolution: int, counts: PointCounts) -> None:
    for first in range(0, len(counts.cell), _ROWS_AT_ONCE):
        cells = counts.cell[first : first + _ROWS_AT_ONCE]
        rows = {
            "layer_id": [layer_id] * len(cells),
            "resolution": [resolution] * len(cells),
            "cell": cells,
            "count": counts.count[first : first + _ROWS_AT_ONCE],
            "geom": ewkb(to_srid(outlines(cells), STORAGE_SRID, TILE_SRID), TILE_SRID),
        }
        copy_rows(session, "point_cell", pl.DataFrame(rows))
