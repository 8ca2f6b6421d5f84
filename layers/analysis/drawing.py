"""Shapes as coarse as the map they are drawn on can show."""

from __future__ import annotations

from collections.abc import Mapping

import shapely
from shapely.geometry.base import BaseGeometry

#: Width of the smallest detail of a border that is still seen, as a part of the map's width.
DETAIL_SHARE = 1 / 2600
_GRID_DEG = 0.0001


def generalise(shapes: Mapping[int, BaseGeometry]) -> dict[int, BaseGeometry]:
    """Drop the detail that a map as wide as all the shapes together cannot show.

    Parameters
    ----------
    shapes : mapping of int to geometry
        Polygons, EPSG:4326; neighbours share their border's vertices.

    Returns
    -------
    dict of int to geometry
        Simpler polygons under the same keys; common borders stay common, none vanishes.

    References
    ----------
    Visvalingam, M. and Whyatt, J. D. (1993), Line generalisation by repeated elimination of
    points, The Cartographic Journal 30, 46-51, as GEOS applies it to a coverage.
    """
    if not shapes:
        return {}
    keys, geometries = list(shapes), list(shapes.values())
    west, south, east, north = shapely.total_bounds(geometries)
    tolerance = max(east - west, north - south) * DETAIL_SHARE
    # pointwise rounding moves a shared vertex the same way in both neighbours
    simpler = shapely.set_precision(
        shapely.coverage_simplify(geometries, tolerance), _GRID_DEG, mode="pointwise"
    )
    return {
        key: shape if small.is_empty else small
        for key, shape, small in zip(keys, geometries, simpler, strict=True)
    }
