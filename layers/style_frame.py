"""What stands around the data of a map style: sea and neighbours, borders, names, the whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Any, Literal

from geo_service.core.text import Lang, Text
from layers.collection import Collection

Look = Literal["light", "dark"]
Layer = dict[str, Any]
Box = tuple[float, float, float, float]

FONT, BOLD = "Sarabun Regular", "Sarabun Bold"
_TILE_PIXELS = 512
_VIEW_PIXELS = 640
LINE_PIXELS = {
    "region": (4, 0.6, 9, 1.6, 14, 3.0),
    "province": (4, 0.4, 8, 1.4, 14, 3.0),
    "district": (6, 0.2, 9, 0.8, 14, 2.0),
    "subdistrict": (7, 0.1, 10, 0.4, 14, 1.4),
    "org": (7, 0.1, 10, 0.4, 14, 1.4),
}
ROUND = {"line-join": "round", "line-cap": "round"}
#: Seams between so many small shapes would hide their colours at smaller zooms.
LINES_FROM = {"district": 5, "subdistrict": 7, "org": 7}
_LABELS_FROM = {"region": 4, "province": 4.5, "district": 8, "subdistrict": 10, "org": 10}
#: Layer of the tiles of names.
NAMES = "names"


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours around the data: sea, neighbours, our land, lines, words."""

    sea: str
    neighbours: str
    border: str
    land: str
    line: str
    seam: str
    ink: str
    quiet: str
    halo: str
    accent: str


