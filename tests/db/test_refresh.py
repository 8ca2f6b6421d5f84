"""Refreshing what is derived: only what a change needs, and all that it needs."""

from __future__ import annotations

import pytest
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, box
from sqlalchemy import delete, func, select, update

from boundaries.models import Area, AreaShape
from geo_service.core.errors import BadParameter
from geo_service.core.models import DataVersion
from ingest.refresh import Changed, parse_resolutions, refresh
from layers import hexsubjects, versions
from layers.models import CellShare, Hexbin, HexCell, Indicator, Observation, PlaceValue
from tests.builders import SUBDISTRICTS, add_version


def rows_of(session, table):
    return session.scalar(select(func.count()).select_from(table))


def shares_of(session, area_id):
    return set(session.scalars(select(CellShare.cell).where(CellShare.area_id == area_id)))


def test_a_second_refresh_finds_nothing_to_do(session, small_country):
    before = versions.versions_of(session, ["areas", "indicator:pop_total", "built:cell_share"])
    assert refresh(session, resolutions="5-7") == []
    assert versions.versions_of(session, list(before)) == before


def test_everything_is_prepared_by_a_refresh(session, small_country):
    shaped = sum(corner is not None for _, _, corner in SUBDISTRICTS.values())
    at_seven = select(func.count(CellShare.area_id.distinct())).where(CellShare.resolution == 7)
    assert session.scalar(at_seven) == shaped
    assert rows_of(session, HexCell) > 0
    assert rows_of(session, AreaShape) > 0
    assert rows_of(session, Hexbin) > 0


def test_only_an_area_with_a_new_shape_is_shared_out_again(session, small_country):
    moved, other = small_country.areas["510202"], small_country.areas["500101"]
    before, untouched = shares_of(session, moved), shares_of(session, other)
    version_id = add_version(session, "test-new-shape", kind="boundaries")
    session.execute(
        update(Area)
        .where(Area.id == moved)
        .values(
            geom=from_shape(MultiPolygon([box(100.4, 14.1, 100.6, 14.2)]), srid=4326),
            shape_version_id=version_id,
        )
    )
    versions.bump(session, ["areas"])
    done = refresh(session, resolutions="5-7")
    assert any("cell shares: 1 areas" in line for line in done)
    assert shares_of(session, moved) > before
    assert shares_of(session, other) == untouched


def test_an_area_that_loses_its_shape_loses_its_shares(session, small_country):
    area_id = small_country.areas["510202"]
    session.execute(update(Area).where(Area.id == area_id).values(geom=None, shape_version_id=None))
    versions.bump(session, ["areas"])
    refresh(session, resolutions="5-7")
    assert shares_of(session, area_id) == set()


def test_a_district_without_parts_stands_for_them(session, small_country):
    district = small_country.areas["5002"]
    for code in ("500201", "500202"):
        session.execute(
            update(Area)
            .where(Area.id == small_country.areas[code])
            .values(geom=None, shape_version_id=None)
        )
    versions.bump(session, ["areas"])
    refresh(session, resolutions="5-7")
    assert shares_of(session, district)
    total = session.scalar(
        select(func.sum(Hexbin.value)).where(
            Hexbin.indicator_key == "pop_total", Hexbin.resolution == 6
        )
    )
    assert total == pytest.approx(41_500, rel=1e-12)


def test_only_the_changed_indicator_gets_new_hexagons(session, small_country):
    made = select(Hexbin.indicator_key, func.max(Hexbin.version)).group_by(Hexbin.indicator_key)
    before = {row[0]: row[1] for row in session.execute(made)}
    observed = select(Observation.id).where(
        Observation.indicator_key == "waste_gen_tpd", Observation.value == 18.0
    )
    load = add_version(session, "test-correction", kind="indicators")
    corrected = update(Observation).where(Observation.id.in_(observed))
    session.execute(corrected.values(value=20.0, version_id=load))
    done = refresh(session, resolutions="5-7")
    assert any(line.startswith("hexagons: 2 indicators") for line in done), done
    after = {row[0]: row[1] for row in session.execute(made)}
    assert {key for key in after if after[key] != before[key]} == {
        "waste_gen_tpd", "waste_gen_rate",
    }  # fmt: skip


def test_other_resolutions_replace_those_kept(session, small_country):
    refresh(session, resolutions="4-6")
    kept = set(session.scalars(select(CellShare.resolution).distinct()))
    assert kept == {4, 5, 6}
    assert set(session.scalars(select(HexCell.resolution).distinct())) == kept
    assert set(session.scalars(select(Hexbin.resolution).distinct())) == kept


def test_an_indicator_that_is_gone_leaves_no_hexagons(session, small_country):
    session.execute(delete(Observation).where(Observation.indicator_key == "pop_60p"))
    session.execute(delete(PlaceValue).where(PlaceValue.indicator_key == "pop_60p"))
    session.execute(update(Indicator).where(Indicator.key == "pop_60p").values(space_agg="NONE"))
    session.expire_all()
    refresh(session, resolutions="5-7")
    assert "pop_60p" not in set(session.scalars(select(Hexbin.indicator_key).distinct()))


def test_all_can_be_rebuilt(session, small_country):
    before = rows_of(session, CellShare)
    done = refresh(session, resolutions="5-7", only_changed=False)
    assert len(done) >= 3
    assert rows_of(session, CellShare) == before


@pytest.mark.parametrize(("text", "kept"), [("5-8", [5, 6, 7, 8]), ("7", [7]), (" 4 - 5 ", [4, 5])])
def test_resolutions_are_a_range_or_a_number(text, kept):
    assert parse_resolutions(text) == kept


@pytest.mark.parametrize("text", ["8-5", "5-15", "", "five", "5,6"])
def test_resolutions_beyond_a_country_are_refused(text):
    with pytest.raises(BadParameter):
        parse_resolutions(text)


def test_a_load_left_for_later_is_derived_with_the_next_one(session, small_country):
    refresh(session, resolutions="5-7")
    for key, old, new in (("pop_total", 12_000.0, 12_345.0), ("waste_gen_tpd", 18.0, 21.0)):
        load = add_version(session, f"later-{key}".replace("_", "-"), kind="indicators")
        corrected = update(Observation).where(
            Observation.indicator_key == key, Observation.value == old
        )
        session.execute(corrected.values(value=new, version_id=load))
    refresh(session, changed=Changed(frozenset({"indicator:waste_gen_tpd"}), load))
    for key, new in (("pop_total", 12_345.0), ("waste_gen_tpd", 21.0)):
        found = select(func.count()).where(PlaceValue.indicator_key == key, PlaceValue.value == new)
        assert session.scalar(found), key


def test_a_refresh_that_is_not_told_keeps_the_resolutions_there_are(session, small_country):
    refresh(session, resolutions="6-7")
    assert refresh(session) == []
    assert hexsubjects.resolutions(session) == [6, 7]


def test_a_database_that_an_older_version_filled_is_rebuilt_whole(session, small_country):
    refresh(session, resolutions="5")
    before = session.scalar(select(func.count()).select_from(PlaceValue))
    session.execute(delete(PlaceValue).where(PlaceValue.indicator_key == "pop_total"))
    assert refresh(session, resolutions="5") == []
    session.execute(update(DataVersion).where(DataVersion.subject == "built:form").values(number=1))
    assert refresh(session, resolutions="5") != []
    assert session.scalar(select(func.count()).select_from(PlaceValue)) == before
    assert refresh(session, resolutions="5") == []
