"""Statements about areas and organisations; running them is somebody else's work."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import aliased

from boundaries.models import Area, AreaEvent, Org, RegionMember


def in_force(table: type[Area | Org], on: date | None = None) -> ColumnElement[bool]:
    """Say that a row is in force.

    Parameters
    ----------
    table : type
        ``Area`` or ``Org``, or an alias of one.
    on : date, optional
        The day; those that have not ended when left out.

    Returns
    -------
    ColumnElement of bool
        A condition for ``where``.
    """
    if on is None:
        return func.upper_inf(table.valid)
    return table.valid.contains(literal(on))


def drawn_areas(level: str) -> Select[Any, Any]:
    """Select the areas of a level that together cover the country without overlap.

    Areas in force that have a shape, and closed ones whose successors have none yet: their
    shape stands in, so that the ground they covered is not lost.

    Parameters
    ----------
    level : str
        ``province``, ``district`` or ``subdistrict``.

    Returns
    -------
    Select of (id, code, parent_id, is_in_force, shape)
        Shapes as WKB, EPSG:4326, ordered by id.
    """
    heir = aliased(Area)
    heirs_with_shape = (
        select(heir.id)
        .join(
            AreaEvent,
            (AreaEvent.level == heir.level) & (AreaEvent.to_code == heir.code),
        )
        .where(
            AreaEvent.level == level,
            AreaEvent.from_code == Area.code,
            func.upper_inf(heir.valid),
            heir.geom.is_not(None),
        )
    )
    newer = aliased(Area)
    same_code = select(newer.id).where(
        newer.level == level, newer.code == Area.code, func.upper_inf(newer.valid)
    )
    stands_in = ~heirs_with_shape.exists() & ~same_code.exists()
    return (
        select(
            Area.id,
            Area.code,
            Area.parent_id,
            func.upper_inf(Area.valid).label("is_in_force"),
            func.ST_AsBinary(Area.geom).label("shape"),
        )
        .where(
            Area.level == level,
            Area.geom.is_not(None),
            or_(func.upper_inf(Area.valid), stands_in),
        )
        .order_by(Area.id)
    )


def heirs_without_shape() -> Select[Any, Any]:
    """Select sub-districts in force without a shape that are a closed one under a new code.

    Returns
    -------
    Select of (heir_id, closed_id)
        The ground of the closed one is that of its heir.
    """
    closed = aliased(Area)
    return (
        select(Area.id.label("heir_id"), closed.id.label("closed_id"))
        .join(
            AreaEvent,
            (AreaEvent.level == Area.level)
            & (AreaEvent.to_code == Area.code)
            & (AreaEvent.kind == "recoded"),
        )
        .join(closed, (closed.level == Area.level) & (closed.code == AreaEvent.from_code))
        .where(
            Area.level == "subdistrict",
            Area.geom.is_(None),
            func.upper_inf(Area.valid),
            closed.geom.is_not(None),
        )
    )


def region_members() -> Select[Any, Any]:
    """Select which provinces in force make up which region.

    Returns
    -------
    Select of (region_id, province_id)
        One row for each province in each region scheme.
    """
    return select(RegionMember.region_id, Area.id.label("province_id")).join(
        Area,
        (Area.code == RegionMember.province_code)
        & (Area.level == "province")
        & func.upper_inf(Area.valid),
    )


def org_points() -> Select[Any, Any]:
    """Select the organisations in force with what their areas are drawn from.

    Returns
    -------
    Select of (id, code, kind, province_id, area_km2, x, y)
        ``area_km2`` as stated; ``x`` and ``y`` in degrees, EPSG:4326, or None.
    """
    return (
        select(
            Org.id,
            Org.code,
            Org.kind,
            Org.province_id,
            Org.area_km2,
            func.ST_X(Org.point).label("x"),
            func.ST_Y(Org.point).label("y"),
        )
        .where(in_force(Org))
        .order_by(Org.id)
    )


def drawn_orgs() -> Select[Any, Any]:
    """Select every organisation that has a shape, those that have ended included.

    Returns
    -------
    Select of (id, tier, province_id, first, after, shape)
        ``first`` is the first day in force, ``after`` the first day no longer, None where open;
        shapes as WKB, EPSG:4326, ordered by id.
    """
    return (
        select(
            Org.id,
            Org.tier,
            Org.province_id,
            func.lower(Org.valid).label("first"),
            func.upper(Org.valid).label("after"),
            func.ST_AsBinary(Org.geom).label("shape"),
        )
        .where(Org.geom.is_not(None))
        .order_by(Org.id)
    )
