"""Classes hold what they say, ties stay together, breaks are readable and the same every year."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.analysis.classify import breaks, class_of, histogram
from layers.analysis.numbers import decimals_needed, readable, simplest_between

METHODS = ("quantile", "equal", "natural", "stddev")
some_values = st.lists(
    st.floats(-1e6, 1e6, allow_nan=False, width=32), min_size=1, max_size=60
).map(lambda found: np.array(found, dtype=np.float64))


@given(values=some_values, method=st.sampled_from(METHODS), classes=st.integers(1, 7))
def test_every_value_is_in_exactly_one_half_open_class(values, method, classes):
    edges = breaks(values, method, classes)
    assert list(edges) == sorted(edges)
    assert edges[0] <= values.min()
    assert edges[-1] >= values.max()
    assert len(edges) - 1 <= classes
    for value, found in zip(values, class_of(values, edges), strict=True):
        is_last = found == len(edges) - 2
        assert edges[found] <= value
        assert value <= edges[found + 1] if is_last else value < edges[found + 1]


@given(values=some_values, method=st.sampled_from(METHODS), centre=st.floats(-1e5, 1e5))
def test_a_target_inside_the_values_is_a_break(values, method, centre):
    edges = breaks(values, method, 5, centre=centre)
    if values.min() < centre < values.max():
        assert centre in edges


def test_quantiles_hold_the_same_number_of_values():
    values = np.random.default_rng(7).normal(100, 20, 7_425)
    counts = np.bincount(class_of(values, breaks(values, "quantile", 5)))
    # A twelfth of a class may move when breaks become readable numbers.
    assert counts.min() > 7_425 / 5 * 0.85
    assert counts.max() < 7_425 / 5 * 1.15


def test_equal_values_are_never_put_into_two_classes():
    values = np.array([1.0] * 50 + [2.0] * 3 + [9.0])
    edges = breaks(values, "quantile", 5)
    assert len(set(class_of(values[:50], edges))) == 1
    assert len(edges) - 1 <= 3


def test_natural_breaks_find_the_gaps_one_sees():
    values = np.array([1.0, 1.1, 1.2, 5.0, 5.1, 5.3, 20.0, 20.5])
    assert list(class_of(values, breaks(values, "natural", 3))) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_natural_breaks_agree_with_trying_every_cut():
    values = np.sort(np.random.default_rng(3).exponential(10, 24))

    def within(cut):
        parts = np.split(values, cut)
        return sum(((part - part.mean()) ** 2).sum() for part in parts)

    best = min(((i, j) for i in range(1, 23) for j in range(i + 1, 24)), key=within)
    found = class_of(values, breaks(values, "natural", 3))
    ours = [int(np.argmax(found >= 1)), int(np.argmax(found >= 2))]
    # Readable breaks may move one value; never beyond 2 % of the best.
    assert within(ours) <= within(best) * 1.02


def test_standard_deviations_are_counted_from_the_mean():
    values = np.array([0.0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    edges = breaks(values, "stddev", 4)
    assert edges[2] == 50
    assert edges[3] - edges[2] == pytest.approx(values.std(), rel=0.15)


def test_policy_limits_are_all_breaks_even_where_no_value_reaches():
    edges = breaks(np.array([12.0, 19.9, 20.0]), "policy", 5, limits=(10, 20, 28))
    assert edges[1:-1] == (10, 20, 28)
    assert list(class_of(np.array([12.0, 19.9, 20.0]), edges)) == [1, 1, 2]


def test_constant_values_make_one_class_and_no_values_none():
    assert breaks(np.array([3.0, 3.0]), "natural", 5) == (3.0, 3.0)
    assert breaks(np.array([]), "quantile", 5) == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        breaks(np.array([1.0, bad]), "equal", 3)


def test_breaks_become_readable_without_more_digits_than_asked():
    values = np.random.default_rng(1).lognormal(0, 0.3, 77)
    edges = breaks(values, "quantile", 5, decimals=2)
    assert decimals_needed(edges[1:-1]) <= 2


def test_a_histogram_counts_every_value_once():
    values = np.array([0.0, 1, 2, 3, 10])
    assert histogram(values, (0.0, 10.0), 5) == (2, 2, 0, 0, 1)
    assert histogram(np.array([4.0, 4.0]), (4.0, 4.0), 5) == (2,)


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [(1234567.891, 2, "1,234,567.89"), (-0.004, 2, "0.00"), (-3, 0, "−3"), (0.5, 1, "0.5")],
)
def test_numbers_are_written_for_readers(value, decimals, words):
    assert readable(value, decimals) == words


@pytest.mark.parametrize(
    ("low", "high", "wish", "found"),
    [(0.97, 1.13, 1.04, 1.0), (4_810, 5_120, 4_950, 5_000), (1.203, 1.207, 1.204, 1.205)],
)
def test_the_simplest_number_close_by_is_taken(low, high, wish, found):
    assert simplest_between(low, high, wish) == pytest.approx(found)
