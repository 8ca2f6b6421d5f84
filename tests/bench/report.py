"""The table: on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.goals import LARGEST_GROWTH_MB, Row
from tests.bench.growth import Slope
from tests.bench.load import Rate
from tests.bench.streaming import Streamed

_PEERS = ("tipg", "pygeoapi", "floor", "bare")


@dataclass(slots=True)
class Findings:
    """Everything one run found."""

    about: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    streamed: list[Streamed] = field(default_factory=list)
    slopes: list[Slope] = field(default_factory=list)
    prepared: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def machine() -> dict[str, str]:
    """Describe the machine and how busy it is.

    Returns
    -------
    dict of str to str
        What, and what is said.
    """
    cpu = next(
        (line.partition(":")[2].strip()
         for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {cpu}",
        "Python": platform.python_version(),
        "load before": " ".join(f"{one:.1f}" for one in os.getloadavg()),
    }


def as_markdown(found: Findings) -> str:
    """Write the tables.

    Parameters
    ----------
    found : Findings
        Of a run.

    Returns
    -------
    str
        Markdown.
    """
    parts = ["".join(f"- {what}: {said}\n" for what, said in found.about.items())]
    if found.rows:
        parts.append(_rates_table([row for row in found.rows if "bare" not in row.rates]))
        parts.append(_rates_table([row for row in found.rows if "bare" in row.rates]))
    if found.streamed:
        parts.append(_streamed_table(found.streamed))
    if found.slopes:
        parts.append(_slopes_table(found.slopes))
    if found.prepared:
        parts.append(_table(("preparing", ""), found.prepared))
    notes = [f"{row.title}, {row.clients}: {note}" for row in found.rows for note in row.notes]
    notes = list(dict.fromkeys(found.missing + notes))
    if notes:
        parts.append("Told on the way:\n\n" + "".join(f"- {note}\n" for note in notes))
    met = [row.is_met(peer) for row in found.rows for peer in _PEERS]
    met += [met for _, _, met in whole_ratios(found.streamed)]
    decided = [one for one in met if one is not None]
    parts.append(f"Goals met: {sum(decided)} of {len(decided)}.\n")
    return "\n".join(part for part in parts if part)


def write(found: Findings, folder: Path) -> Path:
    """Write a run to files.

    Parameters
    ----------
    found : Findings
        Of a run.
    folder : Path
        Where to.

    Returns
    -------
    Path
        The Markdown; the JSON is beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"layers-{datetime.now(UTC):%Y%m%d-%H%M%S}.md"
    path.write_text(as_markdown(found), encoding="utf-8")
    told = json.dumps(asdict(found), ensure_ascii=False, indent=1, default=str)
    path.with_suffix(".json").write_text(told + "\n", encoding="utf-8")
    return path


def publish(found: Findings, document: Path) -> None:
    """Put the tables of a run between the marks of a document.

    Parameters
    ----------
    found : Findings
        Of a complete run.
    document : Path
        Markdown.
    """
    before, mark, rest = document.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    _, end, after = rest.partition("<!-- end -->")
    document.write_text(before + mark + as_markdown(found) + end + after, encoding="utf-8")


def whole_ratios(streamed: Sequence[Streamed]) -> list[tuple[str, str, bool]]:
    """Compare ways to get a whole layer with the goals.

    Parameters
    ----------
    streamed : sequence of Streamed
        Of every server.

    Returns
    -------
    list of (str, str, bool)
        What, the ratio or the megabytes, and whether it is enough.
    """
    seconds = {(one.server, one.what): one.seconds for one in streamed if one.status == 200}
    ours = seconds.get(("ours", "GeoJSON"))
    found = []
    for peer, goal in (("tipg", 15.0), ("floor", 5.0)):
        other = seconds.get((peer, "GeoJSON"))
        if ours and other:
            found.append((f"whole layer against {peer}", f"{other / ours:.1f}x (goal {goal:g}x)",
                          other / ours >= goal))  # fmt: skip
    growth = max((one.growth_mb for one in streamed
                  if one.server == "ours" and one.what == "GeoJSON"), default=None)  # fmt: skip
    if growth is not None:
        found.append(("memory growth while streaming",
                      f"{growth:.0f} MB (goal below {LARGEST_GROWTH_MB:.0f})",
                      growth < LARGEST_GROWTH_MB))  # fmt: skip
    return found


