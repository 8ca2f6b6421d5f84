"""Asks a server from one event loop: so many clients in turn, or so many questions a second.

Each answer is noted with its status and its time, so that those who were served and those who
were sent away can be told apart.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

PATIENCE_S = 30.0
_OK, _BUSY = 200, 503


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question came to; status 0 when it broke. Times in seconds."""

    status: int
    asked: float
    took_s: float
    may_return: bool


@dataclass(slots=True)
class Pressed:
    """All answers of one load, and how long it lasted."""

    seconds: float
    answers: list[Answer] = field(default_factory=list)

    @property
    def done(self) -> list[Answer]:
        """Those that were served."""
        return [one for one in self.answers if one.status == _OK]

    @property
    def refused(self) -> list[Answer]:
        """Those that were sent away."""
        return [one for one in self.answers if one.status == _BUSY]

    @property
    def per_s(self) -> float:
        """How many were served a second."""
        return len(self.done) / self.seconds


@dataclass(slots=True)
class Caller:
    """Asks one server; connections are kept and used again.

    Parameters
    ----------
    port : int
        Of the server, on this machine.
    headers : mapping
        Of every request.
    """

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, path: str) -> Answer:
        """Ask once.

        Parameters
        ----------
        path : str
            With its query.

        Returns
        -------
        Answer
            Also when there was none.
        """
        asked, line = time.perf_counter(), None
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = self._idle.pop() if self._idle else await self._connected()
                more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                line[1].write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode())
                status, told = await _read(line[0])
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            if line is not None:
                line[1].close()
            return Answer(0, asked, time.perf_counter() - asked, may_return=False)
        self._idle.append(line)
        return Answer(status, asked, time.perf_counter() - asked, b"retry-after" in told)

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)


async def in_turn(
    caller: Caller, paths: Iterator[str], *, clients: int, seconds: float, pause_s: float = 0.0
) -> Pressed:
    """Let clients ask, each when its last question is answered.

    Parameters
    ----------
    caller : Caller
        Asks.
    paths : iterator of str
        The questions.
    clients : int
        At once.
    seconds : float
        How long.
    pause_s : float
        Of each client after an answer.

    Returns
    -------
    Pressed
        What they got.
    """
    began, found = time.perf_counter(), Pressed(seconds)

    async def go() -> None:
        while time.perf_counter() - began < seconds:
            found.answers.append(await caller.ask(next(paths)))
            await asyncio.sleep(pause_s)

    await asyncio.gather(*(go() for _ in range(clients)))
    found.seconds = time.perf_counter() - began
    return found


async def steadily(
    caller: Caller, paths: Iterator[str], *, per_s: float, seconds: float
) -> Pressed:
    """Ask so many questions a second, whether or not those before are answered.

    Parameters
    ----------
    caller : Caller
        Asks.
    paths : iterator of str
        The questions.
    per_s : float
        Of them.
    seconds : float
        How long.

    Returns
    -------
    Pressed
        What was got; served a second over the time in which it was asked.
    """
    began, found, under_way = time.perf_counter(), Pressed(seconds), set()

    async def one() -> None:
        found.answers.append(await caller.ask(next(paths)))

    for number in range(round(per_s * seconds)):
        # Also when it is late: answers must be read in the meantime.
        await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
        task = asyncio.create_task(one())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    # The generator may have been too slow for the rate: what counts is how long it took.
    found.seconds = max(seconds, time.perf_counter() - began)
    ended = time.perf_counter()
    await asyncio.gather(*under_way)
    # Served after the last question was asked: the end of the line, which is not of this time.
    found.answers = [
        one for one in found.answers if one.status != _OK or one.asked + one.took_s <= ended
    ]
    return found


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


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    _, has_length, rest = head.partition(b"content-length:")
    if has_length:
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    elif b"transfer-encoding: chunked" in head:
        size = -1
        while size:
            size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
            await reader.readexactly(size + 2)
    return status, head
