"""Tilesets and styles as pages for people, with a map that draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geo_service.api.collection_pages import COLLECTIONS, TYPES
from geo_service.api.links import Links
from geo_service.api.matrix_sets import address
from geo_service.api.pages import Cell, Column, Sheet, facts, section, table
from geo_service.core.text import Text
from layers.collection import Collection
from layers.tile_matrix import MATRIX_SETS, MatrixSet

TILES = Text("ไทล์เวกเตอร์", "Vector tiles")
STYLES = Text("รูปแบบแผนที่", "Map styles")
_NAME = Text("ชื่อ", "Name")
#: The preview is drawn by a library that knows this set alone.
DRAWN = "WebMercatorQuad"


def tilesets_sheet(title: Text, path: str, collection: Collection | None, links: Links) -> Sheet:
    """Lay out the list of tilesets.

    Parameters
    ----------
    title : Text
        Of what the tiles hold.
    path : str
        Of the list.
    collection : Collection, optional
        Whose tiles they are; ``None`` for several.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        One row per way the world is cut.
    """
    lang = links.lang
    columns = (
        Column(Text("ระบบไทล์", "Tile matrix set")),
        Column(_NAME),
        Column(Text("ระบบพิกัด", "Reference system")),
    )
    rows = [
        (Cell(one.id, links.to(f"{path}/{one.id}", f="html", lang=lang)), one.title, one.crs_uri)
        for one in MATRIX_SETS.values()
    ]
    return Sheet(
        f"{TILES.in_(lang)}: {title.in_(lang)}",
        table(columns, rows, lang),
        trail=trail(collection, links),
        formats=[("JSON", links.here(f="json"))],
        style=None if collection is None else style_address(collection, links),
    )


def tileset_sheet(
    told: Mapping[str, Any], matrix_set: MatrixSet, collection: Collection | None, links: Links
) -> Sheet:
    """Lay out a tileset.

    Parameters
    ----------
    told : mapping
        As its JSON tells it.
    matrix_set : MatrixSet
        How its world is cut.
    collection : Collection, optional
        Whose tiles they are; ``None`` for several.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        A map of it, its facts, and the properties of each layer.
    """
    lang = links.lang
    hrefs = {link["rel"]: link["href"] for link in told["links"]}
    last = told["tileMatrixSetLimits"][-1]["tileMatrix"]
    known: list[tuple[Text, object]] = [
        (Text("ที่อยู่ของไทล์", "Address of tiles"), hrefs["item"]),
        (Text("ระบบไทล์", "Tile matrix set"), Cell(matrix_set.id, address(links, matrix_set))),
        (Text("ระบบพิกัด", "Reference system"), matrix_set.crs_uri),
        (Text("ระดับซูม", "Zooms"), f"0-{last}"),
        (Text("แหล่งข้อมูล", "Source"), told["attribution"]),
        (Text("สัญญาอนุญาต", "Licence"), told["license"]),
    ]
    if "describedby" in hrefs:
        known.append((Text("สำหรับโปรแกรมแผนที่", "For map libraries"),
                      Cell("TileJSON", hrefs["describedby"])))  # fmt: skip
    if collection is not None:
        styles = links.to(f"/collections/{collection.id}/styles", f="html", lang=lang)
        known.append((STYLES, Cell(STYLES.in_(lang), styles)))
    columns = (
        Column(_NAME),
        Column(Text("ชื่อในไทล์", "Name in tiles")),
        Column(Text("ชนิด", "Type"), words=TYPES),
    )
    parts = [facts(known, lang)]
    for layer in told["layers"]:
        members = layer["propertiesSchema"]["properties"].items()
        rows = [(one.get("title", name), name, one.get("type")) for name, one in members]
        heading = Text(f"ชั้น {layer['id']}", f"Layer {layer['id']}")
        parts.append(section(heading, table(columns, rows, lang), lang))
    is_drawn = collection is not None and matrix_set.id == DRAWN
    up = trail(collection, links)
    path = "/tiles" if collection is None else f"/collections/{collection.id}/tiles"
    return Sheet(
        f"{told['title']}: {matrix_set.id}",
        "".join(parts),
        told["description"],
        [*up, (TILES.in_(lang), links.to(path, f="html", lang=lang))],
        [("JSON", links.here(f="json"))],
        style=style_address(collection, links) if collection is not None and is_drawn else None,
    )


def styles_sheet(collection: Collection, styles: Sequence[tuple[str, Text]], links: Links) -> Sheet:
    """Lay out the list of a collection's styles.

    Parameters
    ----------
    collection : Collection
        Theirs.
    styles : sequence of (str, Text)
        Identifiers and titles.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        One row per style.
    """
    lang = links.lang
    path = f"/collections/{collection.id}/styles"
    rows = [
        (Cell(title.in_(lang), links.to(f"{path}/{name}", f="html", lang=lang)), name)
        for name, title in styles
    ]
    columns = (Column(_NAME), Column(Text("รหัส", "Identifier")))
    return Sheet(
        f"{STYLES.in_(lang)}: {collection.title.in_(lang)}",
        table(columns, rows, lang),
        trail=trail(collection, links),
        formats=[("JSON", links.here(f="json"))],
    )


def style_sheet(collection: Collection, title: Text, links: Links) -> Sheet:
    """Lay out a style: a map drawn with it.

    Parameters
    ----------
    collection : Collection
        Whose tiles it draws.
    title : Text
        Of the style.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        With the style's address for other programs.
    """
    lang = links.lang
    path = f"/collections/{collection.id}/styles"
    plain = links.here(f="mbs", without=("lang", "fonts"))
    known: list[tuple[Text, object]] = [
        (Text("ที่อยู่ของรูปแบบ", "Address of the style"), Cell(plain, plain)),
    ]
    return Sheet(
        title.in_(lang),
        facts(known, lang),
        collection.title.in_(lang),
        [*trail(collection, links), (STYLES.in_(lang), links.to(path, f="html", lang=lang))],
        [("MapLibre JSON", links.here(f="mbs"))],
        style=links.here(f="mbs", lang=lang, fonts="files"),
    )


def style_address(collection: Collection, links: Links) -> str:
    """Write the address of a collection's own style, for our pages.

    Parameters
    ----------
    collection : Collection
        Whose tiles it draws.
    links : Links
        Of the answer.

    Returns
    -------
    str
        Absolute; with font files, which our pages can read.
    """
    path = f"/collections/{collection.id}/styles/default"
    return links.to(path, f="mbs", lang=links.lang, fonts="files")


def trail(collection: Collection | None, links: Links) -> list[tuple[str, str]]:
    """Write the way up to a collection.

    Parameters
    ----------
    collection : Collection, optional
        ``None``: there is none.
    links : Links
        Of the answer.

    Returns
    -------
    list of (str, str)
        Words and addresses.
    """
    lang = links.lang
    if collection is None:
        return []
    return [
        (COLLECTIONS.in_(lang), links.to("/collections", f="html", lang=lang)),
        (
            collection.title.in_(lang),
            links.to(f"/collections/{collection.id}", f="html", lang=lang),
        ),
    ]
