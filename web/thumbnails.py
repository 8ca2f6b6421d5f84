"""Small maps of the provinces for the gallery: outlines once, a colour per province and map."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape as as_shape
from shapely.geometry.base import BaseGeometry

from geo_service.deps import SessionDep
from layers import outlines, versions
from layers.thematic import ThematicMap
from web import figures, legend

WIDTH: Final = 100.0
#: Width of the smallest detail and of the smallest island drawn, in units of the view box.
DETAIL: Final = 0.5
SMALLEST: Final = 0.8
MOST_KEPT: Final = 400

Thing = TypeVar("Thing")


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


class Shelf(Generic[Thing]):
    """Keeps what was drawn for a version of the data; old things fall off."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], Thing] = OrderedDict()
        self._lock = Lock()

    def take(self, key: tuple[str, int, int]) -> Thing | None:
        """Take what is kept under a key.

        Returns
        -------
        Thing or None
            None when nothing is.
        """
        with self._lock:
            return self._kept.get(key)

    def put(self, key: tuple[str, int, int], thing: Thing) -> None:
        """Keep something; the oldest goes when there is no room."""
        with self._lock:
            self._kept[key] = thing
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


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
        In Mercator's projection, 100 units wide; islets are left out.
    """
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


def thumbnail(thematic: ThematicMap) -> Thumbnail:
    """Colour a small map.

    Parameters
    ----------
    thematic : ThematicMap
        A map by province.

    Returns
    -------
    Thumbnail
        The colours of its classes.
    """
    fills = []
    for place in thematic.places:
        index = legend.class_of(place, thematic.classes)
        entry = None if index is None else thematic.classes[index]
        fills.append((place.code, legend.fill_of(entry) if entry else "#e3e7ec"))
    total = thematic.total.value if thematic.total else None
    return Thumbnail(tuple(fills), total, figures.with_digits(thematic).indicator.decimals)


def state(session: SessionDep, key: str) -> tuple[str, int, int]:
    """Name the state of the data a small map is drawn from.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.

    Returns
    -------
    tuple of (str, int, int)
        The key with the versions of the indicator and of the areas.
    """
    subject = versions.of_indicator(key)
    found = versions.versions_of(session, (subject, "areas"))
    return key, found[subject], found["areas"]


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
