"""Whether the service lives, whether it can answer, and what it has answered."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest

from geo_service import __version__
from geo_service.core import migrations
from geo_service.core.errors import Forbidden, Unauthenticated, Unavailable
from geo_service.core.text import Text
from geo_service.deps import PrincipalDep, SessionDep, SettingsDep

router = APIRouter(tags=["health"])

_NEVER_KEPT = {"Cache-Control": "no-store"}


@router.get("/livez")
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
    """Say whether questions can be answered: the database is there and has this version's tables.

    Returns
    -------
    Response
        Status.

    Raises
    ------
    Unavailable
        If the tables are missing or of another version; a database that does not answer raises
        on its own.
    """
    if (fault := migrations.fault_of(session.connection())) is not None:
        raise Unavailable(fault)
    return Response('{"status":"ready"}', headers=_NEVER_KEPT, media_type="application/json")


@router.get("/metrics")
async def metrics(request: Request, settings: SettingsDep, who: PrincipalDep) -> Response:
    """Give the counts of this process in Prometheus's text format.

    They tell how much is asked for and what fails; so they are for this machine, or for a key
    that may manage, unless the settings open them.

    Returns
    -------
    Response
        Plain text.

    Raises
    ------
    Unauthenticated
        If somebody else asks.
    Forbidden
        If the key may not manage.
    """
    is_open = settings.metrics_for == "everyone"
    is_open = is_open or (settings.metrics_for == "loopback" and _is_beside(request))
    if not is_open and who.is_anonymous:
        raise Unauthenticated(_METRICS)
    if not is_open and not who.may("manage"):
        raise Forbidden(_METRICS)
    return Response(
        generate_latest(request.app.state.metrics.registry),
        headers=_NEVER_KEPT,
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )


def _is_beside(request: Request) -> bool:
    # A proxy on this machine is beside, whom it asks for is not; and a page that a browser on
    # this machine shows may have been led here by the name of another host.
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    is_passed_on = any(name in request.headers for name in _PASSED_ON)
    near = request.client.host if request.client else ""
    return near in _LOOPBACK and host in _LOOPBACK and not is_passed_on


_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PASSED_ON: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_METRICS: Final = Text(
    th="อ่านได้จากเครื่องที่ให้บริการ หรือด้วยคีย์ที่มีสิทธิ์ manage",
    en="For this machine, or with a key of the scope manage",
)
