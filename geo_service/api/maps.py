"""A thematic map as data: its classes and places, its legend, its table."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.links import CSV, HTML, JSON, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from geo_service.deps import LangDep, PeriodDep, SessionDep, parse_count, revalidate
from layers import indicators
from layers.analysis.classify import MOST_CLASSES
from layers.filters import Interval
from layers.forecasts import mapped
from layers.models import PLACE_LEVELS
from layers.questions import State, state_of
from layers.thematic import SCHEMES, MapClass, MapPlace, Outlook, Source, Span, ThematicMap, Wanted
from layers.thematic.choices import FEWEST_CLASSES, USUAL_CLASSES
from layers.thematic.compare import build as build_comparison

router = APIRouter(prefix="/maps", tags=["maps"])

_CSV_HEADINGS = (
    "indicator", "unit", "level", "code", "name_th", "name_en", "within_th", "within_en",
    "period", "value", "status", "numerator", "denominator", "class_from", "class_to", "rank",
    "rank_of", "previous", "reporting", "expected", "basis", "flags", "source", "kind", "low80",
    "high80", "low95", "high95",
)  # fmt: skip


class MapQuery:
    """What a map shows; absent means the map's own choice."""

    def __init__(
        self,
        period: PeriodDep,
        level: Annotated[str | None, Query(description="country ... subdistrict | org")] = None,
        area: Annotated[str | None, Query(description="code of a place to stay within")] = None,
        scheme: Annotated[str | None, Query(description="quantile | equal | natural ...")] = None,
        classes: Annotated[
            str | None, Query(description=f"{FEWEST_CLASSES}-{MOST_CLASSES}")
        ] = None,
        region_scheme: Annotated[str | None, Query(description="for level=region")] = None,
        compare: Annotated[
            str | None, Query(max_length=60, description="period to take away: differences")
        ] = None,
    ) -> None:
        if level not in {None, *PLACE_LEVELS}:
            _refuse("level", PLACE_LEVELS)
        if scheme not in {None, *SCHEMES}:
            _refuse("scheme", SCHEMES)
        self.wanted = Wanted(
            level=level,
            period=period.text if isinstance(period, Interval) else period,
            area=area,
            scheme=scheme,
            classes=parse_count(classes, "classes", default=USUAL_CLASSES, least=FEWEST_CLASSES),
            region_scheme=region_scheme,
        )
        self.compare = compare or None


MapQueryDep = Annotated[MapQuery, Depends()]


