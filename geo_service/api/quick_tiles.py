"""The short way to a tile: the usual addresses are answered before the framework reads them.

A map asks for dozens of tiles at once, each a row or a short statement; finding the route and
its dependencies takes longer than that. What is given is what `geo_service.api.tiles` gives.
Anything but a plain address (a filter, a period, an unknown state of the data) goes the long way.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api.features import read_names
from geo_service.api.links import MVT
from geo_service.api.matrix_sets import place_of
from geo_service.api.tiles import FORMATS, tile_answer
from geo_service.core.errors import Fault, NotModified
from geo_service.core.known import KNOWN
from geo_service.deps import certain_session, choose_format
from layers import registry
from layers.questions import Question
from layers.tile_matrix import WEB_MERCATOR_QUAD

#: The state of the data and the properties to carry, each at most once.
_PLAIN: Final = re.compile(
    rb"(?:v=[0-9a-f]*)?|(?:v=[0-9a-f]*&)?properties=([a-z0-9_,]+)(?:&v=[0-9a-f]*)?"
)
_XYZ: Final = re.compile(r"/tiles/([a-z0-9-]+)/([0-9]+)/([0-9]+)/([0-9]+)\.mvt")
_OGC: Final = re.compile(
    r"/collections/([a-z0-9-]+)/tiles/WebMercatorQuad/([0-9]+)/([0-9]+)/([0-9]+)"
)
#: What is counted: the routes of the long way.
_XYZ_ROUTE: Final = SimpleNamespace(path="/tiles/{collection_id}/{z}/{x}/{y}.mvt")
_OGC_ROUTE: Final = SimpleNamespace(
    path="/collections/{collection_id}/tiles/{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}"
)


class QuickTiles:
    """Answers plain tiles while the state of the data is known; passes all else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a tile, or pass the request on."""
        found = query = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope.get(KNOWN) is not None:
            found = _XYZ.fullmatch(scope["path"]) or _OGC.fullmatch(scope["path"])
            query = _PLAIN.fullmatch(scope["query_string"].replace(b"%2C", b","))
        if found is None or query is None or scope["query_string"].count(b"v=") > 1:
            await self.app(scope, receive, send)
            return
        names = (query[1] or b"").decode()
        is_xyz = found.re is _XYZ
        scope["route"] = _XYZ_ROUTE if is_xyz else _OGC_ROUTE
        request = Request(scope)
        collection_id, zoom, *pair = found.groups()
        column, row = pair if is_xyz else reversed(pair)
        try:
            kind = MVT if is_xyz else FORMATS[choose_format(request, FORMATS, None)]
            place = place_of(WEB_MERCATOR_QUAD, zoom, column, row)
            answer = await run_in_threadpool(_made, request, collection_id, names, place, kind)
        except NotModified as same:
            answer = Response(status_code=304, headers=same.headers)
        except Fault:
            # Words for what is wrong are found on the long way.
            await self.app(scope, receive, send)
            return
        await answer(scope, receive, send)


def _made(
    request: Request, collection_id: str, names: str, place: tuple[int, int, int], kind: str
) -> Response:
    with certain_session(request, request.scope[KNOWN]) as session:
        known = registry.read(session, collection_id)
        question = Question(known)
        if names:
            question = replace(question, properties=read_names(names, known, "properties"))
        return tile_answer(request, session, [question], WEB_MERCATOR_QUAD, place, kind)
