"""The peers in an environment of their own, and how each is started on the workloads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from tests.bench.servers import Server
from tests.bench.workload import Workload, table_of

#: Pinned: a ratio means nothing when what it is to may change.
PINNED = (
    "tipg==1.6.1", "pygeoapi==0.21.0", "uvicorn[standard]==0.54.0", "asyncpg==0.32.0",
    "psycopg2-binary==2.9.13", "geoalchemy2>=0.17", "sqlalchemy>=2",
)  # fmt: skip
_UVICORN = ("--no-access-log", "--log-level", "warning", "--port", "{port}")


def install(folder: Path) -> str:
    """Install the peers on demand.

    Parameters
    ----------
    folder : Path
        Of the environment; it is made when it is not there.

    Returns
    -------
    str
        Empty, or why they are missing.
    """
    stamp = folder / "pinned"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(PINNED):
        return ""
    uv = str(Path(sys.executable).parent / "uv")
    for words in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *PINNED],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            return done.stderr.strip().splitlines()[-1]
    stamp.write_text("\n".join(PINNED), encoding="utf-8")
    return ""


def tipg(folder: Path, work: Workload, port: int) -> Server:
    """Describe tipg on the tables of the peers.

    Parameters
    ----------
    folder : Path
        Environment of the peers.
    work : Workload
        The database.
    port : int
        To listen on.

    Returns
    -------
    Server
        One worker.
    """
    at = make_url(work.url)
    host = str(at.query.get("host") or "").replace("/", "%2F") or f"{at.host}"
    dsn = f"postgresql://{at.username}{':' + str(at.password) if at.password else ''}@{host}"
    dsn += f":{at.port or at.query.get('port') or 5432}/{at.database}"
    return Server(
        "tipg", port, _uvicorn(folder, "tipg.main:app", port),
        {
            "DATABASE_URL": dsn, "TIPG_DB_SCHEMAS": '["bench"]',
            "TIPG_MAX_FEATURES_PER_QUERY": "10000",
        },
        ready="/collections/bench.polygons",
    )  # fmt: skip


def floor(folder: Path, work: Workload, port: int) -> Server:
    """Describe the server of plain statements.

    Parameters
    ----------
    folder : Path
        Environment of the peers.
    work : Workload
        The database.
    port : int
        To listen on.

    Returns
    -------
    Server
        One worker.
    """
    beside = ("--app-dir", str(Path(__file__).parent))
    return Server(
        "floor", port, (*_uvicorn(folder, "floor:app", port), *beside),
        {"BENCH_DATABASE_URL": work.url},
        ready="/where/provinces?code&code=10",
    )  # fmt: skip


def pygeoapi(folder: Path, work: Workload, port: int) -> Server:
    """Describe pygeoapi on the tables of the peers, and write its documents.

    Parameters
    ----------
    folder : Path
        Environment of the peers.
    work : Workload
        The database.
    port : int
        To listen on.

    Returns
    -------
    Server
        One worker.
    """
    config, document = folder / "pygeoapi.json", folder / "pygeoapi-openapi.json"
    # YAML reads JSON.
    config.write_text(json.dumps(_pygeoapi_config(work, port)), encoding="utf-8")
    environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    return Server(
        "pygeoapi", port, _uvicorn(folder, "pygeoapi.starlette_app:APP", port), environment,
        ready="/collections/polygons",
        before=(
            str(folder / "bin" / "pygeoapi"), "openapi", "generate", str(config),
            "--output-file", str(document), "--format", "json",
        ),
    )  # fmt: skip


def _uvicorn(folder: Path, app: str, port: int) -> tuple[str, ...]:
    words = (part.format(port=port) for part in _UVICORN)
    return (str(folder / "bin" / "python"), "-m", "uvicorn", app, *words)


def _pygeoapi_config(work: Workload, port: int) -> dict[str, object]:
    at = make_url(work.url)
    data = {
        "host": str(at.query.get("host") or at.host),
        "port": str(at.port or at.query.get("port") or 5432),
        "dbname": at.database, "user": at.username, "password": at.password or "none",
        "search_path": ["bench", "public"],
    }  # fmt: skip
    tables = ["polygons", "provinces", "offices", *(table_of(layer) for layer in work.sizes)]
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port}, "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8", "gzip": False,
            "languages": ["en-US"], "limits": {"default_items": 100, "max_items": 10_000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "-"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "Workload", "description": "Workload", "keywords": ["bench"],
                "keywords_type": "theme", "terms_of_service": "-", "url": "http://127.0.0.1",
            },
            "license": {"name": "MIT", "url": "http://127.0.0.1"},
            "provider": {"name": "-", "url": "http://127.0.0.1"},
            "contact": {"name": "-", "email": "-", "url": "http://127.0.0.1"},
        },
        "resources": {table: _pygeoapi_layer(table, data) for table in tables},
    }  # fmt: skip


def _pygeoapi_layer(table: str, data: Mapping[str, object]) -> dict[str, object]:
    # What nobody waits for any more must not slow the next measurement.
    limited: dict[str, object] = {"options": "-c statement_timeout=15000"}
    common = {"data": data, "id_field": "gid", "table": table, "geom_field": "geom"}
    return {
        "type": "collection", "title": table, "description": table, "keywords": ["bench"],
        "links": [],
        "extents": {"spatial": {"bbox": [97, 5, 106, 21]}},
        "providers": [
            {"type": "feature", "name": "PostgreSQL", **common, "options": limited},
            {
                "type": "tile", "name": "MVT-postgresql", **common,
                "options": limited | {"zoom": {"min": 0, "max": 22}},
                "format": {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"},
                "storage_crs": "http://www.opengis.net/def/crs/EPSG/0/4326",
            },
        ],
    }  # fmt: skip
