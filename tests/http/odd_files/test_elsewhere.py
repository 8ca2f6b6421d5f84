"""Files that lead elsewhere (I-7): refused at the address, nothing is read, nobody is asked."""

from __future__ import annotations

import json
import socketserver
import threading
import urllib.request
from contextlib import contextmanager

import pytest

from tests.odd_files import refusal, zipped

CANARY = "a canary that nobody may read"
ROWS = """
[dataset]
id = "elsewhere-rows"
kind = "indicators"
title_th = "ชั้นทดสอบ"
title_en = "Rows"

[file]
record = "Placemark"

[place]
level = "province"
name = "name"

[period]
value = "2567"

[[columns]]
heading = "description"
indicator = "waste_gen_tpd"
"""


@contextmanager
def listening():
    """A listener on this machine that counts who calls it."""
    calls = []

    class Count(socketserver.BaseRequestHandler):
        def handle(self):
            calls.append(self.request.recv(200))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Count) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1], calls
        finally:
            server.shutdown()
            thread.join()


def vrt(source):
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{source}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


def gdalg(source):
    return json.dumps({
        "type": "gdal_streamed_alg",
        "command_line": f"gdal vector pipeline read {source} ! write x",
    })  # fmt: skip


def linked(source):
    point = {"type": "Feature", "properties": {"code": "1", "name": "ก"},
             "geometry": {"type": "Point", "coordinates": [100.1, 14.1]}}  # fmt: skip
    return json.dumps({
        "type": "FeatureCollection", "features": [point],
        "crs": {"type": "link", "properties": {"href": source, "type": "proj4"}},
    })  # fmt: skip


def kml(source):
    return (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink>'
        f"<Link><href>{source}</href></Link></NetworkLink></Document></kml>"
    )


def stranger(source):
    return (
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "{source}">'
        f'<!ENTITY % y SYSTEM "{source}"> %y;]>'
        "<kml><Placemark><name>แสนสุข</name><description>&x;</description></Placemark></kml>"
    )


def gml(source):
    return (
        '<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="http://a {source}"><wfs:member xmlns:xlink='
        f'"http://www.w3.org/1999/xlink" xlink:href="{source}"/></wfs:FeatureCollection>'
    )


#: By name, what it holds by where it leads.
FILES = [
    ("a.vrt", vrt), ("a.csv", vrt), ("a.json", vrt), ("a.gpkg", vrt), ("a.xml", vrt),
    ("a.geojson", gdalg), ("a.gdalg.json", gdalg), ("a.json", gdalg),
    ("a.geojson", linked), ("a.json", linked),
    ("a.kml", kml), ("a.csv", kml), ("a.xml", kml), ("a.kmz", kml),
    ("a.kml", stranger), ("a.xml", stranger), ("a.txt", stranger),
    ("a.gml", gml), ("a.xml", gml), ("a.geojson", gml),
]  # fmt: skip
PACKED = [
    ("a.shp", vrt), ("a.vrt", vrt), ("doc.kml", kml), ("doc.kml", stranger), ("a.gml", gml),
    ("a.gdalg.json", gdalg), ("a.geojson", linked),
]  # fmt: skip


def test_a_file_that_leads_elsewhere_is_422_and_neither_file_nor_address_is_opened(desk, tmp_path):
    recipes = desk.settings["data_dir"] / "recipes"
    (recipes / "rows.toml").write_text(ROWS, encoding="utf-8")
    canary = tmp_path / "canary.csv"
    canary.write_text(f"code,name\nx,{CANARY}\n", encoding="utf-8")
    with listening() as (port, calls):
        sources = (f"file://{canary}", f"http://127.0.0.1:{port}/canary.csv")
        sent = [(name, form(sources[at % 2]).encode()) for at, (name, form) in enumerate(FILES)]
        sent += [("a.zip", zipped(**{name: form(sources[at % 2])}))
                 for at, (name, form) in enumerate(PACKED)]  # fmt: skip
        for name, content in sent:
            recipe = "rows" if name == "a.xml" else "points"
            told = refusal(desk, content, recipe, name)
            assert told["status"] == 422, (name, told)
            assert CANARY not in str(told)
            assert str(tmp_path) not in str(told).replace(str(canary), ""), name
        assert calls == []
        # the listener would have counted
        with pytest.raises(OSError):  # noqa: PT011
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
        assert len(calls) == 1
    assert desk.stored("SELECT count(*) FROM geo.feature WHERE layer_id = 'odd-points'") == 0


def test_what_leads_elsewhere_is_refused_whatever_the_recipe(desk):
    for name, form in (("a.json", gdalg), ("a.xml", vrt), ("a.xml", kml), ("a.xml", gml)):
        assert refusal(desk, form("file:///etc/passwd").encode(), "mine", name)["status"] == 422
