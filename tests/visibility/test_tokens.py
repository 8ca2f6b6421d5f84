"""Embed tokens: who may make which, and that none shows more than everybody sees."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import keys
from geo_service.core.db import make_engine, transaction
from tests.visibility.country import MAY_SEE, PEOPLE, SECRET, seen_in

TOKENS = {
    ("map", "pop_60p"): ("/embed/maps/pop_60p", "/maps/pop_60p.json", "/maps/pop_60p.csv"),
    ("dashboard", "ageing"): ("/embed/dashboards/ageing",),
    **{
        ("collection", f"ageing-by-{level}"): (
            f"/collections/ageing-by-{level}/items?limit=100&f=json",
            f"/collections/ageing-by-{level}/items?limit=100&f=csv",
        )
        for level in ("district", "subdistrict", "org")
    },
}  # fmt: skip
#: What its maker may do, and no token.
NOT_BY_TOKEN = (
    ("GET", "/cube?measures=pop_60p&rows=district&f=json"), ("GET", "/places/50?f=json"),
    ("GET", "/manage/users"), ("GET", "/account"), ("POST", "/embed/tokens"),
    ("POST", "/embed/tokens/revoke"), ("POST", "/submissions"), ("POST", "/scenarios"),
    ("POST", "/collections/health-centres/items"),
    ("DELETE", "/collections/health-centres/items/h1"),
)  # fmt: skip
ORIGIN = "https://www.example.go.th"
MAKERS = [who for who in PEOPLE if who != "anonymous"]


@pytest.fixture(scope="module")
def framing(secret_url, settings_for):
    """The same country, by a service that gives tokens."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(
        secret_url, embed_tokens=True, embed_secret=SECRET, key_rate=1e6, key_burst=1_000_000
    )
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture(scope="module")
def narrow_keys(secret_url, headers):
    """Keys that lack the scope to read, by account."""
    engine, made = make_engine(secret_url), {}
    with transaction(engine) as session:
        for who, scopes in (("lao", ["load"]), ("dla", ["load", "publish"]), ("admin", ["manage"])):
            key = keys.make(session, who, label="", scopes=scopes)[0]
            made[who] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    return made


def ask_token(client, headers, resource=("map", "pop_60p"), **more):
    kind, name = resource
    wanted = {"resource": {"kind": kind, "id": name}, "origins": [ORIGIN], **more}
    return client.post("/embed/tokens", headers=headers, json=wanted)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("resource", TOKENS, ids="-".join)
def test_every_account_that_reads_makes_tokens_and_nobody_else(
    framing, headers, narrow_keys, resource
):
    for who in PEOPLE:
        answer = ask_token(framing, headers[who], resource)
        assert answer.status_code == (401 if who == "anonymous" else 201), (who, answer.text)
    for who, narrow in narrow_keys.items():
        assert ask_token(framing, narrow, resource).status_code == 403, who


@pytest.mark.parametrize("resource", TOKENS, ids="-".join)
def test_a_token_shows_what_everybody_sees_whoever_made_it(framing, headers, resource):
    everybodys = {one: framing.get(one) for one in TOKENS[resource]}
    for who in MAKERS:
        token = bearer(ask_token(framing, headers[who], resource).json()["token"])
        # A token and a key beside it are no way to both.
        both = token | {"X-API-Key": headers[who]["Authorization"][7:]}
        for address, plain in everybodys.items():
            for brought in (token, both):
                answer = framing.get(address, headers=brought)
                assert answer.status_code == plain.status_code, (who, address, answer.text[:300])
                assert seen_in(answer) == set(), (who, address)


def test_a_maker_sees_more_than_his_token_so_that_it_could_be_wider(framing, headers):
    address = "/collections/ageing-by-subdistrict/items?limit=100&f=json"
    for who in ("lao", "province", "dla", "admin"):
        assert seen_in(framing.get(address, headers=headers[who])) <= MAY_SEE[who]
        assert seen_in(framing.get(address, headers=headers[who])), who


@pytest.mark.parametrize("way", NOT_BY_TOKEN, ids=" ".join)
def test_a_token_does_nothing_that_its_maker_may_do_besides(framing, headers, way):
    method, address = way
    for who in MAKERS:
        token = bearer(ask_token(framing, headers[who]).json()["token"])
        said = {"json": {}} if method == "POST" else {}
        answer = framing.request(method, address, headers=token | {"If-Match": "*"}, **said)
        assert answer.status_code == 403, (who, answer.text[:300])


def test_a_token_is_taken_back_by_who_made_it_and_by_administrators(framing, headers, writers):
    for who in MAKERS:
        for other in MAKERS:
            made = ask_token(framing, headers[who]).json()
            # A key for reading is enough for one's own; all others need the scope to manage.
            answer = framing.post(
                "/embed/tokens/revoke", headers=headers[other], json={"token": made["token"]}
            )
            assert answer.status_code == (200 if other == who else 403), (who, other)
            named = framing.post(
                "/embed/tokens/revoke", headers=writers[other], json={"jti": made["jti"]}
            )
            assert named.status_code == (200 if other == "admin" else 403), (who, other)
    for other in PEOPLE:
        if other != "admin":
            all_of = framing.post(
                "/embed/tokens/revoke", headers=writers[other], json={"kid": made["kid"]}
            )
            assert all_of.status_code == (401 if other == "anonymous" else 403), other


def test_a_page_of_another_site_makes_no_token_with_a_session(framing, cookies):
    for who, cookie in cookies.items():
        assert ask_token(framing, cookie).status_code == 403, who
