"""Measures the H3 indexer: points in a stream, shares of polygons; ratios within one run.

``python -m tests.bench.hexagons`` prints a table. Run times differ with the machine and what
else it does, so what counts are ratios within one run, by time of the processor. Points are
counted in processes of their own, as that is where a peak of memory can be read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import polars as pl
import polars_h3 as plh3
import shapely
from pyproj import Geod

from layers.analysis.hexgrid import equal_area
from layers.analysis.hexpoints import count_points, scan_points
from layers.analysis.hexshares import area_shares

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "mapthai_cod_ab" / "th_adm3.geojson"
SAMPLE = ROOT / "ingest" / "sample" / "subdistricts.geojson.gz"
#: Promised in the documentation: the parts of bare throughput, and of the loop's speed.
LEAST_THROUGHPUT, LEAST_SPEEDUP = 0.7, 3.0
#: A share is the same when it differs from the loop's by no more than this, of an area's 1.
LARGEST_DIFFERENCE = 1e-9
POINT_RESOLUTION, SHARE_RESOLUTION = 7, 8
TOWNS, SPREAD_DEG = 400, 0.15
#: Shorter than the side of a cell at that resolution, 530 m.
RIM_STEP_DEG = 0.004


def main() -> None:
    """Run both benchmarks and print their table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, nargs="*", default=[1_000_000, 20_000_000])
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--polygons", type=int, default=10_000, help="at most so many")
    parser.add_argument("--count", nargs=2, metavar=("HOW", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.count:
        print(json.dumps(_count(asked.count[0], Path(asked.count[1]))))  # noqa: T201
        return
    bench(asked.points, repeat=asked.repeat, polygons=asked.polygons)


def bench(sizes: list[int], *, repeat: int, polygons: int = 10_000) -> None:
    """Count points in a stream of each size, then share polygons among cells.

    Parameters
    ----------
    sizes : list of int
        Points of each file.
    repeat : int
        The best of so many counts.
    polygons : int
        At most so many.
    """
    _bench_points(sizes, repeat)
    _bench_shares(polygons)


def _bench_points(sizes: list[int], repeat: int) -> None:
    _print("points", "file", "how", "seconds", "M points/s", "of bare", "cells", "peak MB")
    with TemporaryDirectory() as folder:
        for size in sizes:
            for kind in ("parquet", "csv"):
                path = Path(folder) / f"points.{kind}"
                _write_points(path, size)
                bare = _measured("bare", path, repeat)
                ours = _measured("ours", path, repeat)
                for how, told in (("polars-h3 alone", bare), ("count_points", ours)):
                    _print(
                        f"{size:,}", kind, how, f"{told['seconds']:.2f}",
                        f"{size / told['seconds'] / 1e6:.2f}",
                        f"{bare['seconds'] / told['seconds']:.0%}",
                        f"{told['cells']:,}", f"{told['peak_mb']:.0f}",
                    )  # fmt: skip
                path.unlink()


def _write_points(path: Path, size: int) -> None:
    # Around towns, as facilities and addresses are; whatever their number, in the same cells.
    random = np.random.default_rng(2024)
    towns = np.column_stack((random.uniform(99, 104, TOWNS), random.uniform(7, 19, TOWNS)))
    at = towns[random.integers(0, TOWNS, size)]
    at += random.uniform(-SPREAD_DEG, SPREAD_DEG, (size, 2))
    table = pl.DataFrame({"lon": at[:, 0].round(6), "lat": at[:, 1].round(6)})
    if path.suffix == ".csv":
        table.write_csv(path)
    else:
        table.write_parquet(path, row_group_size=262_144)


def _measured(how: str, path: Path, repeat: int) -> dict[str, float]:
    best: dict[str, float] = {}
    for _ in range(repeat):
        run = subprocess.run(  # noqa: S603  (ourselves)
            [sys.executable, "-m", "tests.bench.hexagons", "--count", how, str(path)],
            cwd=ROOT, capture_output=True, check=True, text=True,
        )  # fmt: skip
        told = json.loads(run.stdout)
        if not best or told["seconds"] < best["seconds"]:
            best = told
    return best


def _count(how: str, path: Path) -> dict[str, float]:
    started = time.process_time()
    if how == "bare":
        # The same points through the library and nothing else: cells made and thrown away.
        cell = plh3.latlng_to_cell("lat", "lon", POINT_RESOLUTION).alias("cell")
        made = scan_points(path).select(cell).select(pl.col("cell").max())
        made.collect(engine="streaming")
        cells = 0
    else:
        cells = len(count_points(scan_points(path), POINT_RESOLUTION).cell)
    return {
        "seconds": time.process_time() - started,
        "cells": cells,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    # Not getrusage: its peak is inherited from the process that started this one.
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", told)[0]) / 1024


def _bench_shares(most: int) -> None:
    polygons, source = _read_polygons()
    polygons = polygons[:most]
    loop_s, slow = _timed(lambda: _loop_shares(polygons))
    fast_s, shares = _timed(lambda: area_shares(polygons, SHARE_RESOLUTION))
    fast = {
        (place, cell): share
        for place, cell, share in zip(
            shares.place.tolist(), shares.cell.tolist(), shares.share.tolist(), strict=True
        )
    }
    worst = max(abs(fast.get(key, 0) - slow.get(key, 0)) for key in fast.keys() | slow.keys())
    _print()
    _print(f"shares of {len(polygons):,} polygons at resolution {SHARE_RESOLUTION}, {source}")
    _print("how", "seconds", "times as fast", "parts", "largest difference")
    _print("h3shape_to_cells + intersection", f"{loop_s:.1f}", "1.0", f"{len(slow):,}", "")
    _print(
        "area_shares", f"{fast_s:.1f}", f"{loop_s / fast_s:.1f}", f"{len(fast):,}", f"{worst:.1e}"
    )
    # A sliver on the rim may be found by one and not by the other; it counts as a difference.
    _print(f"parts found by one alone: {len(fast.keys() ^ slow.keys()):,}")
    if worst > LARGEST_DIFFERENCE:
        sys.exit(f"shares differ by more than {LARGEST_DIFFERENCE}")
    _print(f"largest error against geodesic areas (200 polygons): {_geodesic_error(polygons):.1e}")


def _read_polygons() -> tuple[np.ndarray, str]:
    if REAL.exists():
        text, source = REAL.read_text(encoding="utf-8"), "real boundaries"
    else:
        text, source = gzip.decompress(SAMPLE.read_bytes()).decode(), "the sample's boundaries"
    features = json.loads(text)["features"]
    shapes = [json.dumps(one["geometry"]) for one in features if one["geometry"]]
    return np.asarray(shapely.from_geojson(shapes)), source


def _loop_shares(polygons: np.ndarray) -> dict[tuple[int, int], float]:
    # As one would write it: the library's cells and those of the border, with their neighbours
    # as the fill goes by centres, each cut with the polygon in the equal-area plane.
    found: dict[tuple[int, int], float] = {}
    for place, polygon in enumerate(polygons):
        fine = shapely.transform(shapely.segmentize(polygon, 0.02), equal_area)
        seeds = set(h3.h3shape_to_cells(h3.geo_to_h3shape(polygon), SHARE_RESOLUTION).tolist())
        # Corners alone leave out cells that a long thin polygon crosses between two of them.
        rim = shapely.segmentize(polygon, RIM_STEP_DEG)
        for lng, lat in shapely.get_coordinates(rim).tolist():
            seeds.add(int(h3.latlng_to_cell(lat, lng, SHARE_RESOLUTION)))
        cells = {near for cell in seeds for near in h3.grid_disk(cell, 1).tolist()}
        parts = {}
        for cell in cells:
            outline = shapely.Polygon([(lng, lat) for lat, lng in h3.cell_to_boundary(cell)])
            area = shapely.transform(outline, equal_area).intersection(fine).area
            if area > 0:
                parts[cell] = area
        whole = sum(parts.values())
        found |= {(place, cell): area / whole for cell, area in parts.items()}
    return found


def _geodesic_error(polygons: np.ndarray) -> float:
    geod, worst = Geod(ellps="WGS84"), 0.0
    for polygon in polygons[:: max(1, len(polygons) // 200)]:
        fine = shapely.segmentize(polygon, 0.02)
        plane = shapely.transform(fine, equal_area).area
        true = geod.geometry_area_perimeter(shapely.orient_polygons(fine))[0]
        worst = max(worst, abs(plane / true - 1))
    return worst


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def _print(*cells: str) -> None:
    print(" | ".join(cells))  # noqa: T201


if __name__ == "__main__":
    main()
