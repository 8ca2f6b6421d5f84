"""Coordinate reference systems the service knows, and the doors between them.

Storage is EPSG:4326 with longitude first. Nothing is guessed: a file states its CRS, or
its format does (GeoJSON), and coordinates must be able to be what they claim.
"""

from __future__ import annotations

from dataclasses import dataclass

from geo_service.core.errors import UnsupportedCRS
from geo_service.core.text import Text

STORAGE_SRID = 4326
TILE_SRID = 3857

#: Systems in use in Thailand that files may be in. 24047/24048/4240 are Indian 1975.
KNOWN_SRIDS = (4326, 3857, 32647, 32648, 24047, 24048, 4240)

#: Thailand with its territorial sea, degrees EPSG:4326 (west, south, east, north).
THAILAND_BBOX = (97.3, 5.6, 105.7, 20.5)

_OGC, _EPSG = "http://www.opengis.net/def/crs/OGC/1.3/", "http://www.opengis.net/def/crs/EPSG/0/"


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system as callers name it.

    ``decimals`` are the digits that make about a decimetre or better: 6 of a degree, 2 of a
    metre. ``lat_first`` is the axis order of the authority.
    """

    uri: str
    srid: int
    lat_first: bool
    decimals: int

    @property
    def is_degrees(self) -> bool:
        """Whether coordinates are longitudes and latitudes."""
        return self.srid == STORAGE_SRID

    @property
    def limits(self) -> tuple[float, float, float, float]:
        """Coordinates that can exist in this CRS: west, south, east, north; degrees or metres."""
        if self.is_degrees:
            return (-180.0, -90.0, 180.0, 90.0)
        if self.srid == TILE_SRID:
            return (-20_037_508.35, -20_048_966.11, 20_037_508.35, 20_048_966.11)
        return (-1_500_000.0, -10_000_000.0, 2_500_000.0, 10_000_000.0)


CRS84 = Crs(f"{_OGC}CRS84", STORAGE_SRID, lat_first=False, decimals=6)

#: Systems that answers and bounding boxes may be in, CRS84 first (OGC API - Features, Part 2).
SERVED_CRS = (
    CRS84,
    Crs(f"{_EPSG}4326", STORAGE_SRID, lat_first=True, decimals=6),
    Crs(f"{_EPSG}3857", TILE_SRID, lat_first=False, decimals=2),
    Crs(f"{_EPSG}32647", 32647, lat_first=False, decimals=2),
    Crs(f"{_EPSG}32648", 32648, lat_first=False, decimals=2),
    Crs(f"{_EPSG}24047", 24047, lat_first=False, decimals=2),
    Crs(f"{_EPSG}24048", 24048, lat_first=False, decimals=2),
)


def parse_crs(text: str, *, parameter: str = "crs") -> Crs:
    """Find a reference system by its URI or by its short name.

    Parameters
    ----------
    text : str
        ``http://www.opengis.net/def/crs/EPSG/0/32647``, ``[EPSG:32647]`` or ``EPSG:32647``.
    parameter : str
        Name of the parameter, for the error.

    Returns
    -------
    Crs
        One of `SERVED_CRS`.

    Raises
    ------
    UnsupportedCRS
        If the service does not speak it.
    """
    short = text.strip().removeprefix("[").removesuffix("]")
    authority, _, code = short.partition(":")
    uris = {short, f"{_EPSG}{code}" if authority == "EPSG" else f"{_OGC}{code}"}
    for known in SERVED_CRS:
        if known.uri in uris:
            return known
    raise UnsupportedCRS(
        Text(
            th=f"ไม่รองรับระบบพิกัด '{text[:100]}'",
            en=f"'{text[:100]}' is not a reference system this service speaks",
        ),
        parameter=parameter,
        known=[crs.uri for crs in SERVED_CRS],
    )
