"""Knowing the state of the data without asking at every request.

A process that serves keeps what it knows in memory, and trusts its memory only while its
watcher holds the *trust lock* (a shared advisory lock) on a connection of its own that listens.

Who changes data through ``ingest.load.hold_lock`` holds the load lock from the beginning, and
just before he commits (`change_at_commit`) the change lock; he announces ``changing`` on a
connection of its own, and waits until nobody holds the trust lock. A watcher that hears
``changing`` stops trusting, waits a moment for the requests that read by what it trusted, then
lets go of the lock; it trusts again when no change is being committed, with what the database
says then. While a load of minutes is under way, memory is trusted as ever.

Who changes ``geo.data_version`` without that, by plain SQL, cuts the watchers off when he commits
(a trigger) and holds the lock; a watcher whose connection is gone trusts nothing, connects again
and waits.

The guarantee: no change of a version is committed while any process trusts its memory, so the
next request after the commit sees it, whichever worker answers. While memory is not trusted every
request asks the database. The limits: a change that raises no version is not seen; and where
plain SQL is written by a role that may not end the service's connections, the change is told when
it is committed, and a request within about a millisecond may be answered from memory once more. A
connection that went silent is caught by the check of every ``GEO_RECHECK_S`` seconds.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TypeAlias

import psycopg2
import psycopg2.extensions
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from geo_service.core.known import TODAY, VERSIONS, Known

log = logging.getLogger(__name__)

Connection: TypeAlias = psycopg2.extensions.connection
Cursor: TypeAlias = psycopg2.extensions.cursor

CHANNEL = "geo_data"
#: Advisory locks, held to a transaction's end. Every load, undoing and refresh holds the first
#: from its beginning; one for all data sets: what is derived from them is shared, so two loads
#: never mix. The others are taken when it commits.
LOAD_LOCK = 7_105_466_012
TRUST_LOCK = 7_105_466_013
CHANGE_LOCK = 7_105_466_014

_CHANGING = "changing"
_PAUSE_S = 0.1
_LOOK_AGAIN_S = 0.002
#: How long a commit waits for those who trust, and they for the requests that are being answered.
_LONGEST_WAIT_S = 1.0
_LONGEST_ANSWER_S = 0.5
_DAY_S = 86_400
_THAI_TIME_S = 7 * 3600
_RETRY_S = 0.3
_TRUST = f"SELECT pg_try_advisory_lock_shared({TRUST_LOCK})"
_LET_GO = f"SELECT pg_advisory_unlock_shared({TRUST_LOCK})"
_IS_FREE = f"SELECT pg_try_advisory_xact_lock_shared({CHANGE_LOCK})"
_HOLD_CHANGE = text(f"SELECT pg_advisory_xact_lock({CHANGE_LOCK})")
_TRY_TRUST = text(f"SELECT pg_try_advisory_xact_lock({TRUST_LOCK})")


class Watcher:
    """Follows the state of one database for one process, in a thread of its own."""

    def __init__(self, engine: Engine, *, recheck_s: float) -> None:
        self._engine, self._recheck_s = engine, recheck_s
        self._trusted: Known | None = None
        self._latest: Known | None = None
        self._trusted_until = 0.0
        self._news = select.poll()
        self._is_stopped = False
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to follow; a database that is away is tried again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following and close the connection."""
        self._is_stopped = True
        os.write(self._wake, b".")
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            os.close(self._woken)
            os.close(self._wake)

    def known(self) -> Known | None:
        """Give what is known for certain; one look at a socket, nothing is asked.

        Only for the thread of the event loop.

        Returns
        -------
        Known or None
            ``None`` while the database must be asked.
        """
        trusted = self._trusted
        if trusted is None or time.monotonic() > self._trusted_until or self._news.poll(0):
            return None
        return trusted if self._trusted is trusted else None

    def match(self, versions: Mapping[str, int]) -> Known:
        """Give what is known of a state that was just read from the database.

        Parameters
        ----------
        versions : mapping of str to int
            Every subject and its number.

        Returns
        -------
        Known
            A new one when anything differs from the latest state.
        """
        latest = self._latest
        if latest is None or latest.versions != versions:
            latest = self._latest = Known(versions)
        return latest

    def _run(self) -> None:
        is_told = False
        while not self._is_stopped:
            try:
                with closing(connect_alone(self._engine)) as connection:
                    is_told = False
                    self._follow(connection)
            except psycopg2.Error as error:
                if not is_told:
                    log.warning("not watching the data", extra={"why": type(error).__name__})
                is_told = True
            finally:
                self._trusted = self._latest = None
            if not self._is_stopped:
                _watching(self._woken).poll(_RETRY_S * 1000)

    def _follow(self, connection: Connection) -> None:
        cursor = connection.cursor()
        cursor.execute(f"LISTEN {CHANNEL}")
        self._news, holds = _watching(connection.fileno()), False
        waiting = _watching(connection.fileno(), self._woken)
        while not self._is_stopped:
            holds = holds or _says_yes(cursor, _TRUST)
            if holds:
                is_free = _says_yes(cursor, _IS_FREE)
                holds = self._settle(cursor) if is_free else self._let_go(cursor)
            wait_s = self._recheck_s if holds else _PAUSE_S
            ready = dict(waiting.poll(0 if connection.notifies else wait_s * 1000))
            if connection.notifies or connection.fileno() in ready:
                # Before the socket is emptied: a request may be looking at it.
                before, self._trusted = self._trusted, None
                connection.poll()
                said = {one.payload for one in connection.notifies}
                connection.notifies.clear()
                if holds and _CHANGING in said:
                    _wait_for_readers(before)
                    holds = self._let_go(cursor)

    def _settle(self, cursor: Cursor) -> bool:
        cursor.execute(VERSIONS)
        before, known = self._trusted, self.match(dict(cursor.fetchall()))
        if before is not None and known is not before and _day(known) == _day(before):
            log.warning("a change was not told: is the trigger of data_version there?")
        # What arrived with the answer may be newer than the answer.
        is_current = not cursor.connection.notifies
        self._trusted_until = time.monotonic() + min(2 * self._recheck_s, _seconds_of_day_left())
        self._trusted = known if is_current else None
        return True

    def _let_go(self, cursor: Cursor) -> bool:
        before, self._trusted = self._trusted, None
        _wait_for_readers(before)
        cursor.execute(_LET_GO)
        return False


