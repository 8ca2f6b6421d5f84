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
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

from geo_service.api.passage import Passage, caller_of
from geo_service.core.errors import Busy, Fault, Unavailable
from geo_service.core.line import Line, LineFull
from geo_service.core.text import Text
from geo_service.core.work import WORK

LIGHT, TILE, HEAVY, LONG = "light", "tile", "heavy", "long"
#: By path, the first that fits; whatever is not named is heavy.
_COSTS: Final = (
    (
        LIGHT,
        re.compile(
            r"/(?:livez|readyz|healthz|metrics|conformance|functions"
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
_LAST_WORDS_S: Final = 1.5


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
        self._passages: set[Passage] = set()
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
        passage = Passage(scope, receive, send, self._lines.get(kind), reads_itself=kind == LONG)
        deadline = loop.call_later(self._limit_s.get(kind, self._request_s), passage.expire)
        look = loop.call_later(_LOOK_AFTER_S, passage.watch)
        passage.deadline = deadline
        started = loop.time()
        self._passages.add(passage)
        mark = WORK.set(passage.work)
        try:
            await passage.run(app)
        except LineFull as full:
            self._measures.refused[kind].inc()
            refused = busy(full.retry_s)
            raise refused from None
        finally:
            WORK.reset(mark)
            self._passages.discard(passage)
            deadline.cancel()
            look.cancel()
            passage.end()
            self._measures.tell(kind, loop.time() - started, passage)

    def is_waited_for(self, kind: str) -> bool:
        """Tell whether anybody waits in a line.

        Parameters
        ----------
        kind : {"tile", "heavy", "long"}
            Which line.

        Returns
        -------
        bool
            Also true of a line that is not full.
        """
        return self._lines[kind].waiting > 0

    def full_for(self, scope: Scope) -> int | None:
        """Tell at once who would be sent away; what he asks is not looked at.

        Parameters
        ----------
        scope : Scope
            Of a request without credentials.

        Returns
        -------
        int or None
            Seconds until he may come again; ``None`` for who may go on.
        """
        kind = cost_of(scope["path"])
        line = self._lines.get(kind)
        if line is None or not line.waiting or line.takes(caller_of(scope)):
            return None
        self._measures.refused[kind].inc()
        return line.refusal().retry_s

    def expect(self, scope: Scope) -> None:
        """Count who may go on and is on his way to the line.

        Parameters
        ----------
        scope : Scope
            As for `full_for`.
        """
        if (line := self._lines.get(cost_of(scope["path"]))) is not None:
            line.expect(caller_of(scope))

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


class _Measures:
    """What is told of admission."""

    def __init__(self, registry: CollectorRegistry, lines: Mapping[str, Line]) -> None:
        refused = Counter(
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
        self.refused = {kind: refused.labels(kind) for kind in lines}
        self._of = {kind: self._seconds.labels(kind) for kind in (LIGHT, TILE, HEAVY, LONG)}
        waiting = Gauge("geo_work_waiting", "Requests in line", ("class",), registry=registry)
        at_work = Gauge("geo_work_in_flight", "Requests at work", ("class",), registry=registry)
        places = Gauge("geo_work_places", "Requests at work at most", ("class",), registry=registry)
        for kind, line in lines.items():
            waiting.labels(kind).set_function(partial(getattr, line, "waiting"))
            at_work.labels(kind).set_function(partial(getattr, line, "at_work"))
            places.labels(kind).set(line.places)

    def tell(self, kind: str, seconds: float, passage: Passage) -> None:
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


def busy(retry_s: int) -> Busy:
    """Say that there is no place.

    Parameters
    ----------
    retry_s : int
        Seconds until there may be one.

    Returns
    -------
    Busy
        To be raised, or told.
    """
    return Busy(
        Text(
            th=f"มีผู้ใช้งานพร้อมกันจำนวนมาก กรุณาลองใหม่ในอีก {retry_s} วินาที",
            en=f"There is more to do than the service can take on; try again in {retry_s} s",
        ),
        retryAfter=retry_s,
    )


def _stopping() -> Fault:
    return Unavailable(
        Text(
            th="บริการกำลังเริ่มใหม่ กรุณาลองอีกครั้งในอีกสักครู่",
            en="The service is being restarted; try again in a moment",
        )
    )
