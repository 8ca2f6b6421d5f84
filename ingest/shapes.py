"""Shapes prepared for drawing: areas and organisations generalised for each band of zooms.

The finest level is simplified as one coverage and the levels above are dissolved from it, so a
province's line runs exactly along the lines of its sub-districts. Where a finer level has no
shapes (a file of provinces alone was loaded), the level itself is simplified.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import shapely
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from boundaries import geometry, hierarchy, queries
from boundaries.models import Area, AreaShape, OrgShape
from geo_service.core.crs import TILE_SRID
from ingest.cells import ewkb
from ingest.copying import copy_rows
from ingest.load import Progress, silent
from layers.models import Feature
from layers.prepared import FeatureShape

_LEVELS = ("subdistrict", "district", "province")
#: GEOS type numbers of polygons and multipolygons.
_POLYGONS = (3, 6)

Drawn = dict[int, Any]


def rebuild(session: Session, *, progress: Progress = silent) -> int:
    """Prepare every shape of areas and organisations anew; regions are dissolved first.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    progress : Progress
        Told after each step.

    Returns
    -------
    int
        Number of prepared shapes, EPSG:3857, over all bands (``boundaries.geometry.BANDS``).
    """
    progress("shapes", 0, 3)
    hierarchy.build_regions(session)
    areas = _area_shapes(session)
    progress("shapes", 1, 3)
    session.execute(delete(AreaShape))
    written = _write_areas(session, areas)
    progress("shapes", 2, 3)
    session.execute(delete(OrgShape))
    for number, shapes in _org_shapes(session, areas).items():
        written += copy_rows(session, "org_shape", _rows("org_id", number, shapes))
    progress("shapes", 3, 3)
    return written


def rebuild_layer(session: Session, layer_id: str) -> int:
    """Prepare the shapes of a layer of lines or polygons anew.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    layer_id : str
        Id of the layer.

    Returns
    -------
    int
        Number of prepared shapes, EPSG:3857, over all bands; polygons that share borders keep
        them common, all others are simplified each by itself.
    """
    session.execute(delete(FeatureShape).where(FeatureShape.layer_id == layer_id))
    rows = session.execute(
        select(Feature.id, func.ST_AsBinary(Feature.geom))
        .where(Feature.layer_id == layer_id, Feature.geom.is_not(None))
        .order_by(Feature.code)
    ).all()
    shapes = shapely.from_wkb([bytes(row[1]) for row in rows])
    is_polygon = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    is_coverage = is_polygon.all() and shapely.coverage_is_valid(shapes)
    bands = (geometry.generalise if is_coverage else geometry.simplify_each)(shapes)
    written = 0
    for number, drawn in bands.items():
        kept = {row.id: shape for row, shape in zip(rows, drawn, strict=True)}
        own = _rows("feature_id", number, kept).with_columns(layer_id=pl.lit(layer_id))
        written += copy_rows(session, "feature_shape", own)
    return written


def _area_shapes(session: Session) -> dict[int, Drawn]:
    drawn: dict[int, Drawn] = {band.number: {} for band in geometry.BANDS}
    parents = _parents(session)
    for level in _LEVELS:
        rows = session.execute(queries.drawn_areas(level)).all()
        have = {row.id for row in rows}
        for shapes in drawn.values():
            shapes.update(_dissolved(shapes, parents, have))
        done = drawn[geometry.BANDS[0].number]
        _simplify([row for row in rows if row.id not in done], drawn)
    _unite_regions(session, drawn)
    return drawn


def _dissolved(shapes: Drawn, parents: Mapping[int, int], wanted: set[int]) -> Drawn:
    # A parent is dissolved from its parts when all its ground is in them: its children's.
    inside: dict[int, list[Any]] = defaultdict(list)
    for area_id, shape in shapes.items():
        parent = parents.get(area_id)
        if parent in wanted:
            inside[parent].append(shape)
    return {parent: _united(parts) for parent, parts in inside.items()}


def _simplify(rows: list[Any], drawn: dict[int, Drawn]) -> None:
    if not rows:
        return
    shapes = geometry.clean_coverage(shapely.from_wkb([bytes(row.shape) for row in rows])).shapes
    for number, simpler in geometry.generalise(shapes).items():
        drawn[number].update((row.id, one) for row, one in zip(rows, simpler, strict=True))


def _unite_regions(session: Session, drawn: dict[int, Drawn]) -> None:
    members: dict[int, list[int]] = defaultdict(list)
    for region_id, province_id in session.execute(queries.region_members()):
        members[region_id].append(province_id)
    provinces = session.scalars(
        select(Area.id).where(Area.level == "province", queries.in_force(Area))
    ).all()
    for country_id in session.scalars(select(Area.id).where(Area.level == "country")):
        members[country_id] = list(provinces)
    for shapes in drawn.values():
        for area_id, inside in members.items():
            parts = [shapes[one] for one in inside if one in shapes]
            if parts:
                shapes[area_id] = _united(parts)


def _org_shapes(session: Session, areas: Mapping[int, Drawn]) -> dict[int, Drawn]:
    # The lower tier is simplified as one coverage of its own; PAOs have their provinces.
    rows = session.execute(queries.drawn_orgs()).all()
    drawn: dict[int, Drawn] = {band.number: {} for band in geometry.BANDS}
    _simplify_orgs([row for row in rows if row.tier == "lower" and row.after is None], drawn)
    # Those that have ended, with all that stood beside them in their province on their last day.
    for day in sorted({row.after for row in rows if row.after is not None}):
        ended = {row.id for row in rows if row.after == day}
        provinces = {row.province_id for row in rows if row.after == day}
        beside = [row for row in rows if row.tier == "lower" and row.province_id in provinces
                  and (row.first is None or row.first < day)
                  and (row.after is None or row.after >= day)]  # fmt: skip
        _simplify_orgs(beside, drawn, wanted=ended)
    for number, shapes_of in drawn.items():
        for row in rows:
            province = areas[number].get(row.province_id)
            if row.tier == "upper" and province is not None:
                shapes_of[row.id] = province
    return drawn


def _simplify_orgs(
    rows: Sequence[Any], drawn: dict[int, Drawn], *, wanted: Collection[int] | None = None
) -> None:
    if not rows:
        return
    shapes = np.array([shapely.from_wkb(bytes(row.shape)) for row in rows], dtype=object)
    clean = geometry.clean_coverage(shapes, gap_width_m=1.0).shapes
    for number, simpler in geometry.generalise(clean).items():
        drawn[number].update(
            (row.id, one) for row, one in zip(rows, simpler, strict=True)
            if wanted is None or row.id in wanted
        )  # fmt: skip


def _parents(session: Session) -> dict[int, int]:
    statement = select(Area.id, Area.parent_id).where(Area.parent_id.is_not(None))
    return {row.id: row.parent_id for row in session.execute(statement)}


def _united(parts: Iterable[Any]) -> Any:  # noqa: ANN401  (a geometry)
    one, found = np.empty(1, dtype=object), list(parts)
    try:
        one[0] = shapely.coverage_union_all(found)
    except shapely.errors.GEOSException:
        # Parts of different levels side by side may lack each other's corners.
        one[0] = shapely.union_all(found)
    return geometry.polygons_only(one)[0]


def _write_areas(session: Session, drawn: Mapping[int, Drawn]) -> int:
    levels = dict(session.execute(select(Area.id, Area.level)).all())
    written = 0
    for number, shapes in drawn.items():
        rows = _rows("area_id", number, shapes)
        own = [levels[key] for key in rows["area_id"]]
        written += copy_rows(session, "area_shape", rows.with_columns(pl.Series("level", own)))
    return written


def _rows(column: str, band: int, shapes: Drawn) -> pl.DataFrame:
    kept = {key: shape for key, shape in shapes.items() if not shape.is_empty}
    geoms = ewkb(np.array(list(kept.values()), dtype=object), TILE_SRID)
    columns = {column: list(kept), "band": [band] * len(kept), "geom": geoms}
    return pl.DataFrame(columns, schema={column: pl.Int64, "band": pl.Int64, "geom": pl.String})
