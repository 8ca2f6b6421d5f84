"""Every request has a name, which its log lines and its answer carry.

The name is the caller's `X-Request-Id` when that is plain, or one made here; a caller's place in a
larger trace (W3C Trace Context) is noted beside it. What is logged of a request is its method, the
path without the query, the route, status, size and time: no query, no header, no address of a
person, for these hold keys, tokens and names.
"""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.log import REQUEST, Traced
from geo_service.core.spans import Spans

log = logging.getLogger(__name__)

HEADER: Final = b"x-request-id"
SLOW_S: Final = 1.0
_BROKEN: Final = 500
#: What may stand in a log line and in a header without a second thought.
_PLAIN: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
#: W3C Trace Context, 3.2.2: version, trace, parent, flags; no zeros, no version ff.
_PARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)


class Trace:
    """Names requests, gives the name back, and logs those that were slow or failed."""

    def __init__(self, app: ASGIApp, *, log_all: bool = False, spans: Spans | None = None) -> None:
        self.app, self._log_all, self._spans = app, log_all, spans
        # A name is cheap: the process by chance, the request by number.
        self._process, self._numbers = secrets.token_hex(6), itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through under its name."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        named, parent = given_name(headers), headers.get(b"traceparent", b"")
        traced = Traced(named.decode() if named else self._named(), trace_of(parent))
        scope["request_id"] = traced.request
        status, size, started = _BROKEN, 0, time.perf_counter()

        async def tell(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (HEADER, traced.request.encode())]
                message = {**message, "headers": headers}
            else:
                size += len(message.get("body", b""))
            await send(message)

        mark = REQUEST.set(traced)
        begun = self._spans.begin(scope["method"], parent) if self._spans else None
        try:
            await self.app(scope, receive, tell)
        finally:
            took_s = time.perf_counter() - started
            if self._spans and begun:
                self._spans.end(begun, route=_route(scope), status=status, size=size)
            if self._log_all or took_s > SLOW_S or status >= _BROKEN:
                log.info("request", extra=_said(scope, status, size, took_s))
            REQUEST.reset(mark)

    def _named(self) -> str:
        return f"{self._process}-{next(self._numbers):x}"


def given_name(headers: Mapping[bytes, bytes]) -> bytes | None:
    """Give the name that a caller sent along.

    Parameters
    ----------
    headers : mapping of bytes to bytes
        Of the request.

    Returns
    -------
    bytes or None
        ``None`` when there is none, or one that is not plain.
    """
    named = headers.get(HEADER)
    return named if named is not None and _PLAIN.fullmatch(named) else None


def trace_of(parent: bytes) -> str | None:
    """Read the identifier of a trace from ``traceparent``.

    Parameters
    ----------
    parent : bytes
        Value of the header.

    Returns
    -------
    str or None
        Thirty-two hexadecimal digits; ``None`` when the header is not as it should be.
    """
    found = _PARENT.fullmatch(parent)
    return found[1].decode() if found else None


def _said(scope: Scope, status: int, size: int, took_s: float) -> dict[str, Any]:
    return {
        "method": scope["method"],
        "path": scope["path"][:200],
        "route": _route(scope),
        "status": status,
        "bytes": size,
        "seconds": round(took_s, 4),
    }


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "none")
