"""Faults in what a list says about who follows whom: unknown, circular, at impossible days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geo_service.core.text import Text
from ingest.org_drafts import OrgDraft, Reader

#: An organisation as it is stored: id, code, kind, tier, names, province, flags, first day and
#: first day no longer.
Stored = Any
_OF_DAYS = frozenset({"bad-since", "two-dates"})


@dataclass(frozen=True, slots=True)
class Succession:
    """That an organisation begins on a day, in the place of others or of none."""

    draft: OrgDraft
    replaces: tuple[str, ...]
    since: date


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is refused: a reason, what it says, and what its owner can do."""

    reason: str
    said: str
    hint: Text

    def tell(self, reader: Reader, draft: OrgDraft) -> None:
        """Note that a row is refused.

        Parameters
        ----------
        reader : Reader
            Of the list.
        draft : OrgDraft
            The row.
        """
        column = reader.since if self.reason in _OF_DAYS else reader.replaces
        reader.tell(draft, self.reason, self.hint, column=column or reader.since, said=self.said)


@dataclass(slots=True)
class Judge:
    """Compares the statements of a list with one another and with what is stored.

    ``known`` are the stored rows of a code, the latest last. ``standing`` and ``stated`` lose
    what is refused; ``edges`` lead from a code to those that are stored as following it.
    """

    reader: Reader
    known: Mapping[str, Sequence[Stored]]
    standing: dict[str, OrgDraft]
    stated: dict[str, Succession]
    edges: Mapping[str, set[str]]

    def settle(self) -> None:
        """Refuse rows until all that is left agrees: what is refused may have been built upon."""
        while True:
            faults = {code: next(self._faults(one), None) for code, one in self.stated.items()}
            refused = {code: fault for code, fault in faults.items() if fault is not None}
            for code, fault in refused.items():
                fault.tell(self.reader, self.standing.pop(code))
                del self.stated[code]
            if not refused:
                return

    def _faults(self, one: Succession) -> Iterator[Fault]:
        for code in one.replaces:
            before = self.known[code][-1] if code in self.known else self.standing.get(code)
            if before is None:
                yield Fault(
                    "unknown-predecessor", code,
                    Text(
                        th=f"ไม่มีหน่วยงานรหัส {code} ในระบบหรือในแถวที่รับได้ของไฟล์นี้",
                        en=f"No organisation has the code {code}, stored or in a row taken here",
                    ),
                )  # fmt: skip
            elif (before.tier, before.province_id) != (one.draft.tier, one.draft.province_id):
                yield Fault(
                    "unknown-predecessor", code,
                    Text(
                        th=f"{code} คือ {before.name_th} ซึ่งอยู่คนละจังหวัดหรือคนละชั้น ตรวจรหัส",
                        en=f"{code} is {before.name_en or before.name_th}, of another province or"
                        " tier; check the code",
                    ),
                )  # fmt: skip
            elif self._leads(one.draft.code, code):
                yield Fault(
                    "replaces-itself", code,
                    Text(
                        th=f"{code} สืบต่อจาก {one.draft.code} เอง วนกลับไม่ได้",
                        en=f"{code} itself follows {one.draft.code}: one of the two rows is wrong",
                    ),
                )  # fmt: skip
            else:
                yield from self._faulty_end(one, code)
        yield from self._faulty_beginning(one)

    def _leads(self, start: str, end: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting and end not in seen:
            code = waiting.pop()
            after = {one for one, told in self.stated.items() if code in told.replaces}
            new = (after | self.edges.get(code, set())) - seen
            seen |= new
            waiting += new
        return end in seen

    def _faulty_end(self, one: Succession, code: str) -> Iterator[Fault]:
        row = self.known[code][-1] if code in self.known else None
        days = {told.since for told in self.stated.values() if code in told.replaces}
        if row is not None and row.after is not None:
            days.add(row.after)
        if days != {one.since}:
            told = ", ".join(day.isoformat() for day in sorted(days))
            yield Fault(
                "two-dates", one.draft.since_said,
                Text(
                    th=f"{code} สิ้นสุดได้วันเดียว แต่มีหลายวัน: {told}",
                    en=f"{code} can end on one day only, and there are several: {told}",
                ),
            )  # fmt: skip
        own = self.stated.get(code)
        begun = row.first if row is not None else None if own is None else own.since
        if begun is not None and begun >= one.since:
            yield Fault(
                "bad-since", one.draft.since_said,
                Text(
                    th=f"{code} เพิ่งเริ่มเมื่อ {begun.isoformat()} จึงสิ้นสุดก่อนนั้นไม่ได้",
                    en=f"{code} began on {begun.isoformat()} only and cannot end before that",
                ),
            )  # fmt: skip

    def _faulty_beginning(self, one: Succession) -> Iterator[Fault]:
        rows = self.known.get(one.draft.code, ())
        if not rows or any(row.first == one.since for row in rows):
            return
        last, says_more = rows[-1], one.replaces or one.draft.kind != rows[-1].kind
        if last.after is not None:
            yield Fault(
                "two-dates", one.draft.since_said,
                Text(
                    th=f"หน่วยงานนี้เองสิ้นสุดเมื่อ {last.after.isoformat()} แล้ว",
                    en=f"The organisation itself ended on {last.after.isoformat()}",
                ),
            )  # fmt: skip
        elif last.first is not None and (last.first > one.since or not says_more):
            yield Fault(
                "two-dates", one.draft.since_said,
                Text(
                    th=f"ระบบมีว่าเริ่มเมื่อ {last.first.isoformat()} ถ้าผิดให้ยกเลิกการนำเข้าครั้งนั้นก่อน",
                    en=f"It is stored as begun on {last.first.isoformat()};"
                    " if that is wrong, undo that load first",
                ),
            )  # fmt: skip
