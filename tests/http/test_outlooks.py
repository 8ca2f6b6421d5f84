"""Forecasts as layers: the numbers of the maps of coming years, for QGIS and for tables."""

from __future__ import annotations

import csv
import io

import mapbox_vector_tile
import pytest

from geo_service.core.db import transaction
from tests.history import YEARS, add_years

LAYER = "population-by-province-outlook"
ENDS = {"pop_total": "value", "pop_total_low80": "low80", "pop_total_high80": "high80"}


@pytest.fixture
def served(country_engine, client_of):
    with transaction(country_engine) as session:
        add_years(session)
    return client_of(country_engine)


def items(client, asked):
    return client.get(f"/collections/{LAYER}/items?{asked}").json()["features"]


def test_a_feature_of_a_coming_year_is_what_its_map_shows(served):
    found = {one["id"]: one["properties"] for one in items(served, "period=2573&lang=en")}
    shown = served.get("/maps/pop_total.json?level=province&period=2573").json()
    assert shown["kind"] == "forecast"
    assert set(found) == {f"{place['code']}.2030" for place in shown["places"]} == {
        "50.2030", "51.2030",
    }  # fmt: skip
    for place in shown["places"]:
        told = found[f"{place['code']}.2030"]
        assert told["pop_total_status"] == place["status"] == "forecast"
        for name, key in ENDS.items():
            assert told[name] == pytest.approx(place[key])
        assert told["pop_total_low80"] < told["pop_total"] < told["pop_total_high80"]


def test_years_go_from_the_last_measured_as_far_as_forecasts_reach(served):
    last = YEARS[-1]
    years = sorted({one["properties"]["period"] for one in items(served, "limit=100")})
    assert years == [str(year) for year in range(last + 1, last + 1 + len(YEARS) // 2)]
    told = served.get(f"/collections/{LAYER}").json()["extent"]["temporal"]["interval"]
    assert told == [[f"{years[0]}-01-01T00:00:00Z", f"{years[-1]}-12-31T23:59:59Z"]]
    one_year = items(served, "datetime=2026-01-01/2026-12-31")
    assert {one["properties"]["period"] for one in one_year} == {"2026"}
    assert items(served, "datetime=2020-01-01/2020-12-31") == []


def test_only_layers_with_a_forecast_are_listed(client, served):
    def listed(caller):
        return {one["id"] for one in caller.get("/collections").json()["collections"]}

    assert not any(one.endswith("-outlook") for one in listed(client))
    assert LAYER in listed(served)
    assert client.get(f"/collections/{LAYER}/items").json()["features"] == []


def test_tables_and_filters_know_the_intervals(served):
    answer = served.get(f"/collections/{LAYER}/items?f=csv&period=2573")
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}
    first = items(served, "period=2573")[0]["properties"]
    assert float(rows["50"]["pop_total_low80"]) == first["pop_total_low80"]
    asked = f"filter=pop_total_low80 > {first['pop_total_low80'] - 1} AND period = '2030'"
    assert "50" in {one["properties"]["code"] for one in items(served, asked)}


def test_tiles_carry_the_year_that_was_asked_for(served):
    names = "code,period,pop_total,pop_total_status,pop_total_low80,pop_total_high80"
    tile = served.get(f"/tiles/{LAYER}/6/49/29.mvt?period=2573&properties={names}")
    (layer,) = mapbox_vector_tile.decode(tile.content).values()
    drawn = {one["properties"]["code"]: one["properties"] for one in layer["features"]}
    for one in items(served, "period=2573"):
        told = one["properties"]
        assert drawn[told["code"]]["period"] == "2030"
        assert drawn[told["code"]]["pop_total"] == pytest.approx(told["pop_total"])
        assert drawn[told["code"]]["pop_total_low80"] == pytest.approx(told["pop_total_low80"])


def test_a_style_draws_the_classes_of_the_map_of_its_year(served):
    told = served.get(f"/collections/{LAYER}/styles/pop_total?period=2573&lang=en").json()
    shown = served.get("/maps/pop_total.json?level=province&period=2573&lang=en").json()
    assert told["metadata"]["geo:period"] == "2030"
    assert [one["label"] for one in told["metadata"]["geo:legend"]] == [
        one["label"] for one in shown["classes"]
    ]
    assert any("not measured" in note for note in told["metadata"]["geo:notes"])
    (address,) = told["sources"]["places"]["tiles"]
    assert "period=2030" in address
    nearest = served.get(f"/collections/{LAYER}/styles/default").json()
    assert nearest["metadata"]["geo:period"] == str(YEARS[-1] + 1)
