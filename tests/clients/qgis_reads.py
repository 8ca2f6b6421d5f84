"""QGIS without a window reads the service: layers, pages, filters, styled vector tiles, a picture.

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/clients/qgis_reads.py URL FOLDER

Needs Debian's python3-qgis (scripts/conformance says so); runs outside of our environment.
"""

# ruff: noqa: T201  (it is a program)
from __future__ import annotations

import json
import sys
import urllib.request
from itertools import product
from pathlib import Path
from urllib.parse import quote

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

SIZE = QSize(900, 1100)
PAGE = 200
FEWEST_COLOURS = 8


def answer(address: str) -> dict:
    """Ask the service without QGIS, to have something to compare with."""
    asked = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310
    with urllib.request.urlopen(asked) as told:  # noqa: S310
        return json.load(told)


def layer_of(url: str, name: str, *, subset: str = "", where: str = "") -> QgsVectorLayer:
    """Open a collection as a layer, as the data source manager does."""
    source = f" pagingEnabled='true' pageSize='{PAGE}' typename='{name}' url='{url}'"
    source += f" filter='{subset}'" if subset else ""
    layer = QgsVectorLayer(source, name, "OAPIF")
    assert layer.isValid(), layer.error().message()
    if where:
        assert layer.setSubsetString(where), where
    return layer


def check_layers(url: str) -> QgsVectorLayer:
    """Walk a layer page by page, within a box and by an expression."""
    matched = answer(f"{url}/collections/districts/items?resulttype=hits")["numberMatched"]
    layer = layer_of(url, "districts")
    codes = [feature["code"] for feature in layer.getFeatures()]
    assert len(codes) == len(set(codes)) == matched, (len(codes), matched)
    print(f"  districts: {len(codes)} features in pages of {PAGE}, each once")

    box = QgsRectangle(100.4, 13.6, 100.7, 13.9)
    fresh = layer_of(url, "districts")
    near = {one["code"] for one in fresh.getFeatures(QgsFeatureRequest().setFilterRect(box))}
    expected = answer(f"{url}/collections/districts/items?bbox=100.4,13.6,100.7,13.9&limit=1000")
    assert near <= {one["id"] for one in expected["features"]}
    assert near
    print(f"  districts in a box: {len(near)}")

    request = QgsFeatureRequest().setFilterExpression("\"province_code\" = '10'")
    bangkok = [one["code"] for one in layer_of(url, "districts").getFeatures(request)]
    filtered = f"{url}/collections/districts/items?province_code=10&resulttype=hits"
    assert len(bangkok) == answer(filtered)["numberMatched"]
    print(f"  districts of Bangkok: {len(bangkok)}")
    # QGIS chooses a colour by chance.
    layer.renderer().symbol().setColor(QColor("#b7d3cf"))
    return layer


def check_tiles(url: str) -> tuple[QgsVectorTileLayer, set[str]]:
    """Open vector tiles with the style that the service gives; tell the colours of its classes."""
    collection = f"{url}/collections/waste-by-province"
    address = f"{collection}/styles/waste_gen_rate?expressions=no"
    classes = answer(address)["metadata"]["geo:legend"]
    tilejson = answer(f"{collection}/tiles/WebMercatorQuad/tilejson.json")
    template = quote(tilejson["tiles"][0], safe=":/{}")
    source = f"type=xyz&url={template}&zmax={tilejson['maxzoom']}&zmin=0"
    layer = QgsVectorTileLayer(f"{source}&styleUrl={quote(address, safe='')}", "waste as tiles")
    assert layer.isValid(), layer.error().message()
    said, is_styled = layer.loadDefaultStyle()
    assert is_styled, said
    names = [one.styleName() for one in layer.renderer().styles()]
    print(f"  tiles valid, drawn in the style of the service: {', '.join(names)}")
    return layer, {one["colour"] for one in classes if one["kind"] == "range" and one["count"]}


def draw(layers: list, picture: Path, wanted: frozenset[str] | set[str] = frozenset()) -> None:
    """Draw Thailand and see that something is on the picture, in the colours that are wanted."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setBackgroundColor(QColor("#ffffff"))
    settings.setOutputSize(SIZE)
    metres = QgsCoordinateReferenceSystem("EPSG:3857")
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    settings.setDestinationCrs(metres)
    to_metres = QgsCoordinateTransform(degrees, metres, QgsProject.instance())
    settings.setExtent(to_metres.transformBoundingBox(QgsRectangle(97.0, 5.3, 106.0, 20.8)))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    assert not job.errors(), [one.message for one in job.errors()]
    assert image.save(str(picture))
    places = product(range(0, SIZE.width(), 5), range(0, SIZE.height(), 5))
    seen = {image.pixel(x, y) for x, y in places}
    assert len(seen) >= FEWEST_COLOURS, f"{picture}: only {len(seen)} colours"
    missing = wanted - {QColor(one).name() for one in seen}
    assert not missing, f"{picture}: without {missing}"
    print(f"  {picture}: {len(seen)} colours, among them those of {len(wanted)} classes")


def main(url: str, folder: Path) -> None:
    """Check everything; the first thing that fails ends it."""
    print(f"QGIS {Qgis.QGIS_VERSION}")
    folder.mkdir(parents=True, exist_ok=True)
    app = QgsApplication([], False)
    app.initQgis()
    try:
        districts = check_layers(url)
        tiles, classes = check_tiles(url)
        draw([tiles], folder / "qgis-tiles.png", classes)
        draw([districts], folder / "qgis-features.png")
    finally:
        QgsProject.instance().clear()
    print("  all well")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
