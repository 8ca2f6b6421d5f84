"""Runs every benchmark; ``make bench`` calls this."""

from __future__ import annotations

from tests.bench import hexagons

if __name__ == "__main__":
    hexagons.main()
