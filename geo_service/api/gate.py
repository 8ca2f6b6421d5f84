"""Who may work now, for how long, and what ends with the caller who leaves.

Work is told apart by what it costs. Heavy work has a few places and a line before them
(`geo_service.core.line`), so that what is at work is finished rather than everything being slow;
who finds the line full is told so at once. Tiles have places of their own: a map asks for dozens,
and each is short. Work that waits for files has others. What is light has no line: it must answer
while all else is busy. Answers from memory never come here.

A request that is not answered in time is answered for, with 504, and what it has under way in the
database is cut off; so is the work for a caller who left, and that of a reader who stopped
reading.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.errors import Busy, Fault, TimedOut, Unavailable
from geo_service.core.line import Caller, Line, LineFull
from geo_service.core.text import Text
from geo_service.core.work import WORK, Work
from geo_service.problems import answer_to

log = logging.getLogger(__name__)

LIGHT, TILE, HEAVY, LONG = "light", "tile", "heavy", "long"
#: By path, the first that fits; whatever is not named is heavy.
_COSTS: Final = (
    (
        LIGHT,
        re.compile(
            r"/(?:livez|readyz|healthz|metrics|conformance|functions|api|api\.html"
            r"|static/.*|fonts/.*|tileMatrixSets(?:/.*)?)"
        ),
    ),
    (TILE, re.compile(r"/(?:collections/[^/]+/)?tiles/.*")),
    (LONG, re.compile(r"/(?:collections/[^/]+/downloads/.+|submissions)")),
)
#: Seconds for work that makes or takes whole files.
LONG_S: Final = 900.0
#: Whoever asks how the service is gets an answer soon, in seconds.
LIGHT_S: Final = 3.0
#: Waiting for files is cheap; making them has its own few hands.
LONG_PLACES: Final = 16
#: Most requests are over by then, and nobody needs to look whether the caller is still there.
_LOOK_AFTER_S: Final = 0.25
#: A reader who takes nothing for so long is not reading.
STALL_S: Final = 15.0
_LAST_WORDS_S: Final = 1.5
_KEY: Final = re.compile(rb"bearer\s+(gk_[a-z0-9]{1,32})_", re.IGNORECASE)
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is worked on at once, how much waits, for how long; ``request_s`` a request."""

    places: int
    waiting: int
    waiting_s: float
    request_s: float


