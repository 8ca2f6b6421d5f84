# ruff: noqa: PLR2004  (the shares and years of made-up data are plain numbers)
"""The ground facilities are put on: sub-districts, who lives there, who is in charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sample_build.cells import Cell
from sample_build.organisations import Organisation
from sample_build.rounding import Floats


@dataclass(frozen=True, slots=True)
class Facility:
    """A point with its properties (EPSG:4326)."""

    code: str
    name_th: str
    name_en: str
    point: tuple[float, float]
    area: str
    properties: dict[str, str | int | float]


class Ground:
    """Sub-districts to put things in, with who lives there and who is in charge."""

    def __init__(
        self, cells: Sequence[Cell], people: Floats, lower: Sequence[Organisation], seed: int
    ) -> None:
        self.cells = list(cells)
        self.people = people
        self.rng = np.random.default_rng([seed, 12])
        self.owner: dict[str, Organisation] = {}
        for one in lower:
            for at in one.covers:
                if at.code not in self.owner or at.share_pop > 0.5:
                    self.owner[at.code] = one

    def draw(self, weight: Floats, count: int, *, repeat: bool) -> list[int]:
        """Draw sub-districts by weight.

        Parameters
        ----------
        weight : ndarray
            By sub-district.
        count : int
            How many.
        repeat : bool
            Whether one may be drawn again.

        Returns
        -------
        list of int
            Positions, sorted.
        """
        drawn = self.rng.choice(len(self.cells), count, replace=repeat, p=weight / weight.sum())
        return sorted(drawn.tolist())
