"""Files handed in over HTTP: tried, checked by one, published by another, and undone."""

from __future__ import annotations

import re
import stat
import threading

import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys
from geo_service.core.db import transaction
from ingest import submission_queue
from tests.desk import GOOD, HEADER, OWN, SOME_BAD, opened, with_people
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def engine(databases, country_template):
    made = with_people(databases.create("submissions", template=country_template))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine, client_of, tmp_path):
    yield opened(engine, client_of, tmp_path, upload_mb=1)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM geo.submission"))


def test_a_file_is_tried_checked_published_by_another_and_undone(desk):
    one = desk.sent(GOOD)
    assert (one["state"], one["report"]["outcome"]) == ("submitted", "loaded")
    assert (one["report"]["rows"]["read"], one["report"]["stored"]["inserted"]) == (2, 2)
    assert desk.stored() == 0
    number = one["id"]
    assert desk.step(number, "publish", "dla.one").status_code == 409
    assert desk.done(number, "check", "ana")["state"] == "checked"

    one = desk.done(number, "publish", "dla.one")
    assert (one["state"], one["version"], one["ended"]["by"]) == ("published", 1, "dla.one")
    assert one["steps"] == ["undo"]
    assert desk.stored() == 2
    assert desk.files() == []

    again = desk.sent(GOOD)
    assert again["report"]["outcome"] == "already-loaded"

    assert desk.done(number, "undo", "dla.two")["state"] == "undone"
    assert desk.stored() == 0
    assert desk.step(number, "undo", "dla.two").status_code == 409
    noted = desk.stored(
        "SELECT string_agg(action || ' ' || who_name, ', ' ORDER BY id) FROM geo.audit"
        " WHERE what = 'waste-report'"
    )
    assert noted == (
        "submit lao.one, submission-checked ana, load dla.one, publish dla.one, submit lao.one,"
        " undo dla.two"
    )


def test_who_may_do_what_is_the_same_for_every_step(desk):
    number = desk.sent(GOOD, who="dla.one")["id"]
    # one's own file: neither checked nor published, though the role would do
    assert desk.step(number, "check", "dla.one").status_code == 403
    assert desk.done(number, "check", "dla.two")["state"] == "checked"
    assert desk.step(number, "publish", "dla.one").status_code == 403
    assert desk.step(number, "publish", "ana").status_code == 403
    # somebody else's is not even told of
    assert desk("lao.one").get(f"/submissions/{number}").status_code == 404
    assert desk.step(number, "publish", "lao.one").status_code == 404
    assert desk("lao.one").get("/submissions").json() == {"submissions": []}
    assert desk("reader").get("/submissions").status_code == 403
    assert desk.send(GOOD, "ana").status_code == 403
    assert desk.step(number, "dance", "boss").status_code == 400
    assert desk.done(number, "withdraw", "dla.one")["state"] == "withdrawn"
    assert desk.files() == []
    # an administrator may do all of it
    number = desk.sent(GOOD, who="boss")["id"]
    desk.done(number, "check", "boss")
    assert desk.done(number, "refuse", "boss")["ended"]["by"] == "boss"


def test_a_key_submits_only_if_it_may_load(desk, engine, client_of):
    client = client_of(engine, **desk.settings)
    send = {"params": {"recipe": "mine", "name": "waste.csv"}, "content": GOOD.encode()}
    assert client.post("/submissions", **send).status_code == 401
    with transaction(engine) as session:
        reading = keys.make(session, "lao.one", label="", scopes=["read"])[0]
        loading = keys.make(session, "lao.one", label="", scopes=["read", "load"])[0]
    said = {"Authorization": f"Bearer {reading}"}
    assert client.post("/submissions", headers=said, **send).status_code == 403
    made = client.post("/submissions", headers={"Authorization": f"Bearer {loading}"}, **send)
    assert made.status_code == 201
    assert desk.settled(made.json()["id"])["submitted"]["by"] == "lao.one"
    assert "no-store" in made.headers["Cache-Control"]


