"""Breakdowns are prepared like totals, by the same rules, and give no small count away."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from layers import place_values
from layers.models import Observation
from tests import builders

#: women of 2024 by sub-district; the rest of POPULATION_2024 are men
WOMEN = {"500101": 6_500, "500102": 3_100, "500103": 1_400, "500201": 2_000, "510101": 4_100}


def observe(session, country, key, values, *, breakdown):
    for code, value in values.items():
        session.add(
            Observation(
                indicator_key=key, area_id=country.areas[code], period_key="2024", value=value,
                status=builders.status_of(value), breakdown=breakdown,
                dataset_id="test-population", version_id=country.version_id,
            )
        )  # fmt: skip
    session.flush()


def values_of(session, key, breakdown, level):
    rows = session.execute(
        text(
            "SELECT a.code, v.value, v.numerator, v.denominator, v.status, v.reporting, v.expected"
            " FROM geo.slice_value v JOIN geo.slice s ON s.id = v.slice_id"
            " JOIN geo.area a ON a.id = v.place_id WHERE s.indicator_key = :key"
            " AND s.breakdown = CAST(:breakdown AS jsonb) AND v.level = :level"
        ),
        {"key": key, "breakdown": breakdown, "level": level},
    )
    return {row.code: row for row in rows}


@pytest.fixture
def women(session, small_country):
    observe(session, small_country, "pop_total", WOMEN, breakdown={"sex": "f"})
    return place_values.rebuild(session, ["pop_total"])


def test_a_breakdown_adds_up_and_says_how_many_reported(session, women):
    assert "pop_total" in women
    provinces = values_of(session, "pop_total", '{"sex": "f"}', "province")
    assert provinces["50"].value == 6_500 + 3_100 + 1_400 + 2_000
    assert (provinces["50"].reporting, provinces["50"].expected) == (4, 5)
    assert values_of(session, "pop_total", '{"sex": "f"}', "country")["TH"].value == 17_100


def test_a_ratio_has_the_breakdowns_that_all_its_parts_have(session, small_country, women):
    observe(
        session, small_country, "pop_60p", {"500101": 1_300, "500201": 500}, breakdown={"sex": "f"}
    )
    place_values.rebuild(session, ["pop_60p"])
    shares = values_of(session, "age_share_60p", '{"sex": "f"}', "province")
    # of the places where both are known
    assert shares["50"].value == pytest.approx(100 * 1_800 / 8_500)
    assert (shares["50"].numerator, shares["50"].denominator) == (1_800, 8_500)


def test_one_withheld_member_is_not_told_by_the_other_or_by_its_neighbours(session, small_country):
    women = {"500101": 3, "500102": 400, "500103": 300}
    men = {"500101": 2_397, "500102": 500, "500103": 300}
    observe(session, small_country, "pop_60p", women, breakdown={"sex": "f"})
    observe(session, small_country, "pop_60p", men, breakdown={"sex": "m"})
    place_values.rebuild(session, ["pop_60p"])
    found = [values_of(session, "pop_60p", f'{{"sex": "{sex}"}}', "subdistrict") for sex in "fm"]
    for one in found:
        # the small one, and the smallest beside it; the third stays
        assert (one["500101"].status, one["500101"].value) == ("suppressed", None)
        assert (one["500103"].status, one["500103"].value) == ("suppressed", None)
    assert [one["500102"].value for one in found] == [400, 500]


def test_a_breakdown_that_is_no_longer_reported_is_forgotten(session, small_country, women):
    session.execute(text("DELETE FROM geo.observation WHERE breakdown <> '{}'"))
    assert place_values.rebuild(session, ["pop_total"]) == {"pop_total"}
    assert session.scalar(text("SELECT count(*) FROM geo.slice")) == 0
    assert place_values.rebuild(session, ["pop_total"]) == set()
