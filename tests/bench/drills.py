"""A drill step of the cube as a client meets it: a server of its own, a socket, every byte read.

Nothing is remembered (`GEO_MEMORY_MB=0`), one connection stays open, and steps of different places
follow each other, so that no answer is asked for twice in a row.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from geo_service.core.settings import Settings
from tests.bench.servers import Server, free_port

ROOT = Path(__file__).parents[2]
ROUNDS = 60
STEPS = {
    "country > regions": "rows=region&totals=rows",
    "region > provinces": "rows=province&filter=region = 'cluster18_2560-{n}'",
    "province > districts": "rows=district&filter=province = '{p}'",
    "province > districts by year": "rows=district&columns=year&filter=province = '{p}'",
    "district > sub-districts": "rows=subdistrict&filter=district = '{p}01'",
}


def drills(url: str, *, rounds: int = ROUNDS) -> list[tuple[str, float, float]]:
    """Measure every kind of step.

    Parameters
    ----------
    url : str
        Of the database, at the newest migration.
    rounds : int
        Questions of each kind.

    Returns
    -------
    list of (str, float, float)
        Name, median and 95th percentile in milliseconds.
    """
    port = free_port()
    command = (
        sys.executable, "-c", "from geo_service.cli import app; app()", "serve", "--port",
        str(port), "--workers", "1",
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        told = {
            "GEO_DATABASE_URL": url, "GEO_DATA_DIR": folder, "GEO_MEMORY_MB": "0",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        server = Server("ours", port, command, told, ready="/readyz")
        server.start(Path(folder) / "log")
        try:
            return _measured(port, rounds)
        finally:
            server.stop()


def _measured(port: int, rounds: int) -> list[tuple[str, float, float]]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.connect()
    _ask(line, "rows=province")
    found = []
    for name, words in STEPS.items():
        times = []
        for number in range(rounds):
            began = time.perf_counter()
            _ask(line, words.format(n=number % 18 + 1, p=50 + number % 8))
            times.append(1000 * (time.perf_counter() - began))
        times.sort()
        found.append((name, statistics.median(times), times[int(0.95 * len(times))]))
    line.close()
    return found


def _ask(line: http.client.HTTPConnection, words: str) -> None:
    line.request("GET", f"/cube?measures=pop_total&{quote(words, safe='=&')}")
    answer = line.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:500]


def table(found: list[tuple[str, float, float]]) -> str:
    """Write what was measured as a table.

    Parameters
    ----------
    found : list of (str, float, float)
        From `drills`, in milliseconds.

    Returns
    -------
    str
        Markdown.
    """
    head = ("| drill step through a socket, nothing remembered | p50 ms | p95 ms |", "|-|-:|-:|")
    return "\n".join((*head, *(f"| {name} | {p50:.1f} | {p95:.1f} |" for name, p50, p95 in found)))


if __name__ == "__main__":
    given = Settings().database_url
    if given is None:
        sys.exit("set GEO_DATABASE_URL to the database to measure on")
    print(table(drills(given.get_secret_value())))  # noqa: T201
