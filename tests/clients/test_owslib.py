"""OWSLib reads collections, queryables, pages, filters and tile sets."""

from __future__ import annotations

import pytest
from owslib.ogcapi.features import Features

from tests.builders import PROVINCES, SUBDISTRICTS
from tests.clients.test_gdal import load_names


@pytest.fixture(scope="module")
def owslib(live_server) -> Features:
    return Features(live_server)


def codes(told: dict) -> list[str]:
    return [one["id"] for one in told["features"]]


def test_the_way_in_is_understood(owslib, client):
    assert "subdistricts" in owslib.feature_collections()
    known = client.get("/conformance").json()["conformsTo"]
    assert owslib.conformance()["conformsTo"] == known
    assert owslib.api()["openapi"] == "3.0.3"


def test_a_collection_and_its_queryables_are_understood(owslib):
    assert owslib.collection("provinces")["itemType"] == "feature"
    assert "name_th" in owslib.collection_queryables("provinces")["properties"]
    assert "geometry" in owslib.collection_schema("provinces")["properties"]


@pytest.mark.parametrize("size", [1, 4, 100])
def test_offsets_walk_a_layer_once(owslib, size):
    found: list[str] = []
    for start in range(0, len(SUBDISTRICTS) + size, size):
        found += codes(owslib.collection_items("subdistricts", limit=size, offset=start))
    assert sorted(found) == sorted(SUBDISTRICTS)


def test_offsets_walk_a_layer_once_while_a_load_commits_between_pages(
    serve, settings_for, country_engine
):
    url = country_engine.url.render_as_string(hide_password=False)
    service = Features(serve(settings_for(url)))
    found, names = [], []
    for start in range(0, len(SUBDISTRICTS), 2):
        told = service.collection_items("subdistricts", limit=2, offset=start)
        found += codes(told)
        names.append({one["properties"]["name_th"] for one in told["features"]})
        load_names(url, f"โหลด {start}")
    assert sorted(found) == sorted(SUBDISTRICTS)
    # Each page is of the state that the load before it left.
    assert names[1:] == [{f"โหลด {start}"} for start in range(0, len(SUBDISTRICTS) - 2, 2)]


def test_boxes_and_filters_are_passed_on(owslib):
    near = owslib.collection_items("subdistricts", bbox=[100.01, 14.01, 100.02, 14.02])
    assert set(codes(near)) == {"500101", "510203"}
    named = owslib.collection_items("subdistricts", filter="name_th = 'หนองบัว'")
    assert set(codes(named)) == {"500102", "510202"}
    equal = owslib.collection_items("subdistricts", district_code="5001")
    assert set(codes(equal)) == {"500101", "500102", "500103"}


def test_a_feature_is_read_by_its_id(owslib):
    assert owslib.collection_item("provinces", "50")["properties"]["code"] == "50"
    assert set(codes(owslib.collection_items("provinces"))) == set(PROVINCES)
