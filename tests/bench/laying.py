"""Waits until the service has laid its features and tiles beside itself; says what that cost."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.bench.load import fetch
from tests.bench.servers import Server

#: Features of the layers that are asked for, and a kept tile: what is asked first is laid first.
ASKED = (
    "/collections/subdistricts/items?limit=1",
    "/collections/provinces/items?limit=1",
    "/collections/bench-offices/items?limit=1",
    "/tiles/subdistricts/6/49/29.mvt",
)
_PATIENCE_S, _PAUSE_S, _STILL = 60.0, 0.25, 8


def lay(server: Server, asked: Sequence[str] = ASKED) -> list[tuple[str, str]]:
    """Ask for the first time, and wait until nothing is added any more.

    Parameters
    ----------
    server : Server
        Ours, running.
    asked : sequence of str
        Addresses.

    Returns
    -------
    list of (str, str)
        What, and how much; to be told with what preparing costs.
    """
    began, last, since, still, turn = time.perf_counter(), -1, 0.0, 0, 0
    while time.perf_counter() - began < _PATIENCE_S and still < _STILL:
        turn += 1
        is_there = all(_is_there(server, path, turn) for path in asked)
        size = server.beside_bytes()
        still = still + 1 if size == last and size and is_there else 0
        if size != last:
            since = time.perf_counter()
        last = size
        time.sleep(_PAUSE_S)
    seconds = max(since - began, 0.0)
    return [
        ("laid beside the process, s", f"{seconds:.1f}"),
        ("laid beside the process, MB", f"{max(last, 0) / 2**20:,.0f}"),
    ]


def _is_there(server: Server, path: str, turn: int) -> bool:
    if not path.endswith(".mvt"):
        fetch(server, path)
        return True
    # A tile that lies there is given before the framework gives its request a name; one never
    # asked in this way is not remembered.
    _, _, headers = fetch(server, f"{path}?v={turn:x}")
    return "x-request-id" not in headers
