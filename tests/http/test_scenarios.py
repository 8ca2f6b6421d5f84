"""Scenarios over HTTP: JSON, CSV and pages, and what cannot be answered."""

from __future__ import annotations

import csv
import io
import re

import pytest

from geo_service.core.db import transaction
from ingest import scenarios as kept
from ingest.scenario_file import read
from tests.history import add_years, scenario_document


@pytest.fixture(scope="module")
def served(databases, country_template, settings_for):
    """Serve a copy of the tiny country with a scenario of less waste."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.core.db import make_engine  # noqa: PLC0415
    from geo_service.main import create_app  # noqa: PLC0415

    url = databases.create("scenarios", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        add_years(session)
        kept.create(session, document=read(scenario_document()))
        kept.create(session, document=read(scenario_document(amount=0.8)))
    engine.dispose()
    with TestClient(create_app(settings_for(url))) as client:
        yield client


def test_the_list_names_every_scenario_with_its_newest_version(served):
    body = served.get("/scenarios?lang=en").json()
    (one,) = body["scenarios"]
    assert (one["name"], one["version"], one["title"]) == ("less-waste", 2, "Less waste")
    assert re.fullmatch(r"[0-9a-f]{64}", one["hash"])
    assert one["refused"] is None
    table = list(csv.DictReader(io.StringIO(served.get("/scenarios?f=csv").text.lstrip("\ufeff"))))
    assert [row["name"] for row in table] == ["less-waste"]


def test_an_answer_says_what_is_assumed_and_what_follows(served):
    body = served.get("/scenarios/less-waste?lang=en").json()
    assert body["assumptions"] == ["A tenth less"]
    assert body["levers"][0]["words"].startswith("Waste generation rate down by 20 % in Some")
    assert [one["version"] for one in body["versions"]] == [1, 2]
    assert body["acts_on"] == ["50"]
    assert body["draws"] == 2000
    assert "indicator:waste_gen_tpd" in body["versions_of_data"]
    by = {(one["indicator"], one["code"]): one for one in body["results"]}
    assert {code for _, code in by} == {"TH", "acted-on", "50", "51"}
    last = by["waste_gen_tpd", "50"]["years"][-1]
    assert last["scenario"]["median"] == pytest.approx(0.8 * last["baseline"]["median"], rel=1e-5)
    for kind in ("baseline", "scenario", "difference"):
        ends = [last[kind][name] for name in ("low95", "low80", "median", "high80", "high95")]
        assert ends == sorted(ends)
    assert by["waste_gen_tpd", "50"]["is_acted_on"]
    assert not by["waste_gen_tpd", "51"]["is_acted_on"]


def test_the_baseline_is_the_number_that_the_forecast_gives(served):
    body = served.get("/scenarios/less-waste?place=TH&indicator=waste_gen_tpd").json()
    ahead = served.get("/forecasts/waste_gen_tpd?place=TH").json()["places"][0]["forecast"]
    point = {one["period"]: one["point"] for one in ahead}
    for year in body["results"][0]["years"]:
        assert year["baseline"]["median"] == pytest.approx(point[year["period"]], rel=1e-5)


def test_an_earlier_version_is_still_there(served):
    body = served.get("/scenarios/less-waste?version=1&place=50&indicator=waste_gen_tpd").json()
    last = body["results"][0]["years"][-1]
    assert body["version"] == 1
    assert last["scenario"]["median"] == pytest.approx(0.9 * last["baseline"]["median"], rel=1e-5)


def test_csv_has_the_same_numbers_as_json(served):
    address = "/scenarios/less-waste?level=province&indicator=waste_gen_rate"
    rows = list(csv.DictReader(io.StringIO(served.get(f"{address}&f=csv").text.lstrip("\ufeff"))))
    body = served.get(address).json()
    told = {
        (one["code"], year["period"], kind): year[kind]["median"]
        for one in body["results"]
        for year in one["years"]
        for kind in ("baseline", "scenario", "difference")
    }
    found = {(row["code"], row["period"], row["kind"]): float(row["median"]) for row in rows}
    assert found == told


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/scenarios/less-wast", 404, "not-found"),
        ("/scenarios/less-waste?version=7", 404, "not-found"),
        ("/scenarios/less-waste?version=x", 400, "bad-parameter"),
        ("/scenarios/less-waste?indicator=pop_60p", 404, "not-found"),
        ("/scenarios/less-waste?place=99", 404, "not-found"),
        ("/scenarios/less-waste?place=,", 400, "bad-parameter"),
        ("/scenarios/less-waste?level=org", 400, "bad-parameter"),
        ("/scenarios/less-waste?f=xml", 400, "bad-parameter"),
        ("/scenarios/less-waste?who=me", 400, "unknown-parameter"),
    ],
)
def test_what_cannot_be_answered_is_said(served, address, status, code):
    answer = served.get(address)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["th"]["detail"]


def test_an_answer_that_is_still_good_is_not_sent_again(served):
    for address in ("/scenarios", "/scenarios/less-waste", "/scenarios/less-waste?f=html"):
        first = served.get(address)
        again = served.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("lang", ["th", "en"])
def test_people_see_assumptions_before_results(served, lang):
    page = served.get(f"/scenarios/less-waste?f=html&lang={lang}")
    assert page.status_code == 200
    assert page.headers["Content-Language"] == lang or f'lang="{lang}"' in page.text
    assert page.text.index('id="assumed"') < page.text.index('id="outcome-1"')
    assert page.text.count('class="beside"') == 2
    assert "difference-map" in page.text
    assert "nan" not in page.text.casefold().replace("finance", "")
    listed = served.get(f"/scenarios?f=html&lang={lang}").text
    assert f"/scenarios/less-waste?f=html&amp;lang={lang}" in listed
