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
from pathlib import Path

from geo_service.core.settings import Settings
from tests.faults.asking import ask
from tests.faults.conftest import Process

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
WARM_SHARE = 0.25
MOST_MB_MINUTE = 1.0
#: Open files come and go with callers; those left over come to more.
MOST_MORE_FILES = 20


def main() -> int:
    """Load a service and watch it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    url = Settings().database_url
    if url is None:
        from geo_service.core.postgres import Cluster  # noqa: PLC0415

        address = Cluster(Settings().data_dir).url()
    else:
        address = url.get_secret_value()
    with tempfile.TemporaryDirectory() as folder:
        service = Process(address, Path(folder), environment={})
        try:
            return watch(service, minutes=asked.minutes, clients=asked.clients)
        finally:
            service.stop()


def watch(service: Process, *, minutes: float, clients: int) -> int:
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
    began, seen = time.monotonic(), []
    while (now := time.monotonic() - began) < 60 * minutes:
        time.sleep(min(5.0, 60 * minutes - now))
        seen.append((now / 60, *state(service.pid)))
        out(f"{seen[-1][0]:6.1f} min {seen[-1][1]:7.0f} MB {seen[-1][2]:4d} files"
            f" {sum(statuses.values()):8d} answers")  # fmt: skip
    stop.set()
    for one in threads:
        one.join()
    settled = [one for one in seen if one[0] > WARM_SHARE * minutes]
    slope = statistics.linear_regression([one[0] for one in settled], [one[1] for one in settled])
    files = [one[2] for one in settled]
    bad = {status: count for status, count in statuses.items() if status not in {200, 204, 404}}
    out(f"memory {slope.slope:+.2f} MB/min after warming up; files {min(files)}-{max(files)}")
    out(f"{sum(statuses.values())} answers, others than 200, 204, 404: {bad or 'none'}")
    half = len(files) // 2
    more_files = max(files[half:]) - max(files[:half], default=files[0])
    grows = slope.slope > MOST_MB_MINUTE or more_files > MOST_MORE_FILES
    return int(grows or any(status <= 0 or status == 500 for status in bad))


def go(base: str, number: int, stop: threading.Event, statuses: Counter[int]) -> None:
    """One client: the next question when the last one is answered."""
    chance = random.Random(number)
    while not stop.is_set():
        path = chance.choice(PATHS).format(
            n=chance.randrange(0, 4000, 7), k=chance.randrange(1, 77),
            lat=round(chance.uniform(13, 14.9), 4), x=chance.randrange(396, 402),
        )  # fmt: skip
        statuses[ask(base, path).status] += 1


def state(pid: int) -> tuple[float, int]:
    """Megabytes in memory, and open files."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    rss = next(line for line in told.splitlines() if line.startswith("VmRSS:"))
    return int(rss.split()[1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
