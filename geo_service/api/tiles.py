"""Vector tiles of one collection or of several (OGC API - Tiles)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.links import MVT
from geo_service.api.matrix_sets import MatrixSetPath, find, place_of
from geo_service.core.accept import takes_coding
from geo_service.core.crs import CRS84
from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.text import Text
from geo_service.deps import (
    FilterDep,
    IntervalDep,
    PeriodDep,
    SessionDep,
    choose_format,
    revalidate,
)
from geo_service.deps.items import question_of
from layers import extents, registry, tiles
from layers.questions import Question, state_of
from layers.tile_matrix import WEB_MERCATOR_QUAD, MatrixSet
from layers.tiles import Tile

router = APIRouter(tags=["tiles"])

_NO_CONTENT = 204
FORMATS = {"mvt": MVT, "pbf": "application/x-protobuf"}
#: Layers of the data set's own tiles, and the zoom each begins at.
BOUNDARIES = {"provinces": 0, "districts": 7, "subdistricts": 9}

PropertiesQuery = Annotated[str | None, Query(description="names with commas; none: a style's")]
VersionQuery = Annotated[str | None, Query(description="state of the data, from tilejson.json")]
FormatQuery = Annotated[str | None, Query(alias="f", description="mvt | pbf")]
CollectionsQuery = Annotated[
    str | None, Query(description="ids with commas; none: the boundaries that suit the zoom")
]


def tile_question(
    request: Request,
    session: SessionDep,
    collection_id: str,
    when: IntervalDep,
    period: PeriodDep,
    properties: PropertiesQuery = None,
    asked_filter: FilterDep = None,
) -> Question:
    """Read what is asked of a tile: filters, a time, properties.

    Returns
    -------
    Question
        Without a box: the tile is one.
    """
    return question_of(
        request, session=session, collection_id=collection_id, box=None, when=when,
        period=period, crs=CRS84, properties=properties, sortby=None, asked_filter=asked_filter,
    )  # fmt: skip


QuestionDep = Annotated[Question, Depends(tile_question)]


@router.get(
    "/collections/{collection_id}/tiles/{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",  # noqa: FAST003  (read by question_of)
    operation_id=".collection.vector.getTile",
    openapi_extra={"x-queryables": True},
)
def ogc_tile(
    request: Request,
    session: SessionDep,
    question: QuestionDep,
    matrix_set: MatrixSetPath,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
    asked: FormatQuery = None,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give a tile by matrix, row and column.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.
    """
    kind = FORMATS[choose_format(request, FORMATS, asked)]
    known = find(matrix_set)
    place = place_of(known, tile_matrix, tile_col, tile_row)
    answer = tile_answer(request, session, [question], known, place, kind)
    return _within_limits(session, [question], known, place, answer)


