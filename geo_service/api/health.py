"""Whether the service lives, whether it can answer, and what it has answered."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest

from geo_service import __version__
from geo_service.core.errors import Unavailable
from geo_service.core.text import Text
from geo_service.deps import SessionDep
from layers import registry

router = APIRouter(tags=["health"])

_NEVER_KEPT = {"Cache-Control": "no-store"}


@router.get("/healthz")
async def healthz() -> Response:
    """Say that the process lives; asks nobody.

    Returns
    -------
    Response
        Status and version of the program.
    """
    return Response(
        f'{{"status":"ok","version":"{__version__}"}}',
        headers=_NEVER_KEPT,
        media_type="application/json",
    )


@router.get("/readyz")
def readyz(session: SessionDep) -> Response:
    """Say whether questions can be answered: the database is there and has our tables.

    Returns
    -------
    Response
        Status.

    Raises
    ------
    Unavailable
        If the tables are missing; a database that does not answer raises on its own.
    """
    if not registry.is_ready(session):
        raise Unavailable(
            Text(
                th="ฐานข้อมูลยังไม่มีตาราง กรุณาสั่ง geo-service migrate",
                en="The database has no tables yet: run geo-service migrate",
            )
        )
    return Response('{"status":"ready"}', headers=_NEVER_KEPT, media_type="application/json")


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Give the counts of this process in Prometheus's text format.

    Returns
    -------
    Response
        Plain text.
    """
    return Response(
        generate_latest(request.app.state.metrics.registry),
        headers=_NEVER_KEPT,
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
