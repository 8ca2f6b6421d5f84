"""Indicators and layers of points in H3 hexagons: rows, shapes, tables and tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Annotated, Any

import numpy as np
import polars as pl
from fastapi import APIRouter, Depends, Query, Request, Response
from pyarrow import ipc

from geo_service.api.links import CSV, GEOJSON, JSON, MVT, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from geo_service.deps import (
    LangDep,
    PeriodDep,
    SessionDep,
    box,
    choose_format,
    parse_count,
    revalidate,
)
from layers import hexbins, hexsubjects
from layers.analysis import hexgrid
from layers.filters import Box
from layers.hexbins import FIELDS, Hexbins
from layers.questions import state_of
from layers.tiles import DEEPEST_ZOOM

router = APIRouter(prefix="/hexbins", tags=["hexbins"])

ARROW = "application/vnd.apache.arrow.stream"
_FORMATS = {"json": JSON, "geojson": GEOJSON, "csv": CSV, "arrow": ARROW}
#: Corners are given to 11 cm, a thousandth of the side of the finest cell.
_DECIMALS = 6


def asked_box(
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
) -> Box | None:
    """Read ``bbox`` in degrees.

    Parameters
    ----------
    bbox : str, optional
        Four numbers, CRS84.

    Returns
    -------
    Box or None
        In EPSG:4326, longitude first; west > east crosses 180 degrees.
    """
    return box(bbox, None)


BoxDep = Annotated[Box | None, Depends(asked_box)]
VersionQuery = Annotated[str | None, Query(description="state of the data; makes it cacheable")]


@router.get("/{indicator}/tiles/{z:int}/{x:int}/{y:int}.mvt")
def hexbin_tile(
    request: Request,
    session: SessionDep,
    indicator: str,
    period: PeriodDep,
    z: int,
    x: int,
    y: int,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Draw hexagons as a vector tile; the closer the map, the smaller the cells.

    Returns
    -------
    Response
        Mapbox Vector Tile; 204 when empty.

    Raises
    ------
    NotFound
        If the set has no such tile.
    """
    if z > DEEPEST_ZOOM or max(x, y) >= 2**z:
        raise NotFound(
            Text(
                th=f"ไม่มีไทล์นี้ ระดับซูมคือ 0-{DEEPEST_ZOOM}",
                en=f"There is no such tile; zooms are 0-{DEEPEST_ZOOM}",
            )
        )
    subject = hexsubjects.subject_of(session, indicator)
    headers = revalidate(request, state_of(session, subject.subjects).token)
    body = hexbins.tile(session, indicator, period, place=(z, x, y))
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, headers=headers, media_type=MVT)


@router.get("/{indicator}")
def hexbins_of(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    indicator: str,
    period: PeriodDep,
    bbox: BoxDep,
    resolution: Annotated[str | None, Query(description="H3 resolution; 6")] = None,
    asked: Annotated[
        str | None, Query(alias="f", description="json | geojson | csv | arrow")
    ] = None,
    v: VersionQuery = None,  # noqa: ARG001  (read by `revalidate`)
) -> Response:
    """Give an indicator, or the points of a layer, in hexagons.

    Returns
    -------
    Response
        Compact JSON, GeoJSON, CSV or an Arrow stream.
    """
    kind = choose_format(request, _FORMATS, asked)
    level = parse_count(resolution, "resolution", default=hexbins.DEFAULT_RESOLUTION)
    subject = hexsubjects.subject_of(session, indicator)
    state = state_of(session, subject.subjects)
    headers = revalidate(request, state.token, lang=lang)
    found = hexbins.read(session, indicator, period, resolution=level, bbox=bbox)
    return _WRITERS[kind](found, Links(request, lang), headers)


def _head(found: Hexbins, links: Links) -> dict[str, Any]:
    subject = found.subject
    return {
        "indicator": subject.key,
        "unit": subject.unit.in_(links.lang),
        "period": None if found.period is None else found.period.key,
        "resolution": found.resolution,
        "version": found.version,
    }


def _remarks(found: Hexbins) -> dict[str, Any]:
    unplaced = {"unplaced": found.unplaced} if found.unplaced else {}
    return unplaced | notice(is_sample=found.is_sample)


def _json(found: Hexbins, links: Links, headers: Mapping[str, str]) -> Response:
    rows = [(f"{row.cell:x}", *row[1:]) for row in found.rows]
    body = _head(found, links) | {"fields": FIELDS, "rows": rows}
    return json_answer(body | _remarks(found), headers)


def _geojson(found: Hexbins, links: Links, headers: Mapping[str, str]) -> Response:
    # RFC 7946, 3.1.6: a ring ends where it begins, the outer one counter-clockwise.
    rings = hexgrid.rings(_cells(found))
    closed = np.concatenate((rings, rings[:, :1]), axis=1).round(_DECIMALS).tolist()
    features = [
        {
            "type": "Feature",
            "id": f"{row.cell:x}",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"cell": f"{row.cell:x}", **dict(zip(FIELDS[1:], row[1:], strict=True))},
        }
        for row, ring in zip(found.rows, closed, strict=True)
    ]
    title = {"title": found.subject.name.in_(links.lang)}
    if found.period is not None:
        title["period_label"] = found.period.label.in_(links.lang)
    body = {"type": "FeatureCollection", **title, **_head(found, links), **_remarks(found)}
    body["features"] = features
    return json_answer(body, headers, media_type=GEOJSON)


def _csv(found: Hexbins, links: Links, headers: Mapping[str, str]) -> Response:
    period = "" if found.period is None else found.period.key
    unit = found.subject.unit.in_(links.lang)
    points = hexgrid.centres(_cells(found)).round(_DECIMALS).tolist()
    rows = (
        (f"{row.cell:x}", *point, found.subject.key, unit, period, found.resolution, *row[1:])
        for row, point in zip(found.rows, points, strict=True)
    )
    return csv_answer(
        ("cell", "lon", "lat", "indicator", "unit", "period", "resolution", *FIELDS[1:]),
        rows,
        headers,
        file_name=f"{found.subject.key}-h3-{found.resolution}{period and '-'}{period}.csv",
        is_sample=found.is_sample,
    )


def _arrow(found: Hexbins, links: Links, headers: Mapping[str, str]) -> Response:
    told = _head(found, links) | _remarks(found)
    head = {name: str(value) for name, value in told.items() if value is not None}
    table = pl.DataFrame(
        found.rows,
        schema={
            "cell": pl.UInt64, "value": pl.Float64, "numerator": pl.Float64,
            "denominator": pl.Float64, "reporting": pl.Int32, "expected": pl.Int32,
            "status": pl.String,
        },
        orient="row",
    ).to_arrow().replace_schema_metadata(head)  # fmt: skip
    out = BytesIO()
    with ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return Response(out.getvalue(), headers=dict(headers), media_type=ARROW)


def _cells(found: Hexbins) -> hexgrid.Cells:
    return np.array([row.cell for row in found.rows], dtype=np.int64)


_WRITERS: Mapping[str, Callable[[Hexbins, Links, Mapping[str, str]], Response]] = {
    "json": _json,
    "geojson": _geojson,
    "csv": _csv,
    "arrow": _arrow,
}
