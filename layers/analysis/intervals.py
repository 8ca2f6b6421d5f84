"""How sure forecasts are: intervals from the errors that were made before, pooled over places.

Errors of a rolling origin are divided by how much a series used to move from year to year, so
that those of all places can stand for each other; their quantiles by horizon, times that
scale, make the interval. At any origin only errors that were known by then are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from layers.analysis.forecast import FEWEST_TO_RUN, Histories, Origins

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

LEVELS = (80, 95)
#: An interval is not drawn from fewer errors than this.
FEWEST_ERRORS = 8
#: Years after which a change or an error counts half: the scale of a series, the pool of errors.
CHANGES_HALVE_YEARS, ERRORS_HALVE_YEARS = 5.0, 4.0
#: The scale of a series is drawn towards that of all, as if so many years of it were known.
POOLED_YEARS = 3.0
#: Errors count as much with the other sign too: the bias of a few years is not believed whole.
MIRRORED = 0.1
#: Movements that all places share are seen once an origin: they widen an interval up to so much.
MOST_WIDENED = 2.0
#: A series that never moved has this share of the scale of the others.
STILL = 0.1
#: Sizes of errors are told apart so finely.
BINS = 4_000
#: Where the ends of the intervals lie among all futures, as standard normal numbers.
KNOTS = np.array(
    [NormalDist().inv_cdf(share) for share in (0.025, 0.1, 0.5, 0.9, 0.975)], dtype=np.float64
)


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of the forecasts from every origin, on the scale.

    ``missed`` has shape (n, origins, horizon): actual less forecast, NaN where either was not
    observed; ``scales`` has shape (n, t), ``forecasts`` the shape of ``missed``.
    """

    missed: NDArray[np.float64]
    forecasts: NDArray[np.float64]
    scales: Matrix


def scales(known: Histories) -> Matrix:
    """Measure how much each series used to move in a year, up to each year.

    Parameters
    ----------
    known : Histories
        On the scale.

    Returns
    -------
    ndarray, shape (n, t)
        Mean absolute yearly change, late years counting more, drawn towards the pool's; on
        the scale. NaN before the second year.

    References
    ----------
    Hyndman, R. J. and Koehler, A. B. (2006), International Journal of Forecasting 22, 679-688;
    Efron, B. and Morris, C. (1975), J. Am. Stat. Assoc. 70, 311-319 (drawing towards the pool).
    """
    changes = np.abs(np.diff(known.values, axis=1))
    out = np.full_like(known.values, np.nan)
    keep = 0.5 ** (1 / CHANGES_HALVE_YEARS)
    total, weight = np.zeros(len(changes)), np.zeros(len(changes))
    for column in range(changes.shape[1]):
        there = np.isfinite(changes[:, column])
        total = np.where(there, keep * total + np.nan_to_num(changes[:, column]), total)
        weight = np.where(there, keep * weight + 1, weight)
        out[:, column + 1] = _drawn_in(total, weight)
    return out


def errors(known: Histories, standing: Origins, horizon: int) -> Errors:
    """Forecast from every year of the past and compare with what came.

    Parameters
    ----------
    known : Histories
        On the scale.
    standing : Origins
        Of the same histories.
    horizon : int
        How many years ahead.

    Returns
    -------
    Errors
        Origins before the third year of a series have none.

    References
    ----------
    Tashman, L. J. (2000), International Journal of Forecasting 16, 437-450.
    """
    count, columns = known.values.shape
    forecasts = np.full((count, columns, horizon), np.nan)
    missed = np.full((count, columns, horizon), np.nan)
    actual = np.where(known.seen, known.values, np.nan)
    # a year that was filled in knows what came after it, so it is no origin
    may_start = known.seen & (standing.years >= FEWEST_TO_RUN)
    for column in range(columns):
        made = standing.combined(column, horizon)
        forecasts[:, column] = np.where(may_start[:, column, None], made, np.nan)
        ahead = min(horizon, columns - 1 - column)
        come = actual[:, column + 1 : column + 1 + ahead]
        missed[:, column, :ahead] = come - forecasts[:, column, :ahead]
    return Errors(missed, forecasts, scales(known))


