"""Trends of many short series: slope, certainty, change point."""

from __future__ import annotations

from itertools import combinations
from statistics import median

import numpy as np
import pytest

from layers.analysis.trend import kendall, pettitt, trends

#: Annual flow of the Nile at Aswan, 1871-1970, 10^8 m3 (Cobb 1978, Biometrika 65, 243-251),
#: who dates the change of level to 1898/1899.
NILE = (
    "1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140 "
    "1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 "
    "831 726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 759 781 865 "
    "845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749 838 1050 "
    "918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740"
)


def test_the_nile_changed_its_level_after_1898():
    first, chance = pettitt(np.array([NILE.split()], dtype=float))
    assert 1871 + first[0] == 1899
    assert chance[0] < 0.001


def test_slope_and_test_agree_with_scipy():
    # scipy 1.17: theilslopes(x, arange(10)) and kendalltau(arange(10), x, method="asymptotic")
    values = np.array([[12, 15, 15, 18, 17, 21, 20, 20, 25, 24.0]])
    found = trends(values)
    s, variance = kendall(values)
    assert found.slope[0] == pytest.approx(4 / 3)
    assert found.slope_low[0] == pytest.approx(1.0, abs=1e-9)
    assert found.slope_high[0] == pytest.approx(1.625, abs=1e-9)
    assert s[0] / np.sqrt(variance[0]) == pytest.approx(3.1560, abs=5e-4)  # p = 0.00160034
    assert found.direction(0) == "rising"
    assert found.strength(0) == "strong"


def test_gaps_are_no_values_and_slopes_are_per_year():
    rng = np.random.default_rng(2568)
    values = rng.normal(size=(40, 15)).cumsum(axis=1)
    values[rng.random(values.shape) < 0.3] = np.nan
    found = trends(values)
    for row, series in enumerate(values):
        known = [(at, value) for at, value in enumerate(series) if np.isfinite(value)]
        if len(known) < 5:
            assert found.direction(row) == "too-short"
            continue
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(known, 2)]
        assert found.slope[row] == pytest.approx(median(slopes))
        assert found.slope_low[row] <= found.slope[row] <= found.slope_high[row]
        assert found.level[row] == pytest.approx(median([v for _, v in known[-3:]]))


def test_a_steady_rise_has_no_change_point_and_a_step_has_one():
    years = np.arange(14.0)
    wobble = np.array([1, -2, 2, -1, 0, 1, -1, 2, -2, 1, 0, -1, 2, -1]) / 4
    step = np.where(years < 7, 10.0, 30.0) + wobble
    found = trends(np.array([100 + 3 * years, step, np.full(14, 7.0)]))
    assert found.direction(0) == "rising"
    assert found.direction(2) == "no-clear-trend"
    assert found.change_at[0] == -1
    assert found.change_at[2] == -1
    first, chance = pettitt(step[None, :])
    assert first[0] == 7
    assert chance[0] < 0.05


def test_noise_is_called_a_trend_in_one_case_of_twenty_at_most():
    noise = np.random.default_rng(7).normal(size=(4000, 13))
    chance = trends(noise).p_value
    assert 0.02 < np.mean(chance < 0.05) < 0.055


def test_autocorrelated_noise_is_called_a_trend_less_often_than_without_the_correction():
    rng = np.random.default_rng(11)
    values = np.zeros((2000, 25))
    for at in range(1, 25):
        values[:, at] = 0.6 * values[:, at - 1] + rng.normal(size=2000)
    s, variance = kendall(values)
    plain = np.mean(np.abs(s - np.sign(s)) / np.sqrt(variance) > 1.96)
    corrected = np.mean(trends(values).p_value < 0.05)
    assert corrected < 0.5 * plain


def test_no_series_have_no_trends():
    assert trends(np.empty((0, 12))).slope.shape == (0,)


def test_twelve_values_that_rise_ever_faster_are_rising():
    rising = np.array([[16.3, 16.7, 17.2, 17.7, 18.2, 18.7, 19.2, 19.7, 20.3, 21.0, 21.9, 23.0]])
    assert trends(rising).direction(0) == "rising"
