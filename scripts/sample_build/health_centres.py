"""Sub-district health centres, as points, counted by district with who runs them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sample_build.ground import Facility, Ground
from sample_build.organisations import point_inside
from sample_build.outline import Province
from sample_build.tables import Table, be

CLINICS = 9_872
#: Clinics handed to provincial organisations by fiscal year (CE); the last as published.
TRANSFERRED = {2022: 0, 2023: 3_260, 2024: 4_276}


def placed(ground: Ground, provinces: Sequence[Province]) -> list[Facility]:
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


def table(centres: Sequence[Facility], codes: Sequence[str]) -> Table:
    """Count health centres, and those run by provincial organisations, by district.

    Parameters
    ----------
    centres : sequence of Facility
        As placed.
    codes : sequence of str
        Districts.

    Returns
    -------
    Table
        Fiscal years, without Bangkok, which has no such centres.
    """
    outside = [code for code in codes if not code.startswith("10")]
    at = {code: index for index, code in enumerate(outside)}
    counted = Table("health_centres_district", ("code", "fiscal_year_be", "phc_n", "phc_pao_n"))
    for year in TRANSFERRED:
        total = np.zeros(len(outside), dtype=np.int64)
        handed = np.zeros(len(outside), dtype=np.int64)
        for one in centres:
            index = at[one.area[:4]]
            total[index] += 1
            handed[index] += int(one.properties.get("transferred_fy_be", 9999)) <= be(year)
        counted.add(outside, be(year), [total, handed])
    return counted
