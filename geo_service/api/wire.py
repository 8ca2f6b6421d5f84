"""What every answer passes through: HEAD, OPTIONS, compression, safety headers, counting."""

from __future__ import annotations

import gzip
import logging
import re
import time
import zlib
from collections.abc import Callable, Mapping

import brotli
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.errors import TooLong
from geo_service.core.text import Text
from geo_service.deps import PRINCIPAL
from geo_service.problems import answer_to

log = logging.getLogger(__name__)

_NOT_MODIFIED = 304
#: What some addresses take beside reading.
_WRITING = ("POST", "DELETE")
_COUNTED = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
LONGEST_QUERY_BYTES = 16_000
SMALLEST_COMPRESSED_BYTES = 600
#: From here on compressing takes a millisecond, which others would wait for: a thread does it.
_LARGE_BYTES = 65_536
_COMPRESSIBLE = re.compile(
    r"text/|application/(?:[\w.+-]*json|javascript|xml|vnd\.(?:mapbox-vector-tile|oai)|yaml)"
    r"|image/svg"
)
#: Compressing has threads of its own: it must not wait for those that ask the database.
_packers = CapacityLimiter(4)
#: Open to every origin, without cookies: what is served is public.
_CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": ", ".join(
        (
            "Accept-Ranges",
            "Content-Crs",
            "Content-Disposition",
            "Content-Range",
            "ETag",
            "Link",
            "Retry-After",
        )
    ),
}
#: What a browser is told that asks before it asks.
PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Content-Type, If-None-Match, If-Range, Range"
    ),
    "Access-Control-Max-Age": "86400",
}
_SAFETY: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_SAFETY_HEADERS, _CORS_HEADERS = (
    [(name.lower().encode(), value.encode()) for name, value in added.items()]
    for added in (_SAFETY, _CORS)
)
#: What `Safety` adds to a public answer, for those who answer before it.
PUBLIC_HEADERS = _SAFETY_HEADERS + _CORS_HEADERS
#: What is behind these addresses is for one person, even before he has signed in.
_PERSONAL = ("/account", "/manage")


class Metrics:
    """Counts of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "geo_http_requests_total",
            "Answers by route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "geo_http_request_seconds",
            "Seconds from request to last byte",
            ("route",),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "geo_http_requests_in_flight", "Requests being answered", registry=self.registry
        )
        self.memory_bytes = Gauge(
            "geo_memory_bytes", "Size of the finished answers kept", registry=self.registry
        )
        self.memory_most_bytes = Gauge(
            "geo_memory_most_bytes", "Finished answers kept at most", registry=self.registry
        )
        self._counted: dict[tuple[str, str, int], Counter] = {}

    def count(self, method: str, route: str, status: int) -> None:
        """Count an answer given from memory; the places in line are looked up once.

        Parameters
        ----------
        method : str
            GET or HEAD.
        route : str
            Path of the route.
        status : int
            Of the answer.
        """
        counter = self._counted.get((method, route, status))
        if counter is None:
            counter = self.requests.labels(method, route, str(status))
            self._counted[method, route, status] = counter
        counter.inc()


class Counting:
    """Counts requests and their seconds by route, never by full address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through and count its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.in_flight.dec()
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.requests.labels(_method(scope), route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - started)


class Safety:
    """Adds the headers every answer carries; one that sets its own policy keeps it.

    It is also the last resort: an error nobody caught leaves as a problem document, with
    the same headers as any answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through and complete its answer's headers.

        Raises
        ------
        TooLong
            Never to the caller: it is answered here.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_started = False

        async def complete(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                # RFC 9111, 3.2: a 304 replaces the headers of the stored page, so it must not
                # bring a policy that the page was not made for.
                added = [] if message["status"] == _NOT_MODIFIED else _SAFETY_HEADERS
                # Pages of other sites read what is public, and nothing else.
                is_public = PRINCIPAL not in scope and not scope["path"].startswith(_PERSONAL)
                added = added + _CORS_HEADERS if is_public else added
                told = list(message.get("headers", ()))
                names = {name.lower() for name, _ in told}
                headers = [*told, *(one for one in added if one[0] not in names)]
                message = {**message, "headers": headers}
            await send(message)

        try:
            if len(scope.get("query_string", b"")) > LONGEST_QUERY_BYTES:
                raise TooLong(  # noqa: TRY301  (answered like every other error)
                    Text(
                        th=f"ส่วนค้นหาของที่อยู่ยาวเกิน {LONGEST_QUERY_BYTES} ไบต์",
                        en=f"The query is longer than {LONGEST_QUERY_BYTES} bytes",
                    )
                )
            await self.app(scope, receive, complete)
        except Exception as error:
            if is_started:
                raise
            await answer_to(Request(scope), error)(scope, receive, complete)


class Methods:
    """Answers HEAD as GET without the body, and OPTIONS with the methods of the address."""

    def __init__(self, app: ASGIApp, router: Callable[[], Router]) -> None:
        self.app, self.router = app, router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through, with its method settled."""
        method = scope.get("method")
        if method == "HEAD":
            await self._head(scope, receive, send)
        elif method == "OPTIONS" and not self._exists(scope, method) and self._exists(scope, "GET"):
            allowed = "GET, HEAD, OPTIONS"
            allowed += "".join(f", {one}" for one in _WRITING if self._exists(scope, one))
            told = {"Allow": allowed, "Access-Control-Allow-Methods": allowed, **PREFLIGHT}
            await Response(status_code=204, headers=told)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def bodiless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", "is_head": True}, receive, bodiless)

    def _exists(self, scope: Scope, method: str) -> bool:
        asked = {**scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in self.router().routes)


