"""Embed tokens: who gets them, how they are revoked, and what is said about them."""

from __future__ import annotations

import json
import time

import jwt
import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import transaction
from geo_service.core.embeds import revocations
from geo_service.core.embeds.revocations import REREAD_S, revoke
from geo_service.core.embeds.tokens import ALGORITHM
from geo_service.core.errors import BadParameter
from geo_service.main import create_app
from tests.embedding import (
    OLDER,
    OPENED,
    PAGE,
    SECRET,
    bearer,
    claims_of,
    key_of,
)


@pytest.fixture
def key(country_engine):
    with transaction(country_engine) as session:
        people.add(session, "web", role="reader", password=None)
        people.add(session, "boss", role="admin", password=None)
        made = {
            name: keys.make(session, name, scopes=scopes, days=1, label="")
            for name, scopes in (("web", ["read"]), ("boss", ["read", "manage"]))
        }
    return {name: bearer(one[0]) for name, one in made.items()}


WANTED = {
    "resource": {"kind": "map", "id": "waste_gen_rate"},
    "locked": {"level": "province"}, "origins": [PAGE], "lang": "en", "seconds": 300,
}  # fmt: skip


def lines(engine, action):
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT outcome, who_name, what, detail FROM audit WHERE action = :action"),
            {"action": action},
        )
        return [tuple(row) for row in rows]


def test_a_key_gets_a_token_and_that_is_noted_without_the_token(embedding, key, country_engine):
    answer = embedding.post("/embed/tokens", headers=key["web"], json=WANTED)
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["cache-control"] == "private, no-store"
    assert embedding.get(OPENED[1], headers=bearer(told["token"])).status_code == 200
    [(outcome, who, what, detail)] = lines(country_engine, "token-issued")
    assert (outcome, who, what) == ("done", "web", "map:waste_gen_rate")
    assert detail["jti"] == told["jti"]
    assert told["token"] not in json.dumps(detail)


def test_nobody_gets_a_token_and_no_token_is_wider_than_can_be_held(embedding, key):
    assert embedding.post("/embed/tokens", json=WANTED).status_code == 401
    for changed in (
        {"origins": []}, {"origins": ["*"]}, {"origins": ["https://*.example.go.th"]},
        {"origins": [f"{PAGE}/path"]}, {"origins": ["javascript:alert(1)"]},
        {"origins": ["https://a.example 'unsafe-inline'"]}, {"seconds": 901}, {"seconds": 0},
        {"seconds": True}, {"resource": {"kind": "admin", "id": "x"}}, {"resource": "map"},
        {"resource": {"kind": "map", "id": "../manage"}}, {"locked": {"token": "x"}},
        {"locked": {"level": ""}}, {"editable": ["level"]}, {"lang": "de"}, {"strange": 1},
        {"locked": {"level": "hexbin", "area": "50"}}, {"origins": ["http://["]}, {"lang": ["th"]},
        {"lang": {}}, {"origins": "https://a.example"}, {"locked": {"classes": True}},
        {"locked": [["level", "province"]]}, {"editable": {"level": 1}}, {"resource": [WANTED]},
        {"resource": {"kind": "panel", "id": "waste", "panel": True}},
    ):  # fmt: skip
        answer = embedding.post("/embed/tokens", headers=key["web"], json={**WANTED, **changed})
        assert answer.status_code == 400, changed
    for body in (b"", b"[]", b"null", b'{"a": NaN}', b'{"origins": [], "origins": ["*"]}', b"\xff"):
        answer = embedding.post("/embed/tokens", headers=key["web"], content=body)
        assert answer.status_code == 400, body


def test_a_revoked_token_or_key_is_refused_here_at_once_and_elsewhere_within_a_minute(  # noqa: PLR0917
    embedding, key, client_of, country_engine, monkeypatch
):
    elsewhere = client_of(country_engine, embed_tokens=True, embed_secret=SECRET)
    told = embedding.post("/embed/tokens", headers=key["web"], json=WANTED).json()
    other = embedding.post("/embed/tokens", headers=key["web"], json=WANTED).json()
    asked = bearer(told["token"])
    assert elsewhere.get(OPENED[1], headers=asked).status_code == 200
    assert embedding.post(
        "/embed/tokens/revoke", headers=key["web"], json={"jti": told["jti"]}
    ).status_code == 403  # fmt: skip
    own = embedding.post("/embed/tokens/revoke", headers=key["web"], json={"token": told["token"]})
    assert own.json() == {"revoked": {"jti": told["jti"]}}
    assert embedding.get(OPENED[1], headers=asked).status_code == 401
    assert embedding.get(OPENED[1], headers=bearer(other["token"])).status_code == 200

    later = time.monotonic() + REREAD_S + 0.1
    assert REREAD_S < 60
    monkeypatch.setattr(revocations.time, "monotonic", lambda: later)
    assert elsewhere.get(OPENED[1], headers=asked).status_code == 401
    assert elsewhere.get(OPENED[1], headers=bearer(other["token"])).status_code == 200
    gone = embedding.post("/embed/tokens/revoke", headers=key["boss"], json={"kid": other["kid"]})
    assert gone.status_code == 200
    assert embedding.get(OPENED[1], headers=bearer(other["token"])).status_code == 401
    # What would be good for nothing is not handed out.
    answer = embedding.post("/embed/tokens", headers=key["web"], json=WANTED)
    assert answer.status_code == 503
    assert "GEO_EMBED_SECRET" in answer.text
    assert len(lines(country_engine, "token-revoked")) == 2
    assert lines(country_engine, "token-refused")


