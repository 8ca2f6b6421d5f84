"""What this machine has: PostgreSQL's programs, an unprivileged user, live processes, locks."""

from __future__ import annotations

import fcntl
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geo_service.core.errors import Conflict, NotInstalled
from geo_service.core.text import Text

#: Where Debian and Ubuntu keep the programs and the extensions of each major version.
PROGRAMS = Path("/usr/lib/postgresql")
EXTENSIONS = Path("/usr/share/postgresql")


def unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user that programs which refuse root are run as.

    Returns
    -------
    pwd.struct_passwd or None
        ``postgres``, else ``nobody``; ``None`` when we are not root and run them ourselves.

    Raises
    ------
    NotInstalled
        If we are root and the machine has neither user.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NotInstalled(
        Text(
            th="ไม่มีผู้ใช้ postgres หรือ nobody ในเครื่องนี้ ให้สั่งด้วยผู้ใช้ทั่วไป (ไม่ใช่ root)",
            en="There is no user postgres or nobody; run this as an ordinary user, not as root",
        )
    )


def postgres_programs(major: str | None = None) -> Path:
    """Find ``initdb`` and ``pg_ctl`` of a PostgreSQL that has PostGIS.

    Parameters
    ----------
    major : str, optional
        Version an existing cluster was made with, such as ``"15"``; the newest by default.

    Returns
    -------
    Path
        The folder of the programs.

    Raises
    ------
    NotInstalled
        If there is none; the detail says what to install.
    """
    found = sorted(
        (
            folder.name
            for folder in (PROGRAMS.iterdir() if PROGRAMS.is_dir() else ())
            if folder.name.isdecimal()
            and (folder / "bin" / "initdb").exists()
            and (EXTENSIONS / folder.name / "extension" / "postgis.control").exists()
        ),
        key=int,
    )
    if major in found or (major is None and found):
        return PROGRAMS / (major or found[-1]) / "bin"
    packages = f"postgresql-{major or 15} postgresql-{major or 15}-postgis-3"
    raise NotInstalled(
        Text(
            th="ไม่พบ PostgreSQL ที่มี PostGIS ในเครื่องนี้ ให้ติดตั้งด้วยคำสั่ง"
            f" sudo apt-get install -y {packages}",
            en=f"No PostgreSQL with PostGIS here; run: sudo apt-get install -y {packages}",
        )
    )


def run_as(
    user: pwd.struct_passwd | None, command: list[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in a folder, without our environment.

    Parameters
    ----------
    user : pwd.struct_passwd or None
        Whom to run it as; ``None``: ourselves.
    command : list of str
        Program and arguments.
    folder : Path
        Working folder; arguments may name it ``.`` whatever its path holds.

    Returns
    -------
    subprocess.CompletedProcess
        With everything it said in ``stdout``.
    """
    return subprocess.run(  # noqa: S603  (programs of the distribution, arguments of our own)
        command,
        cwd=folder,
        # PGHOST, PGPORT, PGDATA and the like of the caller must not reach PostgreSQL.
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        umask=0o077,
    )


def is_working_in(pid: int, folder: Path) -> bool:
    """Tell whether a process lives and works in a folder.

    A zombie (killed, and nobody has asked after it yet) does not live; a stranger that was
    given the number of a dead process works elsewhere.

    Parameters
    ----------
    pid : int
        Number of the process.
    folder : Path
        Its working folder.

    Returns
    -------
    bool
        False also when the process may not be looked at.
    """
    process = Path(f"/proc/{pid}")
    try:
        state = process.joinpath("stat").read_text(encoding="utf-8", errors="replace")
        return state.rpartition(")")[2].split()[0] not in "ZX" and (
            process.joinpath("cwd").readlink() == folder
        )
    except (OSError, IndexError):
        return False


@contextmanager
def only_one(lock: Path, *, limit_s: float) -> Iterator[None]:
    """Let one process at a time in; the lock of a killed process is free at once.

    Parameters
    ----------
    lock : Path
        File to lock; made, with its folder, when missing, and left there.
    limit_s : float
        Seconds to wait for the one before us.

    Yields
    ------
    None
        While nobody else is in.

    Raises
    ------
    Conflict
        If the one before us is not done in time.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as handle:
        deadline = time.monotonic() + limit_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise Conflict(
                        Text(
                            th="มีคำสั่งอื่นทำงานกับโฟลเดอร์ข้อมูลนี้อยู่ รอให้เสร็จแล้วลองใหม่",
                            en="Another command is at work in this data folder; try again later",
                        )
                    ) from error
                time.sleep(0.1)
        yield


def cores() -> int:
    """Count the processors this process may use.

    Returns
    -------
    int
        At least one.
    """
    return len(os.sched_getaffinity(0))
