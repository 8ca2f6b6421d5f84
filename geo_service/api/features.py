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
    CrsDep,
    IntervalDep,
    LangDep,
    PeriodDep,
    SessionDep,
    choose_format,
    revalidate,
)
from geo_service.deps.items import Paging, QuestionDep
from layers import counts, exports, features, registry
from layers import periods as calendars
from layers.feature_texts import ShapeForm
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
