"""Files that callers send: to disk as they come, whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from geo_service.core.errors import BadRequest, TimedOut, TooLarge
from geo_service.core.text import Text
from ingest import forms, submission_files

#: Who sends nothing for so long has gone, in seconds.
SILENT_S: Final = 30.0
#: What a form may bring along besides the file, in bytes.
BESIDES: Final = 64_000
_PIECE: Final = 1 << 20
_MOST_PARTS: Final = 12
_LONGEST_FIELD: Final = 2_000
_LONGEST_HEAD: Final = 4_000
_BOUNDARY: Final = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?')
_NAME: Final = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILE_NAME: Final = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is on disk as a whole."""

    path: Path
    name: str
    sha256: str
    size: int


async def receive(
    request: Request, folder: Path, *, most_bytes: int, name: str, fields: dict[str, str]
) -> Received:
    """Take the body of a request to disk: the file itself, or a form that holds one.

    Parameters
    ----------
    request : Request
        Its body has not been read yet.
    folder : Path
        Where the file is to be, under a random name; nobody else may read it.
    most_bytes : int
        Size of the file.
    name : str
        What the caller calls it, unless the form says.
    fields : dict of str
        Takes what else the form says, also when its file is refused.

    Returns
    -------
    Received
        On disk as a whole.

    Raises
    ------
    BaseException
        Whatever happens on the way; nothing is left on disk then.
    """
    part = folder / submission_files.new_name(".part")
    boundary = _boundary_of(request)
    try:
        await _take(request, part, most_bytes + (BESIDES if boundary else 0))
        return await run_in_threadpool(
            partial(_settle, part, boundary, name, most_bytes=most_bytes, fields=fields)
        )
    except BaseException:
        part.unlink(missing_ok=True)
        raise


async def _take(request: Request, part: Path, most_bytes: int) -> None:
    opened = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as out:
        size, held = 0, bytearray()
        pieces = request.stream()
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise TimedOut(_SILENT) from error
            if piece is None:
                break
            size += len(piece)
            if size > most_bytes:
                raise _too_large(most_bytes)
            held += piece
            if len(held) >= _PIECE:
                await run_in_threadpool(out.write, bytes(held))
                held.clear()
        await run_in_threadpool(_finish, out, bytes(held))


def _finish(out: object, rest: bytes) -> None:
    out.write(rest)  # type: ignore[attr-defined]
    out.flush()  # type: ignore[attr-defined]
    os.fsync(out.fileno())  # type: ignore[attr-defined]


def _boundary_of(request: Request) -> bytes:
    said = request.headers.get("content-type", "")
    if not said.lower().startswith("multipart/form-data"):
        return b""
    found = _BOUNDARY.search(said)
    if found is None:
        raise BadRequest(_BAD_FORM)
    return found[1].strip().encode("ascii")


def _settle(
    part: Path, boundary: bytes, said_name: str, *, most_bytes: int, fields: dict[str, str]
) -> Received:
    folder = part.parent
    whole = part
    if boundary and part.stat().st_size:
        said, (start, end) = _parts(part, boundary, fields)
        said_name = said or said_name
        if end - start > most_bytes:
            raise _too_large(most_bytes)
        whole = folder / submission_files.new_name(".whole")
    try:
        if whole is not part:
            _cut_out(part, whole, start, end)
        name = submission_files.plain_name(said_name)
        with whole.open("rb") as opened:
            submission_files.check_content(name, opened.read(forms.HEAD))
            opened.seek(0)
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        kept = folder / submission_files.new_name(submission_files.suffix_of(name))
        whole.rename(kept)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise
    if whole is not part:
        part.unlink()
    return Received(kept, name, sha256, kept.stat().st_size)


def _cut_out(part: Path, whole: Path, start: int, end: int) -> None:
    opened = os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as out, part.open("rb") as source:
        source.seek(start)
        left = end - start
        while left and (piece := source.read(min(_PIECE, left))):
            out.write(piece)
            left -= len(piece)
        out.flush()
        os.fsync(out.fileno())


def _parts(part: Path, boundary: bytes, fields: dict[str, str]) -> tuple[str, tuple[int, int]]:
    files: list[tuple[str, tuple[int, int]]] = []
    with part.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as body:
        for head, start, end in _sections(body, b"--" + boundary):
            name, file_name = _NAME.search(head), _FILE_NAME.search(head)
            if name is None:
                raise BadRequest(_BAD_FORM)
            if file_name is not None:
                files.append((file_name[1].replace("%22", '"'), (start, end)))
            elif end - start > _LONGEST_FIELD or b"\x00" in body[start:end]:
                raise BadRequest(_BAD_FORM)
            else:
                fields[name[1]] = body[start:end].decode("utf-8", "replace")
    if len(files) != 1:
        raise BadRequest(_BAD_FORM)
    return files[0]


def _sections(body: mmap.mmap, mark: bytes) -> Iterator[tuple[str, int, int]]:
    # RFC 7578: --boundary CRLF head CRLF CRLF content CRLF --boundary ... --
    at = 0
    for _ in range(_MOST_PARTS):
        if body[at : at + len(mark)] != mark:
            break
        at += len(mark)
        if body[at : at + 2] == b"--":
            return
        head_end = body.find(b"\r\n\r\n", at, at + _LONGEST_HEAD)
        end = body.find(b"\r\n" + mark, head_end + 2)
        if head_end < 0 or end < 0:
            break
        yield body[at:head_end].decode("utf-8", "replace"), head_end + 4, end
        at = end + 2
    raise BadRequest(_BAD_FORM)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        Text(
            th=f"ไฟล์ใหญ่เกิน {most:,} ไบต์ (GEO_UPLOAD_MB)",
            en=f"The file is larger than {most:,} bytes (GEO_UPLOAD_MB)",
        ),
        limit=most,
    )


_SILENT: Final = Text(
    th="การส่งไฟล์หยุดกลางคัน กรุณาส่งใหม่", en="The upload stopped; send the file again"
)
_BAD_FORM: Final = Text(
    th="อ่านแบบฟอร์มไม่ได้ ให้ส่งไฟล์หนึ่งไฟล์ในช่อง file",
    en="The form cannot be read; send one file in the field 'file'",
)
