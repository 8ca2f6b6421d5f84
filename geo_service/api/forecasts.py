"""Where an indicator is heading: history, trend, forecast with intervals, and its back-test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import CSV, HTML, JSON, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.core.errors import BadParameter
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, choose_format, parse_count, revalidate
from geo_service.deps.place_codes import codes_of
from layers import forecasts as kept
from layers import indicators
from layers.analysis.forecast import LONGEST_HORIZON
from layers.forecasts import Forecasts, Place, words
from layers.foreseen import PlaceForecast
from layers.indicators import IndicatorInfo
from layers.questions import state_of
from layers.versions import of_indicator

router = APIRouter(prefix="/forecasts", tags=["forecasts"])

_FORMATS = {"json": JSON, "csv": CSV, "html": HTML}
_HEADINGS = (
    "indicator", "unit", "level", "code", "name_th", "name_en", "period", "kind", "value",
    "low80", "high80", "low95", "high95", "status", "reason", "trend", "mase", "naive_mase",
)  # fmt: skip


@router.get("/{indicator}")
def forecast(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    indicator: str,
    place: Annotated[
        str | None, Query(max_length=1_000, description="codes of places, by commas")
    ] = None,
    level: Annotated[str | None, Query(description="country ... subdistrict | org")] = None,
    horizon: Annotated[
        str | None, Query(description=f"years ahead, 1-{LONGEST_HORIZON}; all there are")
    ] = None,
    asked: Annotated[str | None, Query(alias="f", description="json | csv | html")] = None,
) -> Response:
    """Give the trend and the forecast of an indicator, for some places or all of a level.

    Returns
    -------
    Response
        JSON, CSV or HTML; the history comes along where places are named.

    Raises
    ------
    BadParameter
        If the horizon is out of reach or too many places are named.
    """
    form = choose_format(request, _FORMATS, asked)
    known = indicators.read(session, indicator)
    subjects = ("areas", "orgs", *map(of_indicator, (indicator, *known.parts)))
    state = state_of(session, subjects)
    headers = revalidate(request, state.token, lang=lang)
    codes = codes_of(place)
    years = parse_count(horizon, "horizon", default=LONGEST_HORIZON, least=1)
    if years > LONGEST_HORIZON:
        raise BadParameter(
            Text(
                th=f"horizon คือ 1-{LONGEST_HORIZON} ปี", en=f"horizon is 1-{LONGEST_HORIZON} years"
            ),
            parameter="horizon",
        )
    if form == "html" and not codes and level is None:
        # People begin with the country, programs with the places of a level.
        codes = ("TH",) if "country" in kept.levels(session, indicator) else ()
    found = kept.read(session, indicator, level=level, codes=codes, horizon=years)
    links = Links(request, lang)
    if form == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.forecast_page(
            found, links.frame(headers, is_sample=state.is_sample)
        )
        return page
    if form == "csv":
        name = f"{indicator}-forecast-{found.run.level}.csv"
        rows = list(_rows(found, lang))
        return csv_answer(_HEADINGS, rows, headers, file_name=name, is_sample=state.is_sample)
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="csv"), CSV),
        links.made("alternate", links.here(f="html"), HTML),
        links.link("describedby", f"/indicators/{indicator}", JSON, known.name),
    ]
    body = _head(found, lang) | {
        "places": [_place(one, found.indicator, lang) for one in found.places],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


def _head(found: Forecasts, lang: Lang) -> dict[str, Any]:
    info, run = found.indicator, found.run
    total, *by_year = run.scores or [{}]
    said = words.worth(total.get("mase"), total.get("naive_mase"))
    return {
        "indicator": info.key,
        "title": info.name.in_(lang),
        "unit": info.unit.in_(lang),
        "level": run.level,
        "history": {"first": run.first_period, "last": run.last_period},
        "horizon": run.horizon,
        "places_of_level": run.places,
        "places_forecast": run.forecast_places,
        "adds_up": run.adds_up,
        "scale": run.scale,
        "method": words.METHOD.in_(lang),
        "notes": [one.in_(lang) for one in words.notes_of(run, info)],
        "refused": None if run.forecast_places else _refused(found).in_(lang),
        "backtest": {
            "better_than_naive": words.is_better(total),
            "words": said.in_(lang),
            "all": total or None,
            "by_years_ahead": by_year,
        },
        "made_from": run.made_from,
        "made_at": run.made_at.isoformat(),
    }


def _refused(found: Forecasts) -> Text:
    reasons = [one.trend.reason for one in found.places if one.trend.reason]
    common = max(sorted(set(reasons)), key=reasons.count, default="too-short")
    return words.REASONS[common]


def _place(one: Place, info: IndicatorInfo, lang: Lang) -> dict[str, Any]:
    row = one.trend
    told: dict[str, Any] = {
        "code": one.code,
        "name": one.name.in_(lang),
        "refused": _reason(row, lang),
        "years": row.years,
        "years_filled": row.years_filled,
        "trend": _trend(row, info, lang),
        "backtest": {
            "mase": row.mase,
            "naive_mase": row.naive_mase,
            "words": words.worth(row.mase, row.naive_mase).in_(lang),
        },
        "forecast": [
            {
                "period": year.period.key,
                "period_label": year.period.label.in_(lang),
                "point": year.point,
                "low80": year.low80,
                "high80": year.high80,
                "low95": year.low95,
                "high95": year.high95,
            }
            for year in one.ahead
        ],
    }
    if limits := _limits(one, info, lang):
        told["limits"] = limits
    if one.history:
        told["history"] = [
            {
                "period": past.period.key,
                "period_label": past.period.label.in_(lang),
                "value": past.value,
                "status": past.status,
            }
            for past in one.history
        ]
    return told


def _trend(row: PlaceForecast, info: IndicatorInfo, lang: Lang) -> dict[str, Any]:
    return {
        "words": words.trend_of(row, info).in_(lang),
        "direction": row.direction,
        "strength": row.strength,
        "level": row.recent_level,
        "slope": row.slope,
        "slope_low95": row.slope_low,
        "slope_high95": row.slope_high,
        "tau": row.tau,
        "p_value": row.p_value,
        "change_period": row.change_period,
    }


def _limits(one: Place, info: IndicatorInfo, lang: Lang) -> list[dict[str, Any]]:
    years = [year.period.key for year in one.ahead]
    return [
        {
            "value": found.limit.value,
            "label": found.limit.label.in_(lang),
            "authority": found.limit.authority,
            "likely_from": None if found.year is None else found.year.key,
            "chances": dict(zip(years, found.chances, strict=True)),
        }
        for found in one.passing(info.thresholds)
    ]


def _reason(row: PlaceForecast, lang: Lang) -> dict[str, str] | None:
    if not row.reason:
        return None
    return {"reason": row.reason, "words": words.REASONS[row.reason].in_(lang)}


def _rows(found: Forecasts, lang: Lang) -> Iterator[tuple[Any, ...]]:
    info = found.indicator
    for one in found.places:
        row = one.trend
        where = (
            info.key, info.unit.in_(lang), found.run.level, one.code, one.name.th, one.name.en,
        )  # fmt: skip
        end = (row.reason, row.direction, row.mase, row.naive_mase)
        none = (None,) * 4
        for past in one.history:
            yield (*where, past.period.key, "history", past.value, *none, past.status, *end)
        for year in one.ahead:
            ends = (year.low80, year.high80, year.low95, year.high95)
            yield (*where, year.period.key, "forecast", year.point, *ends, "", *end)
        if not one.ahead and not one.history:
            yield (*where, "", "refused", None, *none, "", *end)
