"""Municipal solid waste by province over twelve years, and by organisation in the last three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sample_build.organisations import Organisation
from sample_build.outline import Province
from sample_build.population import YEARS_CE
from sample_build.rounding import Floats, Whole, apportion, fitted
from sample_build.tables import NOT_APPLICABLE, Table, be, with_gaps

#: Tonnes a day in the country: generated, utilised, properly disposed; the rest is improper.
#: Published: generated 2559-2562, 2564 and 2565; utilised 2560, 2564 and 2565; proper 2560 and
#: 2563-2565. The others lead from one to the next, utilised and proper to 100 t/day.
NATIONAL_TPD = {
    2013: (73_342, 14_100, 19_900), 2014: (71_753, 13_200, 21_700), 2015: (73_562, 13_500, 22_800),
    2016: (73_934, 15_900, 26_200), 2017: (74_998, 23_319, 32_022), 2018: (76_521, 26_700, 29_900),
    2019: (78_658, 34_300, 26_900), 2020: (69_317, 22_800, 24_962), 2021: (68_438, 21_616, 25_425),
    2022: (70_411, 24_203, 26_889), 2023: (73_836, 25_500, 27_900), 2024: (74_317, 28_700, 28_100),
}  # fmt: skip
#: Accumulated waste, tonnes; 2564 as published.
BACKLOG_T = {
    2013: 19_900_000, 2014: 14_800_000, 2015: 11_700_000, 2016: 10_000_000, 2017: 7_200_000,
    2018: 7_400_000, 2019: 7_100_000, 2020: 7_300_000, 2021: 7_500_000, 2022: 9_900_000,
    2023: 9_000_000, 2024: 8_900_000,
}  # fmt: skip
#: How much of the tourists' waste was missing while few travelled.
QUIET_YEARS = {2020: 0.35, 2021: 0.42, 2022: 0.18, 2023: 0.05}
ORGANISATION_YEARS = (2022, 2023, 2024)
#: Amounts of provinces are kept in tenths of a tonne, of organisations in hundredths.
TENTHS, HUNDREDTHS = 10, 100
GHG_T_PER_T = (0.55, 0.95)
HAZARD_KG_PER_PERSON = 0.012
SILENT_SHARE = 0.035

PROVINCE_HEADINGS = (
    "code", "year_be", "waste_gen_tpd", "waste_utilised_tpd", "waste_proper_tpd",
    "waste_improper_tpd", "waste_collected_tpd", "waste_backlog_t", "waste_ghg",
)  # fmt: skip
ORGANISATION_HEADINGS = (
    "code", "year_be", "waste_gen_tpd", "waste_utilised_tpd", "waste_proper_tpd",
    "waste_improper_tpd", "waste_collected_tpd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amounts:
    """Waste of every province and year in tenths of a tonne a day: generated and its parts."""

    codes: tuple[str, ...]
    generated: dict[int, Whole]
    parts: dict[int, Whole]
    collected: dict[int, Whole]


def amounts(provinces: Sequence[Province], people: dict[int, Floats], seed: int) -> Amounts:
    """Spread the national amounts over the provinces.

    Parameters
    ----------
    provinces : sequence of Province
        Give the waste per person, tourism and how urban they are.
    people : dict of int to ndarray
        Population of the provinces by CE year.
    seed : int
        Of what is made up.

    Returns
    -------
    Amounts
        In every province generated = utilised + proper + improper.
    """
    rng = np.random.default_rng([seed, 4])
    count = len(provinces)
    rate = np.array([one.waste_kg for one in provinces])
    tourism = np.array([one.tourism for one in provinces])
    urban = np.array([one.urban for one in provinces])
    site = rng.normal(0, 0.9, count)
    generated, parts, collected = {}, {}, {}
    for year in YEARS_CE:
        quiet = 1 - QUIET_YEARS.get(year, 0.0) * tourism
        weight = people[year] * rate * quiet * rng.normal(1, 0.02, count)
        total, used, proper = (amount * TENTHS for amount in NATIONAL_TPD[year])
        generated[year] = apportion(weight, total)
        lean = np.stack(
            [0.3 * urban + rng.normal(0, 0.15, count), 1.2 * urban + site, -1.1 * urban - site / 2],
            axis=1,
        )
        table = generated[year][:, None] * np.exp(lean)
        parts[year] = fitted(
            table, generated[year], np.array([used, proper, total - used - proper])
        )
        cover = (0.62 + 0.3 * urban + 0.008 * (year - 2018)).clip(0, 0.99)
        collected[year] = np.rint(generated[year] * cover).astype(np.int64)
    return Amounts(tuple(one.code for one in provinces), generated, parts, collected)


def province_tables(known: Amounts, people: dict[int, Floats], seed: int) -> list[Table]:
    """Write waste by province, with backlog, greenhouse gas and hazardous waste.

    Parameters
    ----------
    known : Amounts
        Of every province.
    people : dict of int to ndarray
        Population of the provinces by CE year.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Table
        One of calendar years, one of fiscal years.
    """
    rng = np.random.default_rng([seed, 5])
    main = Table("waste_province", PROVINCE_HEADINGS)
    hazard = Table("waste_hazard_province", ("code", "fiscal_year_be", "waste_hazard_t"))
    heap = rng.lognormal(0, 0.8, len(known.codes))
    care = rng.lognormal(0, 0.5, len(known.codes))
    for year in YEARS_CE:
        used, proper, improper = known.parts[year].T
        gas = (proper * GHG_T_PER_T[0] + improper * GHG_T_PER_T[1]) / TENTHS * 365
        backlog = apportion((improper + 1) * heap, BACKLOG_T[year])
        main.add(known.codes, be(year), [
            known.generated[year] / TENTHS, used / TENTHS, proper / TENTHS, improper / TENTHS,
            known.collected[year] / TENTHS, backlog, np.rint(gas).astype(np.int64),
        ])  # fmt: skip
        growth = 1 + 0.18 * (year - 2013)
        tonnes = np.round(people[year] * HAZARD_KG_PER_PERSON / 1000 * growth * care, 2)
        silent = rng.random(len(known.codes)) < max(0.02, 0.25 - 0.03 * (year - 2013))
        hazard.add(known.codes, be(year), [with_gaps(tonnes, silent)])
    return [main, hazard]


def organisation_table(
    known: Amounts, lower: Sequence[Organisation], people: dict[int, Floats], seed: int
) -> Table:
    """Write waste by organisation; those of a province add up to it before silence.

    Parameters
    ----------
    known : Amounts
        Of every province.
    lower : sequence of Organisation
        Without the provincial ones.
    people : dict of int to ndarray
        Population of these organisations by CE year.
    seed : int
        Of what is made up.

    Returns
    -------
    Table
        Some organisations did not report; many have no proper disposal, a true zero.
    """
    rng = np.random.default_rng([seed, 6])
    table = Table("waste_org", ORGANISATION_HEADINGS)
    codes = [one.code for one in lower]
    province = np.array([one.province for one in lower])
    town = np.array([_town(one.kind) for one in lower])
    habit = rng.lognormal(0, 0.16, len(lower)) * (1 + 0.5 * town)
    far = rng.random(len(lower)) < 0.38 * (1 - town)
    lean = rng.normal(0, 0.6, (len(lower), 3))
    lean[:, 1] += 1.0 * town
    lean[far, 1] = -30
    for year in ORGANISATION_YEARS:
        total = np.zeros(len(lower), dtype=np.int64)
        parts = np.zeros((len(lower), 3), dtype=np.int64)
        for at, code in enumerate(known.codes):
            own = np.flatnonzero(province == code)
            scale = HUNDREDTHS // TENTHS
            whole = int(known.generated[year][at]) * scale
            total[own] = apportion(people[year][own] * habit[own], whole)
            start = total[own, None] * np.exp(lean[own])
            parts[own] = fitted(start, total[own], known.parts[year][at] * scale)
        cover = (0.66 + 0.28 * town + rng.normal(0, 0.08, len(lower))).clip(0.2, 1)
        collected = np.rint(total * cover).astype(np.int64)
        silent = (rng.random(len(lower)) < SILENT_SHARE) & (province != "10")
        columns = [total, *parts.T, collected]
        table.add(codes, be(year), [with_gaps(one / HUNDREDTHS, silent) for one in columns])
    return table


def service_table(lower: Sequence[Organisation], households: Floats, seed: int) -> Table:
    """Write fees, costs and organic-waste bins of the latest fiscal year by organisation.

    Parameters
    ----------
    lower : sequence of Organisation
        Without the provincial ones.
    households : ndarray
        Houses in each.
    seed : int
        Of what is made up.

    Returns
    -------
    Table
        Organisations that collect no waste have no fees: not applicable.
    """
    rng = np.random.default_rng([seed, 7])
    count = len(lower)
    town = np.array([_town(one.kind) for one in lower])
    cost = np.rint(households * rng.uniform(420, 900, count) * (1 + 0.6 * town))
    revenue = np.rint(cost * rng.beta(2, 6, count))
    none = rng.random(count) < 0.12 * (1 - town)
    silent = rng.random(count) < SILENT_SHARE
    columns = [
        with_gaps(with_gaps(values.astype(np.int64), silent), none, NOT_APPLICABLE)
        for values in (revenue, cost)
    ]
    table = Table(
        "waste_service_org", ("code", "fiscal_year_be", "waste_fee_revenue", "waste_cost")
    )
    table.add([one.code for one in lower], be(2024), columns)
    return table


def _town(kind: str) -> float:
    return {
        "city": 1.0,
        "BMA": 1.0,
        "Pattaya": 1.0,
        "town": 0.7,
        "subdistrict_municipality": 0.3,
    }.get(kind, 0.0)
