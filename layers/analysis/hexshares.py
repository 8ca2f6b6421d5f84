"""Which share of each polygon lies in each H3 cell, on the ellipsoid.

The work is proportional to the length of the borders. Cells that no border passes are
inside or outside as a whole, and H3's own fill says which; for the others the edges are
followed (`hexborders`). Each polygon is checked (its pieces must cover its edges, its parts
its area) and one that fails is cut again the slow way.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.numpy_int as h3
import numpy as np
import polars as pl
import shapely

from layers.analysis.hexborders import WHOLE, Border, border_parts, hexes
from layers.analysis.hexgrid import (
    Cells,
    Floats,
    Indexes,
    Shapes,
    cells_in,
    equal_area,
    outlines,
    parents,
)

#: Edges are taken in pieces no longer than this, so that straight in degrees, straight in the
#: plane and along the geodesic are the same to five centimetres.
_LONGEST_EDGE_DEG = 0.02
#: Largest relative error of a polygon's area that its parts may show before it is cut again.
_TOLERANCE = 1e-9
#: Shares below this are dropped: less than a square metre of the largest province.
_LEAST_SHARE = 1e-12
#: Polygons handled at once; bounds the memory.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of places in cells: three columns of one table, sorted by place and cell.

    ``place`` numbers the polygons as they were given, ``cell`` is an H3 cell, ``share`` has no
    unit; the shares of a place add up to 1.
    """

    place: Indexes
    cell: Cells
    share: Floats


def area_shares(polygons: Shapes, resolution: int) -> Shares:
    """Divide polygons among H3 cells by area.

    Parameters
    ----------
    polygons : ndarray of Polygon or MultiPolygon, shape (n,)
        Valid, EPSG:4326; ``None`` and empty ones have no shares.
    resolution : int
        H3 resolution.

    Returns
    -------
    Shares
        Shares of area on the WGS84 ellipsoid, no unit; each polygon's add up to 1.

    References
    ----------
    Goodchild, M. F. and Lam, N. S.-N. (1980), Areal interpolation: a variant of the
    traditional spatial problem, Geo-Processing 1, 297-312.
    """
    parts = [
        _batch_shares(polygons[first : first + _BATCH], first, resolution)
        for first in range(0, len(polygons), _BATCH)
    ]
    if not parts:
        parts = [_no_shares()]
    return Shares(
        place=np.concatenate([part.place for part in parts]),
        cell=np.concatenate([part.cell for part in parts]),
        share=np.concatenate([part.share for part in parts]),
    )


def coarsen(shares: Shares, resolution: int) -> Shares:
    """Add shares up to a coarser resolution, children to parents.

    H3's children do not fill their parent exactly, so a coarse cell stands for the union of
    its finest children. Totals are kept, and every resolution tells the same story.

    Parameters
    ----------
    shares : Shares
        At one resolution.
    resolution : int
        A coarser one (or the same).

    Returns
    -------
    Shares
        Each place's add up to 1.

    References
    ----------
    H3 documentation, "Aggregation": exact logical containment, approximate geometric one.
    """
    return _normalised(shares.place, parents(shares.cell, resolution), shares.share)


def overlay_shares(polygon: shapely.Geometry, resolution: int) -> tuple[Cells, Floats]:
    """Divide one polygon among H3 cells by cutting it with each outline.

    Slower than `area_shares`, of which it is the check and the last resort.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        Valid, EPSG:4326.
    resolution : int
        H3 resolution.

    Returns
    -------
    cells : ndarray, shape (k,)
        H3 cells with a part of the polygon.
    areas : ndarray, shape (k,)
        Area of each part in square metres.

    References
    ----------
    Goodchild and Lam (1980), as in `area_shares`.
    """
    west, south, east, north = shapely.bounds(polygon).tolist()
    cells = cells_in((west, south, east, north), resolution)
    fine = shapely.transform(shapely.segmentize(polygon, _LONGEST_EDGE_DEG), equal_area)
    drawn = shapely.transform(outlines(cells), equal_area)
    areas = shapely.area(shapely.intersection(fine, drawn))
    kept = areas > 0
    return cells[kept], areas[kept]


def _no_shares() -> Shares:
    return Shares(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def _batch_shares(polygons: Shapes, first: int, resolution: int) -> Shares:
    present = np.flatnonzero(~(shapely.is_missing(polygons) | shapely.is_empty(polygons)))
    if not len(present):
        return _no_shares()
    fine = shapely.orient_polygons(shapely.segmentize(polygons[present], _LONGEST_EDGE_DEG))
    whole_m2 = shapely.area(shapely.transform(fine, equal_area))
    border = border_parts(fine, resolution)
    place, cell, area_m2 = _with_interior(fine, border, resolution)
    total_m2 = np.bincount(place, area_m2, minlength=len(fine))
    sound = border.sound & (np.abs(total_m2 - whole_m2) <= _TOLERANCE * whole_m2)
    kept = sound[place]
    places, cells, areas = [place[kept]], [cell[kept]], [area_m2[kept]]
    for index in np.flatnonzero(~sound):
        found, found_m2 = overlay_shares(fine[index], resolution)
        places.append(np.full(len(found), index, dtype=np.int64))
        cells.append(found)
        areas.append(found_m2)
    return _normalised(
        present[np.concatenate(places)] + first, np.concatenate(cells), np.concatenate(areas)
    )


def _normalised(place: Indexes, cell: Cells, amount: Floats) -> Shares:
    # Add up by place and cell, and make each place's shares add up to 1.
    of_place = pl.sum("share").over("place")
    largest = pl.int_range(pl.len()).over("place") == pl.col("share").arg_max().over("place")
    table = (
        pl.LazyFrame({"place": place, "cell": cell, "share": amount})
        .group_by("place", "cell")
        .agg(pl.sum("share"))
        .sort("place", "cell")
        .with_columns(pl.col("share") / of_place)
        .filter(pl.col("share") > _LEAST_SHARE)
        .with_columns(pl.col("share") / of_place)
        .with_columns(pl.when(largest).then(pl.col("share") + (1 - of_place)).otherwise("share"))
        .collect()
    )
    return Shares(
        place=table["place"].to_numpy(),
        cell=table["cell"].to_numpy(),
        share=table["share"].to_numpy(),
    )


def _with_interior(fine: Shapes, border: Border, resolution: int) -> tuple[Indexes, Cells, Floats]:
    # Add the cells no border passes; return place, cell and square metres of every part.
    filled = [h3.h3shape_to_cells(h3.geo_to_h3shape(shape), resolution) for shape in fine]
    place = np.repeat(np.arange(len(fine)), [len(cells) for cells in filled])
    cells = np.concatenate(filled).astype(np.int64) if filled else np.empty(0, np.int64)
    universe = np.unique(np.concatenate((cells, border.cell)))
    centred = place * len(universe) + np.searchsorted(universe, cells)
    passed = border.place * len(universe) + np.searchsorted(universe, border.cell)
    part = border.turns - np.floor(border.turns)
    doubtful = (part < WHOLE) | (part > 1 - WHOLE)
    part[doubtful] = np.isin(passed[doubtful], centred)
    whole = np.setdiff1d(centred, passed, assume_unique=True)
    whole_place, whole_cell = whole // len(universe), universe[whole % len(universe)]
    distinct, index = np.unique(whole_cell, return_inverse=True)
    return (
        np.concatenate((border.place, whole_place)),
        np.concatenate((border.cell, whole_cell)),
        np.concatenate((part * border.cell_m2, hexes(distinct).area_m2[index])),
    )
