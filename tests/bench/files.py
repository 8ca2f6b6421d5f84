"""Files of the workloads in the shape our own ingest reads, each with its recipe."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from boundaries.geometry import clean_coverage, dissolve, repair
from tests.bench.outlines import densify

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "ingest" / "sample"
VERTICES = 2_600_000

_AREAS = """\
[dataset]
id = "bench-{level}s"
kind = "boundaries"
title_th = "ชุดวัดความเร็ว {level}"
title_en = "Workload {level}"
licence = "MIT"
publisher_th = "ชุดวัดความเร็ว"

[areas]
level = "{level}"
code = "code"
name_th = "name_th"
name_en = "name_en"
crs = 4326
"""
_FEATURES = """\
[dataset]
id = "{layer}"
kind = "features"
title_th = "ชุดวัดความเร็ว {layer}"
title_en = "Workload {layer}"
licence = "MIT"
publisher_th = "ชุดวัดความเร็ว"

[features]
code = "code"
name_th = "name_th"
lat = "lat"
lon = "lon"

[[features.layers]]
id = "{layer}"
title_th = "ชุดวัดความเร็ว {layer}"
title_en = "Workload {layer}"
theme = "infrastructure"
geometry_type = "Point"
"""
RECIPES = (_AREAS, _FEATURES)


@dataclass(frozen=True, slots=True)
class Places:
    """Sub-districts: codes, names and outlines before they were made rough; and from where."""

    source: str
    codes: list[str]
    names: list[tuple[str, str]]
    shapes: NDArray[np.object_]
    larger: dict[str, tuple[str, str]]


def read_places(*, is_quick: bool) -> Places:
    """Read the sub-districts.

    Parameters
    ----------
    is_quick : bool
        Take the embedded sample even when the real ones are there.

    Returns
    -------
    Places
        A valid coverage.
    """
    folder = REAL / "mapthai_cod_ab"
    if (folder / "th_adm3.geojson").exists() and not is_quick:
        source = "real sub-districts (COD-AB through mapthai)"
        rows = [
            (p["adm3_pcode"].removeprefix("TH"), (p["adm3_th"], p["adm3_en"]), shape)
            for p, shape in _features((folder / "th_adm3.geojson").read_bytes())
        ]
        larger = {
            p[f"adm{n}_pcode"].removeprefix("TH"): (p[f"adm{n}_th"], p[f"adm{n}_en"])
            for n in (1, 2)
            for p, _ in _features((folder / f"th_adm{n}.geojson").read_bytes())
        }
    else:
        source = "sub-districts of the embedded sample (illustrative)"
        rows = [
            (p["code"], (p["name_th"], p["name_en"]), shape)
            for p, shape in _features(_sample("subdistricts.geojson.gz"))
        ]
        larger = {
            p["code"]: (p["name_th"], p["name_en"])
            for name in ("provinces", "districts")
            for p, _ in _features(_sample(f"{name}.geojson.gz"))
        }
    rows.sort(key=lambda row: row[0])
    shapes, _ = repair(np.asarray([row[2] for row in rows], dtype=object))
    cleaned = clean_coverage(shapes).shapes
    return Places(source, [row[0] for row in rows], [row[1] for row in rows], cleaned, larger)


def write_areas(places: Places, folder: Path, *, vertices: int = VERTICES) -> list[Path]:
    """Write sub-districts with many vertices, and what they make up.

    Parameters
    ----------
    places : Places
        What was read.
    folder : Path
        Where to; a recipe of the same name beside each file.
    vertices : int
        Wanted number over all sub-districts.

    Returns
    -------
    list of Path
        Larger areas first.
    """
    fine = densify(places.shapes, vertices)
    made = []
    for level, digits in (("province", 2), ("district", 4), ("subdistrict", 6)):
        if digits == 6:
            rows = dict(zip(places.codes, zip(places.names, fine, strict=True), strict=True))
        else:
            united = dissolve(fine, [code[:digits] for code in places.codes])
            rows = {
                code: (places.larger.get(code, (code, code)), shape)
                for code, shape in sorted(united.items())
            }
        path = folder / f"{level}s.geojson"
        _write_features(path, rows)
        path.with_suffix(".toml").write_text(_AREAS.format(level=level), encoding="utf-8")
        made.append(path)
    return made


def write_offices(folder: Path, layer: str, *, is_quick: bool) -> Path:
    """Write the offices of the local organisations as a layer of points.

    Parameters
    ----------
    folder : Path
        Where to.
    layer : str
        Name of the layer.
    is_quick : bool
        Take those of the sample.

    Returns
    -------
    Path
        A CSV with its recipe beside it.
    """
    real = REAL / "ahoerstemeier_tambon" / "lao_list_2022.csv"
    text = (
        real.read_text(encoding="utf-8-sig")
        if real.exists() and not is_quick
        else _sample("organisations.csv.gz").decode()
    )
    path = folder / f"{layer}.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        told = csv.writer(out)
        told.writerow(("code", "name_th", "lat", "lon"))
        for number, row in enumerate(csv.DictReader(io.StringIO(text))):
            if row["lat"] and row["lon"]:
                told.writerow((f"{number:05d}", row["name_th"], row["lat"], row["lon"]))
    write_layer_recipe(folder, layer)
    return path


def write_layer_recipe(folder: Path, layer: str) -> Path:
    """Write the recipe of a layer of points.

    Parameters
    ----------
    folder : Path
        Where to.
    layer : str
        Name of the layer.

    Returns
    -------
    Path
        The recipe.
    """
    path = folder / f"{layer}.toml"
    path.write_text(_FEATURES.format(layer=layer), encoding="utf-8")
    return path


def _features(content: bytes) -> list[tuple[dict[str, Any], Any]]:
    found = [one for one in json.loads(content)["features"] if one["geometry"]]
    shapes = shapely.from_geojson([json.dumps(one["geometry"]) for one in found])
    return list(zip((one["properties"] for one in found), shapes, strict=True))


def _write_features(path: Path, rows: dict[str, tuple[tuple[str, str], Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write('{"type":"FeatureCollection","features":[\n')
        for place, (code, ((name_th, name_en), shape)) in enumerate(rows.items()):
            named = {"code": code, "name_th": name_th, "name_en": name_en}
            out.write(",\n" if place else "")
            out.write(
                f'{{"type":"Feature","properties":{json.dumps(named, ensure_ascii=False)},'
                f'"geometry":{shapely.to_geojson(shape)}}}'
            )
        out.write("\n]}\n")


def _sample(name: str) -> bytes:
    return gzip.decompress((SAMPLE / name).read_bytes())
