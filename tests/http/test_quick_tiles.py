"""The short way to a tile gives what the long way gives, header by header."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from geo_service.main import create_app
from tests.waiting import wait_until

ADDRESSES = (
    "/tiles/provinces/6/49/29.mvt",
    "/tiles/orgs/9/398/235.mvt",
    "/tiles/waste-by-province/6/49/29.mvt",
    "/tiles/provinces/6/0/0.mvt",
    "/tiles/provinces/6/99/29.mvt",
    "/tiles/nothing/6/49/29.mvt",
    "/tiles/provinces/6/49/29.mvt?v=000000000000",
    "/tiles/provinces/6/49/29.mvt?v=0&v=0",
    "/tiles/provinces/6/49/29.mvt?nothing=1",
    "/tiles/provinces/6/49/29.mvt?properties=code",
    "/tiles/provinces/6/49/29.mvt?v=0&properties=code,name_th,,code",
    "/tiles/provinces/6/49/29.mvt?properties=code%2Cname_en&v=1",
    "/tiles/provinces/6/49/29.mvt?properties=nothing",
    "/tiles/provinces/6/49/29.mvt?properties=,",
    "/tiles/provinces/6/49/29.mvt?properties=",
    "/tiles/provinces/6/49/29.mvt?v=0properties=code",
    "/collections/provinces/tiles/WebMercatorQuad/6/29/49",
)


@pytest.fixture(scope="module", params=[0, 100], ids=["asked", "beside"])
def plain(country_url, settings_for, request):
    """A client without remembered answers, whose service knows the state of the data."""
    settings = settings_for(country_url, memory_mb=0, beside_mb=request.param)
    with TestClient(create_app(settings)) as client:
        wait_until(client.app.state.watcher.known)
        yield client


@pytest.mark.parametrize(
    "headers",
    [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}, {"Accept-Encoding": "br"},
     {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0, br"}],
)  # fmt: skip
@pytest.mark.parametrize("address", ADDRESSES)
def test_both_ways_give_the_same(plain, monkeypatch, address, headers):
    for _ in range(2):  # what is not known yet is learnt on the long way, then laid beside
        plain.get(address, headers=headers)
        plain.app.state.beside.settle()
    quick = plain.get(address, headers=headers)
    # While the state is not known for certain every request goes the long way.
    monkeypatch.setattr(plain.app.memory, "_known_now", lambda: None)
    slow = plain.get(address, headers=headers)
    assert quick.status_code == slow.status_code
    told = [dict(one.headers) for one in (quick, slow)]
    assert told[0].pop("x-request-id", None) != told[1].pop("x-request-id")
    assert told[0] == told[1]
    assert quick.content == slow.content


def test_the_short_way_is_counted_under_the_same_route(plain):
    for address in ADDRESSES[0], ADDRESSES[-1]:
        plain.get(address)
    counted = plain.app.state.metrics.requests
    told = {sample.labels["route"] for one in counted.collect() for sample in one.samples}
    for route in (
        "/tiles/{collection_id}/{z}/{x}/{y}.mvt",
        "/collections/{collection_id}/tiles/{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    ):
        assert route in told


def test_kept_tiles_are_given_before_the_framework(plain):
    is_beside = bool(plain.app.state.settings.beside_mb)
    for _ in range(4):
        answer = plain.get(ADDRESSES[0])
        plain.app.state.beside.settle()
    # A request gets its name on the way through the framework.
    assert ("x-request-id" in answer.headers) is not is_beside
    named = plain.get(ADDRESSES[0], headers={"X-Request-Id": "mine"})
    assert named.headers["x-request-id"] == "mine"
    assert named.content == answer.content


def test_other_properties_are_put_into_a_kept_tile_without_the_database(plain, monkeypatch):
    address, asked = "/tiles/provinces/6/49/29.mvt?properties=code,area_km2", []
    for _ in range(2):
        plain.get(address)
        plain.app.state.beside.settle()
    fetch = plain.app.state.direct.fetch

    async def heard(statement):
        asked.append(statement)
        return await fetch(statement)

    monkeypatch.setattr(plain.app.state.direct, "fetch", heard)
    assert plain.get(address).status_code == 200
    assert bool(asked) is not bool(plain.app.state.settings.beside_mb)
