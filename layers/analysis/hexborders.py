"""Which part of each cell on its border a polygon fills: the work behind `hexshares`.

Every edge of a polygon is cut by the cells it passes, and by Green's theorem the part of the
polygon in a cell has the area of the integral along

* the pieces of edges inside the cell, and
* the stretches of the cell's rim from where an edge leaves it to where the next one enters.

The second needs no sorting: with F(t) the integral along the rim from a fixed corner to t,
the stretches add up to the sum of F(enters) - F(leaves), but for whole turns of the rim; and
as the result lies between nothing and the whole cell, the number of turns is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import polars_h3 as plh3
import shapely
from numpy.typing import NDArray

from layers.analysis.hexgrid import (
    Cells,
    Floats,
    Indexes,
    Shapes,
    cells_at,
    edge_deg,
    equal_area,
    rings,
)

#: A part of an edge or a cell below this is nothing; above one minus this, the whole.
WHOLE = 1e-9
#: How far the pieces of an edge may be from covering it once.
_EDGE_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class _Edges:
    """Directed edges, interior on the left: owner, start and end in degrees and in the plane."""

    owner: Indexes
    start_deg: Floats
    end_deg: Floats
    start: Floats
    end: Floats


@dataclass(frozen=True, slots=True)
class _Cut:
    """For pairs of edge and cell: part of the edge inside, integral, and whether they meet."""

    covered: Floats
    integral_m2: Floats
    cell_m2: Floats
    met: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Border:
    """Cells on the border of places.

    ``turns`` is the integral in areas of the cell; ``sound`` tells of each place whether the pieces
    of its edges cover them once.
    """

    place: Indexes
    cell: Cells
    turns: Floats
    cell_m2: Floats
    sound: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hexes:
    """Cells in the plane: corners about an origin each, the rim's integral up to each corner."""

    cell: Cells
    origin: Floats
    corners: Floats
    rim: Floats
    area_m2: Floats


def border_parts(fine: Shapes, resolution: int) -> Border:
    """Follow every edge through the cells it passes and add up the integrals by cell.

    Parameters
    ----------
    fine : ndarray of Polygon or MultiPolygon, shape (n,)
        EPSG:4326, oriented, with edges so short that straight in degrees is straight in the plane.
    resolution : int
        H3 resolution.

    Returns
    -------
    Border
        The cells on the border of each.

    References
    ----------
    Cyrus, M. and Beck, J. (1978), Generalized two- and three-dimensional clipping, Computers &
    Graphics 3, 23-28.
    """
    edges = _edges(fine)
    edge, cell = _passed(edges, resolution)
    cut = _cut(edges, edge, cell)
    # An edge may clip the corner of a cell in which no sample of it fell: look around it.
    missing = np.bincount(edge, cut.covered, minlength=len(edges.owner)) < 1 - WHOLE
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
    return Border(
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


def _cut(edges: _Edges, edge: Indexes, cell: Cells) -> _Cut:
    # Cut edges by cells: the part of each edge inside, and its share of the integral.
    known = hexes(np.unique(cell))
    at = np.searchsorted(known.cell, cell)
    origin, corners = known.origin[at], known.corners[at]
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
        reached = known.rim[at, side] + _cross(corners[rows, side], point) / 2
        integral += np.where(entered, sign * reached, 0.0)
    return _Cut(
        covered=np.where(met, last - first, 0.0),
        integral_m2=integral,
        cell_m2=known.area_m2[at],
        met=met,
    )


def _cross(left: Floats, right: Floats) -> Floats:
    product: Floats = left[..., 0] * right[..., 1] - left[..., 1] * right[..., 0]
    return product


def hexes(cells: Cells) -> Hexes:
    """Lay cells out in the plane, each about its first corner.

    Parameters
    ----------
    cells : ndarray, shape (n,)
        H3 cells.

    Returns
    -------
    Hexes
        In the equal-area plane, metres.

    References
    ----------
    H3 documentation, "Cell boundaries"; the plane is that of `hexgrid.equal_area`.
    """
    corners = rings(cells)
    plane = equal_area(corners.reshape(-1, 2)).reshape(corners.shape)
    origin = plane[:, 0, :].copy()
    plane -= origin[:, None, :]
    following = np.roll(plane, -1, axis=1)
    steps = (plane[..., 0] * following[..., 1] - plane[..., 1] * following[..., 0]) / 2
    rim = np.zeros_like(steps)
    rim[:, 1:] = np.cumsum(steps[:, :-1], axis=1)
    return Hexes(cells, origin, plane, rim, steps.sum(axis=1))
