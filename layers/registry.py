"""The register of collections: what can be asked for, with which properties, and no other name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from geo_service.core.errors import NotFound
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.filters import Kind
from layers.models import STATUSES, FeatureLayer, Indicator

Family = Literal["area", "org", "feature", "value", "history", "outlook"]
AreaLevel = Literal["region", "province", "district", "subdistrict"]
VALUE_LEVELS = ("province", "district", "subdistrict", "org")

_HISTORY, _OUTLOOK = "-history", "-outlook"
_KINDS: dict[str, Kind] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean",
    "date": "date", "datetime": "datetime", "array": "list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a collection's features; `indicator` where it belongs to one."""

    name: str
    kind: Kind
    title: Text
    unit: Text | None = None
    values: tuple[str, ...] = ()
    indicator: str | None = None
    decimals: int | None = None

    @property
    def is_queryable(self) -> bool:
        """Whether it can be compared with a single value."""
        return self.kind != "list"


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator whose values a collection carries."""

    key: str
    name: Text
    unit: Text
    tier: str
    decimals: int = 3


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of features under one address.

    ``subjects`` are the names under which `layers.versions` counts its changes;
    ``geometry_type`` is a GeoJSON type, or ``Geometry`` for a mixture.
    """

    id: str
    title: Text
    description: Text
    family: Family
    geometry_type: str
    properties: tuple[Property, ...]
    subjects: tuple[str, ...]
    level: str | None = None
    theme: str | None = None
    indicators: tuple[Measured, ...] = ()

    def __hash__(self) -> int:
        # It is looked up with several times a request; all it holds would be added up each time.
        return hash(self.id)

    @property
    def keys(self) -> list[str]:
        """Keys of the indicators whose values it carries."""
        return [member.key for member in self.indicators]

    def property(self, name: str) -> Property | None:
        """Find a property by name.

        Parameters
        ----------
        name : str
            As a caller wrote it.

        Returns
        -------
        Property or None
            ``None`` when the collection has no such property.
        """
        return next((known for known in self.properties if known.name == name), None)


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
            found.extend(_of_values(theme, level, members))
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
    named = rest.removesuffix(_HISTORY).removesuffix(_OUTLOOK)
    if by and named in VALUE_LEVELS:
        members = session.scalars(_shown_indicators().where(Indicator.theme == theme)).all()
        for made in _of_values(theme, named, members):
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


def _shown_indicators() -> Select[Indicator]:
    return (
        select(Indicator)
        .where(Indicator.is_component.is_(False))
        .order_by(Indicator.theme, Indicator.number.nulls_last(), Indicator.key)
    )


def _text(name: str, th: str, en: str, values: Iterable[str] = ()) -> Property:
    return Property(name, "string", Text(th, en), values=tuple(values))


_NAMES = (
    _text("code", "รหัส", "Code"),
    _text("name_th", "ชื่อไทย", "Thai name"),
    _text("name_en", "ชื่ออังกฤษ", "English name"),
)
_IN_PROVINCE = (
    _text("province_code", "รหัสจังหวัด", "Province code"),
    _text("province_name_th", "จังหวัด", "Province (Thai)"),
    _text("province_name_en", "จังหวัด (อังกฤษ)", "Province (English)"),
)
_IN_DISTRICT = (
    _text("district_code", "รหัสอำเภอ", "District code"),
    _text("district_name_th", "อำเภอ", "District (Thai)"),
    _text("district_name_en", "อำเภอ (อังกฤษ)", "District (English)"),
)
_AREA_KM2 = Property(
    "area_km2", "number", Text("พื้นที่", "Area"), unit=Text("ตร.กม.", "km²"), decimals=2
)
_VALID = (
    Property("valid_from", "date", Text("มีผลตั้งแต่", "In force from")),
    Property("valid_to", "date", Text("มีผลถึง", "In force until")),
)
_ILLUSTRATIVE = Property("is_illustrative", "boolean", Text("ขอบเขตสมมติ", "Shape is illustrative"))
_FLAGS = Property("flags", "list", Text("ข้อสังเกต", "Remarks"))
_TIER = _text("tier", "ชั้น", "Tier", ("upper", "lower"))
_KIND = _text(
    "kind",
    "ประเภท",
    "Type",
    ("PAO", "city", "town", "subdistrict_municipality", "SAO", "BMA", "Pattaya"),
)

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
_LEVEL_NAMES = {
    "province": Text("จังหวัด", "province"),
    "district": Text("อำเภอ", "district"),
    "subdistrict": Text("ตำบล", "sub-district"),
    "org": Text("อปท.", "local organisation"),
}
STATUS_NAMES = {
    "reported": Text("รายงานแล้ว", "reported"),
    "zero": Text("ศูนย์", "zero"),
    "not_reported": Text("ไม่มีรายงาน", "not reported"),
    "not_applicable": Text("ไม่เกี่ยวข้อง", "not applicable"),
    "suppressed": Text("ปกปิดเพื่อคุ้มครองบุคคล", "suppressed to protect people"),
    "forecast": Text("พยากรณ์", "forecast"),
    "no_forecast": Text("พยากรณ์ไม่ได้", "not forecast"),
}
_ENDS = {
    "low80": Text("ปลายล่างของช่วง 80%", "low end of the 80 % interval"),
    "high80": Text("ปลายบนของช่วง 80%", "high end of the 80 % interval"),
}
OUTLOOK_STATUSES = ("forecast", "zero", "no_forecast", "suppressed", "not_applicable")
THEME_NAMES = {
    "population": Text("ประชากร", "Population"),
    "waste": Text("ขยะมูลฝอย", "Waste"),
    "ageing": Text("ผู้สูงอายุ", "Ageing"),
    "disability": Text("คนพิการ", "Disability"),
    "infrastructure": Text("โครงสร้างพื้นฐาน", "Infrastructure"),
    "finance": Text("การคลังท้องถิ่น", "Local finance"),
    "governance": Text("การบริหารจัดการ", "Governance"),
}


