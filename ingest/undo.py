"""Undo the newest load of a data set: every row as it was, to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from psycopg2.errors import ForeignKeyViolation, UniqueViolation
from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA, fixed_sql
from geo_service.core.errors import Conflict
from geo_service.core.models import Base
from geo_service.core.text import Text
from ingest.load import REMEMBERED, VERSIONED

#: Children before their parents, so that new rows can go and old ones come back.
_ORDER = (
    "observation", "feature", "org_coverage", "org_code", "region_member", "area_code",
    "area_event", "org", "area",
)  # fmt: skip


_IMAGES = """
    SELECT (b.image::{table}).* FROM geo.row_before b
    WHERE b.version_id = :version AND b.table_name = :name AND b.image <> ''
"""
_REMEMBERED_KEYS = """
    SELECT b.row_id FROM geo.row_before b WHERE b.version_id = :version AND b.table_name = :name
"""
_REWRITE = f"UPDATE {{table}} t SET {{pairs}} FROM ({_IMAGES}) i WHERE t.id = i.id"  # noqa: S608
_RETURN = f"""
    INSERT INTO {{table}} OVERRIDING SYSTEM VALUE SELECT i.* FROM ({_IMAGES}) i
    WHERE NOT EXISTS (SELECT FROM {{table}} t WHERE t.id = i.id)
"""  # noqa: S608  (constants of this module)
_RETURN_CHILDREN = f"INSERT INTO {{table}} OVERRIDING SYSTEM VALUE {_IMAGES}"
_DELETE_CHILDREN = f"DELETE FROM {{table}} t WHERE t.{{key}} IN ({_REMEMBERED_KEYS})"  # noqa: S608
_DELETE_VERSIONED = (
    f"DELETE FROM {{table}} t WHERE t.version_id = :version AND t.id NOT IN ({_REMEMBERED_KEYS})"  # noqa: S608
)
#: New rows give up their codes first: one may be that of a row which gets its days back.
_STEP_ASIDE = (
    f"UPDATE {{table}} t SET code = t.id || '~' || t.code"  # noqa: S608
    f" WHERE t.version_id = :version AND t.id NOT IN ({_REMEMBERED_KEYS})"
)
_DELETE_ANNOUNCED = f"DELETE FROM {{table}} t WHERE t.id IN ({_REMEMBERED_KEYS} AND b.image = '')"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Undone:
    """How many rows were taken away, and how many were put back as they were."""

    removed: int
    restored: int


def undo(session: Session, version_id: int) -> Undone:
    """Put every row that a load wrote, changed or deleted back as it was; the caller commits.

    Parameters
    ----------
    session : Session
        Open in a transaction that holds the load lock.
    version_id : int
        Version of the load; it must be the newest of its data set.

    Returns
    -------
    Undone
        Numbers of rows.

    Raises
    ------
    Conflict
        If a later load changed the same rows, or rows of other data depend on the new ones.
    IntegrityError
        If putting rows back breaks another constraint; never expected.
    """
    _refuse_later(session, version_id)
    removed = restored = 0
    try:
        with session.begin_nested():
            for table in ("area", "org"):
                _run(session, _STEP_ASIDE, table, version_id)
            for table in reversed(_ORDER):
                restored += _put_back_parents(session, table, version_id)
            for table in _ORDER:
                removed += _take_away(session, table, version_id)
            for table in _ORDER:
                restored += _put_back_children(session, table, version_id)
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise Conflict(_TAKEN) from error
        if not isinstance(error.orig, ForeignKeyViolation):
            raise
        fault = _depended_on(error.orig)
        raise fault from error
    return Undone(removed, restored)


_TAKEN = Text(
    th="ยกเลิกไม่ได้ เพราะมีรายการใหม่ใช้รหัสเดียวกันแล้ว โปรดยกเลิกรายการใหม่ก่อน",
    en="It cannot be undone: something newer has the same code; undo that first",
)


def _depended_on(error: ForeignKeyViolation) -> Conflict:
    table = error.diag.table_name or "?"
    return Conflict(
        Text(
            th=f"ยกเลิกไม่ได้ เพราะข้อมูลในตาราง {table} ยังอ้างถึงสิ่งที่นำเข้าครั้งนี้"
            " โปรดยกเลิกการนำเข้าของชุดข้อมูลนั้นก่อน",
            en=f"It cannot be undone: rows of {table} use what this load brought;"
            " undo the load of that data set first",
        ),
        table=table,
    )


def _refuse_later(session: Session, version_id: int) -> None:
    later = session.execute(fixed_sql("ingest", "undo_later"), {"version": version_id}).all()
    if later:
        names = ", ".join(f"{dataset} ({version})" for dataset, version in sorted(later))
        raise Conflict(
            Text(
                th=f"ยกเลิกไม่ได้ เพราะ {names} เปลี่ยนแถวเดียวกันในภายหลัง โปรดยกเลิกชุดนั้นก่อน",
                en=f"It cannot be undone: {names} changed the same rows later; undo that first",
            ),
            later=[dataset for dataset, _ in later],
        )


def subjects_of(session: Session, version_id: int) -> set[str]:
    """Name everything whose version rises when a load is undone.

    Parameters
    ----------
    session : Session
        Open, before the undoing.
    version_id : int
        Version of the load.

    Returns
    -------
    set of str
        ``areas``, ``orgs``, ``indicator:{key}``, ``layer:{id}``.
    """
    return set(session.scalars(fixed_sql("ingest", "undo_subjects"), {"version": version_id}))


def _fitted(statement: str, table: str) -> TextClause:
    # Table and column names come from our own models, never from a file or a caller.
    columns = [c.name for c in Base.metadata.tables[f"{SCHEMA}.{table}"].columns if c.name != "id"]
    pairs = ", ".join(f'"{name}" = i."{name}"' for name in columns)
    names = {"table": f"{SCHEMA}.{table}", "key": REMEMBERED[table], "pairs": pairs}
    for name, value in names.items():
        statement = statement.replace("{" + name + "}", value)
    return text(statement)


def _put_back_parents(session: Session, table: str, version_id: int) -> int:
    # Rows that still stand are rewritten in place, because others may refer to them; rows that
    # the load deleted come back under their old id.
    if REMEMBERED[table] != "id":
        return 0
    return _run(session, _REWRITE, table, version_id) + _run(session, _RETURN, table, version_id)


def _take_away(session: Session, table: str, version_id: int) -> int:
    if REMEMBERED[table] != "id":
        statement = _DELETE_CHILDREN
    else:
        statement = _DELETE_VERSIONED if table in VERSIONED else _DELETE_ANNOUNCED
    return _run(session, statement, table, version_id)


def _put_back_children(session: Session, table: str, version_id: int) -> int:
    return 0 if REMEMBERED[table] == "id" else _run(session, _RETURN_CHILDREN, table, version_id)


def _run(session: Session, statement: str, table: str, version_id: int) -> int:
    values = {"version": version_id, "name": table}
    done = session.execute(_fitted(statement, table), values)
    return cast("CursorResult[Any]", done).rowcount
