"""What preparing costs: seconds of a refresh, megabytes of what it leaves.

Preparing everything again takes three minutes on a quiet machine of two cores, and many times that
on a busy one: it says that it is at it, and is given up after a quarter of an hour.
"""

from __future__ import annotations

import sys
from subprocess import TimeoutExpired
from typing import Final

from tests.bench.workload import Workload, command, query

_PATIENCE_S: Final = 900.0

_MB = 2**20
_TABLES = """
SELECT c.relname, pg_total_relation_size(c.oid), c.reltuples::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'geo' AND c.relkind = 'r' AND pg_total_relation_size(c.oid) > 1000000
ORDER BY 2 DESC
"""
_RAW = frozenset({"area", "feature", "row_before", "ingest_run", "reject", "org", "area_code"})


def cost(work: Workload, *, is_timed: bool) -> list[tuple[str, str]]:
    """Weigh what is prepared, and prepare all of it again if wanted.

    Parameters
    ----------
    work : Workload
        The database.
    is_timed : bool
        Prepare everything anew and take the time.

    Returns
    -------
    list of (str, str)
        What, and how much.
    """
    found = [("first refresh of the whole database, s", work.stated.get("prepared", "-"))]
    if is_timed:
        found.append(("everything prepared again, s", _seconds(work.url, "refresh", "--all")))
    found.append(("nothing to prepare, s", _seconds(work.url, "refresh")))
    for name, size, rows in query(work.url, _TABLES):
        kind = "data" if name in _RAW else "prepared"
        found.append(
            (f"{kind}: {name}, MB (rows)", f"{int(str(size)) / _MB:,.0f} ({int(str(rows)):,})")
        )
    return found


def _seconds(url: str, *words: str) -> str:
    print(f"· {' '.join(words)}, {_PATIENCE_S:.0f} s at most", file=sys.stderr, flush=True)  # noqa: T201
    try:
        return f"{command(url, *words, patience_s=_PATIENCE_S):.1f}"
    except TimeoutExpired:
        return f"given up after {_PATIENCE_S:.0f}"
