"""Where names of places stand on a map: one point for each place, as vector tiles.

A shape is cut at the edge of every tile, and a map library would name each piece.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql


def tile(
    session: Session,
    level: str,
    place: tuple[int, int, int],
    *,
    day: date | None = None,
    scheme: str | None = None,
) -> bytes:
    """Draw the names of one tile.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        ``region province district subdistrict org``.
    place : tuple of int
        Zoom, column and row of the WebMercatorQuad set.
    day : date, optional
        Of the places in force; today when absent.
    scheme : str, optional
        Of regions.

    Returns
    -------
    bytes
        Mapbox Vector Tile with the layer ``names``, large places first; empty without any.
    """
    zoom, column, row = place
    found = session.scalar(
        fixed_sql("layers", "place_names"),
        {"level": level, "day": day, "scheme": scheme, "zoom": zoom, "x": column, "y": row},
    )
    return bytes(found or b"")
