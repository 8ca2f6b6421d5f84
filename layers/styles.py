"""How tiles are drawn: MapLibre styles of collections and of thematic maps.

The form is the MapLibre Style Specification, version 8. A style is complete in itself: sources,
ground, data, borders, labels. Classes, colours and what has no number come from the thematic
map, so that every drawing of it shows the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from geo_service.core.text import Lang
from layers.style_frame import (
    GROUNDS,
    LINE_PIXELS,
    LINES_FROM,
    ROUND,
    Addresses,
    Drawn,
    Ground,
    Layer,
    Look,
    by_zoom,
    provinces,
    style,
)
from layers.thematic.map import ThematicMap

__all__ = ["Addresses", "Drawn", "Look", "of_collection", "of_map", "of_values"]

_NO_COLOUR = "rgba(0,0,0,0)"
#: What has no number, in the order of drawing.
WITHOUT_NUMBER = ("not_applicable", "not_reported", "suppressed")
WITHOUT_FORECAST = ("not_applicable", "no_forecast", "suppressed")
#: Points in a hexagon from which on it has the next colour.
_COUNTS = ((10, "#bdc9e1"), (100, "#74a9cf"), (1_000, "#2b8cbe"), (10_000, "#045a8d"))


def of_collection(drawn: Drawn, addresses: Addresses, look: Look, lang: Lang) -> dict[str, Any]:
    """Write the plain style of a collection: its shapes, lines or points, and their names.

    Parameters
    ----------
    drawn : Drawn
        What is drawn.
    addresses : Addresses
        Of the style's parts.
    look : {"light", "dark"}
        Colours of the ground.
    lang : {"th", "en"}
        Language of the labels.

    Returns
    -------
    dict
        A MapLibre style.
    """
    ground = GROUNDS[look]
    return style(drawn, addresses, ground, lang, layers=list(_plain(drawn, ground)))


def of_values(
    drawn: Drawn, addresses: Addresses, look: Look, lang: Lang, *, shown: ThematicMap
) -> dict[str, Any]:
    """Write the style of a collection whose tiles carry values: classes of a thematic map.

    Parameters
    ----------
    drawn : Drawn
        What is drawn; its features carry the indicator's value and status.
    addresses : Addresses
        Of the style's parts.
    look : {"light", "dark"}
        Colours of the ground.
    lang : {"th", "en"}
        Language of the labels.
    shown : ThematicMap
        Classes and colours.

    Returns
    -------
    dict
        A MapLibre style.
    """
    key = shown.indicator.key
    value, status = ["to-number", ["get", key]], ["get", f"{key}_status"]
    ranges = [one for one in shown.classes if one.kind == "range"]
    colour: Any = _NO_COLOUR
    if ranges:
        # Half-open classes: a step begins at its lower limit.
        steps = [part for one in ranges[1:] for part in (one.lower, one.colour)]
        colour = ["step", value, ranges[0].colour, *steps] if steps else ranges[0].colour
    zero = next((one.colour for one in shown.classes if one.kind == "zero"), None)
    if zero is not None:
        colour = ["case", ["==", status, "zero"], zero, colour]
    kinds = WITHOUT_NUMBER if shown.outlook is None else WITHOUT_FORECAST
    fills = {kind: ["==", status, kind] for kind in kinds}
    return _thematic(
        drawn, addresses, look, lang,
        shown=shown, colour=colour, is_number=["has", key], fills=fills,
    )  # fmt: skip


def of_map(
    drawn: Drawn, addresses: Addresses, look: Look, lang: Lang, *, shown: ThematicMap
) -> dict[str, Any]:
    """Write the style of a thematic map over tiles that carry codes alone.

    Every place's class is written out by its code, so that the tiles of the shapes serve all
    indicators and periods and are kept by whoever has them.

    Parameters
    ----------
    drawn : Drawn
        What is drawn; its features carry their code.
    addresses : Addresses
        Of the style's parts.
    look : {"light", "dark"}
        Colours of the ground.
    lang : {"th", "en"}
        Language of the labels.
    shown : ThematicMap
        Classes, colours and the class of each place.

    Returns
    -------
    dict
        A MapLibre style.
    """
    code = ["get", "code"]
    members: list[list[str]] = [[] for _ in shown.classes]
    for place in shown.places:
        if place.class_index is not None:
            members[place.class_index].append(place.code)
    numbered = [
        (codes, one.colour)
        for one, codes in zip(shown.classes, members, strict=True)
        if codes and one.kind not in WITHOUT_NUMBER
    ]
    pairs = [part for pair in numbered for part in pair]
    fills = {
        one.kind: ["in", code, ["literal", codes]]
        for one, codes in zip(shown.classes, members, strict=True)
        if one.kind in WITHOUT_NUMBER
    }
    if shown.level == "country" and numbered:
        # The country has no tiles of its own: its provinces are drawn in its colour.
        pairs, fills = [], {}
    colour = ["match", code, *pairs, _NO_COLOUR] if pairs else _NO_COLOUR
    if shown.level == "country" and numbered:
        colour = numbered[0][1]
    return _thematic(
        drawn, addresses, look, lang,
        shown=shown, colour=colour, is_number=["has", "code"], fills=fills,
    )  # fmt: skip


def _thematic(
    drawn: Drawn,
    addresses: Addresses,
    look: Look,
    lang: Lang,
    *,
    shown: ThematicMap,
    colour: Any,  # noqa: ANN401  (a colour or an expression of the style specification)
    is_number: Layer | list[Any],
    fills: Mapping[str, list[Any]],
) -> dict[str, Any]:
    ground, layer = GROUNDS[look], drawn.layers[0]
    place = {"source": "places", "source-layer": layer}
    level = drawn.level or "subdistrict"
    colours = {one.kind: one.colour for one in shown.classes}
    layers: list[Layer] = [
        {"id": "land", "type": "fill", **place, "paint": {"fill-color": ground.land}},
        {
            "id": "values", "type": "fill", **place, "filter": is_number,
            "paint": {"fill-color": colour, "fill-antialias": False},
        },
    ]  # fmt: skip
    for kind, where in fills.items():
        layers.extend(_without_number(kind, where, place, ground, colour=colours.get(kind)))
    seam = {"line-color": ground.seam, "line-width": by_zoom(LINE_PIXELS[level])}
    borders = {"id": "borders", "type": "line", **place, "layout": ROUND, "paint": seam}
    layers.append(borders | {"minzoom": LINES_FROM.get(level, 0)})
    if level == "org":
        layers.append(_points("values-points", place, colour, ground) | {"filter": _is_point()})
    if level in {"district", "subdistrict", "org"}:
        layers.append(provinces(ground.seam))
    legend = [
        {"kind": one.kind, "label": one.label.in_(lang), "colour": one.colour, "count": one.count}
        for one in shown.classes
    ]
    told = {
        "geo:indicator": shown.indicator.key,
        "geo:unit": shown.indicator.unit.in_(lang),
        "geo:period": shown.period.key,
        "geo:legend": legend,
        "geo:notes": [one.in_(lang) for one in shown.notes],
    }
    return style(drawn, addresses, ground, lang, layers=layers, told=told)


def _without_number(
    kind: str,
    where: list[Any],
    place: Mapping[str, str],
    ground: Ground,
    *,
    colour: str | None,
) -> Iterable[Layer]:
    name = kind.replace("_", "-")
    fill: Layer = {"id": name, "type": "fill", **place, "filter": where}
    if kind in {"not_reported", "no_forecast"}:
        yield fill | {"paint": {"fill-pattern": "hatch"}}
    elif kind == "not_applicable":
        yield fill | {"paint": {"fill-color": ground.land}}
        dotted = {"line-color": ground.line, "line-width": 1, "line-dasharray": [1, 2]}
        yield fill | {"id": f"{name}-edge", "type": "line", "paint": dotted}
    else:
        yield fill | {"paint": {"fill-color": colour or "#9aa4b1"}}


def _plain(drawn: Drawn, ground: Ground) -> Iterable[Layer]:
    for name in drawn.layers:
        place = {"source": "places", "source-layer": name}
        if name.endswith("-hexagons"):
            yield _hexagons(name, place, ground)
        elif name.endswith("-points") or (
            drawn.level is None and drawn.geometry_type.endswith("Point")
        ):
            yield _points(name, place, ground.accent, ground)
        elif drawn.geometry_type.endswith("LineString"):
            paint = {"line-color": ground.accent, "line-width": by_zoom((5, 0.8, 14, 3))}
            yield {"id": name, "type": "line", **place, "layout": ROUND, "paint": paint}
        else:
            yield from _shapes(name, place, drawn, ground)
    if drawn.level in {"district", "subdistrict", "org"} or drawn.level is None:
        yield provinces(ground.line)


def _shapes(name: str, place: Mapping[str, str], drawn: Drawn, ground: Ground) -> Iterable[Layer]:
    yield {"id": f"{name}-fill", "type": "fill", **place, "paint": {"fill-color": ground.land}}
    width = by_zoom(LINE_PIXELS.get(drawn.level or "", LINE_PIXELS["district"]))
    yield {
        "id": f"{name}-line", "type": "line", **place, "layout": ROUND,
        "paint": {"line-color": ground.line, "line-width": width},
    }  # fmt: skip


def _points(name: str, place: Mapping[str, str], colour: Any, ground: Ground) -> Layer:  # noqa: ANN401  (a colour or an expression of the style specification)
    paint = {
        "circle-color": colour,
        "circle-radius": by_zoom((4, 1.2, 8, 3, 12, 6, 16, 9)),
        "circle-stroke-color": ground.halo,
        "circle-stroke-width": by_zoom((6, 0.2, 10, 1)),
        "circle-opacity": 0.9,
    }
    return {"id": name, "type": "circle", **place, "paint": paint}


def _hexagons(name: str, place: Mapping[str, str], ground: Ground) -> Layer:
    steps = [part for pair in _COUNTS for part in pair]
    colour = ["step", ["to-number", ["get", "count"]], "#e3e8f1", *steps]
    paint = {"fill-color": colour, "fill-outline-color": ground.halo, "fill-opacity": 0.9}
    return {"id": name, "type": "fill", **place, "paint": paint}


def _is_point() -> list[Any]:
    return ["==", ["geometry-type"], "Point"]
