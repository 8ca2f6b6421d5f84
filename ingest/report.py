"""What came of a load: counts, figures, and every row that was refused, flagged or repaired."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from geo_service.core.text import Lang, Text
from ingest.reasons import title_of

Severity = Literal["refused", "flagged", "repaired"]
Outcome = Literal["loaded", "loaded-with-rejects", "already-loaded", "refused", "rolled-back"]

EXIT_CODES: dict[Outcome, int] = {
    "loaded": 0,
    "already-loaded": 0,
    "rolled-back": 0,
    "loaded-with-rejects": 3,
    "refused": 4,
}

_OUTCOMES: dict[Outcome, Text] = {
    "loaded": Text(th="นำเข้าเรียบร้อย", en="Loaded"),
    "already-loaded": Text(th="นำเข้าไว้แล้ว ไม่มีอะไรเปลี่ยน", en="Already loaded, nothing has changed"),
    "rolled-back": Text(th="ยกเลิกการนำเข้าครั้งล่าสุดแล้ว", en="The newest load was undone"),
    "loaded-with-rejects": Text(th="นำเข้าแล้ว แต่มีบางแถวที่ไม่รับ", en="Loaded, some rows were refused"),
    "refused": Text(th="ไม่รับไฟล์นี้ ข้อมูลเดิมไม่เปลี่ยน", en="Refused; what was loaded before stands"),
}
_SEVERITIES: dict[Severity, Text] = {
    "refused": Text(th="ไม่รับ", en="refused"),
    "flagged": Text(th="รับแต่ติดเครื่องหมาย", en="flagged"),
    "repaired": Text(th="แก้ไขแล้วรับ", en="repaired"),
}
_DRY_RUN = Text(th=" (ทดลองเท่านั้น ไม่ได้บันทึก)", en=" (dry run, nothing was kept)")
_COUNTS = Text(
    th="อ่าน {read:,} แถว · ค่าใหม่ {inserted:,} · ค่าที่เปลี่ยน {updated:,} · ค่าเดิม {unchanged:,}"
    " · ค่าที่ลบ {deleted:,}\nไม่รับ {refused:,} แถว · ติดเครื่องหมาย {flagged:,} แถว"
    " · แก้ไข {repaired:,} แถว",
    en="{read:,} rows read · {inserted:,} values new · {updated:,} changed"
    " · {unchanged:,} as before"
    " · {deleted:,} removed\n{refused:,} rows refused · {flagged:,} flagged"
    " · {repaired:,} repaired",
)
_WHERE = Text(th="แถว {row}", en="row {row}")
_COLUMN = Text(th="คอลัมน์ '{column}'", en="column '{column}'")
_SAID = Text(th="เขียนว่า '{said}'", en="it said '{said}'")
_CANDIDATES = Text(th="อาจหมายถึง: {names}", en="it may be: {names}")
_MORE = Text(
    th="... และอีก {n:,} รายการ (ดูครบในรายงาน JSON)",
    en="... and {n:,} more (all in the JSON report)",
)

#: Findings of one reason printed in the readable report; the JSON report has them all.
SHOWN_PER_REASON = 20


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or one cell of it, that was refused, flagged or repaired, and why.

    ``row`` is the line (or sheet row, or record) in the file, the header being 1.
    """

    severity: Severity
    reason: str
    hint: Text
    row: int | None = None
    column: str | None = None
    said: str | None = None
    candidates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values.

        Returns
        -------
        dict
            Ready for ``json.dumps``.
        """
        return {
            "severity": self.severity,
            "reason": self.reason,
            "row": self.row,
            "column": self.column,
            "said": self.said,
            "hint": {"th": self.hint.th, "en": self.hint.en},
            "candidates": list(self.candidates),
        }

    def as_text(self, lang: Lang) -> str:
        """Return one readable line.

        Parameters
        ----------
        lang : {"th", "en"}
            Language of the reader.

        Returns
        -------
        str
            Without a line end.
        """
        parts = []
        if self.row is not None:
            parts.append(_WHERE.format(row=self.row).in_(lang))
        if self.column is not None:
            parts.append(_COLUMN.format(column=self.column).in_(lang))
        if self.said is not None:
            parts.append(_SAID.format(said=self.said).in_(lang))
        where = " ".join(parts)
        line = f"{where}: {self.hint.in_(lang)}" if where else self.hint.in_(lang)
        if self.candidates:
            line += " " + _CANDIDATES.format(names=", ".join(self.candidates)).in_(lang)
        return line


@dataclass(slots=True)
class Report:
    """What one attempt to load one file did, for people and for programs.

    ``inserted``, ``updated``, ``unchanged`` and ``deleted`` count stored rows (values, areas,
    organisations, features); the other counts are rows of the file. ``figures`` are totals
    worth comparing with what the publisher printed.
    """

    dataset_id: str
    recipe: str = ""
    file_name: str = ""
    file_sha256: str = ""
    file_bytes: int = 0
    dry_run: bool = False
    outcome: Outcome = "refused"
    message: Text | None = None
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    run_id: int | None = None
    version: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """What the command ends with: 0 loaded, 3 loaded with rejects, 4 refused."""
        return EXIT_CODES[self.outcome]

    @property
    def changed(self) -> int:
        """Number of stored rows that differ from before."""
        return self.inserted + self.updated + self.deleted

    def rows(self, severity: Severity) -> int:
        """Count the rows of the file that were refused, flagged or repaired.

        Parameters
        ----------
        severity : {"refused", "flagged", "repaired"}
            Which of the three.

        Returns
        -------
        int
            A row with several findings counts once; findings on the whole file do not count.
        """
        return len({r.row for r in self.rejected if r.severity == severity and r.row is not None})

    def by_reason(self) -> Counter[tuple[Severity, str]]:
        """Count the findings by severity and reason.

        Returns
        -------
        Counter
            Keyed by (severity, reason).
        """
        return Counter((r.severity, r.reason) for r in self.rejected)

    def as_json(self) -> dict[str, Any]:
        """Return the whole report as plain JSON values.

        Returns
        -------
        dict
            Ready for ``json.dumps``.
        """
        message = None if self.message is None else {"th": self.message.th, "en": self.message.en}
        return {
            "dataset": self.dataset_id,
            "recipe": self.recipe,
            "file": {"name": self.file_name, "sha256": self.file_sha256, "bytes": self.file_bytes},
            "dry_run": self.dry_run,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "message": message,
            "run": self.run_id,
            "version": self.version,
            "rows": {
                "read": self.rows_read,
                "refused": self.rows("refused"),
                "flagged": self.rows("flagged"),
                "repaired": self.rows("repaired"),
            },
            "stored": {
                "inserted": self.inserted,
                "updated": self.updated,
                "unchanged": self.unchanged,
                "deleted": self.deleted,
            },
            "figures": self.figures,
            "reasons": [
                {"severity": severity, "reason": reason, "count": count}
                for (severity, reason), count in sorted(self.by_reason().items())
            ],
            "rejected": [one.as_json() for one in self.rejected],
        }

    def as_text(self, lang: Lang = "th") -> str:
        """Return the report as a person reads it.

        Parameters
        ----------
        lang : {"th", "en"}
            Language of the reader.

        Returns
        -------
        str
            Several lines; at most ``SHOWN_PER_REASON`` findings of each reason.
        """
        head = _OUTCOMES[self.outcome].in_(lang)
        if self.dry_run:
            head += _DRY_RUN.in_(lang)
        lines = [f"{self.dataset_id} · {self.file_name} · {head}"]
        if self.message is not None:
            lines.append(self.message.in_(lang))
        lines.append(self._counts().in_(lang))
        lines += [f"  {name} = {figure}" for name, figure in self.figures.items()]
        for severity in _SEVERITIES:
            lines += self._section(severity, lang)
        return "\n".join(lines)

    def _counts(self) -> Text:
        return _COUNTS.format(
            read=self.rows_read,
            inserted=self.inserted,
            updated=self.updated,
            unchanged=self.unchanged,
            deleted=self.deleted,
            refused=self.rows("refused"),
            flagged=self.rows("flagged"),
            repaired=self.rows("repaired"),
        )

    def _section(self, severity: Severity, lang: Lang) -> list[str]:
        lines = []
        counts = Counter(r.reason for r in self.rejected if r.severity == severity)
        for reason, count in sorted(counts.items()):
            title = f"{_SEVERITIES[severity].in_(lang)}: {title_of(reason).in_(lang)} ({reason})"
            lines.append(f"{title} x {count:,}")
            found = [r for r in self.rejected if r.severity == severity and r.reason == reason]
            found.sort(key=lambda one: one.row or 0)
            lines += [f"    {one.as_text(lang)}" for one in found[:SHOWN_PER_REASON]]
            if count > SHOWN_PER_REASON:
                lines.append("    " + _MORE.format(n=count - SHOWN_PER_REASON).in_(lang))
        return lines
