"""Compressed files from strangers: opened within limits, nothing written where it should not."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text

MAX_ENTRIES = 64
MAX_BYTES = 2 * 1024**3
#: A table of blanks packs well, a bomb better.
MAX_RATIO = 250
#: Below this size a high ratio harms nobody.
_HARMLESS_BYTES = 16 * 1024**2
_CHUNK_BYTES = 1024**2

#: Parts of a shapefile that are read; the rest of an archive is left in it.
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


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
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            parts = _parts_of_one(entries, layer)
            for suffix, entry in parts.items():
                _extract(archive, entry, folder / f"layer{suffix}")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise UnreadableFile(
            Text(th="ไฟล์ .zip เสียหายหรือไม่ใช่ zip", en="The .zip file is damaged or no zip")
        ) from error
    return folder / "layer.shp"


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise UnreadableFile(
            Text(
                th=f"ไฟล์ .zip มี {len(entries)} รายการ เกิน {MAX_ENTRIES}",
                en=f"The .zip holds {len(entries)} entries, more than {MAX_ENTRIES}",
            )
        )
    size = sum(entry.file_size for entry in entries)
    _check_size(size, MAX_BYTES)
    for entry in entries:
        _check_entry(entry)


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


def _parts_of_one(entries: list[zipfile.ZipInfo], layer: str | None) -> dict[str, zipfile.ZipInfo]:
    paths = {PurePosixPath(entry.filename): entry for entry in entries if not entry.is_dir()}
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
