"""Collections and their features as pages for people: titles, words, links and decimals."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any, Final

from boundaries.words import KIND_NAMES
from geo_service.api.links import Links
from geo_service.api.pages import Cell, Column, Sheet, facts, onward, paging, section, table
from geo_service.api.schemas import SchemaPart
from geo_service.core.text import Lang, Text
from layers.collection import Collection, Property
from layers.datasets import DatasetInfo
from layers.words import STATUS_NAMES, THEME_NAMES

COLLECTIONS = Text("ชั้นข้อมูล", "Collections")
ITEMS = Text("รายการข้อมูล", "Items")
DOWNLOADS = Text("ดาวน์โหลดทั้งชั้นข้อมูล", "Download the whole layer")
ID, NAME, UNIT = Text("รหัส", "Identifier"), Text("ชื่อ", "Name"), Text("หน่วย", "Unit")
_TIERS = {"upper": Text("ชั้นบน", "upper"), "lower": Text("ชั้นล่าง", "lower")}
_WORDS = {"kind": KIND_NAMES, "tier": _TIERS}
#: What kinds of values are called.
TYPES: Final = {
    "string": Text("ข้อความ", "text"),
    "integer": Text("จำนวนเต็ม", "whole number"),
    "number": Text("ตัวเลข", "number"),
    "boolean": Text("ใช่/ไม่ใช่", "yes/no"),
    "date": Text("วันที่", "date"),
    "datetime": Text("วันเวลา", "date and time"),
    "list": Text("หลายค่า", "list"),
}
_PARTS: Mapping[SchemaPart, Text] = {
    "schema": Text("คุณสมบัติ: {name}", "Properties: {name}"),
    "queryables": Text("คุณสมบัติที่ใช้ค้นได้: {name}", "Queryables: {name}"),
    "sortables": Text("คุณสมบัติที่ใช้เรียงได้: {name}", "Sortables: {name}"),
}
_LON, _LAT = Text("ลองจิจูด", "Longitude"), Text("ละติจูด", "Latitude")
_YEAR = re.compile(r"(?:^|_)(?:fy|year|be|ce)(?:_|$)")
_PLACES = {"province_name": "provinces", "district_name": "districts"}


def collections_sheet(known: Sequence[Collection], links: Links) -> Sheet:
    """Lay out the list of collections.

    Parameters
    ----------
    known : sequence of Collection
        All of them.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        Places, facilities, then one part per theme.
    """
    lang = links.lang
    groups: dict[Text, list[Collection]] = {}
    for one in known:
        groups.setdefault(_group(one), []).append(one)
    columns = (Column(NAME), Column(Text("เนื้อหา", "What it holds")), Column(ID))
    parts = [
        section(
            title,
            table(
                columns,
                [
                    (
                        Cell(one.title.in_(lang), _page(links, one)),
                        one.description.in_(lang),
                        one.id,
                    )
                    for one in members
                ],
                lang,
            ),
            lang,
        )
        for title, members in groups.items()
    ]
    lead = Text(
        "ขอบเขต องค์กร สถานที่ และค่าตัวชี้วัด เลือกชั้นข้อมูลเพื่อดูรายการและคุณสมบัติ",
        "Boundaries, organisations, facilities and values; choose one to see its items",
    )
    return Sheet(
        COLLECTIONS.in_(lang), "".join(parts), lead.in_(lang), (), [("JSON", links.here(f="json"))]
    )


def collection_sheet(
    known: Collection,
    sources: Sequence[DatasetInfo],
    links: Links,
    *,
    with_values: Container[str],
    files: str,
) -> Sheet:
    """Lay out one collection: its ways on, its properties, its sources.

    Parameters
    ----------
    known : Collection
        From the register.
    sources : sequence of DatasetInfo
        What it was made from.
    links : Links
        Of the answer.
    with_values : container of str
        Keys of the indicators that have values here; the others have no map.
    files : str
        HTML: the files of the whole layer.

    Returns
    -------
    Sheet
        With licences.
    """
    lang, path = links.lang, f"/collections/{known.id}"
    ways = [
        (Text("ดูรายการข้อมูล", "See the items"), _to(links, f"{path}/items")),
        (Text("คุณสมบัติที่ใช้ค้นได้", "Queryables"), _to(links, f"{path}/queryables")),
        (Text("ไทล์เวกเตอร์", "Vector tiles"), _to(links, f"{path}/tiles")),
    ]
    maps = [
        (one.name, links.to(f"/maps/{one.key}", lang=lang, level=known.level or ""))
        for one in known.indicators
        if one.key in with_values
    ]
    parts = [
        onward(ways, lang),
        section(DOWNLOADS, files, lang),
        section(Text("คุณสมบัติ", "Properties"), _properties(known.properties, lang), lang),
        section(Text("แผนที่", "Maps"), onward(maps, lang), lang) if maps else "",
        section(Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"),
                sources_table(sources, links), lang),
    ]  # fmt: skip
    return Sheet(
        known.title.in_(lang),
        "".join(parts),
        known.description.in_(lang),
        [_up(links)],
        [("JSON", links.here(f="json"))],
    )


def properties_sheet(known: Collection, links: Links, part: SchemaPart) -> Sheet:
    """Lay out the properties of a collection.

    Parameters
    ----------
    known : Collection
        From the register.
    links : Links
        Of the answer.
    part : {"schema", "queryables", "sortables"}
        All, or those that filters or ``sortby`` may name.

    Returns
    -------
    Sheet
        One row per property.
    """
    lang = links.lang
    members = [one for one in known.properties if one.is_queryable or part == "schema"]
    return Sheet(
        _PARTS[part].in_(lang).format(name=known.title.in_(lang)),
        _properties(members, lang),
        trail=[_up(links), _here(links, known)],
        formats=[("JSON Schema", links.here(f="json"))],
    )


def sources_table(sources: Sequence[DatasetInfo], links: Links) -> str:
    """Write a table of data sets.

    Parameters
    ----------
    sources : sequence of DatasetInfo
        Any.
    links : Links
        Of the answer.

    Returns
    -------
    str
        HTML, escaped.
    """
    lang = links.lang
    columns = (
        Column(NAME),
        Column(Text("ผู้เผยแพร่", "Publisher")),
        Column(Text("สัญญาอนุญาต", "Licence")),
        Column(Text("วันที่โหลด", "Loaded on")),
    )
    rows = [
        (
            Cell(one.title.in_(lang), _to(links, f"/datasets/{one.id}")),
            one.publisher.in_(lang),
            licence(one.licence, lang),
            one.loaded_at.date() if one.loaded_at else None,
        )
        for one in sources
    ]
    return table(columns, rows, lang)


def licence(written: str, lang: Lang) -> str:
    """Write the name of a licence, or that none was named.

    Parameters
    ----------
    written : str
        As the recipe says it.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        For example ``MIT``.
    """
    if written.strip().lower() in {"", "not stated"}:
        return Text("ไม่ได้ระบุสัญญาอนุญาต", "not stated").in_(lang)
    return written


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
    source = (Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"), _page(links, known))
    files = (DOWNLOADS, _to(links, f"/collections/{known.id}/downloads"))
    formats = [
        ("GeoJSON", links.here(f="geojson")),
        ("CSV", links.here(without=("cursor",), f="csv")),
    ]
    return Sheet(
        known.title.in_(lang),
        content + onward([files, source], lang),
        known.description.in_(lang),
        [_up(links), _here(links, known)],
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
    source = (Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"), _page(links, known))
    items = (ITEMS.in_(lang), _to(links, f"/collections/{known.id}/items"))
    return Sheet(
        title or str(properties.get("code", "")),
        facts(rows, lang) + onward([source], lang),
        trail=[_up(links), _here(links, known), items],
        formats=[("GeoJSON", links.here(f="geojson"))],
    )


def _group(one: Collection) -> Text:
    if one.family in {"area", "org"}:
        return Text("ขอบเขตและองค์กร", "Boundaries and organisations")
    if one.family == "feature":
        return Text("สถานที่", "Facilities")
    return THEME_NAMES[one.theme or ""]


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
        return Cell(value, _to(links, path) if is_linked else None)
    place = _PLACES.get(one.name[:-3])
    if place is not None and value:
        code = values.get(f"{one.name[:-8]}_code")
        return Cell(value, _to(links, f"/collections/{place}/items/{code}") if code else None)
    if one.kind == "number" and one.indicator:
        return _value_cell(known, column, one, values, links, periods, is_alone=is_alone)
    unit = one.unit.in_(lang) if is_alone and one.unit and value is not None else ""
    if one.name == "period" and value in periods:
        value = periods[value].in_(lang)
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


def _properties(members: Sequence[Property], lang: Lang) -> str:
    columns = (
        Column(NAME), Column(Text("ชื่อที่ใช้ในคำขอ", "Name in requests")),
        Column(Text("ชนิด", "Type"), words=TYPES), Column(UNIT),
    )  # fmt: skip
    rows = [
        (one.title.in_(lang), one.name, one.kind, one.unit.in_(lang) if one.unit else None)
        for one in members
    ]
    return table(columns, rows, lang)


def _to(links: Links, path: str) -> str:
    return links.to(path, f="html", lang=links.lang)


def _page(links: Links, known: Collection) -> str:
    return _to(links, f"/collections/{known.id}")


def _up(links: Links) -> tuple[str, str]:
    return COLLECTIONS.in_(links.lang), _to(links, "/collections")


def _here(links: Links, known: Collection) -> tuple[str, str]:
    return known.title.in_(links.lang), _page(links, known)
