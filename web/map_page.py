"""What a map page shows: the map, its words, its choices and its table, ready for a template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final

from shapely.geometry import shape as as_shape

from geo_service.core.text import Lang
from geo_service.deps import SessionDep
from layers import outlines
from layers.analysis.numbers import MINUS
from layers.indicators import IndicatorInfo
from layers.thematic import MapPlace, ThematicMap
from layers.words import STATUS_NAMES
from web import figures, folium_map, hexagons, legend
from web.choices import State
from web.folium_map import Canvas, Points, Tiles
from web.hexagons import Hexagons
from web.payload import page_data, steps_of, words_of
from web.words import PLACES, number, short_year, words

MOST_TABLE_ROWS: Final = 1000
MOST_TABLE_ROWS_EMBED: Final = 200
#: Levels whose places are items of a collection, where the scripts look up where one lies.
COLLECTED: Final = ("province", "district", "subdistrict", "org")
COUNTED: Final = ("SUM", "COUNT")
SYMBOL_LEVELS: Final = ("region", "province", "district")
#: Levels finer than a province, which show the provinces' borders above them.
LINED_LEVELS: Final = ("district", "subdistrict", "org", "hexbin")
#: The script for the page around a frame.
HOST_SCRIPT: Final = "/static/embed-host.js"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the table, as text."""

    code: str
    name: str
    within: str
    value: str
    change: str
    status: str
    rank: int | None
    ends: tuple[str, ...] = ()


def context(
    session: SessionDep,
    thematic: ThematicMap,
    state: State,
    *,
    base_url: str,
    cells: Hexagons | None = None,
    points: Points | None = None,
) -> dict[str, Any]:
    """Gather what the templates of a map need, the panel's choices left out.

    Parameters
    ----------
    session : Session
        Only read, for the shapes.
    thematic : ThematicMap
        The map.
    state : State
        As it was asked for.
    base_url : str
        Address of the service as its callers see it, without a final slash.
    cells : Hexagons, optional
        Where the hexagons are, when the map shows these.
    points : Points, optional
        Points above the map.

    Returns
    -------
    dict
        Values by the names the templates use.
    """
    lang = state.lang
    if cells is None:
        thematic = figures.with_digits(thematic)
    canvas = _canvas(session, thematic, cells, points)
    is_inline = canvas.shapes is not None
    with_symbols = is_inline and _has_symbols(thematic)
    drawing = folium_map.draw(canvas, lang)
    rows, cut = table(thematic, lang, most=MOST_TABLE_ROWS)
    return {
        "map": thematic,
        "state": replace(
            state,
            level=thematic.level,
            resolution=cells.resolution if cells else None,
            compare=thematic.against.key if thematic.against else None,
        ),
        "is_sample": thematic.is_sample,
        "lead": lead(thematic, lang),
        "drawing": drawing,
        "legend": legend.build(thematic, lang),
        "symbols": with_symbols,
        "say": words_of(thematic, lang),
        "steps": steps_of(thematic),
        "striped": _striped(thematic),
        "places_word": PLACES[thematic.level].in_(lang),
        "table": rows,
        "table_cut": cut,
        "table_title": words(lang)["table_of_cells" if cells else "table"],
        "table_hint": hexagons.table_words(cells, len(rows), words(lang))
        if cells
        else words_of(thematic, lang)["table_hint"],
        "counts_as_fills": _are_counts_filled(thematic, with_symbols=with_symbols),
        "outside": _outside(session, thematic, lang),
        "inline": is_inline,
        "cells": cells is not None,
        "data": page_data(
            thematic,
            lang,
            symbols=with_symbols,
            illustrative=thematic.is_illustrative,
            item_url=_item_url(thematic.level),
            json_url=replace(state, level=None).data_address(".json")
            if cells
            else state.data_address(".json"),
            rows_url=cells.rows_url if cells else None,
            within=cells.within if cells else None,
            finder=cells.finder if cells else None,
            compared=thematic.against is not None,
            chart_url=f"/forecasts/{thematic.indicator.key}?f=html&lang={lang}&place=",
            hexbin_title=words(lang)["hexbin_title"].replace(
                "{resolution}", str(cells.resolution) if cells else ""
            ),
        ),
        **_addresses(state, thematic, base_url, cells),
        **_timeline(thematic, lang),
    }


