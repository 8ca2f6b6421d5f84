"""When places grow old: cohorts followed in loaded ages, and what is said where they cannot be."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from sqlalchemy import delete, select

from boundaries.models import Area
from geo_service.core.db import transaction
from geo_service.core.periods import year_period
from layers import versions
from layers.models import PeriodRow, PlaceValue, Slice, SliceValue
from tests.unit.test_cohorts import WOMEN, WOMEN_1998, WOMEN_2003

#: Two counts five years apart, as published (Preston, Heuveline and Guillot 2001, Box 6.1).
COUNTS = {2019: WOMEN, 2024: WOMEN_1998}
GROUPS = [f"{low}-{low + 4}" for low in range(0, 85, 5)] + ["85+"]
LIMITS = [10.0, 20.0, 28.0]


def fill(session, counts, groups, *, level="province"):
    """Give every place of a level the same people by age, and nothing else by age."""
    session.execute(delete(Slice).where(Slice.indicator_key == "pop_total"))
    session.execute(delete(PlaceValue).where(PlaceValue.indicator_key == "age_share_60p"))
    places = session.scalars(select(Area.id).where(Area.level == level)).all()
    for year in counts:
        period = year_period(year)
        if session.get(PeriodRow, period.key) is None:
            session.add(
                PeriodRow(
                    key=period.key, calendar=period.calendar, granularity="year",
                    start=period.start, end=period.end, label_th=period.label.th,
                    label_en=period.label.en,
                )
            )  # fmt: skip
    for at, group in enumerate(groups):
        one = Slice(indicator_key="pop_total", breakdown={"age": group})
        session.add(one)
        session.flush()
        for year, people in counts.items():
            for place in places:
                session.add(
                    SliceValue(
                        slice_id=one.id, level=level, period_key=str(year), place_id=place,
                        value=float(people[at]), status="reported", reporting=1, expected=1,
                        basis="reported",
                    )
                )  # fmt: skip
    versions.bump(session, [versions.of_indicator("pop_total")])


@pytest.fixture
def served(client_of, country_engine):
    def serve(counts, groups):
        with transaction(country_engine) as session:
            fill(session, counts, groups)
        return client_of(country_engine)

    return serve


def share(people):
    return 100 * people[12:].sum() / people.sum()


def test_cohorts_are_followed_to_the_published_ages(served):
    told = served(COUNTS, GROUPS).get("/ageing?place=50&lang=en&horizon=10").json()
    assert told["refused"] is None
    assert (told["counts"]["first"], told["counts"]["last"]) == ("2019", "2024")
    (place,) = told["places"]
    assert place["basis"] == "cohorts"
    assert place["history"][-1]["value"] == pytest.approx(share(WOMEN_1998))
    years = {one["year"]: one for one in place["ahead"]}
    assert sorted(years) == list(range(2025, 2035))
    # the middle of random futures around the published projection of five years on
    assert years[2029]["point"] == pytest.approx(share(WOMEN_2003), abs=0.25)
    people = place["people"][0]
    assert people["year"] == 2029
    assert people["total"] == pytest.approx(WOMEN_2003.sum(), rel=0.02)
    for one in years.values():
        ends = [one[end] for end in ("low95", "low80", "point", "high80", "high95")]
        assert ends == sorted(ends)
    assert (
        years[2034]["high80"] - years[2034]["low80"] > years[2029]["high80"] - years[2029]["low80"]
    )


def test_a_limit_is_passed_already_or_in_a_year_with_its_chance(served):
    told = served(COUNTS, GROUPS).get("/ageing?place=50&horizon=30").json()
    (place,) = told["places"]
    assert [one["value"] for one in place["limits"]] == LIMITS
    now = share(WOMEN_1998)
    for one in place["limits"]:
        if one["value"] <= now:
            assert (one["passed"], one["likely"]) == ("2024", None)
            continue
        assert one["passed"] is None
        chances = [one["chances"][str(year)] for year in range(2025, 2055)]
        assert chances == sorted(chances)
        for year, part in ((one["early"], 0.1), (one["likely"], 0.5), (one["late"], 0.9)):
            assert year is None or one["chances"][str(year)] >= part
            assert year in {None, 2025} or one["chances"][str(year - 1)] < part


def test_the_same_question_gives_the_same_futures(served):
    client = served(COUNTS, GROUPS)
    alone = client.get("/ageing?place=50").json()["places"][0]
    among = next(
        one for one in client.get("/ageing?level=province").json()["places"] if one["code"] == "50"
    )
    assert alone == among


def test_single_years_of_age_are_put_together(served):
    singles = {year: np.repeat(people / 5, 5)[:-4] for year, people in COUNTS.items()}
    for year, people in singles.items():
        people[-1] = COUNTS[year][-1]
    ages = [str(age) for age in range(85)] + ["85+"]
    told = served(singles, ages).get("/ageing?place=50&horizon=5").json()
    assert told["counts"]["openFrom"] == 85
    assert told["places"][0]["history"][-1]["value"] == pytest.approx(share(WOMEN_1998))


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        (({2024: WOMEN_1998}, GROUPS), "Five-year ages are known for 2024 alone"),
        (({2020: WOMEN, 2024: WOMEN_1998}, GROUPS), "No two counts by age lie exactly five years"),
        (
            ({2019: [1, 2, 3], 2024: [1, 2, 3]}, ["0-19", "20-59", "60+"]),
            "Ages are known only as 0-19, 20-59, 60+",
        ),
        (
            ({2024: [1, 2, 3]}, ["60+", "0-59", "60-69"]),
            "Ages are known only as 0-59, 60-69, 60+",
        ),
    ],
)
def test_why_cohorts_cannot_be_followed_is_said(client_of, country_engine, loaded, said):
    with transaction(country_engine) as session:
        shares = session.scalars(
            select(PlaceValue).where(PlaceValue.indicator_key == "age_share_60p")
        ).all()
        columns = [column.name for column in PlaceValue.__table__.columns]
        values = [{name: getattr(one, name) for name in columns} for one in shares]
        fill(session, *loaded)
        session.execute(PlaceValue.__table__.insert(), values)
    told = client_of(country_engine).get("/ageing?level=province&lang=en").json()
    assert told["refused"].startswith(said)
    assert {one["basis"] for one in told["places"]} == {"measured"}
    assert all(not one["ahead"] for one in told["places"])


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("horizon=31", 400, "bad-parameter"),
        ("place=", 400, "bad-parameter"),
        ("place=nowhere", 404, "not-found"),
        ("level=village", 404, "not-found"),
    ],
)
def test_what_makes_no_sense_is_refused(served, asked, status, code):
    answer = served(COUNTS, GROUPS).get(f"/ageing?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_table_and_pages_say_the_same(served):
    client = served(COUNTS, GROUPS)
    answer = client.get("/ageing?place=50&f=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    limits = client.get("/ageing?place=50").json()["places"][0]["limits"]
    told = {float(row["limit"]): row for row in rows if row["kind"] == "limit"}
    assert sorted(told) == LIMITS
    for one in limits:
        assert told[one["value"]]["likely"] == str(one["likely"] or "")
    ahead = next(row for row in rows if row["kind"] == "projected" and row["year"] == "2029")
    assert float(ahead["people"]) > float(ahead["people_60p"])
    for lang, heading in (("th", "เมื่อใดจะเป็นสังคมสูงวัย"), ("en", "When places grow old")):
        for address in (
            "/ageing?place=50&f=html",
            "/places/50?f=html",
            "/dashboards/ageing?place=50",
        ):
            page = client.get(f"{address}&lang={lang}").text
            assert heading in page
            assert {"th": "ช่วงร้อยละ 80: ", "en": "80% interval: "}[lang] in page or "28%" in page
