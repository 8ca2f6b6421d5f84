"""Numbers as people read them: thousands separated, a true minus, no more digits than needed."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
MOST_DECIMALS = 6


def readable(value: float, decimals: int) -> str:
    """Write a number for a reader.

    Parameters
    ----------
    value : float
        In any unit.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        For example ``1,234.50`` or ``−3``.

    References
    ----------
    House style: docs/indicators.md, "Numbers".

    Examples
    --------
    >>> readable(-1234.5, 2)
    '−1,234.50'
    """
    written = f"{value:,.{max(decimals, 0)}f}"
    if written.startswith("-"):
        is_zero = not written.strip("-0.,")
        return written[1:] if is_zero else MINUS + written[1:]
    return written


def decimals_needed(values: tuple[float, ...]) -> int:
    """Count the digits after the point that tell all of some numbers exactly.

    Parameters
    ----------
    values : tuple of float
        In any one unit.

    Returns
    -------
    int
        0 to 6.

    References
    ----------
    House style: docs/indicators.md, "Numbers".
    """
    for decimals in range(MOST_DECIMALS):
        if all(math.isclose(round(v, decimals), v, rel_tol=1e-12, abs_tol=1e-12) for v in values):
            return decimals
    return MOST_DECIMALS


def simplest_between(low: float, high: float, wish: float) -> float:
    """Find the number with the fewest digits in an interval, the nearest to a wish.

    Parameters
    ----------
    low, high : float
        Ends of the interval, both allowed, in any one unit.
    wish : float
        The number that should be met, in the same unit.

    Returns
    -------
    float
        In the same unit; ``wish`` when the interval has no width.

    References
    ----------
    House style: docs/indicators.md, "Classes".

    Examples
    --------
    >>> simplest_between(0.97, 1.13, 1.04)
    1.0
    """
    width = high - low
    if width <= 0 or not math.isfinite(width):
        return wish
    exponent = math.floor(math.log10(max(abs(low), abs(high), width)))
    for power in range(exponent, exponent - 2 * MOST_DECIMALS - 4, -1):
        # Halves before tenths: 2.5 reads as easily as 2.
        for step in (10.0**power, 10.0**power / 2):
            decimals = max(0, 1 - math.floor(math.log10(step)))
            found = round(round(wish / step) * step, decimals)
            if low <= found <= high:
                return found
    return wish
