# ruff: noqa: PLR2004  (the shares and years of made-up data are plain numbers)
"""Facilities as points inside illustrative cells: waste, care of older persons, health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sample_build.cells import Cell
from sample_build.organisations import Organisation, point_inside
from sample_build.outline import Province
from sample_build.rounding import Floats, apportion
from sample_build.tables import NOT_APPLICABLE, Table, be, with_gaps

#: Sites by type in 2564, as published (open burning by difference).
SITES_2564 = {
    "SLF": 70,
    "COMPOST": 5,
    "WTE": 8,
    "INC_APC": 1,
    "MBT": 5,
    "RDF": 7,
    "MIXED": 20,
    "CD_LT50": 177,
    "CD_GE50": 4,
    "INC_NOAPC": 63,
    "OPEN_DUMP": 1707,
    "OPEN_BURN": 70,
    "TRANSFER": 31,
}
SITE_NAMES = {
    "SLF": ("หลุมฝังกลบ", "landfill"),
    "COMPOST": ("โรงหมักปุ๋ย", "composting plant"),
    "WTE": ("โรงไฟฟ้าขยะ", "waste-to-energy plant"),
    "INC_APC": ("เตาเผา", "incinerator"),
    "MBT": ("โรงบำบัดเชิงกล-ชีวภาพ", "MBT plant"),
    "RDF": ("โรงผลิต RDF", "RDF plant"),
    "MIXED": ("ศูนย์กำจัดแบบผสมผสาน", "integrated facility"),
    "CD_LT50": ("ที่เทกองแบบควบคุม", "controlled dump"),
    "CD_GE50": ("ที่เทกองแบบควบคุม", "controlled dump"),
    "INC_NOAPC": ("เตาเผา", "incinerator"),
    "OPEN_DUMP": ("ที่เทกอง", "open dump"),
    "OPEN_BURN": ("ที่เผากลางแจ้ง", "open-burning site"),
    "TRANSFER": ("สถานีขนถ่าย", "transfer station"),
}
PROPER = ("SLF", "COMPOST", "WTE", "INC_APC", "MBT", "RDF", "MIXED")
#: Disposal sites and transfer stations of the country by CE year; 2562 and 2564 as published.
SITES = {
    2013: 2490,
    2014: 2450,
    2015: 2490,
    2016: 2810,
    2017: 2780,
    2018: 2790,
    2019: 2666,
    2020: 2270,
    2021: 2137,
    2022: 2070,
    2023: 2080,
    2024: 2060,
}
TRANSFERS = {
    2013: 14,
    2014: 15,
    2015: 17,
    2016: 19,
    2017: 21,
    2018: 23,
    2019: 25,
    2020: 28,
    2021: 31,
    2022: 32,
    2023: 34,
    2024: 35,
}
CENTRES = {"ACTIVE": 1850, "SCHOOL": 1260, "DAY_CARE": 190}
CENTRE_NAMES = {
    "ACTIVE": ("ศูนย์พัฒนาคุณภาพชีวิตและส่งเสริมอาชีพผู้สูงอายุ", "Quality-of-life centre for older persons"),
    "SCHOOL": ("โรงเรียนผู้สูงอายุ", "School for older persons"),
    "DAY_CARE": ("ศูนย์ดูแลผู้สูงอายุกลางวัน", "Day-care centre for older persons"),
}
CLINICS = 9_872
#: Clinics handed to provincial organisations by fiscal year (CE); the last as published.
TRANSFERRED = {2022: 0, 2023: 3_260, 2024: 4_276}
KM_PER_DEGREE = 111.2
NEAR_KM = 10


@dataclass(frozen=True, slots=True)
class Facility:
    """A point with its properties (EPSG:4326)."""

    code: str
    name_th: str
    name_en: str
    point: tuple[float, float]
    area: str
    properties: dict[str, str | int | float]


class Ground:
    """Sub-districts to put things in, with who lives there and who is in charge."""

    def __init__(
        self, cells: Sequence[Cell], people: Floats, lower: Sequence[Organisation], seed: int
    ) -> None:
        self.cells = list(cells)
        self.people = people
        self.rng = np.random.default_rng([seed, 12])
        self.owner: dict[str, Organisation] = {}
        for one in lower:
            for at in one.covers:
                if at.code not in self.owner or at.share_pop > 0.5:
                    self.owner[at.code] = one

    def draw(self, weight: Floats, count: int, *, repeat: bool) -> list[int]:
        """Draw sub-districts by weight.

        Parameters
        ----------
        weight : ndarray
            By sub-district.
        count : int
            How many.
        repeat : bool
            Whether one may be drawn again.

        Returns
        -------
        list of int
            Positions, sorted.
        """
        drawn = self.rng.choice(len(self.cells), count, replace=repeat, p=weight / weight.sum())
        return sorted(drawn.tolist())


def waste_sites(ground: Ground) -> list[Facility]:
    """Place disposal sites and transfer stations by type.

    Parameters
    ----------
    ground : Ground
        Where they can be.

    Returns
    -------
    list of Facility
        As many of each type as published for 2564.
    """
    remote = np.array([cell.remoteness for cell in ground.cells])
    outside = np.array([not cell.code.startswith("10") for cell in ground.cells])
    result = []
    for kind, count in SITES_2564.items():
        large = kind in PROPER or kind in {"CD_GE50", "TRANSFER"}
        weight = outside * (ground.people ** (0.8 if large else 0.3)) * (0.3 + remote)
        for number, at in enumerate(ground.draw(weight, count, repeat=False), start=1):
            cell = ground.cells[at]
            owner = ground.owner[cell.code]
            name_th, name_en = SITE_NAMES[kind]
            mean = 4.6 if large else 1.9
            inflow = round(float(ground.rng.lognormal(mean, 0.6)), 1)
            capacity = round(inflow / float(ground.rng.uniform(0.55, 1.35)), 1)
            result.append(
                Facility(
                    f"{kind}-{number:04d}",
                    f"{name_th} {cell.name_th} (ตัวอย่าง)",
                    f"{cell.name_en} {name_en} (sample)",
                    point_inside(cell.shape, ground.rng),
                    cell.code,
                    {
                        "site_type": kind,
                        "org_code": owner.code,
                        "inflow_tpd": inflow,
                        "capacity_tpd": capacity,
                        "opened_be": int(ground.rng.integers(2535, 2563)),
                    },
                )
            )
    return result


def older_person_centres(ground: Ground) -> list[Facility]:
    """Place centres for older persons by type.

    Parameters
    ----------
    ground : Ground
        Where they can be.

    Returns
    -------
    list of Facility
        The numbers are made up: none are published.
    """
    result = []
    for kind, count in CENTRES.items():
        for number, at in enumerate(ground.draw(ground.people**0.7, count, repeat=False), start=1):
            cell = ground.cells[at]
            name_th, name_en = CENTRE_NAMES[kind]
            result.append(
                Facility(
                    f"{kind}-{number:04d}",
                    f"{name_th} {cell.name_th} (ตัวอย่าง)",
                    f"{name_en} {cell.name_en} (sample)",
                    point_inside(cell.shape, ground.rng),
                    cell.code,
                    {
                        "centre_type": kind,
                        "org_code": ground.owner[cell.code].code,
                        "members": int(ground.rng.integers(30, 320)),
                        "opened_be": int(ground.rng.integers(2548, 2567)),
                    },
                )
            )
    return result


def clinics(ground: Ground, provinces: Sequence[Province]) -> list[Facility]:
    """Place sub-district health centres and say who runs them.

    Parameters
    ----------
    ground : Ground
        Where they can be; at least one in each sub-district outside Bangkok.
    provinces : sequence of Province
        Whose organisations took them over, wholly, in part or not at all.

    Returns
    -------
    list of Facility
        ``owner`` is ``PAO`` or ``MOPH``; ``transferred_fy_be`` the fiscal year of the change.
    """
    outside = np.array([not cell.code.startswith("10") for cell in ground.cells])
    count = outside.astype(int)
    extra = ground.draw(outside * ground.people**0.6, CLINICS - int(count.sum()), repeat=True)
    np.add.at(count, extra, 1)
    keen = dict(
        zip([one.code for one in provinces], ground.rng.normal(0, 2.2, len(provinces)), strict=True)
    )
    places = [at for at in range(len(ground.cells)) for _ in range(count[at])]
    eagerness = np.array([keen[ground.cells[at].code[:2]] for at in places])
    order = np.argsort(-(eagerness + ground.rng.normal(0, 1, len(places))), kind="stable")
    year_of: dict[int, int] = {}
    for year, total in TRANSFERRED.items():
        for at in order[len(year_of) : total]:
            year_of[int(at)] = be(year)
    result = []
    for number, at in enumerate(places):
        cell = ground.cells[at]
        year = year_of.get(number)
        properties: dict[str, str | int | float] = {"owner": "PAO" if year else "MOPH"}
        if year:
            properties["transferred_fy_be"] = year
        result.append(
            Facility(
                f"PHC-{number + 1:05d}",
                f"รพ.สต. {cell.name_th} (ตัวอย่าง)",
                f"{cell.name_en} sub-district health centre (sample)",
                point_inside(cell.shape, ground.rng),
                cell.code,
                properties,
            )
        )
    return result


def site_tables(sites: Sequence[Facility], provinces: Sequence[Province], seed: int) -> list[Table]:
    """Count sites by province and year; 2564 by type as placed.

    Parameters
    ----------
    sites : sequence of Facility
        As of 2564.
    provinces : sequence of Province
        All 77.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Table
        Counts; load and remaining life of the sites.
    """
    rng = np.random.default_rng([seed, 13])
    codes = [one.code for one in provinces]
    at = {code: index for index, code in enumerate(codes)}
    by_type = {kind: np.zeros(len(codes), dtype=np.int64) for kind in SITES_2564}
    inflow, capacity = np.zeros(len(codes)), np.zeros(len(codes))
    for one in sites:
        index = at[one.area[:2]]
        by_type[str(one.properties["site_type"])][index] += 1
        inflow[index] += float(one.properties["inflow_tpd"])
        capacity[index] += float(one.properties["capacity_tpd"])
    transfer = by_type.pop("TRANSFER")
    disposal = sum(by_type.values())
    counts = Table("waste_sites_province", ("code", "year_be", "waste_sites_n", "waste_transfer_n"))
    for year, number in SITES.items():
        now = (
            disposal
            if year == 2021
            else apportion(disposal * rng.lognormal(0, 0.1, len(codes)), number)
        )
        stations = transfer if year == 2021 else apportion(transfer + 0.05, TRANSFERS[year])
        counts.add(codes, be(year), [now, stations])
    typed = Table("waste_site_types_province", ("code", "year_be", *by_type))
    typed.add(codes, be(2021), by_type.values())
    load = Table(
        "waste_site_load_province",
        ("code", "year_be", "waste_site_inflow_tpd", "waste_site_capacity_tpd", "waste_site_life"),
    )
    none = disposal == 0
    life = np.round(rng.gamma(3, 3.2, len(codes)), 1)
    for year in (2021, 2022, 2023, 2024):
        grown = inflow * (1 + 0.015 * (year - 2021))
        values = (
            np.round(grown, 1),
            np.round(capacity, 1),
            np.round((life - (year - 2021)).clip(0.2), 1),
        )
        load.add(codes, be(year), [with_gaps(column, none, NOT_APPLICABLE) for column in values])
    return [counts, typed, load]


def centre_table(centres: Sequence[Facility], codes: Sequence[str]) -> Table:
    """Count centres for older persons by district, as they opened.

    Parameters
    ----------
    centres : sequence of Facility
        With the Buddhist year of opening.
    codes : sequence of str
        Districts.

    Returns
    -------
    Table
        Every year; districts without a centre have a true zero.
    """
    table = Table("older_person_centres_district", ("code", "year_be", "eld_centre_n"))
    at = {code: index for index, code in enumerate(codes)}
    for year in range(2556, 2568):
        count = np.zeros(len(codes), dtype=np.int64)
        for one in centres:
            if int(one.properties["opened_be"]) <= year:
                count[at[one.area[:4]]] += 1
        table.add(codes, year, [count])
    return table


def access_table(
    centres: Sequence[Facility], cells: Sequence[Cell], older: Floats, codes: Sequence[str]
) -> Table:
    """Add up older persons whose sub-district's middle is within 10 km of a centre.

    Parameters
    ----------
    centres : sequence of Facility
        Points.
    cells : sequence of Cell
        Sub-districts.
    older : ndarray
        Persons aged 60 and over in each.
    codes : sequence of str
        Districts.

    Returns
    -------
    Table
        Straight lines, latest year.
    """
    squeeze = np.array([np.cos(np.radians(13.5)), 1.0]) * KM_PER_DEGREE
    there = np.array([one.point for one in centres]) * squeeze
    near = np.array(
        [
            ((there - np.array(cell.seed) * squeeze) ** 2).sum(axis=1).min() <= NEAR_KM**2
            for cell in cells
        ]
    )
    at = {code: index for index, code in enumerate(codes)}
    where = [at[cell.code[:4]] for cell in cells]
    sums = np.bincount(where, weights=older * near, minlength=len(codes)).astype(np.int64)
    table = Table("older_person_access_district", ("code", "year_be", "pop_60p_near_centre"))
    table.add(codes, be(2024), [sums])
    return table


def clinic_table(placed: Sequence[Facility], codes: Sequence[str]) -> Table:
    """Count health centres, and those run by provincial organisations, by district.

    Parameters
    ----------
    placed : sequence of Facility
        Health centres.
    codes : sequence of str
        Districts.

    Returns
    -------
    Table
        Fiscal years, without Bangkok, which has no such centres.
    """
    outside = [code for code in codes if not code.startswith("10")]
    at = {code: index for index, code in enumerate(outside)}
    table = Table("health_centres_district", ("code", "fiscal_year_be", "phc_n", "phc_pao_n"))
    for year in TRANSFERRED:
        total = np.zeros(len(outside), dtype=np.int64)
        handed = np.zeros(len(outside), dtype=np.int64)
        for one in placed:
            index = at[one.area[:4]]
            total[index] += 1
            handed[index] += int(one.properties.get("transferred_fy_be", 9999)) <= be(year)
        table.add(outside, be(year), [total, handed])
    return table
