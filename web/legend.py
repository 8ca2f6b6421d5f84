"""The legend as the page shows it: classes with counts, special classes, a small histogram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from geo_service.core.text import Lang
from layers.thematic import MapClass, MapPlace, ThematicMap
from layers.words import STATUS_NAMES
from web.figures import CLASSES
from web.words import number

#: Fill of the classes that are no numbers: ids of patterns in ``templates/_patterns.svg``.
PATTERNS: Final = {
    "not_reported": "url(#hatch)",
    "not_applicable": "#ffffff",
    "suppressed": "#8b95a3",
    "no_forecast": "#dfe3e8",
}
BAR_HEIGHT: Final = 44
BAR_WIDTH: Final = 10
COUNT_WIDTH: Final = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One class; ``bar`` is its count as a width out of 64."""

    index: int
    kind: str
    fill: str
    label: str
    count: int
    bar: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram, in the units of its view box."""

    x: float
    y: float
    height: float
    fill: str
    index: int


@dataclass(frozen=True, slots=True)
class Legend:
    """Everything the legend draws."""

    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    lowest: str
    highest: str
    width: int
    height: int = BAR_HEIGHT

    @property
    def ranges(self) -> tuple[Row, ...]:
        """The classes that are ranges of numbers, lowest first."""
        return tuple(row for row in self.rows if row.kind == "range")


def build(thematic: ThematicMap, lang: Lang) -> Legend:
    """Prepare the legend of a map.

    Parameters
    ----------
    thematic : ThematicMap
        Its classes come in the order of the legend.
    lang : {"th", "en"}
        Language of the labels.

    Returns
    -------
    Legend
        Special classes only where they occur.
    """
    most = max((entry.count for entry in thematic.classes), default=0) or 1
    rows = tuple(
        Row(
            index=index,
            kind=entry.kind,
            fill=fill_of(entry),
            label=entry.label.in_(lang) or STATUS_NAMES[entry.kind].in_(lang),
            count=entry.count,
            bar=round(COUNT_WIDTH * entry.count / most, 1),
        )
        for index, entry in enumerate(thematic.classes)
        if entry.kind == "range" or entry.count
    )
    low, high = _ends(thematic)
    decimals = thematic.indicator.decimals
    return Legend(
        rows=rows,
        bars=_bars(thematic, low, high),
        lowest=number(low, decimals),
        highest=number(high, decimals),
        width=BAR_WIDTH * max(len(thematic.histogram), 1),
    )


def counts_beside(
    then: ThematicMap, now: ThematicMap, lang: Lang
) -> tuple[tuple[Row, int, int], ...]:
    """Count the places of each class in two maps of the same classes.

    Parameters
    ----------
    then, now : ThematicMap
        Of two periods.
    lang : {"th", "en"}
        Language of the labels.

    Returns
    -------
    tuple of (Row, int, int)
        Each class that occurs in either, with its places then and now.
    """
    before, after = ({row.label: row for row in build(one, lang).rows} for one in (then, now))
    known = {**after, **before}.items()
    counts = ((row, _count(before, label), _count(after, label)) for label, row in known)
    return tuple(one for one in counts if one[1] or one[2])


def _count(rows: Mapping[str, Row], label: str) -> int:
    return rows[label].count if label in rows else 0


def fill_of(entry: MapClass) -> str:
    """Give the fill of a class: its colour, or the pattern of a class without numbers.

    Parameters
    ----------
    entry : MapClass
        Any class.

    Returns
    -------
    str
        A colour, or ``url(#hatch)``.
    """
    return PATTERNS.get(entry.kind, entry.colour)


def class_of(place: MapPlace, classes: tuple[MapClass, ...]) -> int | None:
    """Find a place's class, special classes included.

    Parameters
    ----------
    place : MapPlace
        One place.
    classes : tuple of MapClass
        The map's classes.

    Returns
    -------
    int or None
        Position in ``classes``; ``None`` when no class fits.
    """
    if place.class_index is not None:
        return place.class_index
    kinds = [entry.kind for entry in classes]
    return kinds.index(place.status) if place.status in kinds else None


def _ends(thematic: ThematicMap) -> tuple[float | None, float | None]:
    values = [place.value for place in thematic.places if place.value is not None]
    if values and thematic.level != "hexbin":
        return min(values), max(values)
    # a map of hexagons carries its highest places alone: its histogram spans its classes
    ranges = [entry for entry in thematic.classes if entry.kind == "range"]
    return (ranges[0].lower, ranges[-1].upper) if ranges else (None, None)


def _bars(thematic: ThematicMap, low: float | None, high: float | None) -> tuple[Bar, ...]:
    # classes in words have no axis to lie on
    counts = () if thematic.indicator.space_agg == CLASSES else thematic.histogram
    if low is None or high is None or not counts or not max(counts):
        return ()
    step = (high - low) / len(counts)
    bars = []
    for position, count in enumerate(counts):
        height = round(max(BAR_HEIGHT * count / max(counts), 1.5 if count else 0), 1)
        index = _range_of(low + step * (position + 0.5), thematic.classes)
        bars.append(
            Bar(
                x=position * BAR_WIDTH,
                y=BAR_HEIGHT - height,
                height=height,
                fill=thematic.classes[index].colour,
                index=index,
            )
        )
    return tuple(bars)


def _range_of(value: float, classes: tuple[MapClass, ...]) -> int:
    ranges = [
        (index, entry.lower if entry.lower is not None else float("-inf"))
        for index, entry in enumerate(classes)
        if entry.kind == "range"
    ]
    fitting = [index for index, lower in ranges if value >= lower]
    return fitting[-1] if fitting else (ranges[0][0] if ranges else 0)
