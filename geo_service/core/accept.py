"""What a caller would rather have: the weights of an ``Accept`` header."""

from __future__ import annotations

import re
from collections.abc import Sequence


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
