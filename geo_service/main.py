"""Puts the application together: ``create_app(settings)``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import Engine
from starlette.middleware import Middleware

from geo_service import __version__, problems
from geo_service.api import collections, features, health, indicators, landing, maps, openapi, tiles
from geo_service.api.wire import Compression, Counting, Methods, Metrics, Safety
from geo_service.core.db import make_engine
from geo_service.core.postgres import Cluster
from geo_service.core.settings import Settings
from geo_service.deps import known_parameters


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
    metrics = Metrics()
    app: FastAPI = FastAPI(
        title="thai-geo-service",
        version=__version__,
        # Our own document is at /api: OpenAPI 3.0.3, one path per collection.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(known_parameters)],
        lifespan=_lifespan,
        middleware=[
            Middleware(Counting, metrics=metrics),
            Middleware(Safety),
            Middleware(Methods, router=lambda: app.router),
            Middleware(Compression),
        ],
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.engine = open_engine(settings)
    problems.install(app)
    for router in _routers():
        app.include_router(router)
    # The page for people is web's; neither web nor api knows the other.
    try:
        app.state.landing_html = import_module("web.pages").landing_html
    except (ImportError, NameError, SyntaxError, AttributeError):
        app.state.landing_html = None
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
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.engine.dispose()


def _routers() -> list[APIRouter]:
    made = [
        landing.router,
        openapi.router,
        collections.router,
        features.router,
        tiles.router,
        # Before the pages: /maps/{indicator}.json must not be read as the page of an indicator.
        maps.router,
        indicators.router,
        health.router,
    ]
    for name in ("geo_service.api.hexbins", "web.pages"):
        try:
            made.append(import_module(name).router)
        except (ImportError, NameError, SyntaxError, AttributeError):  # being written
            continue
    return made
