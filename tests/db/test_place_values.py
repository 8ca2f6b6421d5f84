"""The prepared values agree with slow arithmetic over the observations."""

from __future__ import annotations

import random
from datetime import date

import pytest
from sqlalchemy import select, text

from layers import place_values, versions
from layers.models import Indicator, Observation, PeriodRow, PlaceValue
from tests import builders


def value_of(session, key, level, place_id, *, period="2024"):
    session.expire_all()
    return session.get(PlaceValue, (key, level, period, place_id))


def observe(session, country, key, values, *, period="2024", dataset="test-population", **rest):
    for code, value in values.items():
        session.add(
            Observation(
                indicator_key=key,
                area_id=country.areas.get(code),
                org_id=country.orgs.get(code),
                period_key=period,
                value=value,
                status=builders.status_of(value),
                dataset_id=dataset,
                version_id=country.version_id,
                **rest,
            )
        )
    session.flush()


def add_indicator(session, key, **rest):
    defaults = {"theme": "population", "space_agg": "SUM", "time_agg": "LAST"}
    session.add(
        Indicator(key=key, name_th=key, name_en=key, unit_th="x", unit_en="x", **defaults | rest)
    )
    session.flush()


def add_period(session, key, start, end, *, calendar="gregorian"):
    session.add(
        PeriodRow(
            key=key, calendar=calendar, granularity="year", start=start, end=end,
            label_th=key, label_en=key,
        )
    )  # fmt: skip
    session.flush()


@pytest.mark.parametrize(
    ("level", "code"),
    [("country", "TH"), ("region", "ngc6-1"), ("province", "51"), ("district", "5102")],
)
def test_people_add_up_and_say_how_many_places_reported(session, small_country, level, code):
    prefix = "" if level in {"country", "region"} else code
    inside = {c: v for c, v in builders.POPULATION_2024.items() if c.startswith(prefix)}
    found = value_of(session, "pop_total", level, small_country.areas[code])
    assert found.value == sum(value for value in inside.values() if value is not None)
    assert found.reporting == sum(value is not None for value in inside.values())
    assert found.expected == len(inside)
    assert (found.status, found.basis) == ("reported", "aggregated")


def test_a_place_that_did_not_report_has_no_value_and_a_zero_is_a_value(session, small_country):
    missing = value_of(session, "pop_total", "subdistrict", small_country.areas["510202"])
    zero = value_of(session, "pop_60p", "subdistrict", small_country.areas["500202"])
    assert (missing.value, missing.status, missing.reporting, missing.expected) == (
        None, "not_reported", 0, 1,
    )  # fmt: skip
    assert (zero.value, zero.status, zero.reporting) == (0, "zero", 1)


def test_a_silent_organisation_counts_as_expected(session, small_country):
    district = value_of(session, "waste_gen_tpd", "district", small_country.areas["5102"])
    silent = value_of(session, "waste_gen_tpd", "org", small_country.orgs["6510202"])
    assert (district.value, district.status) == (None, "not_reported")
    assert (district.reporting, district.expected) == (0, 2)
    assert (silent.status, silent.reporting, silent.expected) == ("not_reported", 0, 1)


def test_provincial_organisations_are_never_added_to_the_lower_tier(session, small_country):
    observe(session, small_country, "waste_gen_tpd", {"2500101": 1000.0}, dataset="test-waste")
    place_values.rebuild(session, {"waste_gen_tpd"})
    lower = [v for code, v in builders.WASTE_2024.items() if code[1:3] == "50" and v is not None]
    province = value_of(session, "waste_gen_tpd", "province", small_country.areas["50"])
    assert (province.value, province.reporting, province.expected) == (sum(lower), 4, 4)
    own = value_of(session, "waste_gen_tpd", "org", small_country.orgs["2500101"])
    assert own.value == 1000


def test_money_of_both_tiers_is_shown_for_each_but_adds_up_the_lower_tier(session, small_country):
    add_indicator(session, "rev_total", theme="finance", tier="both")
    observe(
        session, small_country, "rev_total",
        {"2500101": 900.0, "3500101": 10.0, "4500102": 5.0, "6500103": 2.0, "6500201": 1.0},
    )  # fmt: skip
    place_values.rebuild(session, {"rev_total"})
    province = value_of(session, "rev_total", "province", small_country.areas["50"])
    assert (province.value, province.flags) == (18, ["lower-tier"])
    assert value_of(session, "rev_total", "org", small_country.orgs["2500101"]).value == 900


