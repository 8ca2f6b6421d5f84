"""What an edit does: seen everywhere at once, undone to the byte, replaced by the next file."""

from __future__ import annotations

import re

import mapbox_vector_tile
import psycopg2
import pytest
from sqlalchemy import text

from geo_service.core.db import make_engine
from tests.office import (
    EVERYTHING,
    ITEMS,
    LAYER,
    POINT,
    TILE,
    number_of,
    step,
)
from tests.waiting import wait_until


def seen(client):
    """The beds of h1 wherever they are told."""
    found = client.get(ITEMS, params={"limit": 100}).json()["features"]
    (tile,) = mapbox_vector_tile.decode(client.get(TILE).content).values()
    head, *rows = client.get(ITEMS, params={"f": "csv"}).content.decode("utf-8-sig").splitlines()
    code, beds = head.split(",").index("code"), head.split(",").index("beds")
    return {
        "items": [one["properties"]["beds"] for one in found if one["id"] == "h1"],
        "item": [client.get(f"{ITEMS}/h1").json()["properties"]["beds"]],
        "tile": [one["properties"]["beds"] for one in tile["features"]
                 if one["properties"]["code"] == "h1"],
        "csv": [int(row.split(",")[beds]) for row in rows if row.split(",")[code] == "h1"],
        "filter": [one["properties"]["beds"] for one in client.get(
            ITEMS, params={"filter": "code = 'h1'"}).json()["features"]],
        "download": [one["properties"]["beds"] for one in client.get(
            f"/collections/{LAYER}/downloads/{LAYER}.geojson").json()["features"]
            if one["id"] == "h1"],
    }  # fmt: skip


WAYS = ("items", "item", "tile", "csv", "filter", "download")


def counted(client):
    found = client.get(f"/hexbins/{LAYER}", params={"resolution": 6}).json()
    return sum(row[found["fields"].index("value")] for row in found["rows"])


def test_a_change_is_seen_in_the_next_request_of_every_representation(office):
    client = office.client
    for beds in range(20, 24):
        if beds % 2:
            wait_until(client.app.state.watcher.known)
        seen(client)
        done = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": beds}}, If_Match="*")
        assert done.status_code == 204
        assert seen(client) == {way: [beds] for way in WAYS}
    before = counted(client)
    office.create(code="n1")
    assert counted(client) == before + 1
    office("DELETE", f"{ITEMS}/n1", If_Match="*")
    assert counted(client) == before


def answers(client):
    paths = (f"{ITEMS}?limit=100", f"{ITEMS}/h1", f"{ITEMS}?f=csv", TILE,
             f"/hexbins/{LAYER}?resolution=6")  # fmt: skip
    # Versions and times only rise; everything else is as it was, to the byte.
    told = [client.get(path).content for path in paths]
    return [re.sub(rb'"timeStamp":"[^"]*"|"version":\d+', b"", one) for one in told]


def test_undoing_an_edit_gives_the_old_answers_to_the_byte(office):
    before, rows = answers(office.client), office.stored(EVERYTHING)
    changed = office("PATCH", f"{ITEMS}/h1", body={"geometry": POINT}, If_Match="*")
    other = office.create(code="n1")
    gone = office("DELETE", f"{ITEMS}/h2", If_Match="*")
    assert answers(office.client) != before
    # in any order, as long as nobody built upon it
    for one in (other, changed, gone):
        assert step(office, number_of(one), "undo", "dla2")["state"] == "undone"
    assert answers(office.client) == before
    assert office.stored(EVERYTHING) == rows
    noted = office.stored("SELECT action, who_name, outcome FROM geo.audit"
                          " WHERE what = 'test-facilities' ORDER BY id")  # fmt: skip
    assert noted == [("edit", "dla", "done")] * 3 + [("undo", "dla2", "done")] * 3
    assert len(office.stored("SELECT FROM geo.ingest_run WHERE recipe = 'edit'")) == 3


def test_an_edit_that_another_built_upon_is_undone_after_it(office):
    first = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 5}}, If_Match="*")
    second = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 6}}, If_Match="*")
    one = step(office, number_of(first), "undo", "dla")
    assert (one["state"], "changed the same rows" in one["fault"]["en"]) == ("published", True)
    for edited in (second, first):
        assert step(office, number_of(edited), "undo", "dla")["state"] == "undone"
    assert office.client.get(f"{ITEMS}/h1").json()["properties"]["beds"] == 0


def test_the_next_file_of_the_layer_takes_the_place_of_edits_and_tells(office, tmp_path):
    from ingest.pipeline import ingest  # noqa: PLC0415

    office.create(code="n1", name_th="เพิ่มด้วยมือ")
    (tmp_path / "mine.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "a.csv").write_text("code,lat,lon,beds\nh1,14.05,100.05,4\n", encoding="utf-8")
    report = ingest(office.engine, tmp_path / "a.csv", recipe=tmp_path / "mine.toml")
    assert report.outcome == "loaded"
    assert [(one.reason, one.said) for one in report.rejected] == [
        ("edited-by-hand", "n1 เพิ่มด้วยมือ")
    ]
    assert [row[0] for row in office.stored("SELECT code FROM geo.feature")] == ["h1"]


RECIPE = """
[dataset]
id = "test-facilities"
kind = "features"
title_th = "สถานที่"
title_en = "Facilities"

[features]
code = "code"
lat = "lat"
lon = "lon"

[[features.layers]]
id = "health-centres"
title_th = "รพ.สต. ทดสอบ"
title_en = "Test health centres"
theme = "infrastructure"

[features.properties.beds]
type = "integer"
title_th = "เตียง"
title_en = "Beds"
"""


def test_the_roles_that_read_cannot_write_features_whatever_a_program_does(office, databases):
    url = office.engine.url.render_as_string(hide_password=False)
    for role in ("geo_reader", "geo_insider", "geo_desk"):
        engine = make_engine(databases.url_of(url, role))
        for statement in (
            "DELETE FROM geo.feature",
            "UPDATE geo.feature SET code = 'x'",
            "INSERT INTO geo.feature (layer_id, code) VALUES ('health-centres', 'y')",
        ):
            with engine.connect() as connection, pytest.raises(Exception) as told:  # noqa: PT011
                connection.execute(text(statement))
            refused = (psycopg2.errors.InsufficientPrivilege,
                       psycopg2.errors.ReadOnlySqlTransaction)  # fmt: skip
            assert isinstance(told.value.orig, refused)
        engine.dispose()
