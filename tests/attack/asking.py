"""Ask a service over one connection that stays open, patiently, and say how far it has come."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

#: What is not there, or not to be had so: told apart from trouble, which ends the attack.
_REFUSED = {400, 404}
#: Busy, or too slow for once: asked again after a while.
_LATER = {429, 503, 504}
_TRIES, _REST_S = 8, 5.0
_PATIENCE_S = 300
_SLOW_S = 20.0


class Asking:
    """Asks one service; ``asked`` counts the questions, ``took_s`` the seconds spent on answers."""

    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self._host, self._port = found.hostname or "127.0.0.1", found.port or 80
        self._line: http.client.HTTPConnection | None = None
        self._started = time.monotonic()
        self.asked, self.took_s = 0, 0.0

    def __call__(self, path: str) -> Any:
        """Give the document under an address; ``None`` when there is none."""
        begun = time.monotonic()
        status, body = self._answer(path)
        took_s = time.monotonic() - begun
        self.asked, self.took_s = self.asked + 1, self.took_s + took_s
        if took_s > _SLOW_S:
            self.say(f"  {took_s:.0f} s, {len(body) / 1e6:.1f} MB: {path[:150]}")
        if status in _REFUSED:
            return None
        if status != http.client.OK:
            raise OSError(f"{status} from {path}: {body[:300]!r}")
        return json.loads(body)

    def say(self, *words: object) -> None:
        """Write a line with the seconds since the beginning, at once."""
        told = " ".join(map(str, words))
        sys.stdout.write(f"{time.monotonic() - self._started:6.0f} s  {told}\n")
        sys.stdout.flush()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Say what a stage took when it is over."""
        asked, took_s, begun = self.asked, self.took_s, time.monotonic()
        yield
        self.say(
            f"{name}: {time.monotonic() - begun:.0f} s,"
            f" {self.asked - asked:,} questions answered in {self.took_s - took_s:.0f} s"
        )

    def _answer(self, path: str) -> tuple[int, bytes]:
        for _ in range(_TRIES):
            try:
                line = self._connected()
                line.request("GET", path, headers={"Accept": "application/json, */*;q=0.1"})
                answer = line.getresponse()
                status, body = answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self._line = None
            else:
                if status not in _LATER:
                    return status, body
            time.sleep(_REST_S)
        raise OSError(f"no answer to {path} after {_TRIES} tries")

    def _connected(self) -> http.client.HTTPConnection:
        if self._line is None:
            self._line = http.client.HTTPConnection(self._host, self._port, timeout=_PATIENCE_S)
        return self._line
