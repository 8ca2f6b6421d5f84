"""A private PostgreSQL cluster in a folder: no system service, no password, no open port.

The cluster listens on a socket in a folder that only its owner may enter, so no port can be
taken and nobody else on the machine can connect. PostgreSQL refuses to run as root: started by
root it runs as ``postgres`` (or ``nobody``), in ``/var/lib`` when that user cannot reach the
folder asked for (a clone under ``/root``, say). Everything may be killed at any moment: what is
half made is thrown away or mended by the next ``start``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from geo_service.core.errors import Conflict, Unavailable
from geo_service.core.machine import (
    is_working_in,
    only_one,
    postgres_programs,
    run_as,
    unprivileged_user,
)
from geo_service.core.text import Text

OWNER = "geo_owner"
DATABASE = "geo"
PORT = 5432
#: sockaddr_un.sun_path holds 108 bytes with the closing zero; PostgreSQL refuses longer ones.
LONGEST_SOCKET_BYTES = 107
PATIENCE_S = 60.0
RECOVERY_LIMIT_S = 600
LOCK_LIMIT_S = 180.0
LARGEST_LOG_BYTES = 10_000_000
SMALL_SHARED_MEMORY_BYTES = 512 * 1024**2

ELSEWHERE = Path("/var/lib/geo-service")
SHORT = Path("/tmp")  # noqa: S108  (a folder of our own in it, mode 0700, owner checked)

_SETTINGS = """\
# Written at every start by geo-service; put your own settings into postgresql.conf below the
# include line.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
dynamic_shared_memory_type = {shared_memory}
timezone = 'Asia/Bangkok'
log_timezone = 'Asia/Bangkok'
"""
_NOT_DURABLE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""
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
        self._data_dir = data_dir.absolute()
        self._durable = durable
        self._user = unprivileged_user()

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
                    self._make_database()
                except psycopg2.OperationalError as error:
                    # Starting up, shutting down, or killed between the two lines above.
                    if time.monotonic() > deadline:
                        raise Unavailable(_no_start(str(error).strip())) from error
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
            home = self._home()
            done = self._run(
                [
                    str(postgres_programs(_major(home)) / "pg_ctl"),
                    "-D",
                    ".",
                    "-m",
                    "fast",
                    "-w",
                    "stop",
                ],
                home,
            )
            if done.returncode and self._running() is not None:
                raise Unavailable(_no_start(done.stdout.strip()))
            return True

    def status(self) -> ClusterStatus:
        """Look at the cluster without changing anything.

        Returns
        -------
        ClusterStatus
            Whether it runs, and where it is.
        """
        running, home = self._running(), self._home()
        return ClusterStatus(
            running=running is not None,
            pid=running.pid if running else None,
            folder=home,
            major=_major(home),
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

    def _home(self) -> Path:
        # A link leads to where the cluster had to be put.
        return (self._data_dir / "postgres").resolve()

    def _running(self) -> _Running | None:
        home = self._home()
        try:
            lines = (home / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            running = _Running(pid=int(lines[0]), port=int(lines[3]), socket=lines[4])
        except PermissionError as error:
            raise Conflict(_of_another_user(home)) from error
        except (OSError, IndexError, ValueError):
            # None there, or caught while it is being written.
            return None
        return running if is_working_in(running.pid, home) else None

    def _locked(self) -> AbstractContextManager[None]:
        return only_one(self._data_dir / "postgres.lock", limit_s=LOCK_LIMIT_S)

    def _launch(self) -> None:
        home = self._made()
        owner = home.stat().st_uid
        if owner != (self._user.pw_uid if self._user else os.geteuid()):
            raise Conflict(_of_another_user(home))
        socket = self._socket_folder(home)
        self._write_settings(home, socket)
        command = [
            str(postgres_programs(_major(home)) / "pg_ctl"),
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
            if self._run(command, home).returncode == 0:
                return
            said = _read_from(log, before)
            if not any(word in said for word in _STILL_LEAVING) or time.monotonic() > deadline:
                raise Unavailable(_no_start(_last_words(said)))
            time.sleep(0.3)

    def _made(self) -> Path:
        # initdb works in a folder of another name that is renamed when complete: a half-finished
        # one is never taken for a cluster.
        link, home = self._data_dir / "postgres", self._home()
        if (home / "PG_VERSION").exists():
            return home
        programs = postgres_programs()
        if link.is_symlink():
            link.unlink()
        base = self._reachable_base()
        home, unfinished = base / "postgres", base / "postgres.unfinished"
        if home.exists():
            # Not ours to delete, whatever it is.
            shutil.rmtree(base / "postgres.broken", ignore_errors=True)
            home.rename(base / "postgres.broken")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own_folder(unfinished)
        command = [
            str(programs / "initdb"), "-D", ".", "--username", OWNER,
            "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--auth-local", "trust", "--auth-host", "reject", "--data-checksums",
            *([] if self._durable else ["--no-sync"]),
        ]  # fmt: skip
        done = self._run(command, unfinished)
        if done.returncode:
            raise Unavailable(_no_start(_last_words(done.stdout)))
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as handle:
            handle.write("\ninclude 'geo-service.conf'\n")
        unfinished.rename(home)
        if home != link:
            link.symlink_to(home)
        return home

    def _reachable_base(self) -> Path:
        # The user PostgreSQL runs as must reach it.
        if self._user is None:
            return self._data_dir
        probe = self._data_dir / "postgres.probe"
        self._own_folder(probe)
        try:
            reached = self._run(["/bin/sh", "-c", 'test -w "$0"', str(probe)], Path("/"))
        finally:
            probe.rmdir()
        if reached.returncode == 0:
            return self._data_dir
        base = ELSEWHERE / _digest(self._data_dir)
        base.mkdir(parents=True, exist_ok=True)
        return base

    def _socket_folder(self, home: Path) -> Path:
        beside = home.parent / "postgres-socket"
        length = len(os.fsencode(beside / f".s.PGSQL.{PORT}"))
        # The setting is a list in quotes: commas, quotes and spaces would be read as its own.
        if length <= LONGEST_SOCKET_BYTES and re.fullmatch(r"[\w./+-]+", str(beside), re.ASCII):
            self._own_folder(beside)
            return beside
        owner = self._user.pw_uid if self._user else os.geteuid()
        for attempt in range(100):
            folder = SHORT / f"geo-service-{owner}-{_digest(home)}-{attempt}"
            with suppress(FileExistsError):
                self._own_folder(folder)
            found = folder.lstat()
            if found.st_uid == owner and found.st_mode & 0o077 == 0:
                return folder
        raise Unavailable(_no_start("no short folder for the socket"))

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=folder.parent != SHORT)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _write_settings(self, home: Path, socket: Path) -> None:
        memory = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108
        # Containers give 64 MB: parallel queries fail there unless shared memory is in files.
        small = memory is None or memory.f_frsize * memory.f_blocks < SMALL_SHARED_MEMORY_BYTES
        settings = _SETTINGS.format(
            port=PORT, socket=socket, shared_memory="mmap" if small else "posix"
        )
        target = home / "geo-service.conf"
        target.write_text(settings + ("" if self._durable else _NOT_DURABLE), encoding="utf-8")
        if self._user is not None:
            os.chown(target, self._user.pw_uid, self._user.pw_gid)

    def _run(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return run_as(self._user, command, folder)

    def _make_database(self) -> None:
        running = self._running()
        if running is None:
            raise psycopg2.OperationalError("the server went away")
        connection = psycopg2.connect(
            host=running.socket, port=running.port, user=OWNER, dbname="postgres", connect_timeout=5
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        finally:
            connection.close()


def _major(home: Path) -> str | None:
    try:
        return (home / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


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


def _last_words(said: str) -> str:
    # The line that says why, out of all a program said.
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines or ["?"])[-1]


def _no_start(why: str) -> Text:
    return Text(
        th=f"PostgreSQL ไม่ทำงานตามที่สั่ง: {why} (ดู postgres/server.log ในโฟลเดอร์ข้อมูล)",
        en=f"PostgreSQL did not do as asked: {why} (see postgres/server.log of the data folder)",
    )


def _of_another_user(home: Path) -> Text:
    return Text(
        th=f"ฐานข้อมูลใน {home} เป็นของผู้ใช้อื่น ให้สั่งด้วยผู้ใช้เดิม หรือ sudo",
        en=f"The database in {home} belongs to another user; run as that user or with sudo",
    )
