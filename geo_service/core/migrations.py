"""Bring a database to the tables this version of the service expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from geo_service.core.db import SCHEMA
from geo_service.core.errors import Conflict, Unavailable
from geo_service.core.settings import ROOT
from geo_service.core.text import Text

#: Attribute of Alembic's settings: what a step down takes away may be lost.
LOSES: Final = "loses"
_TABLE = text(f"SELECT to_regclass('{SCHEMA}.alembic_version')")
_VERSION = text(f"SELECT version_num FROM {SCHEMA}.alembic_version")  # noqa: S608  (our own name)


def upgrade(url: str) -> None:
    """Run the migrations that were not run yet; two at once wait for each other.

    Parameters
    ----------
    url : str
        Address of the database.

    Raises
    ------
    Unavailable
        If the role may not make extensions or schemas.
    """
    with _allowed():
        command.upgrade(_config(url), "head")


def downgrade(url: str) -> None:
    """Take all tables away, and what is in them.

    Parameters
    ----------
    url : str
        Address of the database.
    """
    config = _config(url)
    config.attributes[LOSES] = True
    command.downgrade(config, "base")


def refuse_to_lose(context: MigrationContext, *rows: str) -> None:
    """Stop a step down that takes away what no refresh makes again, unless that was asked for.

    Parameters
    ----------
    context : MigrationContext
        Of the step.
    *rows : str
        What would be lost: a table, or a table and a condition, such as
        ``"submission WHERE sender_role <> ''"``.

    Raises
    ------
    Conflict
        If there are such rows and ``-x lose=yes`` was not said.
    """
    connection, config = context.connection, context.config
    if connection is None or (config is not None and config.attributes.get(LOSES)):
        return
    for one in rows:
        found = text(f"SELECT EXISTS (SELECT FROM {SCHEMA}.{one})")  # noqa: S608  (our own words)
        if connection.scalar(found):
            raise Conflict(
                Text(
                    th=f"การถอยรุ่นตารางจะทำให้ข้อมูลนี้หายไปถาวร: {one}"
                    " ให้สำรองไว้ก่อน แล้วสั่งด้วย -x lose=yes ไม่มีอะไรถูกเปลี่ยนแปลง",
                    en=f"This step down would take away for good: {one}."
                    " Keep a backup, then say -x lose=yes; nothing was changed",
                )
            )


@cache
def newest() -> str:
    """Return the name of the newest migration.

    Returns
    -------
    str
        For example ``"0001"``.
    """
    return str(ScriptDirectory.from_config(_config("")).get_current_head())


def is_newest(connection: Connection) -> bool:
    """Tell whether a database has the tables of this version.

    Parameters
    ----------
    connection : Connection
        Open.

    Returns
    -------
    bool
        False also where there are no tables.
    """
    return _at(connection) == newest()


def knows(migration: str) -> bool:
    """Tell whether a migration is one of this version's.

    Parameters
    ----------
    migration : str
        For example ``"0001"``.

    Returns
    -------
    bool
        False for one of a later version.
    """
    return migration in _known()


def fault_of(connection: Connection) -> Text | None:
    """Say what keeps this version of the service from working on a database.

    Parameters
    ----------
    connection : Connection
        Open.

    Returns
    -------
    Text or None
        ``None`` when its tables are those this version expects.
    """
    at = _at(connection)
    if at == newest():
        return None
    if at is None:
        return Text(
            th="ฐานข้อมูลยังไม่มีตาราง กรุณาสั่ง geo-service migrate",
            en="The database has no tables yet: run geo-service migrate",
        )
    if knows(at):
        return Text(
            th=f"ตารางเป็นรุ่น {at} เก่ากว่าบริการนี้ ({newest()}) กรุณาสั่ง geo-service migrate",
            en=f"The tables are of migration {at}, older than this service ({newest()}):"
            " run geo-service migrate",
        )
    return Text(
        th=f"ตารางเป็นรุ่น {at} ใหม่กว่าบริการนี้ ({newest()}) กรุณาใช้บริการรุ่นที่ใหม่กว่า",
        en=f"The tables are of migration {at}, newer than this service ({newest()}):"
        " run a newer version of the service",
    )


def current(engine: Engine) -> str | None:
    """Return the name of the migration a database is at.

    Parameters
    ----------
    engine : Engine
        Where to connect.

    Returns
    -------
    str or None
        ``None`` when no migration was run.
    """
    with engine.connect() as connection:
        return _at(connection)


def _at(connection: Connection) -> str | None:
    # Alembic describes its table anew each time it is asked; each is a statement to be kept.
    is_there = connection.scalar(_TABLE) is not None
    at: str | None = connection.scalar(_VERSION) if is_there else None
    return at


@cache
def _known() -> frozenset[str]:
    script = ScriptDirectory.from_config(_config(""))
    return frozenset(one.revision for one in script.walk_revisions())


@contextmanager
def _allowed() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            raise Unavailable(_NOT_ALLOWED) from error
        raise


def _config(url: str) -> Config:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    return config


_NOT_ALLOWED = Text(
    th="ผู้ใช้ฐานข้อมูลนี้ไม่มีสิทธิ์เตรียมฐานข้อมูล ให้ผู้ดูแลสั่ง CREATE EXTENSION postgis;"
    " CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm; และให้สิทธิ์ CREATE บนฐานข้อมูล",
    en="This database role may not prepare the database; ask its administrator to run"
    " CREATE EXTENSION postgis; CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;"
    " and to GRANT CREATE ON DATABASE",
)
