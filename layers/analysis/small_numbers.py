"""How sure a share made of a count is, and with it a rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Of the normal distribution, for 95 % on both sides.
Z95 = 1.959963984540054


def wilson(numerator: Values, denominator: Values) -> tuple[Values, Values]:
    """Give the 95 % interval of shares, each made of a count out of a count.

    Parameters
    ----------
    numerator : ndarray, shape (n,)
        Counted, such as persons; none above its denominator.
    denominator : ndarray, shape (n,)
        Out of how many; NaN is returned where it is not above zero.

    Returns
    -------
    tuple of (ndarray, shape (n,), ndarray, shape (n,))
        Lower and upper ends in per cent.

    References
    ----------
    Wilson, E. B. (1927), J. Am. Stat. Assoc. 22, 209-212; as recommended for proportions by
    Newcombe, R. G. and Altman, D. G. (2000), Statistics with Confidence, 2nd ed., ch. 6.

    Examples
    --------
    >>> low, high = wilson(np.array([15.0]), np.array([148.0]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([6.24], [16.05])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(denominator > 0, denominator, np.nan)
        share = numerator / n
        middle = 2 * numerator + Z95**2
        spread = Z95 * np.sqrt(Z95**2 + 4 * numerator * (1 - share))
        low = 100 * (middle - spread) / (2 * (n + Z95**2))
        high = 100 * (middle + spread) / (2 * (n + Z95**2))
    return np.clip(low, 0.0, 100.0), np.clip(high, 0.0, 100.0)


def rank_ends(low: Values, high: Values) -> tuple[Counts, Counts]:
    """Tell between which ranks values may lie, seen from their intervals.

    Parameters
    ----------
    low, high : ndarray, shape (n,)
        Ends of the intervals of values, in any one unit.

    Returns
    -------
    tuple of (ndarray, shape (n,), ndarray, shape (n,))
        Best and worst rank, 1 for the highest: after all that are surely higher, and before all
        that are surely lower.

    References
    ----------
    Goldstein, H. and Spiegelhalter, D. J. (1996), J. R. Statist. Soc. A 159, 385-443 (a league
    table needs the uncertainty of its ranks).

    Examples
    --------
    >>> best, worst = rank_ends(np.array([9.0, 4.0, 3.0]), np.array([11.0, 6.0, 5.0]))
    >>> best.tolist(), worst.tolist()
    ([1, 2, 2], [1, 3, 3])
    """
    surely_higher = len(low) - np.searchsorted(np.sort(low), high, side="right")
    surely_lower = np.searchsorted(np.sort(high), low, side="left")
    best = 1 + surely_higher
    return best.astype(np.int64), (len(low) - surely_lower).astype(np.int64)
