"""What an outsider can learn of withheld cells: the interval that the sums he knows leave."""

from __future__ import annotations

import highspy
import numpy as np

from layers.analysis.linked import REACH, SLIP, Flags, Linked, Numbers, Places, components

#: Programmes that each widen many intervals at once, before cells are asked for one by one.
_ROUNDS = 8


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
    component = components(table, hidden)
    for one in np.unique(component[wanted]):
        programme = _Programme(table, hidden & (component == one))
        for place in np.flatnonzero(component[wanted] == one):
            ends = programme.ends_of(wanted[place])
            low[place], high[place] = ends
    return low, high


def narrow(table: Linked, hidden: Flags) -> Places:
    """Find the withheld cells that are known too closely.

    Parameters
    ----------
    table : Linked
        Cells, no unit of their own, and equations.
    hidden : ndarray, shape (n,)
        True for all cells withheld.

    Returns
    -------
    ndarray, shape (e,)
        Cells whose interval is narrower than their width.

    References
    ----------
    Hundepool, A. et al. (2012), Statistical Disclosure Control, Wiley, ch. 4.
    """
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


class _Programme:
    """The linear programme of some hidden cells, kept by the solver between questions."""

    def __init__(self, table: Linked, hidden: Flags) -> None:
        self._table = table
        self._cells = np.flatnonzero(hidden)
        self._column = np.full(len(hidden), -1, dtype=np.int64)
        self._column[self._cells] = np.arange(len(self._cells))
        reach = REACH * max(float(table.width.max()), 1.0)
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
