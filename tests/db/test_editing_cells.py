"""Hexagons of a large layer follow one edited point, as if all points were counted anew."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from geo_service.core import audit
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from ingest import points, refresh, tiles
from ingest.editing import ANY, Edit, edit
from layers import registry, versions
from layers.place_relations import place_subjects

LAYER = "health-centres"
CELLS = (
    "SELECT resolution, cell, count, ST_AsText(geom) FROM geo.point_cell WHERE layer_id = :layer"
    " ORDER BY resolution, cell"
)
ADMIN = audit.By(Principal("user", "1", "boss", "admin"))


def cells(session):
    return [tuple(row) for row in session.execute(text(CELLS), {"layer": LAYER})]


@pytest.fixture
def counted(country_engine, monkeypatch):
    """A layer of which even a few points are too many for a tile."""
    monkeypatch.setattr(points, "FEWEST", 1)
    monkeypatch.setattr(points, "MOST_IN_A_TILE", 1)
    monkeypatch.setattr(points, "_FEWEST_IN_A_CELL", 0)
    with transaction(country_engine) as session:
        session.execute(
            text(
                "INSERT INTO geo.feature (layer_id, code, geom, version_id) SELECT :layer,"
                " 'x' || n, ST_Point(100.2 + 0.0001 * (n % 5), 14.05 + 0.0001 * (n / 5), 4326),"
                " (SELECT max(id) FROM geo.dataset_version) FROM generate_series(0, 29) AS n"
            ),
            {"layer": LAYER},
        )
        versions.bump(session, [f"layer:{LAYER}"])
        refresh.refresh(session)
        assert len(cells(session)) > 10
    return country_engine


def test_hexagons_follow_a_point_as_if_all_were_counted_anew(counted):
    here = {"type": "Point", "coordinates": [100.45, 14.15]}
    new = {"type": "Feature", "geometry": here, "properties": {"code": "n1"}}
    for wanted in (
        Edit(LAYER, "update", "x3", (ANY,), {"geometry": here}),
        Edit(LAYER, "create", "n1", (), new),
        Edit(LAYER, "delete", "x7", (ANY,)),
        Edit(LAYER, "update", "x8", (ANY,), {"properties": {"beds": 4}}),
        Edit(LAYER, "delete", "n1", (ANY,)),
    ):
        with transaction(counted) as session:
            before = cells(session)
        report = edit(counted, wanted, by=ADMIN, within=None)
        assert report.outcome == "loaded"
        with transaction(counted) as session:
            followed = cells(session)
            assert (followed == before) == (wanted.document == {"properties": {"beds": 4}})
            known = registry.read(session, LAYER)
            version = sum(versions.versions_of(session, place_subjects(known)).values())
            kept = text("SELECT version FROM geo.drawing WHERE collection_id = :layer")
            assert session.scalar(kept, {"layer": LAYER}) == version
            tiles.prepare(session, known, version)
            assert cells(session) == followed


def test_a_layer_whose_hexagons_are_not_up_to_date_is_prepared_as_a_whole(counted):
    with transaction(counted) as session:
        versions.bump(session, [f"layer:{LAYER}"])
    edit(counted, Edit(LAYER, "delete", "x7", (ANY,)), by=ADMIN, within=None)
    with transaction(counted) as session:
        told = cells(session)
        known = registry.read(session, LAYER)
        version = sum(versions.versions_of(session, place_subjects(known)).values())
        kept = text("SELECT version FROM geo.drawing WHERE collection_id = :layer")
        assert session.scalar(kept, {"layer": LAYER}) == version
        tiles.prepare(session, known, version)
        assert cells(session) == told
