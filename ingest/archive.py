"""Compressed files from strangers: opened within limits, nothing written where it should not."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text
from ingest import forms

MAX_ENTRIES = 64
MAX_BYTES = 2 * 1024**3
#: A table of blanks packs well, a bomb better.
MAX_RATIO = 250
#: Below this size a high ratio harms nobody.
_HARMLESS_BYTES = 16 * 1024**2
_CHUNK_BYTES = 1024**2
#: The list of what an archive holds; longer ones are not even read.
_MAX_DIRECTORY_BYTES = 1024**2
_SHP_HEAD_BYTES = 4

#: Parts of a shapefile that are read; the rest of an archive is left in it.
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".kmz")


@dataclass(frozen=True, slots=True)
class Rules:
    """What an archive may hold, whatever is read of it."""

    entries: int = MAX_ENTRIES
    unpacked_bytes: int = MAX_BYTES
    may_nest: bool = False


SHAPES: Final = Rules()
#: A workbook is a zip of many small parts, some of which may be workbooks.
WORKBOOK: Final = Rules(entries=2_000, unpacked_bytes=600_000_000, may_nest=True)


def gunzip(data: bytes) -> bytes:
    """Unpack gzip within limits.

    Parameters
    ----------
    data : bytes
        Content of a ``.gz`` file.

    Returns
    -------
    bytes
        What it holds.

    Raises
    ------
    UnreadableFile
        If it is no gzip, is damaged, or unpacks to more than the limits.
    """
    return b"".join(unpacked(BytesIO(data), len(data)))


def unpacked(packed: IO[bytes], packed_bytes: int) -> Iterator[bytes]:
    """Unpack gzip within limits, piece by piece.

    Parameters
    ----------
    packed : file
        Open at its beginning.
    packed_bytes : int
        Its size.

    Yields
    ------
    bytes
        What it holds, at most a megabyte at once.

    Raises
    ------
    UnreadableFile
        If it is no gzip, is damaged, or unpacks to more than the limits.
    """
    allowed = min(MAX_BYTES, max(_HARMLESS_BYTES, MAX_RATIO * packed_bytes))
    size = 0
    try:
        with gzip.open(packed) as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                size += len(chunk)
                _check_size(size, allowed)
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(
            Text(th="ไฟล์ .gz เสียหายหรือไม่ใช่ gzip", en="The .gz file is damaged or no gzip")
        ) from error


def unpack_shapefile(data: bytes, folder: Path, *, layer: str | None = None) -> Path:
    """Take one shapefile out of a zip, under fixed names.

    Parameters
    ----------
    data : bytes
        Content of a ``.zip`` file.
    folder : Path
        Empty folder to write ``layer.shp`` and its parts to.
    layer : str, optional
        Name of the shapefile (without ``.shp``) when the archive holds several.

    Returns
    -------
    Path
        The ``layer.shp`` written.

    Raises
    ------
    UnreadableFile
        If the archive breaks a limit, reaches out of itself, is encrypted or damaged, or does
        not hold exactly the one shapefile asked for with its table.
    """
    with opened_zip(BytesIO(data), SHAPES) as archive:
        for suffix, entry in _parts_of_one(archive, layer).items():
            _extract(archive, entry, folder / f"layer{suffix}")
    return folder / "layer.shp"


def check_shapefile(data: bytes, *, layer: str | None = None) -> None:
    """Refuse a zip that `unpack_shapefile` would refuse, without unpacking it.

    Parameters
    ----------
    data : bytes
        Content of a ``.zip`` file.
    layer : str, optional
        As there.

    Raises
    ------
    UnreadableFile
        As there, but for damage within its parts.
    """
    with opened_zip(BytesIO(data), SHAPES) as archive:
        _parts_of_one(archive, layer)


def check_workbook(data: bytes) -> None:
    """Refuse what is no workbook, or unpacks to too much, without reading its sheets.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    UnreadableFile
        If it breaks the rules for archives, or holds no workbook.
    """
    with opened_zip(BytesIO(data), WORKBOOK) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise UnreadableFile(
                Text(
                    th="ไฟล์ zip นี้ไม่ใช่ตาราง Excel (ถ้าเป็น shapefile ให้ใช้สูตรของขอบเขต)",
                    en="This zip is no workbook; a shapefile needs a recipe for shapes",
                )
            )


@contextmanager
def opened_zip(packed: IO[bytes], rules: Rules) -> Iterator[zipfile.ZipFile]:
    """Open an archive that keeps to the rules; every zip is opened here.

    Parameters
    ----------
    packed : file
        The archive.
    rules : Rules
        What it may hold.

    Yields
    ------
    ZipFile
        Its entries are within the limits by what they claim, and none reaches out of it.

    Raises
    ------
    UnreadableFile
        If it breaks a rule, is encrypted, damaged, or no zip.
    """
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Careful(packed, rules))) as archive:
            _check_entries(archive.infolist(), rules)
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise UnreadableFile(
            Text(th="ไฟล์ .zip หรือ .xlsx เสียหาย หรือไม่ใช่ zip", en="The .zip is damaged or no zip")
        ) from error


class _Careful:
    # zipfile reads the whole list of entries at once, however long somebody says that it is;
    # the entries themselves are read in smaller pieces.
    def __init__(self, opened: IO[bytes], rules: Rules) -> None:
        self._opened, self._rules = opened, rules

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (the rest of a file)
        return getattr(self._opened, name)

    def read(self, size: int = -1) -> bytes:
        most = _MAX_DIRECTORY_BYTES
        read = self._opened.read(most + 1 if size < 0 else min(size, most + 1))
        if len(read) > most:
            raise _too_many_entries(self._rules.entries)
        return read


def _check_entries(entries: list[zipfile.ZipInfo], rules: Rules) -> None:
    if len(entries) > rules.entries:
        raise _too_many_entries(rules.entries)
    _check_size(sum(entry.file_size for entry in entries), rules.unpacked_bytes)
    for entry in entries:
        _check_entry(entry)
        if not rules.may_nest and entry.filename.lower().endswith(_ARCHIVES):
            raise UnreadableFile(
                Text(
                    th="ไฟล์ .zip มีไฟล์บีบอัดซ้อนอยู่ข้างใน โปรดคลายออกก่อน",
                    en="The .zip holds another archive; unpack that first",
                )
            )


def _too_many_entries(most: int) -> UnreadableFile:
    return UnreadableFile(
        Text(
            th=f"ไฟล์ .zip มีรายการเกิน {most:,} รายการ",
            en=f"The .zip holds more than {most:,} entries",
        )
    )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    outside = name.startswith("/") or "\\" in name or ":" in name
    outside = outside or ".." in PurePosixPath(name).parts
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if outside or is_link:
        raise UnreadableFile(
            Text(
                th="ไฟล์ .zip มีรายการที่ชี้ออกนอกตัวเอง",
                en="The .zip holds an entry that reaches out of it",
            )
        )
    if entry.flag_bits & 1:
        raise UnreadableFile(Text(th="ไฟล์ .zip มีรหัสผ่าน", en="The .zip is encrypted"))
    _check_size(entry.file_size, max(_HARMLESS_BYTES, MAX_RATIO * max(entry.compress_size, 1)))


def _parts_of_one(archive: zipfile.ZipFile, layer: str | None) -> dict[str, zipfile.ZipInfo]:
    entries = (entry for entry in archive.infolist() if not entry.is_dir())
    paths = {PurePosixPath(entry.filename): entry for entry in entries}
    shapes = sorted(p for p in paths if p.suffix.lower() == ".shp" and p.name[0] != ".")
    found = [p for p in shapes if layer is None or p.stem == layer]
    if len(found) != 1:
        names = ", ".join(p.stem for p in shapes) or "-"
        raise UnreadableFile(
            Text(
                th=f"ต้องมี Shapefile เดียว หรือระบุ layer ในสูตร ที่พบคือ {names}",
                en=f"One shapefile is wanted, or layer in the recipe; there are: {names}",
            ),
            layers=[p.stem for p in shapes],
        )
    chosen = found[0].with_suffix("")
    parts = {
        p.suffix.lower(): entry
        for p, entry in paths.items()
        if p.with_suffix("") == chosen and p.suffix.lower() in _PARTS
    }
    missing = [suffix for suffix in (".shp", ".dbf") if suffix not in parts]
    if missing:
        raise UnreadableFile(
            Text(
                th=f"Shapefile ไม่ครบ ขาด {', '.join(missing)}",
                en=f"The shapefile is incomplete: {', '.join(missing)} is missing",
            )
        )
    with archive.open(parts[".shp"]) as shapes_of_it:
        forms.need_shapefile(shapes_of_it.read(_SHP_HEAD_BYTES))
    return parts


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    # The size in the directory is a claim: count what really comes out.
    written = 0
    with archive.open(entry) as packed, target.open("wb") as out:
        while chunk := packed.read(_CHUNK_BYTES):
            written += len(chunk)
            _check_size(written, entry.file_size)
            out.write(chunk)


def _check_size(size: int, allowed: int) -> None:
    if size > allowed:
        raise UnreadableFile(
            Text(
                th=f"ไฟล์ขยายแล้วใหญ่เกินกำหนด ({size:,} ไบต์)",
                en=f"The file unpacks to more than is allowed ({size:,} bytes)",
            )
        )
