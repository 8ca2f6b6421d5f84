"""From what somebody sends for one feature to what may be stored, or the member that is wrong."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NoReturn

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from boundaries import names
from boundaries.projection import to_srid
from geo_service.core.crs import STORAGE_SRID, THAILAND_BBOX, Crs
from geo_service.core.errors import BadFeature
from geo_service.core.text import Text
from ingest.feature_drafts import SHAPES, instant

#: Members of a feature of ours that say where it is found and what it is, not what it holds.
_AROUND: Final = frozenset(
    {
        "type", "id", "geometry", "properties", "links", "bbox", "conformsTo", "featureType",
        "featureSchema", "geometryDimension", "coordRefSys", "place", "time",
        "isSample", "notice", "isRestricted", "restriction",
    }
)  # fmt: skip
_NAMES: Final = ("name_th", "name_en")
_PLACE: Final = "subdistrict_code"
_LONGEST: Final = 2_000
_LONGEST_CODE: Final = 64
#: Whole numbers beyond are not the same in every reader of JSON (RFC 8259, 6).
_LARGEST_WHOLE: Final = 2**53 - 1
_POSITION: Final = 2
_LAT_FIRST: Final = Text(
    th=" ลองจิจูดต้องมาก่อนละติจูด หรือระบุ Content-Crs", en=": longitude comes first, or state Content-Crs"
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A feature as somebody wants it stored; its shape in EPSG:4326.

    ``place`` is the code of the sub-district it names, which counts when it has no shape.
    """

    code: str
    name_th: str = ""
    name_en: str = ""
    shape: BaseGeometry | None = None
    place: str = ""
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a layer lets a feature say: its own properties, and those that follow from others."""

    geometry_type: str
    own: Mapping[str, Mapping[str, Any]]
    derived: Collection[str]


def merged(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a merge patch over a document (RFC 7396).

    Parameters
    ----------
    before : mapping
        What is there.
    patch : mapping
        What is to be otherwise; ``null`` takes a member away.

    Returns
    -------
    dict
        A new document.
    """
    after = dict(before)
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict):
            kept = after.get(name)
            after[name] = merged(kept if isinstance(kept, dict) else {}, value)
        else:
            after[name] = value
    return after


def read_feature(document: Mapping[str, Any], schema: Schema, crs: Crs, code: str) -> Proposed:
    """Read a feature that is to be stored.

    Parameters
    ----------
    document : mapping
        GeoJSON; what our own answers add to a feature is passed over.
    schema : Schema
        Of its layer.
    crs : Crs
        Of its coordinates.
    code : str
        That it has by its address; empty for a new one, which may bring its own.

    Returns
    -------
    Proposed
        Every value of its type.
    """
    said = _properties_of(document, schema)
    name_th, name_en = (names.normalise(_text(said.get(one), f"properties.{one}"))
                        for one in _NAMES)  # fmt: skip
    own = {
        name: typed(value, schema.own[name], f"properties.{name}")
        for name, value in said.items()
        if name in schema.own and value is not None
    }
    return Proposed(
        code=_code(document, said, code),
        name_th=name_th,
        name_en=name_en,
        shape=read_shape(document["geometry"], schema.geometry_type, crs),
        place=_text(said.get(_PLACE), f"properties.{_PLACE}"),
        properties=own,
    )


def wrong(member: str, why: Text) -> NoReturn:
    """Say which member of a feature is wrong.

    Parameters
    ----------
    member : str
        Its name, with those of the objects it stands in.
    why : Text
        What it must be.

    Raises
    ------
    BadFeature
        Always; its ``field`` names the member.
    """
    member = member[:100]
    raise BadFeature(
        Text(th=f"'{member}' ไม่ถูกต้อง: {why.th}", en=f"'{member}' is not valid: {why.en}"),
        field=member,
    )


