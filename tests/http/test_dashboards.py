"""Dashboards are files: those that come along work for every place, one's own join them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, event

from geo_service.core.accounts import keys, people
from geo_service.core.db import transaction
from geo_service.core.text import Text
from layers import thematic
from layers.thematic import Wanted
from tests import builders
from tests.waiting import wait_until
from web import charts, dashboards
from web.dashboards import cards, rankings

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("name", ["executive", "waste", "ageing"])
@pytest.mark.parametrize("place", ["TH", "ngc6-1", "50", "5001", "500101", "6500103", "2500101"])
def test_every_dashboard_answers_for_every_kind_of_place(client, name, place):
    answer = client.get(f"/dashboards/{name}", params={"place": place, "lang": "en"}, headers=HTML)
    assert answer.status_code == 200
    assert "undefined" not in answer.text.lower()


def test_the_figures_are_those_of_the_map(client):
    drawn = client.get("/maps/pop_60p.json?level=province&period=2024").json()
    shown = client.get("/dashboards/ageing?lang=en", headers=HTML).text
    people = sum(value or 0 for value in builders.ELDERLY_2024.values())
    assert f"{people:,}" in shown
    for place in drawn["places"]:
        assert f"{place['value']:,.0f}" in shown


def test_a_year_shows_what_was_known_then(client):
    shown = client.get("/dashboards/executive?period=2566&lang=en", headers=HTML).text
    people = sum(value - 100 for value in builders.POPULATION_2024.values() if value is not None)
    assert f"{people:,}" in shown


def test_a_dashboard_of_ones_own_is_there_without_a_restart(client, app_settings):
    folder = app_settings.data_dir / "dashboards"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(
        'title = ["ของเรา", "Ours"]\n[[panel]]\nkind = "cards"\nindicators = ["pop_total"]\n',
        encoding="utf-8",
    )
    try:
        assert "Ours" in client.get("/dashboards?lang=en", headers=HTML).text
        assert client.get("/dashboards/mine", headers=HTML).status_code == 200
        (folder / "mine.toml").write_text('title = ["a", "b"]\n[[panel]]\nkind = "map"\n')
        broken = client.get("/dashboards/mine?lang=en", headers=HTML)
        assert broken.status_code == 503
        assert "a map panel needs indicator" in broken.text
    finally:
        (folder / "mine.toml").unlink()


def test_unknown_names_places_and_parameters_are_refused(client):
    assert client.get("/dashboards/none").status_code == 404
    assert client.get("/dashboards/waste?place=99").status_code == 404
    assert client.get("/dashboards/waste?period=soon").status_code == 400
    assert client.get("/dashboards/waste?colour=red").status_code == 400
    assert client.get("/embed/dashboards/waste?panel=40").status_code == 404


def test_a_page_is_kept_until_the_data_or_its_file_changes(client):
    first = client.get("/dashboards/waste", headers=HTML)
    again = client.get(
        "/dashboards/waste", headers={**HTML, "If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_shipped_dashboards_name_indicators_of_the_catalogue(app_settings):
    from ingest.catalogue import shipped_keys  # noqa: PLC0415

    for name in dashboards.names(app_settings.data_dir):
        assert set(dashboards.read(name, app_settings.data_dir).keys) <= shipped_keys()


@pytest.mark.parametrize(
    ("low", "high", "marks", "decimals"),
    [
        (0, 97, (0, 25, 50, 75, 100), 0),
        (0.35, 2.6, (0, 1, 2, 3), 0),
        (1.03, 1.18, (1.0, 1.05, 1.1, 1.15, 1.2), 2),
        (0, 76_067, (0, 20_000, 40_000, 60_000, 80_000), 0),
        (5, 5, (4.5, 4.75, 5.0, 5.25, 5.5), 2),
    ],
)
def test_marks_of_an_axis_are_readable_and_enclose_the_values(low, high, marks, decimals):
    found, digits = charts.ticks(low, high)
    assert found == pytest.approx(marks)
    assert digits == decimals


def test_a_line_stops_where_a_value_is_missing_or_the_series_breaks():
    values = [charts.Value(2019, 1.0), charts.Value(2020, None), charts.Value(2021, 2.0),
              charts.Value(2022, 3.0), charts.Value(2023, 4.0)]  # fmt: skip
    drawn = charts.draw([values], breaks=[2023])
    assert len(drawn.lines[0].runs) == 3
    assert len(drawn.lines[0].dots) == 4


def test_two_years_are_laid_against_each_other(client):
    page = client.get("/dashboards/executive?place=50&against=2566&lang=en", headers=HTML).text
    told = client.get("/maps/pop_total.json?level=district&area=50&compare=2566").json()
    assert "2023 (B.E. 2566) → 2024 (B.E. 2567)" in page
    for place in told["places"]:
        if place["value"]:
            assert f"+{place['value']:,.0f}" in page


def test_a_ranking_may_be_among_peers(client):
    asked = "/dashboards/ageing?place=500101&lang=en"
    page = client.get(f"{asked}&peers=province", headers=HTML).text
    assert "Among: " in page
    assert client.get(f"{asked}&peers=kind", headers=HTML).status_code == 400


def test_shares_of_counts_rank_with_their_intervals(session, small_country):
    told = thematic.build(session, "age_share_60p", Wanted(level="province"))
    known = [one for one in told.places if one.value is not None]
    sure = rankings.how_sure(session, told, known)
    assert sure.remark == "peer_sure"
    for one in known:
        low, high = sure.ends[one.code]
        assert low <= one.value <= high
        best, worst = sure.ranks[one.code]
        assert best <= 1 + sum(other.value > one.value for other in known) <= worst


def test_other_values_rank_with_the_ranks_they_held_of_late(session, small_country):
    told = thematic.build(session, "waste_gen_rate", Wanted(level="province", period="2567"))
    known = [one for one in told.places if one.value is not None]
    sure = rankings.how_sure(session, told, known)
    assert not sure.ends
    for code, (best, worst) in sure.ranks.items():
        assert 1 <= best <= worst <= len(known), code


def test_a_card_tells_its_target_and_its_trend():
    info = SimpleNamespace(
        target=70.0, direction=1, unit=Text("ร้อยละ", "%"), decimals=1, space_agg="RATIO",
        thresholds=(),
    )  # fmt: skip
    line = SimpleNamespace(info=info, now=SimpleNamespace(value=65.0))
    trend = SimpleNamespace(
        direction="rising", strength="strong", slope=1.2, change_period=None, p_value=0.004
    )
    target, heading = cards.signs_of(line, trend, "en")
    assert (target.words, target.mark) == ("target 70.0%: not met", "bad")
    assert heading.words == "Trend: ↗ rising steadily, about 1.2 points a year (99.6% sure)"
    assert heading.mark == "good"
    assert (
        cards.signs_of(SimpleNamespace(info=info, now=SimpleNamespace(value=None)), None, "en")
        == ()
    )


@pytest.fixture
def questions():
    """What the database is asked, in order."""
    asked = []

    def hear(connection, cursor, statement, parameters, *_):
        asked.append((statement, str(parameters)))

    event.listen(Engine, "before_cursor_execute", hear)
    yield asked
    event.remove(Engine, "before_cursor_execute", hear)


def maps_read(questions):
    """What is asked for the classes of a map, and for the standing of a place."""
    return [one for one in questions if "percentile" in one[0]]


@pytest.mark.parametrize("name", ["executive", "waste", "ageing"])
def test_two_years_of_a_dashboard_ask_nothing_twice(client_of, country_engine, questions, name):
    client = client_of(country_engine, memory_mb=0)
    wait_until(client.app.state.watcher.known)
    path = f"/dashboards/{name}?place=50&against=2566&lang=en"
    questions.clear()
    first = client.get(path, headers=HTML)
    assert maps_read(questions)
    assert len(maps_read(questions)) == len(set(maps_read(questions)))
    questions.clear()
    second = client.get(path, headers=HTML)
    assert second.text == first.text
    assert maps_read(questions) == []


def test_what_an_insider_is_shown_is_asked_once_and_for_nobody_else(
    client_of, country_engine, questions
):
    with transaction(country_engine) as session:
        people.add(session, "insider", role="dla", place=None, password="ความลับที่ยาวพอจริง ๆ")
        key = keys.make(session, "insider", label="", scopes=("read",))[0]
    client = client_of(country_engine, memory_mb=0)
    wait_until(client.app.state.watcher.known)
    insider = HTML | {"Authorization": f"Bearer {key}"}
    path = "/dashboards/ageing?place=50&against=2566&lang=en"
    client.get(path, headers=insider)
    for _ in range(2):
        questions.clear()
        assert client.get(path, headers=insider).status_code == 200
        read = maps_read(questions)
        assert read
        assert len(read) == len(set(read))


def test_what_is_missing_is_told_by_its_name(client):
    # Nothing is known of waste in a sub-district: not even the cards have anything to show.
    shown = client.get("/dashboards/waste?place=500101&lang=en", headers=HTML).text
    told = re.search(r'class="[^"]*is-missing.*?</ul>', shown, re.DOTALL)
    assert told
    names = re.findall(r"<li>(.*?)</li>", told[0], re.DOTALL)
    assert names
    assert all(re.search(r"<b>[^<]+</b>", name) for name in names)
