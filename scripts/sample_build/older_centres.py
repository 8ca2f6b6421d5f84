"""Centres for older persons, as points, counted by district, and who lives near one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.cells import Cell
from sample_build.ground import Facility, Ground
from sample_build.organisations import point_inside
from sample_build.rounding import Floats
from sample_build.tables import Table, be

CENTRES = {"ACTIVE": 1850, "SCHOOL": 1260, "DAY_CARE": 190}
CENTRE_NAMES = {
    "ACTIVE": ("ศูนย์พัฒนาคุณภาพชีวิตและส่งเสริมอาชีพผู้สูงอายุ", "Quality-of-life centre for older persons"),
    "SCHOOL": ("โรงเรียนผู้สูงอายุ", "School for older persons"),
    "DAY_CARE": ("ศูนย์ดูแลผู้สูงอายุกลางวัน", "Day-care centre for older persons"),
}
KM_PER_DEGREE = 111.2
NEAR_KM = 10


def placed(ground: Ground) -> list[Facility]:
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


def table(centres: Sequence[Facility], codes: Sequence[str]) -> Table:
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
    counted = Table("older_person_centres_district", ("code", "year_be", "eld_centre_n"))
    at = {code: index for index, code in enumerate(codes)}
    for year in range(2556, 2568):
        count = np.zeros(len(codes), dtype=np.int64)
        for one in centres:
            if int(one.properties["opened_be"]) <= year:
                count[at[one.area[:4]]] += 1
        counted.add(codes, year, [count])
    return counted


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
