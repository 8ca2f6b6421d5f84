"""The shipped catalogue reaches the database whole, once, and speaks both languages."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select, text

from boundaries.models import Area, AreaCode, RegionMember, RegionScheme
from geo_service.core.settings import ROOT
from ingest import catalogue
from layers import indicators, versions
from layers.analysis import ramps
from layers.models import Indicator, SeriesBreak, SiteType

REFERENCE = ROOT.parent / "shared" / "domain" / "indicators.csv"


@pytest.fixture
def filled(session):
    catalogue.sync(session)
    return session


def test_there_are_sixty_two_indicators_numbered_without_a_gap(filled):
    listed = indicators.list_all(filled)
    assert [one.number for one in listed] == list(range(1, 63))
    assert not any(one.is_component for one in listed)
    assert len(indicators.list_all(filled, components=True)) > 62


def test_everything_is_said_in_both_languages(filled):
    for one in indicators.list_all(filled, components=True):
        for said in (one.name, one.unit, one.definition, one.source):
            assert re.search("[ก-๙]", said.th), (one.key, said)
            assert said.en, one.key
            assert not re.search("[ก-๙]", said.en), (one.key, said)


def test_every_part_that_is_named_exists_and_ratios_have_both(filled):
    listed = indicators.list_all(filled, components=True)
    known = {one.key for one in listed}
    for one in listed:
        assert set(one.parts) <= known, one.key
        if one.space_agg == "RATIO":
            assert one.numerator_keys, one.key
            assert one.denominator_key, one.key
        if one.space_agg == "WMEAN":
            assert one.weight_key, one.key


def test_nothing_derived_from_health_data_is_finer_than_health_data(filled):
    known = {one.key: one for one in indicators.list_all(filled, components=True)}
    for one in known.values():
        if one.privacy == "P3":
            assert one.finest_level == "district", one.key
        if any(known[part].privacy == "P3" for part in one.parts):
            assert one.finest_level == "district", one.key


def test_every_ramp_is_one_we_have(filled):
    for one in indicators.list_all(filled, components=True):
        assert one.ramp in ramps.SEQUENTIAL, one.key


def test_limits_rise_and_name_their_authority(filled):
    for one in indicators.list_all(filled):
        values = [limit.value for limit in one.thresholds]
        assert values == sorted(values)
        assert all(limit.authority and limit.label.th for limit in one.thresholds)


def test_the_catalogue_agrees_with_the_reference_table(filled):
    if not REFERENCE.is_file():
        pytest.skip("../shared/domain is not here: the reference table is kept beside the project")
    import csv  # noqa: PLC0415

    with REFERENCE.open(encoding="utf-8-sig") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    ours = {one.key: one for one in indicators.list_all(filled)}
    assert set(ours) == set(rows)
    signs = {"+": 1, "-": -1, "0": 0}
    for key, row in rows.items():
        assert ours[key].privacy == row["privacy"][:2], key
        assert ours[key].direction == signs[row["direction"].strip()], key
        assert ours[key].space_agg == re.match("[A-Z]+", row["space_agg"])[0], key


@pytest.mark.parametrize(
    ("scheme", "regions", "provinces"),
    [("ngc6", 6, 77), ("nso4", 4, 77), ("nesdc7", 7, 77),
     ("cluster18_2552", 18, 76), ("cluster18_2560", 18, 76)],
)  # fmt: skip
def test_every_scheme_places_every_province_once(filled, scheme, regions, provinces):
    members = filled.execute(
        select(RegionMember.province_code)
        .join(Area, Area.id == RegionMember.region_id)
        .where(Area.scheme == scheme)
    ).scalars()
    codes = list(members)
    assert len(codes) == len(set(codes)) == provinces
    # Clusters are of provinces under governors: Bangkok is in none.
    assert ("10" in codes) == (provinces == 77)
    count = select(func.count()).select_from(Area).where(Area.scheme == scheme)
    assert filled.scalar(count) == regions


def test_a_second_sync_changes_nothing(filled):
    before = versions.versions_of(filled, ("catalogue", "areas"))
    catalogue.sync(filled)
    assert versions.versions_of(filled, ("catalogue", "areas")) == before


def test_a_changed_row_is_put_right_and_the_version_rises(filled):
    before = versions.version_of(filled, "catalogue")
    filled.execute(text("UPDATE indicator SET name_en = 'Nonsense' WHERE key = 'pop_total'"))
    filled.execute(text("DELETE FROM site_type WHERE code = 'RDF'"))
    catalogue.sync(filled)
    filled.expire_all()
    assert filled.get(Indicator, "pop_total").name_en == "Registered population"
    assert filled.get(SiteType, "RDF") is not None
    assert versions.version_of(filled, "catalogue") == before + 1


def test_what_a_user_added_is_left_alone(filled):
    filled.add(
        Indicator(
            key="my_own", theme="waste", name_th="ของฉัน", name_en="Mine", unit_th="x",
            unit_en="x", space_agg="SUM", time_agg="LAST",
        )
    )  # fmt: skip
    filled.add(RegionScheme(id="mine", name_th="ของฉัน", name_en="Mine"))
    filled.flush()
    catalogue.sync(filled)
    assert indicators.read(filled, "my_own").name.en == "Mine"


def test_areas_get_the_codes_that_follow_from_theirs(filled):
    filled.add(Area(level="province", code="50", name_th="เชียงใหม่", name_en="Chiang Mai"))
    filled.flush()
    catalogue.sync(filled)
    codes = filled.execute(
        select(AreaCode.system, AreaCode.code)
        .join(Area, Area.id == AreaCode.area_id)
        .where(Area.code == "50")
    )
    assert set(codes.all()) == {("iso3166_2", "TH-50"), ("pcode", "TH50")}


def test_series_breaks_and_site_types_are_there(filled):
    road = filled.scalars(
        select(SeriesBreak.effective).where(SeriesBreak.indicator_key == "road_local_km")
    ).one()
    assert road.isoformat() == "2019-01-01"
    classes = dict(
        filled.execute(
            select(SiteType.site_class, func.count()).group_by(SiteType.site_class)
        ).all()
    )
    assert classes == {"proper": 7, "improper": 5, "transfer": 1}


def test_every_key_is_in_the_document(filled):
    document = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    for one in indicators.list_all(filled, components=True):
        assert f"`{one.key}`" in document, one.key
        assert one.name.th in document, one.key
