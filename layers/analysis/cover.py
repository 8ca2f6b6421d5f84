"""The cells that cost least to withhold, so that one withheld cell is known less closely."""

from __future__ import annotations

import highspy
import numpy as np

from layers.analysis.linked import REACH, SLIP, Flags, Linked, Numbers, Places

#: Steps from a cell, by the equations it is in, within which help is looked for first. Fewer
#: find dearer help; at more the programmes grow to whole countries and find hardly better.
_NEAR = 3
#: Steps up to which help is looked for that is not dear, and the rank from which it is.
_FAR, _DEAR = 6, 100.0
#: What it costs to move a cell that is withheld anyway: next to nothing.
_FREE = 1e-3


class Covers:
    """Finds for one cell after another what should be withheld along with it."""

    def __init__(self, table: Linked) -> None:
        self._table = table
        self._by_equation = _Grouped(table.equation)
        self._by_cell = _Grouped(table.cell)

    def cheapest(self, cell: int, hidden: Flags) -> Places:
        """Find the cells that must be withheld, or are, for a cell to be as uncertain as asked.

        Some cells are moved up and down from their values so that all equations still hold and
        the cell moves as far as its width; whatever moves must be withheld. Moving costs the
        rank of the cell, so that few cells of low rank move: the linear relaxation of choosing
        them, whose solutions move few cells by themselves.

        Parameters
        ----------
        cell : int
            A cell withheld.
        hidden : ndarray, shape (n,)
            True for all cells withheld, the cell itself among them.

        Returns
        -------
        ndarray, shape (c,)
            Cells; none if nothing that may be withheld helps.

        References
        ----------
        Kelly, J. P., Golden, B. L. and Assad, A. A. (1992), "Cell suppression: disclosure
        protection for sensitive tabular data", Networks 22, 397-417.
        Fischetti, M. and Salazar, J. J. (2001), "Solving the cell suppression problem on tabular
        data with linear constraints", Management Science 47, 1008-1027.
        """
        movable = hidden | np.isfinite(self._table.rank)
        cells, steps = np.array([cell]), 0
        # What was withheld for a cell before may be help enough.
        if len(found := self._moved(cell, self._with_free(cells, hidden), hidden)):
            return found
        while True:
            wider = self._with_neighbours(cells, movable)
            is_all, cells, steps = len(wider) == len(cells), wider, steps + 1
            if steps < _NEAR and not is_all:
                continue
            found = self._moved(cell, self._with_free(cells, hidden), hidden)
            is_dear = (self._table.rank[found[~hidden[found]]] >= _DEAR).any()
            if is_all or (len(found) and (not is_dear or steps >= _FAR)):
                return found

    # Help that costs nothing may lie further away.
    def _with_free(self, cells: Places, hidden: Flags) -> Places:
        for _ in range(_NEAR):
            cells = np.union1d(cells, self._with_neighbours(cells, hidden))
        return cells

    def _with_neighbours(self, cells: Places, movable: Flags) -> Places:
        equations = np.unique(self._table.equation[self._by_cell.terms_of(cells)])
        beside = np.unique(self._table.cell[self._by_equation.terms_of(equations)])
        return beside[movable[beside]]

    # Columns are the cells' ways up and down for the upper end of the interval, then for the lower.
    def _moved(self, cell: int, cells: Places, hidden: Flags) -> Places:
        table, count = self._table, len(cells)
        reach = REACH * max(float(table.width.max()), 1.0)
        cost = np.where(hidden[cells], _FREE, table.rank[cells])
        room = (table.value - table.floor)[cells]
        model = highspy.HighsLp()
        model.num_col_ = 4 * count
        model.col_cost_ = np.tile(cost, 4)
        model.col_lower_ = np.zeros(4 * count)
        model.col_upper_ = np.tile(np.concatenate([np.full(count, reach), room]), 2)
        self._hold(model, cells, int(np.searchsorted(cells, cell)), float(table.width[cell]))
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.silent()
        solver.setOptionValue("threads", 1)
        solver.passModel(model)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return cells[:0]
        up, down, up_below, down_below = np.reshape(solver.getSolution().col_value, (4, count))
        moved: Places = cells[(np.abs(up - down) > SLIP) | (np.abs(up_below - down_below) > SLIP)]
        return moved

    # Every equation holds at both ends, and between them lies the width of the cell.
    def _hold(self, model: highspy.HighsLp, cells: Places, at: int, width: float) -> None:
        terms, count = self._by_cell.terms_of(cells), len(cells)
        equations, row = np.unique(self._table.equation[terms], return_inverse=True)
        column, factor = np.searchsorted(cells, self._table.cell[terms]), self._table.factor[terms]
        rows = len(equations)
        row = np.concatenate([row, row, row + rows, row + rows, np.full(4, 2 * rows)])
        columns = np.add.outer(np.arange(4) * count, column).ravel()
        column = np.concatenate([columns, np.arange(4) * count + at])
        factors: Numbers = np.concatenate([factor, -factor, factor, -factor, [1, -1, -1, 1]])
        order = np.argsort(row, kind="stable")
        least = np.zeros(2 * rows + 1)
        least[-1] = width
        model.num_row_ = 2 * rows + 1
        model.row_lower_ = least
        model.row_upper_ = np.append(np.zeros(2 * rows), highspy.kHighsInf)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(row[order], np.arange(2 * rows + 2))
        model.a_matrix_.index_ = column[order]
        model.a_matrix_.value_ = factors[order]


class _Grouped:
    """Where the terms of each equation, or of each cell, stand."""

    def __init__(self, number: Places) -> None:
        self._order = np.argsort(number, kind="stable")
        many = int(number.max(initial=-1)) + 1
        self._start = np.searchsorted(number[self._order], np.arange(many + 1))

    def terms_of(self, wanted: Places) -> Places:
        """Find all terms of some; those beyond the last have none.

        Parameters
        ----------
        wanted : ndarray, shape (w,)
            Numbers of equations or cells, each once.

        Returns
        -------
        ndarray, shape (t,)
            Places of terms, those of one number together.
        """
        known = wanted[wanted < len(self._start) - 1]
        count = self._start[known + 1] - self._start[known]
        begins = self._start[known] - (np.cumsum(count) - count)
        found: Places = self._order[np.repeat(begins, count) + np.arange(count.sum())]
        return found
