"""Indicators and layers of points, aggregated into H3 hexagons.

Amounts are divided among cells so that totals are kept, ratios are sums over sums, points are
counted where they lie (docs/hexbins.md has the method). The latest period is prepared at the
coarser resolutions; anything else is computed when asked for, by the same statement, within a
box. Prepared rows carry the sum of the versions they were made from: as versions only rise, a
sum that still agrees means that nothing has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from sqlalchemy import ColumnElement, CursorResult, delete, func, select, text
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA, fixed_sql
from geo_service.core.errors import BadParameter, NoHexbins, NotFound
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import indicators, queries, versions
from layers.analysis import hexgrid
from layers.filters import Box, Interval, touches
from layers.models import Feature, FeatureLayer, Hexbin, HexCell
from layers.place_values import SMALLEST_SHOWN, public_levels
from layers.questions import choose_period

#: Resolutions up to this one are prepared for the latest period and drawn without a box.
FINEST_PREPARED = 7
#: Cells that one answer may compute on demand; about 2.5 degrees square at resolution 8.
MAX_CELLS = 120_000
DEFAULT_RESOLUTION = 6
#: By whose numbers a province's or a district's amount is divided.
WEIGHT = "pop_total"
#: Subject of `layers.versions` for the shares of areas in cells.
SHARES = "built:cell_share"
#: Raised when the method changes, so that prepared rows are made anew.
METHOD = 1
FIELDS = ("cell", "value", "numerator", "denominator", "reporting", "expected", "status")

_COUNTS = re.compile(r"count\((?P<layer>[a-z][a-z0-9-]{1,62})\)")
_LEVELS = ("subdistrict", "org", "district", "province")
_ADDED_UP = ("SUM", "COUNT", "RATIO", "WMEAN")
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
class Subject:
    """What is aggregated: an indicator, or the points of a layer.

    ``layer_id`` is set where points are counted; ``version`` is the sum of the versions of all
    the answer is made from.
    """

    key: str
    name: Text
    unit: Text
    space_agg: str
    factor: float
    levels: tuple[str, ...]
    tier: str
    least: int
    layer_id: str | None
    version: int


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


def subject_of(session: Session, key: str) -> Subject:
    """Find what a hexagon map may show: an indicator, or else a layer of points.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of an indicator or id of a layer.

    Returns
    -------
    Subject
        With its current version.

    Raises
    ------
    NotFound
        If there is neither.
    NoHexbins
        If its values cannot be added up in space, or the layer holds no points.
    """
    layer = session.get(FeatureLayer, key)
    if layer is not None:
        return _of_layer(session, layer)
    try:
        return _of_indicator(session, indicators.read(session, key))
    except NotFound as error:
        raise NotFound(
            Text(
                th=f"ไม่มีตัวชี้วัดหรือชั้นข้อมูลจุด '{key[:80]}' ดูรายชื่อที่ /indicators และ /collections",
                en=f"There is no indicator or layer of points '{key[:80]}';"
                " see /indicators and /collections",
            )
        ) from error


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
    cells = _cells_within(session, bbox, level)
    chosen, unplaced = None, 0
    if subject.layer_id is not None:
        rows, unplaced = _counted(session, subject, level, cells)
    else:
        chosen = period_of(session, subject, period)
        rows = _of_period(session, _Question(subject, chosen, level, cells))
    return Hexbins(
        subject=subject,
        period=chosen,
        resolution=level,
        bbox=bbox,
        is_sample=bool(session.scalar(queries.sample_is_loaded())),
        unplaced=unplaced,
        rows=tuple(sorted(rows)),
    )


def period_of(session: Session, subject: Subject, asked: Period | Interval | None) -> Period:
    """Choose the period of an indicator that answers a question.

    Parameters
    ----------
    session : Session
        Open.
    subject : Subject
        An indicator.
    asked : Period or Interval, optional
        The latest period when absent.

    Returns
    -------
    Period
        The period itself, else the latest one that ends within what was asked.

    Raises
    ------
    NotFound
        If there is none; the periods there are come with it.
    """
    known = indicators.periods(session, subject.key)
    chosen = choose_period(known, asked)
    if chosen is None:
        shown = ", ".join(period.key for period in known) or "-"
        raise NotFound(
            Text(
                th=f"'{subject.key}' ไม่มีข้อมูลในช่วงเวลานั้น ช่วงเวลาที่มี: {shown}",
                en=f"'{subject.key}' has no values in that period; there are: {shown}",
            ),
            known=[period.key for period in known],
        )
    return chosen


def is_divisible(info: indicators.IndicatorInfo) -> bool:
    """Tell whether an indicator can be added up and divided in space.

    Parameters
    ----------
    info : IndicatorInfo
        From the catalogue.

    Returns
    -------
    bool
        False for what may only be shown where it was measured.
    """
    return info.space_agg in _ADDED_UP


def check_resolution(session: Session, resolution: int) -> int:
    """Refuse a resolution that is not kept.

    Parameters
    ----------
    session : Session
        Open.
    resolution : int
        H3 resolution asked for.

    Returns
    -------
    int
        The same.

    Raises
    ------
    BadParameter
        If no shares are kept at it; the ones there are come with it.
    """
    known = resolutions(session)
    if resolution not in known:
        shown = ", ".join(map(str, known)) or "-"
        raise BadParameter(
            Text(th=f"resolution ต้องเป็นหนึ่งใน {shown}", en=f"resolution is one of {shown}"),
            parameter="resolution",
            known=known,
        )
    return resolution


def resolutions(session: Session) -> list[int]:
    """List the H3 resolutions that are kept.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    list of int
        Coarsest first; empty before the first refresh.
    """
    return list(session.scalars(fixed_sql("layers", "hexbin_resolutions")))


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


def _of_indicator(session: Session, info: indicators.IndicatorInfo) -> Subject:
    if not is_divisible(info):
        raise NoHexbins(
            Text(
                th=f"'{info.name.th}' รวมหรือแบ่งตามพื้นที่ไม่ได้ จึงไม่มีแผนที่หกเหลี่ยม ใช้แผนที่รายพื้นที่ที่ /maps แทน",
                en=f"'{info.name.en}' cannot be added up or divided in space, so it has no"
                " hexagons; use its map by place under /maps",
            ),
            space_agg=info.space_agg,
        )
    parts = [indicators.read(session, part).privacy for part in info.numerator_keys]
    layer_id = _layer_counted(session, info)
    subjects = [SHARES, "areas", "orgs", *map(versions.of_indicator, (info.key, WEIGHT))]
    subjects += [f"layer:{layer_id}"] if layer_id else []
    return Subject(
        key=info.key,
        name=info.name,
        unit=info.unit,
        space_agg=info.space_agg,
        factor=info.factor,
        levels=tuple(level for level in _LEVELS if level in public_levels(info)),
        tier=info.tier,
        least=max(SMALLEST_SHOWN[privacy] for privacy in (info.privacy, *parts)),
        layer_id=layer_id,
        version=METHOD + sum(versions.versions_of(session, subjects).values()),
    )


def _of_layer(session: Session, layer: FeatureLayer) -> Subject:
    if layer.geometry_type != "Point":
        raise NoHexbins(
            Text(
                th=f"ชั้นข้อมูล '{layer.title_th}' ไม่ใช่จุด จึงนับลงหกเหลี่ยมไม่ได้",
                en=f"The layer '{layer.title_en}' does not hold points to be counted",
            )
        )
    subjects = [f"layer:{layer.id}"]
    return Subject(
        key=layer.id,
        name=Text(layer.title_th, layer.title_en),
        unit=Text("แห่ง", "places"),
        space_agg="COUNT",
        factor=1.0,
        levels=(),
        tier="both",
        least=0,
        layer_id=layer.id,
        version=METHOD + sum(versions.versions_of(session, subjects).values()),
    )


def _layer_counted(session: Session, info: indicators.IndicatorInfo) -> str | None:
    # Return the layer whose points an indicator counts: its formula is ``count(layer)``.
    match = _COUNTS.fullmatch(info.formula)
    if info.space_agg != "COUNT" or match is None:
        return None
    layer = session.get(FeatureLayer, match["layer"])
    return layer.id if layer is not None and layer.geometry_type == "Point" else None


def _cells_within(session: Session, box: Box | None, resolution: int) -> list[int] | None:
    # List the cells of a box, or ``None`` for all; refuse what would cost too much.
    if box is not None and resolution <= FINEST_PREPARED:
        where = touches(HexCell.geom, box)
        return list(
            session.scalars(select(HexCell.cell).where(HexCell.resolution == resolution, where))
        )
    if resolution <= FINEST_PREPARED:
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
