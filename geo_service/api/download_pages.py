"""Downloads as a page for people: which file is good for what, how large, under which licence."""

from __future__ import annotations

from collections.abc import Mapping

from geo_service.api.collection_pages import COLLECTIONS, DOWNLOADS, sources_table
from geo_service.api.formats import DOWNLOADED, FORMATS
from geo_service.api.links import Links
from geo_service.api.pages import Cell, Column, Sheet, facts, section, table
from geo_service.core.text import Text
from layers.collection import Collection
from layers.imprint import Imprint

_UNKNOWN = Text("เมื่อขอ", "on request")
_UNITS = ((1 << 20, "MB"), (1 << 10, "kB"), (1, "B"))


def downloads_table(known: Collection, sizes: Mapping[str, int], links: Links) -> str:
    """Write a table of the files of a layer.

    Parameters
    ----------
    known : Collection
        From the register.
    sizes : mapping of str to int
        Bytes of those that are prepared, by format.
    links : Links
        Of the answer.

    Returns
    -------
    str
        HTML, escaped.
    """
    lang = links.lang
    columns = (Column(Text("ไฟล์", "File")), Column(Text("เหมาะกับ", "Good for")),
               Column(Text("ขนาด", "Size"), is_number=True))  # fmt: skip
    rows = []
    for form in DOWNLOADED:
        one = FORMATS[form]
        address = links.to(f"/collections/{known.id}/downloads/{known.id}.{one.ending}", lang=lang)
        size = _size(sizes[form]) if form in sizes else _UNKNOWN.in_(lang)
        rows.append((Cell(one.title.in_(lang), address, f".{one.ending}"),
                     one.purpose.in_(lang), size))  # fmt: skip
    return table(columns, rows, lang)


def downloads_sheet(imprint: Imprint, sizes: Mapping[str, int], links: Links) -> Sheet:
    """Lay out the downloads of a layer.

    Parameters
    ----------
    imprint : Imprint
        What the files say about themselves.
    sizes : mapping of str to int
        Bytes of those that are prepared, by format.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        With licences and sources.
    """
    lang, known = links.lang, imprint.collection
    told = [
        (Text("สัญญาอนุญาต", "Licence"), imprint.licence or None),
        (Text("การอ้างอิง", "Attribution"), imprint.attribution(lang) or None),
        (Text("วันที่ของข้อมูล", "Date of the data"), imprint.changed),
        (Text("รุ่นของข้อมูล", "Version of the data"), imprint.state.token),
        (Text("ระบบพิกัด", "Coordinate system"),
         Text("WGS 84 ลองจิจูดก่อน (ระบบอื่น: ?crs=EPSG:32647)",
              "WGS 84, longitude first (others: ?crs=EPSG:32647)").in_(lang)),
    ]  # fmt: skip
    parts = [
        section(Text("ไฟล์", "Files"), downloads_table(known, sizes, links), lang),
        section(Text("เกี่ยวกับข้อมูลนี้", "About this data"), facts(told, lang), lang),
        section(Text("แหล่งข้อมูลและสัญญาอนุญาต", "Sources and licences"),
                sources_table(imprint.sources, links), lang),
    ]  # fmt: skip
    trail = [
        (COLLECTIONS.in_(lang), links.to("/collections", f="html", lang=lang)),
        (known.title.in_(lang), links.to(f"/collections/{known.id}", f="html", lang=lang)),
    ]
    title = f"{DOWNLOADS.in_(lang)}: {known.title.in_(lang)}"
    return Sheet(title, "".join(parts), known.description.in_(lang), trail,
                 [("JSON", links.here(f="json"))])  # fmt: skip


def _size(size: int) -> str:
    unit, name = next((unit, name) for unit, name in _UNITS if size >= unit or unit == 1)
    return f"{size / unit:,.1f} {name}" if unit > 1 else f"{size} {name}"
