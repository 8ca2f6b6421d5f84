"""Names that are statements are data wherever they stand (I-15); what was checked is loaded."""

from __future__ import annotations

import json

import geopandas
from shapely.geometry import Point

from tests.odd_files import HEADING, STATEMENT, features, items, layer, point, published, tried

CATALOGUE = (
    "SELECT string_agg(table_schema || '.' || table_name || '.' || column_name, ',' ORDER BY 1)"
    " FROM information_schema.columns WHERE table_schema LIKE 'geo%'"
)


def test_odd_names_are_stored_as_data_and_the_catalogue_is_as_it_was(desk):
    before = desk.stored(CATALOGUE)
    odd = {
        HEADING: STATEMENT, "__proto__": "x", "constructor": "y", "toString": "z",
        "ก" * 300: "long", "ชื่อไทย": "ไทย", "a\u0000b": "nul", "": "empty", 'x"; drop': "quoted",
    }  # fmt: skip
    body = features(point(100.1, 14.1), **odd)
    body["features"][0]["properties"]["code"] = 'x"; drop'
    one = published(desk, body, "names", 'x"; drop table feature; --.geojson')
    assert one["state"] == "published", one
    assert one["file"]["name"] == 'x"; drop table feature; --.geojson'
    (told,) = items(desk, "odd-names")
    assert (told["id"], told["properties"]["beds"]) == ('x"; drop', STATEMENT)
    assert not {"__proto__", "constructor", 'x"; drop'} & told["properties"].keys()
    asked = items(desk, "odd-names", filter="beds = '''); DELETE FROM geo.feature; --'")
    assert [one["id"] for one in asked] == ['x"; drop']
    table = desk("dla.one").get("/collections/odd-names/items", params={"f": "csv"}).text
    assert STATEMENT in table
    assert desk.stored(CATALOGUE) == before
    desk.done(one["id"], "undo", "boss")


def test_a_layer_named_like_a_statement_is_read_and_nothing_else_happens(desk, tmp_path):
    before, rows = desk.stored(CATALOGUE), desk.stored("SELECT count(*) FROM geo.feature")
    frame = geopandas.GeoDataFrame(
        {"code": ["g1"], "name": ["ก"], HEADING: [STATEMENT], "select": ["1"]},
        geometry=[Point(100.05, 14.05)], crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "a.gpkg", layer='x"; drop table feature; --')
    report = tried(desk, (tmp_path / "a.gpkg").read_bytes(), "names", "a.gpkg")["report"]
    assert (report["outcome"], report["stored"]["inserted"]) == ("loaded", 1)
    assert desk.stored(CATALOGUE) == before
    assert desk.stored("SELECT count(*) FROM geo.feature") == rows


def test_a_recipe_cannot_name_a_layer_or_a_property_like_a_statement(desk):
    folder = desk.settings["data_dir"] / "recipes"
    (folder / "evil.toml").write_text(layer('x"; drop', "Point").replace(
        'id = "odd-x"; drop"', "id = 'odd-x\"; drop'"), encoding="utf-8")  # fmt: skip
    answer = desk.send(b"{}", who="dla.one", recipe="evil", name="a.geojson")
    assert answer.status_code == 422 or (
        desk.settled(answer.json()["id"])["report"] or {"outcome": "refused"}
    )["outcome"] == "refused"  # fmt: skip
    assert desk.stored("SELECT count(*) FROM geo.feature_layer WHERE id LIKE '%drop%'") == 0


def test_a_file_replaced_after_it_was_checked_is_not_published(desk):
    body = json.dumps(features(point(100.1, 14.1))).encode()
    number = tried(desk, body, "points", "a.geojson")["id"]
    desk.done(number, "check", "dla.two")
    (stored,) = [path for path in desk.files() if path.name.endswith(".geojson")
                 and path.read_bytes() == body]  # fmt: skip
    stored.write_bytes(body.replace(b"14.1", b"14.2"))
    one = desk.done(number, "publish", "dla.two")
    assert (one["state"], "not the one that was checked" in one["fault"]["en"]) == ("failed", True)
    assert desk.stored("SELECT count(*) FROM geo.feature WHERE layer_id = 'odd-points'") == 0
