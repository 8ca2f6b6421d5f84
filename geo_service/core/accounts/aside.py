"""Accounts, the record and the rules of what is withheld outlive the sample.

They are put aside while all tables are made anew.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, Table, text

from geo_service.core.accounts.models import TABLES
from geo_service.core.db import SCHEMA
from geo_service.core.models import Base

_ASIDE: Final = "geo_aside"
#: Rows that the migrations fill and an administrator may change, by the name of their copy.
_RULES: Final = {"privacy_class": f"{SCHEMA}.privacy_class", "sight": "geo_inside.sight"}


def put_aside(engine: Engine) -> None:
    """Copy all that stays to a schema that the migrations do not know.

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
        for name, table in _RULES.items():
            connection.execute(text(f"CREATE TABLE {_ASIDE}.{name} AS TABLE {table}"))


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
        for name, table in _RULES.items():
            _take_place(connection, name, table)
        connection.execute(text(f"DROP SCHEMA {_ASIDE} CASCADE"))


def _take_place(connection: Connection, name: str, table: str) -> None:
    # Put aside by an older version, there may be no copy, or one with fewer columns.
    kept = connection.scalars(
        text(
            "SELECT quote_ident(attname) FROM pg_attribute"
            " WHERE attrelid = to_regclass(:copy) AND attnum > 0 AND NOT attisdropped"
        ),
        {"copy": f"{_ASIDE}.{name}"},
    ).all()
    if kept:
        columns = ", ".join(kept)
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608  (our own names)
        connection.execute(
            text(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_ASIDE}.{name}")  # noqa: S608
        )


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
