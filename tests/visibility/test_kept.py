"""One address, many readers: what is kept of an answer, by whom, and what is written down."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from geo_service.core import audit
from geo_service.core.db import make_engine, transaction
from layers.inside import NOT_PUBLIC, scope_of
from tests.visibility.country import ALONE, AT, MAY_SEE, PARTLY, SECRETS, WHOLE, seen_in, text_of


@pytest.mark.parametrize("name", WHOLE)
def test_answers_to_insiders_are_kept_by_nobody(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    for who in ("lao", "province", "dla", "admin"):
        answer = secret_client.get(address, headers=headers[who])
        assert answer.headers["cache-control"] == "private, no-store", who
        assert "etag" not in answer.headers
        assert {"authorization", "cookie"} <= {
            one.strip().lower() for one in answer.headers["vary"].split(",")
        }


@pytest.mark.parametrize(
    "address",
    [WHOLE["items"], WHOLE["cube"], WHOLE["map-json"], PARTLY["items-html"], PARTLY["map-page"],
     ALONE["place-html"], ALONE["dashboard"], "/collections/ageing-by-{level}/downloads"],
)  # fmt: skip
def test_an_insider_is_told_that_it_is_not_for_everybody(secret_client, headers, address):
    address, html = address.format(level="org"), {"Accept": "text/html, application/json;q=0.9"}
    for who in ("lao", "dla"):
        told = secret_client.get(address, headers=headers[who] | html).text
        assert NOT_PUBLIC.th in told or NOT_PUBLIC.en in told, who
    for who in ("anonymous", "analyst"):
        told = secret_client.get(address, headers=headers[who] | html).text
        assert NOT_PUBLIC.th not in told, who


@pytest.mark.parametrize("name", WHOLE)
def test_who_asks_after_an_insider_sees_his_own(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    order = ("anonymous", "dla", "anonymous", "lao", "other-lao", "province", "anonymous", "reader")
    for who in order:
        seen = seen_in(secret_client.get(address, headers=headers[who]))
        assert seen == MAY_SEE[who] & AT["subdistrict"], who
    public = secret_client.get(address)
    assert public.status_code == 404 or "authorization" in public.headers["vary"].lower()


@pytest.mark.parametrize("name", ["items", "cube", "download-csv"])
def test_the_tag_of_another_does_not_stand_for_an_insiders_answer(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    tag = secret_client.get(address).headers["etag"]
    for good in (tag, "*"):
        answer = secret_client.get(address, headers=headers["lao"] | {"If-None-Match": good})
        if name != "download-csv" or answer.status_code != 304:
            assert answer.status_code == 200
            assert seen_in(answer) == MAY_SEE["lao"] & AT["subdistrict"]
    again = secret_client.get(address, headers={"If-None-Match": tag})
    # A download that is still being written is sent once more.
    assert again.status_code == 304 or name == "download-csv"
    assert seen_in(again) == set()


def test_a_kept_download_holds_nothing_of_an_insider(secret_client, headers, secret_url):
    address = WHOLE["download-csv"].format(level="subdistrict")
    secret_client.get(address, headers=headers["dla"])
    assert seen_in(secret_client.get(address)) == set()
    folder = secret_client.app.state.settings.data_dir
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not any(str(number).encode() in held for number in SECRETS.values()), path


# many at once on few connections.


def test_requests_of_two_organisations_never_cross(secret_url, settings_for, headers):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(
        secret_url, insider_pool_size=2, pool_timeout_s=60.0, queue=500, queue_timeout_s=60.0,
        request_timeout_s=120.0, key_rate=1e6, key_burst=1_000_000,
    )  # fmt: skip
    asked = [("lao", "other-lao", "anonymous")[at % 3] for at in range(240)]
    address = WHOLE["items"].format(level="subdistrict")
    with TestClient(create_app(settings)) as client, ThreadPoolExecutor(24) as many:
        answers = many.map(lambda who: client.get(address, headers=headers[who]), asked)
        for who, answer in zip(asked, answers, strict=True):
            assert answer.status_code == 200
            assert seen_in(answer) == MAY_SEE[who] & AT["subdistrict"], who


# It is written down.


def test_who_saw_what_is_withheld_is_written_down(secret_client, headers, secret_url):
    address = "/maps/pop_60p.json?level=org&period=2024"
    secret_client.get(address, headers=headers["other-province"])
    secret_client.get(address, headers=headers["analyst"])
    engine = make_engine(secret_url)
    with transaction(engine) as session:
        noted = audit.read(session, audit.Wanted(action="values-seen"))
    engine.dispose()
    (one,) = [line for line in noted if line.who_name == "other-province" and "maps" in line.what]
    assert one.detail["scope"] == "province:51"
    assert "analyst" not in {line.who_name for line in noted}
    # Names of places and lists of what there is are not values.
    before = len(noted)
    secret_client.get("/collections/subdistricts/items?limit=1", headers=headers["dla"])
    engine = make_engine(secret_url)
    with transaction(engine) as session:
        assert len(audit.read(session, audit.Wanted(action="values-seen"))) == before
    engine.dispose()


def test_nobody_sees_what_cannot_be_written_down(secret_url, settings_for, headers):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    app = create_app(settings_for(secret_url))
    with TestClient(app) as client:
        address = WHOLE["map-json"].format(level="org")
        assert client.get(address, headers=headers["dla"]).status_code == 200
        engine = make_engine(secret_url)
        with engine.begin() as connection:
            connection.execute(text("REVOKE INSERT ON geo.audit FROM geo_desk"))
        try:
            refused = client.get(address, headers=headers["dla"])
        finally:
            with engine.begin() as connection:
                connection.execute(text("GRANT INSERT ON geo.audit TO geo_desk"))
            engine.dispose()
        assert refused.status_code >= 500
        assert seen_in(refused) == set()


def test_the_scope_follows_from_role_and_place_alone():
    from geo_service.core.auth import Principal  # noqa: PLC0415

    def scope(role, place=None):
        return scope_of(Principal(kind="user", id="1", name="x", role=role, place=place))

    assert [scope(one) for one in ("anonymous", "reader", "analyst")] == [None] * 3
    assert scope("lao", "6500103") == "lao:6500103"
    assert scope("province", "50") == "province:50"
    assert (scope("lao"), scope("province")) == (None, None)
    assert (scope("dla"), scope("admin")) == ("dla", "admin")


# Whatever a process keeps between requests: what an insider had made first is not for the public.


_CHANCE = re.compile(
    r'nonce[-=]["\']?[\w+/=-]+|request[-_]?id["\':=\s]+[\w-]+'
    r"|<dcterms:\w+ [^>]*>[^<]*"
    r'|"(?:timeStamp|generated|made_at|length)":\s*"?[^",}]*"?'
)
PAGES = (
    "/", "/maps", "/maps?theme=ageing", "/dashboards", "/indicators", "/questions", "/collections",
    "/datasets", "/scenarios", "/ageing", "/dashboards/ageing", "/dashboards/executive",
    "/places/50", "/places/6500103", "/embed/dashboards/ageing", "/maps/pop_60p?level=district",
    "/cube?measures=pop_60p&rows=district", "/tiles", "/datasets/test-population",
)  # fmt: skip


def told(client, address, headers):
    page = {"Accept": "text/html"} if address in PAGES else {}
    answer = client.get(address, headers={**headers, **page})
    return answer.status_code, _CHANCE.sub("", text_of(answer)), seen_in(answer)


@pytest.fixture(scope="module")
def processes(secret_url, settings_for):
    """Three that serve the same, each with a memory of its own."""
    from contextlib import ExitStack  # noqa: PLC0415

    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    with ExitStack() as stack:
        yield [
            stack.enter_context(
                TestClient(create_app(settings_for(secret_url, memory_mb=16, key_burst=1_000_000)))
            )
            for _ in range(3)
        ]


EVERYTHING = [
    *PAGES, *ALONE.values(),
    *(one.format(level="subdistrict") for one in (*WHOLE.values(), *PARTLY.values())),
]  # fmt: skip


def test_what_insiders_had_made_first_is_told_to_nobody_else(processes, headers):
    clean, after, _ = processes
    for address in EVERYTHING:
        public = told(clean, address, {})
        for who in ("dla", "lao"):
            told(after, address, headers[who])
        assert told(after, address, {}) == public, address
        assert public[2] == set(), address


def test_what_the_public_had_made_first_is_not_taken_for_an_insiders(processes, headers):
    clean, _, before = processes
    for address in EVERYTHING:
        told(before, address, {})
        for who in ("lao", "dla"):
            mine = told(clean, address, headers[who])
            assert told(before, address, headers[who]) == mine, (address, who)
