"""Names of places for maps: tiles of points."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import MVT
from geo_service.api.matrix_sets import place_of
from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from geo_service.deps import IntervalDep, SessionDep, revalidate
from layers import place_names, registry
from layers.questions import state_of
from layers.tile_matrix import WEB_MERCATOR_QUAD

router = APIRouter(tags=["tiles"])


@router.get("/tiles/{collection_id}/names/{z}/{x}/{y}.mvt")
def names_tile(
    request: Request,
    session: SessionDep,
    collection_id: str,
    z: str,
    x: str,
    y: str,
    when: IntervalDep,
    scheme: Annotated[str | None, Query(description="of regions")] = None,
    v: Annotated[str | None, Query(description="state of the data")] = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give the names of places in a tile, each at one point.

    Returns
    -------
    Response
        Mapbox Vector Tile with the layer ``names``; 204 when empty.

    Raises
    ------
    NotFound
        If the collection is not one of places.
    """
    known = registry.read(session, collection_id)
    if known.family not in {"area", "org"} or known.level is None:
        raise NotFound(
            Text("มีเฉพาะชื่อของเขตและ อปท.", "There are names of areas and organisations only")
        )
    place = place_of(WEB_MERCATOR_QUAD, z, x, y)
    headers = revalidate(request, state_of(session, known.subjects).token)
    day = None if when is None else when.end
    body = place_names.tile(session, known.level, place, day=day, scheme=scheme)
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, headers=headers, media_type=MVT)
