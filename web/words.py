"""What the pages say, in Thai and English, and how they write numbers."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from geo_service.core.periods import Period
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text

MINUS: Final = "\N{MINUS SIGN}"

LEVELS: Final = {
    "country": Text("ทั้งประเทศ", "whole country"),
    "region": Text("รายภาค", "by region"),
    "province": Text("รายจังหวัด", "by province"),
    "district": Text("รายอำเภอ", "by district"),
    "subdistrict": Text("รายตำบล", "by sub-district"),
    "org": Text("ราย อปท.", "by local organisation"),
    "hexbin": Text("ช่องหกเหลี่ยม", "hexagons"),
}
PLACES: Final = {
    "country": Text("ประเทศ", "country"),
    "region": Text("ภาค", "regions"),
    "province": Text("จังหวัด", "provinces"),
    "district": Text("อำเภอ", "districts"),
    "subdistrict": Text("ตำบล", "sub-districts"),
    "org": Text("อปท.", "organisations"),
    "hexbin": Text("ช่อง", "cells"),
}
THEMES: Final = {
    "waste": Text("ขยะมูลฝอย", "Waste"),
    "ageing": Text("สังคมสูงวัย", "Ageing"),
    "infrastructure": Text("โครงสร้างพื้นฐาน", "Infrastructure"),
    "population": Text("ประชากร", "Population"),
    "disability": Text("คนพิการ", "Disability"),
    "finance": Text("การคลังท้องถิ่น", "Local finance"),
    "governance": Text("การบริหารจัดการ", "Governance"),
}
SCHEMES: Final = {
    "quantile": Text("จำนวนเท่ากันทุกชั้น", "Equal counts (quantiles)"),
    "equal": Text("ช่วงกว้างเท่ากัน", "Equal intervals"),
    "natural": Text("ตามธรรมชาติของข้อมูล", "Natural breaks"),
    "stddev": Text("ส่วนเบี่ยงเบนมาตรฐาน", "Standard deviations"),
    "policy": Text("เกณฑ์ตามนโยบาย", "Policy thresholds"),
}
STATUSES: Final = {
    "reported": Text("รายงานแล้ว", "reported"),
    "zero": Text("ศูนย์", "zero"),
    "not_reported": Text("ไม่มีรายงาน", "not reported"),
    "not_applicable": Text("ไม่เกี่ยวข้อง", "not applicable"),
    "suppressed": Text("ปกปิดเพื่อคุ้มครองบุคคล", "suppressed to protect people"),
}
BASES: Final = {
    "reported": Text("ตามที่รายงาน", "as reported"),
    "aggregated": Text("รวมจากหน่วยที่เล็กกว่า", "added up from smaller places"),
    "derived": Text("คำนวณจากส่วนประกอบ", "worked out from its parts"),
}

_WORDS_FILE: Final = Path(__file__).parent / "templates" / "words.toml"


@cache
def _all_words() -> dict[str, Text]:
    said = tomllib.loads(_WORDS_FILE.read_text(encoding="utf-8"))
    return {key: Text(**sentence) for key, sentence in said.items()}


def words(lang: Lang) -> dict[str, str]:
    """Give all words of the pages in one language.

    Parameters
    ----------
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    dict of str to str
        By the word's key.
    """
    return {key: text.in_(lang) for key, text in _all_words().items()}


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
    if value is None:
        return "\N{EM DASH}"
    written = f"{abs(value):,.{decimals}f}"
    is_zero = not written.strip("0.,")
    return f"{MINUS}{written}" if value < 0 and not is_zero else written


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


def long_period(period: Period, lang: Lang) -> str:
    """Write a period with both eras, the reader's first.

    Parameters
    ----------
    period : Period
        Any period.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``พ.ศ. 2564`` or ``2021 (B.E. 2564)``.
    """
    return period.label.in_(lang)


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
