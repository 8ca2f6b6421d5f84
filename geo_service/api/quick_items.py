"""The short way to features: read without the framework, asked without a thread.

What is given is what `geo_service.api.features` gives, by the same functions; only who reads the
parameters and who runs the statement differ. Whatever this way does not know goes the long way,
which learns it: a form of a question asked for the first time, other formats, long pages, anything
wrong, and requests of somebody in particular.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api import features as long_way
from geo_service.api.feature_locks import is_written
from geo_service.api.formats import KINDS, profiled
from geo_service.api.item_texts import MOST_AT_ONCE, MOST_IN_MEMORY_BYTES, Pieces, one_feature
from geo_service.api.links import Links
from geo_service.api.quick import has_credentials, knowing
from geo_service.core.direct import Astray
from geo_service.core.errors import Fault, NotModified
from geo_service.core.known import KNOWN, NotKnown
from geo_service.deps import (
    answer_crs,
    box,
    choose_format,
    interval,
    item_filter,
    known_parameters,
    language,
    page_limit,
    period,
    revalidate,
)
from geo_service.deps.items import Paging, question_of
from layers import features, registry
from layers.forms import direct_of
from layers.packs import FeaturePack, NotThere, feature_plan
from layers.questions import Question, state_of

_ITEMS: Final = re.compile(r"/collections/([a-z0-9-]+)/items(?:/(.+))?")
#: Features read and sent together, when there are many.
_ROWS_AT_ONCE: Final = 100
_FORMS: Final = frozenset({"geojson", "json"})
#: Parameters are those of the long way, and it is counted under the same address.
_ROUTE, _ROUTE_OF_ONE = (
    next(
        one
        for one in long_way.router.routes
        if isinstance(one, APIRoute) and one.endpoint is endpoint
    )
    for endpoint in (long_way.items, long_way.item)
)


class QuickItems:
    """Answers pages of features, and single ones, while the state of the data is known."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        found = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope.get(KNOWN) is not None:
            found = _ITEMS.fullmatch(scope["path"])
        if found is None or has_credentials(scope):
            await self.app(scope, receive, send)
            return
        scope["route"] = _ROUTE if found[2] is None else _ROUTE_OF_ONE
        try:
            if found[2] is None:
                answer = await _page(Request(scope), found[1])
            else:
                answer = await _one(Request(scope), found[1], found[2])
        except NotModified as same:
            answer = Response(status_code=304, headers=same.headers)
        except (Fault, NotKnown, Astray, NotThere):
            # Words for what is wrong are found on the long way.
            await self.app(scope, receive, send)
            return
        await answer(scope, receive, send)


async def _page(request: Request, collection_id: str) -> Response:
    known_parameters(request)
    asked, state = request.query_params, request.app.state
    form = profiled(choose_format(request, KINDS, asked.get("f")), asked.get("profile"))
    if form not in _FORMS:
        raise NotKnown
    lang, session = language(request, asked.get("lang")), knowing(request.scope[KNOWN])
    question = question_of(
        request, session=session, collection_id=collection_id,
        box=box(asked.get("bbox"), asked.get("bbox-crs")),
        when=interval(asked.get("datetime")),
        period=period(asked.get("period")),
        crs=answer_crs(asked.get("crs")),
        properties=asked.get("properties"),
        sortby=asked.get("sortby"),
        asked_filter=item_filter(
            asked.get("filter"), asked.get("filter-lang"), asked.get("filter-crs")
        ),
        skip_geometry=asked.get("skipGeometry"),
    )  # fmt: skip
    paging = Paging(
        settings=state.settings, limit=page_limit(state.settings, asked.get("limit")),
        cursor=asked.get("cursor"), offset=asked.get("offset"),
        resulttype=asked.get("resulttype"),
    )  # fmt: skip
    if paging.is_counted_only or asked.get("geometry") is not None:
        raise NotKnown
    told = state_of(session, question.collection.subjects)
    headers = revalidate(request, told.token, lang=lang)
    headers["Content-Crs"] = f"<{question.crs.uri}>"
    links = Links(request, lang)
    known = long_way.Asked(request, session, question, paging, form, told, headers, links)
    plan = feature_plan(question)
    pack = None if plan is None else state.beside.get(request.scope[KNOWN], plan)
    return await (_asked(known) if pack is None else _read(known, pack))


async def _one(request: Request, collection_id: str, feature_id: str) -> Response:
    known_parameters(request)
    asked = request.query_params
    form = profiled(
        choose_format(request, long_way.KINDS_OF_ONE, asked.get("f")), asked.get("profile")
    )
    lang, session = language(request, asked.get("lang")), knowing(request.scope[KNOWN])
    question = Question(
        registry.read(session, collection_id),
        when=interval(asked.get("datetime")),
        period=period(asked.get("period")),
        crs=answer_crs(asked.get("crs")),
    )
    # What may be edited tells more, which is read when it is asked for.
    if form not in _FORMS or is_written(question.collection):
        raise NotKnown
    told = state_of(session, question.collection.subjects)
    headers = revalidate(request, told.token, lang=lang)
    headers["Content-Crs"] = f"<{question.crs.uri}>"
    one = features.asked_one(session, question)
    statement = direct_of(session, one.form, one.kind, one.build, feature_id=feature_id)
    rows = await request.app.state.direct.fetch(statement)
    if not rows:
        raise NotKnown
    links = Links(request, lang)
    return one_feature(question, rows[0][0], form, links, headers, is_sample=told.is_sample)


async def _asked(known: long_way.Asked) -> Response:
    if known.paging.limit > MOST_AT_ONCE:
        raise NotKnown
    page = await _told(known, "bytes")
    return long_way.page_answer(
        known, b",".join(page.features), total=page.total, count=len(page.features),
        cursor=page.cursor,
    )  # fmt: skip


async def _read(known: long_way.Asked, pack: FeaturePack) -> Response:
    page = await _told(known, "place")
    rows = pack.rows_of(page.features)
    names, count = known.question.names, len(rows)
    body: bytes | Pieces
    if pack.size_of(rows) <= MOST_IN_MEMORY_BYTES:
        body = pack.text(rows, names)
    else:
        body = Pieces(pack.size_of(rows, names) + count - 1, _parts(pack, rows, names))
    return long_way.page_answer(known, body, total=page.total, count=count, cursor=page.cursor)


async def _parts(
    pack: FeaturePack, rows: Sequence[int], names: Sequence[str]
) -> AsyncIterator[bytes]:
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        yield pack.text(rows[at : at + _ROWS_AT_ONCE], names, before=b"," if at else b"")


async def _told(known: long_way.Asked, told: features.Told) -> features.Page:
    paging = known.paging
    page = features.asked_page(
        known.session, known.question, limit=paging.limit, cursor=paging.cursor,
        offset=paging.offset, with_total=paging.cursor is None, told=told,
    )  # fmt: skip
    statement = direct_of(known.session, page.form, page.kind, page.build, **page.values)
    rows = await known.request.app.state.direct.fetch(statement)
    return features.told_page(known.session, page, rows)
