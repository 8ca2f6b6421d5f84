"""An export that is cut is complete or can be seen not to be; the next one is whole."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.faults.asking import ask
from tests.faults.conftest import looking, settled
from tests.waiting import wait_until

MANY = 60_000
_CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'geo-service%'"
)


def fill(look) -> str:
    """Give a layer so many points that it cannot be sent at once."""
    look(
        "INSERT INTO geo.feature (layer_id, code, name_th, geom, version_id)"
        " SELECT layer_id, 'p' || n, 'จุดที่ ' || n,"
        " ST_SetSRID(ST_MakePoint(100 + n %% 500 / 1e3, 14 + n / 1e6), 4326), version_id"
        " FROM (SELECT layer_id, version_id FROM geo.feature LIMIT 1) f,"
        " generate_series(1, %s) n",
        MANY,
    )
    return look("SELECT layer_id FROM geo.feature LIMIT 1")


def read_and_cut(base: str, path: str, cut) -> tuple[bool, bytes]:
    """Begin to read, cut the service off from its database, and read on: was it whole?"""
    parts = urlsplit(base)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        body = answer.read(1_000)
        cut()
        return True, body + answer.read()
    except (http.client.HTTPException, OSError):
        return False, b""
    finally:
        line.close()


@pytest.mark.parametrize("kept_mb", [2_000, 0], ids=["kept", "streamed"])
def test_an_export_that_is_cut_is_whole_or_seen_to_be_cut(country, run, record_property, kept_mb):
    with looking(country) as look:
        layer = fill(look)
        service = run(country, downloads_mb=kept_mb, beside_mb=0)
        wait_until(service.trusts)
        path = f"/collections/{layer}/downloads/{layer}.geojson"
        is_whole, body = read_and_cut(service.base, path, lambda: look(_CUT))
        if is_whole:
            assert len(json.loads(body)["features"]) > MANY
        record_property("figure", "whole" if is_whole else "seen to be cut")
        settled(20, lambda: ask(service.base, "/readyz").status == 200)
        again = ask(service.base, path)
        assert again.status == 200, again.why
        assert len(again.told["features"]) > MANY
