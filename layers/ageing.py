"""When a society grows old: people by age projected, and the year each limit is passed.

Ages are followed by cohorts (Hamilton and Perry) where two counts by five-year age groups lie five
years apart. Where they do not, the trend of the share stands in for a few years, and where that is
too short as well, what was measured is told, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org
from geo_service.core.errors import NoForecast, NotFound
from geo_service.core.known import remembered
from geo_service.core.periods import Period, year_period
from geo_service.core.text import Text
from layers import age_counts, forecasts, indicators
from layers.age_counts import Counts
from layers.analysis import cohorts
from layers.forecasts import Ahead, Known
from layers.indicators import IndicatorInfo, Threshold
from layers.models import PLACE_LEVELS

SHARE: Final = "age_share_60p"
#: Futures drawn for each place, and the parts of them that bound the intervals.
DRAWS: Final = 1_000
ENDS: Final = (0.025, 0.1, 0.5, 0.9, 0.975)
#: How far cohorts are followed, and how far the trend of a share may stand in for them.
LONGEST_YEARS, USUAL_YEARS, TREND_YEARS = 30, 20, 5

COHORTS = Text(
    th="ติดตามรุ่นอายุด้วยอัตราส่วนแฮมิลตัน-เพอร์รีระหว่าง {first.th} กับ {last.th} คงไว้ตามเดิมทุกห้าปี"
    " โอกาสมาจากอนาคตสุ่ม 1,000 แบบของแต่ละพื้นที่",
    en="Cohorts followed by Hamilton and Perry's ratios between {first.en} and {last.en}, kept as"
    " they are every five years; chances are of 1,000 random futures of each place",
)
SPREAD_MEASURED = Text(
    th="ความผันแปรของอัตราส่วนวัดจากสามงวด",
    en="How much the ratios move was measured on three counts",
)
SPREAD_ASSUMED = Text(
    th="ความผันแปรของอัตราส่วนสมมติไว้ร้อยละ 4 ต่อห้าปี เพราะมีเพียงสองงวด",
    en="The ratios are assumed to move by 4 % in five years, there being two counts only",
)
TREND = Text(
    th="ใช้แนวโน้มของสัดส่วนแทนไม่เกิน 5 ปี เพราะสัดส่วนที่ลากต่อไปไกลอาจผิดความจริงมาก",
    en="The trend of the share stands in, for five years at most: carried further it goes astray",
)
MEASURED = Text(
    th="แสดงเฉพาะที่วัดแล้ว: ข้อมูลสั้นเกินกว่าจะบอกปีที่จะผ่านเกณฑ์",
    en="What was measured is told alone: it is too short to tell a year",
)

Basis = Literal["cohorts", "trend", "measured"]


@dataclass(frozen=True, slots=True)
class Passing:
    """When the share of people aged 60 and over passes a limit.

    ``passed`` is the first count at or above the limit, None where there is none. ``likely`` is
    the year (CE) by which half of the futures have passed it, ``early`` and ``late`` those by
    which a tenth and nine tenths have; None beyond what is projected. ``chances`` are 0 to 1.
    """

    limit: Threshold
    passed: Period | None
    likely: int | None
    early: int | None
    late: int | None
    chances: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class People:
    """People of a coming year: all and those aged 60 and over, the middle of the futures."""

    year: int
    total: float
    sixty: float


@dataclass(frozen=True, slots=True)
class Place:
    """A place: its share measured, its share ahead in per cent, and when limits are passed."""

    code: str
    name: Text
    basis: Basis
    history: tuple[Known, ...]
    ahead: tuple[Ahead, ...]
    people: tuple[People, ...]
    passing: tuple[Passing, ...]


@dataclass(frozen=True, slots=True)
class Ageing:
    """Places of a level; ``refused`` says why cohorts cannot be followed there, else None."""

    indicator: IndicatorInfo
    level: str
    refused: Text | None
    counts: Counts
    horizon: int
    places: tuple[Place, ...]


def read(
    session: Session,
    *,
    level: str | None = None,
    codes: Sequence[str] = (),
    horizon: int = USUAL_YEARS,
) -> Ageing:
    """Project the ageing of places.

    Parameters
    ----------
    session : Session
        Only read.
    level : str, optional
        That of the places named when absent, else provinces.
    codes : sequence of str
        Only these places.
    horizon : int
        At most so many years ahead, where ages are known.

    Returns
    -------
    Ageing
        Places by code.

    Raises
    ------
    NotFound
        If there is no such place, or nothing is known of the ages of a level.
    """
    chosen, places = _places(session, level, codes)
    info = indicators.read(session, SHARE)
    counts = remembered(session, ("age-counts", chosen), lambda: age_counts.read(session, chosen))
    past = forecasts.histories(session, info, chosen, list(places))
    trends = _trends(session, chosen, [places[one][0] for one in places]) if counts.why else {}
    made = [
        _place(
            info,
            _Past(code, name, past.get(one, ())),
            counts.of(one),
            trend=trends.get(code, ()),
            horizon=horizon,
        )
        for one, (code, name) in places.items()
    ]
    known = tuple(one for one in made if one.history or one.ahead)
    if not known:
        raise NotFound(
            Text(
                th=f"ไม่มีข้อมูลอายุของประชากรในระดับ '{chosen}'",
                en=f"Nothing is known of people's ages by {chosen}",
            ),
            level=chosen,
        )
    ordered = tuple(sorted(known, key=lambda one: one.code))
    return Ageing(info, chosen, counts.why, counts, horizon, ordered)


def method_of(found: Ageing) -> Text:
    """Say how the ageing of a level was projected.

    Parameters
    ----------
    found : Ageing
        From `read`.

    Returns
    -------
    Text
        What was followed, what is assumed, or why cohorts were not followed.
    """
    if found.refused is None and found.counts.first is not None:
        between = {"first": found.counts.first.label, "last": found.counts.base.label}
        told = COHORTS.format(**between)
        sure = SPREAD_MEASURED if found.counts.is_measured else SPREAD_ASSUMED
        return Text(th=f"{told.th} {sure.th}", en=f"{told.en}. {sure.en}")
    has_trend = any(one.basis == "trend" for one in found.places)
    return TREND if has_trend else MEASURED


def _places(
    session: Session, level: str | None, codes: Sequence[str]
) -> tuple[str, dict[int, tuple[str, Text]]]:
    chosen = level
    if level is None and codes:
        chosen = session.scalar(
            select(Area.level).where(Area.code == codes[0], func.upper_inf(Area.valid))
        ) or ("org" if session.scalar(select(Org.id).where(Org.code == codes[0])) else None)
    chosen = "province" if chosen is None else chosen
    if chosen not in PLACE_LEVELS:
        raise NotFound(Text(f"ไม่มีระดับ '{chosen}'", f"There is no level '{chosen}'"))
    if chosen == "org":
        statement = select(Org.id, Org.code, Org.name_th, Org.name_en).where(
            func.upper_inf(Org.valid)
        )
        statement = statement.where(Org.code.in_(codes)) if codes else statement
    else:
        statement = select(Area.id, Area.code, Area.name_th, Area.name_en).where(
            Area.level == chosen, func.upper_inf(Area.valid)
        )
        statement = statement.where(Area.code.in_(codes)) if codes else statement
    found = {row[0]: (row[1], Text(th=row[2], en=row[3])) for row in session.execute(statement)}
    if missing := sorted(set(codes) - {code for code, _ in found.values()}):
        raise NotFound(
            Text(
                th=f"ไม่มีพื้นที่ {', '.join(missing)} ในระดับ {chosen}",
                en=f"There is no {', '.join(missing)} by {chosen}",
            ),
            missing=missing,
        )
    return chosen, found


# The trend of the share, where cohorts cannot be followed.
def _trends(session: Session, level: str, codes: Sequence[str]) -> dict[str, tuple[Ahead, ...]]:
    if level not in forecasts.levels(session, SHARE):
        return {}
    try:
        found = forecasts.read(session, SHARE, level=level, horizon=TREND_YEARS)
    except NoForecast:
        return {}
    wanted = set(codes)
    return {one.code: one.ahead for one in found.places if one.code in wanted}


@dataclass(frozen=True, slots=True)
class _Past:
    code: str
    name: Text
    history: tuple[Known, ...]


def _place(
    info: IndicatorInfo,
    past: _Past,
    counts: tuple[NDArray[np.float64], NDArray[np.float64], Counts] | None,
    *,
    trend: tuple[Ahead, ...],
    horizon: int,
) -> Place:
    if counts is not None:
        return _followed(info, past, counts, horizon)
    passing = tuple(_by_trend(limit, past.history, trend) for limit in _limits(info, past.history))
    basis: Basis = "trend" if trend else "measured"
    return Place(past.code, past.name, basis, past.history, trend, (), passing)


def _followed(
    info: IndicatorInfo,
    past: _Past,
    counted: tuple[NDArray[np.float64], NDArray[np.float64], Counts],
    horizon: int,
) -> Place:
    code, history = past.code, past.history
    before, after, counts = counted
    base = counts.base.year_ce
    steps = max(1, -(-horizon // cohorts.STEP_YEARS))
    ratios = cohorts.cohort_ratios(before, after)
    drawn = cohorts.draw_ratios(
        cohorts.Ratios(ratios.cohort[None, :], ratios.child[None]), after[None, :],
        draws=DRAWS, spread=counts.spread, rng=forecasts.generator(SHARE, code, base),
    )  # fmt: skip
    paths = cohorts.hamilton_perry(after[None, None, :], drawn, steps=steps)[:, :, 0]
    share = cohorts.share_from_sixty(paths)
    years = base + cohorts.STEP_YEARS * np.arange(steps + 1)
    every = np.arange(base, base + min(horizon, cohorts.STEP_YEARS * steps) + 1)
    yearly = cohorts.between(share, years, every)
    ends = np.quantile(yearly, ENDS, axis=1)
    ahead = tuple(
        Ahead(year_period(int(year)), *(round(float(ends[at, n]), 4) for at in (2, 1, 3, 0, 4)))
        for n, year in enumerate(every)
        if n
    )
    middle = np.median(paths, axis=1)
    people = tuple(
        People(int(year), float(middle[n].sum()), float(middle[n, cohorts.SIXTY :].sum()))
        for n, year in enumerate(years)
        if n
    )
    measured = (*history, *_counted(counts, share[0, 0], history))
    passing = tuple(
        _by_cohorts(limit, measured, yearly, every) for limit in _limits(info, measured)
    )
    return Place(code, past.name, "cohorts", measured, ahead, people, passing)


# The share of the last count by age, where no year of the indicator says it.
def _counted(counts: Counts, share: float, history: Sequence[Known]) -> tuple[Known, ...]:
    is_known = any(one.period.year_ce >= counts.base.year_ce for one in history)
    return () if is_known else (Known(counts.base, float(share), "reported"),)


def _limits(info: IndicatorInfo, history: Sequence[Known]) -> tuple[Threshold, ...]:
    return info.as_of(history[-1].period.end).thresholds if history else info.thresholds


def _passed(limit: Threshold, history: Sequence[Known]) -> Period | None:
    # a share that fell below again has not passed
    known = [one for one in history if one.value is not None]
    first = None
    for one in known:
        is_above = (one.value or 0.0) >= limit.value
        first = (first or one.period) if is_above else None
    return first


def _by_cohorts(
    limit: Threshold,
    history: Sequence[Known],
    yearly: NDArray[np.float64],
    every: NDArray[np.int64],
) -> Passing:
    passed = _passed(limit, history)
    _, reached = cohorts.first_passage(yearly.T[:, None, :], every, limit.value)
    if passed is not None:
        return Passing(limit, passed, None, None, None, ())
    chances = tuple(zip(every[1:].tolist(), reached[0, 1:].round(4).tolist(), strict=True))
    return Passing(
        limit, None, _year(chances, 0.5), _year(chances, 0.1), _year(chances, 0.9), chances
    )


def _by_trend(limit: Threshold, history: Sequence[Known], trend: tuple[Ahead, ...]) -> Passing:
    passed = _passed(limit, history)
    if passed is not None or not trend:
        return Passing(limit, passed, None, None, None, ())
    place = forecasts.chances_of(trend, limit.value)
    chances = tuple((one.period.year_ce, chance) for one, chance in zip(trend, place, strict=True))
    return Passing(
        limit, None, _year(chances, 0.5), _year(chances, 0.1), _year(chances, 0.9), chances
    )


def _year(chances: Sequence[tuple[int, float]], part: float) -> int | None:
    return next((year for year, chance in chances if chance >= part), None)
