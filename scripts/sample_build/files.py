"""Writing the shipped files: the same bytes every time."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import shapely

LEVEL = 9
COORDINATE_DIGITS = 5


def packed(content: bytes) -> bytes:
    """Compress without a time or a name inside.

    Parameters
    ----------
    content : bytes
        Anything.

    Returns
    -------
    bytes
        Gzip; equal for equal content.
    """
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=LEVEL, mtime=0) as file:
        file.write(content)
    return out.getvalue()


def geojson(features: Iterable[tuple[Mapping[str, object], shapely.Geometry]]) -> bytes:
    """Write features as GeoJSON, coordinates (EPSG:4326) to 5 digits, about a metre.

    Parameters
    ----------
    features : iterable of (mapping, Geometry)
        Properties and shape.

    Returns
    -------
    bytes
        One feature on a line.
    """
    lines = [
        '{"type":"Feature","properties":'
        + json.dumps(dict(properties), ensure_ascii=False, separators=(",", ":"))
        + ',"geometry":'
        + _rounded(shape)
        + "}"
        for properties, shape in features
    ]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, and remove data files of an earlier build that are no longer made.

    Parameters
    ----------
    folder : Path
        Where they are shipped.
    files : mapping of str to bytes
        Contents by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in files and old.name.endswith((".gz", ".csv", ".geojson")):
            old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _rounded(shape: shapely.Geometry) -> str:
    text = shapely.to_geojson(shapely.transform(shape, lambda at: at.round(COORDINATE_DIGITS)))
    return text.replace(" ", "")
