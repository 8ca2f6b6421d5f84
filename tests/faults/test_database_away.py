"""The database restarts, is away, is frozen, locked or read-only: answers come all the same."""

from __future__ import annotations

import json
import socket
import time

import pytest
from fastapi import FastAPI
from psycopg2.errors import QueryCanceled
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import make_engine, transaction
from geo_service.deps import SessionDep
from tests.faults.asking import Stream, ask, ask_all
from tests.faults.conftest import locked, looking, settled
from tests.waiting import wait_until

PASSWORD = "เรือใบลำเล็กกลางทะเล"
ITEMS = "/collections/subdistricts/items"
MIXED = (
    "/livez", "/collections", f"{ITEMS}?limit=3", "/tiles/provinces/6/49/29.mvt",
    "/maps/pop_total.json", "/cube?measures=pop_total&rows=province", "/collections/provinces",
)  # fmt: skip
AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%%generate_series%%'"
)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)


#: Twenty thousand million rows, counted and not kept.
SLOW = "SELECT count(*) FROM generate_series(1, 200000) a, generate_series(1, 100000) b"


def with_slow_route(app: FastAPI) -> None:
    """Add an address whose statement takes minutes of the database's processor."""

    @app.get("/slow")
    def slow(session: SessionDep) -> str:
        session.execute(text(SLOW))
        return "done"


def test_while_the_database_restarts_callers_are_told_to_come_back(
    postgres, country, run, record_property
):
    service = run(country)
    wait_until(service.trusts)
    with Stream(service.base, MIXED, per_s=20) as stream:
        time.sleep(2)
        went = time.monotonic()
        postgres.cluster.stop()
        time.sleep(1)
        postgres.cluster.start()
        back = time.monotonic()
        time.sleep(4)
    failed = [one for one in stream.got if one.status != 200]
    assert {one.status for one in stream.got} <= {200, 503}
    assert failed
    assert all("retry-after" in one.headers for one in failed)
    assert max(one.took_s for one in stream.got) < 3
    assert min(one.asked for one in failed) > went - 1
    last = max(one.asked + one.took_s for one in failed)
    record_property("figure", f"down {back - went:.1f} s, last 503 {last - back:+.1f} s after")
    assert last < back + 2


def test_a_service_that_starts_without_a_database_lives_and_finds_it(postgres, country, run):
    postgres.cluster.stop()
    try:
        service = run(country)
        assert ask(service.base, "/livez").status == 200
        assert ask(service.base, "/healthz").status == 200
        away = ask(service.base, "/readyz")
        assert (away.status, away.told["code"]) == (503, "unavailable")
        assert away.took_s < 3
        assert ask(service.base, ITEMS).status == 503
    finally:
        postgres.cluster.start()
    assert settled(5, lambda: ask(service.base, "/readyz").status == 200) < 5
    assert ask(service.base, ITEMS).status == 200


