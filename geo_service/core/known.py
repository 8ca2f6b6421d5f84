"""What is known of one state of the data, handed along with the session that reads it.

Who serves attaches a `Known` to ``session.info``; whoever asks for what follows from the state
alone (the register, the periods with values) finds it there, and asks the database once a state.
A session without one, such as that of a command, asks every time. What insiders see is known to
the one session that reads it and to nobody else (`layers.inside`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NoReturn, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA

Fact = TypeVar("Fact")

#: The day counts like a version: places come into force at midnight, Thai time.
TODAY = "today"
#: Every subject and its number.
VERSIONS = (
    f"SELECT subject, number FROM {SCHEMA}.data_version UNION ALL"  # noqa: S608  (our own name)
    f" SELECT '{TODAY}', (now() AT TIME ZONE 'Asia/Bangkok')::date - DATE '2000-01-01'"
)
#: Keys of ``session.info``: what is known, or how to find it when the database must be asked.
KNOWN, MATCH = "known", "match"

_VERSIONS = text(VERSIONS)
#: Keys may hold words of callers; far more than there are collections and indicators.
_MOST_FACTS = 5000
#: Of what is made for one state and may be large, such as maps; one alone may fill so much of it.
_MOST_BYTES = 32 << 20
_LARGEST_SHARE = 3


class Shelf:
    """Things of all sizes up to a number of bytes; what was not taken for longest goes first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self.size_bytes = 0
        self._most_bytes = most_bytes
        self._things: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._guard = Lock()

    def take(self, key: Hashable) -> tuple[Any] | None:
        """Take what lies under a key.

        Parameters
        ----------
        key : hashable
            Names it.

        Returns
        -------
        tuple or None
            Of the thing alone; it stays where it is.
        """
        with self._guard:
            if key not in self._things:
                return None
            self._things.move_to_end(key)
            return (self._things[key][0],)

    def put(self, key: Hashable, thing: object, size_bytes: int) -> None:
        """Lay something under a key, unless it is too large.

        Parameters
        ----------
        key : hashable
            Names it.
        thing : object
            Nobody changes it.
        size_bytes : int
            About how much memory it takes.
        """
        if size_bytes * _LARGEST_SHARE > self._most_bytes:
            return
        with self._guard:
            before = self._things.pop(key, None)
            self.size_bytes += size_bytes - (before[1] if before else 0)
            self._things[key] = thing, size_bytes
            while self.size_bytes > self._most_bytes:
                _, (_, freed) = self._things.popitem(last=False)
                self.size_bytes -= freed


class Readers:
    """How many requests are being answered by one state; only the event loop counts."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *why: object) -> None:
        self.count -= 1


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One state of the data, and what was found out about it.

    ``versions`` gives the number of each subject; ``facts`` holds what follows from the state
    alone, under the keys of those who asked; ``shelf`` what is larger, or of more keys.
    ``readers`` are those for whose sake a change waits a moment before it is committed.
    """

    versions: Mapping[str, int]
    facts: dict[Hashable, Any] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    readers: Readers = field(default_factory=Readers)


class NotKnown(Exception):
    """What is asked for does not follow from what is known already; the database must be asked."""


class Knowing(Session):
    """A session that asks nobody: it stands for what is known, where nothing may be waited for."""

    def __init__(self, known: Known) -> None:
        super().__init__(info={KNOWN: known})

    def get_bind(self, *args: Any, **named: Any) -> NoReturn:  # noqa: ANN401, ARG002  (as of a session)
        """Refuse to be connected.

        Parameters
        ----------
        *args, **named : object
            As of any session.

        Raises
        ------
        NotKnown
            Always.
        """
        raise NotKnown


def known_of(session: Session) -> Known | None:
    """Give what is known of the state a session reads.

    Parameters
    ----------
    session : Session
        Asked for its versions once, when nobody knows them for certain.

    Returns
    -------
    Known or None
        ``None`` when nobody remembers anything for this session.
    """
    known: Known | None = session.info.get(KNOWN)
    if known is None and MATCH in session.info:
        known = session.info[KNOWN] = session.info[MATCH](read_versions(session))
    return known


def read_versions(session: Session) -> dict[str, int]:
    """Read the version of every subject.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    dict of str to int
        Subjects ever loaded, and `TODAY`.
    """
    return {row.subject: row.number for row in session.execute(_VERSIONS)}


def remembered(session: Session, key: Hashable, find: Callable[[], Fact]) -> Fact:
    """Give a fact that follows from the state of the data alone, found once a state.

    Parameters
    ----------
    session : Session
        Reads the state.
    key : hashable
        Names the fact among all others; few for each state.
    find : callable
        Finds it, when it is not known yet. Nobody changes what it returns.

    Returns
    -------
    object
        What `find` returns.
    """
    known = known_of(session)
    if known is None:
        return find()
    if key in known.facts:
        fact: Fact = known.facts[key]
        return fact
    found = find()
    if len(known.facts) < _MOST_FACTS:
        known.facts[key] = found
    return found


def shelved(
    session: Session, key: Hashable, find: Callable[[], Fact], size: Callable[[Fact], int]
) -> Fact:
    """Give what follows from the state of the data alone, made once while there is room for it.

    Parameters
    ----------
    session : Session
        Reads the state.
    key : hashable
        Names it among all others; there may be any number of keys.
    find : callable
        Makes it, when it is not there. Nobody changes what it returns.
    size : callable
        About how much memory it takes, in bytes.

    Returns
    -------
    object
        What `find` returns.
    """
    known = known_of(session)
    if known is None:
        return find()
    held = known.shelf.take(key)
    if held is not None:
        fact: Fact = held[0]
        return fact
    found = find()
    known.shelf.put(key, found, size(found))
    return found
