"""Which share of each polygon lies in each H3 cell, on the ellipsoid.

The work is proportional to the length of the borders. Cells that no border passes are
inside or outside as a whole, and H3's own fill says which. For the others every edge of a
polygon is cut by the cells it passes, and by Green's theorem the part of the polygon in a
cell has the area of the integral along

* the pieces of edges inside the cell, and
* the stretches of the cell's rim from where an edge leaves it to where the next one enters.

The second needs no sorting: with F(t) the integral along the rim from a fixed corner to t,
the stretches add up to the sum of F(enters) - F(leaves), but for whole turns of the rim; and
as the result lies between nothing and the whole cell, the number of turns is known. Each
polygon is checked (its pieces must cover its edges, its parts its area) and one that fails is
cut again the slow way.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.numpy_int as h3
import numpy as np
import polars as pl
import polars_h3 as plh3
import shapely
from numpy.typing import NDArray

from layers.analysis.hexgrid import (
    Cells,
    Floats,
    Shapes,
    cells_at,
    cells_in,
    edge_deg,
    equal_area,
    outlines,
    parents,
    rings,
)

Indexes = NDArray[np.int64]

#: Edges are taken in pieces no longer than this, so that straight in degrees, straight in the
#: plane and along the geodesic are the same to five centimetres.
_LONGEST_EDGE_DEG = 0.02
#: A part of a cell below this is nothing; above one minus this, the whole cell.
_WHOLE = 1e-9
#: Largest relative error of a polygon's area that its parts may show before it is cut again.
_TOLERANCE = 1e-9
#: How far the pieces of an edge may be from covering it once.
_EDGE_TOLERANCE = 1e-6
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


@dataclass(frozen=True, slots=True)
class _Edges:
    """Directed edges, interior on the left: owner, start and end in degrees and in the plane."""

    owner: Indexes
    start_deg: Floats
    end_deg: Floats
    start: Floats
    end: Floats


@dataclass(frozen=True, slots=True)
class _Hexes:
    """Cells in the plane: corners about an origin each, the rim's integral up to each corner."""

    cell: Cells
    origin: Floats
    corners: Floats
    rim: Floats
    area_m2: Floats


@dataclass(frozen=True, slots=True)
class _Cut:
    """For pairs of edge and cell: part of the edge inside, integral, and whether they meet."""

    covered: Floats
    integral_m2: Floats
    cell_m2: Floats
    met: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Border:
    """Cells on the border of places; ``turns`` is the integral in areas of the cell."""

    place: Indexes
    cell: Cells
    turns: Floats
    cell_m2: Floats
    sound: NDArray[np.bool_]


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
    traditional spatial problem, Geo-Processing 1, 297-312. Cyrus, M. and Beck, J. (1978),
    Generalized two- and three-dimensional clipping, Computers & Graphics 3, 23-28.
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
    hexes = shapely.transform(outlines(cells), equal_area)
    areas = shapely.area(shapely.intersection(fine, hexes))
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
    border = _border_parts(fine, resolution)
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


def _with_interior(fine: Shapes, border: _Border, resolution: int) -> tuple[Indexes, Cells, Floats]:
    # Add the cells no border passes; return place, cell and square metres of every part.
    filled = [h3.h3shape_to_cells(h3.geo_to_h3shape(shape), resolution) for shape in fine]
    place = np.repeat(np.arange(len(fine)), [len(cells) for cells in filled])
    cells = np.concatenate(filled).astype(np.int64) if filled else np.empty(0, np.int64)
    universe = np.unique(np.concatenate((cells, border.cell)))
    centred = place * len(universe) + np.searchsorted(universe, cells)
    passed = border.place * len(universe) + np.searchsorted(universe, border.cell)
    part = border.turns - np.floor(border.turns)
    doubtful = (part < _WHOLE) | (part > 1 - _WHOLE)
    part[doubtful] = np.isin(passed[doubtful], centred)
    whole = np.setdiff1d(centred, passed, assume_unique=True)
    whole_place, whole_cell = whole // len(universe), universe[whole % len(universe)]
    distinct, index = np.unique(whole_cell, return_inverse=True)
    return (
        np.concatenate((border.place, whole_place)),
        np.concatenate((border.cell, whole_cell)),
        np.concatenate((part * border.cell_m2, _hexes(distinct).area_m2[index])),
    )


def _border_parts(fine: Shapes, resolution: int) -> _Border:
    # Follow every edge through the cells it passes and add up the integrals by cell.
    edges = _edges(fine)
    edge, cell = _passed(edges, resolution)
    cut = _cut(edges, edge, cell)
    # An edge may clip the corner of a cell in which no sample of it fell: look around it.
    missing = np.bincount(edge, cut.covered, minlength=len(edges.owner)) < 1 - _WHOLE
    if missing.any():
        again = missing[edge]
        wider_edge, wider_cell = _around(edge[again], cell[again])
        wider = _cut(edges, wider_edge, wider_cell)
        edge = np.concatenate((edge[~again], wider_edge))
        cell = np.concatenate((cell[~again], wider_cell))
        cut = _Cut(
            *(
                np.concatenate((getattr(cut, name)[~again], getattr(wider, name)))
                for name in ("covered", "integral_m2", "cell_m2", "met")
            )
        )
    covered = np.bincount(edge, cut.covered, minlength=len(edges.owner))
    sound = np.ones(len(fine), dtype=np.bool_)
    sound[edges.owner[np.abs(covered - 1) > _EDGE_TOLERANCE]] = False
    table = (
        pl.LazyFrame(
            {
                "place": edges.owner[edge[cut.met]],
                "cell": cell[cut.met],
                "integral_m2": cut.integral_m2[cut.met],
                "cell_m2": cut.cell_m2[cut.met],
            }
        )
        .group_by("place", "cell")
        .agg(pl.sum("integral_m2"), pl.first("cell_m2"))
        .collect()
    )
    cell_m2 = table["cell_m2"].to_numpy()
    return _Border(
        place=table["place"].to_numpy(),
        cell=table["cell"].to_numpy(),
        turns=table["integral_m2"].to_numpy() / cell_m2,
        cell_m2=cell_m2,
        sound=sound,
    )


