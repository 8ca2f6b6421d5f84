"""Formats of items: each is read back by its usual reader and tells what GeoJSON tells."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from datetime import date, datetime
from urllib.parse import urlsplit

import geopandas
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from fastapi.testclient import TestClient
from pyproj import Transformer
from shapely.geometry import shape

from tests.builders import PROVINCES, SUBDISTRICTS

KINDS = {
    "geojson": "application/geo+json",
    "json": "application/json",
    "jsonfg": "application/vnd.ogc.fg+json",
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "fgb": "application/vnd.flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
}
COLLECTIONS = (
    "regions", "subdistricts", "orgs", "health-centres", "population-by-subdistrict",
    "ageing-by-subdistrict", "waste-by-org", "population-by-district-history",
)  # fmt: skip
METRES = Transformer.from_crs(4326, 32647, always_xy=True)


def items(client: TestClient, collection: str, query: str = "") -> dict[str, dict]:
    answer = client.get(f"/collections/{collection}/items?{query}")
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["features"]}


def file_of(client: TestClient, tmp_path, collection: str, form: str, *, query: str = ""):
    answer = client.get(f"/collections/{collection}/items?f={form}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == KINDS[form]
    path = tmp_path / f"{collection}.{form}"
    path.write_bytes(answer.content)
    return path


def rows_of(path, form: str) -> list[dict]:
    if form == "parquet":
        return pq.read_table(path).to_pylist()
    if form == "gpkg":
        table = pyogrio.read_arrow(path)[1].rename_columns({"geom": "geometry"})
        return table.to_pylist()
    # GDAL 3.12 gives no Arrow table of a FlatGeobuf with features without a shape.
    rows = pyogrio.read_dataframe(path).to_wkb().astype(object)
    return rows.where(rows.notna(), None).to_dict("records")


def as_json(value, form: str):
    """What a cell would be in GeoJSON."""
    if isinstance(value, datetime) and form == "fgb":
        assert (value.hour, value.minute) == (0, 0)
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("form", ["parquet", "gpkg", "fgb"])
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_files_tell_the_same_as_geojson(client, tmp_path, collection, form):
    expected = items(client, collection)
    rows = rows_of(file_of(client, tmp_path, collection, form), form)
    assert {row["id"] for row in rows} == set(expected)
    assert len(rows) == len(expected)
    for row in rows:
        told = expected[row["id"]]
        for name, value in told["properties"].items():
            written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            wanted = written if isinstance(value, list) else value
            assert as_json(row[name], form) == wanted, (row["id"], name)
        if told["geometry"] is None:
            assert row["geometry"] is None
        else:
            found = shapely.from_wkb(row["geometry"])
            assert found.equals_exact(shape(told["geometry"]), 1e-6, normalize=True)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_tables_tell_the_same_as_geojson(client, collection):
    expected = items(client, collection)
    text = client.get(f"/collections/{collection}/items?f=csv&geometry=wkt").content
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert len(rows) == len(expected)
    for row, told in zip(rows, expected.values(), strict=True):
        for name, value in told["properties"].items():
            if isinstance(value, list):
                assert row[name] == ";".join(value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                assert float(row[name]) == value
            else:
                assert row[name] == ("" if value is None else str(value))
        if told["geometry"] is None:
            assert row["geometry"] == ""
        else:
            assert shapely.from_wkt(row["geometry"]).equals_exact(shape(told["geometry"]), 1e-6)


def test_a_sequence_puts_a_separator_before_each_feature(client):
    # RFC 8142, 2.1: RS, a JSON text, LF
    body = client.get("/collections/subdistricts/items?f=geojsonseq").text
    parts = body.split("\x1e")
    assert parts[0] == ""
    assert all(part.endswith("}\n") for part in parts[1:])
    assert [json.loads(part) for part in parts[1:]] == list(items(client, "subdistricts").values())


def test_json_fg_puts_longitude_and_latitude_into_geometry(client):
    told = client.get("/collections/provinces/items?f=jsonfg").json()
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in told["conformsTo"]
    assert told["featureType"] == "provinces"
    assert told["geometryDimension"] == 2
    assert "coordRefSys" not in told
    plain = items(client, "provinces")
    for one in told["features"]:
        assert one["place"] is None
        assert one["geometry"] == plain[one["id"]]["geometry"]
        assert one["properties"] == plain[one["id"]]["properties"]
    assert profiles(told) == [f"{PROFILES}/jsonfg"]


PROFILES = "http://www.opengis.net/def/profile/OGC/0"


def profiles(told):
    return [link["href"] for link in told["links"] if link["rel"] == "profile"]


@pytest.mark.parametrize("path", ["provinces/items?f=geojson", "provinces/items/50?f=json"])
@pytest.mark.parametrize(
    ("asked", "profile"),
    [
        (None, "rfc7946"),
        ("rfc7946", "rfc7946"),
        ("jsonfg", "jsonfg"),
        (f"{PROFILES}/jsonfg", "jsonfg"),
        ("[ogc-profile:jsonfg]", "jsonfg"),
        ("rel-as-link,jsonfg", "jsonfg"),
        ("rfc7946,jsonfg", "rfc7946"),
        ("nobody-knows-it", "rfc7946"),
    ],
)
def test_a_profile_of_geojson_is_chosen_and_told(client, path, asked, profile):
    # OGC 21-045r1, "JSON-FG in Web APIs"; OGC 23-058r2, "Profile query parameter"
    address = f"/collections/{path}"
    answer = client.get(address if asked is None else f"{address}&profile={asked}")
    plain = client.get(address)
    assert answer.headers["content-type"] == plain.headers["content-type"]
    assert f'<{PROFILES}/{profile}>; rel="profile"' in answer.headers["link"]
    told = answer.json()
    assert profiles(told) == [f"{PROFILES}/{profile}"]
    if profile == "rfc7946":
        assert "conformsTo" not in told
        assert '"place"' not in answer.text
    else:
        jsonfg = client.get(f"{address.partition('?')[0]}?f=jsonfg").json()
        assert told["conformsTo"] == jsonfg["conformsTo"]
        assert told.get("features") == jsonfg.get("features")
    links = {link["rel"]: link for link in told["links"]}
    assert links["self"]["type"] == plain.headers["content-type"].partition(";")[0]


@pytest.mark.parametrize("asked", ["", "a b", "jsonfg,", "[jsonfg", "https://"])
def test_what_names_no_profile_is_refused(client, asked):
    answer = client.get("/collections/provinces/items", params={"profile": asked})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "profile")


def test_a_profile_is_passed_over_by_formats_that_have_none(client):
    for form in ("csv", "html", "geojsonseq"):
        assert client.get(f"/collections/provinces/items?f={form}&profile=jsonfg").is_success


def test_the_next_page_keeps_the_profile(client):
    told = client.get("/collections/provinces/items?limit=1&profile=jsonfg").json()
    (following,) = (link["href"] for link in told["links"] if link["rel"] == "next")
    assert profiles(client.get(following).json()) == [f"{PROFILES}/jsonfg"]


def test_json_fg_puts_other_systems_into_place(client):
    # OGC 21-045r1, 7.6: geometry is WGS 84 or nothing
    answer = client.get("/collections/health-centres/items?f=jsonfg&crs=EPSG:32647")
    told = answer.json()
    assert told["coordRefSys"] == "http://www.opengis.net/def/crs/EPSG/0/32647"
    assert 'rel="profile"' in answer.headers["link"]
    plain = items(client, "health-centres")
    for one in told["features"]:
        assert one["geometry"] is None
        if plain[one["id"]]["geometry"] is None:
            assert one["place"] is None
            continue
        lon_lat = plain[one["id"]]["geometry"]["coordinates"]
        assert one["place"]["coordinates"] == pytest.approx(METRES.transform(*lon_lat), abs=0.2)


def test_json_fg_tells_the_time_of_a_feature_whatever_properties_are_asked(client):
    path = "/collections/population-by-district-history/items"
    told = client.get(f"{path}?f=jsonfg&properties=pop_total,code").json()
    for one in told["features"]:
        year = one["id"].rpartition(".")[2]
        assert one["time"] == {"interval": [f"{year}-01-01", f"{year}-12-31"]}
        assert list(one["properties"]) == ["pop_total", "code"]
    single = client.get(f"{path}/5001.2023?f=jsonfg").json()
    assert single["time"] == {"interval": ["2023-01-01", "2023-12-31"]}
    assert single["conformsTo"] == told["conformsTo"]
    values = client.get("/collections/population-by-district/items?f=jsonfg").json()
    assert {str(one["time"]) for one in values["features"]} == {"None"}


@pytest.mark.parametrize("form", ["parquet", "gpkg", "fgb"])
def test_files_come_in_the_system_asked_for_with_east_first(client, tmp_path, form):
    plain = items(client, "health-centres")
    for crs, srid, transform in (
        ("EPSG:32647", 32647, METRES.transform),
        ("EPSG:4326", 4326, lambda *point: point),
    ):
        path = file_of(client, tmp_path, "health-centres", form, query=f"&crs={crs}")
        read = geopandas.read_parquet if form == "parquet" else geopandas.read_file
        frame = read(path).set_index("id")
        assert frame.crs.to_epsg() in {srid, None if srid == 4326 else srid}
        for code, one in plain.items():
            if one["geometry"] is None:
                assert frame.geometry[code] is None
                continue
            expected = transform(*one["geometry"]["coordinates"])
            point = frame.geometry[code]
            assert (point.x, point.y) == pytest.approx(expected, abs=0.2)


def test_geoparquet_can_be_read_by_box_and_knows_its_columns(client, tmp_path):
    path = file_of(client, tmp_path, "subdistricts", "parquet")
    schema = pq.read_schema(path)
    told = json.loads(pq.read_metadata(path).metadata[b"geo"])
    assert told["version"] == "1.1.0"
    column = told["columns"]["geometry"]
    assert column["geometry_types"] == ["MultiPolygon"]
    assert column["bbox"] == pytest.approx([100.0, 14.0, 100.5, 14.2])
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert schema.field("name_th").metadata[b"title"].decode() == "ชื่อไทย"
    assert schema.field("area_km2").metadata[b"unit"].decode() == "ตร.กม."
    assert str(schema.field("valid_from").type) == "date32[day]"
    inside = geopandas.read_parquet(path, bbox=(100.01, 14.01, 100.02, 14.02))
    assert list(inside["code"]) == ["500101"]


def test_geopackage_has_thai_aliases_and_says_whose_it_is(client, tmp_path):
    path = file_of(client, tmp_path, "population-by-subdistrict", "gpkg")
    with sqlite3.connect(path) as opened:
        titles = dict(opened.execute("SELECT column_name, name FROM gpkg_data_columns").fetchall())
        contents = opened.execute("SELECT table_name, identifier FROM gpkg_contents").fetchall()
        metadata = opened.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0]
    opened.close()
    assert titles["name_th"] == "ชื่อไทย"
    assert contents == [("population-by-subdistrict", "ประชากรรายตำบล")]
    for name in ("license", "attribution", "sources", "dataVersion", "dataDate"):
        assert f'key="{name}"' in metadata, name


def test_flatgeobuf_says_whose_it_is(client, tmp_path):
    told = pyogrio.read_info(file_of(client, tmp_path, "provinces", "fgb"))
    assert told["layer_metadata"]["TITLE"] == "จังหวัด"
    assert {"attribution", "sources", "dataVersion"} <= set(told["layer_metadata"])
    assert told["capabilities"]["fast_spatial_filter"]


@pytest.mark.parametrize("form", KINDS)
def test_every_page_links_itself_in_the_other_formats(client, form):
    told = client.get("/collections/provinces/items?limit=1&name_en=Saen%20Suk").json()
    others = {link["type"]: link["href"] for link in told["links"] if link["rel"] == "alternate"}
    if form in {"geojson", "json"}:
        assert KINDS[form] not in others
        return
    parts = urlsplit(others[KINDS[form].partition(";")[0]])
    answer = client.get(f"{parts.path}?{parts.query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, KINDS[form])


@pytest.mark.parametrize("form", KINDS)
def test_accept_alone_chooses_each_format(client, form):
    accept = f"image/png, {KINDS[form].partition(';')[0]};q=0.8, text/turtle;q=0.9"
    answer = client.get("/collections/provinces/items", headers={"Accept": accept})
    assert answer.headers["content-type"] == KINDS[form]


def test_the_greater_weight_wins(client):
    accept = "application/geo+json;q=0.2, application/geopackage+sqlite3;q=0.7, text/csv;q=0.5"
    answer = client.get("/collections/provinces/items", headers={"Accept": accept})
    assert answer.headers["content-type"] == KINDS["gpkg"]
    refused = client.get("/collections/provinces/items", headers={"Accept": "image/png"})
    assert refused.status_code == 406


def test_a_saved_file_has_a_thai_name(client):
    said = client.get("/collections/provinces/items?f=gpkg").headers["content-disposition"]
    assert said.startswith("attachment; filename=\"provinces.gpkg\"; filename*=UTF-8''%E0%B8%88")
    assert said.isascii()
    english = client.get("/collections/provinces/items?f=gpkg&lang=en")
    assert "UTF-8''Provinces.gpkg" in english.headers["content-disposition"]


@pytest.mark.parametrize("form", ["csv", "parquet", "geojsonseq"])
def test_pages_of_any_format_cover_a_layer_once(client, tmp_path, form):
    found, query = [], "limit=4"
    while query:
        answer = client.get(f"/collections/subdistricts/items?f={form}&{query}")
        if form == "parquet":
            found += pq.read_table(io.BytesIO(answer.content))["code"].to_pylist()
        elif form == "csv":
            rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
            found += [row["code"] for row in rows]
        else:
            found += [json.loads(part)["id"] for part in answer.text.split("\x1e")[1:]]
        assert 'rel="license"' in answer.headers["link"]
        following = answer.links.get("next")
        query = urlsplit(following["url"]).query.replace(f"f={form}&", "") if following else ""
    assert sorted(found) == sorted(SUBDISTRICTS)


def test_shapes_can_be_left_out(client):
    for one in items(client, "provinces", "skipGeometry=true").values():
        assert one["geometry"] is None
        assert one["properties"]["code"] in PROVINCES
    table = client.get("/collections/provinces/items?f=csv&geometry=none").text
    assert table.splitlines()[0].endswith("valid_to")
    same = client.get("/collections/provinces/items?f=csv&skipGeometry=true").text
    assert same == table


@pytest.mark.parametrize(
    "query", ["geometry=wkt", "f=csv&geometry=wkb", "skipGeometry=yes", "f=shp"]
)
def test_what_makes_no_sense_is_refused(client, query):
    answer = client.get(f"/collections/provinces/items?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad-parameter"


@pytest.mark.parametrize("form", ["csv", "fgb", "gpkg", "parquet", "geojsonseq", "jsonfg", "html"])
def test_a_page_without_features_comes_in_every_format(client, tmp_path, form):
    answer = client.get(f"/collections/subdistricts/items?province_code=99&f={form}")
    assert answer.status_code == 200
    if form in {"fgb", "gpkg", "parquet"}:
        path = tmp_path / f"none.{form}"
        path.write_bytes(answer.content)
        read = geopandas.read_parquet if form == "parquet" else geopandas.read_file
        frame = read(path)
        assert len(frame) == 0
        assert {"code", "name_th", "geometry"} <= set(frame.columns)


def test_a_layer_larger_than_memory_is_the_same_layer(client, monkeypatch):
    from geo_service.api import features, item_texts, quick_items  # noqa: PLC0415

    whole = client.get("/collections/subdistricts/items").json()
    for module in (item_texts, quick_items):
        monkeypatch.setattr(module, "MOST_IN_MEMORY_BYTES", 100)
    for module in (item_texts, features):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 3)
    for query in ("lang=en", "lang=en&limit=10&offset=0", "lang=en&limit=9999"):
        address = f"/collections/subdistricts/items?{query}"
        answer = client.get(address, headers={"Accept-Encoding": "identity"})
        assert answer.json()["features"] == whole["features"]
        assert int(answer.headers["content-length"]) == len(answer.content)
    paged = client.get("/collections/subdistricts/items?lang=en&limit=7").json()
    assert [one["id"] for one in paged["features"]] == sorted(SUBDISTRICTS)[:7]
    assert any(link["rel"] == "next" for link in paged["links"])
