"""Puts the application together: ``create_app(settings)``."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.orm import Session
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from geo_service import __version__, problems
from geo_service.api import (
    accounts,
    ageing,
    collections,
    cube,
    datasets,
    downloads,
    editing,
    embeds,
    features,
    forecasts,
    health,
    hexbins,
    indicators,
    landing,
    management,
    maps,
    matrix_sets,
    openapi,
    openid,
    place_names,
    places,
    record,
    scenario_desk,
    scenario_form,
    scenarios,
    styles,
    submissions,
    tilejson,
    tiles,
    tilesets,
)
from geo_service.api.entrance import Entrance, doorkeeper
from geo_service.api.front import Front
from geo_service.api.gate import Admission, Bounds, Gate
from geo_service.api.insiders import Insiders
from geo_service.api.limits import Limits
from geo_service.api.measures import Stock, measure_beside, measure_pools
from geo_service.api.memory import Memory
from geo_service.api.quick_items import QuickItems
from geo_service.api.quick_tiles import QuickTiles
from geo_service.api.threshold import Door, Threshold
from geo_service.api.trace import Trace
from geo_service.api.wire import Compression, Counting, Methods, Metrics, Safety
from geo_service.core import work
from geo_service.core.accounts.shelf import Numbers
from geo_service.core.addresses import address_of
from geo_service.core.beside import Beside
from geo_service.core.db import SCHEMA, make_engine
from geo_service.core.direct import Direct
from geo_service.core.kept import KeptFiles
from geo_service.core.known import MATCH
from geo_service.core.machine import cores
from geo_service.core.roles import DESK, INGEST, INSIDER, READER
from geo_service.core.settings import Settings
from geo_service.core.spans import Spans
from geo_service.core.trim import Trimmer
from geo_service.core.watch import Watcher
from geo_service.deps import ask_known, at_once, known_parameters
from geo_service.deps.embeds import Embeds
from geo_service.deps.uploads import BESIDES
from layers import inside
from web import (
    account_pages,
    ageing_page,
    data_page,
    embed_pages,
    forecast_page,
    glyphs,
    pages,
    pivot,
    profile,
    questions,
    scenario_page,
    submission_pages,
)
from web import scenario_form as scenario_form_page
from web.dashboards import page as dashboards

#: In the order they are tried: /maps/{indicator}.json before the page /maps/{indicator}.
ROUTERS = (
    landing.router,
    openapi.router,
    collections.router,
    features.router,
    editing.router,
    downloads.router,
    tiles.router,
    tilejson.router,
    tilesets.router,
    matrix_sets.router,
    place_names.router,
    styles.router,
    glyphs.router,
    hexbins.router,
    forecasts.router,
    scenario_form.router,
    scenarios.router,
    scenario_desk.router,
    ageing.router,
    maps.router,
    indicators.router,
    cube.router,
    places.router,
    datasets.router,
    health.router,
    openid.router,
    accounts.router,
    management.router,
    record.router,
    embeds.router,
    embed_pages.router,
    submissions.router,
    pages.router,
    dashboards.router,
    questions.router,
)


#: Connections for readiness, and for files that are being made.
_SPARE_CONNECTIONS = 4
_LIGHT_THREADS = 24


#: The public needs no transactions; an insider's scope ends with his.
_ISOLATION: Mapping[str, IsolationLevel] = {READER: "AUTOCOMMIT", INSIDER: "REPEATABLE READ"}


class Service(FastAPI):
    """The application; its memory stands before the framework, which takes longer to answer."""

    memory: Memory | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or as the framework does."""
        if self.memory is None or scope["type"] != "http":
            await super().__call__(scope, receive, send)
        else:
            await self.memory(scope, receive, send)


