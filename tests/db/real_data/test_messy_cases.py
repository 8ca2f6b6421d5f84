"""The messy cases of the real data, by their number in the list beside it."""

from __future__ import annotations

from collections import Counter

import pytest

from geo_service.core.db import transaction
from layers import datasets

pytestmark = pytest.mark.shared


def test_1_and_2_points_that_cannot_be_and_points_in_another_province(real):
    assert real.lines("lao-list", "point-impossible") == {1642, 3103}
    assert real.lines("lao-list", "point-elsewhere") == {
        291, 326, 731, 2728, 3004, 3252, 3466, 4563, 6934,
    }  # fmt: skip
    assert real.one(
        "SELECT count(*) FROM geo.org WHERE point IS NULL AND 'point-refused' = ANY(flags)"
    ) == 2  # fmt: skip


def test_3_repeated_organisations_are_refused(real):
    repeated = real.told("dola-2560", "repeated-organisation")
    provinces = Counter(one.said[-3:-1] for one in repeated)
    assert provinces == {"33": 14, "96": 6}


def test_4_a_size_that_cannot_be_is_not_believed(real):
    assert real.lines("lao-list", "implausible-area") == {7353}
    assert real.one("SELECT area_km2 FROM geo.org WHERE 'area-implausible' = ANY(flags)") > 10


def test_5_organisations_that_changed_or_are_gone(real):
    assert len(real.told("dola-2560", "kind-changed")) == 37
    gone = {one.said for one in real.told("dola-2560", "obsolete-organisation")}
    assert gone == {"6380108", "5380106", "6520710"}


def test_6_codes_of_another_gazetteer_are_never_taken_for_dopas(real):
    recipe = "kongvut-subdistricts"
    moved = {one.said for one in real.told(recipe, "code-differs") if one.said.startswith("38")}
    refused = [one for one in real.told(recipe, "unknown-place") if "/ 38" in (one.said or "")]
    # 49 of the 53 rows of Bueng Kan have another sub-district's code.
    assert len(moved) + len(refused) >= 49
    (points,) = real.told(recipe, "no-point")
    assert points.hint.en.startswith("330 of 7,451")
    (absent,) = real.told(recipe, "no-code")
    stored = real.one("SELECT count(*) FROM geo.area_code c JOIN geo.area a ON a.id = c.area_id"
                      " WHERE c.system = 'kongvut' AND a.level = 'subdistrict'")  # fmt: skip
    assert len(absent.candidates) == 7436 - stored


@pytest.mark.parametrize("recipe", ["kongvut-provinces", "pcd-province-codes"])
def test_7_running_numbers_are_kept_apart(real, recipe):
    (told,) = real.told(recipe, "code-differs")
    assert told.hint.en.startswith("77 of 77")
    assert real.rows(
        "SELECT a.code FROM geo.area_code c JOIN geo.area a ON a.id = c.area_id"
        " WHERE c.system = 'pcd' AND c.code = '38'"
    ) == [("50",)]


def test_8_names_cut_at_sixteen_characters_are_completed(real):
    cut = {one.said[:6] for one in real.told("cod-ab-subdistricts", "cut-name")}
    assert cut == {"610612", "640905", "650905", "801210", "801214", "342504", "620112"}
    districts = {one.said[:4] for one in real.told("cod-ab-districts", "cut-name")}
    assert districts >= {"1008", "7701", "8401"}


def test_9_old_boundaries_lack_new_codes_and_hold_old_ones(real):
    without = {one.said for one in real.told("cod-ab-subdistricts", "no-shape")}
    assert len(without) == 14
    assert without == {
        code for (code,) in real.rows(
            "SELECT code FROM geo.area WHERE level = 'subdistrict' AND geom IS NULL"
        )
    }  # fmt: skip
    old = {one.said[:6] for one in real.told("cod-ab-subdistricts", "moved-code")}
    assert old == {"104701", "105001", "530306"}


def test_10_outliers_are_flagged_and_kept(real):
    assert real.lines("pcd-waste", "unlikely") == {824, 901, 978}
    flagged = real.rows(
        "SELECT value FROM geo.observation WHERE 'unlikely' = ANY(flags)"
        " AND indicator_key = 'waste_backlog_t' ORDER BY 1"
    )
    assert flagged == [(13_000_000,), (20_000_000,), (20_000_000,)]


def test_11_parts_that_do_not_sum_and_a_source_that_contradicts_itself(real):
    assert len(real.told("pcd-waste", "parts-do-not-sum")) == 11
    assert real.lines("pcd-waste", "parts-do-not-sum") >= {24, 425, 466}
    contradicted = real.told("pcd-mismatch-log", "source-contradicts")
    assert len(contradicted) == 23
    assert any("294.07" in one.hint.en and "2940.7" in one.hint.en for one in contradicted)


@pytest.mark.parametrize(
    ("row", "times"),
    [(117, "0.56"), (425, "2.68"), (119, "0.50"), (350, "2.13")],
    ids=["Mukdahan 2557", "Mukdahan 2561", "Yasothon 2557", "Yasothon 2560"],
)
def test_12_jumps_are_flagged(real, row, times):
    (told,) = (one for one in real.told("pcd-waste", "jump") if one.row == row)
    assert told.hint.en.startswith(f"{times} times")


def test_13_a_printed_total_is_compared_with_all_rows_of_the_file(real):
    (told,) = real.told("dopa-population-history", "total-does-not-match")
    assert "62,317,847" in told.hint.en
    assert "63,143,605" in told.hint.en


def test_14_a_column_that_is_mostly_null_and_names_that_vary(real):
    (told,) = real.told("researcher-census-latent", "mostly-missing")
    assert told.hint.en.startswith("68 of 77")
    assert 156 in real.lines("osm-places", "name-matched")
    assert 1291 in real.lines("osm-places", "name-matched")
    assert real.lines("osm-places", "blank-name") == {6730}


@pytest.mark.parametrize(
    ("key", "in_the_file"), [("hospital", 1031), ("clinic", 1178), ("school", 5378)]
)
def test_places_of_osm_that_are_not_loaded_are_counted_and_told_why(real, key, in_the_file):
    report = real.reports["osm-places"]
    name = f"osm_{key}_n 2022 (subdistrict)"
    assert report.figures[name] + report.figures[f"{name}, not loaded"] == in_the_file
    # Eleven rows pair a code with its neighbour's name, two hold sub-districts since split.
    refused = Counter(one.reason for one in report.rejected if one.severity == "refused")
    assert refused == {"contradicting-place": 11, "split-place": 2}


def test_the_findings_of_every_file_of_a_data_set_stay_in_its_lineage(real):
    with transaction(real.engine) as session:
        told = datasets.read(session, "dopa-population").refusal_counts
    assert told["conflicting-rows"] == 10
    assert told["total-does-not-match"] == 2