def test_another_site_cannot_submit_for_somebody_who_is_signed_in(desk):
    client = desk("lao.one")
    send = {"params": {"recipe": "mine", "name": "waste.csv"}, "content": GOOD.encode()}
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert client.post("/submissions", headers=elsewhere, **send).status_code == 403
    assert client.post("/submissions", headers={"X-CSRF-Token": "no"}, **send).status_code == 403
    assert desk.files() == []


def test_who_checks_sees_where_a_row_was_refused_but_not_what_stood_in_it(desk):
    number = desk.sent(SOME_BAD)["id"]
    told = {
        name: desk(name).get(f"/submissions/{number}").text
        for name in ("lao.one", "ana", "dla.one")
    }
    assert "ไม่มีจริง" in told["lao.one"]
    assert "ไม่มีจริง" in told["dla.one"]
    assert "ไม่มีจริง" not in told["ana"]
    assert '"row":3' in told["ana"]
    table = desk("lao.one").get(f"/submissions/{number}/findings.csv?lang=en")
    assert table.headers["content-type"].startswith("text/csv")
    assert "99" in table.text
    assert "ไม่มีจริง" not in desk("ana").get(f"/submissions/{number}/findings.csv").text


def test_a_form_of_a_page_brings_a_file_with_its_token(desk):
    client = desk("lao.one")
    token = client.headers.pop("X-CSRF-Token")
    form = {"recipe": "mine", "note": "ปี 2561", "csrf": token}
    file = {"file": ('ขยะ "ใหม่".csv', GOOD.encode(), "text/csv")}
    page = {"Accept": "text/html"}
    made = client.post("/submissions", data=form, files=file, headers=page, follow_redirects=False)
    assert made.status_code == 303, made.text
    one = desk.settled(int(made.headers["location"].split("?")[0].rsplit("/", 1)[1]))
    assert (one["file"]["name"], one["note"]) == ('ขยะ "ใหม่".csv', "ปี 2561")
    assert one["file"]["bytes"] == len(GOOD.encode())
    wrong = client.post("/submissions", data={**form, "csrf": "no"}, files=file, headers=page)
    assert wrong.status_code == 403
    assert len(desk.files()) == 1
    # a button pressed twice is no error; one that comes too late says why, in words
    for step, status in (("withdraw", 303), ("withdraw", 303), ("try", 409)):
        pressed = client.post(
            f"/submissions/{one['id']}/{step}?lang=en", data={"csrf": token}, headers=page,
            follow_redirects=False,
        )  # fmt: skip
        assert pressed.status_code == status, (step, pressed.text)
    assert "This cannot be done now; the file is: withdrawn" in pressed.text
    client.headers["X-CSRF-Token"] = token


def test_files_are_kept_under_names_nobody_guesses_and_for_nobody_else(desk):
    desk.sent(GOOD, name="../../etc/waste.csv")
    (kept,) = desk.files()
    assert kept.parent == desk.settings["data_dir"] / "submissions"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert "waste" not in kept.name


def test_a_recipe_is_named_and_never_a_path(desk):
    for recipe in ("../recipes/mine", "/etc/passwd", "mine.toml", "", "nothing"):
        answer = desk.send(GOOD, recipe=recipe)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), recipe
    assert desk.files() == []


