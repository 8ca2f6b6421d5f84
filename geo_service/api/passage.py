"""One request on its way through the gate: it waits for its place, and ends when it must.

What a request has under way in the database ends with the caller who left, with the reader who
stopped reading, and when its time is over: then it is answered for, with 504.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.accounts.limits import neighbourhood
from geo_service.core.errors import Fault, TimedOut
from geo_service.core.line import Line
from geo_service.core.text import Text
from geo_service.core.work import Work
from geo_service.deps import PRINCIPAL
from geo_service.problems import answer_to

log = logging.getLogger(__name__)

#: A reader who takes nothing for so long is not reading.
STALL_S: Final = 15.0
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Who can be told apart by more than his address.
_NAMED: Final = frozenset({"key", "user"})


class _Gone(Exception):
    """Nobody takes the pieces of this answer any more."""


class Passage:
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


def caller_of(scope: Scope) -> str:
    """Tell who asks, as far as fairness goes.

    Parameters
    ----------
    scope : Scope
        Of a request that passed the entrance.

    Returns
    -------
    str
        A key or a person that was recognised, else the neighbourhood of the address.
    """
    who = scope.get(PRINCIPAL)
    if who is not None and who.kind in _NAMED:
        return f"{who.kind} {who.id}"
    client = scope.get("client")
    return neighbourhood(str(client[0])) if client else ""


async def _said(told: Any) -> None:  # noqa: ANN401  (a coroutine)
    try:
        await told
    except Exception:
        log.debug("nobody heard the last words", exc_info=True)


def _late() -> Fault:
    return TimedOut(
        Text(
            th="ใช้เวลานานเกินกำหนด กรุณาลองใหม่ หรือจำกัดพื้นที่หรือจำนวนให้น้อยลง",
            en="It took too long; try again, or ask for a smaller area or fewer features",
        )
    )
