"""What was done, by whom, when and from where: one function writes it, nothing changes it.

The table takes rows and gives none back to be changed: a trigger refuses ``UPDATE``, ``DELETE``
and ``TRUNCATE``, and the role that serves accounts may only insert.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from geo_service.core.accounts.models import Audit
from geo_service.core.auth import KINDS, ROLE_SCOPES, Kind, Principal
from geo_service.core.text import Text

#: All of Thailand, all year.
THAI_TIME: Final = timezone(timedelta(hours=7))
Outcome: TypeAlias = Literal["done", "refused", "failed"]

#: Everything that is noted; whoever notes something new adds it here.
ACTIONS: Final[Mapping[str, Text]] = {
    "sign-in": Text("ลงชื่อเข้าใช้", "sign-in"),
    "sign-out": Text("ลงชื่อออก", "sign-out"),
    "credentials": Text("ใช้คีย์หรือคุกกี้ที่ไม่ถูกต้อง", "bad credentials"),
    "forbidden": Text("ขอสิ่งที่ไม่มีสิทธิ์", "asked for what is not allowed"),
    "account-made": Text("สร้างบัญชี", "account made"),
    "account-changed": Text("แก้ไขบัญชี", "account changed"),
    "account-disabled": Text("ระงับบัญชี", "account disabled"),
    "account-enabled": Text("เปิดใช้บัญชีอีกครั้ง", "account enabled"),
    "password-changed": Text("เปลี่ยนรหัสผ่าน", "password changed"),
    "key-made": Text("ออกคีย์", "key made"),
    "key-revoked": Text("เพิกถอนคีย์", "key revoked"),
    "values-seen": Text("ดูค่าที่ไม่เปิดเผย", "saw values that are withheld"),
    "audit-read": Text("อ่านบันทึกการใช้งาน", "read this record"),
    "load": Text("นำเข้าข้อมูล", "load"),
    "undo": Text("ยกเลิกการนำเข้า", "load undone"),
    "edit": Text("แก้ไขรายการในชั้นข้อมูล", "feature edited"),
    "submit": Text("ส่งข้อมูลให้ตรวจ", "data submitted"),
    "submission-checked": Text("ตรวจข้อมูลที่ส่ง", "submission checked"),
    "submission-refused": Text("ไม่รับข้อมูลที่ส่ง", "submission refused"),
    "submission-withdrawn": Text("ถอนข้อมูลที่ส่ง", "submission withdrawn"),
    "scenario-kept": Text("บันทึกฉากทัศน์", "scenario kept"),
    "scenario-removed": Text("ลบฉากทัศน์", "scenario removed"),
    "publish": Text("เผยแพร่ข้อมูล", "data published"),
    "token-issued": Text("ออกโทเคนสำหรับฝัง", "embed token issued"),
    "token-refused": Text("ปฏิเสธโทเคนสำหรับฝัง", "embed token refused"),
    "token-revoked": Text("เพิกถอนโทเคนสำหรับฝัง", "embed token revoked"),
}
OUTCOME_NAMES: Final[Mapping[Outcome, Text]] = {
    "done": Text("สำเร็จ", "done"),
    "refused": Text("ปฏิเสธ", "refused"),
    "failed": Text("ไม่สำเร็จ", "failed"),
}

#: Rows of one page, and of one CSV.
PAGE: Final = 100
MOST_ROWS: Final = 50_000
_LONGEST: Final = 400
_LARGEST_DETAIL: Final = 40


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, from where, by which request."""

    who: Principal
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the record."""

    id: int
    at: datetime
    action: str
    outcome: Outcome
    who_kind: Kind
    who_id: str
    who_name: str
    what: str
    address: str
    request_id: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted; what is ``None`` does not matter.

    ``first`` and ``last`` are days of Thai time, both included; ``below`` is the number of the
    row before which the page begins.
    """

    who: str | None = None
    action: str | None = None
    outcome: str | None = None
    what: str | None = None
    first: date | None = None
    last: date | None = None
    below: int | None = None


def read(session: Session, wanted: Wanted, *, limit: int = PAGE) -> list[Line]:
    """Read the record, the newest first.

    Parameters
    ----------
    session : Session
        With a role that may read it.
    wanted : Wanted
        Which rows.
    limit : int
        How many at most.

    Returns
    -------
    list of Line
        By falling number.
    """
    statement = select(Audit).order_by(Audit.id.desc()).limit(limit)
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    return [_line(one) for one in session.scalars(statement)]


def note(
    session: Session,
    action: str,
    by: By | None,
    *,
    what: str = "",
    outcome: Outcome = "done",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down what was done; it stays with the caller's transaction.

    Parameters
    ----------
    session : Session
        Open, with a role that may insert into ``audit``; the caller commits.
    action : str
        A key of `ACTIONS`.
    by : By, optional
        Who did it; nobody means the person at the command line.
    what : str
        Name of what it was done to: a data set, an account, the prefix of a key.
    outcome : {"done", "refused", "failed"}
        How it ended.
    detail : mapping, optional
        Facts in JSON; never a password, a key or a token.

    Raises
    ------
    KeyError
        If the action is not one of ours: a mistake of the program.
    """
    if action not in ACTIONS:
        raise KeyError(action)
    known = by or By(commander())
    session.execute(
        insert(Audit)
        .values(
            action=action,
            outcome=outcome,
            who_kind=known.who.kind,
            who_id=known.who.id,
            who_name=_told(known.who.name),
            what=_told(what),
            address=_told(known.address),
            request_id=_told(known.request_id),
            detail=dict(list((detail or {}).items())[:_LARGEST_DETAIL]),
        )
        .inline()  # the new number is not asked for: who may insert may not read
    )


def commander() -> Principal:
    """Give the person at the command line of this machine.

    Returns
    -------
    Principal
        Named after the account of the operating system.
    """
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return Principal(kind="command", id=name, name=name, role="admin", scopes=ROLE_SCOPES["admin"])


def _told(words: str) -> str:
    return words.replace("\x00", "")[:_LONGEST]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    pairs = (
        (Audit.who_name, wanted.who), (Audit.action, wanted.action),
        (Audit.outcome, wanted.outcome), (Audit.what, wanted.what),
    )  # fmt: skip
    yield from (column == value for column, value in pairs if value is not None)
    if wanted.first is not None:
        yield Audit.at >= datetime.combine(wanted.first, time(), THAI_TIME)
    if wanted.last is not None and wanted.last < date.max:
        yield Audit.at < datetime.combine(wanted.last + timedelta(days=1), time(), THAI_TIME)
    if wanted.below is not None:
        yield Audit.id < wanted.below


def _line(row: Audit) -> Line:
    return Line(
        id=row.id,
        at=row.at.astimezone(THAI_TIME),
        action=row.action,
        outcome=next(one for one in OUTCOME_NAMES if one == row.outcome),
        who_kind=next(one for one in KINDS if one == row.who_kind),
        who_id=row.who_id,
        who_name=row.who_name,
        what=row.what,
        address=row.address,
        request_id=row.request_id,
        detail=row.detail,
    )
