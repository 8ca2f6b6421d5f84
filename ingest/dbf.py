"""The attribute table of a shapefile: which encoding its text is in.

A shapefile says so in a ``.cpg`` beside it, or hardly. Without one, GDAL takes the text for
Latin-1 and Thai becomes mojibake without a word. Here the bytes themselves are asked.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER_BYTES, _FIELD_BYTES = 32, 32
_END_OF_FIELDS = 0x0D
_THAI_CODE_PAGES = {"874", "cp874", "windows-874", "tis-620", "tis620", "iso-8859-11", "ansi 874"}
_UTF_8 = {"65001", "utf-8", "utf8"}
#: Longest incomplete character at the end of a field that was cut by bytes.
_LONGEST_TAIL = 3


def stated_encoding(cpg: str) -> str | None:
    """Read the content of a ``.cpg`` file.

    Parameters
    ----------
    cpg : str
        For example ``UTF-8``, ``874`` or ``TIS-620``.

    Returns
    -------
    str or None
        A codec name; None when it names none that exists.
    """
    said = cpg.strip().strip("\x00").casefold()
    if said in _UTF_8:
        return "utf-8"
    if said in _THAI_CODE_PAGES:
        return "cp874"
    for name in (said, f"cp{said}"):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    return None


def detect_encoding(dbf: Path) -> str | None:
    """Find the encoding of a table's text from its bytes.

    UTF-8 when every text is UTF-8 (a last character cut by the field's width aside); TIS-620
    (code page 874) when every text can be that and most of its high bytes are Thai letters.

    Parameters
    ----------
    dbf : Path
        The ``.dbf`` file.

    Returns
    -------
    str or None
        ``ascii``, ``utf-8`` or ``cp874``; None when it is none of them.
    """
    high = [text for text in _texts(dbf.read_bytes()) if not text.isascii()]
    if not high:
        return "ascii"
    if all(_is_utf_8(text) for text in high):
        return "utf-8"
    return "cp874" if all(_is_thai(text) for text in high) else None


def _texts(content: bytes) -> Iterator[bytes]:
    if len(content) < _HEADER_BYTES:
        return
    count, header, width = struct.unpack_from("<IHH", content, 4)
    fields: list[tuple[int, int]] = []
    offset, place = 1, _HEADER_BYTES
    while place + _FIELD_BYTES <= header and content[place] != _END_OF_FIELDS:
        length = content[place + 16]
        if content[place + 11 : place + 12] == b"C":
            fields.append((offset, length))
        offset += length
        place += _FIELD_BYTES
    for number in range(count):
        record = content[header + number * width : header + (number + 1) * width]
        for start, length in fields:
            yield record[start : start + length].rstrip(b" \x00")


def _is_utf_8(text: bytes) -> bool:
    for tail in range(_LONGEST_TAIL + 1):
        try:
            text[: len(text) - tail].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False


def _is_thai(text: bytes) -> bool:
    try:
        decoded = text.decode("cp874")
    except UnicodeDecodeError:
        return False
    strange = sum(1 for letter in decoded if letter > "\x7f" and not "\u0e00" <= letter <= "\u0e7f")
    return strange * 10 <= len(decoded)
