"""What a form for a new scenario offers: indicators, years and places that a lever can act on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.periods import parse_period
from geo_service.core.text import Text
from layers import indicators
from layers.cube import places as cube_places
from layers.cube.query import DEFAULT_SCHEME
from layers.forecasts.series import following
from layers.foreseen import ForecastRun
from layers.indicators import IndicatorInfo
from layers.scenarios.plan import is_ratio, leaves

#: A form asks for provinces; finer scenarios are written as files.
LEVEL = "province"


@dataclass(frozen=True, slots=True)
class Region:
    """A region with its provinces, by code and name; without a code for those in none."""

    code: str
    name: Text
    provinces: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Indicators in the order of the catalogue, years (CE) of any forecast, regions by code.

    From ``start`` on every indicator that has a forecast for long enough has one.
    """

    indicators: tuple[IndicatorInfo, ...]
    years: tuple[int, ...]
    start: int
    regions: tuple[Region, ...]


def read(session: Session) -> Offer:
    """Find out what can be offered at this state of the data.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    Offer
        Without indicators where nothing is forecast by province.
    """
    rows = session.execute(
        select(ForecastRun.indicator_key, ForecastRun.last_period, ForecastRun.horizon).where(
            ForecastRun.level == LEVEL, ForecastRun.horizon > 0
        )
    ).all()
    ahead = {one.indicator_key: _years(one.last_period, one.horizon) for one in rows}
    catalogue = {one.key: one for one in indicators.list_all(session, components=True)}
    able = tuple(
        one
        for one in catalogue.values()
        if _takes_levers(one) and set(leaves(one.key, catalogue)) <= ahead.keys()
    )
    used = {leaf for one in able for leaf in leaves(one.key, catalogue)}
    years = sorted({year for key in used for year in ahead[key]})
    start = max((min(ahead[key]) for key in used), default=0)
    return Offer(able, tuple(years), start, _regions(session))


def _years(last_period: str, horizon: int) -> list[int]:
    return [one.year_ce for one in following(parse_period(last_period), horizon)]


def _takes_levers(info: IndicatorInfo) -> bool:
    if is_ratio(info):
        return min(info.numerators.values()) > 0
    return info.space_agg not in {"RATIO", "FORMULA", "RECLASSIFY"}


def _regions(session: Session) -> tuple[Region, ...]:
    known = cube_places.read(session, DEFAULT_SCHEME)
    names = known.at("region")
    inside: dict[str, list[tuple[str, Text]]] = {}
    for code, one in known.at("province").items():
        region = one.within.get("region", "")
        inside.setdefault(region if region in names else "", []).append((code, one.name))
    return tuple(
        Region(code, names[code].name if code else _OTHERS, tuple(provinces))
        for code, provinces in sorted(inside.items(), key=lambda one: (not one[0], one[0]))
    )


_OTHERS = Text(th="จังหวัด", en="Provinces")
