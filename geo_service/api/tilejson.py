"""Tiles described for map libraries: TileJSON 3."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fastapi import APIRouter, Request, Response

from geo_service.api.links import Links, json_answer, notice
from geo_service.api.tile_contents import (
    FIRST_VIEW_ZOOM,
    LAST_USEFUL_ZOOM,
    Tileset,
    carried_by,
    of_collection,
    of_several,
    state_behind,
)
from geo_service.api.tiles import CollectionsQuery, QuestionDep
from geo_service.deps import IntervalDep, LangDep, SessionDep, revalidate
from layers.collection import Property

router = APIRouter(tags=["tiles"])

_NOT_PASSED_ON = {"lang", "f", "v"}


@router.get(
    "/collections/{collection_id}/tiles/WebMercatorQuad/tilejson.json",  # noqa: FAST003  (read by question_of)
    openapi_extra={"x-queryables": True},
)
def tilejson(
    request: Request, session: SessionDep, lang: LangDep, question: QuestionDep
) -> Response:
    """Describe a collection's tiles as TileJSON 3.

    Returns
    -------
    Response
        With addresses that carry the question and the state of the data.
    """
    found = of_collection(session, question.collection)
    address = f"/tiles/{question.collection.id}/{{z}}/{{x}}/{{y}}.mvt"
    return _answer(request, session, lang, found, address, question.properties)


@router.get("/tiles/WebMercatorQuad/tilejson.json")
def dataset_tilejson(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    when: IntervalDep,  # noqa: ARG001  (read, and passed on to the tiles)
    collections: CollectionsQuery = None,
) -> Response:
    """Describe tiles that hold several collections as TileJSON 3.

    Returns
    -------
    Response
        With addresses that carry the state of the data.
    """
    found = of_several(session, collections)
    return _answer(request, session, lang, found, "/tiles/WebMercatorQuad/{z}/{y}/{x}")


def _answer(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    found: Tileset,
    address: str,
    names: Sequence[str] | None = None,
) -> Response:
    state = state_behind(session, found)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    passed = {
        name: value for name, value in request.query_params.items() if name not in _NOT_PASSED_ON
    }
    west, south, east, north = found.extent
    body = {
        "tilejson": "3.0.0",
        "name": found.title.in_(lang),
        "description": found.description.in_(lang),
        # Map libraries write it into the page as it is.
        "attribution": escape(f"{found.attribution.in_(lang)} ({found.licence})", quote=False),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [links.to(address, **passed, v=state.token)],
        "minzoom": 0,
        "maxzoom": LAST_USEFUL_ZOOM,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, FIRST_VIEW_ZOOM],
        "vector_layers": [
            {
                "id": one.name,
                "description": one.collection.title.in_(lang),
                "minzoom": one.first_zoom,
                "maxzoom": min(one.last_zoom, LAST_USEFUL_ZOOM),
                "fields": _fields(carried_by(one, names), links),
            }
            for one in found.layers
        ],
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers)


def _fields(carried: Sequence[Property], links: Links) -> dict[str, str]:
    told = {}
    for one in carried:
        unit = f", {one.unit.in_(links.lang)}" if one.unit else ""
        told[one.name] = f"{one.kind.title()}: {one.title.in_(links.lang)}{unit}"
    return told
