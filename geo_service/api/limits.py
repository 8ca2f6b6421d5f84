"""How much a request may bring along: its address, its header fields, its body, its ranges.

What the parts may say (depth of filters, numbers of features ...) is decided where they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.errors import BadRequest, HeadersTooLarge, TooLarge, TooLong
from geo_service.core.text import Text

LONGEST_PATH_BYTES: Final = 4_000
MOST_HEADERS: Final = 100
MOST_HEADER_BYTES: Final = 32_000
#: Each range is a part of its own to be put together; readers of large files ask for a few.
MOST_RANGES: Final = 8
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class Limits:
    """Refuses what is larger than the service reads, before anybody reads it.

    Parameters
    ----------
    app : callable
        The application behind it.
    most_bytes : int
        Size of a body.
    larger : sequence of (str, int)
        Beginnings of paths whose bodies may be of another size, in bytes.
    """

    def __init__(
        self, app: ASGIApp, *, most_bytes: int, larger: Sequence[tuple[str, int]] = ()
    ) -> None:
        self.app, self.most_bytes, self.larger = app, most_bytes, tuple(larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            _check(scope)
            if scope["method"] not in _BODILESS:
                receive = self._measured(scope, receive)
        await self.app(scope, receive, send)

    def _measured(self, scope: Scope, receive: Receive) -> Receive:
        path = scope["path"]
        most = next(
            (size for start, size in self.larger if path.startswith(start)), self.most_bytes
        )
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if told.isdigit() and int(told) > most:
            raise _too_large(most)
        read = 0

        async def measured() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _too_large(most)
            return message

        return measured


def _check(scope: Scope) -> None:
    headers = scope["headers"]
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or size > MOST_HEADER_BYTES:
        raise HeadersTooLarge(
            Text(
                th=f"ส่วนหัวของคำขอมีได้ไม่เกิน {MOST_HEADERS} รายการ {MOST_HEADER_BYTES:,} ไบต์",
                en=f"At most {MOST_HEADERS} header fields of {MOST_HEADER_BYTES:,} bytes",
            )
        )
    if len(scope.get("raw_path") or scope["path"]) > LONGEST_PATH_BYTES:
        raise TooLong(
            Text(
                th=f"ที่อยู่ยาวเกิน {LONGEST_PATH_BYTES:,} ไบต์",
                en=f"The path is longer than {LONGEST_PATH_BYTES:,} bytes",
            )
        )
    for name, value in headers:
        if name == b"range" and value.count(b",") >= MOST_RANGES:
            raise BadRequest(
                Text(
                    th=f"ขอได้ครั้งละไม่เกิน {MOST_RANGES} ช่วง",
                    en=f"At most {MOST_RANGES} ranges at once",
                )
            )


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        Text(
            th=f"เนื้อหาของคำขอใหญ่เกิน {most:,} ไบต์",
            en=f"The body is larger than {most:,} bytes",
        ),
        limit=most,
    )
