"""How the world is cut into tiles, against the definitions that the OGC publishes."""

from __future__ import annotations

import math

import pytest

from layers.tile_matrix import MATRIX_SETS, WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD, Limits

# OGC 17-083r4, annex D: matrix, scale denominator, cell size, width and height in tiles.
WEB_MERCATOR = [
    (0, 559_082_264.028717, 156_543.033928041, 1, 1),
    (1, 279_541_132.014358, 78_271.5169640204, 2, 2),
    (12, 136_494.693366386, 38.2185141425881, 4096, 4096),
    (24, 33.3238997476528, 0.0093306919293428, 16_777_216, 16_777_216),
]
CRS84 = [
    (0, 279_541_132.014358, 0.703125, 2, 1),
    (7, 2_183_915.09386217, 0.0054931640625, 256, 128),
    (17, 2_132.72958384978, 0.00000536441802978515, 262_144, 131_072),
    (23, 33.3238997476528, 0.00000008381903171539, 16_777_216, 8_388_608),
]
PUBLISHED = [
    *((WEB_MERCATOR_QUAD, row) for row in WEB_MERCATOR),
    *((WORLD_CRS84_QUAD, row) for row in CRS84),
]


@pytest.mark.parametrize(("known", "row"), PUBLISHED)
def test_a_matrix_is_as_published(known, row):
    zoom, scale, cell, width, height = row
    assert known.scale_denominator(zoom) == pytest.approx(scale, rel=1e-13)
    assert known.cell_size(zoom) == pytest.approx(cell, rel=1e-13)
    assert (known.columns(zoom), known.rows(zoom)) == (width, height)


def test_the_sets_bear_their_registered_names():
    assert [one.uri for one in MATRIX_SETS.values()] == [
        "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
        "http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad",
    ]
    assert WEB_MERCATOR_QUAD.origin == pytest.approx((-20037508.3427892, 20037508.3427892))
    assert WORLD_CRS84_QUAD.origin == (-180, 90)


@pytest.mark.parametrize("known", list(MATRIX_SETS.values()), ids=list(MATRIX_SETS))
def test_the_corner_tiles_reach_the_edges_of_the_world(known):
    west, _, _, north = known.bounds(3, 0, 0)
    _, south, east, _ = known.bounds(3, known.columns(3) - 1, known.rows(3) - 1)
    assert (west, north) == known.origin
    assert (east, south) == pytest.approx((-west, -north))


def test_a_degree_tile_lies_where_its_number_says():
    assert WORLD_CRS84_QUAD.bounds(5, 50, 13) == (101.25, 11.25, 106.875, 16.875)


@pytest.mark.parametrize("place", [(-1, 0, 0), (25, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_a_tile_outside_the_set_is_not_inside(place):
    assert not WEB_MERCATOR_QUAD.is_inside(*place)


def test_the_degree_set_is_twice_as_wide_as_high():
    assert WORLD_CRS84_QUAD.is_inside(3, 15, 7)
    assert not WORLD_CRS84_QUAD.is_inside(3, 7, 8)


# The formula of the OpenStreetMap wiki ("Slippy map tilenames"), a second way of computing.
def _slippy(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    turned = math.radians(lat)
    height = (1 - math.asinh(math.tan(turned)) / math.pi) / 2
    return int((lon + 180) / 360 * 2**zoom), int(height * 2**zoom)


@pytest.mark.parametrize("zoom", [0, 5, 9, 14])
def test_limits_are_the_tiles_of_the_corners(zoom):
    west, south, east, north = 97.34, 5.61, 105.64, 20.46
    found = WEB_MERCATOR_QUAD.limits(zoom, (west, south, east, north))
    assert (found.first_column, found.first_row) == _slippy(west, north, zoom)
    assert (found.last_column, found.last_row) == _slippy(east, south, zoom)


def test_limits_leave_out_a_tile_that_is_only_touched():
    box = (90.0, 0.0, 101.25, 11.25)
    assert WORLD_CRS84_QUAD.limits(4, box) == Limits(4, 24, 24, 7, 7)


def test_limits_reach_as_far_as_a_tile_shows_its_neighbours():
    box = (90.0, 0.0, 101.25, 11.25)
    found = WORLD_CRS84_QUAD.limits(4, box, margin=64 / 4096)
    assert found == Limits(4, 23, 25, 6, 8)
    assert found.has(23, 8)
    assert not found.has(22, 8)
    assert not found.has(25, 9)


def test_the_limits_of_the_world_are_the_whole_matrix():
    world = (-180.0, -90.0, 180.0, 90.0)
    assert WEB_MERCATOR_QUAD.limits(2, world) == Limits(2, 0, 3, 0, 3)
    assert WORLD_CRS84_QUAD.limits(2, world) == Limits(2, 0, 7, 0, 3)
