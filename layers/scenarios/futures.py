"""Forecasts of the indicators of a scenario, laid on common years, and random futures of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.periods import Period, parse_period
from geo_service.core.text import Text
from layers import forecasts
from layers.analysis.forecast import histories, origins
from layers.analysis.forecast_scales import scale_for
from layers.analysis.intervals import errors
from layers.analysis.scenario import Array
from layers.analysis.together import Shared, futures, mixed, shared, walks
from layers.forecasts.making import WHOLE, kind_of
from layers.forecasts.series import following
from layers.forecasts.series import read as read_series
from layers.foreseen import ForecastRun, PlaceForecast
from layers.indicators import IndicatorInfo
from layers.models import PeriodRow, PlaceValue
from layers.scenarios.places import Ground
from layers.scenarios.plan import Plan, refuse

#: Futures drawn of every place: ends of 95 % intervals are then met within half a point.
DRAWS = 2_000
_ENDS = ("low95", "low80", "point", "high80", "high95")
_COUNTRY = "TH"


@dataclass(frozen=True, slots=True)
class Forecast:
    """An indicator's forecasts: ``ends`` of the places, shape (n, horizon, 5), NaN without one.

    ``larger`` are those of the places they lie in, by level and id. ``skip`` years of the
    horizon lie before the common years.
    """

    info: IndicatorInfo
    made_from: int
    ends: Array
    larger: Mapping[tuple[str, int], Array]
    first: Period
    skip: int
    shared: Shared

    @property
    def limits(self) -> tuple[float, float]:
        """Least and greatest value there can be, in the indicator's unit."""
        kind = kind_of(self.info)
        return {"amount": (0.0, np.inf), "share": (0.0, WHOLE)}.get(kind, (-np.inf, np.inf))


@dataclass(frozen=True, slots=True)
class Base:
    """What futures are drawn from: forecasts by indicator, on the years that all of them have.

    ``held`` are last known values of indicators without a forecast, shape (n,), NaN where unknown.
    """

    periods: tuple[Period, ...]
    forecasts: Mapping[str, Forecast]
    held: Mapping[str, tuple[Array, str]]
    last: Mapping[str, Array]
    ground: Ground

    @property
    def years(self) -> NDArray[np.int64]:
        """The common years, CE; shape (years,)."""
        return np.array([one.year_ce for one in self.periods], dtype=np.int64)

    def draw(self, rows: NDArray[np.int64]) -> dict[str, Array]:
        """Draw futures of some places.

        Parameters
        ----------
        rows : ndarray of int
            Which places.

        Returns
        -------
        dict of str to ndarray, shape (n, 1 + DRAWS, years)
            By indicator; the middle path first. The same places are drawn alike every time.
        """
        return {key: self._drawn(one, rows) for key, one in self.forecasts.items()}

    def is_whole(self, keys: Collection[str]) -> NDArray[np.bool_]:
        """Tell which places have a forecast of some indicators in all common years.

        Parameters
        ----------
        keys : collection of str
            Of the indicators.

        Returns
        -------
        ndarray of bool, shape (n,)
            Others are left out.
        """
        whole = np.ones(len(self.ground.ids), dtype=np.bool_)
        for one in (self.forecasts[key] for key in keys):
            end = one.skip + len(self.periods)
            whole &= np.isfinite(one.ends[:, one.skip : end]).all(axis=(1, 2))
        return whole

    def published(self, key: str, larger: tuple[str, int]) -> Array | None:
        """Give the forecast of a larger place, on the common years.

        Parameters
        ----------
        key : str
            Of the indicator.
        larger : tuple of (str, int)
            Level and id.

        Returns
        -------
        ndarray, shape (years, 5), or None
            None where there is none.
        """
        one = self.forecasts[key]
        ends = one.larger.get(larger)
        if ends is None:
            return None
        cut = ends[one.skip : one.skip + len(self.periods)]
        return cut if len(cut) == len(self.periods) and np.isfinite(cut).all() else None

    def _drawn(self, one: Forecast, rows: NDArray[np.int64]) -> Array:
        horizon = one.ends.shape[1]

        def of(code: str) -> Array:
            rng = forecasts.generator(one.info.key, code, one.made_from)
            return walks(rng, draws=DRAWS, horizon=horizon)

        codes = [self.ground.codes[row] for row in rows]
        own = np.stack([of(code) for code in codes])
        above = [self.ground.places[row].within.get("province", "") for row in rows]
        groups = {code: of(f"{code}/within") for code in sorted(set(above))}
        group = np.stack([groups[code] for code in above])
        places = mixed(own, of(f"{_COUNTRY}/within"), group, one.shared)
        middle = np.zeros((len(rows), 1, horizon))
        least, most = one.limits
        made = futures(
            one.ends[rows], np.concatenate([middle, places], axis=1), least=least, most=most
        )
        return made[:, :, one.skip : one.skip + len(self.periods)]


