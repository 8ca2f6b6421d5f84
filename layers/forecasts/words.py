"""What forecasts, trends and their limits are called, in Thai and English."""

from __future__ import annotations

import math
from typing import Any

from geo_service.core.periods import parse_period
from geo_service.core.text import Text
from layers.analysis.forecast import FEWEST_YEARS
from layers.analysis.numbers import readable
from layers.forecasts.series import following
from layers.foreseen import ForecastRun, PlaceForecast
from layers.indicators import IndicatorInfo

METHOD = Text(
    th="ค่าเฉลี่ยถ่วงน้ำหนักเท่ากันของ 5 วิธี (ค่าปีล่าสุด, การเปลี่ยนแปลงเฉลี่ย, SES, แนวโน้มแบบหน่วง, theta)"
    " ช่วงเชื่อมั่นจากความคลาดเคลื่อนในอดีตของทุกพื้นที่ (conformal)",
    en="Equal-weight mean of five methods (as last year, drift, SES, damped trend, theta);"
    " intervals from past errors of all places (conformal)",
)
SCALES = {
    "log": Text(th="บนสเกลลอการิทึม ไม่ต่ำกว่าศูนย์", en="on a logarithmic scale, never below zero"),
    "root": Text(th="บนสเกลรากที่สอง ไม่ต่ำกว่าศูนย์", en="on a square-root scale, never below zero"),
    "logit": Text(th="บนสเกลโลจิต อยู่ใน 0-100 เสมอ", en="on a logit scale, always within 0-100"),
    "plain": Text(th="บนสเกลเดิม", en="on its own scale"),
}
ADDS_UP = Text(th="ปรับให้ผลรวมของพื้นที่ย่อยเท่ากับพื้นที่ใหญ่แล้ว", en="Made to add up to the level above")
ON_ITS_OWN = Text(
    th="พยากรณ์อัตราส่วนโดยตรง ไม่ได้คำนวณจากตัวตั้งและตัวหารที่พยากรณ์แยกกัน",
    en="The ratio is forecast by itself, not through forecasts of its parts",
)
REASONS = {
    "no-values": Text(th="ไม่มีข้อมูล", en="There are no values"),
    "no-recent-value": Text(th="ไม่มีค่าในปีล่าสุด", en="There is no value for the latest year"),
    "suppressed": Text(th="ค่าในปีล่าสุดถูกปกปิด", en="The value of the latest year is withheld"),
    "too-short": Text(
        th=f"ข้อมูลต่อเนื่องไม่ถึง {FEWEST_YEARS} ปี", en=f"Fewer than {FEWEST_YEARS} years in a row"
    ),
    "too-short-since-break": Text(
        th=f"หลังนิยามของข้อมูลเปลี่ยน มีข้อมูลไม่ถึง {FEWEST_YEARS} ปี",
        en=f"Fewer than {FEWEST_YEARS} years since the series changed its meaning",
    ),
}
DIRECTIONS = {
    "rising": Text(th="เพิ่มขึ้น", en="rising"),
    "falling": Text(th="ลดลง", en="falling"),
    "no-clear-trend": Text(th="ไม่มีแนวโน้มชัดเจน", en="no clear trend"),
    "too-short": Text(th="ข้อมูลสั้นเกินกว่าจะบอกแนวโน้ม", en="too short to tell a trend"),
}
STRENGTHS = {
    "strong": Text(th="อย่างสม่ำเสมอ", en="steadily"),
    "moderate": Text(th="ค่อนข้างสม่ำเสมอ", en="fairly steadily"),
    "weak": Text(th="แต่ไม่สม่ำเสมอ", en="unsteadily"),
}
SLOPE = Text(
    th="{word.th} ราว {slope} {unit.th} ต่อปี", en="{word.en}, about {slope} {unit.en} a year"
)
#: What a share moves by.
POINTS = Text(th="จุด", en="points")
CHANGED = Text(th=" ระดับเปลี่ยนใน{year.th}", en="; its level changed in {year.en}")
BETTER = Text(
    th="ในอดีตคลาดเคลื่อนน้อยกว่าการใช้ค่าปีล่าสุดร้อยละ {share}",
    en="In the past {share}% less in error than the naive forecast (as last year)",
)
AS_GOOD = Text(
    th="ในอดีตแม่นพอ ๆ กับการใช้ค่าปีล่าสุด (naive)",
    en="In the past about as good as the naive forecast (as last year)",
)
NOT_BETTER = Text(
    th="ไม่ดีกว่าการใช้ค่าปีล่าสุด (naive) ในอดีต", en="Not better than the naive forecast (as last year)"
)
REACH = Text(
    th="พยากรณ์ได้ถึง {last.th} เท่านั้น: ครึ่งหนึ่งของจำนวนปีที่มีข้อมูล และไม่เกิน 10 ปี",
    en="Forecast up to {last.en} only: half of the years known, and ten at most",
)
UNTESTED = Text(th="ข้อมูลสั้นเกินกว่าจะทดสอบย้อนหลัง", en="Too short to be tested against the past")


