"""What only the superuser of a private cluster can do: once done, nobody connects as it again.

Whoever makes a cluster is its superuser, here the keeper. It makes the owner, who is none,
brings the extensions, and takes away the functions that nobody needs. All of that is done to the
template as well: a database made later, of a restored backup say, has it from its first moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from geo_service.core import rights, roles
from geo_service.core.cluster_folder import KEEPER, OWNER
from geo_service.core.db import CONNECT_TIMEOUT_S

EXTENSIONS: Final = ("postgis", "btree_gist", "pg_trgm")
_TEMPLATE: Final = "template1"
#: Makes the other roles, and databases in which a backup is tried before it takes a place.
_OWNERS_RIGHTS: Final = "LOGIN NOSUPERUSER CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS"


def prepare(server: URL, database: str) -> None:
    """Make the owner, the other roles and the database, so far as they are not there.

    Parameters
    ----------
    server : URL
        Of a private cluster, which lets in whoever may open its socket.
    database : str
        Name of the database to be there at the end; the owner's.

    Raises
    ------
    OperationalError
        If the server does not answer, or not yet.
    """
    _find_keeper(server)
    with _connected(server, KEEPER, _TEMPLATE) as connection:
        if not _finds(connection, "pg_roles WHERE rolname = :name", OWNER):
            connection.exec_driver_sql(f"CREATE ROLE {OWNER} {_OWNERS_RIGHTS}")
            # To drop a database while the server's own workers look at it.
            connection.exec_driver_sql(f"GRANT pg_signal_backend TO {OWNER}")
        for extension in EXTENSIONS:
            connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
    with _connected(server, OWNER, _TEMPLATE) as connection:
        roles.make_roles(connection)
    with _connected(server, KEEPER, _TEMPLATE) as connection:
        rights.guard(connection)
    with _connected(server, OWNER, "postgres", is_plain=True) as connection:
        if not _finds(connection, "pg_database WHERE datname = :name", database):
            connection.exec_driver_sql(f'CREATE DATABASE "{database}"')
    with _connected(server, KEEPER, database) as connection:
        rights.guard(connection)


def _find_keeper(server: URL) -> None:
    try:
        with _connected(server, KEEPER, _TEMPLATE):
            return
    except OperationalError as error:
        if f'role "{KEEPER}" does not exist' not in str(error):
            raise
    # A cluster of before there was a keeper: its superuser is the owner, and remains one.
    with _connected(server, OWNER, _TEMPLATE) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {KEEPER} LOGIN SUPERUSER")


def _finds(connection: Connection, where: str, name: str) -> bool:
    found = text(f"SELECT EXISTS (SELECT FROM {where})")  # noqa: S608  (our own words)
    return bool(connection.scalar(found, {"name": name}))


@contextmanager
def _connected(
    server: URL, role: str, database: str, *, is_plain: bool = False
) -> Iterator[Connection]:
    # Databases are made outside of a transaction, all else in one.
    engine = create_engine(
        server.set(username=role, database=database),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT" if is_plain else "READ COMMITTED",
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )
    with engine.begin() as connection:
        yield connection
