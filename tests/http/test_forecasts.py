"""Forecasts over HTTP, and how they are made from prepared values."""

from __future__ import annotations

import csv
import io
from datetime import date

import numpy as np
import pytest
from sqlalchemy import delete, insert, select, text, update

from boundaries.models import Area
from geo_service.core.db import transaction
from ingest import forecasts as making
from layers import versions
from layers.foreseen import ForecastRun, PlaceForecast
from layers.models import PlaceValue, SeriesBreak
from tests.history import add_periods

YEARS = range(2010, 2025)


@pytest.fixture
def people(session, small_country):
    """Fifteen years of people: every district 2 % a year up, one sub-district withheld at last."""
    add_periods(session, YEARS)
    session.execute(text("DELETE FROM geo.place_value WHERE indicator_key = 'pop_total'"))
    areas = session.execute(
        select(Area.id, Area.level, Area.code, Area.parent_id).where(Area.level != "region")
    ).all()
    leaves = [one for one in areas if one.level == "subdistrict"]
    rng = np.random.default_rng(20)
    size = {one.id: 1000.0 * (3 + at) for at, one in enumerate(leaves)}
    paths = {
        leaf: start * 1.02 ** np.arange(15) * np.exp(0.01 * rng.standard_normal(15))
        for leaf, start in size.items()
    }
    parent = {one.id: one.parent_id for one in areas}
    total = dict(paths)
    for level in ("district", "province", "country"):
        for one in (area for area in areas if area.level == level):
            total[one.id] = sum(p for child, p in total.items() if parent[child] == one.id)
    rows = [
        {
            "indicator_key": "pop_total", "level": one.level, "period_key": str(year),
            "place_id": one.id, "value": float(total[one.id][at]), "status": "reported",
            "reporting": 1, "expected": 1, "basis": "reported", "version": 1,
        }
        for one in areas
        if one.level in {"country", "province", "district", "subdistrict"}
        for at, year in enumerate(YEARS)
    ]  # fmt: skip
    session.execute(insert(PlaceValue), rows)
    versions.bump(session, [versions.of_indicator("pop_total")])
    return {one.code: one.id for one in areas}


def row_of(session, level, place_id):
    return session.get_one(PlaceForecast, ("pop_total", level, place_id))


def test_forecasts_of_areas_add_up_from_level_to_level(session, people):
    assert making.rebuild(session, "pop_total") > 0
    parents = dict(session.execute(select(Area.id, Area.parent_id)).all())
    rows = session.scalars(select(PlaceForecast)).all()
    point = {row.place_id: np.array(row.point) for row in rows}
    for row in rows:
        children = [one.point for one in rows if parents[one.place_id] == row.place_id]
        if children:
            assert np.sum(children, axis=0) == pytest.approx(point[row.place_id], rel=1e-6)
    runs = {run.level: run for run in session.scalars(select(ForecastRun))}
    assert [runs[one].adds_up for one in ("province", "district", "subdistrict")] == [True] * 3


def test_a_steady_rise_goes_on_within_its_intervals(session, people):
    making.rebuild(session, "pop_total")
    row = row_of(session, "district", people["5001"])
    assert (row.direction, row.strength, row.reason) == ("rising", "strong", "")
    assert len(row.point) == 7  # half of fifteen years
    for rising in (row.point, row.high80, row.high95):
        assert rising == sorted(rising)
    for ahead, (low, high) in enumerate(zip(row.low95, row.high95, strict=True), start=1):
        last = session.scalar(
            select(PlaceValue.value).where(
                PlaceValue.indicator_key == "pop_total", PlaceValue.period_key == "2024",
                PlaceValue.place_id == row.place_id, PlaceValue.level == "district",
            )
        )  # fmt: skip
        assert low < last * 1.02**ahead < high


def test_nothing_is_made_twice_and_a_change_is_seen(session, people):
    assert making.rebuild(session, "pop_total") > 0
    assert making.rebuild(session, "pop_total") == 0
    versions.bump(session, [versions.of_indicator("pop_total")])
    assert making.rebuild(session, "pop_total") > 0


def test_a_declared_break_is_never_crossed(session, people):
    session.add(
        SeriesBreak(indicator_key="pop_total", effective=date(2021, 1, 1), note_th="", note_en="")
    )
    making.rebuild(session, "pop_total")
    row = row_of(session, "province", people["50"])
    assert row.reason == "too-short-since-break"
    assert row.point == []
    assert row.years == 4
    session.execute(update(SeriesBreak).values(effective=date(2016, 1, 1)))
    making.rebuild(session, "pop_total", everything=True)
    row = row_of(session, "province", people["50"])
    assert (row.years, len(row.point)) == (9, 4)


