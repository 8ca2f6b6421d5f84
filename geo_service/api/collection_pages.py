"""Collections as pages for people: the list of them, one of them, its properties, its sources."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from geo_service.api.links import Links
from geo_service.api.pages import Cell, Column, Sheet, onward, section, table
from geo_service.api.schemas import SchemaPart
from geo_service.core.text import Lang, Text
from layers.collection import Collection, Property
from layers.datasets import DatasetInfo
from layers.words import THEME_NAMES

COLLECTIONS = Text("ชั้นข้อมูล", "Collections")
ITEMS = Text("รายการข้อมูล", "Items")
DOWNLOADS = Text("ดาวน์โหลดทั้งชั้นข้อมูล", "Download the whole layer")
ID, NAME, UNIT = Text("รหัส", "Identifier"), Text("ชื่อ", "Name"), Text("หน่วย", "Unit")
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
                        Cell(one.title.in_(lang), page_of(one, links)),
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
        (Text("ดูรายการข้อมูล", "See the items"), to_page(links, f"{path}/items")),
        (Text("คุณสมบัติที่ใช้ค้นได้", "Queryables"), to_page(links, f"{path}/queryables")),
        (Text("ไทล์เวกเตอร์", "Vector tiles"), to_page(links, f"{path}/tiles")),
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
        trail_of(None, links),
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
        trail=trail_of(known, links),
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
            Cell(one.title.in_(lang), to_page(links, f"/datasets/{one.id}")),
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


def to_page(links: Links, path: str) -> str:
    """Write the address of another page, in the language of this one.

    Parameters
    ----------
    links : Links
        Of the answer.
    path : str
        Of the page.

    Returns
    -------
    str
        The HTML of it.
    """
    return links.to(path, f="html", lang=links.lang)


def page_of(known: Collection, links: Links) -> str:
    """Write the address of the page of a collection.

    Parameters
    ----------
    known : Collection
        Any.
    links : Links
        Of the answer.

    Returns
    -------
    str
        The HTML of it.
    """
    return to_page(links, f"/collections/{known.id}")


def trail_of(known: Collection | None, links: Links) -> list[tuple[str, str]]:
    """Give the way to a collection.

    Parameters
    ----------
    known : Collection or None
        ``None`` for the list of them.
    links : Links
        Of the answer.

    Returns
    -------
    list of tuple of (str, str)
        Words and address.
    """
    found = [(COLLECTIONS.in_(links.lang), to_page(links, "/collections"))]
    if known is not None:
        found.append((known.title.in_(links.lang), page_of(known, links)))
    return found


def _group(one: Collection) -> Text:
    if one.family in {"area", "org"}:
        return Text("ขอบเขตและองค์กร", "Boundaries and organisations")
    if one.family == "feature":
        return Text("สถานที่", "Facilities")
    return THEME_NAMES[one.theme or ""]


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
