"""Runs in an environment of its own: the same facts in DuckDB, in memory.

Reads the places (one CSV line a sub-district), makes the facts, answers the full cube some times,
and prints the seconds and the sum of all cells as JSON.
"""

import json
import sys
import time

import duckdb

places, indicators, years, rounds = sys.argv[1], *map(int, sys.argv[2:5])
base = duckdb.connect()
base.execute("SET threads TO 2")
base.execute("CREATE TABLE place AS SELECT * FROM read_csv(?, header = true)", [places])
started = time.perf_counter()
base.execute(  # two whole numbers of our own
    "CREATE TABLE fact AS SELECT k::SMALLINT AS k, y::SMALLINT AS y, s, province, region,"  # noqa: S608
    " ((s * 7919 + y * 104729 + k * 1299709) % 1000 + 1)::DOUBLE AS value"
    f" FROM place, range({indicators}) AS a (k), range({years}) AS b (y)"
)
made = time.perf_counter() - started
CUBE = (
    "SELECT k, y, region, sum(value) AS value, count(*) AS places FROM fact"
    " GROUP BY GROUPING SETS ((k), (k, y), (k, region), (k, y, region))"
)
seconds, rows = [], []
for _ in range(rounds):
    started = time.perf_counter()
    rows = base.execute(CUBE).fetchall()
    seconds.append(time.perf_counter() - started)
facts = base.execute("SELECT count(*) FROM fact").fetchone()[0]
total = sum(row[3] for row in rows)
print(  # noqa: T201
    json.dumps(
        {"facts": facts, "made": made, "seconds": seconds, "cells": len(rows), "total": total,
         "version": duckdb.__version__}
    )
)  # fmt: skip
