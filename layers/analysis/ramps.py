"""Colour ramps of our own copies of ColorBrewer, and which colours a map takes from them.

Light means little. Diverging ramps are used only around a stated target; their first colour
is the side away from it. No ramp mixes red and green; a test simulates colour blindness.

References
----------
Brewer, C. A. (2002), ColorBrewer, https://colorbrewer2.org; copyright 2002 Cynthia Brewer,
Mark Harrower and The Pennsylvania State University, Apache License 2.0.
"""

from __future__ import annotations

#: Ramp -> number of classes -> colours, light to dark.
SEQUENTIAL: dict[str, dict[int, tuple[str, ...]]] = {
    "YlOrBr": {
        3: ("#fff7bc", "#fec44f", "#d95f0e"),
        4: ("#ffffd4", "#fed98e", "#fe9929", "#cc4c02"),
        5: ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404"),
        6: ("#ffffd4", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#993404"),
        7: ("#ffffd4", "#fee391", "#fec44f", "#fe9929", "#ec7014", "#cc4c02", "#8c2d04"),
    },
    "BuPu": {
        3: ("#e0ecf4", "#9ebcda", "#8856a7"),
        4: ("#edf8fb", "#b3cde3", "#8c96c6", "#88419d"),
        5: ("#edf8fb", "#b3cde3", "#8c96c6", "#8856a7", "#810f7c"),
        6: ("#edf8fb", "#bfd3e6", "#9ebcda", "#8c96c6", "#8856a7", "#810f7c"),
        7: ("#edf8fb", "#bfd3e6", "#9ebcda", "#8c96c6", "#8c6bb1", "#88419d", "#6e016b"),
    },
    "GnBu": {
        3: ("#e0f3db", "#a8ddb5", "#43a2ca"),
        4: ("#f0f9e8", "#bae4bc", "#7bccc4", "#2b8cbe"),
        5: ("#f0f9e8", "#bae4bc", "#7bccc4", "#43a2ca", "#0868ac"),
        6: ("#f0f9e8", "#ccebc5", "#a8ddb5", "#7bccc4", "#43a2ca", "#0868ac"),
        7: ("#f0f9e8", "#ccebc5", "#a8ddb5", "#7bccc4", "#4eb3d3", "#2b8cbe", "#08589e"),
    },
    "YlGn": {
        3: ("#f7fcb9", "#addd8e", "#31a354"),
        4: ("#ffffcc", "#c2e699", "#78c679", "#238443"),
        5: ("#ffffcc", "#c2e699", "#78c679", "#31a354", "#006837"),
        6: ("#ffffcc", "#d9f0a3", "#addd8e", "#78c679", "#31a354", "#006837"),
        7: ("#ffffcc", "#d9f0a3", "#addd8e", "#78c679", "#41ab5d", "#238443", "#005a32"),
    },
    "PuBu": {
        3: ("#ece7f2", "#a6bddb", "#2b8cbe"),
        4: ("#f1eef6", "#bdc9e1", "#74a9cf", "#0570b0"),
        5: ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
        6: ("#f1eef6", "#d0d1e6", "#a6bddb", "#74a9cf", "#2b8cbe", "#045a8d"),
        7: ("#f1eef6", "#d0d1e6", "#a6bddb", "#74a9cf", "#3690c0", "#0570b0", "#034e7b"),
    },
    "RdPu": {
        3: ("#fde0dd", "#fa9fb5", "#c51b8a"),
        4: ("#feebe2", "#fbb4b9", "#f768a1", "#ae017e"),
        5: ("#feebe2", "#fbb4b9", "#f768a1", "#c51b8a", "#7a0177"),
        6: ("#feebe2", "#fcc5c0", "#fa9fb5", "#f768a1", "#c51b8a", "#7a0177"),
        7: ("#feebe2", "#fcc5c0", "#fa9fb5", "#f768a1", "#dd3497", "#ae017e", "#7a0177"),
    },
    "YlGnBu": {
        3: ("#edf8b1", "#7fcdbb", "#2c7fb8"),
        4: ("#ffffcc", "#a1dab4", "#41b6c4", "#225ea8"),
        5: ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494"),
        6: ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"),
        7: ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84"),
    },
}  # fmt: skip

#: Ramp -> even number of classes -> colours, from one side through the target to the other.
DIVERGING: dict[str, dict[int, tuple[str, ...]]] = {
    "PuOr": {
        4: ("#e66101", "#fdb863", "#b2abd2", "#5e3c99"),
        6: ("#b35806", "#f1a340", "#fee0b6", "#d8daeb", "#998ec3", "#542788"),
    },
    "BrBG": {
        4: ("#a6611a", "#dfc27d", "#80cdc1", "#018571"),
        6: ("#8c510a", "#d8b365", "#f6e8c3", "#c7eae5", "#5ab4ac", "#01665e"),
    },
}  # fmt: skip

DEFAULT_RAMP = "YlGnBu"
DIVERGING_RAMP = "PuOr"
FEWEST, MOST, MOST_A_SIDE = 2, 7, 3

NOT_REPORTED_COLOUR = "#c9ced6"
NOT_APPLICABLE_COLOUR = "#ffffff"
SUPPRESSED_COLOUR = "#8f96a3"
ZERO_COLOUR = "#fbfbf7"


def sequential(ramp: str, classes: int) -> tuple[str, ...]:
    """Take colours for classes in one direction.

    Parameters
    ----------
    ramp : str
        Name of the ramp; an unknown one gives the default ramp.
    classes : int
        How many colours, 1 to 7.

    Returns
    -------
    tuple of str
        ``#rrggbb``, light to dark.

    Raises
    ------
    ValueError
        If there are no or more than seven classes.

    References
    ----------
    Brewer, C. A. (2002), ColorBrewer, https://colorbrewer2.org.
    """
    if not 1 <= classes <= MOST:
        raise ValueError(f"a ramp has 1 to {MOST} colours, not {classes}")
    steps = SEQUENTIAL.get(ramp, SEQUENTIAL[DEFAULT_RAMP])
    if classes == 1:
        return (steps[3][1],)
    if classes == FEWEST:
        return (steps[3][0], steps[3][2])
    return steps[classes]


def diverging(below: int, above: int, *, high_is_good: bool) -> tuple[str, ...]:
    """Take colours for classes on the two sides of a target.

    Parameters
    ----------
    below, above : int
        How many classes lie under and over the target, at most three each.
    high_is_good : bool
        Whether the side over the target is the wished one; the other side is orange.

    Returns
    -------
    tuple of str
        ``#rrggbb`` from the lowest class to the highest; darkest farthest from the target.

    Raises
    ------
    ValueError
        If a side has more than three classes.

    References
    ----------
    Brewer, C. A. (2002), ColorBrewer, https://colorbrewer2.org.
    """
    side = max(below, above, 2)
    if side * 2 not in DIVERGING[DIVERGING_RAMP]:
        raise ValueError(f"a side of a diverging ramp has at most 3 colours, not {side}")
    colours = DIVERGING[DIVERGING_RAMP][side * 2]
    colours = colours if high_is_good else colours[::-1]
    return colours[side - below : side + above]
