"""Files of shapes: strict, never mojibake, never out of their cage."""

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas
import pytest
from shapely.geometry import box

from geo_service.core.errors import UnknownCRS, UnreadableFile
from ingest import archive, gdal_worker, geofile

NAMES = ["อาฮี", "ท่าลี่", "บ้านใหม่คลองเคียน"]


def collection(features=None, **members):
    square = {"type": "Polygon", "coordinates": [[[100, 14], [101, 14], [101, 15], [100, 14]]]}
    one = {"type": "Feature", "properties": {"code": "42"}, "geometry": square}
    return {"type": "FeatureCollection", "features": features or [one], **members}


def geojson(**members):
    return json.dumps(collection(**members)).encode()


def named(name):
    return {"type": "name", "properties": {"name": name}}


def frame():
    boxes = [box(100 + n / 10, 14, 100.1 + n / 10, 14.1) for n in range(3)]
    return geopandas.GeoDataFrame({"name": NAMES}, geometry=boxes, crs=4326)


def shapefile(folder, encoding, *, crs=32647, leave_out=(".cpg",)):
    path = folder / "areas.shp"
    frame().to_crs(crs).to_file(path, encoding=encoding)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archived:
        for part in folder.glob("areas.*"):
            if part.suffix not in leave_out:
                archived.write(part, f"areas/{part.name}")
    return packed.getvalue()


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"]
)
def test_a_known_crs_member_is_honoured(name):
    assert geofile.read("a.geojson", geojson(crs=named(name))).srid == 4326


def test_geojson_without_a_crs_is_longitude_and_latitude():
    file = geofile.read("a.geojson", geojson())
    assert file.srid == 4326
    assert file.rows[0].cells == {"code": "42"}
    assert file.rows[0].shape.bounds == (100, 14, 101, 15)


def test_a_projected_file_comes_to_degrees():
    projected = json.loads(frame().to_crs(32647).to_json())
    content = json.dumps({**projected, "crs": named("urn:ogc:def:crs:EPSG::32647")}).encode()
    file = geofile.read("a.geojson", content)
    assert file.srid == 32647
    assert file.rows[0].shape.bounds == pytest.approx((100, 14, 100.1, 14.1), abs=1e-6)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"crs": named("urn:ogc:def:crs:EPSG::3414")}, "not known"),
        ({"crs": {"type": "link", "properties": {"href": "http://127.0.0.1/crs"}}}, "not known"),
    ],
)
def test_an_unknown_crs_is_refused_and_nothing_is_fetched(members, said):
    with pytest.raises(UnknownCRS, match=said):
        geofile.read("a.geojson", geojson(**members))


def test_file_and_recipe_must_agree_on_the_crs():
    with pytest.raises(UnknownCRS, match="recipe"):
        geofile.read("a.geojson", geojson(crs=named("EPSG:4326")), crs=32647)


@pytest.mark.parametrize(
    "content",
    [
        b"<OGRVRTDataSource/>",
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline"}',
        b'{"type": "FeatureCollection"}',
        b'{"type": "FeatureCollection", "features": [1]}',
        b'{"type": "FeatureCollection", "features": [], "x": NaN}',
        b"",
    ],
)
def test_what_is_no_geojson_is_refused(content):
    with pytest.raises(UnreadableFile):
        geofile.read("a.geojson", content)


def test_a_malformed_shape_has_its_fault_and_the_others_are_read():
    bad = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [1]}}
    file = geofile.read("a.geojson", geojson(features=[bad, collection()["features"][0]]))
    assert file.rows[0].fault
    assert file.rows[0].shape is None
    assert file.rows[1].shape is not None


def test_swapped_axes_are_refused_with_a_hint():
    square = {"type": "Polygon", "coordinates": [[[14, 100], [15, 100], [15, 101], [14, 100]]]}
    one = {"type": "Feature", "properties": {}, "geometry": square}
    with pytest.raises(UnknownCRS, match="swapped axes"):
        geofile.read("a.geojson", geojson(features=[one]))


