"""A thematic map shows what the prepared values say, in readable classes, with its doubts."""

from __future__ import annotations

from datetime import date

import pytest

from geo_service.core.errors import BadParameter, NotFound
from layers import datasets, place_values, thematic
from layers.models import Indicator, SeriesBreak
from layers.thematic import Wanted
from tests import builders
from tests.db.test_place_values import add_indicator, add_period, observe, value_of


def shown(session, key, **asked):
    made = thematic.build(session, key, Wanted(**asked))
    return made, {place.code: place for place in made.places}


def test_the_title_says_what_is_shown(session, small_country):
    made, _ = shown(session, "waste_gen_rate", level="province", period="2567")
    assert made.title.th == "อัตราการเกิดขยะ รายจังหวัด พ.ศ. 2567"
    assert made.title.en == "Waste generation rate by province, 2024 (B.E. 2567)"
    within, _ = shown(session, "pop_total", level="subdistrict", area="5001")
    assert within.title.th == "ประชากรตามทะเบียนราษฎร รายตำบล อำเภอเมืองแสนสุข พ.ศ. 2567"


def test_the_map_shows_the_prepared_values_and_nothing_else(session, small_country):
    made, places = shown(session, "pop_total", level="subdistrict", period="2024")
    assert len(places) == 10
    for code, place in places.items():
        prepared = value_of(session, "pop_total", "subdistrict", small_country.areas[code])
        assert (place.value, place.status) == (prepared.value, prepared.status)
    assert made.total.value == 41_500
    assert (made.reporting, made.expected) == (9, 10)
    assert sum(made.histogram) == 9


def test_every_place_is_in_the_class_that_its_legend_counts(session, small_country):
    for key in ("pop_total", "pop_60p", "age_share_60p"):
        made, places = shown(session, key, level="subdistrict", period="2024")
        for index, entry in enumerate(made.classes):
            members = [place for place in places.values() if place.class_index == index]
            assert len(members) == entry.count
            for place in members:
                if entry.kind == "range":
                    assert entry.lower <= place.value <= entry.upper
                else:
                    assert entry.kind == place.status


def test_zero_missing_and_withheld_are_classes_of_their_own(session, small_country):
    made, places = shown(session, "pop_60p", level="subdistrict", period="2024")
    special = {entry.kind: entry.count for entry in made.classes if entry.kind != "range"}
    # 510102 has three people, and its only neighbour would give them away
    assert special == {"zero": 1, "not_reported": 1, "suppressed": 2}
    assert made.classes[places["500202"].class_index].kind == "zero"
    for code in ("510101", "510102"):
        hidden = places[code]
        assert (hidden.value, hidden.rank, hidden.numerator) == (None, None, None)


def test_breaks_are_the_same_in_every_year(session, small_country):
    breaks = {
        period: [(entry.lower, entry.upper) for entry in made.classes if entry.kind == "range"]
        for period in ("2566", "2567")
        for made in [
            thematic.build(session, "pop_total", Wanted(level="subdistrict", period=period))
        ]
    }
    assert breaks["2566"] == breaks["2567"]


def test_policy_limits_are_named(session, small_country):
    made, places = shown(session, "age_share_60p", level="subdistrict")
    labels = [entry.label.th for entry in made.classes if entry.kind == "range"]
    assert labels == [
        "ต่ำกว่า 10", "10 – 20 (สังคมสูงวัย)", "20 – 28 (สังคมสูงวัยสมบูรณ์)",
        "28 ขึ้นไป (สังคมสูงวัยระดับสุดยอด)",
    ]  # fmt: skip
    assert made.scheme == "policy"
    # 20 % exactly begins the next class: classes are half-open
    assert made.classes[places["500101"].class_index].label.en == "20 – 28 (complete aged)"


def test_labels_are_readable(session, small_country):
    made, _ = shown(session, "pop_total", level="subdistrict", scheme="equal")
    first = next(entry for entry in made.classes if entry.kind == "range")
    assert " – " in first.label.th
    assert "e+" not in first.label.th


def test_organisations_rank_among_their_own_kind(session, small_country):
    _, places = shown(session, "waste_gen_tpd", level="org", period="2024")
    assert "2500101" not in places  # a provincial organisation collects no waste of its own
    sao = {code: (place.rank, place.rank_of) for code, place in places.items() if code[0] == "6"}
    assert sao == {
        "6500103": (1, 2), "6500201": (2, 2), "6510201": (None, None), "6510202": (None, None),
    }  # fmt: skip
    assert places["6500103"].within.th == "จังหวัดแสนสุข"


def test_places_of_one_level_rank_across_the_country(session, small_country):
    _, places = shown(session, "pop_total", level="subdistrict", area="51", period="2024")
    assert set(places) == {"510101", "510102", "510201", "510202", "510203"}
    assert (places["510101"].rank, places["510101"].rank_of) == (2, 9)


