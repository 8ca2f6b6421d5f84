"""A small country made of what goes wrong: only children, pairs, zeros, regions that overlap.

Four provinces in three schemes of regions that cross each other, two dozen sub-districts with
counts of persons drawn by chance, most of them small. Nothing in it is real.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon, box, union_all
from sqlalchemy import text
from sqlalchemy.orm import Session

from boundaries.models import Area, Org, OrgCoverage, RegionMember, RegionScheme
from ingest import scenarios
from ingest.scenario_file import read
from layers.models import Indicator, Observation, PeriodRow
from tests import builders

#: province -> number of sub-districts of each district
SHAPE = {"60": (1,), "61": (2, 2), "62": (3, 3, 3), "63": (4, 4)}
#: all zero, and so is its whole
EMPTY = "6203"
REGIONS = {
    "ngc6": (("60", "61"), ("62", "63")),
    "nso4": (("60", "62"), ("61", "63")),
    "cluster18_2560": (("60",), ("61", "62"), ("63",)),
}
YEAR = 2024
SEXES, AGES = ("f", "m"), ("60-79", "80+")

_GUARDED = {
    "pop_0_14": "P2", "pop_15_59": "P2", "pop_60p": "P2", "cdc_children": "P2",
    "screened_60p": "P2", "adl_homebound": "P3", "adl_bedridden": "P3",
}  # fmt: skip


_SCENARIO = """
name = "fewer-in-need"
title = ["ผู้พึ่งพิงน้อยลง", "Fewer in need"]
author = "ผู้ทดสอบ"
assumptions = [["ลดหนึ่งในสิบ", "A tenth less"]]
level = "district"
outcomes = ["cdc_children", "adl_dependent", "age_share_60p", "adl_dep_rate"]

[groups.some]
title = ["บางจังหวัด", "Some provinces"]
provinces = "61 62"
source = ["ทดสอบ", "a test"]

[[levers]]
indicator = "cdc_children"
kind = "multiply"
amount = 0.9
where = { group = "some" }
from = 2568
to = 2570

