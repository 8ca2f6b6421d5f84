"""Files as large as may be sent: tried within the time and memory that a submission has."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from ingest.size import DEFAULT
from ingest.submission_work import MEMORY_BYTES, TRY_S

RECIPE = """
[dataset]
id = "large"
kind = "features"
title_th = "ชั้นใหญ่"
title_en = "A large layer"

[features]
code = "code"

[[features.layers]]
id = "large"
title_th = "ชั้นใหญ่"
title_en = "A large layer"
theme = "infrastructure"
geometry_type = "{kind}"
"""
#: What a submission's process does with a file, under its own limits; prints what it took.
TRY = """
import json, resource, sys, time
from geo_service.core.db import make_engine
from ingest.pipeline import ingest
from ingest.submission_work import MEMORY_BYTES
resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
url, path, recipe = sys.argv[1:]
started = time.monotonic()
report = ingest(make_engine(url), path, recipe=recipe, dry_run=True, refresh=False)
print(json.dumps({
    "outcome": report.outcome, "inserted": report.inserted, "s": time.monotonic() - started,
    "cpu_s": time.process_time(),
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000,
}))
"""
MOST = DEFAULT.rows
HEAD, TAIL = b'{"type":"FeatureCollection","features":[', b"]}"
CENTRE, RADIUS_DEG = (100.25, 14.1), 0.09


def point(number):
    lon, lat = 100.0 + number % 1_000 / 2_100, 14.0 + number // 1_000 / 5_100
    return (
        f'{{"type":"Feature","properties":{{"code":"c{number}","padding":"x"}},'
        f'"geometry":{{"type":"Point","coordinates":[{lon:.6f},{lat:.6f}]}}}}'
    )


def all_points(file):
    """As many as a file may hold."""
    file.write(HEAD)
    for first in range(0, MOST, 10_000):
        file.write(b"," if first else b"")
        file.write(",".join(point(one) for one in range(first, first + 10_000)).encode())
    file.write(TAIL)


def million_vertices(file):
    """A circle whose rim waves, of a million corners."""
    ring = []
    for number in range(1_000_000):
        turn = 2 * math.pi * number / 1_000_000
        far = RADIUS_DEG * (1 + 0.1 * math.sin(1_000 * turn))
        ring.append((CENTRE[0] + far * math.cos(turn), CENTRE[1] + far * math.sin(turn)))
    one = {
        "type": "Feature", "properties": {"code": "c1"},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }  # fmt: skip
    file.write(HEAD + json.dumps(one).encode() + TAIL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "kind", "count", "most_bytes"),
    [(all_points, "Point", MOST, 40e6), (million_vertices, "Polygon", 1, 60e6)],
    ids=["as-many-features-as-may-be", "a-million-vertices"],
)
def test_a_file_of_the_largest_kind_is_tried_within_its_limits(  # noqa: PLR0917
    country_engine, tmp_path, record_property, write, kind, count, most_bytes
):
    path = tmp_path / "large.geojson"
    with path.open("wb") as file:
        write(file)
    assert most_bytes / 2 < path.stat().st_size < most_bytes
    (tmp_path / "large.toml").write_text(RECIPE.format(kind=kind), encoding="utf-8")
    url = country_engine.url.render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603  (our own script)
        [sys.executable, "-c", TRY, url, str(path), str(tmp_path / "large.toml")],
        capture_output=True, timeout=TRY_S, check=True,
    )  # fmt: skip
    took = json.loads(done.stdout)
    for name in ("s", "cpu_s", "mb"):
        record_property(name, round(took[name], 1))
    assert (took["outcome"], took["inserted"]) == ("loaded", count)
    assert took["mb"] * 1_000_000 < MEMORY_BYTES
    assert took["cpu_s"] < TRY_S / 10
