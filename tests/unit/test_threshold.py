"""Who would be sent away at the gate is told so before the framework, and nobody else is."""

from __future__ import annotations

import asyncio
import json

import pytest
from prometheus_client import generate_latest

from geo_service.api.gate import Bounds, Gate
from geo_service.api.threshold import Door, Threshold
from geo_service.api.wire import Metrics

GREEDY, OTHER = "192.0.2.1", "192.0.2.2"
PATH = "/collections/provinces/items"


def ask(*, address=GREEDY, query=b"", method="GET", path=PATH, **headers: str):
    """What a caller hears whose address has filled the line; None when he is let on."""
    metrics = Metrics()
    gate = Gate(Bounds(places=1, waiting=2, waiting_s=5, request_s=20), metrics.registry)
    told = []

    async def app(scope, receive, send) -> None:
        told.append(None)

    async def send(message) -> None:
        told.append(message)

    async def run() -> None:
        line = gate._lines["heavy"]
        filling = [asyncio.create_task(line.enter(GREEDY)) for _ in range(3)]
        await asyncio.sleep(0)
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query,
            "client": (address, 1),
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip
        await Threshold(app, gate, metrics)(scope, None, send)
        for one in filling:
            one.cancel()
        await asyncio.gather(*filling, return_exceptions=True)

    asyncio.run(run())
    return told, generate_latest(metrics.registry).decode()


def test_who_fills_the_line_is_refused_with_a_problem_and_a_time():
    (start, body), counted = ask(query=b"lang=en", x_request_id="mine")
    headers = dict(start["headers"])
    assert start["status"] == 503
    assert int(headers[b"retry-after"]) >= 1
    assert headers[b"content-language"] == b"en"
    assert headers[b"x-request-id"] == b"mine"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-length"] == b"%d" % len(body["body"])
    said = json.loads(body["body"])
    assert (said["code"], said["status"], said["instance"]) == ("busy", 503, PATH)
    assert said["detail"] == said["en"]["detail"]
    assert 'geo_work_refused_total{class="heavy"} 1.0' in counted
    assert 'geo_http_requests_total{method="GET",route="none",status="503"} 1.0' in counted


@pytest.mark.parametrize(
    "asked",
    [
        {"address": OTHER},
        {"authorization": "Bearer gk_a_b"},
        {"cookie": "geo_session=a"},
        {"accept": "text/html"},
        {"query": b"f=html"},
        {"method": "POST"},
        {"path": "/livez"},
        {"path": "/tiles/provinces/6/49/29.mvt"},
    ],
    ids=str,
)
def test_others_are_let_on(asked):
    told, counted = ask(**asked)
    assert told == [None]
    assert 'geo_work_refused_total{class="heavy"} 0.0' in counted


def knock(asked: bytes, *, times: int = 1, address: str = GREEDY, waiting=3, kept: tuple = ()):
    """What the last of them hears at the door who has filled the line; None when he is let on."""
    metrics = Metrics()
    gate = Gate(Bounds(places=1, waiting=2, waiting_s=5, request_s=20), metrics.registry)

    async def run():
        line = gate._lines["heavy"]
        filling = [asyncio.create_task(line.enter(GREEDY)) for _ in range(waiting)]
        await asyncio.sleep(0)
        door = Door(gate, metrics, kept.__contains__)
        *_, told = [door.refusal(asked, address) for _ in range(times)]
        for one in filling:
            one.cancel()
        await asyncio.gather(*filling, return_exceptions=True)
        return told

    return asyncio.run(run()), generate_latest(metrics.registry).decode()


def plain(*fields: str, target: str = PATH, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: here", *fields, "", ""]).encode()


def test_the_door_says_what_the_threshold_says():
    asked = plain("Accept-Language: en", "X-Request-Id: mine", "Connection: keep-alive")
    (head, body), counted = knock(asked)
    (start, whole), _ = ask(accept_language="en", x_request_id="mine")
    status, *fields, last = head.decode().split("\r\n")
    assert (status, last) == ("HTTP/1.1 503 Service Unavailable", "")
    told = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert [tuple(one.split(": ", 1)) for one in fields] == told
    assert body == whole["body"]
    assert 'geo_work_refused_total{class="heavy"} 1.0' in counted
    assert 'geo_http_requests_total{method="GET",route="none",status="503"} 1.0' in counted


@pytest.mark.parametrize(("times", "is_let_on"), [(1, True), (2, False)])
def test_who_knocks_in_the_same_turn_as_the_last_there_was_room_for_is_sent_away(times, is_let_on):
    told, _ = knock(plain(), times=times, waiting=2)
    assert (told is None) == is_let_on


def test_the_door_knows_for_whom_a_proxy_on_this_machine_asks():
    told, _ = knock(plain(f"X-Forwarded-For: {GREEDY}"), address="127.0.0.1")
    assert told is not None


@pytest.mark.parametrize(
    "asked",
    [
        {"asked": plain(), "address": OTHER},
        {"asked": plain(), "waiting": 1},
        {"asked": plain(), "kept": ((PATH.encode(), b""),)},
        {"asked": plain(target="/livez")},
        {"asked": plain(target="/tiles/provinces/6/49/29.mvt")},
        {"asked": plain(target=PATH + "?f=html")},
        {"asked": plain(target="/a%20b")},
        {"asked": plain(method="POST")},
        {"asked": plain("Authorization: Bearer gk_a_b")},
        {"asked": plain("Cookie: geo_session=a")},
        {"asked": plain("Accept: text/html")},
        {"asked": plain("Connection: close")},
        {"asked": plain("Content-Length: 3") + b"abc"},
        {"asked": plain("Content-Length: 0")},
        {"asked": plain() + plain()},
        {"asked": plain()[:-2]},
        {"asked": plain("Accept: a/b", "Accept: text/html")},
        {"asked": plain("nonsense")},
        {"asked": plain("X-Forwarded-For: 192.0.2.7"), "address": "127.0.0.1"},
        {"asked": plain(f"X-Forwarded-For: {GREEDY}, {OTHER}"), "address": "127.0.0.1"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_or_has_room_is_read(asked):
    told, counted = knock(**asked)
    assert told is None
    assert 'geo_work_refused_total{class="heavy"} 0.0' in counted
