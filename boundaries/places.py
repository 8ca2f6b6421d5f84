"""Areas and organisations as plain values: codes, names, days in force, what they lie in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org
from geo_service.core.text import Text

#: Parts other names where the server joins them: arrays are slow to take apart one by one.
_UNIT = "\x1f"


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


def read_areas(session: Session, levels: Collection[str]) -> Iterator[Place]:
    """Read every area of some levels, past versions included.

    Parameters
    ----------
    session : Session
        To read with.
    levels : collection of str
        For example ``province`` and ``district``.

    Yields
    ------
    Place
        In the order of their ids.
    """
    statement = select(
        Area.id,
        Area.level,
        Area.code,
        Area.name_th,
        Area.name_en,
        func.array_to_string(Area.name_alt, _UNIT),
        func.lower(Area.valid),
        func.upper(Area.valid),
        Area.parent_id,
    ).where(Area.level.in_(levels))
    for area_id, level, code, th, en, alt, first, after, parent_id in session.execute(
        statement.order_by(Area.id)
    ):
        yield Place(area_id, level, code, th, en, _parted(alt), first, after, parent_id)


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
    statement = select(
        Org.id,
        Org.code,
        Org.name_th,
        Org.name_en,
        func.array_to_string(Org.name_alt, _UNIT),
        func.lower(Org.valid),
        func.upper(Org.valid),
        func.coalesce(Org.district_id, Org.province_id),
        Org.kind,
    )
    for org_id, code, th, en, alt, first, after, parent_id, kind in session.execute(
        statement.order_by(Org.id)
    ):
        yield Place(org_id, "org", code, th, en, _parted(alt), first, after, parent_id, kind)


def find_name(session: Session, level: str, code: str) -> Text | None:
    """Find the name of an area or organisation in force.

    Parameters
    ----------
    session : Session
        To read with.
    level : str
        ``org``, or the level of an area.
    code : str
        Its code.

    Returns
    -------
    Text or None
        ``None`` when there is none of this code today.
    """
    return find_names(session, level, (code,)).get(code)


def find_names(session: Session, level: str, codes: Collection[str]) -> dict[str, Text]:
    """Find the names of areas or organisations in force.

    Parameters
    ----------
    session : Session
        To read with.
    level : str
        ``org``, or the level of areas.
    codes : collection of str
        Their codes.

    Returns
    -------
    dict of str to Text
        By code; those that are none today are left out.
    """
    if not codes:
        return {}
    if level == "org":
        statement = select(Org.code, Org.name_th, Org.name_en).where(
            Org.code.in_(codes), func.upper_inf(Org.valid)
        )
    else:
        statement = select(Area.code, Area.name_th, Area.name_en).where(
            Area.level == level, Area.code.in_(codes), func.upper_inf(Area.valid)
        )
    return {code: Text(th=th, en=en) for code, th, en in session.execute(statement)}


def _parted(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(_UNIT)) if joined else ()
