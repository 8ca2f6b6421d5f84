"""What a thematic map says in words: its title, the labels of its classes, its notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from boundaries.words import BY_LEVEL, SEVERAL_PLACES
from geo_service.core.periods import Period
from geo_service.core.text import SAMPLE_NOTICE, Text
from layers.analysis.numbers import decimals_needed, readable
from layers.indicators import IndicatorInfo
from layers.inside import NOT_PUBLIC, RESTRICTED
from layers.thematic.map import Scheme

LEVELS = {**BY_LEVEL, "country": Text(th="ทั้งประเทศ", en="for the country")}
SPECIAL = {
    "zero": Text(th="0 (ไม่มี)", en="0 (none)"),
    "not_reported": Text(th="ไม่มีรายงาน", en="Not reported"),
    "not_applicable": Text(th="ไม่เกี่ยวข้อง", en="Not applicable"),
    "suppressed": Text(th="ปกปิดเพื่อคุ้มครองข้อมูลส่วนบุคคล", en="Withheld to protect persons"),
    "no_forecast": Text(th="พยากรณ์ไม่ได้", en="Not forecast"),
}
METHODS: dict[Scheme, Text] = {
    "quantile": Text(
        th="แบ่งให้แต่ละชั้นมีจำนวนใกล้เคียงกัน (ควอนไทล์)",
        en="Classes hold about the same number of values (quantiles)",
    ),
    "equal": Text(th="แบ่งช่วงค่ากว้างเท่ากัน", en="Classes are equally wide"),
    "natural": Text(
        th="แบ่งตามช่องว่างของข้อมูล (Jenks)", en="Breaks lie where the values leave gaps (Jenks)"
    ),
    "stddev": Text(
        th="แบ่งตามส่วนเบี่ยงเบนมาตรฐานจากค่าเฉลี่ย",
        en="Breaks lie one standard deviation apart around the mean",
    ),
    "policy": Text(th="แบ่งตามเกณฑ์ที่กำหนดโดย {authority}", en="Limits set by {authority}"),
}
ACROSS = Text(
    th="; ใช้ช่วงเดียวกันทุกงวด จึงเทียบข้ามปีได้ และปัดจุดแบ่งให้อ่านง่าย",
    en="; the same breaks for all periods, moved to readable numbers",
)
TARGET = Text(th="; แบ่งสองข้างของเป้าหมาย {target}", en="; on the two sides of the target {target}")
AREA_WORDS = {"province": "จังหวัด", "district": "อำเภอ", "subdistrict": "ตำบล"}
AREA_WORDS_BANGKOK = {"district": "เขต", "subdistrict": "แขวง"}
BELOW = Text(th="ต่ำกว่า {number}", en="under {number}")
FROM = Text(th="{number} ขึ้นไป", en="{number} or more")
BELOW_ALL = Text(th="ต่ำกว่าเกณฑ์แรก", en="below the first limit")

FEW = Text(
    th="มีรายงานเพียง {reporting} จาก {expected} {th} โปรดใช้ด้วยความระมัดระวัง",
    en="Only {reporting} of {expected} {en} reported; read with care",
)

DASH = "\N{EN DASH}"
#: Under this share of places reporting, a map says that much is missing.
ENOUGH_REPORTING_SHARE = 0.8


def title_of(indicator: IndicatorInfo, level: str, period: Period, area: Text | None) -> Text:
    """Say what a map shows: indicator, level, area and period.

    Parameters
    ----------
    indicator : IndicatorInfo
        What is measured.
    level : str
        Level of the places.
    period : Period
        The period shown.
    area : Text, optional
        The area the map is limited to.

    Returns
    -------
    Text
        For example "อัตราการเกิดขยะ รายจังหวัด พ.ศ. 2564".
    """
    by = LEVELS[level]
    within = area or Text(th="", en="")
    return Text(
        th=" ".join(
            part for part in (indicator.name.th, by.th, within.th, period.label.th) if part
        ),
        en=f"{indicator.name.en} {by.en}{f', {within.en}' if area else ''}, {period.label.en}",
    )


def method_of(scheme: Scheme, indicator: IndicatorInfo, *, is_around_target: bool) -> Text:
    """Say how the classes were cut.

    Parameters
    ----------
    scheme : str
        The classification.
    indicator : IndicatorInfo
        Whose limits or target may be in play.
    is_around_target : bool
        Whether the target divides the classes.

    Returns
    -------
    Text
        One sentence.
    """
    said = METHODS[scheme]
    if scheme == "policy":
        authorities = dict.fromkeys(limit.authority for limit in indicator.thresholds)
        return said.format(authority=", ".join(authorities))
    if is_around_target and indicator.target is not None:
        target = TARGET.format(target=readable(indicator.target, indicator.decimals))
        said = Text(th=said.th + target.th, en=said.en + target.en)
    return Text(th=said.th + ACROSS.th, en=said.en + ACROSS.en)


def class_labels(
    edges: Sequence[float], indicator: IndicatorInfo, *, with_names: bool
) -> list[Text]:
    """Word the ranges between breaks, for example "0.8 - 1.1" with a real dash.

    Parameters
    ----------
    edges : sequence of float
        Breaks in the indicator's unit, one more than classes.
    indicator : IndicatorInfo
        Its decimals and the names of its limits.
    with_names : bool
        Whether a class that begins at a limit carries its name.

    Returns
    -------
    list of Text
        One for each class.
    """
    told = edges[1:-1] if with_names and len(edges) > 2 else edges  # noqa: PLR2004  (two ends)
    decimals = min(decimals_needed(tuple(told)), indicator.decimals + 2)
    if edges[0] == edges[-1]:
        decimals = indicator.decimals
    numbers = [readable(edge, decimals) for edge in edges]
    if with_names:
        return _policy_labels(edges, numbers, indicator)
    ranges = [low if low == high else f"{low} {DASH} {high}" for low, high in pairwise(numbers)]
    return [Text(th=words, en=words) for words in ranges]


def styled(level: str, code: str, name_th: str) -> str:
    """Put the word for the level before a Thai name; Bangkok has its own words.

    Parameters
    ----------
    level : str
        Level of the area.
    code : str
        DOPA code of the area.
    name_th : str
        Its name, with or without the word.

    Returns
    -------
    str
        For example "อำเภอแม่ริม", "เขตพระนคร", "กรุงเทพมหานคร".
    """
    if code == "10":
        return name_th
    words = AREA_WORDS_BANGKOK if code.startswith("10") else AREA_WORDS
    word = words.get(level, "")
    return name_th if name_th.startswith(word) else word + name_th


def notes_of(
    flags: Collection[str],
    *,
    is_sample: bool,
    is_illustrative: bool,
    reporting: int,
    expected: int,
    level: str,
) -> tuple[Text, ...]:
    """Say what a reader of the map must know.

    Parameters
    ----------
    flags : collection of str
        All flags of the values shown.
    is_sample : bool
        Whether sample data is loaded.
    is_illustrative : bool
        Whether shapes are illustrative.
    reporting, expected : int
        Places with a value, and places that should have one.
    level : str
        Level of the places.

    Returns
    -------
    tuple of Text
        One sentence each.
    """
    notes = []
    if RESTRICTED in flags:
        notes.append(NOT_PUBLIC)
    if is_sample:
        notes.append(SAMPLE_NOTICE)
    if is_illustrative:
        notes.append(Text(th="เขตบนแผนที่เป็นภาพประกอบ ไม่ใช่แนวเขตจริง", en="Shapes are illustrative"))
    if expected and reporting < ENOUGH_REPORTING_SHARE * expected:
        counts = {"reporting": f"{reporting:,}", "expected": f"{expected:,}"}
        places = {"th": SEVERAL_PLACES[level].th, "en": SEVERAL_PLACES[level].en}
        notes.append(FEW.format(**counts, **places))
    for flag in sorted(flags):
        if flag.startswith("denominator-"):
            period = flag.removeprefix("denominator-")
            notes.append(
                Text(
                    th=f"บางค่าใช้ตัวหารของงวด {period} เพราะงวดนี้ยังไม่มี",
                    en=f"Some values use the denominator of {period}, this period having none",
                )
            )
    if "estimated-denominator" in flags:
        notes.append(
            Text(
                th="ประชากรของ อปท. ประมาณจากตำบลที่ครอบคลุม",
                en="People of organisations are estimated from the sub-districts they cover",
            )
        )
    return tuple(notes)


def _policy_labels(
    edges: Sequence[float], numbers: Sequence[str], indicator: IndicatorInfo
) -> list[Text]:
    named = {limit.value: limit.label for limit in indicator.thresholds}
    last = len(edges) - 2
    labels = []
    for place, (low, high) in enumerate(pairwise(numbers)):
        name = named.get(edges[place])
        if indicator.space_agg == "RECLASSIFY":
            words = name or BELOW_ALL
            labels.append(Text(th=f"{place + 1} {words.th}", en=f"{place + 1} {words.en}"))
            continue
        words = Text(th=f"{low} {DASH} {high}", en=f"{low} {DASH} {high}")
        if place == 0:
            words = BELOW.format(number=high)
        elif place == last:
            words = FROM.format(number=low)
        if name is not None and name.en:
            words = Text(th=f"{words.th} ({name.th})", en=f"{words.en} ({name.en})")
        labels.append(words)
    return labels
