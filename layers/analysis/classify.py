"""Cut values into the classes of a map: where the breaks are, and which class a value is in.

Classes are half-open, ``lower <= value < upper``; the last one holds its upper end too.
Breaks are moved to readable numbers close by. Pure arithmetic: values in, breaks out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import jenkspy
import numpy as np
from numpy.typing import NDArray

from layers.analysis.numbers import simplest_between

Values = NDArray[np.float64]
Method = Literal["quantile", "equal", "natural", "stddev", "policy"]

FEWEST_CLASSES, MOST_CLASSES = 1, 7
#: Natural breaks are exact up to this many values; beyond, this many quantiles stand for them.
MOST_JENKS = 4_000
#: How far a break may move to a readable number, as a share of its narrower neighbour class.
ROUNDING_SHARE = 0.08


def breaks(
    values: Values,
    method: Method,
    classes: int,
    *,
    limits: Sequence[float] = (),
    centre: float | None = None,
    decimals: int | None = None,
) -> tuple[float, ...]:
    """Find the breaks of a map.

    Parameters
    ----------
    values : ndarray, shape (n,)
        All values that are to be classed, in the indicator's unit; finite.
    method : {"quantile", "equal", "natural", "stddev", "policy"}
        How to cut; ``policy`` takes ``limits`` as they are.
    classes : int
        How many classes are wished for; fewer come out when there are fewer distinct values.
    limits : sequence of float
        Inner breaks set by a policy, in the indicator's unit.
    centre : float, optional
        A target that must be a break, so that classes lie on its two sides.
    decimals : int, optional
        Digits after the point that breaks should not exceed, where classes allow it.

    Returns
    -------
    tuple of float
        One more than there are classes, rising; the first is at most the least value, the last
        at least the greatest. A single value twice when all values are the same; empty when
        there are none.

    Raises
    ------
    ValueError
        If ``classes`` is not 1 to 7 or a value is not finite.

    References
    ----------
    Slocum, T. A. et al. (2009), Thematic Cartography and Geovisualization, 3rd ed., ch. 4;
    Jenks, G. F. (1977), Optimal Data Classification for Choropleth Maps.
    """
    if not FEWEST_CLASSES <= classes <= MOST_CLASSES:
        raise ValueError(f"between {FEWEST_CLASSES} and {MOST_CLASSES} classes, not {classes}")
    if not np.isfinite(values).all():
        raise ValueError("only finite values can be classed")
    if values.size == 0:
        return ()
    distinct = np.unique(values)
    low, high = float(distinct[0]), float(distinct[-1])
    if method == "policy" and limits:
        return _policy(sorted({float(limit) for limit in limits}), low, high)
    if low == high:
        return (low, high)
    if centre is not None and low < centre < high:
        inner = _around(values, method, classes, centre)
    else:
        inner = _rounded(_inner(values, method, min(classes, distinct.size)), low, high)
    return _ends(_shortened(inner, low, high, decimals), low, high)


def class_of(values: Values, edges: Sequence[float]) -> NDArray[np.int64]:
    """Tell which class each value is in.

    Parameters
    ----------
    values : ndarray, shape (n,)
        In the indicator's unit, none outside the breaks.
    edges : sequence of float
        As `breaks` returns them.

    Returns
    -------
    ndarray, shape (n,)
        Number of the class, 0 for the lowest.

    References
    ----------
    Slocum, T. A. et al. (2009), Thematic Cartography and Geovisualization, 3rd ed., ch. 4.

    Examples
    --------
    >>> class_of(np.array([0.0, 1.0, 2.0]), (0.0, 1.0, 2.0))
    array([0, 1, 1])
    """
    inner = np.asarray(edges[1:-1], dtype=np.float64)
    return np.searchsorted(inner, values, side="right").astype(np.int64)


def histogram(values: Values, edges: Sequence[float], bins: int) -> tuple[int, ...]:
    """Count values in equally wide bins between the outer breaks.

    Parameters
    ----------
    values : ndarray, shape (n,)
        In the indicator's unit.
    edges : sequence of float
        As `breaks` returns them.
    bins : int
        How many bins.

    Returns
    -------
    tuple of int
        Empty when there is nothing to count.

    References
    ----------
    Pearson, K. (1895), Philosophical Transactions A 186, 343-414.
    """
    if values.size == 0 or len(edges) <= 1:
        return ()
    if edges[0] == edges[-1]:
        return (int(values.size),)
    counts, _ = np.histogram(values, bins=bins, range=(edges[0], edges[-1]))
    return tuple(int(count) for count in counts)


def _inner(values: Values, method: Method, classes: int) -> list[float]:
    cut: dict[str, Callable[[Values, int], Values]] = {
        "quantile": _quantile,
        "equal": _equal,
        "natural": _natural,
        "stddev": _stddev,
    }
    if classes <= 1:
        return []
    distinct = np.unique(values)
    if distinct.size <= classes:
        return [float(value) for value in distinct[1:]]
    found = cut[method](values, classes)
    low, high = float(values.min()), float(values.max())
    return sorted({float(edge) for edge in found if low < edge <= high})


def _quantile(values: Values, classes: int) -> Values:
    # Ties must not split: a break is always one of the values, so equal values stay together.
    shares = np.arange(1, classes) / classes
    return np.quantile(values, shares, method="higher")


def _equal(values: Values, classes: int) -> Values:
    return np.linspace(values.min(), values.max(), classes + 1)[1:-1]


def _natural(values: Values, classes: int) -> Values:
    if values.size > MOST_JENKS:
        shares = np.linspace(0, 1, MOST_JENKS)
        values = np.quantile(values, shares, method="nearest")
    distinct = np.unique(values)
    ends = np.asarray(jenkspy.jenks_breaks(values, n_classes=classes), dtype=np.float64)[1:-1]
    # jenkspy's breaks are the greatest value of each class; ours lie in the gap above it.
    above = np.searchsorted(distinct, ends, side="right")
    middles: Values = (distinct[above] + distinct[above - 1]) / 2
    return middles


def _stddev(values: Values, classes: int) -> Values:
    steps = np.arange(1, classes) - classes / 2
    cuts: Values = values.mean() + steps * values.std()
    return cuts


# Cuts each side of a target by itself; the target is the break between them.
def _around(values: Values, method: Method, classes: int, centre: float) -> list[float]:
    below, above = values[values < centre], values[values >= centre]
    # The two arms of a diverging ramp have three colours each.
    under, over = min(classes // 2, 3), min(classes - classes // 2, 3)
    low, high = float(values.min()), float(values.max())
    left = _inner(below, method, min(under, np.unique(below).size))
    right = _inner(above, method, min(over, np.unique(above).size))
    rounded_left = _rounded(left, low, centre)
    rounded_right = _rounded(right, centre, high)
    return [
        *(edge for edge in rounded_left if edge < centre),
        centre,
        *(edge for edge in rounded_right if edge > centre),
    ]


# Moves breaks to readable numbers without letting them meet.
def _rounded(inner: list[float], low: float, high: float) -> list[float]:
    edges = [low, *inner, high]
    rounded = []
    for place, edge in enumerate(inner, start=1):
        room = ROUNDING_SHARE * min(edge - edges[place - 1], edges[place + 1] - edge)
        if room <= 0:
            # The last class holds one value alone: keep its break where it is.
            rounded.append(edge)
            continue
        rounded.append(simplest_between(edge - room, edge + room, edge))
    return sorted({edge for edge in rounded if low < edge <= high})


# All limits of a policy are breaks, whether or not a value lies beyond them.
def _policy(limits: list[float], low: float, high: float) -> tuple[float, ...]:
    floor = low if low < limits[0] else min(0.0, limits[0] - 1)
    ceiling = high if high > limits[-1] else limits[-1] + max(abs(limits[-1]) / 10, 1)
    return (floor, *limits, ceiling)


# Cuts breaks to so many digits, unless two of them would then meet.
def _shortened(inner: list[float], low: float, high: float, decimals: int | None) -> list[float]:
    if decimals is None:
        return inner
    edges = [low, *inner, high]
    short = [low, *(round(edge, decimals) for edge in inner), high]
    return [
        short[place] if short[place - 1] < short[place] < short[place + 1] else edges[place]
        for place in range(1, len(edges) - 1)
    ]


# Closes the outer classes at readable numbers just outside the data.
def _ends(inner: list[float], low: float, high: float) -> tuple[float, ...]:
    first = inner[0] if inner else high
    last = inner[-1] if inner else low
    room_below = ROUNDING_SHARE * (first - low)
    room_above = ROUNDING_SHARE * (high - last)
    start = simplest_between(low - room_below, low, low - room_below / 2) if room_below > 0 else low
    if low >= 0:
        start = max(start, 0.0)
    end = (
        simplest_between(high, high + room_above, high + room_above / 2) if room_above > 0 else high
    )
    return (start, *inner, end)
