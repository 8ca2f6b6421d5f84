"""Polygons with many vertices: shared edges made rough so that neighbours agree exactly.

Real borders of the open data are simplified; a service is measured with the vertices that surveyed
ones have. Every edge between two corners is split at displaced midpoints. What moves a midpoint
depends on the edge's two ends alone, sorted, so both neighbours get the same line.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Coordinates are kept to so many parts of a degree: seven decimals.
PARTS = 10_000_000
#: Midpoints move sideways by at most this share of the edge; less, then not at all, where
#: lines would touch.
ROUGHNESS = (0.12, 0.03, 0.01, 0.0, 0.0)
DEEPEST = 12


def densify(shapes: NDArray[np.object_], vertices: int) -> NDArray[np.object_]:
    """Split edges until there are about so many vertices.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Multipolygons of a valid coverage, EPSG:4326.
    vertices : int
        Wanted number, corners shared by neighbours counted for each.

    Returns
    -------
    ndarray, shape (n,)
        Multipolygons; edges shared before are shared still.
    """
    kind, points, offsets = shapely.to_ragged_array(shapes)
    rings, polygons, wholes = (one.astype(np.int64) for one in offsets)
    ends = np.round(points * PARTS).astype(np.int64)
    is_edge = np.ones(len(points), dtype=bool)
    is_edge[rings[1:] - 1] = False
    at = np.flatnonzero(is_edge)
    one, other = _packed(ends[at]), _packed(ends[at + 1])
    keys = np.column_stack((np.minimum(one, other), np.maximum(one, other)))
    edges, which = np.unique(keys, axis=0, return_inverse=True)
    which = which.reshape(-1)
    depth = _depths(edges, which, vertices)
    rough = np.full(len(edges), ROUGHNESS[0])
    owner = np.searchsorted(wholes, np.searchsorted(polygons, np.searchsorted(
        rings, at, side="right") - 1, side="right") - 1, side="right") - 1  # fmt: skip
    for smoother in (*ROUGHNESS[1:], None):
        made = _rebuilt(
            (kind, points, rings, polygons, wholes), (at, which, one > other),
            _lines(edges, depth, rough), depth,
        )  # fmt: skip
        wrong = _faulty(made)
        if smoother is None or not len(wrong):
            break
        touched = np.unique(which[np.isin(owner, wrong)])
        rough[touched] = np.minimum(rough[touched], smoother)
    return made


def _packed(ends: Whole) -> Whole:
    return (ends[:, 0] << 32) + ends[:, 1]


def _unpacked(keys: Whole) -> Floats:
    return np.stack((keys >> 32, keys & 0xFFFFFFFF), axis=-1) / PARTS


def _depths(edges: Whole, which: Whole, vertices: int) -> Whole:
    # Each edge is halved until its parts are shorter than one step, the same for all.
    length = np.hypot(*(_unpacked(edges[:, 0]) - _unpacked(edges[:, 1])).T)

    def at_step(step: float) -> Whole:
        needed: Floats = np.ceil(np.log2(np.maximum(length / step, 1)))
        return np.minimum(needed, DEEPEST).astype(np.int64)

    low, high = 1e-7, 1.0
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if (2 ** at_step(middle))[which].sum() > vertices else (
            low, middle)  # fmt: skip
    return at_step(high)


def _lines(edges: Whole, depth: Whole, rough: Floats) -> tuple[Floats, Whole]:
    """Draw every edge; return all their points in a row, and where each begins."""
    sizes = 2**depth + 1
    begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    flat = np.empty((int(sizes.sum()), 2))
    for level in np.unique(depth):
        chosen = np.flatnonzero(depth == level)
        line = np.empty((len(chosen), 2**level + 1, 2))
        line[:, 0], line[:, -1] = _unpacked(edges[chosen, 0]), _unpacked(edges[chosen, 1])
        step = 2**level
        while step > 1:
            first, last = line[:, :-1:step], line[:, step::step]
            along = last - first
            aside = np.stack((-along[..., 1], along[..., 0]), axis=-1)
            place = np.arange(step // 2, 2**level, step)
            chance = _chance(edges[chosen], place) * rough[chosen, None]
            line[:, step // 2 :: step] = (first + last) / 2 + aside * chance[..., None]
            step //= 2
        line = np.round(line * PARTS) / PARTS
        flat[begins[chosen, None] + np.arange(2**level + 1)] = line
    return flat, begins


def _chance(edges: Whole, place: Whole) -> Floats:
    """Draw numbers from -1 to 1 that depend on the edge and the place along it alone."""
    mixed = edges[:, 0].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= edges[:, 1].astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = mixed[:, None] + place.astype(np.uint64)[None, :] * np.uint64(0x165667B19E3779F9)
    # The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed.astype(np.float64) / 2.0**63 - 1


def _rebuilt(
    ragged: tuple[shapely.GeometryType, Floats, Whole, Whole, Whole],
    places: tuple[Whole, Whole, NDArray[np.bool_]],
    lines: tuple[Floats, Whole],
    depth: Whole,
) -> NDArray[np.object_]:
    kind, points, rings, polygons, wholes = ragged
    at, which, is_backward = places
    flat, begins = lines
    counts = np.ones(len(points), dtype=np.int64)  # the closing corner of a ring is one point
    counts[at] = 2 ** depth[which]
    starts = np.concatenate(([0], np.cumsum(counts)))
    made = np.empty((int(starts[-1]), 2))
    closing = np.setdiff1d(np.arange(len(points)), at)
    parts = counts[at]
    edge = np.repeat(np.arange(len(at)), parts)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
    along = np.where(is_backward[edge], parts[edge] - step, step)
    made[starts[at][edge] + step] = flat[begins[which[edge]] + along]
    made[starts[closing]] = np.round(points[closing] * PARTS) / PARTS
    return np.asarray(
        shapely.from_ragged_array(kind, made, (starts[rings], polygons, wholes)), dtype=object
    )


def _faulty(shapes: NDArray[np.object_]) -> Whole:
    overlapping = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    return np.flatnonzero(~shapely.is_valid(shapes) | overlapping)
