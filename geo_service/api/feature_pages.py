"""Features as pages for people: titles, words, links and decimals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from boundaries.words import KIND_NAMES, remark
from geo_service.api.collection_pages import (
    DOWNLOADS,
    ITEMS,
    page_of,
    to_page,
    trail_of,
)
from geo_service.api.links import Links
from geo_service.api.pages import Cell, Column, Sheet, facts, onward, paging, table
from geo_service.core.text import Lang, Text
from layers.collection import Collection, Property
from layers.words import STATUS_NAMES

_TIERS = {"upper": Text("ชั้นบน", "upper"), "lower": Text("ชั้นล่าง", "lower")}
_WORDS = {"kind": KIND_NAMES, "tier": _TIERS}
_LON, _LAT = Text("ลองจิจูด", "Longitude"), Text("ละติจูด", "Latitude")
_YEAR = re.compile(r"(?:^|_)(?:fy|year|be|ce)(?:_|$)")
_PLACES = {"province_name": "provinces", "district_name": "districts"}


def items_sheet(
    known: Collection,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    links: Links,
    *,
    periods: Mapping[str, Text],
    following: str | None,
    is_whole: bool,
    is_first: bool,
) -> Sheet:
    """Lay out one page of features.

    Parameters
    ----------
    known : Collection
        Of the features.
    names : sequence of str
        Properties of a row; longitude and latitude follow.
    rows : sequence of sequence
        Cells.
    links : Links
        Of the answer.
    periods : mapping of str to Text
        Words for the key of a period.
    following : str, optional
        Address of the next page.
    is_whole : bool
        Whether the caller named no properties: then status and period stand below the
        value, and names are in the reader's language alone.
    is_first : bool
        Whether this is the first page.

    Returns
    -------
    Sheet
        With links to each feature.
    """
    lang = links.lang
    titles = {one.name: one for one in known.properties}
    kept = [name for name in names if not is_whole or _is_shown(titles[name], lang)]
    columns = [_column(titles[name]) for name in kept]
    columns += [Column(one, is_number=True, decimals=3) for one in (_LON, _LAT)]
    written = []
    for row in rows:
        values = dict(zip(names, row, strict=False))
        cells = [_feature_cell(known, titles[name], values, links, periods) for name in kept]
        written.append([*cells, *row[-2:]])
    content = table(columns, written, lang, is_stacked=False) + paging(
        links, following, is_first=is_first
    )
    source = (Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"), page_of(known, links))
    files = (DOWNLOADS, to_page(links, f"/collections/{known.id}/downloads"))
    formats = [
        ("GeoJSON", links.here(f="geojson")),
        ("CSV", links.here(without=("cursor",), f="csv")),
    ]
    return Sheet(
        known.title.in_(lang),
        content + onward([files, source], lang),
        known.description.in_(lang),
        trail_of(known, links),
        formats,
    )


def item_sheet(
    known: Collection, properties: Mapping[str, Any], links: Links, periods: Mapping[str, Text]
) -> Sheet:
    """Lay out one feature.

    Parameters
    ----------
    known : Collection
        Of the feature.
    properties : mapping of str to object
        Of the feature.
    links : Links
        Of the answer.
    periods : mapping of str to Text
        Words for the key of a period.

    Returns
    -------
    Sheet
        One row per property; a value leads to its map.
    """
    lang = links.lang
    rows: list[tuple[Text, object]] = []
    for one in known.properties:
        if one.name not in properties or not _is_shown(one, lang, keeps_names=True):
            continue
        cell = _feature_cell(known, one, properties, links, periods, is_alone=True)
        rows.append((one.title, cell))
    title = Text(properties.get("name_th") or "", properties.get("name_en") or "").in_(lang)
    source = (Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"), page_of(known, links))
    items = (ITEMS.in_(lang), to_page(links, f"/collections/{known.id}/items"))
    return Sheet(
        title or str(properties.get("code", "")),
        facts(rows, lang) + onward([source], lang),
        trail=[*trail_of(known, links), items],
        formats=[("GeoJSON", links.here(f="geojson"))],
    )


def _column(one: Property) -> Column:
    is_number = one.kind in {"number", "integer"}
    words = STATUS_NAMES if one.indicator and one.values else _WORDS.get(one.name, {})
    return Column(one.title, one.unit, is_number, one.decimals, words)


def _is_shown(one: Property, lang: Lang, *, keeps_names: bool = False) -> bool:
    if one.indicator and one.kind != "number":
        return False  # stands below the value
    other = "_en" if lang == "th" else "_th"
    if keeps_names and one.name in {"name_th", "name_en"}:
        return True
    return not (one.name.endswith(f"name{other}") or one.name in {"province_code", "district_code"})


def _feature_cell(
    known: Collection,
    one: Property,
    values: Mapping[str, Any],
    links: Links,
    periods: Mapping[str, Text],
    *,
    is_alone: bool = False,
) -> object:
    value, lang = values[one.name], links.lang
    column = _column(one)
    if one.name == "code" or one.name.startswith("name_"):
        # a place of a history has one address per period, and the code alone is none of them
        is_of_time = known.family in {"history", "outlook"}
        is_linked = not is_alone and not is_of_time and values.get("code") and value
        path = f"/collections/{known.id}/items/{values.get('code')}"
        return Cell(value, to_page(links, path) if is_linked else None)
    place = _PLACES.get(one.name[:-3])
    if place is not None and value:
        code = values.get(f"{one.name[:-8]}_code")
        return Cell(value, to_page(links, f"/collections/{place}/items/{code}") if code else None)
    if one.kind == "number" and one.indicator:
        return _value_cell(known, column, one, values, links, periods, is_alone=is_alone)
    unit = one.unit.in_(lang) if is_alone and one.unit and value is not None else ""
    if one.name == "period" and value in periods:
        value = periods[value].in_(lang)
    elif one.name == "flags" and isinstance(value, list):
        value = [remark(str(flag)).in_(lang) for flag in value]
    elif one.kind == "date" and isinstance(value, str):
        value = date.fromisoformat(value)
    elif one.kind == "integer" and _YEAR.search(one.name) and value is not None:
        value = str(value)  # a year has no thousands
    return Cell(value, note=unit, column=column)


def _value_cell(
    known: Collection,
    column: Column,
    one: Property,
    values: Mapping[str, Any],
    links: Links,
    periods: Mapping[str, Text],
    *,
    is_alone: bool,
) -> Cell:
    value, lang = values[one.name], links.lang
    said = values.get(f"{one.name}_status")
    key = str(values.get(f"{one.name}_period") or "")
    period = periods[key].in_(lang) if key in periods else key
    if value is None:
        words = STATUS_NAMES[str(said)].in_(lang) if said in STATUS_NAMES else None
        return Cell(words, note=period)
    if not is_alone:
        return Cell(value, note=period)
    unit = one.unit.in_(lang) if one.unit else ""
    address = links.to(f"/maps/{one.indicator}", lang=lang, level=known.level or "")
    return Cell(value, address, " · ".join(filter(None, (unit, period))), column)
