"""Load local organisations: kinds, codes, points, what they cover and the ground that gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from boundaries import names, queries
from boundaries.models import Area, Org, OrgCode, OrgCoverage
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.errors import Refused
from geo_service.core.text import Text
from ingest import org_areas, org_history, succession
from ingest.copying import array_text, copy_rows
from ingest.load import Loading
from ingest.org_areas import Share
from ingest.org_codes import add_codes
from ingest.org_drafts import OrgDraft, OrgsPart, Reader
from ingest.succession import Plan

_DLA_DIGITS = 7
#: Remarks that a list of today does not know and does not take away.
_LASTING = ("kind-changed", succession.REPLACES, succession.REPLACED_BY)
_COMPARED = (
    "kind", "tier", "name_th", "name_en", "province_id", "district_id", "point_source",
    "area_km2", "size_class", "website", "wikidata", "flags",
)  # fmt: skip


def load(loading: Loading) -> None:
    """Load a list of organisations, or the codes of an older list.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``orgs``.

    Raises
    ------
    Refused
        If no row can be taken.
    """
    part = loading.recipe.section(OrgsPart, "orgs")
    finest = "org" if part.mode == "codes" else "subdistrict"
    reader = Reader(loading, part, loading.gazetteers.read(loading.session, finest))
    drafts = _unique(reader, reader.read())
    if not drafts:
        raise Refused(
            Text(
                th="ไม่มีแถวที่รับได้ โปรดนำเข้าขอบเขตจังหวัดก่อน",
                en="No row could be taken; load the provinces first",
            )
        )
    if part.mode == "codes":
        add_codes(reader, drafts)
        return
    made = succession.plan(reader, drafts, today=loading.run.started_at.date())
    drafts = made.drafts
    _tell_points(reader, drafts)
    org_history.complete(loading, made)
    shares = org_history.inherited_shares(loading, made)
    _complete(loading.session, drafts, shares)
    org_history.end_and_begin(loading, made)
    ids = _store(loading, made)
    org_history.write_events(loading, made)
    _store_codes(loading, drafts, ids)
    _store_coverage(loading, drafts, ids, shares)
    org_history.tell_outside(reader, made)
    loading.report.figures["shapes_drawn"] = org_areas.redraw(loading)
    kinds = [draft.kind for draft in drafts]
    loading.report.figures |= {kind: kinds.count(kind) for kind in dict.fromkeys(sorted(kinds))}


def _unique(reader: Reader, drafts: Sequence[OrgDraft]) -> list[OrgDraft]:
    kept: dict[str, OrgDraft] = {}
    for draft in drafts:
        first = kept.setdefault(draft.code, draft)
        if first is not draft:
            reader.tell(
                draft,
                "repeated-organisation",
                Text(
                    th=f"รหัส {draft.code} มีแล้วในแถว {first.row} ({first.name_th}) ใช้แถวแรก",
                    en=f"The code {draft.code} stands in row {first.row} already"
                    f" ({first.name_en or first.name_th}); that was taken",
                ),
                column=reader.part.code,
                said=f"{draft.code} {draft.name_th} ({draft.province_code})",
            )
    return list(kept.values())


def _tell_points(reader: Reader, drafts: Sequence[OrgDraft]) -> None:
    session = reader.loading.session
    points = {
        at: (draft.province_id, draft.point)
        for at, draft in enumerate(drafts)
        if draft.point is not None
    }
    elsewhere = org_areas.points_elsewhere(session, points)
    names_of = dict(session.execute(select(Area.id, Area.name_th)).all())
    for at, (province_id, distance_km) in elsewhere.items():
        draft, other = drafts[at], names_of[province_id]
        draft.flags.add("point-in-another-province")
        reader.tell(
            draft,
            "point-elsewhere",
            Text(
                th=f"จุดของ {draft.name_th} อยู่ใน{other} ห่างจากจังหวัดของตน {distance_km:.0f} กม.",
                en=f"The point of {draft.name_en or draft.name_th} lies in {other},"
                f" {distance_km:.0f} km from its own province",
            ),
            said=f"{draft.point.y}, {draft.point.x}" if draft.point else None,
            severity="flagged",
        )


def _complete(
    session: Session, drafts: Sequence[OrgDraft], shares: Mapping[str, Sequence[Share]]
) -> None:
    # Bangkok covers all its sub-districts; a district is that of the first one covered.
    rows = session.execute(
        select(Area.id, Area.code, Area.parent_id).where(
            Area.level == "subdistrict", queries.in_force(Area)
        )
    ).all()
    district_of = {row.id: row.parent_id for row in rows}
    for draft in drafts:
        if draft.kind == "BMA" and not draft.covers:
            inside = [row.id for row in rows if row.code.startswith(draft.province_code)]
            draft.covers = dict.fromkeys(inside, "whole")
        covered = [*draft.covers, *(one.area_id for one in shares.get(draft.code, ()))]
        if draft.kind != "BMA" and draft.district_id is None and covered:
            draft.district_id = district_of.get(covered[0])


def _store(loading: Loading, made: Plan) -> dict[str, int]:
    session, drafts = loading.session, made.drafts
    statement = select(Org).where(Org.code.in_([draft.code for draft in drafts]))
    # Of several rows of a code the latest is meant.
    rows = session.scalars(statement.order_by(func.lower(Org.valid).nulls_first()))
    stored = {row.code: row for row in rows if row.code not in made.anew}
    new = [draft for draft in drafts if draft.code not in stored]
    for draft in drafts:
        if draft.code in stored:
            draft.flags |= {one for one in stored[draft.code].flags if one.startswith(_LASTING)}
    changed = [draft for draft in drafts if _differs(stored.get(draft.code), draft)]
    loading.remember("org", [stored[draft.code].id for draft in changed])
    for draft in changed:
        session.execute(
            update(Org).where(Org.id == stored[draft.code].id).values(**_values(draft)),
            execution_options={"synchronize_session": False},
        )
    _insert(loading, new, made)
    same = len(drafts) - len(new) - len(changed)
    loading.count(inserted=len(new), updated=len(changed), unchanged=same)
    if new or changed:
        loading.touched.add("orgs")
    session.expire_all()
    latest = select(Org.code, Org.id).order_by(func.lower(Org.valid).nulls_first())
    return dict(session.execute(latest).all())


def _insert(loading: Loading, drafts: Sequence[OrgDraft], made: Plan) -> None:
    # Copied: thousands of bound rows with points take seconds.
    if not drafts:
        return
    points = shapely.set_srid(np.array([d.point for d in drafts], dtype=object), STORAGE_SRID)
    columns = [
        _values(draft)
        | {"name_alt": array_text(_other_names(draft)), "flags": array_text(sorted(draft.flags))}
        | {"point": point, "version_id": loading.version_id}
        | {"valid": org_history.valid_text(made, draft.code)}
        for draft, point in zip(
            drafts, shapely.to_wkb(points, hex=True, include_srid=True), strict=True
        )
    ]
    copy_rows(loading.session, "org", pl.DataFrame(columns, infer_schema_length=None))


def _other_names(draft: OrgDraft) -> list[str]:
    return [draft.bare_th] if names.key(draft.bare_th) else []


def _differs(row: Org | None, draft: OrgDraft) -> bool:
    if row is None:
        return False
    values = _values(draft)
    if draft.area_km2 is None:
        values["area_km2"] = row.area_km2
    return any(getattr(row, name) != values[name] for name in _COMPARED)


def _values(draft: OrgDraft) -> dict[str, Any]:
    return {
        "code": draft.code,
        "kind": draft.kind,
        "tier": draft.tier,
        "name_th": draft.name_th,
        "name_en": draft.name_en,
        "name_alt": _other_names(draft),
        "province_id": draft.province_id,
        "district_id": draft.district_id,
        "point": None if draft.point is None else from_shape(draft.point, srid=STORAGE_SRID),
        "point_source": draft.point_source,
        "area_km2": draft.area_km2,
        "size_class": draft.size_class,
        "website": draft.website,
        "wikidata": draft.wikidata,
        "flags": sorted(draft.flags),
    }


def _store_codes(loading: Loading, drafts: Sequence[OrgDraft], ids: Mapping[str, int]) -> None:
    session = loading.session
    there = set(session.execute(select(OrgCode.org_id, OrgCode.system, OrgCode.code)))
    wanted = []
    for draft in drafts:
        one = ids[draft.code]
        if draft.geocode:
            wanted.append((one, "geocode", draft.geocode))
        if draft.code.isdigit() and len(draft.code) == _DLA_DIGITS:
            wanted.append((one, "dla7", draft.code))
    rows = [
        {"org_id": one, "system": system, "code": code}
        for one, system, code in wanted
        if (one, system, code) not in there
    ]
    if rows:
        loading.remember(
            "org_code", {one for one, system, code in wanted if (one, system, code) not in there}
        )
        session.execute(insert(OrgCode), rows)


def _store_coverage(
    loading: Loading,
    drafts: Sequence[OrgDraft],
    ids: Mapping[str, int],
    inherited: dict[str, list[Share]],
) -> None:
    session = loading.session
    stating = [draft for draft in drafts if draft.code not in inherited]
    held = org_areas.held_by_others(session, {ids[draft.code] for draft in drafts}, inherited)
    shares = org_areas.estimate_shares(session, stating, held) | inherited
    wanted = {
        (ids[code], one.area_id): (one.extent, one.share_area, one.share_pop, one.method)
        for code, of_org in shares.items()
        for one in of_org
    }
    loading.report.figures["coverage_pairs"] = len(wanted)
    table = OrgCoverage
    stored = {
        (row.org_id, row.area_id): (row.extent, row.share_area, row.share_pop, row.share_method)
        for row in session.execute(
            select(
                table.org_id, table.area_id, table.extent, table.share_area, table.share_pop,
                table.share_method,
            ).where(table.org_id.in_([ids[draft.code] for draft in drafts]))
        )
    }  # fmt: skip
    differ = {key[0] for key in wanted.keys() | stored.keys() if wanted.get(key) != stored.get(key)}
    if not differ:
        return
    loading.remember("org_coverage", differ)
    session.execute(delete(table).where(table.org_id.in_(differ)))
    rows = [(*key, *value) for key, value in wanted.items() if key[0] in differ]
    columns = ["org_id", "area_id", "extent", "share_area", "share_pop", "share_method"]
    copy_rows(session, "org_coverage", pl.DataFrame(rows, schema=columns, orient="row"))
    loading.touched.add("orgs")
    if not loading.report.changed:
        loading.count(updated=len(differ))
