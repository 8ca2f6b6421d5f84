"""Who asks: keys, sessions, forms, limits, and what is written down about them."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from geo_service.core import audit
from geo_service.core.accounts import keys, people
from geo_service.core.auth import ROLES
from geo_service.core.db import make_engine, transaction

PASSWORD = "เรือใบลำเล็กกลางทะเล"
ADMIN = "somsri"


#: What a test leaves behind; the owner of the tables may put the guard of the record aside.
CLEAN = """
ALTER TABLE geo.audit DISABLE TRIGGER audit_is_append_only;
DELETE FROM geo.audit; DELETE FROM geo.web_session; DELETE FROM geo.api_key;
DELETE FROM geo.sign_in_attempt; DELETE FROM geo.openid_flow; DELETE FROM geo.account;
ALTER TABLE geo.audit ENABLE TRIGGER audit_is_append_only;
"""


@pytest.fixture(scope="module")
def shared_engine(databases, country_template):
    engine = make_engine(databases.create("accounts", template=country_template))
    yield engine
    engine.dispose()


@pytest.fixture
def desk(shared_engine):
    with transaction(shared_engine) as session:
        session.execute(text(CLEAN))
        people.add(session, ADMIN, role="admin", password=PASSWORD, title="สมศรี")
    return shared_engine


@pytest.fixture
def client(desk, client_of):
    return client_of(desk, memory_mb=16)


def key_of(engine, name=ADMIN, scopes=("read",), **more):
    with transaction(engine) as session:
        return keys.make(session, name, label="", scopes=scopes, **more)[0]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def account_of(engine, name, role, place=None):
    with transaction(engine) as session:
        people.add(session, name, role=role, place=place, password=PASSWORD)
    return name


def sign_in(client, name=ADMIN, password=PASSWORD):
    said = client.post("/account/sign-in", json={"name": name, "password": password})
    if said.status_code == 200:
        client.headers["X-CSRF-Token"] = said.json()["csrf"]
        client.headers["Origin"] = "http://testserver"
    return said


def lines(engine, **wanted):
    with transaction(engine) as session:
        return audit.read(session, audit.Wanted(**wanted))


def form_of(client, path="/account"):
    page = client.get(path, headers={"Accept": "text/html"})
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)[1]


# Keys


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


# Limits


def test_a_thousand_bad_keys_end_in_429_and_cost_few_questions(client, desk):
    found = []
    for number in range(1000):
        headers = bearer(f"gk_{number:010d}_" + "a" * 43)
        answer = client.get("/account", headers=headers)
        found.append(answer.status_code)
    assert found[0] == 401
    assert found.count(429) >= 980
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(lines(desk, action="credentials")) <= 20


def test_who_guesses_does_not_put_the_owner_out(client, desk):
    key = key_of(desk)
    assert client.get("/account", headers=bearer(key)).status_code == 200
    for _ in range(30):
        client.get("/account", headers=bearer(key[:-4] + "AAAA"))
    client.app.state.recognition._keys[key[3:13]]
    assert client.get("/account", headers=bearer(key)).status_code == 200


def test_a_key_that_floods_is_told_to_wait_and_the_others_are_not(desk, client_of):
    client = client_of(desk, key_rate=0.1, key_burst=10)
    flood, calm = key_of(desk), key_of(desk)
    found = [client.get("/account", headers=bearer(flood)) for _ in range(14)]
    assert [one.status_code for one in found[:10]] == [200] * 10
    assert found[-1].status_code == 429
    assert found[-1].json()["retryAfter"] >= 1
    assert client.get("/account", headers=bearer(calm)).status_code == 200


def test_a_name_that_failed_five_times_waits_ever_longer(client, desk):
    found = [sign_in(client, password=f"ไม่ใช่รหัสนี้แน่ {n}").status_code for n in range(7)]
    assert found == [401] * 5 + [429] * 2
    # The right password does not help before the time is over.
    assert sign_in(client).status_code == 429
    waits = []
    for _ in range(3):
        with transaction(desk) as session:
            session.execute(text("UPDATE geo.sign_in_attempt SET locked_until = now()"))
        assert sign_in(client, password="ผิดอีกครั้งหนึ่งนะ").status_code == 401
        waits.append(int(sign_in(client).headers["retry-after"]))
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_name_that_does_not_exist_is_locked_like_one_that_does(client):
    found = [sign_in(client, name="nobody", password="ผิดแน่นอนครับผม").status_code for _ in range(7)]
    assert found == [401] * 5 + [429] * 2


def test_a_name_that_does_not_exist_takes_as_long_as_one_that_does(client):
    def seconds(name):
        started = time.perf_counter()
        sign_in(client, name=name, password="ผิดแน่นอนครับผม")
        return time.perf_counter() - started

    seconds("warm")
    known = sorted(seconds(ADMIN) for _ in range(4))[1]
    unknown = sorted(seconds(f"nobody{n}") for n in range(4))[1]
    assert 0.4 < known / unknown < 2.5


# Sessions


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
    said = {"current": first, "new": "ภูเขาลูกใหญ่หลังบ้าน"}
    assert person.post("/account/password", json=said).status_code == 200
    assert person.get("/account").json()["mustChangePassword"] is False


def test_an_account_of_a_program_does_not_sign_in(client, desk):
    with transaction(desk) as session:
        people.add(session, "robot", role="reader")
    assert sign_in(client, "robot", "").status_code == 401
    assert sign_in(client, "robot", "None").status_code == 401


# Forms


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


# What caches and other sites see


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


# The record


def test_what_is_done_is_written_down_with_who_when_and_where(client, desk):
    sign_in(client, password="ผิดแน่นอนครับผม")
    sign_in(client)
    client.post("/account/keys", json={"scopes": ["read"], "label": "x"})
    client.post("/account/sign-out")
    found = [(one.action, one.outcome, one.who_name) for one in lines(desk)]
    assert found == [
        ("sign-out", "done", ADMIN), ("key-made", "done", ADMIN), ("sign-in", "done", ADMIN),
        ("sign-in", "refused", ""),
    ]  # fmt: skip
    last = lines(desk)[0]
    assert last.address == "testclient"
    assert last.request_id
    assert abs(last.at - datetime.now(tz=UTC)) < timedelta(minutes=1)


def test_what_was_asked_for_without_a_right_is_written_down(client, desk):
    name = account_of(desk, "reader", "reader")
    client.get("/manage/users", headers=bearer(key_of(desk, name)))
    noted = lines(desk, action="forbidden")[0]
    assert (noted.who_name, noted.what, noted.outcome) == (name, "/manage/users", "refused")


def test_the_record_holds_no_secrets(client, desk, caplog):
    caplog.set_level("DEBUG")
    key = key_of(desk, scopes=("manage",))
    sign_in(client)
    made = client.post("/manage/users", json={"name": "new", "role": "dla"}).json()
    client.get("/account", headers=bearer(key))
    client.get("/account", headers=bearer(key[:-3] + "AAA"))
    secrets = [key[14:], PASSWORD, client.cookies["geo_session"], made["password"]]
    with desk.connect() as connection:
        noted = "".join(connection.execute(text("SELECT a::text FROM geo.audit a")).scalars())
    logged = "".join(f"{one.getMessage()}{vars(one)}" for one in caplog.records
                     if not one.name.startswith(("httpx", "httpcore", "asyncio")))  # fmt: skip
    assert not [one for one in secrets if one in noted or one in logged]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE geo.audit SET what = ''", "DELETE FROM geo.audit", "TRUNCATE geo.audit",
     "DELETE FROM geo.audit WHERE false"],
)  # fmt: skip
def test_the_record_is_only_added_to_even_by_its_owner(desk, statement):
    with pytest.raises(Exception, match="added and never changed"), transaction(desk) as session:
        session.execute(text(statement))


def test_the_record_is_filtered_and_downloaded(client, desk):
    me = bearer(key_of(desk, scopes=("manage",)))
    sign_in(client)
    client.post("/account/sign-out")
    client.headers.pop("X-CSRF-Token")
    found = client.get("/manage/audit?action=sign-out", headers=me).json()["lines"]
    assert [one["action"] for one in found] == ["sign-out"]
    assert found[0]["th"] == "ลงชื่อออก"
    assert client.get("/manage/audit?from=2200-01-01", headers=me).json()["lines"] == []
    assert client.get("/manage/audit?from=x", headers=me).status_code == 400
    csv = client.get("/manage/audit?f=csv", headers=me)
    assert csv.headers["content-type"].startswith("text/csv")
    assert "ลงชื่อออก" in csv.text
    assert lines(desk)[0].action == "audit-read"


def test_a_load_is_written_down(desk, tmp_path):
    from ingest import pipeline  # noqa: PLC0415

    path = tmp_path / "x.csv"
    path.write_text("not,a,table\n", encoding="utf-8")
    pipeline.ingest(desk, path, recipe="pcd-waste")
    noted = lines(desk, action="load")[0]
    assert (noted.who_kind, noted.outcome) == ("command", "refused")
    assert noted.detail["file"] == "x.csv"


# A database that only reads


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


def test_one_key_that_floods_does_not_slow_the_others(desk, serve, settings_for):
    import httpx2  # noqa: PLC0415

    settings = settings_for(
        desk.url.render_as_string(hide_password=False), key_rate=20, key_burst=20
    )
    address = serve(settings)
    flood, calm = bearer(key_of(desk)), bearer(key_of(desk))
    with httpx2.Client(base_url=address) as asker:

        def seconds():
            found = []
            for _ in range(40):
                started = time.perf_counter()
                assert asker.get("/account", headers=calm).status_code in {200, 429}
                found.append(time.perf_counter() - started)
                time.sleep(0.06)
            return sorted(found)[len(found) // 2]

        seconds()
        idle = seconds()
        is_over = threading.Event()

        def ask():
            with httpx2.Client(base_url=address) as own:
                while not is_over.is_set():
                    own.get("/account", headers=flood)

        flooding = threading.Thread(target=ask)
        flooding.start()
        busy = seconds()
        is_over.set()
        flooding.join()
    # The test shares two cores with the flood itself; apart they are measured in docs/accounts.md.
    assert busy < 20 * idle
