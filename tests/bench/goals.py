"""What was promised: least ratios to a peer and to plain SQL, by work and clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.load import Rate


@dataclass(frozen=True, slots=True)
class Goal:
    """Least times as fast as tipg, as the floor, as a bare server; None where nothing is said."""

    tipg: float | None = None
    floor: float | None = None
    bare: float | None = None

    def of(self, peer: str) -> float | None:
        """Read the goal against one server."""
        return {"tipg": self.tipg, "floor": self.floor, "bare": self.bare}.get(peer)


#: By work; by work and clients where they differ.
GOALS: Mapping[str, Goal] = {
    "tile-built-z6": Goal(10, 7),
    "tile-built-z9": Goal(6, 4),
    "tile-built-z12": Goal(6, 1.2),
    "tile-prepared-z6": Goal(250),
    "tile-prepared-z9": Goal(40),
    "tile-prepared-z12": Goal(12),
    "tile-points-100-z6": Goal(18),
    "tile-points-100-z9": Goal(20),
    "tile-points-100-z12": Goal(4),
    "items-box 1": Goal(9, 2),
    "items-box 16": Goal(18, 2),
    "items-box 64": Goal(20, 2),
    "filter-attribute": Goal(12, 3),
    "filter-cql2": Goal(14, 3),
    "whole": Goal(15, 5),
    "cached-tile": Goal(bare=0.7),
    "cached-page": Goal(bare=0.7),
    "cached-304": Goal(bare=0.7),
}
#: Megabytes by which the server may grow while a whole layer streams.
LARGEST_GROWTH_MB = 40.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what every server did with one work."""

    key: str
    title: str
    clients: int
    rates: Mapping[str, Rate]
    #: Features in the answers that were compared: ours, and another server's.
    features: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def goal(self) -> Goal:
        """What was promised for this work and so many clients."""
        return GOALS.get(f"{self.key} {self.clients}", GOALS.get(self.key, Goal()))

    def ratio(self, peer: str, *, of_cpu: bool = False) -> float | None:
        """Tell how many times as fast ours is, by answers a second or by processor time."""
        ours, other = self.rates.get("ours"), self.rates.get(peer)
        if ours is None or other is None:
            return None
        above, below = (other.cpu_ms, ours.cpu_ms) if of_cpu else (
            ours.requests_s, other.requests_s)  # fmt: skip
        return above / below if below else None

    def is_met(self, peer: str) -> bool | None:
        """Tell whether the goal against a server is met; None when there is none."""
        goal, ratio = self.goal.of(peer), self.ratio(peer)
        return None if goal is None or ratio is None else ratio >= goal
