"""The embedded sample loads by the ordinary ingest and adds up to the published figures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import Conflict
from ingest import forecasts, pipeline, sample, scenarios
from layers import place_values
from web.questions import known


@pytest.fixture(scope="module")
def sample_engine(databases) -> Iterator[Engine]:
    engine = make_engine(databases.create("sample", template="empty"))
    reports = sample.load(engine, derived=False)
    assert {report.outcome for report in reports} == {"loaded"}
    assert all(report.rows("refused") == 0 for report in reports)
    with transaction(engine) as opened:
        place_values.rebuild(opened)
    yield engine
    engine.dispose()


@pytest.fixture
def loaded(sample_engine: Engine) -> Iterator[Session]:
    with Session(sample_engine) as opened:
        yield opened


def test_organisations_that_values_speak_of_cannot_be_taken_away(sample_engine):
    with pytest.raises(Conflict, match="rows of observation use what this load brought"):
        pipeline.rollback(sample_engine, "sample-organisations")


@pytest.mark.parametrize(
    "question", [one for one in known() if "address" in one], ids=lambda one: str(one["number"])
)
def test_every_question_called_answered_has_an_answer(sample_engine, client_of, question):
    if question["address"].startswith("/forecasts/"):
        with transaction(sample_engine) as opened:
            forecasts.rebuild(opened, question["address"].split("/")[2].partition("?")[0])
    if question["address"].startswith("/scenarios/"):
        with transaction(sample_engine) as opened:
            for key in ("waste_gen_tpd", "waste_utilised_tpd", "pop_total"):
                forecasts.rebuild(opened, key)
            assert scenarios.rebuild(opened) > 0
    address = question["address"].replace("{lang}", "en")
    answer = client_of(sample_engine).get(address, headers={"Accept": "text/html,*/*;q=0.5"})
    assert answer.status_code == 200


def test_cohorts_are_followed_in_every_province(sample_engine, client_of):
    told = client_of(sample_engine).get("/ageing?level=province&horizon=30&lang=en").json()
    assert told["refused"] is None
    assert (told["counts"]["first"], told["counts"]["last"]) == ("2019", "2024")
    assert len(told["places"]) == 77
    assert {one["basis"] for one in told["places"]} == {"cohorts"}
    known = {one["code"]: one["limits"][-1] for one in told["places"]}
    # the old north has passed 28 % or soon will, the young far south will not in thirty years
    assert known["52"]["passed"] or known["52"]["likely"] <= 2030
    assert known["96"]["passed"] is None
    assert (known["96"]["likely"] or 2100) > 2040


def test_the_country_and_every_region_have_their_ground(loaded):
    counts = loaded.execute(
        text(
            "SELECT level, count(*), count(geom) FROM area"
            " WHERE level IN ('country', 'region') GROUP BY 1 ORDER BY 1"
        )
    ).all()
    assert counts == [("country", 1, 1), ("region", 53, 53)]


COUNTRY = text(
    "SELECT v.value FROM place_value v JOIN area a ON a.id = v.place_id"
    " WHERE v.level = 'country' AND a.code = 'TH'"
    " AND v.indicator_key = :key AND v.period_key = :period"
)


@pytest.mark.parametrize(
    ("key", "period", "published"),
    [
        ("pop_total", "2021", 66_171_439),
        ("pop_total", "2024", 64_989_504),
        ("pop_latent", "2023", 9_250_000),
        ("pop_60p", "2024", 13_450_391),
        ("pop_60_69", "2024", 7_593_731),
        ("pop_70_79", "2024", 3_987_082),
        ("pop_80_89", "2024", 1_516_689),
        ("pop_90p", "2024", 352_889),
        ("oaa_recipients", "FY2017", 8_157_175),
        ("dis_allow_recipients", "FY2017", 1_491_947),
        ("dis_card", "2018", 1_916_828),
        ("waste_gen_tpd", "2017", 74_998),
        ("waste_utilised_tpd", "2017", 23_319),
        ("waste_proper_tpd", "2017", 32_022),
        ("waste_proper_tpd", "2020", 24_962),
        ("waste_gen_tpd", "2022", 70_411),
        ("waste_utilised_tpd", "2022", 24_203),
        ("waste_proper_tpd", "2022", 26_889),
        ("waste_improper_tpd", "2022", 19_319),
        ("waste_backlog_t", "2021", 7_500_000),
        ("waste_sites_n", "2019", 2_666),
        ("waste_sites_n", "2021", 116 + 2_021),
        ("waste_transfer_n", "2021", 31),
        ("road_local_km", "2016", 352_465.5),
        ("road_local_km", "2019", 597_667),
        ("phc_n", "FY2024", 9_872),
        ("phc_pao_n", "FY2024", 4_276),
        ("rev_total", "FY2018", 720_822e6),
    ],
)
def test_country_totals_are_the_published_ones(
    loaded: Session, key: str, period: str, published: float
) -> None:
    found = loaded.scalar(COUNTRY, {"key": key, "period": period})
    assert found == pytest.approx(published, rel=1e-9)


@pytest.mark.parametrize(
    ("key", "period", "published", "digits"),
    [
        ("age_share_60p", "2024", 20.70, 2),
        ("ageing_index", "2024", 127.4, 1),
        ("oadr_th", "2020", 27.3, 1),
        ("waste_gen_rate", "2017", 1.13, 2),
        ("waste_gen_rate", "2018", 1.15, 2),
        ("waste_gen_rate", "2019", 1.18, 2),
        ("waste_gen_rate", "2022", 1.065, 3),
        ("phc_pao_share", "FY2024", 43.3, 1),
        ("rev_own_share", "FY2018", 15.5, 1),
    ],
)
def test_country_ratios_are_the_published_ones(
    loaded: Session, *, key: str, period: str, published: float, digits: int
) -> None:
    found = loaded.scalar(COUNTRY, {"key": key, "period": period})
    assert found is not None
    assert round(found, digits) == published


@pytest.mark.parametrize(
    ("year", "days", "published_mt"),
    [("2016", 366, 27.06), ("2017", 365, 27.37), ("2018", 365, 27.93), ("2019", 365, 28.71),
     ("2021", 365, 24.98)],
)  # fmt: skip
def test_tonnes_of_a_year_are_the_published_ones(
    loaded: Session, year: str, days: int, published_mt: float
) -> None:
    found = loaded.scalar(COUNTRY, {"key": "waste_gen_tpd", "period": year})
    assert found is not None
    assert round(found * days / 1e6, 2) == published_mt


def test_every_data_set_says_that_it_is_a_sample(loaded: Session) -> None:
    told = loaded.execute(
        text("SELECT is_sample, licence <> '' AND attribution_th <> '' FROM dataset")
    ).all()
    assert len(told) == len(sample.FILES)
    assert all(is_sample and has_licence for is_sample, has_licence in told)


def test_made_up_shapes_say_so_and_provinces_are_real(loaded: Session) -> None:
    rows = loaded.execute(
        text("SELECT level, is_illustrative, count(*), count(geom) FROM area"
             " WHERE level IN ('province', 'district', 'subdistrict') GROUP BY 1, 2 ORDER BY 1")
    ).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [
        ("district", True, 928, 928),
        ("province", False, 77, 77),
        ("subdistrict", True, 7436, 7436),
    ]


@pytest.mark.parametrize("level", ["province", "district", "subdistrict"])
def test_stored_shapes_are_still_a_valid_coverage(loaded: Session, level: str) -> None:
    stored = loaded.scalars(
        text("SELECT ST_AsBinary(geom) FROM area WHERE level = :level"), {"level": level}
    )
    assert shapely.coverage_is_valid(np.array([shapely.from_wkb(bytes(one)) for one in stored]))


def test_organisations_are_all_there_with_shapes(loaded: Session) -> None:
    rows = loaded.execute(text("SELECT kind, count(*), count(geom) FROM org GROUP BY 1")).all()
    assert {kind: (count, drawn) for kind, count, drawn in rows} == {
        "PAO": (76, 76), "city": (30, 30), "town": (195, 195), "BMA": (1, 1), "Pattaya": (1, 1),
        "subdistrict_municipality": (2247, 2247), "SAO": (5300, 5300),
    }  # fmt: skip


def test_all_indicators_but_one_have_a_value_somewhere(loaded: Session) -> None:
    without = loaded.scalars(
        text("SELECT key FROM indicator i WHERE NOT is_component AND NOT EXISTS"
             " (SELECT FROM place_value v WHERE v.indicator_key = i.key AND v.value IS NOT NULL)")
    ).all()  # fmt: skip
    assert without == ["exec_term"]


def test_all_kinds_of_emptiness_are_told_apart(loaded: Session) -> None:
    found = set(loaded.scalars(text("SELECT DISTINCT status FROM observation")))
    assert {"reported", "zero", "not_reported", "not_applicable"} <= found


def test_loading_again_changes_nothing(sample_engine: Engine) -> None:
    again = sample.load(sample_engine, derived=False)
    assert {report.outcome for report in again} == {"already-loaded"}
