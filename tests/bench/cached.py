"""Answers remembered and answers not changed, against a server that does nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.goals import Row
from tests.bench.load import Generator, Load, Rate, fetch, middle
from tests.bench.questions import Work
from tests.bench.rows import Patience
from tests.bench.servers import Server

CLIENTS, TILES = 16, 12


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers that are asked in turn, and who asks."""

    generator: Generator
    ours: Server
    bare: Server
    patience: Patience

    def against_bare(self, tiles: Work, page: Work) -> list[Row]:
        """Measure remembered answers and 304 beside bare ones of the same sizes.

        Parameters
        ----------
        tiles : Work
            Some of its tiles are asked in turn.
        page : Work
            Its first page is asked again and again.

        Returns
        -------
        list of Row
            A cached tile, a cached page, 304.
        """
        drawn, listed = list(tiles.paths["ours"])[:TILES], list(page.paths["ours"])[:1]
        tags = [fetch(self.ours, path)[2].get("etag", "") for path in drawn]
        known = [f"{path}\t{tag}" for path, tag in zip(drawn, tags, strict=True)]
        same = ['/bytes/10000\tW/"43e0fa9959f3128f9d8c6fbb"']
        return [
            self._row("cached-tile", "cached tile", drawn, self._sized(drawn)),
            self._row("cached-page", "cached page", listed, self._sized(listed)),
            self._row("cached-304", "not changed (304)", known, same),
        ]

    def _sized(self, paths: list[str]) -> list[str]:
        return [f"/bytes/{len(fetch(self.ours, path)[1])}" for path in paths]

    def _row(self, key: str, title: str, ours: list[str], bare: list[str]) -> Row:
        rates: dict[str, list[Rate]] = {"ours": [], "bare": []}
        for _ in range(self.patience.rounds):
            for name, server, paths in (("ours", self.ours, ours), ("bare", self.bare, bare)):
                load = Load(paths, CLIENTS, self.patience.seconds)
                rates[name].append(self.generator.measure(server, load))
        told = {name: middle(of) for name, of in rates.items()}
        return Row(key, f"{title}, {told['ours'].bytes_each / 1e3:,.1f} kB", CLIENTS, told, {})