def test_a_ratio_is_the_sum_over_the_sum_of_places_that_have_both(session, small_country):
    people = {  # by share of the sub-districts each organisation covers
        "3500101": 12_000, "4500102": 0.4 * 6_000, "6500103": 0.6 * 6_000 + 3_000,
        "6500201": 4_000 + 2_000, "5510101": 8_000 + 5_000,
    }  # fmt: skip
    tonnes = {code: builders.WASTE_2024[code] for code in people}
    found = value_of(session, "waste_gen_rate", "country", small_country.areas["TH"])
    assert found.value == pytest.approx(1000 * sum(tonnes.values()) / sum(people.values()))
    assert (found.numerator, found.denominator) == (31.5, 40_000)
    assert (found.reporting, found.expected) == (5, 7)
    mean_of_rates = sum(1000 * tonnes[c] / people[c] for c in people) / len(people)
    assert found.value != pytest.approx(mean_of_rates, rel=0.05)
    assert found.flags == ["estimated-denominator"]


def test_random_parts_give_the_ratios_that_slow_loops_give(session, small_country):
    chance = random.Random(5)
    codes = list(builders.SUBDISTRICTS)
    add_indicator(session, "part_a", theme="waste")
    add_indicator(session, "part_b", theme="waste")
    add_indicator(
        session, "whole_c", theme="waste", space_agg="RATIO", factor=100,
        numerator_keys=["part_a"], denominator_key="part_b",
    )  # fmt: skip
    above = {code: chance.choice([None, 0.0, chance.uniform(0.1, 900)]) for code in codes}
    below = {code: chance.choice([None, chance.uniform(1, 900)]) for code in codes}
    observe(session, small_country, "part_a", above)
    observe(session, small_country, "part_b", below)
    place_values.rebuild(session, {"part_a", "part_b"})
    places = [("country", "TH", ""), ("region", "ngc6-1", "")]
    places += [("province", code, code) for code in builders.PROVINCES]
    places += [("district", code, code) for code in builders.DISTRICTS]
    for level, code, prefix in places:
        top = bottom = 0.0
        both = 0
        for one in codes:
            if one.startswith(prefix) and above[one] is not None and below[one] is not None:
                top, bottom, both = top + above[one], bottom + below[one], both + 1
        found = value_of(session, "whole_c", level, small_country.areas[code])
        if both:
            assert found.value == pytest.approx(100 * top / bottom, rel=1e-12)
            assert found.reporting == both
        else:
            assert found.value is None


def test_what_a_province_reported_stands_over_what_its_parts_add_up_to(session, small_country):
    observe(session, small_country, "pop_total", {"50": 30_000.0}, dataset="test-waste")
    place_values.rebuild(session, {"pop_total"})
    province = value_of(session, "pop_total", "province", small_country.areas["50"])
    country = value_of(session, "pop_total", "country", small_country.areas["TH"])
    assert (province.value, province.basis) == (30_000, "reported")
    assert country.value == 30_000 + 14_500
    # One province reported itself, so provinces are what is counted.
    assert (country.reporting, country.expected) == (2, 2)


def test_a_ratio_that_came_with_its_parts_adds_up_from_them(session, small_country):
    # 12,014,135 of 66,181,932 people were 60 or older in June B.E. 2564: 18.15 %
    add_period(session, "2021", date(2021, 1, 1), date(2021, 12, 31))
    for code, over, of in (("50", 12_000_000, 66_000_000), ("51", 14_135, 181_932)):
        observe(
            session, small_country, "age_share_60p", {code: 100 * over / of},
            period="2021", numerator=over, denominator=of,
        )  # fmt: skip
    observe(session, small_country, "pop_total", {"50": 1.0, "51": 1.0}, period="2021")
    place_values.rebuild(session, {"age_share_60p", "pop_total"})
    found = value_of(session, "age_share_60p", "country", small_country.areas["TH"], period="2021")
    assert (found.numerator, found.denominator) == (12_014_135, 66_181_932)
    assert found.value == pytest.approx(18.15, abs=0.005)


def test_small_counts_of_persons_are_withheld_with_the_shares_built_on_them(session, small_country):
    place = small_country.areas["510102"]
    count = value_of(session, "pop_60p", "subdistrict", place)
    share = value_of(session, "age_share_60p", "subdistrict", place)
    for found in (count, share):
        assert found.status == "suppressed"
        assert (found.value, found.numerator, found.denominator) == (None, None, None)
    # Sums are formed before anything is withheld.
    district = value_of(session, "pop_60p", "district", small_country.areas["5101"])
    assert (district.value, district.status) == (2_003, "reported")
    share = value_of(session, "age_share_60p", "district", small_country.areas["5101"])
    assert share.value == pytest.approx(100 * 2_003 / 13_000)


