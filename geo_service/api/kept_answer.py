"""Answers from kept files: resumable, and readable while they are being written."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.datastructures import Headers
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable
from starlette.types import Receive, Scope, Send

from geo_service.core.errors import NoSuchRange
from geo_service.core.kept import Kept
from geo_service.core.text import Text

_PIECE_BYTES = 256 * 1024
#: Ends the tag of a compressed file.
_PACKED = "-gzip"
_PAUSES_S = (0.004, 0.05)
_NO_GZIP = re.compile(r";\s*q=0(\.0*)?\s*$")
#: Reading files has threads of its own: it must not wait for those that ask the database.
_readers = CapacityLimiter(16)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes come from: a kept file, who makes it, and what serves without the disk.

    `start` begins to make the file; `spare` gives the same bytes without keeping them, from
    `is_streamed` formats always the same ones.
    """

    kept: Kept
    start: Callable[[], Future[None]]
    spare: Callable[[], Iterator[bytes]]
    is_streamed: bool
    is_packed: bool


class KeptAnswer(Response):
    """The answer of a download; whoever comes first reads along while the file is written."""

    def __init__(self, source: Source, request: Request, headers: dict[str, str], tag: str) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._source, self._tag = source, tag
        self._asked = request.headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the file, from the file that grows, or without any."""
        source = self._source
        if await run_sync(source.kept.path.exists, limiter=_readers):
            await self._whole(scope, receive, send)
        # GDAL asks HEAD first and gives up on a file whose length is not told.
        elif source.is_streamed and "range" not in self._asked and not scope.get("is_head"):
            await self._along(send)
        else:
            await self._when_made(scope, receive, send)

    async def _when_made(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.wrap_future(self._source.start())
        except OSError:  # the disk is full or not ours: nothing is kept
            await self._begin(send)
            await (_end(send) if scope.get("is_head") else self._spare(send, 0))
            return
        await self._whole(scope, receive, send)

    async def _whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept, path = self._source.kept, self._source.kept.path
        if self._source.is_packed and _wants_gzip(self._asked):
            if await run_sync(kept.packed.exists, limiter=_readers):
                path = kept.packed
                self.headers["Content-Encoding"] = "gzip"
            else:
                self._source.start()  # it was not finished
        found = await run_sync(os.stat, path, limiter=_readers)
        self._name_state(found)
        if _knows(self._asked, self.headers["etag"]):
            self.status_code = 304
            await self._begin(send)
            await _end(send)
            return
        answer = _File(path, headers=dict(self.headers), stat_result=found,
                       media_type=self.headers["content-type"])  # fmt: skip
        method = "HEAD" if scope.get("is_head") else "GET"
        await answer({**scope, "method": method}, receive, send)

    def _name_state(self, found: os.stat_result | None) -> None:
        # GDAL writes the time of writing into a file: two builds of a state may differ.
        built = f"-{found.st_mtime_ns:x}" if found and not self._source.is_streamed else ""
        packed = _PACKED if "content-encoding" in self.headers else ""
        self.headers["ETag"] = f'"{self._tag}{built}{packed}"'
        self.headers["Accept-Ranges"] = "bytes"

    async def _along(self, send: Send) -> None:
        done, sent, kept = self._source.start(), 0, self._source.kept
        pause_s = _PAUSES_S[0]
        while True:
            is_last = done.done()  # looked at before reading: what was written then is read now
            piece = await run_sync(_read, kept, sent, limiter=_readers)
            if piece:
                if not sent:
                    self._name_state(None)
                    await self._begin(send)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                sent, pause_s = sent + len(piece), _PAUSES_S[0]
            elif is_last:
                break
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSES_S[1])
        try:
            done.result()
        except OSError:
            if not sent:
                await self._begin(send)
            await self._spare(send, sent)
        else:
            await _end(send)

    async def _spare(self, send: Send, sent: int) -> None:
        pieces = self._source.spare()
        try:
            while (piece := await run_sync(next, pieces, b"", limiter=_readers)) != b"":
                passed = min(sent, len(piece))
                sent -= passed
                if passed < len(piece):
                    body = piece[passed:]
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            # They come from a generator, which is typed as an iterator and can be closed.
            await run_sync(pieces.close, limiter=_readers)  # type: ignore[attr-defined]
        await _end(send)

    async def _begin(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})


class _File(FileResponse):
    chunk_size = _PIECE_BYTES

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            # RFC 9110, 14.2: a range that is none is passed over.
            return []
        except RangeNotSatisfiable as error:
            raise NoSuchRange(
                Text(
                    th=f"ไฟล์มี {file_size} ไบต์ ไม่มีช่วงที่ขอ",
                    en=f"The file has {file_size} bytes; the range asked for lies beyond its end",
                ),
                size=file_size,
            ) from error


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _read(kept: Kept, start: int) -> bytes:
    for path in (kept.path, kept.working):
        if (piece := _piece(path, start)) is not None:
            return piece
    return b""


def _piece(path: Path, start: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(_PIECE_BYTES)
    except OSError:  # not there yet, or never
        return None


def _wants_gzip(asked: Headers) -> bool:
    # A range is one of the plain file, unless who asks has the beginning of the other.
    if "range" in asked and not asked.get("if-range", "").endswith(f'{_PACKED}"'):
        return False
    accepted = asked.get("accept-encoding", "").split(",")
    taken = (part for part in accepted if not _NO_GZIP.search(part))
    return "gzip" in {part.partition(";")[0].strip() for part in taken}


def _knows(asked: Headers, tag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in
             asked.get("if-none-match", "").split(",")}  # fmt: skip
    return bool(known & {tag, "*"})
