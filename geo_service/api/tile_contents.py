"""What tiles under one address hold: layers, extent, whose data they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geo_service.api.tiles import BOUNDARIES, around, chosen
from geo_service.core.text import Text
from geo_service.deps import SessionDep
from layers import datasets, extents, registry, tiles
from layers.collection import Collection, Property
from layers.questions import State, state_of
from layers.tile_matrix import WEB_MERCATOR_QUAD

#: Map libraries enlarge this zoom's tiles: a unit of them is 15 cm, as fine as coordinates are.
LAST_USEFUL_ZOOM = 16
FIRST_VIEW_ZOOM = 5
_BOUNDARIES = Text("ขอบเขตการปกครอง", "Administrative boundaries")
_OF_HEXAGONS = (
    Property("cell", "string", Text("เซลล์ H3", "H3 cell")),
    Property("count", "integer", Text("จำนวนจุด", "Points in it")),
)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer inside tiles: its name, its collection, and the zooms it is there."""

    name: str
    collection: Collection
    first_zoom: int
    last_zoom: int
    has_hexagons: bool = False


@dataclass(frozen=True, slots=True)
class Tileset:
    """Tiles under one address: of a collection, or of several."""

    title: Text
    description: Text
    path: str
    layers: tuple[Layer, ...]
    extent: tuple[float, float, float, float]
    attribution: Text
    licence: str
    collection: Collection | None = None


def of_collection(session: SessionDep, known: Collection) -> Tileset:
    """Tell what the tiles of a collection are.

    Parameters
    ----------
    session : Session
        Only read.
    known : Collection
        From the register.

    Returns
    -------
    Tileset
        With its sources' names and licences.
    """
    attribution, licence = _credit(session, [known])
    return Tileset(
        title=known.title,
        description=known.description,
        path=f"/collections/{known.id}/tiles",
        layers=_layers(session, known),
        extent=extents.extent_of(session, known),
        attribution=attribution,
        licence=licence,
        collection=known,
    )


def _layers(session: SessionDep, known: Collection) -> tuple[Layer, ...]:
    deepest = WEB_MERCATOR_QUAD.deepest
    return tuple(
        Layer(one.name, known, one.first_zoom, one.last_zoom, one.has_hexagons)
        for one in tiles.layers_of(session, known, deepest)
    )


def of_several(session: SessionDep, collections: str | None) -> Tileset:
    """Tell what the tiles of several collections are.

    Parameters
    ----------
    session : Session
        Only read.
    collections : str, optional
        Identifiers with commas; the boundaries when absent.

    Returns
    -------
    Tileset
        A layer for each, or more.
    """
    members = [registry.read(session, name) for name in chosen(collections)]
    attribution, licence = _credit(session, members)
    titles = [one.title for one in members]
    first = BOUNDARIES if collections is None else {}
    return Tileset(
        title=_BOUNDARIES if collections is None else _joined(titles),
        description=_joined(titles),
        path="/tiles",
        layers=tuple(
            replace(layer, first_zoom=max(layer.first_zoom, first.get(one.id, 0)))
            for one in members
            for layer in _layers(session, one)
        ),
        extent=around([extents.extent_of(session, one) for one in members]),
        attribution=attribution,
        licence=licence,
    )


def state_behind(session: SessionDep, found: Tileset) -> State:
    """Read the state of the data behind a tileset.

    Parameters
    ----------
    session : Session
        Only read.
    found : Tileset
        Its layers count.

    Returns
    -------
    State
        Of all its collections.
    """
    return state_of(
        session, sorted({part for one in found.layers for part in one.collection.subjects})
    )


def carried_by(layer: Layer, names: Sequence[str] | None = None) -> list[Property]:
    """List the properties that the features of a layer carry.

    Parameters
    ----------
    layer : Layer
        Of the tiles.
    names : sequence of str, optional
        Asked for; a style's when absent.

    Returns
    -------
    list of Property
        In that order.
    """
    if layer.has_hexagons:
        return list(_OF_HEXAGONS)
    chosen_names = names or tiles.default_properties(layer.collection, LAST_USEFUL_ZOOM)
    return [one for one in map(layer.collection.property, chosen_names) if one is not None]


def _credit(session: SessionDep, members: Sequence[Collection]) -> tuple[Text, str]:
    behind = [info for one in members for info in datasets.behind(session, one)]
    named = [info.attribution if info.attribution.th else info.publisher for info in behind]
    said = [one.licence.strip() or "not stated" for one in behind]
    return _joined(named), "; ".join(dict.fromkeys(said)) or "not stated"


def _joined(parts: Sequence[Text]) -> Text:
    kept = dict.fromkeys(one for one in parts if one.th or one.en)
    return Text(", ".join(one.th for one in kept), ", ".join(one.en for one in kept))
