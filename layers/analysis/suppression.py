"""Which further cells of linked tables must be withheld, so that none can be worked out.

A cell withheld because it is small is a known number again if it is the only one missing from
a sum. Cells and the sums among them are one system of linear equations; an outsider knows the
system, the cells shown, and that nothing is below its floor. What he can learn of a cell is the
interval between the smallest and the largest value the system allows. Wherever a linear programme
finds an interval too narrow, the cells that cost least are withheld along, until every interval is
as wide as asked.
"""

from __future__ import annotations

import numpy as np

from layers.analysis.bounds import narrow
from layers.analysis.cover import Covers
from layers.analysis.linked import SLIP, Flags, Linked, Numbers, Places, joined


def protect(table: Linked, withheld: Flags, unshown: Flags | None = None) -> tuple[Flags, Places]:
    """Withhold as many more cells as it takes to protect those withheld.

    Parameters
    ----------
    table : Linked
        Cells, no unit of their own, and equations.
    withheld : ndarray, shape (n,)
        True for cells withheld to begin with; they stay so.
    unshown : ndarray, shape (n,), optional
        True for cells that are not shown, but may be known: parts of rates that are withheld.

    Returns
    -------
    hidden : ndarray, shape (n,)
        True for all cells to withhold; of those not shown, the ones that must not be known.
    exposed : ndarray, shape (e,)
        Cells that nothing can protect, because what gives them away may not be withheld.

    References
    ----------
    Cox, L. H. (1980), "Suppression methodology and statistical disclosure control", Journal of
    the American Statistical Association 75, 377-385.
    Fischetti, M. and Salazar, J. J. (2001), "Solving the cell suppression problem on tabular
    data with linear constraints", Management Science 47, 1008-1027.
    Hundepool, A. et al. (2012), Statistical Disclosure Control, Wiley, ch. 4.

    Examples
    --------
    >>> whole = Linked(
    ...     value=np.array([3.0, 20.0, 40.0, 63.0]),
    ...     floor=np.zeros(4),
    ...     width=np.full(4, 5.0),
    ...     rank=np.array([3.0, 20.0, 40.0, 63.0]),
    ...     equation=np.zeros(4, dtype=np.int64),
    ...     cell=np.arange(4),
    ...     factor=np.array([1.0, 1.0, 1.0, -1.0]),
    ... )
    >>> protect(whole, np.array([True, False, False, False]))[0].tolist()
    [True, True, False, False]
    """
    twin = _twins(table)
    merged = _merged(table, twin)
    hidden = np.zeros(len(withheld), dtype=np.bool_)
    np.logical_or.at(hidden, twin, withheld)
    free = np.zeros_like(hidden) if unshown is None else _free(twin, hidden[twin] | unshown)
    free &= ~hidden
    merged.width[free] = 0.0
    hidden |= free
    covers, lost = Covers(merged), np.zeros_like(hidden)
    while True:
        exposed = narrow(merged, hidden)
        left = exposed[~lost[exposed]]
        if not len(left):
            hidden &= ~free
            return hidden[twin] & (np.isfinite(table.rank) | withheld), exposed
        for cell in left:
            more = covers.cheapest(int(cell), hidden)
            lost[cell] = hidden[more].all()
            hidden[more] = True


# Cells that stand for themselves and their twins, none of which is shown.
def _free(twin: Places, not_shown: Flags) -> Flags:
    is_free: Flags = twin == np.arange(len(twin))
    is_free[twin[~not_shown]] = False
    return is_free


# Cells that are the same but for a number everybody knows: a count and the numerator of its rate,
# or two sums of the same cells. Whoever is told one knows the other. Each cell gets the number of
# the first that is its twin, or its own.
#
# Every cell is given two numbers by chance. What an equation says a cell to be is then two numbers
# as well, and cells said to be the same have the same ones.
def _twins(table: Linked) -> Places:
    chance = np.random.default_rng(0).uniform(1.0, 2.0, (2, len(table.value)))
    twin = np.arange(len(table.value))
    cells = np.concatenate([table.cell, np.arange(len(twin))])
    while len(table.equation):
        first, second = (_said(table, one[twin]) for one in chance)
        _, same = np.unique(first * (int(second.max()) + 1) + second, return_inverse=True)
        new = joined(twin, same, cells)
        if np.array_equal(new, twin):
            break
        twin = new
    return twin


# Numbers each term by what the rest of its equation says its cell to be, and then each cell itself.
def _said(table: Linked, chance: Numbers) -> Places:
    weight = chance[table.cell] * table.factor
    rest = np.bincount(table.equation, weight)[table.equation] - weight
    said = np.concatenate([-rest / table.factor, chance])
    return np.unique(np.round(said, 8), return_inverse=True)[1]


# The same system with one cell in place of its twins. If one of them may not be withheld, none
# is; the room is that of the one that has least.
def _merged(table: Linked, twin: Places) -> Linked:
    room, width, rank = table.value - table.floor, table.width.copy(), table.rank.copy()
    np.minimum.at(room, twin, table.value - table.floor)
    np.maximum.at(width, twin, table.width)
    np.maximum.at(rank, twin, np.where(np.isfinite(table.rank), -np.inf, np.inf))
    width[twin != np.arange(len(twin))] = 0.0
    pairs = np.stack([table.equation, twin[table.cell]], axis=1)
    terms, place = np.unique(pairs, axis=0, return_inverse=True)
    factor: Numbers = np.zeros(len(terms))
    np.add.at(factor, place.ravel(), table.factor)
    kept = np.abs(factor) > SLIP
    return Linked(
        value=table.value,
        floor=table.value - room,
        width=width,
        rank=rank,
        equation=terms[kept, 0],
        cell=terms[kept, 1],
        factor=factor[kept],
    )
