"""Small maps of the provinces for the gallery: outlines once, a colour per province and map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape as as_shape
from shapely.geometry.base import BaseGeometry

from geo_service.core.known import shelved
from geo_service.deps import SessionDep
from layers import outlines
from layers.thematic.small import SmallMap
from web import figures, legend

WIDTH: Final = 100.0
#: Width of the smallest detail and of the smallest island drawn, in units of the view box.
DETAIL: Final = 0.5
SMALLEST: Final = 0.8
_PATH_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Outline:
    """Outlines of the provinces as SVG paths by code, and the view box they fill."""

    box: str
    paths: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Fills by province code, the whole's value, and the digits the values bear."""

    fills: tuple[tuple[str, str], ...]
    total: float | None
    decimals: int


def outline(session: SessionDep, places: dict[int, str], level: str = "province") -> Outline:
    """Draw the provinces, or other areas of one level, small.

    Parameters
    ----------
    session : Session
        Only read.
    places : dict of int to str
        Ids and codes of the areas.
    level : str
        Their level.

    Returns
    -------
    Outline
        In Mercator's projection, 100 units wide; islets are left out. Drawn once for a state of
        the data, where that is known.
    """
    return shelved(
        session,
        ("outline", level, tuple(sorted(places))),
        lambda: _drawn(session, places, level),
        lambda made: sum(_PATH_BYTES + len(path) for _, path in made.paths),
    )


def _drawn(session: SessionDep, places: dict[int, str], level: str) -> Outline:
    drawn = outlines.read(session, level, list(places))
    shapes = {
        key: shapely.transform(as_shape(one), _project)
        for key, one in drawn.items()
        if one["type"] in {"Polygon", "MultiPolygon"}
    }
    if not shapes:
        return Outline(f"0 0 {WIDTH:g} {WIDTH:g}", ())
    west, north, east, south = shapely.total_bounds(list(shapes.values()))
    scale = WIDTH / (east - west)
    fitted = {
        key: shapely.transform(one, lambda xy: (xy - (west, north)) * scale)
        for key, one in shapes.items()
    }
    simpler = shapely.coverage_simplify(list(fitted.values()), DETAIL)
    paths = [(places[key], _path(one)) for key, one in zip(fitted, simpler, strict=True)]
    return Outline(f"0 0 {WIDTH:g} {(south - north) * scale:.0f}", tuple(paths))


def thumbnail(small: SmallMap) -> Thumbnail:
    """Colour a small map.

    Parameters
    ----------
    small : SmallMap
        A map by province.

    Returns
    -------
    Thumbnail
        The colours of its classes.
    """
    fills = [legend.fill_of(entry) for entry in small.classes]
    values = [value for _, value, _ in small.places if value is not None]
    return Thumbnail(
        tuple((code, fills[index]) for code, _, index in small.places),
        small.total,
        figures.decimals_of(small.indicator, values),
    )


def _project(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    # Mercator, north up: y grows to the south, as SVG wants it
    lat = np.radians(lonlat[:, 1])
    return np.column_stack([lonlat[:, 0], -np.degrees(np.arcsinh(np.tan(lat)))])


def _path(shape: BaseGeometry) -> str:
    parts = list(getattr(shape, "geoms", [shape]))
    drawn = [one for one in parts if one.area > SMALLEST] or [max(parts, key=lambda p: p.area)]
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in one.exterior.coords[:-1]) + "z"
        for one in drawn
    )
