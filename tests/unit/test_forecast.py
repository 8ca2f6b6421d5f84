"""Forecasts of many short series, their intervals and their back-test."""

from __future__ import annotations

import numpy as np
import pytest

from layers.analysis.backtest import backtest
from layers.analysis.forecast import histories, origins
from layers.analysis.forecast_scales import Scale, scale_for
from layers.analysis.intervals import chance_of_reaching, errors, pool
from layers.analysis.together import futures, walks


def everything(values, kind="amount", horizon=5):
    scale = scale_for(values, kind)
    known = histories(scale.there(values))
    standing = origins(known)
    made = errors(known, standing, horizon)
    return scale, known, standing, made


def slow_ses(series, alpha):
    level, misses = series[0], 0.0
    for value in series[1:]:
        misses += (value - level) ** 2
        level += alpha * (value - level)
    return misses, level


def slow_damped(series, chosen):
    alpha, beta, phi, kept = chosen
    level, growth, misses = series[0], kept * (series[2] - series[0]) / 2, 0.0
    for value in series[1:]:
        miss = value - level - phi * growth
        misses += miss**2
        level, growth = level + phi * growth + alpha * miss, phi * growth + alpha * beta * miss
    return misses, level, growth


@pytest.mark.parametrize("leading", [0, 4])
def test_every_method_agrees_with_a_loop_over_one_series(leading):
    series = np.array([3.0, 3.4, 3.1, 4.0, 4.4, 4.1, 5.2, 5.0, 5.9])
    matrix = np.array([np.concatenate([np.full(leading, np.nan), series])])
    paths = origins(histories(matrix)).paths(matrix.shape[1] - 1, 3)
    ahead = np.arange(1, 4)
    alphas = np.round(np.arange(1, 21) * 0.05, 2)
    _, level, alpha = min((*slow_ses(series, a), a) for a in alphas)
    slope = np.polyfit(np.arange(9), series, 1)[0]
    grid = [
        (a, b, p, k)
        for a in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
        for b in (0.05, 0.2, 0.5, 0.9)
        for p in (0.8, 0.9, 0.98)
        for k in (0, 1)
    ]
    _, damped, growth, phi = min((*slow_damped(series, g), g[2]) for g in grid)
    assert paths["naive"][0] == pytest.approx([5.9] * 3)
    assert paths["drift"][0] == pytest.approx(5.9 + ahead * (5.9 - 3.0) / 8)
    assert paths["ses"][0] == pytest.approx([level] * 3)
    assert paths["damped"][0] == pytest.approx(
        [damped + growth * sum(phi**k for k in range(1, h + 1)) for h in ahead]
    )
    # Hyndman and Billah (2003), eq. 8, with the smoothed level of our start
    assert paths["theta"][0] == pytest.approx(
        level + slope / 2 * (ahead - 1 + (1 - (1 - alpha) ** 9) / alpha)
    )


def test_what_comes_later_changes_no_forecast_made_earlier():
    rng = np.random.default_rng(3)
    values = np.exp(rng.normal(size=(30, 14)).cumsum(axis=1) / 5)
    other = values.copy()
    other[:, 9:] *= rng.lognormal(size=(30, 5))
    made, changed = (everything(one)[2].combined(8, 4) for one in (values, other))
    assert np.array_equal(made, changed)
    first, second = (pool(everything(one)[3]).limits(8) for one in (values, other))
    # sizes of errors are counted in bins, whose width depends on the largest one
    assert np.allclose(first[80], second[80], rtol=0.05, atol=0.01, equal_nan=True)


def test_intervals_hold_what_they_promise_for_random_walks():
    rng = np.random.default_rng(2025)
    spread = rng.lognormal(size=(600, 1))
    values = 500 + (spread * rng.standard_t(5, size=(600, 20))).cumsum(axis=1)
    scale, known, standing, made = everything(values, "free")
    total = backtest(known, standing, made, scale).score(np.ones(600, dtype=bool))[0]
    # a little wide: the errors of the first origins come from scales of three years
    assert 0.79 < total.coverage[80] < 0.84
    assert 0.945 < total.coverage[95] < 0.98
    # nothing can beat "as last year" on a random walk
    assert 1.0 < total.mase / total.naive_mase < 1.08


