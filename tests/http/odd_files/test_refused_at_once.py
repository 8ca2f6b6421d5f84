"""What nobody can ever read is refused where it is sent, and nothing is kept of it (I-8, I-9)."""

from __future__ import annotations

import gzip
import io
import json
import stat
import zipfile

from tests.odd_files import features, point, refusal, zipped

POINT = json.dumps(features(point(100.1, 14.1)))
LAUGHS = b"".join(
    [b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">']
    + [b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9)]
    + [b"]><a><r>&l9;</r></a>"]
)


def linking(name, target):
    """A zip with a symbolic link."""
    made, entry = io.BytesIO(), zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, target)
        archive.writestr("a.dbf", "")
    return made.getvalue()


def locked():
    """A zip that says that it is encrypted."""
    made = bytearray(zipped(**{"a.shp": "x", "a.dbf": ""}))
    at = made.index(b"PK\x01\x02")
    made[6] |= 1
    made[at + 8] |= 1
    return bytes(made)


ZIPS = {
    "20,000 entries": (zipped(**{f"{n}.txt": "" for n in range(20_000)}), "entries"),
    "a bomb": (zipped(**{"a.shp": b"\0" * 40_000_000, "a.dbf": ""}), "unpacks to more"),
    "nested": (zipped(**{"a.zip": zipped(**{"b.zip": "x"})}), "another archive"),
    "slip": (zipped(**{"../../canary2.shp": "x"}), "reaches out"),
    "absolute": (zipped(**{"/etc/canary2.shp": "x"}), "reaches out"),
    "a link": (linking("a.shp", "/etc/passwd"), "reaches out"),
    "encrypted": (locked(), "encrypted"),
    "cut": (zipped(**{"a.shp": "x", "a.dbf": ""})[:-30], "damaged"),
    "of nothing": (zipped(**{"a.txt": "x"}), "One shapefile is wanted"),
}
DEEP = POINT.replace('"name": ', '"x": ' + "[" * 80 + "]" * 80 + ', "name": ')
JSON = {
    "no collection": (b'{"type": "Feature"}', "no GeoJSON"),
    "a list of numbers": (b'{"type": "FeatureCollection", "features": 5}', "no list of features"),
    "NaN": (POINT.replace("100.1", "NaN").encode(), "not valid JSON"),
    "cut": (POINT[:-3].encode(), "not valid JSON"),
    "twice": (POINT.replace('"name"', '"co\\u0064e"').encode(), "'code' stands twice"),
    "deep": (DEEP.encode(), "more than 64 deep"),
    "a foreign CRS": (POINT.replace('{"type": "FeatureCollection"', '{"type": "FeatureCollection",'
        ' "crs": {"type": "name", "properties": {"name": "EPSG:2193"}}').encode(), "not known"),
}  # fmt: skip
ROWS = {
    "NaN": (b'[{"code": NaN}]', "NaN is no JSON"),
    "twice": (b'[{"code": 1, "code": 2}]', "stands twice"),
    "deep": (b'[{"code": ' + b"[" * 80 + b"]" * 80 + b"}]", "64 deep"),
    "half a letter": (b'[{"code": "\\ud800"}]', "half of a letter"),
    "numbers": (b"[1, 2]", "not an object"),
    "cut": (b'[{"code": 1}', "not valid JSON"),
}


def test_a_zip_that_breaks_a_rule_is_422(desk, tmp_path):
    for kind, (content, words) in ZIPS.items():
        assert words in refusal(desk, content, "points", "a.zip")["en"]["detail"], kind
    assert not list(tmp_path.parent.rglob("canary2*"))


def test_json_that_is_no_strict_geojson_is_422(desk):
    for kind, (content, words) in JSON.items():
        assert words in refusal(desk, content, "points", "a.geojson")["en"]["detail"], kind
    packed = gzip.compress(JSON["twice"][0])
    assert "twice" in refusal(desk, packed, "points", "a.geojson.gz")["en"]["detail"]


def test_json_that_is_no_strict_table_is_422(desk):
    for kind, (content, words) in ROWS.items():
        assert words in refusal(desk, content, "mine", "a.json")["en"]["detail"], kind


def book():
    """A workbook of 2 MB whose sheet is 400 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(400):
                sheet.write(b" " * 1_000_000)
    return made.getvalue()


def test_bombs_laughs_and_strange_workbooks_are_422(desk):
    for name, content, words in (
        ("laughs.xml", LAUGHS, "document type"), ("cut.xml", b"<a><b/>", "not valid XML"),
        ("deep.xml", b"<a>" * 80 + b"</a>" * 80, "deeper than 64"),
        ("bomb.xlsx", book(), "unpacks to more"), ("odd.xlsx", zipped(a="x"), "no workbook"),
        ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 100, "no GeoPackage"),
        ("a.zip", zipped(**{"a.shp": "x"}), "no workbook"),
    ):  # fmt: skip
        assert words in refusal(desk, content, "mine", name)["en"]["detail"], name


def test_a_refused_file_leaves_a_line_in_the_record_and_nothing_else(desk):
    before = desk.stored("SELECT count(*) FROM geo.submission")
    refusal(desk, b"[1, 2]", "mine", "a\u202e.json")
    refusal(desk, b"MZ", "mine", "../a\x01.exe")
    lines = desk.stored(
        "SELECT json_agg(json_build_array(who_name, outcome, what, detail->>'file',"
        " detail->>'reason') ORDER BY id) FROM (SELECT * FROM geo.audit WHERE action = 'submit'"
        " ORDER BY id DESC LIMIT 2) newest"
    )
    assert lines == [
        ["dla.one", "refused", "waste-report", "a.json", "unreadable-file"],
        ["dla.one", "refused", "", "a.exe", "unreadable-file"],
    ]
    assert desk.stored("SELECT count(*) FROM geo.submission") == before


def test_a_form_is_shown_again_with_the_reason_and_what_was_chosen(desk):
    client = desk("dla.one")
    token = client.headers.pop("X-CSRF-Token")
    made = client.post(
        "/submissions?lang=en", data={"recipe": "points", "note": 'about <2567>', "csrf": token},
        files={"file": ("a.geojson", b"{}", "application/geo+json")},
        headers={"Accept": "text/html"},
    )  # fmt: skip
    client.headers["X-CSRF-Token"] = token
    assert made.status_code == 422
    assert "It is no GeoJSON FeatureCollection" in made.text
    assert '<option value="points" selected>' in made.text
    assert 'value="about &lt;2567&gt;"' in made.text
    assert desk.files() == []


def test_files_that_only_look_odd_are_taken(desk):
    tall = json.dumps({"note": {"a": [[1]]}, **features(point(100.1, 14.1), x={"y": [1, {}]})})
    one = desk.sent(tall, who="dla.one", recipe="points", name="a.json")
    assert one["report"]["outcome"] == "loaded", one