def _edges(fine: Shapes) -> _Edges:
    # Take oriented polygons apart into directed edges, the interior on their left.
    polygons, of_polygon = shapely.get_parts(fine, return_index=True)
    loops, of_loop = shapely.get_rings(polygons, return_index=True)
    lonlat, of_point = shapely.get_coordinates(loops, return_index=True)
    plane = equal_area(lonlat)
    joined = (of_point[1:] == of_point[:-1]) & (lonlat[1:] != lonlat[:-1]).any(axis=1)
    start = np.flatnonzero(joined)
    return _Edges(
        owner=of_polygon[of_loop[of_point[start]]],
        start_deg=lonlat[start],
        end_deg=lonlat[start + 1],
        start=plane[start],
        end=plane[start + 1],
    )


def _passed(edges: _Edges, resolution: int) -> tuple[Indexes, Cells]:
    # Return (edge, cell) for the cells found at close points along each edge.
    span = edges.end_deg - edges.start_deg
    pieces = np.ceil(np.hypot(span[:, 0], span[:, 1]) / (0.5 * edge_deg(resolution)))
    points = pieces.astype(np.int64) + 1
    edge = np.repeat(np.arange(len(points)), points)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(points) - points, points)
    along = (step / np.repeat(pieces, points))[:, None]
    cell = cells_at(edges.start_deg[edge] + along * span[edge], resolution)
    new = np.ones(len(edge), dtype=np.bool_)
    new[1:] = (edge[1:] != edge[:-1]) | (cell[1:] != cell[:-1])
    return edge[new], cell[new]


def _around(edge: Indexes, cell: Cells) -> tuple[Indexes, Cells]:
    # Return the same (edge, cell) pairs with every neighbour of the cells.
    table = (
        pl.DataFrame({"edge": edge, "cell": cell.astype(np.uint64)})
        .with_columns(plh3.grid_disk("cell", 1).alias("cell"))
        .explode("cell")
        .unique()
    )
    return table["edge"].to_numpy(), table["cell"].to_numpy().astype(np.int64)


def _hexes(cells: Cells) -> _Hexes:
    corners = rings(cells)
    plane = equal_area(corners.reshape(-1, 2)).reshape(corners.shape)
    origin = plane[:, 0, :].copy()
    plane -= origin[:, None, :]
    following = np.roll(plane, -1, axis=1)
    steps = (plane[..., 0] * following[..., 1] - plane[..., 1] * following[..., 0]) / 2
    rim = np.zeros_like(steps)
    rim[:, 1:] = np.cumsum(steps[:, :-1], axis=1)
    return _Hexes(cells, origin, plane, rim, steps.sum(axis=1))


def _cut(edges: _Edges, edge: Indexes, cell: Cells) -> _Cut:
    # Cut edges by cells: the part of each edge inside, and its share of the integral.
    hexes = _hexes(np.unique(cell))
    at = np.searchsorted(hexes.cell, cell)
    origin, corners = hexes.origin[at], hexes.corners[at]
    start, end = edges.start[edge] - origin, edges.end[edge] - origin
    sides = np.roll(corners, -1, axis=1) - corners
    # Above zero on the inner side of each side's line.
    height_start = _cross(sides, start[:, None, :] - corners)
    height_end = _cross(sides, end[:, None, :] - corners)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = height_start / (height_start - height_end)
    enters, leaves = height_start < 0, height_end < 0
    never = (enters & leaves).any(axis=1)
    first_all = np.where(enters, crossing, 0.0)
    last_all = np.where(leaves, crossing, 1.0)
    side_in, side_out = first_all.argmax(axis=1), last_all.argmin(axis=1)
    rows = np.arange(len(edge))
    first, last = first_all[rows, side_in], last_all[rows, side_out]
    met = ~never & (first <= last)
    span = end - start
    point_in, point_out = start + first[:, None] * span, start + last[:, None] * span
    integral = _cross(point_in, point_out) / 2
    for entered, side, point, sign in (
        (enters.any(axis=1), side_in, point_in, 1.0),
        (leaves.any(axis=1), side_out, point_out, -1.0),
    ):
        reached = hexes.rim[at, side] + _cross(corners[rows, side], point) / 2
        integral += np.where(entered, sign * reached, 0.0)
    return _Cut(
        covered=np.where(met, last - first, 0.0),
        integral_m2=integral,
        cell_m2=hexes.area_m2[at],
        met=met,
    )


def _cross(left: Floats, right: Floats) -> Floats:
    product: Floats = left[..., 0] * right[..., 1] - left[..., 1] * right[..., 0]
    return product
