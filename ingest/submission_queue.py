"""How many files wait to be looked at, and whose they are: the queue of submissions is bounded."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from geo_service.core.auth import ROLES, Principal, Role
from geo_service.core.errors import Busy, TooManyRequests
from geo_service.core.text import Text
from ingest.submissions import LOCKS, OPEN, Submission

#: Open ones of one sender, and of all.
MOST_OPEN: Final = 30
MOST_WAITING: Final = 500
#: People must look at files before there is room again, in seconds.
_ROOM_AFTER_S: Final = 600
_ADDING: Final = "SELECT pg_advisory_xact_lock(:lock, -1)"


def check_room(session: Session, sender: str) -> None:
    """Refuse one more file when too many are open.

    Parameters
    ----------
    session : Session
        Of the role that loads.
    sender : str
        Name of who would send it.

    Raises
    ------
    TooManyRequests
        If too many of his own are open.
    Busy
        If too many of all are.
    """
    own = func.count().filter(Submission.submitted_by == sender)
    mine, every = session.execute(select(own, func.count()).where(Submission.state.in_(OPEN))).one()
    if mine >= MOST_OPEN:
        raise TooManyRequests(
            Text(
                th=f"มีข้อมูลที่รอตรวจอยู่แล้ว {mine} ไฟล์ กรุณาถอนหรือรอให้ตรวจก่อน",
                en=f"{mine} of your files are waiting already; withdraw some, or wait",
            ),
            retryAfter=_ROOM_AFTER_S, limit=MOST_OPEN,
        )  # fmt: skip
    if every >= MOST_WAITING:
        raise Busy(
            Text(
                th=f"มีข้อมูลที่รอตรวจทั้งหมด {every} ไฟล์ กรุณาส่งใหม่ภายหลัง",
                en=f"{every} files are waiting to be looked at; send yours later",
            ),
            retryAfter=_ROOM_AFTER_S, limit=MOST_WAITING,
        )  # fmt: skip


def add(session: Session, one: Submission, sender: Principal) -> None:
    """Keep a new submission, if there is room for one more.

    Parameters
    ----------
    session : Session
        The caller commits.
    one : Submission
        With its file in place.
    sender : Principal
        Who sends it.
    """
    # Two at once must not both take the last place.
    session.execute(text(_ADDING), {"lock": LOCKS})
    check_room(session, sender.name)
    one.submitted_by, one.sender_role = sender.name, sender.role
    one.sender_place = sender.place or ""
    session.add(one)
    session.flush()


def sender_of(one: Submission) -> Principal:
    """Give who sent a submission, as he was then.

    Parameters
    ----------
    one : Submission
        Kept before.

    Returns
    -------
    Principal
        Without scopes: whatever is done is done by somebody else.
    """
    role: Role = next((known for known in ROLES if known == one.sender_role), "admin")
    return Principal("user", "", one.submitted_by, role, one.sender_place or None)


def needed(session: Session) -> set[str]:
    """Name the files that must stay.

    Parameters
    ----------
    session : Session
        Of the role that loads.

    Returns
    -------
    set of str
        Of open submissions.
    """
    return set(session.scalars(select(Submission.stored).where(Submission.state.in_(OPEN))))
