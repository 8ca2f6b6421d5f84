"""What is known of one state of the data, handed along with the session that reads it.

Who serves attaches a `Known` to ``session.info``; whoever asks for what follows from the state
alone (the register, the periods with values) finds it there, and asks the database once a state.
A session without one, such as that of a command, asks every time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One state of the data, and what was found out about it.

    ``versions`` gives the number of each subject; ``facts`` holds what follows from the state
    alone, under the keys of those who asked.
    """

    versions: Mapping[str, int]
    facts: dict[Hashable, Any] = field(default_factory=dict)


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
