"""When places grow old: people by age projected, and the year each limit is passed."""

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
from layers import ageing
from layers.age_counts import PEOPLE
from layers.ageing import LONGEST_YEARS, SHARE, USUAL_YEARS, Ageing, Passing, Place
from layers.questions import state_of
from layers.versions import of_indicator

router = APIRouter(prefix="/ageing", tags=["forecasts"])

_FORMATS = {"json": JSON, "csv": CSV, "html": HTML}
_HEADINGS = (
    "level", "code", "name_th", "name_en", "basis", "year", "kind", "share_60p", "low80", "high80",
    "low95", "high95", "people", "people_60p", "limit", "passed", "early", "likely", "late",
)  # fmt: skip


@router.get("")
def when_places_grow_old(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    place: Annotated[
        str | None, Query(max_length=1_000, description="codes of places, by commas")
    ] = None,
    level: Annotated[str | None, Query(description="country ... subdistrict | org")] = None,
    horizon: Annotated[str | None, Query(description=f"years ahead, 5-{LONGEST_YEARS}")] = None,
    asked: Annotated[str | None, Query(alias="f", description="json | csv | html")] = None,
) -> Response:
    """Tell when the share of people aged 60 and over passes each limit, and how sure that is.

    Returns
    -------
    Response
        JSON, CSV or HTML.

    Raises
    ------
    BadParameter
        If the horizon is out of reach or too many places are named.
    """
    form = choose_format(request, _FORMATS, asked)
    state = state_of(session, ("areas", "orgs", of_indicator(SHARE), of_indicator(PEOPLE)))
    headers = revalidate(request, state.token, lang=lang)
    years = parse_count(horizon, "horizon", default=USUAL_YEARS, least=1)
    if not ageing.TREND_YEARS <= years <= LONGEST_YEARS:
        raise BadParameter(
            Text(
                th=f"horizon คือ {ageing.TREND_YEARS}-{LONGEST_YEARS} ปี",
                en=f"horizon is {ageing.TREND_YEARS}-{LONGEST_YEARS} years",
            ),
            parameter="horizon",
        )
    found = ageing.read(session, level=level, codes=codes_of(place), horizon=years)
    links = Links(request, lang)
    if form == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.ageing_page(
            found, links.frame(headers, is_sample=state.is_sample)
        )
        return page
    if form == "csv":
        return csv_answer(
            _HEADINGS, list(_rows(found)), headers,
            file_name=f"ageing-{found.level}.csv", is_sample=state.is_sample,
        )  # fmt: skip
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="csv"), CSV),
        links.made("alternate", links.here(f="html"), HTML),
        links.link("describedby", f"/indicators/{SHARE}", JSON, found.indicator.name),
    ]
    body = _head(found, lang) | {
        "places": [_place(one, lang) for one in found.places],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


def _head(found: Ageing, lang: Lang) -> dict[str, Any]:
    counts = found.counts
    return {
        "title": found.indicator.name.in_(lang),
        "unit": found.indicator.unit.in_(lang),
        "level": found.level,
        "horizon": found.horizon,
        "refused": None if found.refused is None else found.refused.in_(lang),
        "method": ageing.method_of(found).in_(lang),
        "counts": None
        if found.refused is not None
        else {
            "first": counts.first.key if counts.first else None,
            "last": counts.base.key,
            "openFrom": counts.open_from,
            "spread": [round(float(one), 4) for one in counts.spread],
            "spreadIsMeasured": counts.is_measured,
        },
    }


def _place(one: Place, lang: Lang) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name.in_(lang),
        "basis": one.basis,
        "history": [
            {"period": past.period.key, "value": past.value, "status": past.status}
            for past in one.history
        ],
        "ahead": [
            {
                "year": year.period.year_ce, "point": year.point, "low80": year.low80,
                "high80": year.high80, "low95": year.low95, "high95": year.high95,
            }
            for year in one.ahead
        ],
        "people": [
            {"year": then.year, "total": round(then.total), "sixty": round(then.sixty)}
            for then in one.people
        ],
        "limits": [_passing(passing, lang) for passing in one.passing],
    }  # fmt: skip


def _passing(one: Passing, lang: Lang) -> dict[str, Any]:
    return {
        "value": one.limit.value,
        "label": one.limit.label.in_(lang),
        "authority": one.limit.authority,
        "passed": None if one.passed is None else one.passed.key,
        "likely": one.likely,
        "early": one.early,
        "late": one.late,
        "chances": {str(year): chance for year, chance in one.chances},
    }


def _rows(found: Ageing) -> Iterator[tuple[object, ...]]:
    none = (None,) * 7
    for one in found.places:
        where = (found.level, one.code, one.name.th, one.name.en, one.basis)
        people = {then.year: (round(then.total), round(then.sixty)) for then in one.people}
        for past in one.history:
            told = (past.period.year_ce, "measured", past.value)
            yield (*where, *told, None, None, None, None, *none)
        for year in one.ahead:
            then = year.period.year_ce
            ends = (year.low80, year.high80, year.low95, year.high95)
            counted = people.get(then, (None, None))
            yield (*where, then, "projected", year.point, *ends, *counted, *(None,) * 5)
        for passing in one.passing:
            when = None if passing.passed is None else passing.passed.year_ce
            years = (passing.limit.value, when, passing.early, passing.likely, passing.late)
            yield (*where, None, "limit", *none, *years)
