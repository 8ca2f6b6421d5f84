"""Collections of values: of a theme at a level, the latest, of all periods, and those foreseen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from boundaries.words import BY_LEVEL
from geo_service.core.text import Text
from layers.collection import (
    KIND,
    NAMES,
    TIER,
    Collection,
    Measured,
    Property,
    text_property,
    within,
)
from layers.models import STATUSES, Indicator
from layers.words import THEME_NAMES

VALUE_LEVELS = ("province", "district", "subdistrict", "org")
HISTORY, OUTLOOK = "-history", "-outlook"

_ENDS = {
    "low80": Text("ปลายล่างของช่วง 80%", "low end of the 80 % interval"),
    "high80": Text("ปลายบนของช่วง 80%", "high end of the 80 % interval"),
}
_TIMES = (
    text_property("period", "ช่วงเวลา", "Period"),
    Property("period_start", "date", Text("เริ่ม", "First day")),
    Property("period_end", "date", Text("สิ้นสุด", "Last day")),
)
_OUTLOOK_STATUSES = ("forecast", "zero", "no_forecast", "suppressed", "not_applicable")


def is_shown_at(finest_level: str, level: str) -> bool:
    """Tell whether an indicator that stops at one level is shown at another.

    Parameters
    ----------
    finest_level : str
        Of the indicator.
    level : str
        Of the collection.

    Returns
    -------
    bool
        Organisations are as fine as sub-districts.
    """
    order = {"country": 0, "region": 1, "province": 2, "district": 3, "subdistrict": 4, "org": 4}
    return order[level] <= order[finest_level]


def of_values(theme: str, level: str, rows: Sequence[Indicator]) -> list[Collection]:
    """Describe the collections of a theme's values at a level.

    Parameters
    ----------
    theme : str
        A key of `THEME_NAMES`.
    level : str
        One of `VALUE_LEVELS`.
    rows : sequence of Indicator
        Of the theme, in the order of their properties.

    Returns
    -------
    list of Collection
        The latest, all periods, forecasts; none where no indicator is shown at the level.
    """
    members = tuple(
        Measured(
            row.key,
            Text(row.name_th, row.name_en),
            Text(row.unit_th, row.unit_en),
            row.tier,
            row.decimals,
        )
        for row in rows
        if is_shown_at(row.finest_level, level)
    )
    if not members:
        return []
    latest = _latest(theme, level, members)
    history = _history(latest)
    return [latest, history, _outlook(latest, history)]


def _latest(theme: str, level: str, members: tuple[Measured, ...]) -> Collection:
    name, places = THEME_NAMES[theme], BY_LEVEL[level]
    return Collection(
        id=f"{theme}-by-{level}",
        title=Text(f"{name.th}{places.th}", f"{name.en} {places.en}"),
        description=Text(
            "ค่าล่าสุดของแต่ละตัวชี้วัด หรือตามช่วงเวลาที่ระบุด้วยพารามิเตอร์ period",
            "Each indicator at its latest period, or at the period asked for",
        ),
        family="value",
        level=level,
        theme=theme,
        geometry_type="MultiPolygon",
        properties=(*_of_place(level), *_measured(members, has_period=True)),
        subjects=(
            "areas", *(("orgs",) if level == "org" else ()),
            *(f"indicator:{member.key}" for member in members),
        ),
        indicators=members,
    )  # fmt: skip


def _history(latest: Collection) -> Collection:
    measured = _measured(latest.indicators, has_period=False)
    return replace(
        latest,
        id=f"{latest.id}{HISTORY}",
        title=Text(f"{latest.title.th} ทุกช่วงเวลา", f"{latest.title.en}, all periods"),
        description=Text(
            "หนึ่งรายการต่อพื้นที่และช่วงเวลา เลือกด้วยพารามิเตอร์ datetime",
            "One feature per place and period, chosen by datetime",
        ),
        family="history",
        properties=(*_of_place(latest.level or "", *_TIMES), *measured),
    )


def _outlook(latest: Collection, history: Collection) -> Collection:
    return replace(
        history,
        id=f"{latest.id}{OUTLOOK}",
        title=Text(f"พยากรณ์{latest.title.th}", f"{latest.title.en}, forecast"),
        description=Text(
            "หนึ่งรายการต่อพื้นที่และปีข้างหน้า เลือกปีด้วยพารามิเตอร์ datetime พร้อมช่วงเชื่อมั่นร้อยละ 80"
            " เป็นค่าพยากรณ์ ไม่ใช่ค่าที่วัด",
            "One feature per place and coming year, chosen by datetime, with 80 % intervals:"
            " forecast, not measured",
        ),
        family="outlook",
        properties=(*_of_place(latest.level or "", *_TIMES), *_foreseen(latest.indicators)),
    )


def _of_place(level: str, *times: Property) -> tuple[Property, ...]:
    own = (KIND, TIER) if level == "org" else ()
    return (*NAMES, *times, *own, *within(level))


def _foreseen(members: Sequence[Measured]) -> Iterable[Property]:
    for member in members:
        value, status = _measured((member,), has_period=False)
        yield value
        for end, words in _ENDS.items():
            title = Text(f"{member.name.th}: {words.th}", f"{member.name.en}: {words.en}")
            yield replace(value, name=f"{member.key}_{end}", title=title)
        yield replace(status, values=_OUTLOOK_STATUSES)


def _measured(members: Sequence[Measured], *, has_period: bool) -> Iterable[Property]:
    for member in members:
        key, name = member.key, member.name
        yield Property(
            key, "number", name, unit=member.unit, indicator=key, decimals=member.decimals
        )
        yield Property(
            f"{key}_status",
            "string",
            Text(f"{name.th}: สถานะ", f"{name.en}: status"),
            values=STATUSES,
            indicator=key,
        )
        if has_period:
            yield Property(
                f"{key}_period",
                "string",
                Text(f"{name.th}: ช่วงเวลา", f"{name.en}: period"),
                indicator=key,
            )
