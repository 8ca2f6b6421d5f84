"""The formats features come in: their names, media types and endings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from geo_service.api.links import CSV, GEOJSON, HTML, JSON, Links
from geo_service.core.errors import BadParameter
from geo_service.core.text import Lang, Text
from layers.collection import Collection

JSONFG = "application/vnd.ogc.fg+json"
GEOJSONSEQ = "application/geo+json-seq"
FLATGEOBUF = "application/vnd.flatgeobuf"
GEOPACKAGE = "application/geopackage+sqlite3"
PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its media type, the ending of its files, and what it is good for."""

    kind: str
    ending: str
    title: Text
    purpose: Text


FORMATS = {
    "geojson": Format(
        GEOJSON, "geojson", Text("GeoJSON", "GeoJSON"),
        Text("เว็บและโปรแกรมเกือบทุกชนิด", "the web, and almost every program"),
    ),
    "json": Format(JSON, "json", Text("GeoJSON", "GeoJSON"), Text("", "")),
    "jsonfg": Format(
        JSONFG, "fg.json", Text("JSON-FG", "JSON-FG"),
        Text("GeoJSON พร้อมเวลาและระบบพิกัดอื่น", "GeoJSON with time and other coordinate systems"),
    ),
    "geojsonseq": Format(
        GEOJSONSEQ, "geojsons", Text("GeoJSON Text Sequence", "GeoJSON text sequence"),
        Text("อ่านทีละรายการ ไม่ใช้หน่วยความจำมาก", "read one by one, in little memory"),
    ),
    "csv": Format(
        CSV, "csv", Text("CSV", "CSV"),
        Text("ตารางสำหรับ Excel และโปรแกรมสถิติ", "a table for Excel and statistics"),
    ),
    "html": Format(HTML, "html", Text("หน้าเว็บ", "Web page"), Text("", "")),
    "fgb": Format(
        FLATGEOBUF, "fgb", Text("FlatGeobuf", "FlatGeobuf"),
        Text("เปิดผ่านเครือข่ายเฉพาะบริเวณที่ดู", "opened over the network, only the part in view"),
    ),
    "gpkg": Format(
        GEOPACKAGE, "gpkg", Text("GeoPackage", "GeoPackage"),
        Text("QGIS และ ArcGIS พร้อมชื่อคอลัมน์ภาษาไทย", "QGIS and ArcGIS, with Thai column titles"),
    ),
    "parquet": Format(
        PARQUET, "parquet", Text("GeoParquet", "GeoParquet"),
        Text("วิเคราะห์ข้อมูลด้วย Python, R, DuckDB", "analysis in Python, R, DuckDB"),
    ),
}  # fmt: skip
KINDS = {name: one.kind for name, one in FORMATS.items()}
#: GeoJSON that says what JSON-FG says, too: no ``f`` of its own, a profile of GeoJSON.
PROFILED = {"geojson": "geojson-fg", "json": "json-fg"}
#: Media types of all that an answer may be.
ANSWERS = KINDS | {made: KINDS[plain] for plain, made in PROFILED.items()}
#: What ``profile`` chooses between.
PROFILES = ("rfc7946", "jsonfg")
#: How one is written: a name, an address, or a safe CURIE.
PROFILE_PATTERN = r"https?://[^\s,]+|\[[\w.-]+:[\w./-]+\]|[\w.-]+"
_PROFILE, _LAST = re.compile(PROFILE_PATTERN, re.ASCII), re.compile(r"[/:]")
#: What is written as JSON-FG.
AS_JSONFG = frozenset({"jsonfg", *PROFILED.values()})
#: What a whole layer can be taken away as, the most asked for first.
DOWNLOADED = ("gpkg", "geojson", "csv", "parquet", "fgb", "geojsonseq", "jsonfg")
#: What a browser saves instead of showing.
SAVED = ("csv", "fgb", "gpkg", "parquet", "geojsonseq")


def profiled(form: str, text: str | None) -> str:
    """Choose the profile of an answer in GeoJSON.

    Parameters
    ----------
    form : str
        A key of `FORMATS`.
    text : str, optional
        Profiles with commas: names, addresses or safe CURIEs. One that is unknown, or that the
        format does not have, is passed over (OGC API - Features, Part 5, Recommendation of
        "Profile query parameter").

    Returns
    -------
    str
        The format, or the one of `PROFILED` that goes with it.

    Raises
    ------
    BadParameter
        If something is neither a name nor an address.
    """
    if text is None:
        return form
    asked = [name.strip() for name in text.split(",")]
    if not all(_PROFILE.fullmatch(name) for name in asked):
        raise BadParameter(
            Text(
                th="profile เป็นชื่อ ที่อยู่ หรือ [ogc-profile:ชื่อ] คั่นด้วยจุลภาค เช่น jsonfg",
                en="profile is names, addresses or [ogc-profile:name] with commas, such as jsonfg",
            ),
            parameter="profile",
            known=list(PROFILES),
        )
    known = [name for one in asked if (name := _LAST.split(one.strip("[]"))[-1]) in PROFILES]
    return PROFILED.get(form, form) if known[:1] == ["jsonfg"] else form


def disposition(collection: Collection, form: str, lang: Lang) -> str:
    """Name the file an answer is saved as.

    Parameters
    ----------
    collection : Collection
        Whose features.
    form : str
        A key of `FORMATS`.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``Content-Disposition``: the identifier, and its title for those who read RFC 6266.
    """
    ending = FORMATS[form].ending
    title = quote(f"{collection.title.in_(lang)}.{ending}", safe="")
    return f"attachment; filename=\"{collection.id}.{ending}\"; filename*=UTF-8''{title}"


def items_links(collection: Collection, links: Links) -> list[dict[str, str]]:
    """Link the items of a collection in the formats that its description leaves out.

    Parameters
    ----------
    collection : Collection
        From the register.
    links : Links
        Of the answer.

    Returns
    -------
    list of dict
        ``rel=items``.
    """
    path = f"/collections/{collection.id}/items"
    return [
        links.made("items", links.to(path, f=name), one.kind, collection.title)
        for name, one in FORMATS.items()
        if name not in {"geojson", "json", "csv", "html"}
    ]
