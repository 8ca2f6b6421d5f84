"""Intervals of shares made of counts, and of the ranks they give."""

from __future__ import annotations

import numpy as np
import pytest

from layers.analysis.small_numbers import rank_ends, wilson


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    # Newcombe, R. G. (1998), Statistics in Medicine 17, 857-872, table I, method 3
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_shares_have_the_published_intervals(found, of, low, high):
    ends = wilson(np.array([float(found)]), np.array([float(of)]))
    assert [one.item() for one in ends] == pytest.approx([low, high], abs=0.006)


def test_nothing_out_of_nothing_has_no_interval():
    low, high = wilson(np.array([0.0]), np.array([0.0]))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_ranks_are_as_wide_as_intervals_overlap():
    rng = np.random.default_rng(3)
    low = rng.uniform(0, 100, 50)
    high = low + rng.uniform(0, 30, 50)
    best, worst = rank_ends(low, high)
    for at in range(50):
        assert best[at] == 1 + sum(low > high[at])
        assert worst[at] == 50 - sum(high < low[at])
