"""Features of a collection: pages, single ones, tables (OGC API - Features, Parts 1, 2, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.feature_locks import is_written, locking
from geo_service.api.feature_pages import item_sheet, items_sheet
from geo_service.api.formats import KINDS, SAVED, disposition, profiled
from geo_service.api.item_texts import MOST_AT_ONCE, Pages, Pieces, answer_of, one_feature
from geo_service.api.links import JSON, Links, link_header, notice
from geo_service.api.pages import sheet_answer
from geo_service.core.csv_text import csv_parts
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
from layers import counts, exports, features, registry
from layers import periods as calendars
from layers.collection import Collection
from layers.feature_texts import ShapeForm
from layers.filters import Scalar, parse_value
from layers.questions import Question, State, state_of

router = APIRouter(prefix="/collections/{collection_id}/items", tags=["features"])

_ROWS_OF_A_PAGE = 100
KINDS_OF_ONE = {name: KINDS[name] for name in ("geojson", "json", "jsonfg", "html")}
_SHAPES: Mapping[str, ShapeForm] = {"lonlat": "lonlat", "wkt": "wkt", "none": "none"}
_HEADINGS = {"lonlat": ("lon", "lat"), "wkt": ("geometry",)}

FormatQuery = Annotated[
    str | None,
    Query(
        alias="f",
        description="geojson | json | jsonfg | geojsonseq | csv | html | fgb | gpkg | parquet",
    ),
]
OneFormatQuery = Annotated[
    str | None, Query(alias="f", description="geojson | json | jsonfg | html")
]
ProfileQuery = Annotated[
    str | None, Query(alias="profile", description="of GeoJSON: rfc7946, jsonfg")
]
ShapeQuery = Annotated[str | None, Query(alias="geometry", description="lonlat | wkt | none")]


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
    skip_geometry: Annotated[
        str | None, Query(alias="skipGeometry", description="true | false")
    ] = None,
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
        properties=None if properties is None else read_names(properties, known, "properties"),
        sort=() if sortby is None else _sort(sortby, known),
        crs=crs,
        filter=asked_filter,
        with_geometry=not _is_true(skip_geometry),
    )


QuestionDep = Annotated[Question, Depends(question_of)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for items, read."""

    request: Request
    session: SessionDep
    question: Question
    paging: Paging
    form: str
    state: State
    headers: dict[str, str]
    links: Links

    def following(self, cursor: str | None) -> str | None:
        """Write the address of the next page.

        Parameters
        ----------
        cursor : str, optional
            Of the next page.

        Returns
        -------
        str or None
            ``None`` on the last page.
        """
        return None if cursor is None else self.links.here(without=("offset",), cursor=cursor)


@router.get("", openapi_extra={"x-queryables": True})
def items(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    question: QuestionDep,
    paging: Annotated[Paging, Depends()],
    asked: FormatQuery = None,
    shape: ShapeQuery = None,
    profile: ProfileQuery = None,
) -> Response:
    """Give one page of features.

    Returns
    -------
    Response
        In the format asked for.
    """
    form = profiled(choose_format(request, KINDS, asked), profile)
    shape_form = _shape_form(shape, question, form)
    state = state_of(session, question.collection.subjects)
    headers = revalidate(request, state.token, lang=lang)
    known = Asked(request, session, question, paging, form, state, headers, Links(request, lang))
    if form == "html":
        return _page(known)
    headers["Content-Crs"] = f"<{question.crs.uri}>"
    if form in SAVED:
        headers["Content-Disposition"] = disposition(question.collection, form, lang)
    if form == "csv":
        return _table(known, shape_form)
    if form in exports.FILES:
        return _file(known)
    return _hits(known) if paging.is_counted_only else _features(known)


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
    asked: OneFormatQuery = None,
    profile: ProfileQuery = None,
) -> Response:
    """Give one feature.

    Returns
    -------
    Response
        GeoJSON, JSON-FG or HTML.
    """
    form = profiled(choose_format(request, KINDS_OF_ONE, asked), profile)
    question = Question(registry.read(session, collection_id), when=when, period=period, crs=crs)
    state = state_of(session, question.collection.subjects)
    headers = revalidate(request, state.token, lang=lang)
    text = features.read_one(session, question, feature_id)
    links = Links(request, lang)
    if form == "html":
        properties = orjson.loads(text)["properties"]
        sheet = item_sheet(question.collection, properties, links, _periods(session))
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    headers["Content-Crs"] = f"<{crs.uri}>"
    if is_written(question.collection):
        headers |= locking(request, session, question.collection, feature_id, headers)
    return one_feature(question, text, form, links, headers, is_sample=state.is_sample)


