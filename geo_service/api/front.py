"""The shortest way to a tile: one that lies beside the process is given before the framework.

Half of what such a tile costs is the way through the framework. What is given is what
`geo_service.api.quick_tiles` gives; it also says, once for each state of the data, which
collections' tiles are given here. Whatever is not a plain request for one of them is passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.api.links import MVT
from geo_service.api.trace import HEADER, given_name
from geo_service.api.wire import PUBLIC_HEADERS, Metrics, coding_of
from geo_service.core.accept import takes_coding
from geo_service.core.known import KNOWN, Known
from geo_service.deps import FOLLOWS_STATE, cached, identity_of
from layers.packs import TilePack

_XYZ: Final = re.compile(r"/tiles/([a-z0-9-]+)/([0-9]{1,2})/([0-9]{1,8})/([0-9]{1,8})\.mvt")
_VERSION: Final = re.compile(rb"(?:v=([0-9a-f]*))?")
_ROUTE: Final = "/tiles/{collection_id}/{z}/{x}/{y}.mvt"
#: With these a request is somebody's own, or about a copy or a part, or a step of a trace.
_OTHERS: Final = frozenset(
    {b"authorization", b"cookie", b"if-none-match", b"range", b"traceparent"}
)
_KIND: Final = (b"content-type", MVT.encode())
_GZIP: Final = (b"content-encoding", b"gzip")


@dataclass(frozen=True, slots=True)
class Open:
    """The tiles of a collection that lie beside the process, for one state of the data."""

    pack: TilePack
    token: str
    deepest_zoom: int


def open_tiles(known: Known, collection_id: str, tiles: Open) -> None:
    """Let the kept tiles of a collection be given here.

    Parameters
    ----------
    known : Known
        State of the data.
    collection_id : str
        Whose tiles.
    tiles : Open
        The tiles.
    """
    known.facts["front", collection_id] = tiles


class Front:
    """Gives kept tiles; passes all else on."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a tile, or pass the request on."""
        found = _found(scope)
        if found is None:
            await self.app(scope, receive, send)
            return
        start, body = found
        self._metrics.count("GET", _ROUTE, start["status"])
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _found(scope: Scope) -> tuple[Message, bytes] | None:
    known: Known | None = scope.get(KNOWN)
    if known is None or scope["method"] != "GET":
        return None
    address = _XYZ.fullmatch(scope["path"])
    query = _VERSION.fullmatch(scope["query_string"])
    if address is None or query is None:
        return None
    tiles: Open | None = known.facts.get(("front", address[1]))
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if tiles is None or not _OTHERS.isdisjoint(headers) or len(headers) != len(scope["headers"]):
        return None
    place = int(address[2]), int(address[3]), int(address[4])
    coding = _coding(headers.get(b"accept-encoding", b""))
    if coding == "other" or place[0] > tiles.deepest_zoom or max(place[1:]) >> place[0]:
        return None
    identity = identity_of(scope, headers.get(b"host", b""), headers.get(b"accept", b""))
    made = cached(identity, tiles.token, is_fixed=query[1] == tiles.token.encode())
    told = [(name.lower().encode(), value.encode()) for name, value in made.items()]
    body = tiles.pack.body(place, is_gzip=coding == "gzip")
    if body:
        told += [(b"content-length", b"%d" % len(body)), _KIND]
        told += [_GZIP] if coding == "gzip" else []
    if (named := given_name(headers)) is not None:
        told.append((HEADER, named))
    scope[FOLLOWS_STATE] = True
    start = {
        "type": "http.response.start",
        "status": 200 if body else 204,
        "headers": [*told, *PUBLIC_HEADERS],
    }
    return start, body


@lru_cache(maxsize=1024)
def _coding(header: bytes) -> str:
    # As kept, plain, or compressed in another way, which is not done here.
    told = header.decode("latin-1")
    if takes_coding(told, "gzip"):
        return "gzip"
    return "other" if coding_of(told) else ""
