"""The audit log in words: every value in the reader's language, codes by their names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from geo_service.core.audit import Line
from geo_service.core.text import Text
from geo_service.deps.recorded import Names, names_datasets, places_in, tell

NAMES = Names(
    {
        ("org", "6500103"): Text("เทศบาลเมืองลำน้ำ", "Lam Nam"),
        ("province", "50"): Text("แสนสุข", "Saen Suk"),
    },
    {"pcd-waste": Text("รายงานขยะ", "Waste report")},
)


def line(action="account-changed", what="somsri", **detail):
    at = datetime(2026, 11, 22, 7, 3, 9, tzinfo=UTC)
    return Line(1, at, action, "refused", "user", "1", "somsri", what, "10.0.0.1", "r", detail)


CHANGED = line(
    after={"role": "lao", "place": "6500103"}, before={"role": "reader", "place": None}
)  # fmt: skip
LINES = [
    CHANGED,
    line("values-seen", "/cube", scope="province:50"),
    line("sign-in", way="openid", reason="forbidden"),
    line("sign-in", reason="credentials"),
    line("key-made", scopes=["read", "load"], account="สมศรี"),
    line("load", "pcd-waste", outcome="loaded-with-rejects", version=3),
    line("token-issued", "map:x", locked={"level": "province"}, editable=["period"]),
    line("password-changed", by="manager"),
]


@pytest.mark.parametrize("one", LINES, ids=lambda one: one.action)
def test_a_thai_officer_reads_no_english_codes(one):
    told = tell(one, "th", NAMES)
    assert told.when == "22 พ.ย. 2569 14:03:09 น."
    said = " ".join((told.action, told.outcome, told.kind, *(" ".join(two) for two in told.detail)))
    assert not re.findall(r"[A-Za-z]{3,}", said.replace("OpenID", ""))


def test_places_and_data_sets_are_called_by_name():
    assert places_in(LINES) == {("org", "6500103"), ("province", "50")}
    assert names_datasets(LINES)
    assert not names_datasets([CHANGED])
    assert tell(CHANGED, "en", NAMES).detail == (
        ("before", "role reader"), ("after", "role local organisation, place Lam Nam (6500103)"),
    )  # fmt: skip
    assert tell(LINES[1], "en", NAMES).detail == (("seen as", "provincial office Saen Suk (50)"),)
    assert tell(LINES[5], "en", NAMES).thing == "Waste report"
    assert tell(LINES[6], "th", NAMES).thing == "แผนที่ x"


def test_what_is_not_known_stays_as_it_was_written():
    told = tell(line(what="x", reason="เขียนเอง", other="y", role="lao", place="1"), "th", Names())
    assert told.detail == (
        ("เหตุผล", "เขียนเอง"), ("บทบาท", "เจ้าหน้าที่ อปท."), ("พื้นที่", "1"), ("other", "y"),
    )  # fmt: skip
    assert told.thing == ""
