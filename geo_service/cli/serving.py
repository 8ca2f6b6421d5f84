"""Server processes: one, or several with a spare that steps in when one of them dies.

Starting a process takes seconds: libraries for maps and tables are large. So one more than asked
for is always started and waits; when a worker is killed the spare serves within a moment, and
another spare is started in its place. All share one listening socket: a caller who is waiting for
an answer of the dead one sees his connection closed, nobody else sees anything.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from geo_service.core import log as logs
from geo_service.core.accounts.shelf import SHARED_NUMBERS, Numbers
from geo_service.core.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from fastapi import FastAPI

log = logging.getLogger(__name__)

BACKLOG = 2048
#: The event loop accepts one connection a turn from each socket that listens; under a rush, when a
#: turn is long, those who are new would wait for seconds. So the same socket is given to it often.
_ACCEPTED_AT_ONCE = 16
#: A worker that dies sooner than this, in seconds, probably cannot live at all.
_SHORT_LIFE_S = 5.0
_MOST_SHORT_LIVES = 5
_KILL_AFTER_S = 5.0


def run(settings: Settings, listening: socket.socket) -> None:
    """Serve until stopped.

    Parameters
    ----------
    settings : Settings
        With ``database_url``.
    listening : socket
        Bound; it is closed at the end.
    """
    raise_file_limit()
    # The port listens from here on: who comes early is answered when all is ready.
    listening.listen(BACKLOG)
    if settings.workers > 1:
        Workers(settings, listening).run()
        return
    from geo_service.main import create_app

    serve_one(create_app(settings), settings, listening)


def raise_file_limit() -> None:
    """Open as many files as the system allows: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve_one(app: FastAPI, settings: Settings, listening: socket.socket) -> None:
    """Serve in this process until stopped.

    Parameters
    ----------
    app : FastAPI
        The service.
    settings : Settings
        Its settings.
    listening : socket
        Listens already.
    """
    import uvicorn

    from geo_service.core.connections import bounded

    again = max(1, _ACCEPTED_AT_ONCE // settings.workers) - 1
    # A copy makes the socket of all workers block, or not, as this object does; a worker that waits
    # to accept would answer nobody.
    listening.setblocking(False)
    # What is there from the beginning stays to the end: to look through all of it for garbage takes
    # a quarter of a second, in which nobody is answered.
    gc.collect()
    gc.freeze()
    uvicorn.Server(
        uvicorn.Config(
            app,
            http=bounded(
                most_open=settings.connections,
                header_s=settings.header_timeout_s,
                refuse=app.state.door.refusal,
            ),
            ws="none",
            backlog=BACKLOG,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(settings.grace_s)),
        )
    ).run(sockets=[listening, *(listening.dup() for _ in range(again))])


class Workers:
    """Several processes that serve, and a spare one.

    Parameters
    ----------
    settings : Settings
        ``workers`` of them.
    listening : socket
        Listens already; all of them accept from it.
    """

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings, self._listening = settings, listening
        self._context = multiprocessing.get_context("spawn")
        # What is counted of a caller is counted by all of them together.
        self._shared = self._context.RawArray("d", SHARED_NUMBERS)
        self._at_work: dict[SpawnProcess, Connection] = {}
        self._began: dict[int | None, float] = {}
        self._spare: tuple[SpawnProcess, Connection] | None = None
        self._stop = threading.Event()
        self._short_lives = 0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; the exit code is 1 when workers cannot live."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        for _ in range(self._settings.workers):
            self._begin(self._started())
        self._spare = self._started()
        while not self._stop.is_set():
            wait([one.sentinel for one in self._all()], timeout=0.2)
            self._replace_dead()
        self._end()
        if self._short_lives >= _MOST_SHORT_LIVES:
            sys.exit(1)

    def _all(self) -> Sequence[SpawnProcess]:
        return [*self._at_work, *((self._spare[0],) if self._spare else ())]

    def _started(self) -> tuple[SpawnProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(self._settings, self._listening, theirs, self._shared),
            name="geo-service worker",
        )  # fmt: skip
        process.start()
        theirs.close()
        return process, ours

    def _begin(self, started: tuple[SpawnProcess, Connection]) -> None:
        process, pipe = started
        with suppress(OSError):
            pipe.send("serve")
        self._at_work[process] = pipe
        self._began[process.pid] = time.monotonic()

    def _replace_dead(self) -> None:
        if self._stop.is_set():
            return
        if self._spare is not None and not self._spare[0].is_alive():
            self._spare[1].close()
            self._spare = None
        for process in [one for one in self._at_work if not one.is_alive()]:
            self._at_work.pop(process).close()
            lived_s = time.monotonic() - self._began.pop(process.pid)
            log.warning("a worker died", extra={"worker": process.pid, "code": process.exitcode})
            self._short_lives = self._short_lives + 1 if lived_s < _SHORT_LIFE_S else 0
            if self._short_lives >= _MOST_SHORT_LIVES:
                log.error("workers do not live")
                self._stop.set()
                return
            started, self._spare = self._spare or self._started(), None
            self._begin(started)
        if self._spare is None:
            self._spare = self._started()

    def _end(self) -> None:
        self._listening.close()
        if self._spare is not None:
            self._spare[0].kill()
        for process in self._at_work:
            process.terminate()
        deadline = time.monotonic() + self._settings.grace_s + _KILL_AFTER_S
        for process in self._all():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _work(settings: Settings, listening: socket.socket, pipe: Connection, shared: Numbers) -> None:
    # Stopped from the keyboard, the parent tells its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from geo_service.main import create_app

    logs.configure(settings.log_level)
    app: Any = create_app(settings, shared=shared)
    try:
        pipe.recv()
    except EOFError:
        return
    threading.Thread(target=_end_with, args=(pipe,), daemon=True, name="parent").start()
    serve_one(app, settings, listening)


def _end_with(pipe: Connection) -> None:
    # Nothing more is said: what can be read is the end of the parent.
    with suppress(EOFError, OSError):
        pipe.recv()
    os.kill(os.getpid(), signal.SIGTERM)
