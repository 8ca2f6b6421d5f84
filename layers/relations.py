"""Where each collection's features come from, and the expression behind each property."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    ColumnElement,
    Date,
    SQLColumnExpression,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    inspect,
    literal,
    null,
    select,
    true,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.orm import aliased, join, outerjoin
from sqlalchemy.sql import coercions, roles, visitors

from boundaries.models import Area, Org
from geo_service.core.models import DataVersion
from geo_service.core.periods import Period
from layers.filters import Interval, Kind, in_force
from layers.models import Feature, PlaceText, PlaceValue
from layers.registry import Collection, Measured

Expression = SQLColumnExpression[Any]
Place = type[Area] | type[Org] | type[Feature]

#: Before every date a place can be in force from.
_LONG_AGO = date(1, 1, 1)
#: Descriptions of rows kept; the days asked for are callers' to choose.
_MOST_KEPT = 256
_AREA_SUBJECTS, _ORG_SUBJECTS = ("areas",), ("areas", "orgs")
_LARGER = {"district": ("province",), "subdistrict": ("district", "province")}
_ORG_COLUMNS = (
    "kind", "tier", "area_km2", "size_class", "website", "wikidata", "point_source",
    "geom_source", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Texts kept of each place, and the condition under which a row of them is still good.

    ``names`` are the properties that ``properties`` holds, in its order; ``has_geometry`` says
    whether the geometry kept is the one the relation shows.
    """

    table: type[PlaceText]
    is_good: ColumnElement[bool]
    names: tuple[str, ...] = ()
    has_geometry: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Rows, the unique public id, the shape (EPSG:4326) and the expression of each property.

    Describing rows costs as much as reading some, so relations are kept and told apart by
    being the same object.

    ``base`` has one row for each feature, told apart by ``keys``; each of ``joined`` adds at
    most one row to it. ``place_id`` is the row's own id in its table.
    """

    base: Any
    id: Expression
    place_id: Expression
    geom: Expression
    columns: Mapping[str, Expression]
    conditions: tuple[ColumnElement[bool], ...] = ()
    polygon: Expression | None = None
    joined: tuple[tuple[Any, ColumnElement[bool]], ...] = ()
    period: Expression | None = None
    prepared: Prepared | None = None

    @property
    def source(self) -> Any:  # noqa: ANN401  (rows of any tables)
        """All rows, with what is joined to them; the database drops the joins nobody reads."""
        return self._beside(self.base)

    @property
    def keys(self) -> tuple[Expression, ...]:
        """What tells one row from another."""
        return (self.place_id,) if self.period is None else (self.place_id, self.period)

    def within(self, page: Subquery) -> Any:  # noqa: ANN401  (rows of any tables)
        """Give the rows of a page alone.

        Parameters
        ----------
        page : Subquery
            Its first columns are ``keys``.

        Returns
        -------
        Any
            To select from: the page, and beside it everything of `source`.
        """
        same = (key == own for key, own in zip(self.keys, page.c, strict=False))
        return self._beside(join(page, self.base, and_(*same)))

    def source_for(self, read: Iterable[Expression]) -> Any:  # noqa: ANN401  (rows of any tables)
        """Give all rows with what is read of them: planning a join costs, also one that is dropped.

        Parameters
        ----------
        read : iterable of Expression
            Everything that is selected, compared or put in order.

        Returns
        -------
        Any
            To select from: `source` without the joins that nothing here needs.
        """
        needed = {table for one in read for table in _tables_of(one)}
        kept: list[tuple[Any, ColumnElement[bool]]] = []
        for table, on in reversed(self.joined):
            if inspect(table).selectable in needed:
                kept.insert(0, (table, on))
                needed |= _tables_of(on)
        return replace(self, joined=tuple(kept)).source

    def _beside(self, rows: Any) -> Any:  # noqa: ANN401  (rows of any tables)
        for table, on in self.joined:
            rows = outerjoin(rows, table, on)
        return rows

    @property
    def shape(self) -> Expression:
        """The shape that maps fill: the polygon, where features are points (EPSG:4326)."""
        return self.geom if self.polygon is None else self.polygon


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
            return _of_layer(collection)
        case "area" | "org":
            return _whole(collection, when)
    chosen = chosen or Chosen()
    if collection.family == "history":
        return _with_history(collection, chosen.rows)
    return _with_values(collection, places_of(level, when), chosen.of_indicator)


def place_subjects(collection: Collection) -> tuple[str, ...]:
    """Name what the shapes and names of a collection's places are made from.

    Parameters
    ----------
    collection : Collection
        From the register; values do not count.

    Returns
    -------
    tuple of str
        Subjects, as `layers.versions` names them.
    """
    if collection.family == "feature":
        return (f"layer:{collection.id}",)
    return _ORG_SUBJECTS if collection.level == "org" else _AREA_SUBJECTS


@lru_cache(maxsize=_MOST_KEPT)
def _whole(collection: Collection, when: Interval | None) -> Relation:
    # Areas and organisations have all their properties kept as text as well.
    is_org = collection.family == "org"
    places = _of_orgs(when, has_offices=True) if is_org else _of_areas(collection.level or "", when)
    names = tuple(known.name for known in collection.properties)
    return replace(places, prepared=places.prepared and replace(places.prepared, names=names))


@lru_cache(maxsize=_MOST_KEPT)
def places_of(level: str, when: Interval | None, day: Expression | None = None) -> Relation:
    """Describe the places of a level, without their values.

    Parameters
    ----------
    level : str
        From sub-districts to regions, or ``org``.
    when : Interval, optional
        Places in force then; absent: in force on ``day``, or today.
    day : Expression, optional
        A date of each row.

    Returns
    -------
    Relation
        Shapes in EPSG:4326.
    """
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
    joined = []
    child = place
    for parent_level in _LARGER.get(level, ()):
        parent = aliased(Area, name=parent_level)
        joined.append((parent, parent.id == child.parent_id))
        columns |= _larger(parent_level, parent)
        child = parent
    newer = aliased(Area, name="newer")
    conditions = (
        place.level == level,
        _in_force(place, day)
        if when is None
        else _last_in(when, place, newer, and_(newer.level == level, newer.code == place.code)),
    )
    prepared = _prepared("area", place.id, _AREA_SUBJECTS)
    return Relation(
        place, place.code, place.id, place.geom, columns, conditions,
        joined=(*joined, (prepared.table, prepared.is_good)), prepared=prepared,
    )  # fmt: skip


def _of_orgs(
    when: Interval | None, *, has_offices: bool, day: Expression | None = None
) -> Relation:
    place, newer = aliased(Org, name="place"), aliased(Org, name="newer")
    district, province = aliased(Area, name="district"), aliased(Area, name="province")
    joined = ((district, district.id == place.district_id),
              (province, province.id == place.province_id))  # fmt: skip
    columns = _names(place) | _larger("district", district) | _larger("province", province)
    columns |= {name: getattr(place, name) for name in _ORG_COLUMNS}
    columns |= _range_columns(place.valid)
    condition = (
        _in_force(place, day)
        if when is None
        else _last_in(when, place, newer, newer.code == place.code)
    )
    geom: Any = place.point if has_offices else place.geom
    # What is kept is the polygon; the point of an office is written as it is.
    prepared = _prepared("org", place.id, _ORG_SUBJECTS, has_geometry=not has_offices)
    return Relation(
        place, place.code, place.id, geom, columns, (condition,), place.geom,
        joined=(*joined, (prepared.table, prepared.is_good)), prepared=prepared,
    )  # fmt: skip


@lru_cache(maxsize=_MOST_KEPT)
def _of_layer(collection: Collection) -> Relation:
    place = aliased(Feature, name="place")
    area, district = aliased(Area, name="area"), aliased(Area, name="district")
    province = aliased(Area, name="province")
    joined: tuple[tuple[Any, ColumnElement[bool]], ...]
    joined = ((area, area.id == place.area_id), (district, district.id == area.parent_id),
              (province, province.id == district.parent_id))  # fmt: skip
    columns = {
        known.name: _stored(place.properties[known.name], known.kind)
        for known in collection.properties
    }
    columns |= _names(place) | _larger("district", district) | _larger("province", province)
    columns |= {"flags": place.flags, "subdistrict_code": area.code}
    conditions = (place.layer_id == collection.id,)
    prepared = None
    if collection.geometry_type != "Point":
        prepared = _prepared("feature", place.id, place_subjects(collection))
        joined += ((prepared.table, prepared.is_good),)
    return Relation(
        place, place.code, place.id, place.geom, columns, conditions,
        joined=joined, prepared=prepared,
    )  # fmt: skip


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
    ).data(listed or [("", _LONG_AGO, _LONG_AGO)])
    # A value belongs to the place that was in force when its period ended.
    places = places_of.__wrapped__(collection.level or "", None, day=times.c.period_end)
    joined, columns = [*places.joined], dict(places.columns)
    columns |= {name: times.c[name] for name in ("period", "period_start", "period_end")}
    for member in collection.indicators:
        shown = _values_of(member.key)
        same = _is_value_of(shown, collection, member, places)
        joined.append((shown, and_(same, shown.period_key == times.c.period)))
        columns |= _value_columns(shown, member, places)
    return replace(
        places,
        base=join(places.base, times, true()),
        id=places.id.concat(".").concat(times.c.period),
        columns=columns,
        conditions=(*places.conditions, *(() if listed else (false(),))),
        joined=tuple(joined),
        period=times.c.period,
    )


def _tables_of(expression: Any) -> set[Any]:  # noqa: ANN401  (an element, or what becomes one)
    element = coercions.expect(roles.ExpressionElementRole, expression)
    found = (getattr(part, "table", None) for part in visitors.iterate(element))
    return {table for table in found if table is not None}


def _prepared(
    kind: str, place_id: Expression, subjects: Sequence[str], *, has_geometry: bool = True
) -> Prepared:
    kept = aliased(PlaceText, name="prepared")
    # A sum of integers is a number of any length, which no index of integers knows.
    total = cast(func.sum(DataVersion.number), BigInteger)
    now = select(total).where(DataVersion.subject.in_(subjects))
    is_good = and_(
        kept.kind == kind, kept.place_id == place_id, kept.version == now.scalar_subquery()
    )
    return Prepared(kept, is_good, has_geometry=has_geometry)


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


@lru_cache(maxsize=_MOST_KEPT)
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
