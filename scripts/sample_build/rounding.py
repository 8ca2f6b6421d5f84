"""Rounding that keeps totals: shares of a whole number, and tables with fixed margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_IPF_ROUNDS = 60


def apportion(weights: Floats, total: int) -> Whole:
    """Divide a whole number in proportion to weights (largest remainder).

    Parameters
    ----------
    weights : ndarray
        Not negative, not all zero.
    total : int
        What is divided.

    Returns
    -------
    ndarray of int
        Adds up to ``total`` exactly.
    """
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def fitted(table: Floats, rows: Whole, columns: Whole) -> Whole:
    """Scale a table to given margins and round it so that both margins hold exactly.

    Parameters
    ----------
    table : ndarray of shape (n, k)
        Positive starting values.
    rows : ndarray of int, shape (n,)
        What each row must add up to.
    columns : ndarray of int, shape (k,)
        What each column must add up to; the same grand total as ``rows``.

    Returns
    -------
    ndarray of int, shape (n, k)
        Iterative proportional fitting, then controlled rounding.

    Raises
    ------
    ValueError
        If the two margins do not have one grand total.
    """
    if int(rows.sum()) != int(columns.sum()):
        raise ValueError(f"rows add up to {rows.sum()}, columns to {columns.sum()}")
    exact = np.maximum(table.astype(float), 1e-12)
    for _ in range(_IPF_ROUNDS):
        exact *= (columns / np.maximum(exact.sum(axis=0), 1e-300))[None, :]
        exact *= (rows / np.maximum(exact.sum(axis=1), 1e-300))[:, None]
    whole = np.floor(exact).astype(np.int64)
    missing = rows - whole.sum(axis=1)
    rank = np.argsort(np.argsort(-(exact - whole), axis=1, kind="stable"), axis=1, kind="stable")
    whole += rank < missing[:, None]
    return _mended(whole, exact, columns)


def _mended(whole: Whole, exact: Floats, columns: Whole) -> Whole:
    # Move single units along rows until the columns hold as well.
    while (surplus := whole.sum(axis=0) - columns).any():
        giving, taking = int(np.argmax(surplus)), int(np.argmin(surplus))
        count = min(int(surplus[giving]), int(-surplus[taking]))
        gain = (whole - exact)[:, giving] - (whole - exact)[:, taking]
        gain[whole[:, giving] <= 0] = -np.inf
        chosen = np.argsort(-gain, kind="stable")[:count]
        chosen = chosen[np.isfinite(gain[chosen])]
        whole[chosen, giving] -= 1
        whole[chosen, taking] += 1
    return whole
