"""Months and kinds of revenue: a file with a recipe makes them dimensions of the cube, no code."""

from __future__ import annotations

import pytest

from ingest import own_indicators, pipeline

INDICATORS = """
[defaults]
theme = "finance"

[fees_baht]
name = ["ค่าธรรมเนียม", "Fees"]
unit = ["บาท", "baht"]
space = "SUM"
time = "SUM"
calendar = "fiscal"

[people_seen]
name = ["ผู้มาใช้บริการ", "People served"]
unit = ["คน", "persons"]
space = "SUM"
time = "LAST"

[sorted_tpd]
name = ["ขยะที่คัดแยก", "Waste sorted"]
unit = ["ตัน/วัน", "tonnes per day"]
space = "SUM"
time = "MEAN_DAYS"
"""
RECIPE = """
[dataset]
id = "test-months"
kind = "indicators"
title_th = "รายเดือน"
title_en = "By month"

[place]
level = "province"
code = "code"

[period]
heading = "month"
era = "be"

[[columns]]
heading = "fees"
indicator = "fees_baht"

[[columns]]
heading = "market"
indicator = "fees_baht"
breakdown = { revenue = "market" }

[[columns]]
heading = "waste"
indicator = "fees_baht"
breakdown = { revenue = "waste" }

[[columns]]
heading = "people"
indicator = "people_seen"

[[columns]]
heading = "women"
indicator = "people_seen"
breakdown = { sex = "f" }

[[columns]]
heading = "tonnes"
indicator = "sorted_tpd"
"""
#: July 2566 to December 2567, eighteen months; of province 50, and twice as much of 51.
MONTHS = [(2566, month) for month in range(7, 13)] + [(2567, month) for month in range(1, 13)]


def row(code, at, year, month):
    times = 2 if code == "51" else 1
    market, waste = 100 * (at + 1) * times, times
    women = at if year == 2566 else "-"
    money = f"{market + waste},{market},{waste}"
    return f"{code},{year}-{month:02},{money},{at * times},{women},{times}"


def fees(first, last, times=1):
    """Fees of the months from one to another, counted from 0 by hand."""
    return sum((100 * (at + 1) + 1) * times for at in range(first, last + 1))


@pytest.fixture
def client(country_engine, client_of, tmp_path):
    for name, text in (("mine.toml", INDICATORS), ("months.toml", RECIPE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    lines = [row(code, at, *month) for code in ("50", "51") for at, month in enumerate(MONTHS)]
    table = "\n".join(["code,month,fees,market,waste,people,women,tonnes", *lines])
    (tmp_path / "months.csv").write_text(table + "\n", encoding="utf-8")
    own_indicators.add(country_engine, tmp_path / "mine.toml")
    told = pipeline.ingest(country_engine, tmp_path / "months.csv", recipe=tmp_path / "months.toml")
    assert told.outcome == "loaded", told.message
    return client_of(country_engine)


def values(client, **asked):
    told = client.get("/cube", params={"scheme": "ngc6", **asked}).json()
    at = told["fields"].index("value")
    return {
        (*one["keys"], *column["keys"]): cell[at]
        for one, cells in zip(told["rows"], told["cells"], strict=True)
        for column, cell in zip(told["columns"], cells, strict=True)
    }


def test_fiscal_2567_is_october_2566_to_september_2567(client):
    found = values(client, measures="fees_baht", rows="province", columns="fiscal_year")
    # October 2566 is the fourth month of the file, September 2567 the fifteenth.
    assert found["50", "FY2024"] == fees(3, 14)
    assert found["51", "FY2024"] == fees(3, 14, times=2)
    assert found["50", "FY2023"] == fees(0, 2)
    assert found["50", "FY2025"] == fees(15, 17)
    country = values(client, measures="fees_baht", rows="country", columns="fiscal_year")
    assert country["TH", "FY2024"] == fees(3, 14, times=3)


def test_months_make_quarters_and_calendar_years(client):
    months = values(client, measures="fees_baht", rows="province", columns="month")
    assert len(months) == 2 * len(MONTHS)
    assert months["50", "2023-07"] == fees(0, 0)
    quarters = values(client, measures="fees_baht", rows="province", columns="quarter")
    assert sorted({quarter for _, quarter in quarters}) == [
        "2023Q3", "2023Q4", "2024Q1", "2024Q2", "2024Q3", "2024Q4",
    ]  # fmt: skip
    assert quarters["50", "2023Q4"] == fees(3, 5)
    years = values(client, measures="fees_baht", rows="province", columns="calendar_year")
    assert years["50", "2024"] == fees(6, 17)
    assert years["50", "2024"] == sum(quarters["50", f"2024Q{quarter}"] for quarter in range(1, 5))


def test_stocks_are_those_of_the_last_month_and_rates_are_weighted_by_days(client):
    stock = values(client, measures="people_seen", rows="province", columns="fiscal_year")
    assert stock["50", "FY2024"] == 14
    rate = values(client, measures="sorted_tpd", rows="country", columns="quarter")
    assert rate["TH", "2024Q1"] == pytest.approx(3.0)


def test_a_year_can_be_opened_to_its_quarters_and_months(client):
    asked = {"measures": "fees_baht", "rows": "fiscal_year,quarter", "totals": "rows"}
    found = values(client, **asked, filter="province = '50' AND fiscal_year = 2567")
    assert found["FY2024",] == fees(3, 14)
    assert found["FY2024", "2023Q4"] == fees(3, 5)
    assert found["FY2024", "2024Q3"] == fees(12, 14)


def test_kinds_of_revenue_are_a_dimension_once_they_are_loaded(client):
    named = {one["name"]: one for one in client.get("/cube/meta").json()["dimensions"]}
    assert named["revenue"]["kind"] == "breakdown"
    assert set(named["revenue"]["members"]) == {"market", "waste"}
    asked = {"measures": "fees_baht", "rows": "province", "columns": "revenue", "totals": "columns"}
    found = values(client, **asked, filter="fiscal_year = 2567")
    assert found["50", "waste"] == 12
    assert found["50", "market"] + found["50", "waste"] == found["50",] == fees(3, 14)


def test_without_a_time_a_breakdown_is_of_the_latest_month_it_is_known_for(client):
    asked = {"measures": "people_seen", "rows": "province", "columns": "sex", "totals": "columns"}
    # The people of December 2567 are known, the women among them until December 2566 alone.
    assert values(client, **asked)["50", "f"] == 5
    assert values(client, **asked)["50",] == 5
    assert values(client, measures="people_seen", rows="province")["50",] == 17
