"""Hexagons over HTTP: every form shows the same numbers, and costs are bounded."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import polars as pl
import pytest

KEYS = ["indicator", "unit", "period", "resolution", "version", "fields", "rows"]
FIELDS = ["cell", "value", "numerator", "denominator", "reporting", "expected", "status"]


def test_the_compact_form_is_as_agreed(client):
    answer = client.get("/hexbins/pop_total?resolution=6&lang=en").json()
    assert list(answer) == KEYS
    assert answer["fields"] == FIELDS
    assert answer["period"] == "2024"
    assert answer["unit"] == "persons"
    assert sum(row[1] for row in answer["rows"]) == pytest.approx(41_500)
    assert all(int(row[0], 16) for row in answer["rows"])


def test_all_forms_show_the_same_numbers(client):
    address = "/hexbins/waste_gen_rate?period=2566&resolution=6"
    rows = {row[0]: row[1:] for row in client.get(address).json()["rows"]}
    features = client.get(f"{address}&f=geojson").json()["features"]
    assert {one["id"]: [one["properties"][name] for name in FIELDS[1:]] for one in features} == rows
    text = client.get(f"{address}&f=csv").content.decode("utf-8-sig")
    table = {row["cell"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {cell: float(row["value"]) for cell, row in table.items()} == {
        cell: row[0] for cell, row in rows.items()
    }
    arrow = pl.read_ipc_stream(client.get(f"{address}&f=arrow").content)
    assert {f"{row['cell']:x}": row["value"] for row in arrow.to_dicts()} == {
        cell: row[0] for cell, row in rows.items()
    }


def test_shapes_are_closed_and_run_counter_clockwise(client):
    features = client.get("/hexbins/pop_total?resolution=6&f=geojson").json()["features"]
    for feature in features:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        pairs = pairwise(ring)
        assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) > 0


def test_a_table_opens_in_a_spreadsheet_in_thai(client):
    answer = client.get("/hexbins/pop_total?resolution=5&f=csv&lang=th")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "คน" in answer.text
    assert answer.headers["content-disposition"].endswith('"pop_total-h3-5-2024.csv"')


def test_a_box_limits_the_cells(client):
    whole = client.get("/hexbins/pop_total?resolution=7").json()["rows"]
    part = client.get("/hexbins/pop_total?resolution=7&bbox=100,14,100.05,14.05").json()["rows"]
    assert 0 < len(part) < len(whole)
    assert {tuple(row) for row in part} <= {tuple(row) for row in whole}


def test_an_answer_that_has_not_changed_is_not_sent_again(client):
    first = client.get("/hexbins/pop_total?resolution=6")
    again = client.get(
        "/hexbins/pop_total?resolution=6", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert not again.content


def test_points_of_a_layer_are_counted(client):
    answer = client.get("/hexbins/health-centres?resolution=7").json()
    assert answer["period"] is None
    assert answer["unplaced"] == 1
    assert [row[1] for row in answer["rows"]] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/hexbins/nothing", 404, "not-found"),
        ("/hexbins/pop_total?period=2500", 404, "not-found"),
        ("/hexbins/pop_total?resolution=12", 400, "bad-parameter"),
        ("/hexbins/pop_total?resolution=x", 400, "bad-parameter"),
        ("/hexbins/pop_total?bbox=1,2,3", 400, "bad-parameter"),
        ("/hexbins/pop_total?f=xml", 400, "bad-parameter"),
        ("/hexbins/pop_total?colour=red", 400, "unknown-parameter"),
        ("/hexbins/pop_total/tiles/3/9/9.mvt", 404, "not-found"),
        ("/hexbins/pop_total/tiles/99/0/0.mvt", 404, "not-found"),
    ],
)
def test_faults_say_what_is_wrong(client, address, status, code):
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == code


def test_tiles_are_served_and_empty_ones_are_empty(client):
    drawn = client.get("/hexbins/pop_total/tiles/9/398/235.mvt")
    assert drawn.status_code == 200
    assert drawn.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert b"pop_total" in drawn.content
    assert client.get("/hexbins/pop_total/tiles/9/0/0.mvt").status_code == 204
