"""What if: scenarios with levers, baseline, scenario and difference, as JSON, CSV or pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import CSV, HTML, JSON, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.core.text import Lang
from geo_service.deps import LangDep, SessionDep, choose_format, parse_count, revalidate
from geo_service.deps.place_codes import codes_of
from layers import scenarios as kept
from layers.questions import State, state_of
from layers.scenarios import Found, Line, Summary, words
from layers.scenarios.models import ScenarioRun

router = APIRouter(prefix="/scenarios", tags=["scenarios"])

_FORMATS = {"json": JSON, "csv": CSV, "html": HTML}
_LIST = ("name", "version", "title_th", "title_en", "author", "created_at", "hash")
_HEADINGS = (
    "scenario", "version", "indicator", "unit", "level", "code", "name_th", "name_en", "period",
    "kind", "median", "low80", "high80", "low95", "high95",
)  # fmt: skip
#: Rows of a result: lower 95 and 80, middle, upper 80 and 95.
_ROWS = ("low95", "low80", "median", "high80", "high95")
_KINDS = ("baseline", "scenario", "difference")

FormatQuery = Annotated[str | None, Query(alias="f", description="json | csv | html")]


@router.get("")
def scenarios(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """List the scenarios.

    Returns
    -------
    Response
        JSON, CSV or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    state = _state(session)
    headers = revalidate(request, state.token, lang=lang)
    found = kept.list_all(session)
    links = Links(request, lang)
    if form == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.scenarios_page(
            found, links.frame(headers, is_sample=state.is_sample)
        )
        return page
    if form == "csv":
        rows = [
            (
                one.name, one.number, one.document.title.th, one.document.title.en,
                one.document.author, one.created_at.isoformat(), one.document.hash,
            )
            for one in found
        ]  # fmt: skip
        return csv_answer(
            _LIST, rows, headers, file_name="scenarios.csv", is_sample=state.is_sample
        )
    own = _own(links)
    body = {
        "scenarios": [_summary(one, links, lang) for one in found],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


@router.get("/{name}")
def scenario(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    name: str,
    version: Annotated[str | None, Query(description="a number; the newest when absent")] = None,
    indicator: Annotated[str | None, Query(description="one of the outcomes")] = None,
    place: Annotated[
        str | None, Query(max_length=1_000, description="codes of places, by commas")
    ] = None,
    level: Annotated[
        str | None, Query(description="country | region | province | district | acted-on")
    ] = None,
    asked: FormatQuery = None,
) -> Response:
    """Give a scenario: what it assumes, and baseline, scenario and difference by year and place.

    Returns
    -------
    Response
        JSON, CSV or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    state = _state(session)
    headers = revalidate(request, state.token, lang=lang)
    number = None if version is None else parse_count(version, "version", default=1, least=1)
    codes = codes_of(place)
    found = kept.read(session, name, version=number, indicator=indicator, level=level, codes=codes)
    links = Links(request, lang)
    if form == "html":
        page: Response = request.app.state.scenario_page(
            session, found, links.frame(headers, is_sample=state.is_sample)
        )
        return page
    if form == "csv":
        file_name = f"scenario-{name}-{found.row.number}.csv"
        rows = list(_rows(found, lang))
        return csv_answer(_HEADINGS, rows, headers, file_name=file_name, is_sample=state.is_sample)
    own = _own(links)
    body = _head(found, lang) | {
        "results": [_result(line, found, lang) for line in found.lines],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:1])


def _state(session: SessionDep) -> State:
    return state_of(session, ("areas", kept.SUBJECT))


def _own(links: Links) -> list[dict[str, str]]:
    return [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="csv"), CSV),
        links.made("alternate", links.here(f="html"), HTML),
    ]


def _summary(one: Summary, links: Links, lang: Lang) -> dict[str, Any]:
    document = one.document
    return {
        "name": one.name,
        "version": one.number,
        "title": document.title.in_(lang),
        "author": document.author,
        "created_at": one.created_at.isoformat(),
        "hash": document.hash,
        "outcomes": list(document.outcomes),
        "refused": None if one.refused is None else one.refused.in_(lang),
        "links": [links.link("item", f"/scenarios/{one.name}", JSON, document.title)],
    }


def _head(found: Found, lang: Lang) -> dict[str, Any]:
    document, row, run = found.document, found.row, found.run
    groups = {key: one.title for key, one in document.groups.items()}
    canonical = document.canonical
    return {
        "name": row.name,
        "version": row.number,
        "versions": [
            {"version": one.number, "created_at": one.created_at.isoformat(), "hash": one.hash}
            for one in found.versions
        ],
        "title": document.title.in_(lang),
        "author": document.author,
        "created_at": row.created_at.isoformat(),
        "hash": row.hash,
        "assumptions": [one.in_(lang) for one in document.assumptions],
        "levers": [
            {
                "words": words.lever_of(
                    lever, found.indicators[lever.indicator], groups, found.places
                ).in_(lang)
                if lever.indicator in found.indicators
                else "",
                **said,
            }
            for lever, said in zip(document.levers, canonical["levers"], strict=True)
        ],
        "groups": {
            key: {
                "title": one.title.in_(lang),
                "provinces": list(one.provinces),
                "source": one.source.in_(lang),
            }
            for key, one in document.groups.items()
        },
        "level": document.level,
        "outcomes": list(found.outcomes),
        "refused": None if found.refused is None else found.refused.in_(lang),
        "method": words.METHOD.in_(lang),
        "baseline": words.BASELINE_IS.in_(lang),
        "periods": [{"key": one.key, "label": one.label.in_(lang)} for one in found.periods],
        **(_run(run, found, lang) if run is not None and not run.refused_th else {}),
    }


def _run(run: ScenarioRun, found: Found, lang: Lang) -> dict[str, Any]:
    at = 0 if lang == "th" else 1
    return {
        "notes": [pair[at] for pair in run.notes],
        "acts_on": run.acts_on,
        "counts": [_count(count, found, at) for count in run.counts],
        "draws": run.draws,
        "shared": run.shared,
        "versions_of_data": run.versions,
        "made_from": run.made_from,
        "made_at": run.made_at.isoformat(),
    }


def _count(count: Mapping[str, Any], found: Found, at: int) -> dict[str, Any]:
    told = {
        "title": count["title"][at], "value": count["value"], "above": count["above"],
        "layer": count.get("layer") or None, "missing": count["missing"],
        "places": count["places"],
    }  # fmt: skip
    if "baseline" not in count:
        return told | {"years": []}
    keys = [one.key for one in found.periods]
    return told | {
        "held": count["held"],
        "years": [
            {"period": key, **{kind: _ends(count[kind], year) for kind in _KINDS}}
            for year, key in enumerate(keys)
        ],
        "chances": [
            {
                "code": one["code"],
                "baseline": dict(zip(keys, one["baseline"], strict=True)),
                "scenario": dict(zip(keys, one["scenario"], strict=True)),
            }
            for one in count["chances"]
        ],
    }


def _ends(rows: Sequence[Sequence[float | None]], year: int) -> dict[str, float | None]:
    return {name: row[year] for name, row in zip(_ROWS, rows, strict=True)}


def _result(line: Line, found: Found, lang: Lang) -> dict[str, Any]:
    kinds = {
        kind: [list(map(_known, row)) for row in rows.tolist()]
        for kind, rows in _numbers(line).items()
    }
    run = found.run
    return {
        "indicator": line.indicator,
        "unit": found.indicators[line.indicator].unit.in_(lang),
        "level": line.level,
        "code": line.code,
        "name": line.name.in_(lang),
        "is_acted_on": line.code in (run.acts_on if run is not None else ()),
        "years": [
            {
                "period": period.key,
                "period_label": period.label.in_(lang),
                **{kind: _ends(rows, year) for kind, rows in kinds.items()},
            }
            for year, period in enumerate(found.periods)
        ],
    }


def _numbers(line: Line) -> dict[str, Any]:
    return {kind: getattr(line, kind) for kind in _KINDS}


def _rows(found: Found, lang: Lang) -> Iterator[tuple[Any, ...]]:
    for line in found.lines:
        where = (
            found.row.name, found.row.number, line.indicator,
            found.indicators[line.indicator].unit.in_(lang), line.level, line.code, line.name.th,
            line.name.en,
        )  # fmt: skip
        for year, period in enumerate(found.periods):
            for kind, rows in _numbers(line).items():
                low95, low80, middle, high80, high95 = rows[:, year].tolist()
                yield (*where, period.key, kind, middle, low80, high80, low95, high95)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
