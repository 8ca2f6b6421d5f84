"""What every test may ask for: a real PostGIS, a tiny country, the service, a browser.

Nothing here needs the network. The database comes from ``GEO_TEST_DATABASE_URL`` (any server
where we may create databases; the name must contain ``test``) or from a private cluster made
for the run.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session
from xdist.scheduler import LoadFileScheduling

from geo_service.core import roles
from geo_service.core.db import engine_url, transaction
from geo_service.core.settings import ROOT, Settings
from tests.builders import SmallCountry, build_small_country
from tests.databases import Databases, TestSettings, engine_of, migrate

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from playwright.sync_api import Browser, Page, Route

SHARED_DATA = ROOT.parent / "shared" / "data"
CHROMIUM = Path("/usr/bin/chromium")
START_LIMIT_S = 30


#: Folders whose tests share what takes long to make: each in one process.
TOGETHER = ("tests/attack", "tests/db/real_data", "tests/db/scenarios")
#: Begun first: few tests that take long would otherwise keep one process busy at the end.
LONGEST = (
    "tests/db/real_data", "tests/attack", "tests/db/test_sample", "tests/clients",
    "tests/visibility", "tests/pages", "tests/faults",
)  # fmt: skip


class ByFile(LoadFileScheduling):
    """Keeps the tests of a file in one process, and those of some folders."""

    def _split_scope(self, nodeid: str) -> str:
        place = super()._split_scope(nodeid)
        folder, _, _ = place.rpartition("/")
        return folder if folder in TOGETHER else place


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Share tests among processes, in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first."""
    items.sort(key=lambda item: [not item.nodeid.startswith(place) for place in LONGEST])


