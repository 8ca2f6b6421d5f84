"""What levels of places and kinds of organisations are called, one of a kind and several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geo_service.core.text import Text

LEVEL_NAMES: Final[Mapping[str, Text]] = {
    "country": Text("ประเทศ", "country"),
    "region": Text("ภาค", "region"),
    "province": Text("จังหวัด", "province"),
    "district": Text("อำเภอ", "district"),
    "subdistrict": Text("ตำบล", "sub-district"),
    "org": Text("อปท.", "local organisation"),
}
#: As in "12 of 77 provinces"; there is one country.
SEVERAL_PLACES: Final[Mapping[str, Text]] = {
    "country": Text("ประเทศ", "country"),
    "region": Text("ภาค", "regions"),
    "province": Text("จังหวัด", "provinces"),
    "district": Text("อำเภอ", "districts"),
    "subdistrict": Text("ตำบล", "sub-districts"),
    "org": Text("อปท.", "organisations"),
}
#: How a whole is divided.
BY_LEVEL: Final[Mapping[str, Text]] = {
    "country": Text("ทั้งประเทศ", "whole country"),
    "region": Text("รายภาค", "by region"),
    "province": Text("รายจังหวัด", "by province"),
    "district": Text("รายอำเภอ", "by district"),
    "subdistrict": Text("รายตำบล", "by sub-district"),
    "org": Text("ราย อปท.", "by local organisation"),
}
KIND_NAMES: Final[Mapping[str, Text]] = {
    "PAO": Text("อบจ.", "Provincial organisation (PAO)"),
    "city": Text("เทศบาลนคร", "City municipality"),
    "town": Text("เทศบาลเมือง", "Town municipality"),
    "subdistrict_municipality": Text("เทศบาลตำบล", "Sub-district municipality"),
    "SAO": Text("อบต.", "Sub-district organisation (SAO)"),
    "BMA": Text("กรุงเทพมหานคร", "Bangkok"),
    "Pattaya": Text("เมืองพัทยา", "Pattaya"),
}
#: As in "third of 30 city municipalities".
SEVERAL: Final[Mapping[str, Text]] = {
    "PAO": Text("อบจ.", "provincial organisations"),
    "city": Text("เทศบาลนคร", "city municipalities"),
    "town": Text("เทศบาลเมือง", "town municipalities"),
    "subdistrict_municipality": Text("เทศบาลตำบล", "sub-district municipalities"),
    "SAO": Text("อบต.", "sub-district organisations"),
    "BMA": Text("กรุงเทพมหานคร", "Bangkok"),
    "Pattaya": Text("เมืองพัทยา", "Pattaya"),
}
