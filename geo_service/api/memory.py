"""Finished answers kept in memory and given again while the data stays as it is.

What is kept follows from the state of the data and the address alone: whole public answers with
an ETag from `deps.revalidate`. They are kept as they went out, compressed and with all headers,
under everything that makes two answers differ; a change of any data drops them all. How the state
is known is told in `geo_service.core.watch`; while it is not known for certain, the database is
asked before a kept answer is given, and nothing new is kept.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.api.trace import HEADER as REQUEST_ID
from geo_service.api.trace import given_name
from geo_service.api.wire import Metrics, coding_of
from geo_service.core.known import KNOWN, Known
from geo_service.core.text import choose_language
from geo_service.core.work import WORK, Work
from geo_service.deps import FOLLOWS_STATE, is_good

#: Larger answers are not kept: few callers ask for the same ones.
LARGEST_BYTES: Final = 1_000_000
#: Larger ones are not given to those who asked for the same meanwhile, either.
_LARGEST_SHARED_BYTES: Final = 8_000_000
_LONGEST_KEY_BYTES: Final = 4_000
#: A database that does not tell its state in this time is passed over, in seconds.
_ASK_S: Final = 2.0
_MOST_UNFIT: Final = 10_000
#: What an entry takes beside its bytes: its key, lists and dictionaries.
_ENTRY_BYTES: Final = 2_000
_OK, _NO_CONTENT = 200, 204
_VARIES: Final = frozenset(
    {"accept", "accept-language", "accept-encoding", "authorization", "cookie"}
)
_METHODS: Final = frozenset({"GET", "HEAD"})
_PERSONAL: Final = frozenset({b"authorization", b"cookie", b"range"})
#: RFC 9110, 15.4.5: what a 304 repeats of the answer it stands for; and the door for scripts.
_REPEATED: Final = re.compile(rb"etag|cache-control|vary|content-language|access-control-.*")
_EMPTY: Final[Message] = {"type": "http.response.body", "body": b""}

Key = tuple[object, ...]
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """One finished answer, and the 304 that stands for it."""

    start: Message
    body: Message
    unchanged: Message
    tag: bytes
    route: str
    size_bytes: int


@dataclass(slots=True)
class _Run:
    """One request being answered; ``done`` is what equal ones wait for."""

    key: Key
    known: Known
    scope: Scope
    start: Message | None = None
    done: asyncio.Future[None] | None = None
    made: Kept | None = None
    is_begun: bool = False


class Memory:
    """Answers from memory what was answered before, at the same state of the data.

    Equal requests that come while the first of them is being answered wait for its answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        known: Callable[[], Known | None],
        ask: Callable[[], Known],
        metrics: Metrics,
        most_bytes: int,
    ) -> None:
        self.app, self.metrics, self.most_bytes = app, metrics, most_bytes
        self._known_now, self._ask = known, ask
        self._known: Known | None = None
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size_bytes = 0
        # Paths and queries to which there are answers, and how many.
        self._targets: Counter[object] = Counter()
        self._unfit: set[Key] = set()
        self._running: dict[Key, _Run] = {}
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[Known | None] | None = None
        metrics.memory_bytes.set_function(lambda: self._size_bytes)
        metrics.memory_most_bytes.set(most_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass a request through and keep its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = scope[KNOWN] = self._known_now()
        if known is not None and known is not self._known:
            self._forget(known)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        key = _key(scope, headers)
        kept = self._kept.get(key)
        if kept is not None and known is not None:
            self._kept.move_to_end(key)
            await self._give(kept, headers, scope, send)
        else:
            await self._look_again(key, known, headers, scope, receive, send)

    def holds(self, target: tuple[bytes, bytes]) -> bool:
        """Tell whether there is an answer, of any form, to an address.

        Parameters
        ----------
        target : tuple of (bytes, bytes)
            Path and query as they were asked.

        Returns
        -------
        bool
            True also while it is not certain that the answer still holds.
        """
        return target in self._targets

    async def _look_again(
        self,
        key: Key,
        known: Known | None,
        headers: Mapping[bytes, bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        run = self._running.get(key) if known is not None else None
        while run is not None and run.done is not None:
            await asyncio.shield(run.done)
            known = scope[KNOWN] = self._known_now()
            if run.made is not None and known is run.known:
                await self._give(run.made, headers, scope, send)
                return
            # Whose caller left has answered nobody: one who waits takes over, the others wait on.
            is_open = run.is_begun or known is None
            run = None if is_open else self._running.get(key)
        kept = self._kept.get(key)
        if kept is not None and (known or await self._asked()) is self._known:
            await self._give(kept, headers, scope, send)
        elif known is None or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
        else:
            with known.readers:
                if not key or key in self._unfit:
                    await self.app(scope, receive, send)
                else:
                    await self._answer(key, known, scope, receive, send)

    async def _give(
        self, kept: Kept, headers: Mapping[bytes, bytes], scope: Scope, send: Send
    ) -> None:
        tags = headers.get(b"if-none-match")
        is_unchanged = tags is not None and (
            tags == kept.tag or is_good(kept.tag.decode(), tags.decode("latin-1"))
        )
        start = kept.unchanged if is_unchanged else kept.start
        method = scope["method"]
        self.metrics.count(method, kept.route, start["status"])
        if REQUEST_ID in headers and (named := given_name(headers)):
            start = {**start, "headers": [*start["headers"], (REQUEST_ID, named)]}
        await send(start)
        await send(_EMPTY if is_unchanged or method == "HEAD" else kept.body)

    async def _answer(
        self, key: Key, known: Known, scope: Scope, receive: Receive, send: Send
    ) -> None:
        run = _Run(key, known, scope)
        if key not in self._running and scope["method"] == "GET":
            run.done = asyncio.get_running_loop().create_future()
            self._running[key] = run

        async def hear(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._begin(run, message)
            elif run.start is not None:
                self._end(run, run.start, message)
            await send(message)

        try:
            await self.app(scope, receive, hear)
        finally:
            self._release(run)

    def _begin(self, run: _Run, start: Message) -> None:
        run.is_begun = True
        if self._known_now() is not run.known:
            _loosen(start)
        if _is_fit(start, run.scope):
            run.start = start
        else:
            self._refuse(run, start)

    def _end(self, run: _Run, start: Message, body: Message) -> None:
        run.start = None
        size_bytes = len(body.get("body", b""))
        if body.get("more_body") or size_bytes > _LARGEST_SHARED_BYTES:
            self._refuse(run, start)
        elif self._known_now() is run.known is self._known:
            run.made = _made(start, body, run.scope)
            if size_bytes <= LARGEST_BYTES:
                self._keep(run.key, run.made)
            self._release(run)

    def _refuse(self, run: _Run, start: Message) -> None:
        # Who waits for an answer that is not kept asks for his own, and the next does not wait.
        if start["status"] == _OK and len(self._unfit) < _MOST_UNFIT:
            self._unfit.add(run.key)
        self._release(run)

    def _release(self, run: _Run) -> None:
        if run.done is not None and not run.done.done():
            self._running.pop(run.key, None)
            run.done.set_result(None)

    def _keep(self, key: Key, made: Kept) -> None:
        before = self._kept.pop(key, None)
        self._size_bytes += made.size_bytes - (before.size_bytes if before else 0)
        self._kept[key] = made
        self._targets[key[:2]] += before is None
        while self._size_bytes > self.most_bytes:
            dropped, oldest = self._kept.popitem(last=False)
            self._size_bytes -= oldest.size_bytes
            self._targets[dropped[:2]] -= 1
            if not self._targets[dropped[:2]]:
                del self._targets[dropped[:2]]

    def _forget(self, known: Known) -> None:
        self._known = known
        self._kept.clear()
        self._targets.clear()
        self._unfit.clear()
        self._size_bytes = 0

    async def _asked(self) -> Known | None:
        # Whoever comes while one asks waits for the next to ask: what was asked before he came
        # may be older than he is.
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._ask_next())
        return await asyncio.shield(self._next)

    async def _ask_next(self) -> Known | None:
        async with self._asking:
            self._next = None
            work = Work()
            WORK.set(work)
            late = asyncio.get_running_loop().call_later(_ASK_S, work.stop)
            # A database that does not answer is answered for by the application.
            try:
                with suppress(Exception):
                    return await run_in_threadpool(self._ask)
            finally:
                late.cancel()
            return None


def _key(scope: Scope, headers: Mapping[bytes, bytes]) -> Key:
    # Empty for what is never kept. The application reads the first of two equal headers; nobody
    # sends two in earnest.
    is_odd = scope["method"] not in _METHODS or len(headers) != len(scope["headers"])
    if is_odd or not _PERSONAL.isdisjoint(headers):
        return ()
    path, query = scope.get("raw_path") or scope["path"], scope["query_string"]
    accept = headers.get(b"accept", b"")
    if len(path) + len(query) + len(accept) > _LONGEST_KEY_BYTES:
        return ()
    return (
        path,
        query,
        accept,
        _language(headers.get(b"accept-language", b"")),
        _coding(headers.get(b"accept-encoding", b"")),
        headers.get(b"host"),
        scope["scheme"],
        scope.get("root_path"),
    )


@lru_cache(maxsize=1024)
def _language(header: bytes) -> str:
    return choose_language(None, header.decode("latin-1"))


@lru_cache(maxsize=1024)
def _coding(header: bytes) -> str | None:
    return coding_of(header.decode("latin-1"))


def _is_fit(start: Message, scope: Scope) -> bool:
    if start["status"] not in {_OK, _NO_CONTENT} or not scope.get(FOLLOWS_STATE):
        return False
    headers: dict[bytes, bytes] = dict(start["headers"])
    varies = {part.strip().lower() for part in headers.get(b"vary", b"").decode().split(",")}
    is_public = headers.get(b"cache-control", b"").startswith(b"public")
    return is_public and b"etag" in headers and varies <= _VARIES


def _loosen(start: Message) -> None:
    # The data changed while the answer was made: it may mix two states, so it is not for ever.
    start["headers"] = [
        (name, b"public, no-cache" if name == b"cache-control" and b"immutable" in value else value)
        for name, value in start["headers"]
    ]


def _made(start: Message, body: Message, scope: Scope) -> Kept:
    # The name of a request is not that of the next.
    headers: list[Header] = [one for one in start["headers"] if one[0] != REQUEST_ID]
    repeated = [one for one in headers if _REPEATED.fullmatch(one[0])]
    whole: bytes = body.get("body", b"")
    size = len(whole) + sum(len(name) + len(value) for name, value in headers)
    return Kept(
        {**start, "headers": headers},
        {"type": "http.response.body", "body": whole},
        {**start, "status": 304, "headers": repeated},
        dict(headers)[b"etag"],
        getattr(scope.get("route"), "path", "none"),
        size + _ENTRY_BYTES,
    )
