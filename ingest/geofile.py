"""Files with shapes: GeoJSON (also .gz) parsed by ourselves, two other formats by GDAL.

For GeoPackage and zipped Shapefile, GDAL runs in a process of its own
(``ingest.gdal_worker``) on a copy whose first bytes are what its name claims. What comes out is
the same as from GeoJSON: rows of text with a shape each in EPSG:4326.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pyarrow as pa
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo_service.core.crs import KNOWN_SRIDS
from geo_service.core.errors import BadRecipe, NotInstalled, TooLarge, UnknownCRS, UnreadableFile
from geo_service.core.text import Text
from ingest import forms
from ingest.archive import gunzip, unpack_shapefile, unpacked
from ingest.dbf import detect_encoding, stated_encoding
from ingest.geojson import GeoFile, GeoRow, agreed, as_text, finish, parse_geojson
from ingest.recipe import nearest
from ingest.size import too_many_rows

TIME_LIMIT_S = 600


def is_geofile(name: str, data: bytes, *, record: str | None = None) -> bool:
    """Tell whether a file holds shapes in a format we read.

    Parameters
    ----------
    name : str
        File name.
    data : bytes
        Its content.
    record : str, optional
        Where the recipe finds the rows of a table in JSON.

    Returns
    -------
    bool
        As `ingest.forms.is_shapes` has it.
    """
    head = next(unpacked(BytesIO(data), len(data)), b"") if name.lower().endswith(".gz") else data
    return forms.is_shapes(name, head[: forms.HEAD], record=record)


def read(
    name: str,
    data: bytes,
    *,
    crs: int | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    worldwide: bool = False,
    most_rows: int | None = None,
) -> GeoFile:
    """Read a file of shapes.

    Parameters
    ----------
    name : str
        ``.geojson``, ``.json``, either with ``.gz``, ``.gpkg``, or ``.zip`` of a shapefile.
    data : bytes
        Content of the file; what was hashed is what is read.
    crs : int, optional
        EPSG code the recipe states; needed when the file does not say.
    encoding : str, optional
        Encoding of a shapefile's text as the recipe states it; else stated or detected.
    layer : str, optional
        Which layer, when the file holds several.
    worldwide : bool
        Whether the recipe expects shapes outside Thailand.
    most_rows : int, optional
        How many features GDAL may find; those of other files were counted before.

    Returns
    -------
    GeoFile
        Shapes in EPSG:4326.

    Raises
    ------
    UnreadableFile
        If the file is not what it claims to be, or breaks a limit; ``UnknownCRS`` when the CRS
        is not known, file and recipe differ, or coordinates contradict it.
    """
    lower = name.lower()
    if lower.endswith((".geojson", ".json")):
        return parse_geojson(data, crs=crs, worldwide=worldwide)
    if lower.endswith((".geojson.gz", ".json.gz")):
        return parse_geojson(gunzip(data), crs=crs, worldwide=worldwide)
    if not lower.endswith((".gpkg", ".zip")):
        raise UnreadableFile(
            Text(
                th=f"ไม่รู้จักรูปแบบไฟล์นี้ รับ {', '.join(forms.SHAPES)}",
                en=f"The format is not known; readable are {', '.join(forms.SHAPES)}",
            )
        )
    with TemporaryDirectory(prefix="geo-read-") as made:
        folder = Path(made)
        if lower.endswith(".gpkg"):
            forms.need_geopackage(data[: forms.HEAD])
            copy = folder / "layer.gpkg"
            copy.write_bytes(data)
            return _by_gdal(
                copy, folder, driver="GPKG", crs=crs, layer=layer, worldwide=worldwide,
                most_rows=most_rows,
            )  # fmt: skip
        shp = unpack_shapefile(data, folder, layer=layer)
        used = _shapefile_encoding(shp, encoding)
        return _by_gdal(
            shp, folder, driver="ESRI Shapefile", crs=crs, encoding=used, worldwide=worldwide,
            most_rows=most_rows,
        )  # fmt: skip


def need_headings(file: GeoFile, wanted: Iterable[str]) -> None:
    """Refuse a file that lacks a heading.

    Parameters
    ----------
    file : GeoFile
        As read.
    wanted : iterable of str
        Names of properties that the recipe uses.

    Raises
    ------
    BadRecipe
        If there is no such property; the nearest are told.
    """
    for heading in wanted:
        if heading not in file.headings:
            names = ", ".join(nearest(heading, file.headings) or file.headings[:8])
            raise BadRecipe(
                Text(
                    th=f"ไฟล์ไม่มีคุณสมบัติ '{heading}' ที่ใกล้เคียงคือ: {names}",
                    en=f"The file has no property '{heading}'; the nearest are: {names}",
                ),
                heading=heading,
            )


def _by_gdal(
    path: Path,
    folder: Path,
    *,
    driver: str,
    crs: int | None,
    layer: str | None = None,
    encoding: str = "",
    worldwide: bool = False,
    most_rows: int | None = None,
) -> GeoFile:
    output = folder / "layer.arrow"
    worker = Path(__file__).with_name("gdal_worker.py")
    command = [sys.executable, "-I", str(worker), driver, str(path), str(output)]
    try:
        done = subprocess.run(  # noqa: S603  (our own script, arguments as a list)
            [*command, layer or "", encoding, str(most_rows or 0)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin"},
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableFile(
            Text("อ่านไฟล์นานเกินกำหนด", "Reading the file takes too long")
        ) from error
    described = output.with_suffix(".json")
    if done.returncode != 0 or not described.is_file():
        raise UnreadableFile(
            Text(
                f"อ่านไฟล์ในรูปแบบ {driver} ไม่ได้ หรือไฟล์ใหญ่เกินกำหนด",
                f"The file cannot be read as {driver}, or breaks a limit",
            )
        )
    answer: dict[str, Any] = orjson.loads(described.read_bytes())
    if "too-many" in answer:
        raise TooLarge(too_many_rows(answer["too-many"]), limit=answer["too-many"])
    _check_answer(answer, driver)
    srid = agreed(_srid_of(answer["crs"]), crs, default=None)
    with pa.OSFile(str(output)) as source:
        table = pa.ipc.open_file(source).read_all()
    rows = _arrow_rows(table, answer["geometry"])
    return finish(rows, srid, encoding or "utf-8", worldwide=worldwide)


def _check_answer(answer: dict[str, Any], driver: str) -> None:
    if answer.get("no-lock"):
        raise NotInstalled(
            Text(
                th="เครื่องนี้ตัดเครือข่ายของโปรแกรมอ่านไฟล์ไม่ได้ (ต้องมี seccomp หรือ user namespace)"
                " โปรดแปลงเป็น GeoJSON ก่อน",
                en="This machine cannot cut the file reader off the network (seccomp or user"
                " namespaces are needed); convert the file to GeoJSON",
            )
        )
    if "layers" in answer:
        names = ", ".join(answer["layers"]) or "-"
        raise UnreadableFile(
            Text(
                th=f"โปรดระบุ layer ในสูตร ที่มีคือ {names}",
                en=f"State layer in the recipe; there are: {names}",
            ),
            layers=answer["layers"],
        )
    if "driver" in answer:
        raise UnreadableFile(Text(f"ไฟล์ไม่ใช่ {driver}", f"The file is no {driver}"))


def _arrow_rows(table: pa.Table, geometry_name: str) -> list[GeoRow]:
    names = [name for name in table.column_names if name != geometry_name]
    columns = {name: table.column(name).to_pylist() for name in names}
    shapes = shapely.from_wkb(table.column(geometry_name).to_pylist(), on_invalid="ignore")
    rows = []
    for place, shape in enumerate(shapes):
        cells = {name: as_text(columns[name][place]) for name in names}
        usable = shape is not None and not shape.is_empty
        rows.append(GeoRow(place + 1, cells, shapely.force_2d(shape) if usable else None))
    return rows


def _srid_of(stated: str | None) -> int | None:
    if not stated:
        return None
    try:
        srid = CRS.from_user_input(stated).to_epsg(min_confidence=70)
    except CRSError:
        srid = None
    if srid not in KNOWN_SRIDS:
        raise UnknownCRS(
            Text(
                th="ไม่รู้จักระบบพิกัดที่ไฟล์ระบุ โปรดแปลงเป็น EPSG:4326",
                en="The CRS that the file states is not known; convert it to EPSG:4326",
            ),
            stated=str(stated)[:200],
        )
    return int(srid)


def _shapefile_encoding(shp: Path, recipe: str | None) -> str:
    cpg = shp.with_suffix(".cpg")
    beside = stated_encoding(cpg.read_text("ascii", "replace")) if cpg.is_file() else None
    detected = detect_encoding(shp.with_suffix(".dbf"))
    used = (stated_encoding(recipe) if recipe else None) or beside or detected
    if used is None:
        raise UnreadableFile(
            Text(
                "ไม่ทราบการเข้ารหัสอักษรของ Shapefile โปรดระบุ encoding ในสูตร (utf-8 หรือ tis-620)",
                "The encoding of the shapefile's text is not clear; state encoding in the recipe"
                " (utf-8 or tis-620)",
            )
        )
    if detected == "cp874" and used == "utf-8":
        raise UnreadableFile(
            Text(
                'ไฟล์ระบุว่าเป็น UTF-8 แต่ข้อความเป็น TIS-620 โปรดระบุ encoding = "tis-620" ในสูตร',
                'The text is said to be UTF-8 but is TIS-620; state encoding = "tis-620"',
            )
        )
    return "cp874" if used == "cp874" else "utf-8" if used == "ascii" else used
