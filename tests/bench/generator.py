"""Asks a server over raw sockets that stay open; a process of its own.

``python -m tests.bench.generator`` reads one order as JSON from its input and prints what it saw.
It is exact for slow answers (a run ends when its last answer is complete) and stands in for wrk
where there is none; a core of this machine lets it ask about 6,000 times a second.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_LIMIT_BYTES = 2**26


@dataclass(slots=True)
class _Seen:
    latencies: list[float] = field(default_factory=list)
    bytes: int = 0
    errors: int = 0


async def _ask(order: dict[str, Any], seen: _Seen, clock: dict[str, float], first: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", order["port"], limit=_LIMIT_BYTES)
    paths, at = order["paths"], first
    while time.perf_counter() < clock["end"] or len(seen.latencies) < order["least"]:
        path, _, tag = paths[at % len(paths)].partition("\t")
        at += order["clients"]
        headers = "".join(f"{name}: {value}\r\n" for name, value in order["headers"].items())
        headers += f"If-None-Match: {tag}\r\n" if tag else ""
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        try:
            status, size = await asyncio.wait_for(_read(reader), order["patience_s"])
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            seen.errors += 1
            writer.close()
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", order["port"], limit=_LIMIT_BYTES
            )
            if seen.errors >= order["least"]:
                return
            continue
        seen.latencies.append(time.perf_counter() - began)
        seen.bytes += size
        seen.errors += status >= 400
    writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    if status in {204, 304}:
        return status, len(head)
    if b"transfer-encoding: chunked" in lower:
        size = 0
        while length := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(length + 2)
            size += length
        await reader.readexactly(2)
        return status, len(head) + size
    length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
    left = length
    while left:
        left -= len(await reader.readexactly(min(left, 1 << 20)))
    return status, len(head) + length


async def _run(order: dict[str, Any]) -> dict[str, float]:
    seen = _Seen()
    began = time.perf_counter()
    clock = {"end": began + order["seconds"]}
    await asyncio.gather(*(_ask(order, seen, clock, n) for n in range(order["clients"])))
    seconds = time.perf_counter() - began
    slow = sorted(seen.latencies) or [math.nan]
    return {
        "requests": len(seen.latencies), "seconds": seconds, "bytes": seen.bytes,
        "p50_ms": 1e3 * slow[len(slow) // 2],
        "p99_ms": 1e3 * slow[min(len(slow) - 1, int(len(slow) * 0.99))],
        "errors": seen.errors,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(json.load(sys.stdin)))))  # noqa: T201
