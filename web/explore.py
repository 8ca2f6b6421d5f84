"""What a reader may switch to: indicators with data, levels, provinces, hexagons, points."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.text import Text
from geo_service.deps import SessionDep
from layers import (
    hexbins,
    hexsubjects,
    indicators,
    measured,
    outlines,
    questions,
    registry,
)
from layers.forecasts import mapped
from layers.indicators import IndicatorInfo
from layers.measured import Measured
from layers.thematic import ThematicMap, Wanted
from layers.thematic.choices import USUAL_CLASSES
from layers.thematic.compare import build as build_comparison
from web.choices import Controls, State, options
from web.folium_map import Points

DRAWN_LEVELS: Final = ("region", "province", "district", "subdistrict", "org")
#: Themes in the order the gallery shows them.
THEME_ORDER: Final = (
    "waste", "ageing", "infrastructure", "population", "disability", "finance", "governance",
)  # fmt: skip
POINTS_A_PAGE: Final = 5000
PROVINCE: Final = 2
#: Levels shown when a reader stays within a province, the first that there is.
WITHIN: Final = ("district", "org", "subdistrict")
#: Hexagons of this resolution are still drawn for the whole country; finer within an area.
FINEST_COUNTRY: Final = hexbins.FINEST_PREPARED
ADDED_UP: Final = ("SUM", "COUNT", "RATIO", "WMEAN")


def known(session: SessionDep) -> list[Measured]:
    """List the indicators that have something to draw, theme by theme.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of Measured
        Parts of indicators are listed only where nothing else is measured of their theme.
    """
    infos = indicators.list_all(session, components=True)
    found = [
        one
        for one in measured.read(session, infos)
        if any(level in DRAWN_LEVELS for level in one.levels)
    ]
    whole = {one.info.theme for one in found if not one.info.is_component}
    shown = [one for one in found if not one.info.is_component or one.info.theme not in whole]
    return sorted(shown, key=lambda one: THEME_ORDER.index(one.info.theme))


def controls(session: SessionDep, thematic: ThematicMap, state: State) -> Controls:
    """List the choices of a map's panel.

    Parameters
    ----------
    session : Session
        Only read.
    thematic : ThematicMap
        The map shown.
    state : State
        As it was asked for.

    Returns
    -------
    Controls
        The present choice marked.
    """
    cells = hexagon_resolutions(session, thematic)
    levels = tuple(level for level in thematic.levels if level in DRAWN_LEVELS)
    return options(
        thematic,
        state,
        coming=thematic.coming or mapped.coming(session, thematic.indicator.key, thematic.level),
        known=[one.info for one in known(session)],
        levels=(*levels, "hexbin") if cells else levels,
        areas=outlines.provinces(session),
        resolutions=cells,
        points=point_layers(session),
        region_schemes=outlines.region_schemes(session),
    )


def hexagon_resolutions(session: SessionDep, thematic: ThematicMap) -> tuple[int, ...]:
    """List the resolutions at which a map may be drawn in hexagons.

    Parameters
    ----------
    session : Session
        Only read.
    thematic : ThematicMap
        Any map of the indicator.

    Returns
    -------
    tuple of int
        Coarsest first; empty when its values cannot be added up.
    """
    if thematic.indicator.space_agg not in ADDED_UP:
        return ()
    return tuple(
        resolution
        for resolution in hexsubjects.resolutions(session)
        if resolution <= (hexbins.FINEST_WITHOUT_BOX if thematic.area_code else FINEST_COUNTRY)
    )


def point_layers(session: SessionDep) -> list[tuple[str, Text]]:
    """List the collections whose points may lie above a map.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of (str, Text)
        Ids and titles; organisations first.
    """
    collections = registry.list_all(session)
    return [
        (one.id, one.title)
        for one in collections
        if one.geometry_type == "Point" and one.family in {"org", "feature"}
    ]


def is_sample(session: SessionDep) -> bool:
    """Tell whether sample data are loaded.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    bool
        True while any data set loaded is a sample.
    """
    return questions.is_sample(session)


def build(session: SessionDep, state: State) -> ThematicMap:
    """Build the map that a state asks for.

    Parameters
    ----------
    session : Session
        Only read.
    state : State
        Its level is one of places, not hexagons.

    Returns
    -------
    ThematicMap
        The same that the data addresses answer.
    """
    wanted = Wanted(
        level=state.level,
        period=state.period,
        area=state.area,
        scheme=state.scheme,
        classes=USUAL_CLASSES if state.classes is None else state.classes,
        region_scheme=state.region_scheme,
    )
    if state.compare is not None:
        return build_comparison(session, state.indicator, wanted, against=state.compare)
    return mapped.build(session, state.indicator, wanted)


def settle(session: SessionDep, state: State, *, theme: str | None, was: str | None) -> State:
    """Make a form's choices fit together: another indicator may lack the level or period.

    Parameters
    ----------
    session : Session
        Only read.
    state : State
        As the form sent it.
    theme : str, optional
        Theme chosen; it decides when the indicator was left as it was.
    was : str, optional
        Indicator of the page that sent the form.

    Returns
    -------
    State
        With what does not fit left to the default.

    Raises
    ------
    NotFound
        If nothing is measured of the theme.
    """
    known_now = known(session)
    by_key = {one.info.key: one for one in known_now}
    chosen = by_key.get(state.indicator)
    is_other_theme = theme is not None and (chosen is None or chosen.info.theme != theme)
    if is_other_theme and was in {None, "", state.indicator}:
        chosen = next((one for one in known_now if one.info.theme == theme), None)
        if chosen is None:
            raise NotFound(
                Text("ยังไม่มีข้อมูลในหัวข้อนี้", "Nothing is measured of this theme yet"), theme=theme
            )
    if chosen is None:
        return state
    level = state.level if state.level in {*chosen.levels, "hexbin"} else None
    if state.area and level in {None, "region", "province"}:
        # one province alone is no map: show what lies in it
        level = next((one for one in WITHIN if one in chosen.levels), level)
    periods = {period.key for levels in chosen.periods.values() for period in levels}
    coming = {
        period.key
        for one in ([level] if level in chosen.levels else chosen.levels)
        for period in mapped.coming(session, chosen.info.key, one)
    }
    return replace(
        state,
        indicator=chosen.info.key,
        level=level,
        period=state.period if state.period in periods | coming else None,
        compare=_fitting_compare(state, chosen.info, periods, level),
    )


def _fitting_compare(
    state: State, info: IndicatorInfo, periods: set[str], level: str | None
) -> str | None:
    is_number = info.space_agg != "RECLASSIFY" and level != "hexbin"
    return state.compare if is_number and state.compare in periods - {state.period} else None


def points_above(session: SessionDep, state: State) -> Points | None:
    """Find the points that a state wants above the map.

    Parameters
    ----------
    session : Session
        Only read.
    state : State
        May name a collection of points.

    Returns
    -------
    Points or None
        None when none were asked for.

    Raises
    ------
    BadParameter
        If there is no such collection of points.
    """
    if state.points is None:
        return None
    titles = dict(point_layers(session))
    if state.points not in titles:
        raise BadParameter(
            Text(f"ไม่มีชั้นจุด '{state.points}'", f"There are no points '{state.points}'"),
            parameter="points",
            known=sorted(titles),
        )
    province = f"&province_code={state.area}" if state.area and len(state.area) == PROVINCE else ""
    names = "properties=name_th,name_en,kind" if state.points == "orgs" else ""
    query = "&".join(part for part in (names, f"limit={POINTS_A_PAGE}{province}") if part)
    return Points(
        f"/collections/{state.points}/items?{query}", titles[state.points].in_(state.lang)
    )
