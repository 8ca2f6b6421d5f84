"""Moments as people read them: a day and a clock, in Thai time."""

from __future__ import annotations

from datetime import datetime

from geo_service.core.audit import THAI_TIME
from geo_service.core.text import Lang, day_in


def moment_in(at: datetime | None, lang: Lang, *, seconds: bool = False) -> str:
    """Write a moment as people read it, in Thai time.

    Parameters
    ----------
    at : datetime, optional
        With its zone.
    lang : {"th", "en"}
        Language of the reader; the year is Buddhist in Thai.
    seconds : bool
        Whether to the second.

    Returns
    -------
    str
        Empty for none.
    """
    if at is None:
        return ""
    here = at.astimezone(THAI_TIME)
    clock = f"{here:%H:%M:%S}" if seconds else f"{here:%H:%M}"
    return f"{day_in(here, lang)} {clock}{' น.' if lang == 'th' else ''}"
