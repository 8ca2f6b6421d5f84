"""The short way to a tile gives what the long way gives, header by header."""

from __future__ import annotations

import time

import pytest

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
    "/collections/provinces/tiles/WebMercatorQuad/6/29/49",
)


@pytest.fixture
def plain(client_of, country_engine):
    """A client without remembered answers, whose service knows the state of the data."""
    client = client_of(country_engine, memory_mb=0)
    deadline = time.monotonic() + 10
    while client.app.state.watcher.known() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return client


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}])
@pytest.mark.parametrize("address", ADDRESSES)
def test_both_ways_give_the_same(plain, monkeypatch, address, headers):
    quick = plain.get(address, headers=headers)
    # While the state is not known for certain every request goes the long way.
    monkeypatch.setattr(plain.app.memory, "_known_now", lambda: None)
    slow = plain.get(address, headers=headers)
    assert quick.status_code == slow.status_code
    assert dict(quick.headers) == dict(slow.headers)
    assert quick.content == slow.content


def test_the_short_way_is_counted_under_the_same_route(plain):
    for address in ADDRESSES[0], ADDRESSES[-1]:
        plain.get(address)
    told = plain.get("/metrics").text
    for route in (
        "/tiles/{collection_id}/{z}/{x}/{y}.mvt",
        "/collections/{collection_id}/tiles/{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    ):
        assert f'geo_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in told
