"""The parts of a recipe: which keys each section may have."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geo_service.core.periods import Calendar
from geo_service.core.text import Text
from ingest.clean import Era
from ingest.faults import Fault

Kind = Literal["boundaries", "organisations", "indicators", "features"]
Level = Literal["country", "province", "district", "subdistrict", "org"]


class Part(BaseModel):
    """A section of a recipe; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class DatasetPart(Part):
    """Who publishes it, under which licence; the row of the catalogue."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")
    kind: Kind
    title_th: str
    title_en: str
    publisher_th: str = ""
    publisher_en: str = ""
    licence: str = ""
    attribution_th: str = ""
    attribution_en: str = ""
    source_url: str = ""
    is_sample: bool = False


class FilePart(Part):
    """How the file is written; what is left out is found in the file itself."""

    format: Literal["csv", "tsv", "xlsx", "json", "xml"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    header: int | None = Field(default=None, ge=1)
    record: str | None = None
    fill_down: tuple[str, ...] = ()


class RowsPart(Part):
    """Which rows are data, by the words of a cell.

    ``only`` keeps, ``skip`` leaves out, ``total`` are printed totals to compare with the sum.
    """

    only: dict[str, tuple[str, ...]] = {}
    skip: dict[str, tuple[str, ...]] = {}
    total: dict[str, tuple[str, ...]] = {}


class PlacePart(Part):
    """How a row says which place it is about."""

    level: Level | None = None
    level_heading: str | None = None
    levels: dict[str, Level] = {}
    code: str | None = None
    system: str = "dopa"
    name: str | None = None
    name_en: str | None = None
    province: str | None = None
    district: str | None = None
    kind: str | None = None
    kinds: dict[str, str] = {}
    fixed: str | None = None
    trust: Literal["both", "code"] = "both"

    @model_validator(mode="after")
    def _enough(self) -> PlacePart:
        if (self.level is None) == (self.level_heading is None):
            raise Fault(
                Text(
                    "ต้องมี level หรือ level_heading (พร้อม levels) อย่างใดอย่างหนึ่ง",
                    "level or level_heading (with levels), one of the two",
                )
            )
        if not (self.code or self.name or self.name_en or self.fixed):
            raise Fault(
                Text(
                    "ต้องมี code, name, name_en หรือ fixed อย่างน้อยหนึ่งอย่าง",
                    "code, name, name_en or fixed, at least one",
                )
            )
        return self


class PeriodPart(Part):
    """Which period a row is about: a heading, one value for the file, or ``{year}`` headings."""

    heading: str | None = None
    value: str | None = None
    calendar: Calendar = "gregorian"
    era: Era = "detect"
    monthly: bool = False


class Column(Part):
    """One kind of value: a heading, the indicator it is, its unit and its slice."""

    heading: str
    indicator: str
    unit: str | None = None
    factor: float = 1.0
    minus: str | None = None
    times: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    breakdown: dict[str, str] = {}
    when: dict[str, str] = {}
    period: str | None = None
    whole: bool | Literal["round"] = False
    optional: bool = False


class Bounds(Part):
    """What a value can be (else the cell is refused) and what it likely is (else flagged)."""

    indicator: str
    low: float | None = None
    high: float | None = None
    likely_low: float | None = None
    likely_high: float | None = None


class Sums(Part):
    """That parts add up to a whole, within a tolerance in the indicator's unit.

    ``parts`` are indicators, or slices of the whole: ``sex=m``.
    """

    whole: str
    parts: tuple[str, ...] = Field(min_length=1)
    tolerance: float = Field(default=0.0, ge=0)


class Jumps(Part):
    """That a value does not leap from one period to the next."""

    indicator: str
    factor: float | None = Field(default=None, gt=1)
    robust_sd: float | None = Field(default=None, gt=0)
    floor: float = 0.0


class Copied(Part):
    """That a value does not stand unchanged for several periods."""

    indicator: str
    periods: int = Field(default=3, ge=2)


class Total(Part):
    """A total the publisher printed, to compare with the sum of the rows."""

    indicator: str
    period: str
    printed: float
    breakdown: dict[str, str] = {}
    tolerance: float = 0.0
    source: str = ""


class PerPerson(Part):
    """What a value divided by the population likely is."""

    indicator: str
    factor: float = 1.0
    low: float
    high: float


class Checks(Part):
    """All checks of a recipe."""

    bounds: tuple[Bounds, ...] = ()
    sums: tuple[Sums, ...] = ()
    jumps: tuple[Jumps, ...] = ()
    copied: tuple[Copied, ...] = ()
    totals: tuple[Total, ...] = ()
    per_person: tuple[PerPerson, ...] = ()


class RemarksPart(Part):
    """A log of values that the source itself contradicts; it flags loaded values."""

    dataset: str
    metric: str
    metrics: dict[str, str]
    value: str
    other: str


class CodesPart(Part):
    """Codes of another system for areas that are loaded already.

    ``points`` are headings that should be filled; their blank rows are counted, nothing of
    them is loaded.
    """

    system: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,30}$")
    heading: str
    points: tuple[str, ...] = ()
