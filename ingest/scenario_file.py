"""Scenarios as files: a TOML file read and checked; ``docs/scenarios.md`` teaches it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from geo_service.core.errors import BadParameter, BadScenario, UnreadableFile
from geo_service.core.periods import to_ce
from geo_service.core.text import Text
from ingest.faults import Fault
from ingest.recipe import faults_of
from ingest.recipe_parts import Part
from layers.scenarios.document import Count, Document, Group, Lever, Where

Two = tuple[str, str]
Codes = str | tuple[str, ...]

#: What a file may ask for: each lever and count is looked at for every future of every place.
MOST_LEVERS, MOST_OUTCOMES, MOST_COUNTS = 20, 10, 5
_NAME = r"^[a-z][a-z0-9-]{1,62}$"
#: ``/scenarios/new`` is the form.
_TAKEN = "new"


class WherePart(Part):
    """Which places a lever acts on; one of the keys."""

    country: Literal[True] | None = None
    regions: Codes | None = None
    provinces: Codes | None = None
    group: str | None = None
    condition: str | None = Field(default=None, max_length=2_000)
    base_year: int | None = None

    @model_validator(mode="after")
    def _one(self) -> WherePart:
        said = [self.country, self.regions, self.provinces, self.group, self.condition]
        if sum(one is not None for one in said) != 1:
            raise Fault(
                Text(
                    "ต้องมีหนึ่งอย่างใน country, regions, provinces, group, condition",
                    "one of country, regions, provinces, group, condition",
                )
            )
        if self.base_year is not None and self.condition is None:
            raise Fault(Text("base_year ใช้กับ condition เท่านั้น", "base_year belongs to a condition"))
        return self


class LeverPart(Part):
    """A change of an indicator; years Buddhist or CE."""

    indicator: str
    kind: Literal["multiply", "add", "target"]
    amount: float = Field(allow_inf_nan=False)
    where: WherePart
    start: int = Field(alias="from")
    full: int | None = Field(default=None, alias="to")
    ramp: Literal["linear", "step", "s-curve"] = "linear"


class GroupPart(Part):
    """Provinces under a name, and who says so."""

    title: Two
    provinces: Codes
    source: Two


class CountPart(Part):
    """How many places lie above a limit, or how many facilities of a layer."""

    title: Two
    value: str = Field(min_length=1, max_length=500)
    above: str = Field(min_length=1, max_length=500)
    layer: str = Field(default="", max_length=100)
    amount: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _both(self) -> CountPart:
        if bool(self.layer) != bool(self.amount):
            raise Fault(Text("layer กับ amount ต้องมาคู่กัน", "layer and amount go together"))
        return self


class ScenarioPart(Part):
    """A whole file."""

    name: str = Field(pattern=_NAME)
    title: Two
    author: str = Field(min_length=1, max_length=200)
    assumptions: tuple[Two, ...] = Field(min_length=1, max_length=20)
    level: Literal["province", "district"] = "province"
    outcomes: tuple[str, ...] = Field(default=(), max_length=MOST_OUTCOMES)
    groups: dict[str, GroupPart] = Field(default_factory=dict)
    levers: tuple[LeverPart, ...] = Field(min_length=1, max_length=MOST_LEVERS)
    counts: tuple[CountPart, ...] = Field(default=(), max_length=MOST_COUNTS)

    @model_validator(mode="after")
    def _free(self) -> ScenarioPart:
        if self.name == _TAKEN:
            raise Fault(Text("ชื่อ new ใช้ไม่ได้", "the name 'new' is taken"))
        return self

    @model_validator(mode="after")
    def _both_languages(self) -> ScenarioPart:
        said = [self.title, *self.assumptions, *(one.title for one in self.counts)]
        said += [pair for one in self.groups.values() for pair in (one.title, one.source)]
        if not all(th and en for th, en in said):
            raise Fault(
                Text(
                    "title assumptions และ source ต้องมีทั้งไทยและอังกฤษ",
                    "titles, assumptions and sources are needed in Thai and English",
                )
            )
        return self


def read_file(path: Path) -> Document:
    """Read and check a file of a scenario.

    Parameters
    ----------
    path : Path
        ``.toml``.

    Returns
    -------
    Document
        Names in it are checked when it is calculated.

    Raises
    ------
    UnreadableFile
        If it is no TOML.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            Text(th=f"ไม่ใช่ไฟล์ TOML ที่ถูกต้อง: {error}", en=f"This is not valid TOML: {error}")
        ) from error
    return read(said)


def read(said: dict[str, Any]) -> Document:
    """Check a scenario that came as a file or in a request.

    Parameters
    ----------
    said : dict
        As TOML or JSON has it.

    Returns
    -------
    Document
        Years in it are CE.

    Raises
    ------
    BadScenario
        If something is missing, unknown or cannot be; all faults at once.
    """
    try:
        part = ScenarioPart.model_validate(said)
    except ValidationError as error:
        raise BadScenario(faults_of(error, ScenarioPart)) from error
    try:
        return Document(
            name=part.name,
            title=_text(part.title),
            author=part.author,
            assumptions=tuple(map(_text, part.assumptions)),
            level=part.level,
            outcomes=tuple(dict.fromkeys(part.outcomes)),
            levers=tuple(map(_lever, part.levers)),
            groups={
                key: Group(_text(one.title), _codes(one.provinces), _text(one.source))
                for key, one in part.groups.items()
            },
            counts=tuple(
                Count(_text(one.title), one.value, one.above, one.layer, one.amount)
                for one in part.counts
            ),
        )
    except BadParameter as error:
        raise BadScenario(error.detail) from error


def _lever(part: LeverPart) -> Lever:
    start = to_ce(part.start)
    return Lever(
        indicator=part.indicator,
        kind=part.kind,
        amount=part.amount,
        where=_where(part.where),
        start=start,
        full=start if part.full is None else to_ce(part.full),
        ramp=part.ramp,
    )


def _where(part: WherePart) -> Where:
    if part.regions is not None:
        return Where("regions", _codes(part.regions))
    if part.provinces is not None:
        return Where("provinces", _codes(part.provinces))
    if part.group is not None:
        return Where("group", text=part.group)
    if part.condition is not None:
        year = None if part.base_year is None else to_ce(part.base_year)
        return Where("condition", text=part.condition, base_year=year)
    return Where("country")


def _codes(said: Codes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said.split() if isinstance(said, str) else said))


def _text(pair: Two) -> Text:
    return Text(th=pair[0], en=pair[1])