def connect_alone(engine: Engine) -> Connection:
    """Connect outside the engine's pool; each statement is committed at once.

    Parameters
    ----------
    engine : Engine
        Where to connect.

    Returns
    -------
    connection
        The caller closes it.
    """
    args, options = engine.dialect.create_connect_args(engine.url)
    connection: Connection = psycopg2.connect(
        *args,
        **options,
        connect_timeout=5,
        application_name="geo-service watching",
        # A server that went away without a word is noticed within seconds.
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
    )
    connection.autocommit = True
    return connection


def change_at_commit(session: Session) -> None:
    """Have nobody trust his memory when a session commits; until then all may.

    Parameters
    ----------
    session : Session
        In a transaction that holds the load lock.
    """
    if not event.contains(session, "before_commit", _take_trust):
        event.listen(session, "before_commit", _take_trust)


def _take_trust(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    session.execute(_HOLD_CHANGE)
    if session.scalar(_TRY_TRUST):
        return
    with closing(connect_alone(session.get_bind().engine)) as connection:
        connection.cursor().execute("SELECT pg_notify(%s, %s)", (CHANNEL, _CHANGING))
    last = time.monotonic() + _LONGEST_WAIT_S
    # One that does not let go in time is cut off by the trigger of ``geo.data_version``.
    while time.monotonic() < last and not session.scalar(_TRY_TRUST):
        time.sleep(_LOOK_AGAIN_S)


def _wait_for_readers(known: Known | None) -> None:
    # Each of their statements stands for itself: a commit between two would mix two states.
    last = time.monotonic() + _LONGEST_ANSWER_S
    while known is not None and known.readers.count and time.monotonic() < last:
        time.sleep(_LOOK_AGAIN_S)


def _watching(*sockets: int) -> select.poll:
    made = select.poll()
    for one in sockets:
        made.register(one, select.POLLIN)
    return made


def _day(known: Known) -> int:
    return known.versions[TODAY]


def _seconds_of_day_left() -> float:
    return _DAY_S - (time.time() + _THAI_TIME_S) % _DAY_S


def _says_yes(cursor: Cursor, question: str) -> bool:
    cursor.execute(question)
    row = cursor.fetchone()
    return row is not None and bool(row[0])