def lead(thematic: ThematicMap, lang: Lang) -> str:
    """Say in one line what the map found.

    Parameters
    ----------
    thematic : ThematicMap
        The map.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        The whole's value, the highest and the lowest place, how many reported.
    """
    said, info = words_of(thematic, lang), thematic.indicator
    parts = []
    if thematic.total is not None and thematic.total.value is not None:
        whole = thematic.area_name.in_(lang) if thematic.area_name else said["national"]
        value, digits = thematic.total.value, figures.total_digits(thematic)
        parts.append(f"{whole} {_plus(value, thematic)}{figures.with_unit(value, digits, lang)}")
    known = [p for p in thematic.places if p.value is not None]
    if len(known) > 1 and info.space_agg != figures.CLASSES:
        ends = [(said["highest"], max(known, key=_value))]
        if thematic.level != "hexbin":
            # of the cells, only the highest are known by name
            ends.append((said["lowest"], min(known, key=_value)))
        parts += [
            f"{word} {place.name.in_(lang)} "
            f"{_plus(place.value, thematic)}{number(place.value, info.decimals)}"
            for word, place in ends
        ]
    parts.append(
        said["reporting_short"]
        .replace("{n}", number(thematic.reporting, 0))
        .replace("{of}", number(thematic.expected, 0))
    )
    return " · ".join(parts)


def table(thematic: ThematicMap, lang: Lang, *, most: int) -> tuple[list[TableRow], str]:
    """Write the places as lines of a table, best rank first, places without a rank last.

    Parameters
    ----------
    thematic : ThematicMap
        The map.
    lang : {"th", "en"}
        Language of the reader.
    most : int
        Largest number of lines.

    Returns
    -------
    tuple of (list of TableRow, str)
        The lines, and a sentence about the lines left out (empty when there are none).
    """
    inf = float("inf")
    ordered = sorted(thematic.places, key=lambda p: (p.rank if p.rank is not None else inf, p.code))
    rows = [_table_row(place, thematic, lang) for place in ordered[:most]]
    if len(ordered) <= most:
        return rows, ""
    cut = words(lang)["table_cut"]
    return rows, cut.replace("{n}", number(most, 0)).replace("{of}", number(len(ordered), 0))


def embed_code(address: str, title: str, base_url: str) -> str:
    """Write the code that shows a map in somebody's page.

    Parameters
    ----------
    address : str
        Whole address of the embedded map.
    title : str
        Title of the frame, for screen readers.
    base_url : str
        Address of the service, without a final slash.

    Returns
    -------
    str
        HTML: the frame, and the script that follows its height.
    """
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="560" '
        f'loading="lazy" allow="fullscreen"></iframe>\n'
        f'<script src="{escape(base_url)}{HOST_SCRIPT}" defer></script>'
    )


def _table_row(place: MapPlace, thematic: ThematicMap, lang: Lang) -> TableRow:
    info = thematic.indicator
    return TableRow(
        code=place.code,
        name=place.name.in_(lang),
        within=place.within.in_(lang),
        value=f"{_plus(place.value, thematic)}{figures.figure(place.value, info, lang)}",
        change=_change(place, info, lang),
        status=STATUS_NAMES[place.status].in_(lang),
        rank=place.rank,
        ends=_ends(place, info, lang),
    )


def _ends(place: MapPlace, info: IndicatorInfo, lang: Lang) -> tuple[str, ...]:
    span = place.span
    numbers = (span.low80, span.high80, span.low95, span.high95) if span else (None,) * 4
    return tuple(figures.figure(one, info, lang) for one in numbers)


# How many places have an interval that reaches into another class.
def _striped(thematic: ThematicMap) -> int:
    return sum(place.span is not None and place.span.is_open for place in thematic.places)


def _plus(value: float | None, thematic: ThematicMap) -> str:
    # a difference says which way it goes; the minus comes with the number
    return "+" if thematic.against is not None and value is not None and value > 0 else ""


def _change(place: MapPlace, info: IndicatorInfo, lang: Lang) -> str:
    if place.value is None or place.previous is None or info.space_agg == figures.CLASSES:
        return number(None, 0)
    step = number(place.value - place.previous, info.decimals)
    if not step.strip("0.,"):
        return words(lang)["no_change"]
    return f"▼ {step}" if step.startswith(MINUS) else f"▲ +{step}"


