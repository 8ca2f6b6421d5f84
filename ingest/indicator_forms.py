"""How an indicator of one's own is formed: its formula turned into what the catalogue knows.

A sum of amounts is an amount. One such sum over another is a ratio, added up as sums over sums.
Any other formula is calculated at each place from the values there. Units must fit, and nothing
is shown finer or more openly than the indicators it is made from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from geo_service.core.errors import BadIndicator
from geo_service.core.text import Text
from ingest.catalogue import indicator_row
from ingest.indicator_file import IndicatorPart
from ingest.recipe import nearest
from layers.analysis.formula import (
    GROUND,
    Formula,
    FormulaError,
    Shape,
    keys_of,
    parse,
    shape_of,
    unit_of,
)
from layers.analysis.units import Unit, parse_unit
from layers.models import PLACE_LEVELS, PRIVACY_CLASSES
from layers.value_rules import AMOUNTS

Row = Mapping[str, Any]

_GROUND_UNIT = parse_unit("km2")
#: Key of the sum that a ratio is divided by, where it is no indicator of its own.
_BELOW = "{key}_base"
_REASONS = {
    "unexpected": Text(
        th="อ่านสูตรไม่ออกที่ตัวอักษรที่ {at} '{about}'",
        en="the formula cannot be read at character {at} '{about}'",
    ),
    "too-long": Text(th="สูตรยาวเกิน 500 ตัวอักษร", en="the formula is longer than 500 characters"),
    "too-deep": Text(th="วงเล็บซ้อนเกิน 30 ชั้น", en="the formula is nested deeper than 30"),
    "no-key": Text(th="สูตรไม่มีตัวชี้วัด", en="the formula names no indicator"),
    "unknown-key": Text(th="ไม่มีตัวชี้วัด '{about}'", en="there is no indicator '{about}'"),
    "units-differ": Text(th="บวกหรือลบคนละหน่วยไม่ได้: {about}", en="unlike units are added: {about}"),
}


def form(
    key: str, part: IndicatorPart, known: Mapping[str, Row]
) -> tuple[dict[str, dict[str, Any]], list[Text]]:
    """Turn one entry of a file into rows of the catalogue.

    Parameters
    ----------
    key : str
        Its key.
    part : IndicatorPart
        As it was read.
    known : mapping of str to mapping
        Rows of the catalogue, with those made before.

    Returns
    -------
    tuple of (dict of str to dict, list of Text)
        Rows by key: the indicator, after a sum that only it divides by where one is needed;
        and things worth a look.

    Raises
    ------
    BadIndicator
        If the formula cannot be read, names what is not there, or does not have the unit.
    """
    said = part.model_dump(exclude_none=True)
    if not part.formula:
        weight = () if part.weight is None else (part.weight,)
        _find(weight, known)
        return {key: indicator_row(key, {"time": "LAST"} | said)}, []
    formula, rows = _read(key, part, known)
    remarks = [] if (factor := _slip(formula, part, rows)) is None else [_remark(factor)]
    said |= _inherited(part, list(rows.values()))
    entries = _entries(key, said, formula, rows)
    return {one: indicator_row(one, entry) for one, entry in entries.items()}, remarks


def _read(
    key: str, part: IndicatorPart, known: Mapping[str, Row]
) -> tuple[Formula, dict[str, Row]]:
    try:
        formula = parse(part.formula)
        keys = [one for one in keys_of(formula) if one != GROUND]
        rows = _find(keys, {one: row for one, row in known.items() if one != key})
        found = unit_of(formula, _units(rows))
    except FormulaError as error:
        words = _REASONS[error.reason].format(at=error.at + 1, about=error.about)
        raise BadIndicator(words) from error
    stated = parse_unit(part.unit[1])
    if found.dimension != stated.dimension and not stated.is_index:
        raise BadIndicator(
            Text(
                th=f"สูตรให้ค่าเป็น {found} แต่หน่วยที่ระบุคือ {part.unit[0]} ({stated})",
                en=f"the formula gives {found}, but the unit stated is {part.unit[1]} ({stated})",
            )
        )
    if not rows:
        raise BadIndicator(_REASONS["no-key"])
    return formula, rows


def _entries(
    key: str, said: dict[str, Any], formula: Formula, rows: Mapping[str, Row]
) -> dict[str, dict[str, Any]]:
    shape = shape_of(formula)
    if shape is None or not _adds_up(shape, rows):
        if len({row["calendar"] for row in rows.values()}) > 1:
            raise BadIndicator(
                Text(
                    th="ส่วนประกอบใช้ปีคนละแบบ (ปฏิทิน งบประมาณ การศึกษา) จึงไม่มีช่วงเวลาร่วมกัน",
                    en="its parts are counted in different years and share no period",
                )
            )
        return {key: said | {"space": "FORMULA", "numerator": list(rows)}}
    if not shape.below:
        return {key: said | _sum_of(shape.above, rows)}
    below, number = next(iter(shape.below.items()))
    made = {}
    if len(shape.below) > 1:
        below, number = _BELOW.format(key=key), 1.0
        made[below] = _hidden_sum(said, shape.below, rows)
    numbers = set(shape.above.values())
    same = numbers.pop() if len(numbers) == 1 else 1.0
    made[key] = said | {
        "space": "RATIO",
        "numerator": list(shape.above),
        "coefficients": [one / same for one in shape.above.values()] if numbers else [],
        "denominator": below,
        "factor": same / number,
    }
    return made


def _sum_of(numbers: Mapping[str, float], rows: Mapping[str, Row]) -> dict[str, Any]:
    times = {rows[one]["time_agg"] for one in numbers}
    return {
        "space": "SUM",
        "time": times.pop() if len(times) == 1 else "LAST",
        "numerator": list(numbers),
        "coefficients": [] if set(numbers.values()) == {1.0} else list(numbers.values()),
    }


def _hidden_sum(
    said: Mapping[str, Any], numbers: Mapping[str, float], rows: Mapping[str, Row]
) -> dict[str, Any]:
    first = rows[next(iter(numbers))]
    thai, english = said["name"]
    return {
        "theme": said["theme"],
        "name": (f"ฐานของ{thai}", f"Base of {english}"),
        "unit": (first["unit_th"], first["unit_en"]),
        "about": ("ผลรวมที่ใช้เป็นตัวหาร", "The sum that the indicator is divided by."),
        "formula": " + ".join(f"{number:g} * {key}" for key, number in numbers.items()),
        "component": True,
        "privacy": _strictest([rows[one] for one in numbers]),
        **_sum_of(numbers, rows),
    }


# What may be added up from place to place: amounts above, amounts or the ground below.
def _adds_up(shape: Shape, rows: Mapping[str, Row]) -> bool:
    if shape.constant or not shape.above or (GROUND in shape.below and len(shape.below) > 1):
        return False
    keys = [*shape.above, *(one for one in shape.below if one != GROUND)]
    return all(one in rows and rows[one]["space_agg"] in AMOUNTS for one in keys)


def _inherited(part: IndicatorPart, rows: Sequence[Row]) -> dict[str, Any]:
    finest = min((row["finest_level"] for row in rows), key=PLACE_LEVELS.index)
    if part.finest is not None:
        finest = min(finest, part.finest, key=PLACE_LEVELS.index)
    strictest = _strictest(rows)
    # A share of persons is as open as P1 says: withheld with the counts it is made from.
    privacy = part.privacy or ("P1" if strictest == "P2" else strictest)
    if strictest != "P0" and privacy == "P0":
        raise BadIndicator(
            Text(
                th=f"ทำจากข้อมูลชั้น {strictest} จึงเปิดเป็น P0 ไม่ได้",
                en=f"it is made from data of class {strictest} and cannot be P0",
            )
        )
    return {
        "finest": finest,
        "privacy": privacy,
        "tier": part.tier or rows[0]["tier"],
        "calendar": part.calendar or rows[0]["calendar"],
        "time": part.time or "RATIO",
    }


def _strictest(rows: Sequence[Row]) -> str:
    return str(max((row["privacy"] for row in rows), key=PRIVACY_CLASSES.index))


def _units(rows: Mapping[str, Row]) -> dict[str, Unit]:
    return {key: parse_unit(row["unit_en"]) for key, row in rows.items()} | {GROUND: _GROUND_UNIT}


# The factor that is missing, where numbers of one product do not turn one unit into the other.
def _slip(formula: Formula, part: IndicatorPart, rows: Mapping[str, Row]) -> float | None:
    shape = shape_of(formula)
    if shape is None or len(shape.above) != 1 or len(shape.below) > 1:
        return None
    number = next(iter(shape.above.values())) / next(iter(shape.below.values()), 1.0)
    found, stated = unit_of(formula, _units(rows)), parse_unit(part.unit[1])
    factor = found.scale / stated.scale / number
    return None if math.isclose(factor, 1, rel_tol=1e-6) else factor


def _remark(factor: float) -> Text:
    return Text(
        th=f"ตัวเลขในสูตรต่างจากการแปลงหน่วย {factor:g} เท่า ตรวจว่าตั้งใจหรือไม่",
        en=f"the numbers differ from converting the units by a factor of {factor:g}: is it meant?",
    )


def _find(keys: Sequence[str], known: Mapping[str, Row]) -> dict[str, Row]:
    for key in keys:
        if key not in known:
            near = ", ".join(nearest(key, known)) or "-"
            raise BadIndicator(
                Text(
                    th=f"ไม่มีตัวชี้วัด '{key}' ที่ใกล้เคียง: {near}",
                    en=f"there is no indicator '{key}'; the nearest: {near}",
                )
            )
    return {key: known[key] for key in keys}
