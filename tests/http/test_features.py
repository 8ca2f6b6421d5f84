"""Items: pages, boxes, times, filters, formats, freshness; numbers from tests/builders.py."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote, urlsplit

import pytest
from fastapi.testclient import TestClient
from pyproj import Transformer
from shapely.geometry import shape

from tests.builders import (
    DISTRICTS,
    ELDERLY_2024,
    ORGS,
    POPULATION_2024,
    PROVINCES,
    REGION,
    SUBDISTRICTS,
)

ITEMS = "/collections/subdistricts/items"


def codes(client: TestClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def walk(client: TestClient, address: str) -> list[str]:
    found: list[str] = []
    for _ in range(50):
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += [feature["id"] for feature in answer.json()["features"]]
        following = [link for link in answer.json()["links"] if link["rel"] == "next"]
        if not following:
            return found
        assert following[0]["type"] == "application/geo+json"
        parts = urlsplit(following[0]["href"])
        address = f"{parts.path}?{parts.query}"
    pytest.fail("the pages do not end")


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("regions", {REGION}),
        ("provinces", set(PROVINCES)),
        ("districts", set(DISTRICTS)),
        ("subdistricts", set(SUBDISTRICTS)),
        ("orgs", set(ORGS)),
        ("health-centres", {"h1", "h2", "h3"}),
        ("population-by-subdistrict", set(SUBDISTRICTS)),
        ("waste-by-org", set(ORGS)),
    ],
)
def test_each_collection_holds_its_places_once(client, collection, expected):
    found = codes(client, f"/collections/{collection}/items")
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize(
    "order", ["", "&sortby=name_th", "&sortby=-area_km2", "&sortby=is_illustrative,-name_en"]
)
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_pages_cover_a_layer_once(client, limit, order):
    found = walk(client, f"{ITEMS}?limit={limit}{order}")
    assert sorted(found) == sorted(SUBDISTRICTS)


def test_pages_of_a_history_cover_it_once(client):
    found = walk(client, "/collections/population-by-district-history/items?limit=3")
    assert sorted(found) == sorted(f"{code}.{year}" for code in DISTRICTS for year in (2023, 2024))


def test_pages_by_offset_cover_a_layer_once(client):
    found = [
        code
        for start in range(0, 12, 4)
        for code in codes(client, f"{ITEMS}?limit=4&offset={start}")
    ]
    assert sorted(found) == sorted(SUBDISTRICTS)


def test_a_page_tells_how_many_match_and_how_many_are_on_it(client):
    told = client.get(f"{ITEMS}?limit=3").json()
    assert (told["numberMatched"], told["numberReturned"]) == (len(SUBDISTRICTS), 3)
    hits = client.get(f"{ITEMS}?resulttype=hits").json()
    assert (hits["numberMatched"], hits["features"]) == (len(SUBDISTRICTS), [])


def test_a_limit_above_the_maximum_means_the_maximum(client_of, country_url):
    from geo_service.core.db import make_engine  # noqa: PLC0415

    engine = make_engine(country_url)
    told = client_of(engine, max_features=4).get(f"{ITEMS}?limit=9999").json()
    engine.dispose()
    assert told["numberReturned"] == 4


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("100.01,14.01,100.02,14.02", {"500101"}),
        ("100.05,14.05,100.15,14.06", {"500101", "500102"}),
        ("100.01,14.01,0,100.02,14.02,9", {"500101"}),
        ("120,10,121,11", set()),
        ("-180,-90,180,90", set(SUBDISTRICTS)),
        # East of 170 degrees, over the antimeridian, to 100.05: the west of the country
        ("170,-20,100.05,20", {"500101", "500201"}),
        ("100.45,-20,-170,20", {"510102", "510202"}),
    ],
)
def test_a_box_finds_what_it_touches_and_what_has_no_shape(client, box, expected):
    # OGC API - Features, 7.15.3: features without a shape match every box
    assert set(codes(client, f"{ITEMS}?bbox={box}")) == expected | {"510203"}


@pytest.mark.parametrize(
    ("crs", "box"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "100.01,14.01,100.02,14.02"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "14.01,100.01,14.02,100.02"),
        ("EPSG:3857", "11133062,1576400,11133900,1577300"),
        ("EPSG:32647", "609000,1549000,610000,1550000"),
        # Indian 1975 lies about 340 m east and 300 m south of WGS 84 here
        ("EPSG:24047", "609350,1548700,610350,1549700"),
    ],
)
def test_a_box_may_come_in_any_served_system(client, crs, box):
    found = codes(client, f"{ITEMS}?bbox={box}&bbox-crs={crs}")
    assert set(found) == {"500101", "510203"}


@pytest.mark.parametrize(
    ("crs", "srid", "tolerance"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, 1e-6),
        ("EPSG:3857", 3857, 0.02),
        ("EPSG:32647", 32647, 0.02),
        ("[EPSG:32648]", 32648, 0.02),
        # Several transformations lead to Indian 1975; they differ by metres
        ("http://www.opengis.net/def/crs/EPSG/0/24047", 24047, 25),
    ],
)
def test_coordinates_come_in_the_system_asked_for(client, crs, srid, tolerance):
    answer = client.get(f"/collections/health-centres/items/h1?crs={crs}")
    expected = Transformer.from_crs(4326, srid, always_xy=True).transform(100.05, 14.05)
    assert answer.json()["geometry"]["coordinates"] == pytest.approx(expected, abs=tolerance)
    assert str(srid).replace("4326", "CRS84") in answer.headers["content-crs"]


def test_the_authority_of_epsg_4326_puts_latitude_first(client):
    answer = client.get("/collections/health-centres/items/h1?crs=EPSG:4326")
    assert answer.json()["geometry"]["coordinates"] == [14.05, 100.05]


def test_coordinates_have_six_decimals_and_rings_run_counter_clockwise(client):
    for feature in client.get(ITEMS).json()["features"]:
        if feature["geometry"] is None:
            assert feature["id"] == "510203"
            continue
        outline = shape(feature["geometry"])
        assert outline.is_valid
        assert all(part.exterior.is_ccw for part in outline.geoms)
        for x, y in outline.geoms[0].exterior.coords:
            assert (round(x, 6), round(y, 6)) == (x, y)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("name_th=หนองบัว", {"500102", "510202"}),
        (
            "name_th=%E0%B8%AB%E0%B8%99%E0%B8%AD%E0%B8%87%E0%B8%9A%E0%B8%B1%E0%B8%A7",
            {"500102", "510202"},
        ),
        ("name_th=หนองบัว&province_code=51", {"510202"}),
        ("district_code=5001", {"500101", "500102", "500103"}),
        ("is_illustrative=false&code=500101", {"500101"}),
        ("name_th=ไม่มี", set()),
        ("name_th='; DROP TABLE area; --", set()),
    ],
)
def test_properties_are_filters(client, question, expected):
    assert set(codes(client, f"{ITEMS}?{question}")) == expected


def test_the_property_of_a_layer_is_a_filter_of_its_type(client):
    assert codes(client, "/collections/health-centres/items?beds=1") == ["h2"]


def test_links_hold_thai_percent_encoded(client):
    answer = client.get(f"{ITEMS}?name_th=หนองบัว&limit=1")
    for link in answer.json()["links"]:
        assert link["href"].isascii()
    following = next(link for link in answer.json()["links"] if link["rel"] == "next")
    assert "name_th=หนองบัว" in unquote(following["href"])
    assert codes(client, following["href"].removeprefix("http://testserver")) == ["510202"]
    assert answer.headers["link"].isascii()


def test_only_the_properties_asked_for_are_given(client):
    told = client.get(f"{ITEMS}?limit=1&properties=name_en,code").json()
    assert told["features"][0]["properties"] == {"name_en": "Bang Kaeo", "code": "500101"}


def test_sorting_puts_the_largest_first_and_the_missing_last(client):
    found = codes(client, "/collections/population-by-subdistrict/items?sortby=-pop_total")
    known = {code: value for code, value in POPULATION_2024.items() if value is not None}
    assert found[:-1] == sorted(known, key=lambda code: -known[code])
    assert found[-1] == "510202"


def test_values_stand_beside_their_status_and_period(client):
    told = client.get("/collections/population-by-subdistrict/items").json()
    for feature in told["features"]:
        expected = POPULATION_2024[feature["id"]]
        own = feature["properties"]
        assert own["pop_total"] == expected
        assert own["pop_total_status"] == ("not_reported" if expected is None else "reported")
        assert own["pop_total_period"] == "2024"


def test_few_persons_are_suppressed_and_zero_is_zero(client):
    told = client.get("/collections/ageing-by-subdistrict/items").json()
    own = {feature["id"]: feature["properties"] for feature in told["features"]}
    assert (own["510102"]["pop_60p"], own["510102"]["pop_60p_status"]) == (None, "suppressed")
    assert (own["500202"]["pop_60p"], own["500202"]["pop_60p_status"]) == (0, "zero")
    assert own["500101"]["pop_60p"] == ELDERLY_2024["500101"]


@pytest.mark.parametrize("period", ["2566", "2023", "พ.ศ. 2566", "2023-01-01/2023-12-31"])
def test_a_period_may_be_written_in_many_ways(client, period):
    told = client.get(f"/collections/population-by-subdistrict/items/500101?period={period}").json()
    assert told["properties"]["pop_total"] == POPULATION_2024["500101"] - 100
    assert told["properties"]["pop_total_period"] == "2023"


def test_a_period_without_values_is_not_reported(client):
    told = client.get("/collections/population-by-subdistrict/items/500101?period=2550").json()
    assert told["properties"]["pop_total"] is None
    assert told["properties"]["pop_total_status"] == "not_reported"


@pytest.mark.parametrize(
    ("when", "years"),
    [
        ("2024-06-30", {2024}),
        ("2023-06-01/2023-07-01", {2023}),
        ("../2023-12-31", {2023}),
        ("2024-01-01/..", {2024}),
        ("2566/2567", {2023, 2024}),
        ("1999-01-01/2000-01-01", set()),
    ],
)
def test_a_history_is_chosen_by_time(client, when, years):
    found = codes(client, f"/collections/population-by-province-history/items?datetime={when}")
    assert set(found) == {f"{code}.{year}" for code in PROVINCES for year in years}


def test_a_feature_of_a_history_has_its_place_and_period_in_its_id(client):
    told = client.get("/collections/population-by-subdistrict-history/items/500101.2023").json()
    assert told["properties"]["pop_total"] == POPULATION_2024["500101"] - 100
    assert told["properties"]["period_start"] == "2023-01-01"


def test_a_table_opens_in_a_spreadsheet(client):
    answer = client.get("/collections/population-by-subdistrict/items?f=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["code"]: row["pop_total"] for row in rows} == {
        code: "" if value is None else f"{float(value)}" for code, value in POPULATION_2024.items()
    }


def test_accept_chooses_as_f_does(client):
    for accept, kind in {
        "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
        "text/csv": "text/csv; charset=utf-8",
        "application/geo+json": "application/geo+json",
        "application/json": "application/json",
        "*/*": "application/geo+json",
    }.items():
        assert client.get(ITEMS, headers={"Accept": accept}).headers["content-type"] == kind


def test_a_page_for_people_asks_no_stranger(client):
    for address in (
        f"{ITEMS}?f=html",
        "/collections?f=html",
        f"{ITEMS}/500101?f=html",
        "/api.html",
    ):
        answer = client.get(address)
        assert answer.status_code == 200
        assert '<html lang="th"' in answer.text
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_copy_that_is_still_good_is_not_sent_again(client):
    first = client.get(ITEMS)
    again = client.get(ITEMS, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    # A 304 replaces the headers of the stored page: it must not bring another policy.
    assert "content-security-policy" not in again.headers
    other = client.get(f"{ITEMS}?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert "Accept-Language" in first.headers["vary"]
    assert "no-cache" in first.headers["cache-control"]


def test_a_load_changes_the_tag(client_of, fresh_engine):
    from geo_service.core.db import transaction  # noqa: PLC0415
    from layers import versions  # noqa: PLC0415
    from tests.builders import build_small_country  # noqa: PLC0415

    with transaction(fresh_engine) as session:
        build_small_country(session)
    client = client_of(fresh_engine)
    tags = {path: client.get(path).headers["etag"] for path in (ITEMS, "/collections/orgs/items")}
    with transaction(fresh_engine) as session:
        versions.bump(session, ["orgs"])
    for path, is_same in ((ITEMS, True), ("/collections/orgs/items", False)):
        answer = client.get(path, headers={"If-None-Match": tags[path]})
        assert (answer.status_code == 304) is is_same


def test_head_answers_as_get_without_a_body(client):
    got, head = client.get(ITEMS), client.head(ITEMS)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == got.headers["etag"]


def test_options_tell_the_methods_and_let_every_origin_in(client):
    answer = client.options(ITEMS, headers={"Origin": "https://example.org"})
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_answers_are_compressed(client, coding):
    answer = client.get(ITEMS, headers={"Accept-Encoding": coding})
    assert answer.headers["content-encoding"] == coding
    assert len(answer.json()["features"]) == len(SUBDISTRICTS)
    plain = client.get(ITEMS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_sample_data_says_so_everywhere(client_of, fresh_engine):
    from sqlalchemy import text  # noqa: PLC0415

    from geo_service.core.db import transaction  # noqa: PLC0415
    from tests.builders import build_small_country  # noqa: PLC0415

    with transaction(fresh_engine) as session:
        build_small_country(session)
        session.execute(text("UPDATE geo.dataset SET is_sample = true"))
    client = client_of(fresh_engine)
    for address in (
        "/?f=json", "/collections", "/collections/orgs", "/collections/orgs/queryables", ITEMS,
        f"{ITEMS}/500101", "/collections/orgs/tiles", "/indicators", "/indicators/pop_total",
        "/collections/orgs/tiles/WebMercatorQuad/tilejson.json", "/periods",
        f"{ITEMS}?f=html", f"{ITEMS}?f=csv", "/datasets", "/datasets/test-orgs",
        "/maps/pop_total.json", "/maps/pop_total/legend.json", "/maps/pop_total.csv",
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        assert "ข้อมูลตัวอย่าง" in answer.text, address
        assert "sample data" in answer.text, address
