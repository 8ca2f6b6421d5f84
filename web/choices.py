"""The state of a map page: what is asked for, the address that asks for it, the other choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from geo_service.core.periods import Period
from geo_service.core.text import Lang, Text
from layers.analysis.classify import MOST_CLASSES
from layers.indicators import IndicatorInfo
from layers.thematic import SCHEMES, ThematicMap
from layers.words import STATUS_NAMES, THEME_NAMES
from web.words import LEVELS, words
from web.words import SCHEMES as SCHEME_NAMES

#: Two classes hardly make a map; what an address asks for may have them.
CLASS_COUNTS: Final = tuple(range(3, MOST_CLASSES + 1))


@dataclass(frozen=True, slots=True)
class State:
    """One state of a map page; None takes the default."""

    indicator: str
    lang: Lang
    level: str | None = None
    period: str | None = None
    area: str | None = None
    scheme: str | None = None
    classes: int | None = None
    region_scheme: str | None = None
    resolution: int | None = None
    points: str | None = None
    view: str | None = None
    compare: str | None = None

    def query(self) -> str:
        """Write the state as a query string.

        Returns
        -------
        str
            Only what differs from the defaults; ``lang`` always.
        """
        pairs = {
            "level": self.level,
            "period": self.period,
            "compare": self.compare,
            "area": self.area,
            "scheme": self.scheme,
            "classes": self.classes,
            "region_scheme": self.region_scheme,
            "resolution": self.resolution,
            "points": self.points,
            "view": self.view,
            "lang": self.lang,
        }
        return urlencode({key: value for key, value in pairs.items() if value not in {None, ""}})

    def address(self, base: str = "/maps/", suffix: str = "") -> str:
        """Give the address of the state.

        Parameters
        ----------
        base : str
            ``/maps/`` or ``/embed/maps/``.
        suffix : str
            ``.json`` or ``.csv`` for the data.

        Returns
        -------
        str
            Path and query.
        """
        return f"{base}{quote(self.indicator, safe='')}{suffix}?{self.query()}"

    def data_address(self, suffix: str) -> str:
        """Give the address of the same map as data, without what concerns only its look.

        Parameters
        ----------
        suffix : str
            ``.json`` or ``.csv``.

        Returns
        -------
        str
            Path and query.
        """
        return replace(self, points=None, view=None, resolution=None).address(suffix=suffix)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a list."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Options under a common heading."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Controls:
    """The lists of the panel, in the order a reader decides."""

    themes: tuple[Option, ...]
    indicators: tuple[Group, ...]
    levels: tuple[Option, ...]
    periods: tuple[Option, ...]
    schemes: tuple[Option, ...]
    classes: tuple[Option, ...]
    areas: tuple[Option, ...]
    resolutions: tuple[Option, ...]
    points: tuple[Option, ...]
    compares: tuple[Option, ...]
    region_schemes: tuple[Option, ...]


def options(
    thematic: ThematicMap,
    state: State,
    *,
    coming: tuple[Period, ...],
    known: list[IndicatorInfo],
    levels: tuple[str, ...],
    areas: list[tuple[str, Text]],
    resolutions: tuple[int, ...],
    points: list[tuple[str, Text]],
    region_schemes: list[tuple[str, Text]],
) -> Controls:
    """List everything a reader may switch to from here.

    Parameters
    ----------
    thematic : ThematicMap
        The map shown.
    state : State
        The state asked for.
    coming : tuple of Period
        Years of which there are forecasts.
    known : list of IndicatorInfo
        Indicators with data.
    levels : tuple of str
        Levels this indicator is drawn at.
    areas : list of (str, Text)
        Codes and names of the provinces.
    resolutions : tuple of int
        H3 resolutions there are; empty when hexagons make no sense.
    points : list of (str, Text)
        Ids and names of the point layers.
    region_schemes : list of (str, Text)
        Ids and names of the groupings of provinces.

    Returns
    -------
    Controls
        With the present choice marked.
    """
    lang, said = state.lang, words(state.lang)
    level = state.level or thematic.level
    forecast = STATUS_NAMES["forecast"].in_(lang)
    themes = [theme for theme in THEME_NAMES if any(info.theme == theme for info in known)]
    return Controls(
        themes=_list([(t, THEME_NAMES[t].in_(lang)) for t in themes], thematic.indicator.theme),
        indicators=tuple(
            Group(
                THEME_NAMES[theme].in_(lang),
                _list(
                    [(i.key, i.name.in_(lang)) for i in known if i.theme == theme],
                    state.indicator,
                ),
            )
            for theme in themes
        ),
        levels=_list([(name, LEVELS[name].in_(lang)) for name in levels], level),
        periods=_list(
            [
                *((p.key, f"{p.label.in_(lang)} ({forecast})") for p in reversed(coming)),
                *((p.key, p.label.in_(lang)) for p in reversed(thematic.periods)),
            ],
            thematic.period.key,
        ),
        schemes=_list(
            [
                (scheme, SCHEME_NAMES[scheme].in_(lang))
                for scheme in SCHEMES
                if scheme != "policy" or thematic.indicator.thresholds
                if scheme != "policy" or level != "hexbin"
            ],
            thematic.scheme,
        ),
        classes=_list([(str(n), str(n)) for n in CLASS_COUNTS], str(state.classes or 5)),
        areas=_list(
            [("", said["whole_country"]), *((code, name.in_(lang)) for code, name in areas)],
            state.area or "",
        ),
        resolutions=_list([(str(r), f"H3 {r}") for r in resolutions], str(state.resolution or 6)),
        points=_list(
            [("", said["no_points"]), *((key, name.in_(lang)) for key, name in points)],
            state.points or "",
        ),
        compares=_list(_compares(thematic, lang), thematic.against.key if thematic.against else ""),
        region_schemes=_list(
            [(key, name.in_(lang)) for key, name in region_schemes], thematic.region_scheme or ""
        ),
    )


def _compares(thematic: ThematicMap, lang: Lang) -> list[tuple[str, str]]:
    others = [p for p in reversed(thematic.periods) if p.key != thematic.period.key]
    if not others or thematic.outlook is not None or thematic.indicator.space_agg == "RECLASSIFY":
        return []
    none = ("", words(lang)["no_compare"])
    return [none, *((period.key, period.label.in_(lang)) for period in others)]


def _list(pairs: list[tuple[str, str]], chosen: str) -> tuple[Option, ...]:
    return tuple(Option(value, label, value == chosen) for value, label in pairs)
