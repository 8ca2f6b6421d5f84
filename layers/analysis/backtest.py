"""What forecasts would have been worth in the past: errors, coverage and sharpness by horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.analysis.forecast import FEWEST_YEARS, LONGEST_HORIZON, Histories, Origins
from layers.analysis.forecast_scales import Scale
from layers.analysis.intervals import LEVELS, Errors, pool

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Score:
    """How forecasts did, so many years ahead (0: all together).

    ``mase`` and ``naive_mase`` are mean absolute errors over the mean absolute yearly change
    before the origin, of our forecast and of "as last year". ``coverage`` is the share of what
    came that lay within the 80 and the 95 % interval, ``interval_score`` the mean interval
    score (Winkler) over the same yearly change. None have a unit.
    """

    ahead: int
    forecasts: int
    mase: float
    naive_mase: float
    coverage: dict[int, float]
    interval_score: dict[int, float]


@dataclass(frozen=True, slots=True)
class Tested:
    """Every forecast that would have been made, in the indicator's unit.

    Shapes are (n, t, horizon); NaN where none would have been made or nothing came.
    ``off`` and ``naive_off`` are absolute errors over the yearly change before the origin.
    """

    off: Cube
    naive_off: Cube
    inside: dict[int, Cube]
    penalty: dict[int, Cube]

    def score(self, rows: Flags) -> tuple[Score, ...]:
        """Sum up over places.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which places count.

        Returns
        -------
        tuple of Score
            All horizons together first, then each one that has any forecast.

        References
        ----------
        Hyndman, R. J. and Koehler, A. B. (2006), International Journal of Forecasting 22,
        679-688; Gneiting, T. and Raftery, A. E. (2007), J. Am. Stat. Assoc. 102, 359-378.
        """
        horizon = self.off.shape[2]
        return tuple(
            one for ahead in range(horizon + 1) if (one := self._score(rows, ahead)).forecasts
        )

    def mase(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum up by place.

        Returns
        -------
        tuple of (ndarray, shape (n,), ndarray, shape (n,))
            Of the forecast and of "as last year", no unit; NaN for a place without forecasts.

        References
        ----------
        Hyndman, R. J. and Koehler, A. B. (2006), International Journal of Forecasting 22,
        679-688.
        """
        return _mean(self.off, (1, 2)), _mean(self.naive_off, (1, 2))

    def _score(self, rows: Flags, ahead: int) -> Score:
        columns = np.s_[:, :, :] if ahead == 0 else np.s_[:, :, ahead - 1 : ahead]
        off = self.off[rows][columns]
        return Score(
            ahead=ahead,
            forecasts=int(np.isfinite(off).sum()),
            mase=float(_mean(off)),
            naive_mase=float(_mean(self.naive_off[rows][columns])),
            coverage={one: float(_mean(self.inside[one][rows][columns])) for one in LEVELS},
            interval_score={one: float(_mean(self.penalty[one][rows][columns])) for one in LEVELS},
        )


def backtest(known: Histories, standing: Origins, made: Errors, scale: Scale) -> Tested:
    """Compare every forecast that would have been made with what came.

    Forecasts are made from every year in which a series had six, as far ahead as half of its
    years then; the intervals know only the errors that were known in that year.

    Parameters
    ----------
    known : Histories
        On the scale.
    standing : Origins
        Of the same histories.
    made : Errors
        Of the same histories.
    scale : Scale
        Brings all back to the indicator's unit.

    Returns
    -------
    Tested
        By place, origin and horizon.

    References
    ----------
    Tashman, L. J. (2000), International Journal of Forecasting 16, 437-450.
    """
    count, columns, horizon = made.missed.shape
    errors = pool(made)
    unit = scale.back(known.values)
    moved = _moved(unit)
    actual = np.where(known.seen, unit, np.nan)
    off, naive = (np.full((count, columns, horizon), np.nan) for _ in range(2))
    inside = {one: np.full((count, columns, horizon), np.nan) for one in LEVELS}
    penalty = {one: np.full((count, columns, horizon), np.nan) for one in LEVELS}
    for column in range(FEWEST_YEARS - 1, columns - 1):
        ahead = min(horizon, columns - 1 - column)
        steps = np.arange(1, ahead + 1)
        years = standing.years[:, column, None]
        allowed = (years >= FEWEST_YEARS) & (steps <= np.minimum(years // 2, LONGEST_HORIZON))
        centre = np.where(allowed, made.forecasts[:, column, :ahead], np.nan)
        came, by = actual[:, column + 1 : column + 1 + ahead], moved[:, column, None]
        off[:, column, :ahead] = np.abs(came - scale.back(centre)) / by
        last = np.where(np.isfinite(centre), unit[:, column, None], np.nan)
        naive[:, column, :ahead] = np.abs(came - last) / by
        for level, limits in errors.limits(column).items():
            spread = made.scales[:, column, None]
            low = scale.back(centre + spread * limits[:ahead, 0])
            high = scale.back(centre + spread * limits[:ahead, 1])
            within, score = _judged(came, low, high, 1 - level / 100)
            inside[level][:, column, :ahead] = within
            penalty[level][:, column, :ahead] = score / by
    return Tested(off, naive, inside, penalty)


def _judged(came: Matrix, low: Matrix, high: Matrix, miss: float) -> tuple[Matrix, Matrix]:
    there = np.isfinite(came) & np.isfinite(low)
    within = np.where(there, (came >= low) & (came <= high), np.nan)
    beyond = np.maximum(low - came, 0) + np.maximum(came - high, 0)
    return within, np.where(there, high - low + 2 / miss * beyond, np.nan)


# Mean absolute yearly change up to each year, NaN where a series has not moved yet.
def _moved(unit: Matrix) -> Matrix:
    changes = np.abs(np.diff(unit, axis=1))
    total = np.cumsum(np.nan_to_num(changes), axis=1)
    count = np.cumsum(np.isfinite(changes), axis=1)
    mean = np.where(total > 0, total / np.maximum(count, 1), np.nan)
    return np.column_stack((np.full(len(unit), np.nan), mean))


def _mean(values: Cube, axis: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=axis)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.divide(total, there.sum(axis=axis)), dtype=np.float64)
