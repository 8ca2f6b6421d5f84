"""A load committed is visible in the next request of every representation, whatever happens."""

from __future__ import annotations

import threading
import time

import mapbox_vector_tile
import psycopg2
import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from geo_service.core.watch import CHANNEL
from ingest.load import hold_lock
from ingest.pipeline import ingest
from layers import versions
from tests.waiting import wait_until

KEY, LEVEL, PERIOD = "waste_gen_tpd", "province", "2567"
ITEMS = f"/collections/waste-by-{LEVEL}/items"
#: The tile that holds the whole tiny country.
TILE = f"/tiles/waste-by-{LEVEL}/6/49/29.mvt?period={PERIOD}&properties=code,{KEY}"
WATCHING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'geo-service watching'"


def from_items(client) -> float:
    found = client.get(ITEMS, params={"period": PERIOD}).json()["features"]
    return next(one["properties"][KEY] for one in found if one["id"] == "50")


def from_item(client) -> float:
    return client.get(f"{ITEMS}/50", params={"period": PERIOD}).json()["properties"][KEY]


def from_tile(client) -> float:
    (layer,) = mapbox_vector_tile.decode(client.get(TILE).content).values()
    found = (one["properties"] for one in layer["features"])
    return next(one[KEY] for one in found if one["code"] == "50")


def from_map(client) -> float:
    found = client.get(f"/maps/{KEY}.json", params={"level": LEVEL, "period": PERIOD}).json()
    return next(one["value"] for one in found["places"] if one["code"] == "50")


def from_table(client) -> float:
    told = client.get(f"/maps/{KEY}.csv", params={"level": LEVEL, "period": PERIOD})
    head, *rows = told.content.decode("utf-8-sig").splitlines()
    code, value = head.split(",").index("code"), head.split(",").index("value")
    return next(float(row.split(",")[value]) for row in rows if row.split(",")[code] == "50")


WAYS = (from_items, from_item, from_tile, from_map, from_table)
#: What says by its tag alone that the data behind it changed.
TAGGED = (
    f"/collections/waste-by-{LEVEL}/tiles/WebMercatorQuad/tilejson.json",
    f"/hexbins/{KEY}?resolution=5",
    f"/indicators/{KEY}",
    f"/collections/waste-by-{LEVEL}",
)


def change(engine, value: float, *, by_load: bool = True) -> None:
    """Commit a value of a province, as a load does or as a person with psql does."""
    with transaction(engine) as session:
        if by_load:
            hold_lock(session)
        written = session.execute(
            text(
                "UPDATE geo.place_value SET value = :value WHERE indicator_key = :key"
                " AND level = 'province' AND period_key = '2024' AND place_id ="
                " (SELECT id FROM geo.area WHERE code = '50' AND level = 'province')"
            ),
            {"value": value, "key": KEY},
        )
        assert written.rowcount == 1
        if by_load:
            versions.bump(session, [versions.of_indicator(KEY)])
        else:
            session.execute(
                text("UPDATE geo.data_version SET number = number + 1 WHERE subject = :subject"),
                {"subject": versions.of_indicator(KEY)},
            )


def settle(client) -> None:
    """Wait until the service trusts its memory again."""
    wait_until(client.app.state.watcher.known)


@pytest.fixture
def served(client_of, country_engine):
    with transaction(country_engine) as session:
        versions.bump(session, [versions.of_indicator(KEY)])
    client = client_of(country_engine)
    settle(client)
    return client, country_engine


@pytest.mark.parametrize("by_load", [True, False])
def test_a_change_is_visible_in_the_next_request_fifty_times_over(served, by_load):
    client, engine = served
    for turn in range(50):
        if turn % 2:
            settle(client)  # half of the changes meet a memory that is trusted and filled
        for way in WAYS:
            way(client)
        change(engine, 100.0 + turn, by_load=by_load)
        # Another way comes first each time: the first request is the one that races.
        for place in range(len(WAYS)):
            assert WAYS[(turn + place) % len(WAYS)](client) == 100.0 + turn


@pytest.mark.parametrize("path", TAGGED)
def test_a_change_is_visible_in_the_tag_of_what_follows_from_it(served, path):
    client, engine = served
    for turn in range(10):
        settle(client)
        before = client.get(path).headers["etag"]
        assert client.get(path).headers["etag"] == before
        change(engine, 200.0 + turn)
        assert client.get(path).headers["etag"] != before
        again = client.get(path, headers={"If-None-Match": before})
        assert again.status_code == 200


def test_a_page_shows_the_value_just_loaded(served):
    client, engine = served
    for turn in range(3):
        change(engine, 7311.5 + turn)
        page = client.get(f"/maps/{KEY}", params={"level": LEVEL, "period": PERIOD, "lang": "en"})
        assert f"{7311.5 + turn:,.1f}" in page.text or f"{7311.5 + turn}" in page.text


