"""Load what areas looked like in the past: a set of shapes for a range of days.

A shape that the area has today anyway is left alone. Where the ground differed, the area's row
begins on the day after the set's range, and a new row with the old shape and the same code and
name holds before it. Areas that the set does not know began on that day, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range

from boundaries import geometry
from boundaries.models import Area, AreaEvent
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.text import Text
from ingest.area_drafts import AreaDraft, AreasPart
from ingest.load import Loading

#: Shapes whose difference is a smaller part of their area are one shape, drawn twice.
_SAME_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    code: str
    first: date | None
    after: date | None
    shape: Any


def store(loading: Loading, part: AreasPart, drafts: Sequence[AreaDraft]) -> None:
    """Write a set of past shapes.

    Parameters
    ----------
    loading : Loading
        Under way; told how many areas differed then.
    part : AreasPart
        With ``valid_to``, the first day the set no longer holds, and perhaps ``valid_from``.
    drafts : sequence of AreaDraft
        All areas of the level in that time; shapes in EPSG:4326.
    """
    if part.valid_to is None:
        return
    rows = _overlapping(loading, part)
    drawn = {draft.code: draft for draft in drafts if draft.shape is not None}
    known = {row.code for row in rows}
    for draft in drafts:
        if draft.code not in known:
            _tell_unknown(loading, draft)
    # Rows that end where the set ends were stored by it before.
    open_rows = [row for row in rows if row.after != part.valid_to]
    differ = [row for row in open_rows if row.code in drawn and not _is_same(row, drawn[row.code])]
    later = [row for row in open_rows if row.code not in drawn]
    loading.remember("area", [row.id for row in (*differ, *later)])
    for row in (*differ, *later):
        _begin_later(loading, row, part.valid_to)
    for row in differ:
        _insert_past(loading, row, drawn[row.code], part.valid_to)
    _events(loading, part, later, differ)
    same = len(rows) - len(differ) - len(later)
    loading.count(inserted=len(differ), updated=len(differ) + len(later), unchanged=same)
    if differ or later:
        loading.touched.add("areas")
    figures = loading.report.figures
    figures["differed_then"] = [row.code for row in differ]
    figures["began_later"] = [row.code for row in later]


def _overlapping(loading: Loading, part: AreasPart) -> list[_Row]:
    span = Range(part.valid_from, part.valid_to)
    statement = select(Area.id, Area.code, Area.valid, func.ST_AsBinary(Area.geom)).where(
        Area.level == part.level, Area.valid.overlaps(span), Area.geom.is_not(None)
    )
    rows = [
        _Row(area_id, code, valid.lower, valid.upper, shapely.from_wkb(bytes(shape)))
        for area_id, code, valid, shape in loading.session.execute(statement.order_by(Area.code))
    ]
    last = part.valid_to or date.max
    return [row for row in rows if row.after is None or row.after >= last]


def _is_same(row: _Row, draft: AreaDraft) -> bool:
    apart = shapely.area(shapely.symmetric_difference(row.shape, draft.shape))
    return bool(apart <= _SAME_SHARE * shapely.area(row.shape))


def _begin_later(loading: Loading, row: _Row, day: date) -> None:
    loading.session.execute(
        update(Area).where(Area.id == row.id).values(valid=Range(day, row.after))
    )


def _insert_past(loading: Loading, row: _Row, draft: AreaDraft, day: date) -> None:
    shape = draft.shape
    binary = from_shape(shape, srid=STORAGE_SRID)  # type: ignore[arg-type]
    size = float(geometry.area_km2(np.array([shape], dtype=object))[0])
    names = select(Area.level, Area.code, Area.name_th, Area.name_en, Area.name_alt, Area.parent_id)
    values = loading.session.execute(names.where(Area.id == row.id)).mappings().one()
    loading.session.execute(
        insert(Area).values(
            **values,
            geom=binary,
            point=func.ST_PointOnSurface(binary),
            area_km2=size,
            valid=Range(row.first, day),
            version_id=loading.version_id,
            shape_version_id=loading.version_id,
        )
    )


def _events(
    loading: Loading, part: AreasPart, later: Sequence[_Row], differ: Sequence[_Row]
) -> None:
    known = set(
        loading.session.execute(
            select(AreaEvent.kind, AreaEvent.from_code).where(AreaEvent.level == part.level)
        )
    )
    wanted: list[tuple[str, str, str | None]]
    wanted = [("created", row.code, None) for row in later]
    wanted += [("redrawn", row.code, row.code) for row in differ]
    rows = [
        {
            "level": part.level,
            "kind": kind,
            "from_code": code,
            "to_code": to_code,
            "effective": part.valid_to,
        }
        for kind, code, to_code in wanted
        if (kind, code) not in known
    ]
    if rows:
        ids = loading.session.scalars(insert(AreaEvent).returning(AreaEvent.id), rows).all()
        loading.announce("area_event", ids)


def _tell_unknown(loading: Loading, draft: AreaDraft) -> None:
    loading.reject(
        reason="unknown-place",
        hint=Text(
            th="ไม่มีพื้นที่รหัสนี้ในปัจจุบัน โปรดนำเข้าขอบเขตปัจจุบันก่อน",
            en="No area has this code now; load the present boundaries first",
        ),
        row=draft.row,
        said=draft.code,
    )
