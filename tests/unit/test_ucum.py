"""Units in the code that programs read."""

from __future__ import annotations

import pytest

from layers.analysis.ucum import code_of


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        # Signs as the tables of UCUM 2.1 have them: 28-30 (SI), 31 (metre), 32 (time), 36 (litre).
        ("tonnes per day", "t/d"),
        ("t/day", "t/d"),
        ("kg per person per day", "kg/{person}/d"),
        ("m³ per day", "m3/d"),
        ("persons per km²", "{person}/km2"),
        ("litres per person per day", "L/{person}/d"),
        ("tonnes per year", "t/a"),
        ("t CO₂e per year", "t{CO2e}/a"),
        ("baht per month", "{baht}/mo"),
        ("%", "%"),
        ("minutes", "min"),
        ("stage", "{stage}"),
        ("per 1,000 screened", "{per 1,000 screened}"),
        ("aged 60+ per 100 children", "{aged 60+ per 100 children}"),
    ],
)
def test_a_unit_is_written_as_ucum_has_it(unit, code):
    assert code_of(unit) == code


@pytest.mark.parametrize("unit", ["", "ตัน/วัน", "tonnes per วัน"])
def test_what_is_no_ascii_is_left_out(unit):
    assert code_of(unit) is None
