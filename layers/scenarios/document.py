"""A scenario as it is written: levers, what is looked at, assumptions; its canonical form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from geo_service.core.text import Text
from layers.analysis.scenario import Kind, Ramp

Level = Literal["province", "district"]
WhereKind = Literal["country", "regions", "provinces", "group", "condition"]

#: The limit of a count that is each place's own last known value.
LAST_VALUE = "last"


@dataclass(frozen=True, slots=True)
class Where:
    """Which places a lever acts on: codes, the name of a group, or a condition of the cube.

    ``base_year`` (CE) says in which year the condition is looked at; none: each indicator's latest.
    """

    kind: WhereKind
    codes: tuple[str, ...] = ()
    text: str = ""
    base_year: int | None = None


@dataclass(frozen=True, slots=True)
class Lever:
    """A change of an indicator; years are CE, ``amount`` a factor or in the indicator's unit."""

    indicator: str
    kind: Kind
    amount: float
    where: Where
    start: int
    full: int
    ramp: Ramp


@dataclass(frozen=True, slots=True)
class Group:
    """Provinces put together under a name, and who says so."""

    title: Text
    provinces: tuple[str, ...]
    source: Text


@dataclass(frozen=True, slots=True)
class Count:
    """How many places lie above a limit: two formulas over indicators, or ``last``.

    With a ``layer``, how many of its facilities: ``amount`` and ``above`` are then properties of
    them, and the amount of each grows and falls with the value of its place.
    """

    title: Text
    value: str
    above: str
    layer: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole scenario."""

    name: str
    title: Text
    author: str
    assumptions: tuple[Text, ...]
    level: Level
    outcomes: tuple[str, ...]
    levers: tuple[Lever, ...]
    groups: Mapping[str, Group]
    counts: tuple[Count, ...] = ()

    @property
    def canonical(self) -> dict[str, Any]:
        """All that it says, with nothing left to the way it was written."""
        return {
            "name": self.name,
            "title": _pair(self.title),
            "author": self.author,
            "assumptions": [_pair(one) for one in self.assumptions],
            "level": self.level,
            "outcomes": list(self.outcomes),
            "levers": [_lever(one) for one in self.levers],
            "groups": {
                key: {
                    "title": _pair(one.title),
                    "provinces": list(one.provinces),
                    "source": _pair(one.source),
                }
                for key, one in sorted(self.groups.items())
            },
            "counts": [_count(one) for one in self.counts],
        }

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, as hexadecimal digits."""
        return hash_of(self.canonical)


def hash_of(canonical: Mapping[str, Any]) -> str:
    """Hash a canonical form (RFC 8785 in spirit: sorted keys, no spaces, UTF-8).

    Parameters
    ----------
    canonical : mapping
        Of `Document.canonical`.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    told = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def from_canonical(said: Mapping[str, Any]) -> Document:
    """Bring a stored scenario back.

    Parameters
    ----------
    said : mapping
        Of `Document.canonical`.

    Returns
    -------
    Document
        The same as it was.
    """
    return Document(
        name=said["name"],
        title=_text(said["title"]),
        author=said["author"],
        assumptions=tuple(map(_text, said["assumptions"])),
        level=said["level"],
        outcomes=tuple(said["outcomes"]),
        levers=tuple(
            Lever(
                indicator=one["indicator"], kind=one["kind"], amount=one["amount"],
                where=Where(
                    one["where"]["kind"], tuple(one["where"]["codes"]), one["where"]["text"],
                    one["where"]["base_year"],
                ),
                start=one["from"], full=one["to"], ramp=one["ramp"],
            )
            for one in said["levers"]
        ),
        groups={
            key: Group(_text(one["title"]), tuple(one["provinces"]), _text(one["source"]))
            for key, one in said["groups"].items()
        },
        counts=tuple(
            Count(
                _text(one["title"]), one["value"], one["above"], one.get("layer", ""),
                one.get("amount", ""),
            )
            for one in said["counts"]
        ),
    )  # fmt: skip


def _count(one: Count) -> dict[str, Any]:
    said = {"title": _pair(one.title), "value": one.value, "above": one.above}
    return said | ({"layer": one.layer, "amount": one.amount} if one.layer else {})


def _lever(one: Lever) -> dict[str, Any]:
    where = {
        "kind": one.where.kind,
        "codes": list(one.where.codes),
        "text": one.where.text,
        "base_year": one.where.base_year,
    }
    return {
        "indicator": one.indicator, "kind": one.kind, "amount": one.amount, "where": where,
        "from": one.start, "to": one.full, "ramp": one.ramp,
    }  # fmt: skip


def _pair(words: Text) -> list[str]:
    return [words.th, words.en]


def _text(pair: Sequence[str]) -> Text:
    return Text(th=pair[0], en=pair[1])
