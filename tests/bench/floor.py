"""A server that does the least: each answer is what one plain SQL statement gives.

Run in the peers' environment: ``uvicorn floor:app``. Addresses:
``/tile/{table}/{z}/{x}/{y}?{columns}``, ``/items/{table}?{columns}&{west,south,east,north}``,
``/where/{table}?{columns}&{column}={value}`` and ``&{column}<{value}`` or neither,
``/all/{table}?{columns}``, ``/one/{table}?{columns}&{code}``.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import asyncpg

Send = Callable[[dict[str, Any]], Awaitable[None]]

_TILE = """
WITH box AS (SELECT ST_TileEnvelope($1, $2, $3) AS box),
drawn AS (
    SELECT {columns}, ST_AsMVTGeom(ST_Transform(geom, 3857), box, 4096, 64, true) AS shape
    FROM bench.{table}, box
    WHERE geom && ST_Transform(ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096), 4326)
)
SELECT ST_AsMVT(drawn, '{table}', 4096, 'shape') FROM drawn WHERE shape IS NOT NULL
"""
_PAGE = """
SELECT json_build_object('type', 'FeatureCollection', 'features',
    coalesce(json_agg(ST_AsGeoJSON(page, 'geom', 6)::json), '[]'))::text
FROM (SELECT {columns}, geom FROM bench.{table} {where} ORDER BY gid {limit}) AS page
"""
_MVT, _GEOJSON = b"application/vnd.mapbox-vector-tile", b"application/geo+json"
_TABLES = frozenset({"polygons", "provinces", "offices", "points_1", "points_10", "points_100"})
_COLUMNS = frozenset({"gid", "code", "name_th", "name_en", "province_code", "area_km2"})


class _Floor:
    """The application; connections are opened when it starts."""

    def __init__(self) -> None:
        self.pool: Any = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        kind, table, *place = scope["path"].strip("/").split("/")
        columns, *terms = unquote(scope["query_string"].decode()).split("&")
        if table not in _TABLES or not set(columns.split(",")) <= _COLUMNS:
            await _answer(send, b"", b"text/plain", 404)
        elif kind == "tile":
            statement = _TILE.format(columns=columns, table=table)
            found = await self.pool.fetchval(statement, *map(int, place))
            await _answer(send, bytes(found), _MVT)
        else:
            statement, bound = _page(kind, table, columns, terms)
            found = await self.pool.fetchval(statement, *bound)
            await _answer(send, found.encode(), _GEOJSON)

    async def _live(self, receive: Any, send: Send) -> None:
        while True:
            told = await receive()
            if told["type"] == "lifespan.startup":
                url = os.environ["BENCH_DATABASE_URL"]  # noqa: TID251  (a process of its own)
                self.pool = await asyncpg.create_pool(
                    url, min_size=1, max_size=10, server_settings={"statement_timeout": "20000"}
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _page(kind: str, table: str, columns: str, terms: list[str]) -> tuple[str, list[Any]]:
    bound: list[Any] = []
    where, limit = "", "LIMIT 100"
    if kind == "items":
        bound = [float(number) for number in terms[0].split(",")]
        where = "WHERE geom && ST_MakeEnvelope($1, $2, $3, $4, 4326)"
        where += " AND ST_Intersects(geom, ST_MakeEnvelope($1, $2, $3, $4, 4326))"
    elif kind == "where" and terms:
        conditions = []
        for term in terms:
            sign = "<" if "<" in term else "="
            column, value = term.split(sign)
            if column not in _COLUMNS:
                raise ValueError(column)
            bound.append(value if sign == "=" else float(value))
            conditions.append(f"{column} {sign} ${len(bound)}")
        where = "WHERE " + " AND ".join(conditions)
    elif kind == "one":
        bound, where = [terms[0]], "WHERE code = $1"
    elif kind == "all":
        limit = ""
    return _PAGE.format(columns=columns, table=table, where=where, limit=limit), bound


async def _answer(send: Send, body: bytes, kind: bytes, status: int = 200) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


app = _Floor()
