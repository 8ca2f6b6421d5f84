"""The gazetteer of a batch of loads: read once, and again only when places have changed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from boundaries.lookup import LEVELS, Gazetteer
from layers import versions


class Gazetteers:
    """Hands out the gazetteer of one database.

    Reading a whole country takes longer than most files, and most files of a batch ask the same
    one. Whoever loads several files hands one ``Gazetteers`` to all of them.
    """

    def __init__(self) -> None:
        self._kept: Gazetteer | None = None
        self._finest = 0
        self._read_at: dict[str, int] = {}

    def read(self, session: Session, finest: str = "org") -> Gazetteer:
        """Return a gazetteer that knows everything down to a level.

        Parameters
        ----------
        session : Session
            Of the load, before it changes any place; always of the same database.
        finest : str
            One of ``boundaries.lookup.LEVELS``.

        Returns
        -------
        Gazetteer
            The one handed out before when it reaches as far and no place has changed since.
        """
        wanted = LEVELS.index(finest)
        now = versions.versions_of(session, ["areas", "orgs"])
        if self._kept is None or wanted > self._finest or now != self._read_at:
            self._kept = Gazetteer.read(session, finest=finest)
            self._finest, self._read_at = wanted, now
        return self._kept
