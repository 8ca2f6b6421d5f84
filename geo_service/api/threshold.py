"""Who would be sent away at the gate is told so on the threshold, before the framework.

Under a rush most of what comes is refused. What refusing costs is taken from those who are
served, and the way through the framework costs more than many an answer. What is said is what the
gate says; a browser and whoever brings credentials go on and hear it there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api.gate import Gate, busy
from geo_service.api.trace import HEADER, given_name
from geo_service.api.wire import PUBLIC_HEADERS, Metrics
from geo_service.core.text import Lang, choose_language
from geo_service.problems import problem

_BUSY: Final = 503
#: With these a request may be somebody's own.
_PERSONAL: Final = frozenset({b"authorization", b"cookie"})


class Threshold:
    """Sends away who finds no room in line; passes all others on."""

    def __init__(self, app: ASGIApp, gate: Gate, metrics: Metrics) -> None:
        self.app, self._gate, self._metrics = app, gate, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        headers: dict[bytes, bytes] = dict(scope["headers"]) if scope["type"] == "http" else {}
        if scope.get("method") != "GET" or not _is_program(scope, headers):
            await self.app(scope, receive, send)
            return
        retry_s = self._gate.full_for(scope)
        if retry_s is None:
            await self.app(scope, receive, send)
            return
        self._metrics.count("GET", "none", _BUSY)
        lang = _language(scope["query_string"], headers.get(b"accept-language", b""))
        told, body = _said(retry_s, lang, scope["path"])
        if (named := given_name(headers)) is not None:
            told = [*told, (HEADER, named)]
        await send({"type": "http.response.start", "status": _BUSY, "headers": told})
        await send({"type": "http.response.body", "body": body})


def _is_program(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    is_page = b"text/html" in headers.get(b"accept", b"") or b"f=html" in scope["query_string"]
    return not is_page and _PERSONAL.isdisjoint(headers)


@lru_cache(maxsize=512)
def _said(retry_s: int, lang: Lang, path: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    answer = problem(busy(retry_s), lang, instance=path)
    return [*answer.raw_headers, *PUBLIC_HEADERS], bytes(answer.body)


def _language(query: bytes, accepted: bytes) -> Lang:
    asked = next((lang for lang in ("th", "en") if b"lang=" + lang.encode() in query), None)
    return _chosen(asked, accepted)


@lru_cache(maxsize=256)
def _chosen(asked: str | None, accepted: bytes) -> Lang:
    return choose_language(asked, accepted.decode("latin-1"))
