"""Which further cells of linked tables must be withheld, so that none can be worked out.

A cell withheld because it is small is a known number again if it is the only one missing from
a sum. Cells and the sums among them are one system of linear equations; an outsider knows the
system, the cells shown, and that nothing is below its floor. What he can learn of a cell is the
interval between the smallest and the largest value the system allows. Cells are withheld until
every interval is as wide as asked: first where a single equation gives one away, the smallest
that helps; then wherever a linear programme still finds an interval too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Intervals are compared with what is asked less this, in the unit of the cells.
SLIP = 1e-6
#: How far a cell may be moved from its value when one programme serves many cells, in widths.
_REACH = 1_000.0
#: Programmes that each widen many intervals at once, before cells are asked for one by one.
_ROUNDS = 8


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
        Cells with a low rank are withheld first, those of infinite rank never; no unit.
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


def protect(table: Linked, withheld: Flags) -> tuple[Flags, Places]:
    """Withhold as many more cells as it takes to protect those withheld.

    Parameters
    ----------
    table : Linked
        Cells, no unit of their own, and equations.
    withheld : ndarray, shape (n,)
        True for cells withheld to begin with; they stay so.

    Returns
    -------
    hidden : ndarray, shape (n,)
        True for all cells to withhold.
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
    while True:
        _hide_where_one_equation_tells(merged, hidden)
        exposed = _narrow(merged, hidden)
        more = _helpers(merged, hidden, exposed)
        if not len(more):
            return hidden[twin] & (np.isfinite(table.rank) | withheld), exposed
        hidden[more] = True


def intervals(table: Linked, hidden: Flags, wanted: Places) -> tuple[Numbers, Numbers]:
    """Work out what an outsider can learn of some withheld cells.

    Parameters
    ----------
    table : Linked
        Cells, no unit of their own, and equations.
    hidden : ndarray, shape (n,)
        True for all cells withheld.
    wanted : ndarray, shape (w,)
        Cells to ask for.

    Returns
    -------
    low, high : ndarray, shape (w,)
        Smallest and largest value that the equations allow, in the unit of the cells; never
        more than 1,000 widths away from the true value.

    References
    ----------
    Hundepool, A. et al. (2012), Statistical Disclosure Control, Wiley, ch. 4.
    """
    low, high = table.value[wanted].copy(), table.value[wanted].copy()
    component = _components(table, hidden)
    for one in np.unique(component[wanted]):
        programme = _Programme(table, hidden & (component == one))
        for place in np.flatnonzero(component[wanted] == one):
            ends = programme.ends_of(wanted[place])
            low[place], high[place] = ends
    return low, high


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
        new = _joined(twin, same, cells)
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


# Gives cells that share a group the lowest label among them, however remotely they share one.
def _joined(label: Places, group: Places, cell: Places) -> Places:
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


# Each equation with hidden cells of one sign only must leave them room: two of them, and as
# much above their floors together as the widest of them needs.
def _hide_where_one_equation_tells(table: Linked, hidden: Flags) -> None:
    equations = int(table.equation.max()) + 1 if len(table.equation) else 0
    room = np.abs(table.factor) * (table.value - table.floor)[table.cell]
    need = np.abs(table.factor) * table.width[table.cell]
    while equations:
        is_hidden = hidden[table.cell]
        up, down = (
            np.bincount(table.equation[is_hidden & sign], minlength=equations)
            for sign in (table.factor > 0, table.factor < 0)
        )
        rooms = np.bincount(table.equation, np.where(is_hidden, room, 0.0), minlength=equations)
        needs = np.zeros(equations)
        np.maximum.at(needs, table.equation[is_hidden], need[is_hidden])
        alone = (up + down == 1) | ((up == 0) | (down == 0)) & (rooms < needs - SLIP)
        tells = (needs > 0) & (up + down > 0) & alone
        chosen = _cheapest(table, ~is_hidden & tells[table.equation])
        if not len(chosen):
            return
        hidden[chosen] = True


# Of the terms that are open to choice, the cell of lowest rank in each equation.
def _cheapest(table: Linked, is_open: Flags) -> Places:
    at = np.flatnonzero(is_open & np.isfinite(table.rank[table.cell]))
    order = at[np.lexsort((table.rank[table.cell[at]], table.equation[at]))]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = table.equation[order][1:] != table.equation[order][:-1]
    return np.unique(table.cell[order[first]])


def _narrow(table: Linked, hidden: Flags) -> Places:
    linked = np.zeros(len(hidden), dtype=np.bool_)
    linked[table.cell] = True
    asked = np.flatnonzero(hidden & linked & (table.width > 0))
    if not len(asked):
        return asked
    left = _Programme(table, hidden & linked).widened(asked)
    if not len(left):
        return left
    low, high = intervals(table, hidden, left)
    return left[high - low < table.width[left] - SLIP]


