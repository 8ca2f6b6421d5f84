"""Pages of files handed in: the list with the form for a new one, and each with its report."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from geo_service.core.moments import moment_in
from geo_service.core.periods import parse_period
from geo_service.core.text import Lang, Text
from geo_service.deps.shown import Submitted
from ingest.reasons import title_of
from layers.indicators import IndicatorInfo
from web.signed_in import ground, respond_alone
from web.words import LEVELS, words

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
#: What a step comes to that is asked for twice.
_ASKED_TWICE: Final = {
    "withdraw": "submissions_withdraw_told",
    "undo": "submissions_undo_told",
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
_LOADED: Final = {
    "loaded": Text("นำเข้าแล้วทั้งไฟล์", "The whole file was loaded"),
    "loaded-with-rejects": Text(
        "นำเข้าแล้ว ยกเว้นบางแถวที่ไม่รับ", "It was loaded, without the rows that were refused"
    ),
}
#: What the trial came to, short enough for a list.
_TRIALS: Final = {
    "loaded-with-rejects": Text("บางแถวนำเข้าไม่ได้", "some rows cannot be loaded"),
    "already-loaded": Text("ไม่มีอะไรเปลี่ยน", "nothing would change"),
    "refused": Text("นำเข้าไม่ได้ ต้องแก้ไฟล์", "cannot be loaded; mend the file"),
}
#: How a state looks; those that are not named look like nothing in particular.
_LOOKS: Final = {
    "submitted": "is-waiting",
    "checked": "is-waiting",
    "published": "is-good",
    "failed": "is-bad",
}
_STAGES: Final = {
    "rows": Text("อ่านแถวในไฟล์", "Reading the rows"),
    "shapes": Text("ตรวจรูปขอบเขต", "Looking at shapes"),
    "dissolve": Text("รวมขอบเขต", "Joining shapes"),
    "compare": Text("เทียบกับข้อมูลเดิม", "Comparing with what is there"),
    "organisations": Text("ตรวจรายชื่อ อปท.", "Looking at organisations"),
    "forecasts": Text("พยากรณ์ใหม่", "Making forecasts"),
    "scenarios": Text("คำนวณฉากทัศน์", "Calculating scenarios"),
    "hexagons": Text("เตรียมช่องหกเหลี่ยม", "Making hexagons"),
    "hexagon-shares": Text("เตรียมช่องหกเหลี่ยม", "Making hexagons"),
    "waiting-for-another-load": Text("รอการนำเข้าอื่นให้เสร็จ", "Waiting for another load"),
}
_SEVERITIES: Final = {
    "refused": Text("ไม่รับ", "refused"),
    "flagged": Text("รับแต่ติดเครื่องหมาย", "flagged"),
    "repaired": Text("แก้ไขแล้วรับ", "repaired"),
}
#: Sums are named by indicator, period, breakdown and level, as the loader writes them.
_SUM: Final = re.compile(
    r"(?P<indicator>\w+) (?P<period>\S+)(?: (?P<breakdown>\{.*\}))? \((?P<level>\w+)\)"
    r"(?P<left>, not loaded)?"
)
_MOST_FIGURES: Final = 40
_UNPLACED: Final = Text("ไม่พบพื้นที่", "no place found")
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
        "recipes": [(name, title.in_(lang)) for name, title in shown.recipes],
        "most_mb": shown.most_mb,
        "said": {name: shown.said.get(name, "") for name in ("recipe", "note")},
        "sending": {
            "sent": words(lang)["submissions_sent"],
            "failed": words(lang)["submissions_cut"],
            "large": words(lang)["submissions_large"].replace("{mb}", str(shown.most_mb)),
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
        "one": _row(told, lang),
        "remarks": _remarks(told, lang),
        "facts": _facts(told, lang),
        "way": _way(told, lang),
        "steps": _steps(told["steps"], lang),
        "onward": "" if told["outcome"] == "refused" else "check publish",
        "is_untried": _is_untried(told),
        "stages": {key: text.in_(lang) for key, text in _STAGES.items()},
        "report": _report(told, shown.indicators, lang),
        "most": SHOWN,
    }
    return respond_alone("submission.html", lang, context, status)


def _steps(open_to: Collection[str], lang: Lang) -> list[tuple[str, str, str]]:
    # what may be done, what it is called, and what it comes to where that is asked first
    said = words(lang)
    return [
        (key, name.in_(lang), said[_ASKED_TWICE[key]] if key in _ASKED_TWICE else "")
        for key, name in _STEPS.items()
        if key in open_to
    ]


def _is_untried(told: dict[str, Any]) -> bool:
    # It came while two others were being looked at, or its trial was cut.
    return not (told["progress"] or told["report"]) and "try" in told["steps"]


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
        "stage": _STAGES[progress["stage"]].in_(lang)
        if progress and progress["stage"] in _STAGES
        else "",
        "look": "is-waiting" if progress else _LOOKS.get(told["state"], "is-over"),
        "trial": _TRIALS[told["outcome"]].in_(lang)
        if told["state"] in {"submitted", "checked"} and told["outcome"] in _TRIALS
        else "",
        "progress": progress,
        "fault": told["fault"][lang] if told["fault"] else "",
        "is_over": told["state"] in {"refused", "withdrawn", "undone"},
    }


def _facts(told: dict[str, Any], lang: Lang) -> list[tuple[str, str]]:
    said = words(lang)
    return [
        (said["submissions_recipe"], told["recipe"]),
        (said["submissions_size"], _size(told["file"]["bytes"])),
        (said["submissions_hash"], told["file"]["sha256"]),
    ]


def _remarks(told: dict[str, Any], lang: Lang) -> list[tuple[str, str]]:
    said, ended = words(lang), told["ended"] or {}
    found = [("submissions_reason", ended.get("reason")), ("submissions_note", told["note"])]
    return [(said[name], remark) for name, remark in found if remark]


def _way(told: dict[str, Any], lang: Lang) -> list[tuple[str, str, str]]:
    # the steps of a file: what each is called, by whom and when it was done, how it looks
    said, state = words(lang), told["state"]
    ended = told["ended"] if state != "checked" else None
    is_stopped = state in {"refused", "withdrawn"}
    last = _STATES[state].in_(lang) if ended else said["submissions_publish_step"]
    way = [
        (said["submissions_sent_step"], told["submitted"], "is-done"),
        (said["submissions_check_step"], told["checked"], "is-done" if told["checked"] else ""),
        (last, ended, "is-stopped" if is_stopped or state == "undone" else "is-done" * bool(ended)),
    ]
    if is_stopped and not told["checked"]:
        del way[1]
    return [(name, _who_and_when(by, lang) if by else "", look) for name, by, look in way]


def _report(
    told: dict[str, Any], known: Mapping[str, IndicatorInfo], lang: Lang
) -> dict[str, Any] | None:
    report = told["report"]
    if not report:
        return None
    said = words(lang)
    outcome = _OUTCOMES.get(report["outcome"])
    if told["state"] in {"published", "undone"}:
        outcome = _LOADED.get(report["outcome"], outcome)
    why = report["message"]
    # Why the file as a whole is refused stands above, once.
    found = [
        one
        for one in report["rejected"]
        if not (why and one["row"] is None and one.get("hint", why) == why)
    ]
    return {
        "outcome": outcome.in_(lang) if outcome else "",
        "is_fine": report["outcome"] in {"loaded", "already-loaded"},
        "is_partly": report["outcome"] == "loaded-with-rejects",
        "message": why[lang] if why else "",
        "counts": [
            (said["submissions_read"], report["rows"]["read"]),
            (said["submissions_refused_rows"], report["rows"]["refused"]),
            *((said[f"submissions_{key}"], report["stored"][key]) for key in _COUNTS),
        ],
        "figures": _figures(report["figures"], known, lang),
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
            for one in sorted(found, key=lambda one: one["row"] or 0)[:SHOWN]
        ],
        "count": report["findings"] - len(report["rejected"]) + len(found),
    }


def _figures(
    figures: dict[str, Any], known: Mapping[str, IndicatorInfo], lang: Lang
) -> list[tuple[str, str]]:
    # sums of the file in words: what, when, of which places, in which unit
    written = []
    for name, value in sorted(figures.items()):
        sum_of = _SUM.fullmatch(name)
        info = known.get(sum_of["indicator"]) if sum_of else None
        if sum_of is None or info is None:
            # the same sum in another unit is for the log
            if not name.endswith(", Mt/year"):
                written.append((name, _plain(value)))
            continue
        when = parse_period(sum_of["period"]).label.in_(lang)
        pieces = [info.name.in_(lang), when, LEVELS.get(sum_of["level"], _UNPLACED).in_(lang)]
        if sum_of["breakdown"]:
            pieces.append(sum_of["breakdown"].strip("{}").replace('"', ""))
        if sum_of["left"]:
            pieces.append(words(lang)["submissions_left"])
        written.append((" · ".join(pieces), f"{_plain(value)} {info.unit.in_(lang)}"))
    return written[:_MOST_FIGURES]


def _plain(value: object) -> str:
    return (
        f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, (int, float)) else str(value)
    )


def _size(size: int) -> str:
    # in whole kilobytes upwards: nothing is 0.0 of anything
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1e3)):,} kB"  # noqa: PLR2004


def _who_and_when(told: dict[str, Any], lang: Lang) -> str:
    return f"{told['by']} · {_moment(told['at'], lang)}"


def _moment(written: str | None, lang: Lang) -> str:
    return moment_in(datetime.fromisoformat(written), lang) if written else ""
