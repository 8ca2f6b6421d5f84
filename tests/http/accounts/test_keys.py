"""Keys: whose they are, what they may, when they end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys
from geo_service.core.auth import ROLES
from geo_service.core.db import transaction
from tests.accounts import ADMIN, account_of, bearer, key_of


def test_a_key_says_who_asks(client, desk):
    said = client.get("/account", headers=bearer(key_of(desk))).json()
    assert (said["signedIn"], said["kind"], said["name"], said["scopes"]) == (
        True, "key", ADMIN, ["read"],
    )  # fmt: skip


def test_only_the_hash_of_a_key_is_kept(client, desk):
    key = key_of(desk)
    secret = key.rpartition(key[3:13] + "_")[2]
    assert len(secret) == 43
    with desk.connect() as connection:
        rows = connection.execute(text("SELECT k::text FROM geo.api_key k")).scalars().all()
        noted = connection.execute(text("SELECT a::text FROM geo.audit a")).scalars().all()
    assert rows
    assert not any(secret in row for row in [*rows, *noted])


@pytest.mark.parametrize(
    "said",
    [
        "Bearer gk_x", "Bearer", "Basic c29tc3JpOng=", "gk_0123456789_" + "a" * 43,
        "Bearer gk_0123456789_" + "a" * 43, "Bearer " + "x" * 5000, "Bearer \x00", "bearer é",
    ],
    ids=range(8),
)  # fmt: skip
def test_bad_credentials_are_never_taken_for_none(client, said):
    answer = client.get("/collections", headers={"Authorization": said.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["cache-control"] == "private, no-store"


def test_a_right_prefix_with_a_wrong_secret_is_refused(client, desk):
    key = key_of(desk)
    assert client.get("/account", headers=bearer(key)).status_code == 200
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert client.get("/account", headers=bearer(wrong)).status_code == 401
    assert client.get("/account", headers=bearer(key)).status_code == 200


def test_two_keys_at_once_are_refused(client, desk):
    key = bearer(key_of(desk))["Authorization"]
    headers = [("Authorization", key), ("Authorization", key)]
    assert client.get("/account", headers=headers).status_code == 401


def test_a_revoked_key_is_refused_by_other_processes_within_a_minute(client, client_of, desk):
    key = key_of(desk)
    other = client_of(desk)
    assert other.get("/account", headers=bearer(key)).status_code == 200
    me = bearer(key_of(desk, scopes=("manage",)))
    assert client.post(f"/manage/keys/{key[3:13]}/revoke", headers=me).json() == {
        "revoked": key[3:13]
    }
    assert client.get("/account", headers=bearer(key)).status_code == 401
    # The other process remembers for seconds what was good; its memory is let run out here.
    recognition = other.app.state.recognition
    remembered = recognition._keys[key[3:13]]
    assert remembered.good_until - time.monotonic() < 60
    object.__setattr__(remembered, "good_until", time.monotonic() - 1)
    assert other.get("/account", headers=bearer(key)).status_code == 401


def test_an_expired_key_is_refused(client, desk):
    key = key_of(desk)
    past = datetime.now(tz=UTC) - timedelta(days=2)
    with transaction(desk) as session:
        session.execute(
            text("UPDATE geo.api_key SET created_at = :a, expires_at = :b"),
            {"a": past, "b": past + timedelta(days=1)},
        )
    assert client.get("/account", headers=bearer(key)).status_code == 401


def test_the_keys_of_a_disabled_account_are_refused(client, desk):
    name = account_of(desk, "wichai", "dla")
    key = key_of(desk, name)
    assert client.get("/account", headers=bearer(key)).status_code == 200
    me = bearer(key_of(desk, scopes=("manage",)))
    assert client.post(f"/manage/users/{name}/disable", headers=me).status_code == 200
    assert client.get("/account", headers=bearer(key)).status_code == 401


def test_a_key_may_no_more_than_its_account(client, desk):
    name = account_of(desk, "reader", "reader")
    me = bearer(key_of(desk, name))
    answer = client.post("/account/keys", json={"scopes": ["publish"]}, headers=me)
    assert answer.status_code == 403
    with transaction(desk) as session:
        session.execute(text("UPDATE geo.api_key SET scopes = ARRAY['read', 'manage']"))
    client.app.state.recognition.forget()
    assert client.get("/account", headers=me).json()["scopes"] == ["read"]


def test_a_key_without_the_scope_does_not_manage(client, desk):
    assert client.get("/manage/users", headers=bearer(key_of(desk))).status_code == 403
    me = bearer(key_of(desk, scopes=("manage",)))
    assert client.get("/manage/users", headers=me).json()["users"][0]["name"] == ADMIN


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
@pytest.mark.parametrize("path", ["/manage/users", "/manage/keys", "/manage/audit"])
def test_only_administrators_manage(client, desk, role, path):
    place = {"lao": "05500101", "province": "50"}.get(role)
    name = account_of(desk, f"a.{role}", role, place)
    assert client.get(path, headers=bearer(key_of(desk, name))).status_code == 403
    assert client.get(path).status_code == 401


def test_when_a_key_was_used_is_known_coarsely(client, desk):
    key = key_of(desk)
    client.get("/account", headers=bearer(key))
    with transaction(desk) as session:
        first = keys.list_all(session)[0].used_at
    client.app.state.recognition.forget()
    client.get("/account", headers=bearer(key))
    with transaction(desk) as session:
        assert first is not None
        assert keys.list_all(session)[0].used_at == first
