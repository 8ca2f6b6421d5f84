"""A server under measurement: started, asked whether it is ready, weighed, ended by its pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 60.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """How a server is started, and the process it is while it runs."""

    name: str
    port: int
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    ready: str = "/"
    before: tuple[str, ...] = ()
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, log: Path) -> None:
        """Start it and wait until it answers.

        Raises
        ------
        OSError
            If it does not; the message holds the last of what it said.
        """
        environment = os.environ | self.environment  # noqa: TID251  (handed on)
        self.log = log
        with log.open("wb") as out:
            if self.before:
                subprocess.run(  # noqa: S603
                    self.before, env=environment, stdout=out, stderr=out, check=False
                )
            self.process = subprocess.Popen(  # noqa: S603
                self.command, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.base + self.ready, timeout=10).read()  # noqa: S310
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
            else:
                return
        self.stop()
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise OSError(f"{self.name} does not start: {' '.join(said[-2:])}")

    def stop(self) -> None:
        """End it by its pid."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def memory_mb(self, *, peak: bool) -> float:
        """Weigh the process and its children; their highest resident memory, or that of now."""
        word = "VmHWM:" if peak else "VmRSS:"
        return sum(_status_kb(pid, word) for pid in self._tree()) / 1024

    def beside_bytes(self) -> int:
        """Add up the files without a name that the process holds open."""
        found = 0
        for pid in self._tree():
            for one in Path(f"/proc/{pid}/fd").glob("*"):
                with suppress(OSError):
                    if "/beside/" in str(one.readlink()):
                        found += one.stat().st_size
        return found

    def forget_peak(self) -> None:
        """Let the highest resident memory begin again from that of now."""
        for pid in self._tree():
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")

    def cpu_s(self) -> float:
        """Add up the processor time of the process and its children."""
        return sum(cpu_s(pid) for pid in self._tree())

    def _tree(self) -> list[int]:
        found = [self.process.pid] if self.process else []
        for pid in found:
            try:
                told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
            except OSError:
                continue
            found += [int(child) for child in told.split()]
        return found


def free_port() -> int:
    """Find a port nobody listens on.

    Returns
    -------
    int
        Of this machine.
    """
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def cpu_s(pid: int) -> float:
    """Read the processor time of one process, 0 when it is gone or elsewhere.

    Parameters
    ----------
    pid : int
        Of a process of this machine.

    Returns
    -------
    float
        Seconds, user and system.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _status_kb(pid: int, word: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(word)), 0)
