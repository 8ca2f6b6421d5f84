"""Millions of points: towns and a scatter between them, each with the place it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

SEED = 2567
TOWNS, TOWN_SHARE = 400, 0.8
#: A town's points lie around its centre with this deviation, about 3 km.
SPREAD_DEG = 0.03


@dataclass(frozen=True, slots=True)
class Points:
    """Longitudes and latitudes (EPSG:4326), and the position of the place each lies in."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    place: NDArray[np.int64]


def scatter(shapes: NDArray[np.object_], size: int) -> Points:
    """Make points inside places, the same every time.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Places, EPSG:4326; few vertices make it quick.
    size : int
        How many.

    Returns
    -------
    Points
        In no order; the first tenth is a scatter like the whole.
    """
    random = np.random.default_rng(SEED)
    tree = shapely.STRtree(shapes)
    towns = shapely.get_coordinates(
        shapely.point_on_surface(shapes[random.choice(len(shapes), TOWNS)])
    )
    west, south, east, north = shapely.total_bounds(shapes)
    found: list[tuple[Any, Any]] = []
    have = 0
    while have < size:
        wanted = min(1_000_000, int((size - have) * 1.6) + 1_000)
        at: Any = np.column_stack(
            (random.uniform(west, east, wanted), random.uniform(south, north, wanted))
        )
        in_town = random.random(wanted) < TOWN_SHARE
        centre = towns[random.integers(0, TOWNS, wanted)]
        near = centre + random.normal(0, SPREAD_DEG, (wanted, 2))
        at = np.round(np.where(in_town[:, None], near, at), 6)
        points, places = tree.query(shapely.points(at), predicate="within")
        points, first = np.unique(points, return_index=True)
        kept = points[: size - have]
        found.append((at[kept], places[first][: len(kept)]))
        have += len(kept)
    at = np.concatenate([one for one, _ in found])
    return Points(at[:, 0], at[:, 1], np.concatenate([place for _, place in found]))
