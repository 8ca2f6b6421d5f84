"""Scenarios kept, calculated from forecasts, and calculated anew when the data changes."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from geo_service.core.errors import BadScenario, NotFound, UnreadableFile
from ingest import scenarios as kept
from layers import scenarios, versions
from layers.foreseen import ForecastRun, PlaceForecast
from layers.scenarios.document import from_canonical
from layers.scenarios.models import ScenarioResult, ScenarioRun, ScenarioVersion
from tests.history import add_years


def line_of(session, code, indicator="waste_gen_tpd"):
    found = scenarios.read(session, "less-waste", codes=(code,), indicator=indicator)
    return found.lines[0], found


def test_the_baseline_is_the_published_forecast_at_every_level(session, years, document):
    kept.create(session, document=document())
    for code, level in (("50", "province"), ("TH", "country")):
        line, found = line_of(session, code)
        row = session.get_one(PlaceForecast, ("waste_gen_tpd", level, years[code]))
        count = len(found.periods)
        assert line.baseline[2].tolist() == pytest.approx(row.point[:count], rel=1e-5)
        # ends of intervals are met as nearly as two thousand draws can
        for at, ends in ((0, row.low95), (1, row.low80), (3, row.high80), (4, row.high95)):
            np.testing.assert_allclose(line.baseline[at], ends[:count], rtol=0.03)


def test_a_tenth_less_per_person_is_a_tenth_less_waste_where_it_acts(session, years, document):
    kept.create(session, document=document())
    line, _ = line_of(session, "50")
    # from 2568 in three steps: a geometric ramp, a tenth from 2570 on
    expected = 1 - 0.9 ** np.array([1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(-line.difference[2, :3] / line.baseline[2, :3], expected, rtol=1e-5)
    np.testing.assert_allclose(line.scenario[2, 2:] / line.baseline[2, 2:], 0.9, rtol=1e-5)
    other = scenarios.read(session, "less-waste", level="province", indicator="waste_gen_tpd")
    unmoved = next(one for one in other.lines if one.code != "50")
    assert (unmoved.difference == 0).all()


def test_the_difference_of_the_country_is_that_of_the_places_acted_on(session, years, document):
    kept.create(session, document=document())
    found = scenarios.read(session, "less-waste", indicator="waste_gen_tpd")
    by = {one.code: one for one in found.lines}
    np.testing.assert_allclose(by["TH"].difference, by["50"].difference, rtol=1e-4)
    np.testing.assert_allclose(by["acted-on"].difference, by["50"].difference, rtol=1e-4)
    assert found.run.acts_on == ["50"]


def test_a_ratio_of_the_country_is_recomputed_from_sums(session, years, document):
    kept.create(session, document=document())
    tonnes, found = line_of(session, "TH")
    rate, _ = line_of(session, "TH", "waste_gen_rate")
    people = session.get_one(PlaceForecast, ("pop_total", "country", years["TH"])).point
    expected = 1000 * tonnes.scenario[2] / np.array(people[: len(found.periods)])
    np.testing.assert_allclose(rate.scenario[2], expected, rtol=1e-4)


def test_a_factor_of_one_changes_exactly_nothing(session, years, document):
    kept.create(session, document=document(amount=1.0))
    found = scenarios.read(session, "less-waste")
    assert found.lines
    assert all((one.difference == 0).all() for one in found.lines)
    for count in found.run.counts:
        assert not np.any(count["difference"])


def test_a_target_is_met_in_the_year_stated_without_doubt(session, years, document):
    kept.create(
        session,
        document=document(
            replaced=[('"multiply"', '"target"'), ("amount = 0.9", "amount = 0.5")],
        ),
    )
    line, found = line_of(session, "50", "waste_gen_rate")
    at = [one.year_ce for one in found.periods].index(2027)
    assert line.scenario[:, at:] == pytest.approx(0.5)


def test_the_same_state_of_the_data_gives_the_same_numbers(session, years, document):
    kept.create(session, document=document())
    before = [one.difference.tolist() for one in scenarios.read(session, "less-waste").lines]
    kept.rebuild(session, everything=True)
    after = [one.difference.tolist() for one in scenarios.read(session, "less-waste").lines]
    assert before == after


@pytest.mark.parametrize(
    ("where", "acts_on"),
    [
        ("{ country = true }", None),
        ('{ provinces = "50" }', ["50"]),
        ('{ regions = "{region}" }', None),
        ("{ condition = \"waste_gen_tpd > 0 AND code = '50'\" }", ["50"]),
        ("{ condition = \"province IN ('50')\", base_year = 2567 }", ["50"]),
    ],
)
def test_a_lever_acts_where_it_is_said(fitting, document, where, acts_on):
    session = fitting
    region = session.scalar(select(scenarios.Area.code).where(scenarios.Area.level == "region"))
    kept.create(session, document=document(where=where.replace("{region}", region)))
    found = scenarios.read(session, "less-waste")
    every = [one.code for one in found.lines if one.level == "province"]
    assert found.run.acts_on == (acts_on or sorted(set(every)))


def test_districts_are_calculated_and_add_up(session, years, document):
    kept.create(session, document=document(level="district"))
    found = scenarios.read(session, "less-waste", indicator="waste_gen_tpd")
    inside = [one for one in found.lines if one.level == "district" and one.code[:2] == "50"]
    acted = next(one for one in found.lines if one.level == "acted-on")
    total = sum(one.difference[2] for one in inside)
    np.testing.assert_allclose(acted.difference[2], total, rtol=1e-4)
    province, _ = line_of(session, "50")
    row = session.get_one(PlaceForecast, ("waste_gen_tpd", "province", years["50"]))
    assert province.baseline[2].tolist() == pytest.approx(row.point[: len(found.periods)], rel=1e-5)


def test_what_is_written_again_is_the_next_version(session, years, document):
    first = kept.create(session, document=document())
    same = kept.create(session, document=document())
    other = kept.create(session, document=document(amount=0.8))
    assert (first.number, first.is_new) == (1, True)
    assert (same.number, same.is_new) == (1, False)
    assert (other.number, other.is_new) == (2, True)
    assert first.hash != other.hash
    assert scenarios.read(session, "less-waste").row.number == 2
    assert scenarios.read(session, "less-waste", version=1).row.hash == first.hash


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written(session, document):
    one = document()
    other = document(replaced=[("from = 2568\nto = 2570", "to = 2027\nfrom = 2025")])
    assert one.hash == other.hash
    assert from_canonical(one.canonical) == one


def test_versions_are_only_added_to(session, years, document):
    kept.create(session, document=document())
    for statement in (update(ScenarioVersion).values(author="x"), delete(ScenarioVersion)):
        with pytest.raises(DBAPIError, match="only added to"), session.begin_nested():
            session.execute(statement)


def test_a_removed_scenario_is_gone_and_its_versions_stay(session, years, document):
    kept.create(session, document=document())
    kept.remove(session, "less-waste")
    with pytest.raises(NotFound):
        scenarios.read(session, "less-waste")
    with pytest.raises(NotFound):
        kept.remove(session, "less-waste")
    assert session.scalars(select(ScenarioResult)).all() == []
    assert kept.rebuild(session) == 0
    again = kept.create(session, document=document())
    assert (again.number, again.is_new) == (1, True)
    assert scenarios.list_all(session)[0].name == "less-waste"


def test_results_follow_the_data_and_are_made_once(session, years, document):
    kept.create(session, document=document())
    before = versions.version_of(session, scenarios.SUBJECT)
    assert kept.rebuild(session) == 0
    assert versions.version_of(session, scenarios.SUBJECT) == before
    add_years(session)
    assert kept.rebuild(session) == 1
    assert versions.version_of(session, scenarios.SUBJECT) > before
    run = session.get_one(ScenarioRun, ("less-waste", 1))
    assert run.made_from == sum(run.versions.values())
    assert {"indicator:waste_gen_tpd", "indicator:pop_total", "areas"} <= set(run.versions)


def test_without_its_forecasts_a_kept_scenario_says_why(session, years, document):
    kept.create(session, document=document())
    session.execute(delete(ForecastRun).where(ForecastRun.indicator_key == "pop_total"))
    versions.bump(session, [versions.of_indicator("pop_total")])
    assert kept.rebuild(session) == 1
    found = scenarios.read(session, "less-waste")
    assert found.lines == ()
    assert "pop_total" in found.refused.en
    assert "pop_total" in found.refused.th


@pytest.mark.parametrize(
    ("replaced", "said"),
    [
        ((('"waste_gen_rate"\nkind', '"waste_gen_rat"\nkind'),), "no indicator 'waste_gen_rat'"),
        ((("amount = 0.9", "amount = 0"),), "a factor is above zero"),
        ((("to = 2570", "to = 2567"),), "'to' lies before 'from'"),
        ((("from = 2568\nto = 2570", "from = 2590\nto = 2590"),), "after the last year forecast"),
        ((('group = "some"', 'group = "others"'),), "no group 'others'"),
        ((('group = "some"', 'provinces = "98"'),), "unknown codes 98"),
        ((('group = "some"', 'condition = "waste_gen_tpd > 1e9"'),), "no place meets"),
        ((('group = "some"', 'condition = "waste_gen_tpd >"'),), "where:"),
        ((('above = "last"', 'above = "pop_total"'),), "cannot be compared"),
        ((('above = "last"', 'above = "1 +"'),), "cannot be read"),
        ((('outcomes = ["waste_gen_tpd", "waste_gen_rate"]', 'outcomes = ["pop_60p"]'),),
         "pop_60p: there is no forecast"),
    ],
)  # fmt: skip
def test_what_cannot_be_calculated_is_refused_and_nothing_kept(fitting, document, replaced, said):
    session = fitting
    with pytest.raises(BadScenario) as raised:
        kept.create(session, document=document(replaced=replaced))
    assert said in raised.value.detail.en
    assert raised.value.detail.th
    assert session.scalars(select(ScenarioVersion)).all() == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "multiply"', 'kind = "divide"', "kind"),
        ('author = "ผู้ทดสอบ"\n', "", "author is needed"),
        ('name = "less-waste"', 'name = "Less waste"', "name"),
        ("amount = 0.9", "amont = 0.9", "unknown key"),
        ('{ group = "some" }', "{}", "one of country, regions"),
        ('"A tenth less"', '""', "Thai and English"),
        ("from = 2568", "from = 99", "out of range"),
    ],
)
def test_a_file_that_is_no_scenario_says_what_is_wrong(document, old, new, said):
    with pytest.raises(BadScenario) as raised:
        document(replaced=[(old, new)])
    assert said in raised.value.detail.en


def test_a_file_that_is_no_toml_is_refused(document):
    with pytest.raises(UnreadableFile):
        document(replaced=[("[[levers]]", "[[levers")])


def test_scenarios_that_come_ready_wait_for_their_indicators(session, years):
    assert {one.name for one in kept.ready()} >= {"waste-less-in-tourism"}
    assert kept.rebuild(session) == 0
    assert scenarios.list_all(session) == ()


#: Secondary provinces of the tax measure of 4 June 2024, as listed by Forvis Mazars (Payroll Flash
#: News, June 2024): 9 in the north, 18 in the northeast, 15 central, 4 in the east, 9 in the south.
SECONDARY = """
57 52 51 58 55 56 54 63 53
37 38 31 36 46 42 44 49 48 39 43 45 47 33 32 34 41 35
15 18 62 16 26 60 67 66 65 70 75 17 64 72 61
22 25 27 23
86 80 96 94 93 85 91 92 95
"""


def test_the_main_tourist_provinces_are_those_that_are_not_secondary():
    secondary = SECONDARY.split()
    assert len(set(secondary)) == 55
    (ready,) = (one for one in kept.ready() if one.name == "waste-less-in-tourism")
    provinces = ready.groups["tourism"].provinces
    assert len(provinces) == 22
    assert not set(secondary) & set(provinces)
