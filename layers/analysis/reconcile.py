"""Forecasts that add up: the least change that makes every parent the sum of its children."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Whole = NDArray[np.int64]


def leaves_under(parent: Whole) -> Vector:
    """Count the leaves under every node of a forest.

    Parameters
    ----------
    parent : ndarray, shape (n,)
        Row of each node's parent, -1 for a root.

    Returns
    -------
    ndarray, shape (n,)
        1 for a leaf; the weights of structural scaling.

    References
    ----------
    Athanasopoulos, G. et al. (2017), European Journal of Operational Research 262, 60-74.
    """
    is_leaf = np.ones(len(parent), dtype=np.bool_)
    is_leaf[parent[parent >= 0]] = False
    return summed_up(is_leaf[:, None].astype(np.float64), parent)[:, 0]


def summed_up(values: Matrix, parent: Whole) -> Matrix:
    """Give every parent the sum of its children, from the leaves up.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Of the leaves, in any one unit; those of other nodes are not looked at.
    parent : ndarray, shape (n,)
        Row of each node's parent, -1 for a root.

    Returns
    -------
    ndarray, shape (n, k)
        In the same unit; leaves as they were.

    References
    ----------
    Hyndman, R. J. et al. (2011), Computational Statistics and Data Analysis 55, 2579-2589
    (bottom-up).
    """
    total = values.copy()
    has_children = np.zeros(len(parent), dtype=np.bool_)
    has_children[parent[parent >= 0]] = True
    total[has_children] = 0.0
    for rows in _deepest_first(parent):
        inner = rows[parent[rows] >= 0]
        np.add.at(total, parent[inner], total[inner])
    return total


def reconcile(forecasts: Matrix, parent: Whole, weights: Vector | None = None) -> Matrix:
    """Change forecasts as little as possible so that every parent is the sum of its children.

    Least squares with the weights of structural scaling (WLS-struct): the error of a node has
    the variance of all leaves under it. In a tree the equations solve from the leaves up and
    back down, in one step for each level, however many leaves there are. Should a leaf fall
    below zero, it becomes zero and the others are summed up anew.

    Parameters
    ----------
    forecasts : ndarray, shape (n, k)
        Of every node, in any one unit; a column is solved by itself.
    parent : ndarray, shape (n,)
        Row of each node's parent, -1 for a root.
    weights : ndarray, shape (n,), optional
        Variances of the nodes up to a factor, a parent's being the sum of its children's. The
        number of leaves under each when absent.

    Returns
    -------
    ndarray, shape (n, k)
        In the same unit.

    Raises
    ------
    ValueError
        If a forecast is not finite or the weights of children do not add up to the parent's.

    References
    ----------
    Hyndman, R. J. et al. (2011), Computational Statistics and Data Analysis 55, 2579-2589;
    Wickramasuriya, S. L., Athanasopoulos, G. and Hyndman, R. J. (2019), J. Am. Stat. Assoc. 114,
    804-819.
    """
    if not np.isfinite(forecasts).all():
        raise ValueError("only finite forecasts can be reconciled")
    if len(parent) == 0:
        return forecasts.copy()
    spread = leaves_under(parent) if weights is None else weights
    if not np.allclose(summed_up(spread[:, None], parent)[:, 0], spread):
        raise ValueError("the weight of a parent is the sum of its children's")
    has_children = np.zeros(len(parent), dtype=np.bool_)
    has_children[parent[parent >= 0]] = True
    multipliers = _multipliers(forecasts, parent, spread, has_children)
    of_parent = np.where((parent >= 0)[:, None], multipliers[parent], 0.0)
    solved = forecasts - spread[:, None] * (multipliers - of_parent)
    smallest = np.where(has_children[:, None], 0.0, solved)
    if (forecasts < 0).any() or (smallest >= 0).all():
        return summed_up(solved, parent)
    return summed_up(np.maximum(solved, 0.0), parent)


# Lagrange multipliers of "parent less its children is zero", by elimination from the leaves up.
def _multipliers(
    forecasts: Matrix, parent: Whole, spread: Vector, has_children: NDArray[np.bool_]
) -> Matrix:
    inner = parent >= 0
    gap = forecasts.copy()
    np.subtract.at(gap, parent[inner], forecasts[inner])
    known = np.where(has_children[:, None], gap, 0.0)
    pivot = np.where(has_children, 2 * spread, 1.0)
    levels = _deepest_first(parent)
    for rows in levels:
        going_up = rows[has_children[rows] & (parent[rows] >= 0)]
        share = spread[going_up] / pivot[going_up]
        np.add.at(known, parent[going_up], share[:, None] * known[going_up])
        np.subtract.at(pivot, parent[going_up], share * spread[going_up])
    solved = np.zeros_like(forecasts)
    for rows in reversed(levels):
        here = rows[has_children[rows]]
        above = np.where((parent[here] >= 0)[:, None], solved[parent[here]], 0.0)
        solved[here] = (known[here] + spread[here, None] * above) / pivot[here, None]
    return solved


def _deepest_first(parent: Whole) -> list[Whole]:
    depth = np.zeros(len(parent), dtype=np.int64)
    above = parent.copy()
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parent[above], -1)
    return [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)), -1, -1)]
