"""Load the codes that another system gives to areas that are known already."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import delete, insert, select

from boundaries import queries
from boundaries.models import Area, AreaCode
from geo_service.core.errors import BadRecipe, Refused
from geo_service.core.text import Text
from ingest.clean import THAI_DIGITS, Problem, clean_text
from ingest.columns import wanted_headings
from ingest.load import Loading
from ingest.places import Places
from ingest.read import Row, Table, read_table
from ingest.spelling import tell_repairs

#: Rows without a point told by their number, at most.
_SHOWN = 50


def load(loading: Loading) -> None:
    """Store the code of another system for each area that a file names.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``codes``.

    Raises
    ------
    BadRecipe
        If the recipe lacks a part, or a heading does not fit.
    Refused
        If no row can be loaded.
    """
    recipe = loading.recipe
    if recipe.place is None or recipe.codes is None:
        raise BadRecipe(Text(th="ต้องมี place และ codes", en="place and codes are needed"))
    table = read_table(loading.source, recipe.file, wanted_headings(recipe))
    loading.report.rows_read = len(table.rows)
    places = Places(loading, recipe.place, table)
    tell_repairs(loading, table.rows, {*places.headings, table.heading(recipe.codes.heading)})
    found = _read(loading, table, places)
    if not found:
        raise Refused(Text(th="ไม่มีแถวที่รับได้", en="No row could be taken"))
    _tell_differences(loading, found)
    _tell_absent(loading, found)
    _tell_blank_points(loading, table)
    _store(loading, recipe.codes.system, found)
    loading.touched.add("areas")


def _tell_differences(loading: Loading, found: dict[str, int]) -> None:
    # A code of the same form as ours that means another place is a trap: say so.
    rows = loading.session.execute(select(Area.id, Area.code).where(Area.id.in_(found.values())))
    ours = dict(rows.all())
    differing = {code: ours[area_id] for code, area_id in found.items() if ours[area_id] != code}
    if len(differing) > len(found) / 2:
        loading.reject(
            reason="code-differs",
            hint=Text(
                th=f"{len(differing):,} จาก {len(found):,} รหัสไม่ใช่รหัสกรมการปกครอง เก็บเป็นระบบแยก",
                en=f"{len(differing):,} of {len(found):,} codes are not those of DOPA; kept apart",
            ),
            severity="flagged",
        )
        return
    for code, dopa in differing.items():
        loading.reject(
            reason="code-differs",
            hint=Text(th=f"รหัสกรมการปกครองคือ {dopa}", en=f"DOPA's code of this place is {dopa}"),
            said=code,
            severity="flagged",
        )


def _tell_absent(loading: Loading, found: dict[str, int]) -> None:
    # A list of half a level or more is meant to be whole: what it lacks is told.
    place = loading.recipe.place
    in_force = queries.in_force(Area)
    rows = loading.session.execute(
        select(Area.id, Area.code, Area.name_th)
        .where(Area.level == (place and place.level), in_force)
        .order_by(Area.code)
    ).all()
    there = set(found.values())
    absent = [f"{row.name_th} ({row.code})" for row in rows if row.id not in there]
    loading.report.figures["areas_without_code"] = len(absent)
    if absent and len(absent) < len(rows) / 2:
        loading.reject(
            reason="no-code",
            hint=Text(
                th=f"{len(absent):,} จาก {len(rows):,} พื้นที่ไม่ได้รหัสจากไฟล์นี้",
                en=f"{len(absent):,} of {len(rows):,} areas get no code from this file",
            ),
            candidates=absent,
            severity="flagged",
        )


def _tell_blank_points(loading: Loading, table: Table) -> None:
    spec = loading.recipe.codes
    headings = [table.heading(one) for one in (spec.points if spec else ())]
    blank = [
        row.number for row in table.rows if any(not clean_text(row.cells[one]) for one in headings)
    ]
    if blank:
        loading.reject(
            reason="no-point",
            hint=Text(
                th=f"{len(blank):,} จาก {len(table.rows):,} แถวไม่มีพิกัด (พิกัดของไฟล์นี้ไม่ได้ใช้)",
                en=f"{len(blank):,} of {len(table.rows):,} rows have no point (none is used)",
            ),
            column=", ".join(headings),
            candidates=[str(number) for number in blank[:_SHOWN]],
            severity="flagged",
        )


def _read(loading: Loading, table: Table, places: Places) -> dict[str, int]:
    # Code -> area; a code that stands for two areas is refused in every row.
    spec = loading.recipe.codes
    heading = table.heading(spec.heading if spec else "")
    rows: dict[str, list[tuple[Row, int]]] = defaultdict(list)
    for row in table.rows:
        code = clean_text(row.cells[heading]).translate(THAI_DIGITS)
        place = row.problem or places.find(row, None)
        if isinstance(place, Problem) or not code:
            problem = place if isinstance(place, Problem) else Problem(
                "no-place", Text(th="ไม่มีรหัส", en="There is no code")
            )  # fmt: skip
            loading.reject(
                reason=problem.reason, hint=problem.hint, row=row.number, column=heading,
                said=problem.said, candidates=problem.candidates,
            )  # fmt: skip
        else:
            rows[code].append((row, place.id))
    found = {}
    for code, claims in rows.items():
        if len({area_id for _, area_id in claims}) == 1:
            found[code] = claims[0][1]
            continue
        for row, _ in claims:
            loading.reject(
                reason="conflicting-rows",
                hint=Text(th="รหัสเดียวกันใช้กับหลายพื้นที่", en="One code stands for several areas"),
                row=row.number, column=heading, said=code,
            )  # fmt: skip
    return found


def _store(loading: Loading, system: str, found: dict[str, int]) -> None:
    session = loading.session
    stored = dict(
        session.execute(
            select(AreaCode.code, AreaCode.area_id).where(
                AreaCode.system == system, AreaCode.code.in_(found)
            )
        ).all()
    )
    new = {code: area_id for code, area_id in found.items() if stored.get(code) != area_id}
    gone = [code for code in new if code in stored]
    loading.remember("area_code", {*new.values(), *(stored[code] for code in gone)})
    if gone:
        session.execute(delete(AreaCode).where(AreaCode.system == system, AreaCode.code.in_(gone)))
    if new:
        session.execute(
            insert(AreaCode),
            [{"area_id": area_id, "system": system, "code": code} for code, area_id in new.items()],
        )
    loading.count(inserted=len(new) - len(gone), updated=len(gone), unchanged=len(found) - len(new))
