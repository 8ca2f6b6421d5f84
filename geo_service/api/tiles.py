"""Vector tiles and what describes them (OGC API - Tiles, TileJSON 3)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.features import question_of
from geo_service.api.links import JSON, MVT, Links, json_answer, notice
from geo_service.core.crs import CRS84
from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from geo_service.deps import LangDep, PeriodDep, SessionDep, choose_format, revalidate
from layers import features, registry, tiles
from layers.questions import Question, state_of
from layers.registry import Collection

router = APIRouter(tags=["tiles"])

MATRIX_SET = "WebMercatorQuad"
MATRIX_SET_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_CRS_3857 = "http://www.opengis.net/def/crs/EPSG/0/3857"
#: OGC's pixel of 0.28 mm and the radius of EPSG:3857 give this scale at zoom 0.
_SCALE_AT_ZERO = 559_082_264.028717
_CELL_AT_ZERO_M = 156_543.033928041
_ORIGIN_M = 20_037_508.3427892
_FORMATS = {"mvt": MVT, "pbf": "application/x-protobuf"}
_JSON_ONLY = {"json": JSON}

PropertiesQuery = Annotated[str | None, Query(description="names with commas; none: a style's")]
VersionQuery = Annotated[str | None, Query(description="state of the data, from tilejson.json")]
FormatQuery = Annotated[str | None, Query(alias="f", description="mvt")]
JsonQuery = Annotated[str | None, Query(alias="f", description="json")]


def tile_question(
    request: Request,
    session: SessionDep,
    collection_id: str,
    period: PeriodDep,
    properties: PropertiesQuery = None,
) -> Question:
    """Read what is asked of a tile: queryables, a period, properties.

    Returns
    -------
    Question
        Without a box: the tile is one.
    """
    return question_of(
        request, session, collection_id,
        box=None, when=None, period=period, crs=CRS84, properties=properties, sortby=None,
    )  # fmt: skip


QuestionDep = Annotated[Question, Depends(tile_question)]


@router.get(
    "/collections/{collection_id}/tiles/WebMercatorQuad/{tile_matrix}/{tile_row}/{tile_col}",  # noqa: FAST003  (read by question_of)
    openapi_extra={"x-queryables": True},
)
def ogc_tile(
    request: Request,
    session: SessionDep,
    question: QuestionDep,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
    asked: FormatQuery = None,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give a tile by matrix, row and column.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.
    """
    choose_format(request, _FORMATS, asked)
    return _tile(request, session, question, place=_place(tile_matrix, tile_col, tile_row))


