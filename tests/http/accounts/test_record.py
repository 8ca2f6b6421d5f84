"""The record: what was done, by whom, and that nobody changes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from tests.accounts import ADMIN, PASSWORD, account_of, bearer, key_of, lines, sign_in


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
    assert client.get("/manage/audit?to=9999-12-31", headers=me).status_code == 200
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
