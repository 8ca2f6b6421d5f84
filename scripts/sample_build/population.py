"""Population of every sub-district over twelve years, adding up to the national figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_build.cells import Cell
from sample_build.outline import Province
from sample_build.rounding import apportion

YEARS_CE = tuple(range(2013, 2025))
#: Registered population of the country, persons, by CE year. 2564 is the published total of
#: the register; 2567 is the base of the published count of older persons (30 June 2567).
#: The other years are rounded to 10,000.
NATIONAL = {
    2013: 64_790_000, 2014: 65_120_000, 2015: 65_730_000, 2016: 65_930_000, 2017: 66_190_000,
    2018: 66_410_000, 2019: 66_560_000, 2020: 66_190_000, 2021: 66_171_439, 2022: 66_090_000,
    2023: 65_550_000, 2024: 64_989_504,
}  # fmt: skip
BANGKOK = "10"
PERSONS_PER_HOUSE = {2013: 2.75, 2024: 2.30}

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class People:
    """Population by sub-district (rows, as the cells) and year (columns, ``YEARS_CE``)."""

    codes: tuple[str, ...]
    total: Whole
    houses: Whole

    def in_year(self, year_ce: int) -> Whole:
        """Return the population of one year.

        Parameters
        ----------
        year_ce : int
            One of ``YEARS_CE``.

        Returns
        -------
        ndarray of int
            By sub-district.
        """
        return self.total[:, YEARS_CE.index(year_ce)]

    def houses_in(self, year_ce: int) -> Whole:
        """Return the registered houses of one year.

        Parameters
        ----------
        year_ce : int
            One of ``YEARS_CE``.

        Returns
        -------
        ndarray of int
            By sub-district.
        """
        return self.houses[:, YEARS_CE.index(year_ce)]


def settle(provinces: Sequence[Province], cells: Sequence[Cell], seed: int) -> People:
    """Spread the national population over the sub-districts.

    Parameters
    ----------
    provinces : sequence of Province
        Give the size of each province and how urban it is.
    cells : sequence of Cell
        Sub-districts; those near the capital have more people.
    seed : int
        Of what is made up.

    Returns
    -------
    People
        Every year adds up to ``NATIONAL``.
    """
    rng = np.random.default_rng([seed, 1])
    trait = {one.code: one for one in provinces}
    start = np.array([_weight(cell, trait[cell.code[:2]]) for cell in cells])
    start *= rng.lognormal(0, 0.42, len(cells))
    for one in provinces:
        own = np.array([cell.code.startswith(one.code) for cell in cells])
        start[own] *= one.pop_k / start[own].sum()
    growth = np.array([_growth(cell, trait[cell.code[:2]]) for cell in cells])
    growth += rng.normal(0, 0.006, len(cells))
    middle = YEARS_CE.index(2021)
    columns = []
    for at, year in enumerate(YEARS_CE):
        weight = start * np.exp(growth * (at - middle)) * rng.normal(1, 0.003, len(cells))
        columns.append(apportion(weight, NATIONAL[year]))
    total = np.stack(columns, axis=1)
    size = np.linspace(PERSONS_PER_HOUSE[2013], PERSONS_PER_HOUSE[2024], len(YEARS_CE))
    crowd = rng.normal(1, 0.12, len(cells)).clip(0.65, 1.4)
    houses = np.rint(total / (size[None, :] * crowd[:, None])).astype(np.int64)
    return People(tuple(cell.code for cell in cells), total, houses)


def _weight(cell: Cell, province: Province) -> float:
    # How many people a cell draws; in Bangkok the middle is no denser than the rest.
    pull = 0.3 if province.code == BANGKOK else 2.5 + 3 * province.urban
    return float(1 + pull * np.exp(-cell.remoteness * 6))


def _growth(cell: Cell, province: Province) -> float:
    # Yearly growth: suburbs and the east gain, old provinces and remote sub-districts lose.
    suburb = 0.012 if province.code in {"11", "12", "13", "20", "21", "74", "83"} else 0.0
    old = -0.0012 * (province.share_60p_pct - 18.5)
    ring = 0.012 * np.exp(-(((cell.remoteness - 0.25) / 0.15) ** 2))
    centre = -0.012 if province.code == BANGKOK else -0.006 * np.exp(-cell.remoteness * 15)
    return float(suburb + old + ring + centre)