def test_a_withheld_or_missing_last_value_is_refused_and_sums_still_hold(session, people):
    for code, status in (("500101", "suppressed"), ("500102", "not_reported")):
        session.execute(
            update(PlaceValue)
            .where(
                PlaceValue.indicator_key == "pop_total", PlaceValue.level == "subdistrict",
                PlaceValue.place_id == people[code], PlaceValue.period_key == "2024",
            )
            .values(value=None, status=status)
        )  # fmt: skip
    making.rebuild(session, "pop_total")
    assert row_of(session, "subdistrict", people["500101"]).reason == "suppressed"
    assert row_of(session, "subdistrict", people["500102"]).reason == "no-recent-value"
    # the district lost a part of its children, so it is no longer tied to them
    run = session.get_one(ForecastRun, ("pop_total", "subdistrict"))
    assert not run.adds_up
    assert row_of(session, "district", people["5001"]).reason == ""


@pytest.fixture
def served(client_of, country_engine):
    with transaction(country_engine) as session:
        _fill(session)
    return client_of(country_engine)


def _fill(session):
    area = session.execute(
        select(Area.id, Area.level, Area.code).where(Area.level == "province")
    ).all()
    add_periods(session, YEARS)
    rng = np.random.default_rng(4)
    for key, start, step in (("pop_total", 50_000, 1_000), ("age_share_60p", 12, 0.5)):
        session.execute(delete(PlaceValue).where(PlaceValue.indicator_key == key))
        for one in area:
            path = start + step * (np.arange(15) + 0.5 * rng.standard_normal(15))
            _add(session, key, one.id, path)
        session.flush()
        versions.bump(session, [versions.of_indicator(key)])
        making.rebuild(session, key)


def _add(session, key, place_id, path):
    for at, year in enumerate(YEARS):
        session.add(
                PlaceValue(
                    indicator_key=key, level="province", period_key=str(year),
                    place_id=place_id, value=float(path[at]), status="reported", reporting=1,
                    expected=1, basis="reported", version=1,
                )
            )  # fmt: skip


def test_a_place_comes_with_history_trend_forecast_and_backtest(served):
    body = served.get("/forecasts/pop_total?place=50&lang=en&horizon=3").json()
    (place,) = body["places"]
    assert body["level"] == "province"
    assert [one["period"] for one in place["history"]][-1] == "2024"
    assert [one["period"] for one in place["forecast"]] == ["2025", "2026", "2027"]
    assert place["trend"]["words"].startswith("rising steadily, about ")
    year = place["forecast"][0]
    assert year["low95"] <= year["low80"] <= year["point"] <= year["high80"] <= year["high95"]
    assert body["backtest"]["better_than_naive"] is True
    assert "% less in error than the naive forecast" in body["backtest"]["words"]
    assert [one["ahead"] for one in body["backtest"]["by_years_ahead"]][:2] == [1, 2]
    # fifteen years are known, so seven can be told; the answer says so, however few are asked for
    assert (
        "Forecast up to 2031 (B.E. 2574) only: half of the years known, and ten at most"
        in (body["notes"])
    )