def test_a_file_above_the_limit_is_refused_with_the_limit_and_leaves_nothing(desk):
    answer = desk.send(b"a,b\n" + b"1,2\n" * 300_000)
    assert answer.status_code == 413
    assert answer.json()["limit"] >= 1_000_000
    assert desk.files() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("waste.csv", b"PK\x03\x04 a workbook"),
        ("waste.csv", b"%PDF-1.7"),
        ("waste.csv", b"code,\x00\x00\x00"),
        ("waste.csv", b"<!DOCTYPE html><html>"),
        ("waste.csv", b""),
        ("waste.csv", b"  \n \n"),
        ("waste.xlsx", GOOD.encode()),
        ("waste.gpkg", GOOD.encode()),
        ("waste.zip", GOOD.encode()),
        ("waste.json", GOOD.encode()),
        ("waste.geojson", b"[1]"),
        ("waste.vrt", b"<OGRVRTDataSource/>"),
        ("waste.exe", b"MZ"),
        ("waste", GOOD.encode()),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_before_it_is_read(desk, name, content):
    answer = desk.send(content, name=name)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-file")
    assert answer.json()["th"]["detail"]
    assert ("Excel (.xlsx)" in answer.json()["en"]["detail"]) == (content[:2] == b"PK")
    assert desk.files() == []


