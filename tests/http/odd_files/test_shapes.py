"""Odd coordinates and shapes: repaired and told, or refused (I-6, I-10, I-11, I-12)."""

from __future__ import annotations

import io
import json
import zipfile

import geopandas
import pytest
import shapely
from shapely.geometry import Point, box

from tests.odd_files import features, items, point, polygon, published, tried


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
    answer = desk.send(body, who="dla.one", recipe="points", name="a.geojson")
    if answer.status_code != 201:
        # no JSON at all
        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-file")
        assert desk.files() == []
        return
    report = desk.settled(answer.json()["id"])["report"]
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
