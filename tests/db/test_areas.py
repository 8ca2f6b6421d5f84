"""Loading areas: the register, nesting, the past, and the real boundaries."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from boundaries.lookup import Ambiguous, Gazetteer
from boundaries.models import Area, AreaEvent, AreaShape
from ingest import pipeline, shapes

RECIPE = """
[dataset]
id = "areas-{level}{more}"
kind = "boundaries"
title_th = "ทดสอบ"
title_en = "Test"

[areas]
level = "{level}"
code = "code"
name_th = "name"
"""


def square(code, name, corner, size=0.1):
    x, y = corner
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture
def load(fresh_engine, tmp_path):
    def run(level, features, extra="", more=""):
        recipe = tmp_path / f"{level}{more}.toml"
        recipe.write_text(RECIPE.format(level=level, more=more) + extra, encoding="utf-8")
        file = tmp_path / f"{level}{more}.geojson"
        content = {"type": "FeatureCollection", "features": features}
        file.write_text(json.dumps(content), encoding="utf-8")
        return pipeline.ingest(fresh_engine, file, recipe=recipe, refresh=False)

    return run


@pytest.fixture
def opened(fresh_engine):
    with Session(fresh_engine) as session:
        yield session


def of(session, code, level=None):
    statement = select(Area).where(Area.code == code).order_by(func.lower(Area.valid).nulls_first())
    return session.scalars(statement).all()


LOEI = [
    square("420101", "กุดป่อง", (101.0, 17.0)),
    square("420102", "เมือง", (101.1, 17.0)),
    square("420201", "นาด้วง", (101.2, 17.0)),
]


def test_levels_above_are_made_and_dissolved_from_the_finest(load, opened):
    assert load("subdistrict", LOEI).outcome == "loaded"
    province, district = of(opened, "42")[0], of(opened, "4201")[0]
    assert province.name_th == "เลย"  # from the register of codes
    assert district.parent_id == province.id
    parts = [of(opened, code)[0].area_km2 for code in ("420101", "420102")]
    assert district.area_km2 == pytest.approx(sum(parts), rel=1e-9)
    inside = text(
        "SELECT ST_Covers((SELECT geom FROM geo.area WHERE code = '4201'),"
        " (SELECT geom FROM geo.area WHERE code = '420102'))"
    )
    assert opened.scalar(inside)


def test_the_area_is_that_of_the_ellipsoid(load, opened):
    load("subdistrict", LOEI)
    measured = opened.scalar(
        text("SELECT ST_Area(geom::geography) / 1e6 FROM geo.area WHERE code = '420101'")
    )
    assert of(opened, "420101")[0].area_km2 == pytest.approx(measured, rel=1e-6)


def test_the_finer_level_owns_the_borders(load, opened):
    load("subdistrict", LOEI)
    before = of(opened, "42")[0].area_km2
    report = load("province", [square("42", "เลย", (101.0, 17.0), size=1.0)])
    assert "finer-shapes-stand" in {one.reason for one in report.rejected}
    opened.expire_all()
    assert of(opened, "42")[0].area_km2 == before


def test_an_invalid_shape_and_an_overlap_are_repaired_and_told(load):
    bow_tie = square("420103", "โบว์", (101.5, 17.0))
    ring = bow_tie["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    report = load("subdistrict", [*LOEI, bow_tie, square("420104", "ซ้อน", (101.05, 17.0))])
    assert {"invalid-shape", "cleaned-coverage"} <= {one.reason for one in report.rejected}


def test_a_repeated_code_and_a_wrong_one_are_refused(load):
    report = load("subdistrict", [*LOEI, LOEI[0], square("42", "จังหวัด", (102.0, 17.0))])
    refused = {(one.row, one.reason) for one in report.rejected if one.severity == "refused"}
    assert refused == {(4, "conflicting-rows"), (5, "no-place")}
    assert report.exit_code == 3


def test_a_second_load_changes_nothing_and_undoing_the_first_leaves_nothing(
    load, opened, fresh_engine
):
    load("subdistrict", LOEI)
    assert load("subdistrict", LOEI).outcome == "already-loaded"
    pipeline.rollback(fresh_engine, "areas-subdistrict")
    assert opened.scalar(select(func.count()).where(Area.level != "country")) == 0


def test_the_past_is_kept_beside_the_present(load, opened):
    load("province", [square("42", "เลย", (101.0, 17.0)), square("43", "ใหม่", (101.1, 17.0))])
    old = square("42", "เลย", (101.0, 17.0))
    old["geometry"]["coordinates"][0] = [
        [101.0, 17.0], [101.2, 17.0], [101.2, 17.1], [101.0, 17.1], [101.0, 17.0],
    ]  # fmt: skip
    report = load("province", [old], extra="valid_to = 2011-03-23\n", more="-past")
    assert report.outcome == "loaded"
    then, now = of(opened, "42")
    assert then.valid.upper == now.valid.lower == date(2011, 3, 23)
    assert then.area_km2 == pytest.approx(2 * now.area_km2, rel=1e-3)
    assert of(opened, "43")[0].valid.lower == date(2011, 3, 23)


@pytest.fixture(scope="module")
def real(databases, shared_data):
    """The real boundaries, loaded once."""
    from geo_service.core.db import make_engine  # noqa: PLC0415

    engine = make_engine(databases.create("real_areas", template="empty"))
    folder = shared_data / "mapthai_cod_ab"
    levels = {"th_adm1": "provinces", "th_adm2": "districts", "th_adm3": "subdistricts"}
    reports = {
        level: pipeline.ingest(
            engine, folder / f"{file}.geojson", recipe=f"cod-ab-{level}", refresh=False
        )
        for file, level in levels.items()
    }
    yield engine, reports
    engine.dispose()


@pytest.mark.shared
def test_the_real_boundaries_have_their_published_numbers(real):
    _, reports = real
    counts = [reports[level].figures["shapes"] for level in reports]
    assert counts == [77, 928, 7425]
    assert all(report.rows("refused") == 0 for report in reports.values())


@pytest.mark.shared
def test_the_country_has_the_published_area_in_utm_and_less_on_the_ellipsoid(real):
    engine, _ = real
    with Session(engine) as session:
        # 515,608 km2 is what the same shapes measure in UTM zone 47, which stretches the east.
        utm, ellipsoid = session.execute(
            text(
                "SELECT sum(ST_Area(ST_Transform(geom, 32647))) / 1e6,"
                " sum(ST_Area(geom::geography)) / 1e6 FROM geo.area WHERE level = 'province'"
            )
        ).one()
        stored = session.scalar(select(func.sum(Area.area_km2)).where(Area.level == "subdistrict"))
    assert round(utm) == 515_608
    assert stored == pytest.approx(ellipsoid, rel=1e-6)


@pytest.mark.shared
def test_fourteen_places_have_no_shape_and_three_codes_are_closed(real):
    engine, reports = real
    figures = reports["subdistricts"].figures
    assert figures["subdistrict_in_force"] == 7436
    assert figures["subdistrict_without_shape"] == 14
    with Session(engine) as session:
        closed = session.scalars(
            select(Area.code).where(Area.level == "subdistrict", ~func.upper_inf(Area.valid))
        ).all()
        assert sorted(closed) == ["104701", "105001", "530306"]
        gazetteer = Gazetteer.read(session)
        found = gazetteer.area("subdistrict", code="530306")
        assert (found.code, found.flags) == ("530407", ("successor-of-530306",))
        split = gazetteer.area("subdistrict", code="104701")
        assert isinstance(split, Ambiguous)
        assert len(split.candidates) == 2
        events = session.scalar(select(func.count(func.distinct(AreaEvent.from_code))))
        assert events == 1583


@pytest.mark.shared
def test_names_cut_at_sixteen_characters_are_completed(real):
    engine, reports = real
    cut = [one for one in reports["subdistricts"].rejected if one.reason == "cut-name"]
    assert {one.said[:6] for one in cut} == {
        "610612", "640905", "650905", "801210", "801214", "342504", "620112",
    }  # fmt: skip
    with Session(engine) as session:
        assert of(session, "801210")[0].name_th == "ปากพนังฝั่งตะวันตก"
        assert of(session, "801214")[0].name_th == "ปากพนังฝั่งตะวันออก"


@pytest.mark.shared
def test_prepared_shapes_of_the_real_areas_stay_valid_at_every_band(real):
    engine, _ = real
    with Session(engine) as session:
        shapes.rebuild(session)
        found = session.execute(
            select(
                AreaShape.band, func.count(), func.bool_and(func.ST_IsValid(AreaShape.geom))
            ).group_by(AreaShape.band)
        ).all()
        assert len(found) == 5
        assert all(valid for _, _, valid in found)
        session.rollback()
