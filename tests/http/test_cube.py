"""The cube over HTTP: one question, several forms, one address, clear refusals."""

from __future__ import annotations

import csv
import html
import io
import json

import openpyxl
import pytest

from tests import builders

PEOPLE_50 = 12_000 + 6_000 + 3_000 + 4_000 + 2_000
ASKED = {"measures": "pop_total,waste_gen_rate", "rows": "province", "columns": "year",
         "totals": "rows", "scheme": "ngc6"}  # fmt: skip


def cells_of(answer):
    told = answer.json()
    at = told["fields"].index("value")
    return {
        (*row["keys"], *column["keys"], measure["name"]): row_cells[
            place * len(told["measures"]) + number
        ][at]
        for row, row_cells in zip(told["rows"], told["cells"], strict=True)
        for place, column in enumerate(told["columns"])
        for number, measure in enumerate(told["measures"])
    }


def test_a_cell_is_the_value_that_the_map_shows(client):
    found = cells_of(client.get("/cube", params=ASKED))
    assert found["50", "2024", "pop_total"] == PEOPLE_50
    shown = client.get("/maps/waste_gen_rate.json?level=province&period=2567").json()
    rates = {place["code"]: place["value"] for place in shown["places"]}
    assert found["50", "2024", "waste_gen_rate"] == rates["50"]
    assert found["51", "2024", "waste_gen_rate"] == rates["51"]


def test_a_document_and_its_address_ask_the_same(client):
    document = {
        "measures": ["pop_total"], "rows": ["district"],
        "filter": {"op": "=", "args": [{"property": "province"}, "50"]},
    }  # fmt: skip
    posted = client.post("/cube", json=document)
    address = posted.headers["content-location"].removeprefix("http://testserver")
    again = client.get(address)
    assert cells_of(posted) == cells_of(again)
    assert {key[0] for key in cells_of(again)} == {"5001", "5002"}


def test_a_long_question_has_an_address_too(client):
    codes = ", ".join(f"'{number:06}'" for number in range(900))
    long = {"measures": "pop_total", "rows": "subdistrict", "filter": f"subdistrict IN ({codes})"}
    posted = client.post("/cube", json=long)
    assert posted.status_code == 400  # CQL2 takes 500 parts: refused whatever the way it came
    words = "subdistrict = '500101' OR " + " OR ".join(
        f"name = 'ตำบล{number}'" for number in range(120)
    )
    posted = client.post("/cube", json=long | {"filter": words})
    address = posted.headers["content-location"].removeprefix("http://testserver")
    assert "q=" in address
    assert len(address) < 4_000
    assert cells_of(client.get(address)) == cells_of(posted)


