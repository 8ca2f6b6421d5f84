"""A few places to work at, and a line before them that is bounded in length and in time.

Who comes first is not who is served first: the place goes to the caller who has the fewest at
work, and among equals to the one who was served longest ago. So one caller with a hundred
questions and one with a single question both move on. When the line is full, the last question of
the caller with the most in line gives way to a caller with fewer.

A long line serves bursts: all are answered, a little later. Where more is asked for good, it would
only make everybody wait. So once somebody was sent away the line is short for whoever has the most
in it, and those let in are answered about as soon as ever. It grows by one with each who finds a
place at once, and is as long as before when nobody was sent away for a second.

Who wants more places than there are has only his part of them while others are about, even when
one is free: it is kept for those who come in a moment, and the processors are less busy for them.
Places are not all that is shared: the processors and the thread that answers are, too. So beside
others who floods (more than two questions in line for each place) rests after each answer for as
long as it took, and is at work half of the time at most.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

#: Weight of the newest in the running mean of how long work takes.
_NEWEST: Final = 0.1
_LONGEST_RETRY_S: Final = 30
_MOST_REMEMBERED: Final = 10_000
#: Who asked so lately, in seconds, is about.
_ABOUT_S: Final = 5.0
#: How many wait for each place in a short line.
_SHORT: Final = 2
#: Nobody rests longer than this, in seconds.
_LONGEST_REST_S: Final = 0.25
#: Nobody was sent away for so long, in seconds: the rush is over.
_CALM_S: Final = 1.0


class LineFull(Exception):
    """No place within the bounds: come back later.

    Parameters
    ----------
    retry_s : int
        Seconds after which a place is likely.
    """

    def __init__(self, retry_s: int) -> None:
        super().__init__("the line is full")
        self.retry_s = retry_s


@dataclass(slots=True, eq=False)
class _Waiting:
    caller: str
    number: int
    turn: asyncio.Future[None]


@dataclass(slots=True)
class Line:
    """Places and the line before them; for one event loop.

    Parameters
    ----------
    places : int
        At work at once.
    length : int
        Waiting at once, in a burst.
    longest_s : float
        Seconds to wait; who would wait longer by what was seen lately is not let in at all.
    """

    places: int
    length: int
    longest_s: float
    at_work: int = 0
    refused: int = 0
    mean_s: float = 0.0
    is_closed: bool = False
    _waiting: list[_Waiting] = field(default_factory=list)
    _working: Counter[str] = field(default_factory=Counter)
    _served: dict[str, int] = field(default_factory=dict)
    _about: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _number: int = 0
    _turn: int = 0
    _coming: list[str] = field(default_factory=list)
    _length: int = field(init=False)
    _refused_at: float = float("-inf")

    def __post_init__(self) -> None:
        self._length = self.length

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def enter(self, caller: str) -> None:
        """Take a place, at once or when one is free; `leave` gives it back.

        Parameters
        ----------
        caller : str
            Who asks.

        Raises
        ------
        LineFull
            If none is free in time.
        CancelledError
            If who asks is cancelled; no place is kept.
        """
        self._see(caller)
        if self.at_work < self.places and not self._waiting and not self.is_closed:
            self._lengthen()
            self._begin(caller)
            return
        self._make_room(caller)
        self._number += 1
        mine = _Waiting(caller, self._number, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        # A place may be free, kept from those who wait: he may be the one it is kept for.
        self._call_next()
        try:
            async with asyncio.timeout(self.longest_s):
                await mine.turn
        except TimeoutError:
            if _was_given(mine):
                return
            # In the same moment somebody may have looked whether it was his turn.
            if mine in self._waiting:
                self._waiting.remove(mine)
            raise self.refusal() from None
        except asyncio.CancelledError:
            if _was_given(mine):
                self._end(caller)
                self._call_next()
            elif mine in self._waiting:
                self._waiting.remove(mine)
            raise

    def takes(self, caller: str) -> bool:
        """Tell whether a caller would be let into the line now.

        Parameters
        ----------
        caller : str
            Who asks.

        Returns
        -------
        bool
            False when `enter` would send him away at once.
        """
        line = self._in_line()
        if self._coming:
            line.update(self._coming)
        # In turns: of each other caller as many come before him as he has in line with this one.
        mine = line[caller] + 1
        before = sum(min(mine, number) for other, number in line.items() if other != caller)
        if self.is_closed or self._wait_s(before + mine - 1) > self.longest_s:
            return False
        return line.total() < self._length or mine < max(line.values(), default=0)

    def expect(self, caller: str) -> None:
        """Count who is on his way: until this turn of the loop is over he is as good as in line.

        Of many who come in one turn each is asked about before the first of them has entered.

        Parameters
        ----------
        caller : str
            Whom it `takes`.
        """
        if not self._coming:
            asyncio.get_running_loop().call_soon(self._coming.clear)
        self._coming.append(caller)

    def leave(self, caller: str, *, took_s: float) -> None:
        """Give a place back, to whoever is next.

        Parameters
        ----------
        caller : str
            As for `enter`.
        took_s : float
            How long the work took, in seconds.
        """
        self.mean_s += _NEWEST * (took_s - self.mean_s)
        if self._floods(caller):
            # He has not his place back yet, though others may have it.
            self.at_work -= 1
            asyncio.get_running_loop().call_later(
                min(took_s, _LONGEST_REST_S), self._rested, caller
            )
        else:
            self._end(caller)
        self._call_next()

    def close(self) -> None:
        """Send away all who wait, and all who come."""
        self.is_closed = True
        for one in self._waiting:
            _send_away(one, self.refusal())
        self._waiting.clear()

    def refusal(self) -> LineFull:
        """Count who is sent away, and say when to come back.

        Returns
        -------
        LineFull
            To be raised.
        """
        self.refused += 1
        self._length, self._refused_at = min(self.length, _SHORT * self.places), time.monotonic()
        return LineFull(min(max(1, math.ceil(self._wait_s(len(self._waiting)))), _LONGEST_RETRY_S))

    def _lengthen(self) -> None:
        if self._length < self.length:
            is_calm = time.monotonic() - self._refused_at > _CALM_S
            self._length = self.length if is_calm else self._length + 1

    def _wait_s(self, before: int) -> float:
        return (before + 1) * self.mean_s / self.places

    def _make_room(self, caller: str) -> None:
        if not self.takes(caller):
            raise self.refusal()
        if len(self._waiting) < self.length:
            return
        longest, _ = self._in_line().most_common(1)[0]
        last = max(
            (one for one in self._waiting if one.caller == longest), key=lambda one: one.number
        )
        self._waiting.remove(last)
        _send_away(last, self.refusal())

    def _call_next(self) -> None:
        while self.at_work < self.places and (ready := self._ready()):
            chosen = min(ready, key=self._rank)
            self._waiting.remove(chosen)
            if chosen.turn.done():
                continue
            if len(self._served) > _MOST_REMEMBERED:
                self._served.clear()
            self._turn += 1
            self._served[chosen.caller] = self._turn
            self._begin(chosen.caller)
            chosen.turn.set_result(None)
        if not self._waiting:
            self._served.clear()

    def _ready(self) -> list[_Waiting]:
        line, part = self._in_line(), self._part()

        def is_ready(caller: str) -> bool:
            at_work = self._working[caller]
            return at_work < part or at_work + line[caller] <= self.places

        return [one for one in self._waiting if is_ready(one.caller)]

    def _rank(self, one: _Waiting) -> tuple[int, int, int]:
        return self._working[one.caller], self._served.get(one.caller, 0), one.number

    def _floods(self, caller: str) -> bool:
        return self._part() < self.places and self._in_line()[caller] > _SHORT * self.places

    def _rested(self, caller: str) -> None:
        self.at_work += 1
        self._end(caller)
        self._call_next()

    def _in_line(self) -> Counter[str]:
        # One by one: for a few this takes a third of the time a generator would.
        line = Counter[str]()
        for one in self._waiting:
            line[one.caller] += 1
        return line

    def _part(self) -> int:
        # More callers than places need not be counted: nobody has less than one place.
        since, callers = time.monotonic() - _ABOUT_S, 0
        for seen in islice(reversed(self._about.values()), self.places):
            callers += seen > since
        return max(1, self.places // max(1, callers))

    def _see(self, caller: str) -> None:
        self._about[caller] = time.monotonic()
        self._about.move_to_end(caller)
        if len(self._about) > _MOST_REMEMBERED:
            self._about.popitem(last=False)

    def _begin(self, caller: str) -> None:
        self.at_work += 1
        self._working[caller] += 1

    def _end(self, caller: str) -> None:
        self.at_work -= 1
        self._working[caller] -= 1
        if not self._working[caller]:
            del self._working[caller]


def _was_given(one: _Waiting) -> bool:
    return one.turn.done() and not one.turn.cancelled() and one.turn.exception() is None


def _send_away(one: _Waiting, refusal: LineFull) -> None:
    if not one.turn.done():
        one.turn.set_exception(refusal)
