"""Runs the benchmarks; ``make bench`` calls this.

``make bench`` runs all, ``make bench ARGS="tiles items"`` some parts, ``make bench ARGS=--quick``
all of it on the sample in a minute or two. Tables go to the terminal and to ``.benchmarks``.
"""

from __future__ import annotations

import argparse
import signal
import sys

from tests.bench import cube, forecasts, hexagons, layers, overload, report
from tests.bench.workload import ROOT

KNOWN = (*layers.PARTS, "hexagons", "forecasts", "cube", "overload")


def main() -> None:
    """Run what was asked for."""
    # Told to end, the servers are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(KNOWN)}; or all")
    parser.add_argument("--quick", action="store_true", help="the sample, once, briefly")
    parser.add_argument("--anew", action="store_true", help="make the database again")
    parser.add_argument("--rounds", type=int, default=3, help="the middle of so many counts")
    parser.add_argument("--without", nargs="*", default=[], help="peers that are not asked")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/")
    asked = parser.parse_args()
    if wrong := sorted(set(asked.parts) - set(KNOWN)):
        parser.error(f"no such part: {' '.join(wrong)}; there are {' '.join(KNOWN)}")
    parts = asked.parts or KNOWN
    chosen = [part for part in parts if part in layers.PARTS]
    if chosen:
        found = report.Findings()
        try:
            how = layers.Asked(chosen, asked.quick, asked.anew, asked.rounds, asked.without)
            layers.main(how, found)
        finally:
            path = report.write(found, ROOT / ".benchmarks")
            print(report.as_markdown(found))  # noqa: T201
            print(f"written: {path.relative_to(ROOT)}")  # noqa: T201
        if asked.docs:
            report.publish(found, ROOT / "docs" / "speed.md")
    if "hexagons" in parts:
        hexagons.bench([100_000] if asked.quick else [1_000_000], repeat=1 if asked.quick else 3)
    if "forecasts" in parts:
        forecasts.bench(quick=asked.quick)
    if "cube" in parts:
        print(cube.bench(quick=asked.quick))  # noqa: T201
    if "overload" in parts:
        document = ROOT / "docs" / "operations.md" if asked.docs else None
        print(overload.as_markdown(overload.main(document, is_quick=asked.quick)))  # noqa: T201


if __name__ == "__main__":
    main()
