"""Indicators of one's own: a TOML or CSV file read and checked.

``docs/indicators.md`` teaches the file; `ingest.indicator_forms` turns its formulas into what
the catalogue understands, `ingest.own_indicators` brings them into the database.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from geo_service.core.errors import BadIndicator, UnreadableFile
from geo_service.core.text import Text
from ingest.encoding import decode
from ingest.faults import Fault
from ingest.recipe import faults_of
from ingest.recipe_parts import Part
from layers.analysis.formula import FormulaError, keys_of, parse
from layers.analysis.ramps import SEQUENTIAL

_KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")
_BAD_KEY = Text(
    th="key ใช้อักษร a-z ตัวเลข และ _ ขึ้นต้นด้วยตัวอักษร 2-60 ตัว",
    en="a key is a-z, digits and _, begins with a letter, 2 to 60 long",
)
_TWO = ("name", "unit", "about", "source")

Two = tuple[str, str]


class ThresholdPart(Part):
    """A limit set by a policy: who set it, and when it held."""

    value: float
    label: Two
    authority: str = Field(min_length=1)
    since: date | None = None
    until: date | None = None


class BreakPart(Part):
    """A date at which series change their meaning."""

    indicators: tuple[str, ...] = Field(min_length=1)
    effective: date
    note: Two
    source: str = ""


class IndicatorPart(Part):
    """One indicator as its file states it; names and units in Thai and English."""

    theme: Literal[
        "population", "waste", "ageing", "disability", "infrastructure", "finance", "governance"
    ]
    name: Two
    unit: Two
    about: Two = ("", "")
    source: Two = ("", "")
    formula: str = ""
    space: Literal["SUM", "COUNT", "WMEAN", "NONE"] | None = None
    weight: str | None = None
    time: Literal["LAST", "SUM", "MEAN_DAYS", "RATIO", "NONE"] | None = None
    tier: Literal["lower", "upper", "both"] | None = None
    direction: Literal[-1, 0, 1] = 0
    privacy: Literal["P0", "P1", "P2", "P3", "P4"] | None = None
    finest: Literal["country", "province", "district", "subdistrict", "org"] | None = None
    calendar: Literal["gregorian", "fiscal", "academic"] | None = None
    decimals: int = Field(default=0, ge=0, le=6)
    denominator_max_age_years: int = Field(default=0, ge=0, le=10)
    ramp: str = ""
    target: float | None = None
    bounds: tuple[float, ...] = Field(default=(), max_length=2)
    thresholds: tuple[ThresholdPart, ...] = ()

    @model_validator(mode="after")
    def _formed_or_observed(self) -> IndicatorPart:
        if not all((*self.name, *self.unit)):
            raise Fault(Text("name และ unit ต้องมีทั้งไทยและอังกฤษ", "name and unit: Thai and English"))
        if bool(self.formula) == bool(self.space):
            raise Fault(
                Text(
                    "ต้องมี formula หรือ space (วิธีรวมค่าที่เก็บมา) อย่างใดอย่างหนึ่ง",
                    "either formula, or space (how observed values add up)",
                )
            )
        if (self.space == "WMEAN") != (self.weight is not None):
            raise Fault(
                Text(
                    "weight คือตัวชี้วัดที่ใช้ถ่วงน้ำหนักของ WMEAN เท่านั้น",
                    "weight names the indicator that WMEAN is weighted by",
                )
            )
        if self.bounds and (len(self.bounds) == 1 or self.bounds[0] >= self.bounds[1]):
            raise Fault(
                Text("bounds เป็นสองจำนวน ต่ำก่อนสูง", "bounds are two numbers, the lower first")
            )
        if self.ramp and self.ramp not in SEQUENTIAL:
            known = ", ".join(SEQUENTIAL)
            raise Fault(Text(f"ramp เลือกได้จาก {known}", f"ramp is one of {known}"))
        return self


@dataclass(frozen=True, slots=True)
class IndicatorFile:
    """What a file states; `indicators` are in an order in which each follows its parts."""

    indicators: Mapping[str, IndicatorPart]
    breaks: Sequence[BreakPart] = ()


def read_file(path: Path) -> IndicatorFile:
    """Read and check a file of indicators, each by itself.

    Parameters
    ----------
    path : Path
        ``.toml`` or ``.csv``.

    Returns
    -------
    IndicatorFile
        What it states.

    Raises
    ------
    UnreadableFile
        If it is neither.
    BadIndicator
        If an entry cannot be what it says; all faults of the file at once.
    """
    said, breaks = _parsed(path)
    parts, faults = {}, []
    for key, values in said.items():
        if not _KEY.fullmatch(key):
            faults.append(about(key, _BAD_KEY))
            continue
        try:
            parts[key] = IndicatorPart.model_validate(values)
        except ValidationError as error:
            faults.append(about(key, faults_of(error, IndicatorPart)))
    refuse(faults)
    return IndicatorFile({key: parts[key] for key in _in_order(parts)}, breaks)


def about(key: str, words: Text) -> Text:
    """Say which indicator words are about.

    Parameters
    ----------
    key : str
        Its key, as written.
    words : Text
        What is to be said.

    Returns
    -------
    Text
        ``key: words``.
    """
    return Text(th=f"{key[:60]}: {words.th}", en=f"{key[:60]}: {words.en}")


def refuse(faults: Sequence[Text]) -> None:
    """Refuse a file, naming all that is wrong with it.

    Parameters
    ----------
    faults : sequence of Text
        None: the file is accepted.

    Raises
    ------
    BadIndicator
        If there are any.
    """
    if faults:
        raise BadIndicator(
            Text(th="; ".join(one.th for one in faults), en="; ".join(one.en for one in faults))
        )


def _parsed(path: Path) -> tuple[dict[str, Any], tuple[BreakPart, ...]]:
    if path.suffix.casefold() == ".csv":
        return dict(_rows(path)), ()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        breaks = tuple(BreakPart.model_validate(one) for one in document.pop("break", []))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            Text(th=f"ไม่ใช่ไฟล์ TOML ที่ถูกต้อง: {error}", en=f"This is not valid TOML: {error}")
        ) from error
    except ValidationError as error:
        raise BadIndicator(faults_of(error, BreakPart, prefix=("break",))) from error
    defaults = document.pop("defaults", {})
    return {key: _over(defaults, said) for key, said in document.items()}, breaks


def _over(defaults: Any, said: Any) -> Any:  # noqa: ANN401  (whatever the file holds)
    return defaults | said if isinstance(defaults, dict) and isinstance(said, dict) else said


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    text, _ = decode(path.read_bytes())
    for row in csv.DictReader(io.StringIO(text)):
        said = {name: cell.strip() for name, cell in row.items() if name and cell and cell.strip()}
        key = said.pop("key", "")
        values: dict[str, Any] = {
            name: (said.pop(f"{name}_th", ""), said.pop(f"{name}_en", ""))
            for name in _TWO
            if f"{name}_th" in said or f"{name}_en" in said
        }
        if "bounds" in said:
            values["bounds"] = tuple(said.pop("bounds").split())
        yield key, values | said


# Each after those that it is made from; one that is made from itself is refused later.
def _in_order(parts: Mapping[str, IndicatorPart]) -> list[str]:
    done: list[str] = []

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key in done or key in above:
            return
        for part in _named(parts[key].formula):
            if part in parts:
                visit(part, (*above, key))
        done.append(key)

    for key in parts:
        visit(key, ())
    return done


def _named(formula: str) -> tuple[str, ...]:
    try:
        return keys_of(parse(formula)) if formula else ()
    except FormulaError:
        return ()
