# ruff: noqa: PLR2004  (the shares and years of made-up data are plain numbers)
"""Disposal sites and transfer stations, as points and counted by province."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.ground import Facility, Ground
from sample_build.organisations import point_inside
from sample_build.outline import Province
from sample_build.rounding import apportion
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


def placed(ground: Ground) -> list[Facility]:
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


def tables(sites: Sequence[Facility], provinces: Sequence[Province], seed: int) -> list[Table]:
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
