"""Sessions: signing in, their cookie, their end, passwords."""

from __future__ import annotations

from sqlalchemy import text

from geo_service.core.accounts import people
from geo_service.core.db import transaction
from tests.accounts import ADMIN, PASSWORD, bearer, key_of, sign_in


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(client):
    said = sign_in(client)
    assert said.status_code == 200
    cookie = said.headers["set-cookie"].lower()
    assert cookie.startswith("geo_session=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie
    assert client.get("/account").json()["name"] == ADMIN


def test_behind_https_the_cookie_is_for_https_and_this_host_alone(desk, client_of):
    client = client_of(desk, public_url="https://geo.example.go.th")
    cookie = sign_in(client).headers["set-cookie"]
    assert cookie.startswith("__Host-geo_session=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    client.cookies.clear()
    # The name without the prefix could have been set by a neighbouring host.
    plain = client.get("/account", headers={"Cookie": f"geo_session={token}"})
    assert plain.json()["signedIn"] is False
    good = client.get("/account", headers={"Cookie": f"__Host-geo_session={token}"})
    assert good.json()["signedIn"] is True


def test_only_the_hash_of_a_session_is_kept(client, desk):
    sign_in(client)
    token = client.cookies["geo_session"]
    with desk.connect() as connection:
        rows = connection.execute(text("SELECT s::text FROM geo.web_session s")).scalars().all()
    assert len(rows) == 1
    assert token not in rows[0]


def test_every_sign_in_begins_a_new_session_and_ends_the_old(client, desk):
    sign_in(client)
    first = client.cookies["geo_session"]
    sign_in(client)
    assert client.cookies["geo_session"] != first
    client.cookies.clear()
    old = client.get("/collections", headers={"Cookie": f"geo_session={first}"})
    assert old.status_code == 401


def test_signing_out_ends_the_session_at_once(client):
    sign_in(client)
    token = client.cookies["geo_session"]
    assert client.post("/account/sign-out").json() == {"signedIn": False}
    assert "geo_session" not in client.cookies
    again = client.get("/collections", headers={"Cookie": f"geo_session={token}"})
    assert again.status_code == 401


def test_a_dead_cookie_is_refused_once_and_taken_away(client, desk):
    sign_in(client)
    with transaction(desk) as session:
        session.execute(text("UPDATE geo.web_session SET seen_at = now() - interval '2 hours'"))
    refused = client.get("/collections")
    assert refused.status_code == 401
    assert 'geo_session=""' in refused.headers["set-cookie"]
    assert client.get("/collections").status_code == 200


def test_a_session_ends_by_age_even_when_it_is_used(client, desk):
    sign_in(client)
    with transaction(desk) as session:
        session.execute(
            text("UPDATE geo.web_session SET created_at = now() - interval '13 hours',"
                 " expires_at = now() - interval '1 hour'")
        )  # fmt: skip
    assert client.get("/collections").status_code == 401


def test_changing_the_password_ends_all_other_sessions(client, client_of, desk):
    other = client_of(desk)
    sign_in(client)
    sign_in(other)
    new = "ภูเขาลูกใหญ่หลังบ้าน"
    said = client.post("/account/password", json={"current": PASSWORD, "new": new})
    assert said.status_code == 200, said.text
    assert client.get("/account").json()["signedIn"] is True
    assert other.get("/collections").status_code == 401
    other.cookies.clear()
    assert sign_in(other).status_code == 401
    assert sign_in(other, password=new).status_code == 200


def test_the_password_is_changed_only_by_who_knows_it(client):
    sign_in(client)
    said = {"current": "ไม่ใช่รหัสเดิมแน่ ๆ", "new": "ภูเขาลูกใหญ่หลังบ้าน"}
    assert client.post("/account/password", json=said).status_code == 401


def test_a_key_is_not_exchanged_for_a_password(client, desk):
    said = {"current": PASSWORD, "new": "ภูเขาลูกใหญ่หลังบ้าน"}
    answer = client.post("/account/password", json=said, headers=bearer(key_of(desk)))
    assert answer.status_code == 403


def test_a_first_password_is_changed_before_anything_else(client, client_of, desk):
    me = bearer(key_of(desk, scopes=("manage",)))
    made = client.post("/manage/users", json={"name": "new", "role": "dla"}, headers=me)
    assert made.status_code == 201
    person = client_of(desk)
    first = made.json()["password"]
    assert sign_in(person, "new", first).json()["mustChangePassword"] is True
    assert person.get("/collections").status_code == 403
    assert person.post("/account/keys", json={"scopes": ["read"]}).status_code == 403
    said = {"current": first, "new": "ภูเขาลูกใหญ่หลังบ้าน"}
    assert person.post("/account/password", json=said).status_code == 200
    assert person.get("/account").json()["mustChangePassword"] is False


def test_an_account_of_a_program_does_not_sign_in(client, desk):
    with transaction(desk) as session:
        people.add(session, "robot", role="reader")
    assert sign_in(client, "robot", "").status_code == 401
    assert sign_in(client, "robot", "None").status_code == 401


def test_while_the_database_only_reads_nobody_signs_in_and_reads_go_on(country_engine, client_of):
    with transaction(country_engine) as session:
        people.add(session, ADMIN, role="admin", password=PASSWORD)
    client, key = client_of(country_engine), key_of(country_engine)
    with country_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    client.app.state.desk.dispose()
    assert sign_in(client).status_code == 503
    assert client.get("/collections").status_code == 200
    # A key is still known, though its use cannot be written down.
    assert client.get("/account", headers=bearer(key)).status_code == 200
