"""The database of the workloads: ours made by our own ingest, the peers' the same as plain tables.

Made once and used again while the recipe (the code that makes it) stays the same. The tables of
the service are brought up to date at every run; what that cost is written beside them.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import psycopg2
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from geo_service.core.cluster_folder import KEEPER
from geo_service.core.postgres import Cluster
from layers import versions
from tests.bench import files, outlines, points
from tests.bench.files import Places

ROOT = files.ROOT
#: The code beside this harness, whatever is installed.
COMMAND = (sys.executable, "-c", "from geo_service.cli import app; app()")
SIZES = {"bench-points-1": 50_000, "bench-points-10": 500_000, "bench-points-100": 5_000_000}
QUICK_SIZES = {"bench-points-1": 2_000, "bench-points-10": 20_000, "bench-points-100": 200_000}
QUICK_VERTICES = 200_000
OFFICES = "bench-offices"
#: Raised when the code makes another database from the same numbers.
RECIPE = 1

_PEERS = """
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.polygons AS
    SELECT a.id::int AS gid, a.code, a.name_th, a.name_en, left(a.code, 4) AS district_code,
           left(a.code, 2) AS province_code, a.area_km2, a.geom
    FROM geo.area a WHERE a.level = 'subdistrict' AND a.geom IS NOT NULL ORDER BY a.code;
CREATE TABLE bench.provinces AS
    SELECT a.id::int AS gid, a.code, a.name_th, a.name_en, a.area_km2, a.geom
    FROM geo.area a WHERE a.level = 'province' AND a.geom IS NOT NULL ORDER BY a.code;
CREATE TABLE bench.offices AS
    SELECT f.id::int AS gid, f.code, f.name_th, f.geom::geometry(Point, 4326) AS geom
    FROM geo.feature f WHERE f.layer_id = 'bench-offices' AND f.geom IS NOT NULL ORDER BY f.code;
ALTER TABLE bench.polygons ALTER geom TYPE geometry(MultiPolygon, 4326);
ALTER TABLE bench.provinces ALTER geom TYPE geometry(MultiPolygon, 4326);
ALTER TABLE bench.polygons ADD PRIMARY KEY (gid);
ALTER TABLE bench.provinces ADD PRIMARY KEY (gid);
ALTER TABLE bench.offices ADD PRIMARY KEY (gid);
CREATE INDEX ON bench.polygons USING gist (geom);
CREATE INDEX ON bench.provinces USING gist (geom);
CREATE INDEX ON bench.offices USING gist (geom);
CREATE INDEX ON bench.polygons (code);
CREATE INDEX ON bench.polygons (province_code);
CREATE TABLE bench.stated (what text PRIMARY KEY, said text NOT NULL);
"""
# In order of place, as a register of facilities is kept; the index is then made quickly too.
_POINTS = """
CREATE TABLE bench.{table} AS
    SELECT row_number() OVER (ORDER BY code)::int AS gid, code, name_th,
           ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geometry(Point, 4326) AS geom
    FROM point_source WHERE number < {size};
ALTER TABLE bench.{table} ADD PRIMARY KEY (gid);
CREATE INDEX ON bench.{table} USING gist (geom);
CREATE INDEX ON bench.{table} (code);
"""
_OURS = """
INSERT INTO geo.feature (layer_id, code, name_th, geom, area_id, version_id)
SELECT '{layer}', s.code, s.name_th, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326), s.area_id,
       (SELECT max(f.version_id) FROM geo.feature f WHERE f.layer_id = '{layer}')
FROM point_source s WHERE s.number < {size}
  AND NOT EXISTS (SELECT FROM geo.feature f WHERE f.layer_id = '{layer}' AND f.code = s.code)
