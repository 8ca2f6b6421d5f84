"""Uploads and loads that are cut: nothing is left or half done, and it can be done again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from geo_service.core import watch
from geo_service.core.accounts import keys
from geo_service.core.db import transaction
from tests.desk import GOOD, STORED, opened, with_people
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def engine(databases, country_template):
    made = with_people(databases.create("submissions_cut", template=country_template))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine, client_of, tmp_path):
    return opened(engine, client_of, tmp_path, upload_mb=4)


def worker() -> int:
    """The process that works on a submission: a child of this one."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    found = [pid for path in children for pid in path.read_text(encoding="ascii").split()]
    ours = [
        int(pid) for pid in found
        if b"ingest.submission_work" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]  # fmt: skip
    (only,) = ours
    return only


def test_a_publication_that_is_killed_is_told_as_failed_and_can_be_done_again(desk, engine):
    number = desk.sent(GOOD)["id"]
    desk.done(number, "check", "ana")
    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": watch.LOAD_LOCK})
        assert desk.step(number, "publish", "dla.one").status_code == 202

        def stage():
            told = desk("dla.one").get(f"/submissions/{number}").json()["progress"]
            return told and told["stage"] == "waiting-for-another-load"

        wait_until(stage)
        # While it is at work nobody else begins, nor takes it away.
        assert desk("dla.two").post(f"/submissions/{number}/publish").status_code == 409
        os.kill(worker(), signal.SIGKILL)

        def is_failed():
            return desk("dla.one").get(f"/submissions/{number}").json()["state"] == "failed"

        wait_until(is_failed)
    assert desk.stored(STORED) == 0

    def why():
        return desk("dla.one").get(f"/submissions/{number}").json()["fault"]["en"]

    wait_until(lambda: why().startswith("The machine stopped the work"))
    one = desk("dla.one").get(f"/submissions/{number}").json()
    assert "เครื่องหยุดงานนี้" in one["fault"]["th"]
    assert "publish" in one["steps"]
    assert desk.done(number, "publish", "dla.one")["state"] == "published"
    assert desk.stored(STORED) == 2
    assert desk.done(number, "undo", "dla.one")["state"] == "undone"


def test_what_a_broken_process_wrote_last_is_logged_and_nothing_of_it_told(
    desk, engine, caplog, monkeypatch
):
    # A folder that the process takes for a module of Python stands for any fault of ours.
    folder = desk.settings["data_dir"] / "broken"
    (folder / "ingest").mkdir(parents=True)
    (folder / "ingest" / "__init__.py").write_text("")
    (folder / "ingest" / "submission_work.py").write_text(
        "import sys\n"
        "url = __import__('json').load(sys.stdin)['url']\n"
        "sys.stderr.write('x' * 50_000 + '\\n')\n"
        "sys.stderr.write(url.replace('://', '://u:hidden-word@') + '\\n')\n"
        "sys.stderr.write('DETAIL:  Key (name)=(a person) exists\\n')\n"
        "raise SystemExit('ImportError: out of order')\n"
    )
    desk("dla.one"), desk("lao.one")
    monkeypatch.chdir(folder)
    number = desk.send(GOOD).json()["id"]

    def record():
        return [one for one in caplog.records if one.getMessage() == "a submission was cut"]

    wait_until(record)
    (told,) = record()
    assert (told.submission, told.task, told.ended) == (number, "check", 1)
    assert "ImportError: out of order" in told.said
    assert len(told.said) < 8_100
    assert "a person" not in told.said
    assert "hidden-word" not in told.said
    one = desk.settled(number)
    assert one["fault"]["en"].startswith("The work was cut; nothing was changed")
    assert "ImportError" not in str(one)


def test_an_upload_that_is_cut_leaves_nothing(desk, engine, settings_for, serve):
    url = engine.url.render_as_string(hide_password=False)
    address = serve(settings_for(url, **desk.settings))
    with transaction(engine) as session:
        key = keys.make(session, "lao.one", label="", scopes=["read", "load"])[0]
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as opened:
        opened.sendall(
            b"POST /submissions?recipe=mine&name=cut-short.csv HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer " + key.encode() + b"\r\nContent-Length: 3000000\r\n\r\n"
            + b"a,b\n" * 375_000
        )  # fmt: skip
        wait_until(lambda: any(path.stat().st_size > 1_000_000 for path in desk.files()))
    wait_until(lambda: desk.files() == [])
    assert desk.stored("SELECT count(*) FROM geo.submission WHERE file_name = 'cut-short.csv'"
                       " AND state = 'submitted'") == 0  # fmt: skip


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_is_told_and_leaves_nothing(desk):
    folder = desk.settings["data_dir"] / "submissions"
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(  # noqa: S603
        ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        answer = desk.send(b"a,b\n" + b"1,2\n" * 700_000)
        assert (answer.status_code, answer.json()["code"]) == (507, "no-space")
        assert desk.files() == []
        number = desk.sent(GOOD)["id"]
        assert desk.done(number, "withdraw", "lao.one")["state"] == "withdrawn"
    finally:
        subprocess.run(["/usr/bin/umount", str(folder)], check=True)  # noqa: S603