def test_health_data_stops_at_the_district_and_is_withheld_below_ten(session, small_country):
    add_indicator(session, "adl_bedridden", theme="ageing", privacy="P3", finest_level="district")
    observe(
        session, small_country, "adl_bedridden",
        {"500101": 6.0, "500102": 3.0, "500201": 20.0, "510101": 0.0},
    )  # fmt: skip
    place_values.rebuild(session, {"adl_bedridden"})
    levels = session.scalars(
        select(PlaceValue.level).where(PlaceValue.indicator_key == "adl_bedridden").distinct()
    )
    assert set(levels) == {"country", "region", "province", "district"}
    small = value_of(session, "adl_bedridden", "district", small_country.areas["5001"])
    large = value_of(session, "adl_bedridden", "province", small_country.areas["50"])
    assert (small.value, small.status) == (None, "suppressed")
    assert large.value == 29


def test_an_old_denominator_is_taken_within_the_allowed_years_and_flagged(session, small_country):
    for year in (2025, 2028):
        add_period(session, f"{year}", date(year, 1, 1), date(year, 12, 31))
        observe(session, small_country, "waste_gen_tpd", {"50": 27.0}, period=f"{year}")
    session.get(Indicator, "waste_gen_rate").denominator_max_age_years = 3
    session.flush()
    place_values.rebuild(session, {"waste_gen_tpd"})
    near = value_of(session, "waste_gen_rate", "province", small_country.areas["50"], period="2025")
    far = value_of(session, "waste_gen_rate", "province", small_country.areas["50"], period="2028")
    assert near.value == pytest.approx(1000 * 27 / 27_000)
    assert near.flags == ["denominator-2024"]
    assert far is None or far.value is None


def test_a_fiscal_year_divides_by_the_people_at_the_end_of_the_year_within_it(
    session, small_country
):
    add_period(session, "FY2025", date(2024, 10, 1), date(2025, 9, 30), calendar="fiscal")
    add_indicator(session, "spend_total", theme="finance", calendar="fiscal")
    add_indicator(
        session, "spend_pc", theme="finance", space_agg="RATIO", calendar="fiscal",
        numerator_keys=["spend_total"], denominator_key="pop_total", denominator_max_age_years=1,
    )  # fmt: skip
    observe(session, small_country, "spend_total", {"50": 54_000.0}, period="FY2025")
    place_values.rebuild(session, {"spend_total"})
    found = value_of(session, "spend_pc", "province", small_country.areas["50"], period="FY2025")
    assert (found.value, found.flags) == (2, ["denominator-2024"])


def test_density_divides_by_the_area_of_the_place_itself(session, small_country):
    add_indicator(
        session, "pop_density", space_agg="RATIO",
        numerator_keys=["pop_total"], denominator_key="@area_km2",
    )  # fmt: skip
    place_values.rebuild(session, {"pop_density"})
    km2 = session.scalar(text("SELECT ST_Area(geom::geography) / 1e6 FROM area WHERE code = 'TH'"))
    found = value_of(session, "pop_density", "country", small_country.areas["TH"])
    assert found.value == pytest.approx(41_500 / km2)
    shapeless = value_of(session, "pop_density", "subdistrict", small_country.areas["510203"])
    assert (shapeless.value, shapeless.status) == (None, "not_reported")


def test_a_weighted_mean_weighs_by_people(session, small_country):
    add_indicator(
        session, "svc_travel", theme="infrastructure", space_agg="WMEAN", weight_key="pop_total"
    )
    observe(session, small_country, "svc_travel", {"500101": 10.0, "500102": 40.0})
    place_values.rebuild(session, {"svc_travel"})
    found = value_of(session, "svc_travel", "district", small_country.areas["5001"])
    assert found.value == pytest.approx((10 * 12_000 + 40 * 6_000) / 18_000)
    assert (found.reporting, found.expected) == (2, 3)


def test_what_cannot_be_added_up_stays_where_it_was_reported(session, small_country):
    add_indicator(session, "lpa_score", theme="governance", space_agg="NONE")
    observe(session, small_country, "lpa_score", {"3500101": 80.0, "4500102": 60.0})
    place_values.rebuild(session, {"lpa_score"})
    levels = session.scalars(
        select(PlaceValue.level).where(PlaceValue.indicator_key == "lpa_score").distinct()
    )
    assert list(levels) == ["org"]


def test_stages_follow_the_limits_of_the_share(session, small_country):
    add_indicator(
        session, "ageing_stage", theme="ageing", space_agg="RECLASSIFY", privacy="P1",
        numerator_keys=["age_share_60p"],
    )  # fmt: skip
    place_values.rebuild(session, {"ageing_stage"})
    stage = {  # 20 %, 15 %, 0 %
        code: value_of(session, "ageing_stage", "subdistrict", small_country.areas[code]).value
        for code in ("500101", "500102", "500202")
    }
    assert stage == {"500101": 3, "500102": 2, "500202": 1}
    hidden = value_of(session, "ageing_stage", "subdistrict", small_country.areas["510102"])
    assert (hidden.value, hidden.status) == (None, "suppressed")


