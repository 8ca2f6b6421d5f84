"""PostgreSQL's own programs, in the version of the server or a newer one."""

from __future__ import annotations

import shutil
import subprocess

from sqlalchemy import make_url

from geo_service.core.db import engine_url
from geo_service.core.errors import NotInstalled, Unavailable
from geo_service.core.machine import PROGRAMS
from geo_service.core.text import Text


def run(program: str, major: str, url: str, *options: str, flag: str = "--dbname") -> None:
    """Run a program of PostgreSQL on a database.

    Parameters
    ----------
    program : str
        Such as ``pg_dump``.
    major : str
        Version of the server.
    url : str
        Of the database.
    *options : str
        For the program.
    flag : str
        Option that takes the address of the database.

    Raises
    ------
    Unavailable
        If it does not succeed; its first words say why.
    """
    at = make_url(engine_url(url)).set(drivername="postgresql")
    # A password among the arguments could be read by everybody on the machine.
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    if at.password is not None:
        environment["PGPASSWORD"] = str(at.password)
    done = subprocess.run(  # noqa: S603  (a program of the distribution, arguments of our own)
        [
            _program(program, major),
            f"{flag}={at.set(password=None).render_as_string(hide_password=False)}",
            *options,
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[0]
        raise Unavailable(Text(th=f"{program} ไม่สำเร็จ: {last}", en=f"{program} failed: {last}"))


def _program(name: str, major: str) -> str:
    # An older one cannot read what a newer server says.
    folders = PROGRAMS.iterdir() if PROGRAMS.is_dir() else ()
    majors = sorted(
        int(one.name)
        for one in folders
        if one.name.isdecimal() and int(one.name) >= int(major) and (one / "bin" / name).exists()
    )
    if majors:
        return str(PROGRAMS / str(majors[0]) / "bin" / name)
    if (found := shutil.which(name)) is not None:
        return found
    raise NotInstalled(
        Text(
            th=f"ไม่พบ {name} รุ่น {major} ในเครื่องนี้ ให้ติดตั้ง postgresql-client-{major}",
            en=f"No {name} of version {major} here; run:"
            f" sudo apt-get install -y postgresql-client-{major}",
        )
    )
