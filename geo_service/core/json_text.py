"""Documents in JSON that come from outside, measured before they are parsed.

How deep and how large a document is shows in its brackets and commas, without its strings; so
neither the parser nor the readers behind it can be led further than the limits. A name given twice
in one object says two things at once (RFC 8259, 4, leaves open which of them counts): it is
refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from geo_service.core.errors import BadRequest, TooLarge
from geo_service.core.text import Text

MOST_DEPTH: Final = 64
MOST_NODES: Final = 20_000
# Bytes of letters beyond ASCII are never quotes or backslashes in UTF-8. A string without an end
# is taken, too: if it were not, each quote in it would be tried in turn, to the end.
_STRING: Final = re.compile(rb'"(?:\\.|[^"\\])*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_LONGEST_NAME: Final = 60


def read_object(body: bytes, wanted: Text) -> dict[str, Any]:
    """Read a document that is one object.

    Parameters
    ----------
    body : bytes
        JSON in UTF-8.
    wanted : Text
        What should have come, for whoever sent something else.

    Returns
    -------
    dict
        Each name once, nested at most `MOST_DEPTH` deep.

    Raises
    ------
    BadRequest
        If it is no object in JSON, or a name is given twice.
    TooLarge
        If it is nested too deep or has too many parts.
    """
    measure(body)
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(wanted) from error
    if not isinstance(said, dict):
        raise BadRequest(wanted)
    twice = repeated(body)
    if twice is not None:
        name = twice[:_LONGEST_NAME]
        raise BadRequest(
            Text(th=f"ชื่อ '{name}' ซ้ำกันในออบเจกต์เดียว", en=f"'{name}' is given twice in one object")
        )
    return said


def measure(body: bytes) -> None:
    """Refuse a document of more depth or parts than anything that is read here.

    Parameters
    ----------
    body : bytes
        Not parsed yet; it need not be JSON.

    Raises
    ------
    TooLarge
        If it is nested too deep or has too many parts.
    """
    bare = _STRING.sub(b"", body)
    # Each value but the first of its list or object follows a comma, the first an opening.
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MOST_NODES:
        raise TooLarge(
            Text(
                th=f"เอกสาร JSON มีส่วนประกอบเกิน {MOST_NODES:,} ส่วน",
                en=f"The document has more than {MOST_NODES:,} parts",
            ),
            limit=MOST_NODES,
        )
    depth = 0
    for found in _BRACKET.finditer(bare):
        depth += 1 if found[0] in b"[{" else -1
        if depth > MOST_DEPTH:
            raise TooLarge(
                Text(
                    th=f"เอกสาร JSON ซ้อนกันเกิน {MOST_DEPTH} ชั้น",
                    en=f"The document is nested more than {MOST_DEPTH} deep",
                ),
                limit=MOST_DEPTH,
            )
        if depth < 0:
            return  # no JSON, as the parser will say


def repeated(body: bytes | str) -> str | None:
    """Find a name that an object gives twice.

    Parameters
    ----------
    body : bytes or str
        JSON that was parsed before, hence is some, and was measured.

    Returns
    -------
    str or None
        The first such name; ``None`` when there is none.
    """
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                twice.append(name)
            seen.add(name)

    # Numbers are of no concern here, and long ones cost.
    json.loads(body, object_pairs_hook=look, parse_int=str, parse_float=str)
    return twice[0] if twice else None
