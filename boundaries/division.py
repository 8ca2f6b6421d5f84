"""How organisations that share a sub-district divide it, when only "partly" is known.

Two estimates, both marked as such wherever they are shown. Shares are fitted so that they agree
as well as possible with the stated size (or population) of each organisation and exactly with
that of each sub-district. The drawing gives each smaller organisation a disc of its share's size
around its office, as most municipalities are town centres, and the rest to the largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import scale

from boundaries import geometry

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

#: No share is smaller than this: an organisation that covers a place covers some of it.
SMALLEST_SHARE = 0.001
_ROUNDS = 40
_TRIES = 24
#: A disc whose area is off by twice this share is taken.
_CLOSE_ENOUGH = 1e-6


def fit_shares(
    rows: Indices,
    columns: Indices,
    *,
    row_totals: Numbers,
    column_totals: Numbers,
    firm: NDArray[np.bool_] | None = None,
) -> Numbers:
    """Divide columns among rows so that both sets of totals are met as well as can be.

    Parameters
    ----------
    rows, columns : ndarray, shape (n,)
        Number of the organisation and of the sub-district of each pair.
    row_totals : ndarray, shape (rows,)
        Size of each organisation within these columns, km2 or persons; NaN when not known.
    column_totals : ndarray, shape (columns,)
        Size of each sub-district in the same unit, above zero.
    firm : ndarray of bool, shape (rows,), optional
        Organisations whose size is sure: where sizes contradict one another, theirs is met and
        the others of the same sub-districts take what is left.

    Returns
    -------
    ndarray, shape (n,)
        Share (0-1, no unit) of its column that each row has; they add up to 1 in each column.

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940), On a least squares adjustment of a sampled frequency
    table when the expected marginal totals are known, Ann. Math. Statist. 11(4), 427-444.
    """
    counts = np.bincount(columns, minlength=len(column_totals))
    parts = column_totals[columns] / counts[columns]
    known = ~np.isnan(row_totals) & (row_totals > 0)
    for _ in range(_ROUNDS):
        have = np.bincount(rows, weights=parts, minlength=len(row_totals))
        factor = np.where(known & (have > 0), row_totals / np.where(have > 0, have, 1.0), 1.0)
        parts *= factor[rows]
        parts = np.maximum(parts, SMALLEST_SHARE * column_totals[columns])
        have = np.bincount(columns, weights=parts, minlength=len(column_totals))
        parts *= (column_totals / have)[columns]
    if firm is not None and firm.any():
        parts = _held(parts, rows, columns, row_totals=row_totals, firm=firm & known)
    return np.asarray(parts / column_totals[columns], dtype=np.float64)


def _held(
    parts: Numbers,
    rows: Indices,
    columns: Indices,
    *,
    row_totals: Numbers,
    firm: NDArray[np.bool_],
) -> Numbers:
    # Sure sizes are met where somebody else is there to take what they give up.
    sums = np.bincount(columns, weights=parts)
    is_firm = firm[rows]
    others = np.bincount(columns, weights=np.where(is_firm, 0.0, parts), minlength=len(sums))
    have = np.bincount(rows, weights=parts, minlength=len(row_totals))
    factor = np.where(firm, np.minimum(row_totals / np.where(have > 0, have, 1.0), 1.0), 1.0)
    held = np.where(is_firm & (others[columns] > 0), parts * factor[rows], parts)
    taken = np.bincount(columns, weights=np.where(is_firm, held, 0.0), minlength=len(sums))
    scale_up = np.where(others > 0, (sums - taken) / np.where(others > 0, others, 1.0), 1.0)
    return np.where(is_firm, held, parts * scale_up[columns])


def divide(
    shape: shapely.MultiPolygon, shares: Sequence[float], points: Sequence[Any]
) -> list[Any]:
    """Divide a sub-district among organisations in the proportion of their shares.

    Parameters
    ----------
    shape : MultiPolygon
        The sub-district, EPSG:4326.
    shares : sequence of float, length n
        Part of its area for each organisation (0-1, no unit), adding up to 1.
    points : sequence of Point or None, length n
        Offices, EPSG:4326; those outside are brought to the nearest place inside.

    Returns
    -------
    list of geometry, length n
        Polygons that cover the shape without overlap: discs around the offices for all but
        the largest share, which has the rest.
    """
    centre = shapely.centroid(shape)
    # A degree of longitude is shorter than one of latitude: stretch, so that discs are round.
    squeeze = float(np.cos(np.radians(centre.y)))
    rest = scale(shape, xfact=squeeze, yfact=1.0, origin=(0, 0))
    whole = shapely.area(rest)
    pieces: list[Any] = [None] * len(shares)
    order = np.argsort(np.asarray(shares), kind="stable")
    for at in order[:-1]:
        point = points[at]
        around = centre if point is None else point
        around = shapely.Point(around.x * squeeze, around.y)
        piece = _disc(rest, around, shares[at] * whole)
        pieces[at] = piece
        rest = shapely.difference(rest, piece)
    pieces[order[-1]] = rest
    back = [scale(piece, xfact=1 / squeeze, yfact=1.0, origin=(0, 0)) for piece in pieces]
    return list(geometry.repair(geometry.polygons_only(np.array(back, dtype=object)))[0])


def _disc(shape: Any, around: shapely.Point, size: float) -> Any:  # noqa: ANN401  (geometries)
    # The part of the shape nearest to the point that has the size wanted, in its own units.
    inside = shapely.shortest_line(shape, around)
    centre = shapely.Point(shapely.get_coordinates(inside)[0])
    # The root of the area grows nearly in step with the radius: a straight line through two
    # radii, one with too little and one with too much, leads to the next.
    low, too_little = 0.0, -math.sqrt(size)
    high = float(shapely.hausdorff_distance(shape, centre)) * 1.01
    too_much = math.sqrt(shapely.area(shape)) - math.sqrt(size)
    piece = shape
    for _ in range(_TRIES):
        radius = low - too_little * (high - low) / (too_much - too_little)
        piece = shapely.intersection(shape, shapely.buffer(centre, radius, quad_segs=12))
        off = math.sqrt(shapely.area(piece)) - math.sqrt(size)
        if abs(off) <= _CLOSE_ENOUGH * math.sqrt(size):
            break
        # The end that stays put counts for half the next time, or the steps would shrink.
        if off < 0:
            low, too_little, too_much = radius, off, too_much / 2
        else:
            high, too_much, too_little = radius, off, too_little / 2
    return piece
