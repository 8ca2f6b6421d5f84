"""Puts the application together: ``create_app(settings)``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from geo_service import __version__, problems
from geo_service.api import (
    collections,
    cube,
    datasets,
    downloads,
    features,
    forecasts,
    health,
    hexbins,
    indicators,
    landing,
    maps,
    matrix_sets,
    openapi,
    place_names,
    places,
    styles,
    tilejson,
    tiles,
    tilesets,
)
from geo_service.api.memory import Memory
from geo_service.api.quick_items import QuickItems
from geo_service.api.quick_tiles import QuickTiles
from geo_service.api.wire import Compression, Counting, Methods, Metrics, Safety
from geo_service.core.db import make_engine
from geo_service.core.direct import Direct
from geo_service.core.kept import KeptFiles
from geo_service.core.postgres import Cluster
from geo_service.core.settings import Settings
from geo_service.core.watch import Watcher
from geo_service.deps import ask_known, at_once, known_parameters
from web import data_page, forecast_page, glyphs, pages, pivot, profile, questions
from web.dashboards import page as dashboards

#: In the order they are tried: /maps/{indicator}.json before the page /maps/{indicator}.
ROUTERS = (
    landing.router,
    openapi.router,
    collections.router,
    features.router,
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
    maps.router,
    indicators.router,
    cube.router,
    places.router,
    datasets.router,
    health.router,
    pages.router,
    dashboards.router,
    questions.router,
)


class Service(FastAPI):
    """The application; its memory stands before the framework, which takes longer to answer."""

    memory: Memory | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or as the framework does."""
        if self.memory is None or scope["type"] != "http":
            await super().__call__(scope, receive, send)
        else:
            await self.memory(scope, receive, send)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the application together; nothing is connected before the first question.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when absent.

    Returns
    -------
    FastAPI
        Ready to be served.
    """
    settings = settings or Settings()
    metrics, engine = Metrics(), open_engine(settings)
    watcher = Watcher(engine, recheck_s=settings.recheck_s)
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
            Middleware(Counting, metrics=metrics),
            Middleware(Safety),
            Middleware(Methods, router=lambda: app.router),
            Middleware(Compression),
            Middleware(QuickTiles),
            Middleware(QuickItems),
        ],
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.engine = engine
    app.state.direct = Direct(engine, size=settings.pool_size, wait_s=settings.pool_timeout_s)
    app.state.snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
    app.state.watcher = watcher
    app.state.kept_files = KeptFiles(settings.data_dir / "downloads", settings.downloads_mb << 20)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    # Pages for people are web's; neither web nor api knows the other.
    app.state.landing_html = pages.landing_html
    app.state.data_page = data_page.answer
    app.state.place_page = profile.answer
    app.state.forecast_page = forecast_page.answer
    app.state.cube_page = pivot.answer
    app.state.problem_page = pages.problem_page
    app.memory = Memory(
        partial(FastAPI.__call__, app),
        known=watcher.known,
        ask=lambda: ask_known(app.state),
        metrics=metrics,
        most_bytes=settings.memory_mb * 1_000_000,
    )
    return app


def open_engine(settings: Settings) -> Engine:
    """Make the engine of a service: it only reads, and no statement runs for ever.

    Parameters
    ----------
    settings : Settings
        Without a database URL the private cluster in the data folder is meant.

    Returns
    -------
    Engine
        Not connected yet.
    """
    url = settings.database_url
    return make_engine(
        url.get_secret_value() if url is not None else Cluster(settings.data_dir).url(),
        pool_size=settings.pool_size,
        pool_timeout_s=settings.pool_timeout_s,
        statement_timeout_s=settings.statement_timeout_s,
        read_only=True,
        isolation="AUTOCOMMIT",
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # As many at work as there are connections; the others wait in line, in the order they came.
    current_default_thread_limiter().total_tokens = app.state.settings.pool_size
    app.state.watcher.start()
    yield
    app.state.kept_files.close()
    app.state.watcher.stop()
    await app.state.direct.close()
    app.state.engine.dispose()
