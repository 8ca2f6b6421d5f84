"""What caches, other sites and strangers see of accounts."""

from __future__ import annotations

import re

import pytest

from tests.accounts import account_of, bearer, key_of

PATHS = ("/", "/collections", "/collections/orgs/items?limit=2", "/indicators", "/maps", "/api")


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_to_somebody_is_kept_or_open_to_other_sites(client, desk, path):
    public = client.get(path)
    assert public.headers["access-control-allow-origin"] == "*"
    reader = key_of(desk, account_of(desk, "reader", "reader"))
    before = len(client.app.memory._kept)
    client.get("/healthz")
    mine = client.get(path, headers=bearer(reader))
    assert mine.status_code == 200
    assert mine.headers["cache-control"] == "private, no-store"
    varies = {part.strip().lower() for part in mine.headers["vary"].split(",")}
    assert {"authorization", "cookie"} <= varies
    assert "access-control-allow-origin" not in mine.headers
    assert len(client.app.memory._kept) <= before + 1


def test_a_copy_made_for_nobody_is_not_good_for_somebody(client, desk):
    tag = client.get("/collections").headers["etag"]
    headers = {"If-None-Match": tag}
    assert client.get("/collections", headers=headers).status_code == 304
    mine = client.get("/collections", headers={**headers, **bearer(key_of(desk))})
    assert mine.status_code == 200


def test_a_request_without_credentials_asks_nobody(client, monkeypatch):
    def never(*_):
        raise AssertionError

    recognition = client.app.state.recognition
    for name in ("remembered", "key", "cookie"):
        monkeypatch.setattr(type(recognition), name, never)
    assert client.get("/collections").status_code == 200
    assert client.get("/collections", headers={"Cookie": "theme=dark"}).status_code == 200


@pytest.mark.parametrize("path", ["/account", "/manage/users"])
def test_pages_of_accounts_are_nobodys_frame_and_nobodys_cache(client, path):
    answer = client.get(path, headers={"Accept": "text/html"})
    assert "no-store" in answer.headers["cache-control"]
    assert "access-control-allow-origin" not in answer.headers
    assert re.search("frame-ancestors '(none|self)'", answer.headers["content-security-policy"])


@pytest.mark.parametrize("path", ["/setup", "/admin", "/docs", "/redoc", "/openapi.json", "/debug"])
def test_there_is_no_door_beside_the_entrance(client, path):
    assert client.get(path).status_code == 404


def test_the_counts_of_the_service_are_not_for_everybody(desk, client_of):
    client = client_of(desk, metrics_for="loopback")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=bearer(key_of(desk))).status_code == 403
    me = bearer(key_of(desk, scopes=("manage",)))
    assert client.get("/metrics", headers=me).status_code == 200
