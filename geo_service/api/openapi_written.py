"""What the OpenAPI document says of addresses that are written to: features, files, accounts."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from geo_service.api import accounts, management, record, schemas, submissions
from geo_service.api import openapi_parts as parts
from geo_service.api.feature_locks import is_written
from geo_service.api.links import CSV, HTML, JSON
from geo_service.api.openapi_parts import Limits
from geo_service.core.text import Lang, Text
from geo_service.deps.edits import FEATURE_TYPES, PATCH_TYPES
from layers.collection import Collection

#: Addresses of people who are signed in, and of their programs.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    submissions.router, accounts.router, management.router, record.router,
)  # fmt: skip
#: Credentials: a key, or the cookie of a session with the token of its forms.
SCHEMES: Final[Mapping[str, Any]] = {
    "key": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "geo_session"},
}
SECURED: Final[Sequence[Mapping[str, Any]]] = [{"key": []}, {"session": []}]
_TEXT: Final = {"type": "string", "maxLength": 2_000}
_PROBLEM: Final = {"$ref": "#/components/responses/problem"}
_OF_CONTENT: Final = dict.fromkeys(("405", "409", "412", "415", "422", "428", "507"), _PROBLEM)

_CREATE = Text("สร้างรายการใหม่", "Create a feature")
_REPLACE = Text("แทนที่รายการ", "Replace a feature")
_UPDATE = Text("แก้ไขบางส่วน", "Change some of a feature")
_DELETE = Text("ลบรายการ", "Take a feature out")
#: Members of bodies, by method and address; those without a question mark are needed.
_BODIES: Final[Mapping[tuple[str, str], str]] = {
    ("post", "/submissions/{number}/{step}"): "reason?",
    ("post", "/account/sign-in"): "name password next?",
    ("post", "/account/sign-out"): "",
    ("post", "/account/password"): "current new repeat?",
    ("post", "/account/keys"): "label? scopes*? days#?",
    ("post", "/account/keys/{prefix}/revoke"): "",
    ("post", "/manage/users"): "name role place? title? email? keysOnly!?",
    ("post", "/manage/users/{name}"): "role? place? title? email?",
    ("post", "/manage/users/{name}/disable"): "",
    ("post", "/manage/users/{name}/enable"): "",
    ("post", "/manage/users/{name}/password"): "",
    ("post", "/manage/keys/{prefix}/revoke"): "",
}  # fmt: skip
_TYPES: Final = {
    "*": {"type": "array", "items": _TEXT}, "#": {"type": "integer", "minimum": 1},
    "!": {"type": "boolean"},
}  # fmt: skip


def of_items(known: Collection, lang: Lang) -> dict[str, Any]:
    """Describe how a feature is added to a collection.

    Parameters
    ----------
    known : Collection
        From the register.
    lang : {"th", "en"}
        Language of the descriptions.

    Returns
    -------
    dict
        By method; empty for a collection that is not written to.
    """
    if not is_written(known):
        return {}
    made = _writing("create", known, _CREATE, lang, _feature(known, lang), FEATURE_TYPES)
    answers = {"201": {"description": "Created; Location and ETag"}, **made["responses"]}
    return {"post": made | {"responses": answers}}


def of_item(known: Collection, path: Sequence[Mapping[str, Any]], lang: Lang) -> dict[str, Any]:
    """Describe how a feature of a collection is replaced, changed and taken out.

    Parameters
    ----------
    known : Collection
        From the register.
    path : sequence of mapping
        Parameters of the address.
    lang : {"th", "en"}
        Language of the descriptions.

    Returns
    -------
    dict
        By method; empty for a collection that is not written to.
    """
    if not is_written(known):
        return {}
    meant = {"name": "If-Match", "in": "header", "required": True, "schema": _TEXT}
    own = {
        "put": _writing("replace", known, _REPLACE, lang, _feature(known, lang), FEATURE_TYPES),
        "patch": _writing("update", known, _UPDATE, lang, {"type": "object"}, PATCH_TYPES),
        "delete": _writing("delete", known, _DELETE, lang, None, ()),
    }
    for made in own.values():
        made["parameters"] = [*path, *made["parameters"], meant]
        made["responses"] = {"204": {"description": "Done; ETag"}, **made["responses"]}
    return own


def _writing(
    name: str,
    known: Collection,
    title: Text,
    lang: Lang,
    schema: Mapping[str, Any] | None,
    kinds: Sequence[str],
) -> dict[str, Any]:
    body = {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
    crs = {"name": "Content-Crs", "in": "header", "required": False, "schema": _TEXT}
    return {
        "tags": ["features"],
        "summary": f"{title.in_(lang)}: {known.title.in_(lang)}",
        "operationId": f"{name}-{known.id}",
        "security": SECURED,
        "parameters": [_lang(), *([crs] if schema else [])],
        "responses": {
            "202": {"description": "Kept as a submission; Location"}, **parts.ERRORS, **_OF_CONTENT,
        },
        **({"requestBody": body} if schema else {}),
    }  # fmt: skip


def _feature(known: Collection, lang: Lang) -> dict[str, Any]:
    own = {
        one.name: {
            name: told
            for name, told in schemas.of_property(one, lang).items()
            if not name.startswith("x-")
        }
        | {"nullable": True}
        for one in known.properties
    }
    return {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": _TEXT,
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True, "properties": own},
        },
    }


def _lang() -> dict[str, Any]:
    return {
        "name": "lang", "in": "query", "required": False,
        "schema": {"type": "string", "enum": ["th", "en"]},
    }  # fmt: skip


def of_people(limits: Limits) -> Iterator[tuple[str, dict[str, Any]]]:
    """Describe the addresses of people who are signed in: files handed in, accounts, the record.

    Parameters
    ----------
    limits : Limits
        Of this installation.

    Yields
    ------
    tuple of (str, dict)
        Each address, and its operations by method.
    """
    for path, methods in _described().items():
        yield path, {name: _operation(name, path, one, limits) for name, one in methods.items()}


@cache
def _described() -> dict[str, Any]:
    routes = []
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                shown = copy.copy(route)
                shown.include_in_schema = True
                routes.append(shown)
    paths: dict[str, Any] = get_openapi(title="-", version="-", routes=routes)["paths"]
    return paths


def _operation(method: str, path: str, told: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    kind = CSV if path.endswith(".csv") else JSON
    content = {kind.partition(";")[0]: {"schema": {"type": "object"} if kind == JSON else _TEXT}}
    if method == "get" and kind == JSON:
        content[HTML.partition(";")[0]] = {"schema": _TEXT}
    done = {"description": "The answer", "content": content}
    answers = dict.fromkeys(("200",) if method == "get" else ("200", "201", "202"), done)
    if method != "get":
        answers |= {"204": {"description": "Done"}, "303": {"description": "A form: see there"}}
    made = {
        "tags": [path.split("/")[1]],
        "summary": told.get("description", told["summary"]).partition("\n")[0],
        "operationId": f"{told['operationId']}-{method}",
        "parameters": [parts.parameter(one, limits, path) for one in told.get("parameters", ())],
        "responses": {**answers, **parts.ERRORS, **_OF_CONTENT},
    }
    if path not in {"/account", "/account/sign-in", "/account/sign-out"}:
        made["security"] = SECURED
    body = _body(method, path)
    return made | ({"requestBody": body} if body else {})


def _body(method: str, path: str) -> dict[str, Any] | None:
    if (method, path) == ("post", "/submissions"):
        file = {"type": "string", "format": "binary"}
        form = {"file": file, "recipe": _TEXT, "note": _TEXT, "csrf": _TEXT}
        return {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": file},
                "multipart/form-data": {
                    "schema": {"type": "object", "required": ["file"], "properties": form}
                },
            },
        }
    words = _BODIES.get((method, path), "").split()
    if not words:
        return None
    own = {word.rstrip("*#!?"): _TYPES.get(word.rstrip("?")[-1], _TEXT) for word in words}
    needed = [word.rstrip("*#!") for word in words if not word.endswith("?")]
    schema = {"type": "object", "properties": own, "additionalProperties": False}
    schema |= {"required": needed} if needed else {}
    return {"required": bool(needed), "content": {JSON: {"schema": schema}}}
