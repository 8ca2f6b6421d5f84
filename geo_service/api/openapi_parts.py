"""What the OpenAPI document says again and again: parameters, answers, the shape of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo_service.api import schemas
from geo_service.api.cube_book import XLSX
from geo_service.api.formats import DOWNLOADED, PROFILE_PATTERN
from geo_service.api.formats import KINDS as FEATURE_KINDS
from geo_service.api.links import CSV, HTML, JSON, MVT, OPENAPI, SCHEMA
from geo_service.api.openapi_cube import QUESTION
from geo_service.api.tilesets import STYLE
from geo_service.core.crs import SERVED_CRS
from geo_service.core.text import Lang
from geo_service.deps import DEFAULT_LIMIT, MAX_OFFSET
from geo_service.problems import PROBLEM_JSON
from layers import ageing
from layers.analysis.classify import MOST_CLASSES
from layers.analysis.forecast import LONGEST_HORIZON
from layers.collection import Collection, Property
from layers.cql2.tree import MAX_CHARACTERS
from layers.models import PLACE_LEVELS, THEMES
from layers.thematic import SCHEMES
from layers.thematic.choices import FEWEST_CLASSES
from layers.tile_matrix import MATRIX_SETS

_CRS = [crs.uri for crs in SERVED_CRS]
_WHOLE = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_FINEST_CELL = 15

#: Short names of ``f`` to media types; addresses that mean another by a name come before.
KINDS: Mapping[str, str] = {
    "html": HTML, "mvt": MVT, "pbf": "application/x-protobuf",
    "arrow": "application/vnd.apache.arrow.stream", "xlsx": XLSX, **FEATURE_KINDS, "json": JSON,
}  # fmt: skip
_KINDS_OF_PATH: Mapping[str, tuple[str, ...]] = {
    "/api": (OPENAPI, JSON, HTML),
    "/queryables": (SCHEMA, JSON, HTML),
    "/sortables": (SCHEMA, JSON, HTML),
    "/schema": (SCHEMA, JSON, HTML),
    ".mvt": (MVT,),
    ".csv": (CSV,),
    ".html": (HTML,),
    "/metrics": ("text/plain",),
    "/style.json": (STYLE,),
    ".json": (JSON,),
    "/downloads/{file_name}": tuple(FEATURE_KINDS[one] for one in DOWNLOADED),
}

#: Addresses that take the same question as a JSON body, too.
ASKED_BY_BODY = ("/cube",)
#: Addresses where something is written down, by who is signed in and may.
WRITTEN = ("/scenarios",)
BODY = {"required": True, "content": {JSON: {"schema": QUESTION}}}

PROBLEM = {
    "description": "A problem document (RFC 9457); browsers get a page",
    "content": {
        PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/problem"}},
        "text/html": {"schema": _TEXT},
    },
}
ERRORS = {
    status: {"$ref": "#/components/responses/problem"}
    for status in ("400", "401", "403", "404", "406", "413", "414", "429", "500", "503", "504")
}


def _object(*required: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _reference(name)}


SCHEMAS: Mapping[str, Any] = {
    "crs": {"type": "string", "enum": _CRS, "default": _CRS[0]},
    "problem": _object(
        "type", "code", "title", "status", "detail",
        type={"type": "string", "format": "uri"}, code=_TEXT, title=_TEXT,
        status={"type": "integer"}, detail=_TEXT, instance=_TEXT,
    ),
    "link": _object(
        "href", "rel",
        href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, hreflang=_TEXT,
        templated={"type": "boolean"},
    ),
    "landingPage": _object(
        "title", "links", title=_TEXT, description=_TEXT, links=_list_of("link")
    ),
    "conformance": _object("conformsTo", conformsTo={"type": "array", "items": _TEXT}),
    "collection": _object(
        "id", "links", "extent", "itemType", "crs",
        id=_TEXT, title=_TEXT, description=_TEXT, itemType={"type": "string", "enum": ["feature"]},
        extent={"type": "object"}, crs={"type": "array", "items": _TEXT}, storageCrs=_TEXT,
        links=_list_of("link"),
    ),
    "collections": _object(
        "links", "collections", links=_list_of("link"), collections=_list_of("collection")
    ),
    "feature": _object(
        "type", "geometry", "properties",
        type={"type": "string", "enum": ["Feature"]}, id=_TEXT,
        geometry={"type": "object", "nullable": True},
        properties={"type": "object", "nullable": True},
        links=_list_of("link"),
    ),
    "features": _object(
        "type", "features",
        type={"type": "string", "enum": ["FeatureCollection"]}, features=_list_of("feature"),
        links=_list_of("link"), timeStamp={"type": "string", "format": "date-time"},
        numberMatched=_WHOLE, numberReturned=_WHOLE,
    ),
}  # fmt: skip
_SCHEMA_OF_PATH: Mapping[str, str] = {
    "/": "landingPage",
    "/conformance": "conformance",
    "/collections": "collections",
    "/collections/{collection_id}": "collection",
}


#: What a name means at one address only.
_OF_PATH: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("/ageing", "horizon"): {
        "type": "integer", "minimum": ageing.TREND_YEARS, "maximum": ageing.LONGEST_YEARS,
    },
    ("/scenarios/{name}", "version"): {"type": "integer", "minimum": 1, "maximum": 10_000},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What the parameters of this installation may be."""

    most_features: int
    collections: tuple[str, ...]
    indicators: tuple[str, ...]


