"""The data interface as pages for people: words, decimals, ways on, readable errors."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = [
    "/collections",
    "/collections/subdistricts",
    "/collections/subdistricts/items",
    "/collections/subdistricts/items/500101",
    "/collections/waste-by-province",
    "/collections/waste-by-province/items",
    "/collections/waste-by-province-history/items",
    "/collections/orgs/queryables",
    "/collections/orgs/schema",
    "/indicators",
    "/datasets",
    "/datasets/test-orgs",
    "/api.html",
]


def cells(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", html)]


@pytest.mark.parametrize("lang", ["th", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_a_browser_gets_a_page_with_the_header_of_the_service(client: TestClient, address, lang):
    answer = client.get(f"{address}?lang={lang}", headers=BROWSER)
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == lang
    html = answer.text
    assert f'<html lang="{lang}"' in html
    assert '<header class="site">' in html
    assert "/static/css/site.css" in html
    assert "<script" not in html
    assert "style=" not in html
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    other = {"th": "en", "en": "th"}[lang]
    assert re.search(rf'class="lang" href="[^"]*{address}\?lang={other}"', html)


def test_numbers_are_written_with_the_decimals_of_their_indicator(client: TestClient):
    known = client.get("/collections/waste-by-province/items").json()["features"]
    rates = [one["properties"]["waste_gen_rate"] for one in known]
    told = client.get("/indicators/waste_gen_rate").json()["decimals"]
    html = client.get("/collections/waste-by-province/items?f=html&lang=th").text
    for rate in rates:
        if rate is not None:
            assert re.search(rf'<td class="num"[^>]*>{rate:,.{told}f}<small>', html)
    assert not re.search(r"\d\.\d{4,}", "|".join(cells(html)))


def test_words_stand_where_programs_read_codes(client: TestClient):
    address = "/collections/subdistricts/items?f=html&lang="
    thai, english = client.get(f"{address}th").text, client.get(f"{address}en").text
    for html in (thai, english):
        assert not {"True", "False", "None"} & set(cells(html))
    assert "ขอบเขตสมมติ" in thai
    assert "Shape is illustrative" in english
    assert {"ใช่", "ไม่ใช่"} & set(cells(thai))
    assert {"yes", "no"} & set(cells(english))


def test_a_value_that_is_not_there_is_said_in_words(client: TestClient):
    html = client.get("/collections/population-by-subdistrict/items?f=html&lang=th").text
    assert "ไม่มีรายงาน" in html
    assert "not_reported" not in html


def test_periods_are_written_in_the_era_of_the_reader(client: TestClient):
    address = "/collections/waste-by-province/items?f=html&lang="
    assert "<small>พ.ศ. 2567</small>" in client.get(f"{address}th").text
    assert "<small>2024 (B.E. 2567)</small>" in client.get(f"{address}en").text


def test_the_ways_lead_from_collection_to_map(client: TestClient):
    address = "/collections?f=html&lang=en"
    for wanted in (
        r"/collections/waste-by-province\?",
        r"/collections/waste-by-province/items\?",
        r"/collections/waste-by-province/items/\d+\?",
        r"/maps/waste_gen_rate\?",
    ):
        html = client.get(address).text
        found = re.search(rf'href="([^"]*{wanted}[^"]*)"', html)
        assert found, (address, wanted)
        address = found[1].replace("&amp;", "&")
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/indicators", "/collections/waste-by-province", "/collections/ageing-by-district"]
)
def test_only_maps_that_can_be_drawn_are_linked(client: TestClient, address):
    html = client.get(f"{address}?f=html&lang=en").text
    found = re.findall(r'href="([^"]*/maps/[^"]*)"', html)
    assert found
    for one in found:
        assert client.get(one.replace("&amp;", "&")).status_code == 200, one


def test_pages_of_a_table_lead_to_each_other(client: TestClient):
    html = client.get("/collections/subdistricts/items?f=html&limit=2&lang=en").text
    following = re.search(r'rel="next" href="([^"]+)"', html)
    assert following
    assert 'rel="first"' not in html
    second = client.get(following[1].replace("&amp;", "&")).text
    assert 'rel="first"' in second
    assert set(cells(html)[:1]).isdisjoint(cells(second)[:1])


def test_a_collection_names_its_sources_and_their_licences(client: TestClient):
    for name in ("orgs", "waste-by-province", "provinces", "health-centres"):
        html = client.get(f"/collections/{name}?f=html&lang=en").text
        assert "Sources and licences" in html
        assert "/datasets/" in html, name


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nowhere", 404),
        ("//evil.example/nowhere", 404),
        ("/collections/nowhere", 404),
        ("/collections/subdistricts/items?limit=0", 400),
        ("/collections/subdistricts/items?colour=@import", 400),
        ("/collections/subdistricts/items?properties=@import", 400),
        ("/tiles/provinces/30/0/0.mvt", 404),
        ("/indicators?theme=<script>", 400),
    ],
)
@pytest.mark.parametrize("lang", ["th", "en"])
def test_a_person_who_errs_reads_a_page(client: TestClient, address, status, lang):
    answer = client.get(address, headers={**BROWSER, "Accept-Language": lang})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert f'<html lang="{lang}"' in answer.text
    assert '<header class="site">' in answer.text
    assert "<script>" not in answer.text
    assert 'href="//' not in answer.text


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/geo+json, text/html;q=0.5", "image/png"]
)
def test_a_program_that_errs_reads_a_problem_document(client: TestClient, accept):
    answer = client.get("/nowhere", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
