"""Shapes of the places of a map, generalised for drawing, as GeoJSON geometry."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, collate, exists, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from boundaries.geometry import BANDS
from boundaries.models import Area, AreaShape, Org, OrgShape, RegionMember, RegionScheme
from geo_service.core.text import Text
from layers.analysis.drawing import DETAIL_SHARE, generalise
from layers.models import CellShare

METRES_A_DEGREE = 111_320.0
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
    prepared = _prepared(session, level, wanted)
    left = [key for key in wanted if key not in prepared]
    shapes = prepared | _read(
        session,
        select(table.id, func.ST_AsBinary(table.geom)).where(
            table.id.in_(left), table.geom.is_not(None)
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


def beside(session: Session, code: str) -> dict[int, str]:
    """List the areas of today that lie in the same larger area, the area itself included.

    Parameters
    ----------
    session : Session
        Only read.
    code : str
        Code of a province, district or sub-district.

    Returns
    -------
    dict of int to str
        Ids and codes; empty when there is none of that code today.
    """
    here, today = aliased(Area), func.upper_inf(Area.valid)
    rows = session.execute(
        select(Area.id, Area.code)
        .join(here, (here.parent_id == Area.parent_id) & (here.level == Area.level))
        .where(here.code == code, func.upper_inf(here.valid), today)
    )
    return dict(rows.all())


def of_today(session: Session, level: str) -> dict[int, str]:
    """List the areas of a level that are in force today.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        country, province, district or subdistrict.

    Returns
    -------
    dict of int to str
        Ids and codes.
    """
    rows = session.execute(
        select(Area.id, Area.code).where(Area.level == level, func.upper_inf(Area.valid))
    )
    return dict(rows.all())


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
    ids = session.scalars(select(Area.id).where(*wanted)).all()
    shapes = _prepared(session, "province", ids)
    if len(shapes) < len(ids):
        shapes = _read(session, select(Area.id, func.ST_AsBinary(Area.geom)).where(*wanted))
    if not shapes:
        return None
    edges = [shape.boundary for shape in generalise(shapes).values()]
    lines: dict[str, Any] = mapping(shapely.line_merge(shapely.union_all(edges)))
    return lines


def named_places(session: Session) -> list[tuple[str, str, Text, Text]]:
    """List the provinces and districts of today, to be found by name on any map.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of (str, str, Text, Text)
        Level, code, name, and the name of the province a district lies in; provinces first.
    """
    above = aliased(Area)
    rows = session.execute(
        select(Area.level, Area.code, Area.name_th, Area.name_en, above.name_th, above.name_en)
        .outerjoin(above, (above.id == Area.parent_id) & (above.level == "province"))
        .where(Area.level.in_(("province", "district")), func.upper_inf(Area.valid))
        .order_by(func.length(Area.code), Area.code)
    )
    return [
        (level, code, Text(th, en), Text(within_th or "", within_en or ""))
        for level, code, th, en, within_th, within_en in rows
    ]


def cells_within(session: Session, code: str, resolution: int) -> frozenset[int]:
    """List the cells that an area touches.

    Parameters
    ----------
    session : Session
        Only read.
    code : str
        DOPA code of a province, district or sub-district.
    resolution : int
        H3 resolution.

    Returns
    -------
    frozenset of int
        H3 indexes; empty when no shares are prepared for it.
    """
    rows = session.scalars(
        select(CellShare.cell)
        .join(Area, Area.id == CellShare.area_id)
        .where(CellShare.resolution == resolution, Area.code.startswith(code, autoescape=True))
        .distinct()
    )
    return frozenset(rows)


def cell_places(
    session: Session, cells: Collection[int], resolution: int
) -> dict[int, tuple[Text, Text]]:
    """Say where some cells lie: the sub-district that fills most of each.

    Parameters
    ----------
    session : Session
        Only read.
    cells : collection of int
        H3 indexes.
    resolution : int
        Their resolution.

    Returns
    -------
    dict of int to (Text, Text)
        The sub-district's name, and the district and province it lies in.
    """
    district, province = aliased(Area), aliased(Area)
    rows = session.execute(
        select(
            CellShare.cell, Area.name_th, Area.name_en,
            district.name_th, district.name_en, province.name_th, province.name_en,
        )
        .join(Area, Area.id == CellShare.area_id)
        .join(district, district.id == Area.parent_id)
        .join(province, province.id == district.parent_id)
        .where(CellShare.resolution == resolution, CellShare.cell.in_(list(cells)))
        .order_by(CellShare.cell, (CellShare.share * func.coalesce(Area.area_km2, 0)).desc())
        .ext(distinct_on(CellShare.cell))
    )  # fmt: skip
    return {
        row[0]: (Text(row[1], row[2]), Text(f"{row[3]} {row[5]}", f"{row[4]}, {row[6]}"))
        for row in rows
    }


def region_schemes(session: Session) -> list[tuple[str, Text]]:
    """List the ways of grouping provinces into regions.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of (str, Text)
        Ids and names.
    """
    rows = session.scalars(select(RegionScheme).order_by(RegionScheme.id))
    return [(row.id, Text(row.name_th, row.name_en)) for row in rows]


def outside_regions(session: Session, scheme: str) -> list[Text]:
    """List the provinces that belong to no region of a scheme.

    Parameters
    ----------
    session : Session
        Only read.
    scheme : str
        Id of the region scheme.

    Returns
    -------
    list of Text
        Their names; a map by region leaves them blank.
    """
    region = aliased(Area)
    members = (
        select(RegionMember.province_code)
        .join(region, region.id == RegionMember.region_id)
        .where(region.scheme == scheme)
    )
    rows = session.execute(
        select(Area.name_th, Area.name_en)
        .where(Area.level == "province", func.upper_inf(Area.valid), Area.code.not_in(members))
        .order_by(Area.code)
    )
    return [Text(th, en) for th, en in rows]


def are_of_today(session: Session, level: str, day: date) -> bool:
    """Tell whether the places of a day are those of today.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        Of the places, or ``org``.
    day : date
        A day.

    Returns
    -------
    bool
        False when one began or ended since.
    """
    table: Any = Org if level == "org" else Area
    then, now = (table.valid.op("@>")(one) for one in (literal(day), func.current_date()))
    same_level = () if level == "org" else (Area.level == level,)
    changed = exists().where(then != now, *same_level)
    return not session.scalar(select(changed))


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


# Shapes prepared for drawing, as coarse as the map is wide; none before the first refresh.
def _prepared(session: Session, level: str, ids: Collection[int]) -> dict[int, BaseGeometry]:
    table: Any = Org if level == "org" else Area
    shape: Any = OrgShape if level == "org" else AreaShape
    owner = shape.org_id if level == "org" else shape.area_id
    box = session.execute(
        select(
            func.ST_XMin(func.ST_Extent(table.geom)), func.ST_XMax(func.ST_Extent(table.geom)),
            func.ST_YMin(func.ST_Extent(table.geom)), func.ST_YMax(func.ST_Extent(table.geom)),
        ).where(table.id.in_(ids))
    ).one()  # fmt: skip
    if box[0] is None:
        return {}
    tolerance_m = max(box[1] - box[0], box[3] - box[2]) * DETAIL_SHARE * METRES_A_DEGREE
    # the coarsest band that is still finer than what this map can show
    band = next((one.number for one in BANDS if one.tolerance_m <= tolerance_m), BANDS[-1].number)
    lonlat = func.ST_Transform(shape.geom, 4326)
    return _read(
        session,
        select(owner, func.ST_AsBinary(lonlat)).where(owner.in_(ids), shape.band == band),
    )


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