def test_the_value_before_is_told_unless_the_series_broke(session, small_country):
    _, places = shown(session, "pop_total", level="district", period="2024")
    assert places["5001"].previous == 21_000 - 300
    session.add(
        SeriesBreak(
            indicator_key="pop_total",
            effective=date(2024, 1, 1),
            note_th="นับใหม่",
            note_en="Recount",
        )
    )
    session.flush()
    made, places = shown(session, "pop_total", level="district", period="2024")
    assert places["5001"].previous is None
    assert made.breaks_note.en == "Recount"


def test_few_reports_and_borrowed_denominators_are_said(session, small_country):
    made, _ = shown(session, "waste_gen_tpd", level="org", period="2024")
    assert any("5 of 7" in note.en for note in made.notes)
    add_period(session, "2025", date(2025, 1, 1), date(2025, 12, 31))
    session.get(Indicator, "waste_gen_rate").denominator_max_age_years = 3
    observe(session, small_country, "waste_gen_tpd", {"50": 27.0, "51": 9.0}, period="2025")
    place_values.rebuild(session, {"waste_gen_tpd"})
    made, _ = shown(session, "waste_gen_rate", level="province")
    assert any("2024" in note.en for note in made.notes)
    assert {source.dataset_id for source in made.sources} == {"test-population", "test-waste"}


def test_sample_data_is_said_to_be_sample_data(session, small_country):
    assert not thematic.build(session, "pop_total").is_sample
    builders.add_version(session, "made-up", kind="indicators", is_sample=True)
    made = thematic.build(session, "pop_total")
    assert made.is_sample
    assert made.notes[0].th == "ข้อมูลตัวอย่าง"


def test_a_target_divides_the_classes(session, small_country):
    add_indicator(
        session, "lpa_score", theme="governance", space_agg="NONE", target=70, direction=1
    )
    scores = dict(zip(["3500101", "4500102", "6500103", "6500201"], [55, 68, 72, 91], strict=True))
    observe(session, small_country, "lpa_score", {code: float(v) for code, v in scores.items()})
    place_values.rebuild(session, {"lpa_score"})
    made, places = shown(session, "lpa_score", level="org")
    ranges = [entry for entry in made.classes if entry.kind == "range"]
    assert 70 in [entry.lower for entry in ranges]
    assert made.classes[places["4500102"].class_index].upper <= 70
    assert "70" in made.method.th


def test_a_plain_year_means_the_calendar_of_the_indicator(session, small_country):
    add_period(session, "FY2024", date(2023, 10, 1), date(2024, 9, 30), calendar="fiscal")
    add_indicator(session, "rev_total", theme="finance", calendar="fiscal")
    observe(session, small_country, "rev_total", {"50": 5.0}, period="FY2024")
    place_values.rebuild(session, {"rev_total"})
    for asked in ("2567", "FY2567", "2023-10-01/2024-09-30"):
        assert thematic.build(session, "rev_total", Wanted(period=asked)).period.key == "FY2024"


@pytest.mark.parametrize(
    "asked",
    [
        {"level": "village"}, {"classes": 1}, {"classes": 8}, {"scheme": "policy"},
        {"level": "region", "region_scheme": "none"}, {"level": "province", "area": "5001"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(session, small_country, asked):
    with pytest.raises(BadParameter):
        thematic.build(session, "pop_total", Wanted(**asked))


@pytest.mark.parametrize("asked", [{"area": "99"}, {"period": "2400"}, {"level": "org"}])
def test_what_is_not_there_is_not_found(session, small_country, asked):
    with pytest.raises(NotFound):
        thematic.build(session, "pop_total", Wanted(**asked))


def test_an_unknown_indicator_names_the_nearest(session, small_country):
    with pytest.raises(NotFound) as caught:
        thematic.build(session, "waste_gen_rte")
    assert caught.value.extra["nearest"][0] == "waste_gen_rate"


def test_a_number_is_traced_to_its_file_and_row(session, small_country):
    (own,) = datasets.trace(session, "pop_total", level="subdistrict", code="500101", period="2024")
    assert (own.value, own.file_name, own.row) == (12_000, "test.csv", 2)
    behind = datasets.trace(session, "age_share_60p", level="district", code="5002", period="2024")
    assert {(one.key, one.place_code) for one in behind} == {
        (key, code) for key in ("pop_60p", "pop_total") for code in ("500201", "500202")
    }


def test_a_data_set_tells_its_loads(session, small_country):
    found = datasets.read(session, "test-waste")
    assert found.dataset.licence == "CC0-1.0"
    assert [run.file_name for run in found.runs] == ["test.csv"]
    assert found.indicator_keys == ("waste_gen_tpd",)
    assert "test-waste" in [one.id for one in datasets.list_all(session)]
    with pytest.raises(NotFound):
        datasets.read(session, "nothing")
