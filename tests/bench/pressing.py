"""Presses on servers from a process of its own: so many clients in turn, or so many a second.

``python -m tests.bench.pressing`` reads one order as JSON from its input and prints each answer
with its status and its time, so that those who were served and those who were sent away can be told
apart. It shares the machine with what it measures, so it is cheap: questions are bytes beforehand,
sockets are plain and stay open, one loop waits for all of them (about 0.04 ms of processor time
for a question that is refused). A rate is kept however late the answers are.
"""

from __future__ import annotations

import heapq
import itertools
import json
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_S: Final = 30.0
#: In which the process starts and reads its order.
_START_S: Final = 0.6
_ONE_BY_ONE_S: Final = 0.01
_CHUNK_BYTES: Final = 1 << 20
_OK, _BUSY = 200, 503


@dataclass(frozen=True, slots=True)
class Stream:
    """Questions to one server: of ``clients`` in turn, or ``per_s`` a second; one of them is 0.

    The questions are asked in their order, and again from the first when there are more to ask.
    """

    port: int
    questions: Sequence[str]
    clients: int = 0
    per_s: float = 0.0
    pause_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question came to; status 0 when it broke. Times in seconds."""

    status: int
    asked: float
    took_s: float
    may_return: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """All answers of one stream, and for how long it was asked."""

    seconds: float
    began: float
    answers: Sequence[Answer]

    @property
    def done(self) -> list[Answer]:
        """Those that were served while it lasted; the end of the line is not of this time."""
        end = self.began + self.seconds
        return [one for one in self.answers if one.status == _OK and one.asked + one.took_s <= end]

    @property
    def refused(self) -> list[Answer]:
        """Those that were sent away."""
        return [one for one in self.answers if one.status == _BUSY]

    @property
    def per_s(self) -> float:
        """How many were served a second."""
        return len(self.done) / self.seconds


def press(
    *streams: Stream, seconds: float, meanwhile: Callable[[float], None] | None = None
) -> list[Pressed]:
    """Ask for a while.

    Parameters
    ----------
    *streams : Stream
        Asked at the same time, by one process.
    seconds : float
        How long.
    meanwhile : callable, optional
        Called with the time at which asking begins (of `time.perf_counter`).

    Returns
    -------
    list of Pressed
        What each stream got.
    """
    begin = time.perf_counter() + _START_S
    order = {"begin": begin, "seconds": seconds, "streams": [asdict(one) for one in streams]}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.pressing"],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as asking:  # fmt: skip
        if asking.stdin is None or asking.stdout is None:
            raise OSError("the generator cannot be told anything")
        with asking.stdin as told:
            json.dump(order, told)
        if meanwhile is not None:
            meanwhile(begin)
        found = json.load(asking.stdout)
    return [Pressed(seconds, begin, [Answer(*one) for one in answers]) for answers in found]


def within_ms(answers: Sequence[Answer], share: float) -> float:
    """Tell the time in which a share of the answers came.

    Parameters
    ----------
    answers : sequence of Answer
        Some.
    share : float
        Between 0 and 1.

    Returns
    -------
    float
        In milliseconds; not a number when there are too few.
    """
    times = [1e3 * one.took_s for one in answers]
    if len(times) < 2:
        return float("nan")
    return statistics.quantiles(times, n=1000, method="inclusive")[round(1000 * share) - 1]


class _Broken(Exception):
    """The answer does not come."""


class _Connection:
    """One connection of a stream, and the answer that is awaited on it."""

    __slots__ = ("asked", "head", "left", "socket", "stream")

    def __init__(self, port: int, stream: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream, self.asked = stream, 0.0
        self.head, self.left = b"", -1

    def ask(self, question: bytes) -> None:
        self.asked, self.head, self.left = time.perf_counter(), b"", -1
        self.socket.sendall(question)

    def is_answered(self, buffer: bytearray) -> bool:
        """Read what came; true when the answer is whole."""
        size = self.socket.recv_into(buffer)
        if not size:
            raise _Broken
        if self.left < 0:
            self.head += buffer[:size]
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            rest, self.head = len(self.head) - end - 4, self.head[:end].lower()
            _, has_length, length = self.head.partition(b"content-length:")
            if not has_length:
                raise _Broken  # what is asked here has a length
            self.left = int(length.partition(b"\r\n")[0]) - rest
        else:
            self.left -= size
        return not self.left


class _Asking:
    """All streams of one order; see the module."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._begin, self._end = order["begin"], order["begin"] + order["seconds"]
        self._streams: list[dict[str, Any]] = order["streams"]
        self._questions = [_as_bytes(one) for one in self._streams]
        self._idle: list[list[_Connection]] = [[] for _ in self._streams]
        self._under_way: dict[int, _Connection] = {}
        self.answers: list[list[tuple[int, float, float, bool]]] = [[] for _ in self._streams]
        self._poll, self._buffer = select.epoll(), bytearray(_CHUNK_BYTES)
        # When the next question is due, of which stream, and which of a rate it is.
        self._due: list[tuple[float, int, int]] = []

    def run(self) -> None:
        for at, stream in enumerate(self._streams):
            for client in range(stream["clients"] or 1):
                heapq.heappush(self._due, (self._begin, at, client))
        while self._due or self._under_way:
            now = time.perf_counter()
            while self._due and self._due[0][0] <= now:
                self._ask_due()
            until = self._due[0][0] if self._due else self._end + PATIENCE_S
            if not self._due and now > until:
                break
            for number, _ in self._poll.poll(max(0.0, until - time.perf_counter())):
                self._hear(number)
        for one in self._under_way.values():
            self._note(one, 0)

    def _ask_due(self) -> None:
        due, at, number = heapq.heappop(self._due)
        if due >= self._end:
            return
        per_s = self._streams[at]["per_s"]
        if per_s:
            heapq.heappush(self._due, (self._begin + (number + 1) / per_s, at, number + 1))
        self._ask(at)

    def _ask(self, at: int) -> None:
        if self._idle[at]:
            one = self._idle[at].pop()
        else:
            one = _Connection(self._streams[at]["port"], at)
            self._poll.register(one.socket, select.EPOLLIN)
        self._under_way[one.socket.fileno()] = one
        try:
            one.ask(next(self._questions[at]))
        except OSError:
            self._end_of(one)

    def _hear(self, number: int) -> None:
        one = self._under_way.get(number)
        if one is None:  # closed while nothing was asked on it
            self._poll.unregister(number)
            self._idle = [[kept for kept in idle if kept.socket.fileno() != number]
                          for idle in self._idle]  # fmt: skip
            return
        try:
            if not one.is_answered(self._buffer):
                return
        except (OSError, _Broken):
            self._end_of(one)
            return
        del self._under_way[number]
        self._idle[one.stream].append(one)
        self._note(one, int(one.head[9:12]))
        self._go_on(one.stream, self._streams[one.stream]["pause_s"])

    def _end_of(self, one: _Connection) -> None:
        del self._under_way[one.socket.fileno()]
        self._poll.unregister(one.socket)
        one.socket.close()
        self._note(one, 0)
        self._go_on(one.stream, _ONE_BY_ONE_S)

    def _go_on(self, at: int, pause_s: float) -> None:
        if self._streams[at]["clients"]:
            heapq.heappush(self._due, (time.perf_counter() + pause_s, at, 0))

    def _note(self, one: _Connection, status: int) -> None:
        took_s = time.perf_counter() - one.asked
        self.answers[one.stream].append((status, one.asked, took_s, b"retry-after" in one.head))


def _as_bytes(stream: dict[str, Any]) -> Iterator[bytes]:
    more = "".join(f"{name}: {value}\r\n" for name, value in stream["headers"].items())
    rest = f" HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n"
    return itertools.cycle([f"GET {path}{rest}".encode() for path in stream["questions"]])


if __name__ == "__main__":
    asking = _Asking(json.load(sys.stdin))
    asking.run()
    json.dump(asking.answers, sys.stdout)
