"""GDAL as QGIS, R and geopandas use it: Debian's programs and the GDAL inside pyogrio."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from textwrap import dedent
from typing import Any

import geopandas
import pytest
from pyproj import Transformer
from sqlalchemy import text

from geo_service.core.db import make_engine, transaction
from layers import versions
from tests.builders import ORGS, PROVINCES, SUBDISTRICTS

pytestmark = pytest.mark.skipif(
    shutil.which("ogr2ogr") is None, reason="no ogr2ogr: apt-get install gdal-bin"
)
LONGEST_S = 120


def gdal(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of gdal-bin; an error is a failed test."""
    done = subprocess.run(  # noqa: S603  (the distribution's GDAL)
        [shutil.which(program) or program, *arguments],
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[:500] + done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done


def python(lines: str, server: str) -> Any:
    """Run lines that print JSON with the GDAL inside pyogrio.

    In a process of its own: it holds the interpreter while it waits for the service.
    """
    head = f"import json, pyogrio\naddress = 'OAPIF:{server}'\n"
    done = subprocess.run(  # noqa: S603  (our own lines)
        [sys.executable, "-c", head + dedent(lines)],
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def walked(server: str, layer: str, *arguments: str) -> tuple[list[dict[str, str]], list[str]]:
    """Read a layer with ogr2ogr: its rows, and the addresses that were asked."""
    done = gdal(
        "ogr2ogr", "--debug", "HTTP", "-f", "CSV", "/vsistdout/", f"OAPIF:{server}", layer,
        *arguments,
    )  # fmt: skip
    return list(csv.DictReader(io.StringIO(done.stdout))), re.findall(
        r"Fetch\(([^)]*)\)", done.stderr
    )


def test_the_landing_page_leads_to_every_layer(live_server, client):
    known = {one["id"] for one in client.get("/collections").json()["collections"]}
    listed = gdal("ogrinfo", "-ro", f"OAPIF:{live_server}").stdout
    assert set(re.findall(r"^\d+: (\S+)", listed, re.MULTILINE)) == known
    inside = python(
        "print(json.dumps([one[0] for one in pyogrio.list_layers(address)]))", live_server
    )
    assert set(inside) == known


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_layer_is_walked_page_by_page_and_each_feature_met_once(live_server, size):
    rows, asked = walked(live_server, "subdistricts", "-oo", f"PAGE_SIZE={size}")
    assert sorted(row["code"] for row in rows) == sorted(SUBDISTRICTS)
    pages = [address for address in asked if "/items" in address]
    assert len(pages) >= len(SUBDISTRICTS) / size


def test_each_feature_is_met_once_while_a_load_commits_between_pages(
    serve, settings_for, country_engine
):
    url = country_engine.url.render_as_string(hide_password=False)
    loads: list[str] = []

    def around(app):
        async def watched(scope, receive, send):
            if b"cursor=" in scope.get("query_string", b"") and len(loads) < 3:
                loads.append(f"โหลด {len(loads)}")
                load_names(url, loads[-1])
            await app(scope, receive, send)

        return watched

    server = serve(settings_for(url), around=around)
    rows, asked = walked(server, "subdistricts", "-oo", "PAGE_SIZE=2")
    assert len(loads) == 3, asked
    assert sorted(row["code"] for row in rows) == sorted(SUBDISTRICTS)
    assert rows[-1]["name_th"] == loads[-1]


def load_names(url: str, name: str) -> None:
    """Name every sub-district anew, as a load does: each row is written, the version rises."""
    engine = make_engine(url)
    with transaction(engine) as session:
        session.execute(
            text("UPDATE geo.area SET name_th = :name WHERE level = 'subdistrict'"), {"name": name}
        )
        versions.bump(session, ["areas"])
    engine.dispose()


def test_a_box_and_an_attribute_filter_are_answered_by_the_service(live_server):
    rows, asked = walked(
        live_server, "subdistricts", "-spat", "100.01", "14.01", "100.02", "14.02",
        "-where", "district_code = '5001' AND name_th = 'บางแก้ว'",
    )  # fmt: skip
    assert [row["code"] for row in rows] == ["500101"]
    assert "bbox=" in asked[-1]
    assert "district_code=5001" in asked[-1]
    assert "name_th=%E0%B8%9A" in asked[-1]


def test_pyogrio_filters_at_the_service_too(live_server):
    told = python(
        """
        frame = pyogrio.read_dataframe(
            address, layer="population-by-subdistrict",
            bbox=(100.01, 14.01, 100.29, 14.09), where="pop_total > 4000",
        )
        print(json.dumps(list(frame["code"])))
        """,
        live_server,
    )
    assert set(told) == {"500101", "500102"}


def test_another_reference_system_is_the_work_of_the_service(live_server):
    srid, x, y = python(
        """
        frame = pyogrio.read_dataframe(address, layer="health-centres", CRS="EPSG:32647")
        shape = frame.set_index("code").loc["h1", "geometry"]
        print(json.dumps([frame.crs.to_epsg(), shape.x, shape.y]))
        """,
        live_server,
    )
    assert srid == 32647
    expected = Transformer.from_crs(4326, 32647, always_xy=True).transform(100.05, 14.05)
    assert (x, y) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("form", ["geojson", "gpkg", "fgb"])
def test_geopandas_reads_an_address(live_server, form, recwarn):
    frame = geopandas.read_file(f"{live_server}/collections/orgs/items?f={form}")
    # GDAL remarks that an address does not end in .gpkg.
    recwarn.clear()
    assert set(frame["code"]) == set(ORGS)
    assert frame.crs.equals("EPSG:4326", ignore_axis_order=True)


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "csv"])
def test_a_download_is_opened_where_it_lies(live_server, ending):
    address = f"/vsicurl/{live_server}/collections/provinces/downloads/provinces.{ending}"
    told = gdal("ogrinfo", "-ro", "-so", "-al", address).stdout
    assert f"Feature Count: {len(PROVINCES)}" in told


def test_gdal_reads_our_vector_tiles_where_they_belong(live_server):
    # Tile 8/199/117 spans 99.84-101.25 east, 13.92-15.28 north: the whole tiny country.
    place = ("-oo", "Z=8", "-oo", "X=199", "-oo", "Y=117")
    address = f"{live_server}/tiles/subdistricts/8/199/117.mvt"
    told = gdal("ogrinfo", "-ro", "-al", "-so", *place, address)
    assert "using driver `MVT' successful" in told.stdout
    shapes = sum(outline is not None for _, _, outline in SUBDISTRICTS.values())
    assert re.search(rf"Layer name: subdistricts\n(?:.*\n)*?Feature Count: {shapes}", told.stdout)
    west, south, east, north = (
        float(number)
        for number in re.findall(r"[-\d.]+", re.search(r"Extent: (.*)", told.stdout)[1])
        if number != "-"
    )
    to_metres = Transformer.from_crs(4326, 3857, always_xy=True).transform
    assert (west, south) == pytest.approx(to_metres(100.0, 14.0), abs=80)
    assert (east, north) == pytest.approx(to_metres(100.5, 14.2), abs=80)
