"""What a thematic map is made of: classes, places, sources, and the map itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers.indicators import IndicatorInfo

Scheme = Literal["quantile", "equal", "natural", "stddev", "policy"]
Status = Literal["reported", "zero", "not_reported", "not_applicable", "suppressed"]
SCHEMES: tuple[Scheme, ...] = ("quantile", "equal", "natural", "stddev", "policy")


@dataclass(frozen=True, slots=True)
class MapClass:
    """One class of the legend; ``count`` places of the period shown are in it.

    ``kind`` is ``range`` (half-open: lower <= value < upper, the last one closed), or one of
    the special classes ``zero not_reported not_applicable suppressed``, whose limits are None.
    """

    kind: str
    lower: float | None
    upper: float | None
    colour: str
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class MapPlace:
    """One place on the map; numbers in the indicator's unit.

    ``class_index`` points into the classes of the map, special ones included. ``rank`` 1 has
    the highest value among the ``rank_of`` peers with a value: all places of the level, or all
    organisations of the same kind. ``previous`` is the value of the period before, None when
    a break of the series lies between.
    """

    id: int
    code: str
    name: Text
    within: Text
    value: float | None
    numerator: float | None
    denominator: float | None
    status: Status
    class_index: int | None
    rank: int | None
    rank_of: int | None
    previous: float | None
    reporting: int
    expected: int
    basis: str
    flags: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the numbers come from."""

    dataset_id: str
    title: Text
    publisher: Text
    licence: str
    attribution: Text
    url: str
    version: int
    loaded_on: str


@dataclass(frozen=True, slots=True)
class ThematicMap:
    """Everything a thematic map shows, in the order the legend shows it.

    ``bbox`` is west, south, east, north in degrees EPSG:4326. ``histogram`` counts values in
    equally wide bins between the least and the greatest value shown. ``notes`` say what a
    reader must know: sample or illustrative data, old denominators, few reports. ``breaks``
    are the days on which the series changed its meaning. ``against`` is the earlier period of
    a map of differences, whose values are the period's less that period's.
    """

    indicator: IndicatorInfo
    level: str
    region_scheme: str | None
    period: Period
    periods: tuple[Period, ...]
    levels: tuple[str, ...]
    area_code: str | None
    area_name: Text | None
    bbox: tuple[float, float, float, float]
    scheme: Scheme
    method: Text
    classes: tuple[MapClass, ...]
    places: tuple[MapPlace, ...]
    total: MapPlace | None
    histogram: tuple[int, ...]
    reporting: int
    expected: int
    sources: tuple[Source, ...]
    breaks_note: Text | None
    is_sample: bool
    is_illustrative: bool
    version: str
    title: Text
    notes: tuple[Text, ...] = ()
    breaks: tuple[date, ...] = ()
    against: Period | None = None