[[counts]]
title = ["มากกว่าปีล่าสุด", "More than in the last year"]
value = "cdc_children"
above = "last"
"""

#: Persons by indicator and sub-district.
Drawn = dict[tuple[str, str], int]


def subdistricts() -> list[str]:
    """Codes of all sub-districts."""
    return [
        f"{province}{district:02}{number:02}"
        for province, sizes in SHAPE.items()
        for district, size in enumerate(sizes, start=1)
        for number in range(1, size + 1)
    ]


def persons(seed: int) -> Drawn:
    """Draw the counts of persons, by indicator and sub-district."""
    chance = random.Random(seed)
    drawn: Drawn = {}
    for code in subdistricts():
        scale = 0 if code.startswith(EMPTY) else chance.choice((4, 9, 30, 200))
        for key in _GUARDED:
            share = 0.4 if key.startswith("adl") else 1
            drawn[key, code] = round(chance.expovariate(1) * scale * share) if scale else 0
        drawn["screened_60p", code] = (
            drawn["adl_homebound", code]
            + drawn["adl_bedridden", code]
            + drawn["screened_60p", code]
        )
    return drawn


def build(session: Session, drawn: Drawn, *, past: Mapping[int, Drawn] | None = None) -> int:
    """Put the country into a database and prepare its values; return the id of its load.

    ``past`` are the counts of years before the one of ``drawn``, by year; with them there are
    forecasts, and a scenario that acts on what is guarded.
    """
    version = builders.add_version(session, "attack", kind="indicators")
    areas = _areas(session, version)
    orgs = _orgs(session, areas)
    years = {**(past or {}), YEAR: drawn}
    _catalogue(session, years)
    for year, counts in years.items():
        _observe_year(session, version, counts, year=year, areas=areas, orgs=orgs)
    session.flush()
    builders.prepare(session)
    if past:
        scenarios.create(session, document=read(tomllib.loads(_SCENARIO)))
    return version


def _observe_year(
    session: Session,
    version: int,
    drawn: Drawn,
    *,
    year: int,
    areas: dict[str, int],
    orgs: dict[str, int],
) -> None:
    at = {"period": str(year)}
    for (key, code), value in drawn.items():
        observe(session, version, key, value, area=areas[code], **at)
    for code in subdistricts():
        people = sum(drawn[key, code] for key in ("pop_0_14", "pop_15_59", "pop_60p"))
        observe(session, version, "pop_total", people, area=areas[code], **at)
        _by_sex_and_age(session, version, (code, areas[code]), drawn["pop_60p", code], **at)
    for org, covered in _COVERED.items():
        value = sum(drawn["cdc_children", code] for code in covered)
        observe(session, version, "cdc_children", value, org=orgs[org], **at)


def observe(session: Session, version: int, key: str, value: int, **where: object) -> None:
    """Add one observation: ``area=`` or ``org=`` its place, ``breakdown=``, ``period=``."""
    session.add(
        Observation(
            indicator_key=key, area_id=where.get("area"), org_id=where.get("org"),
            period_key=where.get("period", str(YEAR)), breakdown=where.get("breakdown", {}),
            value=value, status=builders.status_of(value), dataset_id="attack",
            version_id=version,
        )
    )  # fmt: skip


def _by_sex_and_age(
    session: Session, version: int, where: tuple[str, int], whole: int, **when: object
) -> None:
    code, area = where
    chance = random.Random(int(code) * 1_000 + whole)
    left, parts = whole, {}
    for sex in SEXES:
        for age in AGES:
            last = (sex, age) == (SEXES[-1], AGES[-1])
            parts[sex, age] = left if last else chance.randint(0, left)
            left -= parts[sex, age]
    for (sex, age), value in parts.items():
        observe(session, version, "pop_60p", value, area=area, breakdown={"sex": sex, "age": age},
                **when)  # fmt: skip
    for at, name in enumerate(("sex", "age")):
        for member in (SEXES, AGES)[at]:
            value = sum(v for key, v in parts.items() if key[at] == member)
            observe(session, version, "pop_60p", value, area=area, breakdown={name: member}, **when)


def _square(row: int, column: int) -> Polygon:
    west, south = 100 + 0.1 * column, 14 + 0.1 * row
    return box(west, south, west + 0.1, south + 0.1)


def _areas(session: Session, version: int) -> dict[str, int]:
    shapes = {code: _square(*divmod(at, 6)) for at, code in enumerate(subdistricts())}
    areas: dict[str, int] = {}

    def add(level: str, code: str, parent: str | None, *, scheme: str | None = None) -> None:
        inside = [s for key, s in shapes.items() if level == "country" or key.startswith(code)]
        shape = union_all(inside) if inside and level != "region" else None
        whole = MultiPolygon([shape]) if shape and shape.geom_type == "Polygon" else shape
        area = Area(
            level=level, scheme=scheme, code=code, name_th=f"ที่ {code}", name_en=f"Place {code}",
            parent_id=areas[parent] if parent else None, version_id=version,
            shape_version_id=version if shape else None,
            geom=from_shape(whole, srid=4326) if whole else None,
            point=from_shape(shape.representative_point(), srid=4326) if shape else None,
        )  # fmt: skip
        session.add(area)
        session.flush()
        areas[code] = area.id

    add("country", "TH", None)
    for province in SHAPE:
        add("province", province, "TH")
    for code in sorted({one[:4] for one in shapes}):
        add("district", code, code[:2])
    for code in shapes:
        add("subdistrict", code, code[:4])
    for scheme, regions in REGIONS.items():
        session.add(RegionScheme(id=scheme, name_th=scheme, name_en=scheme))
        session.flush()
        for number, provinces in enumerate(regions, start=1):
            add("region", f"{scheme}-{number}", "TH", scheme=scheme)
            for province in provinces:
                region = areas[f"{scheme}-{number}"]
                session.add(RegionMember(region_id=region, province_code=province))
    session.execute(
        text("UPDATE geo.area SET area_km2 = ST_Area(geom::geography) / 1e6 WHERE geom IS NOT NULL")
    )
    return areas


#: organisations of province 63: of one sub-district, and of two
_COVERED = {
    "5630101": ("630101",), "5630102": ("630102",), "6630103": ("630103", "630104"),
    "6630201": ("630201", "630202"), "6630203": ("630203",), "6630204": ("630204",),
}  # fmt: skip


def _orgs(session: Session, areas: dict[str, int]) -> dict[str, int]:
    orgs: dict[str, int] = {}
    version = builders.add_version(session, "attack-orgs", kind="organisations")
    for code, covered in _COVERED.items():
        org = Org(
            code=code, kind="SAO", tier="lower", name_th=f"อบต. {code}", name_en=f"SAO {code}",
            province_id=areas["63"], district_id=areas[covered[0][:4]], point_source="none",
            version_id=version,
        )  # fmt: skip
        session.add(org)
        session.flush()
        orgs[code] = org.id
        for one in covered:
            session.add(
                OrgCoverage(
                    org_id=org.id, area_id=areas[one], extent="whole", share_area=1.0,
                    share_pop=1.0, share_method="whole",
                )
            )  # fmt: skip
    return orgs


def _catalogue(session: Session, years: Iterable[int]) -> None:
    def add(key: str, privacy: str, **rest: object) -> None:
        told = {
            "theme": "ageing", "space_agg": "SUM", "time_agg": "LAST", "name_th": key,
            "name_en": key, "unit_th": "คน", "unit_en": "persons",
            "finest_level": "district" if privacy == "P3" else "subdistrict",
        }  # fmt: skip
        session.add(Indicator(key=key, privacy=privacy, **(told | rest)))

    add("pop_total", "P0", theme="population")
    for key, privacy in _GUARDED.items():
        add(key, privacy)
    add("adl_dependent", "P3", numerator_keys=["adl_homebound", "adl_bedridden"])
    add("age_share_60p", "P1", space_agg="RATIO", factor=100, numerator_keys=["pop_60p"],
        denominator_key="pop_total")  # fmt: skip
    add("adl_dep_rate", "P3", space_agg="RATIO", factor=1000, denominator_key="screened_60p",
        numerator_keys=["adl_homebound", "adl_bedridden"])  # fmt: skip
    for year in years:
        session.add(
            PeriodRow(
                key=str(year), calendar="gregorian", granularity="year", start=date(year, 1, 1),
                end=date(year, 12, 31), label_th=f"พ.ศ. {year + 543}", label_en=str(year),
            )
        )  # fmt: skip
    session.flush()
