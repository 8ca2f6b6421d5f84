"""What one request has under way in the database, so that it can be ended from outside.

A thread that waits for an answer of the database can be told nothing. What can be done is to
close its connection: it fails at once, also when the database is frozen and would never answer,
and the server ends the statement when it finds nobody at the other end (`find_gone`). That serves
for callers who left, for answers that take too long, and for a process that is stopping.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from geo_service.core.errors import TimedOut
from geo_service.core.text import Text

#: The server looks this often, in milliseconds, whether its client is still there (PostgreSQL 14).
FIND_GONE_MS: Final = 1_000
_SINCE: Final = 140_000

Connection = Any  # the driver's


class Work:
    """The connections one request holds; threads that work for it take and return them."""

    __slots__ = ("_guard", "_held", "is_stopped")

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: set[Connection] = set()
        self.is_stopped = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held of the database."""
        return not self._held

    def stop(self) -> None:
        """End what is under way, and let nothing more begin; waits for nothing."""
        with self._guard:
            self.is_stopped = True
            for connection in self._held:
                _cut(connection)

    def take(self, connection: Connection) -> None:
        """Note a connection that is used from now on.

        Parameters
        ----------
        connection : connection
            Of the driver.

        Raises
        ------
        TimedOut
            If the request was ended: it asks nothing more.
        """
        with self._guard:
            if self.is_stopped:
                raise TimedOut(Text(th="คำขอนี้ถูกยกเลิกแล้ว", en="The request has been given up"))
            self._held.add(connection)

    def give_back(self, connection: Connection) -> None:
        """Forget a connection that is used no more, or is about to be closed.

        Parameters
        ----------
        connection : connection
            Of the driver; one that was not taken is none of its business.
        """
        with self._guard:
            self._held.discard(connection)


#: The request whose thread this is; threads of nobody's request have none.
WORK: ContextVar[Work | None] = ContextVar("work", default=None)
_OTHERS: WeakKeyDictionary[Engine, Work] = WeakKeyDictionary()


def follow(engine: Engine) -> None:
    """Let the connections of an engine know whose request they work for.

    Parameters
    ----------
    engine : Engine
        Its pool is listened to.
    """
    others = _OTHERS[engine] = Work()
    event.listen(engine, "checkout", partial(_taken, others))
    event.listen(engine, "checkin", _returned)
    event.listen(engine, "close", _returned)
    event.listen(engine, "handle_error", _keep_the_others)


def begin(connection: Connection) -> None:
    """Note a connection that is not the pool's yet.

    Parameters
    ----------
    connection : connection
        Of the driver, just opened.
    """
    work = WORK.get()
    if work is not None:
        work.take(connection)


def find_gone(connection: Connection) -> str | None:
    """Say how a server is told to look whether its client is still there.

    Parameters
    ----------
    connection : connection
        Of the driver, open.

    Returns
    -------
    str or None
        A statement; ``None`` for servers that cannot.
    """
    if connection.info.server_version < _SINCE:
        return None
    return f"SET client_connection_check_interval TO {FIND_GONE_MS}"


def end(engine: Engine) -> None:
    """End what is under way for nobody's request: files and tables made beside them.

    Parameters
    ----------
    engine : Engine
        One that was followed; it lends no more connections.
    """
    _OTHERS[engine].stop()


def _taken(
    others: Work,
    connection: Connection,
    record: ConnectionPoolEntry,
    proxy: PoolProxiedConnection,  # noqa: ARG001  (the event's signature)
) -> None:
    work = WORK.get() or others
    work.take(connection)
    # It may come back in another thread than it was taken in.
    record.info["work"] = work


def _returned(connection: Connection, record: ConnectionPoolEntry) -> None:
    work: Work | None = record.info.pop("work", None)
    if work is not None:
        work.give_back(connection)
        if work.is_stopped and not connection.closed:
            # Its socket is closed, or about to find out that it is.
            record.invalidate()


def _keep_the_others(failed: ExceptionContext) -> None:
    # One connection was cut on purpose: the others of the pool are as good as before.
    work = WORK.get()
    if work is not None and work.is_stopped:
        failed.invalidate_pool_on_disconnect = False


def _cut(connection: Connection) -> None:
    if hasattr(connection, "terminate"):  # that of an event loop, by its own hand
        connection.terminate()
        return
    with suppress(OSError, ValueError, psycopg2.Error):
        number = connection.fileno()
        if number >= 0:
            # A copy of our own: closing it leaves the driver's number to the driver.
            with socket.socket(fileno=os.dup(number)) as copy:
                copy.shutdown(socket.SHUT_RDWR)
