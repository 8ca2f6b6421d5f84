"""How the world is cut into tiles (OGC Two Dimensional Tile Matrix Set 2.0)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from geo_service.api.links import HTML, JSON, Links, json_answer
from geo_service.api.pages import Cell, Column, Sheet, facts, sheet_answer, table
from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from geo_service.deps import LangDep, choose_format, revalidate
from layers.tile_matrix import MATRIX_SETS, TILE_CELLS, MatrixSet

router = APIRouter(prefix="/tileMatrixSets", tags=["tiles"])

TILING_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
NAME = Text("ระบบไทล์", "Tile matrix sets")
FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]
MatrixSetPath = Annotated[str, Path(description=" | ".join(MATRIX_SETS))]
FORMATS = {"json": JSON, "html": HTML}
#: Of a coordinate: enough that the last one is less than a nanometre.
_DIGITS = 15


@router.get("", operation_id="getTileMatrixSetsList")
def matrix_sets(request: Request, lang: LangDep, asked: FormatQuery = None) -> Response:
    """List the ways the world is cut into tiles.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, FORMATS, asked)
    headers = revalidate(request, "fixed", lang=lang)
    links = Links(request, lang)
    known = MATRIX_SETS.values()
    if form == "html":
        rows = [(Cell(one.id, address(links, one)), one.title, one.crs_uri) for one in known]
        columns = [Column(Text("รหัส", "Identifier")), Column(Text("ชื่อ", "Name")),
                   Column(Text("ระบบพิกัด", "Reference system"))]  # fmt: skip
        sheet = Sheet(
            NAME.in_(lang), table(columns, rows, lang), formats=[("JSON", links.here(f="json"))]
        )
        return sheet_answer(request, sheet, links, headers, is_sample=False)
    told = [
        {
            "id": one.id,
            "title": one.title,
            "uri": one.uri,
            "crs": one.crs_uri,
            "links": [links.link("self", f"/tileMatrixSets/{one.id}", JSON)],
        }
        for one in known
    ]
    own = _own(links)
    return json_answer({"links": own, "tileMatrixSets": told}, headers, links=own)


@router.get("/{matrix_set}", operation_id="getTileMatrixSet")
def matrix_set(
    request: Request, lang: LangDep, matrix_set: MatrixSetPath, asked: FormatQuery = None
) -> Response:
    """Describe one way the world is cut into tiles.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, FORMATS, asked)
    known = find(matrix_set)
    headers = revalidate(request, "fixed", lang=lang)
    links = Links(request, lang)
    told = _definition(known)
    if form == "html":
        return sheet_answer(request, _sheet(known, told, links), links, headers, is_sample=False)
    own = _own(links)
    return json_answer(told | {"links": own}, headers, links=own)


def find(matrix_set: str) -> MatrixSet:
    """Find a tile matrix set.

    Parameters
    ----------
    matrix_set : str
        Its identifier.

    Returns
    -------
    MatrixSet
        One of those served.

    Raises
    ------
    NotFound
        If there is none of this name.
    """
    known = MATRIX_SETS.get(matrix_set)
    if known is None:
        names = ", ".join(MATRIX_SETS)
        raise NotFound(Text(th=f"มีเฉพาะ {names}", en=f"There are {names}"))
    return known


def place_of(known: MatrixSet, zoom: str, column: str, row: str) -> tuple[int, int, int]:
    """Read which tile is asked for.

    Parameters
    ----------
    known : MatrixSet
        The set.
    zoom, column, row : str
        As they stand in the address.

    Returns
    -------
    tuple of int
        Zoom, column and row.

    Raises
    ------
    NotFound
        If the set has no such tile.
    """
    z, x, y = (
        int(part) if re.fullmatch(r"[0-9]{1,8}", part) else -1 for part in (zoom, column, row)
    )
    if not known.is_inside(z, x, y):
        raise NotFound(
            Text(
                th=f"ไม่มีไทล์นี้ ระดับซูมคือ 0-{known.deepest}",
                en=f"There is no such tile; zooms are 0-{known.deepest}",
            )
        )
    return z, x, y


def address(links: Links, known: MatrixSet) -> str:
    """Write the address of a set's page.

    Parameters
    ----------
    links : Links
        Of the answer.
    known : MatrixSet
        The set.

    Returns
    -------
    str
        Absolute.
    """
    return links.to(f"/tileMatrixSets/{known.id}", f="html", lang=links.lang)


def _own(links: Links) -> list[dict[str, str]]:
    return [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
    ]


def _definition(known: MatrixSet) -> dict[str, Any]:
    return {
        "id": known.id,
        "title": known.title,
        "uri": known.uri,
        "crs": known.crs_uri,
        "orderedAxes": list(known.axes),
        "wellKnownScaleSet": known.scale_set_uri,
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": _written(known.scale_denominator(zoom)),
                "cellSize": _written(known.cell_size(zoom)),
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [_written(part) for part in known.origin],
                "tileWidth": TILE_CELLS,
                "tileHeight": TILE_CELLS,
                "matrixWidth": known.columns(zoom),
                "matrixHeight": known.rows(zoom),
            }
            for zoom in range(known.deepest + 1)
        ],
    }


def _written(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _sheet(known: MatrixSet, told: dict[str, Any], links: Links) -> Sheet:
    lang = links.lang
    about = facts(
        [
            (Text("ชื่อ", "Name"), known.title),
            (Text("ชื่อในทะเบียนของ OGC", "Name in the OGC's register"), known.uri),
            (Text("ระบบพิกัด", "Reference system"), known.crs_uri),
            (Text("มุมบนซ้าย", "Upper left corner"), ", ".join(f"{x:,.10g}" for x in known.origin)),
        ],
        lang,
    )
    columns = (
        Column(Text("ซูม", "Matrix")),
        Column(Text("มาตราส่วน 1 ต่อ", "Scale 1 to"), is_number=True, decimals=3),
        Column(Text("กว้าง", "Width"), Text("ไทล์", "tiles"), is_number=True),
        Column(Text("สูง", "Height"), Text("ไทล์", "tiles"), is_number=True),
    )
    rows = [
        (one["id"], one["scaleDenominator"], one["matrixWidth"], one["matrixHeight"])
        for one in told["tileMatrices"]
    ]
    above = (NAME.in_(lang), links.to("/tileMatrixSets", f="html", lang=lang))
    return Sheet(
        known.id, about + table(columns, rows, lang), trail=[above],
        formats=[("JSON", links.here(f="json"))],
    )  # fmt: skip
