"""Vector layers beside tipg, pygeoapi and plain SQL, on one database in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import cached, growth, laying, peers, preparing, report
from tests.bench.load import Generator, fetch
from tests.bench.questions import ITEM_COLUMNS, Questions
from tests.bench.rows import Patience, Track, started, stop
from tests.bench.servers import Server, free_port
from tests.bench.streaming import stream
from tests.bench.workload import COMMAND, ROOT, Workload, open_workload

PARTS = ("tiles", "prepared", "points", "items", "whole", "cached", "growth", "preparing")
DATA_DIR = ROOT / ".data"
FOLDER = DATA_DIR / "bench"


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the benchmark is run, and how."""

    parts: Sequence[str]
    is_quick: bool = False
    is_anew: bool = False
    rounds: int = 3
    without: Sequence[str] = ()


def main(asked: Asked, found: report.Findings) -> None:
    """Run the parts that were asked for.

    Parameters
    ----------
    asked : Asked
        Parts, and how.
    found : Findings
        Filled on the way: what is there when the run is ended early is told.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    found.about |= report.machine()
    work = open_workload(is_quick=asked.is_quick, anew=asked.is_anew, data_dir=DATA_DIR)
    folder = FOLDER / "peers"
    missing = peers.install(folder)
    generator = Generator(FOLDER / "wrk", work.url)
    found.about |= {"data": work.source, "asked by": generator.name}
    patience = Patience(1.0, 1) if asked.is_quick else Patience(2.0, asked.rounds)
    if missing:
        found.missing.append(f"tipg, pygeoapi and plain SQL could not be installed: {missing}")
    with TemporaryDirectory(prefix="geo-bench-") as logs:
        bench = _Bench(work, folder, Path(logs), generator, patience, has_peers=not missing)
        bench.run(asked, found)
    if "preparing" in asked.parts:
        found.prepared += preparing.cost(work, is_timed=not asked.is_quick)
    found.about["load after"] = report.machine()["load before"]


@dataclass(slots=True)
class _Bench:
    work: Workload
    folder: Path
    logs: Path
    generator: Generator
    patience: Patience
    has_peers: bool

    def run(self, asked: Asked, found: report.Findings) -> None:
        parts = set(asked.parts)
        if parts & {"tiles", "prepared", "points", "items", "growth"}:
            self._rates(asked, found)
        if "cached" in parts:
            self._cached(found)
        if "whole" in parts:
            self._whole(asked, found)

    def _rates(self, asked: Asked, found: report.Findings) -> None:
        wanted: list[tuple[str, Callable[[], Server]]] = [("ours", lambda: self._ours("ours", 0))]
        if self.has_peers:
            wanted += [
                ("tipg", lambda: peers.tipg(self.folder, self.work, free_port())),
                ("floor", lambda: peers.floor(self.folder, self.work, free_port())),
                ("pygeoapi", lambda: peers.pygeoapi(self.folder, self.work, free_port())),
            ]
        wanted = [one for one in wanted if one[0] not in asked.without]
        running, missing = started(wanted, self.logs)
        found.missing += missing
        found.prepared += laying.lay(running["ours"])
        track = Track(self.generator, running, self.patience)
        questions = Questions(self.work)
        try:
            for part, works in (
                ("tiles", questions.polygon_tiles), ("prepared", questions.prepared_tiles),
                ("points", questions.point_tiles), ("items", questions.items),
            ):  # fmt: skip
                if part in asked.parts:
                    track.run(works(), found.rows)
            if "growth" in asked.parts:
                # Times that differ tenfold are told apart in one round.
                once = replace(track, patience=replace(self.patience, rounds=1))
                found.slopes = growth.slopes(
                    {size: once.run(questions.growing(layer), [])
                     for layer, size in self.work.sizes.items()}
                )  # fmt: skip
        finally:
            stop(running)

    def _cached(self, found: report.Findings) -> None:
        running, missing = started(
            [("ours", lambda: self._ours("ours", None)), ("bare", _bare)], self.logs
        )
        found.missing += missing
        try:
            if len(running) == 2:
                # What a server lays beside itself just after its start would be measured, too.
                laying.lay(running["ours"])
                questions = Questions(self.work)
                pair = cached.Pair(self.generator, running["ours"], running["bare"], self.patience)
                found.rows += pair.against_bare(questions.prepared_tiles()[1], questions.items()[0])
        finally:
            stop(running)

    def _whole(self, asked: Asked, found: report.Findings) -> None:
        gzip = {"Accept-Encoding": "gzip"}
        page = f"items?limit=10000&properties={ITEM_COLUMNS}"
        ours = f"/collections/subdistricts/{page}"
        ways = [("GeoJSON", ours, {}), ("GeoJSON, gzip", ours, gzip)]
        ways += [(name, path, {}) for name, path in self._downloads()]
        rounds = self.patience.rounds
        found.streamed += stream(
            lambda: self._ours("ours", None), (self.generator, self.logs), ways, rounds=rounds
        )
        if not self.has_peers:
            return
        tipg, floor = f"/collections/bench.polygons/{page}", f"/all/polygons?{ITEM_COLUMNS}"
        for describe, path, has_gzip in (
            (peers.tipg, tipg, True), (peers.floor, floor, False),
            (peers.pygeoapi, f"/collections/polygons/{page}&f=json", False),
        ):  # fmt: skip
            if describe.__name__ in asked.without:
                continue
            ways = [("GeoJSON", path, {}), *([("GeoJSON, gzip", path, gzip)] if has_gzip else [])]
            made = stream(
                lambda one=describe: one(self.folder, self.work, free_port()),  # type: ignore[misc]
                (self.generator, self.logs), ways,
                rounds=1 if describe is peers.pygeoapi else rounds,
            )  # fmt: skip
            found.streamed += made

    def _downloads(self) -> list[tuple[str, str]]:
        """Find the files of the layer by their links, as a client does."""
        import json  # noqa: PLC0415

        server = self._ours("ours", None)
        server.start(self.logs / "links.log")
        try:
            _, body, _ = fetch(server, "/collections/subdistricts?f=json")
            links = json.loads(body).get("links", [])
        finally:
            server.stop()
        found = []
        for link in links:
            if link.get("rel") == "enclosure":
                path = "/" + link["href"].partition("://")[2].partition("/")[2]
                found.append((f"download {path.rpartition('.')[2]}", path))
        return found

    def _ours(self, name: str, memory_mb: int | None) -> Server:
        port = free_port()
        environment = {
            "GEO_DATABASE_URL": self.work.url, "GEO_LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        if memory_mb is not None:
            environment["GEO_MEMORY_MB"] = str(memory_mb)
        command = (*COMMAND, "serve", "--port", str(port), "--workers", "1")
        return Server(name, port, command, environment, ready="/readyz")


def _bare() -> Server:
    port = free_port()
    command = (
        sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--no-access-log",
        "--lifespan", "off", "--no-server-header", "--log-level", "warning", "--port", str(port),
    )  # fmt: skip
    return Server("bare", port, command, {"PYTHONPATH": str(ROOT)}, ready="/bytes/10")
