"""Who would be sent away at the gate is told so on the threshold, before the framework.

Under a rush most of what comes is refused. What refusing costs is taken from those who are
served, and the way through the framework costs more than many an answer. What is said is what the
gate says; a browser and whoever brings credentials go on and hear it there. Plain questions are
refused by their bytes, before anything is made of them (`Door`): reading them would cost twice as
much as sending them away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api.gate import HEAVY, Gate, busy, cost_of
from geo_service.api.trace import HEADER, given_name
from geo_service.api.wire import PUBLIC_HEADERS, Metrics
from geo_service.core.text import Lang, choose_language
from geo_service.problems import problem

_BUSY: Final = 503
#: With these a request may be somebody's own.
_PERSONAL: Final = frozenset({b"authorization", b"cookie"})
#: With these a question is more than its address, or the connection ends with it.
_MORE: Final = _PERSONAL | {
    b"upgrade", b"expect", b"content-length", b"transfer-encoding", b"forwarded",
}  # fmt: skip
_PLAIN: Final = re.compile(rb"GET (/[A-Za-z0-9/._-]*)(?:\?([!-~]*))? HTTP/1\.1\r\n")
#: A proxy on this machine tells for whom it asks.
_PROXIES: Final = frozenset({"127.0.0.1"})
_ADDRESS: Final = re.compile(rb"[0-9a-fA-F.:]+")
_LONGEST_BYTES: Final = 8_000


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


class Door:
    """Sends away who asks a plain question for which there is no room, by the bytes of it.

    Parameters
    ----------
    gate : Gate
        Knows whether there is room.
    metrics : Metrics
        Counts who is sent away.
    is_kept : callable
        Tells of a path and a query whether an answer to them may be in memory.
    """

    def __init__(
        self, gate: Gate, metrics: Metrics, is_kept: Callable[[tuple[bytes, bytes]], bool]
    ) -> None:
        self._gate, self._metrics, self._is_kept = gate, metrics, is_kept

    def refusal(self, asked: bytes, address: str) -> tuple[bytes, bytes] | None:
        """Tell who comes while the line is full that there is no room.

        Parameters
        ----------
        asked : bytes
            What came on a connection on which nothing else is under way.
        address : str
            Where it came from.

        Returns
        -------
        tuple of (bytes, bytes), optional
            The head of an answer but for its last line, and its body; ``None`` for who may go
            on, and for all that is not plain.
        """
        if not self._gate.is_waited_for(HEAVY) or len(asked) > _LONGEST_BYTES:
            return None
        line = _PLAIN.match(asked)
        told = _told(asked[line.end() :]) if line is not None else None
        if line is None or told is None:
            return None
        path, query = line[1], line[2] or b""
        address = _asker(address, told.forwarded)
        is_refused_here = address and not told.is_page and b"f=html" not in query
        if not is_refused_here or cost_of(path.decode()) != HEAVY or self._is_kept((path, query)):
            return None
        scope = {"path": path.decode(), "query_string": query, "client": (address, 0)}
        retry_s = self._gate.full_for(scope)
        if retry_s is None:
            self._gate.expect(scope)
            return None
        self._metrics.count("GET", "none", _BUSY)
        head, body = _written(retry_s, _language(query, told.language), scope["path"])
        if told.name is not None:
            head += b"x-request-id: %s\r\n" % told.name
        return head, body


@dataclass(frozen=True, slots=True)
class _Told:
    """What the header fields of a plain question tell."""

    is_page: bool
    language: bytes
    forwarded: bytes | None
    name: bytes | None


@lru_cache(maxsize=256)
def _told(fields: bytes) -> _Told | None:
    # Who asks again and again sends the same fields. None for who brings more than a question.
    headers = _fields(fields)
    if headers is None or not _stays(headers) or not _PERSONAL.isdisjoint(headers):
        return None
    return _Told(
        b"text/html" in headers.get(b"accept", b""), headers.get(b"accept-language", b""),
        headers.get(b"x-forwarded-for"), given_name(headers),
    )  # fmt: skip


def _fields(told: bytes) -> dict[bytes, bytes] | None:
    # None unless they are whole, with nothing behind them and no name twice.
    if not told.endswith(b"\r\n\r\n"):
        return None
    found: dict[bytes, bytes] = {}
    lines = told[:-4].split(b"\r\n")
    for one in lines:
        name, colon, value = one.partition(b":")
        if not colon:
            return None
        found[name.lower()] = value.strip()
    return found if len(found) == len(lines) and b"host" in found else None


def _stays(headers: dict[bytes, bytes]) -> bool:
    is_kept = headers.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    return is_kept and _MORE.isdisjoint(headers)


def _asker(address: str, told: bytes | None) -> str:
    if told is None or address not in _PROXIES:
        return address
    return told.decode() if _ADDRESS.fullmatch(told) else ""


def _is_program(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    is_page = b"text/html" in headers.get(b"accept", b"") or b"f=html" in scope["query_string"]
    return not is_page and _PERSONAL.isdisjoint(headers)


@lru_cache(maxsize=512)
def _written(retry_s: int, lang: Lang, path: str) -> tuple[bytes, bytes]:
    headers, body = _said(retry_s, lang, path)
    lines = [b"HTTP/1.1 503 Service Unavailable", *(b"%s: %s" % one for one in headers), b""]
    return b"\r\n".join(lines), body


@lru_cache(maxsize=512)
def _said(retry_s: int, lang: Lang, path: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    answer = problem(busy(retry_s), lang, instance=path)
    return [*answer.raw_headers, *PUBLIC_HEADERS], bytes(answer.body)


def _language(query: bytes, accepted: bytes) -> Lang:
    asked = None
    if b"lang=" in query:
        asked = next((lang for lang in ("th", "en") if b"lang=" + lang.encode() in query), None)
    return _chosen(asked, accepted)


@lru_cache(maxsize=256)
def _chosen(asked: str | None, accepted: bytes) -> Lang:
    return choose_language(asked, accepted.decode("latin-1"))
