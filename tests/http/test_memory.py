"""Remembered answers are the very answers the application gives, and never another caller's."""

from __future__ import annotations

import gzip

import brotli
import pytest
from fastapi.testclient import TestClient

from geo_service.main import create_app
from tests.waiting import wait_until

COLLECTIONS = "/collections"
TILE = "/tiles/provinces/6/49/29.mvt"
PATHS = (
    COLLECTIONS,
    "/collections/provinces/items",
    TILE,
    "/maps/waste_gen_tpd.json",
    "/indicators",
)


@pytest.fixture
def remembering(country_url, settings_for):
    """A client of a service that knows the state of the data and remembers nothing yet."""
    with TestClient(create_app(settings_for(country_url))) as client:
        wait_until(client.app.state.watcher.known)
        yield client


def unnamed(answer):
    """Headers of an answer without the name of its request."""
    answer.headers.pop("x-request-id", None)
    return answer.headers


def kept(client) -> int:
    return len(client.app.memory._kept)


@pytest.mark.parametrize("path", PATHS)
def test_the_second_answer_is_the_first_one(remembering, path):
    first = remembering.get(path)
    assert kept(remembering) == 1
    second = remembering.get(path)
    assert second.status_code == first.status_code == 200
    assert second.content == first.content
    assert second.headers.multi_items() == unnamed(first).multi_items()


@pytest.mark.parametrize("path", PATHS)
def test_a_good_copy_is_confirmed_from_memory_as_by_the_application(remembering, path):
    tag = remembering.get(path).headers["etag"]
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        quick = remembering.get(path, headers={"If-None-Match": sent})
        # A parameter nobody remembers: with a cookie the application answers itself.
        slow = remembering.get(path, headers={"If-None-Match": sent, "Cookie": "a=b"})
        assert quick.status_code == slow.status_code == 304
        assert dict(quick.headers) == dict(unnamed(slow))
        assert quick.content == b""
    assert remembering.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_is_answered_from_memory_without_a_body(remembering):
    got, head = remembering.get(TILE), remembering.head(TILE)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(unnamed(got))


def test_an_empty_tile_is_remembered_as_empty(remembering):
    empty = "/tiles/provinces/6/0/0.mvt"
    assert [remembering.get(empty).status_code for _ in range(2)] == [204, 204]
    assert kept(remembering) == 1


def test_each_caller_gets_the_answer_made_for_his_headers(remembering):
    asked: list[dict[str, str]] = [
        {"Accept-Language": language, "Accept": accept, "Accept-Encoding": coding, "Host": host}
        for language in ("th", "en-GB, en;q=0.8")
        for accept in ("application/json", "text/html")
        for coding in ("br, gzip", "gzip", "identity")
        for host in ("a.example", "b.example:8000")
    ]
    for _ in range(2):  # made, then remembered
        for headers in asked:
            with remembering.stream("GET", COLLECTIONS, headers=headers) as answer:
                raw = b"".join(answer.iter_raw())
            coding = answer.headers.get("content-encoding", "identity")
            assert coding == headers["Accept-Encoding"].split(",")[0]
            body = {"br": brotli.decompress, "gzip": gzip.decompress}.get(coding, bytes)(raw)
            assert answer.headers["content-type"].startswith(headers["Accept"])
            assert answer.headers["content-language"] == headers["Accept-Language"][:2]
            assert f"http://{headers['Host']}/".encode() in body
    assert kept(remembering) == len(asked)


@pytest.mark.parametrize(
    ("name", "status"), [("Authorization", 401), ("Cookie", 200), ("Range", 200)]
)
def test_what_a_caller_says_of_himself_is_neither_kept_nor_answered_from_memory(
    remembering, name, status
):
    remembering.get(COLLECTIONS, headers={name: "x"})
    assert kept(remembering) == 0
    remembering.get(COLLECTIONS)
    counts = remembering.app.memory._kept
    assert len(counts) == 1
    assert remembering.get(COLLECTIONS, headers={name: "x"}).status_code == status


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/nowhere", "/collections?nothing=1", "/maps/waste_gen_tpd"]
)
def test_what_is_not_public_or_has_no_tag_is_not_kept(remembering, path):
    for _ in range(2):
        remembering.get(path)
    assert kept(remembering) == 0


def test_remembered_answers_are_counted(remembering):
    for _ in range(3):
        remembering.get(TILE)
    remembering.get(TILE, headers={"If-None-Match": "*"})
    told = remembering.get("/metrics").text
    route = 'method="GET",route="/tiles/{collection_id}/{z}/{x}/{y}.mvt"'
    assert f'geo_http_requests_total{{{route},status="200"}} 3.0' in told
    assert f'geo_http_requests_total{{{route},status="304"}} 1.0' in told


def test_a_service_without_memory_keeps_nothing(client_of, country_engine):
    client = client_of(country_engine, memory_mb=0)
    for _ in range(2):
        assert client.get(TILE).status_code == 200
    assert kept(client) == 0
