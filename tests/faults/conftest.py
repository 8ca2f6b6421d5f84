"""Faults are made here: a database server of these tests' own, that may be stopped and killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import psycopg2
import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import make_url

from geo_service.core.cluster_folder import KEEPER
from geo_service.core.connections import bounded
from geo_service.core.db import engine_url, make_engine, transaction
from geo_service.core.postgres import Cluster
from geo_service.core.settings import ROOT, Settings
from geo_service.main import create_app
from tests.builders import build_small_country
from tests.databases import migrate
from tests.faults.asking import ask
from tests.waiting import wait_until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is here makes faults."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.fault)


class Postgres:
    """A database server that may be hurt."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder / "data", durable=False)
        self.cluster.start()
        self._create("template_country")
        migrate(self.url("template_country"))
        engine = make_engine(self.url("template_country"))
        with transaction(engine) as session:
            build_small_country(session)
        engine.dispose()
        self._made = 0

    def url(self, database: str) -> str:
        return (
            make_url(self.cluster.url()).set(database=database)
            .render_as_string(hide_password=False)
        )  # fmt: skip

    def of_superuser(self, url: str) -> str:
        """Address of a database for who may do anything in the server."""
        return make_url(url).set(username=KEEPER).render_as_string(hide_password=False)

    def country(self) -> str:
        """Make a copy of the tiny country and give its URL."""
        self._made += 1
        return self._create(f"country_{self._made}", "TEMPLATE template_country")

    def _create(self, name: str, how: str = "") -> str:
        # On a connection of its own each time: the server goes away between two of them.
        with looking(self.url("postgres")) as look:
            look(f"CREATE DATABASE {name} {how}")
        return self.url(name)

    def pids(self) -> list[int]:
        """The server and its children."""
        status = self.cluster.status()
        assert status.pid is not None
        children = Path(f"/proc/{status.pid}/task/{status.pid}/children")
        return [status.pid, *map(int, children.read_text(encoding="ascii").split())]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the clock of the server and of all its children."""
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="geo-fault-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        made = Postgres(Path(folder))
        try:
            yield made
        finally:
            made.cluster.stop()


@pytest.fixture
def country(postgres: Postgres) -> str:
    """URL of a tiny country of this test's own."""
    return postgres.country()


@contextmanager
def looking(url: str) -> Iterator[Callable[..., Any]]:
    """Ask the database beside the service; gives the first value of the first row."""
    connection = psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True

    def look(statement: str, *values: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    try:
        yield look
    finally:
        connection.close()


@contextmanager
def locked(url: str, table: str = "geo.area") -> Iterator[None]:
    """Hold a table so that whoever reads it waits."""
    connection = psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))
    try:
        connection.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Settings as they are in service, but for what a test changes."""

    def make(url: str, **changed: Any) -> Settings:
        made = {"data_dir": tmp_path, "log_level": "ERROR", "heavy_at_once": 4, **changed}
        return Settings(_env_file=None, database_url=SecretStr(url), **made)

    return make


class Running:
    """A service in a thread of this process, as the command serves it."""

    def __init__(self, settings: Settings, prepare: Callable[[Any], None]) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.app = create_app(settings)
        prepare(self.app)
        kind = bounded(
            most_open=settings.connections,
            header_s=settings.header_timeout_s,
            refuse=self.app.state.door.refusal,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(self.app, http=kind, ws="none", log_level="critical", backlog=2048)
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, daemon=True
        )
        self._thread.start()
        wait_until(lambda: self._server.started)

    def trusts(self) -> bool:
        return self.app.state.watcher.known() is not None

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)


@pytest.fixture
def run(settings_of: Callable[..., Settings]) -> Iterator[Callable[..., Running]]:
    """Start a service: ``run(url, pool_size=4, prepare=add_routes)``."""
    started: list[Running] = []

    def start(
        url: str, *, prepare: Callable[[Any], None] = lambda app: None, **changed: Any
    ) -> Running:
        started.append(Running(settings_of(url, **changed), prepare))
        return started[-1]

    yield start
    for one in started:
        one.stop()


class Process:
    """A service as a process of its own, started by its command."""

    def __init__(
        self, url: str, folder: Path, *, environment: dict[str, str], before: tuple[str, ...] = ()
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.log = folder / "service.log"
        plain = make_url(engine_url(url)).set(drivername="postgresql")
        known = {
            "GEO_DATABASE_URL": plain.render_as_string(hide_password=False),
            "GEO_DATA_DIR": str(folder), "GEO_PORT": str(port), "GEO_HEAVY_AT_ONCE": "4",
        }  # fmt: skip
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603
                [*before, sys.executable, "-c", "from geo_service.cli import app; app()", "serve"],
                env={**os.environ, **known, **environment},  # noqa: TID251  (handed on)
                stdout=out, stderr=out, cwd=ROOT,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def is_up(self, path: str = "/livez") -> bool:
        assert self.process.poll() is None, self.said()[-2000:]
        return ask(self.base, path, patience_s=2).status == 200

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a process: ``started(url, GEO_WORKERS="2")``; it answers when this returns."""
    running: list[Process] = []

    def start(
        url: str, *, before: tuple[str, ...] = (), is_waited_for: bool = True, **environment: str
    ) -> Process:
        folder = tmp_path / f"process-{len(running)}"
        folder.mkdir()
        running.append(Process(url, folder, environment=environment, before=before))
        if is_waited_for:
            # Three processes that import large libraries on a machine that does other work, too.
            settled(180, running[-1].is_up)
        return running[-1]

    yield start
    for one in running:
        one.stop()


def settled(seconds: float, is_so: Callable[[], object]) -> float:
    """Wait until something is so; give the seconds it took, at most those allowed."""
    began = time.monotonic()
    while not is_so():
        took = time.monotonic() - began
        assert took < seconds, f"not so within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a small disk in memory: ``small_disk(16)`` has sixteen megabytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted: list[Path] = []

    def mount(size_mb: int) -> Path:
        folder = Path(mkdtemp(prefix="geo-small-", dir="/tmp"))
        done = subprocess.run(  # noqa: S603
            ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)],  # noqa: S607
            check=False, capture_output=True,
        )  # fmt: skip
        if done.returncode:
            folder.rmdir()
            pytest.skip("nothing can be mounted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S603, S607
        folder.rmdir()
