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
from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api.front import Open, open_tiles
from geo_service.api.links import MVT
from geo_service.api.matrix_sets import place_of
from geo_service.api.quick import has_credentials, knowing
from geo_service.api.tiles import FORMATS, made_answer
from geo_service.core.accept import takes_coding
from geo_service.core.direct import Astray
from geo_service.core.errors import Fault, NotModified
from geo_service.core.known import KNOWN, NotKnown
from geo_service.deps import choose_format, revalidate
from geo_service.deps.items import read_names
from layers import carried, registry, tiles
from layers.drawings import kept_for
from layers.forms import drawn_direct
from layers.packs import NotThere, TilePack, features_plan, tile_plan
from layers.questions import Question, state_of
from layers.tile_matrix import WEB_MERCATOR_QUAD

#: The state of the data and the properties to carry, each at most once.
_PLAIN: Final = re.compile(
    rb"(?:v=[0-9a-f]*)?|(?:v=[0-9a-f]*&)?properties=([a-z0-9_,]+)(?:&v=[0-9a-f]*)?"
)
_NO_CONTENT: Final = 204
#: Other properties are written into larger tiles by the database: nobody waits for it here.
MOST_CARRIED_BYTES: Final = 8_000
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
        if found is not None and scope["query_string"].count(b"v=") <= 1:
            query = _PLAIN.fullmatch(scope["query_string"].replace(b"%2C", b","))
        if found is None or query is None or has_credentials(scope):
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
            answer = await _made(request, collection_id, names, place, kind)
        except NotModified as same:
            answer = Response(status_code=304, headers=same.headers)
        except (Fault, NotKnown, Astray, NotThere):
            # Words for what is wrong are found on the long way.
            await self.app(scope, receive, send)
            return
        if answer.status_code == _NO_CONTENT and not is_xyz:
            # Whether the tile lies within the limits of the data, the long way tells.
            await self.app(scope, receive, send)
            return
        await answer(scope, receive, send)


async def _made(
    request: Request, collection_id: str, names: str, place: tuple[int, int, int], kind: str
) -> Response:
    session = knowing(request.scope[KNOWN])
    known = registry.read(session, collection_id)
    question = Question(known)
    if names:
        question = replace(question, properties=read_names(names, known, "properties"))
    told = state_of(session, sorted(set(known.subjects)))
    headers = revalidate(request, told.token)
    pack = None
    if tiles.are_kept(session, known, place[0]):
        pack = request.app.state.beside.get(request.scope[KNOWN], tile_plan(known))
    if pack is not None and not names:
        deepest = kept_for(session, known).deepest_zoom
        open_tiles(request.scope[KNOWN], known.id, Open(pack, told.token, deepest))
    made = None if pack is None else _beside(request, question, pack, place)
    if made is None:
        asked, parts = tiles.asked_tile(session, question, place=place), []
        for one in asked.statements:
            rows = await request.app.state.direct.fetch(drawn_direct(session, one, asked.values))
            parts.append(rows[0][0] if rows else None)
        made = tiles.told_tile(asked, parts)
    return made_answer(request, made, headers, kind)


def _beside(
    request: Request, question: Question, pack: TilePack, place: tuple[int, int, int]
) -> tiles.Tile | None:
    # A kept tile as it is, or its shapes with the properties asked for; None for what is drawn.
    known, usual = question.collection, tiles.default_properties(question.collection, place[0])
    if question.properties is None or question.properties == usual:
        is_packed = takes_coding(request.headers.get("accept-encoding", ""), "gzip")
        return tiles.Tile(pack.body(place, is_gzip=is_packed), is_gzip=is_packed)
    features = request.app.state.beside.get(request.scope[KNOWN], features_plan(known))
    kinds = carried.kinds_of(known, question.properties or usual)
    if features is None or kinds is None or pack.size_of(place) > MOST_CARRIED_BYTES:
        return None
    return tiles.Tile(carried.carrying(pack.body(place, is_gzip=False), features, kinds))
