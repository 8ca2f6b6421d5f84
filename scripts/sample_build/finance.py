"""Revenue, spending, plans and performance scores of local organisations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.organisations import Organisation
from sample_build.population import YEARS_CE
from sample_build.rounding import Floats, apportion, fitted
from sample_build.tables import NOT_APPLICABLE, Table, be

#: Revenue of all local organisations in fiscal year 2561, million baht, as published: own,
#: collected by the state, shared, grants.
REVENUE_2561_M = (112_000, 229_900, 115_000, 263_922)
GROWTH = {
    2013: 0.80, 2014: 0.84, 2015: 0.89, 2016: 0.93, 2017: 0.96, 2018: 1.0,
    2019: 1.03, 2020: 1.0, 2021: 0.98, 2022: 1.04, 2023: 1.09, 2024: 1.13,
}  # fmt: skip
THOUSANDS_PER_MILLION = 1000
#: Organisations that reached 70 points in fiscal year 2564, as published.
PASSED_2564 = 7_754
PASS_MARK = 70
PAO_PART = 0.11
REVENUE_HEADINGS = ("rev_total", "rev_own", "rev_state", "rev_shared", "rev_grants",
                    "budget_total", "spend_total", "plan_items", "plan_items_funded")  # fmt: skip
#: What organisations give: all revenue, their own, the budget and what was spent of it.
ORGANISATION_COLUMNS = (0, 1, 5, 6)


def tables(orgs: Sequence[Organisation], people: Floats, seed: int) -> list[Table]:
    """Write money by province for all years, by organisation for the latest, and scores.

    Parameters
    ----------
    orgs : sequence of Organisation
        All, the provincial ones too.
    people : ndarray
        Population of each; of the province for the provincial ones.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Table
        Baht; FY2561 adds up to the published revenue by kind.
    """
    rng = np.random.default_rng([seed, 11])
    kind = np.array([one.kind for one in orgs])
    upper = kind == "PAO"
    weight = people**0.85 * rng.lognormal(0, 0.2, len(orgs))
    weight[upper] *= PAO_PART / (1 - PAO_PART) * weight[~upper].sum() / weight[upper].sum()
    own = np.where(np.isin(kind, ("city", "BMA", "Pattaya", "town")), 1.0, 0.1)
    lean = rng.normal(0, 0.2, (len(orgs), 4)) + np.stack(
        [own, 0.2 * own, 0 * own, -0.6 * own], axis=1
    )
    spend_share = rng.beta(30, 4, len(orgs))
    items = rng.poisson(120 + 60 * own)
    funded = rng.binomial(items, rng.beta(4, 8, len(orgs)))
    own_headings = [REVENUE_HEADINGS[at] for at in ORGANISATION_COLUMNS]
    fine = Table("finance_org", ("code", "fiscal_year_be", *own_headings))
    coarse = Table("finance_province", ("code", "fiscal_year_be", *REVENUE_HEADINGS))
    provinces, where = np.unique([one.province for one in orgs], return_inverse=True)
    for year in YEARS_CE:
        parts = _revenue(weight, lean, year)
        total = parts.sum(axis=1)
        spend = np.rint(total * 0.97 * spend_share)
        known = [total, *parts.T, np.rint(total * 0.97), spend]
        columns = [(values * 1000).astype(np.int64) for values in known] + [items, funded]
        sums = [np.bincount(where, weights=column).astype(np.int64) for column in columns]
        coarse.add(provinces.tolist(), be(year), sums)
        if year == YEARS_CE[-1]:
            chosen = [columns[at] for at in ORGANISATION_COLUMNS]
            fine.add([one.code for one in orgs], be(year), chosen)
    return [fine, coarse, _scores(orgs, rng)]


def _revenue(weight: Floats, lean: Floats, year: int) -> np.ndarray:
    # Revenue by kind in thousands of baht.
    million = np.array(REVENUE_2561_M) * GROWTH[year]
    columns = np.rint(million * THOUSANDS_PER_MILLION).astype(np.int64)
    rows = apportion(weight, int(columns.sum()))
    return fitted(rows[:, None] * columns / columns.sum() * np.exp(lean), rows, columns)


def _scores(orgs: Sequence[Organisation], rng: np.random.Generator) -> Table:
    # Performance scores; Bangkok is not assessed with the others.
    table = Table("lpa_org", ("code", "fiscal_year_be", "lpa_score"))
    codes = [one.code for one in orgs]
    assessed = np.array([one.kind != "BMA" for one in orgs])
    for year in (2021, 2024):
        score = np.round(100 * rng.beta(22, 3.4, len(orgs)), 2)
        score = np.where(score < PASS_MARK, PASS_MARK + (PASS_MARK - score) / 4, score)
        failed = rng.choice(
            np.flatnonzero(assessed), int(assessed.sum()) - PASSED_2564, replace=False
        )
        score[failed] = np.round(rng.uniform(48, 69.9, len(failed)), 2)
        marks = [
            NOT_APPLICABLE if not ok else round(float(one), 2)
            for ok, one in zip(assessed, score, strict=True)
        ]
        table.add(codes, be(year), [marks])
    return table
