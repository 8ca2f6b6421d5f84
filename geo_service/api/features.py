"""Features of a collection: pages, single ones, tables (OGC API - Features, Parts 1, 2, 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.feature_pages import item_sheet, items_sheet
from geo_service.api.links import CSV, GEOJSON, HTML, JSON, Links, link_header, notice
from geo_service.api.pages import sheet_answer
from geo_service.api.tables import csv_answer
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from geo_service.deps import (
    MAX_OFFSET,
    BoxDep,
    CrsDep,
    FilterDep,
    IntervalDep,
    LangDep,
    LimitDep,
    PeriodDep,
    SessionDep,
    SettingsDep,
    choose_format,
    declared_parameters,
    parse_count,
    refuse_parameter,
    revalidate,
)
from layers import features, registry
from layers import periods as calendars
from layers.filters import Scalar, parse_value
from layers.questions import Question, State, state_of
from layers.registry import Collection

router = APIRouter(prefix="/collections/{collection_id}/items", tags=["features"])

FORMATS = {"geojson": GEOJSON, "json": JSON, "csv": CSV, "html": HTML}
_ROWS_OF_A_PAGE = 100

FormatQuery = Annotated[str | None, Query(alias="f", description="geojson | json | csv | html")]


class Paging:
    """How much of the answer is wanted, and from where on."""

    def __init__(
        self,
        settings: SettingsDep,
        limit: LimitDep,
        cursor: Annotated[str | None, Query(description="from the next link")] = None,
        offset: Annotated[str | None, Query(description="for clients without cursors")] = None,
        resulttype: Annotated[str | None, Query(description="results | hits")] = None,
    ) -> None:
        self.limit, self.cursor = limit, cursor
        self.offset = parse_count(offset, "offset", default=0)
        self.most = settings.max_features
        if self.offset > MAX_OFFSET:
            raise BadParameter(
                Text(
                    th=f"offset ต้องไม่เกิน {MAX_OFFSET} ให้ใช้ลิงก์ next แทน",
                    en=f"offset is at most {MAX_OFFSET}; follow the next link instead",
                ),
                parameter="offset",
            )
        if resulttype not in {None, "results", "hits"}:
            raise BadParameter(
                Text(th="resulttype คือ results หรือ hits", en="resulttype is results or hits"),
                parameter="resulttype",
            )
        self.is_counted_only = resulttype == "hits"


def question_of(
    request: Request,
    session: SessionDep,
    collection_id: str,
    box: BoxDep,
    when: IntervalDep,
    period: PeriodDep,
    crs: CrsDep,
    properties: Annotated[str | None, Query(description="names with commas")] = None,
    sortby: Annotated[str | None, Query(description="names with commas; - goes down")] = None,
    asked_filter: FilterDep = None,
) -> Question:
    """Read what is asked of a collection; every name comes out of the register.

    Returns
    -------
    Question
        Complete.
    """
    known = registry.read(session, collection_id)
    return Question(
        known,
        box=box,
        when=when,
        period=period,
        equal=_equal(request, known),
        properties=None if properties is None else _names(properties, known, "properties"),
        sort=() if sortby is None else _sort(sortby, known),
        crs=crs,
        filter=asked_filter,
    )


QuestionDep = Annotated[Question, Depends(question_of)]


@router.get("", openapi_extra={"x-queryables": True})
def items(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    question: QuestionDep,
    paging: Annotated[Paging, Depends()],
    asked: FormatQuery = None,
) -> Response:
    """Give one page of features.

    Returns
    -------
    Response
        GeoJSON, CSV or HTML.
    """
    form = choose_format(request, FORMATS, asked)
    state = state_of(session, question.collection.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    if form in {"csv", "html"}:
        if form == "html":
            return _page(request, session, question, paging, links, headers, state)
        return _table(session, question, paging, links, headers, state)
    headers |= {"Content-Crs": f"<{question.crs.uri}>"}
    if paging.is_counted_only:
        total = features.count(session, question, ceiling=features.MOST_COUNTED)
        facts = {"numberMatched": total, **notice(is_sample=state.is_sample)}
        self_link = links.made("self", links.here(), FORMATS[form])
        return _collection((), facts, [self_link], headers, form)
    page = features.read_page(
        session, question, limit=paging.limit, cursor=paging.cursor, offset=paging.offset
    )
    facts = notice(is_sample=state.is_sample)
    if paging.cursor is None:
        total = features.count(session, question)
        facts |= {} if total is None else {"numberMatched": total}
    own = _page_links(links, form, page.cursor, question.collection)
    return _collection(page.features, facts, own, headers, form)


@router.get("/{feature_id:path}")
def item(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    feature_id: str,
    when: IntervalDep,
    period: PeriodDep,
    crs: CrsDep,
    asked: FormatQuery = None,
) -> Response:
    """Give one feature.

    Returns
    -------
    Response
        GeoJSON or HTML.
    """
    form = choose_format(request, {"geojson": GEOJSON, "json": JSON, "html": HTML}, asked)
    question = Question(registry.read(session, collection_id), when=when, period=period, crs=crs)
    state = state_of(session, question.collection.subjects)
    headers = revalidate(request, state.token, lang=lang)
    text = features.read_one(session, question, feature_id)
    links = Links(request, lang)
    path = f"/collections/{collection_id}"
    if form == "html":
        properties = orjson.loads(text)["properties"]
        sheet = item_sheet(question.collection, properties, links, _periods(session))
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = [
        links.made("self", links.here(), FORMATS[form]),
        links.made("alternate", links.here(f="html"), HTML),
        links.link("collection", path, JSON, question.collection.title),
    ]
    tail = orjson.dumps({**notice(is_sample=state.is_sample), "links": own})
    headers |= {"Content-Crs": f"<{crs.uri}>", "Link": link_header(own)}
    body = text[:-1].encode() + b"," + tail[1:]
    return Response(body, headers=headers, media_type=FORMATS[form])


def _collection(
    texts: Sequence[str],
    facts: Mapping[str, Any],
    links: Sequence[Mapping[str, str]],
    headers: Mapping[str, str],
    form: str,
) -> Response:
    # The database wrote each feature; here texts are only joined.
    told = {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(texts),
        **facts,
        "links": links,
    }
    body = orjson.dumps(told)[:-1] + b',"features":[' + ",".join(texts).encode() + b"]}"
    made = Response(body, headers=dict(headers), media_type=FORMATS[form])
    made.headers["Link"] = link_header(links)
    return made


def _page_links(
    links: Links, form: str, cursor: str | None, known: Collection
) -> list[dict[str, str]]:
    own = [
        links.made("self", links.here(), FORMATS[form]),
        links.made("alternate", links.here(f="html"), HTML),
        links.made("alternate", links.here(f="csv"), CSV),
        links.link("collection", f"/collections/{known.id}", JSON, known.title),
    ]
    if cursor is not None:
        following = links.here(without=("offset",), cursor=cursor)
        own.append(links.made("next", following, FORMATS[form]))
    return own


def _page(
    request: Request,
    session: SessionDep,
    question: Question,
    paging: Paging,
    links: Links,
    headers: dict[str, str],
    state: State,
) -> Response:
    rows, cursor = features.read_rows(
        session,
        question,
        limit=min(paging.limit, _ROWS_OF_A_PAGE),
        cursor=paging.cursor,
        offset=paging.offset,
    )
    sheet = items_sheet(
        question.collection,
        question.names,
        rows,
        links,
        periods=_periods(session),
        following=None if cursor is None else links.here(without=("offset",), cursor=cursor),
        is_whole=question.properties is None,
        is_first=paging.cursor is None and not paging.offset,
    )
    return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)


def _periods(session: SessionDep) -> dict[str, Text]:
    return {one.key: one.label for one in calendars.list_all(session)}


def _table(
    session: SessionDep,
    question: Question,
    paging: Paging,
    links: Links,
    headers: dict[str, str],
    state: State,
) -> Response:
    known = question.collection
    rows, cursor = features.read_rows(
        session, question, limit=paging.limit, cursor=paging.cursor, offset=paging.offset
    )
    if cursor is not None:
        following = links.here(without=("offset",), cursor=cursor)
        headers = headers | {"Link": link_header([links.made("next", following, CSV)])}
    return csv_answer(
        [*question.names, "lon", "lat"],
        rows,
        headers,
        file_name=f"{known.id}.csv",
        is_sample=state.is_sample,
    )


def _equal(request: Request, known: Collection) -> dict[str, Scalar]:
    declared = declared_parameters(request)
    queryable = {one.name: one.kind for one in known.properties if one.is_queryable}
    found: dict[str, Scalar] = {}
    for name, value in request.query_params.items():
        if name in declared:
            continue
        if name not in queryable:
            refuse_parameter(name, declared | set(queryable))
        found[name] = parse_value(value, queryable[name], name)
    return found


def _names(text: str, known: Collection, parameter: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if known.property(name) is None:
            raise BadParameter(
                Text(
                    th=f"'{parameter}': ไม่มีคุณสมบัติ '{name[:60]}' ใน {known.id}",
                    en=f"'{parameter}': {known.id} has no property '{name[:60]}'",
                ),
                parameter=parameter,
                known=[one.name for one in known.properties],
            )
    return names


def _sort(text: str, known: Collection) -> tuple[str, ...]:
    # A plus sign that was not percent-encoded arrives as a space.
    terms = [part.strip().removeprefix("+").strip() for part in text.split(",")]
    names = _names(",".join(term.removeprefix("-") for term in terms), known, "sortby")
    lists = [one.name for one in known.properties if not one.is_queryable]
    if len(names) != len(terms) or set(names) & set(lists):
        raise BadParameter(
            Text(th="sortby ไม่ถูกต้อง", en="sortby names each sortable property once"),
            parameter="sortby",
        )
    return tuple(terms)
