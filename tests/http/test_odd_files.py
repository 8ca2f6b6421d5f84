"""Odd, broken and hostile files handed in over HTTP: refused or repaired, never taken by halves."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import geopandas
import openpyxl
import pytest
import shapely
from shapely.geometry import Point, box

from tests.desk import GOOD, HEADER, OWN, opened, with_people

LAYER = """
[dataset]
id = "odd-{id}"
kind = "features"
title_th = "ชั้นทดสอบ"
title_en = "A layer"

[features]
code = "code"
name_th = "name"
{more}

[[features.layers]]
id = "odd-{id}"
title_th = "ชั้นทดสอบ"
title_en = "A layer"
theme = "infrastructure"
geometry_type = "{kind}"

[features.properties.beds]
heading = {heading}
title_th = "เตียง"
title_en = "Beds"
"""
#: A heading that is no name of ours, and a text that would be a statement.
HEADING = 'เตียง"; DROP TABLE geo.feature; --'
STATEMENT = "'); DELETE FROM geo.feature; --"
CATALOGUE = (
    "SELECT string_agg(table_schema || '.' || table_name || '.' || column_name, ',' ORDER BY 1)"
    " FROM information_schema.columns WHERE table_schema LIKE 'geo%'"
)


def layer(name, kind, *, heading="beds", more=""):
    return LAYER.format(id=name, kind=kind, heading=json.dumps(heading), more=more)


@pytest.fixture(scope="module")
def engine(databases, country_template):
    made = with_people(databases.create("odd_files", template=country_template))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine, client_of, tmp_path):
    return opened(
        engine, client_of, tmp_path, upload_mb=4,
        points=layer("points", "Point"), areas=layer("areas", "Polygon"),
        world=layer("world", "Polygon", more="worldwide = true"),
        names=layer("names", "Point", heading=HEADING),
    )  # fmt: skip


def tried(desk, content, recipe="mine", name="a.csv"):
    body = json.dumps(content).encode() if isinstance(content, dict) else content
    return desk.sent(body, who="dla.one", recipe=recipe, name=name)


def published(desk, content, recipe, name="a.geojson"):
    number = tried(desk, content, recipe, name)["id"]
    desk.done(number, "check", "dla.two")
    return desk.done(number, "publish", "dla.two")


def features(*geometries, **properties):
    rows = [
        {
            "type": "Feature",
            "geometry": one,
            "properties": {"code": f"f{at}", "name": "ก", **properties},
        }
        for at, one in enumerate(geometries, start=1)
    ]
    return {"type": "FeatureCollection", "features": rows}


def point(*coordinates):
    return {"type": "Point", "coordinates": list(coordinates)}


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [list(ring) for ring in rings]}


def items(desk, known, **asked):
    told = desk("dla.one").get(f"/collections/{known}/items", params={"limit": 100, **asked})
    assert told.status_code == 200, told.text
    return told.json()["features"]


# I-4, I-5, I-16: tables


def test_short_and_long_rows_are_refused_by_their_lines_and_the_others_taken(desk):
    fine = "".join(f"{OWN},{year},5\n" for year in range(2564, 2569))
    content = HEADER + f"{OWN},2561,30\n{OWN},2562\n{OWN},2563,4,5,6\n" + fine
    report = tried(desk, content)["report"]
    assert report["outcome"] == "loaded-with-rejects"
    assert [(one["row"], one["reason"]) for one in report["rejected"]] == [
        (3, "short-row"), (4, "long-row"),
    ]  # fmt: skip
    assert report["stored"]["inserted"] == 6


def test_a_file_cut_inside_a_quoted_cell_is_refused(desk):
    one = tried(desk, HEADER + f'{OWN},2561,30\n6500103,อปท.,"อบต.ท่า')
    assert (one["report"]["outcome"], one["report"]["stored"]["inserted"]) == ("refused", 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "tis-620", "cp874"])
def test_every_encoding_in_use_gives_the_same_rows(desk, encoding):
    report = tried(desk, GOOD.encode(encoding))["report"]
    assert (report["outcome"], report["stored"]["inserted"]) == ("loaded", 2)


def test_thai_spoiled_by_an_earlier_conversion_is_refused(desk):
    spoiled = GOOD.encode("tis-620").decode("latin-1").encode("utf-8")
    assert tried(desk, spoiled)["report"]["outcome"] == "refused"


def test_rows_that_contradict_each_other_are_told_and_none_is_taken(desk):
    fine = "".join(f"{OWN},{year},5\n" for year in range(2562, 2567))
    report = tried(desk, HEADER + f"{OWN},2561,30\n{OWN},2561,31\n" + fine)["report"]
    told = [one for one in report["rejected"] if one["reason"] == "conflicting-rows"]
    assert {one["row"] for one in told} == {2, 3}
    assert report["stored"]["inserted"] == 5


# I-6: shapes with Thai text


@pytest.mark.parametrize("encoding", ["UTF-8", "CP874"])
def test_thai_text_of_a_shapefile_without_a_codepage_is_right(desk, tmp_path, encoding):
    frame = geopandas.GeoDataFrame(
        {"code": ["s1", "s2"], "name": ["ท่าช้าง", "บ้านใหม่คลองเคียน"], "beds": ["1", "2"]},
        geometry=[Point(100.05, 14.05), Point(100.25, 14.05)], crs=4326,
    )  # fmt: skip
    (tmp_path / "shape").mkdir()
    frame.to_file(tmp_path / "shape" / "a.shp", encoding=encoding)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        for part in (tmp_path / "shape").iterdir():
            if part.suffix != ".cpg":
                archived.write(part, part.name)
    one = published(desk, packed.getvalue(), "points", "a.zip")
    assert one["state"] == "published", one
    told = items(desk, "odd-points")
    assert [one["properties"]["name_th"] for one in told] == list(frame["name"])
    desk.done(one["id"], "undo", "boss")


# I-7, I-9: what leads elsewhere


def test_shapes_that_lead_elsewhere_are_refused_and_open_nothing(desk, tmp_path):
    canary = tmp_path / "canary.csv"
    canary.write_text("code,name\nx,a canary that nobody may read\n", encoding="utf-8")
    linked = features(point(100.1, 14.1))
    linked["crs"] = {"type": "link", "properties": {"href": f"file://{canary}"}}
    named = zipfile.ZipInfo("a.shp")
    named.external_attr = 0o120777 << 16  # a symbolic link
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        archived.writestr(named, str(canary))
        archived.writestr("a.dbf", "")
    slip = io.BytesIO()
    with zipfile.ZipFile(slip, "w") as archived:
        archived.writestr("../../canary2.shp", "x")
    for name, content in (
        ("a.geojson", json.dumps(linked).encode()),
        ("a.geojson", b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline"}'),
        ("a.zip", packed.getvalue()), ("a.zip", slip.getvalue()),
    ):  # fmt: skip
        one = tried(desk, content, "points", name)
        assert one["report"]["outcome"] == "refused", (name, one)
        assert "canary that nobody" not in str(one)
    assert not list(tmp_path.parent.rglob("canary2*"))


# I-10, I-11: coordinates and shapes


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"Point","coordinates":[NaN,14.1]}',
        b'{"type":"Point","coordinates":[100.1,Infinity]}',
        b'{"type":"Point","coordinates":[1e999,14.1]}',
        b'{"type":"Point","coordinates":["100.1","14.1"]}',
        b'{"type":"Point","coordinates":[null,14.1]}',
        b'{"type":"Point","coordinates":[]}',
        b'{"type":"Point","coordinates":[[100.1,14.1]]}',
        b'{"type":"Pony","coordinates":[100.1,14.1]}',
    ],
)
def test_points_that_are_none_are_refused(desk, content):
    fine = json.dumps(features(point(100.1, 14.1))["features"][0]).encode()
    odd = b'{"type":"Feature","properties":{"code":"x"},"geometry":' + content + b"}"
    body = b'{"type":"FeatureCollection","features":[' + fine + b"," + odd + b"]}"
    report = tried(desk, body, "points", "a.geojson")["report"]
    if report["outcome"] != "refused":
        assert [(one["row"], one["reason"]) for one in report["rejected"]] == [(2, "bad-shape")]
        assert report["stored"]["inserted"] == 1


def test_points_elsewhere_are_named_and_swapped_axes_get_a_hint(desk):
    for odd, hint in (
        (point(14.1, 100.1), "swapped axes"), (point(665_000, 1_560_000), "metres"),
        (point(2.35, 48.85), "not in Thailand"),
    ):  # fmt: skip
        report = tried(desk, features(point(100.1, 14.1), odd), "points", "a.geojson")["report"]
        assert report["outcome"] == "refused"
        told = report["message"]["en"]
        assert told.startswith("Features 2 (1 of them)"), told
        assert hint in told


SQUARE = [(100.01, 14.01), (100.02, 14.01), (100.02, 14.02), (100.01, 14.02), (100.01, 14.01)]
BOWTIE = [(100.01, 14.01), (100.02, 14.02), (100.02, 14.01), (100.01, 14.02), (100.01, 14.01)]
HOLE_OUTSIDE = [(100.05, 14.05), (100.06, 14.05), (100.06, 14.06), (100.05, 14.05)]
LINE = [(100.01, 14.01), (100.02, 14.02), (100.01, 14.01), (100.01, 14.01)]


def test_invalid_polygons_are_repaired_and_told_or_refused_and_answers_are_valid(desk):
    sent = features(
        polygon(SQUARE), polygon(BOWTIE), polygon(SQUARE, HOLE_OUTSIDE), polygon(LINE),
        polygon(SQUARE[:-1]), polygon(SQUARE[::-1]),
    )  # fmt: skip
    one = published(desk, sent, "areas")
    report = one["report"]
    assert one["state"] == "published", one
    found = {(told["row"], told["reason"], told["severity"]) for told in report["rejected"]}
    assert found == {
        (2, "invalid-shape", "repaired"), (3, "invalid-shape", "repaired"),
        (4, "bad-shape", "refused"), (5, "bad-shape", "refused"),
    }  # fmt: skip
    told = {one["id"]: one["geometry"] for one in items(desk, "odd-areas")}
    assert told.keys() == {"f1", "f2", "f3", "f6"}
    for geometry in told.values():
        shape = shapely.from_geojson(json.dumps(geometry))
        assert shape.is_valid
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)
    # two triangles of a quarter of the square each
    areas = {code: shapely.from_geojson(json.dumps(one)).area for code, one in told.items()}
    assert areas["f2"] == pytest.approx(areas["f1"] / 2)
    desk.done(one["id"], "undo", "boss")


# I-12: the date line and the poles

EAST, WEST = box(170, -20, 180, -10), box(-180, -20, -170, -10)


def test_a_shape_across_the_date_line_comes_split_or_is_refused(desk):
    torn = polygon([(170, -20), (-170, -20), (-170, -10), (170, -10), (170, -20)])
    beyond = polygon([(170, -20), (190, -20), (190, -10), (170, -10), (170, -20)])
    polar = polygon([(-180, -90), (180, -90), (180, -85), (-180, -85), (-180, -90)])
    split = json.loads(shapely.to_geojson(shapely.MultiPolygon([EAST, WEST])))
    # nothing outside Thailand is taken where the recipe does not say so
    for odd in (torn, split, polar):
        assert tried(desk, features(odd), "areas", "a.geojson")["report"]["outcome"] == "refused"
    report = tried(desk, features(polygon(SQUARE), beyond), "world", "a.geojson")["report"]
    assert report["outcome"] == "refused"
    assert "Features 2" in report["message"]["en"]

    one = published(desk, features(torn, split, polar), "world")
    assert one["state"] == "published", one
    assert [(told["row"], told["reason"]) for told in one["report"]["rejected"]] == [
        (1, "bad-shape")
    ]
    assert "180" in one["report"]["rejected"][0]["hint"]["en"]
    found = {
        asked: {told["id"] for told in items(desk, "odd-world", bbox=asked)}
        for asked in ("171,-15,172,-14", "-172,-15,-171,-14", "175,-20,-175,-10", "0,-15,10,-14",
                      "0,-89,1,-88", "-179,-90,-178,-86", "170,-90,-170,-86")
    }  # fmt: skip
    assert found == {
        "171,-15,172,-14": {"f2"}, "-172,-15,-171,-14": {"f2"}, "175,-20,-175,-10": {"f2"},
        "0,-15,10,-14": set(), "0,-89,1,-88": {"f3"}, "-179,-90,-178,-86": {"f3"},
        "170,-90,-170,-86": {"f3"},
    }  # fmt: skip
    told = {one["id"]: one["geometry"] for one in items(desk, "odd-world")}
    assert shapely.from_geojson(json.dumps(told["f2"])).equals(shapely.MultiPolygon([EAST, WEST]))
    desk.done(one["id"], "undo", "boss")


# I-15: names that are statements


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


# I-19: files that are not what they were


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


# I-14: more than a file may hold


def table(rows, cells=3):
    return HEADER + f"{OWN},2561,5{',' * (cells - 3)}\n" * rows


def book(rows):
    made = io.BytesIO()
    filled = openpyxl.Workbook(write_only=True)
    sheet = filled.create_sheet("a")
    for at in range(rows):
        sheet.append([f"{at}", 2561, 5])
    filled.save(made)
    return made.getvalue()


def shapefile(folder, count):
    frame = geopandas.GeoDataFrame(
        {"code": [f"f{at}" for at in range(count)]}, geometry=[Point(100.05, 14.05)] * count,
        crs=4326,
    )  # fmt: skip
    folder.mkdir()
    frame.to_file(folder / "a.shp")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        for part in folder.iterdir():
            archived.write(part, part.name)
    frame.to_file(folder / "a.gpkg")
    return packed.getvalue(), (folder / "a.gpkg").read_bytes()


def test_a_file_that_holds_more_than_it_may_is_413_with_the_limit_before_it_is_read(desk, tmp_path):
    desk.settings |= {"file_rows": 50, "file_values": 400}
    many = features(*[point(100.1, 14.1)] * 51)
    hidden = json.dumps(many).replace('"Feature"', '"Featur\\u0065"')
    hidden = hidden.replace('"properties": {', '"properties": {"x": [{}, {}, {}, {}, {}], ')
    ring = [(100.01 + at / 1e5, 14.01) for at in range(300)]
    for name, content, limit, setting in (
        ("a.csv", table(51), 50, "GEO_FILE_ROWS"),
        ("a.csv", table(40, cells=20), 400, "GEO_FILE_VALUES"),
        ("a.xlsx", book(52), 50, "GEO_FILE_ROWS"),
        ("a.json", json.dumps([{"code": "1"}] * 51), 50, "GEO_FILE_ROWS"),
        ("a.xml", "<a>" + "<r c='1'/>" * 600 + "</a>", 50, "GEO_FILE_ROWS"),
        ("a.geojson", json.dumps(many), 50, "GEO_FILE_ROWS"),
        ("a.geojson.gz", gzip.compress(json.dumps(many).encode()), 50, "GEO_FILE_ROWS"),
        ("a.geojson", hidden, 50, "GEO_FILE_ROWS"),
        ("a.geojson", json.dumps(features(polygon(ring))), 400, "GEO_FILE_VALUES"),
        ("a.zip", shapefile(tmp_path / "many", 51)[0], 50, "GEO_FILE_ROWS"),
    ):
        body = content if isinstance(content, bytes) else content.encode()
        answer = desk.send(body, who="boss", name=name, recipe="points")
        told = answer.json()
        assert (answer.status_code, told["code"], told["limit"]) == (413, "too-large", limit), name
        assert setting in told["detail"]
        assert f"{limit:,}" in told["detail"]
        in_thai = desk("boss").post(
            "/submissions", params={"recipe": "points", "name": name, "lang": "th"}, content=body
        )  # fmt: skip
        assert "ไฟล์มีเกิน" in in_thai.json()["detail"]
    assert desk.files() == []
    # GDAL alone knows how many features a GeoPackage has; it counts before it reads
    one = desk.sent(shapefile(tmp_path / "gpkg", 51)[1], who="boss", name="a.gpkg", recipe="points")
    assert one["report"]["outcome"] == "refused"
    assert "more than 50 rows" in one["report"]["message"]["en"]


def test_a_file_at_the_limit_is_taken(desk, tmp_path):
    desk.settings |= {"file_rows": 3, "file_values": 400}
    packed, package = shapefile(tmp_path / "few", 3)
    sent = features(*[point(100.1, 14.1)] * 3)
    for name, content in (
        ("a.geojson", sent), ("a.zip", packed), ("a.gpkg", package),
    ):  # fmt: skip
        body = json.dumps(content).encode() if isinstance(content, dict) else content
        report = desk.sent(body, who="boss", name=name, recipe="points")["report"]
        assert "more than" not in str(report["message"]), report
    assert desk.sent(GOOD, who="boss")["report"]["outcome"] == "loaded"
