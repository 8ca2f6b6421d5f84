"""From nothing to a running service: each step is skipped when it was done before."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from geo_service.cli.terminal import bars, err, say
from geo_service.core.addresses import address_of
from geo_service.core.cluster_folder import OWNER
from geo_service.core.errors import BadParameter, Conflict
from geo_service.core.roles import INGEST, ROLES
from geo_service.core.settings import Settings
from geo_service.core.text import Text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ingest.report import Report

#: How long a second ``up`` waits for the first, which may be loading everything.
UP_LIMIT_S = 3600.0
PORTS_TRIED = 50


def configured() -> Settings:
    """Read the settings from the environment.

    Returns
    -------
    Settings
        As configured.

    Raises
    ------
    BadParameter
        If one makes no sense; the detail names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        # What was written stays out of the message: it may be a password.
        wrong = "; ".join(
            f"GEO_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        raise BadParameter(
            Text(
                th=f"การตั้งค่าไม่ถูกต้อง {wrong} (ดู docs/settings.md)",
                en=f"A setting is wrong. {wrong} (see docs/settings.md)",
            )
        ) from error


def located(settings: Settings) -> Settings:
    """Return settings that name a database which answers; the private cluster is started.

    Parameters
    ----------
    settings : Settings
        As configured.

    Returns
    -------
    Settings
        With ``database_url``.
    """
    if settings.database_url is not None:
        return settings
    from geo_service.core.postgres import Cluster

    cluster = Cluster(settings.data_dir)
    if not cluster.status().running:
        err.print("· เปิดฐานข้อมูล · starting the database")
    cluster.start()
    found = {"database_url": SecretStr(cluster.url())} | {
        f"{role.removeprefix('geo_')}_url": SecretStr(cluster.url(role)) for role in ROLES
    }
    return settings.model_copy(update=found)


def address(settings: Settings) -> str:
    """Return the database URL of settings that were ``located``.

    Parameters
    ----------
    settings : Settings
        With ``database_url``.

    Returns
    -------
    str
        The URL with its password.

    Raises
    ------
    Conflict
        If they name no database.
    """
    if settings.database_url is None:
        raise Conflict("no database")
    return settings.database_url.get_secret_value()


def opened(settings: Settings, role: str = OWNER) -> Engine:
    """Return an engine for long work: no limit on the time of a statement.

    Parameters
    ----------
    settings : Settings
        As configured; the private cluster is started when they name no database.
    role : str
        What it may do; whoever loads or refreshes is ``geo_ingest``.

    Returns
    -------
    Engine
        Of the database of the installation.
    """
    from geo_service.core.db import make_engine

    return make_engine(address_of(located(settings), role), pool_timeout_s=30.0)


def prepare(settings: Settings, data: Path | None) -> Settings:
    """Start the database, migrate it, load the sample (or a folder of data), derive the rest.

    Parameters
    ----------
    settings : Settings
        As configured.
    data : Path, optional
        Folder of real data to load instead of the sample.

    Returns
    -------
    Settings
        With ``database_url``.
    """
    from geo_service.core.db import make_engine
    from geo_service.core.machine import only_one
    from ingest import batch

    started = time.monotonic()
    with only_one(settings.data_dir / "up.lock", limit_s=UP_LIMIT_S):
        ready = located(settings)
        migrate(ready)
        engine = make_engine(address_of(ready, INGEST), pool_timeout_s=30.0)
        try:
            if data is not None and batch.make_room(engine):
                say(Text(th="นำข้อมูลตัวอย่างออกก่อน", en="taking the sample out first"))
                engine.dispose()
                _make_anew(ready)
            _fill(engine, ready, data)
        finally:
            engine.dispose()
    seconds = time.monotonic() - started
    say(Text(th=f"✓ ข้อมูลพร้อมใน {seconds:.1f} วินาที", en=f"data ready in {seconds:.1f} s"))
    return ready


def _fill(engine: Engine, settings: Settings, data: Path | None) -> None:
    from geo_service.core.db import transaction
    from ingest import batch, catalogue, refresh, sample
    from ingest.size import limits_of

    with bars() as progress:
        with transaction(engine) as session:
            catalogue.sync(session)
        if data is not None:
            limits = limits_of(settings)
            for report in batch.load(engine, data, progress=progress, limits=limits):
                _keep(report, settings)
        elif batch.wants_sample(engine):
            sample.load(engine, progress, derived=False)
        with transaction(engine) as session:
            refresh.refresh(session, resolutions=settings.resolutions, progress=progress)


def migrate(settings: Settings) -> None:
    """Bring the tables to this version, and back what a killed ``up --data`` left aside.

    Parameters
    ----------
    settings : Settings
        With ``database_url``.
    """
    from geo_service.core import migrations
    from geo_service.core.accounts import aside
    from geo_service.core.db import make_engine

    migrations.upgrade(address(settings))
    owner = make_engine(address(settings), pool_size=1)
    try:
        aside.put_back(owner)
    finally:
        owner.dispose()


