"""Tilesets, listed and described (OGC API - Tiles)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from geo_service.api import schemas
from geo_service.api.links import HTML, JSON, MVT, Links, json_answer, notice
from geo_service.api.matrix_sets import FORMATS, TILING_SCHEME, FormatQuery, MatrixSetPath, find
from geo_service.api.pages import sheet_answer
from geo_service.api.tile_contents import (
    FIRST_VIEW_ZOOM,
    Layer,
    Tileset,
    carried_by,
    of_collection,
    of_several,
    state_behind,
)
from geo_service.api.tiles import CollectionsQuery
from geo_service.api.tileset_pages import tileset_sheet, tilesets_sheet
from geo_service.core.crs import CRS84
from geo_service.core.text import Text
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from layers import registry, tiles
from layers.collection import Property
from layers.questions import State
from layers.tile_matrix import MATRIX_SETS, WEB_MERCATOR_QUAD, MatrixSet

router = APIRouter(tags=["tiles"])

STYLE = "application/vnd.mapbox.style+json"
GEODATA = "http://www.opengis.net/def/rel/ogc/1.0/geodata"
_DIMENSIONS = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1,
               "Polygon": 2, "MultiPolygon": 2}  # fmt: skip
#: What TMS 2.0 (17-083r4, 8.2) says of a property.
_TOLD_OF_PROPERTY = ("title", "type", "format", "enum", "items", "uom")


@router.get("/collections/{collection_id}/tiles", operation_id=".collection.vector.getTileSetsList")
def tilesets(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """List the tilesets of a collection.

    Returns
    -------
    Response
        JSON or HTML.
    """
    known = registry.read(session, collection_id)
    return _list(request, session, lang, of_collection(session, known), asked)


@router.get(
    "/collections/{collection_id}/tiles/{matrix_set}", operation_id=".collection.vector.getTileSet"
)
def tileset(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    matrix_set: MatrixSetPath,
    asked: FormatQuery = None,
) -> Response:
    """Describe a tileset of a collection.

    Returns
    -------
    Response
        JSON or HTML.
    """
    known = registry.read(session, collection_id)
    found = of_collection(session, known)
    return _one(request, session, lang, found, find(matrix_set), asked)


@router.get("/tiles", operation_id=".dataset.vector.getTileSetsList")
def dataset_tilesets(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """List the tilesets that hold several collections.

    Returns
    -------
    Response
        JSON or HTML.
    """
    return _list(request, session, lang, of_several(session, None), asked)


@router.get("/tiles/{matrix_set}", operation_id=".dataset.vector.getTileSet")
def dataset_tileset(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    matrix_set: MatrixSetPath,
    collections: CollectionsQuery = None,
    asked: FormatQuery = None,
) -> Response:
    """Describe a tileset that holds several collections.

    Returns
    -------
    Response
        JSON or HTML.
    """
    found = of_several(session, collections)
    return _one(request, session, lang, found, find(matrix_set), asked)


def _list(
    request: Request, session: SessionDep, lang: LangDep, found: Tileset, asked: str | None
) -> Response:
    form = choose_format(request, FORMATS, asked)
    state = state_behind(session, found)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    if form == "html":
        sheet = tilesets_sheet(found.title, found.path, found.collection, links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = _own(links)
    told = [_brief(found, one, links) for one in MATRIX_SETS.values()]
    body = {"links": own, "tilesets": told, **notice(is_sample=state.is_sample)}
    return json_answer(body, headers, links=own)


def _one(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    found: Tileset,
    matrix_set: MatrixSet,
    asked: str | None,
) -> Response:
    form = choose_format(request, FORMATS, asked)
    state = state_behind(session, found)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    told = _whole(found, matrix_set, links, state)
    if form == "html":
        sheet = tileset_sheet(told, matrix_set, found.collection, links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    return json_answer(told | notice(is_sample=state.is_sample), headers, links=_own(links))


def _own(links: Links) -> list[dict[str, str]]:
    return [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
    ]


def _brief(found: Tileset, matrix_set: MatrixSet, links: Links) -> dict[str, Any]:
    path = f"{found.path}/{matrix_set.id}"
    template = links.to(f"{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
    own: list[dict[str, Any]] = [
        links.link("self", path, JSON),
        links.made("item", template, MVT) | {"templated": True},
        links.link(TILING_SCHEME, f"/tileMatrixSets/{matrix_set.id}", JSON),
    ]
    if matrix_set is WEB_MERCATOR_QUAD:
        own.append(
            links.link("describedby", f"{path}/tilejson.json", JSON, Text("TileJSON", "TileJSON"))
        )
    if found.collection is not None:
        own.append(links.link(GEODATA, f"/collections/{found.collection.id}", JSON))
    return {
        "title": found.title.in_(links.lang),
        "dataType": "vector",
        "crs": matrix_set.crs_uri,
        "tileMatrixSetURI": matrix_set.uri,
        "tileMatrixSetId": matrix_set.id,
        "links": own,
    }


def _whole(found: Tileset, matrix_set: MatrixSet, links: Links, state: State) -> dict[str, Any]:
    west, south, east, north = found.extent
    told = _brief(found, matrix_set, links)
    told["links"] = [*told["links"], *_own(links)[1:]]
    told |= {
        "description": found.description.in_(links.lang),
        "version": state.token,
        "attribution": found.attribution.in_(links.lang),
        "license": found.licence,
        "accessConstraints": "unclassified",
        "mediaTypes": [MVT],
        "boundingBox": {
            "lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84.uri,
            "orderedAxes": ["Lon", "Lat"],
        },
        "centerPoint": {
            "coordinates": [(west + east) / 2, (south + north) / 2],
            "crs": CRS84.uri,
            "tileMatrix": str(FIRST_VIEW_ZOOM),
            "scaleDenominator": matrix_set.scale_denominator(FIRST_VIEW_ZOOM),
            "cellSize": matrix_set.cell_size(FIRST_VIEW_ZOOM),
        },
        "tileMatrixSetLimits": [
            {
                "tileMatrix": str(one.zoom),
                "minTileRow": one.first_row,
                "maxTileRow": one.last_row,
                "minTileCol": one.first_column,
                "maxTileCol": one.last_column,
            }
            for one in (
                matrix_set.limits(zoom, found.extent, margin=tiles.MARGIN)
                for zoom in range(matrix_set.deepest + 1)
            )
        ],
        "layers": [_layer(one, matrix_set, links) for one in found.layers],
    }  # fmt: skip
    if found.collection is not None:
        path = f"/collections/{found.collection.id}/styles/default"
        title = Text("รูปแบบตั้งต้น", "Default style")
        told["style"] = {
            "id": "default",
            "title": title.in_(links.lang),
            "links": [links.link("stylesheet", path, STYLE, title)],
        }
        told["links"].append(links.link("style", path, STYLE, title))
    return told


def _layer(layer: Layer, matrix_set: MatrixSet, links: Links) -> dict[str, Any]:
    known = layer.collection
    # A degree tile is drawn as the metre tile of the next zoom.
    step = WEB_MERCATOR_QUAD.deepest - matrix_set.deepest
    told: dict[str, Any] = {
        "id": layer.name,
        "title": known.title.in_(links.lang),
        "description": known.description.in_(links.lang),
        "dataType": "vector",
        "minTileMatrix": str(max(layer.first_zoom - step, 0)),
        "maxTileMatrix": str(layer.last_zoom - step),
        "propertiesSchema": {
            "type": "object",
            "properties": {one.name: _schema(one, links) for one in carried_by(layer)},
        },
        "links": [links.link(GEODATA, f"/collections/{known.id}", JSON, known.title)],
    }
    if layer.has_hexagons:
        told["geometryDimension"] = 2
    elif layer.name == known.id and known.geometry_type in _DIMENSIONS:
        told["geometryDimension"] = _DIMENSIONS[known.geometry_type]
    return told


def _schema(one: Property, links: Links) -> dict[str, Any]:
    told = schemas.of_property(one, links.lang)
    if one.unit is not None:
        told["uom"] = one.unit.in_(links.lang)
    return {name: told[name] for name in told if name in _TOLD_OF_PROPERTY}
