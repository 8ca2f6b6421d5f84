"""One place in all its indicators: newest values, their history, and where it stands.

A place is compared with those of its kind: provinces with provinces, an organisation with those
of its type, a region with those of its scheme. Nothing is compared across a break of a series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from boundaries.models import Org
from geo_service.core.db import fixed_sql
from geo_service.core.errors import NotFound
from geo_service.core.known import shelved
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import breaks, indicators, periods
from layers.breaks import Break
from layers.indicators import IndicatorInfo
from layers.models import PlaceValue
from layers.place_history import NO_TURNS, Turns, turns_of

_PROVINCE_DIGITS = 2
#: What a name and a value take in memory.
_PLACE_BYTES, _VALUE_BYTES = 500, 400


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place to go to."""

    level: str
    code: str
    name: Text
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one period; None where there is none, and then `status` says why."""

    period: Period
    value: float | None
    status: str


@dataclass(frozen=True, slots=True)
class _Row:
    period: Period
    value: float | None
    status: str
    reporting: int
    expected: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A value among its peers: how many have more and less, and their spread.

    ``spread`` holds the least value, the quartiles and the greatest, in the indicator's unit.
    """

    places: int
    above: int
    below: int
    spread: tuple[float, ...]

    @property
    def rank(self) -> int:
        """Rank of the value, 1 for the highest; equal values share one."""
        return self.above + 1


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator at the place.

    ``change`` is the difference from ``before`` in the indicator's unit; both are None where no
    earlier period can be compared. ``breaks`` are the days at which the series changed meaning.
    """

    info: IndicatorInfo
    now: Point
    reporting: int
    expected: int
    flags: tuple[str, ...]
    history: tuple[Point, ...]
    before: Point | None
    standing: Standing | None
    province: float | None
    country: float | None
    breaks: tuple[date, ...]

    @property
    def change(self) -> float | None:
        """Difference from the period before, in the indicator's unit."""
        if self.before is None or self.before.value is None or self.now.value is None:
            return None
        return self.now.value - self.before.value


