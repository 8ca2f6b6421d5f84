"""Who follows whom among organisations: what a list says of mergers and upgrades, checked.

A row may name the organisations that its own replaces and the day from which it does. All such
statements of a list are judged together before anything is written: a row with a fault in its
statement is refused as a whole, and so is every row that builds upon it. `ingest.orgs` writes
what stands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries import division
from boundaries.models import AreaEvent, Org, OrgCode, OrgCoverage
from geo_service.core.text import Text
from ingest.clean import THAI_DIGITS, Problem
from ingest.days import read_day
from ingest.org_drafts import OrgDraft, Reader
from ingest.succession_faults import Fault, Judge, Stored, Succession

#: Beginnings of flags that say what became of an organisation; a list's own never do.
REPLACED_BY, REPLACES = "replaced-by-", "replaces-"
_BETWEEN = re.compile(r"[\s;,/+|]+|และ")
_DLA_DIGITS = 7


@dataclass(slots=True)
class Plan:
    """What is to be written.

    ``drafts`` are the rows that are stored. ``closing`` and ``beginning`` are days by the ids of
    organisations that are stored already; ``present`` has the row of today of every code.
    ``anew`` are codes whose row of today ends and that get another one. ``first`` and ``after``
    are the days of new rows by code. ``behind`` are the ids of the stored rows that a code follows.
    """

    drafts: list[OrgDraft]
    steps: list[Succession] = field(default_factory=list)
    closing: dict[int, date] = field(default_factory=dict)
    beginning: dict[int, date] = field(default_factory=dict)
    anew: set[str] = field(default_factory=set)
    first: dict[str, date] = field(default_factory=dict)
    after: dict[str, date] = field(default_factory=dict)
    behind: dict[str, tuple[int, ...]] = field(default_factory=dict)
    present: dict[str, Stored] = field(default_factory=dict)


def plan(reader: Reader, drafts: Sequence[OrgDraft], *, today: date) -> Plan:
    """Judge what the rows of a list say about whom they follow.

    Parameters
    ----------
    reader : Reader
        Of the list; told of every row that is refused or left as it is.
    drafts : sequence of OrgDraft
        One for each code.
    today : date
        Nothing that begins later is taken.

    Returns
    -------
    Plan
        What stands.
    """
    session = reader.loading.session
    known = _stored(session)
    stated: dict[str, Succession] = {}
    standing = {draft.code: draft for draft in drafts}
    for draft in drafts:
        if draft.replaces_said or draft.since_said:
            found = _stated(session, draft, known, today)
            if isinstance(found, Succession):
                stated[draft.code] = found
            else:
                found.tell(reader, standing.pop(draft.code))
    Judge(reader, known, standing, stated, _edges(session) if stated else {}).settle()
    made = Plan([], list(stated.values()), present={code: rows[-1] for code, rows in known.items()})
    for one in made.steps:
        _place(session, made, one, known)
    made.drafts = _left(reader, made, standing.values(), known)
    return made


# What a row says by itself: codes and a day.
def _stated(
    session: Session, draft: OrgDraft, known: Mapping[str, Sequence[Stored]], today: date
) -> Succession | Fault:
    said = draft.replaces_said.translate(THAI_DIGITS)
    codes = dict.fromkeys(_code_of(session, one, known) for one in _BETWEEN.split(said) if one)
    if not draft.since_said:
        return Fault(
            "no-since", draft.replaces_said,
            Text(
                th="บอกว่าแทนหน่วยงานใดแต่ไม่บอกว่าตั้งแต่เมื่อใด โปรดใส่วันที่หรือปี",
                en="The row says whom it replaces and not since when; give a date or a year",
            ),
        )  # fmt: skip
    day = read_day(draft.since_said)
    if isinstance(day, Problem):
        return Fault("bad-since", draft.since_said, day.hint)
    if day > today:
        return Fault(
            "bad-since", draft.since_said,
            Text(
                th=f"{day.isoformat()} ยังมาไม่ถึง โปรดนำเข้าเมื่อมีผลแล้ว",
                en=f"{day.isoformat()} is still to come; load it when it has taken effect",
            ),
        )  # fmt: skip
    if draft.code in codes:
        return Fault(
            "replaces-itself", draft.replaces_said,
            Text(
                th="แทนตัวเองไม่ได้ ถ้ารหัสไม่เปลี่ยน ให้ใส่เพียงวันที่มีผล",
                en="It cannot replace itself; where the code stays, give the day alone",
            ),
        )  # fmt: skip
    return Succession(draft, tuple(codes), day)


def _code_of(session: Session, said: str, known: Mapping[str, Sequence[Stored]]) -> str:
    # The DLA's own code, also with a type of two digits; else one of another system.
    code = said.removesuffix(".0")
    if len(code) == _DLA_DIGITS + 1 and code.startswith("0"):
        code = code[1:]
    if code in known:
        return code
    other = select(Org.code).join(OrgCode, OrgCode.org_id == Org.id).where(OrgCode.code == code)
    found = set(session.scalars(other))
    return found.pop() if len(found) == 1 else code


# What one statement that stands means for the rows that are stored.
def _place(
    session: Session, made: Plan, one: Succession, known: Mapping[str, Sequence[Stored]]
) -> None:
    code, rows = one.draft.code, known.get(one.draft.code, ())
    behind = [known[old][-1] for old in one.replaces if old in known]
    for row in behind:
        if row.after is None:
            made.closing[row.id] = one.since
    for old in one.replaces:
        if old not in known:
            made.after[old] = one.since
    if not rows:
        made.first[code] = one.since
        made.behind[code] = tuple(row.id for row in behind)
    elif not any(row.first == one.since for row in rows):
        last = rows[-1]
        is_same_ground = bool(behind) and _stands_on(session, last, behind)
        if last.first is None and (
            is_same_ground or not (behind or _is_other_kind(one.draft, last))
        ):
            made.beginning[last.id] = one.since
        else:
            made.closing[last.id] = made.first[code] = one.since
            made.anew.add(code)
            made.behind[code] = (last.id, *(row.id for row in behind))


def _is_other_kind(draft: OrgDraft, row: Stored) -> bool:
    return bool(draft.kind != row.kind)


def _stands_on(session: Session, row: Stored, behind: Sequence[Stored]) -> bool:
    # Where it and those it replaces together have more than the whole of every sub-district, it
    # was entered before anybody said since when; else it was there before and took them in.
    columns = select(OrgCoverage.org_id, OrgCoverage.area_id, OrgCoverage.share_area)
    ids = [row.id, *(one.id for one in behind)]
    own: set[int] = set()
    total: dict[int, float] = defaultdict(float)
    for org_id, area_id, share in session.execute(columns.where(OrgCoverage.org_id.in_(ids))):
        total[area_id] += share
        if org_id == row.id:
            own.add(area_id)
    return bool(own) and all(total[one] > 1 + division.SMALLEST_SHARE for one in own)


# Rows about organisations that have ended, or that the list itself ends, are left as they are.
def _left(
    reader: Reader,
    made: Plan,
    standing: Collection[OrgDraft],
    known: Mapping[str, Sequence[Stored]],
) -> list[OrgDraft]:
    replaced = {code for one in made.steps for code in one.replaces}
    kept, same = [], 0
    for draft in standing:
        last = known[draft.code][-1] if draft.code in known else None
        if last is None or (last.after is None and draft.code not in replaced):
            kept.append(draft)
            continue
        same += draft.code in replaced
        if draft.code in replaced:
            continue
        heirs = [flag.removeprefix(REPLACED_BY) for flag in last.flags
                 if flag.startswith(REPLACED_BY)]  # fmt: skip
        reader.tell(
            draft,
            "obsolete-organisation",
            Text(
                th=f"สิ้นสุดเมื่อ {last.after.isoformat()} แทนด้วย {', '.join(heirs) or '-'} คงไว้ตามเดิม",
                en=f"It ended on {last.after.isoformat()}, replaced by {', '.join(heirs) or '-'};"
                " left as it is",
            ),
            column=reader.part.code,
            said=draft.code,
            candidates=heirs,
        )
    reader.loading.count(unchanged=same)
    return kept


def _stored(session: Session) -> dict[str, list[Stored]]:
    # Rows of a code, the latest last.
    rows: dict[str, list[Stored]] = defaultdict(list)
    columns = select(
        Org.id, Org.code, Org.kind, Org.tier, Org.name_th, Org.name_en, Org.province_id,
        Org.flags, func.lower(Org.valid).label("first"), func.upper(Org.valid).label("after"),
    )  # fmt: skip
    for row in session.execute(columns.order_by(func.lower(Org.valid).nulls_first())):
        rows[row.code].append(row)
    return dict(rows)


def _edges(session: Session) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = defaultdict(set)
    columns = select(AreaEvent.from_code, AreaEvent.to_code)
    for old, new in session.execute(columns.where(AreaEvent.level == "org")):
        if new is not None and old != new:
            edges[old].add(new)
    return edges
