"""Keep a database in one file, and bring it back: whole, or not at all.

A backup is a tar archive of ``manifest.json`` (versions and the checksum of every layer),
``database.dump`` (pg_dump's custom format) and the dashboards of one's own. The dump and the
checksums are of one snapshot, hence of the state after a whole load, also while the next one
runs. What was restored is measured again before it is called restored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from geo_service import __version__
from geo_service.core import checksums, migrations, roles
from geo_service.core.checksums import PASSING, Difference, Layer
from geo_service.core.db import SCHEMA, engine_url, make_engine
from geo_service.core.errors import BadBackup, Conflict, Unavailable
from geo_service.core.pg_programs import run
from geo_service.core.text import Text

FORMAT: Final = 1
_MANIFEST, _DUMP, _DASHBOARDS = "manifest.json", "database.dump", "dashboards"
_CHUNK_BYTES: Final = 1 << 20


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    service: str
    migration: str
    postgres: str
    made: datetime
    dump_sha256: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and the name the database before it has now (empty: there was none)."""

    manifest: Manifest
    set_aside: str


def backup(url: str, target: Path, *, data_dir: Path) -> Manifest:
    """Write a database to a file; loads and answers go on meanwhile.

    Parameters
    ----------
    url : str
        Address of the database, of a login that owns it.
    target : Path
        File to write; readable by its owner alone, there only when complete.
    data_dir : Path
        Folder of the installation, whose dashboards are kept too.

    Returns
    -------
    Manifest
        What was kept.

    Raises
    ------
    Conflict
        If the file is there already.
    Unavailable
        If the database has no tables, or pg_dump fails.
    """
    if target.exists():
        raise Conflict(Text(th=f"มีไฟล์ {target} อยู่แล้ว", en=f"{target} is there already"))
    migration = _migration_of(url)
    if migration is None:
        raise Unavailable(Text(th="ฐานข้อมูลนี้ยังว่าง", en="This database has no tables"))
    unfinished = target.with_name(target.name + ".unfinished")
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        dump = Path(folder) / _DUMP
        with _snapshot(url) as (snapshot, major, layers):
            # What PostGIS brings itself is its superuser's, and comes back with the extension.
            excluded = ["--exclude-table-data=*.spatial_ref_sys"]
            excluded += [f"--exclude-table-data={SCHEMA}.{table}" for table in PASSING]
            run(
                "pg_dump", major, url,
                "--format=custom", "--no-owner", "--no-privileges", "--no-comments",
                f"--snapshot={snapshot}", f"--file={dump}", *excluded,
            )  # fmt: skip
            manifest = Manifest(
                format=FORMAT,
                service=__version__,
                migration=migration,
                postgres=major,
                made=datetime.now(UTC),
                dump_sha256=_sha256(dump),
                layers=layers(),
            )
        (Path(folder) / _MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        _pack(unfinished, Path(folder), data_dir / _DASHBOARDS)
    unfinished.rename(target)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Read what a backup says of itself.

    Parameters
    ----------
    source : Path
        The file.

    Returns
    -------
    Manifest
        Its versions and checksums.

    Raises
    ------
    BadBackup
        If it is no backup, or one of a later format.
    """
    try:
        with tarfile.open(source) as archive:
            member = archive.extractfile(_MANIFEST)
            said: Mapping[str, Any] = json.loads(member.read()) if member else {}
        if said.get("format") != FORMAT:
            raise BadBackup(_NEWER)
        return Manifest.model_validate(said)
    except (tarfile.TarError, KeyError, OSError, ValidationError, ValueError) as error:
        raise BadBackup(_NOT_ONE) from error


def restore(
    url: str,
    source: Path,
    *,
    data_dir: Path,
    replace: bool = False,
) -> Restored:
    """Bring a database back from a file, measured against its checksums.

    Into an empty database directly. One that holds tables is never written over: the backup
    goes into a new database, which then takes its name; the old one is set aside.

    Parameters
    ----------
    url : str
        Address of the database; to replace one, of a login that may make databases.
    source : Path
        What `backup` wrote.
    data_dir : Path
        Folder of the installation; dashboards that are there already stay as they are.
    replace : bool
        Whether to take the place of a database that holds tables.

    Returns
    -------
    Restored
        What came back.

    Raises
    ------
    BadBackup
        If the file is damaged, of a later version, or does not give what it says.
    Conflict
        If the database holds tables and is not to be replaced.
    """
    manifest = read_manifest(source)
    if not migrations.knows(manifest.migration):
        raise BadBackup(_NEWER)
    is_empty = _migration_of(url) is None
    if not is_empty and not replace:
        raise Conflict(_NOT_EMPTY)
    with TemporaryDirectory(dir=source.parent, prefix=".restore-") as folder:
        _unpack(source, Path(folder))
        if _sha256(Path(folder) / _DUMP) != manifest.dump_sha256:
            raise BadBackup(_DAMAGED)
        if is_empty:
            _fill(url, Path(folder) / _DUMP, manifest)
            set_aside = ""
        else:
            set_aside = _take_the_place(url, Path(folder) / _DUMP, manifest)
        _return_dashboards(Path(folder) / _DASHBOARDS, data_dir / _DASHBOARDS)
    return Restored(manifest, set_aside)


def measure(url: str) -> tuple[Layer, ...]:
    """Measure every layer of a database, in one state.

    Parameters
    ----------
    url : str
        Address of the database, of a login that owns it.

    Returns
    -------
    tuple of Layer
        In order of their names.
    """
    with _snapshot(url) as (_, _, layers):
        return layers()


def verify(url: str, source: Path) -> tuple[Difference, ...]:
    """Compare a database with a backup.

    Parameters
    ----------
    url : str
        Address of the database.
    source : Path
        What `backup` wrote.

    Returns
    -------
    tuple of Difference
        Layers that are not as they were.

    Raises
    ------
    BadBackup
        If the file is damaged.
    """
    manifest = read_manifest(source)
    with tarfile.open(source) as archive:
        member = archive.extractfile(_DUMP)
        digest = hashlib.sha256()
        while member is not None and (chunk := member.read(_CHUNK_BYTES)):
            digest.update(chunk)
    if digest.hexdigest() != manifest.dump_sha256:
        raise BadBackup(_DAMAGED)
    return checksums.compare(manifest.layers, measure(url))


def _migration_of(url: str) -> str | None:
    engine = make_engine(url, pool_size=1)
    try:
        return migrations.current(engine)
    finally:
        engine.dispose()


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[str, str, Callable[[], tuple[Layer, ...]]]]:
    # One state of the data: its name for pg_dump, the server's major version, its checksums.
    engine = make_engine(url, pool_size=1, isolation="REPEATABLE READ")
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout TO 0"))
            name = str(connection.scalar(text("SELECT pg_export_snapshot()")))
            number = int(str(connection.scalar(text("SHOW server_version_num"))))
            yield name, str(number // 10_000), lambda: checksums.read(connection)
    finally:
        engine.dispose()


def _fill(url: str, dump: Path, manifest: Manifest) -> None:
    engine = make_engine(url, pool_size=1)
    with engine.begin() as connection:
        roles.make_roles(connection)
    engine.dispose()
    run(
        "pg_restore", _major_of(url), url,
        "--no-owner", "--no-privileges", "--no-comments", "--exit-on-error",
        "--single-transaction", str(dump), flag="--dbname",
    )  # fmt: skip
    different = checksums.compare(manifest.layers, measure(url))
    if different:
        names = ", ".join(one.name for one in different[:5])
        raise BadBackup(
            Text(
                th=f"ข้อมูลที่กู้คืนไม่ตรงกับที่สำรองไว้: {names}",
                en=f"What came back differs from what was kept: {names}",
            )
        )
    migrations.upgrade(url)


def _take_the_place(url: str, dump: Path, manifest: Manifest) -> str:
    at = make_url(engine_url(url))
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    fresh, aside = f"{at.database}_restored_{stamp}", f"{at.database}_before_{stamp}"
    with _administration(at) as administration:
        quote = administration.dialect.identifier_preparer.quote
        with administration.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {quote(fresh)}"))
        try:
            _fill(_said(at.set(database=fresh)), dump, manifest)
        except BaseException:
            with administration.connect() as connection:
                connection.execute(text(f"DROP DATABASE {quote(fresh)} WITH (FORCE)"))
            raise
        with administration.connect() as connection:
            for old, new in ((at.database or "", aside), (fresh, at.database or "")):
                connection.execute(text(_END_SESSIONS), {"name": old})
                connection.execute(text(f"ALTER DATABASE {quote(old)} RENAME TO {quote(new)}"))
    return aside


@contextmanager
def _administration(at: URL) -> Iterator[Engine]:
    engine = create_engine(at.set(database="postgres"), isolation_level="AUTOCOMMIT", pool_size=1)
    try:
        yield engine
    except DBAPIError as error:
        raise Unavailable(_NO_RIGHT) from error
    finally:
        engine.dispose()


def _major_of(url: str) -> str:
    with _snapshot(url) as (_, major, _):
        return major


def _pack(target: Path, folder: Path, dashboards: Path) -> None:
    with (
        os.fdopen(os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file,
        tarfile.open(fileobj=file, mode="w") as archive,
    ):
        archive.add(folder / _MANIFEST, _MANIFEST)
        archive.add(folder / _DUMP, _DUMP)
        for one in sorted(dashboards.glob("*.toml")) if dashboards.is_dir() else ():
            archive.add(one, f"{_DASHBOARDS}/{one.name}")
        archive.close()
        file.flush()
        os.fsync(file.fileno())


def _unpack(source: Path, folder: Path) -> None:
    (folder / _DASHBOARDS).mkdir()
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                # By our own names only: what an archive calls its members may lead anywhere.
                name = Path(member.name)
                is_ours = str(name) == _DUMP or str(name.parent) == _DASHBOARDS
                content = archive.extractfile(member) if is_ours and member.isfile() else None
                if content is not None:
                    where = folder if str(name) == _DUMP else folder / _DASHBOARDS
                    with (where / name.name).open("wb") as target:
                        shutil.copyfileobj(content, target, _CHUNK_BYTES)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadBackup(_DAMAGED) from error
    if not (folder / _DUMP).exists():
        raise BadBackup(_DAMAGED)


def _return_dashboards(source: Path, target: Path) -> None:
    for one in sorted(source.glob("*.toml")) if source.is_dir() else ():
        target.mkdir(parents=True, exist_ok=True)
        if not (target / one.name).exists():
            shutil.copyfile(one, target / one.name)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _said(at: URL) -> str:
    return at.render_as_string(hide_password=False)


#: Those of the server's own workers, who leave by themselves, are nobody's.
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = :name AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
)
_NOT_ONE = Text(
    th="ไฟล์นี้ไม่ใช่ไฟล์สำรองของบริการนี้ หรือเสียหาย",
    en="This is no backup of this service, or it is damaged",
)
_DAMAGED = Text(
    th="ไฟล์สำรองเสียหาย ไม่มีอะไรถูกเปลี่ยนแปลง", en="The backup is damaged; nothing was changed"
)
_NEWER = Text(
    th="ไฟล์สำรองนี้ทำด้วยรุ่นที่ใหม่กว่า ให้ปรับรุ่นบริการก่อน",
    en="This backup was made by a later version; upgrade the service first",
)
_NOT_EMPTY = Text(
    th="ฐานข้อมูลนี้มีข้อมูลอยู่แล้ว ใช้ --replace เพื่อสลับ ฐานเดิมจะถูกเก็บไว้ในชื่ออื่น",
    en="The database holds data; --replace puts the backup in its place and sets it aside",
)
_NO_RIGHT = Text(
    th="ผู้ใช้ฐานข้อมูลนี้สร้างฐานข้อมูลไม่ได้ ให้ผู้ดูแลสร้างฐานข้อมูลว่าง แล้วกู้คืนลงฐานนั้น",
    en="This database role may not make databases; have an empty one made and restore into it",
)