def read(session: Session, plan: Plan, level: str, ground: Ground) -> Base:
    """Read the forecasts that a scenario is drawn from.

    Parameters
    ----------
    session : Session
        Open.
    plan : Plan
        Names the indicators.
    level : str
        Of the places.
    ground : Ground
        The places.

    Returns
    -------
    Base
        On the years that every indicator's forecasts have.
    """
    runs = {
        run.indicator_key: run
        for run in session.scalars(
            select(ForecastRun).where(
                ForecastRun.level == level,
                ForecastRun.indicator_key.in_((*plan.drawn, *plan.optional)),
                ForecastRun.horizon > 0,
            )
        )
    }
    missing = [key for key in plan.drawn if key not in runs]
    if missing:
        refuse([_unforecast(plan.catalogue[key], level) for key in missing])
    coming = {
        key: following(parse_period(run.last_period), run.horizon) for key, run in runs.items()
    }
    calendars = {periods[0].calendar for key, periods in coming.items() if key in plan.drawn}
    if len(calendars) > 1:
        refuse([_CALENDARS])
    common = [
        period
        for period in coming[plan.drawn[0]]
        if all(period in coming[key] for key in plan.drawn)
    ]
    if not common:
        refuse([_NO_COMMON_YEAR])
    usable = [key for key in runs if all(period in coming[key] for period in common)]
    level_ends = {
        key: _forecast(session, plan.catalogue[key], runs[key], ground=ground, first=common[0])
        for key in usable
    }
    held = {
        key: _last_values(session, plan.catalogue[key], level, ground)
        for key in plan.optional
        if key not in usable
    }
    return Base(
        tuple(common),
        level_ends,
        held,
        {key: _last_values(session, plan.catalogue[key], level, ground)[0] for key in usable},
        ground,
    )


def _forecast(
    session: Session, info: IndicatorInfo, run: ForecastRun, *, ground: Ground, first: Period
) -> Forecast:
    level = run.level
    levels = ("country", "region", "province", "district")
    rows = session.execute(
        select(
            PlaceForecast.level, PlaceForecast.place_id,
            *(getattr(PlaceForecast, name) for name in _ENDS),
        ).where(
            PlaceForecast.indicator_key == info.key,
            PlaceForecast.level.in_(levels[: levels.index(level) + 1]),
            PlaceForecast.reason == "",
        )
    )  # fmt: skip
    at = {one: row for row, one in enumerate(ground.ids)}
    ends = np.full((len(ground.ids), run.horizon, len(_ENDS)), np.nan)
    larger: dict[tuple[str, int], Array] = {}
    for row_level, place_id, *arrays in rows:
        told = np.array(arrays, dtype=np.float64).T
        if row_level != level:
            larger[row_level, place_id] = told
        elif place_id in at:
            ends[at[place_id], : len(told)] = told[: run.horizon]
    begins = following(parse_period(run.last_period), 1)[0]
    return Forecast(
        info, run.made_from, ends, larger, begins, first.year_ce - begins.year_ce,
        _shared(session, info, level, ground),
    )  # fmt: skip


# What places missed together in the past: the forecasts that would have been made then.
def _shared(session: Session, info: IndicatorInfo, level: str, ground: Ground) -> Shared:
    series = read_series(session, info, [level])
    scale = scale_for(series.values, kind_of(info))
    known = histories(scale.there(series.values))
    made = errors(known, origins(known), max(int(known.horizon.max(initial=0)), 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = made.missed / made.scales[:, :, None]
    missed = np.where(np.isfinite(missed), missed, np.nan)
    if level == "province":
        return shared(missed)
    province = {
        one: place.within.get("province", "")
        for one, place in zip(ground.ids, ground.places, strict=True)
    }
    names = [province.get(one, "") for one in series.ids]
    number = {name: at for at, name in enumerate(sorted(set(names)))}
    return shared(missed, np.array([number[name] for name in names], dtype=np.int64))


def _last_values(
    session: Session, info: IndicatorInfo, level: str, ground: Ground
) -> tuple[Array, str]:
    rows = session.execute(
        select(PlaceValue.place_id, PlaceValue.value, PlaceValue.period_key)
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(
            PlaceValue.indicator_key == info.key,
            PlaceValue.level == level,
            PlaceValue.value.is_not(None),
            PeriodRow.granularity == "year",
        )
        .order_by(PeriodRow.end)
    ).all()
    at = {one: row for row, one in enumerate(ground.ids)}
    found = np.full(len(ground.ids), np.nan)
    for place_id, value, _ in rows:
        if place_id in at:
            found[at[place_id]] = value
    return found, max((row.period_key for row in rows), default="")


def _unforecast(info: IndicatorInfo, level: str) -> Text:
    return Text(
        th=f"{info.key}: ไม่มีการพยากรณ์ในระดับ {level}",
        en=f"{info.key}: there is no forecast by {level}",
    )


_CALENDARS = Text(
    th="ตัวชี้วัดนับปีต่างกัน (ปีปฏิทินกับปีงบประมาณ)",
    en="the indicators count years differently (calendar and fiscal)",
)
_NO_COMMON_YEAR = Text(
    th="การพยากรณ์ของตัวชี้วัดไม่มีปีที่ตรงกัน", en="the forecasts of the indicators share no year"
)
