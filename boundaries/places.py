"""Areas and organisations as plain values: codes, names, days in force, what they lie in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org


@dataclass(frozen=True, slots=True)
class Place:
    """An area or an organisation as the gazetteer keeps it.

    ``first`` is the first day in force, ``after`` the first day no longer; None is open.
    """

    id: int
    level: str
    code: str
    name_th: str
    name_en: str
    name_alt: tuple[str, ...]
    first: date | None
    after: date | None
    parent_id: int | None
    kind: str = ""

    def is_in_force(self, on: date | None) -> bool:
        """Tell whether it is in force on a day.

        Parameters
        ----------
        on : date or None
            The day; None asks for those that have not ended.

        Returns
        -------
        bool
            The last day of a range is the day before ``after``.
        """
        if on is None:
            return self.after is None
        return (self.first is None or self.first <= on) and (self.after is None or on < self.after)


def read_areas(session: Session) -> Iterator[Place]:
    """Read every area that is no region, past versions included.

    Parameters
    ----------
    session : Session
        To read with.

    Yields
    ------
    Place
        In the order of their ids.
    """
    columns = (Area.id, Area.level, Area.code, Area.name_th, Area.name_en, Area.name_alt)
    statement = select(*columns, Area.valid, Area.parent_id).where(Area.level != "region")
    for row in session.execute(statement.order_by(Area.id)):
        yield Place(
            id=row.id,
            level=row.level,
            code=row.code,
            name_th=row.name_th,
            name_en=row.name_en,
            name_alt=tuple(row.name_alt),
            first=row.valid.lower,
            after=row.valid.upper,
            parent_id=row.parent_id,
        )


def read_orgs(session: Session) -> Iterator[Place]:
    """Read every organisation, past versions included.

    Parameters
    ----------
    session : Session
        To read with.

    Yields
    ------
    Place
        Its parent is its district, or its province when it has none.
    """
    columns = (Org.id, Org.code, Org.kind, Org.name_th, Org.name_en, Org.name_alt, Org.valid)
    statement = select(*columns, Org.province_id, Org.district_id).order_by(Org.id)
    for row in session.execute(statement):
        yield Place(
            id=row.id,
            level="org",
            code=row.code,
            name_th=row.name_th,
            name_en=row.name_en,
            name_alt=tuple(row.name_alt),
            first=row.valid.lower,
            after=row.valid.upper,
            parent_id=row.district_id or row.province_id,
            kind=row.kind,
        )
