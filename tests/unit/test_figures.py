"""How pages write numbers, names of classes, days, licences and remarks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geo_service.core.text import Text
from layers.indicators import IndicatorInfo, Threshold
from web.figures import figure, with_unit
from web.words import day, flag, licence

RATE = IndicatorInfo(
    key="x", theme="waste", name=Text("ก", "x"), unit=Text("ตัน/วัน", "tonnes per day"),
    definition=Text("", ""), formula="", space_agg="SUM", time_agg="LAST", tier="lower",
    direction=0, privacy="P1", finest_level="org", calendar="gregorian", decimals=2,
    ramp="YlOrBr", thresholds=(), target=None, source=Text("", ""), numerator_keys=(),
    denominator_key=None, factor=1.0, is_component=False,
)  # fmt: skip
STAGE = replace(
    RATE,
    space_agg="RECLASSIFY",
    decimals=0,
    thresholds=(
        Threshold(value=2, label=Text("สังคมสูงวัย", "aged"), authority=""),
        Threshold(value=3, label=Text("สังคมสูงวัยอย่างสมบูรณ์", "completely aged"), authority=""),
    ),
)


def test_a_class_is_written_as_its_name_without_a_unit():
    assert with_unit(3.0, STAGE, "th") == "สังคมสูงวัยอย่างสมบูรณ์"
    assert figure(2.0, STAGE, "en") == "aged"
    assert figure(1.0, STAGE, "en") == "below the first limit"


def test_a_number_keeps_its_unit_and_digits():
    assert with_unit(1234.5, RATE, "th") == "1,234.50 ตัน/วัน"
    assert figure(None, RATE, "th") == "—"


def test_a_day_is_written_in_the_readers_era():
    assert day("2026-11-22", "th") == "22 พ.ย. 2569"
    assert day("2026-11-22", "en") == "22 November 2026"
    assert day("", "th") == ""


def test_a_licence_nobody_named_says_so():
    assert licence("not stated", "th") == "ไม่ได้ระบุสัญญาอนุญาต"
    assert licence("ODbL 1.0", "th") == "ODbL 1.0"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("denominator-2021", "ใช้ตัวหารของงวด 2564"),
        ("successor-of-530306", "รวมรหัสเดิม 530306"),
        ("jump", "เปลี่ยนมากผิดปกติจากงวดก่อน"),
        ("something-new", "something-new"),
    ],
)
def test_a_remark_is_said_in_words(written, said):
    assert flag(written, "th") == said
