"""Forms of people who are signed in: their token, their origin, where they lead."""

from __future__ import annotations

import pytest

from tests.accounts import ADMIN, PASSWORD, form_of, sign_in


def test_a_form_needs_the_token_of_this_browser(client, client_of, desk):
    token, stolen = form_of(client), form_of(client_of(desk))
    said = {"name": ADMIN, "password": PASSWORD}
    own = {"Origin": "http://testserver"}
    assert client.post("/account/sign-in", data=said, headers=own).status_code == 403
    wrong = client.post("/account/sign-in", data={**said, "csrf": stolen}, headers=own)
    assert wrong.status_code == 403
    good = client.post(
        "/account/sign-in", data={**said, "csrf": token, "next": "/maps"}, headers=own,
        follow_redirects=False,
    )  # fmt: skip
    assert good.status_code == 303
    assert good.headers["location"].startswith("/maps")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://testserver.evil.example"},
    ],
)  # fmt: skip
def test_another_site_cannot_act_for_who_is_signed_in(client, headers):
    sign_in(client)
    answer = client.post("/account/keys", json={"scopes": ["read"]}, headers=headers)
    assert answer.status_code == 403


def test_a_request_by_cookie_without_the_token_is_refused(client):
    sign_in(client)
    del client.headers["X-CSRF-Token"]
    assert client.post("/account/keys", json={"scopes": ["read"]}).status_code == 403


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site_after_signing_in(client, address):
    said = {"name": ADMIN, "password": PASSWORD, "csrf": form_of(client), "next": address}
    answer = client.post(
        "/account/sign-in", data=said, headers={"Origin": "http://testserver"},
        follow_redirects=False,
    )  # fmt: skip
    assert answer.headers["location"] == "/account?lang=th"


def test_a_form_that_is_refused_is_shown_again_with_the_reason(client):
    said = {"name": "<b>x", "password": "ผิดแน่นอนครับผม", "csrf": form_of(client)}
    answer = client.post(
        "/account/sign-in", data=said, headers={"Origin": "http://testserver"}
    )  # fmt: skip
    assert answer.status_code == 401
    assert "ชื่อบัญชีหรือรหัสผ่านไม่ถูกต้อง" in answer.text
    assert "&lt;b&gt;x" in answer.text
    assert "ผิดแน่นอนครับผม" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"name": {"a": 1}}', b"\xff", b"x" * 20_000])
def test_a_body_that_makes_no_sense_is_a_bad_request(client, body):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/account/sign-in", content=body, headers=headers)
    assert answer.status_code == 400
