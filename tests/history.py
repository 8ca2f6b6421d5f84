"""Fourteen years of people and waste for the tiny country, forecast and ready for scenarios."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

import numpy as np
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from boundaries.models import Area
from geo_service.core.periods import year_period
from ingest import forecasts
from layers import versions
from layers.models import PeriodRow, PlaceValue

YEARS = range(2011, 2025)
#: First value of a district, yearly growth and yearly noise.
SERIES = {"pop_total": (40_000.0, 1.01, 0.005), "waste_gen_tpd": (45.0, 1.02, 0.05)}

SCENARIO = """
name = "less-waste"
title = ["ขยะน้อยลง", "Less waste"]
author = "ผู้ทดสอบ"
assumptions = [["ลดหนึ่งในสิบ", "A tenth less"]]
level = "{level}"
outcomes = ["waste_gen_tpd", "waste_gen_rate"]

[groups.some]
title = ["บางจังหวัด", "Some provinces"]
provinces = "50"
source = ["ทดสอบ", "a test"]

[[levers]]
indicator = "waste_gen_rate"
kind = "multiply"
amount = {amount}
where = {where}
from = 2568
to = 2570

[[counts]]
title = ["มากกว่าปีล่าสุด", "More than in the last year"]
value = "waste_gen_tpd"
above = "last"
"""


def scenario_text(
    *, where: str = '{ group = "some" }', amount: float = 0.9, level: str = "province"
) -> str:
    """Write a scenario of less waste as a file would."""
    return SCENARIO.format(where=where, amount=amount, level=level)


def scenario_document(**changed: object) -> dict[str, object]:
    """Give a scenario of less waste as a request would have it."""
    return tomllib.loads(scenario_text(**changed))


def add_periods(session: Session, years: Iterable[int]) -> None:
    """Add the calendar years that are not there yet."""
    for year in years:
        period = year_period(year)
        if session.get(PeriodRow, period.key) is None:
            label = period.label
            session.add(
                PeriodRow(
                    key=period.key, calendar=period.calendar, granularity="year",
                    start=period.start, end=period.end, label_th=label.th, label_en=label.en,
                )
            )  # fmt: skip
    session.flush()


def add_years(session: Session) -> dict[str, int]:
    """Give every area fourteen years of people and waste that add up, and forecast them."""
    add_periods(session, YEARS)
    areas = session.execute(
        select(Area.id, Area.level, Area.code, Area.parent_id).where(Area.level != "region")
    ).all()
    wanted = ("country", "province", "district")
    rng = np.random.default_rng(4)
    for key, (first, growth, noise) in SERIES.items():
        session.execute(
            text("DELETE FROM geo.place_value WHERE indicator_key = :key"), {"key": key}
        )
        total = {
            one.id: first
            * (1 + at)
            * growth ** np.arange(14)
            * np.exp(noise * rng.standard_normal(14))
            for at, one in enumerate(area for area in areas if area.level == "district")
        }
        for level in ("province", "country"):
            for one in (area for area in areas if area.level == level):
                inside = [
                    total[area.id]
                    for area in areas
                    if area.parent_id == one.id and area.id in total
                ]
                total[one.id] = np.sum(inside, axis=0)
        rows = [
            {
                "indicator_key": key, "level": one.level, "period_key": str(year),
                "place_id": one.id, "value": float(total[one.id][at]), "status": "reported",
                "reporting": 1, "expected": 1, "basis": "reported", "version": 1,
            }
            for one in areas
            if one.level in wanted
            for at, year in enumerate(YEARS)
        ]  # fmt: skip
        session.execute(insert(PlaceValue), rows)
        versions.bump(session, [versions.of_indicator(key)])
        forecasts.rebuild(session, key)
    return {one.code: one.id for one in areas}
