"""Where series are heading: slope, certainty and change point of many short series at once.

A matrix holds one series a row and one period a column, NaN where nothing is known. Nothing
here knows a calendar: a slope is per column. What lies before a declared break is left out
by the caller, as NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Direction = Literal["rising", "falling", "no-clear-trend", "too-short"]
Strength = Literal["strong", "moderate", "weak", "none"]

#: Fewer values than this have no trend that could be told from chance (Kendall's S of four
#: values is never significant at 5 %).
FEWEST_VALUES = 5
#: From so many values on, an autocorrelation can be told from a trend that bends: with fewer,
#: twelve values that rise every year would be called no trend because they rise ever faster.
FEWEST_FOR_AUTOCORRELATION = 20
MOST_AUTOCORRELATION = 0.95
SIGNIFICANCE = 0.05
#: |tau| from which a clear trend is called moderate and strong.
MODERATE_TAU, STRONG_TAU = 0.4, 0.7
#: The level is the median of so many last values: one odd year does not move it.
LEVEL_VALUES = 3
#: Series at a time: pairs of years take memory.
CHUNK_VALUES = 4_000_000


@dataclass(frozen=True, slots=True)
class Trends:
    """One entry a series; NaN where a series is too short.

    ``slope`` and its limits are in the series' unit per period; ``tau`` and ``p_value`` have no
    unit. ``change_at`` is the column where a new level begins, -1 where there is none.
    """

    level: Vector
    slope: Vector
    slope_low: Vector
    slope_high: Vector
    tau: Vector
    p_value: Vector
    change_at: NDArray[np.int64]
    change_p: Vector

    def direction(self, row: int) -> Direction:
        """Say where a series is heading.

        Parameters
        ----------
        row : int
            Of the series.

        Returns
        -------
        {"rising", "falling", "no-clear-trend", "too-short"}
            A trend is clear when chance alone shows one as strong in under 5 % of cases.

        References
        ----------
        Mann, H. B. (1945), Econometrica 13, 245-259.
        """
        if not np.isfinite(self.p_value[row]):
            return "too-short"
        if self.p_value[row] >= SIGNIFICANCE or self.slope[row] == 0:
            return "no-clear-trend"
        return "rising" if self.tau[row] > 0 else "falling"

    def strength(self, row: int) -> Strength:
        """Say how steadily a series keeps to its direction.

        Parameters
        ----------
        row : int
            Of the series.

        Returns
        -------
        {"strong", "moderate", "weak", "none"}
            By Kendall's tau: from 0.7, from 0.4, less; none without a clear trend.

        References
        ----------
        Kendall, M. G. (1975), Rank Correlation Methods, 4th ed., Griffin.
        """
        if self.direction(row) not in {"rising", "falling"}:
            return "none"
        size = abs(float(self.tau[row]))
        if size >= STRONG_TAU:
            return "strong"
        return "moderate" if size >= MODERATE_TAU else "weak"


def trends(values: Matrix, *, confidence: float = 0.95) -> Trends:
    """Measure the trend of every series.

    The slope is the median of the slopes between all pairs of values (Theil-Sen), its limits
    are Sen's. The test is Mann and Kendall's with the correction for ties; from twenty values on
    the variance is widened after Yue and Wang where the series less its line is autocorrelated.
    The change point is Pettitt's, of the series less its line, so that a steady trend is none.

    Parameters
    ----------
    values : ndarray, shape (n, t)
        One series a row, in any one unit; NaN where unknown.
    confidence : float
        Of the limits of the slope, as a share between 0 and 1.

    Returns
    -------
    Trends
        NaN for series of fewer than five values.

    References
    ----------
    Sen, P. K. (1968), J. Am. Stat. Assoc. 63, 1379-1389; Yue, S. and Wang, C. (2004), Water
    Resources Management 18, 201-218; Pettitt, A. N. (1979), Applied Statistics 28, 126-135.
    """
    count, periods = values.shape
    rows = max(1, CHUNK_VALUES // max(1, periods * periods))
    parts = [_chunk(values[at : at + rows], confidence) for at in range(0, count, rows)]
    if not parts:
        parts = [_chunk(values, confidence)]
    return Trends(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in Trends.__dataclass_fields__
        )
    )


def kendall(values: Matrix) -> tuple[Vector, Vector]:
    """Count rises against falls over all pairs of values, and how much chance varies that.

    Parameters
    ----------
    values : ndarray, shape (n, t)
        One series a row, in any one unit; NaN where unknown.

    Returns
    -------
    tuple of (ndarray, shape (n,), ndarray, shape (n,))
        Kendall's S and its variance without a trend, corrected for ties; no unit.

    References
    ----------
    Kendall, M. G. (1975), Rank Correlation Methods, 4th ed., eq. 4.3.
    """
    known = np.isfinite(values)
    earlier, later = np.triu_indices(values.shape[1], 1)
    rises = np.sign(values[:, later] - values[:, earlier])
    s = np.nansum(rises, axis=1)
    size = known.sum(axis=1).astype(np.float64)
    with np.errstate(invalid="ignore"):
        alike = (values[:, :, None] == values[:, None, :]).sum(axis=2)
    # t(t-1)(2t+5) of each group of ties, as a sum over its t members
    ties = np.where(known, (alike - 1) * (2 * alike + 5), 0).sum(axis=1)
    return s, (size * (size - 1) * (2 * size + 5) - ties) / 18


def pettitt(values: Matrix) -> tuple[NDArray[np.int64], Vector]:
    """Find where the level of each series most likely changed once.

    Parameters
    ----------
    values : ndarray, shape (n, t)
        One series a row, in any one unit; NaN where unknown.

    Returns
    -------
    tuple of (ndarray, shape (n,), ndarray, shape (n,))
        Column of the first value of the new level (-1 for fewer than two values), and the
        share of cases in which chance alone shows as large a change (approximate).

    References
    ----------
    Pettitt, A. N. (1979), Applied Statistics 28, 126-135.
    """
    known = np.isfinite(values)
    size = known.sum(axis=1).astype(np.float64)
    with np.errstate(invalid="ignore"):
        less = (values[:, :, None] > values[:, None, :]).sum(axis=2)
        same = (values[:, :, None] == values[:, None, :]).sum(axis=2)
    ranks = np.where(known, less + (same + 1) / 2, 0.0)
    step = np.where(known, 2 * ranks - (size[:, None] + 1), 0.0)
    walk = np.abs(np.cumsum(step, axis=1))
    last = walk.argmax(axis=1)
    largest = np.take_along_axis(walk, last[:, None], axis=1)[:, 0]
    after = known & (np.arange(values.shape[1]) > last[:, None])
    first = np.where(after.any(axis=1), after.argmax(axis=1), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.minimum(1.0, 2 * np.exp(-6 * largest**2 / (size**3 + size**2)))
    return first, np.where(size > 1, chance, np.nan)


def _chunk(values: Matrix, confidence: float) -> Trends:
    size = np.isfinite(values).sum(axis=1)
    enough = size >= FEWEST_VALUES
    s, variance = kendall(values)
    slope, low, high = _sen(values, variance, confidence)
    detrended = values - slope[:, None] * np.arange(values.shape[1])
    variance = variance * _widened(detrended, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (s - np.sign(s)) / np.sqrt(variance), 0.0)
        tau = s / (size * (size - 1) / 2)
    chance = np.array([erfc(abs(float(one)) / sqrt(2)) for one in z])
    at, change_p = pettitt(_steady(detrended))
    changed = enough & (change_p < SIGNIFICANCE)

    def kept(numbers: Vector) -> Vector:
        return np.where(enough, numbers, np.nan)

    return Trends(
        level=_level(values),
        slope=kept(slope), slope_low=kept(low), slope_high=kept(high),
        tau=kept(tau), p_value=kept(chance),
        change_at=np.where(changed, at, -1), change_p=kept(change_p),
    )  # fmt: skip


def _sen(values: Matrix, variance: Vector, confidence: float) -> tuple[Vector, Vector, Vector]:
    earlier, later = np.triu_indices(values.shape[1], 1)
    slopes = np.sort((values[:, later] - values[:, earlier]) / (later - earlier), axis=1)
    pairs = np.isfinite(slopes).sum(axis=1)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * np.sqrt(variance)
    # NaN sorts last, so the first `pairs` of a row are its slopes in order
    middle = (_at(slopes, (pairs - 1) // 2, pairs) + _at(slopes, pairs // 2, pairs)) / 2
    below = np.rint((pairs - reach) / 2).astype(np.int64) - 1
    above = np.rint((pairs + reach) / 2).astype(np.int64)
    return middle, _at(slopes, below, pairs), _at(slopes, above, pairs)


def _at(ordered: Matrix, place: NDArray[np.int64], count: NDArray[np.int64]) -> Vector:
    if ordered.shape[1] == 0:
        return np.full(len(ordered), np.nan)
    inside = np.clip(place, 0, np.maximum(count - 1, 0))
    taken: Vector = np.take_along_axis(ordered, inside[:, None], axis=1)[:, 0]
    return taken


def _level(values: Matrix) -> Vector:
    known = np.isfinite(values)
    from_end = np.cumsum(known[:, ::-1], axis=1)[:, ::-1]
    last = np.sort(np.where(known & (from_end <= LEVEL_VALUES), values, np.nan), axis=1)
    count = np.isfinite(last).sum(axis=1)
    return (_at(last, (count - 1) // 2, count) + _at(last, count // 2, count)) / 2


# Less its line, a series that is level but for rounding is level.
def _steady(detrended: Matrix) -> Matrix:
    size = np.nanmax(np.abs(detrended), axis=1, initial=0.0, keepdims=True)
    digits = np.where(size > 0, size, 1.0) * 1e-12
    steadied: Matrix = np.round(detrended / digits) * digits
    return steadied


# Yue and Wang's n/n*: how many fewer independent values an autocorrelated series amounts to.
def _widened(detrended: Matrix, size: NDArray[np.int64]) -> Vector:
    n = size.astype(np.float64)
    known = np.isfinite(detrended)
    mean = np.where(known, detrended, 0.0).sum(axis=1) / np.maximum(n, 1)
    off = np.where(known, detrended - mean[:, None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (off[:, 1:] * off[:, :-1]).sum(axis=1) / (off**2).sum(axis=1)
        # a short series shows less of it than there is (Marriott and Pope 1954)
        share = np.minimum((n * share + 1) / (n - 4), MOST_AUTOCORRELATION)
    bound = NormalDist().inv_cdf(1 - SIGNIFICANCE) / np.sqrt(np.maximum(n, 1))
    usable = (n >= FEWEST_FOR_AUTOCORRELATION) & np.isfinite(share)
    # only a positive one: a negative one would make a trend more certain than it is
    share = np.where(usable & (share > bound), share, 0.0)
    lags = np.arange(1, detrended.shape[1])
    weight = np.maximum(1 - lags / np.maximum(n, 1)[:, None], 0.0)
    factor: Vector = 1 + 2 * (weight * share[:, None] ** lags).sum(axis=1)
    return factor
