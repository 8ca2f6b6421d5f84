"""H3 cells as arrays: outlines, parents, the cells of a box; and the equal-area plane.

Cells are H3 indexes as signed 64-bit numbers, as the database holds them. Coordinates come
in as EPSG:4326, longitude first; where an area is needed they go to the cylindrical
equal-area projection of the WGS84 ellipsoid, in which an area is the area on the ellipsoid.
"""

from __future__ import annotations

from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import polars as pl
import polars_h3 as plh3
import shapely
from numpy.typing import NDArray

Cells = NDArray[np.int64]
Indexes = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Array of shapely geometries.
Shapes = NDArray[Any]

COARSEST, FINEST = 0, 15

#: Radius of the sphere H3 lays its grid on.
_SPHERE_M = 6_371_007.180918475
_SEMI_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_E2 = _FLATTENING * (2 - _FLATTENING)
_E = _E2**0.5

_RESOLUTION_SHIFT = 52
_DIGIT_BITS = 3


def equal_area(lonlat: Floats) -> Floats:
    """Project to the plane in which areas are those on the WGS84 ellipsoid.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        Degrees, EPSG:4326.

    Returns
    -------
    ndarray, shape (n, 2)
        Metres; x grows eastwards, y northwards.

    References
    ----------
    Snyder, J. P. (1987), Map Projections: A Working Manual, USGS Professional Paper 1395,
    equations 3-12 and 10-14, 10-15 with the equator as standard parallel.
    """
    sine = np.sin(np.radians(lonlat[:, 1]))
    authalic = (1 - _E2) * (
        sine / (1 - _E2 * sine * sine) - np.log((1 - _E * sine) / (1 + _E * sine)) / (2 * _E)
    )
    return np.column_stack((_SEMI_MAJOR_M * np.radians(lonlat[:, 0]), _SEMI_MAJOR_M * authalic / 2))


def parents(cells: Cells, resolution: int) -> Cells:
    """Return the ancestor of each cell at a coarser resolution.

    Parameters
    ----------
    cells : ndarray, shape (n,)
        Valid H3 cells, all at ``resolution`` or finer.
    resolution : int
        Resolution of the ancestors, 0-15.

    Returns
    -------
    ndarray, shape (n,)
        H3 cells.

    References
    ----------
    H3 documentation, "H3 Index Representations": three bits a digit, 7 for a digit not used.
    """
    unused = (1 << _DIGIT_BITS * (FINEST - resolution)) - 1
    own = cells & ~(15 << _RESOLUTION_SHIFT)
    return own | resolution << _RESOLUTION_SHIFT | unused


def rings(cells: Cells) -> Floats:
    """Return the corners of cells, counter-clockwise, not closed.

    A few cells on the edges of H3's icosahedron have more than six corners; the others then
    repeat their last one.

    Parameters
    ----------
    cells : ndarray, shape (n,)
        Valid H3 cells.

    Returns
    -------
    ndarray, shape (n, k, 2)
        Longitude and latitude in degrees, EPSG:4326; k is 6 nearly everywhere.

    References
    ----------
    H3 documentation, "cellToBoundary": corners in order, more of them at an icosahedron edge.
    """
    frame = pl.DataFrame({"cell": cells.astype(np.uint64)})
    corners = frame.select(plh3.cell_to_boundary("cell").alias("corners"))["corners"]
    counts = corners.list.len().to_numpy()
    flat = corners.explode().explode().to_numpy().reshape(-1, 2)[:, ::-1]
    if not len(cells):
        return np.empty((0, 6, 2))
    most = int(counts.max())
    if int(counts.min()) == most:
        return np.ascontiguousarray(flat.reshape(len(cells), most, 2))
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    index = starts[:, None] + np.minimum(np.arange(most)[None, :], counts[:, None] - 1)
    return np.ascontiguousarray(flat[index])


def outlines(cells: Cells) -> Shapes:
    """Return cells as polygons.

    Parameters
    ----------
    cells : ndarray, shape (n,)
        Valid H3 cells.

    Returns
    -------
    ndarray of Polygon, shape (n,)
        EPSG:4326, counter-clockwise.

    References
    ----------
    H3 documentation, "cellToBoundary".
    """
    return np.asarray(shapely.polygons(rings(cells)), dtype=object)


