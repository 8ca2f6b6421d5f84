"""What is withheld is kept apart, takes along what would tell it, and stays withheld."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from geo_service.core.errors import NotFound
from layers import periods, place_values
from layers.models import Indicator, Observation, PeriodRow
from layers.thematic import Wanted, build
from tests import builders

#: children in centres by sub-district: 500102 has three, 510201 is the only one of its district
CHILDREN = {"500101": 40, "500102": 3, "500103": 25, "500201": 60, "500202": 0, "510101": 30,
            "510102": 20, "510201": 70}  # fmt: skip


def add_indicator(session, key, **rest):
    told = {
        "theme": "ageing", "space_agg": "SUM", "time_agg": "LAST", "name_th": key, "name_en": key,
        "unit_th": "คน", "unit_en": "persons", "privacy": "P2",
    }  # fmt: skip
    session.add(Indicator(key=key, **(told | rest)))
    session.flush()


def observe(session, country, key, values, *, period="2024", places=None, breakdown=None):
    areas = places is None
    for code, value in values.items():
        session.add(
            Observation(
                indicator_key=key, area_id=country.areas[code] if areas else None,
                org_id=None if areas else places[code], period_key=period, value=value,
                breakdown=breakdown or {}, status=builders.status_of(value),
                dataset_id="test-population", version_id=country.version_id,
            )
        )  # fmt: skip
    session.flush()


def rows(session, table, key, level, *, period="2024"):
    found = session.execute(
        text(
            f"SELECT coalesce(a.code, o.code) AS code, v.value, v.status FROM geo.{table} v"  # noqa: S608
            " LEFT JOIN geo.area a ON a.id = v.place_id AND v.level <> 'org'"
            " LEFT JOIN geo.org o ON o.id = v.place_id AND v.level = 'org'"
            " WHERE v.indicator_key = :key AND v.level = :level AND v.period_key = :period"
        ),
        {"key": key, "level": level, "period": period},
    )
    return {row.code: (row.value, row.status) for row in found}


def withheld(session, key, level, period="2024"):
    shown = rows(session, "place_value", key, level, period=period)
    return {code for code, (_, status) in shown.items() if status == "suppressed"}


@pytest.fixture
def children(session, small_country):
    add_indicator(session, "cdc_children")
    observe(session, small_country, "cdc_children", CHILDREN)
    place_values.rebuild(session, ["cdc_children"])
    return small_country


def correct(session, country, *, code, value, key="cdc_children"):
    session.execute(
        text(
            "UPDATE geo.observation SET value = :value"
            " WHERE indicator_key = :key AND area_id = :area"
        ),
        {"value": value, "key": key, "area": country.areas[code]},
    )


def test_the_true_number_of_a_withheld_cell_is_sealed_and_no_other(session, children):
    assert withheld(session, "cdc_children", "subdistrict") == {"500102", "500103"}
    assert rows(session, "sealed_value", "cdc_children", "subdistrict") == {
        "500102": (3, "reported"), "500103": (25, "reported"),
    }  # fmt: skip
    shown = rows(session, "place_value", "cdc_children", "subdistrict")
    assert shown["500102"] == shown["500103"] == (None, "suppressed")
    assert shown["500202"] == (0, "zero")


def test_a_cell_once_withheld_stays_so_until_told_otherwise(session, children):
    correct(session, children, code="500102", value=6)
    place_values.rebuild(session, ["cdc_children"])
    assert withheld(session, "cdc_children", "subdistrict") == {"500102", "500103"}
    assert rows(session, "sealed_value", "cdc_children", "subdistrict")["500102"][0] == 6
    place_values.rebuild(session, ["cdc_children"], anew=True)
    assert withheld(session, "cdc_children", "subdistrict") == set()
    assert rows(session, "sealed_value", "cdc_children", "subdistrict") == {}


def test_preparing_again_changes_nothing(session, children):
    assert place_values.rebuild(session, ["cdc_children"]) == set()


def test_an_installation_may_choose_the_limit(session, children):
    session.execute(text("UPDATE geo.privacy_class SET smallest = 1 WHERE code = 'P2'"))
    place_values.rebuild(session, ["cdc_children"], anew=True)
    assert withheld(session, "cdc_children", "subdistrict") == set()


def test_what_is_finer_than_its_class_allows_is_sealed(session, small_country):
    add_indicator(session, "adl_homebound", privacy="P3", finest_level="subdistrict")
    observe(session, small_country, "adl_homebound", CHILDREN)
    place_values.rebuild(session, ["adl_homebound"])
    assert rows(session, "place_value", "adl_homebound", "subdistrict") == {}
    assert rows(session, "sealed_value", "adl_homebound", "subdistrict")["500101"][0] == 40
    assert rows(session, "place_value", "adl_homebound", "district")["5001"][0] == 68


def test_personal_data_is_never_public(session, small_country):
    add_indicator(session, "secret_n", privacy="P4")
    observe(session, small_country, "secret_n", CHILDREN)
    place_values.rebuild(session, ["secret_n"])
    for level in ("country", "region", "province", "district", "subdistrict"):
        assert rows(session, "place_value", "secret_n", level) == {}
    assert rows(session, "sealed_value", "secret_n", "country")["TH"][0] == 248


def test_zeros_are_withheld_where_the_class_says_so(session, small_country):
    session.execute(text("UPDATE geo.privacy_class SET public_to = 'org' WHERE code = 'P3'"))
    add_indicator(session, "adl_homebound", privacy="P3")
    observe(session, small_country, "adl_homebound", CHILDREN)
    place_values.rebuild(session, ["adl_homebound"])
    assert "500202" in withheld(session, "adl_homebound", "subdistrict")


def test_a_rate_of_few_persons_is_withheld_though_its_parts_are_shown(session, small_country):
    add_indicator(session, "screened_60p")
    add_indicator(session, "seen_60p")
    add_indicator(session, "seen_share", privacy="P1", space_agg="RATIO", factor=100,
                  numerator_keys=["seen_60p"], denominator_key="screened_60p")  # fmt: skip
    observe(session, small_country, "screened_60p", {"500101": 99, "500102": 100})
    observe(session, small_country, "seen_60p", {"500101": 50, "500102": 50})
    place_values.rebuild(session, ["screened_60p", "seen_60p"])
    assert withheld(session, "seen_share", "subdistrict") == {"500101"}
    assert withheld(session, "screened_60p", "subdistrict") == set()


def test_money_that_tells_persons_goes_along(session, small_country):
    add_indicator(session, "oaa_recipients")
    add_indicator(session, "oaa_cost", privacy="P0", time_agg="SUM")
    observe(session, small_country, "oaa_recipients", CHILDREN)
    observe(session, small_country, "oaa_cost", {code: 600 * n for code, n in CHILDREN.items()})
    place_values.rebuild(session, ["oaa_recipients", "oaa_cost"])
    assert withheld(session, "oaa_recipients", "subdistrict") == {"500102", "500103"}
    assert {"500102", "500103"} <= withheld(session, "oaa_cost", "subdistrict")


def test_money_goes_along_with_persons_who_are_withheld_for_others(session, small_country):
    # 8 of 500103 go with the 3 of 500102; at 600 to 1,000 baht a head their cost would tell them
    add_indicator(session, "oaa_recipients")
    add_indicator(session, "oaa_cost", privacy="P0", time_agg="SUM")
    persons = {"500101": 10, "500102": 3, "500103": 8}
    observe(session, small_country, "oaa_recipients", persons)
    costs = {"500101": 6_000, "500102": 3_000, "500103": 8_000}
    observe(session, small_country, "oaa_cost", costs)
    place_values.rebuild(session, ["oaa_recipients", "oaa_cost"])
    assert withheld(session, "oaa_recipients", "subdistrict") == {"500102", "500103"}
    assert {"500102", "500103"} <= withheld(session, "oaa_cost", "subdistrict")


def test_a_second_rebuild_withholds_nothing_more(session, small_country):
    # 3 take 30 along, and that 100; their sum of 130 may stay
    drawn = {
        "adl_bedridden": {"500101": 3, "500102": 30, "500103": 40},
        "adl_homebound": {"500101": 60, "500102": 100, "500103": 10},
        "screened_60p": dict.fromkeys(("500101", "500102", "500103"), 1_000),
    }
    for key, values in drawn.items():
        add_indicator(session, key)
        observe(session, small_country, key, values)
    parts = {"numerator_keys": ["adl_homebound", "adl_bedridden"]}
    add_indicator(session, "adl_dependent", **parts)
    add_indicator(
        session, "adl_dep_rate", space_agg="RATIO", factor=1000, denominator_key="screened_60p",
        **parts,
    )  # fmt: skip
    place_values.rebuild(session, list(drawn))
    first = sealed(session)
    assert {key for key, *_ in first} >= {"adl_bedridden", "adl_dep_rate"}
    assert place_values.rebuild(session, list(drawn)) == set()
    assert sealed(session) == first


def sealed(session):
    found = session.execute(
        text("SELECT indicator_key, level, period_key, place_id FROM geo.sealed_value")
    )
    return {tuple(row) for row in found}


def test_the_ages_of_a_population_do_not_tell_each_other(session, small_country):
    ages = {"pop_0_14": 2_000, "pop_15_59": 9_600}
    for key in ages:
        add_indicator(session, key)
    for code, older in builders.ELDERLY_2024.items():
        people = builders.POPULATION_2024[code]
        if older is None or people is None:
            continue
        young = (people - older) // 3
        observe(session, small_country, "pop_0_14", {code: young})
        observe(session, small_country, "pop_15_59", {code: people - older - young})
    place_values.rebuild(session, ["pop_0_14", "pop_15_59", "pop_60p"])
    # 510102 has three people aged 60 and over: population less the younger ones would tell
    gone = [withheld(session, key, "subdistrict") for key in (*ages, "pop_60p")]
    assert "510102" in gone[2]
    assert "510102" in gone[0] | gone[1]


def test_an_organisation_on_the_same_ground_does_not_tell(session, children):
    observe(session, children, "cdc_children", {"3500101": 40, "4500102": 10, "6500103": 18},
            places=children.orgs)  # fmt: skip
    place_values.rebuild(session, ["cdc_children"])
    # 500102 and 500103 make 28 with their organisations; each alone is shared or hidden
    assert {"500102", "500103"} <= withheld(session, "cdc_children", "subdistrict")
    assert "3500101" not in withheld(session, "cdc_children", "org")


def test_the_months_of_a_year_do_not_tell_each_other(session, small_country):
    add_indicator(session, "visits_n", time_agg="SUM")
    quarters = {f"2024Q{number}": (3 * number - 2, 3 * number) for number in range(1, 5)}
    for key, (first, last) in quarters.items():
        end = date(2024, last, 31 if last in {3, 12} else 30)
        session.add(
            PeriodRow(
                key=key, calendar="gregorian", granularity="quarter", start=date(2024, first, 1),
                end=end, label_th=key, label_en=key,
            )
        )  # fmt: skip
    session.flush()
    for number, (key, value) in enumerate(zip(quarters, (3, 40, 50, 60), strict=True)):
        observe(session, small_country, "visits_n", {"500101": value, "500102": 90}, period=key)
        assert number < 4
    observe(session, small_country, "visits_n", {"500101": 153, "500102": 360})
    place_values.rebuild(session, ["visits_n"])
    gone = {
        key for key in quarters if "500101" in withheld(session, "visits_n", "subdistrict", key)
    }
    assert "2024Q1" in gone
    assert len(gone) > 1 or "500101" in withheld(session, "visits_n", "subdistrict")


def test_a_rate_over_fewer_places_does_not_tell_the_rest(session, small_country):
    # 510202 has 4 aged 60 and over and nobody counted its people: the share of its district is
    # over the other two, and would tell the 4 by subtraction
    older = {"510202": 4}
    session.execute(
        text("DELETE FROM geo.observation WHERE indicator_key = 'pop_60p' AND area_id = :area"),
        {"area": small_country.areas["510202"]},
    )
    observe(session, small_country, "pop_60p", older)
    place_values.rebuild(session, ["pop_60p"])
    told = session.execute(
        text(
            "SELECT n.value - r.numerator AS rest FROM geo.place_value n JOIN geo.place_value r"
            " USING (level, period_key, place_id) WHERE n.indicator_key = 'pop_60p'"
            " AND r.indicator_key = 'age_share_60p' AND n.value IS NOT NULL"
            " AND r.numerator IS NOT NULL AND n.value <> r.numerator"
        )
    ).scalars()
    assert all(rest >= 5 for rest in told)


def test_a_level_withheld_whole_is_told_to_be_withheld_not_unknown(session, small_country):
    add_indicator(session, "cdc_children")
    observe(session, small_country, "cdc_children", dict.fromkeys(CHILDREN, 2))
    place_values.rebuild(session, ["cdc_children"])
    place = ("cdc_children", "subdistrict")
    assert place not in periods.known(session)
    assert [period.key for period in periods.withheld(session)[place]] == ["2024"]
    assert ("cdc_children", "country") not in periods.withheld(session)
    with pytest.raises(NotFound) as refused:
        build(session, "cdc_children", Wanted(level="subdistrict"))
    assert "withheld" in refused.value.detail.en
    assert "ปกปิด" in refused.value.detail.th


LISTED = """
    SELECT bool_and(s.is_listed = EXISTS (
        SELECT FROM geo.place_value AS v
        WHERE v.indicator_key = s.indicator_key AND v.level = s.level
          AND v.period_key = s.period_key AND v.place_id = s.place_id
    )), count(*) FILTER (WHERE s.is_listed), count(*) FILTER (WHERE NOT s.is_listed)
    FROM geo.sealed_value AS s