@router.get("/{indicator}.json")
def map_json(
    request: Request, session: SessionDep, lang: LangDep, indicator: str, query: MapQueryDep
) -> Response:
    """Give a thematic map as data.

    Returns
    -------
    Response
        JSON: classes, places, total, sources.
    """
    state, headers = fresh(request, session, lang, indicator)
    shown = build_map(session, indicator, query)
    links = Links(request, lang)
    path = f"/maps/{indicator}"
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here().replace(".json", "", 1), HTML, shown.title),
        links.made("alternate", links.here().replace(".json", ".csv", 1), CSV),
        links.link("describedby", f"/indicators/{indicator}", JSON),
        links.link("related", f"{path}/legend.json", JSON),
    ]
    coming = shown.coming or mapped.coming(session, indicator, shown.level)
    body = _head(shown, links) | {
        "coming": [{"key": one.key, "title": one.label.in_(lang)} for one in coming],
        "notes": [one.in_(lang) for one in shown.notes],
        "classes": [_class(one, lang) for one in shown.classes],
        "places": [_place(one, lang) for one in shown.places],
        "total": None if shown.total is None else _place(shown.total, lang),
        "histogram": list(shown.histogram),
        "sources": [_source(one, lang) for one in shown.sources],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


@router.get("/{indicator}/legend.json")
def legend(
    request: Request, session: SessionDep, lang: LangDep, indicator: str, query: MapQueryDep
) -> Response:
    """Give the legend of a thematic map.

    Returns
    -------
    Response
        JSON: classes in the order of the map.
    """
    state, headers = fresh(request, session, lang, indicator)
    shown = build_map(session, indicator, query)
    links = Links(request, lang)
    body = _head(shown, links) | {
        "classes": [_class(one, lang) for one in shown.classes],
        "links": [links.made("self", links.here(), JSON)],
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers)


@router.get("/{indicator}.csv")
def map_csv(
    request: Request, session: SessionDep, lang: LangDep, indicator: str, query: MapQueryDep
) -> Response:
    """Give the table of a thematic map.

    Returns
    -------
    Response
        CSV that opens in a spreadsheet.
    """
    state, headers = fresh(request, session, lang, indicator)
    shown = build_map(session, indicator, query)
    source = "; ".join(one.title.in_(lang) for one in shown.sources)
    rows = [_row(shown, one, lang, source) for one in shown.places]
    name = f"{indicator}-{shown.level}-{_period_of(shown).replace('/', '-to-')}.csv"
    return csv_answer(_CSV_HEADINGS, rows, headers, file_name=name, is_sample=state.is_sample)


def fresh(
    request: Request, session: SessionDep, lang: LangDep, indicator: str
) -> tuple[State, dict[str, str]]:
    """Read the state behind a map, or stop here when the caller's copy is good.

    Parameters
    ----------
    request : Request
        What was asked.
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the answer.
    indicator : str
        Key.

    Returns
    -------
    tuple of (State, dict)
        The state, and headers from `revalidate`.
    """
    indicators.read(session, indicator)
    state = state_of(session, ("areas", "orgs", f"indicator:{indicator}"))
    return state, revalidate(request, state.token, lang=lang)


def build_map(session: SessionDep, indicator: str, query: MapQuery) -> ThematicMap:
    """Build the map that was asked for.

    Parameters
    ----------
    session : Session
        Only read.
    indicator : str
        Key.
    query : MapQuery
        What it shows.

    Returns
    -------
    ThematicMap
        Of values, of differences, or of forecasts.
    """
    if query.compare is not None:
        return build_comparison(session, indicator, query.wanted, against=query.compare)
    return mapped.build(session, indicator, query.wanted)


def _head(shown: ThematicMap, links: Links) -> dict[str, Any]:
    lang, known = links.lang, shown.indicator
    return {
        "indicator": known.key,
        "title": shown.title.in_(lang),
        "name": known.name.in_(lang),
        "unit": known.unit.in_(lang),
        "decimals": known.decimals,
        "direction": known.direction,
        "level": shown.level,
        "levels": list(shown.levels),
        "regionScheme": shown.region_scheme,
        "period": {
            "key": shown.period.key,
            "title": shown.period.label.in_(lang),
            "start": shown.period.start.isoformat(),
            "end": shown.period.end.isoformat(),
        },
        "compare": None
        if shown.against is None
        else {"key": shown.against.key, "title": shown.against.label.in_(lang)},
        "periods": [{"key": one.key, "title": one.label.in_(lang)} for one in shown.periods],
        "area": None
        if shown.area_code is None
        else {
            "code": shown.area_code,
            "name": shown.area_name.in_(lang) if shown.area_name else shown.area_code,
        },
        "bbox": list(shown.bbox),
        "scheme": shown.scheme,
        "method": shown.method.in_(lang),
        "reporting": shown.reporting,
        "expected": shown.expected,
        "kind": "measured" if shown.outlook is None else "forecast",
        "forecast": None if shown.outlook is None else _outlook(shown.outlook, lang),
        "note": shown.breaks_note.in_(lang) if shown.breaks_note else None,
        "isIllustrative": shown.is_illustrative,
        "version": shown.version,
    }


def _class(one: MapClass, lang: LangDep) -> dict[str, Any]:
    return {
        "kind": one.kind.replace("_", "-"),
        "from": one.lower,
        "to": one.upper,
        "colour": one.colour,
        "label": one.label.in_(lang),
        "count": one.count,
    }


def _place(one: MapPlace, lang: LangDep) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name.in_(lang),
        "within": one.within.in_(lang),
        "value": one.value,
        "status": one.status,
        "numerator": one.numerator,
        "denominator": one.denominator,
        "class": one.class_index,
        "rank": one.rank,
        "rankOf": one.rank_of,
        "previous": one.previous,
        "reporting": one.reporting,
        "expected": one.expected,
        "basis": one.basis,
        "flags": list(one.flags),
        **(_span(one.span) if one.span else {}),
    }


def _span(span: Span) -> dict[str, Any]:
    ends = ("low80", "high80", "low95", "high95")
    return dict(zip(ends, _ends(span), strict=True)) | {"classes80": span.classes}


def _outlook(told: Outlook, lang: LangDep) -> dict[str, Any]:
    return {
        "words": told.worth.in_(lang),
        "method": told.method.in_(lang),
        "last": {"key": told.last.key, "title": told.last.label.in_(lang)},
        "yearsAhead": told.ahead,
        "forecast": told.forecast,
        "withinOneClass": told.sure,
        "backtest": dict(told.score) or None,
    }


def _source(one: Source, lang: LangDep) -> dict[str, Any]:
    return {
        "dataset": one.dataset_id,
        "title": one.title.in_(lang),
        "publisher": one.publisher.in_(lang),
        "licence": one.licence,
        "attribution": one.attribution.in_(lang),
        "url": one.url,
        "version": one.version,
        "loaded": one.loaded_on,
    }


def _row(shown: ThematicMap, one: MapPlace, lang: LangDep, source: str) -> tuple[Any, ...]:
    own = None if one.class_index is None else shown.classes[one.class_index]
    limits = (None, None) if own is None else (own.lower, own.upper)
    return (
        shown.indicator.key, shown.indicator.unit.in_(lang), shown.level, one.code, one.name.th,
        one.name.en, one.within.th, one.within.en, _period_of(shown), one.value, one.status,
        one.numerator, one.denominator, *limits, one.rank, one.rank_of, one.previous,
        one.reporting, one.expected, one.basis, one.flags, source,
        "measured" if shown.outlook is None else "forecast",
        *(_ends(one.span) if one.span else (None,) * 4),
    )  # fmt: skip


def _ends(span: Span) -> tuple[float, ...]:
    return span.low80, span.high80, span.low95, span.high95


def _period_of(shown: ThematicMap) -> str:
    return f"{shown.against.key}/{shown.period.key}" if shown.against else shown.period.key


def _refuse(name: str, known: tuple[str, ...]) -> None:
    raise BadParameter(
        Text(th=f"{name} คือ {', '.join(known)}", en=f"{name} is one of {', '.join(known)}"),
        parameter=name,
        known=list(known),
    )
