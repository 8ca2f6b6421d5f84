"""What a collection is: its address, its family, and the properties of its features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from geo_service.core.text import Text
from layers.filters import Kind

Family = Literal["area", "org", "feature", "value", "history", "outlook"]


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


def text_property(name: str, th: str, en: str, values: Iterable[str] = ()) -> Property:
    """Describe a property that is text.

    Parameters
    ----------
    name : str
        Of the property.
    th, en : str
        Its title.
    values : iterable of str
        All that it can be; none where that is open.

    Returns
    -------
    Property
        Of kind ``string``.
    """
    return Property(name, "string", Text(th, en), values=tuple(values))


NAMES = (
    text_property("code", "รหัส", "Code"),
    text_property("name_th", "ชื่อไทย", "Thai name"),
    text_property("name_en", "ชื่ออังกฤษ", "English name"),
)
_IN_PROVINCE = (
    text_property("province_code", "รหัสจังหวัด", "Province code"),
    text_property("province_name_th", "จังหวัด", "Province (Thai)"),
    text_property("province_name_en", "จังหวัด (อังกฤษ)", "Province (English)"),
)
_IN_DISTRICT = (
    text_property("district_code", "รหัสอำเภอ", "District code"),
    text_property("district_name_th", "อำเภอ", "District (Thai)"),
    text_property("district_name_en", "อำเภอ (อังกฤษ)", "District (English)"),
)
TIER = text_property("tier", "ชั้น", "Tier", ("upper", "lower"))
KIND = text_property(
    "kind",
    "ประเภท",
    "Type",
    ("PAO", "city", "town", "subdistrict_municipality", "SAO", "BMA", "Pattaya"),
)


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