def test_a_change_is_visible_after_the_listener_was_cut(served):
    client, engine = served
    for turn in range(10):
        settle(client)
        from_items(client)
        with engine.connect() as connection:
            connection.scalars(
                text("SELECT pg_terminate_backend(:pid)"), {"pid": _watchers(engine).pop()}
            )
        change(engine, 300.0 + turn, by_load=turn % 2 == 0)
        for way in WAYS:
            assert way(client) == 300.0 + turn


def test_a_change_is_visible_after_every_connection_was_cut(served):
    client, engine = served
    settle(client)
    assert from_items(client) > 0
    name = engine.url.database
    engine.dispose()
    admin = psycopg2.connect(engine.url.set(drivername="postgresql").render_as_string(False))
    admin.autocommit = True
    cursor = admin.cursor()
    cursor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND pid <> pg_backend_pid()",
        (name,),
    )
    admin.close()
    change(engine, 401.0)
    assert [way(client) for way in WAYS] == [401.0] * len(WAYS)


def test_while_a_load_is_under_way_answers_are_those_before_it(served):
    client, engine = served
    change(engine, 500.0)
    settle(client)
    assert from_map(client) == 500.0
    with transaction(engine) as session:
        hold_lock(session)
        session.execute(text("UPDATE geo.place_value SET value = 1"))
        versions.bump(session, [versions.of_indicator(KEY)])
        assert [way(client) for way in WAYS] == [500.0] * len(WAYS)
        # A load takes minutes: who reads meanwhile is answered as quickly as ever.
        assert client.app.state.watcher.known() is not None
        session.rollback()
    settle(client)
    assert [way(client) for way in WAYS] == [500.0] * len(WAYS)


def test_a_commit_waits_for_the_requests_that_read_by_the_state_before_it(served):
    client, engine = served
    settle(client)
    watchers, ends = _watchers(engine), []
    known = client.app.state.watcher.known()

    def answer():
        with known.readers:
            is_begun.set()
            time.sleep(0.2)
            ends.append(time.monotonic())

    is_begun = threading.Event()
    answering = threading.Thread(target=answer)
    answering.start()
    is_begun.wait(5)
    change(engine, 550.0)
    assert ends
    assert ends[0] < time.monotonic()
    answering.join()
    assert from_map(client) == 550.0
    assert watchers <= _watchers(engine)  # nobody had to be cut off


def test_a_commit_does_not_wait_for_a_request_that_does_not_end(served):
    client, engine = served
    settle(client)
    watchers = _watchers(engine)
    with client.app.state.watcher.known().readers:
        change(engine, 560.0)
        assert from_map(client) == 560.0
    assert watchers <= _watchers(engine)


def _watchers(engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(text(f"{WATCHING} AND datname = current_database()")))


def test_two_services_over_one_database_both_see_every_change(client_of, country_engine):
    both = [client_of(country_engine), client_of(country_engine)]
    for turn in range(20):
        for client in both:
            settle(client)
            from_map(client)
        change(country_engine, 600.0 + turn)
        assert [from_map(client) for client in both] == [600.0 + turn] * 2


def test_loads_do_not_wait_for_a_service_that_does_not_answer(served):
    client, engine = served
    settle(client)
    watcher = client.app.state.watcher
    is_stuck = threading.Event()
    # The thread that follows hangs while it lets go: as a process that was stopped.
    watcher._let_go = lambda cursor: is_stuck.wait(20) and False
    try:
        change(engine, 700.0)
        assert from_map(client) == 700.0
    finally:
        is_stuck.set()


def test_without_the_trigger_the_check_finds_a_change(client_of, country_engine):
    with transaction(country_engine) as session:
        session.execute(text("DROP TRIGGER tell_of_change ON geo.data_version"))
    client = client_of(country_engine, recheck_s=0.2)
    settle(client)
    before = client.get(f"/indicators/{KEY}").headers["etag"]
    change(country_engine, 800.0, by_load=False)
    wait_until(lambda: client.get(f"/indicators/{KEY}").headers["etag"] != before)


def test_what_others_say_on_the_channel_harms_nothing(served):
    client, engine = served
    change(engine, 900.0)
    settle(client)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_notify(:channel, 'nonsense')"), {"channel": CHANNEL})
        connection.commit()
    assert from_map(client) == 900.0
    settle(client)


def test_a_refused_load_is_a_change_too_as_it_is_listed(served, tmp_path):
    client, engine = served
    settle(client)
    before = client.app.state.watcher.known()
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"a\x00b")
    assert ingest(engine, broken, recipe="lao-population").outcome == "refused"
    settle(client)
    after = client.app.state.watcher.known()
    assert after is not before
    assert after.versions[versions.LOADS] > before.versions.get(versions.LOADS, 0)
