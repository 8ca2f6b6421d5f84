"""From what a cell says to a text, a number or a period; what cannot be read says why."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from geo_service.core.errors import BadParameter
from geo_service.core.periods import (
    FIRST_BUDDHIST_YEAR,
    Calendar,
    Period,
    parse_period,
    year_period,
)
from geo_service.core.text import BUDDHIST_OFFSET, Text

Era = Literal["detect", "be", "ce"]
State = Literal["value", "missing", "not_applicable", "suppressed"]

THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
MISSING_MARKS = frozenset(
    ("", "-", "--", "–", "—", "−", "n/a", "#n/a", "na", "nan", "null", "none", "...", "…", "..",
     "ไม่มีข้อมูล", "ไม่ระบุ", "ไม่ทราบ", "ไม่ได้รายงาน", "no data", "not reported")
)  # fmt: skip

#: Words and numbers remembered within a run: names, codes and years return row after row.
_REMEMBERED = 65_536
#: Invisible characters that change no meaning: zero-width, joiners, bidi controls, soft hyphen.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_WITH_UNIT = re.compile(r"[+-]?[\d,]*\.?\d+\s*(?P<unit>[^\d\s.,;:()*+-][^\d]*)")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("มกราคม", "ม.ค."), ("กุมภาพันธ์", "ก.พ."), ("มีนาคม", "มี.ค."), ("เมษายน", "เม.ย."),
            ("พฤษภาคม", "พ.ค."), ("มิถุนายน", "มิ.ย."), ("กรกฎาคม", "ก.ค."), ("สิงหาคม", "ส.ค."),
            ("กันยายน", "ก.ย."), ("ตุลาคม", "ต.ค."), ("พฤศจิกายน", "พ.ย."), ("ธันวาคม", "ธ.ค."),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_THAI_MONTH = re.compile(r"(?:\d{1,2}\s+)?(?P<month>[ก-์.]+)\s*(?:พ\.?ศ\.?)?\s*(?P<year>\d{4})")
_DAY_FIRST = re.compile(r"\d{1,2}[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-\d{2}(?:[T ].*)?")
_FISCAL_WORDS = re.compile(r"(?:ปีงบประมาณ|งบประมาณ|fiscal year|fy)", re.IGNORECASE)
_ACADEMIC_WORDS = re.compile(r"(?:ปีการศึกษา|academic year|ay)", re.IGNORECASE)
_YEAR_WORDS = re.compile(
    r"(?:ปี|year|b\.?e\.?|a\.?d\.?|c\.?e\.?|พ\.?\s?ศ\.?|ค\.?\s?ศ\.?)", re.IGNORECASE
)
_WHOLE_YEAR = re.compile(r"(?P<year>\d{4})(?:\.0*)?")
_MONTHS_IN_YEAR = 12


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell or a row cannot be read; ``candidates`` are what may have been meant."""

    reason: str
    hint: Text
    said: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Words that stand where a number would: missing, not applicable, suppressed."""

    states: Mapping[str, State]

    @classmethod
    def of(
        cls,
        missing: Collection[str] = (),
        not_applicable: Collection[str] = (),
        suppressed: Collection[str] = (),
    ) -> Marks:
        """Add the marks of one file to the usual ones.

        Parameters
        ----------
        missing, not_applicable, suppressed : collection of str
            Marks of the file; compared without case. They may change what a usual mark means.

        Returns
        -------
        Marks
            The usual marks of missing and these.
        """
        states: dict[str, State] = dict.fromkeys(MISSING_MARKS, "missing")
        states |= dict.fromkeys(map(heading_key, missing), "missing")
        states |= dict.fromkeys(map(heading_key, not_applicable), "not_applicable")
        states |= dict.fromkeys(map(heading_key, suppressed), "suppressed")
        return cls(states)


@dataclass(frozen=True, slots=True)
class Number:
    """What a cell of a number column says; ``value`` in the unit of the file."""

    state: State
    value: float | None = None


def clean_text(raw: str | None) -> str:
    """Bring a text to one spelling.

    Unicode NFC, no invisible characters, one kind of space, vowels in their usual order
    (nikhahit + sara aa is sara am, two sara e are sara ae).

    Parameters
    ----------
    raw : str or None
        What the cell says.

    Returns
    -------
    str
        Perhaps empty.
    """
    if not raw:
        return ""
    # Nothing is invisible in ASCII, and most cells are digits.
    return " ".join(raw.split()) if raw.isascii() else _settled(raw)


@lru_cache(maxsize=_REMEMBERED)
def _settled(raw: str) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", raw))
    text = text.replace("\u0e4d\u0e32", "\u0e33").replace("เเ", "แ")
    text = re.sub("\u0e4d([\u0e48-\u0e4b])\u0e32", "\\1\u0e33", text)
    return _SPACES.sub(" ", text).strip()


def heading_key(raw: str | None) -> str:
    """Reduce a heading to what makes it the same heading.

    Parameters
    ----------
    raw : str or None
        Heading as the file or the recipe spells it.

    Returns
    -------
    str
        Cleaned, Arabic digits, lower case.
    """
    return clean_text(raw).translate(THAI_DIGITS).casefold()


def read_number(raw: str | None, marks: Marks | None = None) -> Number | Problem:
    """Read a cell of a number column.

    Thai and Arabic digits; commas only where they part thousands. A mark of missing is
    missing and 0 is zero. A cell with a unit, a footnote mark or two numbers is a problem.

    Parameters
    ----------
    raw : str or None
        What the cell says.
    marks : Marks, optional
        Words of the file that stand for no number; the usual ones when none are given.

    Returns
    -------
    Number or Problem
        The number in the unit of the file, or why there is none.
    """
    text = clean_text(raw)
    if not text.isascii():
        text = text.translate(THAI_DIGITS)
    state = (marks or _USUAL).states.get(text.casefold())
    if state is not None:
        return Number(state)
    return _number(text)


@lru_cache(maxsize=_REMEMBERED)
def _number(text: str) -> Number | Problem:
    text = text.replace("\u2212", "-")
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        return _why_no_number(text)
    value = float(text.replace(",", ""))
    if not math.isfinite(value):
        return _not_finite()
    return Number("value", value + 0.0)  # minus zero becomes zero


_USUAL = Marks.of()


def _why_no_number(text: str) -> Problem:
    if _INFINITE.fullmatch(text):
        return _not_finite()
    if match := _WITH_UNIT.fullmatch(text):
        unit = match["unit"].strip()
        return Problem(
            "unit-in-cell",
            Text(
                th=f"ช่องนี้มี '{unit}' ปนอยู่ โปรดเหลือแต่ตัวเลข และระบุหน่วยในสูตร",
                en=f"The cell also holds '{unit}'; keep only the number",
            ),
        )
    return Problem(
        "not-a-number",
        Text(
            th="อ่านเป็นตัวเลขไม่ได้ ใช้จุลภาคคั่นหลักพันและจุดทศนิยมเท่านั้น เช่น 1,234.5",
            en="Not a number; write commas between thousands and a point, as in 1,234.5",
        ),
    )


def _not_finite() -> Problem:
    return Problem(
        "not-finite", Text(th="ค่านี้ไม่มีขอบเขต", en="The value is infinite or too large to store")
    )


@lru_cache(maxsize=1024)
def read_period(
    raw: str | None,
    *,
    calendar: Calendar = "gregorian",
    era: Era = "detect",
    monthly: bool = False,
) -> Period | Problem:
    """Read a cell that names a year, a month or a date; the same words are read once.

    Parameters
    ----------
    raw : str or None
        For example ``2567``, ``พ.ศ. ๒๕๖๗``, ``FY2568``, ``ปีงบประมาณ 2568``, ``มิ.ย. 2564``,
        ``31/12/2564``.
    calendar : {"gregorian", "fiscal", "academic"}
        What a bare year means.
    era : {"detect", "be", "ce"}
        Whether years are Buddhist or CE; ``detect`` takes years from 2400 on as Buddhist.
    monthly : bool
        Whether a date names its month; otherwise it names its year.

    Returns
    -------
    Period or Problem
        CE dates; or why the cell names no period.
    """
    text = clean_text(raw).translate(THAI_DIGITS)
    if text.casefold() in MISSING_MARKS:
        return Problem("no-period", Text(th="ไม่บอกว่าเป็นปีใด", en="The row names no period"))
    try:
        return _period_of(text, calendar=calendar, era=era, monthly=monthly)
    except (BadParameter, ValueError) as error:
        detail = error.detail if isinstance(error, BadParameter) else None
        return Problem(
            "bad-period",
            detail or Text(th=f"อ่านช่วงเวลา '{text}' ไม่ได้", en=f"'{text}' is not a period"),
        )


def _period_of(text: str, *, calendar: Calendar, era: Era, monthly: bool) -> Period:
    for pattern in (_YEAR_FIRST, _DAY_FIRST, _THAI_MONTH):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        if pattern is _THAI_MONTH and match["month"] not in _MONTHS:
            continue
        month = _MONTHS.get(match["month"]) or int(match["month"])
        year = _ce(int(match["year"]), era)
        if not 1 <= month <= _MONTHS_IN_YEAR:
            raise ValueError(text)
        return parse_period(f"{year}-{month:02d}") if monthly else year_period(year, calendar)
    if _FISCAL_WORDS.search(text):
        calendar, text = "fiscal", _FISCAL_WORDS.sub("", text)
    elif _ACADEMIC_WORDS.search(text):
        calendar, text = "academic", _ACADEMIC_WORDS.sub("", text)
    text = _YEAR_WORDS.sub("", text).strip()
    if match := _WHOLE_YEAR.fullmatch(text):
        return year_period(_ce(int(match["year"]), era), calendar)
    return parse_period(text)


def _ce(year: int, era: Era) -> int:
    # Bring a year to CE; a year of the other era than stated is a slip of the pen.
    is_buddhist = year >= FIRST_BUDDHIST_YEAR
    if (era == "be" and not is_buddhist) or (era == "ce" and is_buddhist):
        raise BadParameter(
            Text(
                th=f"ปี {year} ไม่ใช่{'พ.ศ.' if era == 'be' else 'ค.ศ.'} อย่างที่สูตรระบุ",
                en=f"The year {year} is not {'B.E.' if era == 'be' else 'C.E.'} as the recipe says",
            )
        )
    return year - BUDDHIST_OFFSET if is_buddhist else year
