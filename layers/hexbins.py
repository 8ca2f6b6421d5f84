"""Indicators and layers of points, aggregated into H3 hexagons.

Amounts are divided among cells so that totals are kept, ratios are sums over sums, points are
counted where they lie (docs/hexbins.md has the method). The latest period is prepared at the
coarser resolutions; anything else is computed when asked for, by the same statement, within a
box. Prepared rows carry the sum of the versions they were made from: as versions only rise, a
sum that still agrees means that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import shapely
from sqlalchemy import ColumnElement, CursorResult, delete, func, select, text
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA, fixed_sql
from geo_service.core.errors import BadParameter
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import indicators, questions
from layers.analysis import hexgrid
from layers.filters import Box, Interval, touches
from layers.hexsubjects import (
    WEIGHT,
    Subject,
    check_resolution,
    period_of,
    resolutions,
    subject_of,
)
from layers.models import Feature, Hexbin, HexCell

#: Resolutions up to this one are answered for the whole country; finer ones need a box.
FINEST_WITHOUT_BOX = 7
#: Resolutions up to this one are stored for the latest period. One more would be six times the
#: rows and the time of a refresh (1 s an indicator) to save half a second an answer.
FINEST_PREPARED = 6
#: Cells that one answer may compute on demand; about 2.5 degrees square at resolution 8.
MAX_CELLS = 120_000
DEFAULT_RESOLUTION = 6
FIELDS = ("cell", "value", "numerator", "denominator", "reporting", "expected", "status")

Place = tuple[int, int, int]

#: Last zoom drawn at each resolution; a tile then holds some hundreds to two thousand cells.
_RESOLUTION_OF_ZOOM = ((6, 5), (8, 6), (10, 7), (22, 8))
_RATIOS = ("RATIO", "WMEAN")


class HexRow(NamedTuple):
    """One cell: numbers in the subject's unit, ``None`` unless status is reported or zero.

    ``reporting`` of ``expected`` places that have a part in the cell; for points, both are
    the points in it.
    """

    cell: int
    value: float | None
    numerator: float | None
    denominator: float | None
    reporting: int
    expected: int
    status: str


@dataclass(frozen=True, slots=True)
class Hexbins:
    """Cells of one subject in one period at one resolution, sorted by cell.

    ``unplaced`` counts points that have no coordinates and so are in no cell; ``period`` is
    ``None`` for a layer of points, which is as of now.
    """

    subject: Subject
    period: Period | None
    resolution: int
    bbox: Box | None
    is_sample: bool
    unplaced: int
    rows: tuple[HexRow, ...]

    @property
    def version(self) -> int:
        """The version of everything these numbers are made from."""
        return self.subject.version


@dataclass(frozen=True, slots=True)
class _Question:
    """An indicator in one period at one resolution, in some cells or (``None``) in all."""

    subject: Subject
    period: Period
    resolution: int
    cells: list[int] | None = None


def read(
    session: Session,
    key: str,
    period: Period | Interval | None = None,
    *,
    resolution: int | None = None,
    bbox: Box | None = None,
) -> Hexbins:
    """Read an indicator, or a layer of points, in hexagons.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of an indicator or id of a layer of points.
    period : Period or Interval, optional
        The period itself, else the latest that ends within it; the latest of all when absent.
    resolution : int, optional
        H3 resolution; 6 (about 42 km2 a cell) when absent.
    bbox : Box, optional
        Degrees, EPSG:4326: only cells that touch it.

    Returns
    -------
    Hexbins
        Sorted by cell.
    """
    subject = subject_of(session, key)
    level = check_resolution(session, DEFAULT_RESOLUTION if resolution is None else resolution)
    chosen = None if subject.layer_id else period_of(session, subject, period)
    cells = _cells_within(session, bbox, level)
    rows, unplaced = _rows(session, subject, chosen, resolution=level, cells=cells)
    return Hexbins(
        subject=subject,
        period=chosen,
        resolution=level,
        bbox=bbox,
        is_sample=questions.is_sample(session),
        unplaced=unplaced,
        rows=tuple(sorted(rows)),
    )


def prepare(session: Session, key: str) -> int:
    """Store the latest period of an indicator at every prepared resolution, if it has changed.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    key : str
        Key of an indicator that has hexagons.

    Returns
    -------
    int
        Rows written; 0 when those stored are still good, or there is nothing to store.
    """
    subject = subject_of(session, key)
    periods = indicators.periods(session, key) if subject.layer_id is None else ()
    wanted = [
        _Question(subject, period, resolution)
        for period in periods[-1:]
        for resolution in resolutions(session)
        if resolution <= FINEST_PREPARED
    ]
    if wanted and all(_is_prepared(session, asked) for asked in wanted):
        return 0
    session.execute(delete(Hexbin).where(Hexbin.indicator_key == key))
    return sum(_store(session, asked) for asked in wanted)


def tile(
    session: Session, key: str, period: Period | Interval | None = None, *, place: Place
) -> bytes:
    """Draw hexagons as a vector tile, finer the closer the map.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of an indicator or id of a layer of points.
    period : Period or Interval, optional
        As in `read`.
    place : tuple of (zoom, column, row)
        z, x and y of the WebMercatorQuad set; no unit.

    Returns
    -------
    bytes
        Mapbox Vector Tile 2 with one layer named after the subject, drawn in EPSG:3857; empty
        when no cell lies in it.
    """
    subject = subject_of(session, key)
    level = resolution_at(place[0], resolutions(session))
    if level is None:
        return b""
    chosen = None if subject.layer_id else period_of(session, subject, period)
    west, south, east, north = session.execute(
        fixed_sql("layers", "hexbin_tile_box"), dict(zip("zxy", place, strict=True))
    ).one()
    cells = _cells_within(session, Box(west, south, east, north), level)
    rows, _ = _rows(session, subject, chosen, resolution=level, cells=cells)
    if not rows:
        return b""
    shapes = hexgrid.outlines(np.array([row.cell for row in rows], dtype=np.int64))
    columns = {name: [row[at] for row in rows] for at, name in enumerate(FIELDS)}
    drawn = session.scalar(
        fixed_sql("layers", "hexbin_tile"),
        dict(zip("zxy", place, strict=True))
        | columns
        | {"cell": [f"{cell:x}" for cell in columns["cell"]], "layer": subject.key}
        | {"shapes": shapely.to_wkb(shapes).tolist()},
    )
    return bytes(drawn or b"")


def resolution_at(zoom: int, known: Sequence[int]) -> int | None:
    """Choose the resolution that a map of some zoom is drawn at.

    Parameters
    ----------
    zoom : int
        Web Mercator zoom.
    known : sequence of int
        Resolutions that are kept, coarsest first.

    Returns
    -------
    int or None
        The nearest that is kept; ``None`` when none is. A cell is 10 to 40 pixels wide.
    """
    wanted = next((level for last, level in _RESOLUTION_OF_ZOOM if zoom <= last), hexgrid.FINEST)
    coarser = [level for level in known if level <= wanted]
    return coarser[-1] if coarser else next(iter(known), None)


def _cells_within(session: Session, box: Box | None, resolution: int) -> list[int] | None:
    # List the cells of a box, or ``None`` for all; refuse what would cost too much.
    if box is not None and resolution <= FINEST_WITHOUT_BOX:
        where = touches(HexCell.geom, box)
        return list(
            session.scalars(select(HexCell.cell).where(HexCell.resolution == resolution, where))
        )
    if resolution <= FINEST_WITHOUT_BOX:
        return None
    parts = () if box is None else box.parts
    if not parts or sum(hexgrid.estimate_cells(part, resolution) for part in parts) > MAX_CELLS:
        raise BadParameter(
            Text(
                th=f"ความละเอียด {resolution} ต้องระบุ bbox ที่มีไม่เกิน {MAX_CELLS:,} เซลล์"
                " (ที่ความละเอียด 8 ราว 2.5 x 2.5 องศา)",
                en=f"Resolution {resolution} needs a bbox of at most {MAX_CELLS:,} cells"
                " (at resolution 8 about 2.5 by 2.5 degrees)",
            ),
            parameter="bbox",
        )
    found = [hexgrid.cells_in(part, resolution) for part in parts]
    return sorted(set(np.concatenate(found).tolist()))


def _rows(
    session: Session,
    subject: Subject,
    period: Period | None,
    *,
    resolution: int,
    cells: list[int] | None,
) -> tuple[list[HexRow], int]:
    if period is None:
        return _counted(session, subject, resolution, cells)
    return _of_period(session, _Question(subject, period, resolution, cells)), 0


def _of_period(session: Session, asked: _Question) -> list[HexRow]:
    if not _is_prepared(session, asked):
        found = session.execute(fixed_sql("layers", "hexbin"), _bound(session, asked))
        return [HexRow(*row) for row in found]
    statement = select(*(getattr(Hexbin, name) for name in FIELDS)).where(*_stored_for(asked))
    if asked.cells is not None:
        statement = statement.where(Hexbin.cell.in_(asked.cells))
    return [HexRow(*row) for row in session.execute(statement)]


def _stored_for(asked: _Question) -> tuple[ColumnElement[bool], ...]:
    return (
        Hexbin.indicator_key == asked.subject.key,
        Hexbin.period_key == asked.period.key,
        Hexbin.resolution == asked.resolution,
    )


def _is_prepared(session: Session, asked: _Question) -> bool:
    found = session.scalar(select(Hexbin.version).where(*_stored_for(asked)).limit(1))
    return found == asked.subject.version


def _store(session: Session, asked: _Question) -> int:
    columns = ", ".join(FIELDS)
    statement = text(
        f"INSERT INTO {SCHEMA}.hexbin"  # noqa: S608  (names of our own)
        f" (indicator_key, period_key, resolution, version, {columns})"
        f" SELECT :indicator, :period, :resolution, :version, {columns}"
        f" FROM ({fixed_sql('layers', 'hexbin').text}) AS cells"
    )
    bound = _bound(session, asked) | {"version": asked.subject.version}
    return cast("CursorResult[Any]", session.execute(statement, bound)).rowcount


def _bound(session: Session, asked: _Question) -> dict[str, Any]:
    subject = asked.subject
    people = indicators.periods(session, WEIGHT, "subdistrict")
    earlier = [one for one in people if one.end <= asked.period.end]
    # People of the time, else the latest before it, else the earliest there are.
    weight_period = earlier[-1].key if earlier else people[0].key if people else None
    return {
        "indicator": subject.key,
        "period": asked.period.key,
        "levels": list(subject.levels),
        "upper": subject.tier == "upper",
        "weight": WEIGHT,
        "weight_period": weight_period,
        "resolution": asked.resolution,
        "cells": asked.cells,
        "is_ratio": subject.space_agg in _RATIOS,
        "factor": subject.factor if subject.space_agg == "RATIO" else 1.0,
        "least": subject.least,
    }


def _counted(
    session: Session, subject: Subject, resolution: int, cells: list[int] | None
) -> tuple[list[HexRow], int]:
    # Count a layer's points where they lie; also how many have no place.
    points = session.execute(
        select(func.ST_X(Feature.geom), func.ST_Y(Feature.geom)).where(
            Feature.layer_id == subject.layer_id, Feature.geom.is_not(None)
        )
    ).all()
    lonlat = np.array([tuple(point) for point in points], dtype=np.float64).reshape(-1, 2)
    found, counts = np.unique(hexgrid.cells_at(lonlat, resolution), return_counts=True)
    wanted = np.isin(found, cells) if cells is not None else np.ones(len(found), dtype=np.bool_)
    every = session.scalar(
        select(func.count()).select_from(Feature).where(Feature.layer_id == subject.layer_id)
    )
    rows = [
        HexRow(cell, float(count), float(count), None, count, count, "reported")
        for cell, count in zip(found[wanted].tolist(), counts[wanted].tolist(), strict=True)
    ]
    return rows, (every or 0) - len(points)