def test_the_data_set_that_knows_more_places_is_believed(session, small_country):
    other = builders.add_version(session, "other-count", kind="indicators")
    for code, value in (("500101", 1.0), ("510202", 700.0)):
        session.add(
            Observation(
                indicator_key="pop_total", area_id=small_country.areas[code], period_key="2024",
                value=value, status="reported", dataset_id="other-count", version_id=other,
            )
        )  # fmt: skip
    session.flush()
    place_values.rebuild(session, {"pop_total"})
    known = value_of(session, "pop_total", "subdistrict", small_country.areas["500101"])
    blank = value_of(session, "pop_total", "subdistrict", small_country.areas["510202"])
    assert known.value == 12_000
    assert blank.value == 700  # a blank never beats a value


def test_sample_data_never_stands_beside_real_data(session, small_country):
    sample = builders.add_version(session, "made-up", kind="indicators", is_sample=True)
    for code in builders.SUBDISTRICTS:
        session.add(
            Observation(
                indicator_key="pop_total", area_id=small_country.areas[code], period_key="2024",
                value=1, status="reported", dataset_id="made-up", version_id=sample,
            )
        )  # fmt: skip
    session.flush()
    assert place_values.rebuild(session, {"pop_total"}) == set()


def test_an_unchanged_rebuild_changes_nothing_and_keeps_the_versions(session, small_country):
    before = {key: versions.version_of(session, f"indicator:{key}") for key in ("pop_total",)}
    assert place_values.rebuild(session) == set()
    after = {key: versions.version_of(session, f"indicator:{key}") for key in ("pop_total",)}
    assert before == after


def test_a_changed_observation_renews_the_indicators_made_from_it(session, small_country):
    before = versions.version_of(session, "indicator:waste_gen_rate")
    row = session.scalars(
        select(Observation).where(
            Observation.indicator_key == "waste_gen_tpd", Observation.value == 18
        )
    ).one()
    row.value = 20
    session.flush()
    assert place_values.rebuild(session, {"waste_gen_tpd"}) == {"waste_gen_tpd", "waste_gen_rate"}
    assert versions.version_of(session, "indicator:waste_gen_rate") == before + 1


def test_a_withdrawn_observation_takes_its_values_with_it(session, small_country):
    session.execute(text("DELETE FROM observation WHERE indicator_key = 'pop_60p'"))
    changed = place_values.rebuild(session)
    assert {"pop_60p", "age_share_60p"} <= changed
    left = session.scalars(select(PlaceValue.value).where(PlaceValue.indicator_key == "pop_60p"))
    assert not list(left)


def test_what_left_the_catalogue_leaves_the_values_with_the_next_full_rebuild(
    session, small_country
):
    add_indicator(session, "gone_soon", theme="waste")
    observe(session, small_country, "gone_soon", {"500101": 1.0})
    place_values.rebuild(session, {"gone_soon"})
    session.execute(text("DELETE FROM observation WHERE indicator_key = 'gone_soon'"))
    session.execute(text("DELETE FROM indicator WHERE key = 'gone_soon'"))
    session.expire_all()
    place_values.rebuild(session)
    left = select(PlaceValue).where(PlaceValue.indicator_key == "gone_soon")
    assert session.scalars(left).all() == []


def test_a_second_rebuild_in_the_same_transaction_works_like_the_first(session, small_country):
    observe(session, small_country, "waste_gen_tpd", {"51": 40.0}, dataset="test-waste")
    assert "waste_gen_rate" in place_values.rebuild(session, {"waste_gen_tpd"})
    assert place_values.rebuild(session, {"waste_gen_tpd"}) == set()


def test_a_change_of_one_period_reaches_all_that_is_divided_by_it(session, small_country):
    for year in (2025, 2027):
        add_period(session, f"{year}", date(year, 1, 1), date(year, 12, 31))
        observe(session, small_country, "waste_gen_tpd", {"50": 27.0}, period=f"{year}")
    session.get(Indicator, "waste_gen_rate").denominator_max_age_years = 1
    session.flush()
    place_values.rebuild(session)
    province = small_country.areas["50"]
    before = value_of(session, "waste_gen_rate", "province", province, period="2025").value
    row = session.scalars(
        select(Observation).where(
            Observation.indicator_key == "pop_total", Observation.value == 12_000
        )
    ).first()
    row.value = 24_000
    session.flush()
    place_values.rebuild(session, {"pop_total"}, periods=[row.period_key])
    after = value_of(session, "waste_gen_rate", "province", province, period="2025").value
    assert (before, after) == (1000 * 27 / 27_000, 1000 * 27 / 39_000)
    # What a full rebuild would write is all written already.
    assert place_values.rebuild(session) == set()
