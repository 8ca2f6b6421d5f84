"""Writing who follows whom: organisations end and begin, and what stays with the ground.

What was measured stays where it is stored: years before the day with the organisations of that
time, so that no total changes. A new organisation stands on the ground of those it replaces,
with exactly their shares, unless its row says what it covers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import Range

from boundaries import names
from boundaries.models import AreaEvent, Org, OrgCoverage
from geo_service.core.db import fixed_sql
from geo_service.core.text import Text
from ingest.load import Loading
from ingest.org_areas import Share
from ingest.org_drafts import OrgDraft, Reader
from ingest.succession import REPLACED_BY, REPLACES, Plan
from ingest.succession_faults import Succession

#: Shares that add up to this are the whole.
_WHOLE = 1 - 1e-9
#: What a row that says nothing leaves as it was known.
_KEPT = ("size_class", "website", "wikidata", "area_km2")


def complete(loading: Loading, made: Plan) -> None:
    """Fill what rows that follow others leave blank, and remark whom they follow.

    Parameters
    ----------
    loading : Loading
        Under way, nothing of the list written.
    made : Plan
        Its drafts are changed.
    """
    for one in made.steps:
        draft = one.draft
        draft.flags |= {f"{REPLACES}{code}" for code in one.replaces}
        source = _likest(loading, made, one)
        if source is not None:
            _fill(draft, source, grows=draft.code in made.anew and bool(one.replaces))


def _likest(loading: Loading, made: Plan, one: Succession) -> Org | None:
    # Its own row as it is known, or the only one that it follows.
    own = made.present.get(one.draft.code)
    behind = made.behind.get(one.draft.code, ())
    if own is not None:
        return loading.session.get(Org, own.id)
    return loading.session.get(Org, behind[0]) if len(behind) == 1 else None


def _fill(draft: OrgDraft, source: Org, *, grows: bool) -> None:
    if draft.point is None and source.point is not None:
        draft.point = shapely.Point(to_shape(source.point).coords[0])
        draft.point_source = source.point_source
    bare = names.split_org_name(source.name_th).bare
    if not draft.name_en and names.key(bare) == names.key(draft.bare_th):
        draft.name_en = draft.named_in_english(names.split_org_name(source.name_en).bare)
    if draft.district_id is None:
        draft.district_id = source.district_id
    if source.code != draft.code:
        return
    if source.kind != draft.kind:
        draft.flags.add(f"kind-changed-from-{source.kind}")
        return
    for name in _KEPT:
        # One that takes others in is larger than it was: its size is measured.
        if not (grows and name == "area_km2") and getattr(draft, name) is None:
            setattr(draft, name, getattr(source, name))


def end_and_begin(loading: Loading, made: Plan) -> None:
    """Give the organisations that are stored their last and first days.

    Parameters
    ----------
    loading : Loading
        Under way; the rows are remembered.
    made : Plan
        What stands.
    """
    session = loading.session
    heirs: dict[int, set[str]] = defaultdict(set)
    for one in made.steps:
        for code in one.replaces:
            if (row := made.present.get(code)) is not None:
                heirs[row.id].add(f"{REPLACED_BY}{one.draft.code}")
    rows = {row.id: row for row in made.present.values()}
    wanted: dict[int, dict[str, object]] = {}
    for org_id in {*made.closing, *made.beginning, *heirs}:
        row = rows[org_id]
        first = made.beginning.get(org_id, row.first)
        after = made.closing.get(org_id, row.after)
        flags = sorted({*row.flags, *heirs.get(org_id, ())})
        if (first, after, flags) != (row.first, row.after, sorted(row.flags)):
            wanted[org_id] = {"valid": Range(first, after), "flags": flags}
    loading.remember("org", list(wanted))
    for org_id, values in wanted.items():
        session.execute(
            update(Org).where(Org.id == org_id).values(**values),
            execution_options={"synchronize_session": False},
        )
    session.expire_all()
    loading.report.figures |= _figures(made)
    if wanted:
        loading.count(updated=len(wanted))
        loading.touched.add("orgs")


def _figures(made: Plan) -> dict[str, int]:
    if not made.steps:
        return {}
    ended = len(made.closing) - len(made.anew)
    return {"ended": ended, "begun": len(made.first) + len(made.beginning)}


def write_events(loading: Loading, made: Plan) -> None:
    """Write who followed whom, when.

    Parameters
    ----------
    loading : Loading
        Under way; new events are announced.
    made : Plan
        What stands.
    """
    session = loading.session
    known = set(
        session.execute(
            select(AreaEvent.from_code, AreaEvent.to_code).where(AreaEvent.level == "org")
        )
    )
    heirs = Counter(code for one in made.steps for code in one.replaces)
    kinds = {row.code: row.kind for row in made.present.values()}
    kinds |= {one.draft.code: one.draft.kind for one in made.steps}
    rows = []
    for one in made.steps:
        new = one.draft.code
        is_same_code = not one.replaces and new in made.anew
        for old in one.replaces or ((new,) if is_same_code else ()):
            kind = "upgraded" if is_same_code or kinds.get(old) != one.draft.kind else "recoded"
            if len(one.replaces) > 1 or (new in made.anew and not is_same_code):
                kind = "merged"
            elif heirs[old] > 1:
                kind = "split"
            if (old, new) not in known:
                told = {"kind": kind, "from_code": old, "to_code": new, "effective": one.since}
                rows.append({"level": "org", "note": loading.dataset.id, **told})
    if rows:
        ids = session.scalars(insert(AreaEvent).returning(AreaEvent.id), rows).all()
        loading.announce("area_event", ids)
        loading.touched.add("orgs")


def inherited_shares(loading: Loading, made: Plan) -> dict[str, list[Share]]:
    """Give rows that say nothing of their ground that of those they follow.

    Parameters
    ----------
    loading : Loading
        Under way.
    made : Plan
        What stands.

    Returns
    -------
    dict of str to list of Share
        By code; shares of several predecessors in one sub-district are added up.
    """
    found: dict[str, list[Share]] = {}
    for one in made.steps:
        code = one.draft.code
        if one.draft.covers:
            continue
        own = made.present.get(code)
        sources = made.behind.get(code) or ((own.id,) if own is not None else ())
        of_area: dict[int, list[OrgCoverage]] = defaultdict(list)
        rows = select(OrgCoverage).where(OrgCoverage.org_id.in_(sources))
        for row in loading.session.scalars(rows.order_by(OrgCoverage.org_id)):
            of_area[row.area_id].append(row)
        if of_area:
            found[code] = [_joined(area_id, rows) for area_id, rows in of_area.items()]
    return found


def _joined(area_id: int, rows: list[OrgCoverage]) -> Share:
    if len(rows) == 1:
        row = rows[0]
        return Share(area_id, row.extent, row.share_area, row.share_pop, row.share_method)
    area = min(sum(row.share_area for row in rows), 1.0)
    people = min(sum(row.share_pop for row in rows), 1.0)
    if area > _WHOLE and people > _WHOLE:
        return Share(area_id, "whole", 1.0, 1.0, "whole")
    methods = {row.share_method for row in rows}
    return Share(area_id, "part", area, people, "estimated" if "estimated" in methods else "stated")


def tell_outside(reader: Reader, made: Plan) -> None:
    """Tell which values stand with an organisation in years in which it was not in force.

    Parameters
    ----------
    reader : Reader
        Of the list; every row with such values is flagged.
    made : Plan
        What stands, written.
    """
    session = reader.loading.session
    days: Mapping[int, date] = made.closing | made.beginning
    found = {
        row.org_id: row
        for row in session.execute(
            fixed_sql("ingest", "values_outside"),
            {
                "ids": list(days),
                "days": list(days.values()),
                "ends": [org_id in made.closing for org_id in days],
            },
        )
    }
    for one in made.steps:
        ids = [made.present[code].id for code in (*one.replaces, one.draft.code)
               if code in made.present]  # fmt: skip
        for row in (found[org_id] for org_id in ids if org_id in found):
            reader.tell(
                one.draft,
                "values-outside",
                Text(
                    th=f"{row.code} มี {row.number:,} ค่าของงวด {row.earliest} ถึง {row.latest}"
                    " ที่ไม่ได้มีผลในวันสิ้นงวด ค่าคงอยู่ที่เดิมและยังนับในยอดรวม",
                    en=f"{row.code} has {row.number:,} values of {row.earliest} to {row.latest},"
                    " at whose end it was not in force; they stay with it and in all totals",
                ),
                column=reader.since,
                said=one.draft.since_said,
                severity="flagged",
            )


def valid_text(made: Plan, code: str) -> str:
    """Write the days in force of a new row as PostgreSQL reads them.

    Parameters
    ----------
    made : Plan
        What stands.
    code : str
        Of the organisation.

    Returns
    -------
    str
        A range of dates, for a column of ``copy_rows``.
    """
    first, after = made.first.get(code), made.after.get(code)
    return f"{'(' if first is None else f'[{first}'},{after or ''})"
