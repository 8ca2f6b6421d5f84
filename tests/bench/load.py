"""How fast a server answers: requests a second, waiting, errors, bytes, processor time, memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.bench.servers import Server, cpu_s
from tests.bench.workload import query

ROOT = Path(__file__).resolve().parents[2]
#: An answer slower than this is timed by our own generator, which waits for the last one.
_SLOW_S = 0.05
_WRK_PACKAGES = ("wrk", "libluajit-5.1-2", "libluajit-5.1-common")


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server: addresses in turn, by how many clients, for how long.

    An address may be followed by a tab and an ETag. ``least`` answers are waited for however
    slow they are, each as long as ``patience_s``.
    """

    paths: Sequence[str]
    clients: int
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    least: int = 3
    patience_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """What one server did under one load; times in milliseconds, memory in megabytes."""

    requests_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    bytes_each: float
    cpu_ms: float
    peak_mb: float


class Generator:
    """Asks servers; by wrk where there is one, for it costs least beside the server."""

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        self._wrk, self._environment = _find_wrk(folder)

    @property
    def name(self) -> str:
        """What asks."""
        return "wrk" if self._wrk else "our own generator in Python (no wrk found)"

    def measure(self, server: Server, load: Load) -> Rate:
        """Ask for a while.

        Parameters
        ----------
        server : Server
            Running.
        load : Load
            What is asked, and how.

        Returns
        -------
        Rate
            Over the whole run.
        """
        began = time.perf_counter()
        fetch(server, load.paths[0].partition("\t")[0], load.headers)
        is_slow = time.perf_counter() - began > _SLOW_S
        server.forget_peak()
        before = self.cpu_s(server)
        asking = self._by_ourselves if is_slow or self._wrk is None else self._by_wrk
        told = asking(server, load)
        done = max(told["requests"], 1)
        return Rate(
            requests_s=told["requests"] / told["seconds"],
            p50_ms=told["p50_ms"], p99_ms=told["p99_ms"], errors=int(told["errors"]),
            bytes_each=told["bytes"] / done,
            cpu_ms=1e3 * (self.cpu_s(server) - before) / done,
            peak_mb=server.memory_mb(peak=True),
        )  # fmt: skip

    def cpu_s(self, server: Server) -> float:
        """Add up the processor time of a server and of its connections to the database.

        Parameters
        ----------
        server : Server
            Running.

        Returns
        -------
        float
            Seconds since they began.
        """
        # The database works for the server; its processes can be seen when it runs on this machine.
        backends = query(
            self._url, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        )
        return server.cpu_s() + sum(cpu_s(int(str(pid))) for (pid,) in backends)

    def _by_wrk(self, server: Server, load: Load) -> dict[str, float]:
        headers = [
            part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")
        ]
        with NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as listed:
            listed.write("\n".join(load.paths) + "\n")
            listed.flush()
            done = subprocess.run(  # noqa: S603
                [
                    str(self._wrk), "-t1", f"-c{load.clients}",
                    f"-d{max(1, round(load.seconds))}s", "--timeout", f"{load.patience_s:.0f}s",
                    "-s", str(Path(__file__).with_name("wrk.lua")), *headers, server.base,
                    "--", listed.name,
                ],
                env=self._environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
        found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    @staticmethod
    def _by_ourselves(server: Server, load: Load) -> dict[str, float]:
        order = asdict(load) | {"port": server.port}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.generator"],
            input=json.dumps(order), cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found: dict[str, float] = json.loads(done.stdout)
        return found


def fetch(
    server: Server,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    patience_s: float = 60.0,
) -> tuple[int, bytes, dict[str, str]]:
    """Ask once.

    Parameters
    ----------
    server : Server
        Running.
    path : str
        With its query.
    headers : mapping, optional
        Of the request.
    patience_s : float
        How long to wait.

    Returns
    -------
    tuple of (int, bytes, dict)
        Status, body, headers by small names.
    """
    asked = urllib.request.Request(server.base + path, headers=dict(headers or {}))  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=patience_s) as answer:  # noqa: S310
            told = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, answer.read(), told
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def middle(rates: Sequence[Rate]) -> Rate:
    """Take the middle of several runs, each number by itself; errors add up.

    Parameters
    ----------
    rates : sequence of Rate
        One or more.

    Returns
    -------
    Rate
        Medians.
    """

    def of(name: str) -> float:
        return float(statistics.median(getattr(rate, name) for rate in rates))

    return Rate(
        of("requests_s"), of("p50_ms"), of("p99_ms"), sum(rate.errors for rate in rates),
        of("bytes_each"), of("cpu_ms"), max(rate.peak_mb for rate in rates),
    )  # fmt: skip


def _find_wrk(folder: Path) -> tuple[Path | None, dict[str, str]]:
    environment = dict(os.environ)  # noqa: TID251  (handed on)
    found = shutil.which("wrk")
    if found:
        return Path(found), environment
    unpacked = folder / "usr" / "bin" / "wrk"
    if not unpacked.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        # Debian's package laid out in a folder of ours: nothing is installed.
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(  # noqa: S603
            ["apt-get", "download", *_WRK_PACKAGES],  # noqa: S607
            cwd=folder, capture_output=True, check=False,
        )  # fmt: skip
        for package in folder.glob("*.deb"):
            subprocess.run(  # noqa: S603
                ["dpkg", "-x", str(package), str(folder)],  # noqa: S607
                capture_output=True, check=False,
            )  # fmt: skip
    libraries = next(folder.glob("usr/lib/*/libluajit-5.1.so.2"), None)
    if not unpacked.exists() or libraries is None:
        return None, environment
    return unpacked, environment | {"LD_LIBRARY_PATH": str(libraries.parent)}
