"""An indicator of one's own is a file: at once a value everywhere, or refused with every reason."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area
from geo_service.core.errors import BadIndicator, Conflict, NotFound
from ingest import own_indicators
from layers import indicators, thematic
from layers.models import Indicator, PlaceValue, SeriesBreak
from layers.thematic import Wanted
from tests import builders

WORDS = """
theme = "ageing"
name = ["ชื่อ", "Name"]
"""
YOUNG = f"""
[pop_under_60]
{WORDS}
unit = ["คน", "persons"]
formula = "pop_total - pop_60p"
"""
SHARE = f"""
[young_share]
{WORDS}
unit = ["ร้อยละ", "%"]
formula = "100 - 100 * pop_60p / pop_total"
decimals = 1
"""
INDEX = f"""
[burden_index]
{WORDS}
unit = ["ดัชนี", "index"]
formula = "2 * age_share_60p + 0.5 * young_share"
"""


@pytest.fixture
def add(country_engine, tmp_path):
    def added(text, name="mine.toml", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return own_indicators.add(country_engine, path, **options)

    return added


@pytest.fixture
def values(country_engine):
    def found(key, level):
        with Session(country_engine) as session:
            rows = session.execute(
                select(Area.code, PlaceValue.value, PlaceValue.status)
                .join(Area, Area.id == PlaceValue.place_id)
                .where(
                    PlaceValue.indicator_key == key,
                    PlaceValue.level == level,
                    PlaceValue.period_key == "2024",
                )
            )
            return {code: value if value is not None else status for code, value, status in rows}

    return found


def total(values, prefix=""):
    return sum(value for code, value in values.items() if value and code.startswith(prefix))


def test_a_difference_of_amounts_adds_up_and_hides_with_the_counts_in_it(add, values):
    assert add(YOUNG).written == ("pop_under_60",)
    provinces = values("pop_under_60", "province")
    for code in ("50", "51"):
        young = [
            people - builders.ELDERLY_2024[place]
            for place, people in builders.POPULATION_2024.items()
            if people is not None and place.startswith(code)
        ]
        assert provinces[code] == sum(young)
    # 510102 has three older persons: showing the others would show these.
    assert values("pop_under_60", "subdistrict")["510102"] == "suppressed"
    assert values("pop_under_60", "subdistrict")["500202"] == 2_000


def test_the_rest_of_a_share_is_a_sum_over_a_sum_of_the_same_places(add, values):
    add(SHARE)
    elderly = total(builders.ELDERLY_2024, "50")
    people = total(builders.POPULATION_2024, "50")
    assert values("young_share", "province")["50"] == pytest.approx(100 - 100 * elderly / people)


def test_an_index_of_rates_is_calculated_at_each_level_from_the_values_there(add, values):
    add(SHARE + INDEX)
    found, shares = values("burden_index", "province"), values("age_share_60p", "province")
    for code, share in shares.items():
        assert found[code] == pytest.approx(2 * share + 0.5 * (100 - share))
    assert values("burden_index", "subdistrict")["510102"] == "suppressed"


def test_a_ratio_may_be_divided_by_a_sum(add, values):
    add(
        f"""
        [old_per_all]
        {WORDS}
        unit = ["ร้อยละ", "%"]
        formula = "100 * pop_60p / (pop_60p + pop_total)"
        """
    )
    elderly, people = total(builders.ELDERLY_2024), total(builders.POPULATION_2024)
    found = values("old_per_all", "country")["TH"]
    assert found == pytest.approx(100 * elderly / (elderly + people))


def test_a_place_that_an_amount_is_missing_of_has_no_index(add, values):
    add(
        f"""
        [odd]
        {WORDS}
        unit = ["ดัชนี", "index"]
        formula = "pop_total * waste_gen_rate"
        """
    )
    # 510202 reported no people, so province 51 is not whole; province 50 is.
    found = values("odd", "province")
    assert found["51"] == "not_reported"
    waste = sum(tonnes or 0 for code, tonnes in builders.WASTE_2024.items() if code[1:3] == "50")
    assert found["50"] == pytest.approx(1000 * waste, rel=1e-9)


def test_an_indicator_is_on_the_map_as_soon_as_it_is_added(add, country_engine):
    add(SHARE)
    with Session(country_engine) as session:
        drawn = thematic.build(session, "young_share", Wanted(level="province"))
    assert {place.code for place in drawn.places} == {"50", "51"}


def test_adding_the_same_file_again_changes_nothing(add, country_engine):
    def state():
        with Session(country_engine) as session:
            rows = session.scalars(
                select(PlaceValue.version).where(PlaceValue.indicator_key == "young_share")
            )
            return sorted(rows), indicators.read(session, "young_share")

    add(SHARE)
    before = state()
    again = add(SHARE)
    assert (again.written, again.unchanged) == ((), ("young_share",))
    assert state() == before


def test_another_formula_under_the_same_key_changes_the_values(add, values):
    add(YOUNG)
    add(YOUNG.replace("pop_total - pop_60p", "pop_total"))
    assert values("pop_under_60", "country")["TH"] == total(builders.POPULATION_2024)


def test_a_dry_run_keeps_nothing(add, country_engine):
    assert add(SHARE, dry_run=True).written == ("young_share",)
    with Session(country_engine) as session:
        assert session.get(Indicator, "young_share") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SHARE.replace("pop_60p", "pop_60"), "no indicator 'pop_60'; the nearest: pop_60p"),
        (SHARE.replace("pop_60p /", "pop_60p +"), "unlike units"),
        (SHARE.replace('"%"', '"tonnes"'), "the unit stated is tonnes"),
        (SHARE.replace("/ pop_total", "/ "), "cannot be read at character"),
        (SHARE + 'privacy = "P0"', "cannot be P0"),
        (SHARE.replace("young_share", "pop_total"), "comes with the service"),
        (SHARE.replace("young_share", "Young"), "a key is a-z"),
        (SHARE + 'colour = "red"', "unknown key colour"),
        (SHARE + 'space = "SUM"', "either formula, or space"),
        (INDEX, "no indicator 'young_share'"),
        (SHARE.replace("pop_60p", "young_share"), "no indicator 'young_share'"),
        ("[broken", "not valid TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason_and_nothing_is_kept(
    add, country_engine, text, words
):
    with pytest.raises(BadIndicator if "TOML" not in words else Exception) as caught:
        add(YOUNG + text if "TOML" not in words else text)
    assert words in caught.value.detail.en
    with Session(country_engine) as session:
        assert session.get(Indicator, "pop_under_60") is None


@pytest.mark.parametrize(
    ("line", "thai"),
    [
        ('space = "AVERAGE"', "เลือกได้จาก 'SUM', 'COUNT', 'WMEAN', 'NONE'"),
        ('space = "SUM"\ndecimals = 9', "ต้องไม่เกิน 6"),
        ('space = "SUM"\ndecimals = "two"', "ต้องเป็นจำนวนเต็ม"),
        ('space = "SUM"\nbounds = [5]', "bounds เป็นสองจำนวน"),
        ('space = "SUM"\nramp = "Rainbow"', "ramp เลือกได้จาก"),
        ('space = "SUM"\nthresholds = [{ value = "x", label = ["ก", "a"] }]', "ต้องเป็นตัวเลข"),
        ("", "ต้องมี formula หรือ space"),
    ],
)
def test_a_fault_is_told_in_thai_without_words_of_english(add, line, thai):
    with pytest.raises(BadIndicator) as caught:
        add(f'[mine]\n{WORDS}\nunit = ["คน", "persons"]\n{line}\n')
    assert thai in caught.value.detail.th
    assert "should be" not in caught.value.detail.th


def test_a_missing_factor_is_pointed_out(add):
    remark = add(SHARE.replace("100 - 100 * pop_60p", "pop_60p")).remarks[0]
    assert "by a factor of 100" in remark.en


def test_a_csv_brings_indicators_too(add, values):
    add(
        "key,theme,name_th,name_en,unit_th,unit_en,formula,decimals\n"
        "young_share,ageing,สัดส่วน,Share,ร้อยละ,%,100 - 100 * pop_60p / pop_total,1\n",
        name="mine.csv",
    )
    assert values("young_share", "province").keys() == {"50", "51"}


def test_limits_hold_from_and_until_their_days(add, country_engine):
    add(
        SHARE
        + """
        [[young_share.thresholds]]
        value = 85
        label = ["เดิม", "former"]
        authority = "x"
        until = 2023-12-31
        [[young_share.thresholds]]
        value = 80
        label = ["ใหม่", "new"]
        authority = "x"
        since = 2024-01-01
        """
    )
    with Session(country_engine) as session:
        drawn = thematic.build(session, "young_share", Wanted(level="province", period="2024"))
    assert [limit.value for limit in drawn.indicator.thresholds] == [80]
    assert [made.lower for made in drawn.classes if made.kind == "range"][1:] == [80]


def test_a_break_comes_with_the_file(add, country_engine):
    add(
        SHARE
        + """
        [[break]]
        indicators = ["young_share"]
        effective = 2024-01-01
        note = ["นับใหม่", "Counted anew"]
        """
    )
    with Session(country_engine) as session:
        assert session.scalar(select(func.count()).select_from(SeriesBreak)) == 1


def test_one_that_others_need_is_not_removed_before_them(add, country_engine):
    add(SHARE + INDEX)
    with pytest.raises(Conflict):
        own_indicators.remove(country_engine, "young_share")
    own_indicators.remove(country_engine, "burden_index")
    own_indicators.remove(country_engine, "young_share")
    with pytest.raises(Conflict):
        own_indicators.remove(country_engine, "pop_total")
    with pytest.raises(NotFound):
        own_indicators.remove(country_engine, "young_share")
    with Session(country_engine) as session:
        left = select(func.count()).where(PlaceValue.indicator_key == "young_share")
        assert session.scalar(left) == 0
