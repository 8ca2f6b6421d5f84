# ruff: noqa: PLR2004  (the shares and years of made-up data are plain numbers)
"""Roads, water, lights, child centres, parks and shelters, by province and by organisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.organisations import Organisation
from sample_build.population import YEARS_CE
from sample_build.rounding import Floats, apportion
from sample_build.tables import NOT_APPLICABLE, Table, be, with_gaps

#: Local roads of the country in metres: one figure carried forward to 2561, counted anew in 2562.
ROADS_M = dict.fromkeys(range(2013, 2019), 352_465_500) | {
    year: 597_667_000 + 1_500_000 * (year - 2019) for year in range(2019, 2025)
}
METRES_PER_KM = 1000
ORGANISATION_YEARS = (2024,)
LITRES_PER_PERSON = 165
SILENT_SHARE = 0.04

HEADINGS = ("code", "year_be", "road_local_km", "road_paved_km", "streetlights_n",
            "houses_tap_water", "water_m3_per_day", "hh_with_bin", "park_m2")  # fmt: skip


class Works:
    """What organisations own and serve, in the latest year, before silence."""

    def __init__(
        self,
        lower: Sequence[Organisation],
        *,
        area_km2: Floats,
        people: Floats,
        houses: Floats,
        seed: int,
    ) -> None:
        rng = np.random.default_rng([seed, 8])
        self.lower = lower
        count = len(lower)
        self.province = np.array([one.province for one in lower])
        town = np.array(
            [{"SAO": 0.0, "subdistrict_municipality": 0.35}.get(one.kind, 1.0) for one in lower]
        )
        noise = rng.lognormal(0, 0.25, count)
        self.road_weight = np.sqrt(area_km2.clip(0.2)) * people.clip(100) ** 0.35 * noise
        self.paved = rng.beta(7 + 8 * town, 3.2)
        self.lights_per_km = rng.lognormal(1.9 + 1.0 * town, 0.4)
        self.tap = (rng.beta(8, 1.6 + 1.0 * (1 - town))).clip(0.2, 1)
        self.litres = rng.normal(LITRES_PER_PERSON * (0.8 + 0.45 * town), 18, count).clip(70, 420)
        self.bin = rng.beta(4, 3, count)
        self.park = rng.gamma(0.5 + town, 1.5, count) * (rng.random(count) < 0.3 + 0.6 * town)
        self.people, self.houses = people, houses
        self.rng = rng

    def roads_m(self, year: int) -> np.ndarray:
        """Return local roads in metres by organisation.

        Parameters
        ----------
        year : int
            CE.

        Returns
        -------
        ndarray of int
            Adds up to the national length.
        """
        return apportion(self.road_weight, ROADS_M[year])

    def columns(self, year: int) -> list[np.ndarray]:
        """Return all columns of a year by organisation, in the order of ``HEADINGS``.

        Parameters
        ----------
        year : int
            CE.

        Returns
        -------
        list of ndarray
            Lengths in km, water in m3 a day, parks in m2.
        """
        back = 2024 - year
        roads = self.roads_m(year)
        paved = np.rint(roads * (self.paved - 0.018 * back).clip(0.05, 1)).astype(np.int64)
        lights = np.rint(roads / METRES_PER_KM * self.lights_per_km * 0.965**back)
        tap = np.rint(self.houses * (self.tap - 0.012 * back).clip(0.05, 1))
        water = np.rint(self.people * self.litres * 0.992**back / 1000)
        bins = np.rint(self.houses * (self.bin - 0.06 * back).clip(0, 1))
        park = np.rint(self.park * self.people * 0.97**back)
        whole = [values.astype(np.int64) for values in (lights, tap, water, bins, park)]
        return [roads / METRES_PER_KM, paved / METRES_PER_KM, *whole]

    def tables(self) -> list[Table]:
        """Write works by organisation for the latest year and by province for all.

        Returns
        -------
        list of Table
            Some organisations did not report.
        """
        fine = Table("works_org", HEADINGS)
        coarse = Table("works_province", HEADINGS)
        codes = [one.code for one in self.lower]
        provinces, where = np.unique(self.province, return_inverse=True)
        for year in YEARS_CE:
            columns = self.columns(year)
            sums = [np.round(np.bincount(where, weights=column), 3) for column in columns]
            coarse.add(provinces.tolist(), be(year), [
                sums[at] if at < 2 else sums[at].astype(np.int64) for at in range(len(sums))
            ])  # fmt: skip
            if year in ORGANISATION_YEARS:
                silent = self.rng.random(len(codes)) < SILENT_SHARE
                fine.add(codes, be(year), [with_gaps(column, silent) for column in columns])
        return [fine, coarse]

    def child_centres(self) -> Table:
        """Write children and carers of the latest academic year.

        Returns
        -------
        Table
            An organisation without a centre has none to report: not applicable.
        """
        size = self.people * self.rng.normal(0.0125, 0.004, len(self.people)).clip(0.003)
        children = np.rint(size).astype(np.int64)
        staff = np.maximum(1, np.rint(children / self.rng.normal(11.5, 2.2, len(children)).clip(6)))
        none = (children < 8) | (self.rng.random(len(children)) < 0.05)
        silent = self.rng.random(len(children)) < SILENT_SHARE
        table = Table(
            "child_centres_org", ("code", "academic_year_be", "cdc_children", "cdc_staff")
        )
        table.add([one.code for one in self.lower], be(2023), [
            with_gaps(with_gaps(values.astype(np.int64), silent), none, NOT_APPLICABLE)
            for values in (children, staff)
        ])  # fmt: skip
        return table


def shelter_table(codes: Sequence[str], people: Floats, seed: int) -> Table:
    """Write shelters and people exposed to floods by district, where there is a plan.

    Parameters
    ----------
    codes : sequence of str
        Districts.
    people : ndarray
        Population of each.
    seed : int
        Of what is made up.

    Returns
    -------
    Table
        Districts without people at risk are not applicable.
    """
    rng = np.random.default_rng([seed, 9])
    exposed = np.rint(people * rng.beta(1.2, 7, len(people))).astype(np.int64)
    capacity = np.rint(exposed * rng.uniform(0.15, 1.3, len(people))).astype(np.int64)
    safe = rng.random(len(people)) < 0.18
    silent = rng.random(len(people)) < 0.06
    table = Table("shelters_district", ("code", "year_be", "evac_capacity", "pop_exposed"))
    table.add(codes, be(2024), [
        with_gaps(with_gaps(values, silent), safe, NOT_APPLICABLE) for values in (capacity, exposed)
    ])  # fmt: skip
    return table


def travel_table(codes: Sequence[str], remoteness: Floats, seed: int) -> Table:
    """Write mean minutes to the nearest hospital by sub-district.

    Parameters
    ----------
    codes : sequence of str
        Sub-districts.
    remoteness : ndarray
        0 at the capital of the province, 1 at its far end.
    seed : int
        Of what is made up.

    Returns
    -------
    Table
        Minutes to one digit.
    """
    rng = np.random.default_rng([seed, 10])
    minutes = (6 + 38 * remoteness) * rng.lognormal(0, 0.3, len(codes))
    table = Table("travel_subdistrict", ("code", "year_be", "svc_travel"))
    table.add(codes, be(2024), [np.round(minutes.clip(2, 180), 1)])
    return table