@pytest.fixture(scope="session")
def server_url(worker_id: str) -> Iterator[str]:
    """Address of a PostgreSQL server where databases may be made and dropped."""
    given = TestSettings().database_url
    if given is not None:
        yield given.get_secret_value()
        return
    from geo_service.core.postgres import Cluster  # noqa: PLC0415  (only when needed)

    with TemporaryDirectory(prefix="geo-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "data", durable=False)
        cluster.start()
        try:
            yield (
                make_url(cluster.url())
                .set(database="geo_test")
                .render_as_string(hide_password=False)
            )
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def worker_id() -> str:
    """Name of this worker among several (pytest-xdist sets it)."""
    return os.environ.get("PYTEST_XDIST_WORKER", "one")  # noqa: TID251  (not a setting of ours)


@pytest.fixture(scope="session")
def databases(server_url: str, worker_id: str) -> Iterator[Databases]:
    """Databases of this run; ``empty`` is migrated and holds no rows."""
    name = make_url(engine_url(server_url)).database or ""
    if "test" not in name:
        pytest.exit(f"GEO_TEST_DATABASE_URL names the database '{name}': it must contain 'test'")
    # The process id keeps two runs at once, on one server, out of each other's way.
    made = Databases(server_url, f"{name}_{worker_id}_{os.getpid()}")
    try:
        migrate(made.create("empty"))
        yield made
    finally:
        made.drop_all()


@pytest.fixture(scope="session")
def engine(databases: Databases) -> Iterator[Engine]:
    """Engine of a migrated, empty database; tests leave nothing in it (see ``session``)."""
    with engine_of(databases.create("main", template="empty")) as made:
        yield made


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Give a session in a transaction that is undone after the test, commits included."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        outer.rollback()


@pytest.fixture
def small_country(session: Session) -> SmallCountry:
    """The tiny country of ``tests/builders.py`` in the session of this test."""
    return build_small_country(session)


@pytest.fixture
def fresh_engine(databases: Databases, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Engine of a migrated database of this test's own, for code that commits."""
    with engine_of(databases.create("fresh", template="empty")) as made:
        yield made


@pytest.fixture(scope="session")
def country_template(databases: Databases) -> str:
    """Name of a database that holds the tiny country; nobody stays connected to it."""
    url = databases.create("country", template="empty")
    with engine_of(url) as made, transaction(made) as opened:
        build_small_country(opened)
    return "country"


@pytest.fixture(scope="session")
def country_url(databases: Databases, country_template: str) -> str:
    """URL of a database that holds the tiny country, committed; read it, do not change it."""
    return databases.create("served", template=country_template)


@pytest.fixture
def country_engine(databases: Databases, country_template: str) -> Iterator[Engine]:
    """Engine of a copy of the tiny country of this test's own, for code that commits."""
    with engine_of(databases.create("copy", template=country_template)) as made:
        yield made


@pytest.fixture(scope="session")
def settings_for(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Callable[..., Settings]:
    """Make settings for a database URL, untouched by the environment of the machine.

    What is served with them is served by the roles that serve, each with a login of its own.
    """

    def make(url: str, **changed: Any) -> Settings:
        folder = tmp_path_factory.mktemp("data")
        # Fast answers matter less here than not failing on a busy machine.
        defaults = {
            "pool_timeout_s": 60.0,
            "lock_timeout_s": 60.0,
            "queue_timeout_s": 60.0,
            "request_timeout_s": 120.0,
            "data_dir": folder,
            "log_level": "WARNING",
            "metrics_for": "everyone",
        }
        defaults |= {
            f"{role.removeprefix('geo_')}_url": SecretStr(databases.url_of(url, role))
            for role in roles.ROLES
        }
        return Settings(_env_file=None, database_url=SecretStr(url), **{**defaults, **changed})

    return make


@pytest.fixture(scope="session")
def app_settings(country_url: str, settings_for: Callable[..., Settings]) -> Settings:
    """Settings of a service over the tiny country."""
    return settings_for(country_url)


@pytest.fixture(scope="session")
def client(app_settings: Settings) -> Iterator[TestClient]:
    """HTTP client of a service over the tiny country (read only: shared by all tests)."""
    from fastapi.testclient import TestClient  # noqa: PLC0415  (only when needed)

    from geo_service.main import create_app  # noqa: PLC0415

    with TestClient(create_app(app_settings)) as opened:
        yield opened


@pytest.fixture
def client_of(settings_for: Callable[..., Settings]) -> Iterator[Callable[..., TestClient]]:
    """Make an HTTP client over any engine: ``client_of(country_engine, max_features=5)``."""
    from contextlib import ExitStack  # noqa: PLC0415

    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    with ExitStack() as stack:

        def make(engine: Engine, **changed: Any) -> TestClient:
            url = engine.url.render_as_string(hide_password=False)
            app = create_app(settings_for(url, **changed))
            return stack.enter_context(TestClient(app))

        yield make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real open data beside the project; the test is skipped without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not here: the real open data is kept beside the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Start the service on a free port: ``serve(settings)`` gives its address.

    ``serve(settings, around=wrap)`` puts an ASGI application of the test's around it.
    """
    import uvicorn  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    started: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(settings: Settings, *, around: Callable[[Any], Any] = lambda app: app) -> str:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = around(create_app(settings))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_LIMIT_S
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                pytest.fail("the service did not start")
            time.sleep(0.02)
        started.append((server, thread))
        return address

    yield start
    for server, thread in started:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def live_server(serve: Callable[..., str], app_settings: Settings) -> str:
    """Address of a running service over the tiny country, ``http://127.0.0.1:PORT``."""
    return serve(app_settings)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the distribution; the test is skipped on a machine without it."""
    if not CHROMIUM.exists():
        pytest.skip(
            "no /usr/bin/chromium: apt-get install chromium fonts-thai-tlwg fonts-noto-core"
        )
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--use-angle=swiftshader",
                "--enable-unsafe-swiftshader",
                "--ignore-gpu-blocklist",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test without a browser run a loop of its own, whatever tests came before.

    Playwright's loop stays marked as the running one of this thread while Chromium is open.
    """
    left = asyncio._get_running_loop()
    if left is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test when it asks another host or writes an error to the console.

    ``page.problems`` holds what went wrong so far; a test that provokes an error clears it.
    """
    context = browser.new_context(locale="th-TH", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    problems: list[str] = []
    page.problems = problems  # type: ignore[attr-defined]

    def watch(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1":
            problems.append(f"asked another host: {route.request.url}")
            route.abort()
        else:
            route.continue_()

    context.route("**/*", watch)
    page.on(
        "console", lambda said: said.type == "error" and problems.append(f"console: {said.text}")
    )
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    yield page
    context.close()
    assert not problems, "\n".join(problems)
