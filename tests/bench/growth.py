"""How the cost of one question grows with the size of the layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.goals import Row


@dataclass(frozen=True, slots=True)
class Slope:
    """Time of an answer at each size, and the slope of its logarithm: 0 flat, 1 in proportion."""

    title: str
    server: str
    milliseconds: tuple[float, ...]
    slope: float


def slopes(rows_of_size: Mapping[int, Sequence[Row]]) -> list[Slope]:
    """Compare the same works at several sizes.

    Parameters
    ----------
    rows_of_size : mapping of int to sequence of Row
        For each number of features, the same works in the same order.

    Returns
    -------
    list of Slope
        For each work and server that answered at every size.
    """
    sizes = sorted(rows_of_size)
    found = []
    for same in zip(*(rows_of_size[size] for size in sizes), strict=True):
        title = same[-1].title.partition(", ")[2]
        for server in same[0].rates:
            if not all(server in row.rates for row in same):
                continue
            times = tuple(1e3 / row.rates[server].requests_s for row in same)
            slope = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
            found.append(Slope(title, server, times, slope if math.isfinite(slope) else 0.0))
    return found