class Gate:
    """The places of one process and the lines before them.

    Parameters
    ----------
    bounds : Bounds
        How much at once.
    registry : CollectorRegistry
        Where it is told what goes on.
    """

    def __init__(self, bounds: Bounds, registry: CollectorRegistry) -> None:
        self._lines: Mapping[str, Line] = {
            kind: Line(places, bounds.waiting, bounds.waiting_s)
            for kind, places in (
                (HEAVY, bounds.places), (TILE, bounds.places), (LONG, LONG_PLACES),
            )
        }  # fmt: skip
        self._limit_s = {LONG: LONG_S, LIGHT: min(LIGHT_S, bounds.request_s)}
        self._request_s = bounds.request_s
        self._passages: set[_Passage] = set()
        self._measures = _Measures(registry, self._lines)

    async def pass_on(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, send it away, or end it.

        Parameters
        ----------
        app : callable
            Answers those that are let in.
        scope, receive, send : mapping and callables
            Of the request.

        Raises
        ------
        Busy
            If there is no place for it.
        """
        kind = cost_of(scope["path"])
        loop = asyncio.get_running_loop()
        passage = _Passage(scope, receive, send, self._lines.get(kind), reads_itself=kind == LONG)
        deadline = loop.call_later(self._limit_s.get(kind, self._request_s), passage.expire)
        look = loop.call_later(_LOOK_AFTER_S, passage.watch)
        passage.deadline = deadline
        started = loop.time()
        self._passages.add(passage)
        mark = WORK.set(passage.work)
        try:
            await passage.run(app)
        except LineFull as full:
            self._measures.refused.labels(kind).inc()
            refused = _busy(full.retry_s)
            raise refused from None
        finally:
            WORK.reset(mark)
            self._passages.discard(passage)
            deadline.cancel()
            look.cancel()
            passage.end()
            self._measures.tell(kind, loop.time() - started, passage)

    def drain(self, grace_s: float) -> None:
        """Finish within a time: near its end whoever still waits is told to come again.

        Parameters
        ----------
        grace_s : float
            Seconds until the process ends.
        """
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, grace_s - _LAST_WORDS_S), self._close)

    def _close(self) -> None:
        for line in self._lines.values():
            line.close()
        for passage in list(self._passages):
            passage.expire(_stopping())


class Admission:
    """Sends what comes through the gate."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, send it away, or end it."""
        if scope["type"] == "http":
            await self.gate.pass_on(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


class _Gone(Exception):
    """Nobody takes the pieces of this answer any more."""


class _Passage:
    """One request on its way through."""

    __slots__ = (
        "_asked", "_body", "_caller", "_entered", "_is_in", "_is_read", "_line", "_reads_itself",
        "_receive", "_scope", "_send", "_task", "_telling", "_watching", "deadline",
        "is_complete", "is_left", "is_started", "is_told", "work",
    )  # fmt: skip

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, line: Line | None, *, reads_itself: bool
    ) -> None:
        self._scope, self._receive, self._send, self._line = scope, receive, send, line
        self._caller = caller_of(scope) if line is not None else None
        self._is_read = scope["method"] in _BODILESS
        self._asked, self._is_in = not self._is_read, False
        self._body: Message = {"type": "http.request", "body": b"", "more_body": False}
        self._entered: float | None = None
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.work, self._reads_itself = Work(), reads_itself
        #: The answer has begun; it is out as a whole; it was given for the application.
        self.is_started = self.is_complete = self.is_told = self.is_left = False

    async def run(self, app: ASGIApp) -> None:
        """Wait for a place, then let the application answer.

        Parameters
        ----------
        app : callable
            Answers.

        Raises
        ------
        CancelledError
            If the server cancels the request.
        """
        try:
            if self._line is not None and self._caller is not None:
                await self._take_body()
                await self._line.enter(self._caller)
                self._entered, self._is_in = asyncio.get_running_loop().time(), True
            await app(self._scope, self._read, self._hear)
        except asyncio.CancelledError:
            # Cancelled in line by ourselves: there is nobody to answer, or he has been answered.
            if not (self.is_told or self.is_left) or self._task is None:
                raise
            self._task.uncancel()
        except Exception:
            if not (self.is_told or self.is_left):
                raise
        if self._telling is not None:
            await self._telling

    def end(self) -> None:
        """Give the place back and look no longer for the caller."""
        self._vacate()
        self._task = None
        if self._watching is not None:
            self._watching.cancel()

    def watch(self) -> None:
        """Begin to look whether the caller is still there."""
        if self._is_read:
            self._watching = asyncio.get_running_loop().create_task(self._see_leaving())

    def expire(self, fault: Fault | None = None) -> None:
        """Answer for the application, which did not in time, and end what it has under way.

        Parameters
        ----------
        fault : Fault, optional
            Why; too late, when absent.
        """
        if self.is_started or self.is_told or self._task is None:
            return
        self.is_told = True
        answer = answer_to(Request(self._scope), fault or _late())
        told = answer(self._scope, self._receive, self._send)
        self._telling = asyncio.get_running_loop().create_task(_said(told))
        self._cut()

    def _cut(self) -> None:
        self.work.stop()
        # Never while a thread is at work for it: the thread would go on without its request.
        if self._task is not None and self._line is not None and not self._is_in:
            self._task.cancel()

    async def _see_leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        # The end of an answer looks the same as the end of a caller.
        if not (self.is_complete or self.is_told):
            self.is_left = True
            self._cut()

    async def _take_body(self) -> None:
        # Before there is a place for it: a body that comes slowly must not hold one.
        body = b""
        while not self._is_read and not self._reads_itself:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_left = True
                raise _Gone
            body += message.get("body", b"")
            if not message.get("more_body"):
                self._body = {"type": "http.request", "body": body, "more_body": False}
                self._is_read, self._asked = True, False

    async def _read(self) -> Message:
        if not self._asked:
            # The body was taken, or is not there and who looks for the caller took its message.
            self._asked = True
            return self._body
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self._is_read = True
        return message

    async def _hear(self, message: Message) -> None:
        if self.is_told or self.is_left:
            if message.get("more_body"):
                raise _Gone
            return
        if message["type"] == "http.response.start":
            self.is_started = True
            if self.deadline is not None:
                self.deadline.cancel()
            if self.work.is_idle:
                # All that is left is to send, at the pace of the reader.
                self._vacate()
        if not message.get("more_body"):
            self.is_complete = message["type"] == "http.response.body"
            await self._send(message)
            return
        try:
            async with asyncio.timeout(STALL_S):
                await self._send(message)
        except TimeoutError:
            log.info("a reader stopped reading", extra={"path": self._scope["path"]})
            self.is_left = True
            self._cut()
            raise _Gone from None

    def _vacate(self) -> None:
        if self._entered is not None and self._line is not None and self._caller is not None:
            took_s = asyncio.get_running_loop().time() - self._entered
            self._line.leave(self._caller, took_s=took_s)
            self._entered = None


class _Measures:
    """What is told of admission."""

    def __init__(self, registry: CollectorRegistry, lines: Mapping[str, Line]) -> None:
        self.refused = Counter(
            "geo_work_refused_total", "Requests sent away: the line was full", ("class",),
            registry=registry,
        )  # fmt: skip
        self._ended = Counter(
            "geo_work_ended_total", "Requests ended: too late, or the caller left",
            ("class", "why"), registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "geo_work_seconds", "Seconds from request to last byte, waiting included", ("class",),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60), registry=registry,
        )  # fmt: skip
        self._of = {kind: self._seconds.labels(kind) for kind in (LIGHT, TILE, HEAVY, LONG)}
        waiting = Gauge("geo_work_waiting", "Requests in line", ("class",), registry=registry)
        at_work = Gauge("geo_work_in_flight", "Requests at work", ("class",), registry=registry)
        places = Gauge("geo_work_places", "Requests at work at most", ("class",), registry=registry)
        for kind, line in lines.items():
            waiting.labels(kind).set_function(partial(getattr, line, "waiting"))
            at_work.labels(kind).set_function(partial(getattr, line, "at_work"))
            places.labels(kind).set(line.places)
            self.refused.labels(kind)

    def tell(self, kind: str, seconds: float, passage: _Passage) -> None:
        """Count a request that is over."""
        self._of[kind].observe(seconds)
        if passage.is_told or passage.is_left:
            self._ended.labels(kind, "late" if passage.is_told else "left").inc()


