"""Cells become texts, numbers and periods, or say why not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_service.core.periods import Period
from ingest.clean import Marks, Number, Problem, clean_text, heading_key, read_number, read_period

THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("0", 0.0), ("-0", 0.0), ("1,234", 1234.0), ("1,234,567.5", 1234567.5), ("๑,๒๓๔.๕", 1234.5),
        (" 12 ", 12.0), ("+7", 7.0), ("-3.5", -3.5), ("−3", -3.0), (".5", 0.5), ("1e3", 1000.0),
        ("3230.0", 3230.0), ("\u200b15\ufeff", 15.0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(said, value):
    assert read_number(said) == Number("value", value)


@pytest.mark.parametrize(
    "said", [None, "", " ", "-", "–", "n/a", "N/A", "ไม่มีข้อมูล", "…", "NaN", "null"]
)
def test_marks_of_missing_are_missing_and_never_zero(said):
    assert read_number(said) == Number("missing")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("4.1 ตัน", "unit-in-cell"), ("12%", "unit-in-cell"), ("5 km", "unit-in-cell"),
        ("1,23", "not-a-number"), ("1,2345", "not-a-number"), ("12,5", "not-a-number"),
        ("1.234,5", "not-a-number"), ("1 234", "not-a-number"), ("(5)", "not-a-number"),
        ("=A1+B1", "not-a-number"), ("1 | 2", "not-a-number"), ("ตัน", "not-a-number"),
        ("inf", "not-finite"), ("1e999", "not-finite"),
    ],
)  # fmt: skip
def test_what_is_no_plain_number_is_refused_with_its_reason(said, reason):
    problem = read_number(said)
    assert isinstance(problem, Problem)
    assert problem.reason == reason
    assert problem.hint.th
    assert problem.hint.en


def test_a_file_may_have_its_own_marks():
    marks = Marks.of(missing=["x"], not_applicable=["ไม่เกี่ยวข้อง"], suppressed=["<5"])
    states = [read_number(said, marks) for said in ("X", "ไม่เกี่ยวข้อง", "<5", "-")]
    assert [one.state for one in states] == ["missing", "not_applicable", "suppressed", "missing"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_python_writes_is_read_back(value):
    assert read_number(repr(value)) == Number("value", value + 0.0)


@given(st.integers(-(10**15), 10**15))
def test_thai_digits_and_commas_change_nothing(value):
    assert read_number(f"{value:,}".translate(THAI)) == Number("value", float(value))


@given(st.text())
def test_no_text_makes_the_reader_fail_or_gives_an_unbounded_number(said):
    answer = read_number(said)
    assert isinstance(answer, Problem) or answer.value is None or math.isfinite(answer.value)


@given(st.integers(1900, 2100))
def test_buddhist_and_ce_years_are_the_same_period(year):
    said = [str(year), str(year + 543), f"พ.ศ. {year + 543}".translate(THAI), f"ปี {year + 543}"]
    periods = {read_period(one) for one in said}
    assert len(periods) == 1
    assert next(iter(periods)).key == str(year)


@pytest.mark.parametrize(
    ("said", "options", "key"),
    [
        ("FY2568", {}, "FY2025"), ("ปีงบประมาณ ๒๕๖๘", {}, "FY2025"),
        ("2568", {"calendar": "fiscal"}, "FY2025"),
        ("ปีการศึกษา 2566", {}, "AY2023"), ("2567Q3", {}, "2024Q3"), ("2564-06", {}, "2021-06"),
        ("31/12/2564", {}, "2021"), ("2021-12-31", {}, "2021"), ("31 ธ.ค. 2564", {}, "2021"),
        ("มิถุนายน 2564", {"monthly": True}, "2021-06"), ("30/6/2564", {"monthly": True}, "2021-06"),
        ("2567.0", {}, "2024"),
    ],
)  # fmt: skip
def test_periods_are_read_as_people_write_them(said, options, key):
    period = read_period(said, **options)
    assert isinstance(period, Period)
    assert period.key == key


@pytest.mark.parametrize(
    ("said", "options", "reason"),
    [
        ("", {}, "no-period"), ("-", {}, "no-period"), ("67", {}, "bad-period"),
        ("2566/2567", {}, "bad-period"), ("รวม", {}, "bad-period"), ("9999", {}, "bad-period"),
        ("2024", {"era": "be"}, "bad-period"), ("2567", {"era": "ce"}, "bad-period"),
        ("31/13/2564", {}, "bad-period"),
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused(said, options, reason):
    problem = read_period(said, **options)
    assert isinstance(problem, Problem)
    assert problem.reason == reason


@given(st.text())
def test_no_text_makes_the_period_reader_fail(said):
    assert isinstance(read_period(said), Period | Problem)


def test_spellings_of_one_name_become_one():
    sara_am, nikhahit = "น\u0e33", "น\u0e4d\u0e32"
    assert clean_text(nikhahit) == clean_text(sara_am) == "น\u0e33"
    assert clean_text("น\u0e4d\u0e49\u0e32") == "น\u0e49\u0e33"
    assert clean_text("เเม่\u200bฮ่องสอน ") == "แม่ฮ่องสอน"
    assert heading_key("  ปี  ๒๕๖๗ (ตัน)") == heading_key("ปี 2567 (ตัน)")
