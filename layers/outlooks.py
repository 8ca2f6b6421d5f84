"""Forecasts as features: where the collections of coming years come from."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Date,
    Float,
    Integer,
    Text,
    and_,
    case,
    cast,
    null,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.orm import aliased

from layers.collection import Collection
from layers.foreseen import PlaceForecast
from layers.place_relations import places_of
from layers.relation import Expression, Joined, Relation
from layers.relations import Chosen, absent


def relation_of(collection: Collection, chosen: Chosen) -> Relation:
    """Describe the features of an outlook: a place in force today, in a coming year.

    Parameters
    ----------
    collection : Collection
        From the register.
    chosen : Chosen
        Its rows are coming years; by indicator, the last period measured.

    Returns
    -------
    Relation
        Shapes in EPSG:4326.
    """
    listed = [(one.key, one.start, one.end, one.calendar, one.year_ce) for one in chosen.rows]
    times: Any = values(
        named("period", Text), named("period_start", Date), named("period_end", Date),
        named("calendar", Text), named("year", Integer), name="times",
    ).data(listed or [("", date.min, date.min, "", 0)])  # fmt: skip
    places = places_of(collection.level or "", None)
    joined: list[Joined] = []
    columns: dict[str, Expression] = {}
    for member in collection.indicators:
        last = chosen.of_indicator.get(member.key)
        if last is None:
            none = cast(null(), Float)
            columns |= dict.fromkeys(_foreseen_names(member.key), none)
            columns[f"{member.key}_status"] = absent(member, places, "no_forecast")
            continue
        shown = _forecasts_of(member.key)
        same = and_(
            shown.indicator_key == member.key, shown.level == collection.level,
            shown.place_id == places.place_id, times.c.calendar == last.calendar,
        )  # fmt: skip
        joined.append((shown, same))
        # Arrays of the database count from one; beyond their ends there is nothing.
        ahead = times.c.year - last.year_ce
        point = shown.point[ahead]
        arrays = (point, shown.low80[ahead], shown.high80[ahead])
        columns |= dict(zip(_foreseen_names(member.key), arrays, strict=True))
        columns[f"{member.key}_status"] = case(
            (point == 0, "zero"),
            (point.is_not(None), "forecast"),
            (shown.reason == "suppressed", "suppressed"),
            else_=absent(member, places, "no_forecast"),
        )
    return places.at_times(times, columns, joined, is_any=bool(listed))


def _foreseen_names(key: str) -> tuple[str, str, str]:
    return key, f"{key}_low80", f"{key}_high80"


@lru_cache(maxsize=256)
def _forecasts_of(key: str) -> type[PlaceForecast]:
    return aliased(PlaceForecast, name=f"f_{key}")