def _properties_of(document: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    if document.get("type") != "Feature":
        wrong("type", Text(th="ต้องเป็น Feature", en="it is 'Feature'"))
    for name in document.keys() - _AROUND:
        wrong(name, Text(th="ไม่รู้จักส่วนนี้", en="a feature has no such member"))
    for name in ("geometry", "properties"):
        if name not in document:
            wrong(name, Text(th="ต้องมี (เป็น null ได้)", en="it must be there, if only as null"))
    said = {} if document["properties"] is None else document["properties"]
    if not isinstance(said, dict):
        wrong("properties", Text(th="ต้องเป็นออบเจกต์", en="it is an object"))
    known = {"code", *_NAMES, _PLACE, *schema.own, *schema.derived}
    for name in said.keys() - known:
        wrong(f"properties.{name}", Text(th="ชั้นนี้ไม่มีคุณสมบัตินี้", en="no such property here"))
    return said


def _code(document: Mapping[str, Any], said: Mapping[str, Any], code: str) -> str:
    found = {code} - {""}
    for member, value in (("id", document.get("id")), ("properties.code", said.get("code"))):
        if value is None:
            continue
        own = _text(value, member)
        if not own or len(own) > _LONGEST_CODE or own != own.strip() or "/" in own:
            wrong(member, Text(th=f"ไม่เกิน {_LONGEST_CODE} ตัวอักษร ไม่มี /",
                                   en=f"up to {_LONGEST_CODE} characters, no slash"))  # fmt: skip
        if found - {own}:
            wrong(member, Text(th="รหัสเปลี่ยนหรือขัดกันไม่ได้", en="an identifier cannot change"))
        found.add(own)
    return found.pop() if found else ""


def typed(value: object, told: Mapping[str, Any], member: str) -> str | float | int | bool:
    """Read the value of a layer's own property.

    Parameters
    ----------
    value : object
        From JSON, not null.
    told : mapping
        What the register says of the property: ``type`` and ``enum``.
    member : str
        For the error.

    Returns
    -------
    str, float, int or bool
        As it is stored; a number in the unit of its layer's schema.
    """
    kind, known = str(told.get("type", "string")), told.get("enum") or ()
    found = _READERS.get(kind, _text)(value, member)
    if known and found not in known:
        listed = ", ".join(map(str, known))
        wrong(member, Text(th=f"ต้องเป็นหนึ่งใน {listed}", en=f"it is one of {listed}"))
    return found


def _text(value: object, member: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        wrong(member, Text(th="ต้องเป็นข้อความ", en="it is a text"))
    if len(value) > _LONGEST or any(unicodedata.category(one) in {"Cc", "Cs"} for one in value):
        wrong(member, Text(th=f"ไม่เกิน {_LONGEST} ตัวอักษร ไม่มีอักขระควบคุม",
                               en=f"up to {_LONGEST} characters, none of control"))  # fmt: skip
    return unicodedata.normalize("NFC", value)


def _boolean(value: object, member: str) -> bool:
    if not isinstance(value, bool):
        wrong(member, Text(th="ต้องเป็น true หรือ false", en="it is true or false"))
    return value


def _whole(value: object, member: str) -> int:
    number = _number(value, member)
    if number != int(number) or abs(number) > _LARGEST_WHOLE:
        wrong(member, Text(th="ต้องเป็นจำนวนเต็ม", en="it is a whole number"))
    return int(number)


def _number(value: object, member: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        wrong(member, Text(th="ต้องเป็นตัวเลข", en="it is a number"))
    return value


def _date(value: object, member: str) -> str:
    try:
        return date.fromisoformat(_text(value, member)).isoformat()
    except ValueError:
        wrong(member, Text(th="ต้องเป็นวันที่ เช่น 2024-12-31", en="a day, 2024-12-31"))


def _moment(value: object, member: str) -> str:
    try:
        return instant(_text(value, member))
    except ValueError:
        wrong(
            member,
            Text(th="ต้องเป็นเวลา เช่น 2024-12-31T07:00:00Z", en="a time, 2024-12-31T07:00:00Z"),
        )


_READERS: Final[Mapping[str, Callable[[object, str], str | float | int | bool]]] = {
    "boolean": _boolean,
    "integer": _whole,
    "number": _number,
    "date": _date,
    "datetime": _moment,
}


def read_shape(value: object, geometry_type: str, crs: Crs) -> BaseGeometry | None:
    """Read a geometry strictly: of the layer's type, finite, valid, in the country.

    Parameters
    ----------
    value : object
        GeoJSON geometry, or ``None``.
    geometry_type : str
        Of the layer.
    crs : Crs
        Of its coordinates.

    Returns
    -------
    BaseGeometry or None
        In EPSG:4326, longitude first.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) - {"type", "coordinates", "bbox"}:
        wrong("geometry", Text(th="ต้องเป็นเรขาคณิต GeoJSON", en="it is a GeoJSON geometry"))
    kinds = SHAPES.get(geometry_type, frozenset().union(*SHAPES.values()))
    if value.get("type") not in kinds:
        told = ", ".join(sorted(kinds))
        wrong("geometry.type", Text(th=f"ชั้นนี้รับ {told}", en=f"this layer takes {told}"))
    _check_positions(value.get("coordinates"))
    try:
        shape = shapely.from_geojson(orjson.dumps(value))
    except shapely.errors.GEOSException:
        why = Text(th="พิกัดไม่ครบหรือซ้อนผิดชั้น", en="not the coordinates of such a geometry")
        wrong("geometry.coordinates", why)
    if shape is None or shape.is_empty:
        wrong("geometry.coordinates", Text(th="ว่างเปล่า", en="it is empty"))
    shape = _stored(shape, crs)
    if not shape.is_valid:
        why_not = shapely.is_valid_reason(shape)
        wrong("geometry", Text(th=f"รูปร่างไม่ถูกต้อง ({why_not})", en=why_not))
    return shape


def _check_positions(value: object) -> None:
    # Numbers of JSON are finite; how deep lists are nested was measured before they were parsed.
    if not isinstance(value, list) or not value:
        wrong("geometry.coordinates", Text(th="ต้องเป็นรายการพิกัด", en="a list of coordinates"))
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        if len(value) != _POSITION:
            wrong("geometry.coordinates", Text(th="พิกัดมีสองจำนวน", en="a position has two numbers"))
        return
    for one in value:
        _check_positions(one)


def _stored(shape: BaseGeometry, crs: Crs) -> BaseGeometry:
    if crs.lat_first:
        shape = shapely.transform(shape, lambda points: points[:, ::-1])
    if crs.srid != STORAGE_SRID:
        one = np.empty(1, dtype=object)
        one[0] = shape
        shape = to_srid(one, crs.srid)[0]
    west, south, east, north = THAILAND_BBOX
    found = shape.bounds
    if not (west <= found[0] and south <= found[1] and found[2] <= east and found[3] <= north):
        swapped = south <= found[0] <= found[2] <= north and west <= found[1] <= found[3] <= east
        hint = _LAT_FIRST if swapped else Text("", "")
        wrong(
            "geometry.coordinates",
            Text(
                th=f"อยู่นอกประเทศไทย {hint.th}".strip(),
                en=f"not in Thailand; {hint.en}".rstrip("; "),
            ),
        )
    return shape
