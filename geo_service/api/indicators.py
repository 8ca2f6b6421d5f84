"""The catalogue of what is measured, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import GEOJSON, HTML, JSON, Links, json_answer, notice
from geo_service.api.pages import Cell, Column, Sheet, section, sheet_answer, table
from geo_service.core.errors import BadParameter
from geo_service.core.periods import Period
from geo_service.core.text import BUDDHIST_OFFSET, Text
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from layers import indicators as catalogue
from layers import periods as calendars
from layers.indicators import IndicatorInfo
from layers.models import THEMES
from layers.questions import state_of
from layers.value_collections import VALUE_LEVELS, is_shown_at
from layers.words import THEME_NAMES

router = APIRouter(tags=["indicators"])

_FORMATS = {"json": JSON, "html": HTML}
_NO_VALUES = Text("ยังไม่มีข้อมูล", "no data yet")
FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]
JsonQuery = Annotated[str | None, Query(alias="f", description="json")]


@router.get("/indicators")
def indicators(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    theme: Annotated[str | None, Query(description="only this theme")] = None,
    components: Annotated[str | None, Query(description="true: the parts as well")] = None,
    asked: FormatQuery = None,
) -> Response:
    """List what is measured.

    Returns
    -------
    Response
        JSON or HTML.

    Raises
    ------
    BadParameter
        If the theme is unknown.
    """
    form = choose_format(request, _FORMATS, asked)
    if theme is not None and theme not in THEMES:
        raise BadParameter(
            Text(th=f"theme คือ {', '.join(THEMES)}", en=f"theme is one of {', '.join(THEMES)}"),
            parameter="theme",
            known=list(THEMES),
        )
    state = state_of(session, ())
    headers = revalidate(request, state.token, lang=lang)
    has_components = _is_true(components, "components")
    known = catalogue.list_all(session, theme=theme, components=has_components)
    links = Links(request, lang)
    if form == "html":
        with_values = {one.key for one in known if catalogue.levels(session, one.key)}
        sheet = _sheet(known, links, with_values)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = [links.made("self", links.here(), JSON)]
    told = [
        _indicator(one, links) | {"links": [links.link("self", f"/indicators/{one.key}", JSON)]}
        for one in known
    ]
    body = {"links": own, "indicators": told, **notice(is_sample=state.is_sample)}
    return json_answer(body, headers, links=own)


@router.get("/indicators/{key}")
def indicator(
    request: Request, session: SessionDep, lang: LangDep, key: str, asked: JsonQuery = None
) -> Response:
    """Describe an indicator: what it means, where and when it has values.

    Returns
    -------
    Response
        JSON.
    """
    choose_format(request, {"json": JSON}, asked)
    known = catalogue.read(session, key)
    state = state_of(session, (f"indicator:{key}",))
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    levels = catalogue.levels(session, key)
    periods = {level: catalogue.periods(session, key, level) for level in levels}
    own = [links.made("self", links.here(), JSON)]
    if levels:
        title = known.name
        own += [
            links.link("alternate", f"/maps/{key}", HTML, title),
            links.link("describedby", f"/maps/{key}.json", JSON, title),
            links.link("related", f"/hexbins/{key}", JSON, title),
        ]
    own += [
        links.link("items", f"/collections/{known.theme}-by-{level}/items", GEOJSON)
        for level in VALUE_LEVELS
        if level in levels and not known.is_component and is_shown_at(known.finest_level, level)
    ]
    body = _indicator(known, links) | {
        "levels": list(levels),
        "periods": {
            level: [_period(one, links) for one in reversed(found)]
            for level, found in periods.items()
        },
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


@router.get("/periods")
def periods(
    request: Request, session: SessionDep, lang: LangDep, asked: JsonQuery = None
) -> Response:
    """List the periods something was measured in, the latest first.

    Returns
    -------
    Response
        JSON; dates are CE, labels Buddhist.
    """
    choose_format(request, {"json": JSON}, asked)
    state = state_of(session, ())
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    own = [links.made("self", links.here(), JSON)]
    told = [_period(one, links) for one in calendars.list_all(session)]
    return json_answer(
        {"links": own, "periods": told, **notice(is_sample=state.is_sample)}, headers, links=own
    )


def _sheet(known: Sequence[IndicatorInfo], links: Links, with_values: set[str]) -> Sheet:
    lang = links.lang
    columns = (
        Column(Text("ชื่อ", "Name")), Column(Text("หน่วย", "Unit")),
        Column(Text("ความหมาย", "What it means")), Column(Text("แหล่งข้อมูล", "Source")),
        Column(Text("รหัส", "Key")),
    )  # fmt: skip
    groups: dict[str, list[IndicatorInfo]] = {}
    for one in known:
        groups.setdefault(one.theme, []).append(one)
    parts = [
        section(
            THEME_NAMES[theme],
            table(
                columns,
                [
                    (
                        Cell(one.name.in_(lang), links.to(f"/maps/{one.key}", lang=lang))
                        if one.key in with_values
                        else Cell(one.name.in_(lang), note=_NO_VALUES.in_(lang)),
                        one.unit.in_(lang),
                        one.definition.in_(lang),
                        one.source.in_(lang),
                        one.key,
                    )
                    for one in members
                ],
                lang,
            ),
            lang,
        )
        for theme, members in groups.items()
    ]
    lead = Text("เลือกตัวชี้วัดเพื่อเปิดแผนที่", "Choose an indicator to open its map")
    title = Text("ตัวชี้วัด", "Indicators").in_(lang)
    return Sheet(title, "".join(parts), lead.in_(lang), (), [("JSON", links.here(f="json"))])


def _both(text: Text) -> dict[str, str]:
    return {"th": text.th, "en": text.en}


def _indicator(known: IndicatorInfo, links: Links) -> dict[str, Any]:
    lang = links.lang
    return {
        "key": known.key,
        "number": known.number,
        "theme": known.theme,
        "title": known.name.in_(lang),
        "name": _both(known.name),
        "unit": _both(known.unit),
        "definition": _both(known.definition),
        "formula": known.formula,
        "numerator": list(known.numerator_keys),
        "denominator": known.denominator_key,
        "factor": known.factor,
        "weight": known.weight_key,
        "spaceAggregation": known.space_agg,
        "timeAggregation": known.time_agg,
        "tier": known.tier,
        "direction": known.direction,
        "privacy": known.privacy,
        "finestLevel": known.finest_level,
        "calendar": known.calendar,
        "decimals": known.decimals,
        "thresholds": [
            {"value": one.value, "label": _both(one.label), "authority": one.authority}
            for one in known.thresholds
        ],
        "target": known.target,
        "source": _both(known.source),
        "isComponent": known.is_component,
    }


def _period(known: Period, links: Links) -> dict[str, Any]:
    return {
        "key": known.key,
        "calendar": known.calendar,
        "granularity": known.granularity,
        "start": known.start.isoformat(),
        "end": known.end.isoformat(),
        "title": known.label.in_(links.lang),
        "label": _both(known.label),
        "yearBE": known.year_ce + BUDDHIST_OFFSET,
    }


def _is_true(text: str | None, name: str) -> bool:
    if text not in {None, "true", "false"}:
        raise BadParameter(
            Text(th=f"{name} คือ true หรือ false", en=f"{name} is true or false"), parameter=name
        )
    return text == "true"
