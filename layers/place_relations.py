"""Where places and facilities come from: their rows, their names, their shapes, their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, ColumnElement, Date, and_, cast, exists, func, select
from sqlalchemy.orm import aliased

from boundaries.models import Area, Org
from geo_service.core.models import DataVersion
from layers.collection import Collection
from layers.filters import Interval, Kind, in_force
from layers.models import Feature
from layers.prepared import PlaceText
from layers.relation import Expression, Joined, Prepared, Relation

Place = type[Area] | type[Org] | type[Feature]

#: Before every date a place can be in force from.
LONG_AGO = date(1, 1, 1)
#: Descriptions of rows kept; the days asked for are callers' to choose.
MOST_KEPT = 256
_AREA_SUBJECTS, _ORG_SUBJECTS = ("areas",), ("areas", "orgs")
_LARGER = {"district": ("province",), "subdistrict": ("district", "province")}
_ORG_COLUMNS = (
    "kind", "tier", "area_km2", "size_class", "website", "wikidata", "point_source",
    "geom_source", "flags",
)  # fmt: skip


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


@lru_cache(maxsize=MOST_KEPT)
def with_all_texts(collection: Collection, when: Interval | None) -> Relation:
    """Describe areas or organisations, all of whose properties are kept as text as well.

    Parameters
    ----------
    collection : Collection
        Of areas, or ``orgs``.
    when : Interval, optional
        Places in force then; absent: in force today.

    Returns
    -------
    Relation
        Shapes in EPSG:4326; organisations are points.
    """
    is_org = collection.family == "org"
    places = _of_orgs(when, has_offices=True) if is_org else _of_areas(collection.level or "", when)
    names = tuple(known.name for known in collection.properties)
    return replace(places, prepared=places.prepared and replace(places.prepared, names=names))


@lru_cache(maxsize=MOST_KEPT)
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


@lru_cache(maxsize=MOST_KEPT)
def of_layer(collection: Collection) -> Relation:
    """Describe the facilities or network parts of a layer.

    Parameters
    ----------
    collection : Collection
        Of a registered layer.

    Returns
    -------
    Relation
        Shapes in EPSG:4326.
    """
    place = aliased(Feature, name="place")
    area, district = aliased(Area, name="area"), aliased(Area, name="district")
    province = aliased(Area, name="province")
    joined: tuple[Joined, ...]
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
    later = func.coalesce(func.lower(newer.valid), LONG_AGO) > func.coalesce(
        func.lower(place.valid), LONG_AGO
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
