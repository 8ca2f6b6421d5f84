"""Withheld, not reported, not applicable and zero are four things in every way of telling them."""

from __future__ import annotations

import csv
import io
import re

import mapbox_vector_tile
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from geo_service.core.db import make_engine, transaction
from layers.words import STATUS_NAMES

NAMES = {"5001": "เมืองแสนสุข", "5002": "บ้านดอน", "5101": "เมืองร่มเย็น", "5102": "ทุ่งทอง"}
STATES = {"5001": "suppressed", "5002": "not_reported", "5101": "not_applicable", "5102": "zero"}


@pytest.fixture(scope="module")
def four_states(databases, country_template, settings_for):
    """The tiny country; of people aged 60 and over each of its districts knows another nothing."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    url = databases.create("states", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        session.execute(
            text(
                "DELETE FROM geo.place_value WHERE indicator_key = 'pop_60p'"
                " AND (level <> 'district' OR period_key <> '2024')"
            )
        )
        for code, status in STATES.items():
            session.execute(
                text(
                    "UPDATE geo.place_value AS v SET status = :status, numerator = NULL,"
                    " denominator = NULL, value = CASE WHEN :status = 'zero' THEN 0 END"
                    " FROM geo.area AS a WHERE a.id = v.place_id AND a.code = :code"
                    " AND v.level = 'district' AND v.indicator_key = 'pop_60p'"
                ),
                {"code": code, "status": status},
            )
        session.execute(text("DELETE FROM geo.hexbin; DELETE FROM geo.prepared_tile"))
        session.execute(text("UPDATE geo.data_version SET number = number + 1"))
    engine.dispose()
    with TestClient(create_app(settings_for(url))) as client:
        yield client


def get(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text[:300])
    return answer


def of_map(client):
    told = get(client, "/maps/pop_60p.json?level=district&period=2024").json()["places"]
    return {one["code"]: (one["value"], one["status"]) for one in told}


def of_lines(told):
    lines = [line for line in told.splitlines() if not line.startswith("#")]
    rows = list(csv.reader(lines))
    return {code: tuple(row) for row in rows for code in STATES if code in row}


def of_map_csv(client):
    return of_lines(get(client, "/maps/pop_60p.csv?level=district&period=2024").text)


def of_cube(client):
    told = get(client, "/cube?measures=pop_60p&rows=district&columns=year&f=json").json()
    return {
        row["keys"][0]: tuple(cells[0])
        for row, cells in zip(told["rows"], told["cells"], strict=True)
    }


def of_cube_csv(client):
    return of_lines(get(client, "/cube?measures=pop_60p&rows=district&columns=year&f=csv").text)


def of_cube_book(client):
    answer = get(client, "/cube?measures=pop_60p&rows=district&columns=year&f=xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    return {code: row for code, name in NAMES.items() for row in rows if name in map(str, row)}


def of_cube_page(client):
    address = "/cube?measures=pop_60p&rows=district&columns=year&f=html"
    page = client.get(address, headers={"Accept": "text/html"}).text
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    return {code: row for code, name in NAMES.items() for row in rows if name in row}


def of_items(client):
    told = get(client, "/collections/ageing-by-district/items?period=2024&f=json").json()
    return {
        one["properties"]["code"]: tuple(
            (key, value) for key, value in one["properties"].items() if key.startswith("pop_60p")
        )
        for one in told["features"]
    }


def of_items_csv(client):
    return of_lines(get(client, "/collections/ageing-by-district/items?period=2024&f=csv").text)


# Who asks for nothing gets value and status; who names properties names the status, too.
def of_usual_tile(client):
    return of_tile(client, asked="")


def of_tile(client, asked="&properties=code,pop_60p,pop_60p_status"):
    answer = get(client, f"/tiles/ageing-by-district/7/99/58.mvt?period=2024{asked}")
    (layer,) = mapbox_vector_tile.decode(answer.content).values()
    told = [one["properties"] for one in layer["features"]]
    return {
        one["code"]: tuple(sorted((k, v) for k, v in one.items() if "pop_60p" in k)) for one in told
    }


def of_profile(client):
    found = {}
    for code in STATES:
        told = get(client, f"/places/{code}?f=json").text
        at = told.index('"pop_60p"')
        found[code] = re.search(r'"status":\s*"(\w+)"', told[at:])[1]
    return found


WAYS = (
    of_map, of_map_csv, of_cube, of_cube_csv, of_items, of_items_csv, of_usual_tile, of_tile,
    of_profile,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_four_are_told_apart(four_states, way):
    told = way(four_states)
    for code, status in STATES.items():
        said = [one for one in STATES.values() if one in str(told[code])]
        assert said == [status], told[code]


def test_a_page_tells_the_four_in_words(four_states):
    told = of_cube_page(four_states)
    for code, status in STATES.items():
        said = [one for one in STATES.values() if STATUS_NAMES[one].th in told[code]]
        assert said == [status] or (status == "zero" and not said and "0" in told[code]), told[code]


def test_a_workbook_has_another_word_for_each(four_states):
    told = of_cube_book(four_states)
    words = {
        code: {cell for cell in row if isinstance(cell, str)} - {NAMES[code]}
        for code, row in told.items()
    }
    common = set.intersection(*words.values())
    assert len({frozenset(said - common) for said in words.values()}) == len(STATES), words


def test_hexagons_tell_the_four_apart(four_states):
    told = get(four_states, "/hexbins/pop_60p?resolution=6&period=2024&f=json").json()
    column = told["fields"].index("status")
    assert {row[column] for row in told["rows"]} >= set(STATES.values())
