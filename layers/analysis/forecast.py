"""Forecasts of thousands of short yearly series at once: five simple methods, equally weighted.

A matrix holds one series a row and one year a column. Every method runs over the columns once,
for all series and all choices of its parameters side by side; as it passes a year it knows
what it would have forecast from there. So the forecasts from every past origin, which a
back-test needs, cost nothing more, and none of them has seen what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reason = Literal["", "no-values", "no-recent-value", "too-short"]

METHODS = ("naive", "drift", "ses", "damped", "theta")
#: A forecast needs so many years; a method can be run from so many.
FEWEST_YEARS, FEWEST_TO_RUN = 6, 3
LONGEST_HORIZON = 10
#: Gaps of up to so many years within a series are filled by a straight line on its scale.
LONGEST_GAP = 2

_ALPHAS = np.round(np.arange(1, 21) * 0.05, 2)
_DAMPED = np.array(
    [
        (alpha, beta, phi, kept)
        for alpha in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
        for beta in (0.05, 0.2, 0.5, 0.9)
        for phi in (0.8, 0.9, 0.98)
        for kept in (0.0, 1.0)
    ]
)
#: Series at a time: every choice of parameters takes memory.
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Histories:
    """What forecasts are made from, one row a series.

    ``values`` are on the scale, without a gap from ``start`` on and NaN before it; ``seen`` are
    those that were observed and not filled. ``reason`` says why a series cannot be forecast.
    """

    values: Matrix
    seen: Flags
    start: Whole
    years: Whole
    reason: tuple[Reason, ...]

    @property
    def horizon(self) -> Whole:
        """How many years each series may be forecast: half its own, ten at most, 0 if none.

        Returns
        -------
        ndarray, shape (n,)
            Years.

        References
        ----------
        Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: Principles and Practice,
        3rd ed., section 13.7.
        """
        usable = np.array([not reason for reason in self.reason], dtype=np.bool_)
        return np.where(usable, np.minimum(self.years // 2, LONGEST_HORIZON), 0)


@dataclass(frozen=True, slots=True)
class Origins:
    """Where every method stands after each year; all matrices have the shape of the histories.

    On the scale: last value, mean yearly change, smoothed level with its alpha, level, growth
    and damping of the damped trend, slope of the straight line (theta).
    """

    last: Matrix
    drift: Matrix
    level: Matrix
    alpha: Matrix
    damped_level: Matrix
    growth: Matrix
    damping: Matrix
    slope: Matrix
    years: Whole

    def paths(self, column: int, horizon: int) -> dict[str, Matrix]:
        """Forecast by every method from one year.

        Parameters
        ----------
        column : int
            The last year known.
        horizon : int
            How many years ahead.

        Returns
        -------
        dict of str to ndarray, shape (n, horizon)
            On the scale; by method.

        References
        ----------
        Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: Principles and Practice,
        3rd ed., sections 5.2, 8.1, 8.2; Hyndman, R. J. and Billah, B. (2003), International
        Journal of Forecasting 19, 287-290 (theta).
        """
        ahead = np.arange(1, horizon + 1)[None, :]
        at = np.s_[:, column, None]
        level, alpha, phi = self.level[at], self.alpha[at], self.damping[at]
        years = np.maximum(self.years[at], 1)
        grown = self.growth[at] * phi * (1 - phi**ahead) / (1 - phi)
        settled = (1 - (1 - alpha) ** years) / alpha
        return {
            "naive": np.repeat(self.last[at], horizon, axis=1),
            "drift": self.last[at] + self.drift[at] * ahead,
            "ses": np.repeat(level, horizon, axis=1),
            "damped": self.damped_level[at] + grown,
            "theta": level + self.slope[at] / 2 * (ahead - 1 + settled),
        }

    def combined(self, column: int, horizon: int) -> Matrix:
        """Forecast from one year by the mean of the five methods.

        Parameters
        ----------
        column : int
            The last year known.
        horizon : int
            How many years ahead.

        Returns
        -------
        ndarray, shape (n, horizon)
            On the scale.

        References
        ----------
        Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020), International Journal of
        Forecasting 36, 54-74 (combinations of simple methods win).
        """
        paths = self.paths(column, horizon)
        together: Matrix = np.mean([paths[name] for name in METHODS], axis=0)
        return together


def histories(scaled: Matrix) -> Histories:
    """Cut series to what forecasts can be made from.

    Parameters
    ----------
    scaled : ndarray, shape (n, t)
        One series a row and one year a column, on the scale; NaN where unknown and before a
        declared break.

    Returns
    -------
    Histories
        From after the last long gap to the last column.

    References
    ----------
    Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: Principles and Practice, 3rd ed.,
    sections 13.7 (short series) and 13.9 (missing values).
    """
    columns = scaled.shape[1]
    seen = np.isfinite(scaled)
    place = np.arange(columns)
    before = np.maximum.accumulate(np.where(seen, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, place, columns)[:, ::-1], axis=1)[:, ::-1]
    gap = np.where(seen, 0, after - before - 1)
    broken = ~seen & ((gap > LONGEST_GAP) | (before < 0) | (after == columns))
    ends = np.where(broken, place, -1).max(axis=1, initial=-1)
    start = np.minimum(ends + 1, columns)
    values = _filled(scaled, before, after)
    inside = place[None, :] >= start[:, None]
    values = np.where(inside, values, np.nan)
    seen &= inside
    years = seen.sum(axis=1)
    has_any = np.any(np.isfinite(scaled), axis=1)
    has_last = np.any(seen[:, -1:], axis=1)
    reason = tuple(
        _reason(has_any=any_there, has_last=last_there, years=number)
        for any_there, last_there, number in zip(
            has_any.tolist(), has_last.tolist(), years.tolist(), strict=True
        )
    )
    return Histories(values, seen, start, years, reason)


def origins(known: Histories) -> Origins:
    """Run all methods over the years.

    Parameters
    ----------
    known : Histories
        On the scale.

    Returns
    -------
    Origins
        After a year, the parameters of a method are those with the least squared errors of
        one year ahead up to there.

    References
    ----------
    Gardner, E. S. and McKenzie, E. (1985), Management Science 31, 1237-1246 (damped trend);
    Assimakopoulos, V. and Nikolopoulos, K. (2000), International Journal of Forecasting 16,
    521-530 (theta).
    """
    count = len(known.values)
    parts = [
        _run(known.values[at : at + _CHUNK], known.start[at : at + _CHUNK])
        for at in range(0, max(count, 1), _CHUNK)
    ]
    names = Origins.__dataclass_fields__
    return Origins(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def _reason(*, has_any: bool, has_last: bool, years: int) -> Reason:
    if not has_any:
        return "no-values"
    if not has_last:
        return "no-recent-value"
    return "too-short" if years < FEWEST_YEARS else ""


def _filled(scaled: Matrix, before: Whole, after: Whole) -> Matrix:
    columns = scaled.shape[1]
    if columns == 0:
        return scaled
    left = np.take_along_axis(scaled, np.clip(before, 0, columns - 1), axis=1)
    right = np.take_along_axis(scaled, np.clip(after, 0, columns - 1), axis=1)
    width = np.maximum(after - before, 1)
    line: Matrix = left + (right - left) * (np.arange(columns) - before) / width
    return np.where(np.isfinite(scaled), scaled, line)


def _run(values: Matrix, start: Whole) -> Origins:
    level, alpha = _smoothed(values, start)
    damped_level, growth, damping = _damped(values, start)
    years = np.maximum(np.arange(values.shape[1])[None, :] - start[:, None] + 1, 0)
    return Origins(
        last=values,
        drift=_drift(values, start, years),
        level=level, alpha=alpha,
        damped_level=damped_level, growth=growth, damping=damping,
        slope=_slope(values, years),
        years=years,
    )  # fmt: skip


def _first(values: Matrix, start: Whole, later: int = 0) -> Matrix:
    columns = values.shape[1]
    place = np.clip(start + later, 0, max(columns - 1, 0))
    first: Matrix = np.take_along_axis(values, place[:, None], axis=1)
    return first


def _drift(values: Matrix, start: Whole, years: Whole) -> Matrix:
    change: Matrix = (values - _first(values, start)) / np.maximum(years - 1, 1)
    return change


def _slope(values: Matrix, years: Whole) -> Matrix:
    place = np.maximum(years - 1, 0)
    clean = np.where(years > 0, values, 0.0)
    sums, weighted = np.cumsum(clean, axis=1), np.cumsum(clean * place, axis=1)
    spread = years * (years * years - 1) / 12
    return np.where(years > 1, (weighted - sums * place / 2) / np.maximum(spread, 1), 0.0)


def _smoothed(values: Matrix, start: Whole) -> tuple[Matrix, Matrix]:
    rows = np.arange(len(values))
    level = np.repeat(np.nan_to_num(_first(values, start)), len(_ALPHAS), axis=1)
    misses = np.zeros_like(level)
    levels, alphas = np.full_like(values, np.nan), np.full_like(values, _ALPHAS[-1])
    for column in range(values.shape[1]):
        runs = (column > start)[:, None]
        miss = np.where(runs, values[:, column, None] - level, 0.0)
        misses += miss * miss
        level += _ALPHAS * miss
        best = misses.argmin(axis=1)
        levels[:, column] = level[rows, best]
        alphas[:, column] = np.where(runs[:, 0], _ALPHAS[best], _ALPHAS[-1])
    return levels, alphas


def _damped(values: Matrix, start: Whole) -> tuple[Matrix, Matrix, Matrix]:
    alpha, beta, phi, kept = _DAMPED.T
    rows = np.arange(len(values))
    first = np.nan_to_num(_first(values, start))
    # the growth of the first two years: no origin of three years has seen more
    growth = np.nan_to_num((_first(values, start, later=2) - first) / 2) * kept
    level = np.repeat(first, len(_DAMPED), axis=1)
    misses = np.zeros_like(level)
    levels, growths = np.full_like(values, np.nan), np.zeros_like(values)
    dampings = np.full_like(values, phi[-1])
    for column in range(values.shape[1]):
        runs = (column > start)[:, None]
        carried = phi * growth
        miss = np.where(runs, values[:, column, None] - level - carried, 0.0)
        misses += miss * miss
        level = np.where(runs, level + carried + alpha * miss, level)
        growth = np.where(runs, carried + alpha * beta * miss, growth)
        best = misses.argmin(axis=1)
        levels[:, column], growths[:, column] = level[rows, best], growth[rows, best]
        dampings[:, column] = phi[best]
    return levels, growths, dampings
