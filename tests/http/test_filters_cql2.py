"""Filters in CQL2 on a layer made here: what each operator keeps is told by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from geoalchemy2.shape import from_shape
from shapely import LineString, Point, box

from geo_service.core.db import make_engine, transaction
from geo_service.core.settings import ROOT
from geo_service.main import create_app
from ingest.pipeline import ingest
from layers.models import Feature, FeatureLayer
from tests.builders import ORGS, SUBDISTRICTS, add_version
from tests.natural_earth import LAYERS

ITEMS = "/collections/test-things/items"
TYPES = {
    "label": "string", "alias": "string", "n": "integer", "size": "number", "open": "boolean",
    "day": "date", "start": "datetime", "end": "datetime", "tags": "array",
}  # fmt: skip
#: a and b are squares side by side, c lies inside a, d is a line through a and b, e a point in b
THINGS = {
    "a": (box(100, 14, 101, 15), {
        "label": "Ångström", "alias": "Angstrom", "n": 10, "size": 2.5, "open": True,
        "day": "2022-04-16", "start": "2022-01-01T00:00:00Z", "end": "2022-06-30T12:00:00Z",
        "tags": ["x", "y"]}),
    "b": (box(101, 14, 102, 15), {
        "label": "bangkok", "alias": "bangkok", "n": 20, "size": 0.0, "open": False,
        "day": "2023-01-01", "start": "2022-06-30T12:00:00Z", "end": "2023-01-01T00:00:00Z",
        "tags": ["y", "z"]}),
    "c": (box(100.2, 14.2, 100.4, 14.4), {
        "label": "Bangkok", "alias": "BANGKOK", "n": -7, "size": -1.5, "open": True,
        "day": "2020-02-29", "start": "2022-02-01T00:00:00Z", "end": "2022-03-01T00:00:00Z",
        "tags": []}),
    "d": (LineString([(100.5, 14.5), (102.5, 14.5)]), {
        "label": "น้ำใส", "n": 0, "tags": ["x", 3, True]}),
    "e": (Point(101.5, 14.5), {"label": "50%_off", "n": 3}),
}  # fmt: skip


@pytest.fixture(scope="module")
def things(databases, country_template, settings_for):
    url = databases.create("filters", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        version_id = add_version(session, "test-things", kind="features")
        session.add(
            FeatureLayer(
                id="test-things", title_th="สิ่งทดสอบ", title_en="Things", theme="waste",
                geometry_type="Geometry", dataset_id="test-things",
                properties={name: {"type": kind, "title_th": name, "title_en": name}
                            for name, kind in TYPES.items()},
            )
        )  # fmt: skip
        session.flush()
        for code, (shape, properties) in THINGS.items():
            session.add(
                Feature(
                    layer_id="test-things", code=code, geom=from_shape(shape, srid=4326),
                    properties=properties, version_id=version_id,
                )
            )  # fmt: skip
    engine.dispose()
    with TestClient(create_app(settings_for(url))) as opened:
        yield opened


def ask(client, text, address=ITEMS, **more):
    return client.get(address, params={"filter": text, "lang": "en", **more})


def kept(client, text, address=ITEMS, **more):
    answer = ask(client, text, address, **more)
    assert answer.status_code == 200, answer.text
    return "".join(sorted(feature["id"] for feature in answer.json()["features"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # comparisons, texts by code point: B < b < Å < น
        ("label = 'bangkok'", "b"), ("label <> 'bangkok'", "acde"), ("label < 'b'", "ce"),
        ("label >= 'bangkok'", "abd"), ("label > 'Å'", "ad"), ("label <= 'Bangkok'", "ce"),
        ("n = 3", "e"), ("n > 3", "ab"), ("n >= 3", "abe"), ("n < 0", "c"), ("n <= 0", "cd"),
        ("size = 2.5", "a"), ("open = true", "ac"), ("open <> true", "b"), ("open", "ac"),
        ("day > DATE('2022-04-16')", "b"), ("start = TIMESTAMP('2022-02-01T00:00:00Z')", "c"),
        ("day < TIMESTAMP('2022-04-16T00:00:01Z')", "ac"),
        # missing values are unknown
        ("size IS NULL", "de"), ("size IS NOT NULL", "abc"), ("NOT size = 0", "ac"),
        ("interval(start, end) IS NULL", "de"), ("(n = 1) IS NULL", ""),
        # logic
        ("n = 3 OR n = 10 AND open = false", "e"), ("(n = 3 OR n = 10) AND open = true", "a"),
        ("NOT (n > 0)", "cd"), ("true", "abcde"), ("false OR n = 0", "d"),
        # advanced comparison
        ("label LIKE 'B%'", "c"), ("label LIKE '_angkok'", "bc"), ("label NOT LIKE '%ang%'", "ade"),
        ("label LIKE '50\\%\\_%'", "e"),
        ("n BETWEEN 0 AND 10", "ade"),
        ("n NOT BETWEEN 0 AND 10", "bc"),
        ("n IN (3, 10, 99)", "ae"), ("n NOT IN (3, 10, 99)", "bcd"), ("label IN ('น้ำใส')", "d"),
        # case and accents
        ("CASEI(label) = CASEI('BANGKOK')", "bc"), ("CASEI(label) = casei('åNGSTRÖM')", "a"),
        ("ACCENTI(label) = ACCENTI('Angstrom')", "a"), ("ACCENTI(label) = 'น้ำใส'", "d"),
        ("ACCENTI(label) = 'นำใส'", ""), ("ACCENTI(CASEI(label)) LIKE accenti(casei('ÀNG%'))", "a"),
        # arithmetic
        ("n = 2 + 1", "e"), ("n = 2 * (3 + 2)", "a"), ("n = 2 ^ 2 - 1", "e"), ("n = 7 div 2", "e"),
        ("n = 21 / 7", "e"), ("n % 7 = 3", "ae"), ("n + 10 = 20", "a"), ("-n = 7", "c"),
        ("n / 4 = 2.5", "a"),
        ("10 / size > 0", "a"),
        ("n div size = 4", "ac"),
        ("n % size = 0", "a"),
        # property against property
        ("label = alias", "b"), ("label > alias", "ac"), ("start < end", "abc"), ("n > size", "ab"),
        ("3 = n", "e"), ("'b' LIKE label", ""), ("n IN (size * 4, 3)", "ae"),
        # space
        ("S_INTERSECTS(geom, BBOX(100.1, 14.1, 100.3, 14.3))", "ac"),
        ("S_INTERSECTS(POINT(101 14.5), geometry)", "abd"),
        ("S_WITHIN(geom, BBOX(100,14,101,15))", "ac"),
        ("S_CONTAINS(geom, POINT(101.5 14.5))", "bde"),
        ("S_DISJOINT(geom, BBOX(100,14,100.5,15))", "be"),
        ("S_TOUCHES(geom, POLYGON((102 14,103 14,103 14.2,102 14.2,102 14)))", "b"),
        ("S_CROSSES(geom, BBOX(100,14,101,15))", "d"), ("S_EQUALS(geom, POINT(101.5 14.5))", "e"),
        ("S_OVERLAPS(geom, BBOX(100.5,14,101.5,15))", "ab"),
        ("S_INTERSECTS(geom, BBOX(179, 10, 101.2, 20))", "abcd"),
        ("S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(101.5 14.5), LINESTRING(100 14,100 15)))",
         "abde"),
        ("S_INTERSECTS(geom, MULTIPOINT(100.3 14.3, 102.4 14.5))", "acd"),
        ("S_INTERSECTS(geom, MULTIPOLYGON(((100.25 14.25,100.3 14.25,100.3 14.3,100.25 14.25))))",
         "ac"),
        ("S_INTERSECTS(geom, BBOX(101.5,14.5,101.5,14.5))", "bde"),
        # time
        ("T_AFTER(day, DATE('2022-04-16'))", "b"), ("T_BEFORE(day, DATE('2022-04-16'))", "c"),
        ("T_EQUALS(day, DATE('2022-04-16'))", "a"), ("T_DISJOINT(day, DATE('2022-04-16'))", "bc"),
        ("T_INTERSECTS(day, INTERVAL('2022-01-01','..'))", "ab"),
        ("T_INTERSECTS(start, DATE('2022-06-30'))", "b"),
        ("T_DURING(day, INTERVAL('2020-01-01T00:00:00Z','2021-01-01'))", "c"),
        ("T_CONTAINS(INTERVAL(start,end), INTERVAL('2022-02-02','2022-02-03'))", "ac"),
        ("T_MEETS(INTERVAL(start,end), INTERVAL('2022-06-30T12:00:00Z','..'))", "a"),
        ("T_METBY(INTERVAL(start,end), INTERVAL('..','2022-06-30T12:00:00Z'))", "b"),
        ("T_STARTS(INTERVAL(start,end), INTERVAL('2022-01-01T00:00:00Z','..'))", "a"),
        ("T_STARTEDBY(INTERVAL(start,end),INTERVAL('2022-01-01T00:00:00Z','2022-01-02T00:00:00Z'))",
         "a"),
        ("T_FINISHES(INTERVAL(start,end), INTERVAL('..','2023-01-01T00:00:00Z'))", "b"),
        ("T_FINISHEDBY(INTERVAL(start,end),INTERVAL('2022-12-31T00:00:00Z','2023-01-01T00:00:00Z'))",
         "b"),
        ("T_OVERLAPS(INTERVAL(start,end), INTERVAL('2022-02-15','2022-12-31'))", "ac"),
        ("T_OVERLAPPEDBY(INTERVAL(start,end), INTERVAL('..','2022-02-15'))", "ac"),
        # arrays, as sets
        ("A_CONTAINS(tags, ('x'))", "ad"), ("A_CONTAINS(tags, ('y','x','x'))", "a"),
        ("A_CONTAINEDBY(tags, ('x','y','w'))", "ac"), ("A_EQUALS(tags, ('z','y'))", "b"),
        ("A_EQUALS(tags, ())", "c"),
        ("A_OVERLAPS(tags, ('z','x'))", "abd"),
        ("A_OVERLAPS(tags, (3))", "d"),
        ("A_CONTAINS(tags, (true))", "d"), ("A_CONTAINS((n, 10), (10))", "abcde"),
        # functions
        ("lower(alias) = 'bangkok'", "bc"),
        ("upper(label) = 'BANGKOK'", "bc"),
        ("length(label) = 5", "d"),
        ("starts_with(label, 'B')", "c"),
        ("NOT starts_with(label, 'B')", "abde"),
        ("abs(n) = 7", "c"),
        ("floor(size) = 2", "a"), ("ceiling(size) = -1", "c"), ("round(size) = 0", "b"),
        ("year(day) = 2022", "a"),
        ("month(start) = 2", "c"),
        ("day(day) = 29", "c"),
        ("trim(' a ') = 'a'", "abcde"),
    ],
)  # fmt: skip
def test_each_operator_keeps_what_it_should(things, text, expected):
    assert kept(things, text) == expected


def test_json_asks_the_same(things):
    document = {"op": "and", "args": [
        {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [100, 14, 101, 15]}]},
        {"op": "in", "args": [{"op": "casei", "args": [{"property": "alias"}]},
                              [{"op": "casei", "args": ["bangkok"]}]]}]}  # fmt: skip
    assert kept(things, json.dumps(document), **{"filter-lang": "cql2-json"}) == "bc"


def test_the_filter_may_be_in_any_served_system(things):
    metres = "http://www.opengis.net/def/crs/EPSG/0/32647"
    assert kept(things, "S_CONTAINS(geom, POINT(650000 1600000))", **{"filter-crs": metres}) == "a"
    lat_first = "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert kept(things, "S_EQUALS(geom, POINT(14.5 101.5))", **{"filter-crs": lat_first}) == "e"
    assert ask(things, "true", **{"filter-crs": "EPSG:9999"}).status_code == 400


def test_a_filter_counts_pages_and_joins_other_questions(things):
    assert ask(things, "n >= 0", resulttype="hits").json()["numberMatched"] == 4
    first = ask(things, "n >= 0", limit=1).json()
    assert first["numberMatched"] == 4
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = things.get(following.removeprefix("http://testserver")).json()
    assert [one["id"] for one in first["features"] + second["features"]] == ["a", "b"]
    assert kept(things, "n >= 0", bbox="101.9,14,103,15") == "bd"
    assert kept(things, "n >= 0", label="bangkok") == "b"
    assert "bangkok" in ask(things, "n = 20", f="csv").text


def test_every_family_of_collections_takes_a_filter(client):
    address = "/collections/subdistricts/items"
    answer = ask(client, "province_code = '50' AND area_km2 > 0", address).json()
    assert answer["numberMatched"] == sum(code.startswith("50") for code in SUBDISTRICTS)
    answer = ask(client, "tier = 'upper'", "/collections/orgs/items").json()
    assert answer["numberMatched"] == sum(org[0] == "PAO" for org in ORGS.values())
    answer = ask(client, "pop_total > 5000", "/collections/population-by-subdistrict/items").json()
    assert {one["id"] for one in answer["features"]} == {"500101", "500102", "510101"}
    history = "/collections/population-by-subdistrict-history/items"
    answer = ask(client, "pop_total = 11900 AND period = '2023'", history).json()
    assert [one["id"] for one in answer["features"]] == ["500101.2023"]


@pytest.mark.parametrize(
    "text",
    [
        "nope = 1", "pg_sleep(10) IS NULL", "n = 'x'", "S_INTERSECTS(geom, POINT(90 180))",
        "(" * 2000 + "n = 1" + ")" * 2000, "NOT " * 2000 + "n=1", "n=1" + " AND n=1" * 700,
        "casei(" * 64 + "label" + ")" * 64 + "='x'", "n = 10 ^ 300 * 10 ^ 300", "0 ^ -1 = n",
        "label LIKE 'x\\'", "label = '\x00'", "length(label) / 0", "size ^ 0.5 = 1",
    ],
)  # fmt: skip
def test_a_hostile_filter_is_answered_400_at_once(things, text):
    # Of this process: that the machine is busy does not count, and the database has its limit.
    started = time.process_time()
    answer = ask(things, text)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert time.process_time() - started < 3


def test_a_hostile_json_filter_is_answered_400_at_once(things):
    deep = '{"op":"not","args":[' * 200 + "true" + "]}" * 200
    assert ask(things, deep, **{"filter-lang": "cql2-json"}).status_code == 400
    assert ask(things, "true", **{"filter-lang": "cql"}).status_code == 400


def test_the_deepest_filters_taken_are_answered(things):
    for opening, core, closing, tail in (
        ("accenti(", "label", ")", " = 'x'"),
        ("NOT (", "n = 1", ")", ""),
        ("(5 % ", "n", ")", " = 1"),
    ):  # fmt: skip
        answer = ask(things, opening * 19 + core + closing * 19 + tail, limit=1)
        assert answer.status_code == 200, answer.text


def test_the_classes_are_declared_under_their_names(client):
    told = client.get("/conformance").json()["conformsTo"]
    spec = "http://www.opengis.net/spec/"
    for name in ("cql2-text", "cql2-json", "basic-cql2", "spatial-functions", "array-functions"):
        assert f"{spec}cql2/1.0/conf/{name}" in told
    assert f"{spec}ogcapi-features-3/1.0/conf/features-filter" in told
    functions = client.get("/functions", params={"lang": "en"}).json()["functions"]
    assert {"casei", "starts_with"} <= {one["name"] for one in functions}


@pytest.fixture(scope="module")
def natural_earth(databases, serve, settings_for, tmp_path_factory):
    folder = ROOT.parent / "shared" / "conformance" / "cql2"
    if not folder.is_dir():
        pytest.skip("../shared/conformance is not here: the standard's tests are kept beside")
    url = databases.create("natural", template="empty")
    engine = make_engine(url)
    recipes = tmp_path_factory.mktemp("recipes")
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        for layer in LAYERS:
            recipe = layer.write_recipe(recipes)
            report = ingest(
                engine, folder / "data" / "ne110m4cql2.gpkg", recipe=recipe, refresh=False
            )
            assert report.exit_code == 0, report.as_text("en")
    return folder / "run.py", serve(settings_for(url))


@pytest.mark.shared
@pytest.mark.parametrize("language", ["text", "json"])
def test_the_standards_own_tests_pass_all_348(natural_earth, language):
    script, address = natural_earth
    more = ["--json"] if language == "json" else []
    if more:
        pytest.importorskip("cql2", reason="the package cql2 translates the tests into JSON")
    names = [f"{layer.name}={layer.id}" for layer in LAYERS]
    done = subprocess.run(  # noqa: S603  (the script beside the project, arguments as a list)
        [sys.executable, str(script), address, "--map", *names, *more],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.stdout.strip().endswith("348 passed, 0 failed"), done.stdout + done.stderr


def test_times_sort_page_and_compare_by_their_type(things):
    found, address = "", f"{ITEMS}?sortby=-end&limit=1"
    while address:
        answer = things.get(address).json()
        found += answer["features"][0]["id"]
        following = [link["href"] for link in answer["links"] if link["rel"] == "next"]
        address = following[0].removeprefix("http://testserver") if following else ""
    assert found == "bacde"
    same = things.get(ITEMS, params={"start": "2022-02-01T00:00:00Z"}).json()["features"]
    assert [one["id"] for one in same] == ["c"]
    told = datetime.fromisoformat(same[0]["properties"]["start"])
    assert told == datetime(2022, 2, 1, tzinfo=UTC)
    schema = things.get("/collections/test-things/queryables").json()["properties"]["start"]
    assert schema["format"] == "date-time"
    assert things.get(ITEMS, params={"start": "yesterday"}).status_code == 400
