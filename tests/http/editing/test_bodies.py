"""What is sent: its media type, its JSON, the schema and the coordinates of a feature."""

from __future__ import annotations

import pytest

from tests.office import (
    EVERYTHING,
    HERE,
    ITEMS,
    LAYER,
    POINT,
    feature,
)


def test_media_types_are_checked(office):
    for method, kind in (
        ("POST", "text/plain"), ("POST", "application/merge-patch+json"), ("POST", ""),
        ("PUT", "application/xml"), ("PATCH", "application/json"),
        ("PATCH", "application/geo+json"),
    ):  # fmt: skip
        path = ITEMS if method == "POST" else f"{ITEMS}/h1"
        answer = office(method, path, "dla", feature(), Content_Type=kind, If_Match="*")
        assert (answer.status_code, answer.json()["code"]) == (415, "unknown-media-type"), kind
        assert answer.json()["known"]


def test_a_compressed_body_is_not_taken(office):
    answer = office("POST", ITEMS, "dla", feature(), Content_Encoding="gzip")
    assert answer.status_code == 415


def test_what_is_no_strict_json_is_refused(office):
    for body in (
        b"", b"[]", b"null", b"{", b'{"type":"Feature","type":"Feature"}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":NaN}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":Infinity}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":1e999}}',
        b'{"type":"Feature","geometry":null,"properties":{"name_th":"\xff"}}',
        b'{"type":"Feature","geometry":null,"properties":{"name_th":"\\ud800"}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":1,"beds":2}}',
    ):  # fmt: skip
        answer = office("POST", ITEMS, "dla", body)
        assert answer.status_code == 400, body
        assert answer.json()["code"] in {"bad-request", "bad-feature"}, body


def test_a_body_that_is_too_deep_or_too_large_is_refused_with_the_limit(office):
    deep = b'{"type":"Feature","properties":null,"geometry":' + b"[" * 100 + b"]" * 100 + b"}"
    long = b'{"properties":{"name_th":"' + b"a" * 300_000 + b'"}}'
    many = b'{"x":[' + b"1," * 30_000 + b"1]}"
    for body in (deep, long, many):
        answer = office("POST", ITEMS, "dla", body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert answer.json()["limit"] > 0


WRONG = [
    ({"type": "FeatureCollection", "features": []}, "type"),
    ({"type": "Feature", "properties": {}}, "geometry"),
    ({"type": "Feature", "geometry": POINT}, "properties"),
    ({**feature(), "crs": {"type": "link"}}, "crs"),
    ({**feature(), "properties": ""}, "properties"),
    ({**feature(), "properties": []}, "properties"),
    ({**feature(), "properties": [1]}, "properties"),
    (feature(shoe_size=4), "properties.shoe_size"),
    (feature(beds="many"), "properties.beds"),
    (feature(beds=1.5), "properties.beds"),
    (feature(beds=True), "properties.beds"),
    (feature(beds=2**60), "properties.beds"),
    (feature(name_th=4), "properties.name_th"),
    (feature(name_th="a\u0007b"), "properties.name_th"),
    (feature(name_th="a\u0000b"), "properties.name_th"),
    (feature(name_th="ก" * 3_000), "properties.name_th"),
    (feature(code=""), "properties.code"),
    (feature(code="a/b"), "properties.code"),
    (feature(code="x" * 100), "properties.code"),
    ({**feature(), "id": 4}, "id"),
    ({**feature(), "geometry": "here"}, "geometry"),
    ({**feature(), "geometry": {"type": "Point"}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": []}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [1]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [100.2, 14, 5]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": ["100", "14"]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [True, False]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [[100.2, 14]]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "weight": 3}}, "geometry"),
    ({**feature(), "geometry": {"type": "LineString", "coordinates": [HERE, [100.3, 14.1]]}},
     "geometry.type"),
    ({**feature(), "geometry": {"type": "GeometryCollection", "geometries": []}}, "geometry"),
    (feature([14.05, 100.25]), "geometry.coordinates"),
    (feature([2.35, 48.85]), "geometry.coordinates"),
    (feature([104.9, 7.0]), "geometry.coordinates"),
    (feature(None), "geometry"),
    (feature(None, subdistrict_code="999999"), "geometry"),
]  # fmt: skip


