"""Which form a file has: told by its name and its first bytes, before anything of it is parsed."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text

#: Bytes from the beginning of a file that are enough to know it by.
HEAD: Final = 4_096
#: Files of shapes; a ``.json`` is one when it begins as an object.
SHAPES: Final = (".geojson", ".geojson.gz", ".json", ".json.gz", ".gpkg", ".zip")

ZIP: Final = b"PK\x03\x04"
GZIP: Final = b"\x1f\x8b"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_SQLITE: Final = b"SQLite format 3\x00"
_GPKG: Final = (b"GPKG", b"GP10", b"GP11")
_SHP: Final = b"\x00\x00\x27\x0a"
#: Marks of encodings and blanks, which may stand before what a text begins with.
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"

TableForm: TypeAlias = Literal["csv", "tsv", "xlsx", "json", "xml"]


def start_of(head: bytes) -> bytes:
    """Give the first letter of a text.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Returns
    -------
    bytes
        One byte, or none.
    """
    return head.lstrip(_BLANK)[:1]


def is_shapes(name: str, head: bytes, *, record: str | None = None) -> bool:
    """Tell whether a file for a loader of shapes holds shapes, or is a table of names alone.

    Parameters
    ----------
    name : str
        File name.
    head : bytes
        Its first bytes, unpacked when it is a ``.gz``.
    record : str, optional
        Where the recipe finds the rows of a table in JSON.

    Returns
    -------
    bool
        By its name. A ``.json`` is a table when it begins as a list, or when the recipe says
        where in it the rows are and it names no collection; else it must be GeoJSON.
    """
    lower = name.lower()
    if lower.endswith((".json", ".json.gz")):
        return start_of(head) == b"{" and (record is None or b'"FeatureCollection"' in head)
    return lower.endswith(SHAPES)


def table_form(name: str, head: bytes) -> TableForm:
    """Tell in which form a table is written.

    Parameters
    ----------
    name : str
        File name.
    head : bytes
        Its first bytes.

    Returns
    -------
    {"csv", "tsv", "xlsx", "json", "xml"}
        By its content; of texts that begin like neither, by its name.

    Raises
    ------
    UnreadableFile
        If it is an old workbook, or packed.
    """
    if head.startswith(ZIP):
        return "xlsx"
    if head.startswith((_OLD_OFFICE, GZIP)):
        raise UnreadableFile(
            Text(
                th="ไม่รองรับไฟล์ .xls รุ่นเก่าหรือไฟล์บีบอัด โปรดบันทึกเป็น .xlsx หรือ CSV",
                en="Old .xls and compressed files are not read; save as .xlsx or CSV",
            )
        )
    start = start_of(head)
    if start in {b"{", b"["}:
        return "json"
    if start == b"<":
        return "xml"
    return "tsv" if name.lower().endswith((".tsv", ".tab")) else "csv"


def need_geopackage(head: bytes) -> None:
    """Refuse a database that is no GeoPackage.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Raises
    ------
    UnreadableFile
        If they are not those of a GeoPackage (OGC 12-128, 1.1.1.1.1).
    """
    if not (head.startswith(_SQLITE) and head[68:72] in _GPKG):
        raise UnreadableFile(Text("ไฟล์ไม่ใช่ GeoPackage", "The file is no GeoPackage"))


def need_shapefile(head: bytes) -> None:
    """Refuse a ``.shp`` that is none.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Raises
    ------
    UnreadableFile
        If they are not those of a shapefile.
    """
    if not head.startswith(_SHP):
        raise UnreadableFile(Text("ไฟล์ไม่ใช่ Shapefile", "The file is no Shapefile"))
