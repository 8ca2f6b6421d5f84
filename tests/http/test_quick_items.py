"""The short way to a page of features gives what the long way gives, header by header."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from geo_service.core.direct import Astray, Direct
from geo_service.main import create_app
from layers import forms as forms_of

BOX = "bbox=98,12,103,17"
JSON = '{"op":">","args":[{"property":"area_km2"},300]}'
#: Answered by the short way.
QUESTIONS = (
    "provinces/items",
    "provinces/items?limit=2",
    "subdistricts/items?limit=5",
    "subdistricts/items?limit=5&properties=name_en,code",
    "subdistricts/items?limit=5&properties=area_km2,name_th,code&sortby=-code",
    "provinces/items?limit=2&offset=1",
    "provinces/items?offset=90000",
    "provinces/items?f=json&lang=en",
    f"subdistricts/items?{BOX}&limit=10",
    f"subdistricts/items?{BOX}&limit=10&properties=code,name_th,area_km2",
    f"subdistricts/items?{BOX}&limit=10&sortby=-name_th,code",
    f"subdistricts/items?{BOX}&crs=http://www.opengis.net/def/crs/EPSG/0/32647&limit=5",
    f"subdistricts/items?{BOX}&crs=http://www.opengis.net/def/crs/EPSG/0/4326&limit=5",
    "subdistricts/items?bbox=200000,1400000,900000,1900000&bbox-crs=EPSG:32647&limit=5",
    "subdistricts/items?bbox=100.5,13.7,100.5,13.7",
    "subdistricts/items?bbox=179,0,-179,1",
    "districts/items?skipGeometry=true&properties=code",
    "districts/items?properties=",
    "districts/items?province_name_th=นครราชสีมา",
    "districts/items?province_name_th=%27%20OR%201=1",
    "districts/items?name_th=ไม่มีจริง",
    "districts/items?datetime=2020-01-01/..",
    "districts/items?datetime=1800-01-01",
    "districts/items?filter=area_km2%3E100%20AND%20name_th%20LIKE%20'เ%25'&limit=3",
    "districts/items?filter=area_km2%3E200&limit=3",
    "districts/items?filter=S_INTERSECTS(geometry,POINT(100.5%2013.7))",
    "districts/items?filter=valid_from%3EDATE('1900-01-01')%20OR%20valid_to%20IS%20NULL&limit=2",
    f"districts/items?filter-lang=cql2-json&filter={quote(JSON)}",
    f"orgs/items?{BOX}&limit=7",
    "orgs/items?tier=upper&limit=3&sortby=name_th",
    "waste-by-province/items?limit=5",
    "waste-by-province/items?period=2566&limit=5",
    "waste-by-province-history/items?limit=5",
    "waste-by-province-history/items?datetime=2023-01-01/..&limit=5",
    "provinces/items/50",
    "provinces/items/50?f=json&lang=en",
    "provinces/items/50?crs=http://www.opengis.net/def/crs/EPSG/0/4326",
    "waste-by-province/items/50?period=2566",
)
#: Left to the long way, or refused by it.
OTHERS = (
    "nothing/items",
    "provinces/items?limit=0",
    "waste-by-province/items?limit=2000",
    "provinces/items?nothing=1",
    "provinces/items?bbox=1,2,3",
    "provinces/items?limit=1&limit=2",
    "provinces/items?filter=area_km2%3E%3E1",
    "provinces/items?filter=nothing%3E1",
    "provinces/items?area_km2=x",
    "provinces/items?area_km2=1e400",
    "provinces/items?cursor=abc",
    "provinces/items?sortby=nothing",
    "provinces/items?lang=fr",
    "provinces/items?f=nothing",
    "provinces/items?f=csv&geometry=wkt",
    "provinces/items?geometry=wkt",
    "provinces/items?resulttype=hits",
    "provinces/items?f=jsonfg&limit=2",
    "provinces/items?f=geojsonseq&limit=2",
    "provinces/items?f=html&limit=2",
    "provinces/items/50?f=html",
    "provinces/items/50?f=jsonfg",
    "provinces/items/50?f=csv",
    "provinces/items/50?limit=1",
    "provinces/items/50?crs=nothing",
    "nothing/items/50",
)


@pytest.fixture(scope="module", params=[0, 100], ids=["asked", "beside"])
def plain(country_url, settings_for, request):
    """A client without remembered answers, whose service knows the state of the data."""
    settings = settings_for(country_url, memory_mb=0, beside_mb=request.param)
    with TestClient(create_app(settings)) as client:
        deadline = time.monotonic() + 10
        while client.app.state.watcher.known() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield client


@pytest.fixture
def asked(monkeypatch):
    """Statements that the short way ran."""
    made, run = [], Direct.fetch

    async def fetch(direct, statement):
        made.append(statement)
        return await run(direct, statement)

    monkeypatch.setattr(Direct, "fetch", fetch)
    return made


def both(plain, monkeypatch, address, headers=None):
    for _ in range(2):  # what is not known yet is learnt on the long way, then laid beside
        plain.get(address, headers=headers)
        plain.app.state.beside.settle()
    quick = plain.get(address, headers=headers)
    with monkeypatch.context() as patched:
        # While the state is not known for certain every request goes the long way.
        patched.setattr(plain.app.memory, "_known_now", lambda: None)
        slow = plain.get(address, headers=headers)
    return quick, slow


def alike(quick, slow):
    assert quick.status_code == slow.status_code
    told = [dict(one.headers) for one in (quick, slow)]
    nonce = re.compile(r"'nonce-[^']+'|[A-Za-z0-9_-]{22,}")
    for headers in told:
        for own in "content-security-policy", "x-request-id":
            headers.pop(own, None)
        # Packed, another moment may take a byte more.
        if "content-encoding" in headers:
            headers.pop("content-length", None)
    assert told[0] == told[1]
    texts = [re.sub(r'"timeStamp":"[^"]+"', "", one.text) for one in (quick, slow)]
    if "html" in quick.headers.get("content-type", ""):
        texts = [nonce.sub("", text) for text in texts]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_ways_give_the_same(plain, monkeypatch, asked, question):
    quick, slow = both(plain, monkeypatch, f"/collections/{question}")
    assert quick.status_code == 200
    assert asked
    alike(quick, slow)


@pytest.mark.parametrize("question", OTHERS)
def test_what_the_short_way_leaves_is_answered_by_the_long_way(plain, monkeypatch, asked, question):
    quick, slow = both(plain, monkeypatch, f"/collections/{question}")
    assert not asked
    alike(quick, slow)


@pytest.mark.parametrize("code", ["99", "30/x", "30%2Fx", "%27%20OR%201=1", "%00", "๓๐"])
def test_a_feature_that_is_not_there_is_told_by_the_long_way(plain, monkeypatch, code):
    quick, slow = both(plain, monkeypatch, f"/collections/provinces/items/{code}")
    assert quick.status_code in {400, 404}
    alike(quick, slow)


def test_a_copy_of_one_feature_is_confirmed_on_the_short_way(plain, monkeypatch, asked):
    address = "/collections/provinces/items/50"
    tag = {"If-None-Match": plain.get(address).headers["etag"]}
    quick, slow = both(plain, monkeypatch, address, tag)
    assert quick.status_code == 304
    alike(quick, slow)


@pytest.mark.parametrize(
    "headers",
    [{"Accept": "application/json"}, {"Accept-Language": "en"}, {"Accept": "text/csv"},
     {"Accept": "image/png"}, {"If-None-Match": "*"}, {"Accept-Encoding": "gzip"}],
)  # fmt: skip
def test_headers_count_as_on_the_long_way(plain, monkeypatch, headers):
    alike(*both(plain, monkeypatch, f"/collections/subdistricts/items?{BOX}", headers))


@pytest.fixture
def described(monkeypatch):
    """Statements that were written anew for the short way."""
    found, describe = [], forms_of.written

    def note(*what):
        found.append(what)
        return describe(*what)

    monkeypatch.setattr(forms_of, "written", note)
    return found


def test_a_filter_with_new_values_is_not_described_again(plain, monkeypatch, asked, described):
    address = "/collections/subdistricts/items?limit=5&filter="
    forms = (
        "area_km2 > {} AND name_th LIKE '{}%25'",
        "code IN ('{}','500101')",
        "S_INTERSECTS(geometry,BBOX({},12,104,{}))",
    )
    values = ((1, 2), (0, 1), (90, 15), (300, 18), (-5, 16))
    for form in forms:
        both(plain, monkeypatch, address + form.format("90", "15"))
    described.clear()
    for form in forms:
        for pair in values:
            asked.clear()
            quick, slow = both(plain, monkeypatch, address + form.format(*pair))
            alike(quick, slow)
    assert not described


def test_a_walk_over_all_pages_meets_what_the_long_way_meets(plain, monkeypatch, asked, described):
    address, quick_codes = "/collections/districts/items?limit=1&sortby=-province_name_th", []
    while address:
        quick, slow = both(plain, monkeypatch, address)
        alike(quick, slow)
        page = quick.json()
        quick_codes += [one["id"] for one in page["features"]]
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert len(quick_codes) == len(set(quick_codes)) > 3
    assert asked
    # The first page is one statement, all that follow it are another.
    assert len(described) <= 2


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_who_says_who_he_is_goes_the_long_way(plain, asked, header):
    value = {"Authorization": "Bearer nothing", "Cookie": "a=b"}[header]
    for address in ("/collections/provinces/items?limit=1", "/tiles/provinces/6/49/29.mvt"):
        plain.get(address)
        asked.clear()
        plain.get(address, headers={header: value})
        assert not asked


def test_head_is_answered_without_a_body(plain):
    address = "/collections/provinces/items?limit=1"
    plain.get(address)
    answer = plain.head(address)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["etag"] == plain.get(address).headers["etag"]


def test_where_the_short_way_is_closed_the_long_one_answers(plain, monkeypatch):
    address = "/collections/provinces/items?limit=1"
    plain.get(address)

    async def nothing(direct, statement):
        raise Astray

    monkeypatch.setattr(Direct, "fetch", nothing)
    assert plain.get(address).json()["numberReturned"] == 1


def test_connections_that_the_database_closed_are_opened_anew(plain, country_url):
    import psycopg2  # noqa: PLC0415

    address = "/collections/provinces/items?limit=1"
    for _ in range(2):
        plain.get(address)
    with (
        psycopg2.connect(country_url.replace("+psycopg2", "")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'geo-service direct' AND datname = current_database()"
        )
        assert cursor.rowcount >= 1
    connection.close()
    for _ in range(3):
        assert plain.get(address).status_code == 200


def test_large_answers_are_read_from_beside_the_process(plain, monkeypatch, asked):
    if not plain.app.state.settings.beside_mb:
        pytest.skip("nothing is laid beside this one")
    monkeypatch.setattr("geo_service.api.quick_items.MOST_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr("geo_service.api.quick_items._ROWS_AT_ONCE", 2)
    for query in "", "&properties=", "&properties=name_th,area_km2", "&properties=code":
        address = f"/collections/subdistricts/items?limit=5000{query}"
        quick, slow = both(plain, monkeypatch, address, {"Accept-Encoding": "identity"})
        alike(quick, slow)
        assert int(quick.headers["content-length"]) == len(quick.content)
    assert asked
