"""Bring a database to the tables this version of the service expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from geo_service.core.db import SCHEMA
from geo_service.core.errors import Unavailable
from geo_service.core.settings import ROOT
from geo_service.core.text import Text


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
    command.downgrade(_config(url), "base")


def newest() -> str:
    """Return the name of the newest migration.

    Returns
    -------
    str
        For example ``"0001"``.
    """
    return str(ScriptDirectory.from_config(_config("")).get_current_head())


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
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        return context.get_current_revision()


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
