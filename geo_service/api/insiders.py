"""Answers to those who see more than the public: made for them alone, kept by nobody."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.known import KNOWN
from geo_service.deps import KEEPS_TAG, PRIVATE, scope_in
from layers.inside import SHOWN_TO

_STATED: Final = ("ETag", "Last-Modified")
_PERSONAL: Final = ("Authorization", "Cookie")


class Insiders:
    """Keeps the requests of insiders off every short way, and their answers out of every cache.

    Stands behind what finds out who asks, before what answers from memory or prepared rows.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; for an insider, as if nothing were known or prepared."""
        seen = scope_in(scope) if scope["type"] == "http" else None
        if seen is None:
            await self.app(scope, receive, send)
            return
        # Short ways are open only to those for whom the state of the data is known.
        scope[KNOWN] = None

        async def send_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = PRIVATE
                for name in ("Last-Modified",) if KEEPS_TAG in scope else _STATED:
                    if name in headers:
                        del headers[name]
                there = headers.get("vary", "").lower()
                for name in _PERSONAL:
                    if name.lower() not in there:
                        headers.add_vary_header(name)
            await send(message)

        shown = SHOWN_TO.set(seen)
        try:
            await self.app(scope, receive, send_private)
        finally:
            SHOWN_TO.reset(shown)
