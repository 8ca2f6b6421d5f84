"""Edits of those who may not publish wait for a second person."""

from __future__ import annotations

import json

from tests.office import (
    GEOJSON,
    ITEMS,
    PASSWORD,
    feature,
    step,
)


def test_an_organisation_proposes_and_a_second_person_publishes(office):
    sent = office("PATCH", f"{ITEMS}/h2", "lao", {"properties": {"beds": 8}},
                  If_Match=office.tag("h2", "lao"))  # fmt: skip
    assert sent.status_code == 202, sent.text
    one = sent.json()
    assert sent.headers["location"].endswith(f"/submissions/{one['id']}")
    assert (one["state"], one["recipe"], one["report"]["stored"]["updated"]) == (
        "submitted", "edit", 1)  # fmt: skip
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 1
    number = one["id"]
    assert office("POST", f"/submissions/{number}/check", "lao").status_code == 403
    assert step(office, number, "try", "dla2")["report"]["outcome"] == "loaded"
    assert step(office, number, "check", "dla2")["state"] == "checked"
    assert step(office, number, "publish", "dla")["state"] == "published"
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 8
    assert step(office, number, "undo", "dla")["state"] == "undone"
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 1


def test_a_proposal_about_what_has_changed_since_is_not_published(office):
    sent = office("DELETE", f"{ITEMS}/h1", "office", If_Match=office.tag("h1"))
    number = sent.json()["id"]
    office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 77}}, If_Match="*")
    step(office, number, "check", "dla2")
    one = step(office, number, "publish", "dla2")
    assert (one["state"], "after you read it" in one["fault"]["en"]) == ("failed", True)
    assert office.client.get(f"{ITEMS}/h1").json()["properties"]["beds"] == 77


def test_a_key_without_the_scope_of_publishing_proposes(office):
    sent = office("POST", ITEMS, "dla-loading", feature(code="n1"))
    assert sent.status_code == 202
    assert office.client.get(f"{ITEMS}/n1").status_code == 404


def test_a_session_needs_its_token_and_our_origin(office):
    client = office.client
    said = client.post("/account/sign-in", json={"name": "dla", "password": PASSWORD})
    ours = {"Origin": "http://testserver", "X-CSRF-Token": said.json()["csrf"]}
    body = json.dumps(feature(code="n1"))
    for left_out in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "no"}, {"Origin": "https://else.org"}):
        answer = client.post(ITEMS, content=body, headers={**GEOJSON, **ours, **left_out})
        assert answer.status_code == 403, left_out
    assert client.post(ITEMS, content=body, headers={**GEOJSON, **ours}).status_code == 201
    client.cookies.clear()
