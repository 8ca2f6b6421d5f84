"""Loading organisations and facilities: points, shares, the ground they cover, the real list."""

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from boundaries.models import Org, OrgCoverage
from geo_service.core.db import make_engine
from ingest import pipeline
from layers.models import Feature

RECIPE = """
[dataset]
id = "orgs"
kind = "organisations"
title_th = "ทดสอบ"
title_en = "Test"

[orgs]
code = "code"
kind = "kind"
name_th = "name"
province = "province"
lat = "lat"
lon = "lon"
area_km2 = "area"
population = "pop"
covers = "covers"
"""
HEAD = "code,kind,name,province,lat,lon,area,pop,covers"


@pytest.fixture
def load(country_engine, tmp_path):
    def run(*rows):
        recipe, file = tmp_path / "orgs.toml", tmp_path / "orgs.csv"
        recipe.write_text(RECIPE, encoding="utf-8")
        file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
        return pipeline.ingest(country_engine, file, recipe=recipe, refresh=False)

    return run


@pytest.fixture
def opened(country_engine):
    with Session(country_engine) as session:
        yield session


def one(session, code):
    return session.scalars(select(Org).where(Org.code == code)).one()


def shares_of(session, code):
    return session.scalars(
        select(OrgCoverage).join(Org, Org.id == OrgCoverage.org_id).where(Org.code == code)
    ).all()


SHARED = (
    "7500001,ทต.,กลาง,50,14.05,100.12,20,2000,500102:p",
    "7500002,อบต.,รอบนอก,50,14.08,100.18,,6000,500102:p;500103:c",
)


def test_a_shared_sub_district_is_divided_by_the_stated_size(load, opened):
    opened.execute(delete(OrgCoverage))  # nobody else is there
    opened.commit()
    assert load(*SHARED).outcome == "loaded"
    whole = opened.scalar(text("SELECT area_km2 FROM geo.area WHERE code = '500102'"))
    town = one(opened, "7500001")
    share = shares_of(opened, "7500001")[0]
    assert share.share_area == pytest.approx(20 / whole, rel=1e-3)
    assert (share.extent, share.share_method) == ("part", "estimated")
    assert town.geom_source == "approximate"
    drawn = opened.scalar(
        text("SELECT ST_Area(geom::geography) / 1e6 FROM geo.org WHERE code = '7500001'")
    )
    assert drawn == pytest.approx(20, rel=0.01)


def test_shares_of_a_sub_district_add_up_and_shapes_do_not_overlap(load, opened):
    load(*SHARED)
    shares = [share for code in ("7500001", "7500002") for share in shares_of(opened, code)]
    parts = [share for share in shares if share.extent == "part"]
    assert sum(share.share_area for share in parts) == pytest.approx(1)
    assert sum(share.share_pop for share in parts) == pytest.approx(1)
    overlap = text(
        "SELECT ST_Area(ST_Intersection(a.geom, b.geom)::geography) FROM geo.org a, geo.org b"
        " WHERE a.code = '7500001' AND b.code = '7500002'"
    )
    assert opened.scalar(overlap) < 1  # square metre


def test_a_provincial_organisation_has_its_province(load, opened):
    load("7500009,อบจ.,แสนสุข,50,,,,,")
    pao = one(opened, "7500009")
    assert (pao.tier, pao.geom_source, pao.district_id) == ("upper", "province", None)
    same = text(
        "SELECT ST_Equals(o.geom, a.geom) FROM geo.org o JOIN geo.area a ON a.id = o.province_id"
        " WHERE o.code = '7500009'"
    )
    assert opened.scalar(same)


@pytest.mark.parametrize(
    ("point", "said"),
    [("100.1,100.1", "copied"), ("100.1,14.05", "swapped"), ("51,0", "not in Thailand")],
)
def test_an_impossible_point_is_left_out_and_told(load, opened, point, said):
    report = load(f"7500001,อบต.,กลาง,50,{point},,,500101:c")
    assert report.outcome == "loaded"
    (told,) = report.rejected
    assert (told.reason, told.severity, told.row) == ("point-impossible", "flagged", 2)
    assert said in told.hint.en
    assert one(opened, "7500001").point is None