def parameter(told: Mapping[str, Any], limits: Limits, path: str) -> dict[str, Any]:
    """Describe a parameter of an address.

    Parameters
    ----------
    told : mapping
        As FastAPI describes it.
    limits : Limits
        Of this installation.
    path : str
        Template of the address.

    Returns
    -------
    dict
        OpenAPI 3.0; choices that its description lists with ``|`` become an enumeration.
    """
    name, place = told["name"], told["in"]
    made: dict[str, Any] = {"name": name, "in": place, "required": place == "path"}
    if "description" in told:
        made["description"] = told["description"]
    # A scheme of a tile of names is one of regions, not of classes.
    is_plain = name == "scheme" and "/names/" in path
    schema: Mapping[str, Any] = _TEXT if is_plain else _known(limits).get(name, _TEXT)
    schema = _OF_PATH.get((path, name), schema)
    choices = [part.strip() for part in told.get("description", "").partition(";")[0].split("|")]
    is_choice = len(choices) > 1 or name == "f"
    if is_choice and all(part.replace("-", "").isalnum() for part in choices):
        schema = {"type": "string", "enum": choices}
    return made | _style(place) | {"schema": schema}


def parameters_of(
    known: Collection, taken: Sequence[Mapping[str, Any]], lang: Lang
) -> list[dict[str, Any]]:
    """Describe the parameters of a collection's items: only its own names are understood.

    Parameters
    ----------
    known : Collection
        From the register.
    taken : sequence of mapping
        Parameters of every collection.
    lang : {"th", "en"}
        Language of the descriptions.

    Returns
    -------
    list of dict
        With a parameter for each queryable.
    """
    names = [one.name for one in known.properties]
    sortable = [one.name for one in known.properties if one.is_queryable]
    own = {
        "properties": _choice(names),
        "sortby": _choice([f"{sign}{name}" for name in sortable for sign in ("", "-")]),
    }
    made = [
        dict(one) | ({"schema": own[one["name"]]} if one["name"] in own else {}) for one in taken
    ]
    used = {one["name"] for one in taken}
    return made + [
        _queryable(one, lang)
        for one in known.properties
        if one.is_queryable and one.name not in used
    ]