@router.get(
    "/tiles/{collection_id}/{z}/{x}/{y}.mvt",  # noqa: FAST003  (read by question_of)
    openapi_extra={"x-queryables": True},
)
def xyz_tile(
    request: Request,
    session: SessionDep,
    question: QuestionDep,
    z: str,
    x: str,
    y: str,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give a tile by zoom, x and y, as map libraries ask.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.
    """
    return _tile(request, session, question, place=_place(z, x, y))


@router.get("/collections/{collection_id}/tiles/WebMercatorQuad/tilejson.json")
def tilejson(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    period: PeriodDep,
    properties: PropertiesQuery = None,
) -> Response:
    """Describe a collection's tiles as TileJSON 3.

    Returns
    -------
    Response
        With addresses that carry the state of the data.
    """
    question = tile_question(request, session, collection_id, period, properties)
    known = question.collection
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    passed = {name: request.query_params[name] for name in ("period", "properties")
              if name in request.query_params}  # fmt: skip
    address = links.to(f"/tiles/{known.id}/{{z}}/{{x}}/{{y}}.mvt", **passed, v=state.token)
    west, south, east, north = features.extent_of(session, known)
    names = question.properties or tiles.default_properties(known, tiles.DEEPEST_ZOOM)
    body = {
        "tilejson": "3.0.0",
        "name": known.title.in_(lang),
        "description": known.description.in_(lang),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": 0,
        "maxzoom": tiles.DEEPEST_ZOOM,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 5],
        "vector_layers": [
            {
                "id": layer,
                "description": known.title.in_(lang),
                "minzoom": 0,
                "maxzoom": tiles.DEEPEST_ZOOM,
                "fields": _fields(known, names, links),
            }
            for layer in tiles.layer_names(known)
        ],
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers)


@router.get("/collections/{collection_id}/tiles")
def tilesets(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: JsonQuery = None,
) -> Response:
    """List the tile sets of a collection.

    Returns
    -------
    Response
        JSON.
    """
    choose_format(request, _JSON_ONLY, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    own = [links.made("self", links.here(), JSON)]
    body = {"links": own, "tilesets": [_tileset(known, links)], **notice(is_sample=state.is_sample)}
    return json_answer(body, headers, links=own)


@router.get("/collections/{collection_id}/tiles/WebMercatorQuad")
def tileset(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: JsonQuery = None,
) -> Response:
    """Describe the tile set of a collection.

    Returns
    -------
    Response
        JSON.
    """
    choose_format(request, _JSON_ONLY, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    west, south, east, north = features.extent_of(session, known)
    limits = {
        "boundingBox": {
            "lowerLeft": [west, south], "upperRight": [east, north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "layers": [
            {"id": layer, "dataType": "vector"} for layer in tiles.layer_names(known)
        ],
    }  # fmt: skip
    body = _tileset(known, Links(request, lang)) | limits | notice(is_sample=state.is_sample)
    return json_answer(body, headers)


@router.get("/tileMatrixSets")
def matrix_sets(request: Request, lang: LangDep, asked: JsonQuery = None) -> Response:
    """List the ways the world is cut into tiles.

    Returns
    -------
    Response
        JSON.
    """
    choose_format(request, _JSON_ONLY, asked)
    headers = revalidate(request, "fixed", lang=lang)
    links = Links(request, lang)
    one = {
        "id": MATRIX_SET,
        "title": MATRIX_SET,
        "uri": MATRIX_SET_URI,
        "links": [links.link("self", f"/tileMatrixSets/{MATRIX_SET}", JSON)],
    }
    return json_answer({"tileMatrixSets": [one]}, headers)


@router.get("/tileMatrixSets/{matrix_set}")
def matrix_set(
    request: Request, lang: LangDep, matrix_set: str, asked: JsonQuery = None
) -> Response:
    """Describe one way the world is cut into tiles.

    Returns
    -------
    Response
        JSON.

    Raises
    ------
    NotFound
        For any other than WebMercatorQuad.
    """
    choose_format(request, _JSON_ONLY, asked)
    if matrix_set != MATRIX_SET:
        raise NotFound(Text(th="มีเฉพาะ WebMercatorQuad", en="There is WebMercatorQuad only"))
    headers = revalidate(request, "fixed", lang=lang)
    body = {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": MATRIX_SET_URI,
        "crs": _CRS_3857,
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": _SCALE_AT_ZERO / 2**zoom,
                "cellSize": _CELL_AT_ZERO_M / 2**zoom,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-_ORIGIN_M, _ORIGIN_M],
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
            }
            for zoom in range(tiles.DEEPEST_ZOOM + 1)
        ],
    }
    return json_answer(body, headers)


def _tile(
    request: Request, session: SessionDep, question: Question, *, place: tuple[int, int, int]
) -> Response:
    state = state_of(session, question.collection.subjects)
    headers = revalidate(request, state.token)
    zoom, column, row = place
    body = tiles.tile(session, question, zoom=zoom, column=column, row=row)
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, headers=headers, media_type=MVT)


def _place(zoom: str, column: str, row: str) -> tuple[int, int, int]:
    numbers = [
        int(part) if re.fullmatch(r"[0-9]{1,8}", part) else -1 for part in (zoom, column, row)
    ]
    z, x, y = numbers
    if min(numbers) < 0 or z > tiles.DEEPEST_ZOOM or max(x, y) >= 2**z:
        raise NotFound(
            Text(
                th=f"ไม่มีไทล์นี้ ระดับซูมคือ 0-{tiles.DEEPEST_ZOOM}",
                en=f"There is no such tile; zooms are 0-{tiles.DEEPEST_ZOOM}",
            )
        )
    return z, x, y


def _fields(known: Collection, names: tuple[str, ...], links: Links) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        one = known.property(name)
        if one is not None:
            found[name] = one.title.in_(links.lang)
    return found


def _tileset(known: Collection, links: Links) -> dict[str, Any]:
    path = f"/collections/{known.id}/tiles/{MATRIX_SET}"
    template = f"{links.base}{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {
        "title": known.title.in_(links.lang),
        "dataType": "vector",
        "crs": _CRS_3857,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "tileMatrixSetId": MATRIX_SET,
        "links": [
            links.link("self", path, JSON),
            {**links.made("item", template, MVT), "templated": True},
            links.link("describedby", f"{path}/tilejson.json", JSON),
            links.link(
                "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
                f"/tileMatrixSets/{MATRIX_SET}",
                JSON,
            ),
            links.link(
                "http://www.opengis.net/def/rel/ogc/1.0/geodata", f"/collections/{known.id}", JSON
            ),
        ],
    }
