"""The benchmark's own workloads and counts: a ratio is worth what it compares."""

from __future__ import annotations

import gzip

import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from tests.bench import answers, goals, growth
from tests.bench.load import Rate
from tests.bench.outlines import densify
from tests.bench.points import scatter

SQUARES = np.asarray(
    [
        shapely.MultiPolygon([shapely.box(100 + x, 10 + y, 101 + x, 11 + y)])
        for x in range(4)
        for y in range(4)
    ],
    dtype=object,
)


def test_neighbours_share_their_borders_after_these_were_made_rough():
    fine = densify(SQUARES, 4_000)
    assert shapely.coverage_is_valid(fine)
    # Equal edges are halved together: the most that is not above what was asked for.
    assert 2_000 < shapely.get_num_coordinates(fine).sum() <= 4_000
    assert shapely.area(fine).sum() == pytest.approx(shapely.coverage_union_all(fine).area)


def test_outlines_and_points_are_the_same_every_time():
    assert shapely.equals_exact(densify(SQUARES, 2_000), densify(SQUARES, 2_000)).all()
    first, again = scatter(SQUARES, 500), scatter(SQUARES, 500)
    assert (first.lon == again.lon).all()
    inside = shapely.contains_xy(SQUARES[first.place], first.lon, first.lat)
    assert inside.all()


def test_features_of_a_tile_are_counted_as_its_library_counts_them():
    layers = [
        {"name": name, "features": [{"geometry": "POINT(1 2)", "properties": {"n": n}}] * n}
        for name, n in (("one", 1), ("seven", 7))
    ]
    tile = mapbox_vector_tile.encode(layers)
    assert answers.count_drawn(tile) == answers.count_drawn(gzip.compress(tile)) == 8
    assert answers.count_drawn(b"") == 0


def test_cost_in_proportion_to_size_has_slope_one_and_constant_cost_none():
    def row(per_second: float, flat: float) -> goals.Row:
        rates = {
            name: Rate(rate, 1, 1, 0, 1, 1, 1)
            for name, rate in (("ours", flat), ("tipg", per_second))
        }
        return goals.Row("points", "n, work", 1, rates, {})

    found = growth.slopes({10: [row(100, 50)], 100: [row(10, 50)], 1000: [row(1, 50)]})
    assert [(one.server, round(one.slope, 6)) for one in found] == [("ours", 0), ("tipg", 1)]
