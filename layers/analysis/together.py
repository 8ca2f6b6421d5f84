"""Random futures of many places drawn together, so that their sums are as unsure as they are.

A forecast tells how sure it is of one place. Places miss together: a survey changes, a year is
dry. Drawn each by itself, their errors would cancel in a sum, and its interval would be far too
narrow. So a part of every place's error is the country's, a part that of what it lies in, and
the rest its own; how large the parts are is estimated from the errors of the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from layers.analysis.intervals import KNOTS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: With fewer pairs of places nothing is said of what they share.
FEWEST_PLACES = 3
#: Taken where the past tells nothing: sums are then rather too unsure than too sure.
UNKNOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Shared:
    """Shares of the variance of a place's error that are common, 0 to 1, no unit.

    ``whole`` is common to all places, ``group`` to those that lie in the same place above, in
    addition; what is left is a place's own. ``origins`` is how many past years that is known from.
    """

    whole: float
    group: float = 0.0
    origins: int = 0


def shared(missed: Array, groups: Whole | None = None) -> Shared:
    """Estimate which part of their errors places have in common.

    Parameters
    ----------
    missed : ndarray, shape (n, origins, horizon)
        Errors of past forecasts over the scale of their series, no unit; NaN where none was made.
    groups : ndarray of int, shape (n,), optional
        What each place lies in; none: only the whole is looked at.

    Returns
    -------
    Shared
        The mean product of the errors of two places over the mean square, over all past years
        and years ahead: not about their mean, as a year that all miss alike is what is sought.

    References
    ----------
    Donner, A. (1986), International Statistical Review 54, 67-82 (intraclass correlation).
    """
    sizes = np.arcsinh(missed)
    pairs, squares, origins = _products(sizes, np.zeros(len(sizes), dtype=np.int64))
    whole = float(np.clip(pairs / squares, 0.0, 1.0)) if origins else UNKNOWN_SHARE
    if groups is None:
        return Shared(whole, 0.0, origins)
    pairs, squares, within = _products(sizes, groups)
    inner = float(np.clip(pairs / squares, 0.0, 1.0)) if within else whole
    return Shared(whole, max(inner - whole, 0.0), origins)


def walks(rng: np.random.Generator, *, draws: int, horizon: int) -> Array:
    """Draw how high or low futures lie among all, year by year.

    Parameters
    ----------
    rng : Generator
        Seeded by the caller: the same seed gives the same futures.
    draws : int
        How many futures.
    horizon : int
        How many years.

    Returns
    -------
    ndarray, shape (draws, horizon)
        Standard normal in every year; as errors of a random walk, what is high stays high.

    References
    ----------
    Lee, R. D. and Tuljapurkar, S. (1994), J. Am. Stat. Assoc. 89, 1175-1189.
    """
    steps = rng.standard_normal((draws, horizon)).cumsum(axis=1)
    walked: Array = steps / np.sqrt(np.arange(1, horizon + 1))
    return walked


def mixed(own: Array, whole: Array, group: Array, parts: Shared) -> Array:
    """Mix what a place has of its own with what it shares.

    Parameters
    ----------
    own : ndarray, shape (n, draws, horizon)
        Of each place, from `walks`.
    whole : ndarray, shape (draws, horizon)
        Of the country.
    group : ndarray, shape (n, draws, horizon)
        Of what each place lies in.
    parts : Shared
        How much of each.

    Returns
    -------
    ndarray, shape (n, draws, horizon)
        Standard normal again.

    References
    ----------
    Joe, H. (2014), Dependence Modeling with Copulas, sections 3.10 and 3.11 (factor copulas).
    """
    rest = max(1.0 - parts.whole - parts.group, 0.0)
    together: Array = (
        np.sqrt(parts.whole) * whole + np.sqrt(parts.group) * group + np.sqrt(rest) * own
    )
    return together


def futures(ends: Array, places: Array, *, least: float = -np.inf, most: float = np.inf) -> Array:
    """Turn places among all futures into values, by the intervals of the forecasts.

    Parameters
    ----------
    ends : ndarray, shape (n, horizon, 5)
        Lower 95 and 80, point, upper 80 and 95 of each year, in any one unit.
    places : ndarray, shape (n, draws, horizon)
        Standard normal, from `mixed`.
    least, most : float
        No future lies beyond; in the same unit.

    Returns
    -------
    ndarray, shape (n, draws, horizon)
        In the same unit: a normal distribution in pieces, between the ends and beyond them.

    References
    ----------
    Wallis, K. F. (2014), Statistical Science 29, 106-112.
    """
    slopes = np.diff(ends, axis=2) / np.diff(KNOTS)
    made = ends[:, None, :, 0] + np.minimum(places - KNOTS[0], 0.0) * slopes[:, None, :, 0]
    for at, (low, high) in enumerate(pairwise(KNOTS)):
        reach = np.inf if at == len(KNOTS) - 2 else high - low
        made += np.clip(places - low, 0.0, reach) * slopes[:, None, :, at]
    limited: Array = np.clip(made, least, most)
    return limited


def as_published(summed: Array, ends: Array, *, least: float = -np.inf) -> Array:
    """Give sums over places the interval that is published of the sum itself.

    Sums keep their order among all futures, and so what moves together; their values become
    those of the forecast of the larger place, whose interval was tested against the past.

    Parameters
    ----------
    summed : ndarray, shape (draws, horizon)
        Sums over places, a future a row.
    ends : ndarray, shape (horizon, 5)
        Lower 95 and 80, point, upper 80 and 95 of the forecast of the larger place.
    least : float
        No value lies below it; in the same unit.

    Returns
    -------
    ndarray, shape (draws, horizon)
        In the same unit.

    References
    ----------
    Clark, M. et al. (2004), J. Hydrometeorology 5, 243-262 (Schaake shuffle: values of one
    source in the order of another); Schefzik, R., Thorarinsdottir, T. L. and Gneiting, T. (2013),
    Statistical Science 28, 616-640 (ensemble copula coupling).
    """
    order = summed.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    renewed: Array = futures(ends[None], _normal_scores(len(summed))[order][None], least=least)[0]
    return renewed


@cache
def _normal_scores(count: int) -> Array:
    inverse = NormalDist().inv_cdf
    return np.array([inverse((at + 0.5) / count) for at in range(count)], dtype=np.float64)


# Products of the errors of two different places of a group, and squares, both by pair.
def _products(sizes: Array, groups: Whole) -> tuple[float, float, int]:
    known = np.isfinite(sizes)
    clean = np.where(known, sizes, 0.0)
    count = int(groups.max(initial=0)) + 1
    shape = (count, *sizes.shape[1:])
    sums, squares, numbers = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for total, part in ((sums, clean), (squares, clean**2), (numbers, known.astype(np.float64))):
        np.add.at(total, groups, part)
    enough = numbers >= FEWEST_PLACES
    if not enough.any():
        return 0.0, 1.0, 0
    pairs = (sums**2 - squares)[enough] / (numbers * (numbers - 1))[enough]
    means = squares[enough] / numbers[enough]
    return float(pairs.sum()), max(float(means.sum()), 1e-12), int(enough.any(axis=(0, 2)).sum())
