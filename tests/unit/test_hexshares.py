"""Shares of polygons in H3 cells: the fast way against the plain one, and against the ellipsoid."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import MultiPolygon, Polygon, box

from layers.analysis import hexshares
from layers.analysis.hexgrid import cells_in, equal_area, outlines, parents
from layers.analysis.hexshares import area_shares, coarsen, overlay_shares

WGS84 = Geod(ellps="WGS84")


def shapes(*polygons):
    made = np.empty(len(polygons), dtype=object)
    made[:] = polygons
    return made


def as_dict(shares, place=0):
    chosen = shares.place == place
    return dict(zip(shares.cell[chosen].tolist(), shares.share[chosen].tolist(), strict=True))


def star(lon, lat, radii):
    """A polygon about a point, a corner in each direction: any such star is valid."""
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return Polygon(np.column_stack((lon + radii * np.cos(angle), lat + radii * np.sin(angle))))


stars = st.builds(
    star,
    st.floats(98, 105),
    st.floats(6, 20),
    st.lists(st.floats(0.002, 0.08), min_size=3, max_size=14).map(np.array),
)


@settings(max_examples=60, deadline=None)
@given(star=stars, resolution=st.integers(4, 8))
def test_cutting_edges_agrees_with_cutting_polygons(star, resolution):
    fast = as_dict(area_shares(shapes(star), resolution))
    cells, areas_m2 = overlay_shares(star, resolution)
    slow = dict(zip(cells.tolist(), (areas_m2 / areas_m2.sum()).tolist(), strict=True))
    for cell in fast.keys() | slow.keys():
        assert fast.get(cell, 0) == pytest.approx(slow.get(cell, 0), abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(star=stars, other=stars, resolution=st.integers(3, 8))
def test_shares_of_each_place_add_up_to_one(star, other, resolution):
    shares = area_shares(shapes(star, None, Polygon(), other), resolution)
    assert set(shares.place.tolist()) == {0, 3}
    totals = np.bincount(shares.place, shares.share)
    assert totals[[0, 3]] == pytest.approx([1, 1], abs=1e-14)
    assert (shares.share > 0).all()


@settings(max_examples=30, deadline=None)
@given(star=stars, cut=st.floats(0.1, 0.9))
def test_two_halves_have_together_what_the_whole_has(star, cut):
    west, south, east, north = star.bounds
    middle = west + cut * (east - west)
    halves = [star & box(west, south, middle, north), star & box(middle, south, east, north)]
    halves = [half for half in halves if half.geom_type in {"Polygon", "MultiPolygon"}]
    parts = area_shares(shapes(*halves), 8)
    fine = shapely.segmentize(shapes(*halves), 0.001)
    sizes = shapely.area(shapely.transform(fine, equal_area))
    joined = {}
    for place, size in enumerate(sizes):
        for cell, share in as_dict(parts, place).items():
            joined[cell] = joined.get(cell, 0) + share * size / sizes.sum()
    whole = as_dict(area_shares(shapes(star), 8))
    for cell in joined.keys() | whole.keys():
        # the cut adds corners: some centimetres of the outline, which tells in a sliver
        assert joined.get(cell, 0) == pytest.approx(whole.get(cell, 0), abs=2e-5)


def test_holes_and_islands_are_left_out_and_counted_in():
    shell = box(100.0, 14.0, 100.2, 14.2)
    holed = Polygon(shell.exterior, [box(100.08, 14.08, 100.12, 14.12).exterior])
    both = MultiPolygon([holed, box(100.3, 14.0, 100.301, 14.001)])
    fast = as_dict(area_shares(shapes(both), 7))
    cells, areas_m2 = overlay_shares(both, 7)
    assert fast == pytest.approx(
        dict(zip(cells.tolist(), (areas_m2 / areas_m2.sum()).tolist(), strict=True)), abs=1e-9
    )


def test_a_place_within_one_cell_has_one_share():
    cell = h3.latlng_to_cell(14.05, 100.05, 6)
    lat, lon = h3.cell_to_latlng(cell)
    shares = area_shares(shapes(box(lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4)), 6)
    assert as_dict(shares) == {int(cell): 1.0}


def test_a_cell_is_wholly_in_itself():
    cell = np.array([h3.latlng_to_cell(14.05, 100.05, 7)], dtype=np.int64)
    shares = as_dict(area_shares(outlines(cell), 7))
    assert shares[int(cell[0])] == pytest.approx(1, abs=1e-9)


def test_shares_are_those_of_the_ellipsoid():
    # The published area of each part by geodesics (Karney 2013), computed by PROJ.
    place = star(100.5, 18.5, np.linspace(0.05, 0.2, 9))
    shares = as_dict(area_shares(shapes(place), 7))
    fine = shapely.segmentize(place, 0.01)
    geodesic = {}
    for cell, outline in zip(shares, outlines(np.array(list(shares))), strict=True):
        part = shapely.orient_polygons(shapely.intersection(fine, outline))
        geodesic[cell] = WGS84.geometry_area_perimeter(part)[0]
    whole = sum(geodesic.values())
    for cell, area_m2 in geodesic.items():
        assert shares[cell] == pytest.approx(area_m2 / whole, abs=2e-6)


def test_the_plane_keeps_the_areas_of_the_ellipsoid():
    for south in (6.0, 13.0, 20.0):
        square = box(100.0, south, 100.01, south + 0.01)
        plane_m2 = shapely.transform(square, equal_area).area
        # sides along parallels are no geodesics: take them in small steps
        steps = shapely.orient_polygons(shapely.segmentize(square, 0.0005))
        assert plane_m2 == pytest.approx(WGS84.geometry_area_perimeter(steps)[0], rel=1e-8)


def test_a_polygon_that_fails_its_check_is_cut_the_slow_way(monkeypatch):
    place = box(100.0, 14.0, 100.1, 14.1)
    expected = as_dict(area_shares(shapes(place), 7))
    monkeypatch.setattr(hexshares, "_TOLERANCE", -1.0)
    assert as_dict(area_shares(shapes(place), 7)) == pytest.approx(expected, abs=1e-9)


def test_coarser_shares_are_sums_of_the_finest():
    place = box(100.0, 14.0, 100.3, 14.2)
    finest = area_shares(shapes(place), 8)
    by_parent = {}
    for cell, share in as_dict(finest).items():
        parent = int(h3.cell_to_parent(cell, 6))
        by_parent[parent] = by_parent.get(parent, 0) + share
    assert as_dict(coarsen(finest, 6)) == pytest.approx(by_parent, abs=1e-12)


@given(st.floats(-89, 89), st.floats(-179, 179), st.integers(0, 15), st.integers(0, 15))
def test_parents_are_those_of_the_library(lat, lon, first, second):
    fine, coarse = max(first, second), min(first, second)
    cell = np.array([h3.latlng_to_cell(lat, lon, fine)], dtype=np.int64)
    assert int(parents(cell, coarse)[0]) == int(h3.cell_to_parent(int(cell[0]), coarse))


@settings(max_examples=20, deadline=None)
@given(st.floats(98, 105), st.floats(6, 20), st.floats(0, 0.2), st.floats(0, 0.2))
def test_the_cells_of_a_box_are_all_that_touch_it(west, south, width, height):
    window = (west, south, west + width, south + height)
    found = set(cells_in(window, 7).tolist())
    near = set()
    for cell in found or {int(h3.latlng_to_cell(south, west, 7))}:
        near.update(h3.grid_disk(cell, 2).tolist())
    every = np.array(sorted(near), dtype=np.int64)
    touching = shapely.intersects(box(*window), outlines(every))
    assert found == set(every[touching].tolist())
