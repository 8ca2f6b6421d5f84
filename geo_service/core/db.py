"""Engines and sessions; opened at the edge, handed down, committed by the edge alone."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Engine, TextClause, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, IsolationLevel
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from geo_service.core import work

SCHEMA = "geo"
#: libpq waits no less than two seconds; a server that is there answers in milliseconds.
CONNECT_TIMEOUT_S = 2
#: A transaction that asks nothing for so long is of a reader who went to sleep, in seconds.
IDLE_TIMEOUT_S = 60


def engine_url(url: str) -> str:
    """Name the driver in a database URL.

    Parameters
    ----------
    url : str
        ``postgres://...``, ``postgresql://...`` or with a driver already named.

    Returns
    -------
    str
        ``postgresql+psycopg2://...``.
    """
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg2"
    return f"{scheme}{separator}{rest}"


def make_engine(
    url: str,
    *,
    pool_size: int = 4,
    pool_timeout_s: float = 5.0,
    statement_timeout_s: float | None = None,
    lock_timeout_s: float | None = None,
    read_only: bool = False,
    isolation: IsolationLevel | None = None,
    search_path: str = f"{SCHEMA}, public",
) -> Engine:
    """Build an engine whose sessions see our schema first.

    Parameters
    ----------
    url : str
        ``postgresql://...`` or ``postgresql+psycopg2://...``.
    pool_size : int
        Number of connections kept.
    pool_timeout_s : float
        Seconds to wait for a free connection.
    statement_timeout_s : float, optional
        Seconds one statement may take; ``None`` for no limit.
    lock_timeout_s : float, optional
        Seconds one statement may wait for a lock; ``None`` for no limit.
    read_only : bool
        Whether transactions may only read.
    isolation : str, optional
        Of every transaction; ``AUTOCOMMIT`` saves the two journeys of beginning and ending one.
    search_path : str
        Schemas in which tables without a schema are looked for.

    Returns
    -------
    Engine
        Nothing is connected yet.
    """
    engine = create_engine(
        engine_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        # An error goes to the log with its statement; what was bound may be a secret or a person.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "geo-service",
            # A server that went away without a word is noticed within seconds.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
        },
        **({} if isolation is None else {"isolation_level": isolation}),
    )
    event.listen(engine, "checkout", _refuse_closed)
    work.follow(engine)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:  # noqa: ARG001  (the event's signature)
        statements = [f"SET search_path TO {search_path}", "SET timezone TO 'Asia/Bangkok'"]
        # Compiling a large statement takes seconds, running it tenths of one.
        statements.append("SET jit TO off")
        if statement_timeout_s is not None:
            statements.append(f"SET statement_timeout TO {int(statement_timeout_s * 1000)}")
        if lock_timeout_s is not None:
            statements.append(f"SET lock_timeout TO {int(lock_timeout_s * 1000)}")
        if read_only:
            statements.append("SET default_transaction_read_only TO on")
            # Starting a worker takes 30 ms, an answer should take a few.
            statements.append("SET max_parallel_workers_per_gather TO 0")
            idle_ms = IDLE_TIMEOUT_S * 1000
            statements.append(f"SET idle_in_transaction_session_timeout TO {idle_ms}")
        find_gone = work.find_gone(connection)
        if find_gone is not None:
            statements.append(find_gone)
        # From here on it can be cut: a frozen server would answer none of these.
        work.begin(connection)
        cursor = connection.cursor()
        cursor.execute("; ".join(statements))
        cursor.close()
        connection.commit()

    return engine


def _refuse_closed(
    connection: Any,  # noqa: ANN401  (the driver's)
    record: ConnectionPoolEntry,  # noqa: ARG001  (the event's signature)
    proxy: PoolProxiedConnection,  # noqa: ARG001
) -> None:
    # A server that went away has closed its end: there is something to read on a connection that
    # waits for nothing. One look at the socket, where a ping would be a journey.
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    if look.poll(0):
        raise DisconnectionError


def begin_snapshot(session: Session) -> None:
    """Let a session see one state of the data from here on, and keep its cursors open.

    Needed where rows are read bit by bit: outside a transaction there is no cursor to read on.

    Parameters
    ----------
    session : Session
        One that is in a transaction already is left as it is.
    """
    raw: Any = session.connection().connection.dbapi_connection
    if raw.autocommit:
        session.commit()
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Give one session whose work is committed at the end, or undone as a whole.

    Parameters
    ----------
    engine : Engine
        Where to connect.

    Yields
    ------
    Session
        Open in a transaction.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@cache
def fixed_sql(package: str, name: str) -> TextClause:
    """Read a fixed statement kept beside the code.

    Parameters
    ----------
    package : str
        Package that holds a folder ``sql``, for example ``"layers"``.
    name : str
        File name without ``.sql``.

    Returns
    -------
    TextClause
        With ``:name`` places for bound values.
    """
    return text((files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
