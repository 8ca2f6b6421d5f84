"""What is said of scenarios and their results, in Thai and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geo_service.core.periods import Period
from geo_service.core.text import BUDDHIST_OFFSET, Text
from layers.analysis.numbers import decimals_needed, readable
from layers.indicators import IndicatorInfo
from layers.scenarios.document import Count, Lever

METHOD = Text(
    th="สุ่มอนาคตของทุกพื้นที่จากช่วงเชื่อมั่นของการพยากรณ์ที่เผยแพร่"
    " โดยให้พื้นที่คลาดเคลื่อนไปด้วยกันเท่าที่เคยเป็นในอดีต แล้วใช้ค่าสุ่มชุดเดียวกันทั้งกรณีฐานและฉากทัศน์"
    " ส่วนต่างจึงมีช่วงเชื่อมั่นของตัวเอง",
    en="Futures of all places are drawn from the intervals of the published forecasts, missing"
    " together as far as they did in the past; baseline and scenario use the very same draws, so"
    " their difference has an interval of its own",
)
BASELINE_IS = Text(
    th="กรณีฐานคือการพยากรณ์ที่เผยแพร่ ทั้งของพื้นที่ ภาค และประเทศ",
    en="The baseline is the published forecast: of places, regions and the country",
)
RECOMPUTED = Text(
    th="อัตราส่วนคำนวณใหม่จากผลรวมของตัวตั้งและตัวหาร จึงอาจต่างจากการพยากรณ์อัตราส่วนโดยตรง",
    en="Ratios are recomputed from sums of their parts, and may differ from their own forecast",
)
INDEPENDENT = Text(
    th="ความคลาดเคลื่อนของตัวชี้วัดต่างชนิดกันถือว่าไม่ขึ้นแก่กัน",
    en="Errors of different indicators are taken to be independent of one another",
)
NO_PLACE = Text(
    th="ไม่มีพื้นที่ใดที่พยากรณ์ได้ครบทุกตัวชี้วัด",
    en="no place has forecasts of all the indicators",
)
KINDS = {
    "multiply": Text(th="คูณด้วย {amount}", en="times {amount}"),
    "add": Text(th="เพิ่ม {amount} {unit.th}", en="plus {amount} {unit.en}"),
    "target": Text(th="ให้ถึง {amount} {unit.th}", en="to {amount} {unit.en}"),
}
CHANGES = (
    Text(th="ลดลงร้อยละ {share}", en="down by {share} %"),
    Text(th="เพิ่มขึ้นร้อยละ {share}", en="up by {share} %"),
)
RAMPS = {
    "linear": Text(
        th="ทีละเท่า ๆ กันทุกปี พ.ศ. {first}\N{EN DASH}{last}",
        en="in equal steps, {start}\N{EN DASH}{full}",
    ),
    "step": Text(th="ทันทีใน พ.ศ. {first}", en="at once in {start}"),
    "s-curve": Text(
        th="ช้า-เร็ว-ช้า พ.ศ. {first}\N{EN DASH}{last}",
        en="slowly, fast, slowly, {start}\N{EN DASH}{full}",
    ),
}
WHERES = {
    "country": Text(th="ทั้งประเทศ", en="in the whole country"),
    "regions": Text(th="ในภาคหรือกลุ่มจังหวัด {said}", en="in regions {said}"),
    "provinces": Text(th="ในจังหวัดรหัส {said}", en="in provinces {said}"),
    "group": Text(th="ใน{said.th}", en="in {said.en}"),
    "condition": Text(th="ในพื้นที่ที่ {said}", en="in places where {said}"),
}


def lever_of(
    lever: Lever,
    info: IndicatorInfo,
    groups: Mapping[str, Text],
    places: Mapping[str, Text],
) -> Text:
    """Say what a lever does.

    Parameters
    ----------
    lever : Lever
        Of a scenario.
    info : IndicatorInfo
        What it is on.
    groups : mapping of str to Text
        Titles of the groups.
    places : mapping of str to Text
        Names of regions and provinces by code; those that are not known are told by their codes.

    Returns
    -------
    Text
        Indicator, change, where and when.
    """
    share = 100 * (lever.amount - 1)
    if lever.kind == "multiply":
        change = CHANGES[share > 0].format(share=f"{abs(share):g}")
    else:
        amount = readable(lever.amount, decimals_needed((lever.amount,)))
        change = KINDS[lever.kind].format(amount=amount, unit=info.unit)
    said = groups.get(lever.where.text, lever.where.text or ", ".join(lever.where.codes))
    where = WHERES[lever.where.kind].format(said=said)
    named = [places[code] for code in lever.where.codes if code in places]
    if named and len(named) == len(lever.where.codes):
        joined = Text(" ".join(one.th for one in named), ", ".join(one.en for one in named))
        where = WHERES["group"].format(said=joined)
    when = RAMPS[lever.ramp].format(
        first=lever.start + BUDDHIST_OFFSET, last=lever.full + BUDDHIST_OFFSET,
        start=lever.start, full=lever.full,
    )  # fmt: skip
    return Text(
        th=f"{info.name.th} {change.th} {where.th} {when.th}",
        en=f"{info.name.en} {change.en} {where.en}, {when.en}",
    )


def reach(periods: Sequence[Period]) -> Text:
    """Say as far as which year there is a forecast to change.

    Parameters
    ----------
    periods : sequence of Period
        The common years.

    Returns
    -------
    Text
        The last of them.
    """
    last = periods[-1].label
    return Text(
        th=f"การพยากรณ์ไปได้ไกลสุดถึง {last.th} (ครึ่งหนึ่งของประวัติข้อมูล) หลังจากนั้นไม่มีคำตอบ",
        en=f"Forecasts reach {last.en} at most (half of the history); beyond there is no answer",
    )


def too_late(lever: Lever, last: Period) -> Text:
    """Say that a lever begins after the last forecast.

    Parameters
    ----------
    lever : Lever
        Of a scenario.
    last : Period
        The last common year.

    Returns
    -------
    Text
        A fault of the file.
    """
    return Text(
        th=f"{lever.indicator}: เริ่มหลังการพยากรณ์ปีสุดท้าย ({last.label.th})",
        en=f"{lever.indicator}: it begins after the last year forecast ({last.label.en})",
    )


def not_in_full(lever: Lever, last: Period) -> Text:
    """Say that a lever is not in full before forecasts end.

    Parameters
    ----------
    lever : Lever
        Of a scenario.
    last : Period
        The last common year.

    Returns
    -------
    Text
        A note.
    """
    return Text(
        th=f"คันโยก {lever.indicator} ยังไม่เต็มที่ใน {last.label.th}",
        en=f"The lever on {lever.indicator} is not in full by {last.label.en}",
    )


def through(info: IndicatorInfo, catalogue: Mapping[str, IndicatorInfo]) -> Text:
    """Say through what a lever on a ratio acts.

    Parameters
    ----------
    info : IndicatorInfo
        The ratio.
    catalogue : mapping of str to IndicatorInfo
        Names its numerators.

    Returns
    -------
    Text
        A note.
    """
    names = [catalogue[key].name for key in info.numerators]
    return Text(
        th=f"คันโยกที่ '{info.name.th}' เปลี่ยน {' และ '.join(one.th for one in names)}"
        " ตามตัวหารที่พยากรณ์ไว้ ตัวชี้วัดอื่นที่เก็บแยกกันไม่เปลี่ยนตาม",
        en=f"The lever on '{info.name.en}' changes {' and '.join(one.en for one in names)} by the"
        " forecast of its denominator; what is reported apart does not follow",
    )


def left_out(count: int) -> Text:
    """Say how many places are left out.

    Parameters
    ----------
    count : int
        Places.

    Returns
    -------
    Text
        A note.
    """
    return Text(
        th=f"มี {count} พื้นที่ที่พยากรณ์ไม่ได้ จึงไม่ได้รวมในส่วนต่าง",
        en=f"{count} places cannot be forecast and are not part of the difference",
    )


def unanswered(
    count: Count, missing: Sequence[str], catalogue: Mapping[str, IndicatorInfo]
) -> Text:
    """Say that a count cannot be made, and what it lacks.

    Parameters
    ----------
    count : Count
        Of a scenario.
    missing : sequence of str
        Keys of the indicators without values, or the property a layer lacks.
    catalogue : mapping of str to IndicatorInfo
        Names them.

    Returns
    -------
    Text
        A note.
    """
    names = [
        catalogue[key].name if key in catalogue else Text(f"ชั้นข้อมูล {key}", f"layer {key}")
        for key in missing
    ]
    return Text(
        th=f"ยังตอบไม่ได้: '{count.title.th}' เพราะไม่มีข้อมูล {', '.join(one.th for one in names)}",
        en=f"Not answered yet: '{count.title.en}', as there are no data of"
        f" {', '.join(one.en for one in names)}",
    )
