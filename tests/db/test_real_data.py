"""The real open data beside the project: every figure that is known of it, every known oddity.

Line numbers, counts and totals were found in the files by reading them with other tools; they
are listed with the data. Everything is loaded once, by the list that the service ships.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import Conflict
from ingest import batch, catalogue, pipeline
from ingest.recipe import read_recipe
from ingest.report import Report
from layers import datasets, place_values

pytestmark = pytest.mark.shared

FULL_DETAIL = {
    "level2_province.json": ("cod-ab-full-provinces", 77, 1),
    "level2_amphoe.geojson.gz": ("cod-ab-full-districts", 928, 2),
    "level2_tambon.geojson.gz": ("cod-ab-full-subdistricts", 7425, 3),
}
EVERYTHING = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM geo.TABLE t"
COUNT = "SELECT count(*) FROM geo.TABLE"


@dataclass(frozen=True)
class Loaded:
    """A database with everything in it, the report of each recipe, the URL of a copy."""

    engine: Engine
    reports: dict[str, Report]
    copy: str

    def one(self, sql: str, **values: object):
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).scalar()

    def rows(self, sql: str, **values: object):
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).all()

    def told(self, recipe: str, reason: str):
        """Findings of one reason in the report of one recipe."""
        return [one for one in self.reports[recipe].rejected if one.reason == reason]

    def lines(self, recipe: str, reason: str) -> set[int | None]:
        return {one.row for one in self.told(recipe, reason)}


@pytest.fixture(scope="module")
def real(databases, shared_data) -> Iterator[Loaded]:
    url = databases.create("real", template="empty")
    engine = make_engine(url)
    with transaction(engine) as session:
        catalogue.sync(session)
    reports: dict[str, Report] = {}
    for report in batch.load(engine, shared_data):
        # A file that says the same as another (provinces.xlsx) is loaded after it.
        reports.setdefault(report.recipe, report)
    engine.dispose()
    # The tests that undo loads have a copy, made while nobody is connected.
    copy = databases.create("real_undo", template="real")
    engine = make_engine(url)
    with transaction(engine) as session:
        place_values.rebuild(session, {"pop_total", "waste_gen_tpd", "osm_clinic_n"})
    yield Loaded(engine, reports, copy)
    engine.dispose()


@pytest.fixture
def undone(real, monkeypatch) -> Iterator[Engine]:
    """The copy, in the state the tests before left it; nothing derived is rebuilt."""
    monkeypatch.setattr(pipeline, "derive", lambda *args, **kwargs: None)
    engine = make_engine(real.copy)
    yield engine
    engine.dispose()


# The whole


def test_every_file_loads_or_is_in_the_list_of_full_detail(real, shared_data):
    listed = {file for file, _ in batch.listed(shared_data)}
    present = {
        path
        for path in shared_data.rglob("*")
        if path.is_file() and not path.name.startswith(("LICENSE", "README"))
    }
    left = {path.name for path in present - listed}
    assert left == set(FULL_DETAIL)
    assert {report.outcome for report in real.reports.values()} <= {
        "loaded", "loaded-with-rejects",
    }  # fmt: skip


def test_the_figures_of_the_boundaries(real):
    shapes = [real.reports[f"cod-ab-{level}"].figures["shapes"]
              for level in ("provinces", "districts", "subdistricts")]  # fmt: skip
    assert shapes == [77, 928, 7425]
    assert len(real.told("cod-ab-subdistricts", "no-shape")) == 14
    closed = {one.said.split()[0]: one.candidates for one in real.told(
        "cod-ab-subdistricts", "moved-code")}  # fmt: skip
    assert closed["530306"] == ("530407",)
    assert {code: len(heirs) for code, heirs in closed.items()} == {
        "104701": 2, "105001": 4, "530306": 1,
    }  # fmt: skip
    assert real.one(
        "SELECT count(*) FROM geo.area WHERE level = 'subdistrict' AND upper_inf(valid)"
    ) == 7436  # fmt: skip


def test_the_country_and_every_region_have_their_ground(real):
    counts = real.rows(
        "SELECT level, count(*), count(geom), count(area_km2) FROM geo.area"
        " WHERE level IN ('country', 'region') GROUP BY 1 ORDER BY 1"
    )
    assert counts == [("country", 1, 1, 1), ("region", 53, 53, 53)]
    country, provinces = real.rows(
        "SELECT sum(area_km2) FROM geo.area WHERE level IN ('country', 'province')"
        " AND upper_inf(valid) GROUP BY level"
    )
    assert country[0] == pytest.approx(provinces[0], rel=1e-6)


def test_areas_have_the_codes_that_follow_from_dopas(real):
    counts = real.rows(
        "SELECT c.system, a.level, count(*) FROM geo.area_code c JOIN geo.area a"
        " ON a.id = c.area_id WHERE c.system IN ('pcode', 'iso3166_2') AND upper_inf(a.valid)"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert counts == [
        ("iso3166_2", "province", 77), ("pcode", "country", 1), ("pcode", "district", 928),
        ("pcode", "province", 77), ("pcode", "subdistrict", 7436),
    ]  # fmt: skip


def test_the_official_number_of_organisations_of_each_kind(real):
    counts = real.rows("SELECT kind, count(*) FROM geo.org GROUP BY 1 ORDER BY 2 DESC, 1")
    assert counts == [
        ("SAO", 5300), ("subdistrict_municipality", 2249), ("town", 193), ("PAO", 76),
        ("city", 30), ("BMA", 1), ("Pattaya", 1),
    ]  # fmt: skip
    assert real.one("SELECT count(*) FROM geo.org WHERE geom IS NULL") == 0


def test_shares_follow_the_people_and_sizes_that_are_known(real):
    assert real.one(
        "SELECT max(abs(s - 1)) FROM (SELECT sum(share_pop) s FROM geo.org_coverage"
        " GROUP BY area_id) t"
    ) == pytest.approx(0, abs=1e-9)
    size = real.one(
        "SELECT ST_Area(geom::public.geography) / 1e6 FROM geo.org WHERE kind = 'Pattaya'"
    )
    assert size == pytest.approx(53.44, rel=0.15)
    lived_in = real.one(
        "SELECT sum(c.share_pop * o.value) FROM geo.org_coverage c JOIN geo.org g"
        " ON g.id = c.org_id JOIN geo.observation o ON o.area_id = c.area_id"
        " WHERE g.kind = 'Pattaya' AND o.indicator_key = 'pop_total'"
        " AND o.period_key = '2021' AND o.breakdown = '{}'"
    )
    # The register of 2564 counts 116,451 people in the city itself.
    assert lived_in == pytest.approx(116_451, rel=0.15)


@pytest.mark.parametrize("level", ["subdistrict", "district", "province"])
@pytest.mark.parametrize("recipe", ["dopa-population-2021", "dopa-population-xml"])
def test_the_population_of_2564(real, recipe, level):
    figures = real.reports[recipe].figures
    if recipe == "dopa-population-2021" and level != "subdistrict":
        return
    assert figures[f"pop_total 2021 ({level})"] == 66_171_439


NATIONAL = """
    SELECT v.value FROM geo.place_value v JOIN geo.area a ON a.id = v.place_id
    WHERE v.level = 'country' AND a.code = 'TH' AND v.indicator_key = :key
        AND v.period_key = :period
