"""A load can be undone: every row as it was, to the byte; what others need stays."""

from __future__ import annotations

import pytest

from geo_service.core.errors import Conflict, NotFound
from ingest.pipeline import ingest, rollback
from tests.db.test_pipeline import GOOD, HEADER, RECIPE, fingerprints, stored

REMARKS = """
[dataset]
id = "log"
kind = "indicators"
title_th = "บันทึก"
title_en = "Log"

[place]
level = "province"
name = "จังหวัด"

[period]
heading = "ปี"

[remarks]
dataset = "waste-report"
metric = "item"
value = "a"
other = "b"

[remarks.metrics]
"ขยะ" = "waste_gen_tpd"
"""
CODES = """
[dataset]
id = "numbers"
kind = "boundaries"
title_th = "ลำดับ"
title_en = "Numbers"

[place]
level = "province"
name = "จังหวัด"

[codes]
system = "running"
heading = "no"
"""


@pytest.fixture
def load(country_engine, tmp_path):
    def load(content, recipe=RECIPE):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        (tmp_path / "mine.toml").write_text(recipe, encoding="utf-8")
        return ingest(country_engine, tmp_path / "a.csv", recipe=tmp_path / "mine.toml")

    return load


def rows_of(engine):
    """Everything but the columns that tell how often something was derived."""
    kept = fingerprints(engine)
    kept.pop("place_value")
    kept.pop("hexbin")
    values = stored(
        engine,
        "SELECT indicator_key, level, period_key, place_id, value, numerator, denominator, status,"
        " reporting, expected, basis, flags FROM geo.place_value ORDER BY 1, 2, 3, 4",
    )
    return kept, values


def test_undoing_a_load_restores_every_row_to_the_byte(load, country_engine):
    load(GOOD)
    before = rows_of(country_engine)
    versions = dict(stored(country_engine, "SELECT subject, number FROM geo.data_version"))
    load(GOOD.replace("12.5", "99").replace(",-\n", ",7\n") + "50,แสนสุข,2563,3\n")
    assert rows_of(country_engine) != before
    report = rollback(country_engine, "waste-report")
    assert (report.outcome, report.exit_code) == ("rolled-back", 0)
    assert (report.deleted, report.updated) == (1, 2)
    kept, values = rows_of(country_engine)
    assert values == before[1]
    # A period is nobody's: 2020 stays known.
    assert {k: v for k, v in kept.items() if k != "period"} == {
        k: v for k, v in before[0].items() if k != "period"
    }
    after = dict(stored(country_engine, "SELECT subject, number FROM geo.data_version"))
    assert after["indicator:waste_gen_tpd"] > versions["indicator:waste_gen_tpd"]


def test_the_number_of_an_undone_version_is_not_given_again(load, country_engine):
    load(GOOD)
    load(GOOD.replace("12.5", "99"))
    rollback(country_engine, "waste-report")
    assert stored(country_engine, "SELECT version FROM geo.dataset WHERE id = 'waste-report'") == [
        (1,)
    ]
    assert load(GOOD.replace("12.5", "98")).version == 3
    statuses = stored(
        country_engine,
        "SELECT status FROM geo.ingest_run WHERE dataset_id = 'waste-report' ORDER BY id",
    )
    assert statuses == [("loaded",), ("rolled-back",), ("loaded",)]


def test_an_undone_file_can_be_loaded_again(load, country_engine):
    load(GOOD)
    rollback(country_engine, "waste-report")
    with pytest.raises(Conflict):
        rollback(country_engine, "waste-report")
    assert load(GOOD).outcome == "loaded"


def test_remarks_flag_values_survive_a_reload_and_are_undone_first(load, country_engine):
    load(GOOD)
    report = load("จังหวัด,ปี,item,a,b\nแสนสุข,2561,ขยะ,30,300\nแสนสุข,2561,ค่า,1,2\n", REMARKS)
    assert report.by_reason() == {
        ("flagged", "source-contradicts"): 1, ("refused", "no-value"): 1,
    }  # fmt: skip
    assert report.rejected[0].said == "300"
    flags = "SELECT flags FROM geo.observation WHERE dataset_id = 'waste-report' AND value >= 30"
    assert stored(country_engine, flags) == [(["noted-source-contradicts"],)]
    load(GOOD.replace("50,แสนสุข,2561,30", "50,แสนสุข,2561,31"))
    assert stored(country_engine, flags) == [(["noted-source-contradicts"],)]
    rollback(country_engine, "waste-report")
    with pytest.raises(Conflict, match="log"):
        rollback(country_engine, "waste-report")
    rollback(country_engine, "log")
    assert stored(country_engine, flags) == [([],)]
    rollback(country_engine, "waste-report")


def test_codes_of_another_system_are_kept_beside_ours_and_undone(load, country_engine):
    codes = "SELECT t::text FROM geo.area_code t ORDER BY 1"
    before = stored(country_engine, codes)
    report = load("no,จังหวัด\n1,แสนสุข\n50,จ.ร่มเย็น\n", CODES)
    assert (report.outcome, report.inserted) == ("loaded", 2)
    assert ("flagged", "code-differs") in report.by_reason()
    moved = load("no,จังหวัด\n50,แสนสุข\n1,ร่มเย็น\n", CODES)
    assert moved.updated == 2
    found = stored(
        country_engine,
        "SELECT a.code, c.code FROM geo.area_code c JOIN geo.area a ON a.id = c.area_id"
        " WHERE c.system = 'running' ORDER BY 1",
    )
    assert found == [("50", "50"), ("51", "1")]
    rollback(country_engine, "numbers")
    rollback(country_engine, "numbers")
    assert stored(country_engine, codes) == before


def test_places_that_others_need_cannot_be_taken_away(load, country_engine):
    load(HEADER + "50,แสนสุข,2561,30\n")
    before = fingerprints(country_engine)
    with pytest.raises(Conflict, match="undo the load of that data set first"):
        rollback(country_engine, "test-areas")
    assert fingerprints(country_engine) == before


def test_an_unknown_data_set_names_the_nearest(country_engine):
    with pytest.raises(NotFound, match="test-areas"):
        rollback(country_engine, "test-area")


@pytest.mark.parametrize("name", ["area", "org", "observation", "feature"])
def test_the_image_of_a_row_is_that_row(country_engine, name):
    same = "SELECT bool_and((t.*)::text::geo.TABLE = t) FROM geo.TABLE t"
    assert stored(country_engine, same.replace("TABLE", name)) == [(True,)]
