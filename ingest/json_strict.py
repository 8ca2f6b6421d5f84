"""JSON that two readers could understand differently is refused, however large it is.

What a parser took is looked at once more: a member that stands twice in an object (RFC 8259, 4,
leaves open which of them counts), halves of letters (8.2), and nesting that no data have. Nothing
is kept of it, so a file of shapes costs little memory here.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from geo_service.core import json_text
from geo_service.core.errors import UnreadableFile
from geo_service.core.json_text import MOST_DEPTH
from geo_service.core.text import Text

TOO_DEEP: Final = Text(
    th=f"JSON ซ้อนกันเกิน {MOST_DEPTH} ชั้น", en=f"The JSON nests more than {MOST_DEPTH} deep"
)
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NO_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONGEST_NAME: Final = 60


def check(content: bytes) -> None:
    """Refuse JSON in which a member stands twice, a letter is half, or that nests too deep.

    Parameters
    ----------
    content : bytes
        In UTF-8, and taken by a parser before.

    Raises
    ------
    UnreadableFile
        With the name of the member.
    """
    if _is_deep(content):
        raise UnreadableFile(TOO_DEEP)
    plain = content.removeprefix(b"\xef\xbb\xbf")
    if _SURROGATE.search(plain):
        _refuse_halves(plain)
    twice = json_text.repeated(plain)
    if twice is not None:
        name = twice[:_LONGEST_NAME]
        raise UnreadableFile(
            Text(
                th=f"ชื่อ '{name}' ซ้ำในออบเจกต์เดียวกัน",
                en=f"The member '{name}' stands twice in one object",
            )
        )


def _is_deep(content: bytes) -> bool:
    # Layers are taken off from within, so that millions of brackets cost a few passes.
    left = _STRING.sub(b"", content).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(MOST_DEPTH):
        left = left.replace(b"[]", b"")
    return bool(left)


def _refuse_halves(content: bytes) -> None:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(
            Text(
                th=f"JSON มีรหัสอักษรที่ไม่ครบคู่ (บรรทัด {error.lineno:,})",
                en=f"The JSON holds half of a letter (line {error.lineno:,})",
            )
        ) from error
