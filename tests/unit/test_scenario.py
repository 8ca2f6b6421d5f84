"""Levers, futures drawn together, and what is said of the difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.analysis.intervals import KNOTS
from layers.analysis.scenario import (
    counted,
    pulled,
    pulled_through,
    ramp,
    ratio,
    span,
    summed_pair,
    weighted_sum,
)
from layers.analysis.together import Shared, as_published, futures, mixed, shared, walks

YEARS = np.arange(2026, 2032)
ENDS = np.array([[60.0, 80.0, 100.0, 125.0, 160.0]] * 3)


def drawn(count, draws, seed, parts, *, ends=ENDS[0]):
    """Futures of some places whose forecasts are all alike."""
    rng = np.random.default_rng(seed)
    own = np.stack([walks(rng, draws=draws, horizon=3) for _ in range(count)])
    whole, group = walks(rng, draws=draws, horizon=3), np.zeros((count, draws, 3))
    places = mixed(own, whole, group, parts)
    middle = np.zeros((count, 1, 3))
    return futures(np.tile(ends, (count, 3, 1)), np.concatenate([middle, places], axis=1), least=0)


def test_a_ramp_in_equal_steps_by_hand():
    # from 2027 to 2030: a quarter, a half, three quarters, all of it
    assert ramp(YEARS, 2027, 2030, "linear").tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


def test_a_step_acts_at_once_and_an_s_curve_slowly_at_both_ends():
    assert ramp(YEARS, 2028, 2031, "step").tolist() == [0, 0, 1, 1, 1, 1]
    # 3 u^2 - 2 u^3 at a quarter, a half, three quarters
    found = ramp(YEARS, 2027, 2030, "s-curve")
    assert found.tolist() == pytest.approx([0, 0.15625, 0.5, 0.84375, 1, 1])


def test_a_lever_that_is_in_full_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="before it begins"):
        ramp(YEARS, 2030, 2029, "linear")


def test_levers_by_hand():
    values, by = np.array([[[100.0, 100.0, 100.0]]]), np.array([0.0, 0.5, 1.0])
    assert pulled(values, by, "add", -20).tolist() == [[[100, 90, 80]]]
    assert pulled(values, by, "target", 40).tolist() == [[[100, 70, 40]]]
    assert pulled(values, by, "multiply", 0.81)[0, 0] == pytest.approx([100, 90, 81])


@given(
    factor=st.floats(0.05, 20), start=st.integers(2020, 2032), years=st.integers(0, 6),
    kind=st.sampled_from(["linear", "step", "s-curve"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_factor_and_its_inverse_return_to_where_they_began(factor, start, years, kind):
    values = np.random.default_rng(1).uniform(1, 1000, (4, 20, len(YEARS)))
    by = ramp(YEARS, start, start + years, kind)
    there = pulled(pulled(values, by, "multiply", factor), by, "multiply", 1 / factor)
    np.testing.assert_allclose(there, values, rtol=1e-12)


@given(kind=st.sampled_from([("multiply", 1.0), ("add", 0.0)]), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_neutral_lever_changes_exactly_nothing(kind, seed):
    rng = np.random.default_rng(seed)
    above, below = rng.uniform(0, 1000, (5, 30, 6)), rng.uniform(1, 1000, (5, 30, 6))
    by = ramp(YEARS, 2027, 2029, "linear")
    assert (pulled(above, by, *kind) == above).all()
    if kind[0] == "multiply":
        after = pulled_through(
            above, below, by, factor=1000, kind="multiply", amount=1.0, most=0.001
        )
        assert (after == above).all()


def test_a_target_is_reached_exactly_in_the_year_stated_and_kept():
    values = np.random.default_rng(2).uniform(1, 1e6, (3, 50, len(YEARS)))
    after = pulled(values, ramp(YEARS, 2027, 2029, "s-curve"), "target", 0.3)
    assert (after[:, :, 3:] == 0.3).all()
    assert (after[:, :, 0] == values[:, :, 0]).all()


def test_a_lever_on_a_ratio_moves_its_numerator_by_the_denominator():
    # 50 t a day of 40,000 people are 1.25 kg each; a tenth less is 45 t; one kg each is 40 t
    above, below = np.full((1, 1, 1), 50.0), np.full((1, 1, 1), 40_000.0)
    full = np.ones(1)
    assert ratio(above, below, 1000)[0, 0, 0] == pytest.approx(1.25)
    for kind, amount, tonnes in (("multiply", 0.9, 45), ("target", 1.0, 40), ("add", -0.5, 30)):
        after = pulled_through(above, below, full, factor=1000, kind=kind, amount=amount)
        assert after[0, 0, 0] == pytest.approx(tonnes)


def test_a_ratio_of_nothing_begins_from_its_denominator():
    above, below = np.zeros((1, 1, 1)), np.full((1, 1, 1), 200.0)
    after = pulled_through(above, below, np.ones(1), factor=100, kind="target", amount=25)
    assert after[0, 0, 0] == pytest.approx(50)
    none = pulled_through(above, np.zeros((1, 1, 1)), np.ones(1), factor=1, kind="add", amount=1)
    assert none[0, 0, 0] == 0


def test_a_share_is_not_pulled_above_what_it_may_be():
    above, below = np.full((1, 1, 1), 90.0), np.full((1, 1, 1), 100.0)
    after = pulled_through(
        above, below, np.ones(1), factor=100, kind="multiply", amount=2.0, most=100
    )
    assert after[0, 0, 0] == pytest.approx(100)


def test_futures_go_through_the_ends_of_the_intervals():
    places = np.broadcast_to(KNOTS[:, None], (5, 3))[None]
    np.testing.assert_allclose(futures(ENDS[None], places)[0], ENDS.T)


def test_futures_follow_the_ends_between_them_and_straight_on_beyond():
    places = walks(np.random.default_rng(7), draws=400, horizon=3)
    made = futures(ENDS[None], places[None])[0]
    for year, ends in enumerate(ENDS):
        here = places[:, year]
        expected = np.interp(here, KNOTS, ends)
        low, high = np.diff(ends)[[0, -1]] / np.diff(KNOTS)[[0, -1]]
        expected = np.where(here < KNOTS[0], ends[0] + low * (here - KNOTS[0]), expected)
        expected = np.where(here > KNOTS[-1], ends[-1] + high * (here - KNOTS[-1]), expected)
        np.testing.assert_allclose(made[:, year], expected)


def test_what_places_share_is_found_again():
    rng = np.random.default_rng(3)
    for true in (0.0, 0.3, 0.8):
        common = rng.standard_normal((1, 400, 1)) * np.sqrt(true)
        errors = common + rng.standard_normal((60, 400, 1)) * np.sqrt(1 - true)
        # errors are looked at by the inverse hyperbolic sine, which keeps shares but nearly
        assert shared(np.sinh(errors)).whole == pytest.approx(true, abs=0.06)


def test_what_places_of_a_group_share_besides_is_found_again():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(10), 12)
    errors = (
        np.sqrt(0.2) * rng.standard_normal((1, 500, 1))
        + np.sqrt(0.4) * rng.standard_normal((10, 500, 1))[groups]
        + np.sqrt(0.4) * rng.standard_normal((120, 500, 1))
    )
    found = shared(np.sinh(errors), groups)
    # pairs over the whole: 0.2, and 0.4 for the eleven of 119 others in the same group
    assert found.whole == pytest.approx(0.2 + 0.4 * 11 / 119, abs=0.05)
    assert found.whole + found.group == pytest.approx(0.6, abs=0.05)


def test_without_a_past_sums_are_taken_to_be_rather_unsure():
    assert shared(np.full((5, 3, 2), np.nan)) == Shared(0.5, 0.0, 0)


def test_mixing_keeps_every_place_as_sure_as_it_was():
    rng = np.random.default_rng(5)
    own, group = rng.standard_normal((2, 40_000, 1)), rng.standard_normal((2, 40_000, 1))
    made = mixed(own, rng.standard_normal((40_000, 1)), group, Shared(0.3, 0.2))
    assert made.std(axis=1) == pytest.approx(1, abs=0.02)
    assert np.corrcoef(made[:, :, 0])[0, 1] == pytest.approx(0.3, abs=0.02)


def test_the_more_places_share_the_less_sure_their_sum():
    normal = 100 + 10 * KNOTS
    widths = [
        np.diff(
            np.quantile(
                drawn(50, 3000, 6, Shared(part), ends=normal).sum(axis=0)[1:, 0], [0.1, 0.9]
            )
        )[0]
        for part in (0.0, 0.2, 0.6, 1.0)
    ]
    assert widths == sorted(widths)
    # 50 places alike: by themselves sqrt(50) times one of them, all as one 50 times
    assert widths[3] / widths[0] == pytest.approx(np.sqrt(50), rel=0.1)


def test_sums_take_the_published_interval_and_keep_their_order():
    sums = drawn(20, 1000, 8, Shared(0.3)).sum(axis=0)[1:]
    wide = np.array([[500.0, 1000.0, 2000.0, 3000.0, 4500.0]] * 3)
    made = as_published(sums, wide)
    assert (made.argsort(axis=0) == sums.argsort(axis=0)).all()
    np.testing.assert_allclose(
        np.quantile(made, [0.1, 0.5, 0.9], axis=0).T, wide[:, 1:4], rtol=0.01
    )


def test_without_a_lever_a_sum_differs_by_exactly_nothing():
    sums = drawn(10, 500, 9, Shared(0.3)).sum(axis=0)
    for ends in (None, ENDS * 10):
        before, after = summed_pair(sums, sums, ends)
        assert (before == after).all()


def test_the_middle_of_a_sum_is_the_sum_of_the_middles():
    values = drawn(10, 500, 10, Shared(0.1))
    before, after = summed_pair(values.sum(axis=0), 0.9 * values.sum(axis=0), None)
    np.testing.assert_allclose(before[0], 1000)
    np.testing.assert_allclose(after[0], 900)
    assert span(before).rows[2].tolist() == pytest.approx([1000] * 3)
    assert np.median(before[1:], axis=0) == pytest.approx([1000] * 3)


def test_a_sum_of_nothing_is_nothing():
    nothing = np.zeros((501, 3))
    before, after = summed_pair(nothing, nothing, None)
    assert not before.any()
    assert not after.any()


def test_a_difference_of_sums_is_the_sum_of_the_differences():
    values = drawn(10, 500, 11, Shared(0.2))
    changed = values * np.linspace(0.5, 1, 10)[:, None, None]
    for ends in (None, ENDS * 10):
        before, after = summed_pair(values.sum(axis=0), changed.sum(axis=0), ends)
        np.testing.assert_allclose(after - before, (changed - values).sum(axis=0))


def test_no_more_is_taken_away_than_there_is():
    sums = drawn(10, 500, 12, Shared(0.2)).sum(axis=0)
    narrow = np.array([[1.0, 2.0, 1000.0, 1001.0, 1002.0]] * 3)
    before, after = summed_pair(sums, 0.1 * sums, narrow)
    assert (after >= 0).all()
    assert (after <= before).all()


def test_common_draws_make_the_difference_surer_than_two_of_ones_own():
    one, other = drawn(20, 2000, 13, Shared(0.2)), drawn(20, 2000, 14, Shared(0.2))
    common = span(0.9 * one.sum(axis=0) - one.sum(axis=0)).rows
    apart = span(0.9 * other.sum(axis=0) - one.sum(axis=0)).rows
    # 0.1 of the spread, against that of two spreads side by side: sqrt(0.9^2 + 1)
    shrunk = (common[4] - common[0]) / (apart[4] - apart[0])
    assert shrunk == pytest.approx([0.1 / np.sqrt(1.81)] * 3, rel=0.12)


def test_a_span_never_leaves_its_middle_outside():
    found = span(np.vstack([[5.0], np.linspace(10, 20, 101)[:, None]])).rows[:, 0]
    assert found.tolist() == pytest.approx([5, 5, 5, 19, 19.75])


def test_counts_are_told_by_their_median_over_the_futures():
    numbers = np.vstack([[[9.0]], np.array([1.0, 2, 3, 4, 5])[:, None]])
    assert counted(numbers).rows[2].tolist() == [3]


def test_a_weighted_sum_by_hand():
    values = {"a": np.array([1.0, 2.0]), "b": np.array([10.0, 20.0])}
    assert weighted_sum(values, {"a": 2.0, "b": -1.0}).tolist() == [-8, -16]


def test_what_is_unknown_is_told_as_nothing():
    assert span(np.full((3, 1), np.nan)).told() == [[None]] * 5
