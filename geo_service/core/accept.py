"""What a caller would rather have: the weights of an ``Accept`` header, the codings it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=512)
def weight(accept: str, media_type: str) -> tuple[float, int]:
    """Weigh one media type by an ``Accept`` header.

    Parameters
    ----------
    accept : str
        The header.
    media_type : str
        Parameters behind a semicolon do not count.

    Returns
    -------
    tuple of (float, int)
        Its weight, a share from 0 (not admitted) to 1; and how exactly it was named, 0 at
        best, one less for each wildcard. Neither has a unit.
    """
    # RFC 9110, 12.5.1: the most specific range decides the weight of a type.
    kind = media_type.partition(";")[0]
    wanted: Sequence[str] = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    found: dict[str, float] = {}
    for part in accept.split(","):
        name, _, rest = part.strip().partition(";")
        said = re.search(r"(?:^|;)\s*q\s*=\s*([0-9.]+)", rest)
        try:
            found[name.strip().lower()] = float(said[1]) if said else 1.0
        except ValueError:
            continue
    for specific, pattern in enumerate(wanted):
        if pattern in found:
            return found[pattern], -specific
    return 0.0, -len(wanted)


def takes_coding(accept_encoding: str, coding: str) -> bool:
    """Tell whether a caller takes an answer in a coding.

    Parameters
    ----------
    accept_encoding : str
        The header ``Accept-Encoding``; empty when there is none.
    coding : str
        For example ``gzip``.

    Returns
    -------
    bool
        Only when it is named, and not refused (RFC 9110, 12.5.3).
    """
    for part in accept_encoding.lower().split(","):
        name, _, rest = part.strip().partition(";")
        if name.strip() == coding:
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", rest) is None
    return False
