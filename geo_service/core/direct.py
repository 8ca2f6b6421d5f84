"""The short way to the database: statements prepared once a connection, run without a thread.

The connections belong to one event loop and only read. They are set up as those of the engine
are, whatever that is: its first connection is asked. Where this way does not lead to an answer
(no connection, a pooler in between), `Astray` says so and the caller takes the long way, through
the engine, which tells what is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geo_service.core.spans import Spans
from geo_service.core.work import WORK

log = logging.getLogger(__name__)

#: After a failure nobody tries again for so long.
_PAUSE_S = 2.0
_CONNECT_TIMEOUT_S = 5.0
#: Statements kept by a connection; each form of a question is one.
_MOST_PREPARED = 200
_FAILURES = (
    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
    OSError, TimeoutError,
)  # fmt: skip
_SETTINGS = text(
    "SELECT name, setting FROM pg_settings WHERE source = 'session' UNION ALL"
    " SELECT 'role', current_setting('role') WHERE current_setting('role') <> 'none'"
)


class _Canceled(Exception):
    """The driver's own error, as the engine's driver tells it."""

    def __init__(self, error: asyncpg.PostgresError) -> None:
        super().__init__(str(error))
        self.pgcode = error.sqlstate


class Astray(Exception):
    """The short way does not lead to an answer; the long one does, or tells why not."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the driver takes it, and its values in their order."""

    sql: str
    values: Sequence[Any] = field(default=())


class Direct:
    """Connections of one event loop; opened when they are needed, used last in, first out."""

    def __init__(
        self, engine: Engine, *, size: int, wait_s: float, spans: Spans | None = None
    ) -> None:
        self._engine, self._wait_s, self._spans = engine, wait_s, spans
        #: Connections there may be, and how many are at work.
        self.size, self.in_use = size, 0
        self._room = asyncio.Semaphore(size)
        self._idle: list[Any] = []
        self._settings: dict[str, str] | None = None
        self._closed_until = 0.0

    async def fetch(self, statement: Statement) -> list[Any]:
        """Run a statement.

        Parameters
        ----------
        statement : Statement
            Reads.

        Returns
        -------
        list of Record
            All rows.

        Raises
        ------
        Astray
            If this way is closed.
        sqlalchemy.exc.DBAPIError
            If it ran into its time limit, as the engine says it.
        """
        await self._enter()
        self.in_use += 1
        connection, work = None, WORK.get()
        try:
            connection = await self._connected()
            if work is not None:
                work.take(connection)
            with self._spans.statement(statement.sql) if self._spans else nullcontext():
                rows: list[Any] = await connection.fetch(statement.sql, *statement.values)
        except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError) as error:
            # The limits of time are the same on the long way: the caller has waited enough.
            raise DBAPIError(statement.sql, None, _Canceled(error)) from error
        except _FAILURES as error:
            # What the server said to the end of a connection may be heard in the middle of it.
            if connection is not None and not isinstance(error, asyncpg.PostgresError):
                connection.terminate()
            if work is not None and work.is_stopped:
                # Cut on purpose: the way is as good as before for everybody else.
                raise Astray(type(error).__name__) from error
            raise self._astray(error) from error
        finally:
            if connection is not None:
                if work is not None:
                    work.give_back(connection)
                self._idle.append(connection)
            self.in_use -= 1
            self._room.release()
        return rows

    async def close(self) -> None:
        """Close all connections that are not in use."""
        self._closed_until = float("inf")
        while self._idle:
            await self._idle.pop().close(timeout=2)

    async def _enter(self) -> None:
        if time.monotonic() < self._closed_until:
            raise Astray
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            await asyncio.wait_for(self._room.acquire(), self._wait_s)
        except TimeoutError as error:
            raise PoolTimeout("no direct connection is free") from error

    async def _connected(self) -> Any:  # noqa: ANN401  (the driver has no types)
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        if self._settings is None:
            self._settings = await asyncio.to_thread(self._read_settings)
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_TIMEOUT_S,
            statement_cache_size=_MOST_PREPARED,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings=self._settings,
        )

    def _read_settings(self) -> dict[str, str]:
        with self._engine.connect() as connection:
            told = {row.name: row.setting for row in connection.execute(_SETTINGS)}
        return told | {"application_name": "geo-service direct"}

    def _astray(self, error: Exception) -> Astray:
        if isinstance(error, (asyncpg.PostgresConnectionError, OSError, TimeoutError)):
            self._closed_until = max(self._closed_until, time.monotonic() + _PAUSE_S)
        log.info("the short way to the database failed", extra={"why": type(error).__name__})
        return Astray(type(error).__name__)