def test_a_level_comes_as_csv_and_in_thai(served):
    answer = served.get("/forecasts/pop_total?level=province&f=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {row["code"] for row in rows} == {"50", "51"}
    assert {row["kind"] for row in rows} == {"forecast"}
    thai = served.get("/forecasts/pop_total?place=50&lang=th").json()
    assert thai["places"][0]["trend"]["words"].startswith("เพิ่มขึ้น")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("pop_total?horizon=11", 400, "bad-parameter"),
        ("pop_total?horizon=0", 400, "bad-parameter"),
        ("pop_total?place=", 400, "bad-parameter"),
        ("pop_total?place=99", 404, "not-found"),
        ("pop_total?level=village", 400, "bad-parameter"),
        ("pop_total?colour=red", 400, "unknown-parameter"),
        ("no_such_thing", 404, "not-found"),
    ],
)
def test_what_cannot_be_answered_is_said(served, asked, status, code):
    answer = served.get(f"/forecasts/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_year_a_limit_is_passed_comes_with_its_chance(served):
    body = served.get("/forecasts/age_share_60p?place=50&lang=en").json()
    (place,) = body["places"]
    aged, complete, beyond = place["limits"]
    assert aged["likely_from"] == "2025"  # it is past 10 already
    # 19 % in 2024 and half a point more each year: 20 % in 2026, and later as two of the five
    # methods hold still
    assert complete["likely_from"] in {str(year) for year in range(2026, 2031)}
    assert list(complete["chances"].values()) == sorted(complete["chances"].values())
    assert beyond["likely_from"] is None
    assert body["scale"] in {"logit", "log"}


def test_two_years_are_refused_with_the_reason(served):
    body = served.get("/forecasts/waste_gen_rate?place=50&lang=en").json()
    assert body["refused"] == "Fewer than 6 years in a row"
    (place,) = body["places"]
    assert place["refused"]["reason"] == "too-short"
    assert place["forecast"] == []
    assert [one["period"] for one in place["history"]] == ["2023", "2024"]


def test_an_answer_that_is_still_good_is_not_sent_again(served):
    first = served.get("/forecasts/pop_total?place=50")
    again = served.get(
        "/forecasts/pop_total?place=50", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("lang", ["th", "en"])
@pytest.mark.parametrize("asked", ["place=50", "level=province", "place=50,51"])
def test_people_see_the_fan_and_what_it_was_worth(served, asked, lang):
    page = served.get(f"/forecasts/pop_total?{asked}&f=html&lang={lang}")
    assert page.status_code == 200
    assert "MASE" in page.text
    told = served.get("/forecasts/pop_total?place=50&lang=en").json()["places"][0]["forecast"][-1]
    if "place" in asked and "level" not in asked:
        assert f"{told['point']:,.0f}" in page.text
        assert 'class="wide"' in page.text


def test_a_map_of_a_coming_year_holds_the_forecasts_of_its_places(served):
    told = served.get("/maps/pop_total.json?period=2570&lang=en").json()
    made = served.get("/forecasts/pop_total?level=province").json()["places"]
    point = {one["code"]: one["forecast"][2] for one in made}
    assert told["kind"] == "forecast"
    assert told["period"]["key"] == "2027"
    assert told["forecast"]["yearsAhead"] == 3
    assert told["forecast"]["last"]["key"] == "2024"
    assert {one["code"] for one in told["places"]} == set(point)
    for place in told["places"]:
        expected = point[place["code"]]
        assert place["value"] == expected["point"]
        assert place["status"] == "forecast"
        for end in ("low80", "high80", "low95", "high95"):
            assert place[end] == expected[end]


def test_the_classes_of_a_coming_year_are_those_of_what_was_measured(served):
    measured = served.get("/maps/pop_total.json").json()
    told = served.get("/maps/pop_total.json?period=2570").json()
    assert measured["kind"] == "measured"
    assert [one["key"] for one in measured["coming"]][:3] == ["2025", "2026", "2027"]
    inner = [
        [one["from"] for one in answer["classes"] if one["kind"] == "range"][1:]
        for answer in (measured, told)
    ]
    assert inner[0] == inner[1]
    ranges = [one for one in told["classes"] if one["kind"] == "range"]
    counts = [0] * len(ranges)
    for place in told["places"]:
        at = sum(place["value"] >= limit for limit in inner[1])
        counts[at] += 1
        assert place["class"] == at
        assert ranges[at]["from"] <= place["value"] <= ranges[at]["to"]
        assert place["classes80"] == [
            sum(place[end] >= limit for limit in inner[1]) for end in ("low80", "high80")
        ]
    assert [one["count"] for one in ranges] == counts
    within = sum(low == high for low, high in (one["classes80"] for one in told["places"]))
    assert told["forecast"]["withinOneClass"] == within


def test_the_table_of_a_coming_year_has_its_intervals(served):
    answer = served.get("/maps/age_share_60p.csv?period=2026")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["kind"] for row in rows} == {"forecast"}
    for row in rows:
        ends = [float(row[end]) for end in ("low95", "low80", "value", "high80", "high95")]
        assert ends == sorted(ends)
        assert ends[0] > 0
        assert ends[-1] < 100
    past = served.get("/maps/age_share_60p.csv?period=2024").content.decode("utf-8-sig")
    (first, *_) = csv.DictReader(io.StringIO(past))
    assert (first["kind"], first["low80"], first["high95"]) == ("measured", "", "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("pop_total.json?period=2600", "Forecast up to"),
        ("pop_60p.json?period=2570&level=subdistrict", "There are no forecasts at this level"),
        ("waste_gen_tpd/legend.json?period=2570", "There are no forecasts at this level"),
    ],
)
def test_a_coming_year_that_is_not_forecast_is_refused_with_the_reason(served, asked, said):
    answer = served.get(f"/maps/{asked}&lang=en")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no-forecast"
    assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize("lang", ["th", "en"])
@pytest.mark.parametrize("where", ["/maps/", "/embed/maps/"])
def test_a_page_of_a_coming_year_says_that_it_is_a_forecast(served, where, lang):
    mark = {"th": "พยากรณ์ ไม่ใช่ค่าที่วัด", "en": "Forecast, not measured"}[lang]
    page = served.get(f"{where}pop_total?period=2570&lang={lang}").text
    assert f"<b>{mark}</b>" in page
    assert 'id="open-0"' in page
    assert f"<b>{mark}</b>" not in served.get(f"{where}pop_total?lang={lang}").text


def test_a_form_may_ask_for_a_coming_year(served):
    asked = {"indicator": "pop_total", "level": "province", "period": "2027", "from": "pop_total"}
    answer = served.get("/maps", params=asked, follow_redirects=False)
    assert answer.status_code == 303
    assert "period=2027" in answer.headers["location"]
