"""Shapes of the places of a map, generalised for drawing, as GeoJSON geometry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, collate, func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, Org, RegionMember
from geo_service.core.text import Text

# Width of the smallest detail of a border that is still seen, as a part of the map's width.
DETAIL_SHARE = 1 / 2600
GRID_DEG = 0.0001
PROVINCE_DIGITS = 2


def read(session: Session, level: str, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Read the outlines of some places of one level, generalised as one coverage.

    Neighbours keep one common border. A place without a shape answers its point; one with
    neither is left out.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        ``country region province district subdistrict org``.
    ids : collection of int
        ``area.id``, or ``org.id`` at level ``org``.

    Returns
    -------
    dict of int to dict
        GeoJSON geometries, EPSG:4326, longitude first, rounded to 0.0001 degrees (11 m).
    """
    wanted = list(ids)
    table: Any = Org if level == "org" else Area
    shapes = _read(
        session,
        select(table.id, func.ST_AsBinary(table.geom)).where(
            table.id.in_(wanted), table.geom.is_not(None)
        ),
    )
    if level == "region":
        shapes |= _unions(session, [key for key in wanted if key not in shapes])
    points = _read(
        session,
        select(table.id, func.ST_AsBinary(table.point)).where(
            table.id.in_([key for key in wanted if key not in shapes]), table.point.is_not(None)
        ),
    )
    return {key: mapping(shape) for key, shape in (generalise(shapes) | points).items()}


def provinces(session: Session) -> list[tuple[str, Text]]:
    """List the provinces of today.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of (str, Text)
        Codes and names, in the order of the Thai alphabet.
    """
    rows = session.execute(
        select(Area.code, Area.name_th, Area.name_en)
        .where(Area.level == "province", func.upper_inf(Area.valid))
        .order_by(collate(Area.name_th, "th-x-icu"))
    )
    return [(code, Text(th, en)) for code, th, en in rows]


def province_borders(session: Session, *, within: str | None = None) -> dict[str, Any] | None:
    """Read the borders of the provinces, each line once.

    Parameters
    ----------
    session : Session
        Only read.
    within : str, optional
        Code of a place; a province or what lies in one takes that province alone.

    Returns
    -------
    dict or None
        A GeoJSON geometry of lines, EPSG:4326; None when no province has a shape.
    """
    wanted = [Area.level == "province", func.upper_inf(Area.valid), Area.geom.is_not(None)]
    if within is not None and within[:PROVINCE_DIGITS].isdigit():
        wanted.append(Area.code == within[:PROVINCE_DIGITS])
    shapes = _read(session, select(Area.id, func.ST_AsBinary(Area.geom)).where(*wanted))
    if not shapes:
        return None
    edges = [shape.boundary for shape in generalise(shapes).values()]
    lines: dict[str, Any] = mapping(shapely.line_merge(shapely.union_all(edges)))
    return lines


def have_shapes(session: Session, level: str) -> bool:
    """Tell whether the places of a level have shapes, or points at most.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        ``country region province district subdistrict org``.

    Returns
    -------
    bool
        True when at least one place has a shape.
    """
    table: Any = Org if level == "org" else Area
    of_level = [] if level == "org" else [Area.level == level]
    found = select(table.id).where(table.geom.is_not(None), *of_level).limit(1)
    return session.scalar(found) is not None


def generalise(shapes: Mapping[int, BaseGeometry]) -> dict[int, BaseGeometry]:
    """Drop the detail that a map as wide as all the shapes together cannot show.

    Parameters
    ----------
    shapes : mapping of int to geometry
        Polygons, EPSG:4326; neighbours share their border's vertices.

    Returns
    -------
    dict of int to geometry
        Simpler polygons under the same keys; common borders stay common, none vanishes.
    """
    if not shapes:
        return {}
    keys, geometries = list(shapes), list(shapes.values())
    west, south, east, north = shapely.total_bounds(geometries)
    tolerance = max(east - west, north - south) * DETAIL_SHARE
    # pointwise rounding moves a shared vertex the same way in both neighbours
    simpler = shapely.set_precision(
        shapely.coverage_simplify(geometries, tolerance), GRID_DEG, mode="pointwise"
    )
    return {
        key: shape if small.is_empty else small
        for key, shape, small in zip(keys, geometries, simpler, strict=True)
    }


def _unions(session: Session, region_ids: list[int]) -> dict[int, BaseGeometry]:
    return _read(
        session,
        select(RegionMember.region_id, func.ST_AsBinary(func.ST_Union(Area.geom)))
        .join(Area, (Area.code == RegionMember.province_code) & (Area.level == "province"))
        .where(RegionMember.region_id.in_(region_ids), func.upper_inf(Area.valid))
        .group_by(RegionMember.region_id),
    )


def _read(session: Session, statement: Select[Any, Any]) -> dict[int, BaseGeometry]:
    rows = session.execute(statement).all()
    return {key: shapely.from_wkb(bytes(binary)) for key, binary in rows if binary is not None}
