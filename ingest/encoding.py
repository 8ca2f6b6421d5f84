"""From bytes to text: which encoding a file is in, and when its text is already broken."""

from __future__ import annotations

import codecs
import re

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text

#: Names people give to the Thai single-byte encodings; CP874 is the superset of them all.
_ALIASES = {
    "tis-620": "cp874",
    "tis620": "cp874",
    "tis_620": "cp874",
    "windows-874": "cp874",
    "win874": "cp874",
    "iso-8859-11": "cp874",
    "iso8859-11": "cp874",
    "utf8": "utf-8-sig",
    "utf-8": "utf-8-sig",
    "utf-8-sig": "utf-8-sig",
    "utf16": "utf-16",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_THAI = re.compile("[\u0e01-\u0e3a\u0e3f-\u0e5b]")
#: Thai vowels and tones that sit on a letter; none of them can begin a word.
_STRAY_MARK = re.compile(
    "(?:^|[^\u0e01-\u0e4e\u200b\u200c\u200d])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
)
#: UTF-8 bytes of Thai read as Western letters: every Thai letter begins with E0 B8 or E0 B9.
_AS_WESTERN = re.compile("\u00e0[\u00b8\u00b9]")
#: The same bytes read as CP874.
_AS_CP874 = re.compile("\u0e40[\u0e18\u0e19]")
#: CP874 bytes read as Western letters: long runs of accented letters and no Thai.
_ACCENTED_RUN = re.compile("[\u00a1-\u00fb]{4,}")

_SHARE_OF_BROKEN_LETTERS = 0.5
_SHARE_OF_STRAY_MARKS = 0.05
_LETTERS_OF_THREE_BYTES = 3
_PROBE_CHARACTERS = 200_000


def decode(data: bytes, stated: str | None = None) -> tuple[str, str]:
    """Bring the bytes of a text file to text.

    A stated encoding is obeyed. Otherwise a byte-order mark decides, then valid UTF-8, then
    CP874 (TIS-620) when what comes out is plausible Thai. Nothing is replaced or dropped.

    Parameters
    ----------
    data : bytes
        The whole file.
    stated : str, optional
        Encoding the recipe states, for example ``tis-620``.

    Returns
    -------
    tuple of (str, str)
        Text without byte-order mark, and the encoding it was read in.

    Raises
    ------
    UnreadableFile
        If the bytes fit no encoding, hold NUL, or were spoiled by an earlier conversion.
    """
    encoding = _stated(stated) if stated else _detect(data)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise UnreadableFile(
            Text(
                th=f"ไฟล์ไม่ได้เข้ารหัสแบบ {encoding} ตลอดทั้งไฟล์ โปรดระบุ encoding ในสูตร",
                en=f"The file is not {encoding} throughout; state its encoding in the recipe",
            ),
            encoding=encoding,
        ) from error
    text = text.removeprefix("\ufeff")
    _refuse_broken(text)
    return text, encoding


def _stated(stated: str) -> str:
    name = _ALIASES.get(stated.strip().lower(), stated.strip().lower())
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise UnreadableFile(
            Text(th=f"ไม่รู้จัก encoding '{stated}'", en=f"There is no encoding '{stated}'")
        ) from error
    return name


def _detect(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _plausible_thai(data)
    return "utf-8"


def _plausible_thai(data: bytes) -> str:
    # Answer CP874 when the bytes make plausible Thai in it; refuse when they do not.
    try:
        text = data.decode("cp874")[:_PROBE_CHARACTERS]
    except UnicodeDecodeError:
        text = ""
    letters = len(_THAI.findall(text))
    foreign = sum(1 for char in text if char > "\x7f") - letters
    stray = len(_STRAY_MARK.findall(text))
    if letters == 0 or foreign > letters or stray > max(1, letters * _SHARE_OF_STRAY_MARKS):
        raise UnreadableFile(
            Text(
                th="ไม่ทราบว่าไฟล์เข้ารหัสแบบใด (ไม่ใช่ UTF-8, UTF-16 หรือ TIS-620)"
                " โปรดบันทึกใหม่เป็น UTF-8 หรือระบุ encoding ในสูตร",
                en="The encoding is neither UTF-8, UTF-16 nor TIS-620; save the file as UTF-8"
                " or state its encoding in the recipe",
            )
        )
    return "cp874"


def _refuse_broken(text: str) -> None:
    # Refuse text that holds NUL or that an earlier conversion has spoiled.
    if "\x00" in text:
        raise UnreadableFile(
            Text(
                th="ไฟล์มีไบต์ NUL (อาจเสียหาย หรือเป็น UTF-16 ที่ไม่มี BOM) โปรดบันทึกใหม่เป็น UTF-8",
                en="The file holds NUL bytes (damaged, or UTF-16 without a byte-order mark);"
                " save it again as UTF-8",
            )
        )
    probe = text[:_PROBE_CHARACTERS]
    thai = len(_THAI.findall(probe))
    as_cp874 = len(_AS_CP874.findall(probe)) * _LETTERS_OF_THREE_BYTES
    spoiled = (
        "\ufffd" in probe
        or len(_AS_WESTERN.findall(probe)) > 1
        or (thai > 0 and as_cp874 > thai * _SHARE_OF_BROKEN_LETTERS)
        or (thai == 0 and len(_ACCENTED_RUN.findall(probe)) > 1)
    )
    if spoiled:
        raise UnreadableFile(
            Text(
                th="ตัวอักษรไทยในไฟล์เสียจากการแปลงรหัสก่อนหน้านี้ (เช่น à¸ หรือ เธ) โปรดขอไฟล์ต้นฉบับ",
                en="The Thai text was spoiled by an earlier conversion (as in à¸ or เธ);"
                " ask for the original file",
            )
        )
