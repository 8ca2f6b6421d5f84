"""Forecasts of a hierarchy add up, with the least change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.analysis.reconcile import leaves_under, reconcile, summed_up


def textbook(forecasts, parent, spread):
    """S (S' W^-1 S)^-1 S' W^-1 y, with S and W written out (Wickramasuriya et al. 2019, eq. 3)."""
    leaves = [row for row in range(len(parent)) if row not in parent]
    summing = np.zeros((len(parent), len(leaves)))
    for column, leaf in enumerate(leaves):
        row = leaf
        while row >= 0:
            summing[row, column] = 1
            row = parent[row]
    inverse = np.diag(1 / spread)
    bottom = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ forecasts)
    return summing @ bottom


@st.composite
def forests(draw):
    count = draw(st.integers(1, 25))
    return np.array([draw(st.integers(-1, row - 1)) for row in range(count)])


@given(parent=forests(), seed=st.integers(0, 10_000))
def test_solving_up_and_down_the_tree_is_the_textbook_projection(parent, seed):
    rng = np.random.default_rng(seed)
    forecasts = rng.normal(-5, 20, size=(len(parent), 3))
    forecasts[0, 0] = -1  # negative forecasts are allowed where values may be negative
    expected = textbook(forecasts, parent.tolist(), leaves_under(parent))
    assert reconcile(forecasts, parent) == pytest.approx(expected, abs=1e-9)


def test_weights_may_be_those_of_the_places():
    parent = np.array([-1, 0, 0, 1, 1, 2])
    sizes = summed_up(np.array([[0.0], [0], [0], [10], [30], [5]]), parent)[:, 0]
    forecasts = np.array([[50.0], [42.0], [7.0], [11.0], [29.0], [6.0]])
    expected = textbook(forecasts, parent.tolist(), sizes)
    assert reconcile(forecasts, parent, sizes) == pytest.approx(expected)


def test_what_adds_up_stays_as_it_is():
    parent = np.array([-1, 0, 0])
    forecasts = np.array([[3.0, 5.0], [1.0, 2.0], [2.0, 3.0]])
    assert reconcile(forecasts, parent) == pytest.approx(forecasts)


def test_no_leaf_falls_below_zero_and_sums_still_hold():
    parent = np.array([-1, 0, 0])
    solved = reconcile(np.array([[1.0], [90.0], [0.5]]), parent)
    assert solved.min() >= 0
    assert solved[0, 0] == pytest.approx(solved[1, 0] + solved[2, 0])


def test_a_forecast_that_is_none_is_refused():
    with pytest.raises(ValueError, match="finite"):
        reconcile(np.array([[np.nan]]), np.array([-1]))
    with pytest.raises(ValueError, match="weight"):
        reconcile(np.ones((2, 1)), np.array([-1, 0]), np.array([3.0, 1.0]))
