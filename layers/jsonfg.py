"""Features in JSON-FG 1.0 (OGC 21-045r1): GeoJSON with the time, and shapes in any system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from geo_service.core.crs import CRS84
from layers.collection import Collection
from layers.questions import Question

CONFORMS_TO = (
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
)
_PROFILES = "http://www.opengis.net/def/profile/OGC/0"
PROFILE = f"{_PROFILES}/jsonfg"
#: GeoJSON and nothing else.
PLAIN_PROFILE = f"{_PROFILES}/rfc7946"

_TIMES = (("valid_from", "valid_to"), ("period_start", "period_end"))
_DIMENSIONS = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1,
               "Polygon": 2, "MultiPolygon": 2}  # fmt: skip
# A quotation mark within a text is escaped: these stand between members and nowhere else.
_GEOMETRY, _PROPERTIES = ',"geometry":', ',"properties":{'


def widened(question: Question) -> Question:
    """Ask for the properties that tell the time, too, when some were chosen.

    Parameters
    ----------
    question : Question
        What is asked.

    Returns
    -------
    Question
        For `layers.features`; `feature` takes what was added away again.
    """
    if question.properties is None:
        return question
    added = [name for name in _times(question.collection) if name not in question.properties]
    return replace(question, properties=(*question.properties, *added)) if added else question


def members(question: Question, schema: str | None = None) -> dict[str, Any]:
    """Tell what holds for a document.

    Parameters
    ----------
    question : Question
        What is asked.
    schema : str, optional
        Address of the collection's schema.

    Returns
    -------
    dict
        Members of the root: conformance, type, and the system of ``place``.
    """
    known = question.collection
    told: dict[str, Any] = {"conformsTo": list(CONFORMS_TO), "featureType": known.id}
    if schema is not None:
        told["featureSchema"] = schema
    if known.geometry_type in _DIMENSIONS:
        told["geometryDimension"] = _DIMENSIONS[known.geometry_type]
    if question.crs != CRS84:
        told["coordRefSys"] = question.crs.uri
    return told


def feature(text: str, question: Question) -> str:
    """Bring a feature from GeoJSON to JSON-FG.

    Parameters
    ----------
    text : str
        From `layers.features`, for the `widened` question.
    question : Question
        What is asked.

    Returns
    -------
    str
        With ``time`` and ``place``. A shape in longitude and latitude stands in ``geometry``
        (7.6), one in another system in ``place``.
    """
    head, mark, rest = text.partition(_PROPERTIES)
    if question.crs == CRS84:
        head += ',"place":null'
    else:
        head = head.replace(_GEOMETRY, f'{_GEOMETRY}null,"place":', 1)
    own = orjson.loads(f"{{{rest[:-1]}")
    time = orjson.dumps(_time(own, question.collection)).decode()
    if question.properties is not None and len(own) > len(question.properties):
        asked = {name: own[name] for name in question.properties}
        rest = f"{orjson.dumps(asked).decode()[1:]}}}"
    return f'{head},"time":{time}{mark}{rest}'


def _times(collection: Collection) -> tuple[str, ...]:
    for pair in _TIMES:
        if collection.property(pair[0]) is not None:
            return pair
    return ()


def _time(own: Mapping[str, Any], collection: Collection) -> dict[str, Any] | None:
    days = [own.get(name) for name in _times(collection)]
    return {"interval": [day or ".." for day in days]} if any(days) else None
