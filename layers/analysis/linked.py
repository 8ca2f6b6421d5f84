"""Cells and the sums among them that an outsider knows: one system of linear equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: How far a cell may be moved from its value where nothing else stops it, in widths.
REACH = 1_000.0
#: Intervals are compared with what is asked less this, in the unit of the cells.
SLIP = 1e-6


@dataclass(frozen=True, slots=True)
class Linked:
    """Cells and the equations that an outsider knows among them.

    Parameters
    ----------
    value : ndarray, shape (n,)
        True value of each cell, in persons or any one unit.
    floor : ndarray, shape (n,)
        The least an outsider must reckon with, in the same unit.
    width : ndarray, shape (n,)
        Narrowest interval allowed when the cell is withheld, in the same unit; 0 for one that
        needs no protection of its own.
    rank : ndarray, shape (n,)
        What is lost when the cell is withheld, above 0, no unit; those of infinite rank never are.
    equation, cell : ndarray, shape (m,)
        Terms: number of the equation, from 0, and place of the cell in it.
    factor : ndarray, shape (m,)
        What the cell is multiplied by in it, no unit, never 0.
    """

    value: Numbers
    floor: Numbers
    width: Numbers
    rank: Numbers
    equation: Places
    cell: Places
    factor: Numbers


def joined(label: Places, group: Places, cell: Places) -> Places:
    """Give cells that share a group the lowest label among them, however remotely they share one.

    Parameters
    ----------
    label : ndarray, shape (n,)
        Of each cell, from -1, no unit.
    group, cell : ndarray, shape (m,)
        Each cell may be in many groups.

    Returns
    -------
    ndarray, shape (n,)
        The new labels.

    References
    ----------
    Shiloach, Y. and Vishkin, U. (1982), "An O(log n) parallel connectivity algorithm",
    Journal of Algorithms 3, 57-67.
    """
    lowest = np.empty(int(group.max()) + 1, dtype=np.int64)
    while True:
        lowest.fill(len(label))
        np.minimum.at(lowest, group, label[cell])
        new = label.copy()
        np.minimum.at(new, cell, lowest[group])
        new = np.minimum(new, new[np.maximum(new, 0)])
        if np.array_equal(new, label):
            return label
        label = new


def components(table: Linked, hidden: Flags) -> Places:
    """Tell which hidden cells hang together by equations.

    Parameters
    ----------
    table : Linked
        Cells, no unit of their own, and equations.
    hidden : ndarray, shape (n,)
        True for cells withheld.

    Returns
    -------
    ndarray, shape (n,)
        The lowest cell of each cell's group; -1 for cells shown.

    References
    ----------
    Shiloach, Y. and Vishkin, U. (1982), "An O(log n) parallel connectivity algorithm",
    Journal of Algorithms 3, 57-67.
    """
    label = np.where(hidden, np.arange(len(hidden)), -1)
    is_hidden = hidden[table.cell]
    if not is_hidden.any():
        return label
    return joined(label, table.equation[is_hidden], table.cell[is_hidden])