def _make_anew(settings: Settings) -> None:
    # All tables go and come back empty; people, their keys and the record of what was done stay.
    from geo_service.core import migrations
    from geo_service.core.accounts import aside
    from geo_service.core.db import make_engine

    owner = make_engine(address(settings), pool_size=1)
    try:
        aside.put_aside(owner)
    finally:
        owner.dispose()
    migrations.downgrade(address(settings))
    migrate(settings)


def _keep(report: Report, settings: Settings) -> None:
    # One line a file here; every row that was refused is in the report.
    folder = settings.data_dir / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{report.dataset_id}.{report.file_name}.json"
    kept.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2), encoding="utf-8")
    mark = "✗" if report.outcome == "refused" else "·"
    more = f" → {kept}" if report.exit_code else ""
    err.print(f"{mark} {report.as_text('th').splitlines()[0]}{more}")


def check_tables(settings: Settings) -> None:
    """Refuse a database whose tables are of another version; one that is away may come back.

    Parameters
    ----------
    settings : Settings
        With ``database_url``.

    Raises
    ------
    Conflict
        If its tables are older or newer than this version expects; the detail says what to do.
    """
    from sqlalchemy.exc import OperationalError

    from geo_service.core import migrations
    from geo_service.core.db import make_engine

    engine = make_engine(address(settings), pool_size=1)
    try:
        if migrations.current(engine) is None:
            return
        with engine.connect() as connection:
            fault = migrations.fault_of(connection)
    except OperationalError:
        return
    finally:
        engine.dispose()
    if fault is not None:
        raise Conflict(fault)


def free_port(settings: Settings) -> Settings:
    """Move to the next free port when the one asked for is taken.

    Parameters
    ----------
    settings : Settings
        With the port asked for.

    Returns
    -------
    Settings
        With a port that was free just now.

    Raises
    ------
    Conflict
        If the next fifty are taken too.
    """
    for port in range(settings.port, min(settings.port + PORTS_TRIED, 65_536)):
        try:
            _listening(settings.host, port).close()
        except OSError:
            continue
        if port != settings.port:
            say(
                Text(
                    th=f"พอร์ต {settings.port} มีผู้ใช้แล้ว จึงใช้พอร์ต {port}",
                    en=f"port {settings.port} is taken, using {port}",
                )
            )
        return settings.model_copy(update={"port": port})
    raise Conflict(_taken(settings))


def serve(settings: Settings) -> None:
    """Serve until stopped.

    Parameters
    ----------
    settings : Settings
        With ``database_url``.

    Raises
    ------
    Conflict
        If the port is taken, or the tables are of another version.
    BadParameter
        If embed tokens are switched on without a secret that holds.
    """
    from geo_service.cli import serving
    from geo_service.core import log
    from geo_service.core.embeds.tokens import signer_of

    log.configure(settings.log_level)
    # Told here, once and in words; each worker would only die of it.
    signer_of(settings)
    check_tables(settings)
    try:
        listening = _listening(settings.host, settings.port)
    except OSError as error:
        raise Conflict(_taken(settings)) from error
    # The port listens from here on: who follows the addresses below is answered.
    listening.listen(serving.BACKLOG)
    _welcome(settings)
    serving.run(settings, listening)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.set_inheritable(True)
    except OSError:
        listening.close()
        raise
    return listening


def _taken(settings: Settings) -> Text:
    return Text(
        th=f"พอร์ต {settings.port} ของ {settings.host} มีผู้ใช้แล้ว ให้ระบุพอร์ตอื่นด้วย --port",
        en=f"Port {settings.port} of {settings.host} is taken; choose another with --port",
    )


def _welcome(settings: Settings) -> None:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  (shown, not bound)
    root = f"http://{host}:{settings.port}"
    say("")
    say(Text(th="เปิดในเบราว์เซอร์", en="open in a browser"))
    for path, words in (
        ("/", Text(th="หน้าแรก", en="start page")),
        ("/maps", Text(th="แผนที่เฉพาะเรื่อง", en="thematic maps")),
        ("/dashboards/executive", Text(th="ภาพรวมผู้บริหาร", en="overview for executives")),
        ("/questions", Text(th="คำถามที่พบบ่อยของผู้วางแผน", en="what planners ask")),
        ("/cube?f=html", Text(th="ตารางหมุน", en="pivot table")),
        ("/embed/demo", Text(th="ตัวอย่างการฝังแผนที่", en="maps in another page")),
        ("/api.html", Text(th="คู่มือ API", en="API reference")),
    ):
        say(f"  {root + path:<60} {words.th} · {words.en}")
    say(Text(th="หยุดด้วย Ctrl-C", en="stop with Ctrl-C"))
    say("")