def trend_of(row: PlaceForecast, info: IndicatorInfo) -> Text:
    """Say where a place is heading.

    Parameters
    ----------
    row : PlaceForecast
        Of the place.
    info : IndicatorInfo
        What is measured.

    Returns
    -------
    Text
        For example "rising steadily, about 3.1 tonnes per day a year".
    """
    word = DIRECTIONS[row.direction]
    if row.strength in STRENGTHS and row.slope is not None:
        how = STRENGTHS[row.strength]
        said = Text(th=f"{word.th}{how.th}", en=f"{word.en} {how.en}")
        unit = POINTS if info.unit.en == "%" else info.unit
        word = SLOPE.format(word=said, unit=unit, slope=_two_digits(row.slope, info))
    if row.change_period is None:
        return word
    changed = CHANGED.format(year=parse_period(row.change_period).label)
    return Text(th=word.th + changed.th, en=word.en + changed.en)


# A slope is not known better than that; its word says which way it goes.
def _two_digits(slope: float, info: IndicatorInfo) -> str:
    size = abs(slope)
    digits = 1 - math.floor(math.log10(size)) if size else 0
    return readable(size, min(max(digits, 0), max(info.decimals, 1) + 1))


def worth(mase: float | None, naive_mase: float | None) -> Text:
    """Say what forecasts were worth in the past.

    Parameters
    ----------
    mase, naive_mase : float or None
        Mean absolute scaled errors of the forecast and of "as last year", no unit.

    Returns
    -------
    Text
        Says so openly when the forecast was not better.
    """
    if mase is None or naive_mase is None:
        return UNTESTED
    if mase >= naive_mase:
        return NOT_BETTER
    share = f"{100 * (1 - mase / naive_mase):.0f}"
    return AS_GOOD if share == "0" else BETTER.format(share=share)


def is_better(score: dict[str, Any]) -> bool | None:
    """Tell whether forecasts beat "as last year" in the back-test.

    Parameters
    ----------
    score : dict
        Of a run, as stored.

    Returns
    -------
    bool or None
        ``None`` when nothing could be tested.
    """
    mase, naive_mase = score.get("mase"), score.get("naive_mase")
    return None if mase is None or naive_mase is None else bool(mase < naive_mase)


def notes_of(run: ForecastRun, info: IndicatorInfo) -> tuple[Text, ...]:
    """List what a reader should know of the forecasts of a level.

    Parameters
    ----------
    run : ForecastRun
        Of the level.
    info : IndicatorInfo
        What is measured.

    Returns
    -------
    tuple of Text
        The scale, sums, and what the past says.
    """
    total = run.scores[0] if run.scores else {}
    notes = [SCALES[run.scale], worth(total.get("mase"), total.get("naive_mase"))]
    if run.adds_up:
        notes.append(ADDS_UP)
    if info.space_agg in {"RATIO", "WMEAN", "FORMULA"}:
        notes.append(ON_ITS_OWN)
    if run.forecast_places:
        last = following(parse_period(run.last_period), run.horizon)[-1]
        notes.append(REACH.format(last=last.label))
    return tuple(notes)