@dataclass(frozen=True, slots=True)
class Profile:
    """A place, what it lies in (largest first), what lies in it, and its indicators.

    ``first`` and ``last`` are its days in force, both counted, None where open; ``turns`` what it
    replaced and what replaced it.
    """

    place: PlaceName
    area_km2: float | None
    is_in_force: bool
    is_illustrative: bool
    within: tuple[PlaceName, ...]
    inside: tuple[PlaceName, ...]
    lines: tuple[Line, ...]
    first: date | None = None
    last: date | None = None
    turns: Turns = NO_TURNS

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it is made from, as `layers.versions` names it."""
        return ("areas", "orgs", *(f"indicator:{line.info.key}" for line in self.lines))


def build(
    session: Session,
    code: str,
    *,
    year: int | None = None,
    among: Callable[[str], Collection[int]] | None = None,
    ranked: Collection[str] | None = None,
) -> Profile:
    """Gather all that is known of a place.

    Parameters
    ----------
    session : Session
        Only read.
    code : str
        Of an area (``TH``, ``ngc6-1``, ``50``, ``5001``, ``500101``) or an organisation.
    year : int, optional
        As it was known at the end of that year (CE); the newest when absent.
    among : callable, optional
        Gives, for the level of the place, the ids of those it is compared with; those of its
        kind when absent.
    ranked : collection of str, optional
        Keys of the indicators whose lines say where the place stands; all when absent.

    Returns
    -------
    Profile
        Indicators in the catalogue's order, those with a row for the place.

    Raises
    ------
    NotFound
        If no place ever had the code.
    """
    row = _place(session, code)
    series = _until(_series(session, row), year)
    infos = [info for info in indicators.list_all(session) if info.key in series]
    newest = {
        info.key: series[info.key][-1] for info in infos if ranked is None or info.key in ranked
    }
    standings = _standings(session, row, newest, among(row.level) if among else None)
    broken = breaks.of_all(session)
    lines = tuple(
        _line(info, series[info.key], standings.get(info.key), broken.get(info.key, ()))
        for info in infos
    )
    return Profile(
        place=PlaceName(row.level, row.code, Text(row.name_th, row.name_en), row.kind),
        area_km2=row.area_km2,
        is_in_force=row.is_in_force,
        is_illustrative=row.is_illustrative,
        within=_within(row),
        inside=_inside(session, row.level, row.id),
        lines=lines,
        first=row.first_day,
        last=None if row.after_day is None else row.after_day - timedelta(days=1),
        turns=turns_of(session, row.level, row.code),
    )


def beside(session: Session, profile: Profile) -> tuple[PlaceName, ...]:
    """List the places of the same level in the same larger area, the place itself included.

    Parameters
    ----------
    session : Session
        Only read.
    profile : Profile
        Of the place.

    Returns
    -------
    tuple of PlaceName
        In the order of the Thai alphabet; empty for the country.
    """
    if not profile.within:
        return ()
    row = _place(session, profile.within[-1].code)
    found = _inside(session, row.level, row.id)
    return tuple(one for one in found if one.level == profile.place.level)


def _place(session: Session, code: str) -> Row[Any]:
    def find() -> Row[Any]:
        row = session.execute(fixed_sql("layers", "profile_place"), {"code": code}).one_or_none()
        if row is None:
            raise NotFound(
                Text(f"ไม่มีพื้นที่หรือ อปท. รหัส '{code[:40]}'", f"No place has the code '{code[:40]}'")
            )
        return row

    return shelved(session, ("profile-place", code), find, lambda _: _PLACE_BYTES)


def _inside(session: Session, level: str, place_id: int) -> tuple[PlaceName, ...]:
    def find() -> tuple[PlaceName, ...]:
        bound = {"level": level, "id": place_id}
        rows = session.execute(fixed_sql("layers", "profile_inside"), bound)
        return tuple(
            PlaceName(row.level, row.code, Text(row.name_th, row.name_en), row.kind) for row in rows
        )

    key = ("profile-inside", level, place_id)
    return shelved(session, key, find, lambda found: _PLACE_BYTES * (1 + len(found)))


def _within(row: Row[Any]) -> tuple[PlaceName, ...]:
    found = (
        PlaceName(level, code, Text(th, en))
        for level, code, th, en in (
            (row.grand_level, row.grand_code, row.grand_th, row.grand_en),
            (row.parent_level, row.parent_code, row.parent_th, row.parent_en),
        )
        if code is not None
    )
    return tuple(dict.fromkeys(found))


# Rows of each indicator at the place, the earliest period first.
def _series(session: Session, place: Row[Any]) -> Mapping[str, list[_Row]]:
    def find() -> dict[str, list[_Row]]:
        # An organisation that changed under its code goes on; each period is told once.
        of_code = select(Org.id).where(Org.code == place.code)
        ids = session.scalars(of_code).all() if place.level == "org" else [place.id]
        statement = select(
            PlaceValue.indicator_key, PlaceValue.period_key, PlaceValue.value, PlaceValue.status,
            PlaceValue.reporting, PlaceValue.expected, PlaceValue.flags,
        ).where(PlaceValue.level == place.level, PlaceValue.place_id.in_(ids))  # fmt: skip
        every, found = periods.by_key(session), defaultdict[str, dict[str, _Row]](dict)
        for key, period, value, status, reporting, expected, flags in session.execute(statement):
            row = _Row(every[period], value, status, reporting, expected, tuple(flags))
            if value is not None or period not in found[key]:
                found[key][period] = row
        return {
            key: sorted(
                rows.values(), key=lambda row: (row.period.end, -row.period.start.toordinal())
            )
            for key, rows in found.items()
        }

    return shelved(
        session,
        ("profile-series", place.level, place.code if place.level == "org" else place.id),
        find,
        lambda found: sum(_VALUE_BYTES * (1 + len(rows)) for rows in found.values()),
    )


# As it was known at the end of a year. Of an indicator counted in months as well as years the years
# are kept: they are what other places can be compared in.
def _until(series: Mapping[str, Sequence[_Row]], year: int | None) -> dict[str, Sequence[_Row]]:
    found: dict[str, Sequence[_Row]] = {}
    for key, told in series.items():
        rows = [row for row in told if year is None or row.period.year_ce <= year]
        if rows:
            found[key] = [row for row in rows if row.period.granularity == "year"] or rows
    return found


def _standings(
    session: Session,
    row: Row[Any],
    newest: Mapping[str, _Row],
    among: Collection[int] | None,
) -> dict[str, Row[Any]]:
    province = row.code[:_PROVINCE_DIGITS] if row.level in {"district", "subdistrict"} else None
    if row.level == "org":
        province = next((one.code for one in _within(row) if one.level == "province"), None)
    asked = [(key, one.period.key, one.value) for key, one in newest.items()]
    bound = {
        "keys": [key for key, _, _ in asked],
        "periods": [period for _, period, _ in asked],
        "own": [value for _, _, value in asked],
        "level": row.level,
        "scheme": row.scheme,
        "kind": row.kind,
        "province": province,
        "among": None if among is None else sorted(among),
    }

    def find() -> dict[str, Row[Any]]:
        found = session.execute(fixed_sql("layers", "profile_peers"), bound)
        return {one.key: one for one in found}

    if among is not None:
        return find()
    key = ("profile-standings", row.level, row.code, *asked)
    return shelved(session, key, find, lambda found: _PLACE_BYTES * (1 + len(found)))


def _line(
    info: IndicatorInfo,
    rows: Sequence[_Row],
    found: Row[Any] | None,
    broken: Sequence[Break],
) -> Line:
    newest, days = rows[-1], [one.effective for one in broken]
    history = tuple(Point(one.period, one.value, one.status) for one in rows)
    standing = None
    if found is not None and newest.value is not None and found.places > 1:
        standing = Standing(found.places, found.above, found.below, tuple(found.spread))
    return Line(
        info=info.as_of(newest.period.end),
        now=history[-1],
        reporting=newest.reporting,
        expected=newest.expected,
        flags=newest.flags,
        history=history,
        before=_before(history, days),
        standing=standing,
        province=None if found is None else found.province,
        country=None if found is None else found.country,
        breaks=tuple(day for day in days if rows[0].period.end < day <= newest.period.end),
    )


def _before(history: Sequence[Point], days: Sequence[date]) -> Point | None:
    now = history[-1]
    earlier = [one for one in history[:-1] if one.value is not None]
    if not earlier or any(earlier[-1].period.end < day <= now.period.end for day in days):
        return None
    return earlier[-1]
