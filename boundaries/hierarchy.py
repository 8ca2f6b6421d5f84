"""What lies in what: shapes of the higher levels dissolved from those of the lower."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from boundaries import geometry, queries
from boundaries.models import Area
from boundaries.projection import Shapes
from geo_service.core.crs import STORAGE_SRID

#: Shapes that differ by less than this share of their area are one shape.
SAME_SHARE = 1e-9


def build_regions(session: Session) -> int:
    """Dissolve the provinces into the regions of every scheme and into the country.

    Only rows whose shape changes are written, so it may run after every load.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.

    Returns
    -------
    int
        Number of areas given a new shape.
    """
    return set_shapes(session, region_shapes(session))


def region_shapes(session: Session) -> dict[int, Any]:
    """Dissolve the provinces in force into the regions of every scheme and into the country.

    Parameters
    ----------
    session : Session
        To read with.

    Returns
    -------
    dict of int to MultiPolygon
        By ``area.id``, EPSG:4326; regions whose provinces have no shape are left out.
    """
    rows = session.execute(queries.drawn_areas("province")).all()
    shapes = {row.id: shapely.from_wkb(bytes(row.shape)) for row in rows if row.is_in_force}
    members: dict[int, list[int]] = defaultdict(list)
    for region_id, province_id in session.execute(queries.region_members()):
        members[region_id].append(province_id)
    country_id = session.scalar(select(Area.id).where(Area.level == "country"))
    if country_id is not None:
        members[country_id] = list(shapes)
    wanted = {
        area_id: geometry.polygons_only(_united([shapes[one] for one in inside if one in shapes]))[
            0
        ]
        for area_id, inside in members.items()
    }
    return {key: one for key, one in wanted.items() if not one.is_empty}


def set_shapes(session: Session, shapes: Mapping[int, Any]) -> int:
    """Give areas new shapes, with their size and a point inside.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    shapes : mapping of int to MultiPolygon
        By ``area.id``, EPSG:4326.

    Returns
    -------
    int
        Number of areas whose shape was another before.
    """
    changed = differing(session, shapes)
    if not changed:
        return 0
    sizes = geometry.area_km2(np.array([shapes[key] for key in changed], dtype=object))
    for key, size in zip(changed, sizes, strict=True):
        binary = shapely.to_wkb(shapes[key])
        shape = func.ST_GeomFromWKB(binary, STORAGE_SRID)
        session.execute(
            update(Area)
            .where(Area.id == key)
            .values(geom=shape, area_km2=float(size), point=func.ST_PointOnSurface(shape))
        )
    return len(changed)


def differing(session: Session, shapes: Mapping[int, Any]) -> list[int]:
    """Tell which areas do not have these shapes yet.

    Parameters
    ----------
    session : Session
        To read with.
    shapes : mapping of int to MultiPolygon
        By ``area.id``, EPSG:4326.

    Returns
    -------
    list of int
        Ids of areas without a shape, or with one that covers other ground.
    """
    statement = select(Area.id, func.ST_AsBinary(Area.geom)).where(Area.id.in_(list(shapes)))
    differ = []
    for area_id, binary in session.execute(statement):
        if binary is None or not _is_same(shapely.from_wkb(bytes(binary)), shapes[area_id]):
            differ.append(area_id)
    return sorted(differ)


def _is_same(one: Any, other: Any) -> bool:  # noqa: ANN401  (any geometry)
    if shapely.equals_exact(shapely.normalize(one), shapely.normalize(other), 0.0):
        return True
    apart = shapely.area(shapely.symmetric_difference(one, other))
    return bool(apart <= SAME_SHARE * max(shapely.area(one), shapely.area(other)))


def _united(shapes: list[Any]) -> Shapes:
    united = np.empty(1, dtype=object)
    united[0] = shapely.coverage_union_all(shapes)
    return united
