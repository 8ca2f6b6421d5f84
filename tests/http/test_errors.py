"""One shape for every way of failing, and nothing of the inside in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from geo_service.core.db import make_engine, transaction
from geo_service.core.settings import Settings
from geo_service.main import create_app
from tests.builders import build_small_country
from tests.waiting import wait_until

ITEMS = "/collections/subdistricts/items"
BAD = [
    f"{ITEMS}?limit=0",
    f"{ITEMS}?limit=-1",
    f"{ITEMS}?limit=ten",
    f"{ITEMS}?limit=9999999999999999999999",
    f"{ITEMS}?offset=-1",
    f"{ITEMS}?offset=200000",
    f"{ITEMS}?bbox=1,2,3",
    f"{ITEMS}?bbox=a,b,c,d",
    f"{ITEMS}?bbox=nan,0,1,1",
    f"{ITEMS}?bbox=inf,0,1,1",
    f"{ITEMS}?bbox=100,15,101,14",
    f"{ITEMS}?bbox=100,95,101,96",
    f"{ITEMS}?bbox=",
    f"{ITEMS}?bbox=700000,1500000,600000,1600000&bbox-crs=EPSG:32647",
    f"{ITEMS}?bbox-crs=EPSG:9999",
    f"{ITEMS}?crs=http://example.com/crs",
    f"{ITEMS}?crs=",
    f"{ITEMS}?datetime=yesterday",
    f"{ITEMS}?datetime=2024-13-01",
    f"{ITEMS}?datetime=2024-02-30/..",
    f"{ITEMS}?datetime=2025-01-01/2024-01-01",
    f"{ITEMS}?datetime=../..",
    f"{ITEMS}?period=9999",
    f"{ITEMS}?period=2567-13",
    f"{ITEMS}?lang=fr",
    f"{ITEMS}?f=shp",
    f"{ITEMS}?colour=red",
    f"{ITEMS}?limit=1&limit=2",
    f"{ITEMS}?name_th=%00",
    f"{ITEMS}?properties=shoe_size",
    f"{ITEMS}?sortby=shoe_size",
    f"{ITEMS}?sortby=code;drop table area",
    f"{ITEMS}?sortby=code,-code",
    f"{ITEMS}?sortby=",
    f"{ITEMS}?area_km2=big",
    f"{ITEMS}?area_km2=1e999",
    f"{ITEMS}?is_illustrative=perhaps",
    f"{ITEMS}?cursor=!!!",
    f"{ITEMS}?cursor=W1tdLFtdXQ",
    f"{ITEMS}?cursor=W1siY29kZSJdLFsiMSIsIjEiXV0",
    f"{ITEMS}?cursor=bnVsbA",
    f"{ITEMS}?resulttype=maybe",
    "/collections/health-centres/items?beds=three",
    "/collections/health-centres/items?beds=99999999999999999999",
    "/collections?colour=red",
    "/indicators?theme=magic",
    "/indicators?components=perhaps",
    "/maps/pop_total.json?level=galaxy",
    "/maps/pop_total.json?classes=99",
    "/maps/pop_total.json?classes=x",
    "/maps/pop_total.json?scheme=magic",
    "/maps/pop_total.json?period=soon",
]
MISSING = [
    "/nowhere",
    "/collections/nowhere",
    "/collections/waste-by-galaxy/items",
    "/collections/magic-by-province",
    f"{ITEMS}/nobody",
    f"{ITEMS}/%27%3B%20DROP%20TABLE",
    "/collections/nowhere/items",
    "/collections/nowhere/queryables",
    "/indicators/nowhere",
    "/maps/nowhere.json",
    "/maps/nowhere/legend.json",
    "/maps/nowhere.csv",
    "/datasets/nowhere",
    "/tileMatrixSets/Mars",
    "/tiles/provinces/30/0/0.mvt",
    "/tiles/provinces/3/8/0.mvt",
    "/tiles/provinces/3/-1/0.mvt",
    "/tiles/provinces/x/y/z.mvt",
    "/collections/provinces/tiles/WebMercatorQuad/99999999999/0/0",
    "/collections/provinces/tiles/MarsQuad/0/0/0",
]
INSIDE = re.compile(r"SELECT|psycopg|sqlalchemy|Traceback|/srv|\.py\b|geo\.", re.IGNORECASE)


@pytest.fixture
def own_country(fresh_engine: Engine) -> Engine:
    """A tiny country of this test's own, that may be locked."""
    with transaction(fresh_engine) as session:
        build_small_country(session)
    return fresh_engine