@dataclass(frozen=True, slots=True)
class Pool:
    """Errors over scales of all places that may stand for each other, counted by size.

    ``counts`` has shape (t, horizon, bins): by origin and years ahead; ``middles`` has shape
    (bins,), no unit. Bins are a few thousandths wide, so sorting again at every origin is spared.
    """

    counts: NDArray[np.float64]
    middles: Vector

    def limits(self, column: int) -> dict[int, Matrix]:
        """Find the limits of the intervals as seen from one year.

        Parameters
        ----------
        column : int
            The year the forecasts start from; what came after it is not looked at.

        Returns
        -------
        dict of int to ndarray, shape (horizon, 2)
            By level in per cent: lower and upper limit in scales, no unit. NaN where too few
            errors are known. Limits never narrow with the horizon.

        References
        ----------
        Shafer, G. and Vovk, V. (2008), J. Machine Learning Research 9, 371-421; Barber, R. F. et
        al. (2023), Annals of Statistics 51, 816-845 (weights for what drifts).
        """
        horizon = self.counts.shape[1]
        found = {level: np.full((horizon, 2), np.nan) for level in LEVELS}
        for ahead in range(1, horizon + 1):
            past = np.arange(0, max(column - ahead + 1, 0))
            seen = self.counts[past, ahead - 1]
            if seen.sum() < FEWEST_ERRORS:
                continue
            weight = 0.5 ** ((column - ahead - past) / ERRORS_HALVE_YEARS)
            sizes = weight @ seen
            share = np.cumsum(sizes + MIRRORED * sizes[::-1])
            share /= share[-1]
            together, origins = self._together(seen, weight)
            for level in LEVELS:
                tail = (1 - level / 100) / 2
                ends = self.middles[np.searchsorted(share, [tail, 1 - tail])]
                found[level][ahead - 1] = _widened(ends, together, origins)
        return {level: _widening(limits) for level, limits in found.items()}

    # How far places miss together, 0-1, and how many origins that is known from.
    def _together(self, seen: Matrix, weight: Vector) -> tuple[float, float]:
        sizes = np.arcsinh(self.middles)
        count = seen.sum(axis=1)
        there = count > 0
        means = (seen @ sizes)[there] / count[there]
        weights = (weight * count)[there]
        spread = float((weight @ seen) @ sizes**2) / float(weights.sum())
        shared = float(weights @ means**2) / float(weights.sum()) / max(spread, 1e-12)
        return min(1.0, shared) ** 2, float(weights.sum() ** 2 / (weights @ weights))


def pool(made: Errors) -> Pool:
    """Count errors over scales by size.

    Parameters
    ----------
    made : Errors
        Of all places that may stand for each other.

    Returns
    -------
    Pool
        Bins are evenly wide by the inverse hyperbolic sine: fine where errors are small.

    References
    ----------
    Shafer, G. and Vovk, V. (2008), J. Machine Learning Research 9, 371-421.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.arcsinh(made.missed / made.scales[:, :, None])
    sizes = np.where(np.isfinite(sizes), sizes, np.nan)
    reach = float(np.nanmax(np.abs(sizes), initial=1.0))
    _, columns, horizon = sizes.shape
    counts = np.zeros((columns, horizon, BINS))
    for column in range(columns):
        for ahead in range(min(horizon, columns - 1 - column)):
            of_one = sizes[:, column, ahead]
            of_one = of_one[np.isfinite(of_one)]
            counts[column, ahead], _ = np.histogram(of_one, bins=BINS, range=(-reach, reach))
    middles = np.sinh((np.arange(BINS) + 0.5) / BINS * 2 * reach - reach)
    return Pool(counts, middles)


def _drawn_in(total: Vector, weight: Vector) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        own = total / weight
    moves = own[np.isfinite(own) & (own > 0)]
    if moves.size == 0:
        return np.where(weight > 0, 0.0, np.nan)
    middle = float(np.mean(np.log(moves)))
    safe = np.where(own > 0, own, STILL * np.exp(middle))
    drawn = np.exp((np.log(safe) * weight + POOLED_YEARS * middle) / (weight + POOLED_YEARS))
    return np.where(weight > 0, drawn, np.nan)


# What places share is known from a few origins only: its sign is not believed, and it is widened
# as the prediction of one more value from so many is (Student's t).
def _widened(ends: Vector, together: float, origins: float) -> Vector:
    few = 3.0
    by = MOST_WIDENED
    if origins > few:
        exact = (1 + 1 / origins) * (origins - 1) / (origins - few)
        by = min(MOST_WIDENED, float(np.sqrt(exact)))
    both_ways = np.abs(ends).max() * np.array([-1.0, 1.0])
    mixed: Vector = (1 - together) * ends + together * both_ways
    return mixed * (1 + together * (by - 1))


def _widening(limits: Matrix) -> Matrix:
    low = np.fmin.accumulate(np.fmin(limits[:, 0], 0.0))
    high = np.fmax.accumulate(np.fmax(limits[:, 1], 0.0))
    there = np.isfinite(limits)
    return np.where(there, np.column_stack((low, high)), np.nan)


def chance_of_reaching(ends: Matrix, limit: float) -> Vector:
    """Tell how likely a forecast reaches a limit in each year.

    Parameters
    ----------
    ends : ndarray, shape (horizon, 5)
        Lower 95 and 80, point, upper 80 and 95, in any one unit; between them and beyond the
        futures are spread as a normal distribution in pieces.
    limit : float
        In the same unit.

    Returns
    -------
    ndarray, shape (horizon,)
        Probability of that value or more in that year, 0 to 1; no unit.

    References
    ----------
    Wallis, K. F. (2014), Statistical Science 29, 106-112 (a normal distribution in pieces).
    """
    chances = []
    for knots in ends:
        slopes = np.diff(KNOTS) / np.maximum(np.diff(knots), 1e-300)
        if limit < knots[0]:
            place = KNOTS[0] - (knots[0] - limit) * slopes[0]
        elif limit > knots[-1]:
            place = KNOTS[-1] + (limit - knots[-1]) * slopes[-1]
        else:
            place = np.interp(limit, knots, KNOTS)
        chances.append(1 - NormalDist().cdf(float(np.clip(place, -40, 40))))
    return np.array(chances)
