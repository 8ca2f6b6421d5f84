"""From one coordinate reference system to another, and whether coordinates are what they claim."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo_service.core.crs import KNOWN_SRIDS, STORAGE_SRID, THAILAND_BBOX
from geo_service.core.errors import UnknownCRS
from geo_service.core.text import Text

#: Geometries of one kind in an array.
Shapes = NDArray[np.object_]

#: Degrees around Thailand within which a coordinate may lie.
_MARGIN_DEG = 1.0
_ROUNDING_DEG = 1e-9
_MAX_LON_DEG, _MAX_LAT_DEG = 180.0, 90.0


def to_srid(shapes: Shapes, source: int, target: int = STORAGE_SRID) -> Shapes:
    """Bring shapes from one known CRS to another, longitude (east) first.

    Parameters
    ----------
    shapes : ndarray, shape (n,)
        Geometries in the EPSG code ``source``.
    source, target : int
        EPSG codes, two of ``KNOWN_SRIDS``.

    Returns
    -------
    ndarray, shape (n,)
        Geometries in EPSG code ``target``.
    """
    if source == target:
        return shapes
    transformer = _transformer(source, target)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), move), dtype=np.object_)


def check_claim(bounds: Sequence[float], srid: int, *, worldwide: bool = False) -> None:
    """Refuse coordinates that cannot be what they claim.

    Parameters
    ----------
    bounds : sequence of float, length 4
        West, south, east, north in the units (degrees or metres) of ``srid``.
    srid : int
        EPSG code the file or its recipe states.
    worldwide : bool
        Whether the recipe expects shapes outside Thailand; then longitudes and latitudes of
        EPSG:4326 need only exist.

    Raises
    ------
    UnknownCRS
        If the code is unknown, or the coordinates lie outside Thailand in it; the detail says
        when they look like swapped axes, metres as degrees or degrees as metres.
    """
    if srid not in KNOWN_SRIDS:
        known = ", ".join(str(code) for code in KNOWN_SRIDS)
        raise UnknownCRS(
            Text(
                th=f"ไม่รู้จักระบบพิกัด EPSG:{srid} ที่รู้จักคือ {known}",
                en=f"EPSG:{srid} is not known; known are {known}",
            )
        )
    west, south, east, north = (float(value) for value in bounds)
    if not np.isfinite([west, south, east, north]).all():
        raise UnknownCRS(Text(th="มีพิกัดที่ไม่ใช่จำนวนจริง", en="Some coordinates are not finite numbers"))
    if _claim_holds((west, south, east, north), srid):
        return
    if worldwide and srid == STORAGE_SRID and _within_world((west, south, east, north)):
        return
    stated = f"{west:g} {south:g} {east:g} {north:g}"
    hint = _what_it_looks_like((west, south, east, north), srid)
    raise UnknownCRS(
        Text(
            th=f"พิกัด ({stated}) ไม่อยู่ในประเทศไทยตามระบบ EPSG:{srid} {hint.th}",
            en=f"Coordinates ({stated}) are not in Thailand as EPSG:{srid}. {hint.en}",
        )
    )


def _claim_holds(bounds: tuple[float, float, float, float], srid: int) -> bool:
    west, south, east, north = bounds
    if srid in {4326, 4240}:
        corners = bounds
    else:
        if max(abs(value) for value in bounds) <= _MAX_LON_DEG:
            return False
        corners = _transformer(srid, STORAGE_SRID).transform_bounds(west, south, east, north)
    return _within_thailand(corners)


def _within_world(bounds: Sequence[float]) -> bool:
    # Files of the whole world overshoot by the last digits of a double.
    west, south, east, north = bounds
    lon, lat = _MAX_LON_DEG + _ROUNDING_DEG, _MAX_LAT_DEG + _ROUNDING_DEG
    return bool(-lon <= west <= east <= lon and -lat <= south <= north <= lat)


def _within_thailand(bounds: Sequence[float]) -> bool:
    west, south, east, north = bounds
    box = THAILAND_BBOX
    return bool(
        box[0] - _MARGIN_DEG <= west <= east <= box[2] + _MARGIN_DEG
        and box[1] - _MARGIN_DEG <= south <= north <= box[3] + _MARGIN_DEG
    )


def _what_it_looks_like(bounds: tuple[float, float, float, float], srid: int) -> Text:
    west, south, east, north = bounds
    geographic = srid in {4326, 4240}
    if _within_thailand((south, west, north, east)):
        return Text(
            th="ดูเหมือนสลับลองจิจูดกับละติจูด ลองจิจูดต้องมาก่อน",
            en="They look like swapped axes; longitude comes first.",
        )
    if geographic and max(abs(west), abs(east)) > _MAX_LON_DEG:
        fits = [code for code in KNOWN_SRIDS if code not in {4326, 4240}]
        fits = [code for code in fits if _claim_holds(bounds, code)]
        codes = ", ".join(f"EPSG:{code}" for code in fits) or "-"
        return Text(
            th=f"ดูเหมือนเป็นเมตรไม่ใช่องศา ระบบที่เป็นไปได้: {codes} โปรดระบุ crs ในสูตรนำเข้า",
            en=f"They look like metres, not degrees; possible: {codes}. State crs in the recipe.",
        )
    if not geographic and _within_thailand(bounds):
        return Text(
            th="ดูเหมือนเป็นองศาไม่ใช่เมตร โปรดระบุ crs = 4326 ในสูตรนำเข้า",
            en="They look like degrees, not metres; state crs = 4326 in the recipe.",
        )
    return Text(
        th="โปรดตรวจระบบพิกัดของไฟล์แล้วระบุ crs ในสูตรนำเข้า",
        en="Find out the file's CRS and state crs in the recipe.",
    )


@cache
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
