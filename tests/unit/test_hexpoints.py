"""Counting points in cells: every point once, and none that cannot be one."""

from __future__ import annotations

from collections import Counter

import h3.api.numpy_int as h3
import numpy as np
import polars as pl
import pytest

from layers.analysis.hexpoints import count_points, scan_points


def some_points(count):
    random = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "lon": random.uniform(98, 105, count),
            "lat": random.uniform(6, 20, count),
            "beds": random.integers(0, 90, count),
        }
    )


def test_counts_are_those_of_one_point_at_a_time():
    points = some_points(2_000)
    counts = count_points(points.lazy(), 5)
    expected = Counter(
        int(h3.latlng_to_cell(lat, lon, 5)) for lon, lat in points.select("lon", "lat").rows()
    )
    assert dict(zip(counts.cell.tolist(), counts.count.tolist(), strict=True)) == expected
    assert counts.refused == 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_are_counted_without_being_read_whole(tmp_path, kind):
    points, path = some_points(500), tmp_path / f"points.{kind}"
    points.write_csv(path) if kind == "csv" else points.write_parquet(path)
    counts = count_points(scan_points(path), 6, amount="beds")
    assert counts.count.sum() == 500
    assert counts.total.sum() == points["beds"].sum()


def test_what_cannot_be_a_point_is_told_apart():
    # H3 itself takes latitude 91 and longitude 181.
    points = pl.DataFrame(
        {
            "lon": [100.0, 181.0, 100.0, None, float("nan"), 100.0, float("inf"), -180.0],
            "lat": [14.0, 14.0, 91.0, 14.0, 14.0, None, 14.0, 90.0],
        }
    )
    counts = count_points(points.lazy(), 7)
    assert counts.count.sum() == 2
    assert counts.refused == 6


def test_text_in_a_column_of_coordinates_is_refused_not_fatal(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("lon,lat\n100.5,13.7\nไม่ทราบ,13.7\n100.5,13.7\n", encoding="utf-8")
    counts = count_points(scan_points(path), 8)
    assert counts.count.tolist() == [2]
    assert counts.refused == 1


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.xlsx"):
        scan_points(tmp_path / "points.xlsx")
