"""Thematic maps as data: classes, places, tables."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from tests.builders import ELDERLY_2024, POPULATION_2024, build_small_country


def test_classes_count_every_place_once(client):
    told = client.get("/maps/pop_total.json", params={"level": "subdistrict"}).json()
    assert sum(one["count"] for one in told["classes"]) == len(POPULATION_2024)
    assert {one["code"]: one["value"] for one in told["places"]} == POPULATION_2024
    for place in told["places"]:
        own = told["classes"][place["class"]]
        if place["value"] is None:
            assert own["kind"] == "not-reported"
        else:
            assert own["from"] <= place["value"] <= own["to"]


def test_special_classes_stand_apart(client):
    told = client.get("/maps/pop_60p.json", params={"level": "subdistrict"}).json()
    kinds = {one["kind"] for one in told["classes"]}
    assert {"zero", "not-reported", "suppressed"} <= kinds
    own = {one["code"]: one for one in told["places"]}
    assert ELDERLY_2024["510102"] == 3
    assert own["510102"]["value"] is None
    assert own["510102"]["status"] == "suppressed"


def test_the_legend_is_that_of_the_map(client):
    asked = {"level": "district", "period": "2567", "lang": "en"}
    shown = client.get("/maps/pop_total.json", params=asked).json()
    legend = client.get("/maps/pop_total/legend.json", params=asked).json()
    assert legend["classes"] == shown["classes"]
    assert legend["unit"] == shown["unit"] == "persons"


def test_breaks_are_the_same_across_years(client):
    breaks = [
        [(one["from"], one["to"]) for one in told["classes"] if one["kind"] == "range"]
        for told in (
            client.get(
                "/maps/pop_total.json", params={"level": "subdistrict", "period": year}
            ).json()
            for year in ("2566", "2567")
        )
    ]
    assert breaks[0] == breaks[1]


def test_a_map_may_stay_within_a_place(client):
    told = client.get("/maps/pop_total.json", params={"level": "subdistrict", "area": "51"}).json()
    assert {one["code"][:2] for one in told["places"]} == {"51"}


@pytest.mark.parametrize("period", ["2567", "2024", "2024-01-01/2024-12-31", "../2024-12-31"])
def test_a_period_may_be_written_in_many_ways(client, period):
    told = client.get("/maps/pop_total.json", params={"period": period}).json()
    assert told["period"]["key"] == "2024"


def test_a_period_without_values_is_not_found(client):
    assert client.get("/maps/pop_total.json", params={"period": "2500"}).status_code == 404


def test_a_table_runs_nothing_in_a_spreadsheet(client_of, fresh_engine):
    trap = "=HYPERLINK(0)"
    with transaction(fresh_engine) as session:
        build_small_country(session)
        session.execute(
            text("UPDATE geo.area SET name_th = :trap WHERE code = '50'"), {"trap": trap}
        )
    client = client_of(fresh_engine)
    for address in ("/maps/pop_total.csv", "/collections/provinces/items?f=csv"):
        answer = client.get(address)
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        own = next(row for row in rows if row["code"] == "50")
        assert own["name_th"] == f"'{trap}"


def test_a_copy_of_a_map_that_is_still_good_is_not_sent_again(client):
    first = client.get("/maps/pop_total.json")
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get("/maps/pop_total.json", headers=tag).status_code == 304
    assert client.get("/maps/pop_total.json?period=2566", headers=tag).status_code == 200
