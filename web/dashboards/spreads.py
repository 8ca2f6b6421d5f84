"""How the values of a map spread: bars in a box, with the median and the place marked."""

from __future__ import annotations

from dataclasses import dataclass

from geo_service.core.text import Lang
from layers.thematic import ThematicMap
from web import figures

WIDTH, HEIGHT = 560.0, 190.0

Bar = tuple[float, float, float, float, int]
Spread = tuple[list[Bar], list[tuple[float, str, str]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Marked:
    """What is marked: the median by its word, the place by its name and value."""

    median: str
    place: str
    value: float | None


def spread(drawn: ThematicMap, marked: Marked, lang: Lang) -> Spread:
    """Place the bars and the marks.

    Parameters
    ----------
    drawn : ThematicMap
        With a histogram.
    marked : Marked
        The place is left out where its value lies beyond those of the map.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    tuple
        Bars (x, y, width, height, number of places), marks (x, name, value), and both ends.
    """
    values = sorted(place.value for place in drawn.places if place.value is not None)
    low, high = values[0], values[-1]
    most = max(drawn.histogram) or 1
    wide = WIDTH / len(drawn.histogram)
    bars = [
        (round(at * wide, 1), round(HEIGHT * (1 - n / most), 1), round(wide - 2, 1),
         round(HEIGHT * n / most, 1), n)
        for at, n in enumerate(drawn.histogram)
    ]  # fmt: skip
    info = figures.with_digits(drawn).indicator
    wanted = ((marked.median, values[len(values) // 2]), (marked.place, marked.value))
    marks = [
        (round(WIDTH * (value - low) / (high - low), 1), name, figures.figure(value, info, lang))
        for name, value in wanted
        if value is not None and high > low and low <= value <= high
    ]
    return bars, marks, (figures.figure(low, info, lang), figures.figure(high, info, lang))
