"""Our own OpenAPI 3.0.3 document: self-contained, one path per collection, real limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from geo_service import __version__
from geo_service.api import schemas
from geo_service.api.links import CSV, GEOJSON, HTML, JSON, MVT, OPENAPI, Links, json_answer
from geo_service.api.pages import Column, Sheet, sheet_answer, table
from geo_service.core.crs import SERVED_CRS
from geo_service.core.text import Lang, Text
from geo_service.deps import (
    DEFAULT_LIMIT,
    MAX_OFFSET,
    LangDep,
    SessionDep,
    SettingsDep,
    choose_format,
    revalidate,
)
from geo_service.problems import PROBLEM_JSON
from layers import registry
from layers.cql2_tree import MAX_CHARACTERS
from layers.models import PLACE_LEVELS, THEMES
from layers.questions import state_of
from layers.registry import Collection
from layers.thematic import SCHEMES

router = APIRouter(tags=["landing"])

_TITLE = Text("บริการข้อมูลภูมิสารสนเทศท้องถิ่น", "Local government geospatial service")
_ITEMS = "/collections/{collection_id}/items"
_ITEM = "/collections/{collection_id}/items/{feature_id}"
_CRS = [crs.uri for crs in SERVED_CRS]
_NUMBERS = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}

_ERROR = {"description": "A problem document", "content": {PROBLEM_JSON: {"schema": {
    "$ref": "#/components/schemas/problem"}}}}  # fmt: skip
_ERRORS = {status: {"$ref": "#/components/responses/problem"} for status in
           ("400", "404", "406", "500", "503", "504")}  # fmt: skip
_KINDS = {
    "json": JSON, "geojson": GEOJSON, "csv": CSV, "html": HTML, "mvt": MVT,
    "arrow": "application/vnd.apache.arrow.stream",
}  # fmt: skip
_COMPONENTS: dict[str, Any] = {
    "problem": {
        "type": "object",
        "required": ["type", "code", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "code": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
        },
    },
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in
                       ("href", "rel", "type", "title", "hreflang")},
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
        },
    },
    "features": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
}  # fmt: skip


@router.get("/api")
def api(request: Request, session: SessionDep, settings: SettingsDep, lang: LangDep) -> Response:
    """Give the API definition.

    Returns
    -------
    Response
        OpenAPI 3.0.3; HTML when ``Accept`` prefers it.
    """
    form = choose_format(request, {"json": OPENAPI, "plain": JSON, "html": HTML}, None)
    if form == "html":
        return api_html(request, session, settings, lang)
    headers, document = _document(request, session, settings.max_features, lang)
    return json_answer(document, headers, media_type=OPENAPI if form == "json" else JSON)


@router.get("/api.html")
def api_html(
    request: Request, session: SessionDep, settings: SettingsDep, lang: LangDep
) -> Response:
    """Show the API definition to people.

    Returns
    -------
    Response
        HTML without scripts or outside assets.
    """
    headers, document = _document(request, session, settings.max_features, lang)
    parts = []
    state = state_of(session, ())
    columns = (
        Column(Text("ชื่อ", "Name")), Column(Text("อยู่ใน", "In")),
        Column(Text("ความหมาย", "Meaning")), Column(Text("ค่าที่รับ", "Accepts")),
    )  # fmt: skip
    for path, methods in document["paths"].items():
        told = methods["get"]
        rows = [
            (one["name"], one["in"], one.get("description", ""), _limits(one["schema"]))
            for one in told["parameters"]
        ]
        shown = table(columns, rows, lang) if rows else ""
        parts.append(
            f"<details><summary><code>GET {escape(path)}</code> {escape(told['summary'])}"
            f"</summary>{shown}</details>"
        )
    links = Links(request, lang)
    sheet = Sheet(
        Text("คู่มือ API", "API documentation").in_(lang),
        f"<section>{''.join(parts)}</section>",
        _TITLE.in_(lang),
        formats=[("OpenAPI 3.0 (JSON)", links.to("/api"))],
    )
    return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)


def _document(
    request: Request, session: SessionDep, most: int, lang: Lang
) -> tuple[dict[str, str], dict[str, Any]]:
    known = registry.list_all(session)
    state = state_of(session, sorted({part for one in known for part in one.subjects}))
    headers = revalidate(request, state.token, lang=lang)
    app: FastAPI = request.app
    told = get_openapi(title=_TITLE.in_(lang), version=__version__, routes=app.routes)
    paths: dict[str, Any] = {}
    for path, methods in told["paths"].items():
        paths |= dict(_paths(path, methods["get"], known, most, lang))
    return headers, {
        "openapi": "3.0.3",
        "info": {
            "title": _TITLE.in_(lang),
            "version": __version__,
            "description": _TITLE.en,
            "license": {"name": "MIT"},
        },
        "servers": [{"url": Links(request, lang).base}],
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": paths,
        "components": {"schemas": _COMPONENTS, "responses": {"problem": _ERROR}},
    }


def _paths(
    path: str, told: Mapping[str, Any], known: Sequence[Collection], most: int, lang: Lang
) -> Iterator[tuple[str, dict[str, Any]]]:
    if path not in {_ITEMS, _ITEM}:
        yield path, {"get": _operation(path, told, most)}
        return
    for one in known:
        own = path.replace("{collection_id}", one.id)
        made = _operation(own, told, most)
        made["operationId"] = f"{told['operationId']}-{one.id}"
        made["summary"] = one.title.in_(lang)
        made["parameters"] = [
            parameter for parameter in made["parameters"] if parameter["name"] != "collection_id"
        ]
        if path == _ITEMS:
            made["parameters"] += list(_queryables(one, made["parameters"], lang))
        yield own, {"get": made}


def _queryables(
    known: Collection, taken: Sequence[Mapping[str, Any]], lang: Lang
) -> Iterator[dict[str, Any]]:
    names = {one["name"] for one in taken}
    for one in known.properties:
        if one.is_queryable and one.name not in names:
            schema = schemas.of_property(one, lang)
            title = schema.pop("title")
            plain = {name: value for name, value in schema.items() if not name.startswith("x-")}
            yield {"name": one.name, "in": "query", "description": title, "schema": plain}


def _operation(path: str, told: Mapping[str, Any], most: int) -> dict[str, Any]:
    parameters = [_parameter(one, most) for one in told.get("parameters", ())]
    return {
        "tags": told.get("tags", ["pages"]),
        "summary": told.get("description", told["summary"]).partition("\n")[0],
        "operationId": told["operationId"],
        "parameters": parameters,
        "responses": {"200": _answer(path, parameters), **_ERRORS},
    }


def _parameter(told: Mapping[str, Any], most: int) -> dict[str, Any]:
    name, place = told["name"], told["in"]
    made: dict[str, Any] = {"name": name, "in": place, "required": place == "path"}
    if "description" in told:
        made["description"] = told["description"]
    schema = _schemas(most).get(name, {"type": "string"})
    choices = [part.strip() for part in told.get("description", "").split("|")]
    if len(choices) > 1 and all(part.replace("-", "").isalnum() for part in choices):
        schema = {"type": "string", "enum": choices}
    if place == "query" and schema.get("type") == "array":
        made |= {"style": "form", "explode": False}
    return made | {"schema": schema}


def _schemas(most: int) -> dict[str, dict[str, Any]]:
    whole = {"type": "integer", "minimum": 0}
    return {
        "lang": {"type": "string", "enum": ["th", "en"]},
        "limit": {
            "type": "integer", "minimum": 1, "maximum": most, "default": min(DEFAULT_LIMIT, most),
        },
        "offset": whole | {"maximum": MAX_OFFSET, "default": 0},
        "bbox": _NUMBERS,
        "bbox-crs": {"type": "string", "enum": _CRS},
        "crs": {"type": "string", "enum": _CRS},
        "filter": {"type": "string", "maxLength": MAX_CHARACTERS},
        "filter-crs": {"type": "string", "enum": _CRS},
        "properties": {"type": "array", "items": {"type": "string"}},
        "sortby": {"type": "array", "items": {"type": "string"}},
        "level": {"type": "string", "enum": list(PLACE_LEVELS)},
        "scheme": {"type": "string", "enum": list(SCHEMES)},
        "theme": {"type": "string", "enum": list(THEMES)},
        "classes": {"type": "integer", "minimum": 2, "maximum": 7, "default": 5},
        "components": {"type": "boolean"},
        "resolution": {"type": "integer", "minimum": 0, "maximum": 15},
        **dict.fromkeys(("z", "x", "y", "tile_matrix", "tile_row", "tile_col"), whole),
    }  # fmt: skip


def _answer(path: str, parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    form: list[str] = next(
        (one["schema"].get("enum", []) for one in parameters if one["name"] == "f"), []
    )
    kinds = [_KINDS[one] for one in form if one in _KINDS] or [_kind_of(path)]
    schema: dict[str, Any] = {"type": "object"}
    if path.endswith("/items"):
        schema = {"$ref": "#/components/schemas/features"}
    elif "/items/" in path:
        schema = {"$ref": "#/components/schemas/feature"}
    text = {"type": "string"}
    content = {
        kind: {"schema": schema if "json" in kind else text} for kind in dict.fromkeys(kinds)
    }
    return {"description": "The answer", "content": content}


def _kind_of(path: str) -> str:
    ends = {".mvt": MVT, "{tile_col}": MVT, ".csv": CSV, ".html": HTML, "/metrics": "text/plain",
            "/api": OPENAPI, "/queryables": "application/schema+json",
            "/schema": "application/schema+json"}  # fmt: skip
    return next((kind for end, kind in ends.items() if path.endswith(end)), JSON)


def _tags(paths: Mapping[str, Any]) -> list[str]:
    found = [tag for methods in paths.values() for tag in methods["get"]["tags"]]
    return list(dict.fromkeys(found))


def _limits(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    told = [str(schema.get("type", ""))]
    told += [
        f"{name} {schema[name]}" for name in ("minimum", "maximum", "default") if name in schema
    ]
    return ", ".join(told)