def test_gzip_is_unpacked_within_limits():
    assert len(geofile.read("a.geojson.gz", gzip.compress(geojson())).rows) == 1
    bomb = gzip.compress(b" " * 64 * 1024**2)
    with pytest.raises(UnreadableFile, match="unpacks to more"):
        geofile.read("a.geojson.gz", bomb)


def test_a_geopackage_is_read_in_a_process_of_its_own(tmp_path):
    frame().to_file(tmp_path / "a.gpkg", layer="areas")
    file = geofile.read("a.gpkg", (tmp_path / "a.gpkg").read_bytes())
    assert [row.cells["name"] for row in file.rows] == NAMES
    assert file.srid == 4326


@pytest.mark.parametrize("encoding", ["UTF-8", "CP874"])
@pytest.mark.parametrize("leave_out", [(), (".cpg",)])
def test_thai_text_of_a_shapefile_is_never_mojibake(tmp_path, encoding, leave_out):
    data = shapefile(tmp_path, encoding, leave_out=leave_out)
    file = geofile.read("a.zip", data)
    assert [row.cells["name"] for row in file.rows] == NAMES
    assert file.srid == 32647


def test_a_shapefile_that_lies_about_its_encoding_is_refused_with_a_hint(tmp_path):
    data = shapefile(tmp_path, "CP874", leave_out=(".cpg",))
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as archived:
        archived.writestr("areas/areas.cpg", "UTF-8")
    with pytest.raises(UnreadableFile, match="tis-620"):
        geofile.read("a.zip", packed.getvalue())
    file = geofile.read("a.zip", packed.getvalue(), encoding="tis-620")
    assert file.rows[0].cells["name"] == NAMES[0]


def test_a_shapefile_without_a_crs_needs_the_recipe_to_state_it(tmp_path):
    data = shapefile(tmp_path, "UTF-8", leave_out=(".cpg", ".prj"))
    with pytest.raises(UnknownCRS, match="state it in the recipe"):
        geofile.read("a.zip", data)
    assert geofile.read("a.zip", data, crs=32647).rows[0].shape.bounds[0] == pytest.approx(100)


def zipped(**entries):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archived:
        for name, content in entries.items():
            archived.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(**{"../a.shp": "x"}), "reaches out"),
        (zipped(**{"/etc/a.shp": "x"}), "reaches out"),
        (zipped(**{f"{n}.txt": "" for n in range(archive.MAX_ENTRIES + 1)}), "entries"),
        (zipped(**{"a.shp": b"\0" * 40 * 1024**2}), "unpacks to more"),
        (zipped(**{"a.shp": "x", "a.dbf": "", "b.shp": "x", "b.dbf": ""}), "layer in the recipe"),
        (zipped(**{"a.shp": "x"}), "incomplete"),
        (zipped(**{"a.shp": "<OGRVRTDataSource/>", "a.dbf": ""}), "no Shapefile"),
        (b"PK but no zip", "damaged"),
    ],
    ids=["slip", "absolute", "many", "bomb", "two", "no-table", "vrt", "no-zip"],
)
def test_a_harmful_or_incomplete_zip_is_refused(data, said):
    with pytest.raises(UnreadableFile, match=said):
        geofile.read("a.zip", data)


def test_an_sqlite_file_that_is_no_geopackage_is_refused():
    with pytest.raises(UnreadableFile, match="GeoPackage"):
        geofile.read("a.gpkg", b"SQLite format 3\x00" + b"\0" * 200)


def test_the_reader_cannot_open_a_socket():
    script = (
        "import runpy, socket\n"
        f"worker = runpy.run_path({str(Path(gdal_worker.__file__))!r})\n"
        "assert worker['cut_network']()\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except PermissionError: print('locked in')\n"
        "except OSError as error: print('no network', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)  # noqa: S603, PLW1510
    assert done.stdout.startswith(("locked in", "no network")), done.stderr


def test_the_reader_has_one_driver_only(tmp_path):
    frame().to_file(tmp_path / "a.gpkg", layer="areas")
    worker = Path(gdal_worker.__file__)
    subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(worker), "GPKG", str(tmp_path / "a.gpkg"),
         str(tmp_path / "o.arrow"), "", "", "0"],
        check=True,
    )  # fmt: skip
    assert json.loads((tmp_path / "o.json").read_text())["drivers"] == 1
