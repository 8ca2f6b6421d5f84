"""Cells are withheld until none can be worked out; the examples can be checked with a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from layers.analysis.bounds import intervals
from layers.analysis.linked import Linked
from layers.analysis.suppression import protect


def linked(values, sums, *, width=5.0, floor=0.0, fixed=()):
    """Cells in the order of ``values``; ``sums`` are lists of parts with their whole at the end."""
    value = np.array(values, dtype=np.float64)
    rank = value.copy()
    rank[list(fixed)] = np.inf
    terms = [
        (number, cell, -1.0 if cell == members[-1] else 1.0)
        for number, members in enumerate(sums)
        for cell in members
    ]
    equation, cell, factor = zip(*terms, strict=True)
    return Linked(
        value=value, floor=np.full(len(value), floor), width=np.full(len(value), width), rank=rank,
        equation=np.array(equation), cell=np.array(cell), factor=np.array(factor),
    )  # fmt: skip


def hide(table, *cells):
    withheld = np.zeros(len(table.value), dtype=np.bool_)
    withheld[list(cells)] = True
    hidden, exposed = protect(table, withheld)
    return set(np.flatnonzero(hidden).tolist()), exposed.tolist()


def test_the_smallest_neighbour_is_withheld_along():
    table = linked([3, 20, 40, 63], [[0, 1, 2, 3]])
    assert hide(table, 0) == ({0, 1}, [])


def test_two_that_are_too_small_together_need_a_third():
    # 1 + 2 leaves an interval of 3; with 20 it is 23 wide
    table = linked([1, 2, 20, 40, 63], [[0, 1, 2, 3, 4]])
    assert hide(table, 0, 1) == ({0, 1, 2}, [])


def test_an_only_child_takes_its_parent_along_and_that_a_brother():
    # 0 is the only child of 1; 1, 2 and 3 make 4
    table = linked([4, 4, 30, 50, 84], [[0, 1], [1, 2, 3, 4]])
    assert hide(table, 0) == ({0, 1, 2}, [])


def test_a_gap_in_a_table_of_two_margins_takes_a_rectangle():
    # rows (3, 50 | 53), (20, 60 | 80); sums of columns 23, 110, in all 133
    values = [3, 50, 53, 20, 60, 80, 23, 110, 133]
    sums = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8]]
    hidden, exposed = hide(linked(values, sums), 0)
    assert exposed == []
    table = linked(values, sums)
    flags = np.isin(np.arange(9), list(hidden))
    low, high = intervals(table, flags, np.array(sorted(hidden)))
    assert ((high - low) >= 5).all()


def test_overlapping_regions_hand_the_gap_on():
    # provinces 0..3 in regions {0,1} {2,3} and {0,2} {1,3}; 4 to 7 are the regions, 8 the country
    values = [3, 30, 40, 50, 33, 90, 43, 80, 123]
    sums = [[0, 1, 4], [2, 3, 5], [0, 2, 6], [1, 3, 7], [0, 1, 2, 3, 8]]
    hidden, exposed = hide(linked(values, sums), 0)
    assert exposed == []
    assert {0, 1, 2, 3} <= hidden or {4, 6} & hidden


def test_what_nothing_can_protect_is_told():
    table = linked([3, 60, 63], [[0, 1, 2]], fixed=(1, 2))
    assert hide(table, 0) == ({0}, [0])


def test_a_count_and_the_numerator_of_its_rate_go_together():
    # 2 is the same number as 0
    table = linked([3, 20, 3, 40, 63], [[0, 1, 3, 4], [0, 2]])
    hidden, exposed = hide(table, 0)
    assert {0, 2} <= hidden
    assert exposed == []


def test_the_interval_of_two_cells_is_what_their_sum_leaves():
    table = linked([3, 20, 40, 63], [[0, 1, 2, 3]], floor=1.0)
    hidden = np.array([True, True, False, False])
    low, high = intervals(table, hidden, np.array([0, 1]))
    # together 23, each at least 1
    assert low.tolist() == pytest.approx([1, 1])
    assert high.tolist() == pytest.approx([22, 22])


def test_what_is_protected_needs_nothing_more():
    table = linked([3, 20, 40, 63], [[0, 1, 2, 3]])
    assert hide(table, 0, 1) == ({0, 1}, [])


@pytest.mark.parametrize("seed", range(5))
def test_in_tables_by_chance_every_interval_is_wide_enough(seed):
    chance = np.random.default_rng(seed)
    inner = chance.poisson(chance.gamma(1.0, 8.0, (5, 4, 3))).astype(float)
    cube = np.zeros((6, 5, 4))
    cube[:5, :4, :3] = inner
    cube[5, :4, :3] = inner.sum(0)
    cube[:, 4, :3] = cube[:, :4, :3].sum(1)
    cube[:, :, 3] = cube[:, :, :3].sum(2)
    place = np.arange(cube.size).reshape(cube.shape)
    sums = [
        line.tolist()
        for axis in range(3)
        for line in np.moveaxis(place, axis, -1).reshape(-1, cube.shape[axis])
    ]
    table = linked(cube.ravel(), sums)
    small = np.flatnonzero((cube.ravel() > 0) & (cube.ravel() < 5))
    hidden, exposed = hide(table, *small)
    assert set(small.tolist()) <= hidden
    assert exposed == []
    flags = np.isin(np.arange(cube.size), list(hidden))
    low, high = intervals(table, flags, np.array(sorted(hidden)))
    assert ((high - low) >= 5 - 1e-6).all()
