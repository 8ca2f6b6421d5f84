"""Where each collection's features come from, with the values of their indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Text, and_, case, cast, func, literal, null, values
from sqlalchemy import column as named
from sqlalchemy.orm import aliased

from geo_service.core.periods import Period
from layers.collection import Collection, Measured
from layers.filters import Interval
from layers.models import PlaceValue
from layers.place_relations import LONG_AGO, MOST_KEPT, of_layer, places_of, with_all_texts
from layers.relation import Expression, Joined, Relation


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which periods the values are taken from: one per indicator, or the rows of a history.

    Of an outlook the rows, and for each indicator the last period that its forecasts begin after.
    """

    of_indicator: Mapping[str, Period | None] = field(default_factory=dict)
    rows: Sequence[Period] = ()


def relation_of(
    collection: Collection, *, when: Interval | None = None, chosen: Chosen | None = None
) -> Relation:
    """Describe the features of a collection.

    Parameters
    ----------
    collection : Collection
        From the register.
    when : Interval, optional
        Places in force then; absent: in force today. Values choose their time by `chosen`.
    chosen : Chosen, optional
        Periods, for collections of values.

    Returns
    -------
    Relation
        Shapes in EPSG:4326.
    """
    level = collection.level or ""
    match collection.family:
        case "feature":
            return of_layer(collection)
        case "area" | "org":
            return with_all_texts(collection, when)
    chosen = chosen or Chosen()
    if collection.family == "history":
        return _with_history(collection, chosen.rows)
    return _with_values(collection, places_of(level, when), chosen.of_indicator)


def _with_values(
    collection: Collection, places: Relation, periods: Mapping[str, Period | None]
) -> Relation:
    joined, columns = [*places.joined], dict(places.columns)
    for member in collection.indicators:
        period = periods.get(member.key)
        if period is None:
            columns |= {
                member.key: cast(null(), PlaceValue.value.type),
                f"{member.key}_status": absent(member, places),
                f"{member.key}_period": cast(null(), Text),
            }
            continue
        shown = _values_of(member.key)
        same = _is_value_of(shown, collection, member, places)
        joined.append((shown, and_(same, shown.period_key == period.key)))
        columns |= _value_columns(shown, member, places)
        columns[f"{member.key}_period"] = cast(literal(period.key), Text)
    return replace(places, columns=columns, joined=tuple(joined))


def _with_history(collection: Collection, rows: Sequence[Period]) -> Relation:
    listed = [(period.key, period.start, period.end) for period in rows]
    times: Any = values(
        named("period", Text), named("period_start", Date), named("period_end", Date), name="times"
    ).data(listed or [("", LONG_AGO, LONG_AGO)])
    # A value belongs to the place that was in force when its period ended.
    places = places_of.__wrapped__(collection.level or "", None, day=times.c.period_end)
    joined: list[Joined] = []
    columns: dict[str, Expression] = {}
    for member in collection.indicators:
        shown = _values_of(member.key)
        same = _is_value_of(shown, collection, member, places)
        joined.append((shown, and_(same, shown.period_key == times.c.period)))
        columns |= _value_columns(shown, member, places)
    return places.at_times(times, columns, joined, is_any=bool(listed))


@lru_cache(maxsize=MOST_KEPT)
def _values_of(key: str) -> type[PlaceValue]:
    return aliased(PlaceValue, name=f"v_{key}")


def _is_value_of(
    shown: type[PlaceValue], collection: Collection, member: Measured, places: Relation
) -> ColumnElement[bool]:
    return and_(
        shown.indicator_key == member.key,
        shown.level == collection.level,
        shown.place_id == places.place_id,
    )


def _value_columns(
    shown: type[PlaceValue], member: Measured, places: Relation
) -> dict[str, Expression]:
    status = func.coalesce(shown.status, absent(member, places))
    return {member.key: shown.value, f"{member.key}_status": status}


def absent(member: Measured, places: Relation, missing: str = "not_reported") -> Expression:
    """Say the status of a place without a value.

    Parameters
    ----------
    member : Measured
        The indicator.
    places : Relation
        Organisations have a tier.
    missing : str
        The status where the indicator is the place's business.

    Returns
    -------
    Expression
        Text.
    """
    # The two tiers of organisations do different work: where an indicator is not a tier's
    # business, nothing is missing.
    tier = places.columns.get("tier")
    if tier is None or member.tier == "both":
        return cast(literal(missing), Text)
    return case((tier == member.tier, missing), else_="not_applicable")
