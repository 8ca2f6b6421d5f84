"""GeoJSON as a document: whether it is a collection at all, and which CRS it states."""

from __future__ import annotations

from typing import Any, Final

import orjson

from geo_service.core.crs import KNOWN_SRIDS, STORAGE_SRID
from geo_service.core.errors import UnknownCRS, UnreadableFile
from geo_service.core.text import Text
from ingest import json_strict

#: Names under which GeoJSON files state a CRS that we know, all with longitude (east) first.
_CRS_NAMES: Final[dict[str, int]] = {
    "urn:ogc:def:crs:ogc:1.3:crs84": STORAGE_SRID,
    "urn:ogc:def:crs:ogc::crs84": STORAGE_SRID,
    "http://www.opengis.net/def/crs/ogc/1.3/crs84": STORAGE_SRID,
    **{f"urn:ogc:def:crs:epsg::{srid}": srid for srid in KNOWN_SRIDS},
    **{f"epsg:{srid}": srid for srid in KNOWN_SRIDS},
}
_SHOWN: Final = 80
_NO_MEMORY: Final = "Not enough memory"


def collection(content: bytes) -> tuple[list[Any], int | None]:
    """Read a collection of features strictly (RFC 7946), an old ``crs`` member included.

    Parameters
    ----------
    content : bytes
        JSON in UTF-8; ``NaN`` and ``Infinity`` are no JSON, and no member stands twice.

    Returns
    -------
    tuple of (list, int or None)
        Its features, not looked at, and the EPSG code that it states.

    Raises
    ------
    UnreadableFile
        If it is no GeoJSON feature collection.
    UnknownCRS
        If it states a CRS that is not known, or an address to fetch one from.
    MemoryError
        If it is larger than this process may read.
    """
    try:
        document = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        if _NO_MEMORY in str(error):
            raise MemoryError from error
        raise UnreadableFile(
            Text(f"ไม่ใช่ JSON ที่ถูกต้อง: {error}", f"It is not valid JSON: {error}")
        ) from error
    json_strict.check(content)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise UnreadableFile(
            Text("ไม่ใช่ GeoJSON FeatureCollection", "It is no GeoJSON FeatureCollection")
        )
    features = document.get("features")
    if not isinstance(features, list):
        raise UnreadableFile(Text("GeoJSON ไม่มี features", "The GeoJSON has no list of features"))
    return features, _stated(document)


def _stated(document: dict[str, Any]) -> int | None:
    member = document.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and name.strip().lower() in _CRS_NAMES:
        return _CRS_NAMES[name.strip().lower()]
    # A crs of type "link" points to an address; nothing is ever fetched from there.
    raise UnknownCRS(
        Text(
            th=f"ไม่รู้จัก crs ที่ไฟล์ระบุ ({str(name)[:_SHOWN]})",
            en=f"The crs that the file states is not known ({str(name)[:_SHOWN]})",
        )
    )