def test_a_feature_that_does_not_fit_the_schema_is_refused_with_the_member_named(office):
    before = office.stored(EVERYTHING)
    for body, member in WRONG:
        for method, path in (("POST", ITEMS), ("PUT", f"{ITEMS}/h1")):
            answer = office(method, path, "dla", body, If_Match="*")
            assert (answer.status_code, answer.json()["code"]) == (400, "bad-feature"), body
            assert answer.json()["field"] == member
            assert member in answer.json()["th"]["detail"]
    assert office.stored(EVERYTHING) == before


def test_what_follows_from_the_shape_is_read_only_and_passed_over(office):
    schema = office.client.get(f"/collections/{LAYER}/schema").json()["properties"]
    derived = {name for name, told in schema.items() if told.get("readOnly")}
    assert derived == {
        "district_code", "district_name_th", "district_name_en", "province_code",
        "province_name_th", "province_name_en", "flags",
    }  # fmt: skip
    office.create(code="n1", **dict.fromkeys(derived, "99"))
    told = office.client.get(f"{ITEMS}/n1").json()["properties"]
    assert (told["province_code"], told["flags"]) == ("50", ["edited"])
    of_places = office.client.get("/collections/provinces/schema").json()["properties"]
    assert not any(told.get("readOnly") for told in of_places.values())


def test_swapped_axes_get_a_hint_and_other_systems_are_read(office):
    answer = office("POST", ITEMS, "dla", feature([14.05, 100.25]), Accept_Language="en")
    assert "longitude comes first" in answer.json()["detail"]
    latitude_first = "<http://www.opengis.net/def/crs/EPSG/0/4326>"
    office("POST", ITEMS, "dla", feature([14.05, 100.25], code="n1"), Content_Crs=latitude_first)
    # from pyproj 3.7: 100.25 E 14.05 N is 634,968.745 E 1,553,613.535 N in EPSG:32647
    metres = feature([634_968.745, 1_553_613.535], code="n2")
    made = office("POST", ITEMS, "dla", metres,
                  Content_Crs="<http://www.opengis.net/def/crs/EPSG/0/32647>")  # fmt: skip
    assert made.status_code == 201, made.text
    places = [office.client.get(f"{ITEMS}/{code}").json()["geometry"]["coordinates"]
              for code in ("n1", "n2")]  # fmt: skip
    assert places[0] == HERE
    assert places[1] == pytest.approx(HERE, abs=1e-6)
    odd = office("POST", ITEMS, "dla", feature(), Content_Crs="<urn:mars>")
    assert (odd.status_code, odd.json()["code"]) == (400, "unsupported-crs")


def test_a_feature_without_a_shape_names_its_subdistrict(office):
    office.create(coordinates=None, code="n1", subdistrict_code="510203")
    told = office.client.get(f"{ITEMS}/n1").json()
    assert (told["geometry"], told["properties"]["province_code"]) == (None, "51")
    # one that has none keeps its place when only a name changes
    done = office("PATCH", f"{ITEMS}/h3", body={"properties": {"name_th": "เกาะ"}}, If_Match="*")
    assert done.status_code == 204
    told = office.client.get(f"{ITEMS}/h3").json()["properties"]
    assert (told["name_th"], told["subdistrict_code"], told["beds"]) == ("เกาะ", "510203", 2)
    shape = {"geometry": POINT}
    assert office("PATCH", f"{ITEMS}/h3", body=shape, If_Match="*").status_code == 204
    assert office.client.get(f"{ITEMS}/h3").json()["properties"]["subdistrict_code"] == "500103"
