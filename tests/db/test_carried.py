"""A kept tile with other properties is what the database draws, value for value."""

from __future__ import annotations

from dataclasses import replace

import mapbox_vector_tile
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from geo_service.core.beside import Hidden, Room
from layers import carried, packs, registry, tiles
from layers.questions import Question

COLLECTIONS = ("regions", "provinces", "districts", "subdistricts", "orgs")
#: Tiles looked at of each collection, spread over the zooms.
TILES = 12


@pytest.fixture(scope="module")
def session(country_url):
    engine = create_engine(country_url)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def laid(session, plan, folder):
    """What a process would lay beside itself."""
    file = Hidden(folder)
    with file.writing() as out:
        return plan.make(session, Room(file, out, 10**9))


def features(tile):
    """Layers by name; their features in one order, for the database gives them in any."""
    told = mapbox_vector_tile.decode(tile)
    return {name: sorted(map(repr, layer["features"])) for name, layer in told.items()}


@pytest.mark.parametrize("collection_id", COLLECTIONS)
def test_a_tile_carries_what_the_database_would_write(session, tmp_path, collection_id):
    known = registry.read(session, collection_id)
    pack = laid(session, packs.features_plan(known), tmp_path)
    kept = laid(session, packs.tile_plan(known), tmp_path)
    written = [one.name for one in known.properties if carried.kinds_of(known, [one.name])]
    places = sorted(kept.places)
    compared = 0
    for place in places[:: max(1, len(places) // TILES)]:
        plain = kept.body(place, is_gzip=False)
        for names in [tuple(written), tuple(reversed(written)), *[(name,) for name in written]]:
            made = carried.carrying(plain, pack, carried.kinds_of(known, names))
            asked = tiles.asked_tile(session, replace(Question(known), properties=names),
                                     place=place)  # fmt: skip
            parts = [session.scalar(one, asked.values) for one in asked.statements]
            drawn = tiles.told_tile(asked, parts).plain
            assert features(made) == features(drawn)
            assert len(made) == len(drawn)
            compared += len(names)
    assert compared > len(written)


def test_kinds_that_a_tile_writes_in_its_own_way_are_left_to_the_database(session):
    known = registry.read(session, "orgs")
    lists = [one.name for one in known.properties if one.kind == "list"]
    assert lists
    assert carried.kinds_of(known, ["code", *lists]) is None
    assert carried.kinds_of(known, ["code"]) == [("code", "string")]


def test_a_feature_that_is_not_beside_the_process_is_not_made_up(session, tmp_path):
    known = registry.read(session, "provinces")
    pack = laid(session, packs.features_plan(known), tmp_path)
    kept = laid(session, packs.tile_plan(known), tmp_path)
    pack.codes.clear()
    tile = kept.body(next(iter(kept.places)), is_gzip=False)
    with pytest.raises(packs.NotThere):
        carried.carrying(tile, pack, carried.kinds_of(known, ["code"]))
