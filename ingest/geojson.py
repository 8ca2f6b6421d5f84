"""GeoJSON, read strictly (RFC 7946) and by ourselves: rows of text with a shape each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from boundaries import projection
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.errors import UnknownCRS, UnreadableFile
from geo_service.core.text import Text
from ingest import geojson_text

#: Features named in a message.
_SHOWN = 5
_GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
)


@dataclass(frozen=True, slots=True)
class GeoRow:
    """One feature: its number in the file from 1, its properties as text, its shape.

    ``shape`` is in EPSG:4326, or None when the feature has none; ``fault`` says why a shape
    that was given cannot be read.
    """

    number: int
    cells: Mapping[str, str | None]
    shape: BaseGeometry | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class GeoFile:
    """A file of shapes as read: rows in EPSG:4326, the CRS it was in, how its text was read."""

    rows: tuple[GeoRow, ...]
    headings: tuple[str, ...]
    srid: int
    encoding: str


def parse_geojson(content: bytes, *, crs: int | None = None, worldwide: bool = False) -> GeoFile:
    """Read GeoJSON strictly (RFC 7946), an old ``crs`` member included if we know it.

    Parameters
    ----------
    content : bytes
        JSON in UTF-8; ``NaN`` and ``Infinity`` are no JSON.
    crs : int, optional
        EPSG code the recipe states.
    worldwide : bool
        Whether the recipe expects shapes outside Thailand.

    Returns
    -------
    GeoFile
        Shapes in EPSG:4326; a shape that cannot be read has its ``fault``.

    Raises
    ------
    UnreadableFile
        If it is no GeoJSON feature collection, or not strict JSON.
    UnknownCRS
        If the CRS is not known, or the coordinates contradict it.
    """
    features, stated = geojson_text.collection(content)
    srid = agreed(stated, crs, default=STORAGE_SRID)
    rows = [_geojson_row(number, one) for number, one in enumerate(features, start=1)]
    return finish(rows, srid, "utf-8", worldwide=worldwide)


def _geojson_row(number: int, feature: object) -> GeoRow:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise UnreadableFile(
            Text(f"รายการที่ {number} ไม่ใช่ Feature", f"Member {number} of features is no Feature")
        )
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise UnreadableFile(
            Text(
                f"properties ของรายการที่ {number} ไม่ใช่ออบเจกต์",
                f"The properties of feature {number} are no object",
            )
        )
    cells = {str(name): as_text(value) for name, value in properties.items()}
    if "id" in feature and "id" not in cells:
        cells["id"] = as_text(feature["id"])
    shape, fault = _geojson_shape(feature.get("geometry"))
    return GeoRow(number, cells, shape, fault)


def _geojson_shape(value: object) -> tuple[BaseGeometry | None, str]:
    if value is None:
        return None, ""
    if not isinstance(value, dict) or value.get("type") not in _GEOMETRY_TYPES:
        return None, "unknown geometry type"
    try:
        shape = shapely.from_geojson(orjson.dumps(value))
    except shapely.errors.GEOSException as error:
        return None, str(error).partition(":")[2].strip()[:200] or "malformed coordinates"
    if shape is None or shape.is_empty:
        return None, "empty geometry"
    return shapely.force_2d(shape), ""


def agreed(stated: int | None, recipe: int | None, *, default: int | None) -> int:
    """Settle which CRS a file is in.

    Parameters
    ----------
    stated : int or None
        EPSG code the file states.
    recipe : int or None
        EPSG code the recipe states.
    default : int or None
        What the format itself says; None when it says nothing.

    Returns
    -------
    int
        EPSG code.

    Raises
    ------
    UnknownCRS
        If file and recipe differ, or nobody says.
    """
    if stated is not None and recipe is not None and stated != recipe:
        raise UnknownCRS(
            Text(
                th=f"ไฟล์ระบุ EPSG:{stated} แต่สูตรระบุ EPSG:{recipe}",
                en=f"The file states EPSG:{stated}, the recipe EPSG:{recipe}",
            )
        )
    srid = stated or recipe or default
    if srid is None:
        raise UnknownCRS(
            Text(
                th="ไฟล์ไม่ระบุระบบพิกัด โปรดระบุ crs ในสูตรนำเข้า เช่น crs = 32647",
                en="The file does not state its CRS; state it in the recipe, e.g. crs = 32647",
            )
        )
    return srid


def finish(rows: list[GeoRow], srid: int, encoding: str, *, worldwide: bool = False) -> GeoFile:
    """Check the claimed CRS against the coordinates and bring them to EPSG:4326.

    Parameters
    ----------
    rows : list of GeoRow
        With shapes as the file has them.
    srid : int
        EPSG code of the shapes.
    encoding : str
        How the text was read.
    worldwide : bool
        Whether the recipe expects shapes outside Thailand.

    Returns
    -------
    GeoFile
        Shapes in EPSG:4326.

    Raises
    ------
    UnknownCRS
        If they contradict each other; a few odd ones are named by their number.
    """
    shapes = [row.shape for row in rows if row.shape is not None]
    if shapes:
        bounds = shapely.total_bounds(shapes).tolist()
        try:
            projection.check_claim(bounds, srid, worldwide=worldwide)
        except UnknownCRS as fault:
            named = _named(rows, srid, fault, worldwide=worldwide)
            raise named from fault
    if srid != STORAGE_SRID and shapes:
        moved = iter(projection.to_srid(shapely.from_wkb(shapely.to_wkb(shapes)), srid))
        rows = [
            row if row.shape is None else GeoRow(row.number, row.cells, next(moved), row.fault)
            for row in rows
        ]
    headings = tuple(dict.fromkeys(name for row in rows for name in row.cells))
    return GeoFile(tuple(rows), headings, srid, encoding)


def _named(rows: list[GeoRow], srid: int, fault: UnknownCRS, *, worldwide: bool) -> UnknownCRS:
    # A few odd shapes among good ones are named; where all are odd, the file is.
    strays: list[tuple[int, UnknownCRS]] = []
    for row in rows:
        if row.shape is not None:
            try:
                projection.check_claim(row.shape.bounds, srid, worldwide=worldwide)
            except UnknownCRS as own:
                strays.append((row.number, own))
    if not strays or len(strays) == sum(row.shape is not None for row in rows):
        return fault
    first = ", ".join(str(number) for number, _ in strays[:_SHOWN])
    why = strays[0][1].detail
    return UnknownCRS(
        Text(
            th=f"รายการที่ {first} ({len(strays):,} รายการ): {why.th}",
            en=f"Features {first} ({len(strays):,} of them): {why.en}",
        ),
        rows=[number for number, _ in strays[:_SHOWN]],
    )


def as_text(value: object) -> str:
    """Write one property as a cell of text.

    Parameters
    ----------
    value : object
        As JSON or Arrow gave it.

    Returns
    -------
    str
        Empty for none; whole numbers without a fraction.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return str(value)
