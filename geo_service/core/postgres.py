"""A private PostgreSQL cluster in a folder: no system service, no password, no open port.

The cluster listens on a socket in a folder that only its owner may enter, so no port can be
taken and nobody else on the machine can connect. PostgreSQL refuses to run as root: started by
root it runs as ``postgres`` (or ``nobody``), in ``/var/lib`` when that user cannot reach the
folder asked for (a clone under ``/root``, say). Everything may be killed at any moment: what is
half made is thrown away or mended by the next ``start``.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from geo_service.core import keeper
from geo_service.core.cluster_folder import (
    OWNER,
    PORT,
    ClusterFolder,
    last_words,
    no_start,
    of_another_user,
)
from geo_service.core.db import engine_url
from geo_service.core.errors import Conflict, Unavailable
from geo_service.core.machine import is_working_in, only_one, postgres_programs
from geo_service.core.text import Text

DATABASE = "geo"
PATIENCE_S = 60.0
RECOVERY_LIMIT_S = 600
LOCK_LIMIT_S = 180.0
LARGEST_LOG_BYTES = 10_000_000

#: What PostgreSQL says while the processes of a killed server are still going away.
_STILL_LEAVING = ("already exists", "pre-existing shared memory block")


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What can be seen of a cluster from outside."""

    running: bool
    pid: int | None
    folder: Path
    major: str | None


@dataclass(frozen=True, slots=True)
class _Running:
    """The lines of ``postmaster.pid`` that matter."""

    pid: int
    port: int
    socket: str


class Cluster:
    """The cluster kept in one folder.

    Parameters
    ----------
    data_dir : Path
        Folder of the installation; the cluster is in ``postgres`` below it, or that is a link
        to where it had to be put.
    durable : bool
        Whether a power cut must lose nothing; tests do without.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._folder = ClusterFolder(data_dir, durable=durable)

    def start(self) -> None:
        """Make the cluster if there is none, start it if it does not run, wait until it answers.

        Raises
        ------
        NotInstalled
            If the machine has no PostgreSQL with PostGIS.
        Conflict
            If the cluster belongs to another user.
        Unavailable
            If it cannot be started; the detail repeats what PostgreSQL said.
        """
        with self._locked():
            deadline = time.monotonic() + PATIENCE_S
            while True:
                if self._running() is None:
                    self._launch()
                try:
                    keeper.prepare(make_url(engine_url(self.url())), DATABASE)
                except (OperationalError, Unavailable) as error:
                    # Starting up, shutting down, or killed between the two lines above.
                    if time.monotonic() > deadline:
                        raise Unavailable(no_start(str(error).strip())) from error
                    time.sleep(0.2)
                else:
                    return

    def stop(self) -> bool:
        """Stop the cluster; sessions are ended, nothing committed is lost.

        Returns
        -------
        bool
            Whether it was running.

        Raises
        ------
        Unavailable
            If it does not stop.
        """
        with self._locked():
            running = self._running()
            if running is None:
                return False
            home = self._folder.path
            program = postgres_programs(self._folder.major) / "pg_ctl"
            done = self._folder.run([str(program), "-D", ".", "-m", "fast", "-w", "stop"], home)
            if done.returncode and self._running() is not None:
                raise Unavailable(no_start(done.stdout.strip()))
            return True

    def status(self) -> ClusterStatus:
        """Look at the cluster without changing anything.

        Returns
        -------
        ClusterStatus
            Whether it runs, and where it is.
        """
        running, home = self._running(), self._folder.path
        return ClusterStatus(
            running=running is not None,
            pid=running.pid if running else None,
            folder=home,
            major=self._folder.major,
        )

    def url(self, role: str = OWNER) -> str:
        """Return the address of the database, as libpq and SQLAlchemy read it.

        Parameters
        ----------
        role : str
            Who connects; the socket lets in nobody but its owner, so no password is asked for.

        Returns
        -------
        str
            ``postgresql://geo_owner@/geo?host=...&port=...``.

        Raises
        ------
        Unavailable
            If the cluster does not run.
        """
        running = self._running()
        if running is None:
            raise Unavailable(
                Text(
                    th="ฐานข้อมูลยังไม่ได้เปิด ให้สั่ง geo-service db start",
                    en="The database is not running; run: geo-service db start",
                )
            )
        host = quote(running.socket, safe="")
        return f"postgresql://{role}@/{DATABASE}?host={host}&port={running.port}"

    def _running(self) -> _Running | None:
        home = self._folder.path
        try:
            lines = (home / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            running = _Running(pid=int(lines[0]), port=int(lines[3]), socket=lines[4])
        except PermissionError as error:
            raise Conflict(of_another_user(home)) from error
        except (OSError, IndexError, ValueError):
            # None there, or caught while it is being written.
            return None
        return running if is_working_in(running.pid, home) else None

    def _locked(self) -> AbstractContextManager[None]:
        return only_one(self._folder.data_dir / "postgres.lock", limit_s=LOCK_LIMIT_S)

    def _launch(self) -> None:
        home = self._folder.make()
        self._folder.check_owner()
        socket = self._folder.socket_folder()
        self._folder.write_settings(socket)
        command = [
            str(postgres_programs(self._folder.major) / "pg_ctl"),
            "-D", ".", "-l", "server.log", "-w", "-t", str(RECOVERY_LIMIT_S), "start",
        ]  # fmt: skip
        log = home / "server.log"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            _forget_dead(home, socket)
            before = _size(log)
            if before > LARGEST_LOG_BYTES:
                log.replace(home / "server.log.1")
                before = 0
            if self._folder.run(command, home).returncode == 0:
                return
            said = _read_from(log, before)
            if not any(word in said for word in _STILL_LEAVING) or time.monotonic() > deadline:
                raise Unavailable(no_start(last_words(said)))
            time.sleep(0.3)


def _forget_dead(home: Path, socket: Path) -> None:
    """Remove the marks of a server that is gone.

    PostgreSQL does so itself unless the number of the dead process is taken, by its zombie or
    by a stranger. Should a child of the dead server still be at work, PostgreSQL finds its
    shared memory and refuses to start, marks or no marks.
    """
    for mark in (
        home / "postmaster.pid",
        socket / f".s.PGSQL.{PORT}.lock",
        socket / f".s.PGSQL.{PORT}",
    ):
        mark.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_from(path: Path, offset: int) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        handle.seek(offset)
        return handle.read().decode("utf-8", "replace")
