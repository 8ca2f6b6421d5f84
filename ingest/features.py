"""Load facilities and networks: the features of one or several registered layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from boundaries import queries
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.errors import Refused
from geo_service.core.text import Text
from ingest.copying import array_text, copy_rows
from ingest.feature_drafts import FeatureDraft, FeatureReader, FeaturesPart
from ingest.feature_shapes import sound
from ingest.load import Loading, Writing
from layers.models import Feature, FeatureLayer

#: Mark of a feature that is no longer as its file had it.
EDITED = "edited"
#: A feature this near (degrees, about 3 km) to the area it names is a matter of the border.
_NEAR_DEG = 0.03


def load(loading: Loading) -> None:
    """Load a file of features; those no longer in it are taken out of their layers.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``features``.

    Raises
    ------
    Refused
        If no row can be taken.
    """
    part = loading.recipe.section(FeaturesPart, "features")
    gazetteer = loading.gazetteers.read(loading.session, part.place_level)
    drafts = sound(loading, FeatureReader(loading, part, gazetteer).read())
    drafts = _unique(loading, drafts)
    if not drafts:
        raise Refused(Text(th="ไม่มีแถวที่รับได้", en="No row could be taken"))
    _locate(loading, part, drafts)
    if loading.reach is not None:
        for draft in drafts:
            name = draft.name_th or draft.code
            loading.reach.look(draft.row, name, is_his=draft.area_id in loading.reach.grounds)
    _register(loading, part)
    for layer in part.layers:
        _store(loading, layer.id, [draft for draft in drafts if draft.layer_id == layer.id])


def _unique(loading: Loading, drafts: Sequence[FeatureDraft]) -> list[FeatureDraft]:
    kept: dict[tuple[str, str], FeatureDraft] = {}
    for draft in drafts:
        first = kept.setdefault((draft.layer_id, draft.code), draft)
        if first is not draft:
            loading.reject(
                reason="conflicting-rows",
                hint=Text(
                    th=f"รหัส {draft.code} มีแล้วในแถว {first.row} ใช้แถวแรก",
                    en=f"The code {draft.code} stands in row {first.row} already",
                ),
                row=draft.row,
                said=draft.code,
            )
    return list(kept.values())


def _locate(loading: Loading, part: FeaturesPart, drafts: Sequence[FeatureDraft]) -> None:
    # The sub-district that each feature lies in; those far from where they should be are told.
    levels: dict[str, list[Any]] = {
        level: list(loading.session.execute(queries.drawn_areas(level)))
        for level in {"subdistrict", part.place_level}
    }
    rows = [row for row in levels["subdistrict"] if row.is_in_force]
    tree = shapely.STRtree([shapely.from_wkb(bytes(row.shape)) for row in rows])
    named = {row.id: shapely.from_wkb(bytes(row.shape)) for row in levels[part.place_level]}
    shaped = [draft for draft in drafts if draft.shape is not None]
    points = shapely.point_on_surface([draft.shape for draft in shaped])
    inside: dict[int, Any] = {}
    for at, found in tree.query(points, predicate="within").T:
        inside.setdefault(int(at), rows[found])
    for at, (draft, point) in enumerate(zip(shaped, points, strict=True)):
        located = inside.get(at)
        claimed = named.get(draft.area_id or 0)
        if claimed is not None and shapely.distance(claimed, point) > _NEAR_DEG:
            _tell_elsewhere(loading, draft, point)
        elif located is not None and located.code.startswith(draft.named_code):
            draft.area_id = located.id


def _tell_elsewhere(loading: Loading, draft: FeatureDraft, point: shapely.Point) -> None:
    draft.flags.add("point-elsewhere")
    loading.reject(
        reason="point-elsewhere",
        hint=Text(
            th=f"{draft.name_th}: จุดอยู่นอกพื้นที่ {draft.named_code} ที่ระบุเกิน 3 กม.",
            en=f"{draft.name_en or draft.name_th}: the point is more than 3 km from"
            f" {draft.named_code}, where it should be",
        ),
        row=draft.row,
        said=f"{point.y}, {point.x}",
        severity="flagged",
    )


def _register(loading: Loading, part: FeaturesPart) -> None:
    properties = {
        name: told.model_dump(exclude={"heading"}, exclude_none=True, exclude_defaults=False)
        for name, told in part.properties.items()
    }
    for layer in part.layers:
        values = layer.model_dump(exclude={"value"}) | {
            "properties": properties,
            "dataset_id": loading.dataset.id,
        }
        statement = upsert(FeatureLayer).values(**values)
        loading.session.execute(
            statement.on_conflict_do_update(
                index_elements=["id"], set_={k: v for k, v in values.items() if k != "id"}
            )
        )


def _store(loading: Loading, layer_id: str, drafts: Sequence[FeatureDraft]) -> None:
    session = loading.session
    stored = {
        row.code: row
        for row in session.scalars(select(Feature).where(Feature.layer_id == layer_id))
    }
    if (reach := loading.reach) is not None:
        # A file is the whole layer of its sender's places: what is elsewhere is not his.
        others = {code for code, row in stored.items() if row.area_id not in reach.grounds}
        for draft in drafts:
            reach.look(draft.row, draft.code, is_his=draft.code not in others)
        reach.check()
        stored = {code: row for code, row in stored.items() if code not in others}
    new = [draft for draft in drafts if draft.code not in stored]
    changed = [d for d in drafts if d.code in stored and _differs(stored[d.code], d)]
    gone = [row.id for code, row in stored.items() if code not in {d.code for d in drafts}]
    loading.remember("feature", [*gone, *(stored[draft.code].id for draft in changed)])
    _tell_edited(loading, [row for row in stored.values() if EDITED in row.flags])
    if gone:
        session.execute(delete(Feature).where(Feature.id.in_(gone)))
    for draft in changed:
        session.execute(
            update(Feature).where(Feature.id == stored[draft.code].id).values(**values_of(draft)),
            execution_options={"synchronize_session": False},
        )
    insert_features(loading, new)
    same = len(drafts) - len(new) - len(changed)
    loading.count(inserted=len(new), updated=len(changed), unchanged=same, deleted=len(gone))
    loading.report.figures[layer_id] = len(drafts)
    if new or changed or gone:
        loading.touched.add(f"layer:{layer_id}")
    session.expire_all()


def _tell_edited(loading: Loading, rows: Sequence[Feature]) -> None:
    # A file is the whole layer: what was edited by hand since the last one gives way to it.
    for row in rows:
        loading.reject(
            reason="edited-by-hand",
            hint=Text(
                th=f"รายการ {row.code} เคยแก้ไขทีละรายการ ไฟล์นี้จะแทนที่",
                en=f"{row.code} was edited by hand; this file takes its place",
            ),
            said=f"{row.code} {row.name_th}".strip(),
            severity="flagged",
        )


def insert_features(writing: Writing, drafts: Sequence[FeatureDraft]) -> None:
    """Write new features; the caller counts them.

    Parameters
    ----------
    writing : Writing
        Whose version they carry.
    drafts : sequence of FeatureDraft
        None of them is there yet.
    """
    # Copied: a layer may have tens of thousands of features.
    if not drafts:
        return
    shapes = shapely.set_srid(np.array([d.shape for d in drafts], dtype=object), STORAGE_SRID)
    rows = [
        values_of(draft)
        | {"properties": json.dumps(draft.properties, ensure_ascii=False), "geom": shape}
        | {"flags": array_text(sorted(draft.flags)), "version_id": writing.version_id}
        for draft, shape in zip(
            drafts, shapely.to_wkb(shapes, hex=True, include_srid=True), strict=True
        )
    ]
    copy_rows(writing.session, "feature", pl.DataFrame(rows, infer_schema_length=None))


def _differs(row: Feature, draft: FeatureDraft) -> bool:
    values: Mapping[str, Any] = values_of(draft)
    plain = ("name_th", "name_en", "area_id", "properties", "flags")
    if any(getattr(row, name) != values[name] for name in plain):
        return True
    if row.geom is None or draft.shape is None:
        return (row.geom is None) != (draft.shape is None)
    return not shapely.equals_exact(to_shape(row.geom), draft.shape, 0.0)


def values_of(draft: FeatureDraft) -> dict[str, Any]:
    """Write a draft as the columns of its row.

    Parameters
    ----------
    draft : FeatureDraft
        Complete.

    Returns
    -------
    dict
        Without the version.
    """
    shape = draft.shape
    return {
        "layer_id": draft.layer_id,
        "code": draft.code,
        "name_th": draft.name_th,
        "name_en": draft.name_en,
        "geom": None if shape is None else from_shape(shape, srid=STORAGE_SRID),
        "area_id": draft.area_id,
        "properties": draft.properties,
        "flags": sorted(draft.flags),
    }
