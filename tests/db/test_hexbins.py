"""Hexagons of the tiny country: totals kept, ratios of sums, what is hidden stays hidden."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest
from sqlalchemy import delete, func, select, text, update

from boundaries.models import Area
from geo_service.core.errors import BadParameter, NoHexbins, NotFound
from geo_service.core.periods import parse_period
from ingest.refresh import refresh
from layers import hexbins, hexsubjects, place_values, versions
from layers.filters import Box, Interval
from layers.models import CellShare, Hexbin, HexCell, Indicator, PlaceValue
from tests.builders import POPULATION_2024, SUBDISTRICTS, WASTE_2023, WASTE_2024

KNOWN_2024 = {code: count for code, count in POPULATION_2024.items() if count is not None}
YEAR_2023 = parse_period("2566")


def total(found):
    return sum(row.numerator or 0 for row in found.rows)


def value_at(session, key, level, code, *, period):
    return session.execute(
        select(PlaceValue.value, PlaceValue.numerator, PlaceValue.denominator)
        .join(Area, Area.id == PlaceValue.place_id)
        .where(
            PlaceValue.indicator_key == key, PlaceValue.level == level, Area.code == code,
            PlaceValue.period_key == period,
        )
    ).one()  # fmt: skip


@pytest.mark.parametrize("resolution", [5, 6, 7])
def test_hexagons_add_up_to_the_country(session, small_country, resolution):
    found = hexbins.read(session, "pop_total", resolution=resolution)
    assert total(found) == pytest.approx(sum(KNOWN_2024.values()), rel=1e-12)


def test_hexagons_add_up_to_each_province_two_ways(session, small_country):
    # One way: the cells of the answer, divided back by the shares of a province's parts. The
    # other: the shares in the database times the sub-districts' own numbers.
    parts = session.execute(
        text(
            "SELECT left(a.code, 2) AS province, sum(c.share * v.value) AS people"
            " FROM geo.cell_share AS c JOIN geo.area AS a ON a.id = c.area_id"
            " JOIN geo.place_value AS v ON v.place_id = a.id AND v.level = 'subdistrict'"
            " WHERE c.resolution = 7 AND v.indicator_key = 'pop_total' AND v.period_key = '2024'"
            " GROUP BY 1"
        )
    )
    by_shares = {row.province: row.people for row in parts}
    for province in ("50", "51"):
        inside = {code for code, (_, _, box) in SUBDISTRICTS.items() if box}
        expected = sum(
            count for code, count in KNOWN_2024.items() if code in inside and code[:2] == province
        )
        assert by_shares[province] == pytest.approx(expected, rel=1e-12)
    # The second province's sub-district without a shape is in the cells of its district.
    session.execute(
        update(PlaceValue)
        .where(PlaceValue.indicator_key == "pop_total", PlaceValue.level == "subdistrict")
        .where(PlaceValue.place_id.in_([small_country.areas[c] for c in KNOWN_2024 if c < "51"]))
        .values(value=0, numerator=0, status="zero")
    )
    versions.bump(session, ["indicator:pop_total"])
    second = hexbins.read(session, "pop_total", resolution=7)
    expected = sum(count for code, count in KNOWN_2024.items() if code[:2] == "51")
    assert total(second) == pytest.approx(expected, rel=1e-12)


def test_a_subdistrict_without_a_shape_is_in_the_cells_of_its_district(session, small_country):
    session.execute(
        update(PlaceValue)
        .where(PlaceValue.indicator_key == "pop_total")
        .where(PlaceValue.place_id != small_country.areas["510203"])
        .values(value=None, numerator=None, status="not_reported")
    )
    versions.bump(session, ["indicator:pop_total"])
    found = hexbins.read(session, "pop_total", resolution=7)
    district = {small_country.areas["510201"], small_country.areas["510202"]}
    cells = set(
        session.scalars(
            select(CellShare.cell).where(CellShare.resolution == 7, CellShare.area_id.in_(district))
        )
    )
    assert {row.cell for row in found.rows if row.reporting} == cells
    assert total(found) == pytest.approx(POPULATION_2024["510203"])


def test_values_of_a_province_are_divided_by_its_people(session, small_country):
    found = hexbins.read(session, "waste_gen_tpd", YEAR_2023, resolution=7)
    assert found.period.key == "2023"
    assert total(found) == pytest.approx(sum(WASTE_2023.values()), rel=1e-12)
    # 500101 has 11,900 of the province's 26,500 people of 2023, and 24 t a day are divided.
    inside = session.execute(
        select(CellShare.cell, CellShare.share).where(
            CellShare.resolution == 7, CellShare.area_id == small_country.areas["500101"]
        )
    ).all()
    whole = [cell for cell, share in inside if share > 0]
    alone = {
        cell for cell in whole
        if session.scalar(
            select(func.count()).where(CellShare.resolution == 7, CellShare.cell == cell)
        ) == 1
    }  # fmt: skip
    shares = dict(inside)
    rows = {row.cell: row for row in found.rows}
    assert alone
    for cell in alone:
        expected = 24.0 * 11_900 / 26_500 * shares[cell]
        assert rows[cell].value == pytest.approx(expected, rel=1e-9)


def test_values_of_organisations_follow_what_they_cover(session, small_country):
    found = hexbins.read(session, "waste_gen_tpd", resolution=7)
    known = sum(value for value in WASTE_2024.values() if value is not None)
    assert total(found) == pytest.approx(known, rel=1e-12)
    assert max(row.expected for row in found.rows) > 1


def test_a_ratio_is_the_sum_of_one_over_the_sum_of_the_other(session, small_country):
    found = hexbins.read(session, "waste_gen_rate", YEAR_2023, resolution=6)
    for row in found.rows:
        assert row.value == pytest.approx(1000 * row.numerator / row.denominator, rel=1e-12)
    country = value_at(session, "waste_gen_rate", "country", "TH", period="2023")
    assert total(found) == pytest.approx(country.numerator, rel=1e-12)
    people = sum(row.denominator for row in found.rows)
    assert people == pytest.approx(country.denominator, rel=1e-12)


def test_what_is_stored_is_what_would_be_computed(session, small_country):
    stored = hexbins.read(session, "pop_total", resolution=6)
    held = session.scalar(
        select(func.count()).where(Hexbin.indicator_key == "pop_total", Hexbin.resolution == 6)
    )
    assert held == len(stored.rows) > 0
    session.execute(delete(Hexbin))
    computed = hexbins.read(session, "pop_total", resolution=6)
    assert stored.rows == computed.rows


def test_stored_cells_of_an_older_state_are_not_shown(session, small_country):
    session.execute(update(Hexbin).values(value=-1))
    assert hexbins.read(session, "pop_total", resolution=5).rows[0].value == -1
    versions.bump(session, ["areas"])
    assert hexbins.read(session, "pop_total", resolution=5).rows[0].value > 0


def test_coarser_cells_are_sums_of_finer_ones(session, small_country):
    fine = hexbins.read(session, "pop_total", resolution=7)
    sums = {}
    for row in fine.rows:
        parent = int(h3.cell_to_parent(row.cell, 5))
        sums[parent] = sums.get(parent, 0) + (row.value or 0)
    coarse = {row.cell: row.value for row in hexbins.read(session, "pop_total", resolution=5).rows}
    assert coarse == pytest.approx(sums, rel=1e-9)


def test_few_people_are_not_shown(session, small_country):
    found = hexbins.read(session, "pop_60p", resolution=7)
    assert found.subject.least == 5
    hidden = [row for row in found.rows if row.status == "suppressed"]
    assert hidden
    assert all(row.value is row.numerator is row.denominator is None for row in hidden)
    assert all(row.numerator >= 5 for row in found.rows if row.status == "reported")
    ratio = hexbins.read(session, "age_share_60p", resolution=7)
    assert {row.cell for row in hidden} <= {
        row.cell for row in ratio.rows if row.status != "reported"
    }


def test_a_true_zero_is_not_a_missing_value(session, small_country):
    rows = hexbins.read(session, "waste_gen_tpd", resolution=7).rows
    # อบต.ดอนเมือง reported 0 t; อบต.หนองบัว nothing at all.
    assert {"zero", "not_reported", "reported"} <= {row.status for row in rows}
    for row in rows:
        assert (row.value is None) == (row.status not in {"reported", "zero"})
        assert row.reporting <= row.expected


def test_an_indicator_that_cannot_be_divided_says_so(session, small_country):
    session.execute(
        update(Indicator).where(Indicator.key == "waste_gen_rate").values(space_agg="NONE")
    )
    session.expire_all()
    with pytest.raises(NoHexbins, match="cannot be added up or divided"):
        hexbins.read(session, "waste_gen_rate")


def test_an_indicator_that_stops_at_the_district_is_divided_from_there(session, small_country):
    session.execute(
        update(Indicator).where(Indicator.key == "pop_60p").values(finest_level="district")
    )
    session.expire_all()
    place_values.rebuild(session, {"pop_60p"})
    found = hexbins.read(session, "pop_60p", resolution=6)
    assert set(found.subject.levels) == {"district", "province"}
    assert max(row.expected for row in found.rows) <= 4


def test_points_are_counted_where_they_lie(session, small_country):
    found = hexbins.read(session, "health-centres", resolution=7)
    expected = {
        int(h3.latlng_to_cell(lat, lon, 7)): 1 for lon, lat in ((100.05, 14.05), (100.12, 14.03))
    }
    assert {row.cell: row.value for row in found.rows} == expected
    assert found.unplaced == 1
    assert found.period is None


def test_an_indicator_may_count_the_points_of_a_layer(session, small_country):
    session.add(
        Indicator(
            key="centres_n", theme="infrastructure", name_th="จำนวน", name_en="Centres",
            unit_th="แห่ง", unit_en="places", space_agg="COUNT", time_agg="LAST",
            formula="count(health-centres)",
        )
    )  # fmt: skip
    session.flush()
    found = hexbins.read(session, "centres_n", resolution=6)
    assert total(found) == 2


def test_a_box_gives_the_cells_that_touch_it(session, small_country):
    whole = {row.cell: row for row in hexbins.read(session, "pop_total", resolution=6).rows}
    window = Box(100.0, 14.0, 100.05, 14.05)
    part = hexbins.read(session, "pop_total", resolution=6, bbox=window)
    assert 0 < len(part.rows) < len(whole)
    assert all(whole[row.cell] == row for row in part.rows)


def test_fine_cells_are_for_boxes_of_bounded_cost(session, small_country):
    refresh(session, resolutions="5-8")
    with pytest.raises(BadParameter, match="needs a bbox"):
        hexbins.read(session, "pop_total", resolution=8)
    with pytest.raises(BadParameter, match="120,000"):
        hexbins.read(session, "pop_total", resolution=8, bbox=Box(95, 5, 106, 21))
    found = hexbins.read(session, "pop_total", resolution=8, bbox=Box(99.9, 13.9, 100.6, 14.3))
    assert total(found) == pytest.approx(sum(KNOWN_2024.values()), rel=1e-12)


def test_a_resolution_that_is_not_kept_is_refused(session, small_country):
    with pytest.raises(BadParameter, match="one of 5, 6, 7"):
        hexbins.read(session, "pop_total", resolution=9)


def test_unknown_subjects_and_periods_are_not_found(session, small_country):
    with pytest.raises(NotFound):
        hexbins.read(session, "no_such_thing")
    with pytest.raises(NotFound, match="2023, 2024"):
        hexbins.read(session, "pop_total", parse_period("2500"))


def test_the_latest_period_within_an_interval_answers(session, small_country):
    year_2023 = Interval(YEAR_2023.start, YEAR_2023.end)
    assert hexbins.read(session, "pop_total", year_2023, resolution=5).period.key == "2023"


def test_tiles_hold_the_cells_of_their_zoom(session, small_country):
    known = hexsubjects.resolutions(session)
    chosen = {zoom: hexbins.resolution_at(zoom, known) for zoom in (3, 7, 9, 15)}
    assert chosen == {3: 5, 7: 6, 9: 7, 15: 7}
    # lon 100.2, lat 14.1 is in tile 7/99/58 of the Web Mercator set
    assert b"pop_total" in hexbins.tile(session, "pop_total", place=(7, 99, 58))
    assert hexbins.tile(session, "pop_total", place=(7, 0, 0)) == b""


def test_every_area_has_shares_that_add_up_to_one(session, small_country):
    totals = session.execute(
        select(func.sum(CellShare.share)).group_by(CellShare.resolution, CellShare.area_id)
    ).scalars()
    assert np.array(list(totals)) == pytest.approx(1, abs=1e-12)


def test_outlines_are_kept_for_every_cell_in_use(session, small_country):
    used = set(session.scalars(select(CellShare.cell).where(CellShare.resolution <= 7)))
    assert used == set(session.scalars(select(HexCell.cell)))
