"""What-if arithmetic: levers on random futures, and what they change.

Futures come as arrays of shape (n, 1 + draws, years): the first is the path through the middle of
the forecasts, the others are drawn at random. A scenario changes the very same futures that
the baseline has, so what they do not share is the effect, and the effect has its own interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layers.analysis.together import as_published

Array = NDArray[np.float64]
Kind = Literal["multiply", "add", "target"]
Ramp = Literal["linear", "step", "s-curve"]

KINDS: tuple[Kind, ...] = ("multiply", "add", "target")
#: Lower 95 and 80, upper 80 and 95, as shares of all futures.
_TAILS = (0.025, 0.1, 0.9, 0.975)


def ramp(years: NDArray[np.int64], start: int, full: int, kind: Ramp) -> Array:
    """Tell how far a lever is pulled in each year.

    Parameters
    ----------
    years : ndarray of int, shape (years,)
        Which years, CE.
    start, full : int
        The first year in which it acts, and the first in which it acts in full; CE.
    kind : {"linear", "step", "s-curve"}
        In equal steps, at once, or slowly at both ends.

    Returns
    -------
    ndarray, shape (years,)
        0 before ``start``, 1 from ``full`` on (a step: from ``start`` on); no unit.

    Raises
    ------
    ValueError
        If it is in full before it begins.

    References
    ----------
    Bass, F. M. (1969), Management Science 15, 215-227: what is taken up begins and ends slowly;
    the curve here is the cubic 3 u^2 - 2 u^3.

    Examples
    --------
    >>> ramp(np.array([2026, 2027, 2028, 2029]), 2027, 2028, "linear")
    array([0. , 0.5, 1. , 1. ])
    """
    if full < start:
        raise ValueError("a lever is in full before it begins")
    if kind == "step":
        return (years >= start).astype(np.float64)
    way = np.clip((years - start + 1) / (full - start + 1), 0.0, 1.0)
    return way if kind == "linear" else way * way * (3 - 2 * way)


def pulled(values: Array, by: Array, kind: Kind, amount: float) -> Array:
    """Pull a lever on futures.

    Parameters
    ----------
    values : ndarray, shape (n, draws, years)
        In any one unit.
    by : ndarray, shape (years,)
        How far in each year, from `ramp`.
    kind : {"multiply", "add", "target"}
        A number without unit, above zero, or one in the unit of the values.
    amount : float
        The number.

    Returns
    -------
    ndarray, shape (n, draws, years)
        Half way to a factor is its square root, so that a factor and its inverse cancel in
        every year; half way to a target is the middle, and at the target every future is there.

    Raises
    ------
    ValueError
        If a factor is not above zero.

    References
    ----------
    None: by definition.
    """
    if kind == "multiply":
        if amount <= 0:
            raise ValueError("a factor is above zero")
        return values * amount**by
    if kind == "add":
        return values + amount * by
    # not values + (amount - values) * by: at by = 1 that may miss the target by a last digit
    return values * (1 - by) + amount * by


def ratio(above: Array, below: Array, factor: float) -> Array:
    """Divide sums by sums.

    Parameters
    ----------
    above, below : ndarray of one shape
        Numerator and denominator, each in its unit.
    factor : float
        Brings the quotient to the unit of the ratio.

    Returns
    -------
    ndarray of the same shape
        NaN where the denominator is zero.

    References
    ----------
    House rule: a ratio of a larger place is the ratio of sums (docs/indicators.md).
    """
    quotient: Array = factor * above / np.where(below == 0, np.nan, below)
    return quotient


def pulled_through(
    above: Array, below: Array, by: Array, *, factor: float, kind: Kind, amount: float,
    most: float = np.inf,
) -> Array:  # fmt: skip
    """Pull a lever on a ratio: its numerator becomes what the ratio then asks for.

    Parameters
    ----------
    above, below : ndarray, shape (n, draws, years)
        Numerator and denominator, each in its unit.
    by : ndarray, shape (years,)
        How far in each year.
    factor : float
        Brings the quotient to the unit of the ratio.
    kind : {"multiply", "add", "target"}
        As in `pulled`.
    amount : float
        In the unit of the ratio, but for a factor.
    most : float
        The ratio does not pass it, nor zero.

    Returns
    -------
    ndarray, shape (n, draws, years)
        The new numerator; the old one where the lever does not act or the denominator is zero.

    References
    ----------
    None: by definition.
    """
    before = ratio(above, below, factor)
    # where the baseline is beyond already, a lever must not pull by being limited
    after = np.clip(pulled(before, by, kind, amount), 0.0, np.maximum(most, before))
    # a factor leaves the denominator out of it, so nothing is lost to rounding
    changed = above * (after / np.where(before == 0, np.nan, before))
    changed = np.where(np.isfinite(changed), changed, after * below / factor)
    return np.where((by > 0) & np.isfinite(after), changed, above)


@dataclass(frozen=True, slots=True)
class Span:
    """A middle and both intervals of each year; rows: lower 95, 80, middle, upper 80, 95."""

    rows: Array

    def told(self, digits: int = 7) -> list[list[float | None]]:
        """Write the rows as numbers, in their unit.

        Parameters
        ----------
        digits : int
            That are kept of each number.

        Returns
        -------
        list of list of (float or None)
            None where there is nothing.

        References
        ----------
        None: nothing is calculated.
        """
        return [
            [float(f"{one:.{digits}g}") if np.isfinite(one) else None for one in row]
            for row in self.rows.tolist()
        ]


def span(values: Array) -> Span:
    """Sum up futures: the middle path, and where 80 and 95 in a hundred lie.

    Parameters
    ----------
    values : ndarray, shape (1 + draws, years)
        The middle path first.

    Returns
    -------
    Span
        The middle never lies outside; NaN where a future is unknown.

    References
    ----------
    Hyndman, R. J. and Fan, Y. (1996), The American Statistician 50, 361-365 (type 7).
    """
    middle = values[0]
    low95, low80, high80, high95 = np.quantile(values[1:], _TAILS, axis=0)
    return Span(
        np.stack(
            [
                np.minimum(low95, middle), np.minimum(low80, middle), middle,
                np.maximum(high80, middle), np.maximum(high95, middle),
            ]
        )
    )  # fmt: skip


def counted(numbers: Array) -> Span:
    """Sum up how many places lie beyond a limit, or how many more do.

    Parameters
    ----------
    numbers : ndarray, shape (1 + draws, years)
        Of each future, the middle path first.

    Returns
    -------
    Span
        The middle is the median over the futures: on the middle path every place that is hardly
        beyond would count whole.

    References
    ----------
    Hyndman, R. J. and Fan, Y. (1996), The American Statistician 50, 361-365 (type 7);
    Glasserman, P. (2004), Monte Carlo Methods in Financial Engineering, section 4.1 (common
    random numbers).
    """
    return span(np.vstack([np.median(numbers[1:], axis=0), numbers[1:]]))


def summed_pair(
    before: Array, after: Array, ends: Array | None, *, least: float = 0.0
) -> tuple[Array, Array]:
    """Bring sums over places, before and after, to what is published of the larger place.

    Parameters
    ----------
    before, after : ndarray, shape (1 + draws, years)
        Sums over the same places of the baseline and of the scenario, the middle path first.
    ends : ndarray, shape (years, 5), optional
        The forecast of the larger place; none: sums stay as they are but for their middle.
    least : float
        No sum lies below it; in the same unit.

    Returns
    -------
    tuple of (ndarray, shape (1 + draws, years), ndarray, shape (1 + draws, years))
        The baseline is the published forecast; the scenario differs from it by what the places
        differ together, future by future, so without a lever by exactly nothing. Where that
        would take more away than there is, it is taken in proportion.

    References
    ----------
    As `layers.analysis.together.as_published`.
    """
    if ends is None:
        # sums of skewed futures lie above the sum of their middles; forecasts are middles
        middle = np.median(before[1:], axis=0)
        drift = np.divide(before[0], middle, out=np.ones_like(middle), where=middle != 0)
        base = np.vstack([before[:1], before[1:] * drift])
    else:
        base = np.vstack([ends[None, :, 2], as_published(before[1:], ends, least=least)])
    moved = base + (after - before)
    too_much = (moved < least) & (before > 0)
    in_proportion = base * (after / np.where(before > 0, before, 1.0))
    return base, np.where(too_much, in_proportion, moved)


def weighted_sum(values: Mapping[str, Array], numbers: Mapping[str, float]) -> Array:
    """Add indicators up, each times its number.

    Parameters
    ----------
    values : mapping of str to ndarray
        By indicator, of one shape, each in its unit.
    numbers : mapping of str to float
        What each is multiplied by, no unit; not empty.

    Returns
    -------
    ndarray
        Of the same shape; in the unit of the sum.

    References
    ----------
    None: by definition.
    """
    keys = list(numbers)
    total: Array = values[keys[0]] * numbers[keys[0]]
    for key in keys[1:]:
        total = total + values[key] * numbers[key]
    return total
