"""A data set as a page for people: who published it, under which licence, every load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from geo_service.api.collection_pages import licence
from geo_service.api.links import Links
from geo_service.api.pages import Cell, Column, Sheet, facts, onward, section, table
from geo_service.core.text import Lang, Text
from ingest.reasons import title_of
from layers.datasets import Lineage

_STATUSES = {
    "running": Text("กำลังโหลด", "running"),
    "loaded": Text("โหลดแล้ว", "loaded"),
    "loaded-with-rejects": Text("โหลดแล้ว มีแถวที่ไม่รับ", "loaded, some rows refused"),
    "refused": Text("ไม่รับทั้งไฟล์", "refused"),
    "failed": Text("ไม่สำเร็จ", "failed"),
    "rolled-back": Text("ย้อนกลับแล้ว", "rolled back"),
}
_SEVERITIES = {
    "refused": Text("ไม่รับ", "refused"),
    "flagged": Text("มีข้อสังเกต", "flagged"),
    "repaired": Text("แก้ให้แล้ว", "repaired"),
}


def dataset_sheet(known: Lineage, names: Mapping[str, Text], links: Links) -> Sheet:
    """Lay out one data set.

    Parameters
    ----------
    known : Lineage
        With its loads and refusals.
    names : mapping of str to Text
        Of indicators and collections.
    links : Links
        Of the answer.

    Returns
    -------
    Sheet
        Facts, what it feeds, loads, refused rows.
    """
    lang, one = links.lang, known.dataset
    is_address = one.url.startswith(("https://", "http://"))
    told: list[tuple[Text, object]] = [
        (Text("ผู้เผยแพร่", "Publisher"), one.publisher.in_(lang)),
        (Text("สัญญาอนุญาต", "Licence"), licence(one.licence, lang)),
        (Text("การอ้างอิง", "Attribution"), one.attribution.in_(lang)),
        (Text("ที่อยู่ของต้นทาง", "Address of the source"),
         Cell(one.url, one.url if is_address else None)),
        (Text("โหลดล่าสุด", "Last loaded"), one.loaded_at.date() if one.loaded_at else None),
        (Text("รหัส", "Identifier"), one.id),
    ]  # fmt: skip
    feeds = [
        (names.get(key, Text(key, key)), links.to(f"/maps/{key}", lang=lang))
        for key in known.indicator_keys
    ] + [
        (names.get(key, Text(key, key)), links.to(f"/collections/{key}", f="html", lang=lang))
        for key in known.layer_ids
    ]
    parts = [facts(told, lang)]
    if feeds:
        title = Text("ใช้ในตัวชี้วัดและชั้นข้อมูล", "Feeds these indicators and collections")
        parts.append(section(title, onward(feeds, lang), lang))
    parts.append(section(Text("ประวัติการโหลด", "Loads"), _runs(known, lang), lang))
    if known.refusals:
        title = Text("แถวที่ไม่รับหรือมีข้อสังเกต", "Rows refused or remarked on")
        parts.append(section(title, _refusals(known, lang), lang))
    above = (Text("ชุดข้อมูล", "Data sets").in_(lang), links.to("/datasets", f="html", lang=lang))
    return Sheet(
        one.title.in_(lang),
        "".join(parts),
        trail=[above],
        formats=[("JSON", links.here(f="json"))],
    )


def _runs(known: Lineage, lang: Lang) -> str:
    columns = (
        Column(Text("เมื่อ", "When")),
        Column(Text("สถานะ", "Status"), words=_STATUSES),
        Column(Text("ไฟล์", "File")),
        Column(Text("อ่าน", "Read"), Text("แถว", "rows"), is_number=True),
        Column(Text("บันทึก", "Loaded"), Text("แถว", "rows"), is_number=True),
        Column(Text("คงเดิม", "Unchanged"), Text("แถว", "rows"), is_number=True),
        Column(Text("ไม่รับ", "Refused"), Text("แถว", "rows"), is_number=True),
        Column(Text("ข้อสังเกต", "Flagged"), Text("แถว", "rows"), is_number=True),
    )
    rows = [
        (
            run.started_at,
            run.status,
            PurePath(run.file_name).name,
            run.rows_read,
            run.rows_loaded,
            run.rows_unchanged,
            run.rows_refused,
            run.rows_flagged,
        )
        for run in known.runs
    ]
    return table(columns, rows, lang)


def _refusals(known: Lineage, lang: Lang) -> str:
    columns = (
        Column(Text("แถว", "Row"), is_number=True),
        Column(Text("คอลัมน์", "Column")),
        Column(Text("ค่าในไฟล์", "The file says")),
        Column(Text("ผล", "Outcome"), words=_SEVERITIES),
        Column(Text("คำแนะนำ", "Hint")),
    )
    rows = [
        (
            one.row,
            one.column,
            one.said,
            one.severity,
            one.hint.in_(lang) or title_of(one.reason).in_(lang),
        )
        for one in known.refusals
    ]
    return table(columns, rows, lang)
