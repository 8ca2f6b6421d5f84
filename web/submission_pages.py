"""Pages of files handed in: the list with the form for a new one, and each with its report."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from geo_service.core.text import Lang, Text
from geo_service.deps.shown import Submitted
from ingest.reasons import title_of
from web.signed_in import ground, moment, respond_alone
from web.words import words

#: Findings on the page; the CSV has them all.
SHOWN: Final = 200
_STATES: Final = {
    "submitted": Text("รอตรวจ", "waiting to be checked"),
    "checked": Text("ตรวจแล้ว รอเผยแพร่", "checked, waiting to be published"),
    "publishing": Text("กำลังเผยแพร่", "being published"),
    "published": Text("เผยแพร่แล้ว", "published"),
    "failed": Text("เผยแพร่ไม่สำเร็จ", "not published: it failed"),
    "refused": Text("ไม่รับ", "refused"),
    "withdrawn": Text("ผู้ส่งถอน", "withdrawn"),
    "undone": Text("ยกเลิกการเผยแพร่แล้ว", "published, then undone"),
}
_TASKS: Final = {
    "check": Text("กำลังทดลองนำเข้า", "Being tried"),
    "publish": Text("กำลังเผยแพร่", "Being published"),
    "undo": Text("กำลังยกเลิก", "Being undone"),
}
_STEPS: Final = {
    "check": Text("ยืนยันว่าตรวจแล้ว", "Mark as checked"),
    "publish": Text("เผยแพร่", "Publish"),
    "try": Text("ทดลองอีกครั้ง", "Try again"),
    "withdraw": Text("ถอนไฟล์นี้", "Withdraw"),
    "refuse": Text("ไม่รับไฟล์นี้", "Refuse"),
    "undo": Text("ยกเลิกการเผยแพร่", "Undo the publication"),
}
_OUTCOMES: Final = {
    "loaded": Text("นำเข้าได้ทั้งไฟล์", "The whole file can be loaded"),
    "loaded-with-rejects": Text(
        "นำเข้าได้ แต่มีบางแถวที่ไม่รับ", "It can be loaded, but some rows are refused"
    ),
    "already-loaded": Text(
        "เหมือนกับที่นำเข้าไว้แล้ว ไม่มีอะไรเปลี่ยน", "Equal to what is loaded already; nothing would change"
    ),
    "refused": Text("นำเข้าไม่ได้ ข้อมูลเดิมไม่เปลี่ยน", "It cannot be loaded; what is there stands"),
}
_SEVERITIES: Final = {
    "refused": Text("ไม่รับ", "refused"),
    "flagged": Text("รับแต่ติดเครื่องหมาย", "flagged"),
    "repaired": Text("แก้ไขแล้วรับ", "repaired"),
}
_COUNTS: Final = ("inserted", "updated", "unchanged", "deleted")


def listed(shown: Submitted, status: int = 200) -> Response:
    """Show the list, with the form for who may submit.

    Parameters
    ----------
    shown : Submitted
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang = shown.lang
    context = {
        **ground(lang, "/submissions", csrf=shown.csrf, fault=shown.fault),
        "rows": [_row(one, lang) for one in shown.rows],
        "recipes": shown.recipes,
        "most_mb": shown.most_mb,
        "sending": {
            "sent": words(lang)["submissions_sent"],
            "failed": words(lang)["submissions_cut"],
        },
    }
    return respond_alone("submissions.html", lang, context, status)


def one(shown: Submitted, status: int = 200) -> Response:
    """Show one submission: how far it has come, its report, and what may be done.

    Parameters
    ----------
    shown : Submitted
        With one row.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang, told = shown.lang, shown.rows[0]
    context = {
        **ground(lang, f"/submissions/{told['id']}", csrf=shown.csrf, fault=shown.fault),
        "one": _row(told, lang) | {"sha256": told["file"]["sha256"], "note": told["note"]},
        "facts": _facts(told, lang),
        "steps": [(key, _STEPS[key].in_(lang)) for key in _STEPS if key in told["steps"]],
        "report": _report(told["report"], lang),
        "most": SHOWN,
    }
    return respond_alone("submission.html", lang, context, status)


def _row(told: dict[str, Any], lang: Lang) -> dict[str, Any]:
    progress = told["progress"]
    return {
        "id": told["id"],
        "name": told["file"]["name"],
        "size": _size(told["file"]["bytes"]),
        "recipe": told["recipe"],
        "by": told["submitted"]["by"],
        "at": _moment(told["submitted"]["at"], lang),
        "state": _TASKS[progress["task"]].in_(lang)
        if progress
        else _STATES[told["state"]].in_(lang),
        "progress": progress,
        "fault": told["fault"][lang] if told["fault"] else "",
        "is_over": told["state"] in {"refused", "withdrawn", "undone"},
    }


def _facts(told: dict[str, Any], lang: Lang) -> list[tuple[str, str]]:
    said = words(lang)
    facts = [
        (said["submissions_file"], f"{told['file']['name']} · {_size(told['file']['bytes'])}"),
        (said["submissions_recipe"], f"{told['recipe']} → {told['dataset']}"),
        (said["submissions_by"], _who_and_when(told["submitted"], lang)),
    ]
    if told["note"]:
        facts.append((said["submissions_note"], told["note"]))
    if told["checked"]:
        facts.append((said["submissions_checked_by"], _who_and_when(told["checked"], lang)))
    if told["ended"]:
        facts.append((said["submissions_ended_by"], _who_and_when(told["ended"], lang)))
        if told["ended"]["reason"]:
            facts.append((said["submissions_reason"], told["ended"]["reason"]))
    return facts


def _report(report: dict[str, Any], lang: Lang) -> dict[str, Any] | None:
    if not report:
        return None
    said = words(lang)
    rejected = report["rejected"]
    return {
        "outcome": _OUTCOMES[report["outcome"]].in_(lang) if report["outcome"] in _OUTCOMES else "",
        "is_fine": report["outcome"] in {"loaded", "already-loaded"},
        "message": report["message"][lang] if report["message"] else "",
        "read": report["rows"]["read"],
        "refused": report["rows"]["refused"],
        "counts": [(said[f"submissions_{key}"], report["stored"][key]) for key in _COUNTS],
        "figures": [(name, _plain(value)) for name, value in sorted(report["figures"].items())][
            :40
        ],
        "reasons": [
            (
                _SEVERITIES[one["severity"]].in_(lang),
                title_of(one["reason"]).in_(lang),
                one["count"],
            )
            for one in report["reasons"]
        ],
        "findings": [
            {
                "row": one["row"],
                "column": one["column"] or "",
                "severity": _SEVERITIES[one["severity"]].in_(lang),
                "reason": title_of(one["reason"]).in_(lang),
                "said": one.get("said") or "",
                "hint": (one.get("hint") or {}).get(lang, ""),
            }
            for one in rejected[:SHOWN]
        ],
        "count": report["findings"],
    }


def _plain(value: object) -> str:
    return (
        f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, (int, float)) else str(value)
    )


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"  # noqa: PLR2004


def _who_and_when(told: dict[str, Any], lang: Lang) -> str:
    return f"{told['by']} · {_moment(told['at'], lang)}"


def _moment(written: str | None, lang: Lang) -> str:
    return moment(datetime.fromisoformat(written), lang) if written else ""
