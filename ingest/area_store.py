"""Drafts of areas into the table: compared with what is there, images kept, parents found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
import shapely
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from boundaries import geometry, hierarchy, register
from boundaries.models import Area, AreaEvent
from boundaries.projection import Shapes
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.db import fixed_sql
from ingest import catalogue
from ingest.area_drafts import AreaDraft
from ingest.load import Loading

ABOVE = {"subdistrict": "district", "district": "province", "province": "country"}


def store(
    loading: Loading, level: str, drafts: Sequence[AreaDraft], *, illustrative: bool = False
) -> None:
    """Write the drafts of one level; unchanged areas are left alone.

    Parameters
    ----------
    loading : Loading
        Under way; told how many rows were new, changed and the same.
    level : str
        ``province``, ``district`` or ``subdistrict``.
    drafts : sequence of AreaDraft
        One for each code; shapes in EPSG:4326.
    illustrative : bool
        Whether the shapes are made up.
    """
    session = loading.session
    _need_parents(loading, level, drafts)
    _stage(session, drafts)
    values = {"level": level, "above": ABOVE[level], "version": loading.version_id}
    values |= {"illustrative": illustrative}
    changed = session.scalars(fixed_sql("ingest", "changed_areas"), values).all()
    loading.remember("area", changed)
    updated = session.execute(fixed_sql("ingest", "update_areas"), values | {"ids": changed})
    inserted = session.execute(fixed_sql("ingest", "insert_areas"), values)
    new, rewritten = int(inserted.rowcount), int(updated.rowcount)  # type: ignore[attr-defined]
    session.execute(text("DROP TABLE area_draft"))
    loading.count(inserted=new, updated=rewritten, unchanged=len(drafts) - new - rewritten)
    if new or rewritten:
        loading.touched.add("areas")


def dissolve_upward(loading: Loading, level: str, drafts: Iterable[AreaDraft]) -> None:
    """Give the levels above the shapes that the stored ones add up to, where they differ.

    Parameters
    ----------
    loading : Loading
        Under way; told how many shapes above were replaced.
    level : str
        Level of the drafts.
    drafts : iterable of AreaDraft
        As stored, closed ones included; shapes in EPSG:4326.
    """
    shaped = [draft for draft in drafts if draft.shape is not None]
    codes = [draft.parent for draft in shaped]
    shapes: Shapes = np.array([draft.shape for draft in shaped], dtype=object)
    while (level := ABOVE[level]) != "country" and codes:
        loading.progress("dissolve", 0, None)
        united = geometry.dissolve(shapes, codes)
        ids = _current_ids(loading.session, level)
        wanted = {ids[code]: shape for code, shape in united.items() if code in ids}
        differ = hierarchy.differing(loading.session, wanted)
        loading.remember("area", differ)
        hierarchy.set_shapes(loading.session, {key: wanted[key] for key in differ})
        if differ:
            loading.touched.add("areas")
            loading.report.figures[f"{level}_shapes_dissolved"] = len(differ)
        codes = [code[:-2] for code in united]
        shapes = np.array(list(united.values()), dtype=object)


def complete(loading: Loading) -> None:
    """Give the country, the regions and the codes that follow from DOPA's what the load changed.

    Parameters
    ----------
    loading : Loading
        Under way, its areas stored.
    """
    if "areas" not in loading.touched:
        return
    session = loading.session
    wanted = hierarchy.region_shapes(session)
    differ = hierarchy.differing(session, wanted)
    loading.remember("area", differ)
    hierarchy.set_shapes(session, {key: wanted[key] for key in differ})
    # Codes of new areas go with them when the load is undone.
    catalogue.derive_codes(session)


def store_events(loading: Loading, level: str) -> None:
    """Write where abolished codes of a level went, as DOPA's register has it.

    Parameters
    ----------
    loading : Loading
        Under way; new events are announced so that undoing takes them away.
    level : str
        ``district`` or ``subdistrict``.
    """
    known = set(
        loading.session.execute(
            select(AreaEvent.from_code, AreaEvent.to_code).where(AreaEvent.level == level)
        )
    )
    rows = [row for row in _events(level) if (row["from_code"], row["to_code"]) not in known]
    if rows:
        ids = loading.session.scalars(insert(AreaEvent).returning(AreaEvent.id), rows).all()
        loading.announce("area_event", ids)
        loading.touched.add("areas")
    loading.report.figures["abolished_codes"] = len(register.abolished(level))


def country(session: Session) -> int:
    """Return the country's row, made when it is not there.

    Parameters
    ----------
    session : Session
        Open in a transaction.

    Returns
    -------
    int
        Its ``area.id``.
    """
    found = session.scalar(select(Area.id).where(Area.level == "country"))
    if found is not None:
        return found
    row = Area(level="country", code="TH", name_th="ประเทศไทย", name_en="Thailand")
    session.add(row)
    session.flush()
    return row.id


def has_shapes_below(session: Session, level: str) -> bool:
    """Tell whether a finer level has shapes, which then own the borders.

    Parameters
    ----------
    session : Session
        To read with.
    level : str
        A level with levels below.

    Returns
    -------
    bool
        True when districts or sub-districts below the level have shapes.
    """
    below = [finer for finer, above in ABOVE.items() if above == level]
    below += [finer for finer, above in ABOVE.items() if above in below]
    found = select(Area.id).where(Area.level.in_(below), Area.geom.is_not(None)).limit(1)
    return session.scalar(found) is not None


def _need_parents(loading: Loading, level: str, drafts: Sequence[AreaDraft]) -> None:
    # The areas above that are not there yet, by their names in the register.
    above = ABOVE[level]
    if above == "country":
        country(loading.session)
        return
    present = _current_ids(loading.session, above)
    missing = sorted({draft.parent for draft in drafts} - set(present))
    if not missing:
        return
    known = register.current(above)
    made = [AreaDraft(0, code, *_names(known.get(code))) for code in missing]
    store(loading, above, made)


def _names(found: register.Registered | None) -> tuple[str, str]:
    return ("", "") if found is None else (found.name_th, found.name_en)


def _events(level: str) -> Iterable[dict[str, Any]]:
    for one in register.abolished(level).values():
        kinds: Mapping[int, str] = {0: "abolished", 1: "recoded"}
        kind = kinds.get(len(one.successors), "split")
        for heir in one.successors or (None,):
            yield {
                "level": level,
                "kind": kind,
                "from_code": one.code,
                "to_code": heir,
                "effective": one.since,
                "note": one.source,
            }


def _current_ids(session: Session, level: str) -> dict[str, int]:
    statement = (
        select(Area.code, Area.id)
        .where(Area.level == level)
        .order_by(Area.code, text("upper(valid) DESC NULLS FIRST"))
    )
    found: dict[str, int] = {}
    for code, area_id in session.execute(statement):
        found.setdefault(code, area_id)
    return found


def _stage(session: Session, drafts: Sequence[AreaDraft]) -> None:
    shapes: Shapes = np.array([draft.shape for draft in drafts], dtype=object)
    has_shape = [draft.shape is not None for draft in drafts]
    marked = shapely.set_srid(shapes, STORAGE_SRID)
    sizes = np.full(len(drafts), np.nan)
    sizes[has_shape] = geometry.area_km2(shapes[has_shape])
    rows = pl.DataFrame(
        {
            "code": [draft.code for draft in drafts],
            "parent": [draft.parent for draft in drafts],
            "name_th": [draft.name_th for draft in drafts],
            "name_en": [draft.name_en for draft in drafts],
            "name_alt": ["\x1f".join(draft.name_alt) for draft in drafts],
            "closed": [draft.closed for draft in drafts],
            "area_km2": pl.Series(sizes, dtype=pl.Float64).fill_nan(None),
            "geom": shapely.to_wkb(marked, hex=True, include_srid=True).tolist(),
        },
        schema_overrides={"closed": pl.Date, "geom": pl.String, "name_alt": pl.String},
    )
    session.execute(
        text(
            f"CREATE TEMP TABLE area_draft (code text PRIMARY KEY, parent text, name_th text,"
            f" name_en text, name_alt text, closed date, area_km2 float8, geom {_geometry()})"
            " ON COMMIT DROP"
        )
    )
    content = BytesIO()
    rows.write_csv(content, include_header=False, quote_style="non_numeric", null_value="")
    content.seek(0)
    cursor: Any = session.connection().connection.cursor()
    cursor.copy_expert(
        "COPY area_draft FROM STDIN (FORMAT csv, FORCE_NULL (closed, area_km2, geom))", content
    )
    cursor.close()
    session.execute(text("ANALYZE area_draft"))


def _geometry() -> str:
    return f"public.geometry(MultiPolygon, {STORAGE_SRID})"