@pytest.mark.parametrize(
    "content",
    [
        HEADER,
        "ขยะ,ขยะ,ปี,code\n1,2,2561,50\n",
        f"{OWN},2561,30\n{OWN},2562,12.5\n",
        GOOD.replace("code", "wrong"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why_and_changes_nothing(desk, content):
    one = desk.sent(content)
    assert (one["state"], one["report"]["outcome"]) == ("submitted", "refused")
    assert one["report"]["message"]["en"]
    assert desk.stored() == 0


def test_two_of_the_same_load_at_once_end_as_one(desk):
    numbers = [desk.sent(GOOD)["id"] for _ in range(2)]
    for number in numbers:
        desk.done(number, "check", "ana")
    for who in ("dla.one", "dla.two"):
        assert len(desk(who).get("/submissions").json()["submissions"]) == 2
    threads = [
        threading.Thread(target=desk.step, args=(number, "publish", who))
        for number, who in zip(numbers, ("dla.one", "dla.two"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = [desk.settled(number) for number in numbers]
    assert [one["state"] for one in ended] == ["published", "published"]
    assert sorted(one["report"]["outcome"] for one in ended) == ["already-loaded", "loaded"]
    assert desk.stored() == 2
    loaded = next(one["id"] for one in ended if one["report"]["outcome"] == "loaded")
    other = next(one["id"] for one in ended if one["id"] != loaded)
    refused = desk.step(other, "undo", "boss")
    assert (refused.status_code, "changed nothing" in refused.json()["en"]["detail"]) == (409, True)
    assert desk.done(loaded, "undo", "boss")["state"] == "undone"


OTHERS = (
    "5510101,อปท.,เทศบาลตำบลในเมือง,2561,8\n", "50,จังหวัด,แสนสุข,2561,30\n",
    "3500101,อปท.,เทศบาลเมืองแสนสุข,2561,18\n",
)  # fmt: skip


def test_an_organisation_sends_rows_of_its_own_and_the_first_others_are_named(desk):
    for row in OTHERS[:2]:
        one = desk.sent(GOOD + row)
        assert (one["state"], one["report"]["outcome"]) == ("submitted", "refused")
        name = row.split(",")[2]
        assert (
            f"1 rows are not about the sender's own places; the first: 4 ({name})"
            == (one["report"]["message"]["en"])
        )
        assert name in one["report"]["message"]["th"]
        assert desk.stored() == 0
        # nobody can publish it either: it is loaded as its sender may
        number = one["id"]
        desk.done(number, "check", "dla.one")
        one = desk.done(number, "publish", "dla.two")
        assert (one["state"], desk.stored()) == ("failed", 0)
    many = HEADER + "".join(
        f"5510101,อปท.,เทศบาลตำบลในเมือง,{year},8\n" for year in range(2550, 2562)
    )
    told = desk.sent(many)["report"]["message"]["en"]
    assert told.startswith("12 rows")
    assert [int(row) for row in re.findall(r"(\d+) \(", told)] == [2, 3, 4, 5, 6]
    # the same rows by whom they are about, and by whom all are
    assert desk.sent(many, who="lao.two")["report"]["outcome"] == "loaded"
    assert desk.sent(GOOD + OTHERS[0], who="dla.one")["report"]["outcome"] == "loaded"


def test_a_provincial_office_sends_rows_of_its_province(desk):
    fine = HEADER + "50,จังหวัด,แสนสุข,2561,30\n" + f"{OWN},2562,30\n"
    assert desk.sent(fine, who="office")["report"]["outcome"] == "loaded"
    one = desk.sent(fine + "51,จังหวัด,ร่มเย็น,2561,30\n" + OTHERS[0], who="office")
    assert one["report"]["outcome"] == "refused"
    assert "2 rows are not" in one["report"]["message"]["en"]
    assert "4 (ร่มเย็น), 5 (" in one["report"]["message"]["en"]


def test_who_stands_for_a_place_sends_no_list_of_places(desk):
    for who in ("lao.one", "office"):
        for recipe in ("lao-list", "kongvut-provinces"):
            answer = desk.send(GOOD, who=who, recipe=recipe)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), recipe
    assert desk.files() == []


LAYER = """
[dataset]
id = "test-facilities"
kind = "features"
title_th = "สถานที่"
title_en = "Facilities"

[features]
code = "code"
name_th = "ชื่อ"
lat = "lat"
lon = "lon"

[[features.layers]]
id = "health-centres"
title_th = "รพ.สต. ทดสอบ"
title_en = "Test health centres"
theme = "infrastructure"
"""


def test_a_layer_that_an_organisation_sends_is_the_layer_of_its_own_ground(desk):
    (desk.settings["data_dir"] / "recipes" / "sites.toml").write_text(LAYER, encoding="utf-8")
    head, own = "code,ชื่อ,lat,lon\n", "n1,ของเรา,14.05,100.25\n"
    # h1 and h3 lie elsewhere and stay; h2 is on its ground, is not in the file, and would go
    one = desk.sent(head + own, recipe="sites")
    assert one["report"]["stored"] == {"inserted": 1, "updated": 0, "unchanged": 0, "deleted": 1}
    elsewhere = desk.sent(head + own + "n2,ของเขา,14.05,100.35\n", recipe="sites")
    assert "the first: 3 (ของเขา)" in elsewhere["report"]["message"]["en"]
    taken = desk.sent(head + "h1,รหัสของเขา,14.05,100.25\n", recipe="sites")
    assert "the first: 2 (h1)" in taken["report"]["message"]["en"]


def test_the_queue_of_a_sender_and_of_all_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(submission_queue, "MOST_OPEN", 2)
    for _ in range(2):
        desk.sent(GOOD)
    full = desk.send(GOOD)
    assert (full.status_code, full.json()["code"]) == (429, "too-many-requests")
    assert int(full.headers["retry-after"]) == full.json()["retryAfter"] > 0
    assert len(desk.files()) == 2
    assert desk.send(GOOD, who="dla.one").status_code == 201
    monkeypatch.setattr(submission_queue, "MOST_WAITING", 3)
    full = desk.send(GOOD, who="dla.two")
    assert (full.status_code, full.json()["code"]) == (503, "busy")
    assert int(full.headers["retry-after"]) > 0
    assert len(desk.files()) == 3
    # whoever withdraws one has room again
    monkeypatch.setattr(submission_queue, "MOST_WAITING", 100)
    number = desk("lao.one").get("/submissions").json()["submissions"][0]["id"]
    desk.settled(number)
    desk.done(number, "withdraw", "lao.one")
    assert desk.send(GOOD).status_code == 201
    wait_until(lambda: not desk.stored("SELECT count(*) FROM geo.submission WHERE task <> ''"))


def test_of_two_who_take_the_last_place_at_once_one_is_sent_away(desk, monkeypatch):
    monkeypatch.setattr(submission_queue, "MOST_OPEN", 1)
    desk("lao.one")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(desk.send(GOOD).status_code))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == [201, 429, 429, 429]
    assert len(desk.files()) == 1
    wait_until(lambda: not desk.stored("SELECT count(*) FROM geo.submission WHERE task <> ''"))
