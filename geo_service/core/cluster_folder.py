"""The folder of a private cluster: where it can be, made whole or not at all, its settings."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from geo_service.core.errors import Conflict, Unavailable
from geo_service.core.machine import postgres_programs, run_as, unprivileged_user
from geo_service.core.text import Text

#: Owns the tables, and is no superuser; see `core.keeper`.
OWNER = "geo_owner"
#: Who makes a cluster is its superuser.
KEEPER = "postgres"
PORT = 5432
#: sockaddr_un.sun_path holds 108 bytes with the closing zero; PostgreSQL refuses longer ones.
LONGEST_SOCKET_BYTES = 107
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


class ClusterFolder:
    """Where the files of one cluster are, and the user they belong to.

    Parameters
    ----------
    data_dir : Path
        Folder of the installation; the cluster is in ``postgres`` below it, or that is a link
        to where it had to be put.
    durable : bool
        Whether a power cut must lose nothing; tests do without.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.absolute()
        self._durable = durable
        self._user = unprivileged_user()

    @property
    def path(self) -> Path:
        """Where the cluster is; a link leads to where it had to be put."""
        return (self.data_dir / "postgres").resolve()

    @property
    def major(self) -> str | None:
        """Version of PostgreSQL that made the cluster; ``None`` where there is none."""
        try:
            return (self.path / "PG_VERSION").read_text(encoding="ascii").strip()
        except OSError:
            return None

    def check_owner(self) -> None:
        """Make sure that the cluster can be started by whoever asks.

        Raises
        ------
        Conflict
            If it belongs to another user.
        """
        home = self.path
        if home.stat().st_uid != (self._user.pw_uid if self._user else os.geteuid()):
            raise Conflict(of_another_user(home))

    def make(self) -> Path:
        """Make the cluster if there is none.

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        Unavailable
            If it cannot be made; the detail repeats what PostgreSQL said.
        """
        # initdb works in a folder of another name that is renamed when complete: a half-finished
        # one is never taken for a cluster.
        link, home = self.data_dir / "postgres", self.path
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
            str(programs / "initdb"), "-D", ".", "--username", KEEPER,
            "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--auth-local", "trust", "--auth-host", "reject", "--data-checksums",
            *([] if self._durable else ["--no-sync"]),
        ]  # fmt: skip
        done = self.run(command, unfinished)
        if done.returncode:
            raise Unavailable(no_start(last_words(done.stdout)))
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as handle:
            handle.write("\ninclude 'geo-service.conf'\n")
        unfinished.rename(home)
        if home != link:
            link.symlink_to(home)
        return home

    def _reachable_base(self) -> Path:
        # The user PostgreSQL runs as must reach it.
        if self._user is None:
            return self.data_dir
        probe = self.data_dir / "postgres.probe"
        self._own_folder(probe)
        try:
            reached = self.run(["/bin/sh", "-c", 'test -w "$0"', str(probe)], Path("/"))
        finally:
            probe.rmdir()
        if reached.returncode == 0:
            return self.data_dir
        base = ELSEWHERE / _digest(self.data_dir)
        base.mkdir(parents=True, exist_ok=True)
        return base

    def socket_folder(self) -> Path:
        """Give a folder for the socket that only the owner may enter, made if need be.

        Returns
        -------
        Path
            Beside the cluster, or a short one elsewhere where that is too long.

        Raises
        ------
        Unavailable
            If there is none.
        """
        home = self.path
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
        raise Unavailable(no_start("no short folder for the socket"))

    def write_settings(self, socket: Path) -> None:
        """Write the settings of the cluster anew.

        Parameters
        ----------
        socket : Path
            Folder of its socket.
        """
        memory = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108
        # Containers give 64 MB: parallel queries fail there unless shared memory is in files.
        small = memory is None or memory.f_frsize * memory.f_blocks < SMALL_SHARED_MEMORY_BYTES
        settings = _SETTINGS.format(
            port=PORT, socket=socket, shared_memory="mmap" if small else "posix"
        )
        target = self.path / "geo-service.conf"
        target.write_text(settings + ("" if self._durable else _NOT_DURABLE), encoding="utf-8")
        if self._user is not None:
            os.chown(target, self._user.pw_uid, self._user.pw_gid)

    def run(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a program as the owner of the cluster.

        Parameters
        ----------
        command : list of str
            What to run.
        folder : Path
            Where.

        Returns
        -------
        CompletedProcess
            With all that it said.
        """
        return run_as(self._user, command, folder)

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=folder.parent != SHORT)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def last_words(said: str) -> str:
    """Find the line that says why, out of all a program said.

    Parameters
    ----------
    said : str
        All of it.

    Returns
    -------
    str
        ``?`` when it said nothing.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines or ["?"])[-1]


def no_start(why: str) -> Text:
    """Say that PostgreSQL did not do as asked.

    Parameters
    ----------
    why : str
        What it said itself.

    Returns
    -------
    Text
        Where to read more.
    """
    return Text(
        th=f"PostgreSQL ไม่ทำงานตามที่สั่ง: {why} (ดู postgres/server.log ในโฟลเดอร์ข้อมูล)",
        en=f"PostgreSQL did not do as asked: {why} (see postgres/server.log of the data folder)",
    )


def of_another_user(home: Path) -> Text:
    """Say that a cluster is somebody else's.

    Parameters
    ----------
    home : Path
        Where it is.

    Returns
    -------
    Text
        What to do about it.
    """
    return Text(
        th=f"ฐานข้อมูลใน {home} เป็นของผู้ใช้อื่น ให้สั่งด้วยผู้ใช้เดิม หรือ sudo",
        en=f"The database in {home} belongs to another user; run as that user or with sudo",
    )
