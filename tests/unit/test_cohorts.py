"""Projections by age, against the published projection of Sweden."""

from __future__ import annotations

import numpy as np
import pytest

from layers.analysis.cohorts import (
    cohort_ratios,
    draw_ratios,
    first_passage,
    hamilton_perry,
    project,
    share_from_sixty,
)

#: Women of Sweden on 31 December 1993, person-years lived, births a year for each woman; and
#: the projection to 1998 and 2003: Preston, Heuveline and Guillot (2001), Demography, Box 6.1
#: (page 125), as printed again by G. Rodriguez, "Population Projections", Princeton University
#: (https://grodri.github.io/demography/project).
SWEDEN = np.array(
    [
        (293395, 497487, 0, 293574, 280121), (248369, 497138, 0, 293189, 293368),
        (240012, 496901, 0, 248251, 293049), (261346, 496531, 0.0120, 239833, 248066),
        (285209, 495902, 0.0908, 261015, 239529), (314388, 495168, 0.1499, 284787, 260629),
        (281290, 494213, 0.1125, 313782, 284238), (286923, 492760, 0.0441, 280463, 312859),
        (304108, 490447, 0.0074, 285576, 279147), (324946, 486613, 0.0003, 301731, 283344),
        (247613, 480665, 0, 320974, 298043), (211351, 471786, 0, 243039, 315045),
        (215140, 457852, 0, 205109, 235861), (221764, 436153, 0, 204944, 195388),
        (223506, 402775, 0, 204793, 189260), (183654, 350358, 0, 194419, 178141),
        (141990, 271512, 0, 142324, 150666), (112424, 291707, 0, 131768, 141960),
    ]
)  # fmt: skip
WOMEN, PERSON_YEARS, RATES, WOMEN_1998, WOMEN_2003 = SWEDEN.T


def test_cohort_component_gives_the_published_projection_of_sweden():
    path = project(WOMEN, PERSON_YEARS, RATES, steps=2)
    assert np.abs(path[1] - WOMEN_1998).max() < 1
    assert np.abs(path[2] - WOMEN_2003).max() < 1
    assert path[1].sum() == pytest.approx(4_449_569.727, abs=0.01)
    assert path[2].sum() == pytest.approx(4_478_712.273, abs=0.01)


def test_hamilton_perry_gives_the_published_ages_from_five_on():
    # without migration a cohort's ratio is its survival, so the published 2003 follows from
    # the published 1993 and 1998; children differ, being a ratio of women and no longer births
    ratios = cohort_ratios(WOMEN, WOMEN_1998, capped=False)
    made = hamilton_perry(WOMEN_1998, ratios, steps=1)[1]
    assert made[1:] == pytest.approx(WOMEN_2003[1:], rel=2e-5)
    children = WOMEN_1998[0] / WOMEN_1998[3:10].sum() * WOMEN_2003[3:10].sum()
    assert made[0] == pytest.approx(children, rel=1e-4)


def test_places_are_projected_side_by_side_and_small_ones_are_capped():
    before = np.array([WOMEN, WOMEN / 1000])
    after = np.array([WOMEN_1998, WOMEN_1998 / 1000])
    after[1, 4] *= 5
    ratios = cohort_ratios(before, after)
    both = hamilton_perry(after, ratios, steps=2)
    alone = hamilton_perry(after[0], cohort_ratios(before[0], after[0]), steps=2)
    assert both[:, 0] == pytest.approx(alone)
    assert ratios.cohort[1, 4] == 1.6


def test_the_share_of_the_old_is_that_of_the_table():
    old = 215140 + 221764 + 223506 + 183654 + 141990 + 112424
    assert share_from_sixty(WOMEN) == pytest.approx(100 * old / 4_397_428)


def test_a_limit_is_passed_in_the_year_half_of_the_futures_pass_it():
    years = np.array([2020, 2025, 2030])
    draws = np.array([[[18, 20.5, 23]], [[18, 19, 20]], [[18, 18.5, 19]], [[21, 22, 23]]])
    year, part = first_passage(draws, years, 20.0)
    # the first future crosses 20 four fifths of the way to 2025, the fourth is beyond already
    assert year.tolist() == [2024]
    assert part.tolist() == [[0.25, 0.5, 0.75]]
    assert np.isnan(first_passage(draws, years, 28.0)[0][0])


def test_small_places_are_less_sure_and_a_seed_gives_the_same_futures():
    people = np.array([WOMEN, WOMEN / 2000])
    ratios = cohort_ratios(people, np.array([WOMEN_1998, WOMEN_1998 / 2000]))

    def futures(seed):
        drawn = draw_ratios(ratios, people, draws=400, spread=0.02, rng=np.random.default_rng(seed))
        return share_from_sixty(hamilton_perry(people, drawn, steps=2)[2])

    assert np.array_equal(futures(1), futures(1))
    assert futures(1).std(axis=0)[1] > 1.5 * futures(1).std(axis=0)[0]