"""


@pytest.mark.parametrize(
    ("key", "period", "published"),
    [
        ("pop_total", "2021", 66_171_439),
        ("waste_gen_tpd", "2017", 27.37e6 / 365),
        ("waste_gen_tpd", "2021", 24.98e6 / 365),
        ("waste_gen_tpd", "2024", 27.20e6 / 365),
        ("osm_clinic_n", "2022", 1174),
    ],
)
def test_national_values_are_the_published_ones(real, key, period, published):
    assert real.one(NATIONAL, key=key, period=period) == pytest.approx(published, rel=2e-3)


def test_provincial_values_add_up_to_the_nation(real):
    provinces, total = real.rows(
        "SELECT count(value), sum(value) FROM geo.place_value WHERE level = 'province'"
        " AND indicator_key = 'pop_total' AND period_key = '2021'"
    )[0]
    assert (provinces, total) == (77, 66_171_439)


def test_the_aged_of_2564(real):
    figures = real.reports["researcher-age-groups"].figures
    assert figures["pop_60p 2021-06 (province)" if "pop_60p 2021-06 (province)" in figures
                   else "pop_60p 2021 (province)"] == 12_014_135  # fmt: skip
    parts = [figures[key] for key in figures if key.startswith(("pop_0_19 ", "pop_20_59 "))]
    assert sum(parts) + 12_014_135 == 66_181_932


def test_waste_of_every_year(real):
    report = real.reports["pcd-waste"]
    assert report.rows_read == 1001
    assert report.figures["waste_gen_tpd 2017 (province), Mt/year"] == pytest.approx(
        27.37, abs=0.01
    )
    assert report.figures["waste_gen_tpd 2021 (province), Mt/year"] == pytest.approx(
        24.98, abs=0.01
    )


# The messy cases, by their number in the list beside the data


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


# Again, and back


def test_a_second_load_of_every_file_changes_nothing(undone, shared_data):
    outcomes = {
        (report.recipe, report.file_name): (report.outcome, report.changed)
        for report in batch.load(undone, shared_data)
    }
    assert set(outcomes.values()) == {("already-loaded", 0)}


def _state(engine: Engine, *tables: str) -> list[str]:
    with engine.connect() as connection:
        return [
            connection.execute(text(EVERYTHING.replace("TABLE", table))).scalar()
            for table in tables
        ]


def test_waste_is_undone_after_the_remarks_on_it_and_loads_again(undone, shared_data):
    with pytest.raises(Conflict, match="pcd-mismatch-log"):
        pipeline.rollback(undone, "pcd-waste")
    before = _state(undone, "area", "org", "org_coverage", "area_code")
    assert pipeline.rollback(undone, "pcd-mismatch-log").updated == 23
    assert pipeline.rollback(undone, "pcd-waste").deleted == 5005
    with undone.connect() as connection:
        assert not connection.execute(
            text("SELECT count(*) FROM geo.observation WHERE dataset_id = 'pcd-waste'")
        ).scalar()
    assert _state(undone, "area", "org", "org_coverage", "area_code") == before
    file = shared_data / "pcd_msw" / "msw_province_year.csv"
    assert pipeline.ingest(undone, file, recipe="pcd-waste", refresh=False).outcome == "loaded"


def test_organisations_are_undone_when_nothing_needs_them_any_more(undone):
    before = _state(undone, "area", "area_code")
    for reason in ("dola-2560", "observation"):
        with pytest.raises(Conflict, match=reason):
            pipeline.rollback(undone, "lao-list")
        if reason == "dola-2560":
            pipeline.rollback(undone, "dola-2560")
    for dataset in ("lao-population", "dopa-municipal-population"):
        pipeline.rollback(undone, dataset)
    assert pipeline.rollback(undone, "lao-list").deleted >= 7850
    with undone.connect() as connection:
        left = [
            connection.execute(text(COUNT.replace("TABLE", table))).scalar()
            for table in ("org", "org_code", "org_coverage")
        ]
    assert left == [0, 0, 0]
    assert _state(undone, "area", "area_code") == before


# Full detail


@pytest.fixture(scope="module")
def full_detail(databases, shared_data) -> Iterator[dict[str, Report]]:
    engine = make_engine(databases.create("full_detail", template="empty"))
    folder: Path = shared_data / "thai_geolocate_cod_ab"
    yield {
        name: pipeline.ingest(engine, folder / name, recipe=recipe, refresh=False)
        for name, (recipe, _, _) in FULL_DETAIL.items()
    }
    engine.dispose()


@pytest.mark.parametrize("name", FULL_DETAIL)
def test_the_untidy_boundaries_are_repaired_and_lose_no_ground(full_detail, name):
    recipe, shapes, invalid = FULL_DETAIL[name]
    report = full_detail[name]
    assert report.outcome == "loaded"
    assert report.figures["shapes"] == shapes
    counts = report.by_reason()
    assert counts["repaired", "invalid-shape"] == invalid
    assert counts["repaired", "cleaned-coverage"] == 1
    assert report.figures["area_km2"] == pytest.approx(515_405, abs=20)
    assert read_recipe(recipe).dataset.id == report.dataset_id
