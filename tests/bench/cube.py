"""The cube beside DuckDB in memory and PostgreSQL's own rollup, on the same facts in one run.

Facts are whole numbers made by one formula from sub-district, year and indicator, so every party
has the very same and the sums must agree. The places are those of the database the settings name;
it is copied (nobody may be connected to it), and only the copy is written to. The full cube is
every indicator by region and year with all totals. Adding different indicators up means nothing,
so there is no total over them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session

from geo_service.core.db import engine_url, make_engine, transaction
from geo_service.core.known import KNOWN, Known, read_versions
from geo_service.core.postgres import Cluster
from geo_service.core.settings import Settings
from layers import cube, place_values, versions
from layers.cube.query import MOST_MEASURES, Asked
from tests.bench.drills import drills, table

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".benchmarks" / "cube-peers"
PEERS = ("duckdb>=2.0",)
COPY = "geo_bench_cube"
YEARS, INDICATORS = 27, 100
FIRST_YEAR = 1993
SCHEME = "nesdc7"
MOST_TIMES, MOST_DRILL_MS = 2.0, 50.0

_FACTS = """
    CREATE UNLOGGED TABLE cube_fact AS
    SELECT k::smallint AS k, y::smallint AS y, p.s, p.province_id, p.region_id,
           ((p.s * 7919::bigint + y * 104729 + k * 1299709) % 1000 + 1)::float8 AS value
    FROM cube_place AS p, generate_series(0, :indicators - 1) AS k,
         generate_series(0, :years - 1) AS y
"""
_PLACES = """
    CREATE UNLOGGED TABLE cube_place AS
    SELECT row_number() OVER (ORDER BY s.code)::int AS s, s.id AS place_id, p.id AS province_id,
           r.id AS region_id, r.code AS region, p.code AS province
    FROM area AS s
    JOIN area AS d ON d.id = s.parent_id
    JOIN area AS p ON p.id = d.parent_id
    JOIN region_member AS m ON m.province_code = p.code
    JOIN area AS r ON r.id = m.region_id AND r.scheme = :scheme
    WHERE s.level = 'subdistrict' AND upper(s.valid) IS NULL
"""
_ROLLUP = """
    SELECT k, y, region_id, sum(value) AS value, count(*) AS places FROM cube_fact
    GROUP BY GROUPING SETS ((k), (k, y), (k, region_id), (k, y, region_id))
"""
#: What a load leaves behind at three levels, made by one statement; the pipeline itself is
#: measured on one indicator, below.
_PREPARE = """
    INSERT INTO place_value
    SELECT 'bench_' || k, g.level, (:first + y)::text, g.place_id, sum(value), NULL, NULL,
           'reported', count(*), count(*), 'aggregated', '{}', 1
    FROM cube_fact
    CROSS JOIN LATERAL (
        VALUES ('province', province_id), ('region', region_id), ('country', :country)
    ) AS g (level, place_id)
    GROUP BY k, y, g.level, g.place_id
