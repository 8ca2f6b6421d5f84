"""Shapes: repaired, cleaned, measured, generalised; coordinates that cannot be are refused."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from boundaries import division, geometry, projection
from geo_service.core.errors import UnknownCRS


def shapes(*given):
    return geometry.polygons_only(np.array(given, dtype=object))


def test_a_bow_tie_is_repaired_and_told():
    bow_tie = Polygon([(100, 14), (101, 15), (101, 14), (100, 15)])
    fixed, repairs = geometry.repair(np.array([box(0, 0, 1, 1), bow_tie], dtype=object))
    assert shapely.is_valid(fixed).all()
    assert [one.position for one in repairs] == [1]
    assert "Self-intersection" in repairs[0].reason


def test_only_polygons_are_kept_of_a_collection():
    mixed = shapely.GeometryCollection([box(0, 0, 1, 1), shapely.LineString([(0, 0), (2, 2)])])
    assert shapes(mixed)[0].equals(MultiPolygon([box(0, 0, 1, 1)]))


def test_a_square_degree_has_the_area_of_the_ellipsoid():
    # 14-15 N, one degree wide: M(14.5)*N(14.5)*cos(14.5)*(pi/180)^2 with the radii of WGS 84.
    a, e2, lat = 6378.137, 0.00669437999014, np.radians(14.5)
    w = np.sqrt(1 - e2 * np.sin(lat) ** 2)
    expected = (a * (1 - e2) / w**3) * (a / w) * np.cos(lat) * np.radians(1) ** 2
    measured = geometry.area_km2(shapes(box(100, 14, 101, 15)))[0]
    assert measured == pytest.approx(expected, rel=1e-4)


def test_the_direction_of_rings_does_not_change_an_area():
    square = box(100, 14, 101, 15)
    assert geometry.area_km2(np.array([square, square.reverse()]))[0] == pytest.approx(
        geometry.area_km2(np.array([square.reverse()]))[0]
    )


def test_overlaps_and_narrow_gaps_go_and_wide_ones_stay():
    overlapping = shapes(box(100, 14, 100.1001, 14.1), box(100.1, 14, 100.2, 14.1))
    cleaned = geometry.clean_coverage(overlapping)
    assert not cleaned.was_valid
    assert shapely.coverage_is_valid(cleaned.shapes)
    assert cleaned.lost_km2 > 0


def test_a_coverage_is_left_untouched():
    clean = shapes(box(100, 14, 100.1, 14.1), box(100.1, 14, 100.2, 14.1))
    cleaned = geometry.clean_coverage(clean)
    assert cleaned.was_valid
    assert cleaned.shapes is clean


def test_generalised_neighbours_keep_one_border():
    wavy = [(100.1 + 0.002 * np.sin(y * 900), y) for y in np.linspace(14, 14.1, 200)]
    west = Polygon([(100, 14), *wavy, (100, 14.1)])
    east = Polygon([(100.2, 14.1), *reversed(wavy), (100.2, 14)])
    bands = geometry.generalise(shapes(west, east))
    for number, drawn in bands.items():
        assert shapely.coverage_is_valid(drawn), number
    counts = [shapely.get_num_coordinates(bands[band.number]).sum() for band in geometry.BANDS]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_every_zoom_has_a_band():
    assert [geometry.band_of(zoom).number for zoom in (0, 5, 6, 9, 11, 12, 30)] == [
        0, 0, 1, 2, 3, 4, 4,
    ]  # fmt: skip


def test_a_province_is_exactly_the_sum_of_its_parts():
    parts = shapes(box(100, 14, 100.1, 14.1), box(100.1, 14, 100.2, 14.1), box(101, 14, 102, 15))
    united = geometry.dissolve(parts, ["50", "50", "51"])
    assert geometry.area_km2(np.array([united["50"]]))[0] == pytest.approx(
        geometry.area_km2(parts[:2]).sum(), rel=1e-9
    )


@pytest.mark.parametrize("srid", [32647, 32648, 24047, 24048, 4240])
def test_each_known_system_comes_back_to_where_it_was(srid):
    square = shapes(box(101, 14, 101.1, 14.1))
    there = projection.to_srid(square, 4326, srid)
    back = projection.to_srid(there, srid)
    assert shapely.hausdorff_distance(square[0], back[0]) < 1e-6


@pytest.mark.parametrize(
    ("bounds", "srid", "said"),
    [
        ((13, 100, 14, 101), 4326, "swapped axes"),
        ((500_000, 1_500_000, 600_000, 1_600_000), 4326, "metres, not degrees"),
        ((100, 13, 101, 14), 32647, "degrees, not metres"),
        ((0, 50, 1, 51), 4326, "not in Thailand"),
        ((100, 13, 101, 14), 3414, "not known"),
        ((float("nan"), 13, 101, 14), 4326, "not finite"),
    ],
)
def test_coordinates_that_cannot_be_what_they_claim_are_refused(bounds, srid, said):
    with pytest.raises(UnknownCRS, match=said):
        projection.check_claim(bounds, srid)


def test_coordinates_in_thailand_are_believed():
    projection.check_claim((97.5, 5.7, 105.6, 20.4), 4326)
    projection.check_claim((500_000, 1_500_000, 600_000, 1_600_000), 32647)


def test_shares_meet_the_stated_sizes_and_add_up():
    # two organisations in one sub-district of 10 km2, one stated as 2.5 km2
    shares = division.fit_shares(
        np.array([0, 1]),
        np.array([0, 0]),
        row_totals=np.array([2.5, np.nan]),
        column_totals=np.array([10.0]),
    )
    assert shares == pytest.approx([0.25, 0.75], abs=1e-3)


def test_contradicting_sizes_still_add_up_to_the_sub_district():
    shares = division.fit_shares(
        np.array([0, 1]),
        np.array([0, 0]),
        row_totals=np.array([30.0, 30.0]),
        column_totals=np.array([10.0]),
    )
    assert shares.sum() == pytest.approx(1.0)
    assert shares == pytest.approx([0.5, 0.5])


def test_a_sure_size_is_met_where_stated_sizes_contradict_one_another():
    # 10 km2 shared by one that says 1 and one that is surely 2: the first has the rest.
    shares = division.fit_shares(
        np.array([0, 1]),
        np.array([0, 0]),
        row_totals=np.array([1.0, 2.0]),
        column_totals=np.array([10.0]),
        firm=np.array([False, True]),
    )
    assert shares == pytest.approx([0.8, 0.2])


def test_a_shared_sub_district_is_divided_by_shares_without_overlap():
    square = MultiPolygon([box(100, 14, 100.1, 14.1)])
    office = shapely.Point(100.02, 14.02)
    town, rest = division.divide(square, [0.2, 0.8], [office, None])
    assert shapely.area(town) / shapely.area(square) == pytest.approx(0.2, rel=1e-3)
    assert shapely.area(shapely.intersection(town, rest)) == pytest.approx(0, abs=1e-12)
    assert shapely.area(town) + shapely.area(rest) == pytest.approx(shapely.area(square))
    assert shapely.covers(town, office)
