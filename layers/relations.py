"""Where each collection's features come from, and the expression behind each property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Date,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    true,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.orm import aliased, join, outerjoin

from boundaries.models import Area, Org
from geo_service.core.periods import Period
from layers.filters import Interval, Kind, in_force
from layers.models import Feature, PlaceValue
from layers.registry import Collection, Measured

Expression = SQLColumnExpression[Any]
Place = type[Area] | type[Org] | type[Feature]

#: Before every date a place can be in force from.
_LONG_AGO = date(1, 1, 1)
_LARGER = {"district": ("province",), "subdistrict": ("district", "province")}
_ORG_COLUMNS = (
    "kind", "tier", "area_km2", "size_class", "website", "wikidata", "point_source",
    "geom_source", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows, the unique public id, the shape (EPSG:4326) and the expression of each property.

    ``place_id`` is the row's own id in its table.
    """

    source: Any
    id: Expression
    place_id: Expression
    geom: Expression
    columns: Mapping[str, Expression]
    conditions: tuple[ColumnElement[bool], ...] = ()
    polygon: Expression | None = None

    @property
    def shape(self) -> Expression:
        """The shape that maps fill: the polygon, where features are points (EPSG:4326)."""
        return self.geom if self.polygon is None else self.polygon


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which periods the values are taken from: one per indicator, or the rows of a history."""

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
            return _of_layer(collection)
        case "area":
            return _of_areas(level, when)
        case "org":
            return _of_orgs(when, has_offices=True)
    chosen = chosen or Chosen()
    if collection.family == "history":
        return _with_history(collection, chosen.rows)
    return _with_values(collection, _places(level, when), chosen.of_indicator)


def _places(level: str, when: Interval | None, day: Expression | None = None) -> Relation:
    if level == "org":
        return _of_orgs(when, has_offices=False, day=day)
    return _of_areas(level, when, day=day)


def _of_areas(level: str, when: Interval | None, day: Expression | None = None) -> Relation:
    place = aliased(Area, name="place")
    columns: dict[str, Expression] = _names(place) | {
        "area_km2": place.area_km2,
        "scheme": place.scheme,
    }
    columns |= {"is_illustrative": place.is_illustrative, **_range_columns(place.valid)}
    source: Any = place
    child = place
    for parent_level in _LARGER.get(level, ()):
        parent = aliased(Area, name=parent_level)
        source = outerjoin(source, parent, parent.id == child.parent_id)
        columns |= _larger(parent_level, parent)
        child = parent
    newer = aliased(Area, name="newer")
    conditions = (
        place.level == level,
        _in_force(place, day)
        if when is None
        else _last_in(when, place, newer, and_(newer.level == level, newer.code == place.code)),
    )
    return Relation(source, place.code, place.id, place.geom, columns, conditions)


def _of_orgs(
    when: Interval | None, *, has_offices: bool, day: Expression | None = None
) -> Relation:
    place, newer = aliased(Org, name="place"), aliased(Org, name="newer")
    district, province = aliased(Area, name="district"), aliased(Area, name="province")
    source: Any = outerjoin(place, district, district.id == place.district_id)
    source = outerjoin(source, province, province.id == place.province_id)
    columns = _names(place) | _larger("district", district) | _larger("province", province)
    columns |= {name: getattr(place, name) for name in _ORG_COLUMNS}
    columns |= _range_columns(place.valid)
    condition = (
        _in_force(place, day)
        if when is None
        else _last_in(when, place, newer, newer.code == place.code)
    )
    geom: Any = place.point if has_offices else place.geom
    return Relation(source, place.code, place.id, geom, columns, (condition,), place.geom)


def _of_layer(collection: Collection) -> Relation:
    place = aliased(Feature, name="place")
    area, district = aliased(Area, name="area"), aliased(Area, name="district")
    province = aliased(Area, name="province")
    source: Any = outerjoin(place, area, area.id == place.area_id)
    source = outerjoin(source, district, district.id == area.parent_id)
    source = outerjoin(source, province, province.id == district.parent_id)
    columns = {
        known.name: _stored(place.properties[known.name], known.kind)
        for known in collection.properties
    }
    columns |= _names(place) | _larger("district", district) | _larger("province", province)
    columns |= {"flags": place.flags, "subdistrict_code": area.code}
    conditions = (place.layer_id == collection.id,)
    return Relation(source, place.code, place.id, place.geom, columns, conditions)


def _with_values(
    collection: Collection, places: Relation, periods: Mapping[str, Period | None]
) -> Relation:
    source, columns = places.source, dict(places.columns)
    for member in collection.indicators:
        period = periods.get(member.key)
        if period is None:
            columns |= {
                member.key: cast(null(), PlaceValue.value.type),
                f"{member.key}_status": _absent(member, places),
                f"{member.key}_period": cast(null(), Text),
            }
            continue
        shown = aliased(PlaceValue, name=f"v_{member.key}")
        same = _is_value_of(shown, collection, member, places)
        source = outerjoin(source, shown, and_(same, shown.period_key == period.key))
        columns |= _value_columns(shown, member, places)
        columns[f"{member.key}_period"] = cast(literal(period.key), Text)
    return Relation(source, places.id, places.place_id, places.geom, columns, places.conditions)


def _with_history(collection: Collection, rows: Sequence[Period]) -> Relation:
    listed = [(period.key, period.start, period.end) for period in rows]
    times: Any = values(
        named("period", Text), named("period_start", Date), named("period_end", Date), name="times"
    ).data(listed or [("", _LONG_AGO, _LONG_AGO)])
    # A value belongs to the place that was in force when its period ended.
    places = _places(collection.level or "", None, day=times.c.period_end)
    source: Any = join(places.source, times, true())
    columns = dict(places.columns)
    columns |= {name: times.c[name] for name in ("period", "period_start", "period_end")}
    for member in collection.indicators:
        shown = aliased(PlaceValue, name=f"v_{member.key}")
        same = _is_value_of(shown, collection, member, places)
        source = outerjoin(source, shown, and_(same, shown.period_key == times.c.period))
        columns |= _value_columns(shown, member, places)
    conditions = (*places.conditions, *(() if listed else (false(),)))
    made_id = places.id.concat(".").concat(times.c.period)
    return Relation(source, made_id, places.place_id, places.geom, columns, conditions)


def _names(place: Place) -> dict[str, Expression]:
    return {"code": place.code, "name_th": place.name_th, "name_en": place.name_en}


def _larger(level: str, area: type[Area]) -> dict[str, Expression]:
    return {
        f"{level}_code": area.code,
        f"{level}_name_th": area.name_th,
        f"{level}_name_en": area.name_en,
    }


def _range_columns(valid: Expression) -> dict[str, Expression]:
    # The upper end of a range of dates is the first day no longer in force.
    last = cast(func.upper(valid) - timedelta(days=1), Date)
    return {"valid_from": func.lower(valid), "valid_to": last}


def _in_force(place: type[Area | Org], day: Expression | None) -> ColumnElement[bool]:
    return place.valid.op("@>")(func.current_date() if day is None else day)


def _last_in(
    when: Interval,
    place: type[Area | Org],
    newer: type[Area | Org],
    same: ColumnElement[bool],
) -> ColumnElement[bool]:
    # A code that changed within the interval is shown once, as it was last: ids stay unique.
    later = func.coalesce(func.lower(newer.valid), _LONG_AGO) > func.coalesce(
        func.lower(place.valid), _LONG_AGO
    )
    replaced = exists().where(same, in_force(newer.valid, when), later)
    return and_(in_force(place.valid, when), ~replaced)


def _stored(value: Any, kind: Kind) -> Expression:  # noqa: ANN401  (an element of a JSON column)
    if kind == "list":
        return value  # type: ignore[no-any-return]
    text: Expression = value.astext
    if kind == "string":
        return text
    if kind in {"date", "datetime"}:
        return cast(text, Date if kind == "date" else TIMESTAMP(timezone=True))
    typed = {"integer": value.as_integer, "number": value.as_float, "boolean": value.as_boolean}
    return typed[kind]()  # type: ignore[no-any-return]


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
    status = func.coalesce(shown.status, _absent(member, places))
    return {member.key: shown.value, f"{member.key}_status": status}


def _absent(member: Measured, places: Relation) -> Expression:
    # The two tiers of organisations do different work: where an indicator is not a tier's
    # business, nothing is missing.
    tier = places.columns.get("tier")
    if tier is None or member.tier == "both":
        return cast(literal("not_reported"), Text)
    return case((tier == member.tier, "not_reported"), else_="not_applicable")
