"""Too much of everything: four times what can be done, a load beside, a cut, a flood of one key.

Runs on a database of its own, which is made and dropped: it is written to. No two questions are
equal, for equal ones are answered together.

**How too much is measured.** Who asks, the server and the database share the machine. Asking four
times as many questions as can be answered takes processor time of all of them, so a server that
refuses at no cost would seem to lose. Therefore the most that can be done is measured on a machine
that is as busy: the server is asked by so many clients in turn as saturate it, and the same process
asks the surplus (three times that rate) of a responder that does nothing but refuse
(`tests.bench.refusing`). Then it asks all of it of the server. Both in turns, so that what else the
machine does meets both; the middle of their ratios counts. The rate at which the server answers
while nobody asks a surplus is told beside it. Times are taken from when a question was sent; the
rate that was kept is told.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from sqlalchemy import make_url

from geo_service.core.accounts import keys, people
from geo_service.core.db import make_engine, transaction
from tests.bench import files, workload
from tests.bench.pressing import Answer, Pressed, Stream, press, within_ms
from tests.bench.report import machine
from tests.bench.servers import Server, free_port

CLIENTS: Final = (1, 2, 4, 8, 16)
TIMES, TURNS = 4, 5
#: More than any server here answers in a second.
_MOST_PER_S: Final = 2_000
#: A server is as good as it was when it does this share of it again, within so many seconds.
GOOD, GOOD_WITHIN_S = 0.95, 10.0
_CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'geo-service%'"
)


@dataclass(frozen=True, slots=True)
class Found:
    """One measure, its goal and whether it was met."""

    what: str
    measured: str
    goal: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Bench:
    """The database, the files it was made from, and how long each step lasts."""

    url: str
    folder: Path
    questions: Iterator[str]
    seconds: float
    again: Path

    def server(self, **environment: str) -> Server:
        """Describe a service on the database."""
        port = free_port()
        known = {
            "GEO_DATABASE_URL": self.url, "GEO_LOG_LEVEL": "ERROR", "GEO_MEMORY_MB": "0",
            "GEO_DATA_DIR": str(self.folder), "PYTHONPATH": str(files.ROOT), **environment,
        }  # fmt: skip
        command = (*workload.COMMAND, "serve", "--port", str(port), "--workers", "1")
        return Server("ours", port, command, known, ready="/readyz")

    def in_turn(
        self, server: Server, clients: int, *, seconds: float = 0.0, pause_s: float = 0.0
    ) -> Pressed:
        """Let clients ask, each when its last question is answered."""
        seconds = seconds or self.seconds
        (found,) = press(self.stream(server, clients, seconds, pause_s=pause_s), seconds=seconds)
        return found

    def stream(
        self, server: Server, clients: int, seconds: float, *, pause_s: float = 0.0, key: str = ""
    ) -> Stream:
        """Describe clients that ask in turn."""
        most = clients / pause_s if pause_s else _MOST_PER_S
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        asked = self.asked(most * seconds)
        return Stream(server.port, asked, clients=clients, pause_s=pause_s, headers=headers)

    def asked(self, number: float) -> list[str]:
        """Take so many questions that were not asked yet."""
        return list(itertools.islice(self.questions, math.ceil(number)))


def main(document: Path | None = None, *, is_quick: bool) -> list[Found]:
    """Make the database, run all and drop it.

    Parameters
    ----------
    document : Path, optional
        Where the table is written, between its marks.
    is_quick : bool
        The sample, and briefly.

    Returns
    -------
    list of Found
        In the order in which they were measured.
    """
    with TemporaryDirectory(prefix="geo-bench-") as name:
        folder = Path(name)
        address, again = _prepared(folder, is_quick=is_quick)
        try:
            bench = Bench(address, folder, _questions(address), 5.0 if is_quick else 15.0, again)
            found: list[Found] = []
            for measure in (_overload, _cut_off, _weight, _flood, _beside_a_load):
                found += _with_server(bench, measure)
                _say(as_markdown(found[-4:]))
        finally:
            workload.drop(address)
    if document is not None:
        _publish(found, document)
    return found


def as_markdown(found: list[Found]) -> str:
    """Write a table.

    Parameters
    ----------
    found : list of Found
        Measures.

    Returns
    -------
    str
        Markdown.
    """
    lines = ["| what | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {one.what} | {one.measured} | {one.goal} | {'✓' if one.is_met else '✗'} |"
              for one in found]  # fmt: skip
    return "\n".join(lines)


def _publish(found: list[Found], document: Path) -> None:
    before, mark, rest = document.read_text(encoding="utf-8").partition("<!-- overload -->\n")
    _, end, after = rest.partition("<!-- end -->")
    about = ", ".join(f"{what}: {said}" for what, said in machine().items())
    table = f"{about}\n\n{as_markdown(found)}\n"
    document.write_text(before + mark + table + end + after, encoding="utf-8")


Measure = Callable[[Bench, Server], list[Found]]


def _with_server(bench: Bench, measure: Measure) -> list[Found]:
    more = {"GEO_KEY_RATE": "100000", "GEO_KEY_BURST": "100000"} if measure is _flood else {}
    server = bench.server(**more)
    server.start(bench.folder / "ours.log")
    try:
        # What is laid beside the process is there, and statements are known, before it counts.
        bench.in_turn(server, 2, seconds=bench.seconds / 2)
        return measure(bench, server)
    finally:
        server.stop()


def _overload(bench: Bench, server: Server) -> list[Found]:
    rates = {n: bench.in_turn(server, n, seconds=bench.seconds / 2).per_s for n in CLIENTS}
    alone = max(rates.values())
    # Saturated: more clients win nothing.
    clients = next(n for n, rate in rates.items() if rate > 0.95 * alone)
    usual, much = _turns(bench, server, clients, alone)
    ratios = [one.per_s / other.per_s for one, other in zip(much, usual, strict=True)]
    goodput, peak = median(ratios), median(one.per_s for one in usual)
    answers = [one for turn in much for one in turn.answers]
    refused = [one for turn in much for one in turn.refused]
    asked = len(answers) / sum(turn.seconds for turn in much)
    others = sum(one.status not in {200, 503} for one in answers)
    can_return = sum(one.may_return for one in refused)
    slowest, usually = (
        median(within_ms(turn.done, 0.99) for turn in turns) for turns in (much, usual)
    )
    refused_ms = within_ms(refused, 0.95)
    return [
        Found(f"{asked:.0f} questions a second, {peak:.0f} can be answered ({clients} clients;"
              f" {alone:.0f} while nobody asks more): answered of these",
              f"{goodput:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", "≥ 0.9", goodput >= 0.9),
        Found("the others: 503 with Retry-After", f"{can_return} of {len(refused)},"
              f" else {others}", "all", can_return == len(refused) and not others),
        Found("503 told within (95 of 100)", f"{refused_ms:.0f} ms", "≤ 50 ms", refused_ms <= 50),
        Found("slowest hundredth of the answered, to that at saturation",
              f"{slowest / usually:.1f} ({slowest:.0f} and {usually:.0f} ms)", "≤ 5",
              slowest / usually <= 5),
    ]  # fmt: skip


def _turns(
    bench: Bench, server: Server, clients: int, peak: float
) -> tuple[list[Pressed], list[Pressed]]:
    """Ask the server what it can do, the responder the rest; then the server all of it."""
    port = free_port()
    command = (sys.executable, "-m", "tests.bench.refusing", str(port))
    responder = Server("refusing", port, command, {"PYTHONPATH": str(files.ROOT)}, "/ready")
    responder.start(bench.folder / "refusing.log")
    seconds, usual, much = bench.seconds, [], []
    try:
        for _ in range(TURNS):
            surplus, whole = (n * peak for n in (TIMES - 1, TIMES))
            asked = bench.asked(whole * seconds)
            own = bench.stream(server, clients, seconds)
            usual.append(press(own, Stream(port, asked, per_s=surplus), seconds=seconds)[0])
            much += press(Stream(server.port, asked, per_s=whole), seconds=seconds)
    finally:
        responder.stop()
    return usual, much


def _cut_off(bench: Bench, server: Server) -> list[Found]:
    before, at, seconds = bench.in_turn(server, 4), 0.0, 3 * GOOD_WITHIN_S / 2

    def cut(began: float) -> None:
        nonlocal at
        time.sleep(began + 1 - time.perf_counter())
        at = time.perf_counter()
        workload.query(bench.url, _CUT)

    (after,) = press(bench.stream(server, 4, seconds), seconds=seconds, meanwhile=cut)
    ends = [one.asked + one.took_s - at for one in after.done]
    rates = [sum(second <= end < second + 3 for end in ends) / 3 for second in range(10)]
    well = next((n for n, rate in enumerate(rates) if rate >= GOOD * before.per_s), None)
    said = f"after {well} s" if well is not None else f"best {max(rates) / before.per_s:.2f}"
    broken = sum(one.status not in {200, 503} for one in after.answers)
    return [
        Found("all connections to the database cut: 0.95 of the answers a second again",
              said, "≤ 10 s", well is not None),
        Found("answers other than 200 and 503 meanwhile", str(broken), "none", not broken),
    ]  # fmt: skip


def _weight(bench: Bench, server: Server) -> list[Found]:
    sizes = []
    for clients in (2, 32):
        server.forget_peak()
        bench.in_turn(server, clients)
        sizes.append(server.memory_mb(peak=True))
    ratio = sizes[1] / sizes[0]
    said = f"{ratio:.2f} ({sizes[1]:.0f} and {sizes[0]:.0f} MB)"
    return [Found("memory with 32 clients, to that with 2", said, "≤ 1.5", ratio <= 1.5)]


def _flood(bench: Bench, server: Server) -> list[Found]:
    flooding, *quiet = _keys(bench.url)
    seconds = bench.seconds / 3

    def ask(*, is_flooded: bool) -> float:
        streams = [bench.stream(server, 1, seconds, pause_s=0.05, key=key) for key in quiet]
        if is_flooded:
            streams.append(bench.stream(server, 32, seconds, key=flooding))
        first, second, *_ = press(*streams, seconds=seconds)
        return within_ms([*first.done, *second.done], 0.95)

    # In turns, so that what else the machine does meets both.
    idle, flooded = [], []
    for _ in range(TURNS):
        idle.append(ask(is_flooded=False))
        flooded.append(ask(is_flooded=True))
    ratio = median(flooded) / median(idle)
    return [Found("three keys, one asks 32 questions at once: the others' slowest twentieth, to"
                  " that without", f"{ratio:.2f} ({median(flooded):.0f} and {median(idle):.0f} ms)",
                  "≤ 1.5", ratio <= 1.5)]  # fmt: skip


def _beside_a_load(bench: Bench, server: Server) -> list[Found]:
    def read(seconds: float) -> list[Answer]:
        return [*bench.in_turn(server, 2, seconds=seconds, pause_s=0.02).answers]

    idle, during = within_ms(read(bench.seconds), 0.95), list[Answer]()
    with ThreadPoolExecutor(1) as beside:
        recipe = bench.again.with_suffix(".toml")
        load = beside.submit(workload.command, bench.url, "ingest", bench.again, "--recipe", recipe)
        while not load.done():
            during += read(3.0)
        took = load.result()
    ratio = within_ms(during, 0.95) / idle
    failed = sum(one.status != 200 for one in during)
    return [
        Found(f"beside a load of all sub-districts ({took:.0f} s): slowest twentieth of reading, to"
              " that without", f"{ratio:.2f} ({idle:.0f} ms without), {failed} not answered",
              "≤ 2, all", ratio <= 2 and not failed)
    ]  # fmt: skip


def _prepared(folder: Path, *, is_quick: bool) -> tuple[str, Path]:
    address = make_url(workload.address(is_quick=is_quick, data_dir=files.ROOT / ".data"))
    url = address.set(database=f"{address.database}_overload").render_as_string(hide_password=False)
    _say("making the database of the overload")
    workload.create(url)
    workload.command(url, "migrate")
    places = files.read_places(is_quick=is_quick)
    vertices = workload.QUICK_VERTICES if is_quick else files.VERTICES
    again = folder / "again"
    again.mkdir()
    for path in files.write_areas(places, folder, vertices=vertices):
        recipe = path.with_suffix(".toml")
        workload.command(url, "ingest", path, "--recipe", recipe, "--no-refresh")
    workload.command(url, "refresh")
    # The same places with other outlines: a version that replaces each of them.
    return url, files.write_areas(places, again, vertices=round(0.99 * vertices))[-1]


def _questions(url: str) -> Iterator[str]:
    """Ask for places in a box, or that meet a shape; no two questions are equal."""
    rows = workload.query(
        url,
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) p FROM geo.area"
        " WHERE level = 'subdistrict' AND geom IS NOT NULL ORDER BY code) s",
    )
    centres = [(float(str(x)), float(str(y))) for x, y in rows]
    chance = random.Random(7)
    for number in itertools.count():
        x, y = chance.choice(centres)
        if number % 2:
            half = chance.uniform(0.2, 0.3)
            box = ",".join(f"{one:.6f}" for one in (x - half, y - half, x + half, y + half))
            yield f"/collections/subdistricts/items?limit=100&bbox={box}"
        else:
            shape = _around(x, y, chance.uniform(0.2, 0.3))
            asked = quote(f"S_INTERSECTS(geometry, {shape})")
            yield f"/collections/subdistricts/items?limit=10&filter={asked}"


def _around(x: float, y: float, radius: float) -> str:
    turns = [2 * math.pi * step / 24 for step in (*range(24), 0)]
    points = (f"{x + radius * math.cos(t):.6f} {y + radius * math.sin(t):.6f}" for t in turns)
    return f"POLYGON(({', '.join(points)}))"


def _keys(url: str) -> list[str]:
    engine = make_engine(url)
    try:
        with transaction(engine) as session:
            made = []
            for name in ("flood", "first", "second"):
                people.add(session, name, role="analyst", password="กระดาษสามแผ่นในลิ้นชัก", title=name)
                made.append(keys.make(session, name, label="", scopes=["read"])[0])
            return made
    finally:
        engine.dispose()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    print(as_markdown(main(is_quick="--quick" in sys.argv)))  # noqa: T201
