"""What is remarked about numbers tells none of those that are withheld."""

from __future__ import annotations

from sqlalchemy import text

from layers import place_values
from tests.db.test_withheld import CHILDREN, add_indicator, observe

REMARKS = ["copied-forward", "jump", "parts-do-not-sum", "successor-of-500199", "unlikely"]


def remarked(session, key):
    rows = session.execute(
        text("SELECT DISTINCT flags FROM geo.place_value"
             " WHERE indicator_key = :key AND level = 'subdistrict' AND flags <> '{}'"),
        {"key": key},
    )  # fmt: skip
    return [list(row.flags) for row in rows]


def test_remarks_that_compare_numbers_are_not_told_where_any_is_withheld(session, small_country):
    add_indicator(session, "cdc_children")
    add_indicator(session, "bins_n", privacy="P0")
    for key in ("cdc_children", "bins_n"):
        observe(session, small_country, key, CHILDREN)
    session.execute(text("UPDATE geo.observation SET flags = :flags"), {"flags": REMARKS})
    place_values.rebuild(session, ["cdc_children", "bins_n"])
    assert remarked(session, "cdc_children") == [["successor-of-500199"]]
    assert remarked(session, "bins_n") == [REMARKS]
