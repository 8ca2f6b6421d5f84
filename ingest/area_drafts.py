"""From the rows of a file of areas to drafts: codes, names and shapes checked and repaired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
import shapely
from pydantic import Field

from boundaries import geometry, names, register
from geo_service.core.text import Text
from ingest import geofile
from ingest.geojson import GeoRow
from ingest.load import Loading
from ingest.read import read_table
from ingest.recipe_parts import Part

_DIGITS = {"province": 2, "district": 4, "subdistrict": 6}


class AreasPart(Part):
    """The section ``areas`` of a recipe; ``code``, ``name_th`` ... are headings of the file."""

    level: Literal["province", "district", "subdistrict"]
    code: str
    code_prefix: str = ""
    name_th: str | None = None
    name_en: str | None = None
    crs: int | None = None
    encoding: str | None = None
    layer: str | None = None
    register_of_codes: Literal["dopa", "none"] = "none"
    valid_from: date | None = None
    valid_to: date | None = None
    gap_width_m: float = Field(default=geometry.GAP_WIDTH_M, ge=0, le=1000)
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class AreaDraft:
    """An area as it will be stored; ``row`` is 0 when the register added it.

    The shape is a multipolygon in EPSG:4326 or None; ``closed`` is the first day it is no
    longer in force.
    """

    row: int
    code: str
    name_th: str
    name_en: str
    shape: shapely.MultiPolygon | None = None
    name_alt: tuple[str, ...] = ()
    closed: date | None = None

    @property
    def parent(self) -> str:
        """DOPA code of what it lies in; empty for a province."""
        return self.code[:-2]


@dataclass(slots=True)
class _Reading:
    loading: Loading
    part: AreasPart
    drafts: list[AreaDraft] = field(default_factory=list)


def read_drafts(loading: Loading, part: AreasPart) -> list[AreaDraft]:
    """Read the file and repair what can be repaired, telling each repair.

    Parameters
    ----------
    loading : Loading
        Under way.
    part : AreasPart
        What the recipe says.

    Returns
    -------
    list of AreaDraft
        One for each code, ordered by code; shapes form a coverage in EPSG:4326.
    """
    rows = _rows(loading, part)
    loading.report.rows_read = len(rows)
    reading = _Reading(loading, part)
    for row in rows:
        _take(reading, row)
    drafts = _unique(loading, reading.drafts)
    drafts = _with_shapes(loading, part, drafts)
    if part.register_of_codes == "dopa":
        drafts = _compared(loading, part.level, drafts)
    return sorted(drafts, key=lambda draft: draft.code)


def _rows(loading: Loading, part: AreasPart) -> Sequence[GeoRow]:
    source = loading.source
    wanted = [one for one in (part.code, part.name_th, part.name_en) if one]
    spec = loading.recipe.file
    if geofile.is_geofile(source.name, source.data, record=spec.record):
        file = geofile.read(
            source.name, source.data, crs=part.crs, encoding=part.encoding, layer=part.layer,
            most_rows=source.limits.rows,
        )  # fmt: skip
        loading.report.figures["crs"] = file.srid
        geofile.need_headings(file, wanted)
        return file.rows
    table = read_table(source, spec, wanted)
    for heading in wanted:
        table.heading(heading)
    return [GeoRow(row.number, row.cells, None) for row in table.rows]


def _take(reading: _Reading, row: GeoRow) -> None:
    loading, part = reading.loading, reading.part
    said = row.cells.get(part.code) or ""
    code = names.normalise(said).removeprefix(part.code_prefix)
    if not code.isdigit() or len(code) != _DIGITS[part.level]:
        loading.reject(
            reason="no-place",
            hint=Text(
                th=f"รหัสของระดับนี้ต้องเป็นตัวเลข {_DIGITS[part.level]} หลัก",
                en=f"A code of this level has {_DIGITS[part.level]} digits",
            ),
            row=row.number,
            column=part.code,
            said=said,
        )
        return
    if row.fault:
        loading.reject(
            reason="bad-shape",
            hint=Text(
                th="อ่านรูปร่างของพื้นที่นี้ไม่ได้ รับเฉพาะรหัสและชื่อ",
                en=f"The shape cannot be read ({row.fault}); only code and names are taken",
            ),
            row=row.number,
            said=row.fault,
            severity="flagged",
        )
    name_th = _name(reading, row, part.name_th)
    name_en = _name(reading, row, part.name_en)
    bare = names.strip_prefix(name_th, part.level)
    reading.drafts.append(
        AreaDraft(row.number, code, bare, names.strip_prefix(name_en, part.level), row.shape)  # type: ignore[arg-type]
    )


def _name(reading: _Reading, row: GeoRow, heading: str | None) -> str:
    said = (row.cells.get(heading) or "").strip() if heading else ""
    settled = names.normalise(said)
    if settled != said and settled != " ".join(said.split()):
        reading.loading.reject(
            reason="cleaned-text",
            hint=Text(th=f"เก็บเป็น '{settled}'", en=f"Kept as '{settled}'"),
            row=row.number,
            column=heading,
            said=said,
            severity="repaired",
        )
    return settled


def _unique(loading: Loading, drafts: Iterable[AreaDraft]) -> list[AreaDraft]:
    kept: dict[str, AreaDraft] = {}
    for draft in drafts:
        first = kept.setdefault(draft.code, draft)
        if first is not draft:
            loading.reject(
                reason="conflicting-rows",
                hint=Text(
                    th=f"รหัส {draft.code} มีแล้วในแถว {first.row} ใช้แถวแรก",
                    en=f"The code {draft.code} stands in row {first.row} already; that was taken",
                ),
                row=draft.row,
                said=draft.code,
            )
    return list(kept.values())


def _with_shapes(loading: Loading, part: AreasPart, drafts: list[AreaDraft]) -> list[AreaDraft]:
    shaped = [at for at, draft in enumerate(drafts) if draft.shape is not None]
    if not shaped:
        return drafts
    loading.progress("shapes", 0, None)
    raw = np.array([drafts[at].shape for at in shaped], dtype=object)
    fixed, repairs = geometry.repair(raw)
    for one in repairs:
        draft = drafts[shaped[one.position]]
        loading.reject(
            reason="invalid-shape",
            hint=Text(
                th="รูปร่างไม่ถูกต้อง ซ่อมด้วย make_valid และเก็บเฉพาะรูปหลายเหลี่ยม",
                en="The shape was invalid; repaired with make_valid, polygons kept",
            ),
            row=draft.row,
            said=f"{draft.code} {one.reason}",
            severity="repaired",
        )
    cleaned = geometry.clean_coverage(fixed, gap_width_m=part.gap_width_m)
    _tell_cleaning(loading, part, cleaned)
    drafts = list(drafts)
    for at, shape in zip(shaped, cleaned.shapes, strict=True):
        drafts[at] = replace(drafts[at], shape=None if shape.is_empty else shape)
    loading.report.figures["shapes"] = sum(draft.shape is not None for draft in drafts)
    sizes = geometry.area_km2(cleaned.shapes)
    loading.report.figures["area_km2"] = round(float(sizes.sum()), 1)
    return drafts


def _tell_cleaning(loading: Loading, part: AreasPart, cleaned: geometry.Cleaned) -> None:
    if cleaned.was_valid:
        return
    count, lost, gained = len(cleaned.changed), cleaned.lost_km2, cleaned.gained_km2
    loading.reject(
        reason="cleaned-coverage",
        hint=Text(
            th=f"เขตซ้อนหรือเว้นช่องระหว่างกัน จัดให้ใช้เส้นเขตร่วมกันแล้ว {count:,} แห่ง"
            f" (ลดลงรวม {lost:.1f} ตร.กม. เพิ่มขึ้นรวม {gained:.1f} ตร.กม."
            f" ปิดช่องที่แคบกว่า {part.gap_width_m:g} ม.)",
            en=f"Neighbours overlapped or left gaps; {count:,} now share their borders"
            f" (smaller by {lost:.1f} km2 in all, larger by {gained:.1f} km2;"
            f" gaps narrower than {part.gap_width_m:g} m closed)",
        ),
        severity="repaired",
    )
    loading.report.figures["lost_km2"] = round(lost, 1)
    loading.report.figures["gained_km2"] = round(gained, 1)


def _compared(loading: Loading, level: str, drafts: list[AreaDraft]) -> list[AreaDraft]:
    # Against the register: cut names, old codes, codes without a shape.
    known, gone = register.current(level), register.abolished(level)
    result = []
    for draft in drafts:
        if (registered := known.get(draft.code)) is not None:
            result.append(_named(loading, draft, registered))
        elif (old := gone.get(draft.code)) is not None:
            result.append(_closed(loading, draft, old))
        else:
            loading.reject(
                reason="unknown-place",
                hint=Text(
                    th="รหัสนี้ไม่มีในทะเบียนรหัสของกรมการปกครอง รับไว้ตามไฟล์",
                    en="DOPA's register has no such code; taken as the file has it",
                ),
                row=draft.row,
                said=draft.code,
                severity="flagged",
            )
            result.append(draft)
    return result + _without_shape(loading, known.values(), {draft.code for draft in drafts})


def _named(loading: Loading, draft: AreaDraft, registered: register.Registered) -> AreaDraft:
    said, whole = draft.name_th, registered.name_th
    same_en = names.key(draft.name_en) == names.key(registered.name_en)
    alt = () if same_en or not draft.name_en else (draft.name_en,)
    named = replace(draft, name_th=whole, name_en=registered.name_en, name_alt=alt)
    if not said or names.key(said) == names.key(whole):
        return named
    if names.is_cut(said, whole):
        loading.reject(
            reason="cut-name",
            hint=Text(
                th=f"ชื่อถูกตัดที่ 16 อักขระ เติมจากทะเบียนกรมการปกครองเป็น '{whole}'",
                en=f"The name was cut at 16 characters; completed from DOPA's register: '{whole}'",
            ),
            row=draft.row,
            said=f"{draft.code} {said}",
            severity="repaired",
        )
        return named
    loading.reject(
        reason="name-differs",
        hint=Text(
            th=f"ทะเบียนกรมการปกครองใช้ชื่อ '{whole}' เก็บชื่อในไฟล์เป็นชื่ออื่น",
            en=f"DOPA's register says '{whole}'; the file's name is kept as another name",
        ),
        row=draft.row,
        said=f"{draft.code} {said}",
        severity="flagged",
    )
    return replace(named, name_alt=(*alt, said))


def _closed(loading: Loading, draft: AreaDraft, old: register.Abolished) -> AreaDraft:
    heirs = ", ".join(old.successors) or "-"
    since = old.since.isoformat() if old.since else "?"
    loading.reject(
        reason="moved-code",
        hint=Text(
            th=f"รหัสนี้ยกเลิกแล้วตั้งแต่ {since} เก็บเป็นพื้นที่ที่สิ้นสุดแล้ว สืบต่อเป็น {heirs}",
            en=f"The code was abolished on {since}; kept as closed, succeeded by {heirs}",
        ),
        row=draft.row,
        said=f"{draft.code} {draft.name_th}",
        candidates=old.successors,
        severity="flagged",
    )
    return replace(draft, closed=old.since)


def _without_shape(
    loading: Loading, known: Iterable[register.Registered], present: set[str]
) -> list[AreaDraft]:
    absent = [one for one in known if one.code not in present]
    for one in absent:
        loading.reject(
            reason="no-shape",
            hint=Text(
                th=f"{one.name_th} อยู่ในทะเบียนกรมการปกครองแต่ไฟล์ไม่มีรูปร่าง เก็บเป็นพื้นที่ที่ไม่มีรูปร่าง",
                en=f"{one.name_en} is in DOPA's register but not in the file; kept without a shape",
            ),
            said=one.code,
            severity="flagged",
        )
    return [AreaDraft(0, one.code, one.name_th, one.name_en) for one in absent]
