"""From what a cell says to a day: dates and years as Thai lists write them."""

from __future__ import annotations

import re
from datetime import date

from geo_service.core.text import Text
from ingest.clean import THAI_DIGITS, Problem, clean_text, read_period

#: Where the day stands beside a month that `ingest.clean.read_period` has read.
_DAYS = (
    re.compile(r"\d{4}-\d{2}-(?P<day>\d{2})(?:[T ].*)?"),
    re.compile(r"(?P<day>\d{1,2})[/.-]\d{1,2}[/.-]\d{4}"),
    re.compile(r"(?P<day>\d{1,2})\s+[ก-์.]+\s.*"),
)


def read_day(raw: str | None) -> date | Problem:
    """Read a cell that names a day, or a month or a year that begins on one.

    Parameters
    ----------
    raw : str or None
        For example ``2024-10-01``, ``1/10/2567``, ``๑ ตุลาคม ๒๕๖๗``, ``ต.ค. 2567``, ``2568`` (1
        January) or ``ปีงบประมาณ 2568`` (1 October before it); Buddhist years from 2400 on.

    Returns
    -------
    date or Problem
        The first day of what is named; or why none is.

    Examples
    --------
    >>> read_day("1 ต.ค. 2567")
    datetime.date(2024, 10, 1)
    """
    text = clean_text(raw).translate(THAI_DIGITS)
    period = read_period(text, monthly=True)
    if isinstance(period, Problem):
        return period
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _DAYS)), None)
    if match is None:
        return period.start
    try:
        return period.start.replace(day=int(match["day"]))
    except ValueError:
        return Problem("bad-period", Text(th=f"ไม่มีวันที่ '{text}'", en=f"There is no day '{text}'"))
