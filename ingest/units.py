"""Units that files use, and what turns them into the unit of an indicator."""

from __future__ import annotations

from geo_service.core.errors import BadRecipe
from geo_service.core.periods import Period
from geo_service.core.text import Text
from ingest.recipe import nearest

#: Spelling (lower case) -> what is measured, and how many base units it is. Base units are
#: person, tonne, t/day, m2, metre, baht, litre, place, %.
_UNITS: dict[str, tuple[str, float]] = {
    "person": ("persons", 1), "persons": ("persons", 1), "คน": ("persons", 1),
    "1000 persons": ("persons", 1_000), "พันคน": ("persons", 1_000),
    "child": ("persons", 1), "children": ("persons", 1),
    "house": ("houses", 1), "houses": ("houses", 1), "หลัง": ("houses", 1),
    "household": ("houses", 1), "households": ("houses", 1), "ครัวเรือน": ("houses", 1),
    "t": ("mass", 1), "tonne": ("mass", 1), "tonnes": ("mass", 1), "ตัน": ("mass", 1),
    "kg": ("mass", 0.001), "กก.": ("mass", 0.001), "กิโลกรัม": ("mass", 0.001),
    "t/day": ("flow", 1), "ตัน/วัน": ("flow", 1), "ตันต่อวัน": ("flow", 1),
    "tonnes per day": ("flow", 1), "tonnes per year": ("yearly flow", 1),
    "kg per person per day": ("rate of waste", 1), "m²": ("area", 1), "km²": ("area", 1_000_000),
    "kg/day": ("flow", 0.001), "กก./วัน": ("flow", 0.001),
    "t/year": ("yearly flow", 1), "ตัน/ปี": ("yearly flow", 1), "t/yr": ("yearly flow", 1),
    "kg/person/day": ("rate of waste", 1), "กก./คน/วัน": ("rate of waste", 1),
    "m2": ("area", 1), "ตร.ม.": ("area", 1), "km2": ("area", 1_000_000),
    "ตร.กม.": ("area", 1_000_000), "ha": ("area", 10_000),
    "rai": ("area", 1_600), "ไร่": ("area", 1_600), "ngan": ("area", 400), "งาน": ("area", 400),
    "wa2": ("area", 4), "ตร.ว.": ("area", 4), "ตารางวา": ("area", 4),
    "m": ("length", 1), "เมตร": ("length", 1), "km": ("length", 1_000), "กม.": ("length", 1_000),
    "baht": ("money", 1), "บาท": ("money", 1),
    "1000 baht": ("money", 1_000), "พันบาท": ("money", 1_000),
    "million baht": ("money", 1_000_000), "ล้านบาท": ("money", 1_000_000),
    "m3": ("volume", 1), "ลบ.ม.": ("volume", 1),
    "litre": ("volume", 0.001), "ลิตร": ("volume", 0.001),
    "%": ("share", 1), "ร้อยละ": ("share", 1), "share": ("share", 100),
    "place": ("count", 1), "places": ("count", 1), "แห่ง": ("count", 1),
    "site": ("count", 1), "sites": ("count", 1),
}  # fmt: skip


def factor_between(stated: str, wanted: str, period: Period) -> float:
    """Tell what a number in one unit is multiplied by to be in another.

    Parameters
    ----------
    stated : str
        Unit of the file, as the recipe says.
    wanted : str
        Unit of the indicator.
    period : Period
        Whose days turn tonnes a year into tonnes a day.

    Returns
    -------
    float
        No unit; 1 when both spell the same unit.

    Raises
    ------
    BadRecipe
        If a unit is unknown or the two measure different things.
    """
    left, right = stated.strip().casefold(), wanted.strip().casefold()
    if left == right:
        return 1.0
    if left not in _UNITS:
        near = ", ".join(nearest(left, _UNITS))
        raise BadRecipe(
            Text(
                th=f"ไม่รู้จักหน่วย '{stated}' ที่ใกล้เคียงคือ: {near}",
                en=f"The unit '{stated}' is unknown; the nearest are: {near}",
            )
        )
    kind, size = _UNITS[left]
    other_kind, other_size = _UNITS.get(right, ("", 1.0))
    if (kind, other_kind) == ("yearly flow", "flow"):
        return size / period.days
    if kind != other_kind:
        raise BadRecipe(
            Text(
                th=f"แปลงหน่วย '{stated}' เป็น '{wanted}' ของตัวชี้วัดไม่ได้",
                en=f"'{stated}' cannot be turned into '{wanted}', the indicator's unit",
            )
        )
    return size / other_size