def test_when_it_cannot_be_known_what_was_revoked_no_token_is_good(signer, token):
    from geo_service.core.db import make_engine  # noqa: PLC0415
    from geo_service.core.errors import Unavailable  # noqa: PLC0415

    known = revocations.Revocations(make_engine("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable):
        known.check(signer.read(token))


def test_old_names_of_tokens_go_when_another_is_revoked_and_keys_stay(country_engine):
    with transaction(country_engine) as session:
        revoke(session, "jti", "old", by="x")
        revoke(session, "kid", "key", by="x")
        session.execute(text("UPDATE embed_revocation SET revoked_at = now() - interval '2 days'"))
        revoke(session, "jti", "new", by="x")
        found = session.execute(text("SELECT name FROM embed_revocation ORDER BY name"))
        assert found.scalars().all() == ["key", "new"]


@pytest.mark.parametrize(
    "secret",
    [None, "", " " * 40, "short", "secret" * 8, "a" * 64, "changeme-changeme-changeme-changeme",
     "abcabcabcabcabcabcabcabcabcabcabcabc", SECRET[:31]],
)  # fmt: skip
def test_the_service_does_not_start_with_a_secret_that_can_be_guessed(settings_for, secret):
    settings = settings_for("postgresql://nowhere/x", embed_tokens=True, embed_secret=secret)
    with pytest.raises(BadParameter, match="GEO_EMBED_SECRET"):
        create_app(settings)


def test_tokens_of_the_secret_before_are_good_until_they_expire(client_of, country_engine, token):
    service = client_of(
        country_engine, embed_tokens=True, embed_secret=OLDER, embed_secret_before=SECRET
    )
    assert service.get(OPENED[1], headers=bearer(token)).status_code == 200


def test_tokens_stand_in_no_log(embedding, token, caplog):
    caplog.set_level("DEBUG")
    embedding.get("/embed/open", params={"token": token})
    embedding.get("/embed/open", params={"token": f"{token}x"})
    embedding.get(OPENED[1], headers=bearer(token))
    ours = [one for one in caplog.records if not one.name.startswith("http")]
    assert all(token not in f"{one.getMessage()} {one.__dict__}" for one in ours)


def test_the_doctor_names_the_cause_in_both_languages(embedding, signer, token):
    expired = jwt.encode(
        {**claims_of(token), "iat": 1, "nbf": 1, "exp": 100}, key_of(signer), algorithm=ALGORITHM,
        headers={"kid": signer.kid},
    )  # fmt: skip
    here = "http://testserver"
    cases = {
        ("not listed", "ไม่อยู่ในรายการ"): {"token": token, "origin": "https://other.example"},
        ("has expired", "หมดอายุ"): {"token": expired},
        ("altered", "ถูกแก้ไข"): {"token": f"{token}x"},
        ("mixed content", "mixed content"): {"origin": PAGE, "address": f"{here}/embed/maps/x"},
        ("frame-src", "frame-src"): {"policy": "default-src 'self'"},
        ("form-action", "form-action"): {"policy": f"frame-src {here}; form-action 'self'"},
        ("no embed page", "ไม่ใช่หน้าฝัง"): {"address": f"{here}/maps/x", "origin": "http://["},
        ("Nothing is wrong", "ไม่พบสาเหตุ"): {"token": token, "origin": PAGE.replace("s:", "s:")},
    }
    for words, told in cases.items():
        for lang, said in zip(("en", "th"), words, strict=True):
            answer = embedding.post("/embed/doctor", data={"lang": lang, **told})
            assert answer.status_code == 200
            found = answer.text.partition('class="found"')[2].partition("</section>")[0]
            if said not in {"Nothing is wrong", "ไม่พบสาเหตุ"}:
                assert said in found, (said, told)
            assert told.get("token", "no such token") not in answer.text
    assert embedding.get("/embed/doctor?lang=th").status_code == 200