@pytest.mark.parametrize("frozen_s", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_a_frozen_database_holds_nobody_longer_than_the_limit(
    postgres, country, run, record_property, *, frozen_s
):
    limit_s = 2.0
    service = run(country, request_timeout_s=limit_s)
    wait_until(service.trusts)
    ask_all(service.base, MIXED)
    # What the same questions take on this machine today, with nothing frozen.
    idle = max(one.took_s for one in ask_all(service.base, MIXED))
    with Stream(service.base, MIXED, per_s=10) as stream:
        time.sleep(1)
        with postgres.frozen():
            began = time.monotonic()
            time.sleep(frozen_s)
        ended = time.monotonic()
        time.sleep(4)
    during = [one for one in stream.got if began < one.asked < ended - limit_s]
    assert {one.status for one in stream.got} <= {200, 503, 504}
    assert any(one.status in {503, 504} for one in during)
    # Two seconds more where the connection itself had to be made anew.
    longest = max(one.took_s for one in stream.got)
    assert longest < limit_s + 2.5 + idle
    assert all(one.status == 200 for one in stream.got if one.path == "/livez")
    assert max(one.took_s for one in stream.got if one.path == "/livez") < 1 + idle
    after = [one for one in stream.got if one.asked > ended and one.status != 200]
    last = max((one.asked for one in after), default=ended) - ended
    record_property("figure", f"longest answer {longest:.1f} s, well {last:.1f} s after")
    assert last < 2


def test_a_lock_ends_in_503_at_its_limit_and_leaves_nothing_behind(country, run, record_property):
    service = run(country, lock_timeout_s=1.5, statement_timeout_s=5)
    assert ask(service.base, ITEMS).status == 200
    with looking(country) as look:
        idle = ask(service.base, f"{ITEMS}?limit=3").took_s
        with locked(country):
            got = ask(service.base, f"{ITEMS}?limit=2")
            assert (got.status, got.told["code"]) == (503, "busy")
            assert got.headers["retry-after"]
            assert look(WAITING) == 0
        record_property("figure", f"{got.took_s:.2f} s of 1.5 s")
        assert 1.2 <= got.took_s <= 1.8 + idle
    assert ask(service.base, f"{ITEMS}?limit=2").status == 200


def test_a_slow_statement_ends_in_504_at_its_limit(country, run, record_property):
    service = run(country, statement_timeout_s=1.5, prepare=with_slow_route)
    assert ask(service.base, "/readyz").status == 200
    idle = ask(service.base, f"{ITEMS}?limit=2").took_s
    with looking(country) as look:
        # The database itself ends statements late on a busy machine.
        look("SET statement_timeout TO 1500")
        began = time.monotonic()
        with pytest.raises(QueryCanceled):
            look(SLOW)
        alone = time.monotonic() - began
        got = ask(service.base, "/slow")
        assert (got.status, got.told["code"]) == (504, "timed-out")
        record_property("figure", f"{got.took_s:.2f} s of 1.5 s, without the service {alone:.2f} s")
        assert 1.2 <= got.took_s <= 1.2 * alone + idle
        assert look(AT_WORK) == 0


def test_an_answer_that_takes_too_long_is_given_up_and_its_statement_ends(country, run):
    service = run(country, request_timeout_s=1.0, prepare=with_slow_route)
    idle = ask(service.base, f"{ITEMS}?limit=2").took_s
    got = ask(service.base, "/slow")
    assert (got.status, got.told["code"]) == (504, "timed-out")
    # The statement would take minutes.
    assert got.took_s < 3 + idle
    with looking(country) as look:
        settled(2, lambda: look(AT_WORK) == 0)
    assert ask(service.base, ITEMS).status == 200


def test_the_statement_of_a_caller_who_left_ends_within_two_seconds(country, run, record_property):
    service = run(country, prepare=with_slow_route)
    host, port = service.base.removeprefix("http://").split(":")
    with looking(country) as look:
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until(lambda: look(AT_WORK) == 1)
            time.sleep(0.5)
        took = settled(2, lambda: look(AT_WORK) == 0)
    record_property("figure", f"{took:.2f} s")
    assert 'geo_work_ended_total{class="heavy",why="left"} 1.0' in metrics_of(service)


def test_who_leaves_the_line_takes_no_place(country, run):
    service = run(country, heavy_at_once=1)
    host, port = service.base.removeprefix("http://").split(":")
    with locked(country), looking(country) as look:
        callers = [socket.create_connection((host, int(port))) for _ in range(12)]
        for number, caller in enumerate(callers):
            path = f"{ITEMS}?limit={number + 2}"
            caller.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        wait_until(lambda: 'geo_work_waiting{class="heavy"} 11.0' in metrics_of(service))
        for caller in callers:
            caller.close()
        settled(2, lambda: 'geo_work_waiting{class="heavy"} 0.0' in metrics_of(service))
        settled(2, lambda: look(WAITING) == 0)
    assert ask(service.base, f"{ITEMS}?limit=1").status == 200


def test_a_database_that_only_reads_is_served(country, run):
    name = country.rsplit("/", 1)[1].split("?")[0]
    with looking(country) as look:
        look(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    service = run(country)
    for path in ("/readyz", *MIXED):
        assert ask(service.base, path).status == 200, path


def test_writing_to_a_database_that_only_reads_is_503_for_programs(country, run):
    engine = make_engine(country)
    with transaction(engine) as session:
        people.add(session, "dla.one", role="dla", password=PASSWORD, title="dla.one")
        key = keys.make(session, "dla.one", label="", scopes=("read", "load"))[0]
    engine.dispose()
    name = country.rsplit("/", 1)[1].split("?")[0]
    with looking(country) as look:
        look(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    service = run(country)
    kind = {"Content-Type": "application/json", "Accept": "application/json"}
    sent = "/submissions?recipe=researcher-census&name=a.csv"
    signed = json.dumps({"name": "dla.one", "password": PASSWORD}).encode()
    for path, body, headers in (
        ("/account/sign-in", signed, kind),
        (sent, b"code\n1\n", {"Authorization": f"Bearer {key}"}),
    ):
        got = ask(service.base, path, method="POST", body=body, headers=headers)
        assert got.status == 503, (path, got.body)
        assert int(got.headers["retry-after"]) >= 1
        assert got.headers["content-type"].startswith("application/problem+json")
        assert got.told["code"] == "unavailable"
        assert b"INSERT" not in got.body
    assert ask(service.base, ITEMS).status == 200


def metrics_of(service) -> str:
    from prometheus_client import generate_latest  # noqa: PLC0415

    return generate_latest(service.app.state.metrics.registry).decode()