def within(level: str) -> tuple[Property, ...]:
    """List the properties that say in which larger area a place lies.

    Parameters
    ----------
    level : str
        Level of the places.

    Returns
    -------
    tuple of Property
        Codes and names, smallest area first.
    """
    if level in {"subdistrict", "org"}:
        return _IN_DISTRICT + _IN_PROVINCE
    return _IN_PROVINCE if level == "district" else ()


def _of_areas(level: AreaLevel) -> Collection:
    title, description = _AREA_TITLES[level]
    scheme = (_text("scheme", "แบบการแบ่ง", "Scheme"),) if level == "region" else ()
    return Collection(
        id=f"{level}s",
        title=title,
        description=description,
        family="area",
        level=level,
        geometry_type="MultiPolygon",
        properties=(*_NAMES, *scheme, *within(level), _AREA_KM2, _ILLUSTRATIVE, *_VALID),
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
            *_NAMES,
            _KIND,
            _TIER,
            *within("org"),
            _AREA_KM2,
            _text("size_class", "ขนาด", "Size class"),
            _text("website", "เว็บไซต์", "Website"),
            _text("wikidata", "Wikidata", "Wikidata"),
            _text("point_source", "ที่มาของพิกัด", "Source of the point"),
            _text("geom_source", "ที่มาของขอบเขต", "Source of the shape"),
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
    common = (*_NAMES, _text("subdistrict_code", "รหัสตำบล", "Sub-district code"), *within("org"))
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


def _of_values(theme: str, level: str, rows: Sequence[Indicator]) -> list[Collection]:
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
    name, place = THEME_NAMES[theme], _LEVEL_NAMES[level]
    subjects = (
        "areas", *(("orgs",) if level == "org" else ()),
        *(f"indicator:{member.key}" for member in members),
    )  # fmt: skip
    own = (_KIND, _TIER) if level == "org" else ()
    latest = Collection(
        id=f"{theme}-by-{level}",
        title=Text(f"{name.th}ราย{place.th}", f"{name.en} by {place.en}"),
        description=Text(
            "ค่าล่าสุดของแต่ละตัวชี้วัด หรือตาม period ที่ระบุ",
            "Each indicator at its latest period, or at the period asked for",
        ),
        family="value",
        level=level,
        theme=theme,
        geometry_type="MultiPolygon",
        properties=(*_NAMES, *own, *within(level), *_measured(members, has_period=True)),
        subjects=subjects,
        indicators=members,
    )
    times = (
        _text("period", "ช่วงเวลา", "Period"),
        Property("period_start", "date", Text("เริ่ม", "First day")),
        Property("period_end", "date", Text("สิ้นสุด", "Last day")),
    )
    history = Collection(
        id=f"{latest.id}{_HISTORY}",
        title=Text(f"{latest.title.th} ทุกช่วงเวลา", f"{latest.title.en}, all periods"),
        description=Text(
            "หนึ่งรายการต่อพื้นที่และช่วงเวลา เลือกด้วย datetime",
            "One feature per place and period, chosen by datetime",
        ),
        family="history",
        level=level,
        theme=theme,
        geometry_type="MultiPolygon",
        properties=(*_NAMES, *times, *own, *within(level), *_measured(members, has_period=False)),
        subjects=subjects,
        indicators=members,
    )
    outlook = replace(
        history,
        id=f"{latest.id}{_OUTLOOK}",
        title=Text(f"พยากรณ์{latest.title.th}", f"{latest.title.en}, forecast"),
        description=Text(
            "หนึ่งรายการต่อพื้นที่และปีข้างหน้า เลือกปีด้วย datetime พร้อมช่วงเชื่อมั่นร้อยละ 80 เป็นค่าพยากรณ์ ไม่ใช่ค่าที่วัด",
            "One feature per place and coming year, chosen by datetime, with 80 % intervals:"
            " forecast, not measured",
        ),
        family="outlook",
        properties=(*_NAMES, *times, *own, *within(level), *_foreseen(members)),
    )
    return [latest, history, outlook]


def _foreseen(members: Sequence[Measured]) -> Iterable[Property]:
    for member in members:
        value, status = _measured((member,), has_period=False)
        yield value
        for end, words in _ENDS.items():
            title = Text(f"{member.name.th}: {words.th}", f"{member.name.en}: {words.en}")
            yield replace(value, name=f"{member.key}_{end}", title=title)
        yield replace(status, values=OUTLOOK_STATUSES)


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
