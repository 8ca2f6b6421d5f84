"""Who may bring scenarios in over HTTP, and what becomes of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import make_engine, transaction
from tests.history import add_years, scenario_document

PASSWORD = "เรือใบลำเล็กกลางทะเล"


@pytest.fixture(scope="module")
def engine(databases, country_template):
    made = make_engine(databases.create("scenario_desk", template=country_template))
    with transaction(made) as session:
        add_years(session)
        for name, role in (
            ("ana", "analyst"),
            ("anucha", "analyst"),
            ("dla", "dla"),
            ("reader", "reader"),
        ):
            people.add(session, name, role=role, password=PASSWORD)
    yield made
    made.dispose()


@pytest.fixture
def sign_in(engine, client_of):
    """Give a client that is signed in."""

    def signed(name):
        client = client_of(engine)
        said = client.post("/account/sign-in", json={"name": name, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = said.json()["csrf"]
        client.headers["Origin"] = "http://testserver"
        return client

    return signed


def key_of(engine, name, *scopes):
    with transaction(engine) as session:
        return {"Authorization": f"Bearer {keys.make(session, name, label='', scopes=scopes)[0]}"}


def test_an_analyst_keeps_a_scenario_and_everybody_sees_it(sign_in, client_of, engine):
    client = sign_in("ana")
    made = client.post("/scenarios", json=scenario_document())
    assert made.status_code == 201, made.text
    assert made.json()["version"] == 1
    assert "no-store" in made.headers["Cache-Control"]
    again = client.post("/scenarios", json=scenario_document())
    assert (again.status_code, again.json()["version"]) == (200, 1)
    seen = client_of(engine).get(made.headers["Location"].removeprefix("http://testserver"))
    # whatever the document says, its author is who sent it
    assert seen.json()["author"] == "ana"
    assert seen.json()["results"]
    with transaction(engine) as session:
        noted = session.execute(text("SELECT action, what FROM geo.audit")).all()
    assert ("scenario-kept", "less-waste") in noted

    other = sign_in("anucha")
    assert other.post("/scenarios", json=scenario_document(amount=0.5)).status_code == 403
    assert other.delete("/scenarios/less-waste").status_code == 403
    assert sign_in("dla").delete("/scenarios/less-waste").status_code == 204
    assert client_of(engine).get("/scenarios/less-waste").status_code == 404
    assert sign_in("dla").delete("/scenarios/less-waste").status_code == 404


def test_nobody_else_writes(sign_in, client_of, engine):
    document = scenario_document()
    assert client_of(engine).post("/scenarios", json=document).status_code == 401
    assert sign_in("reader").post("/scenarios", json=document).status_code == 403
    client = client_of(engine)
    reading = key_of(engine, "ana", "read")
    assert client.post("/scenarios", json=document, headers=reading).status_code == 403
    loading = key_of(engine, "dla", "read", "load")
    assert client.post("/scenarios", json=document, headers=loading).status_code == 201


def test_another_site_cannot_write_with_the_cookie_of_a_reader(sign_in):
    client = sign_in("ana")
    client.headers["Origin"] = "https://elsewhere.example"
    assert client.post("/scenarios", json=scenario_document()).status_code == 403
    client.headers["Origin"] = "http://testserver"
    client.headers["X-CSRF-Token"] = "no"
    assert client.post("/scenarios", json=scenario_document()).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[1]", 400, "bad-request"),
        (b"{", 400, "bad-request"),
        (b"{}", 422, "bad-scenario"),
    ],
)
def test_what_is_no_scenario_is_refused_with_words(sign_in, body, status, code):
    answer = sign_in("ana").post(
        "/scenarios", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["th"]["detail"]


def test_the_form_is_for_those_who_may_write(sign_in, client_of, engine):
    sent_on = client_of(engine).get("/scenarios/new", follow_redirects=False)
    assert sent_on.status_code == 303
    assert sent_on.headers["Location"].startswith("/account?next=/scenarios/new")
    assert sign_in("reader").get("/scenarios/new").status_code == 403
    page = sign_in("ana").get("/scenarios/new")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "private, no-store")
    # no scenario may hide the form
    taken = sign_in("ana").post("/scenarios", json=scenario_document() | {"name": "new"})
    assert (taken.status_code, taken.json()["code"]) == (422, "bad-scenario")


@pytest.mark.parametrize(
    ("changed", "parameter"),
    [
        ({"amount": "many"}, "amount"), ({"amount": "inf"}, "amount"),
        ({"title_th": ""}, "title"), ({"assumption_th": " "}, "assumption"),
        ({"where": "provinces"}, "where"),
    ],
)  # fmt: skip
def test_a_form_with_a_fault_names_the_field(sign_in, changed, parameter):
    client = sign_in("ana")
    client.headers["Accept"] = "application/json"
    filled = {
        "csrf": client.headers["X-CSRF-Token"], "indicator": "waste_gen_rate", "kind": "percent",
        "amount": "-10", "where": "country", "from": "2026", "to": "2027", "ramp": "linear",
        "title_th": "น้อยลง", "assumption_th": "คัดแยก",
    }  # fmt: skip
    answer = client.post("/scenarios/new", data=filled | changed)
    assert answer.status_code == 400
    at = answer.text.index('id="wrong"')
    names = {"title": "title_en", "assumption": "assumption_en", "where": 'value="provinces"'}
    assert answer.text.rindex(names.get(parameter, parameter), 0, at) > 0
