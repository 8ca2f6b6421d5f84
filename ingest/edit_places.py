"""Where an edited feature lies, and whether that is for who edits it to say."""

from __future__ import annotations

from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries import queries
from boundaries.models import Area, Org, OrgCoverage
from geo_service.core.auth import Principal
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.db import fixed_sql
from geo_service.core.errors import Forbidden
from geo_service.core.text import Text
from ingest.edit_drafts import wrong

#: Offices on a pier or a border lie a little outside: degrees, about 3 km.
_NEAR_DEG: Final = 0.03


def area_at(session: Session, shape: BaseGeometry) -> int | None:
    """Find the sub-district that a shape lies in.

    Parameters
    ----------
    session : Session
        Open.
    shape : BaseGeometry
        EPSG:4326.

    Returns
    -------
    int or None
        The nearest one within 3 km where it lies in none; ``None`` only when no sub-district has a
        shape. Farther out a `BadFeature` is raised.
    """
    bound = {"shape": shapely.to_wkb(shapely.set_srid(shape, STORAGE_SRID), include_srid=True)}
    found: int | None = session.scalar(
        fixed_sql("ingest", "edit_place"), {**bound, "near": _NEAR_DEG}
    )
    if found is None and session.scalar(_ANY_DRAWN) is not None:
        wrong(
            "geometry.coordinates",
            Text(th="ไม่อยู่ในตำบลใดของประเทศ", en="not within 3 km of any sub-district"),
        )
    return found


def named_area(session: Session, code: str) -> int:
    """Find the sub-district that a feature without a shape names.

    Parameters
    ----------
    session : Session
        Open.
    code : str
        Of the sub-district.

    Returns
    -------
    int
        Its id; a `BadFeature` is raised when there is none in force.
    """
    found = session.scalar(
        select(Area.id).where(
            Area.level == "subdistrict", Area.code == code, queries.in_force(Area)
        )
    )
    if found is None:
        wrong(
            "geometry",
            Text(
                th="ถ้าไม่มีรูปร่าง ให้ระบุ subdistrict_code ของตำบลที่มีอยู่",
                en="without a shape, subdistrict_code names a sub-district in force",
            ),
        )
    return found


def is_within(session: Session, who: Principal, area_id: int | None) -> bool:
    """Tell whether a place is somebody's to speak for.

    Parameters
    ----------
    session : Session
        Open.
    who : Principal
        Of any role.
    area_id : int, optional
        The sub-district.

    Returns
    -------
    bool
        Everywhere for the department and administrators; for a provincial office in its province,
        for an organisation where it covers the sub-district, if only a part of it.
    """
    if who.has_role("dla", "admin"):
        return True
    if area_id is None or not who.place:
        return False
    if who.has_role("province"):
        code = session.scalar(select(Area.code).where(Area.id == area_id)) or ""
        return code.startswith(who.place)
    covered = (
        select(OrgCoverage.area_id)
        .join(Org, Org.id == OrgCoverage.org_id)
        .where(Org.code == who.place, OrgCoverage.area_id == area_id, queries.in_force(Org))
    )
    return who.has_role("lao") and session.scalar(covered.limit(1)) is not None


def check_scope(session: Session, who: Principal | None, area_id: int | None) -> None:
    """Refuse who writes about a place that is not his.

    Parameters
    ----------
    session : Session
        Open.
    who : Principal, optional
        Who writes; ``None`` when that was looked at before.
    area_id : int, optional
        The sub-district of the feature.

    Raises
    ------
    Forbidden
        If it is not `is_within`.
    """
    if who is not None and not is_within(session, who, area_id):
        raise Forbidden(_ELSEWHERE)


_ANY_DRAWN: Final = (
    select(Area.id).where(Area.level == "subdistrict", Area.geom.is_not(None)).limit(1)
)
_ELSEWHERE: Final = Text(
    th="แก้ไขได้เฉพาะรายการในพื้นที่ของหน่วยงานของคุณ",
    en="You may change what lies in the area of your organisation only",
)
