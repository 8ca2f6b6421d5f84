"""Processes are stopped, killed, starved of memory and of disk, and their clock jumps."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.asking import BROKEN, Stream, ask
from tests.faults.conftest import locked, looking, settled
from tests.waiting import wait_until

ITEMS = "/collections/subdistricts/items"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
MB = 1024


def memory_kb(pid: int, word: str) -> int:
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{word}:\s+(\d+) kB", told)[1])


@pytest.mark.parametrize("is_released", [True, False], ids=["that end", "that do not end"])
def test_told_to_stop_it_finishes_fifty_requests_or_says_503(
    country, started, record_property, is_released
):
    service = started(
        country, GEO_GRACE_S="5", GEO_LOCK_TIMEOUT_S="30", GEO_STATEMENT_TIMEOUT_S="30"
    )
    assert ask(service.base, ITEMS).status == 200
    paths = [f"{ITEMS}?limit={number}&lang=en" for number in range(1, 51)]
    with ThreadPoolExecutor(50) as many:
        lock = locked(country)
        lock.__enter__()
        try:
            asked = [many.submit(ask, service.base, path) for path in paths]
            wait_until(lambda: 'class="heavy"} 46.0' in ask(service.base, "/metrics").body.decode())
            service.process.send_signal(signal.SIGTERM)
            told = time.monotonic()
            if is_released:
                threading.Timer(1, lambda: lock.__exit__(None, None, None)).start()
            assert service.process.wait(15) in {0, -signal.SIGTERM, 143}
            took = time.monotonic() - told
        finally:
            if not is_released:
                lock.__exit__(None, None, None)
        got = [one.result() for one in asked]
    assert {one.status for one in got} <= ({200, 503} if is_released else {503})
    assert all(json.loads(one.body) for one in got)
    assert took < 6
    done = sum(one.status == 200 for one in got)
    record_property("figure", f"{done} done, {50 - done} told 503, gone after {took:.1f} s")


def test_a_killed_worker_is_replaced_within_two_seconds(country, started, record_property):
    service = started(country, GEO_WORKERS="2", GEO_LOG_LEVEL="INFO")

    def pids() -> set[int]:
        return {int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", service.said())}

    def alive() -> set[int]:
        return {pid for pid in pids() if Path(f"/proc/{pid}/exe").exists()}

    wait_until(lambda: len(alive()) == 2)
    # The spare needs a while to be ready; so does every service that was just started.
    time.sleep(8)
    with Stream(service.base, [f"{ITEMS}?limit={number}" for number in range(1, 9)], per_s=15) as s:
        time.sleep(1)
        os.kill(min(alive()), signal.SIGKILL)
        killed = time.monotonic()
        took = settled(5, lambda: len(pids()) == 3)
        time.sleep(2)
    lost = [one for one in s.got if one.status != 200]
    record_property("figure", f"{took:.1f} s, {len(lost)} lost of {len(s.got)}")
    # Nobody but those whom the dead one was answering.
    assert all(one.status == BROKEN for one in lost)
    assert all(one.asked < killed for one in lost)
    assert took < 2


@pytest.mark.slow
@pytest.mark.skipif(FAKETIME is None, reason="no libfaketime: apt-get install faketime")
def test_the_clock_may_jump_and_years_may_turn(country, started, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0", encoding="ascii")
    service = started(
        country, LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1", DONT_FAKE_MONOTONIC="1", GEO_RECHECK_S="1",
    )  # fmt: skip
    paths = (ITEMS, "/maps/pop_total.json", "/cube?measures=pop_total&rows=year", "/readyz")
    # 29 February 2567, and the turn of the year 2567 in Thai time.
    for moment in ("+1d", "-1d", "@2024-02-29 12:00:00", "@2024-12-31 16:59:59", "+0"):
        clock.write_text(moment, encoding="ascii")
        time.sleep(1.2)
        for path in paths:
            got = ask(service.base, path)
            assert got.status == 200, (moment, path, got.body[:300])
    assert "Traceback" not in service.said()


@pytest.mark.slow
def test_the_largest_download_stays_within_its_memory(country, started, record_property):
    with looking(country) as look:
        look(
            "INSERT INTO geo.feature (layer_id, code, name_th, geom, version_id)"
            " SELECT layer_id, 'p' || n, 'จุดที่ ' || n,"
            " ST_SetSRID(ST_MakePoint(100 + n % 500 / 1e3, 14 + n / 1e6), 4326), version_id"
            " FROM (SELECT layer_id, version_id FROM geo.feature LIMIT 1) f,"
            " generate_series(1, 60000) n"
        )
        layer = look("SELECT layer_id FROM geo.feature LIMIT 1")
    most = str(1_500 * 1024 * 1024)
    # Libraries for tables set aside addresses for each core they see; that is not memory.
    few = dict.fromkeys(("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    service = started(country, before=("prlimit", f"--as={most}"), **few)
    for path in ("/collections", ITEMS):
        assert ask(service.base, path).status == 200
    idle = memory_kb(service.pid, "VmRSS")
    size = 0
    for ending in ("geojson", "csv", "gpkg", "parquet"):
        got = ask(service.base, f"/collections/{layer}/downloads/{layer}.{ending}", patience_s=120)
        assert got.status in {200, 404}, (ending, got.status, got.why, service.said()[-1500:])
        if got.status == 200:
            size = max(size, len(got.body))
    peak = memory_kb(service.pid, "VmHWM")
    record_property("figure", f"{size >> 20} MB given, {(peak - idle) / MB:.0f} MB above idle")
    assert size > 10_000_000
    assert peak < idle + 200 * MB


@pytest.mark.root
def test_a_full_disk_for_kept_files_still_serves_them(country, started, small_disk):
    disk = small_disk(1)
    service = started(country, GEO_DATA_DIR=str(disk))
    path = "/collections/provinces/downloads/provinces.{}"
    whole = {ending: ask(service.base, path.format(ending)) for ending in ("geojson", "csv")}
    assert {one.status for one in whole.values()} == {200}
    for kept in disk.rglob("downloads/*/*"):
        for one in kept.rglob("*"):
            if one.is_file():
                one.unlink()
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass
    for ending, before in whole.items():
        again = ask(service.base, path.format(ending))
        assert (again.status, again.body) == (200, before.body)
    assert ask(service.base, "/tiles/provinces/6/49/29.mvt").status == 200
    left = [one for one in disk.rglob("*") if one.is_file() and one.name != "filler"]
    assert not [one for one in left if ".part" in str(one) and one.stat().st_size]
