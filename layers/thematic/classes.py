"""The classes of a thematic map: breaks, colours, labels, and the class of every place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layers.analysis import classify, ramps
from layers.analysis.classify import Values
from layers.indicators import IndicatorInfo
from layers.thematic.map import MapClass, Scheme
from layers.thematic.words import SPECIAL, class_labels

SPECIAL_COLOURS = {
    "zero": ramps.ZERO_COLOUR,
    "not_reported": ramps.NOT_REPORTED_COLOUR,
    "not_applicable": ramps.NOT_APPLICABLE_COLOUR,
    "suppressed": ramps.SUPPRESSED_COLOUR,
    "no_forecast": ramps.NOT_REPORTED_COLOUR,
}
#: A zero stands before the ranges; what has no number stands after them.
BEFORE, AFTER = ("zero",), ("not_reported", "not_applicable", "suppressed")


@dataclass(frozen=True, slots=True)
class Classed:
    """Classes in the order of the legend, and for each place the position of its class."""

    classes: tuple[MapClass, ...]
    index: tuple[int, ...]
    is_around_target: bool


def classes_of(
    indicator: IndicatorInfo,
    scheme: Scheme,
    classes: int,
    *,
    spread: Values,
    shown: Sequence[tuple[str, float | None]],
) -> Classed:
    """Class the places of a map.

    Parameters
    ----------
    indicator : IndicatorInfo
        Its ramp, limits, target and direction.
    scheme : str
        How to cut.
    classes : int
        How many classes are wished for.
    spread : ndarray, shape (n,)
        All values the breaks must hold for, other than zero, in the indicator's unit.
    shown : sequence of (str, float or None)
        Status and value of each place, in the indicator's unit.

    Returns
    -------
    Classed
        Range classes always, special ones where they occur.
    """
    edges = classify.breaks(
        spread,
        scheme,
        classes,
        limits=[limit.value for limit in indicator.thresholds],
        centre=indicator.target,
        decimals=indicator.decimals,
    )
    values = np.array([value for status, value in shown if status == "reported"], dtype=np.float64)
    in_class = classify.class_of(values, edges) if edges else np.array([], dtype=np.int64)
    statuses = [status for status, _ in shown]
    before = [kind for kind in BEFORE if kind in statuses]
    after = [kind for kind in AFTER if kind in statuses]
    counts = np.bincount(in_class, minlength=max(len(edges) - 1, 0))
    made = (
        *(special(kind, statuses.count(kind)) for kind in before),
        *_ranges(indicator, scheme, edges, counts.tolist()),
        *(special(kind, statuses.count(kind)) for kind in after),
    )
    position = {entry.kind: place for place, entry in enumerate(made)}
    following = iter(in_class.tolist())
    index = tuple(
        len(before) + next(following) if status == "reported" else position[status]
        for status in statuses
    )
    return Classed(made, index, indicator.target is not None and indicator.target in edges[1:-1])


def _ranges(
    indicator: IndicatorInfo, scheme: Scheme, edges: Sequence[float], counts: Sequence[int]
) -> list[MapClass]:
    if not edges:
        return []
    colours = _colours(indicator, edges)
    labels = class_labels(edges, indicator, with_names=scheme == "policy")
    return [
        MapClass(
            kind="range",
            lower=edges[place],
            upper=edges[place + 1],
            colour=colours[place],
            label=labels[place],
            count=counts[place],
        )
        for place in range(len(edges) - 1)
    ]


def _colours(indicator: IndicatorInfo, edges: Sequence[float]) -> tuple[str, ...]:
    count = len(edges) - 1
    if indicator.target is not None and indicator.target in edges[1:-1]:
        below = list(edges).index(indicator.target)
        above = count - below
        if max(below, above) <= ramps.MOST_A_SIDE:
            return ramps.diverging(below, above, high_is_good=indicator.direction >= 0)
    return ramps.sequential(indicator.ramp, count)


def special(kind: str, count: int) -> MapClass:
    """Make a class of places without a number, or with none.

    Parameters
    ----------
    kind : str
        Status of the places.
    count : int
        How many there are.

    Returns
    -------
    MapClass
        Without limits.
    """
    return MapClass(
        kind=kind,
        lower=None,
        upper=None,
        colour=SPECIAL_COLOURS[kind],
        label=SPECIAL[kind],
        count=count,
    )