def answer(path: str, parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Describe the answer of an address that went well.

    Parameters
    ----------
    path : str
        Template of the address.
    parameters : sequence of mapping
        Its parameters; ``f`` tells the representations.

    Returns
    -------
    dict
        OpenAPI 3.0, by media type.
    """
    form: list[str] = next(
        (one["schema"].get("enum", []) for one in parameters if one["name"] == "f"), []
    )
    kinds = next(
        (kinds for end, kinds in _KINDS_OF_PATH.items() if path.endswith(end)),
        tuple(KINDS[one] for one in form if one in KINDS) or (JSON,),
    )
    schema: dict[str, Any] = {"type": "object"}
    if path in _SCHEMA_OF_PATH:
        schema = _reference(_SCHEMA_OF_PATH[path])
    elif path.endswith("/items"):
        schema = _reference("features")
    elif "/items/" in path:
        schema = _reference("feature")
    content = {
        kind.partition(";")[0] if kind != OPENAPI else kind: {"schema": _of_kind(kind, schema)}
        for kind in kinds
    }
    return {"description": "The answer", "content": content}


def is_tile(path: str) -> bool:
    """Tell whether an address gives tiles, which may be empty.

    Parameters
    ----------
    path : str
        Template of the address.

    Returns
    -------
    bool
        True for vector tiles.
    """
    return path.endswith((".mvt", "{tile_col}"))


def _of_kind(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    if "seq" in kind:
        return _TEXT
    if "json" in kind:
        return schema
    return _TEXT if kind.startswith("text/") else {"type": "string", "format": "binary"}


def _queryable(one: Property, lang: Lang) -> dict[str, Any]:
    schema = schemas.of_property(one, lang)
    title = schema.pop("title")
    # A value outside the list is no mistake: nothing is equal to it.
    plain = {name: told for name, told in schema.items() if name in {"type", "format"}}
    head = {"name": one.name, "in": "query", "required": False, "description": title}
    return head | _style("query") | {"schema": plain}


def _style(place: str) -> dict[str, Any]:
    # OGC API - Features, 7.15: of bbox, datetime and limit this is required in so many words.
    return {"style": "form", "explode": False} if place == "query" else {}


def _choice(names: Sequence[str]) -> dict[str, Any]:
    one = {"type": "string", "enum": list(names)}
    return {"type": "array", "minItems": 1, "items": one}


def _known(limits: Limits) -> dict[str, dict[str, Any]]:
    most = limits.most_features
    crs = _reference("crs")
    tile = _WHOLE | {"maximum": max(one.deepest for one in MATRIX_SETS.values())}
    subject = {"type": "string", "enum": list(limits.indicators)}
    return {
        "collection_id": {"type": "string", "enum": list(limits.collections)},
        "matrix_set": {"type": "string", "enum": list(MATRIX_SETS)},
        "indicator": subject, "key": subject,
        "lang": {"type": "string", "enum": ["th", "en"]},
        "limit": {
            "type": "integer", "minimum": 1, "maximum": most, "default": min(DEFAULT_LIMIT, most),
        },
        "offset": _WHOLE | {"maximum": MAX_OFFSET, "default": 0},
        "bbox": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        "bbox-crs": crs, "crs": crs, "filter-crs": crs,
        "datetime": {"type": "string", "format": "interval"},
        "period": {"type": "string", "format": "period"},
        "compare": {"type": "string", "format": "period"},
        "filter": {"type": "string", "format": "cql2", "maxLength": MAX_CHARACTERS},
        "cursor": {"type": "string", "format": "cursor"},
        "profile": {
            "type": "array", "minItems": 1,
            "items": {"type": "string", "pattern": f"^({PROFILE_PATTERN})$"},
        },
        "collections": _choice(limits.collections),
        "properties": {"type": "array", "minItems": 1, "items": _TEXT},
        "sortby": {"type": "array", "minItems": 1, "items": _TEXT},
        "level": {"type": "string", "enum": list(PLACE_LEVELS)},
        "place": {"type": "string", "minLength": 1},
        "horizon": {"type": "integer", "minimum": 1, "maximum": LONGEST_HORIZON},
        "scheme": {"type": "string", "enum": list(SCHEMES)},
        "theme": {"type": "string", "enum": list(THEMES)},
        "classes": {
            "type": "integer", "minimum": FEWEST_CLASSES, "maximum": MOST_CLASSES, "default": 5,
        },
        "components": {"type": "boolean", "default": False},
        "resolution": _WHOLE | {"maximum": _FINEST_CELL},
        "z": tile, "tile_matrix": tile,
        **dict.fromkeys(("x", "y", "tile_row", "tile_col"), _WHOLE),
    }  # fmt: skip
