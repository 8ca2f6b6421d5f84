"""A long mixed load: what grows, and how fast (`scripts/soak`)."""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geo_service.core.settings import Settings
from tests.faults.asking import ask
from tests.faults.conftest import Process, looking

#: What people ask of the sample and of real data alike.
PATHS = (
    "/", "/collections", "/indicators", "/maps", "/readyz",
    "/collections/provinces/items?limit=20", "/collections/subdistricts/items?limit=100&offset={n}",
    "/collections/orgs/items?limit=50&offset={n}", "/maps/pop_total.json?level=province",
    "/maps/pop_total?level=district&lang=en", "/hexbins/pop_total?resolution=6",
    "/cube?measures=pop_total&rows=province&top={k}", "/forecasts/pop_total?level=country",
    "/collections/provinces/downloads/provinces.geojson", "/nowhere/{n}",
    "/collections/subdistricts/items?bbox=100,{lat},101,15",
    "/tiles/subdistricts/9/{x}/235.mvt", "/tiles/provinces/6/49/29.mvt",
)  # fmt: skip
#: Megabytes of finished answers kept: it is full within minutes, and answers come and go in it.
#: Before it is full the process grows by what it keeps; that says nothing about leaks.
MEMORY_MB = 24
FULL_SHARE = 0.85
#: At latest it is warm then.
WARM_SHARE = 1 / 3
MOST_MB_MINUTE = 1.0
#: Open files come and go with callers; those left over come to more.
MOST_MORE_FILES = 20
_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'geo-service%'"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The service at one moment."""

    minute: float
    rss_mb: float
    kept_mb: float
    files: int
    connections: int


def main() -> int:
    """Load a service and watch it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--memory-mb", type=int, default=MEMORY_MB)
    asked = parser.parse_args()
    url = Settings().database_url
    if url is None:
        from geo_service.core.postgres import Cluster  # noqa: PLC0415

        address = Cluster(Settings().data_dir).url()
    else:
        address = url.get_secret_value()
    with tempfile.TemporaryDirectory() as folder:
        service = Process(
            address, Path(folder), environment={"GEO_MEMORY_MB": str(asked.memory_mb)}
        )
        try:
            return watch(
                service, address, minutes=asked.minutes, clients=asked.clients,
                memory_mb=asked.memory_mb,
            )  # fmt: skip
        finally:
            service.stop()
            failed = [one for one in service.said().splitlines() if '"request failed"' in one]
            for one in failed[:3]:
                out(one[-500:])


def watch(service: Process, url: str, *, minutes: float, clients: int, memory_mb: int) -> int:
    """Ask for so many minutes; tell what was seen, and 1 when something grows."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not service.is_up("/readyz"):
        time.sleep(0.2)
    stop, statuses = threading.Event(), Counter[int]()
    threads = [
        threading.Thread(target=go, args=(service.base, number, stop, statuses), daemon=True)
        for number in range(clients)
    ]
    for one in threads:
        one.start()
    began, seen, warm = time.monotonic(), [], None
    with looking(url) as look:
        while (now := time.monotonic() - began) < 60 * minutes:
            time.sleep(min(5.0, 60 * minutes - now))
            seen.append(state(service, now / 60, look(_CONNECTIONS)))
            is_full = seen[-1].kept_mb >= FULL_SHARE * memory_mb
            if warm is None and (is_full or now > 60 * minutes * WARM_SHARE):
                warm = now / 60
            last = seen[-1]
            out(f"{last.minute:6.1f} min {last.rss_mb:7.0f} MB, {last.kept_mb:4.0f} kept"
                f" {last.files:4d} files {last.connections:3d} connections"
                f" {sum(statuses.values()):8d} answers{' warm' if warm else ''}")  # fmt: skip
    stop.set()
    for one in threads:
        one.join()
    # A tenth more: what was made while it filled is settled, too.
    settled = [one for one in seen if one.minute > (warm or 0) + minutes / 10]
    return verdict(settled, statuses, most_connections())


def verdict(settled: Sequence[Seen], statuses: Counter[int], most: int) -> int:
    """Say what grew after warming up; 1 when something did."""
    minutes = [one.minute for one in settled]
    slope = statistics.linear_regression(minutes, [one.rss_mb for one in settled]).slope
    files = [one.files for one in settled]
    connections = max(one.connections for one in settled)
    bad = {status: count for status, count in statuses.items() if status not in {200, 204, 404}}
    out(f"warm after {minutes[0]:.1f} min; memory {slope:+.2f} MB/min over"
        f" {minutes[-1] - minutes[0]:.1f} min; files {min(files)}-{max(files)};"
        f" connections at most {connections} of {most}")  # fmt: skip
    out(f"{sum(statuses.values())} answers, others than 200, 204, 404: {bad or 'none'}")
    half = len(files) // 2
    more_files = max(files[half:]) - max(files[:half], default=files[0])
    grows = slope > MOST_MB_MINUTE or more_files > MOST_MORE_FILES or connections > most
    return int(grows or any(status <= 0 or status == 500 for status in bad))


def most_connections() -> int:
    """Those of the pools (the public's twice: for threads and for the event loop), and one."""
    usual = Settings(_env_file=None)
    return 2 * usual.pool_size + 3 * usual.insider_pool_size + 1


def measures(service: Process) -> dict[str, float]:
    """What the service tells without labels."""
    told = ask(service.base, "/metrics").body.decode()
    plain = (line.split(" ") for line in told.splitlines() if line[:1] != "#" and "{" not in line)
    return {name: float(value) for name, value in plain}


def go(base: str, number: int, stop: threading.Event, statuses: Counter[int]) -> None:
    """One client: the next question when the last one is answered."""
    chance = random.Random(number)
    while not stop.is_set():
        path = chance.choice(PATHS).format(
            n=chance.randrange(0, 4000, 7), k=chance.randrange(1, 77),
            lat=round(chance.uniform(13, 14.9), 4), x=chance.randrange(396, 402),
        )  # fmt: skip
        statuses[ask(base, path).status] += 1


def state(service: Process, minute: float, connections: int) -> Seen:
    """Weigh it."""
    told = Path(f"/proc/{service.pid}/status").read_text(encoding="ascii")
    rss = next(line for line in told.splitlines() if line.startswith("VmRSS:"))
    files = len(list(Path(f"/proc/{service.pid}/fd").iterdir()))
    kept_mb = measures(service)["geo_memory_bytes"] / 1e6
    return Seen(minute, int(rss.split()[1]) / 1024, kept_mb, files, connections)


def out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
