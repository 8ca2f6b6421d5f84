"""What kinds of organisations are called, one of a kind and several together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geo_service.core.text import Text

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
