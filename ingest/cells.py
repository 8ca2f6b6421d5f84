"""Keeping the shares of areas in H3 cells, and the outlines of the cells, up to date.

A row of shares carries the version of the shape it was made from, so only areas whose shape
has changed are shared out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import shapely
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from boundaries.projection import to_srid
from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from geo_service.core.db import fixed_sql
from ingest.copying import copy_rows
from ingest.load import Progress, silent
from layers.analysis.hexgrid import outlines
from layers.analysis.hexshares import area_shares, coarsen
from layers.hexbins import FINEST_WITHOUT_BOX
from layers.models import CellShare

_BATCH = 500


def rebuild_shares(
    session: Session, resolutions: Sequence[int], *, everything: bool, progress: Progress = silent
) -> int:
    """Share out the areas whose shape has changed, and forget those that are gone.

    Areas are sub-districts with a shape; where a district or a province has none, the smallest
    area that has one stands in. Coarser resolutions are sums of the finest.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    resolutions : sequence of int
        H3 resolutions to keep.
    everything : bool
        Share out every area, changed or not.
    progress : Progress
        Told of every batch of areas.

    Returns
    -------
    int
        Number of areas shared out.
    """
    wanted = sorted(resolutions)
    session.execute(delete(CellShare).where(CellShare.resolution.not_in(wanted)))
    if everything:
        session.execute(delete(CellShare))
    session.execute(fixed_sql("ingest", "forget_shares"), {"resolutions": wanted})
    stale = session.execute(fixed_sql("ingest", "stale_shares"), {"resolutions": wanted}).all()
    for first in range(0, len(stale), _BATCH):
        progress("hexagon-shares", first, len(stale))
        _share_out(session, stale[first : first + _BATCH], wanted)
    if stale:
        progress("hexagon-shares", len(stale), len(stale))
        session.execute(text("SELECT geo.measure('cell_share')"))
    return len(stale)


def rebuild_outlines(session: Session) -> int:
    """Make the outlines of cells that came into use, and drop those no longer in use.

    Only resolutions that may be asked for without a box have stored outlines; finer cells are
    found and drawn from their numbers when asked for.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.

    Returns
    -------
    int
        Number of outlines made.
    """
    bound = {"finest": FINEST_WITHOUT_BOX}
    session.execute(fixed_sql("ingest", "forget_outlines"), bound)
    missing = session.scalars(fixed_sql("ingest", "missing_outlines"), bound).all()
    if not missing:
        return 0
    cells = np.array(missing, dtype=np.int64)
    shapes = outlines(cells)
    drawn = to_srid(shapes, STORAGE_SRID, TILE_SRID)
    rows = pl.DataFrame(
        {
            "cell": cells,
            "resolution": (cells >> 52) & 15,
            "geom": ewkb(shapes, STORAGE_SRID),
            "geom_3857": ewkb(drawn, TILE_SRID),
        }
    )
    made = copy_rows(session, "hex_cell", rows)
    session.execute(text("SELECT geo.measure('hex_cell')"))
    return made


def ewkb(shapes: Any, srid: int) -> list[str]:  # noqa: ANN401  (an array of shapely geometries)
    """Write shapes as COPY takes them.

    Parameters
    ----------
    shapes : ndarray of Geometry, shape (n,)
        In the CRS ``srid``.
    srid : int
        EPSG code.

    Returns
    -------
    list of str
        Hexadecimal EWKB.
    """
    marked = shapely.set_srid(shapes, srid)
    written: list[str] = shapely.to_wkb(marked, hex=True, include_srid=True).tolist()
    return written


def _share_out(session: Session, stale: Sequence[Any], resolutions: Sequence[int]) -> None:
    ids = np.array([row.id for row in stale], dtype=np.int64)
    made_from = np.array([row.version for row in stale], dtype=np.int64)
    session.execute(
        delete(CellShare).where(
            CellShare.resolution.in_(resolutions), CellShare.area_id.in_(ids.tolist())
        )
    )
    finest = area_shares(shapely.from_wkb([bytes(row.shape) for row in stale]), resolutions[-1])
    for resolution in resolutions:
        shares = coarsen(finest, resolution)
        rows = pl.DataFrame(
            {
                "resolution": np.full(len(shares.cell), resolution),
                "area_id": ids[shares.place],
                "cell": shares.cell,
                "share": shares.share,
                "version": made_from[shares.place],
            }
        )
        copy_rows(session, "cell_share", rows)