def _rates_table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    peers = [peer for peer in _PEERS if any(peer in row.rates for row in rows)]
    heads = ["work", "clients", "ours /s", "p50, p99 ms", *(f"{peer} /s" for peer in peers)]
    heads += [f"x {peer} (goal)" for peer in peers if peer != "pygeoapi"]
    heads += ["CPU ms " + "/".join(("ours", *(p for p in peers if p != "pygeoapi")))]
    heads += ["peak MB", "errors", "features"]
    lines = []
    for row in rows:
        ours = row.rates.get("ours")
        line = [row.title, str(row.clients), _rate(ours), _waiting(ours)]
        line += [_rate(row.rates.get(peer)) for peer in peers]
        line += [_verdict(row, peer) for peer in peers if peer != "pygeoapi"]
        line += [_each(row, peers, "cpu_ms", ".2f"), _each(row, peers, "peak_mb", ".0f")]
        line += [_each(row, peers, "errors", "d")]
        line += ["/".join(f"{row.features.get(name, '-')}" for name in _compared(peers))]
        lines.append(line)
    return _table(heads, lines)


def _streamed_table(streamed: Sequence[Streamed]) -> str:
    lines = [
        (one.server, one.what, f"{one.seconds:.2f}", f"{one.megabytes:.1f}",
         "-" if one.features is None else f"{one.features:,}", f"{one.growth_mb:.0f}",
         f"{one.cpu_s:.2f}", str(one.status))
        for one in streamed
    ]  # fmt: skip
    heads = ("server", "whole layer", "seconds", "MB", "features", "grew by MB", "CPU s", "status")
    told = "".join(f"- {what}: {said} {_mark(met)}\n" for what, said, met in whole_ratios(streamed))
    return _table(heads, lines) + "\n" + told


def _slopes_table(slopes: Sequence[Slope]) -> str:
    heads = ("growth", "server", "ms at 1x", "10x", "100x", "log-log slope")
    lines = [
        (one.title, one.server, *(f"{ms:.2f}" for ms in one.milliseconds), f"{one.slope:+.2f}")
        for one in slopes
    ]
    return _table(heads, lines)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [
        max(len(str(line[at])) for line in (heads, *lines)) for at in range(len(heads))
    ]  # fmt: skip

    def written(cells: Sequence[str]) -> str:
        return "| " + " | ".join(
            str(cell).ljust(width) for cell, width in zip(cells, widths, strict=True)
        ) + " |\n"  # fmt: skip

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|\n"
    return written(heads) + rule + "".join(written(line) for line in lines)


def _compared(peers: Sequence[str]) -> list[str]:
    return ["ours", *(peer for peer in peers if peer != "pygeoapi")]


def _each(row: Row, peers: Sequence[str], name: str, form: str) -> str:
    return "/".join(
        format(getattr(row.rates[one], name), form) if one in row.rates else "-"
        for one in _compared(peers)
    )


def _rate(rate: Rate | None) -> str:
    if rate is None or math.isnan(rate.requests_s):
        return "-"
    return f"{rate.requests_s:,.0f}" if rate.requests_s >= 100 else f"{rate.requests_s:.1f}"


def _waiting(rate: Rate | None) -> str:
    return "-" if rate is None else f"{rate.p50_ms:.2f}, {rate.p99_ms:.1f}"


def _verdict(row: Row, peer: str) -> str:
    ratio, goal, met = row.ratio(peer), row.goal.of(peer), row.is_met(peer)
    if ratio is None:
        return "-"
    digits = f"{ratio:.2f}" if peer == "bare" else f"{ratio:.1f}"
    return digits if goal is None else f"{digits} ({goal:g}) {_mark(met)}"


def _mark(met: bool | None) -> str:
    return "" if met is None else "✓" if met else "✗"