"""


def test_what_is_sealed_is_marked_where_the_public_table_has_no_row_of_it(session, small_country):
    add_indicator(session, "adl_homebound", privacy="P3", finest_level="subdistrict")
    observe(session, small_country, "adl_homebound", CHILDREN | {"510201": 3})
    place_values.rebuild(session, ["adl_homebound"])
    agrees, listed, unlisted = session.execute(text(LISTED)).one()
    assert agrees
    assert listed
    assert unlisted
    # a level that may be shown from now on is listed, though nothing else of it changed
    session.execute(text("UPDATE geo.privacy_class SET public_to = 'org' WHERE code = 'P3'"))
    place_values.rebuild(session, ["adl_homebound"])
    assert session.execute(text(LISTED)).one()[0]
    assert session.execute(text(LISTED)).one()[2] == 0


# Loads of some periods: only these and what is linked to them is formed anew.

KEPT = {
    "place_value": "indicator_key, level, period_key, place_id, value, numerator, denominator,"
                   " status, reporting, expected, basis, flags",
    "sealed_value": "indicator_key, level, period_key, place_id, value, numerator, denominator,"
                    " status, is_listed",
    "slice_value": "slice_id, level, period_key, place_id, value, numerator, denominator, status,"
                   " reporting, expected, basis, flags",
    "sealed_slice_value": "slice_id, level, period_key, place_id, value, numerator, denominator,"
                          " status, is_listed",
}  # fmt: skip
YEARS = tuple(str(year) for year in range(2014, 2025))


def state(session):
    return {
        table: set(map(str, session.execute(text(f"SELECT {columns} FROM geo.{table}"))))  # noqa: S608
        for table, columns in KEPT.items()
    }


def formed(session):
    return set(
        session.scalars(text("SELECT key FROM value_time WHERE is_stored AND key ~ '^20[0-9]{2}$'"))
    )


@pytest.fixture
def years(session, small_country):
    """Eleven years of children by sex, their rate by places counted every third, and months."""
    for year in YEARS:
        if session.get(PeriodRow, year) is None:
            add_period(
                session, year, granularity="year",
                start=date(int(year), 1, 1), end=date(int(year), 12, 31),
            )  # fmt: skip
    for month in (11, 12):
        add_period(
            session, f"2014-{month}", granularity="month",
            start=date(2014, month, 1), end=date(2014, month, 30),
        )  # fmt: skip
    add_indicator(session, "cdc_children")
    add_indicator(session, "cdc_places")
    add_indicator(session, "cdc_share", privacy="P1", space_agg="RATIO", factor=100,
                  numerator_keys=["cdc_children"], denominator_key="cdc_places",
                  denominator_max_age_years=3)  # fmt: skip
    for at, year in enumerate(YEARS):
        told = {code: (value * (7 + at * 3) // 9) for code, value in CHILDREN.items()}
        observe(session, small_country, "cdc_children", told, period=year)
        for sex, share in (("f", 0.4), ("m", 0.6)):
            part = {code: round(value * share) for code, value in told.items()}
            observe(session, small_country, "cdc_children", part, period=year,
                    breakdown={"sex": sex})  # fmt: skip
        if at % 3 == 0:
            places = {code: value + 90 for code, value in CHILDREN.items()}
            observe(session, small_country, "cdc_places", places, period=year)
    for month in (11, 12):
        observe(session, small_country, "cdc_children", CHILDREN, period=f"2014-{month}")
    place_values.rebuild(session)
    assert state(session)["sealed_value"]
    assert state(session)["sealed_slice_value"]
    return small_country


def add_period(session, key, *, start, end, granularity):
    session.add(
        PeriodRow(
            key=key, calendar="gregorian", granularity=granularity, start=start, end=end,
            label_th=key, label_en=key,
        )
    )  # fmt: skip
    session.flush()


def change(session, country, key, *, period, code, value):
    session.execute(
        text(
            "UPDATE geo.observation SET value = :value WHERE indicator_key = :key"
            " AND period_key = :period AND area_id = :area AND breakdown = '{}'"
        ),
        {"value": value, "key": key, "period": period, "area": country.areas[code]},
    )


@pytest.mark.parametrize(
    ("key", "changes", "formed_years"),
    [
        # divided by the places of 2023, as 2024 is
        ("cdc_children", {"2024": {"500101": 2, "510102": 4}}, {"2023", "2024"}),
        # places may be three years old: 2018 may be divided by in 2021, which is by 2020
        ("cdc_children", {"2018": {"500201": 1}}, set(YEARS[3:9])),
        ("cdc_children", {"2024": {"500103": 3}, "2015": {"500101": 2}},
         {*YEARS[:6], "2023", "2024"}),
        ("cdc_places", {"2017": {"500101": 44, "500102": 6}}, set(YEARS[3:9])),
        ("cdc_places", {"2023": {"510201": 3}}, {"2023", "2024"}),
    ],
)  # fmt: skip
def test_a_load_of_some_periods_leaves_what_a_rebuild_of_all_would(
    session, years, *, key, changes, formed_years
):
    for period, values in changes.items():
        for code, value in values.items():
            change(session, years, key, period=period, code=code, value=value)
    before = state(session)
    in_part = session.begin_nested()
    changed = place_values.rebuild(session, [key], periods=list(changes))
    assert formed(session) == formed_years
    found = state(session)
    in_part.rollback()
    assert place_values.rebuild(session, [key]) == changed
    assert formed(session) == set(YEARS)
    assert state(session) == found
    assert found != before


def test_who_comes_to_be_divided_by_another_period_is_formed_whole(session, years):
    # people of 2019 are taken out: later years go back to those of 2014, which may be too old
    session.execute(
        text(
            "DELETE FROM geo.observation WHERE indicator_key = 'cdc_places' AND period_key = '2019'"
        )
    )
    in_part = session.begin_nested()
    place_values.rebuild(session, ["cdc_places"], periods=["2019"])
    found = state(session)
    in_part.rollback()
    place_values.rebuild(session, ["cdc_places"])
    assert state(session) == found
