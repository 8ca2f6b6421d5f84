"""Making forecasts after a load: once for each state of the data, for every level.

They follow from the prepared values. Rows carry the sum of the versions they were made from: as
versions only rise, a sum that still agrees means that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionMember
from ingest.copying import copy_rows
from layers import indicators, versions
from layers.analysis.backtest import Score
from layers.analysis.intervals import LEVELS
from layers.analysis.trend import FEWEST_VALUES
from layers.forecasts import making
from layers.forecasts.making import NESTED, Made
from layers.forecasts.series import read as read_series
from layers.foreseen import ForecastRun, PlaceForecast
from layers.indicators import IndicatorInfo
from layers.models import PlaceValue
from layers.value_rules import AMOUNTS

_ARRAYS = ("point", *(f"{end}{level}" for level in LEVELS for end in ("low", "high")))
_NUMBERS = ("recent_level", "slope", "slope_low", "slope_high", "tau", "p_value", "mase",
            "naive_mase")  # fmt: skip
_WHOLE = ("place_id", "years", "years_filled")


def rebuild(session: Session, key: str, *, everything: bool = False) -> int:
    """Make the forecasts of an indicator, if anything they follow from has changed.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    key : str
        Key of the indicator.
    everything : bool
        Whether to make them anew in any case.

    Returns
    -------
    int
        Places written; 0 when those stored are still good, or there is nothing to forecast.
    """
    info = indicators.read(session, key)
    made_from = state_of(session, info)
    known = select(ForecastRun.made_from).where(ForecastRun.indicator_key == key)
    stored = session.scalars(known).all()
    if stored and not everything and all(one == made_from for one in stored):
        return 0
    for table in (PlaceForecast, ForecastRun):
        session.execute(delete(table).where(table.indicator_key == key))
    if info.space_agg == "RECLASSIFY":
        return 0
    state = {"indicator_key": key, "made_from": made_from}
    long = _long_levels(session, info, state)
    if not long:
        return 0
    families, summed = _families(session, info, long)
    return sum(_store(session, made, state, summed) for made in families)


def forget_others(session: Session, keys: Collection[str]) -> None:
    """Drop the forecasts of indicators that are no longer in the catalogue.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    keys : collection of str
        Of the indicators that stay.
    """
    for table in (PlaceForecast, ForecastRun):
        session.execute(delete(table).where(table.indicator_key.not_in(keys)))


def state_of(session: Session, info: IndicatorInfo) -> int:
    """Sum up the versions of everything that forecasts follow from.

    Parameters
    ----------
    session : Session
        Open.
    info : IndicatorInfo
        Which.

    Returns
    -------
    int
        Rises with every change.
    """
    keys = (info.key, *info.parts)
    subjects = ("areas", "orgs", "catalogue", *map(versions.of_indicator, keys))
    return sum(versions.versions_of(session, subjects).values())


def _families(
    session: Session, info: IndicatorInfo, long: Collection[str]
) -> tuple[list[Made], set[str]]:
    counted = select(PlaceValue.level, func.count(PlaceValue.place_id.distinct()))
    counted = counted.where(
        PlaceValue.indicator_key == info.key, PlaceValue.level.in_(("region", "province"))
    ).group_by(PlaceValue.level)
    counts = {level: number for level, number in session.execute(counted) if level in long}
    families = making.families_for(counts)
    wanted = ([level for level in levels if level in long] for levels in families)
    read = (read_series(session, info, levels) for levels in wanted if levels)
    made = [making.make(series, info) for series in read if not series.is_empty]
    nested = [one for one in made if NESTED & set(one.series.levels)]
    if not nested or info.space_agg not in AMOUNTS:
        return made, set()
    pairs = session.execute(select(Area.id, Area.parent_id))
    parents = {area: parent for area, parent in pairs if parent is not None}
    done, summed = making.add_up(nested, parents)
    provinces = next((one for one in done if "province" in one.series.levels), None)
    done += [one for one in made if not NESTED & set(one.series.levels)]
    if provinces is None:
        return done, summed
    members = _members(session)
    return [
        making.sum_regions(one, provinces, members) if "region" in one.series.levels else one
        for one in done
    ], summed


def _members(session: Session) -> dict[int, list[int]]:
    members: dict[int, list[int]] = {}
    rows = session.execute(
        select(RegionMember.region_id, Area.id)
        .join(Area, Area.code == RegionMember.province_code)
        .where(Area.level == "province", func.upper_inf(Area.valid))
    )
    for region, province in rows:
        members.setdefault(region, []).append(province)
    return members


def _store(session: Session, made: Made, state: dict[str, Any], summed: set[str]) -> int:
    rows = list(making.rows_of(made))
    periods = made.series.periods
    for level in dict.fromkeys(made.series.levels):
        own = [row for row in rows if row["level"] == level]
        reach = [len(row["point"]) for row in own if row["point"]]
        session.add(
            ForecastRun(
                **state, level=level, first_period=periods[0].key, last_period=periods[-1].key,
                scale=made.scale.name, horizon=max(reach, default=0), places=len(own),
                forecast_places=len(reach), adds_up=level in summed,
                scores=[_told(score) for score in made.score(level)],
            )
        )  # fmt: skip
    session.flush()
    if not rows:
        return 0
    return copy_rows(session, "place_forecast", _table(rows, state["indicator_key"]))


def _table(rows: list[dict[str, Any]], key: str) -> pl.DataFrame:
    types = dict.fromkeys(_NUMBERS, pl.Float64) | dict.fromkeys(_WHOLE, pl.Int64)
    written = [{**row, **{name: _array(row[name]) for name in _ARRAYS}} for row in rows]
    names = list(written[0]) if written else []
    schema = {name: types.get(name, pl.String) for name in names}
    table = pl.DataFrame(written, schema=schema)
    return table.with_columns(pl.lit(key).alias("indicator_key"))


def _array(numbers: list[float]) -> str:
    return "{" + ",".join(f"{number:.7g}" for number in numbers) + "}"


# Levels with years enough for a trend. With fewer no place has one: a row of the level says so.
def _long_levels(session: Session, info: IndicatorInfo, state: dict[str, Any]) -> list[str]:
    long = []
    for level in indicators.levels(session, info.key):
        known = indicators.periods(session, info.key, level)
        years = [one for one in known if one.granularity == "year"]
        if len(years) >= FEWEST_VALUES:
            long.append(level)
        elif years:
            session.add(
                ForecastRun(
                    **state, level=level, scale="plain", first_period=years[0].key,
                    last_period=years[-1].key, horizon=0, places=0, forecast_places=0,
                    adds_up=False, scores=[],
                )
            )  # fmt: skip
    session.flush()
    return long


def _told(score: Score) -> dict[str, Any]:
    return {
        "ahead": score.ahead,
        "forecasts": score.forecasts,
        "mase": _kept(score.mase),
        "naive_mase": _kept(score.naive_mase),
        **{f"coverage{one}": _kept(score.coverage[one]) for one in LEVELS},
        **{f"interval_score{one}": _kept(score.interval_score[one]) for one in LEVELS},
    }


def _kept(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
