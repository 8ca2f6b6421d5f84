"""A file is loaded as a whole or not at all, once, and every refusal is told."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter

import pytest
from sqlalchemy import text

from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import BadRecipe
from ingest.gazetteers import Gazetteers
from ingest.pipeline import Way, ingest
from layers import datasets, versions
from tests.waste_report import BY_PROVINCE

RECIPE = (
    BY_PROVINCE
    + """
[[checks.bounds]]
indicator = "waste_gen_tpd"
low = 0
likely_high = 1000

[[checks.jumps]]
indicator = "waste_gen_tpd"
factor = 2

[[checks.copied]]
indicator = "waste_gen_tpd"
periods = 3
"""
)
HEADER = "code,จังหวัด,ปี,ขยะ\n"
GOOD = HEADER + "50,แสนสุข,2561,30\n51,ร่มเย็น,2561,12.5\n50,แสนสุข,2562,0\n51,ร่มเย็น,2562,-\n"
EVERYTHING = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM geo.TABLE t"
TABLES = ("observation", "period", "place_value", "hexbin", "dataset_version", "row_before")


@pytest.fixture
def load(country_engine, tmp_path):
    def load(content, recipe=RECIPE, name="waste.csv", **options):
        (tmp_path / name).write_text(content, encoding="utf-8")
        (tmp_path / "mine.toml").write_text(recipe, encoding="utf-8")
        options = {"refresh": False, **options}
        return ingest(country_engine, tmp_path / name, recipe=tmp_path / "mine.toml", **options)

    return load


def fingerprints(engine):
    """Number of rows and MD5 of all their texts, by table."""
    with engine.connect() as connection:
        return {
            name: connection.execute(text(EVERYTHING.replace("TABLE", name))).one()
            for name in TABLES
        }


def stored(engine, sql, **values):
    with engine.connect() as connection:
        return connection.execute(text(sql), values).all()


VALUES = """
    SELECT a.code, o.period_key, o.value, o.status, o.flags, o.source_row
    FROM geo.observation o JOIN geo.area a ON a.id = o.area_id
    WHERE o.dataset_id = 'waste-report' ORDER BY o.period_key, a.code
