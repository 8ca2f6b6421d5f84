"""Our own OpenAPI 3.0.3 document: self-contained, one path per collection, real limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from geo_service import __version__
from geo_service.api import openapi_parts as parts
from geo_service.api import openapi_written as written
from geo_service.api.links import HTML, JSON, OPENAPI, Links, json_answer
from geo_service.api.openapi_parts import Limits
from geo_service.api.pages import Column, Sheet, sheet_answer, table
from geo_service.core.text import Lang, Text
from geo_service.deps import (
    LangDep,
    SessionDep,
    SettingsDep,
    choose_format,
    revalidate,
)
from layers import indicators, registry
from layers.collection import Collection
from layers.questions import state_of

router = APIRouter(tags=["landing"])

_TITLE = Text("บริการข้อมูลภูมิสารสนเทศท้องถิ่น", "Local government geospatial service")
_ITEMS = "/collections/{collection_id}/items"
_ITEM = "/collections/{collection_id}/items/{feature_id}"


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
    blocks = []
    state = state_of(session, ())
    columns = (
        Column(Text("ชื่อ", "Name")), Column(Text("อยู่ใน", "In")),
        Column(Text("ความหมาย", "Meaning")), Column(Text("ค่าที่รับ", "Accepts")),
    )  # fmt: skip
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            rows = [
                (one["name"], one["in"], one.get("description", ""), _limits(one["schema"]))
                for one in told["parameters"]
            ]
            shown = table(columns, rows, lang) if rows else ""
            blocks.append(
                f"<details><summary><code>{method.upper()} {escape(path)}</code>"
                f" {escape(told['summary'])}</summary>{shown}</details>"
            )
    links = Links(request, lang)
    sheet = Sheet(
        Text("คู่มือ API", "API documentation").in_(lang),
        f"<section>{''.join(blocks)}</section>",
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
    told = _described(app)
    limits = Limits(
        most_features=most,
        collections=tuple(one.id for one in known),
        indicators=tuple(one.key for one in indicators.list_all(session, components=True)),
    )
    paths: dict[str, Any] = {}
    for path, methods in told["paths"].items():
        paths |= dict(_paths(path, methods["get"], known, limits, lang))
    paths |= dict(written.of_people(limits))
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
        "components": {
            "schemas": parts.SCHEMAS,
            "responses": {"problem": parts.PROBLEM},
            "securitySchemes": written.SCHEMES,
        },
    }


@cache
def _described(app: FastAPI) -> dict[str, Any]:
    return get_openapi(title="-", version=__version__, routes=app.routes)


def _paths(
    path: str, told: Mapping[str, Any], known: Sequence[Collection], limits: Limits, lang: Lang
) -> Iterator[tuple[str, dict[str, Any]]]:
    if path not in {_ITEMS, _ITEM}:
        methods = {"get": _operation(path, told, limits)}
        if path in {*parts.ASKED_BY_BODY, *parts.WRITTEN}:
            methods["post"] = _asked_by_body(methods["get"])
        if path.rpartition("/")[0] in parts.WRITTEN:
            kept = [one for one in methods["get"]["parameters"] if one["in"] == "path"]
            methods["delete"] = {
                **methods["get"],
                "operationId": f"{told['operationId']}-delete",
                "parameters": kept,
                "responses": {"204": {"description": "Taken away"}, **parts.ERRORS},
            }
        if path in parts.WRITTEN:
            added = {"201": {"description": "Written down"}, "409": parts.ERRORS["400"]}
            methods["post"]["responses"] |= added
        yield path, methods
        return
    for one in known:
        own = path.replace("{collection_id}", one.id)
        made = _operation(own, told, limits)
        made["operationId"] = f"{told['operationId']}-{one.id}"
        made["summary"] = one.title.in_(lang)
        made["parameters"] = [
            parameter for parameter in made["parameters"] if parameter["name"] != "collection_id"
        ]
        if path == _ITEMS:
            made["parameters"] = parts.parameters_of(one, made["parameters"], lang)
            more = written.of_items(one, lang)
        else:
            its = [parameter for parameter in made["parameters"] if parameter["in"] == "path"]
            more = written.of_item(one, its, lang)
        yield own, {"get": made, **more}


def _operation(path: str, told: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    parameters = [parts.parameter(one, limits, path) for one in told.get("parameters", ())]
    answers = {"200": parts.answer(path, parameters)}
    if parts.is_tile(path):
        answers["204"] = {"description": "Nothing lies in this tile"}
    return {
        "tags": told.get("tags", ["pages"]),
        "summary": told.get("description", told["summary"]).partition("\n")[0],
        "operationId": told["operationId"],
        "parameters": parameters,
        "responses": {**answers, **parts.ERRORS},
    }


def _asked_by_body(told: Mapping[str, Any]) -> dict[str, Any]:
    kept = [one for one in told["parameters"] if one["name"] in {"f", "lang"}]
    own = {
        "operationId": f"{told['operationId']}-body",
        "parameters": kept,
        "responses": dict(told["responses"]),
    }
    return {**told, **own, "requestBody": parts.BODY}


def _tags(paths: Mapping[str, Any]) -> list[str]:
    found = [tag for methods in paths.values() for one in methods.values() for tag in one["tags"]]
    return list(dict.fromkeys(found))


def _limits(schema: Mapping[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        return _limits(parts.SCHEMAS[name])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    told = [str(schema.get("type", ""))]
    told += [
        f"{name} {schema[name]}" for name in ("minimum", "maximum", "default") if name in schema
    ]
    return ", ".join(told)
