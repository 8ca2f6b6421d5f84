# ruff: noqa: PLR2004  (the shares and years of made-up data are plain numbers)
"""Ages, dependency, allowances, disability: people by sub-district and district."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.cells import Cell
from sample_build.outline import Province
from sample_build.population import NATIONAL, YEARS_CE, People
from sample_build.rounding import Whole, apportion, fitted
from sample_build.tables import Table, be

#: Persons aged 60 and over. 2567: published count of 30 June 2567; the others follow a smooth
#: path to it, to 10,000.
NATIONAL_60P = {
    2013: 9_520_000, 2014: 9_830_000, 2015: 10_190_000, 2016: 10_520_000, 2017: 10_860_000,
    2018: 11_190_000, 2019: 11_510_000, 2020: 11_760_000, 2021: 12_100_000, 2022: 12_510_000,
    2023: 12_970_000, 2024: 13_450_391,
}  # fmt: skip
#: The same count by age: 60-69, 70-79, 80-89, 90 and over.
BANDS_2567 = (7_593_731, 3_987_082, 1_516_689, 311_470 + 41_419)
#: Older persons per 100 children in 2567, and per 100 aged 15-59 in 2563, as published.
AGEING_INDEX_2567 = 127.4
DEPENDENCY_2563 = 27.3
#: Part of those aged 60-69 who are under 65.
UNDER_65 = 0.535
#: Years for which sub-districts have ages; districts have all years.
SUBDISTRICT_YEARS = (2024,)
BAND_YEARS = (2021, 2022, 2023, 2024)

FISCAL_HEALTH_YEARS = (2022, 2023, 2024)
ALLOWANCE_2560, DISABILITY_ALLOWANCE_2560 = 8_157_175, 1_491_947
DISABLED_2561 = 1_916_828
LIVING_ALONE_2567 = 0.129
STEPS_BAHT = (600, 700, 800, 1000)

AGE_HEADINGS = ("pop_0_14", "pop_15_59", "pop_15_64", "pop_60p", "pop_65p", "pop_80p")
BAND_HEADINGS = ("pop_60_69", "pop_70_79", "pop_80_89", "pop_90p")


class Ages:
    """Age groups by sub-district for each year; each year adds up to the national figures."""

    def __init__(
        self, provinces: Sequence[Province], cells: Sequence[Cell], people: People, seed: int
    ) -> None:
        rng = np.random.default_rng([seed, 2])
        trait = {one.code: one for one in provinces}
        base = np.array([trait[cell.code[:2]].share_60p_pct for cell in cells]) / 100
        far = np.array([cell.remoteness for cell in cells])
        share = base * (0.95 + 0.10 * far) * rng.normal(1, 0.07, len(cells)).clip(0.7, 1.3)
        young = (0.165 + 0.35 * (0.192 - base)) * rng.normal(1, 0.05, len(cells)).clip(0.8, 1.2)
        tilt = rng.normal(0, 0.05, (len(cells), len(BANDS_2567)))
        self.codes = people.codes
        self.groups: dict[int, dict[str, Whole]] = {}
        for year in YEARS_CE:
            total = people.in_year(year)
            national = _national_groups(year)
            table = np.stack([young, 1 - young - share, share], axis=1) * total[:, None]
            children, working, old = fitted(table, total, national).T
            bands = fitted(old[:, None] * np.exp(tilt) * _band_shares(year), old, _bands(year)).T
            under_65 = np.rint(bands[0] * UNDER_65).astype(np.int64)
            values = (children, working, working + under_65, old, old - under_65,
                      bands[2] + bands[3], *bands)  # fmt: skip
            self.groups[year] = dict(zip(AGE_HEADINGS + BAND_HEADINGS, values, strict=True))

    def by_district(self, year: int, key: str) -> tuple[list[str], Whole]:
        """Sum one group of one year by district.

        Parameters
        ----------
        year : int
            CE.
        key : str
            A group.

        Returns
        -------
        tuple of (list of str, ndarray of int)
            District codes and their sums.
        """
        codes, where = np.unique([code[:4] for code in self.codes], return_inverse=True)
        sums = np.bincount(where, weights=self.groups[year][key]).astype(np.int64)
        return codes.tolist(), sums

    def tables(self) -> list[Table]:
        """Write ages by sub-district and by district.

        Returns
        -------
        list of Table
            Sub-districts in the latest years, districts in all, bands of age by district.
        """
        fine = Table("ages_subdistrict", ("code", "year_be", *AGE_HEADINGS))
        for year in SUBDISTRICT_YEARS:
            fine.add(self.codes, be(year), [self.groups[year][key] for key in AGE_HEADINGS])
        coarse = Table("ages_district", ("code", "year_be", *AGE_HEADINGS))
        bands = Table("age_bands_district", ("code", "year_be", *BAND_HEADINGS))
        for year in YEARS_CE:
            codes = self.by_district(year, "pop_60p")[0]
            if year not in SUBDISTRICT_YEARS:
                coarse.add(
                    codes, be(year), [self.by_district(year, key)[1] for key in AGE_HEADINGS]
                )
            if year in BAND_YEARS:
                bands.add(
                    codes, be(year), [self.by_district(year, key)[1] for key in BAND_HEADINGS]
                )
        return [fine, coarse, bands]


def care_tables(ages: Ages, people: People, seed: int) -> list[Table]:
    """Write dependency, allowances and disability by district.

    Parameters
    ----------
    ages : Ages
        Older persons by district.
    people : People
        Everybody.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Table
        One of fiscal years, one of calendar years.
    """
    rng = np.random.default_rng([seed, 3])
    codes = ages.by_district(2024, "pop_60p")[0]
    count = len(codes)
    effort = rng.beta(9, 2.2, count)
    frail = rng.normal(1, 0.18, count).clip(0.5, 1.7)
    care = Table("elder_care_district", ("code", "fiscal_year_be", "screened_60p",
                 "adl_homebound", "adl_bedridden", "ltc_caregivers"))  # fmt: skip
    for year in FISCAL_HEALTH_YEARS:
        old = ages.by_district(year, "pop_60p")[1]
        screened = np.rint(old * effort.clip(0.3, 0.99) * (0.93 + 0.03 * (year - 2022)).real)
        screened = np.minimum(screened, old).astype(np.int64)
        homebound = rng.poisson(screened * 0.021 * frail)
        bedridden = rng.poisson(screened * 0.0052 * frail)
        carers = np.rint((homebound + bedridden) * rng.uniform(0.12, 0.34, count)).astype(np.int64)
        silent = rng.random(count) < 0.02
        columns = [screened, homebound, bedridden, carers]
        care.add(codes, be(year), [_silenced(column, silent) for column in columns])
    money = Table("allowances_district", ("code", "fiscal_year_be", "oaa_recipients", "oaa_cost",
                  "dis_allow_recipients"))  # fmt: skip
    takeup = rng.normal(0.8, 0.05, count).clip(0.6, 0.93)
    cards = rng.normal(1, 0.2, count).clip(0.5, 1.8)
    for year in YEARS_CE:
        old = ages.by_district(year, "pop_60p")[1]
        whole = ALLOWANCE_2560 if year == 2017 else int((old * takeup).sum())
        recipients = apportion(old * takeup, whole)
        disabled = DISABILITY_ALLOWANCE_2560 + (year - 2017) * 75_000
        money.add(
            codes,
            be(year),
            [
                recipients,
                _cost(ages, year, recipients, old),
                apportion(_everybody(people, year, codes) * cards, disabled),
            ],
        )
    held = Table("disability_district", ("code", "year_be", "dis_card"))
    for year in range(2018, 2025):
        weight = _everybody(people, year, codes) * cards
        held.add(codes, be(year), [apportion(weight, DISABLED_2561 + (year - 2018) * 52_000)])
    alone = Table("living_alone_district", ("code", "year_be", "elderly_alone"))
    for year, share in ((2021, 0.122), (2024, LIVING_ALONE_2567)):
        old = ages.by_district(year, "pop_60p")[1]
        weight = old * rng.normal(1, 0.15, count).clip(0.5, 1.6)
        alone.add(codes, be(year), [apportion(weight, round(share * int(old.sum())))])
    return [care, money, held, alone]


def _national_groups(year: int) -> Whole:
    # Children, working ages and older persons of the country.
    total, old = NATIONAL[year], NATIONAL_60P[year]
    last = round(100 * NATIONAL_60P[2024] / AGEING_INDEX_2567)
    middle = NATIONAL[2020] - NATIONAL_60P[2020] - round(100 * NATIONAL_60P[2020] / DEPENDENCY_2563)
    known = ((2013, 0.186), (2020, middle / NATIONAL[2020]), (2024, last / NATIONAL[2024]))
    share = np.interp(year, [at for at, _ in known], [value for _, value in known])
    children = round(float(share) * total)
    return np.array([children, total - old - children, old])


def _band_shares(year: int) -> np.ndarray:
    # Shares of the bands of age among older persons; younger bands were larger before.
    shares = np.array(BANDS_2567) / sum(BANDS_2567)
    early = np.array([0.012, -0.006, -0.004, -0.002]) * (2024 - year) / 6
    return shares + early


def _bands(year: int) -> Whole:
    return apportion(_band_shares(year), NATIONAL_60P[year])


def _cost(ages: Ages, year: int, recipients: Whole, old: Whole) -> Whole:
    # Monthly allowance in baht: steps by age, recipients spread like the older persons.
    bands = [ages.by_district(year, key)[1] for key in BAND_HEADINGS]
    baht = sum(step * band for step, band in zip(STEPS_BAHT, bands, strict=True))
    return np.rint(baht * recipients / np.maximum(old, 1)).astype(np.int64)


def _everybody(people: People, year: int, codes: Sequence[str]) -> Whole:
    at = {code: index for index, code in enumerate(codes)}
    where = [at[code[:4]] for code in people.codes]
    return np.bincount(where, weights=people.in_year(year), minlength=len(codes))


def _silenced(column: Whole, silent: np.ndarray) -> list[int | None]:
    return [None if gap else value for value, gap in zip(column.tolist(), silent, strict=True)]
