"""The places of the cube: what each lies in, and which of them a question is about.

A place is a level and a code: a province whose border moved is one place with several rows,
each in force for a time. They are some thousands, read once a state of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionMember
from boundaries.words import KIND_NAMES
from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.cube.query import AREA_LEVELS

#: The one place at the top.
COUNTRY = ("country", "TH")

TIER_NAMES: Mapping[str, Text] = {
    "upper": Text("อบจ. (ชั้นบน)", "Upper tier (PAO)"),
    "lower": Text("เทศบาล อบต. และเขตพิเศษ (ชั้นล่าง)", "Lower tier"),
}
SIZE_NAMES: Mapping[str, Text] = {
    "S": Text("เล็ก", "Small"),
    "M": Text("กลาง", "Medium"),
    "L": Text("ใหญ่", "Large"),
    "Undefined": Text("ไม่ระบุขนาด", "Size not stated"),
}

PlaceKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One row of a place, in force from a day until before another."""

    place_id: int
    since: date
    until: date

    def holds(self, day: date) -> bool:
        """Tell whether it was in force on a day.

        Returns
        -------
        bool
            From `since` on, before `until`.
        """
        return self.since <= day < self.until


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A place, and the code of what it lies in by dimension; organisations have their traits."""

    level: str
    code: str
    name: Text
    stretches: tuple[Stretch, ...]
    within: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> PlaceKey:
        """Level and code."""
        return self.level, self.code

    def is_in_force(self, days: Iterable[date]) -> bool:
        """Tell whether it was in force on any of some days.

        Returns
        -------
        bool
            Whether there is such a day.
        """
        return any(one.holds(day) for day in days for one in self.stretches)


@dataclass(frozen=True, slots=True)
class Places:
    """All places of one scheme of regions, by level and code, in the order of codes."""

    by_level: Mapping[str, Mapping[str, Place]]

    def at(self, level: str) -> Mapping[str, Place]:
        """List the places of a level by code.

        Returns
        -------
        mapping of str to Place
            Empty for a level without places.
        """
        return self.by_level.get(level, {})

    def member(self, dimension: str, code: str) -> Text:
        """Name a member of a dimension of places.

        Returns
        -------
        Text
            The code itself where it has no name.
        """
        if dimension == "peers":
            kind, _, size = code.partition("/")
            one, other = self.member("kind", kind), self.member("size", size)
            return Text(th=f"{one.th} · {other.th}", en=f"{one.en} · {other.en}")
        if dimension in _TRAIT_NAMES:
            return _TRAIT_NAMES[dimension].get(code, Text(code, code))
        place = self.at(dimension).get(code)
        return place.name if place else Text(code, code)


_TRAIT_NAMES: Mapping[str, Mapping[str, Text]] = {
    "tier": TIER_NAMES, "kind": KIND_NAMES, "size": SIZE_NAMES,
}  # fmt: skip


def read(session: Session, scheme: str) -> Places:
    """Give all places, regions being those of one scheme.

    Parameters
    ----------
    session : Session
        Open.
    scheme : str
        Of regions; must be known.

    Returns
    -------
    Places
        Remembered with the state of the data.
    """
    return remembered(session, ("cube_places", scheme), lambda: _read(session, scheme))


def group_of(place: Place, dimensions: Sequence[str]) -> tuple[str, ...] | None:
    """Say in which member of each dimension a place lies.

    Parameters
    ----------
    place : Place
        Any.
    dimensions : sequence of str
        Of places.

    Returns
    -------
    tuple of str or None
        Codes; ``None`` where it lies in none, as Bangkok's organisation in no district.
    """
    codes = tuple(place.within.get(name, "") for name in dimensions)
    return codes if all(codes) else None


def _read(session: Session, scheme: str) -> Places:
    regions = dict(
        session.execute(
            select(RegionMember.province_code, Area.code)
            .join(Area, Area.id == RegionMember.region_id)
            .where(Area.scheme == scheme)
        ).all()
    )
    rows = [
        row
        for row in session.execute(fixed_sql("layers", "cube_places"))
        if row.scheme in {"", scheme}
    ]
    rows.sort(key=lambda row: (row.level, row.code, row.until))
    found: dict[str, dict[str, Place]] = {}
    for row in rows:
        level = found.setdefault(row.level, {})
        before = level.get(row.code)
        stretch = Stretch(row.id, row.since, row.until)
        # Names and parents are those of the latest row.
        level[row.code] = Place(
            row.level,
            row.code,
            Text(row.name_th, row.name_en),
            (*before.stretches, stretch) if before else (stretch,),
            _within(row.level, row.code, row, regions),
        )
    return Places(found)


def _within(level: str, code: str, row: object, regions: Mapping[str, str]) -> dict[str, str]:
    within = {"country": COUNTRY[1]}
    province = getattr(row, "province")  # noqa: B009  (a row of a statement)
    if province:
        within |= {"province": province, "region": regions.get(province, "")}
    if district := getattr(row, "district"):  # noqa: B009
        within["district"] = district
    if level == "org":
        tier, kind, size = (getattr(row, name) for name in ("tier", "kind", "size"))
        within |= {"tier": tier, "kind": kind, "size": size, "peers": f"{kind}/{size}"}
    within[level] = code
    return within


def finest(dimensions: Iterable[str]) -> str | None:
    """Name the finest level among dimensions of places.

    Parameters
    ----------
    dimensions : iterable of str
        Any; traits are those of organisations.

    Returns
    -------
    str or None
        ``None`` when none of them is about places.
    """
    ranks = [_RANK[name] for name in dimensions if name in _RANK]
    return (*AREA_LEVELS, "org")[max(ranks)] if ranks else None


_ORG = len(AREA_LEVELS)
_RANK = {name: rank for rank, name in enumerate(AREA_LEVELS)} | dict.fromkeys(
    ("org", "tier", "kind", "size", "peers"), _ORG
)