def test_a_spreadsheet_has_real_numbers_a_frozen_head_and_its_sources(client):
    answer = client.get("/cube", params={**ASKED, "f": "xlsx", "lang": "en"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    table, parts, sources = (book[name] for name in ("Table", "Parts", "Sources"))
    assert table.freeze_panes == "B3"
    numbers = [cell.value for row in table.iter_rows() for cell in row if cell.data_type == "n"]
    assert PEOPLE_50 in numbers
    assert parts.freeze_panes == "A2"
    told = [str(cell.value) for row in sources.iter_rows() for cell in row if cell.value]
    assert any("/cube?measures=pop_total" in one for one in told)
    assert any("Test data set test-population" in one for one in told)


def test_csv_has_a_row_for_every_cell(client):
    rows = list(
        csv.DictReader(io.StringIO(client.get("/cube", params={**ASKED, "f": "csv"}).text[1:]))
    )
    assert len(rows) == 3 * 2 * 2
    one = next(
        row for row in rows
        if (row["province"], row["year"], row["measure"]) == ("50", "2024", "pop_total")
    )  # fmt: skip
    assert float(one["value"]) == PEOPLE_50
    assert (one["province_th"], one["status"], one["reporting"]) == ("แสนสุข", "reported", "5")


def test_the_meta_names_what_the_data_has(client):
    told = client.get("/cube/meta").json()
    measures = {one["key"]: one for one in told["measures"]}
    assert measures["pop_total"]["levels"] == [
        "country", "region", "province", "district", "subdistrict",
    ]  # fmt: skip
    assert "2024" in measures["pop_total"]["periods"]["province"]
    assert {"province", "kind", "year", "fiscal_year"} <= {
        one["name"] for one in told["dimensions"]
    }


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"rows": "province"}, "measures"),
        ({"measures": "nothing"}, "measures"),
        ({"measures": "pop_total.colour"}, "measures"),
        ({"measures": "pop_total", "rows": "village"}, "rows"),
        ({"measures": "pop_total", "rows": "province,province"}, "rows"),
        ({"measures": "pop_total", "rows": "district,province"}, "rows"),
        ({"measures": "pop_total", "rows": "subdistrict,kind"}, "rows"),
        ({"measures": "pop_total", "rows": "province", "filter": "colour = 'red'"}, "filter"),
        ({"measures": "pop_total", "rows": "province", "filter": "pop_total >"}, "filter"),
        ({"measures": "pop_total", "filter": "pop_total > 5"}, "level"),
        ({"measures": "pop_total", "filter": "year = 2567 OR province = '50'"}, "filter"),
        ({"measures": "pop_total", "rows": "province", "top": "0"}, "top"),
        ({"measures": "pop_total", "rows": "province", "top": "3", "bottom": "3"}, "top"),
        ({"measures": "pop_total", "scheme": "mine"}, "scheme"),
        ({"measures": "pop_total", "rows": "district", "level": "province"}, "level"),
        ({"measures": "pop_total.base_change", "rows": "province"}, "base"),
        ({"measures": "pop_total", "rows": "kind", "filter": "subdistrict = '500101'"}, "rows"),
        ({"measures": "pop_total", "filter": "S_INTERSECTS(geometry, POINT(1 1))"}, "filter"),
        ({"q": "!!"}, "q"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(client, asked, parameter):
    answer = client.get("/cube", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    told = answer.json()
    assert told["code"] == "bad-parameter"
    assert told["parameter"] == parameter
    assert told["th"]["detail"] != told["en"]["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", json.dumps({"colour": 1}).encode()])
def test_a_document_that_is_no_question_is_refused(client, body):
    answer = client.post("/cube", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"measures": "pop_total", "measures": "households"}', 400),
        (b'{"measures": "pop_total", "filter": ' + b"[" * 70 + b"]" * 70 + b"}", 413),
        (b'{"measures": [' + b'"",' * 25_000 + b'""]}', 413),
    ],
    ids=["twice", "deep", "many"],
)
def test_a_document_that_says_two_things_or_goes_too_far_is_refused(client, body, status):
    answer = client.post("/cube", content=body)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_a_table_beyond_the_limit_is_refused_with_its_size(client, monkeypatch):
    monkeypatch.setattr("layers.cube.MOST_CELLS", 10)
    answer = client.get(
        "/cube", params={"measures": "pop_total", "rows": "subdistrict", "columns": "year"}
    )
    told = answer.json()
    assert (answer.status_code, told["code"], told["most"]) == (400, "too-many-cells", 10)
    assert told["cells"] == len(builders.SUBDISTRICTS) * 2


def test_an_unchanged_answer_is_not_sent_twice(client):
    first = client.get("/cube", params=ASKED)
    again = client.get("/cube", params=ASKED, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_browsers_elsewhere_may_post(client):
    answer = client.options("/cube")
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "POST" not in client.options("/collections").headers["allow"]


@pytest.mark.parametrize("lang", ["th", "en"])
def test_the_page_shows_the_same_numbers_and_opens_places(client, lang):
    page = client.get("/cube", params={**ASKED, "f": "html", "lang": lang}).text
    assert f"{PEOPLE_50:,}" in page
    # a click on a province opens its districts
    assert "rows=district&columns=year&filter=province%20%3D%20'50'" in html.unescape(page)
    assert "<script" in page
    assert "onclick" not in page


def test_the_first_page_asks_something_by_itself(client):
    page = client.get("/cube", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "<table>" in page.text


def test_the_top_of_a_table_without_columns_is_no_fault(client):
    told = client.get(
        "/cube",
        params={
            "measures": "waste_gen_tpd", "rows": "province", "columns": "year",
            "filter": "year BETWEEN 2463 AND 2465", "top": "3",
        },
    )  # fmt: skip
    assert told.status_code == 200
    assert told.json()["columns"] == []