def centres(cells: Cells) -> Floats:
    """Return the centres of cells.

    Parameters
    ----------
    cells : ndarray, shape (n,)
        Valid H3 cells.

    Returns
    -------
    ndarray, shape (n, 2)
        Longitude and latitude in degrees, EPSG:4326.

    References
    ----------
    H3 documentation, "cellToLatLng".
    """
    frame = pl.DataFrame({"cell": cells.astype(np.uint64)})
    both = frame.select(
        plh3.cell_to_lng("cell").alias("lon"), plh3.cell_to_lat("cell").alias("lat")
    )
    return both.to_numpy()


def cells_in(bbox: tuple[float, float, float, float], resolution: int) -> Cells:
    """Return every cell that touches a box.

    Parameters
    ----------
    bbox : tuple of (west, south, east, north)
        In degrees, EPSG:4326; west <= east.
    resolution : int
        H3 resolution.

    Returns
    -------
    ndarray, shape (n,)
        Sorted cells.

    References
    ----------
    Every cell that touches the box is, or is next to, a cell whose centre lies in the box, or
    one that holds a point of its rim.
    """
    west, south, east, north = bbox
    step = 0.5 * edge_deg(resolution)
    across = np.append(np.arange(west, east, step), east)
    upward = np.append(np.arange(south, north, step), north)
    rim = np.concatenate(
        [
            np.column_stack((across, np.full(len(across), south))),
            np.column_stack((across, np.full(len(across), north))),
            np.column_stack((np.full(len(upward), west), upward)),
            np.column_stack((np.full(len(upward), east), upward)),
        ]
    )
    seeds = [cells_at(rim, resolution).astype(np.uint64)]
    shape = shapely.box(west, south, east, north)
    if shape.area > 0:
        seeds.append(h3.h3shape_to_cells(h3.geo_to_h3shape(shape), resolution))
    near = pl.DataFrame({"cell": np.unique(np.concatenate(seeds))})
    around = near.select(plh3.grid_disk("cell", 1).alias("cell")).explode("cell")
    cells = np.sort(around["cell"].unique().to_numpy().astype(np.int64))
    shapely.prepare(shape)
    return cells[shapely.intersects(shape, outlines(cells))]


def estimate_cells(bbox: tuple[float, float, float, float], resolution: int) -> float:
    """Estimate how many cells touch a box, without making them.

    Parameters
    ----------
    bbox : tuple of (west, south, east, north)
        Degrees, EPSG:4326.
    resolution : int
        H3 resolution.

    Returns
    -------
    float
        Number of cells, no unit; within a third of the truth over Thailand.

    References
    ----------
    Area of the box on the ellipsoid over the mean area of a cell.
    """
    west, south, east, north = bbox
    corner = equal_area(np.array([[west, south], [east, north]]))
    span_m = corner[1] - corner[0]
    edge_m = h3.average_hexagon_edge_length(resolution, unit="m")
    grown = span_m + 4 * edge_m
    return float(grown[0] * grown[1] / h3.average_hexagon_area(resolution, unit="m^2"))


def edge_deg(resolution: int) -> float:
    """Return a length below the side of any cell, as an angle.

    Parameters
    ----------
    resolution : int
        H3 resolution.

    Returns
    -------
    float
        Degrees of a great circle.

    References
    ----------
    H3 documentation, "Tables of cell statistics": the smallest hexagon has 0.51 of the mean
    area, so its side is above 0.7 of the mean side.
    """
    edge_m = h3.average_hexagon_edge_length(resolution, unit="m")
    return float(np.degrees(0.7 * edge_m / _SPHERE_M))


def cells_at(lonlat: Floats, resolution: int) -> Cells:
    """Return the cell that holds each point.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        Finite degrees, EPSG:4326.
    resolution : int
        H3 resolution.

    Returns
    -------
    ndarray, shape (n,)
        H3 cells.

    References
    ----------
    H3 documentation, "latLngToCell".
    """
    frame = pl.DataFrame({"lon": lonlat[:, 0], "lat": lonlat[:, 1]})
    cells = frame.select(plh3.latlng_to_cell("lat", "lon", resolution).alias("cell"))["cell"]
    return cells.to_numpy().astype(np.int64)