GROUNDS: Mapping[Look, Ground] = MappingProxyType(
    {
        "light": Ground(
            sea="#dfe9f0", neighbours="#eef0f2", border="#d0d6dd", land="#ffffff",
            line="#8494a5", seam="#ffffff", ink="#1c2430", quiet="#5f6b79", halo="#ffffff",
            accent="#0b6e6e",
        ),
        "dark": Ground(
            sea="#0b1117", neighbours="#1b242e", border="#33404e", land="#26313d",
            line="#6a7a8c", seam="#10161d", ink="#eef1f5", quiet="#8796a8", halo="#10161d",
            accent="#5fc9c4",
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a style's parts are, absolute; `fonts` by name, empty to draw from glyphs alone."""

    places: str
    names: str
    provinces: str
    province_names: str
    basemap: str
    glyphs: str
    sprite: str
    fonts: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a style draws: tiles up to a zoom, layers inside them, words about them.

    ``extent`` is where there are tiles, ``bounds`` what to look at first.
    """

    title: Text
    layers: tuple[str, ...]
    level: str | None
    geometry_type: str
    extent: Box
    bounds: Box
    last_zoom: int
    attribution: Text
    fields: Mapping[str, Text]


def provinces(colour: str) -> Layer:
    """Draw the borders of provinces above finer shapes.

    Parameters
    ----------
    colour : str
        Of the line.

    Returns
    -------
    dict
        A layer.
    """
    width = by_zoom(LINE_PIXELS["province"])
    return {
        "id": "provinces", "type": "line", "source": "provinces", "source-layer": "provinces",
        "layout": ROUND, "paint": {"line-color": colour, "line-width": width},
    }  # fmt: skip


def _names(drawn: Drawn, ground: Ground, lang: Lang) -> list[Layer]:
    if drawn.level is None:
        # Points bear their own names.
        own = _labels("names", "places", drawn.layers[0], ground=ground, lang=lang)
        own["layout"] |= {"text-anchor": "top", "text-offset": [0, 0.6], "text-optional": True}
        return [own | {"minzoom": 11}]
    from_zoom = _LABELS_FROM[drawn.level]
    own = _labels("names", "names", NAMES, ground=ground, lang=lang) | {"minzoom": from_zoom}
    if drawn.level in {"region", "province"}:
        own["layout"]["text-font"] = [BOLD]
        return [own]
    above = _labels("province-names", "province-names", NAMES, ground=ground, lang=lang)
    above["layout"]["text-font"] = [BOLD]
    return [above | {"minzoom": _LABELS_FROM["province"], "maxzoom": from_zoom}, own]


def _labels(name: str, source: str, layer: str, *, ground: Ground, lang: Lang) -> Layer:
    return {
        "id": name, "type": "symbol", "source": source, "source-layer": layer,
        "layout": {
            "text-field": _name(lang),
            "text-font": [FONT],
            "text-size": by_zoom((5, 12, 12, 15)),
            "text-max-width": 8,
            "text-padding": 4,
        },
        "paint": {
            "text-color": ground.ink, "text-halo-color": ground.halo, "text-halo-width": 1.4,
        },
    }  # fmt: skip


def _name(lang: Lang) -> list[Any]:
    own, other = ("name_th", "name_en") if lang == "th" else ("name_en", "name_th")
    return ["coalesce", ["get", own], ["get", other], ""]


def by_zoom(stops: Sequence[float]) -> list[Any]:
    """Let a size grow with the zoom.

    Parameters
    ----------
    stops : sequence of float
        Zoom and size in pixels, one after the other.

    Returns
    -------
    list
        An expression of the style specification.
    """
    return ["interpolate", ["exponential", 1.3], ["zoom"], *stops]


def style(
    drawn: Drawn,
    addresses: Addresses,
    ground: Ground,
    lang: Lang,
    *,
    layers: list[Layer],
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put a style together.

    Parameters
    ----------
    drawn : Drawn
        What is drawn.
    addresses : Addresses
        Of the style's parts.
    ground : Ground
        Colours around the data.
    lang : {"th", "en"}
        Language of words.
    layers : list of dict
        What is drawn of the data, the lowest first.
    told : mapping, optional
        More about it, for its metadata.

    Returns
    -------
    dict
        A MapLibre style.
    """
    layers = [*layers, *_names(drawn, ground, lang)]
    tiles = {"type": "vector", "scheme": "xyz", "minzoom": 0, "bounds": list(drawn.extent)}
    west, south, east, north = drawn.bounds
    wide = max(east - west, (north - south) / math.cos(math.radians((south + north) / 2)), 1e-3)
    zoom = math.log2(360 * _VIEW_PIXELS / _TILE_PIXELS / wide)
    used = {one.get("source") for one in layers} | {"basemap"}
    sources: dict[str, Any] = {
        "basemap": {
            "type": "geojson", "data": addresses.basemap, "attribution": "Natural Earth",
        },
        "places": tiles | {
            "tiles": [addresses.places],
            "maxzoom": drawn.last_zoom,
            "attribution": escape(drawn.attribution.in_(lang), quote=False),
        },
        "names": tiles | {"tiles": [addresses.names], "maxzoom": 12},
        "provinces": tiles | {"tiles": [addresses.provinces], "maxzoom": 12},
        "province-names": tiles | {"tiles": [addresses.province_names], "maxzoom": 8},
    }  # fmt: skip
    whole: dict[str, Any] = {
        "version": 8,
        "name": drawn.title.in_(lang),
        "metadata": {
            "geo:bounds": list(drawn.bounds),
            "geo:fields": {name: title.in_(lang) for name, title in drawn.fields.items()},
            **(told or {}),
        },
        "center": [round((west + east) / 2, 4), round((south + north) / 2, 4)],
        "zoom": round(min(max(zoom, 0), 14), 2),
        "glyphs": addresses.glyphs,
        "sprite": addresses.sprite,
        "sources": {name: one for name, one in sources.items() if name in used},
        "layers": [*_below(ground), *layers, *_above(ground, lang)],
    }
    if addresses.fonts:
        whole["font-faces"] = {name: list(files) for name, files in addresses.fonts.items()}
    return whole


def _below(ground: Ground) -> list[Layer]:
    base = {"source": "basemap"}
    return [
        {"id": "sea", "type": "background", "paint": {"background-color": ground.sea}},
        {
            "id": "neighbours", "type": "fill", **base, "filter": ["==", ["get", "kind"], "land"],
            "paint": {"fill-color": ground.neighbours},
        },
        {
            "id": "neighbours-border", "type": "line", **base,
            "filter": ["==", ["get", "kind"], "border"],
            "paint": {"line-color": ground.border, "line-width": 1},
        },
    ]  # fmt: skip


def _above(ground: Ground, lang: Lang) -> list[Layer]:
    around = {
        "id": "around",
        "type": "symbol",
        "source": "basemap",
        "maxzoom": 8,
        "filter": ["in", ["get", "kind"], ["literal", ["land-label", "sea-label"]]],
        "layout": {
            "text-field": ["get", lang],
            "text-font": [FONT],
            "text-size": 13,
            "text-max-width": 6,
        },
        "paint": {
            "text-color": ground.quiet, "text-halo-color": ground.sea, "text-halo-width": 1,
        },
    }  # fmt: skip
    return [around]


def fields_of(known: Collection, names: Iterable[str]) -> dict[str, Text]:
    """Name the properties that tiles carry, with their units.

    Parameters
    ----------
    known : Collection
        Of the tiles.
    names : iterable of str
        Properties.

    Returns
    -------
    dict of str to Text
        Titles by name.
    """
    found = {}
    for one in filter(None, map(known.property, names)):
        unit = one.unit
        found[one.name] = (
            one.title
            if unit is None
            else Text(f"{one.title.th} ({unit.th})", f"{one.title.en} ({unit.en})")
        )
    return found