class Compression:
    """Compresses answers with brotli or gzip when the caller takes it.

    An answer that comes in pieces is compressed piece by piece, in a thread beside. What is given
    in ranges (a download) or is compressed already goes as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through and compress its answer."""
        is_http = scope["type"] == "http"
        coding = coding_of(Headers(scope=scope).get("accept-encoding", "")) if is_http else None
        if coding is None:
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        pack: Callable[[bytes, bool], bytes] | None = None

        async def compress(message: Message) -> None:
            nonlocal held, pack
            if message["type"] == "http.response.start":
                held = message
                return
            body, is_last = message.get("body", b""), not message.get("more_body", False)
            if held is not None:
                start, held = held, None
                if is_last:
                    message = {**message, "body": await _packed(start, body, coding)}
                elif _takes_packing(start):
                    _say_packed(start, coding)
                    # The headers of HEAD are all that is wanted.
                    pack = None if scope.get("is_head") else _packer(coding)
                await send(start)
            if pack is not None:
                packed = await run_sync(pack, body, is_last, limiter=_packers)
                message = {**message, "body": packed}
            await send(message)

        await self.app(scope, receive, compress)


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in _COUNTED else "other"


def coding_of(accept: str) -> str | None:
    """Choose how an answer is compressed.

    Parameters
    ----------
    accept : str
        ``Accept-Encoding`` of the request.

    Returns
    -------
    {"br", "gzip"} or None
        The best that is accepted; ``None`` leaves it as it is.
    """
    accepted = {
        part.partition(";")[0].strip()
        for part in accept.split(",")
        if not re.search(r";\s*q=0(\.0*)?\s*$", part)
    }
    return next((coding for coding in ("br", "gzip") if coding in accepted), None)


async def _packed(start: Message, body: bytes, coding: str) -> bytes:
    if len(body) < SMALLEST_COMPRESSED_BYTES or not _takes_packing(start):
        return body
    if len(body) < _LARGE_BYTES:
        packed = _at_once(body, coding)
    else:
        packed = await run_sync(_at_once, body, coding, limiter=_packers)
    _say_packed(start, coding)
    MutableHeaders(scope=start)["Content-Length"] = str(len(packed))
    return packed


def _at_once(body: bytes, coding: str) -> bytes:
    # Near the size of the best at a tenth of the time; for large answers at half of that again,
    # by which shapes and tiles become no larger (docs/speed.md).
    is_large = len(body) >= _LARGE_BYTES
    if coding == "br":
        packed: bytes = brotli.compress(body, quality=2 if is_large else 4)
        return packed
    return gzip.compress(body, 3 if is_large else 5, mtime=0)


def _takes_packing(start: Message) -> bool:
    headers = MutableHeaders(scope=start)
    # What is given in ranges keeps its bytes: the tag and the range are those of the file.
    is_packed = "content-encoding" in headers or "accept-ranges" in headers
    return not is_packed and bool(_COMPRESSIBLE.match(headers.get("content-type", "")))


def _say_packed(start: Message, coding: str) -> None:
    headers = MutableHeaders(scope=start)
    headers["Content-Encoding"] = coding
    if "content-length" in headers:
        del headers["Content-Length"]
    if "accept-encoding" not in headers.get("vary", "").lower():
        headers.add_vary_header("Accept-Encoding")


def _packer(coding: str) -> Callable[[bytes, bool], bytes]:
    # Large answers: a quarter of the time of what whole ones get, a tenth more bytes.
    if coding == "br":
        brotli_packer = brotli.Compressor(quality=1)
        return lambda body, is_last: (
            brotli_packer.process(body) + (brotli_packer.finish() if is_last else b"")
        )
    gzip_packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    return lambda body, is_last: (
        gzip_packer.compress(body) + (gzip_packer.flush() if is_last else b"")
    )
