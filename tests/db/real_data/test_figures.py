"""Figures that are known of the real data: counts, areas, people, waste, national values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_service.core.db import make_engine
from ingest import batch, pipeline
from ingest.recipe import read_recipe
from ingest.report import Report

pytestmark = pytest.mark.shared


FULL_DETAIL = {
    "level2_province.json": ("cod-ab-full-provinces", 77, 1),
    "level2_amphoe.geojson.gz": ("cod-ab-full-districts", 928, 2),
    "level2_tambon.geojson.gz": ("cod-ab-full-subdistricts", 7425, 3),
}


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