@lru_cache(maxsize=4096)
def cost_of(path: str) -> str:
    """Tell what an address costs.

    Parameters
    ----------
    path : str
        Without the query.

    Returns
    -------
    {"light", "tile", "heavy", "long"}
        The class whose places it needs.
    """
    return next((kind for kind, paths in _COSTS if paths.fullmatch(path)), HEAVY)


def caller_of(scope: Scope) -> Caller:
    """Tell who asks, as far as fairness goes.

    The name of a key is not checked here: one invented wins nothing over other addresses.

    Parameters
    ----------
    scope : Scope
        Of a request.

    Returns
    -------
    Caller
        Address (of IPv6 the network) and the beginning of the key, if there is one.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if ":" in address:
        address = _network(address)
    for name, value in scope["headers"]:
        if name == b"authorization":
            found = _KEY.match(value)
            return Caller(address, found[1].decode() if found else "")
    return Caller(address)


def _network(address: str) -> str:
    # One customer has a network of 2^64 addresses.
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


async def _said(told: Any) -> None:  # noqa: ANN401  (a coroutine)
    try:
        await told
    except Exception:
        log.debug("nobody heard the last words", exc_info=True)


def _busy(retry_s: int) -> Busy:
    return Busy(
        Text(
            th=f"มีผู้ใช้งานพร้อมกันจำนวนมาก กรุณาลองใหม่ในอีก {retry_s} วินาที",
            en=f"There is more to do than the service can take on; try again in {retry_s} s",
        ),
        retryAfter=retry_s,
    )


def _late() -> Fault:
    return TimedOut(
        Text(
            th="ใช้เวลานานเกินกำหนด กรุณาลองใหม่ หรือจำกัดพื้นที่หรือจำนวนให้น้อยลง",
            en="It took too long; try again, or ask for a smaller area or fewer features",
        )
    )


def _stopping() -> Fault:
    return Unavailable(
        Text(
            th="บริการกำลังเริ่มใหม่ กรุณาลองอีกครั้งในอีกสักครู่",
            en="The service is being restarted; try again in a moment",
        )
    )
