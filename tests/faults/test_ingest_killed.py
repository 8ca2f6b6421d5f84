"""A load is cut at its worst moment: all of it is there afterwards, or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from geo_service.core.db import engine_url
from geo_service.core.settings import ROOT
from tests.faults.asking import Stream, ask
from tests.faults.conftest import looking, settled
from tests.waiting import wait_until
from tests.waste_report import BY_PROVINCE

YEARS = range(2500, 2560)
TABLE = "code,จังหวัด,ปี,ขยะ\n" + "".join(
    f"50,แสนสุข,{year},{year % 40}\n51,ร่มเย็น,{year},{year % 30}\n" for year in YEARS
)
ITEMS = "/collections/subdistricts/items?limit=2"
EVERYTHING = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) || count(*) FROM geo.{} t"
TABLES = ("observation", "period", "place_value", "dataset_version", "row_before")
LOADED = "SELECT count(*) FROM geo.observation WHERE indicator_key = 'waste_gen_tpd'"
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
)


@dataclass
class Load:
    """A load under way, and what it says."""

    said_in: Path
    process: subprocess.Popen[bytes]

    def wait(self, seconds: float) -> int:
        return self.process.wait(seconds)

    def said(self) -> str:
        return self.said_in.read_text(encoding="utf-8")


def fingerprints(url: str) -> dict[str, object]:
    with looking(url) as look:
        return {name: look(EVERYTHING.format(name)) for name in TABLES}


@pytest.fixture
def loading(country: str, tmp_path: Path):
    """Start a load as its command does."""
    (tmp_path / "waste.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(BY_PROVINCE, encoding="utf-8")
    plain = make_url(engine_url(country)).set(drivername="postgresql")
    known = {
        "GEO_DATABASE_URL": plain.render_as_string(hide_password=False),
        "GEO_DATA_DIR": str(tmp_path),
    }

    def start() -> Load:
        with (tmp_path / "said.txt").open("wb") as out:
            process = subprocess.Popen(  # noqa: S603
                [
                    sys.executable, "-c", "from geo_service.cli import app; app()", "ingest",
                    str(tmp_path / "waste.csv"), "--recipe", str(tmp_path / "mine.toml"),
                    "--no-refresh",
                ],
                env={**os.environ, **known},  # noqa: TID251  (handed on)
                cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return Load(tmp_path / "said.txt", process)

    return start


def test_a_killed_backend_leaves_nothing_of_the_load(country, run, loading, record_property):
    service = run(country)
    wait_until(lambda: ask(service.base, ITEMS).status == 200)
    before = fingerprints(country)
    with looking(country) as look, Stream(service.base, [ITEMS, "/livez"], per_s=10) as stream:
        look("BEGIN")
        look("LOCK TABLE geo.data_version IN EXCLUSIVE MODE")
        load = loading()
        with looking(country) as beside:
            wait_until(lambda: beside(WAITING))
            os.kill(beside(WAITING), signal.SIGKILL)
            killed = time.monotonic()
        # The server ends every connection and recovers.
        assert load.wait(30) != 0
        took = settled(10, lambda: ask(service.base, ITEMS).status == 200)
        time.sleep(1)
    assert {one.status for one in stream.got} <= {200, 503}
    assert all(one.status == 200 or "retry-after" in one.headers for one in stream.got)
    record_property("figure", f"answering {took:.1f} s after the load failed")
    assert time.monotonic() - killed < 12
    assert fingerprints(country) == before
    again = loading()
    assert again.wait(60) == 0, again.said()
    with looking(country) as look:
        assert look(LOADED) >= 2 * len(YEARS)


def test_a_killed_server_leaves_nothing_and_a_second_try_is_whole(
    postgres, country, loading, record_property
):
    before = fingerprints(country)
    with looking(country) as look:
        look("BEGIN")
        look("LOCK TABLE geo.data_version IN EXCLUSIVE MODE")
        load = loading()
        with looking(country) as beside:
            wait_until(lambda: beside(WAITING))
        for pid in postgres.pids():
            os.kill(pid, signal.SIGKILL)
        assert load.wait(30) != 0
    began = time.monotonic()
    postgres.cluster.start()
    record_property("figure", f"up again in {time.monotonic() - began:.1f} s")
    assert fingerprints(country) == before
    assert loading().wait(60) == 0
    whole = fingerprints(country)
    assert whole != before
    assert loading().wait(60) == 0  # already loaded
    assert fingerprints(country) == whole


@pytest.mark.root
def test_a_full_disk_refuses_the_load_and_reads_go_on(  # noqa: PLR0917  (fixtures)
    postgres, country, run, loading, small_disk
):
    disk = small_disk(16)
    data = postgres.cluster.status().folder.stat()
    os.chown(disk, data.st_uid, data.st_gid)
    with looking(postgres.of_superuser(country)) as look:
        look(f"CREATE TABLESPACE small_{os.getpid()} LOCATION '{disk}'")
        look(f"ALTER TABLE geo.observation SET TABLESPACE small_{os.getpid()}")
    before = fingerprints(country)
    service = run(country)
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 65_536) == 65_536:
                pass
        except OSError:
            pass
    load = loading()
    assert load.wait(60) != 0
    said = load.said()
    assert "Traceback" not in said, said
    assert ask(service.base, ITEMS).status == 200
    assert fingerprints(country) == before
    (disk / "filler").unlink()
    assert loading().wait(60) == 0
    assert ask(service.base, ITEMS).status == 200
    service.stop()
    with looking(postgres.of_superuser(country)) as look:
        look("ALTER TABLE geo.observation SET TABLESPACE pg_default")
        look(f"DROP TABLESPACE small_{os.getpid()}")
