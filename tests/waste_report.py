"""A small report of waste by year, as offices send it: recipes that say how it is read."""

from __future__ import annotations

_DATASET = """
[dataset]
id = "waste-report"
kind = "indicators"
title_th = "รายงานขยะ"
title_en = "Waste report"
"""
_YEAR_AND_VALUE = """
[period]
heading = "ปี"
era = "be"

[[columns]]
heading = "ขยะ"
indicator = "waste_gen_tpd"
unit = "t/day"
"""
#: ``code,จังหวัด,ปี,ขยะ``
BY_PROVINCE = (
    _DATASET
    + """
[place]
level = "province"
code = "code"
name = "จังหวัด"
"""
    + _YEAR_AND_VALUE
)
#: ``code,ระดับ,ชื่อ,ปี,ขยะ``: organisations and provinces
BY_LEVEL = (
    _DATASET
    + """
[place]
level_heading = "ระดับ"
levels = { "อปท." = "org", "จังหวัด" = "province" }
code = "code"
name = "ชื่อ"
"""
    + _YEAR_AND_VALUE
)
