"""What a thematic map is made of: classes, places, sources, and the map itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers.indicators import IndicatorInfo

Scheme = Literal["quantile", "equal", "natural", "stddev", "policy"]
Status = Literal[
    "reported", "zero", "not_reported", "not_applicable", "suppressed", "forecast", "no_forecast"
]
SCHEMES: tuple[Scheme, ...] = ("quantile", "equal", "natural", "stddev", "policy")


@dataclass(frozen=True, slots=True)
class MapClass:
    """One class of the legend; ``count`` places of the period shown are in it.

    ``kind`` is ``range`` (half-open: lower <= value < upper, the last one closed), or one of
    the special classes ``zero not_reported not_applicable suppressed no_forecast``, whose limits
    are None.
    """

    kind: str
    lower: float | None
    upper: float | None
    colour: str
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class Span:
    """Between which numbers a forecast lies, in the indicator's unit.

    ``classes`` are the positions of the lowest and the highest class the 80 % interval touches;
    None where there are none.
    """

    low80: float
    high80: float
    low95: float
    high95: float
    classes: tuple[int, int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the 80 % interval reaches into another class."""
        return self.classes is not None and self.classes[0] != self.classes[1]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a map of a coming year rests on.

    ``last`` is the latest period measured, ``ahead`` how many years later the map is. ``score``
    is the back-test of forecasts so far ahead (all together where none reached so far), as it
    was kept; ``sure`` counts the places whose 80 % interval stays within one class.
    """

    last: Period
    ahead: int
    worth: Text
    method: Text
    score: Mapping[str, Any]
    sure: int
    forecast: int


@dataclass(frozen=True, slots=True)
class MapPlace:
    """One place on the map; numbers in the indicator's unit.

    ``class_index`` points into the classes of the map, special ones included. ``rank`` 1 has
    the highest value among the ``rank_of`` peers with a value: all places of the level, or all
    organisations of the same kind. ``previous`` is the value of the period before, None when
    a break of the series lies between. ``span`` is there for forecasts alone, and then
    ``previous`` is the latest value measured.
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
    span: Span | None = None

    @property
    def has_reported(self) -> bool:
        """Whether the place reported, be its value shown or withheld."""
        return self.value is not None or self.status == "suppressed"


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
    a map of differences, whose values are the period's less that period's. ``outlook`` is there
    where the period is still to come, and ``coming`` then holds all that can be asked for.
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
    outlook: Outlook | None = None
    coming: tuple[Period, ...] = ()