# Cells that would widen the intervals of exposed ones: for each group of cells that hang together
# the cheapest in an equation with an exposed one, or else with any of the group.
def _helpers(table: Linked, hidden: Flags, exposed: Places) -> Places:
    if not len(exposed):
        return exposed
    component = _components(table, hidden)
    near = np.zeros(len(hidden), dtype=np.bool_)
    near[exposed] = True
    found = _beside(table, hidden, near, component)
    lost = np.isin(component, component[exposed]) & hidden
    return found if len(found) else _beside(table, hidden, lost, component)


def _beside(table: Linked, hidden: Flags, near: Flags, component: Places) -> Places:
    group = np.full(int(table.equation.max()) + 1, -1, dtype=np.int64)
    is_near = near[table.cell]
    np.maximum.at(group, table.equation[is_near], component[table.cell[is_near]])
    of_term = group[table.equation]
    is_open = (of_term >= 0) & ~hidden[table.cell] & np.isfinite(table.rank[table.cell])
    at = np.flatnonzero(is_open)
    order = at[np.lexsort((table.rank[table.cell[at]], of_term[at]))]
    _, first = np.unique(of_term[order], return_index=True)
    return np.unique(table.cell[order[first]])


# Numbers of the groups of hidden cells that hang together by equations; -1 for cells shown.
def _components(table: Linked, hidden: Flags) -> Places:
    label = np.where(hidden, np.arange(len(hidden)), -1)
    is_hidden = hidden[table.cell]
    if not is_hidden.any():
        return label
    return _joined(label, table.equation[is_hidden], table.cell[is_hidden])


class _Programme:
    """The linear programme of some hidden cells, kept by the solver between questions."""

    def __init__(self, table: Linked, hidden: Flags) -> None:
        self._table = table
        self._cells = np.flatnonzero(hidden)
        self._column = np.full(len(hidden), -1, dtype=np.int64)
        self._column[self._cells] = np.arange(len(self._cells))
        reach = _REACH * max(float(table.width.max()), 1.0)
        self._least = table.floor[self._cells].astype(np.float64)
        self._most = table.value[self._cells] + reach
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        self._solver.passModel(self._model())

    def widened(self, asked: Places) -> Places:
        """Move many cells at once, up and down.

        Parameters
        ----------
        asked : ndarray, shape (w,)
            Cells, no unit.

        Returns
        -------
        ndarray, shape (v,)
            Those whose interval has not been seen to be wide enough.
        """
        table, left = self._table, asked
        low, high = table.value.copy(), table.value.copy()
        chance = np.random.default_rng(0)
        for _ in range(_ROUNDS):
            columns = self._column[left]
            least, most = self._least.copy(), self._most.copy()
            least[columns] = np.maximum(least[columns], table.value[left] - table.width[left])
            most[columns] = table.value[left] + table.width[left]
            self._bound(least, most)
            weights = chance.uniform(0.5, 1.5, len(left)) * chance.choice([-1.0, 1.0], len(left))
            for direction in (1.0, -1.0):
                solution = self._best(columns, direction * weights)
                low[self._cells] = np.minimum(low[self._cells], solution)
                high[self._cells] = np.maximum(high[self._cells], solution)
            left = left[(high - low)[left] < table.width[left] - SLIP]
            if not len(left):
                break
        return left

    def ends_of(self, cell: int) -> tuple[float, float]:
        """Find the smallest and the largest value of one cell.

        Parameters
        ----------
        cell : int
            Any of the hidden ones.

        Returns
        -------
        low, high : float
            In the unit of the cell.
        """
        self._bound(self._least, self._most)
        column = self._column[[cell]]
        low = self._best(column, np.array([-1.0]))[column[0]]
        high = self._best(column, np.array([1.0]))[column[0]]
        return float(low), float(high)

    def _bound(self, least: Numbers, most: Numbers) -> None:
        every = np.arange(len(self._cells), dtype=np.int32)
        self._solver.changeColsBounds(len(every), every, least, most)

    def _best(self, columns: Places, weights: Numbers) -> Numbers:
        every = np.arange(len(self._cells), dtype=np.int32)
        cost = np.zeros(len(every))
        cost[columns] = -weights  # it minimises
        self._solver.changeColsCost(len(every), every, cost)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # Never happens with bounds around a known point; then nothing has been widened.
            return self._table.value[self._cells]
        return np.array(self._solver.getSolution().col_value)

    def _model(self) -> highspy.HighsLp:
        table = self._table
        inside = self._column[table.cell] >= 0
        rows, row = np.unique(table.equation[inside], return_inverse=True)
        column, factor = self._column[table.cell[inside]], table.factor[inside]
        order = np.argsort(row, kind="stable")
        right = np.bincount(row, factor * table.value[table.cell[inside]], minlength=len(rows))
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._cells), len(rows)
        model.col_cost_ = np.zeros(len(self._cells))
        model.col_lower_, model.col_upper_ = self._least, self._most
        model.row_lower_ = model.row_upper_ = right.astype(np.float64)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(row[order], np.arange(len(rows) + 1))
        model.a_matrix_.index_ = column[order]
        model.a_matrix_.value_ = factor[order]
        return model