def test_a_point_in_another_province_is_kept_and_flagged(load, opened):
    report = load("7500001,อบต.,กลาง,50,14.05,100.45,,,500101:c")
    assert [told.reason for told in report.rejected] == ["point-elsewhere"]
    row = one(opened, "7500001")
    assert row.point is not None
    assert row.flags == ["point-in-another-province"]


def test_an_impossible_size_is_left_out_and_told(load, opened):
    report = load("7500001,ทม.,กลาง,50,14.05,100.05,0.57,39859,500101:c")
    assert [told.reason for told in report.rejected] == ["implausible-area"]
    assert one(opened, "7500001").area_km2 > 100


def test_a_repeated_code_an_unknown_kind_and_province_are_refused(load):
    report = load(
        "7500001,อบต.,กลาง,50,,,,,500101:c",
        "7500001,อบต.,ซ้ำ,51,,,,,",
        "7500002,สภา,อื่น,50,,,,,",
        "7500003,อบต.,ไกล,99,,,,,",
    )
    refused = {(told.row, told.reason) for told in report.rejected if told.severity == "refused"}
    assert refused == {(3, "repeated-organisation"), (4, "unknown-kind"), (5, "unknown-place")}


def test_a_second_load_changes_nothing_and_undoing_puts_all_back(load, opened, country_engine):
    before = opened.scalar(select(func.count()).select_from(Org))
    load(*SHARED)
    assert load(*SHARED).outcome == "already-loaded"
    pipeline.rollback(country_engine, "orgs")
    opened.expire_all()
    assert opened.scalar(select(func.count()).select_from(Org)) == before
    assert opened.scalar(select(func.count()).select_from(OrgCoverage)) == 11


FEATURES = """
[dataset]
id = "wells"
kind = "features"
title_th = "ทดสอบ"
title_en = "Test"

[features]
code = "code"
name_th = "name"
lat = "lat"
lon = "lon"
place = "tambon"

[[features.layers]]
id = "wells"
title_th = "บ่อ"
title_en = "Wells"
theme = "infrastructure"

[features.properties.depth_m]
type = "number"
title_th = "ความลึก"
title_en = "Depth"
unit_th = "ม."
unit_en = "m"
"""


@pytest.fixture
def load_wells(country_engine, tmp_path):
    def run(*rows):
        recipe, file = tmp_path / "wells.toml", tmp_path / "wells.csv"
        recipe.write_text(FEATURES, encoding="utf-8")
        file.write_text("\n".join(["code,name,lat,lon,tambon,depth_m", *rows]), encoding="utf-8")
        return pipeline.ingest(country_engine, file, recipe=recipe, refresh=False)

    return run


def test_facilities_are_typed_located_and_replaced_as_a_whole(load_wells, opened):
    report = load_wells(
        "w1,หนึ่ง,14.05,100.05,500101,12.5", "w2,สอง,14.05,100.15,,x", "w3,สาม,14.15,100.45,500101,"
    )
    told = {(one.row, one.reason) for one in report.rejected}
    assert told == {(3, "not-a-number"), (4, "point-elsewhere")}
    wells = {
        row.code: row for row in opened.scalars(select(Feature).where(Feature.layer_id == "wells"))
    }
    assert wells["w1"].properties == {"depth_m": 12.5}
    located = opened.scalar(text("SELECT id FROM geo.area WHERE code = '500102'"))
    assert wells["w2"].area_id == located
    report = load_wells("w1,หนึ่ง,14.05,100.05,500101,12.5")
    assert (report.deleted, report.unchanged) == (2, 1)


@pytest.fixture(scope="module")
def real(databases, shared_data):
    """The real organisations on the real boundaries, loaded once."""
    engine = make_engine(databases.create("real_orgs", template="empty"))
    files = {
        "mapthai_cod_ab/th_adm1.geojson": "cod-ab-provinces",
        "mapthai_cod_ab/th_adm2.geojson": "cod-ab-districts",
        "mapthai_cod_ab/th_adm3.geojson": "cod-ab-subdistricts",
        "ahoerstemeier_tambon/lao_list_2022.csv": "lao-list",
        "ahoerstemeier_tambon/raw/DOLA2560-03.xml": "dola-2560",
    }
    reports = {
        recipe: pipeline.ingest(engine, shared_data / file, recipe=recipe, refresh=False)
        for file, recipe in files.items()
    }
    yield engine, reports
    engine.dispose()


