"""Shapes: repaired by a stated rule, cleaned to a coverage, measured, generalised.

Everything here is pure: arrays of shapely geometries in, arrays out, same order. Storage is
EPSG:4326 with longitude first; areas are measured on the WGS 84 ellipsoid.

The rule of repair: an invalid shape becomes what ``shapely.make_valid`` (method "structure")
makes of it, and of that only the polygons are kept. The rule of cleaning: where neighbours
overlap, the overlap goes to the one it shares the longest border with; gaps narrower than
``gap_width_m`` are closed the same way; wider ones (lakes, straits, holes) stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from boundaries.projection import Shapes, to_srid
from geo_service.core.crs import STORAGE_SRID, TILE_SRID

#: Metres in a degree of latitude; widths in metres become degrees by it. A degree of longitude
#: is 3-6 % shorter in Thailand, so widths east-west are that much smaller than stated.
METRES_PER_DEGREE = 111_320.0

#: Gaps between neighbours narrower than this are drawing errors, in metres. Tried at 1, 10 and
#: 100 m on a dirty set of 7,425 sub-districts: only at 100 m does cleaning keep the total area
#: (within 0.003 %), because most errors are a gap and an overlap side by side.
GAP_WIDTH_M = 100.0
#: A shape whose area cleaning moved by more than this is reported as changed, km2.
_CHANGED_KM2 = 0.01


@dataclass(frozen=True, slots=True)
class Band:
    """Zooms that share one generalisation; tolerance in metres of EPSG:3857, 0 for none."""

    number: int
    first_zoom: int
    last_zoom: int
    tolerance_m: float


#: A pixel at the last zoom of a band is about its tolerance (156,543 m / 2^zoom), coarse first.
BANDS: tuple[Band, ...] = (
    Band(0, 0, 5, 2_400.0),
    Band(1, 6, 7, 1_000.0),
    Band(2, 8, 9, 250.0),
    Band(3, 10, 11, 60.0),
    Band(4, 12, 24, 0.0),
)


@dataclass(frozen=True, slots=True)
class Repair:
    """An invalid shape: its position in the array, and what was wrong with it."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A coverage, and how much cleaning it took.

    ``lost_km2`` and ``gained_km2`` (km2, on the ellipsoid) add up the shapes that became smaller
    (overlaps given away) and larger (overlaps won, gaps closed); ``changed`` holds the positions
    whose area changed by more than 0.01 km2.
    """

    shapes: Shapes
    was_valid: bool
    lost_km2: float
    gained_km2: float
    changed: tuple[int, ...]


def band_of(zoom: int) -> Band:
    """Return the generalisation a zoom is drawn with.

    Parameters
    ----------
    zoom : int
        Web Mercator zoom, 0 or more.

    Returns
    -------
    Band
        The finest for zooms beyond the last.
    """
    return next((band for band in BANDS if zoom <= band.last_zoom), BANDS[-1])


def polygons_only(shapes: Shapes) -> Shapes:
    """Keep the polygons of each shape, as multipolygons with rings in the standard's order.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Geometries in any CRS; collections are searched.

    Returns
    -------
    ndarray, shape (n,)
        Multipolygons (outer rings counter-clockwise, RFC 7946 3.1.6); empty ones where
        nothing is left.
    """
    result = np.empty(len(shapes), dtype=object)
    for position, shape in enumerate(shapes):
        parts = [] if shape is None else _polygons(shape)
        result[position] = shapely.MultiPolygon(parts)
    return np.asarray(shapely.orient_polygons(result), dtype=object)


def repair(shapes: Shapes) -> tuple[Shapes, tuple[Repair, ...]]:
    """Make every shape valid by the stated rule.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Polygons in any CRS.

    Returns
    -------
    tuple of (ndarray of shape (n,), tuple of Repair)
        Valid multipolygons, and what was wrong with those that were not.
    """
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    found = tuple(Repair(int(i), str(shapely.is_valid_reason(shapes[i]))) for i in wrong)
    fixed = shapes.copy()
    if len(wrong):
        fixed[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    return polygons_only(fixed), found


def clean_coverage(shapes: Shapes, *, gap_width_m: float = GAP_WIDTH_M) -> Cleaned:
    """Make neighbours share their borders: no overlaps, no narrow gaps.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Valid polygons, EPSG:4326.
    gap_width_m : float
        Gaps narrower than this are closed, metres.

    Returns
    -------
    Cleaned
        The same shapes, untouched when they already were a coverage.
    """
    gap_deg = gap_width_m / METRES_PER_DEGREE
    if len(shapes) == 0 or shapely.coverage_is_valid(shapes, gap_width=gap_deg):
        return Cleaned(shapes, was_valid=True, lost_km2=0.0, gained_km2=0.0, changed=())
    # The stubs of shapely do not know coverage_clean yet.
    cleaned = polygons_only(shapely.coverage_clean(shapes, gap_width=gap_deg))  # type: ignore[attr-defined]
    change = area_km2(cleaned) - area_km2(shapes)
    return Cleaned(
        cleaned,
        was_valid=False,
        lost_km2=float(-change[change < 0].sum()),
        gained_km2=float(change[change > 0].sum()),
        changed=tuple(int(i) for i in np.flatnonzero(np.abs(change) > _CHANGED_KM2)),
    )


def area_km2(shapes: Shapes) -> NDArray[np.float64]:
    """Measure areas on the WGS 84 ellipsoid.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Polygons, EPSG:4326; rings may run either way.

    Returns
    -------
    ndarray, shape (n,)
        Areas, km2.

    References
    ----------
    Karney, C. F. F. (2013), Algorithms for geodesics, J. Geodesy 87, 43-55.
    """
    geod = _wgs84()
    oriented = shapely.orient_polygons(np.asarray(shapes, dtype=object))
    areas = [geod.geometry_area_perimeter(shape)[0] for shape in oriented]
    return np.asarray(areas, dtype=np.float64) / 1e6


def dissolve(shapes: Shapes, groups: Sequence[str]) -> dict[str, Any]:
    """Unite the shapes of each group, dropping the borders between them.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        A valid coverage in any CRS.
    groups : sequence of str, length n
        The group of each shape.

    Returns
    -------
    dict of str to MultiPolygon
        One shape for each group; their lines coincide with those of the parts.
    """
    names, inverse = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    united = np.empty(len(names), dtype=object)
    for number in range(len(names)):
        united[number] = shapely.coverage_union_all(shapes[inverse == number])
    return dict(zip(names.tolist(), polygons_only(united), strict=True))


def generalise(shapes: Shapes, *, bands: Sequence[Band] = BANDS) -> dict[int, Shapes]:
    """Prepare a coverage for drawing, one generalisation for each band of zooms.

    Neighbours keep one border: the coverage is simplified as a whole. Each band is made from
    the next finer one, so the vertices shrink on the way and the bands nest.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        A valid coverage of (multi)polygons, EPSG:4326.
    bands : sequence of Band
        Which generalisations, any order.

    Returns
    -------
    dict of int to ndarray of shape (n,)
        For each band's number, the shapes in EPSG:3857.

    References
    ----------
    Visvalingam, M. and Whyatt, J. D. (1993), Line generalisation by repeated elimination of
    points, Cartographic Journal 30(1), 46-51; kept to a coverage by GEOS CoverageSimplifier.
    """
    drawn = to_srid(np.asarray(shapes, dtype=object), STORAGE_SRID, TILE_SRID)
    result: dict[int, Shapes] = {}
    for band in sorted(bands, key=lambda one: one.tolerance_m):
        if band.tolerance_m > 0 and len(drawn):
            drawn = np.asarray(shapely.coverage_simplify(drawn, band.tolerance_m), dtype=object)
        result[band.number] = polygons_only(drawn)
    return result


def simplify_each(shapes: Shapes, *, bands: Sequence[Band] = BANDS) -> dict[int, Shapes]:
    """Prepare shapes that have no borders in common for drawing, each by itself.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Points, lines, polygons or collections, EPSG:4326.
    bands : sequence of Band
        Which generalisations, any order.

    Returns
    -------
    dict of int to ndarray of shape (n,)
        For each band's number, the shapes in EPSG:3857; none vanishes.

    References
    ----------
    Douglas, D. and Peucker, T. (1973), Algorithms for the reduction of the number of points,
    Cartographica 10(2), 112-122.
    """
    drawn = to_srid(np.asarray(shapes, dtype=object), STORAGE_SRID, TILE_SRID)
    result: dict[int, Shapes] = {}
    for band in sorted(bands, key=lambda one: one.tolerance_m):
        if band.tolerance_m > 0:
            # Half a pixel: a line of its own shows more than a border between two colours.
            drawn = np.asarray(shapely.simplify(drawn, band.tolerance_m / 2), dtype=object)
        result[band.number] = drawn
    return result


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    parts = shapely.get_parts(shape)
    found: list[shapely.Polygon] = []
    for part in parts:
        if part.geom_type == "Polygon" and not part.is_empty:
            found.append(part)
        elif part.geom_type in {"MultiPolygon", "GeometryCollection"}:
            found += _polygons(part)
    return found


@cache
def _wgs84() -> Geod:
    return Geod(ellps="WGS84")
