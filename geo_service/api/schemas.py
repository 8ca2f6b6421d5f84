"""Collections and their properties in the words of OGC API and JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from geo_service.api.links import CSV, GEOJSON, HTML, JSON, MVT, SCHEMA, Links
from geo_service.core.crs import CRS84, SERVED_CRS
from geo_service.core.text import Lang, Text
from layers.analysis.ucum import code_of
from layers.collection import Collection, Property, within
from layers.filters import Interval, Kind

#: What a JSON Schema of a collection tells: all properties, those of filters, those of sorting.
SchemaPart = Literal["schema", "queryables", "sortables"]

_TYPES: dict[Kind, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "list": {"type": "array", "items": {"type": "string"}},
}
#: What a property is for, in the words of Part 5. A feature of a history has no property that is
#: its identifier: it is of a place and a period.
_ROLES = {
    "code": "id",
    "valid_from": "primary-interval-start", "valid_to": "primary-interval-end",
}  # fmt: skip
_ROLES_OF_HISTORY = {
    "period_start": "primary-interval-start", "period_end": "primary-interval-end",
}  # fmt: skip
_UNIT = Text("หน่วย: ", "Unit: ")
_GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


def of_collection(
    collection: Collection,
    links: Links,
    extent: tuple[float, float, float, float],
    interval: Interval | None = None,
) -> dict[str, Any]:
    """Describe a collection.

    Parameters
    ----------
    collection : Collection
        From the register.
    links : Links
        Of the answer.
    extent : tuple of float
        west, south, east, north in EPSG:4326 degrees.
    interval : Interval, optional
        First and last day. Of one with an open end nothing is told: OGC's test suite reads both.

    Returns
    -------
    dict
        As OGC API - Features, Part 1 (7.14) and Part 2 (6.2) have it.
    """
    lang, path = links.lang, f"/collections/{collection.id}"
    return {
        "id": collection.id,
        "title": collection.title.in_(lang),
        "description": collection.description.in_(lang),
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [list(extent)], "crs": CRS84.uri}, **_temporal(interval)},
        "crs": [crs.uri for crs in SERVED_CRS],
        "storageCrs": CRS84.uri,
        "links": [
            links.link("self", path, JSON),
            links.link("items", f"{path}/items", GEOJSON, collection.title),
            links.made("items", links.to(f"{path}/items", f="html"), HTML, collection.title),
            links.made("items", links.to(f"{path}/items", f="csv"), CSV, collection.title),
            links.link(
                "http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{path}/queryables", SCHEMA
            ),
            links.link(
                "http://www.opengis.net/def/rel/ogc/1.0/sortables", f"{path}/sortables", SCHEMA
            ),
            links.link("http://www.opengis.net/def/rel/ogc/1.0/schema", f"{path}/schema", SCHEMA),
            links.link(
                "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", f"{path}/tiles", JSON
            ),
            links.made(
                "item",
                f"{links.base}{path}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
                MVT,
            )
            | {"templated": True},
        ],
    }


def _temporal(interval: Interval | None) -> dict[str, Any]:
    if interval is None or interval.start is None or interval.end is None:
        return {}
    told = [f"{interval.start}T00:00:00Z", f"{interval.end}T23:59:59Z"]
    return {"temporal": {"interval": [told], "trs": _GREGORIAN}}


def of_property(known: Property, lang: Lang) -> dict[str, Any]:
    """Describe a property.

    Parameters
    ----------
    known : Property
        Of a collection.
    lang : {"th", "en"}
        Language of the title.

    Returns
    -------
    dict
        JSON Schema.
    """
    told: dict[str, Any] = {"title": known.title.in_(lang), **_TYPES[known.kind]}
    if known.unit is not None:
        told["description"] = f"{_UNIT.in_(lang)}{known.unit.in_(lang)}"
        code = code_of(known.unit.en)
        told |= {} if code is None else {"x-ogc-unit": code}
    if known.values:
        told["enum"] = list(known.values)
    return told


def of_properties(collection: Collection, links: Links, part: SchemaPart) -> dict[str, Any]:
    """Describe the properties of a collection, all or those for a purpose.

    Parameters
    ----------
    collection : Collection
        From the register.
    links : Links
        Of the answer.
    part : {"schema", "queryables", "sortables"}
        All, or those that filters or ``sortby`` may name; lists stand in filters only.

    Returns
    -------
    dict
        JSON Schema, as Part 3 (queryables) and Part 5 (schemas, sortables) have it.
    """
    shape: dict[str, Any] = {
        "geometry": {
            "title": Text("รูปร่าง", "Shape").in_(links.lang),
            "x-ogc-role": "primary-geometry",
            "format": f"geometry-{collection.geometry_type.lower()}"
            if collection.geometry_type != "Geometry"
            else "geometry-any",
        }
    }
    properties = ({} if part == "sortables" else shape) | {
        known.name: of_property(known, links.lang)
        for known in collection.properties
        if known.is_queryable or part != "sortables"
    }
    if part == "schema":
        for name in _derived(collection):
            properties[name]["readOnly"] = True
    roles = _ROLES_OF_HISTORY if collection.family in {"history", "outlook"} else _ROLES
    for name in roles.keys() & properties.keys():
        properties[name]["x-ogc-role"] = roles[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": links.to(f"/collections/{collection.id}/{part}"),
        "type": "object",
        "title": collection.title.in_(links.lang),
        "properties": properties,
        "additionalProperties": False,
    }


def _derived(collection: Collection) -> list[str]:
    # Of features that are written one by one: what follows from their shape (docs/api/editing.md).
    if collection.family != "feature":
        return []
    places = within("org")
    return [one.name for one in collection.properties if one in places or one.name == "flags"]
