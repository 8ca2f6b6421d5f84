"""The register of collections: what can be asked for, with which properties, and no other name."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from geo_service.core.errors import NotFound
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.collection import KIND, NAMES, TIER, Collection, Property, text_property, within
from layers.filters import Kind
from layers.models import FeatureLayer, Indicator
from layers.value_collections import HISTORY, OUTLOOK, VALUE_LEVELS, of_values

AreaLevel = Literal["region", "province", "district", "subdistrict"]

_KINDS: dict[str, Kind] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean",
    "date": "date", "datetime": "datetime", "array": "list",
}  # fmt: skip
_AREA_KM2 = Property(
    "area_km2", "number", Text("พื้นที่", "Area"), unit=Text("ตร.กม.", "km²"), decimals=2
)
_VALID = (
    Property("valid_from", "date", Text("มีผลตั้งแต่", "In force from")),
    Property("valid_to", "date", Text("มีผลถึง", "In force until")),
)
_ILLUSTRATIVE = Property("is_illustrative", "boolean", Text("ขอบเขตสมมติ", "Shape is illustrative"))
_FLAGS = Property("flags", "list", Text("ข้อสังเกต", "Remarks"))
_AREA_TITLES: dict[AreaLevel, tuple[Text, Text]] = {
    "region": (
        Text("ภูมิภาค", "Regions"),
        Text("กลุ่มจังหวัดตามการแบ่งภูมิภาคแต่ละแบบ", "Groups of provinces by scheme"),
    ),
    "province": (Text("จังหวัด", "Provinces"), Text("จังหวัดทั้งหมด", "All provinces")),
    "district": (Text("อำเภอและเขต", "Districts"), Text("อำเภอและเขตทั้งหมด", "All districts")),
    "subdistrict": (
        Text("ตำบลและแขวง", "Sub-districts"),
        Text("ตำบลและแขวงทั้งหมด", "All sub-districts"),
    ),
}


def list_all(session: Session) -> list[Collection]:
    """List every collection.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    list of Collection
        Places first, then layers of facilities, then values by theme and level.
    """
    return list(remembered(session, "collections", lambda: _list_all(session)))


def _list_all(session: Session) -> list[Collection]:
    layers = session.scalars(select(FeatureLayer).order_by(FeatureLayer.id)).all()
    found = [_of_areas(level) for level in _AREA_TITLES]
    found.append(_of_orgs())
    found.extend(_of_layer(layer) for layer in layers)
    rows = session.scalars(_shown_indicators()).all()
    for theme in dict.fromkeys(row.theme for row in rows):
        members = [row for row in rows if row.theme == theme]
        for level in VALUE_LEVELS:
            found.extend(of_values(theme, level, members))
    return found


def read(session: Session, collection_id: str) -> Collection:
    """Find one collection.

    Parameters
    ----------
    session : Session
        Open.
    collection_id : str
        For example ``subdistricts`` or ``waste-by-province``.

    Returns
    -------
    Collection
        With its properties.

    Raises
    ------
    NotFound
        If there is none of this name.
    """
    return remembered(session, ("collection", collection_id), lambda: _read(session, collection_id))


def _read(session: Session, collection_id: str) -> Collection:
    level = next((level for level in _AREA_TITLES if f"{level}s" == collection_id), None)
    if level is not None:
        return _of_areas(level)
    if collection_id == "orgs":
        return _of_orgs()
    theme, by, rest = collection_id.partition("-by-")
    named = rest.removesuffix(HISTORY).removesuffix(OUTLOOK)
    if by and named in VALUE_LEVELS:
        members = session.scalars(_shown_indicators().where(Indicator.theme == theme)).all()
        for made in of_values(theme, named, members):
            if made.id == collection_id:
                return made
    layer = session.get(FeatureLayer, collection_id)
    if layer is None:
        raise NotFound(
            Text(
                th=f"ไม่มีชั้นข้อมูล '{collection_id[:80]}' ดูรายชื่อทั้งหมดที่ /collections",
                en=f"There is no collection '{collection_id[:80]}'; /collections lists them all",
            )
        )
    return _of_layer(layer)


def _shown_indicators() -> Select[Indicator]:
    return (
        select(Indicator)
        .where(Indicator.is_component.is_(False))
        .order_by(Indicator.theme, Indicator.number.nulls_last(), Indicator.key)
    )


def _of_areas(level: AreaLevel) -> Collection:
    title, description = _AREA_TITLES[level]
    scheme = (text_property("scheme", "แบบการแบ่ง", "Scheme"),) if level == "region" else ()
    return Collection(
        id=f"{level}s",
        title=title,
        description=description,
        family="area",
        level=level,
        geometry_type="MultiPolygon",
        properties=(*NAMES, *scheme, *within(level), _AREA_KM2, _ILLUSTRATIVE, *_VALID),
        subjects=("areas",),
    )


def _of_orgs() -> Collection:
    return Collection(
        id="orgs",
        title=Text("องค์กรปกครองส่วนท้องถิ่น", "Local administrative organisations"),
        description=Text(
            "ที่ตั้งสำนักงาน อปท. ทุกประเภท (อบจ. เป็นชั้นบน อย่านำไปบวกกับชั้นล่าง)",
            "Offices of all organisations (PAOs are the upper tier: never add the two tiers up)",
        ),
        family="org",
        level="org",
        geometry_type="Point",
        properties=(
            *NAMES,
            KIND,
            TIER,
            *within("org"),
            _AREA_KM2,
            text_property("size_class", "ขนาด", "Size class"),
            text_property("website", "เว็บไซต์", "Website"),
            text_property("wikidata", "Wikidata", "Wikidata"),
            text_property("point_source", "ที่มาของพิกัด", "Source of the point"),
            text_property("geom_source", "ที่มาของขอบเขต", "Source of the shape"),
            _FLAGS,
            *_VALID,
        ),
        subjects=("areas", "orgs"),
    )


def _of_layer(layer: FeatureLayer) -> Collection:
    own = tuple(
        Property(
            name,
            _KINDS.get(str(told.get("type", "string")), "string"),
            Text(told.get("title_th", name), told.get("title_en", name)),
            unit=_unit(told),
            values=tuple(told.get("enum", ())),
        )
        for name, told in layer.properties.items()
    )
    taken = {known.name for known in own}
    common = (
        *NAMES,
        text_property("subdistrict_code", "รหัสตำบล", "Sub-district code"),
        *within("org"),
    )
    return Collection(
        id=layer.id,
        title=Text(layer.title_th, layer.title_en),
        description=Text(layer.description_th, layer.description_en),
        family="feature",
        theme=layer.theme,
        geometry_type=layer.geometry_type,
        properties=(*(known for known in common if known.name not in taken), *own, _FLAGS),
        subjects=("areas", f"layer:{layer.id}"),
    )


def _unit(told: dict[str, Any]) -> Text | None:
    if "unit_th" not in told and "unit_en" not in told:
        return None
    return Text(told.get("unit_th", ""), told.get("unit_en", ""))