"""


def test_a_file_is_loaded_with_zero_and_missing_apart(load, country_engine):
    report = load(GOOD, refresh=True)
    assert (report.outcome, report.exit_code) == ("loaded", 0)
    assert (report.rows_read, report.inserted, report.version) == (4, 4, 1)
    assert stored(country_engine, VALUES) == [
        ("50", "2018", 30.0, "reported", [], 2), ("51", "2018", 12.5, "reported", [], 3),
        ("50", "2019", 0.0, "zero", [], 4), ("51", "2019", None, "not_reported", [], 5),
    ]  # fmt: skip
    assert report.figures["waste_gen_tpd 2018 (province)"] == 42.5
    shown = stored(
        country_engine,
        "SELECT value FROM geo.place_value WHERE indicator_key = 'waste_gen_tpd'"
        " AND level = 'country' AND period_key = '2018'",
    )
    assert shown == [(42.5,)]


def test_the_same_file_twice_changes_nothing_and_is_told(load, country_engine):
    first = load(GOOD)
    before = fingerprints(country_engine)
    second = load(GOOD)
    assert (second.outcome, second.exit_code) == ("already-loaded", 0)
    assert fingerprints(country_engine) == before
    runs = stored(
        country_engine, "SELECT status FROM geo.ingest_run WHERE dataset_id = 'waste-report'"
    )
    assert runs == [("loaded",), ("loaded",)]
    assert first.run_id != second.run_id


def test_the_same_values_in_another_file_make_no_new_version(load, country_engine):
    load(GOOD)
    before = fingerprints(country_engine)
    lines = GOOD.splitlines()
    assert load("\n".join([lines[0], *reversed(lines[1:])]) + "\n").outcome == "already-loaded"
    assert fingerprints(country_engine) == before


def test_only_rows_that_differ_are_rewritten(load, country_engine):
    load(GOOD)
    ids = "SELECT id, version_id FROM geo.observation WHERE dataset_id = 'waste-report' ORDER BY id"
    before = stored(country_engine, ids)
    report = load(GOOD.replace("12.5", "13"))
    assert (report.inserted, report.updated, report.unchanged) == (0, 1, 3)
    assert report.version == 2
    after = stored(country_engine, ids)
    assert [one[0] for one in after] == [one[0] for one in before]
    assert Counter(one[1] for one in after) == {before[0][1]: 3, after[1][1]: 1}


def test_a_dry_run_does_all_but_keep_it(load, country_engine):
    before = fingerprints(country_engine)
    runs = stored(country_engine, "SELECT count(*) FROM geo.ingest_run")
    report = load(GOOD + "52,ไกล,2561,1\n", dry_run=True)
    assert (report.inserted, report.rows("refused"), report.exit_code) == (4, 1, 3)
    assert "ทดลอง" in report.as_text("th")
    assert fingerprints(country_engine) == before
    assert stored(country_engine, "SELECT count(*) FROM geo.ingest_run") == runs


def test_refused_rows_keep_their_place_words_and_reason(load, country_engine):
    report = load(
        HEADER
        + "50,แสนสุข,2561,30\n"
        + "52,แสนสุข,2561,1\n"  # line 3: no such code
        + "51,ร่มเย็น,2561,4.1 ตัน\n"  # line 4: a unit
        + "51,ร่มเย็น,2018,4\n"  # line 5: CE where the recipe says BE
        + "51,ร่มเย็น,2562\n"  # line 6: short
        + "51,ร่มเย็น,2562,1,000\n"  # line 7: an unquoted comma
        + "51,ร่มเย็น,2563,-5\n"  # line 8: negative
        + "50,ร่มเย็น,2562,1\n"  # line 9: code and name are two places
        + "50,แสนสุข,2563,5000\n"  # line 10: unlikely, and a jump
        + "50,แสนสุข,2564,40\n50,แสนสุข,2565,40\n50,แสนสุข,2566,40\n",
        recipe=RECIPE.replace("[dataset]", "refused_share = 0.9\n[dataset]"),
    )
    assert (report.outcome, report.exit_code) == ("loaded-with-rejects", 3)
    rejects = stored(
        country_engine,
        'SELECT severity, reason, "row", "column", said, file_name FROM geo.reject'
        ' WHERE run_id = :run ORDER BY "row", reason',
        run=report.run_id,
    )
    assert rejects == [
        ("refused", "unknown-place", 3, "code", "52 / แสนสุข", "waste.csv"),
        ("refused", "unit-in-cell", 4, "ขยะ", "4.1 ตัน", "waste.csv"),
        ("refused", "bad-period", 5, "ปี", "2018", "waste.csv"),
        ("refused", "short-row", 6, None, None, "waste.csv"),
        ("refused", "long-row", 7, None, None, "waste.csv"),
        ("refused", "out-of-bounds", 8, "ขยะ", "-5", "waste.csv"),
        ("refused", "contradicting-place", 9, "code", "50 / ร่มเย็น", "waste.csv"),
        ("flagged", "jump", 10, "ขยะ", "5000", "waste.csv"),
        ("flagged", "unlikely", 10, "ขยะ", "5000", "waste.csv"),
        ("flagged", "jump", 11, "ขยะ", "40", "waste.csv"),
        ("flagged", "copied-forward", 13, "ขยะ", "40", "waste.csv"),
    ]
    flags = [(row[1], row[4]) for row in stored(country_engine, VALUES) if row[4]]
    assert flags == [
        ("2020", ["jump", "unlikely"]), ("2021", ["jump"]), ("2023", ["copied-forward"]),
    ]  # fmt: skip
    assert "แสนสุข (50)" in str(report.as_json()["rejected"][0]["candidates"])


def test_rows_that_contradict_each_other_are_all_refused(load, country_engine):
    report = load(GOOD + "50,แสนสุข,2561,31\n51,ร่มเย็น,2561,12.5\n")
    assert report.by_reason() == {
        ("refused", "conflicting-rows"): 2, ("flagged", "duplicate-row"): 1,
    }  # fmt: skip
    assert [row[:2] for row in stored(country_engine, VALUES)] == [
        ("51", "2018"), ("50", "2019"), ("51", "2019"),
    ]  # fmt: skip


def test_a_refused_file_leaves_only_its_run_and_findings(load, country_engine):
    load(GOOD)
    before = fingerprints(country_engine)
    report = load(HEADER + "52,ไกล,2561,1\n53,ใกล้,2561,2\n")
    assert (report.outcome, report.exit_code, report.inserted) == ("refused", 4, 0)
    assert fingerprints(country_engine) == before
    found = stored(
        country_engine,
        "SELECT r.status, count(*) FROM geo.ingest_run r JOIN geo.reject x ON x.run_id = r.id"
        " WHERE r.id = :run GROUP BY 1",
        run=report.run_id,
    )
    assert found == [("refused", 3)]


@pytest.mark.parametrize(
    "content", ["", HEADER, "a\x00b", "code,code,ปี,ขยะ\n1,2,3,4\n", "x,y\n1,2\n"]
)
def test_broken_files_are_refused_and_change_nothing(load, country_engine, content):
    before = fingerprints(country_engine)
    report = load(content)
    assert report.exit_code == 4
    assert report.message is not None
    assert fingerprints(country_engine) == before


def test_an_unknown_indicator_names_the_nearest(load):
    report = load(GOOD, recipe=RECIPE.replace("waste_gen_tpd", "waste_gen_tdp"))
    assert report.exit_code == 4
    assert "waste_gen_tpd" in report.message.en


def test_a_wrong_recipe_is_no_matter_of_the_file(load):
    with pytest.raises(BadRecipe):
        load(GOOD, recipe="[dataset]")


def test_years_as_columns_and_slices_by_a_cell(load, country_engine):
    recipe = (
        RECIPE.partition("[period]")[0].replace("waste-report", "people")
        + """