"""


def bench(*, quick: bool = False, rounds: int = 5) -> str:
    """Run everything and give the table."""
    indicators = INDICATORS // 10 if quick else INDICATORS
    settings = Settings()
    given = settings.database_url
    url = Cluster(settings.data_dir).url() if given is None else given.get_secret_value()
    source = make_url(engine_url(url))
    admin = create_engine(source.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{COPY}"'))
        connection.execute(text(f'CREATE DATABASE "{COPY}" TEMPLATE "{source.database}"'))
    url = source.set(database=COPY).render_as_string(hide_password=False)
    engine = make_engine(url)
    try:
        return _measure(engine, url, indicators, rounds)
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{COPY}" WITH (FORCE)'))
        admin.dispose()


def _measure(engine: Engine, url: str, indicators: int, rounds: int) -> str:
    with transaction(engine) as session:
        session.execute(text(_PLACES), {"scheme": SCHEME})
        session.execute(text(_FACTS), {"indicators": indicators, "years": YEARS})
        _add_indicators(session, indicators)
        country = session.scalar(text("SELECT id FROM area WHERE level = 'country'"))
        bound = {"first": FIRST_YEAR, "country": country}
        began = time.perf_counter()
        session.execute(text(_PREPARE), bound)
        prepared = time.perf_counter() - began
        facts = session.scalar(text("SELECT count(*) FROM cube_fact"))
        versions.bump(session, ["catalogue"])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE cube_fact"))
        connection.execute(text("VACUUM ANALYZE geo.place_value"))
    duck = _duckdb(engine, indicators, rounds)
    ours, ours_total, cells = _ours(engine, indicators, rounds)
    with engine.connect() as connection:
        rolled, rows = _times(lambda: connection.execute(text(_ROLLUP)).all(), max(rounds // 2, 1))
    agree = {round(duck["total"]), round(ours_total), round(sum(row.value for row in rows))}
    loaded, made = _load_one(engine)
    steps = drills(url)
    best = statistics.median(duck["seconds"])
    slowest = max(p50 for _, p50, _ in steps)
    return "\n".join(
        (
            f"\n{facts:,} facts, {cells:,} cells; sums {'agree' if len(agree) == 1 else agree}\n",
            "| full cube | median s | beside DuckDB |", "|-|-:|-:|",
            f"| DuckDB {duck['version']}, in memory | {best:.3f} | 1.0 |",
            f"| ours, prepared sums, whole answer in Python | {ours:.3f} | {ours / best:.2f} |",
            f"| PostgreSQL GROUPING SETS over the facts | {rolled:.3f} | {rolled / best:.2f} |",
            "",
            f"goal: at most {MOST_TIMES} times DuckDB: {_word(ours / best <= MOST_TIMES)}",
            _cost(prepared, duck, loaded, made),
            "",
            table(steps),
            "",
            f"goal: p50 under {MOST_DRILL_MS:.0f} ms: {_word(slowest < MOST_DRILL_MS)}",
        )
    )  # fmt: skip


def _cost(prepared: float, duck: dict[str, object], loaded: int, made: float) -> str:
    return (
        f"preparing all by one statement: {prepared:.1f} s; making DuckDB's table:"
        f" {duck['made']:.1f} s; the pipeline after a load of one indicator"
        f" ({loaded:,} facts): {made:.1f} s"
    )


def _ours(engine: Engine, indicators: int, rounds: int) -> tuple[float, float, int]:
    keys = [f"bench_{k}" for k in range(indicators)]
    total, cells = 0.0, 0
    with Session(engine) as session:
        session.info[KNOWN] = Known(read_versions(session))

        def whole() -> list[cube.Table]:
            return [
                cube.answer(session, cube.question_of(session, asked))
                for begin in range(0, len(keys), MOST_MEASURES)
                for asked in [
                    Asked(measures=keys[begin : begin + MOST_MEASURES], rows=("region",),
                          columns=("year",), totals=("rows", "columns"), scheme=SCHEME)
                ]
            ]  # fmt: skip

        whole()  # what is known of the state is read once
        seconds, tables = _times(whole, rounds)
        for table in tables:
            for row in table.rows:
                total += sum(cell.value or 0 for cell in row.cells)
                cells += len(row.cells)
    return seconds, total, cells


def _duckdb(engine: Engine, indicators: int, rounds: int) -> dict[str, object]:
    if not (ENVIRONMENT / "bin" / "python").exists():
        ENVIRONMENT.parent.mkdir(exist_ok=True)
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", ENVIRONMENT], check=True)  # noqa: S603
        python = ["--python", ENVIRONMENT / "bin" / "python"]
        subprocess.run([uv, "pip", "install", "--quiet", *python, *PEERS], check=True)  # noqa: S603
    with TemporaryDirectory() as folder, engine.connect() as connection:
        path = Path(folder) / "places.csv"
        rows = connection.execute(text("SELECT s, province, region FROM cube_place ORDER BY s"))
        path.write_text("s,province,region\n" + "".join(f"{s},p{p},{r}\n" for s, p, r in rows))
        script = Path(__file__).with_name("cube_duckdb.py")
        sizes = [str(indicators), str(YEARS), str(rounds)]
        told = subprocess.run(  # noqa: S603
            [ENVIRONMENT / "bin" / "python", script, path, *sizes],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found: dict[str, object] = json.loads(told.stdout)
    return found


# One indicator as it comes in: observations of every sub-district and year, then the pipeline.
def _load_one(engine: Engine) -> tuple[int, float]:
    with transaction(engine) as session:
        dataset, version = session.execute(
            text("SELECT dataset_id, id FROM dataset_version ORDER BY id LIMIT 1")
        ).one()
        loaded = session.execute(
            text(
                "INSERT INTO observation (indicator_key, area_id, period_key, breakdown, value,"
                " status, dataset_id, version_id)"
                " SELECT 'bench_loaded', p.place_id, f.y_key, '{}', f.value, 'reported', :d, :v"
                " FROM (SELECT s, (:first + y)::text AS y_key, value FROM cube_fact WHERE k = 0) f"
                " JOIN cube_place AS p ON p.s = f.s"
            ),
            {"d": dataset, "v": version, "first": FIRST_YEAR},
        ).rowcount
        began = time.perf_counter()
        place_values.rebuild(session, ["bench_loaded"])
        return loaded, time.perf_counter() - began


def _add_indicators(session: Session, indicators: int) -> None:
    session.execute(
        text(
            "INSERT INTO indicator (key, theme, name_th, name_en, unit_th, unit_en, space_agg,"
            " time_agg) SELECT key, 'population', key, key, 'x', 'x', 'SUM', 'SUM' FROM ("
            " SELECT 'bench_' || k AS key FROM generate_series(0, :last) AS k"
            " UNION ALL SELECT 'bench_loaded') AS one"
        ),
        {"last": indicators - 1},
    )


def _times(work: Callable[[], list[object]], rounds: int) -> tuple[float, list[object]]:
    seconds, found = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def _word(is_met: bool) -> str:
    return "met" if is_met else "missed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the facts")
    print(bench(quick=parser.parse_args().quick))  # noqa: T201
