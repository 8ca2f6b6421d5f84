"""What the pages say, in Thai and English, and how they write numbers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from boundaries.words import BY_LEVEL, SEVERAL_PLACES
from geo_service.core.periods import Period
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text, day_in
from layers.analysis.numbers import readable

_THAI: Final = re.compile("[\u0e01-\u0e5b]")
_PHRASE: Final = re.compile(r"(?:พ\.ศ\.|ปีงบประมาณ) \d\S*|\d+ ปี\S*|\S+")
_MILLION: Final = 1_000_000
_NUMBER: Final = re.compile(r"([^\d+\u2212]*)([+\u2212]?\d[\d,.]*)(.*)", re.DOTALL)

LEVELS: Final = {**BY_LEVEL, "hexbin": Text("ช่องหกเหลี่ยม", "hexagons")}
PLACES: Final = {**SEVERAL_PLACES, "hexbin": Text("ช่อง", "cells")}
SCHEMES: Final = {
    "quantile": Text("จำนวนเท่ากันทุกชั้น", "Equal counts (quantiles)"),
    "equal": Text("ช่วงกว้างเท่ากัน", "Equal intervals"),
    "natural": Text("ตามธรรมชาติของข้อมูล", "Natural breaks"),
    "stddev": Text("ส่วนเบี่ยงเบนมาตรฐาน", "Standard deviations"),
    "policy": Text("เกณฑ์ตามนโยบาย", "Policy thresholds"),
}
BASES: Final = {
    "reported": Text("ตามที่รายงาน", "as reported"),
    "aggregated": Text("รวมจากหน่วยที่เล็กกว่า", "added up from smaller places"),
    "derived": Text("คำนวณจากส่วนประกอบ", "worked out from its parts"),
    "forecast": Text("พยากรณ์", "forecast"),
}

#: What is remarked about a value; a number or code behind the dash goes into the braces.
FLAGS: Final = {
    "restricted": Text("ไม่เผยแพร่", "not public"),
    "denominator": Text("ใช้ตัวหารของงวด {what}", "denominator of {what}"),
    "estimated-denominator": Text("ประชากรประมาณจากตำบล", "people estimated from sub-districts"),
    "successor-of": Text("รวมรหัสเดิม {what}", "continues code {what}"),
    "name-differs": Text("ชื่อในแหล่งข้อมูลต่างจากทะเบียน", "named otherwise in the source"),
    "name-matched": Text("จับคู่ด้วยชื่อ", "matched by name"),
    "jump": Text("เปลี่ยนมากผิดปกติจากงวดก่อน", "unusual jump on the period before"),
    "parts-do-not-sum": Text("ผลรวมส่วนย่อยไม่ตรงกับยอดรวม", "parts do not add up to the total"),
    "noted-source-contradicts": Text("แหล่งข้อมูลขัดแย้งกันเอง", "the sources contradict each other"),
    "unlikely": Text("ค่าผิดวิสัย", "unlikely value"),
    "copied-forward": Text("ตัวเลขซ้ำกับงวดก่อน", "copied from the period before"),
    "lower-tier": Text("รวมเฉพาะ อปท. ชั้นล่าง", "of the lower tier alone"),
    "estimated": Text("ค่าประมาณ", "estimated"),
}
#: What a recipe writes where a publisher names no licence.
NOT_STATED: Final = "not stated"

_WORDS_FILE: Final = Path(__file__).parent / "templates" / "words.toml"


@cache
def _all_words() -> dict[str, Text]:
    said = tomllib.loads(_WORDS_FILE.read_text(encoding="utf-8"))
    return {key: Text(**sentence) for key, sentence in said.items()}


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """Give all words of the pages in one language.

    Parameters
    ----------
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    mapping of str to str
        By the word's key; nobody can change it.
    """
    return MappingProxyType({key: text.in_(lang) for key, text in _all_words().items()})


def sentence(key: str) -> Text:
    """Give one sentence of the pages in both languages.

    Parameters
    ----------
    key : str
        Its key in ``templates/words.toml``.

    Returns
    -------
    Text
        With its ``{name}`` places unfilled.
    """
    return _all_words()[key]


def number(value: float | None, decimals: int) -> str:
    """Write a number for people: thousands separators, fixed decimals, a true minus.

    Parameters
    ----------
    value : float or None
        In any unit.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        ``1,234.50``; an em dash when there is no number.
    """
    return "\N{EM DASH}" if value is None else readable(value, decimals)


def measured(value: float | None, unit: str, decimals: int) -> str:
    """Write a number with its unit.

    Parameters
    ----------
    value : float or None
        In that unit.
    unit : str
        As the catalogue says it in the reader's language.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        ``1.03 กก./คน/วัน``; Thai puts "per cent" first, English the sign without a space.
    """
    written = number(value, decimals)
    if unit == "ร้อยละ":
        return f"{unit} {written}"
    return f"{written}%" if unit == "%" else f"{written} {unit}"


def parts(written: str) -> tuple[str, str, str]:
    """Part a written value from its unit, so that the number can stand out.

    Parameters
    ----------
    written : str
        As `measured` writes it, or the name of a class.

    Returns
    -------
    tuple of (str, str, str)
        What stands before the number, the number, what stands after it: ``"ร้อยละ "``, ``"40.0"``
        and nothing. Words without a number are given whole, as if they were one.
    """
    found = _NUMBER.fullmatch(written)
    return ("", written, "") if found is None else (found[1], found[2], found[3])


def axis(value: float, decimals: int, lang: Lang) -> str:
    """Write a mark of an axis; millions are words, so that it stays short.

    Parameters
    ----------
    value : float
        In any unit.
    decimals : int
        Digits after the point, of numbers below a million.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``150,000``, ``12.5 ล้าน`` or ``12.5M``.
    """
    if abs(value) < _MILLION:
        return number(value, decimals)
    millions = number(value / _MILLION, 6).rstrip("0").rstrip(".")
    return f"{millions} ล้าน" if lang == "th" else f"{millions}M"


def phrases(written: str) -> Markup:
    """Mark the phrases of a Thai heading, so that a line breaks between them and not inside.

    Browsers know Thai words and not what belongs together: "60 ปีขึ้นไป" would be parted.

    Parameters
    ----------
    written : str
        In either language.

    Returns
    -------
    Markup
        Escaped; English as it was.
    """
    if not _THAI.search(written):
        return escape(written)
    return Markup(" ").join(
        Markup('<span class="phrase">{}</span>').format(one) for one in _PHRASE.findall(written)
    )


def day(written: str, lang: Lang) -> str:
    """Write a day for people, the reader's era.

    Parameters
    ----------
    written : str
        ISO 8601, ``2026-11-22``.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``22 พ.ย. 2569`` or ``22 November 2026``; empty when nothing was written.
    """
    if not written:
        return ""
    return day_in(date.fromisoformat(written[:10]), lang)


def licence(written: str, lang: Lang) -> str:
    """Write the name of a licence, or that none was named.

    Parameters
    ----------
    written : str
        As the recipe says it.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        For example ``MIT``.
    """
    if written.strip().lower() in {"", NOT_STATED}:
        return words(lang)["licence_not_stated"]
    return written


def flag(written: str, lang: Lang) -> str:
    """Say what a flag of a value means.

    Parameters
    ----------
    written : str
        As it is stored, ``denominator-2021``.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``ใช้ตัวหารของงวด 2564``; the flag itself when nothing is known of it.
    """
    if written in FLAGS:
        return FLAGS[written].in_(lang)
    said, _, what = written.rpartition("-")
    if said not in FLAGS:
        return written
    is_year = said == "denominator" and what.isdigit() and lang == "th"
    shown = str(int(what) + BUDDHIST_OFFSET) if is_year else what
    return FLAGS[said].in_(lang).replace("{what}", shown)


def short_year(period: Period, lang: Lang) -> str:
    """Write the year of a period alone, for axes and sliders.

    Parameters
    ----------
    period : Period
        Any period.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``2564`` in Thai, ``2021`` in English.
    """
    return str(period.year_ce + (BUDDHIST_OFFSET if lang == "th" else 0))
