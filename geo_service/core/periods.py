"""Periods of time: stored as CE dates, shown as Buddhist years.

Three calendars: ``gregorian`` (1 Jan - 31 Dec), ``fiscal`` (Thai: FY2568 is 1 Oct 2024 -
30 Sep 2025) and ``academic`` (16 May - 15 May). The key of a period is CE and sorts:
``2024``, ``FY2025``, ``AY2024``, ``2024Q3``, ``2024-06``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from geo_service.core.errors import BadParameter
from geo_service.core.text import BUDDHIST_OFFSET, Text

Calendar = Literal["gregorian", "fiscal", "academic"]
Granularity = Literal["year", "quarter", "month"]

#: Years at or above this are Buddhist: CE 2400 and BE 2400 (CE 1857) are both out of reach.
FIRST_BUDDHIST_YEAR = 2400
EARLIEST_CE, LATEST_CE = 1857, 2200

_QUARTER_MONTHS = 3
_YEAR = re.compile(r"(?P<prefix>FY|AY|CE|BE|พ\.?ศ\.?|ค\.?ศ\.?)?\s*(?P<year>\d{4})")
#: ISO 8601 durations in whole days, as the tests of OGC's Features ask with them.
_DURATION = re.compile(
    r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T0[HMS])?"
)
_PART = re.compile(r"(?P<year>\d{4})(?:-?Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in one calendar; ``end`` is its last day."""

    key: str
    calendar: Calendar
    granularity: Granularity
    start: date
    end: date

    @property
    def year_ce(self) -> int:
        """The year the period is named after, CE."""
        return self.end.year if self.calendar == "fiscal" else self.start.year

    @property
    def days(self) -> int:
        """Number of days, both ends counted."""
        return (self.end - self.start).days + 1

    @property
    def label(self) -> Text:
        """The period in words: Buddhist years in Thai, CE in English."""
        be = self.year_ce + BUDDHIST_OFFSET
        if self.granularity == "quarter":
            quarter = (self.start.month - 1) // _QUARTER_MONTHS + 1
            return Text(th=f"ไตรมาส {quarter} พ.ศ. {be}", en=f"Q{quarter} {self.year_ce}")
        if self.granularity == "month":
            return Text(th=f"{self.start.month:02d}/{be}", en=f"{self.year_ce}-{self.start:%m}")
        if self.calendar == "fiscal":
            return Text(th=f"ปีงบประมาณ {be}", en=f"FY {self.year_ce} (B.E. {be})")
        if self.calendar == "academic":
            return Text(th=f"ปีการศึกษา {be}", en=f"Academic year {self.year_ce} (B.E. {be})")
        return Text(th=f"พ.ศ. {be}", en=f"{self.year_ce} (B.E. {be})")


def to_ce(year: int) -> int:
    """Bring a Buddhist or CE year to CE.

    Parameters
    ----------
    year : int
        For example 2567 or 2024.

    Returns
    -------
    int
        The CE year.

    Raises
    ------
    BadParameter
        If the year lies outside 1857-2200 in both calendars.
    """
    ce = year - BUDDHIST_OFFSET if year >= FIRST_BUDDHIST_YEAR else year
    if not EARLIEST_CE <= ce <= LATEST_CE:
        raise BadParameter(
            Text(th=f"ปี {year} ไม่อยู่ในช่วงที่เป็นไปได้", en=f"The year {year} is out of range"),
            parameter="period",
        )
    return ce


def year_period(year: int, calendar: Calendar = "gregorian") -> Period:
    """Return one year of a calendar.

    Parameters
    ----------
    year : int
        Buddhist or CE.
    calendar : {"gregorian", "fiscal", "academic"}
        Which year is meant.

    Returns
    -------
    Period
        With CE dates.

    Raises
    ------
    BadParameter
        If the year is out of range.
    """
    ce = to_ce(year)
    if calendar == "fiscal":
        return Period(f"FY{ce}", calendar, "year", date(ce - 1, 10, 1), date(ce, 9, 30))
    if calendar == "academic":
        return Period(f"AY{ce}", calendar, "year", date(ce, 5, 16), date(ce + 1, 5, 15))
    return Period(f"{ce}", calendar, "year", date(ce, 1, 1), date(ce, 12, 31))