@pytest.mark.shared
def test_the_real_list_has_the_official_number_of_each_kind(real):
    _, reports = real
    figures = reports["lao-list"].figures
    kinds = {
        "PAO": 76, "city": 30, "town": 193, "subdistrict_municipality": 2249, "SAO": 5300,
        "BMA": 1, "Pattaya": 1,
    }  # fmt: skip
    assert {kind: figures[kind] for kind in kinds} == kinds
    assert sum(kinds.values()) == reports["lao-list"].rows_read == 7850


@pytest.mark.shared
def test_the_known_oddities_of_the_real_list_are_told_by_row(real):
    _, reports = real
    rows = {}
    for told in reports["lao-list"].rejected:
        rows.setdefault(told.reason, set()).add(told.row)
    assert rows == {
        "point-impossible": {1642, 3103},
        "point-elsewhere": {291, 326, 731, 2728, 3004, 3252, 3466, 4563, 6934},
        "implausible-area": {7353},
    }


@pytest.mark.shared
def test_the_older_list_tells_repeats_changes_and_what_is_gone(real):
    _, reports = real
    reasons = [told.reason for told in reports["dola-2560"].rejected]
    assert reasons.count("repeated-organisation") == 20
    assert reasons.count("kind-changed") == 37
    gone = {t.said for t in reports["dola-2560"].rejected if t.reason == "obsolete-organisation"}
    assert gone == {"6380108", "5380106", "6520710"}


@pytest.mark.shared
def test_real_shares_add_up_in_every_sub_district(real):
    engine, _ = real
    with Session(engine) as session:
        sums = session.execute(
            select(func.sum(OrgCoverage.share_area), func.sum(OrgCoverage.share_pop)).group_by(
                OrgCoverage.area_id
            )
        ).all()
        without = session.scalars(select(Org.code).where(Org.geom.is_(None))).all()
    assert all(area == pytest.approx(1) and people == pytest.approx(1) for area, people in sums)
    # Not even the one whose only sub-district is drawn under its abolished code alone.
    assert without == []


YEARLY = """
    SELECT v.indicator_key, v.level, v.period_key, v.place_id, v.value
    FROM geo.place_value AS v
    WHERE v.level IN ('country', 'region', 'province', 'district') AND v.value IS NOT NULL
"""
ITS_WASTE = """
    SELECT o.code, o.name_th, v.period_key, v.value
    FROM geo.place_value AS v JOIN geo.org AS o ON o.id = v.place_id AND v.level = 'org'
    WHERE v.indicator_key = 'waste_gen_tpd' AND o.code LIKE '%500103' AND v.value IS NOT NULL
"""


def test_a_list_with_an_organisation_under_a_new_code_leaves_all_totals_of_the_years(
    load, opened, country_engine
):
    from ingest import refresh  # noqa: PLC0415

    def prepared(sql):
        refresh.refresh(opened, resolutions="5-6")
        opened.commit()
        return {tuple(row) for row in opened.execute(text(sql))}

    before = prepared(YEARLY)
    assert {row[2] for row in before} >= {"2023", "2024"}
    # the SAO of Tha Chang has become a municipality: a new code, a new kind, a new name
    report = load("5500103,ทต.,ท่าช้าง,50,14.08,100.25,,3000,500103:c")
    assert (report.outcome, report.inserted) == ("loaded", 1)
    waste = {row for row in prepared(YEARLY) if row[0] == "waste_gen_tpd"}
    assert waste == {row for row in before if row[0] == "waste_gen_tpd"}
    assert {row for row in prepared(YEARLY) if row[0] == "pop_total"} == {
        row for row in before if row[0] == "pop_total"
    }
    # what it reported under its old code and name stays with them
    assert {row[:3] for row in prepared(ITS_WASTE)} == {("6500103", "อบต.ท่าช้าง", "2024")}
    assert one(opened, "5500103").kind == "subdistrict_municipality"
    assert one(opened, "6500103").kind == "SAO"
