"""Styles for programs that do not calculate colours: a layer for each class instead.

QGIS and ArcGIS read MapLibre styles, but few of their expressions, and pass over what they do not
understand: a map without its colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Layer: TypeAlias = dict[str, Any]

#: What stands for hatching, which needs pictures that such programs do not load.
_INSTEAD_OF_HATCHING: Final = "#e3e6ea"
_COLOURS: Final = ("fill-color", "circle-color")


def simplified(style: dict[str, Any]) -> dict[str, Any]:
    """Write a style without calculated colours.

    Parameters
    ----------
    style : dict
        A MapLibre style, from `layers.styles`.

    Returns
    -------
    dict
        Only the ground and the data: names and neighbours are sources of their own, and such
        programs draw one source.
    """
    own = [one for one in style["layers"] if one.get("source", "places") == "places"]
    layers = [part for one in own for part in _parts(one)]
    return {**style, "layers": layers, "sources": {"places": style["sources"]["places"]}}


def _parts(layer: Layer) -> Iterator[Layer]:
    paint = dict(layer.get("paint", {}))
    if "fill-pattern" in paint:
        del paint["fill-pattern"]
        paint["fill-color"] = _INSTEAD_OF_HATCHING
    name = next((one for one in _COLOURS if isinstance(paint.get(one), list)), None)
    if name is None:
        yield {**layer, "paint": paint}
        return
    for number, (where, colour) in enumerate(_classes(paint[name]), 1):
        wanted = ["all", *([layer["filter"]] if "filter" in layer else []), *where]
        plain = {**paint, name: colour}
        yield {**layer, "id": f"{layer['id']}-{number}", "filter": wanted, "paint": plain}


def _classes(colour: list[Any]) -> Iterator[tuple[list[Any], str]]:
    # In the order they are drawn: a later one lies over an earlier one.
    kind, *rest = colour
    if kind == "case":
        where, special, others = rest
        yield from _classes(others) if isinstance(others, list) else [([], others)]
        yield [where], special
    elif kind == "match":
        value, *pairs, _ = rest
        for codes, one in zip(pairs[::2], pairs[1::2], strict=True):
            yield [["in", value, ["literal", codes]]], one
    else:
        (_, value), *steps = rest
        lower = [None, *steps[1::2]]
        upper = [*steps[1::2], None]
        for low, high, one in zip(lower, upper, steps[::2], strict=True):
            above = [] if low is None else [[">=", value, low]]
            below = [] if high is None else [["<", value, high]]
            yield [*above, *below], one