def parse_period(text: str) -> Period:
    """Read one period as people write it.

    Parameters
    ----------
    text : str
        ``2567``, ``2024``, ``พ.ศ. 2567``, ``FY2567``, ``AY2566``, ``2567Q3``, ``2567-06``.

    Returns
    -------
    Period
        With CE dates.

    Raises
    ------
    BadParameter
        If the text is no period or its year is out of range.
    """
    stripped = text.strip()
    if match := _YEAR.fullmatch(stripped):
        calendars: dict[str | None, Calendar] = {"FY": "fiscal", "AY": "academic"}
        calendar = calendars.get(match["prefix"], "gregorian")
        return year_period(int(match["year"]), calendar)
    if match := _PART.fullmatch(stripped):
        ce = to_ce(int(match["year"]))
        if match["month"]:
            month = int(match["month"])
            return Period(f"{ce}-{month:02d}", "gregorian", "month", *_months(ce, month, 1))
        quarter = int(match["quarter"])
        first = (quarter - 1) * _QUARTER_MONTHS + 1
        dates = _months(ce, first, _QUARTER_MONTHS)
        return Period(f"{ce}Q{quarter}", "gregorian", "quarter", *dates)
    raise BadParameter(
        Text(
            th=f"อ่านช่วงเวลา '{text}' ไม่ได้ ตัวอย่างที่ใช้ได้: 2567, FY2567, 2024, 2567Q3, 2567-06",
            en=f"'{text}' is not a period; write 2567, FY2567, 2024, 2567Q3 or 2567-06",
        ),
        parameter="period",
    )


def parse_interval(text: str) -> tuple[date | None, date | None]:
    """Read an ISO date, an interval ``a/b`` (``..`` or nothing for open) or a period.

    Parameters
    ----------
    text : str
        ``2024-06-30``, ``2020-01-01/2024-12-31``, ``../2024-12-31``, ``2024-06-30/P3M``, ``2567``.

    Returns
    -------
    tuple of (date or None, date or None)
        First and last day, both included; ``None`` is open.

    Raises
    ------
    BadParameter
        If it cannot be read, or ends before it starts.
    """
    if "/" not in text:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text):
            day = _iso_date(text)
            return day, day
        period = parse_period(text)
        return period.start, period.end
    first, _, last = text.partition("/")
    start = None if first in {"", ".."} else parse_interval(first)[0]
    end = None if last in {"", ".."} else _end_of(last, start)
    if start is not None and end is not None and end < start:
        raise BadParameter(
            Text(th="ช่วงเวลาจบก่อนเริ่ม", en="The interval ends before it starts"),
            parameter="datetime",
        )
    return start, end


def _end_of(text: str, start: date | None) -> date | None:
    match = _DURATION.fullmatch(text)
    if match is None or start is None:
        return parse_interval(text)[1]
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    month = start.year * 12 + start.month - 1 + years * 12 + months
    try:
        first = date(month // 12, month % 12 + 1, 1)
        last_day = monthrange(first.year, first.month)[1]
        return first.replace(day=min(start.day, last_day)) + timedelta(days=7 * weeks + days)
    except (ValueError, OverflowError) as error:
        raise BadParameter(
            Text(th=f"ระยะเวลา '{text}' ยาวเกินไป", en=f"The duration '{text}' is too long"),
            parameter="datetime",
        ) from error


def _months(year: int, first: int, count: int) -> tuple[date, date]:
    after = first + count
    following = date(year + (after - 1) // 12, (after - 1) % 12 + 1, 1)
    return date(year, first, 1), following - timedelta(days=1)


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise BadParameter(
            Text(th=f"วันที่ '{text}' ไม่ถูกต้อง", en=f"'{text}' is not an ISO 8601 date"),
            parameter="datetime",
        ) from error