@router.get(
    "/tiles/{collection_id}/{z}/{x}/{y}.mvt",  # noqa: FAST003  (read by question_of)
    openapi_extra={"x-queryables": True},
)
def xyz_tile(
    request: Request,
    session: SessionDep,
    question: QuestionDep,
    z: str,
    x: str,
    y: str,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give a tile by zoom, x and y, as map libraries ask.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.
    """
    place = place_of(WEB_MERCATOR_QUAD, z, x, y)
    return tile_answer(request, session, [question], WEB_MERCATOR_QUAD, place)


@router.get(
    "/tiles/{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    operation_id=".dataset.vector.getTile",
)
def dataset_tile(
    request: Request,
    session: SessionDep,
    matrix_set: MatrixSetPath,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
    when: IntervalDep,
    collections: CollectionsQuery = None,
    asked: FormatQuery = None,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give one tile of several collections, a layer for each.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.
    """
    kind = FORMATS[choose_format(request, FORMATS, asked)]
    known = find(matrix_set)
    place = place_of(known, tile_matrix, tile_col, tile_row)
    names = chosen(collections)
    if collections is None:
        names = tuple(name for name in names if BOUNDARIES[name] <= place[0])
    questions = [Question(registry.read(session, name), when=when) for name in names]
    answer = tile_answer(request, session, questions, known, place, kind)
    return _within_limits(session, questions, known, place, answer)


def _within_limits(
    session: SessionDep,
    questions: Sequence[Question],
    matrix_set: MatrixSet,
    place: tuple[int, int, int],
    answer: Response,
) -> Response:
    # OGC API - Tiles, /req/core/tc-error: a tile outside of the limits that the tileset tells is
    # not there, one inside that is empty is 204. Nothing lies outside, so only these are looked at.
    if answer.status_code == _NO_CONTENT:
        zoom, column, row = place
        box = around([extents.extent_of(session, one.collection) for one in questions])
        if not matrix_set.limits(zoom, box, margin=tiles.MARGIN).has(column, row):
            raise NotFound(
                Text(
                    th="ไทล์นี้อยู่นอกขอบเขตข้อมูล ดู tileMatrixSetLimits ของชุดไทล์",
                    en="No data lies there; see tileMatrixSetLimits of the tileset",
                )
            )
    return answer


def chosen(collections: str | None) -> tuple[str, ...]:
    """Read which collections a tile of several holds.

    Parameters
    ----------
    collections : str, optional
        Identifiers or addresses with commas; the boundaries when absent.

    Returns
    -------
    tuple of str
        Each once.

    Raises
    ------
    BadParameter
        If it names none.
    """
    if collections is None:
        return tuple(BOUNDARIES)
    # A collection is named, or its whole address is given.
    parts = (part.strip().rpartition("/collections/")[2] for part in collections.split(","))
    names = tuple(dict.fromkeys(part for part in parts if part))
    if not names:
        raise BadParameter(
            Text(th="collections ว่างเปล่า", en="collections names none"), parameter="collections"
        )
    return names


def around(
    boxes: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    """Tell the rectangle around some.

    Parameters
    ----------
    boxes : sequence of tuple of float
        west, south, east, north, degrees CRS84.

    Returns
    -------
    tuple of float
        The same of all.
    """
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def tile_answer(
    request: Request,
    session: SessionDep,
    questions: Sequence[Question],
    matrix_set: MatrixSet,
    place: tuple[int, int, int],
    kind: str = MVT,
) -> Response:
    """Give a tile of one collection or several, kept ones as they are kept.

    Parameters
    ----------
    request : Request
        Its headers count.
    session : Session
        Reads.
    questions : sequence of Question
        What is asked of each collection.
    matrix_set : MatrixSet
        How the world is cut.
    place : tuple of int
        Zoom, column and row.
    kind : str
        Media type.

    Returns
    -------
    Response
        204 when the tile is empty.
    """
    subjects = sorted({part for one in questions for part in one.collection.subjects})
    headers = revalidate(request, state_of(session, subjects).token)
    zoom, column, row = place
    made = tiles.joined(
        [
            tiles.tile(session, one, matrix_set=matrix_set, zoom=zoom, column=column, row=row)
            for one in questions
        ]
    )
    return made_answer(request, made, headers, kind)


def made_answer(request: Request, made: Tile, headers: dict[str, str], kind: str) -> Response:
    """Answer with a tile that is made.

    Parameters
    ----------
    request : Request
        Its headers count.
    made : Tile
        The tile.
    headers : dict of str to str
        Of the answer.
    kind : str
        Media type.

    Returns
    -------
    Response
        204 when the tile is empty.
    """
    if not made.body:
        return Response(status_code=204, headers=headers)
    # Kept tiles go out as they are kept; the others are compressed on their way.
    if made.is_gzip and takes_coding(request.headers.get("accept-encoding", ""), "gzip"):
        headers = headers | {"Content-Encoding": "gzip"}
        return Response(made.body, headers=headers, media_type=kind)
    return Response(made.plain, headers=headers, media_type=kind)
