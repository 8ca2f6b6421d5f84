"""Forecasts of indicators as they were kept (see ``ingest.forecasts``), read with their past."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org
from geo_service.core.errors import NoForecast, NotFound
from geo_service.core.known import remembered
from geo_service.core.periods import Period, parse_period
from geo_service.core.text import Text
from layers import indicators
from layers.analysis.intervals import chance_of_reaching
from layers.forecasts.series import following
from layers.foreseen import ForecastRun, PlaceForecast
from layers.indicators import IndicatorInfo, Threshold
from layers.models import PLACE_LEVELS, PeriodRow, PlaceValue
from layers.thematic.choices import level_of

MORE_LIKELY_THAN_NOT = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """A value of the past, in the indicator's unit; ``value`` is None unless there is one."""

    period: Period
    value: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A forecast for one year, in the indicator's unit, with both intervals."""

    period: Period
    point: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class Passing:
    """When a limit of the indicator is reached: ``chances`` by year ahead, 0 to 1.

    ``year`` is the first in which it is more likely than not, None when there is none.
    """

    limit: Threshold
    chances: tuple[float, ...]
    year: Period | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place with its past, its trend and its future; ``trend`` is the row of the table."""

    code: str
    name: Text
    trend: PlaceForecast
    history: tuple[Known, ...]
    ahead: tuple[Ahead, ...]

    @property
    def ends(self) -> NDArray[np.float64]:
        """Lower 95 and 80, point, upper 80 and 95 of each year, in the indicator's unit.

        Returns
        -------
        ndarray, shape (horizon, 5)
            As `layers.analysis.together.futures` takes them.
        """
        return _ends(self.ahead)

    def passing(self, limits: Sequence[Threshold]) -> tuple[Passing, ...]:
        """Tell when limits are reached, and how likely.

        Parameters
        ----------
        limits : sequence of Threshold
            In the indicator's unit.

        Returns
        -------
        tuple of Passing
            One a limit; none where there is no forecast.
        """
        found = []
        for limit in limits if self.ahead else ():
            chances = chances_of(self.ahead, limit.value)
            likely = (one.period for one, chance in zip(self.ahead, chances, strict=True)
                      if chance >= MORE_LIKELY_THAN_NOT)  # fmt: skip
            found.append(Passing(limit, chances, next(likely, None)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of an indicator at a level."""

    indicator: IndicatorInfo
    run: ForecastRun
    places: tuple[Place, ...]


def levels(session: Session, key: str) -> tuple[str, ...]:
    """List the levels at which an indicator has forecasts.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of the indicator.

    Returns
    -------
    tuple of str
        Coarsest first.
    """

    def find() -> tuple[str, ...]:
        of_key = select(ForecastRun.level).where(ForecastRun.indicator_key == key)
        found = set(session.scalars(of_key))
        return tuple(level for level in PLACE_LEVELS if level in found)

    return remembered(session, ("forecast-levels", key), find)


def read(
    session: Session,
    key: str,
    *,
    level: str | None = None,
    codes: Sequence[str] = (),
    horizon: int | None = None,
) -> Forecasts:
    """Read the forecasts of an indicator.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of the indicator.
    level : str, optional
        The first that has forecasts, of provinces, districts, organisations ..., when absent.
    codes : sequence of str
        Only these places; their history is read as well.
    horizon : int, optional
        At most so many years ahead.

    Returns
    -------
    Forecasts
        Places by code.

    Raises
    ------
    NoForecast
        If the indicator has none; says why.
    NotFound
        If there is no such indicator, level or place.
    """
    info = indicators.read(session, key)
    there = levels(session, key)
    if not there:
        raise NoForecast(why_none(info), indicator=key)
    chosen = _level_of_places(session, there, codes) if codes and level is None else level
    chosen = level_of(info, there, chosen)
    run = session.get_one(ForecastRun, (key, chosen))
    found = _places(session, chosen, codes)
    if missing := sorted(set(codes) - {code for code, _ in found.values()}):
        raise NotFound(
            Text(
                th=f"ไม่มีการพยากรณ์ของพื้นที่ {', '.join(missing)} ในระดับ {chosen}",
                en=f"There is no forecast by {chosen} for {', '.join(missing)}",
            ),
            missing=missing,
        )
    rows: Sequence[PlaceForecast] = session.scalars(
        select(PlaceForecast).where(
            PlaceForecast.indicator_key == key,
            PlaceForecast.level == chosen,
            PlaceForecast.place_id.in_(found) if codes else PlaceForecast.level == chosen,
        )
    ).all()
    past = histories(session, info, chosen, list(found)) if codes else {}
    rows = [*rows, *_unmade(past, {row.place_id for row in rows}, key, chosen)]
    last = parse_period(run.last_period)
    coming = following(last, min(horizon or run.horizon, run.horizon))
    places = [
        Place(*found[row.place_id], row, past.get(row.place_id, ()), ahead_of(row, coming))
        for row in rows
        if row.place_id in found
    ]
    return Forecasts(info, run, tuple(sorted(places, key=lambda place: place.code)))


def generator(key: str, place: str, version: int) -> np.random.Generator:
    """Seed random draws, so that the same question at the same state of the data draws alike.

    Parameters
    ----------
    key : str
        Key of the indicator.
    place : str
        Code of the place.
    version : int
        ``made_from`` of the forecasts.

    Returns
    -------
    Generator
        The same for a baseline and a scenario: their difference has its own interval.
    """
    return np.random.default_rng(zlib.crc32(f"{key}/{place}/{version}".encode()))