def test_places_that_move_as_one_still_have_intervals_that_hold():
    # one random walk for all forty places: each year has one error, not forty
    rng = np.random.default_rng(14)
    held = []
    for _ in range(40):
        walk = 1000 + 10 * rng.standard_normal(14).cumsum()
        values = walk + rng.normal(scale=0.5, size=(40, 14))
        scale, known, standing, made = everything(values, "free")
        total = backtest(known, standing, made, scale).score(np.ones(40, dtype=bool))[0]
        held.append(total.coverage[80])
    assert 0.75 < np.mean(held) < 0.95


def test_a_steady_rise_is_forecast_better_than_as_last_year():
    rng = np.random.default_rng(5)
    values = 1000 * 1.04 ** np.arange(16) * rng.lognormal(sigma=0.01, size=(50, 16))
    scale, known, standing, made = everything(values)
    tested = backtest(known, standing, made, scale)
    total = tested.score(np.ones(50, dtype=bool))[0]
    assert total.mase < total.naive_mase
    of_place, naive = tested.mase()
    assert (of_place < naive).all()


@pytest.mark.parametrize("kind", ["amount", "share"])
def test_no_forecast_leaves_what_is_possible(kind):
    rng = np.random.default_rng(8)
    values = np.clip(rng.normal(50, 60, size=(80, 12)), 0, 100)
    scale, _, standing, made = everything(values, kind)
    limits = pool(made).limits(11)[95]
    centre = standing.combined(11, 5)
    low = scale.back(centre + made.scales[:, 11, None] * limits[:, 0])
    high = scale.back(centre + made.scales[:, 11, None] * limits[:, 1])
    assert low.min() >= 0
    if kind == "share":
        assert high.max() <= 100


def test_scales_bring_values_back_as_they_were():
    values = np.array([[0.5, 20.0, 99.5]])
    for scale in (Scale("log", floor=0.1), Scale("root"), Scale("logit"), Scale("plain")):
        assert scale.back(scale.there(values)) == pytest.approx(values)


def test_gaps_are_filled_when_short_and_cut_when_long():
    nan = np.nan
    known = histories(
        np.array(
            [
                [1, 2, 3, nan, nan, 6, 7, 8],
                [1, 2, nan, nan, nan, 6, 7, 8],
                [1, 2, 3, 4, 5, 6, 7, nan],
                [nan] * 8,
                [1, 2, 3, 4, 5, 6, 7, 8],
            ]
        )
    )
    assert known.values[0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert known.seen[0].tolist() == [True] * 3 + [False] * 2 + [True] * 3
    assert known.reason == ("", "too-short", "no-recent-value", "no-values", "")
    assert known.start[1] == 5
    assert known.horizon.tolist() == [3, 0, 0, 0, 4]


def test_a_year_that_was_filled_in_is_neither_origin_nor_judge():
    values = np.exp(np.random.default_rng(1).normal(size=(20, 12)).cumsum(axis=1) / 9)
    values[:, 6] = np.nan
    made = everything(values)[3]
    assert np.isnan(made.forecasts[:, 6]).all()
    assert np.isnan(made.missed[:, 5, 0]).all()
    assert np.isfinite(made.missed[:, 5, 1]).all()


ENDS = np.array([[80.0, 90, 100, 115, 140], [60, 80, 104, 130, 170]])


def drawn(draws, seed):
    """Futures of a random walk: high in one year, high in the next."""
    return futures(ENDS[None], walks(np.random.default_rng(seed), draws=draws, horizon=2)[None])[0]


def test_random_futures_are_spread_as_the_intervals_say():
    made = drawn(40_000, seed=1)
    shares = (0.025, 0.1, 0.5, 0.9, 0.975)
    for year in range(2):
        assert np.quantile(made[:, year], shares) == pytest.approx(ENDS[year], rel=0.02)
    # one half of the variance of the second year was there in the first
    ranks = made.argsort(axis=0).argsort(axis=0)
    assert np.corrcoef(ranks.T)[0, 1] == pytest.approx(
        6 / np.pi * np.arcsin(0.5**0.5 / 2), abs=0.02
    )


def test_the_chance_of_reaching_a_limit_is_that_of_the_futures():
    made = drawn(200_000, seed=2)
    for limit in (50.0, 85, 100, 104, 125, 200):
        expected = (made >= limit).mean(axis=0)
        assert chance_of_reaching(ENDS, limit) == pytest.approx(expected, abs=0.005)
