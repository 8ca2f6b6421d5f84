"""A server that does nothing: stored bytes of a stated size, or 304. ``/bytes/{size}``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

_TAG = b'W/"43e0fa9959f3128f9d8c6fbb"'
#: As many headers as a real answer carries.
_COMMON = [
    (b"etag", _TAG),
    (b"cache-control", b"public, no-cache"),
    (b"vary", b"Accept, Accept-Language, Accept-Encoding"),
    (b"content-type", b"application/vnd.mapbox-vector-tile"),
]


@cache
def _stored(path: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    body = b"x" * int(path.rpartition("/")[2])
    return body, [*_COMMON, (b"content-length", str(len(body)).encode())]


async def app(
    scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Answer; ASGI, without its lifespan."""
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if asked == _TAG:
        await send({"type": "http.response.start", "status": 304, "headers": _COMMON})
        await send({"type": "http.response.body", "body": b""})
        return
    body, headers = _stored(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
