"""How much a file holds, counted as it streams by: too much is refused before memory is used.

What is counted is a bound that needs no parsing: lines, commas, brackets. It may be a little above
what a reader would find, never below by much.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from geo_service.core.errors import TooLarge, UnreadableFile
from geo_service.core.text import Text
from ingest import archive, forms

if TYPE_CHECKING:
    from geo_service.core.settings import Settings

_PIECE: Final = 1 << 20
#: Members of an object that a feature may hold besides itself, its geometry and its properties.
_OBJECTS_OF_A_FEATURE: Final = 8
#: An element of XML takes about as much memory as a tenth of a row of a table.
_ELEMENTS_OF_A_ROW: Final = 10
_NUMBER_BYTES: Final = 8
_SHX_HEAD_BYTES, _SHX_RECORD_BYTES = 100, 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may hold.

    ``rows`` are rows of a table or features; ``values`` their cells, or the numbers of their
    coordinates (two or three a vertex).
    """

    rows: int = 250_000
    values: int = 10_000_000


DEFAULT: Final = Limits()


def limits_of(settings: Settings) -> Limits:
    """Tell what a file may hold here.

    Parameters
    ----------
    settings : Settings
        Of the installation.

    Returns
    -------
    Limits
        For `check`.
    """
    return Limits(settings.file_rows, settings.file_values)


def check(path: Path, name: str, limits: Limits) -> None:
    """Refuse a file that holds more than it may, before anything of it is kept in memory.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What it is called: its end says how it is read.
    limits : Limits
        What it may hold. Features of a GeoPackage are counted by its reader.

    Raises
    ------
    TooLarge
        If it holds more; `limit` says how much it may be.
    """
    # What is damaged is told by its reader, in better words.
    with suppress(UnreadableFile, OSError, zlib.error, RuntimeError):
        for rows, values in _counted(path, name.lower()):
            if rows > limits.rows:
                raise TooLarge(too_many_rows(limits.rows), limit=limits.rows)
            if values > limits.values:
                raise TooLarge(_too_many_values(limits.values), limit=limits.values)


def too_many_rows(limit: int) -> Text:
    """Say that a file has more rows or features than it may have.

    Parameters
    ----------
    limit : int
        How many it may have.

    Returns
    -------
    Text
        What to do, and which setting it is.
    """
    return Text(
        th=f"ไฟล์มีเกิน {limit:,} แถวหรือรายการ โปรดแบ่งไฟล์ (GEO_FILE_ROWS)",
        en=f"The file has more than {limit:,} rows or features; split it (GEO_FILE_ROWS)",
    )


def _too_many_values(limit: int) -> Text:
    return Text(
        th=f"ไฟล์มีเกิน {limit:,} ช่องหรือตัวเลขพิกัด โปรดแบ่งไฟล์หรือลดจุดของรูปร่าง (GEO_FILE_VALUES)",
        en=f"The file has more than {limit:,} cells or numbers of coordinates; split it, or"
        " simplify its shapes (GEO_FILE_VALUES)",
    )


# Rows and values seen so far, again and again while a file streams by.
def _counted(path: Path, name: str) -> Iterator[tuple[int, int]]:
    if name.endswith(".zip"):
        yield from _of_shapefiles(path)
    elif name.endswith(".xlsx"):
        yield from _of_workbook(path)
    elif name.endswith(".gz"):
        with path.open("rb") as packed:
            yield from _of_text(archive.unpacked(packed, path.stat().st_size), name[:-3])
    elif not name.endswith(".gpkg"):
        with path.open("rb") as opened:
            yield from _of_text(_pieces(opened), name)


def _of_text(pieces: Iterator[bytes], name: str) -> Iterator[tuple[int, int]]:
    first = next(pieces, b"")
    while len(first) < forms.HEAD and (more := next(pieces, b"")):
        first += more
    start = forms.start_of(first)
    every = _again(first, pieces)
    if name.endswith((".json", ".geojson")) or start in {b"{", b"["}:
        yield from _of_json(every, is_geo=b'"FeatureCollection"' in first[: forms.HEAD])
    elif name.endswith(".xml") or start == b"<":
        for closed, alone, attributes in _tallies(every, (b"</", b"/>", b"=")):
            yield (closed + alone) // _ELEMENTS_OF_A_ROW, attributes
    else:
        marks = (b"\n", b"\r", b",", b";", b"\t", b"|")
        for lines, returns, *parted in _tallies(every, marks):
            yield max(lines, returns), max(parted)


def _of_json(pieces: Iterable[bytes], *, is_geo: bool) -> Iterator[tuple[int, int]]:
    for named, objects, commas in _tallies(pieces, (b'"Feature"', b"{", b",")):
        # Names may be written in other letters, so objects are counted, too.
        yield max(named, objects // _OBJECTS_OF_A_FEATURE) if is_geo else objects, commas


def _of_workbook(path: Path) -> Iterator[tuple[int, int]]:
    with path.open("rb") as packed, archive.opened_zip(packed, archive.WORKBOOK) as book:
        for entry in book.infolist():
            if entry.filename.startswith("xl/worksheets/") and not entry.is_dir():
                with book.open(entry) as sheet:
                    counted = _tallies(_pieces(sheet), (b"<row", b"<c "))
                    yield from ((rows, cells) for rows, cells in counted)


def _of_shapefiles(path: Path) -> Iterator[tuple[int, int]]:
    with path.open("rb") as packed, archive.opened_zip(packed, archive.SHAPES) as opened:
        for entry in opened.infolist():
            name = entry.filename.lower()
            if name.endswith(".shp"):
                yield 0, entry.file_size // _NUMBER_BYTES
            elif name.endswith(".shx"):
                yield (entry.file_size - _SHX_HEAD_BYTES) // _SHX_RECORD_BYTES, 0
            elif name.endswith(".dbf"):
                # dBASE: number of records in bytes 4 to 7
                with opened.open(entry) as table:
                    yield int.from_bytes(table.read(8)[4:], "little"), 0


def _again(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: opened.read(_PIECE), b"")


# How often each mark was seen so far, wherever a piece happens to end.
def _tallies(pieces: Iterable[bytes], marks: Sequence[bytes]) -> Iterator[list[int]]:
    counts, ends = [0] * len(marks), [b""] * len(marks)
    for piece in pieces:
        for at, mark in enumerate(marks):
            seen = ends[at] + piece
            counts[at] += seen.count(mark)
            ends[at] = seen[len(seen) - len(mark) + 1 :]
        yield counts