def _value(place: MapPlace) -> float:
    return place.value if place.value is not None else 0.0


def _item_url(level: str) -> str | None:
    return f"/collections/{level}s/items/" if level in COLLECTED else None


def _has_symbols(thematic: ThematicMap) -> bool:
    # counts are symbols, rates are fills: a large province would else look like a large number
    values = [place.value for place in thematic.places if place.value is not None]
    return (
        thematic.indicator.space_agg in COUNTED
        and thematic.level in SYMBOL_LEVELS
        and (thematic.against is not None or all(value >= 0 for value in values))
    )


def _are_counts_filled(thematic: ThematicMap, *, with_symbols: bool) -> bool:
    is_count = thematic.indicator.space_agg in COUNTED
    return is_count and not with_symbols and thematic.level != "hexbin"


def _outside(session: SessionDep, thematic: ThematicMap, lang: Lang) -> str:
    if thematic.region_scheme is None:
        return ""
    left = outlines.outside_regions(session, thematic.region_scheme)
    names = ", ".join(name.in_(lang) for name in left)
    return words(lang)["outside_regions"].replace("{names}", names) if names else ""


def _lines(session: SessionDep, thematic: ThematicMap) -> dict[str, Any] | None:
    if thematic.level not in LINED_LEVELS:
        return None
    return outlines.province_borders(session, within=thematic.area_code)


def _canvas(
    session: SessionDep, thematic: ThematicMap, cells: Hexagons | None, points: Points | None
) -> Canvas:
    lines = _lines(session, thematic)
    if cells is not None:
        return Canvas(thematic.bbox, cells_url=cells.url, points=points, lines=lines)
    if len(thematic.places) > folium_map.MOST_INLINE:
        tiles = _place_tiles(session, thematic)
        return Canvas(thematic.bbox, tiles=tiles, points=points, lines=lines)
    drawn = outlines.read(session, thematic.level, [place.id for place in thematic.places])
    with_symbols = _has_symbols(thematic)
    features = [
        _feature(place, drawn[place.id], with_symbols=with_symbols)
        for place in thematic.places
        if place.id in drawn
    ]
    return Canvas(
        thematic.bbox, shapes=folium_map.feature_collection(features), points=points, lines=lines
    )


def _place_tiles(session: SessionDep, thematic: ThematicMap) -> Tiles:
    collection = f"{thematic.level}s"
    if thematic.level == "org" and outlines.have_shapes(session, "org"):
        collection = f"{thematic.indicator.theme}-by-org"
    url = f"/tiles/{collection}/{{z}}/{{x}}/{{y}}.mvt?properties=code"
    return Tiles(url=url, layer=collection, key="code")


def _feature(place: MapPlace, geometry: dict[str, Any], *, with_symbols: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"code": place.code}
    if with_symbols:
        spot = as_shape(geometry).representative_point()
        facts["at"] = [round(spot.y, 4), round(spot.x, 4)]
    return {"type": "Feature", "properties": facts, "geometry": geometry}


def _addresses(
    state: State, thematic: ThematicMap, base_url: str, cells: Hexagons | None
) -> dict[str, Any]:
    here = replace(state, view=None)
    other: Lang = "en" if state.lang == "th" else "th"
    embed = f"{base_url}{replace(here, points=None).address('/embed/maps/')}"
    turned = "portrait" if state.view == "landscape" else "landscape"
    return {
        "full_address": here.address(),
        "public_address": f"{base_url}{here.address()}",
        "embed_address": embed,
        "embed_code": embed_code("{embed}", thematic.title.in_(state.lang), base_url),
        "print_address": replace(state, view="landscape").address(),
        "turned_address": replace(state, view=turned).address(),
        "csv_address": cells.csv_url if cells else state.data_address(".csv"),
        "json_address": cells.rows_url if cells else state.data_address(".json"),
        "other_language": replace(here, lang=other).address(),
    }


def _timeline(thematic: ThematicMap, lang: Lang) -> dict[str, Any]:
    periods = steps_of(thematic) or (thematic.period,)
    keys = [period.key for period in periods]
    return {
        "first_year": short_year(periods[0], lang),
        "last_year": short_year(periods[-1], lang),
        "position": keys.index(thematic.period.key) if thematic.period.key in keys else 0,
    }
