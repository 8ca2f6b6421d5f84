"""Codes and findings of a list that is older than the one that is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update

from boundaries.lookup import Ambiguous, Found, Missing
from boundaries.models import Org, OrgCode
from geo_service.core.errors import Refused
from geo_service.core.text import Text
from ingest.org_drafts import OrgDraft, Reader

SYSTEM = "dla7-2560"

#: Id, kind, names and flags of an organisation as it is stored.
Known = Any


def add_codes(reader: Reader, drafts: Sequence[OrgDraft]) -> None:
    """Add the codes of an older list, and tell what has changed since.

    Parameters
    ----------
    reader : Reader
        Of the list.
    drafts : sequence of OrgDraft
        One for each code.

    Raises
    ------
    Refused
        If no organisations are loaded yet.
    """
    session = reader.loading.session
    columns = (Org.id, Org.kind, Org.name_th, Org.name_en, Org.flags)
    stored: dict[int, Known] = {row.id: row for row in session.execute(select(*columns))}
    if not stored:
        raise Refused(
            Text(
                th="ยังไม่มีรายชื่อ อปท. โปรดนำเข้ารายชื่อปัจจุบันก่อน",
                en="No organisations are loaded; load the present list first",
            )
        )
    found: dict[int, OrgDraft] = {}
    for draft in drafts:
        row = _known(reader, draft, stored)
        if row is not None:
            found[row.id] = draft
    _store(reader, found)
    changed = [
        (stored[one], draft) for one, draft in found.items() if stored[one].kind != draft.kind
    ]
    _flag_changed(reader, changed)
    figures = reader.loading.report.figures
    figures["matched"], figures["kind_changed"] = len(found), len(changed)


def _known(reader: Reader, draft: OrgDraft, stored: dict[int, Known]) -> Known | None:
    gazetteer = reader.gazetteer
    answer: Found | Missing | Ambiguous = gazetteer.org(code=draft.code, system="dla7")
    if isinstance(answer, Missing) and draft.geocode:
        same = gazetteer.org(code=draft.geocode, system="geocode")
        # A geocode is only trusted when no DLA code speaks against it.
        if isinstance(same, Found) and draft.code == draft.geocode:
            answer = same
    # A code of old stays with the organisation of old: what took its place is only told.
    if isinstance(answer, Found) and not answer.flags:
        return stored[answer.id]
    near = gazetteer.org(name=draft.bare_th, province=draft.province_code)
    candidates = (f"{near.name_th} ({near.code})",) if isinstance(near, Found) else near.candidates
    reader.tell(
        draft,
        "obsolete-organisation",
        Text(
            th=f"{draft.name_th} ไม่มีในรายชื่อปัจจุบัน (ยุบ รวม หรือเปลี่ยนรหัส) ไม่รับ",
            en=f"{draft.name_th} is not in the present list (dissolved, merged or recoded)",
        ),
        column=reader.part.code,
        said=draft.code,
        candidates=candidates,
    )
    return None


def _store(reader: Reader, found: dict[int, OrgDraft]) -> None:
    loading = reader.loading
    there = set(
        loading.session.scalars(select(OrgCode.org_id).where(OrgCode.system == SYSTEM)).all()
    )
    rows = [
        {"org_id": one, "system": SYSTEM, "code": draft.code}
        for one, draft in found.items()
        if one not in there
    ]
    if rows:
        loading.remember("org_code", [one for one in found if one not in there])
        loading.session.execute(insert(OrgCode), rows)
        loading.touched.add("orgs")
    loading.count(inserted=len(rows), unchanged=len(found) - len(rows))


def _flag_changed(reader: Reader, changed: Sequence[tuple[Known, OrgDraft]]) -> None:
    loading = reader.loading
    flagged = []
    for row, draft in changed:
        flag = f"kind-changed-from-{draft.kind}"
        if flag not in row.flags:
            flagged.append((row.id, sorted({*row.flags, flag})))
        reader.tell(
            draft,
            "kind-changed",
            Text(
                th=f"ปัจจุบันเป็น {row.name_th} รหัสเดิมยังใช้อยู่",
                en=f"It is {row.name_en or row.name_th} now; the code is still in use",
            ),
            column=reader.part.kind,
            said=f"{draft.code} {draft.name_th}",
            severity="flagged",
        )
    loading.remember("org", [one for one, _ in flagged])
    for one, flags in flagged:
        # Nobody holds these rows as objects that would have to be told.
        loading.session.execute(
            update(Org).where(Org.id == one).values(flags=flags),
            execution_options={"synchronize_session": False},
        )
    loading.count(updated=len(flagged))
    if flagged:
        loading.touched.add("orgs")