[[columns]]
heading = "ประชากร {year}"
indicator = "pop_total"
when = { "เพศ" = "ชาย" }
breakdown = { sex = "m" }
whole = true

[[columns]]
heading = "ประชากร {year}"
indicator = "pop_total"
when = { "เพศ" = "รวม" }
whole = true
"""
    )
    content = 'ตารางที่ ๑\n\ncode,จังหวัด,เพศ,ประชากร ๒๕๖๑,ประชากร ๒๕๖๒\n50,แสนสุข,ชาย,๑๐,"1,100"\n'
    content += "50,แสนสุข,รวม,20,2200\n50,แสนสุข,หญิง,10,1100.5\n"
    report = load(content, recipe=recipe)
    assert report.outcome == "loaded"
    assert stored(
        country_engine,
        "SELECT period_key, breakdown, value, source_row FROM geo.observation"
        " WHERE dataset_id = 'people' ORDER BY 4, 1",
    ) == [
        ("2018", {"sex": "m"}, 10.0, 4), ("2019", {"sex": "m"}, 1100.0, 4),
        ("2018", {}, 20.0, 5), ("2019", {}, 2200.0, 5),
    ]  # fmt: skip


def test_printed_totals_are_compared_with_the_rows(load):
    recipe = RECIPE.replace("[place]", '[rows]\ntotal = { "จังหวัด" = ["รวม"] }\n\n[place]')
    report = load(GOOD + ",รวม,2561,42.5\n,รวม,2562,7\n", recipe=recipe)
    assert report.by_reason() == {("flagged", "total-does-not-match"): 1}
    assert report.rejected[0].row == 7


def test_rows_refused_for_contradicting_each_other_count_in_the_printed_total(load):
    recipe = RECIPE.replace("[place]", '[rows]\ntotal = { "จังหวัด" = ["รวม"] }\n\n[place]')
    content = GOOD + "50,แสนสุข,2563,5\n50,แสนสุข,2563,6\n51,ร่มเย็น,2563,9\n,รวม,2563,20\n"
    report = load(content, recipe=recipe)
    assert report.by_reason() == {("refused", "conflicting-rows"): 2}
    assert report.figures["waste_gen_tpd 2020 (province), not loaded"] == 11


def test_invisible_characters_are_taken_out_and_told(load):
    report = load(GOOD.replace("50,แสนสุข,2561,30", "50,แสน\u200bสุข,2561,3\u200b0"))
    assert (report.outcome, report.inserted) == ("loaded", 4)
    told = [(one.severity, one.row, one.column, one.said) for one in report.rejected]
    assert sorted(told) == [
        ("repaired", 2, "ขยะ", "3<U+200B>0"), ("repaired", 2, "จังหวัด", "แสน<U+200B>สุข"),
    ]  # fmt: skip
    assert {one.reason for one in report.rejected} == {"cleaned-text"}


def test_a_file_with_refused_rows_is_read_again_only_when_places_have_changed(load, country_engine):
    content = GOOD + "52,ไกล,2561,1\n"
    assert load(content).outcome == "loaded-with-rejects"
    assert (load(content).outcome, load(content).rows_read) == ("already-loaded", 0)
    with transaction(country_engine) as session:
        versions.bump(session, ["areas"])
    again = load(content)
    assert (again.outcome, again.rows_read, again.rows("refused")) == ("already-loaded", 5, 1)


def test_the_gazetteer_of_a_batch_is_read_again_when_places_have_changed(country_engine):
    shared = Gazetteers()
    with transaction(country_engine) as session:
        first = shared.read(session, "subdistrict")
        assert shared.read(session, "province") is first
        assert shared.read(session) is not first
        before = shared.read(session)
        versions.bump(session, ["areas"])
        assert shared.read(session) is not before
        session.rollback()


def test_a_refused_first_load_makes_no_data_set_that_is_listed(load, country_engine):
    assert load(HEADER + "52,ไกล,2561,1\n").outcome == "refused"
    with transaction(country_engine) as session:
        assert "waste-report" not in {one.id for one in datasets.list_all(session)}


def _ingest_in_process(url, path, recipe, results):
    engine = make_engine(url)
    results.put(ingest(engine, path, recipe=recipe, refresh=False).outcome)
    engine.dispose()


def test_many_processes_at_once_load_a_file_once(country_engine, tmp_path):
    path, recipe = tmp_path / "waste.csv", tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    recipe.write_text(RECIPE, encoding="utf-8")
    url = country_engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=_ingest_in_process, args=(url, path, recipe, results))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    outcomes = Counter(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join(timeout=30)
    assert outcomes == {"loaded": 1, "already-loaded": 2}
    assert len(stored(country_engine, VALUES)) == 4


def _hang_in_the_middle(url, path, recipe, reached):
    def stop(stage, done, total):
        if stage == "compare":
            reached.set()
            time.sleep(600)

    ingest(make_engine(url), path, recipe=recipe, way=Way(progress=stop))


def test_a_load_killed_in_the_middle_leaves_nothing_and_can_be_repeated(
    load, country_engine, tmp_path
):
    before = fingerprints(country_engine)
    path, recipe = tmp_path / "waste.csv", tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    recipe.write_text(RECIPE, encoding="utf-8")
    url = country_engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    reached = context.Event()
    worker = context.Process(target=_hang_in_the_middle, args=(url, path, recipe, reached))
    worker.start()
    assert reached.wait(timeout=120)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(timeout=30)
    assert fingerprints(country_engine) == before
    assert load(GOOD).outcome == "loaded"


def test_a_load_waits_for_the_one_before_it(load, country_engine):
    from ingest.load import hold_lock  # noqa: PLC0415

    told = []
    with transaction(country_engine) as session:
        hold_lock(session)
        with pytest.raises(Exception, match="lock timeout"):
            _load_impatiently(load, country_engine, told)
    assert told[0] == "waiting-for-another-load"


def _load_impatiently(load, engine, told):
    def tell(stage, done, total):
        told.append(stage)

    with engine.connect() as connection:
        name = engine.url.database
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET lock_timeout = '300ms'"))
        connection.commit()
    engine.dispose()
    load(GOOD, way=Way(progress=tell))
