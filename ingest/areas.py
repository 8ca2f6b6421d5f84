"""Load areas: provinces, districts or sub-districts with their codes, names and shapes.

The finest level that has shapes owns the borders: after sub-districts are loaded, districts and
provinces take the shapes they add up to, and a later file of districts alone changes names but
no shapes. A file with ``valid_to`` describes the past; see ``ingest.area_history``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from boundaries.models import Area
from geo_service.core.errors import Refused
from geo_service.core.text import Text
from ingest import area_history, area_store, org_areas
from ingest.area_drafts import AreaDraft, AreasPart, read_drafts
from ingest.load import Loading


def load(loading: Loading) -> None:
    """Load a file of areas of one level.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``areas``.

    Raises
    ------
    Refused
        If no row can be taken.
    """
    part = loading.recipe.section(AreasPart, "areas")
    drafts = read_drafts(loading, part)
    if not drafts:
        raise Refused(Text(th="ไม่มีแถวที่รับได้", en="No row could be taken"))
    if part.valid_to is not None:
        area_history.store(loading, part, drafts)
        return
    drafts = _where_finer_stand(loading, part.level, drafts)
    area_store.store(loading, part.level, drafts, illustrative=part.illustrative)
    if part.register_of_codes == "dopa" and part.level != "province":
        area_store.store_events(loading, part.level)
    area_store.dissolve_upward(loading, part.level, drafts)
    area_store.complete(loading)
    if part.level == "subdistrict" and "areas" in loading.touched:
        org_areas.redraw(loading)
    _tell_counts(loading, part.level)


def _where_finer_stand(
    loading: Loading, level: str, drafts: Sequence[AreaDraft]
) -> list[AreaDraft]:
    if not area_store.has_shapes_below(loading.session, level):
        return list(drafts)
    loading.reject(
        reason="finer-shapes-stand",
        hint=Text(
            th="มีรูปร่างของระดับย่อยแล้ว จึงใช้รูปร่างที่รวมจากระดับย่อย รับเฉพาะรหัสและชื่อจากไฟล์นี้",
            en="A finer level has shapes and owns the borders; only codes and names were taken",
        ),
        severity="flagged",
    )
    return [replace(draft, shape=None) for draft in drafts]


def _tell_counts(loading: Loading, level: str) -> None:
    in_force = func.upper_inf(Area.valid)
    counts = loading.session.execute(
        select(
            func.count().filter(in_force),
            func.count().filter(in_force, Area.geom.is_(None)),
            func.count().filter(~in_force),
        ).where(Area.level == level)
    ).one()
    figures = loading.report.figures
    figures[f"{level}_in_force"], figures[f"{level}_without_shape"] = counts[0], counts[1]
    figures[f"{level}_closed"] = counts[2]