def create_app(settings: Settings | None = None, *, shared: Numbers | None = None) -> FastAPI:
    """Put the application together; nothing is connected before the first question.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when absent.
    shared : sequence of float, optional
        Memory shared with other workers, for what is counted together.

    Returns
    -------
    FastAPI
        Ready to be served.
    """
    settings = settings or Settings()
    metrics = Metrics()
    spans = Spans(settings.otel_endpoint, version=__version__) if settings.otel_endpoint else None
    gate = Gate(bounds_of(settings), metrics.registry)
    desk = open_engine(settings, DESK)
    keeper = doorkeeper(desk, Embeds(desk, settings), settings, shared)
    app: Service = Service(
        title="thai-geo-service",
        version=__version__,
        # Our own document is at /api: OpenAPI 3.0.3, one path per collection.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(at_once(known_parameters))],
        lifespan=_lifespan,
        middleware=[
            Middleware(Trace, log_all=settings.access_log, spans=spans),
            Middleware(Counting, metrics=metrics),
            Middleware(Safety),
            Middleware(
                Limits,
                most_bytes=settings.body_kb * 1_000,
                larger=[("/submissions", settings.upload_mb * 1_000_000 + BESIDES)],
            ),
            # Before the gate: who is told to wait takes no place that another could have.
            Middleware(Entrance, doorkeeper=keeper),
            Middleware(Admission, gate=gate),
            Middleware(Methods, router=lambda: app.router),
            Middleware(Compression),
            Middleware(Insiders),
            Middleware(QuickTiles),
            Middleware(QuickItems),
        ],
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.gate = gate
    app.state.desk = desk
    app.state.recognition = keeper.recognition
    app.state.embeds = keeper.embeds
    app.state.openid, app.state.openid_rules = openid.provider_of(settings)
    _hand_over_data(app, settings, spans)
    _tell(app, spans)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    _hand_over_pages(app)
    _put_before(app, gate, metrics)
    return app


def _hand_over_data(app: Service, settings: Settings, spans: Spans | None) -> None:
    # What reads and writes the data, and what keeps it beside.
    engine = open_engine(settings, READER)
    watcher = Watcher(engine, recheck_s=settings.recheck_s)
    app.state.engine = engine
    app.state.insiders = inside.follow(open_engine(settings, INSIDER))
    app.state.loader = open_engine(settings, INGEST)
    app.state.direct = Direct(
        engine, size=settings.pool_size, wait_s=settings.pool_timeout_s, spans=spans
    )
    app.state.snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
    app.state.watcher = watcher
    app.state.beside = Beside(
        lambda: Session(app.state.snapshots, info={MATCH: watcher.match}),
        settings.data_dir / "beside",
        most_bytes=settings.beside_mb * 1_000_000,
    )
    app.state.kept_files = KeptFiles(settings.data_dir / "downloads", settings.downloads_mb << 20)


def _hand_over_pages(app: Service) -> None:
    # Pages for people are web's; neither web nor api knows the other.
    app.state.landing_html = pages.landing_html
    app.state.data_page = data_page.answer
    app.state.place_page = profile.answer
    app.state.forecast_page = forecast_page.answer
    app.state.scenarios_page = scenario_page.list_answer
    app.state.scenario_page = scenario_page.answer
    app.state.scenario_form = scenario_form_page.page
    app.state.ageing_page = ageing_page.answer
    app.state.cube_page = pivot.answer
    app.state.problem_page = pages.problem_page
    app.state.account_pages = account_pages
    app.state.submission_pages = submission_pages


def _put_before(app: Service, gate: Gate, metrics: Metrics) -> None:
    # What answers before the framework: memory, tiles laid beside, and who says there is no room.
    settings, watcher = app.state.settings, app.state.watcher
    app.memory = Memory(
        Front(Threshold(partial(FastAPI.__call__, app), gate, metrics), metrics),
        known=watcher.known,
        ask=lambda: ask_known(app.state),
        metrics=metrics,
        most_bytes=settings.memory_mb * 1_000_000,
    )
    app.state.door = Door(gate, metrics, app.memory.holds)


def bounds_of(settings: Settings) -> Bounds:
    """Tell how much a process takes on at once.

    Parameters
    ----------
    settings : Settings
        Of the process.

    Returns
    -------
    Bounds
        Twice as much heavy work as there are cores, shared among the workers, and no more than
        there are connections for it and for tiles together.
    """
    at_once = settings.heavy_at_once or max(1, 2 * cores() // settings.workers)
    return Bounds(
        places=max(1, min(at_once, (settings.pool_size - _SPARE_CONNECTIONS) // 2)),
        waiting=settings.queue,
        waiting_s=settings.queue_timeout_s,
        request_s=settings.request_timeout_s,
    )


def open_engine(settings: Settings, role: str) -> Engine:
    """Make an engine of a service for one role: no statement of it runs for ever.

    Parameters
    ----------
    settings : Settings
        Without a database URL the private cluster in the data folder is meant.
    role : {"geo_reader", "geo_insider", "geo_desk", "geo_ingest"}
        What the connections may do; the first two only read.

    Returns
    -------
    Engine
        Not connected yet.
    """
    is_inside = role == INSIDER
    return make_engine(
        address_of(settings, role),
        pool_size=settings.pool_size if role == READER else settings.insider_pool_size,
        pool_timeout_s=settings.pool_timeout_s,
        statement_timeout_s=settings.statement_timeout_s,
        lock_timeout_s=settings.lock_timeout_s,
        read_only=role in {READER, INSIDER},
        isolation=_ISOLATION.get(role),
        search_path=f"{inside.INSIDE}, {SCHEMA}, public" if is_inside else f"{SCHEMA}, public",
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # More than all that the gate lets in at once: what is light must never wait for a thread.
    settings = app.state.settings
    current_default_thread_limiter().total_tokens = settings.pool_size + _LIGHT_THREADS
    app.state.watcher.start()
    trimmer = Trimmer()
    trimmer.start()
    _when_told_to_stop(lambda: app.state.gate.drain(settings.grace_s))
    yield
    # Nobody waits any more for what is still under way.
    for engine in _engines(app):
        work.end(engine)
    app.state.kept_files.close()
    app.state.beside.close()
    app.state.watcher.stop()
    trimmer.stop()
    await app.state.direct.close()
    for engine in _engines(app):
        engine.dispose()
    if app.state.spans is not None:
        await run_in_threadpool(app.state.spans.close)


def _engines(app: FastAPI) -> tuple[Engine, ...]:
    return app.state.engine, app.state.insiders, app.state.desk, app.state.loader


def _tell(app: FastAPI, spans: Spans | None) -> None:
    state = app.state
    state.spans = spans
    if spans is not None:
        for followed in _engines(app):
            spans.follow(followed)
    names = ("public", "insider", "desk", "load")
    pools = {
        name: Stock(one.pool.checkedout, one.pool.size())  # type: ignore[attr-defined]
        for name, one in zip(names, _engines(app), strict=True)
    }
    pools["direct"] = Stock(lambda: state.direct.in_use, state.direct.size)
    measure_pools(state.metrics.registry, pools)
    measure_beside(
        state.metrics.registry,
        Stock(lambda: state.beside.size_bytes, state.settings.beside_mb * 1_000_000),
    )


def _when_told_to_stop(act: Callable[[], None]) -> None:
    # The server hears the signal, too, and waits for what is under way; it tells nobody.
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, told)
