"""More than a file may hold is refused with the limit, before it is read (I-14)."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import geopandas
import openpyxl
from shapely.geometry import Point

from tests.desk import GOOD, HEADER, OWN
from tests.odd_files import features, point, polygon


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
