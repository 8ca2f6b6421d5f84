"""What a place replaced, what replaced it, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.known import shelved
from geo_service.core.text import Text

#: What a name takes in memory.
_BYTES = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """Another place that came before or after, and the first day of the later one, if known."""

    level: str
    code: str
    name: Text
    kind: str
    since: date | None


@dataclass(frozen=True, slots=True)
class Turns:
    """The places that a place replaced, and those that replaced it."""

    replaces: tuple[Turn, ...] = ()
    replaced_by: tuple[Turn, ...] = ()


NO_TURNS = Turns()


def turns_of(session: Session, level: str, code: str) -> Turns:
    """Read what a place replaced and what replaced it.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        ``org``, or the level of an area.
    code : str
        Its code; of a code that was used again all are told.

    Returns
    -------
    Turns
        The earliest first; both empty for most places.
    """

    def find() -> Turns:
        rows = session.execute(fixed_sql("layers", "place_turns"), {"level": level, "code": code})
        found = [
            (row.is_later,
             Turn(level, row.code, Text(row.name_th, row.name_en), row.kind, row.effective))
            for row in rows
        ]  # fmt: skip
        return Turns(
            tuple(turn for is_later, turn in found if not is_later),
            tuple(turn for is_later, turn in found if is_later),
        )

    key = ("place-turns", level, code)
    return shelved(
        session, key, find, lambda t: _BYTES * (1 + len(t.replaces) + len(t.replaced_by))
    )
