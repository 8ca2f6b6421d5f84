"""How far a sender's word reaches: the rows of his file are of his organisation, or his province.

Who looks rows up says whose they are; the load is refused at its end, and names the first rows
that are somebody else's. The department and administrators may send rows of any place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org, OrgCoverage
from geo_service.core.auth import PLACED_ROLES, Principal
from geo_service.core.errors import Forbidden, Refused
from geo_service.core.text import Text

#: What a sender with a place may send: what he reports, not what his place is.
LOADERS: Final = frozenset({"observations", "features"})
_SHOWN: Final = 5


@dataclass(slots=True)
class Reach:
    """The places a sender may speak for, and the rows that are not about them.

    ``grounds`` are all sub-districts in which he has ground; ``areas`` those that are his alone.
    """

    orgs: frozenset[int]
    areas: frozenset[int]
    grounds: frozenset[int]
    _strays: dict[int, str] = field(default_factory=dict)

    def look(self, row: int, name: str, *, is_his: bool) -> None:
        """Take note of whose a row is.

        Parameters
        ----------
        row : int
            Line of the file.
        name : str
            Of the place it is about.
        is_his : bool
            Whether the sender may speak for it.
        """
        if not is_his:
            self._strays.setdefault(row, name)

    def check(self) -> None:
        """Refuse a file with rows about places of others.

        Raises
        ------
        Refused
            With the first of them.
        """
        if not self._strays:
            return
        first = sorted(self._strays.items())[:_SHOWN]
        rows = ", ".join(f"{row} ({name})" if name else str(row) for row, name in first)
        count = len(self._strays)
        raise Refused(
            Text(
                th=f"มี {count:,} แถวที่ไม่ใช่ของหน่วยงานผู้ส่ง เช่น แถว {rows}",
                en=f"{count:,} rows are not about the sender's own places; the first: {rows}",
            ),
            rows=[row for row, _ in first],
        )


def reach_of(session: Session, sender: Principal | None) -> Reach | None:
    """Tell how far a sender's word reaches.

    Parameters
    ----------
    session : Session
        Open.
    sender : Principal, optional
        Who sent the file.

    Returns
    -------
    Reach or None
        ``None`` for everywhere.
    """
    if sender is None or sender.role not in PLACED_ROLES:
        return None
    if sender.role == "province":
        inside = Area.code.startswith(sender.place or "-", autoescape=True)
        areas = frozenset(
            session.scalars(
                select(Area.id).where(
                    inside, Area.level.in_(["province", "district", "subdistrict"])
                )
            )
        )
        orgs = session.scalars(select(Org.id).where(Org.province_id.in_(areas)))
        return Reach(frozenset(orgs), areas, areas)
    covered = session.execute(
        select(OrgCoverage.area_id, OrgCoverage.extent)
        .join(Org, Org.id == OrgCoverage.org_id)
        .where(Org.code == sender.place)
    ).all()
    orgs = session.scalars(select(Org.id).where(Org.code == sender.place))
    return Reach(
        frozenset(orgs),
        frozenset(area for area, extent in covered if extent == "whole"),
        frozenset(area for area, _ in covered),
    )


def check_kind(sender: Principal | None, loader: str) -> None:
    """Refuse a file that is not for its sender to send, whatever its rows.

    Parameters
    ----------
    sender : Principal, optional
        Who sends it.
    loader : str
        Of its recipe.

    Raises
    ------
    Forbidden
        If it says what places there are, or remarks on what others reported.
    """
    if sender is not None and sender.role in PLACED_ROLES and loader not in LOADERS:
        raise Forbidden(
            Text(
                th="ไฟล์ขอบเขต รายชื่อหน่วยงาน รหัส และหมายเหตุ ส่งได้เฉพาะกรมฯ และผู้ดูแลระบบ",
                en="Files of boundaries, organisations, codes and remarks are sent by the"
                " department and administrators only",
            )
        )
