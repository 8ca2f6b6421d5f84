"""Where buckets are kept: in one process, or in memory that the workers of one service share.

What is shared is not locked: a worker may be killed at any moment, and a lock with it. Two who
take from one bucket in the same microsecond may take the same token; that is all.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, MutableSequence
from typing import Final, Protocol, TypeAlias

#: What is left in a bucket, and when that was so, in seconds that only rise.
State: TypeAlias = tuple[float, float]
#: Numbers in shared memory: of each caller his mark and his state.
Numbers: TypeAlias = MutableSequence[float]

_PLACES: Final = 1 << 14
_FIELDS: Final = 3
SHARED_NUMBERS: Final = _PLACES * _FIELDS
#: Places looked at for one caller.
_TRIES: Final = 8
#: A mark fits into a number exactly.
_MARK_BYTES: Final = 6


class Shelf(Protocol):
    """Keeps the state of buckets."""

    def get(self, caller: Hashable) -> State | None:
        """Find a bucket.

        Parameters
        ----------
        caller : hashable
            Whose.

        Returns
        -------
        tuple of (float, float) or None
            ``None`` when it is not kept.
        """

    def put(self, caller: Hashable, state: State) -> None:
        """Keep it."""


class OwnShelf:
    """In this process alone.

    Parameters
    ----------
    most : int
        Callers remembered; the longest unseen is forgotten first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._states: OrderedDict[Hashable, State] = OrderedDict()

    def get(self, caller: Hashable) -> State | None:
        """Find a bucket.

        Returns
        -------
        tuple of (float, float) or None
            See `Shelf`.
        """
        return self._states.get(caller)

    def put(self, caller: Hashable, state: State) -> None:
        """Keep it."""
        self._states[caller] = state
        self._states.move_to_end(caller)
        if len(self._states) > self._most:
            self._states.popitem(last=False)


class SharedShelf:
    """In memory that other processes see, too.

    Parameters
    ----------
    numbers : sequence of float
        `SHARED_NUMBERS` of them, all zero at first.
    name : str
        Tells these buckets from others in the same memory.
    """

    def __init__(self, numbers: Numbers, name: str) -> None:
        self._numbers, self._name = numbers, name

    def get(self, caller: Hashable) -> State | None:
        """Find a bucket.

        Returns
        -------
        tuple of (float, float) or None
            See `Shelf`.
        """
        mark, places = self._found(caller)
        for place in places:
            if self._numbers[place] == mark:
                return self._numbers[place + 1], self._numbers[place + 2]
        return None

    def put(self, caller: Hashable, state: State) -> None:
        """Keep it; where there is no room, in the place of the one unseen for longest."""
        mark, places = self._found(caller)
        numbers = self._numbers
        place = next((one for one in places if numbers[one] == mark), None)
        if place is None:
            place = min(places, key=lambda one: numbers[one + 2])
        numbers[place + 1], numbers[place + 2] = state
        numbers[place] = mark

    def _found(self, caller: Hashable) -> tuple[float, list[int]]:
        digest = hashlib.blake2b(f"{self._name} {caller!r}".encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:8]) % _PLACES
        mark = float(1 + int.from_bytes(digest[8 : 8 + _MARK_BYTES]))
        return mark, [(first + step) % _PLACES * _FIELDS for step in range(_TRIES)]
