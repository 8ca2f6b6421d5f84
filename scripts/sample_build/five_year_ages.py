"""People by five years of age: three counts, five years apart, by district and by province.

Made up like the other ages and in agreement with them: the groups of a district and year add up
to its children, people of working age and older persons by band.
"""

from __future__ import annotations

import numpy as np
from sample_build.ageing import Ages
from sample_build.rounding import Floats, Whole, fitted
from sample_build.tables import Table, be

COUNTS = (2014, 2019, 2024)
GROUPS = (*(f"{low}-{low + 4}" for low in range(0, 85, 5)), "85+")
SEXES = ("m", "f")
#: Of districts both sexes together; of provinces each by itself, of all ages and by age.
BY_DISTRICT, BY_PROVINCE = "five_year_ages_district", "ages_by_sex_province"

#: A pyramid of 2567 in thousands of persons, round and made up: broadest at 45-59.
PYRAMID_2567 = np.array([2900, 3450, 3750, 3900, 4250, 4650, 4700, 4650, 4850, 5050, 5150, 4850,
                         4200, 3300, 2500, 1500, 950, 850], float)  # fmt: skip
#: Part of a cohort still there five years later; the first is of those under five.
STAYED = np.array([0.998, 0.999, 0.998, 0.995, 0.993, 0.992, 0.991, 0.989, 0.986, 0.982, 0.975,
                   0.965, 0.950, 0.925, 0.880, 0.800])  # fmt: skip
#: Of those aged 80 and over, the part aged 80-84.
FROM_80_TO_84 = 0.56
#: Boys among those under five, and men among those aged 85 and over.
MEN_FIRST, MEN_LAST = 0.514, 0.385
#: Where the bands of the other tables begin and end: 0-14, 15-59, 60-64, 65-69, 70-79, 80+.
BANDS = ((0, 3), (3, 12), (12, 13), (13, 14), (14, 16), (16, 18))


def tables(ages: Ages, seed: int) -> list[Table]:
    """Write the three counts of every district and every province.

    Parameters
    ----------
    ages : Ages
        What the groups add up to.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Table
        Districts by five years of age; provinces, their sums, by sex and five years of age.
    """
    rng = np.random.default_rng([seed, 9])
    codes = ages.by_district(COUNTS[-1], "pop_60p")[0]
    moved = rng.normal(0, 0.006, (len(codes), 1))
    provinces, within = np.unique([code[:2] for code in codes], return_inverse=True)
    fine = Table(BY_DISTRICT, ("code", "year_be", *GROUPS))
    headings = (*SEXES, *(f"{sex}_{group}" for sex in SEXES for group in GROUPS))
    coarse = Table(BY_PROVINCE, ("code", "year_be", *headings))
    for year in COUNTS:
        bands = _bands(ages, year)
        people = _divided(bands, _tilted(bands, year))
        fine.add(codes, be(year), people.T)
        men = np.rint(people * (_men() + moved)).astype(np.int64)
        sexes = []
        for one in (men, people - men):
            sums = np.zeros((len(provinces), len(GROUPS)), dtype=np.int64)
            np.add.at(sums, within, one)
            sexes.append(sums)
        columns = [one.sum(axis=1) for one in sexes] + [row for one in sexes for row in one.T]
        coarse.add(provinces.tolist(), be(year), columns)
    return [fine, coarse]


def _bands(ages: Ages, year: int) -> Whole:
    # People of each district by band, shape (districts, 6).
    def of(key: str) -> Whole:
        return ages.by_district(year, key)[1]

    return np.stack(
        [of("pop_0_14"), of("pop_15_59"), of("pop_60p") - of("pop_65p"),
         of("pop_60_69") - of("pop_60p") + of("pop_65p"), of("pop_70_79"), of("pop_80p")],
        axis=1,
    )  # fmt: skip


def _pyramid(year: int) -> Floats:
    # The cohorts of 2567 as they were: nobody had died yet, and the youngest were not born.
    people = PYRAMID_2567
    for _ in range((COUNTS[-1] - year) // 5):
        before = np.empty_like(people)
        before[:-2] = people[1:-1] / STAYED
        before[-2:] = people[-2:] * 0.86
        people = before
    return people


def _tilted(bands: Whole, year: int) -> Floats:
    # The pyramid, older in districts with many older persons: by cohort, so that it stays theirs.
    tilt = np.log(bands[:, 2:].sum(axis=1) / bands[:, :2].sum(axis=1))
    old = tilt - np.log(bands[:, 2:].sum() / bands[:, :2].sum())
    age = (np.arange(len(GROUPS)) - 9) / 9
    return _pyramid(year) * np.exp(old[:, None] * age)


def _divided(bands: Whole, shape: Floats) -> Whole:
    # Each band by the shape within it, exactly.
    people = np.zeros(shape.shape, dtype=np.int64)
    for at, (first, after) in enumerate(BANDS):
        part = shape[:, first:after]
        if after == len(GROUPS):
            part = np.broadcast_to([FROM_80_TO_84, 1 - FROM_80_TO_84], part.shape)
        whole = part.sum(axis=0) / part.sum() * bands[:, at].sum()
        columns = np.floor(whole).astype(np.int64)
        columns[0] += bands[:, at].sum() - columns.sum()
        people[:, first:after] = fitted(part, bands[:, at], columns)
    return people


def _men() -> Floats:
    # Part of an age group: men die earlier, most of all from 60 on.
    along = np.linspace(0, 1, len(GROUPS))
    return MEN_FIRST + (MEN_LAST - MEN_FIRST) * along**2