def check_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["status"] == status
    assert told["type"].endswith(told["code"])
    assert {"title", "detail", "instance", "code", "th", "en"} <= told.keys()
    for lang in ("th", "en"):
        assert told[lang]["title"]
        assert told[lang]["detail"]
    assert re.search(r"[ก-๙]", told["th"]["title"])
    assert not INSIDE.search(told["detail"]), told["detail"]
    return told


@pytest.mark.parametrize("address", BAD)
def test_what_cannot_be_understood_is_400(client: TestClient, address):
    told = check_problem(client.get(address), 400)
    assert told["code"] in {"bad-parameter", "unknown-parameter", "unsupported-crs"}


@pytest.mark.parametrize("address", MISSING)
def test_what_does_not_exist_is_404(client: TestClient, address):
    assert check_problem(client.get(address), 404)["code"] == "not-found"


def test_an_unknown_parameter_names_the_known_ones(client: TestClient):
    told = check_problem(client.get(f"{ITEMS}?nam_th=x"), 400)
    assert told["parameter"] == "nam_th"
    assert "name_th" in told["known"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(client: TestClient, method):
    answer = client.request(method, "/collections")
    check_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_a_type_nobody_makes_is_406(client: TestClient):
    check_problem(client.get(ITEMS, headers={"Accept": "image/png"}), 406)


def test_an_endless_query_is_414(client: TestClient):
    check_problem(client.get(f"{ITEMS}?name_th={'a' * 20_000}"), 414)


@pytest.mark.parametrize(
    ("headers", "address", "lang"),
    [
        ({}, "/nowhere", "th"),
        ({"Accept-Language": "en-US,en;q=0.9"}, "/nowhere", "en"),
        ({"Accept-Language": "de, en;q=0.5, th;q=0.7"}, "/nowhere", "th"),
        ({"Accept-Language": "th"}, "/nowhere?lang=en", "en"),
    ],
)
def test_the_reader_chooses_the_language(client: TestClient, headers, address, lang):
    told = client.get(address, headers=headers)
    assert told.headers["content-language"] == lang
    assert told.json()["title"] == told.json()[lang]["title"]


def test_a_host_that_is_none_is_refused(client: TestClient):
    check_problem(client.get("/", headers={"Host": "evil.example/<script>"}), 400)


def test_without_a_database_the_process_lives_and_says_it_is_not_ready():
    settings = Settings(
        _env_file=None,
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/geo_test_none"),
    )
    with TestClient(create_app(settings)) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        for address in ("/readyz", "/collections", ITEMS, "/tiles/provinces/0/0/0.mvt", "/api"):
            answer = client.get(address)
            assert check_problem(answer, 503)["code"] == "unavailable"
            assert answer.headers["retry-after"]


def test_a_database_without_tables_is_not_ready(
    client_of: Callable[..., TestClient], databases, fresh_engine: Engine
):
    bare = make_engine(databases.create("bare"))
    try:
        check_problem(client_of(bare).get("/readyz"), 503)
    finally:
        bare.dispose()
    assert client_of(fresh_engine).get("/readyz").status_code == 200


def test_a_question_that_takes_too_long_is_504(
    client_of: Callable[..., TestClient], own_country: Engine
):
    # Long enough for every statement of an answer that nobody holds up.
    client = client_of(own_country, statement_timeout_s=3.0)
    with own_country.begin() as holder:
        holder.execute(text("LOCK TABLE geo.area IN ACCESS EXCLUSIVE MODE"))
        told = check_problem(client.get(ITEMS), 504)
    assert told["code"] == "timed-out"
    assert client.get(ITEMS).status_code == 200


def test_more_questions_than_connections_are_told_to_come_back(
    client_of: Callable[..., TestClient], own_country: Engine
):
    client = client_of(own_country, pool_size=1, pool_timeout_s=0.2)
    # Equal questions wait for one another's answer, different ones for a connection.
    addresses = [f"{ITEMS}?limit={number}" for number in (1, 2, 3)] * 2
    with client.app.state.engine.connect(), ThreadPoolExecutor(len(addresses)) as many:
        answers = list(many.map(client.get, addresses))
    for answer in answers:
        assert check_problem(answer, 503)["code"] == "busy"
        assert answer.headers["retry-after"]
    # What the service reads for itself needs the one connection, too.
    for address in addresses:
        wait_until(lambda asked=address: client.get(asked).status_code == 200)


def test_a_fault_of_our_own_keeps_its_words_to_the_log(app_settings: Settings):
    app = create_app(app_settings)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("SELECT secret FROM geo.area -- /srv/secret.py")

    with TestClient(app) as client:
        told = check_problem(client.get("/broken"), 500)
    assert told["code"] == "internal-error"
    assert "secret" not in str(told)
