"""A whole layer at once: how long it takes and how much the server grows while it streams."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import laying
from tests.bench.load import Generator, fetch
from tests.bench.servers import Server

#: Found at the speed of reading: whoever counts more slowly would hold the server up.
_GEOJSON_FEATURE = b'"Feature"'
_TAIL_BYTES = 64
_FIRST = "/collections/subdistricts/items?limit=1"
#: What it is, its path, headers of the request.
Asked = tuple[str, str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Streamed:
    """One way to get a whole layer."""

    server: str
    what: str
    seconds: float
    megabytes: float
    features: int | None
    growth_mb: float
    #: Processor time of the server and its database connections.
    cpu_s: float
    status: int


def stream(
    describe: Callable[[], Server],
    measured: tuple[Generator, Path],
    asked: Sequence[Asked],
    *,
    rounds: int,
) -> list[Streamed]:
    """Fetch whole layers from a fresh server, one after another.

    Parameters
    ----------
    describe : callable
        Describes the server; it is started anew for every way, for a process keeps what it took.
    measured : tuple of (Generator, Path)
        Reads processor time; where logs go.
    asked : sequence of (str, str, mapping)
        Ways to get the layer.
    rounds : int
        Times; the middle one counts, the growth is the first one's.

    Returns
    -------
    list of Streamed
        In the same order.
    """
    made = []
    generator, folder = measured
    for one in asked:
        server = describe()
        server.start(folder / f"{server.name}-whole.log")
        try:
            made.append(_streamed(generator, server, one, rounds))
        finally:
            server.stop()
    return made


def _streamed(generator: Generator, server: Server, asked: Asked, rounds: int) -> Streamed:
    what, path, headers = asked
    # Connections and caches of the start are no growth; ours has its features beside it, and has
    # met the form of the question.
    for _ in range(3):
        fetch(server, server.ready)
    if server.name == "ours":
        laying.lay(server, [_FIRST if "?" not in path else path.replace("10000", "1")])
    before = server.memory_mb(peak=False)
    server.forget_peak()
    took, size, count, status = [], 0, None, 0
    growth, cpu = 0.0, []
    for turn in range(rounds):
        began, used = time.perf_counter(), generator.cpu_s(server)
        status, size, count = _read(server, path, headers)
        took.append(time.perf_counter() - began)
        cpu.append(generator.cpu_s(server) - used)
        if turn == 0:
            growth = server.memory_mb(peak=True) - before
    size_mb = size / 1e6
    return Streamed(server.name, what, median(took), size_mb, count, growth, median(cpu), status)


def _read(server: Server, path: str, headers: Mapping[str, str]) -> tuple[int, int, int | None]:
    # curl keeps nothing; what it reads is counted on the way when it is plain GeoJSON.
    told = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    reading = subprocess.Popen(  # noqa: S603
        ["curl", "-s", "--max-time", "300", "-w", "\n%{http_code}", *told, server.base + path],  # noqa: S607
        stdout=subprocess.PIPE,
    )
    out = reading.stdout
    if out is None:
        raise OSError("curl says nothing")
    size, count, tail, last = 0, 0, b"", b""
    is_json = not headers and "." not in path.rpartition("/")[2]
    while chunk := out.read(1 << 20):
        size += len(chunk)
        last = (last + chunk)[-_TAIL_BYTES:]
        if is_json:
            # Too short an end to hold one, long enough for one that is cut.
            count += (tail + chunk).count(_GEOJSON_FEATURE)
            tail = chunk[1 - len(_GEOJSON_FEATURE) :]
    reading.wait()
    status = int(last.rpartition(b"\n")[2] or b"0")
    return status, size - 4, count if is_json else None