def _features(asked: Asked) -> Response:
    paging, question = asked.paging, asked.question
    # One statement gives a page and its total; more features are counted before they are read.
    is_long = paging.cursor is None and paging.limit > MOST_AT_ONCE
    total = counts.count(asked.session, question) if is_long else None
    pages = Pages(
        asked.session,
        question,
        asked.form,
        limit=paging.limit,
        cursor=paging.cursor,
        offset=paging.offset,
        total=total,
    )
    body = pages.written()
    asked.session.close()  # a slow reader must not keep a connection
    return page_answer(asked, body, total=pages.total, count=pages.count, cursor=pages.cursor)


def page_answer(
    asked: Asked,
    body: IO[bytes] | bytes | Pieces,
    *,
    total: int | None,
    count: int,
    cursor: str | None,
) -> Response:
    """Answer with a page.

    Parameters
    ----------
    asked : Asked
        The request.
    body : file, bytes or Pieces
        The features, as they stand in the answer.
    total : int, optional
        How many there are of all.
    count : int
        How many there are on the page.
    cursor : str, optional
        Of the next page.

    Returns
    -------
    Response
        With links and numbers.
    """
    facts = notice(is_sample=asked.state.is_sample)
    facts |= {} if total is None else {"numberMatched": total}
    facts["numberReturned"] = count
    following = asked.following(cursor)
    return answer_of(body, asked.question, asked.form, asked.links, following, asked.headers, facts)


def _hits(asked: Asked) -> Response:
    total = counts.count(asked.session, asked.question, ceiling=counts.MOST_COUNTED)
    facts = {"numberMatched": total, "numberReturned": 0}
    facts |= notice(is_sample=asked.state.is_sample)
    return answer_of(BytesIO(), asked.question, asked.form, asked.links, None, asked.headers, facts)


def _page(asked: Asked) -> Response:
    question, paging, links = asked.question, asked.paging, asked.links
    rows, cursor = features.read_rows(
        asked.session,
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
        periods=_periods(asked.session),
        following=asked.following(cursor),
        is_whole=question.properties is None,
        is_first=paging.cursor is None and not paging.offset,
    )
    return sheet_answer(asked.request, sheet, links, asked.headers, is_sample=asked.state.is_sample)


def _table(asked: Asked, shape: ShapeForm) -> Response:
    rows, cursor = _rows(asked, shape)
    headings = [*asked.question.names, *_HEADINGS.get(shape, ())]
    text = "".join(csv_parts(headings, [rows], is_sample=asked.state.is_sample))
    return _beside(asked, text, cursor)


def _file(asked: Asked) -> Response:
    rows, cursor = _rows(asked, "file")
    body = exports.page(asked.session, asked.question, asked.state, asked.form, rows=rows)
    return _beside(asked, body, cursor)


def _rows(asked: Asked, shape: ShapeForm) -> tuple[list[tuple[Any, ...]], str | None]:
    paging = asked.paging
    return features.read_rows(
        asked.session,
        asked.question,
        limit=paging.limit,
        cursor=paging.cursor,
        offset=paging.offset,
        shape=shape,
    )


def _beside(asked: Asked, body: str | bytes, cursor: str | None) -> Response:
    # These formats have no place for links: the header tells them.
    links, following = asked.links, asked.following(cursor)
    own = [links.link("license", f"/collections/{asked.question.collection.id}/downloads", JSON)]
    if following is not None:
        own.append(links.made("next", following, KINDS[asked.form]))
    headers = {**asked.headers, "Link": link_header(own)}
    return Response(body, headers=headers, media_type=KINDS[asked.form])


def _periods(session: SessionDep) -> dict[str, Text]:
    return {one.key: one.label for one in calendars.list_all(session)}


def _is_true(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise BadParameter(
            Text(th="skipGeometry คือ true หรือ false", en="skipGeometry is true or false"),
            parameter="skipGeometry",
        )
    return text == "true"


def _shape_form(text: str | None, question: Question, form: str) -> ShapeForm:
    if text is not None and (text not in _SHAPES or form != "csv"):
        raise BadParameter(
            Text(
                th=f"geometry ใช้กับ f=csv และเป็นหนึ่งใน {', '.join(_SHAPES)}",
                en=f"geometry goes with f=csv and is one of {', '.join(_SHAPES)}",
            ),
            parameter="geometry",
            known=list(_SHAPES),
        )
    return _SHAPES[text or "lonlat"] if question.with_geometry else "none"


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


def read_names(text: str, known: Collection, parameter: str) -> tuple[str, ...]:
    """Read names of properties.

    Parameters
    ----------
    text : str
        Names with commas.
    known : Collection
        That has them.
    parameter : str
        For the error.

    Returns
    -------
    tuple of str
        Each once.

    Raises
    ------
    BadParameter
        If the collection lacks one.
    """
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
    names = read_names(",".join(term.removeprefix("-") for term in terms), known, "sortby")
    lists = [one.name for one in known.properties if not one.is_queryable]
    if len(names) != len(terms) or set(names) & set(lists):
        raise BadParameter(
            Text(th="sortby ไม่ถูกต้อง", en="sortby names each sortable property once"),
            parameter="sortby",
        )
    return tuple(terms)