"""
#: A refresh that takes longer had something to do.
_LONG_S = 10.0


@dataclass(frozen=True, slots=True)
class Workload:
    """Where the database is, what is in it and what preparing it cost."""

    url: str
    source: str
    sizes: dict[str, int]
    stated: dict[str, str]


def open_workload(*, is_quick: bool, anew: bool, data_dir: Path) -> Workload:
    """Find the database of the workloads, or make it.

    Parameters
    ----------
    is_quick : bool
        The small one, of the sample.
    anew : bool
        Make it even when it is there.
    data_dir : Path
        Folder of the private cluster, used unless GEO_BENCH_DATABASE_URL names a database.

    Returns
    -------
    Workload
        Up to date.
    """
    url = address(is_quick=is_quick, data_dir=data_dir)
    sizes = QUICK_SIZES if is_quick else SIZES
    recipe = _recipe_hash(is_quick=is_quick)
    if anew or _stated(url).get("recipe") != recipe:
        _say("making the database of the workloads (minutes, once)")
        create(url)
        places = files.read_places(is_quick=is_quick)
        command(url, "migrate")
        _fill(url, places, sizes, is_quick=is_quick)
        _state(url, recipe=recipe, source=places.source)
    command(url, "migrate")
    took = command(url, "refresh")
    if took > _LONG_S:
        _state(url, refreshed=f"{took:.0f}")
        _execute(url, "VACUUM ANALYZE")
    stated = _stated(url)
    return Workload(url, stated["source"], sizes, stated)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """Ask the database of the workloads.

    Parameters
    ----------
    url : str
        Its address.
    statement : str
        Of this harness.

    Returns
    -------
    list of tuple
        Rows.
    """
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    finally:
        connection.close()


def address(*, is_quick: bool, data_dir: Path) -> str:
    """Tell where the database of the workloads is, or would be.

    Parameters
    ----------
    is_quick : bool
        The small one.
    data_dir : Path
        Folder of the private cluster.

    Returns
    -------
    str
        Its URL.
    """
    name = "geo_bench_quick" if is_quick else "geo_bench"
    given = os.environ.get("GEO_BENCH_DATABASE_URL")  # noqa: TID251  (the edge of the harness)
    if given:
        return given + ("_quick" if is_quick else "")
    cluster = Cluster(data_dir)
    cluster.start()
    return _text(make_url(cluster.url()).set(database=name))


def create(url: str) -> None:
    """Make an empty database in the place of one of that name.

    Parameters
    ----------
    url : str
        Its address.
    """
    drop(url)
    _execute(*_in_server(url, "CREATE DATABASE"))


def drop(url: str) -> None:
    """Drop a database, if it is there.

    Parameters
    ----------
    url : str
        Its address.
    """
    server, statement = _in_server(url, "DROP DATABASE IF EXISTS")
    _execute(server, f"{statement} WITH (FORCE)")


def _in_server(url: str, what: str) -> tuple[str, str]:
    at = make_url(url)
    return _text(at.set(database="postgres")), f'{what} "{at.database}"'


def _fill(url: str, places: Places, sizes: dict[str, int], *, is_quick: bool) -> None:
    with TemporaryDirectory(prefix="geo-bench-") as name:
        folder = Path(name)
        vertices = QUICK_VERTICES if is_quick else files.VERTICES
        made = files.write_areas(places, folder, vertices=vertices)
        made.append(files.write_offices(folder, OFFICES, is_quick=is_quick))
        scattered = points.scatter(places.shapes, max(sizes.values()))
        made += [_first_points(folder, layer, scattered) for layer in sizes]
        for path in made:
            _say(f"ingest {path.name}")
            command(url, "ingest", path, "--recipe", path.with_suffix(".toml"), "--no-refresh")
        _execute(url, _PEERS)
        _copy_points(url, places, scattered, sizes)
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1))
        with Session(engine) as session:
            versions.bump(session, [f"layer:{layer}" for layer in sizes])
            session.commit()
        engine.dispose()
    _execute(url, "VACUUM ANALYZE")
    took = command(url, "refresh")
    _state(url, prepared=f"{took:.0f}")


def _first_points(folder: Path, layer: str, scattered: points.Points) -> Path:
    """Write the first points as a file: a layer is registered by its own ingest."""
    files.write_layer_recipe(folder, layer)
    first = pl.DataFrame(
        {
            "code": [f"{number:07d}" for number in range(1_000)],
            "name_th": [f"จุด {number}" for number in range(1_000)],
            "lat": scattered.lat[:1_000],
            "lon": scattered.lon[:1_000],
        }
    )
    path = folder / f"{layer}.csv"
    first.write_csv(path)
    return path


def _copy_points(url: str, places: Places, made: points.Points, sizes: dict[str, int]) -> None:
    ids = {str(code): row_id for row_id, code in query(
        url, "SELECT id, code FROM geo.area WHERE level = 'subdistrict'")}  # fmt: skip
    area_ids = np.asarray([ids[code] for code in places.codes])[made.place]
    number = np.arange(len(made.lon))
    rows = pl.DataFrame({"number": number, "lon": made.lon, "lat": made.lat, "area_id": area_ids})
    text = io.BytesIO()
    rows.write_csv(text, include_header=False)
    text.seek(0)
    connection = psycopg2.connect(_of_superuser(url))
    with connection, connection.cursor() as cursor:
        # What the loader guarantees is not checked once more for each of millions of rows.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "CREATE TEMP TABLE point_source (number int, lon float8, lat float8, area_id bigint,"
            " code text GENERATED ALWAYS AS (lpad(number::text, 7, '0')) STORED,"
            " name_th text GENERATED ALWAYS AS ('จุด ' || number::text) STORED)"
        )
        cursor.copy_expert(
            "COPY point_source (number, lon, lat, area_id) FROM STDIN (FORMAT csv)", text
        )
        for layer, size in sizes.items():
            _say(f"{size:,} points of {layer}")
            cursor.execute(_POINTS.format(table=table_of(layer), size=size))
            cursor.execute(_OURS.format(layer=layer, size=size))
    connection.close()


def _of_superuser(url: str) -> str:
    is_superuser = query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = USER")[0][0]
    return url if is_superuser else _text(make_url(url).set(username=KEEPER))


def table_of(layer: str) -> str:
    """Name the peers' table of one of our layers of points.

    Parameters
    ----------
    layer : str
        Name of the layer.

    Returns
    -------
    str
        In the schema ``bench``.
    """
    return layer.removeprefix("bench-").replace("-", "_")


def _recipe_hash(*, is_quick: bool) -> str:
    told = (
        RECIPE, is_quick, SIZES, QUICK_SIZES, QUICK_VERTICES, files.VERTICES, files.RECIPES,
        outlines.ROUGHNESS, points.SEED, points.TOWNS, points.TOWN_SHARE, points.SPREAD_DEG,
        _PEERS, _POINTS, _OURS,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _stated(url: str) -> dict[str, str]:
    try:
        return {str(what): str(said) for what, said in query(url, "TABLE bench.stated")}
    except psycopg2.Error:
        return {}


def _state(url: str, **said: str) -> None:
    for what, words in said.items():
        _execute(
            url,
            f"INSERT INTO bench.stated VALUES ('{what}', '{words}')"  # noqa: S608
            " ON CONFLICT (what) DO UPDATE SET said = excluded.said",
        )


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def command(url: str, *words: str | Path, patience_s: float | None = None) -> float:
    """Run our own command on the database of the workloads.

    Parameters
    ----------
    url : str
        Its address.
    words : str or Path
        Of the command.
    patience_s : float, optional
        It is ended after so many seconds.

    Returns
    -------
    float
        Seconds it took.

    Raises
    ------
    SystemExit
        If it fails.
    TimeoutExpired
        If it was ended.
    """
    started = time.monotonic()
    environment = os.environ | {"GEO_DATABASE_URL": url, "PYTHONPATH": str(files.ROOT)}  # noqa: TID251  (handed on)
    done = subprocess.run(  # noqa: S603  (our own command)
        [*COMMAND, *words], env=environment, capture_output=True, text=True, check=False,
        timeout=patience_s,
    )  # fmt: skip
    if done.returncode not in {0, 3}:
        raise SystemExit(f"geo-service {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return time.monotonic() - started


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)  # noqa: T201
