"""Files that lead elsewhere, sent to the address of uploads: nothing is read, nobody is asked."""

from __future__ import annotations

import io
import json
import socketserver
import threading
import zipfile
from contextlib import contextmanager

import pytest

from tests.desk import opened, with_people

CANARY = "a canary that nobody may read"
POINTS = """
[dataset]
id = "elsewhere-points"
kind = "features"
title_th = "ชั้นทดสอบ"
title_en = "A layer"

[features]
code = "code"
name_th = "name"

[[features.layers]]
id = "elsewhere-points"
title_th = "ชั้นทดสอบ"
title_en = "A layer"
theme = "infrastructure"
"""
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


@pytest.fixture(scope="module")
def engine(databases, country_template):
    made = with_people(databases.create("elsewhere", template=country_template))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine, client_of, tmp_path):
    return opened(engine, client_of, tmp_path, upload_mb=4, points=POINTS, rows=ROWS)


def zipped(name, content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, content)
    return made.getvalue()


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


#: Name, what it holds by where it leads, and the status when the address itself refuses it.
FILES = [
    ("a.vrt", vrt, 422), ("a.csv", vrt, 422), ("a.json", vrt, 422), ("a.gpkg", vrt, 422),
    ("a.xml", vrt, 0), ("a.geojson", gdalg, 0), ("a.gdalg.json", gdalg, 0), ("a.json", gdalg, 0),
    ("a.geojson", linked, 0), ("a.json", linked, 0),
    ("a.kml", kml, 422), ("a.csv", kml, 422), ("a.xml", kml, 0), ("a.kmz", kml, 422),
    ("a.kml", stranger, 422), ("a.xml", stranger, 0), ("a.txt", stranger, 422),
    ("a.gml", gml, 422), ("a.xml", gml, 0), ("a.geojson", gml, 422),
]  # fmt: skip
PACKED = [
    ("a.shp", vrt), ("a.vrt", vrt), ("doc.kml", kml), ("doc.kml", stranger), ("a.gml", gml),
    ("a.gdalg.json", gdalg), ("a.geojson", linked),
]  # fmt: skip


def test_a_file_that_leads_elsewhere_is_refused_and_neither_file_nor_address_is_opened(
    desk, tmp_path
):
    canary = tmp_path / "canary.csv"
    canary.write_text(f"code,name\nx,{CANARY}\n", encoding="utf-8")
    who = "dla.one"
    with listening() as (port, calls):
        sources = (f"file://{canary}", f"http://127.0.0.1:{port}/canary.csv")
        for name, form, status in FILES:
            for source in sources if status else ():
                answer = desk.send(form(source).encode(), who=who, name=name)
                assert answer.status_code == status, (name, answer.text)
                assert {"title", "detail", "code"} <= answer.json().keys()
                assert CANARY not in answer.text
        tried = [(name, lambda one, form=form: form(one).encode()) for name, form, status in FILES
                 if not status]  # fmt: skip
        tried += [("a.zip", lambda one, name=name, form=form: zipped(name, form(one)))
                  for name, form in PACKED]  # fmt: skip
        for at, (name, content) in enumerate(tried):
            recipe, source = "rows" if name == "a.xml" else "points", sources[at % 2]
            one = desk.sent(content(source), who=who, name=name, recipe=recipe)
            assert one["report"]["outcome"] == "refused", (name, one)
            assert one["report"]["message"]["th"]
            told = str(one) + desk(who).get(f"/submissions/{one['id']}/findings.csv").text
            assert CANARY not in told, name
            assert str(tmp_path) not in told.replace(source, ""), name
            desk.done(one["id"], "withdraw", who)
        assert calls == []
        # the listener would have counted
        import urllib.request  # noqa: PLC0415

        with pytest.raises(OSError):  # noqa: PT011
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
        assert len(calls) == 1
    stored = "SELECT count(*) FROM geo.feature WHERE layer_id = 'elsewhere-points'"
    assert desk.stored(stored) == 0
    assert desk.files() == []