def chances_of(ahead: Sequence[Ahead], limit: float) -> tuple[float, ...]:
    """Tell how likely a limit is reached in each year ahead.

    Parameters
    ----------
    ahead : sequence of Ahead
        Forecasts of a place.
    limit : float
        In the indicator's unit.

    Returns
    -------
    tuple of float
        0 to 1.
    """
    return tuple(chance_of_reaching(_ends(ahead), limit).round(4).tolist())


def _ends(ahead: Sequence[Ahead]) -> NDArray[np.float64]:
    rows = [(one.low95, one.low80, one.point, one.high80, one.high95) for one in ahead]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


# Where years are too few for anything, places were not kept one by one.
def _unmade(
    past: Mapping[int, Sequence[Known]], made: set[int], key: str, level: str
) -> list[PlaceForecast]:
    return [
        PlaceForecast(
            indicator_key=key, level=level, place_id=place_id, reason="too-short",
            years=sum(one.value is not None for one in known), years_filled=0,
            direction="too-short", strength="none",
            point=[], low80=[], high80=[], low95=[], high95=[],
        )
        for place_id, known in past.items()
        if place_id not in made
    ]  # fmt: skip


def why_none(info: IndicatorInfo) -> Text:
    """Say why an indicator has no forecasts at all.

    Parameters
    ----------
    info : IndicatorInfo
        What is measured.

    Returns
    -------
    Text
        One sentence.
    """
    if info.space_agg == "RECLASSIFY":
        return Text(
            th=f"'{info.name.th}' เป็นระดับชั้น จึงพยากรณ์ไม่ได้ ให้ดูการพยากรณ์ของค่าที่ใช้จัดชั้น",
            en=f"'{info.name.en}' is a class and is not forecast; see what it is classed by",
        )
    return Text(
        th=f"'{info.name.th}' ไม่มีข้อมูลรายปีพอให้พยากรณ์",
        en=f"'{info.name.en}' has no yearly values to forecast from",
    )


def _level_of_places(session: Session, there: Sequence[str], codes: Sequence[str]) -> str | None:
    for level in there:
        if len(_places(session, level, codes)) == len(set(codes)):
            return level
    return None


def _places(session: Session, level: str, codes: Sequence[str]) -> dict[int, tuple[str, Text]]:
    if level == "org":
        statement = select(Org.id, Org.code, Org.name_th, Org.name_en).where(
            func.upper_inf(Org.valid)
        )
        statement = statement.where(Org.code.in_(codes)) if codes else statement
    else:
        statement = select(Area.id, Area.code, Area.name_th, Area.name_en).where(
            Area.level == level, func.upper_inf(Area.valid)
        )
        statement = statement.where(Area.code.in_(codes)) if codes else statement
    return {row[0]: (row[1], Text(th=row[2], en=row[3])) for row in session.execute(statement)}


def trends(
    session: Session, level: str, code: str, keys: Sequence[str]
) -> dict[str, PlaceForecast]:
    """Read where indicators of one place are heading.

    Parameters
    ----------
    session : Session
        Open.
    level : str
        Of the place.
    code : str
        Of the place.
    keys : sequence of str
        Of the indicators.

    Returns
    -------
    dict of str to PlaceForecast
        By key, those of which there is a row.
    """
    ids = list(_places(session, level, [code]))
    rows = session.scalars(
        select(PlaceForecast).where(
            PlaceForecast.level == level,
            PlaceForecast.place_id.in_(ids),
            PlaceForecast.indicator_key.in_(keys),
        )
    )
    return {row.indicator_key: row for row in rows}


def histories(
    session: Session, info: IndicatorInfo, level: str, ids: Sequence[int]
) -> dict[int, tuple[Known, ...]]:
    """Read the yearly values of places.

    Parameters
    ----------
    session : Session
        Open.
    info : IndicatorInfo
        Whose own calendar counts.
    level : str
        Level of the places.
    ids : sequence of int
        Their ids.

    Returns
    -------
    dict of int to tuple of Known
        By id, the earliest first.
    """
    rows = session.execute(
        select(PlaceValue.place_id, PeriodRow, PlaceValue.value, PlaceValue.status)
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(
            PlaceValue.indicator_key == info.key,
            PlaceValue.level == level,
            PlaceValue.place_id.in_(ids),
            PeriodRow.granularity == "year",
            PeriodRow.calendar == info.calendar,
        )
        .order_by(PeriodRow.start)
    )
    past: dict[int, list[Known]] = {}
    for place_id, period, value, status in rows:
        past.setdefault(place_id, []).append(Known(indicators.period_of(period), value, status))
    return {place_id: tuple(known) for place_id, known in past.items()}


def ahead_of(row: PlaceForecast, coming: Sequence[Period]) -> tuple[Ahead, ...]:
    """Give the forecasts of a row of the table, year by year.

    Parameters
    ----------
    row : PlaceForecast
        Of one place and indicator.
    coming : sequence of Period
        The years they are of; shorter ones cut them off.

    Returns
    -------
    tuple of Ahead
        The nearest year first; empty where nothing is forecast.
    """
    columns = (row.point, row.low80, row.high80, row.low95, row.high95)
    return tuple(
        Ahead(period, *numbers) for period, *numbers in zip(coming, *columns, strict=False)
    )
