"""Accounts and the record outlive the sample: they are put aside while all tables are made anew."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, Table, text

from geo_service.core.accounts.models import TABLES
from geo_service.core.db import SCHEMA
from geo_service.core.models import Base

_ASIDE: Final = "geo_aside"


def put_aside(engine: Engine) -> None:
    """Copy accounts and the record to a schema that the migrations do not know.

    Parameters
    ----------
    engine : Engine
        Of the owner of the tables.
    """
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {_ASIDE} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {_ASIDE}"))
        for name in _names():
            connection.execute(text(f"CREATE TABLE {_ASIDE}.{name} AS TABLE {SCHEMA}.{name}"))


def put_back(engine: Engine) -> None:
    """Bring back what was put aside, if anything was; also what an interrupted run left.

    Parameters
    ----------
    engine : Engine
        Of the owner of the tables, which are at the newest migration.
    """
    with engine.begin() as connection:
        if connection.scalar(text(f"SELECT to_regnamespace('{_ASIDE}')")) is None:
            return
        for name in _names():
            columns = ", ".join(column.name for column in _table(name).columns)
            connection.execute(
                text(
                    f"INSERT INTO {SCHEMA}.{name} ({columns}) OVERRIDING SYSTEM VALUE"  # noqa: S608  (our own names)
                    f" SELECT {columns} FROM {_ASIDE}.{name} ON CONFLICT DO NOTHING"
                )
            )
            _count_on(connection, name)
        connection.execute(text(f"DROP SCHEMA {_ASIDE} CASCADE"))


def _names() -> list[str]:
    return [table.__tablename__ for table in TABLES]


def _table(name: str) -> Table:
    return Base.metadata.tables[f"{SCHEMA}.{name}"]


def _count_on(connection: Connection, name: str) -> None:
    # Numbers go on where they were.
    if any(column.identity is not None for column in _table(name).columns):
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{SCHEMA}.{name}', 'id'),"  # noqa: S608
                f" coalesce((SELECT max(id) FROM {SCHEMA}.{name}), 0) + 1, false)"
            )
        )
