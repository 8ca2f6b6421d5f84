"""One place in all its indicators: newest values, their history, and where it stands.

A place is compared with those of its kind: provinces with provinces, an organisation with those
of its type, a region with those of its scheme. Nothing is compared across a break of a series.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.errors import NotFound
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import indicators
from layers.indicators import IndicatorInfo, period_of
from layers.models import PeriodRow, PlaceValue, SeriesBreak

_PROVINCE_DIGITS = 2


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
    """A place, what it lies in (largest first), what lies in it, and its indicators."""

    place: PlaceName
    area_km2: float | None
    is_in_force: bool
    is_illustrative: bool
    within: tuple[PlaceName, ...]
    inside: tuple[PlaceName, ...]
    lines: tuple[Line, ...]

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

    Returns
    -------
    Profile
        Indicators in the catalogue's order, those with a row for the place.

    Raises
    ------
    NotFound
        If no place ever had the code.
    """
    row = session.execute(fixed_sql("layers", "profile_place"), {"code": code}).one_or_none()
    if row is None:
        raise NotFound(
            Text(th=f"ไม่มีพื้นที่หรือ อปท. รหัส '{code[:40]}'", en=f"No place has the code '{code[:40]}'")
        )
    series = _series(session, row.level, row.id, year)
    infos = [info for info in indicators.list_all(session) if info.key in series]
    newest = {info.key: series[info.key][-1] for info in infos}
    standings = _standings(session, row, newest, among(row.level) if among else None)
    broken = _breaks(session)
    lines = tuple(
        _line(info, series[info.key], standings[info.key], broken.get(info.key, ()))
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
    bound = {"code": profile.within[-1].code}
    row = session.execute(fixed_sql("layers", "profile_place"), bound).one()
    found = _inside(session, row.level, row.id)
    return tuple(one for one in found if one.level == profile.place.level)


def _inside(session: Session, level: str, place_id: int) -> tuple[PlaceName, ...]:
    rows = session.execute(fixed_sql("layers", "profile_inside"), {"level": level, "id": place_id})
    return tuple(
        PlaceName(row.level, row.code, Text(row.name_th, row.name_en), row.kind) for row in rows
    )


def _within(row: Any) -> tuple[PlaceName, ...]:  # noqa: ANN401  (a row)
    found = (
        PlaceName(level, code, Text(th, en))
        for level, code, th, en in (
            (row.grand_level, row.grand_code, row.grand_th, row.grand_en),
            (row.parent_level, row.parent_code, row.parent_th, row.parent_en),
        )
        if code is not None
    )
    return tuple(dict.fromkeys(found))


# Rows of each indicator at the place, the earliest period first. Of an indicator counted in
# months as well as years the years are kept: they are what other places can be compared in.
def _series(session: Session, level: str, place_id: int, year: int | None) -> dict[str, list[Any]]:
    statement = (
        select(PlaceValue, PeriodRow)
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(PlaceValue.level == level, PlaceValue.place_id == place_id)
        .order_by(PlaceValue.indicator_key, PeriodRow.end, PeriodRow.start.desc())
    )
    found: dict[str, list[Any]] = {}
    for value, row in session.execute(statement):
        period = period_of(row)
        if year is None or period.year_ce <= year:
            found.setdefault(value.indicator_key, []).append((value, period))
    for key, rows in found.items():
        years = [one for one in rows if one[1].granularity == "year"]
        found[key] = years or rows
    return found


def _standings(
    session: Session,
    row: Any,  # noqa: ANN401  (a row)
    newest: Mapping[str, tuple[PlaceValue, Period]],
    among: Collection[int] | None,
) -> dict[str, Any]:
    province = row.code[:_PROVINCE_DIGITS] if row.level in {"district", "subdistrict"} else None
    if row.level == "org":
        province = next((one.code for one in _within(row) if one.level == "province"), None)
    rows = session.execute(
        fixed_sql("layers", "profile_peers"),
        {
            "keys": list(newest),
            "periods": [period.key for _, period in newest.values()],
            "own": [value.value for value, _ in newest.values()],
            "level": row.level,
            "scheme": row.scheme,
            "kind": row.kind,
            "province": province,
            "among": None if among is None else sorted(among),
        },
    )
    return {one.key: one for one in rows}


def _line(
    info: IndicatorInfo,
    rows: Sequence[tuple[PlaceValue, Period]],
    found: Any,  # noqa: ANN401  (a row)
    breaks: Sequence[date],
) -> Line:
    value, period = rows[-1]
    history = tuple(Point(when, one.value, one.status) for one, when in rows)
    standing = None
    if value.value is not None and found.places > 1:
        standing = Standing(found.places, found.above, found.below, tuple(found.spread))
    return Line(
        info=info.as_of(period.end),
        now=history[-1],
        reporting=value.reporting,
        expected=value.expected,
        flags=tuple(value.flags),
        history=history,
        before=_before(history, breaks),
        standing=standing,
        province=found.province,
        country=found.country,
        breaks=tuple(one for one in breaks if rows[0][1].end < one <= period.end),
    )


def _before(history: Sequence[Point], breaks: Sequence[date]) -> Point | None:
    now = history[-1]
    earlier = [one for one in history[:-1] if one.value is not None]
    if not earlier or any(earlier[-1].period.end < day <= now.period.end for day in breaks):
        return None
    return earlier[-1]


def _breaks(session: Session) -> dict[str, tuple[date, ...]]:
    found: dict[str, tuple[date, ...]] = {}
    statement = select(SeriesBreak.indicator_key, SeriesBreak.effective)
    for key, day in session.execute(statement.order_by(SeriesBreak.effective)):
        found[key] = (*found.get(key, ()), day)
    return found
