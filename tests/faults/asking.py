"""Callers: one, many at once, a steady stream of them; each is told what he got and how fast."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

#: What a caller got when there was no answer.
BROKEN, NO_ANSWER = 0, -1


@dataclass(frozen=True, slots=True)
class Got:
    """An answer, when it was asked for and how long it took, in seconds."""

    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    asked: float
    took_s: float
    why: str = ""

    @property
    def told(self) -> Any:
        return json.loads(self.body)


def ask(base: str, path: str, *, patience_s: float = 60.0, method: str = "GET",
        body: bytes | None = None, headers: dict[str, str] | None = None) -> Got:  # fmt: skip
    """Ask once, on a connection of its own."""
    parts = urlsplit(base)
    began = time.monotonic()
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience_s)
    try:
        line.request(method, path, body=body, headers={"Accept": "*/*", **(headers or {})})
        answer = line.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        whole = answer.read()
        return Got(path, answer.status, told, whole, began, time.monotonic() - began)
    except TimeoutError:
        return Got(path, NO_ANSWER, {}, b"", began, time.monotonic() - began)
    except (OSError, http.client.HTTPException) as error:
        took = time.monotonic() - began
        return Got(path, BROKEN, {}, b"", began, took, f"{type(error).__name__}: {error}")
    finally:
        line.close()


def ask_all(base: str, paths: Sequence[str], *, patience_s: float = 60.0) -> list[Got]:
    """Ask for all of them at the same time."""
    with ThreadPoolExecutor(len(paths)) as many:
        return list(many.map(lambda path: ask(base, path, patience_s=patience_s), paths))


def p95(times: Sequence[float]) -> float:
    """The time within which nineteen of twenty came, in seconds."""
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


@dataclass
class Stream:
    """So many questions a second, in turn, whether or not the ones before are answered."""

    base: str
    paths: Sequence[str]
    per_s: float
    patience_s: float = 30.0
    got: list[Got] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._many = ThreadPoolExecutor(200)
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._many.shutdown(wait=True)

    def _go(self) -> None:
        number, began = 0, time.monotonic()
        while not self._stop.wait(max(0.0, began + number / self.per_s - time.monotonic())):
            self._many.submit(self._one, self.paths[number % len(self.paths)])
            number += 1

    def _one(self, path: str) -> None:
        self.got.append(ask(self.base, path, patience_s=self.patience_s))
