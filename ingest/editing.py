"""One feature of a layer created, replaced, changed or taken out, as a version of its data set.

An edit goes the way of a load: one transaction under the lock of all loads, with a run, an image
of what was there, a line in the audit log and a new version of everything that is served of it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from boundaries.models import Area
from geo_service.core import audit
from geo_service.core.auth import Principal
from geo_service.core.crs import CRS84, parse_crs
from geo_service.core.db import transaction
from geo_service.core.errors import Conflict, NotFound, Outdated
from geo_service.core.models import Dataset
from geo_service.core.text import Text
from ingest import points, runs
from ingest.edit_drafts import Proposed, Schema, merged, read_feature
from ingest.edit_places import area_at, check_scope, is_within, named_area
from ingest.feature_drafts import FeatureDraft
from ingest.features import EDITED, insert_features, values_of
from ingest.load import Writing, hold_lock
from ingest.report import Report
from ingest.rollback import EDIT
from ingest.runs import Also
from layers import registry
from layers.feature_tags import tag_of
from layers.models import Feature, FeatureLayer

Operation: TypeAlias = Literal["create", "replace", "update", "delete"]

ANY: Final = "*"
#: Half of the last decimal that our answers tell: what was not moved is not moved.
_AS_TOLD_DEG: Final = 0.5e-6
_METHOD: Final = hashlib.sha256(b"edit 1").hexdigest()


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done with one feature.

    ``code`` is that of its address, or what a new one is called that brings none; ``tags`` are the
    states that the change is meant for (`layers.feature_tags`), or `ANY`; ``document`` is the
    feature or the patch.
    """

    layer_id: str
    operation: Operation
    code: str
    tags: tuple[str, ...] = ()
    document: Mapping[str, Any] | None = None
    crs: str = CRS84.uri

    def as_json(self) -> bytes:
        """Write it down, to be carried out by somebody else.

        Returns
        -------
        bytes
            Read again by `read_edit`.
        """
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()


def read_edit(content: bytes) -> Edit:
    """Read an edit that was written down.

    Parameters
    ----------
    content : bytes
        From `Edit.as_json`.

    Returns
    -------
    Edit
        The same.
    """
    told = json.loads(content)
    return Edit(**told | {"tags": tuple(told["tags"])})


def edit(
    engine: Engine,
    wanted: Edit,
    *,
    by: audit.By,
    within: Principal | None,
    dry_run: bool = False,
    also: Also | None = None,
) -> Report:
    """Carry an edit out: all of it, or nothing.

    Parameters
    ----------
    engine : Engine
        Database, with a role that may write.
    wanted : Edit
        What to do.
    by : By
        Who does it, for the audit log.
    within : Principal, optional
        Whose place bounds where; ``None`` when that was looked at before.
    dry_run : bool
        Whether to do everything but commit.
    also : callable, optional
        Done in the same transaction, last.

    Returns
    -------
    Report
        ``figures`` has the ``feature`` by its code, and its ``tag``; ``already-loaded`` when
        nothing differs.
    """
    with transaction(engine) as session:
        hold_lock(session)
        layer = _layer_of(session, wanted.layer_id)
        report = _report_of(wanted, layer, dry_run=dry_run)
        dataset = session.get_one(Dataset, layer.dataset_id)
        run = runs.begin(session, report, recipe_sha256=_METHOD)
        version = runs.begin_version(session, dataset, run)
        writing = Writing(session, dataset, run, version, report)
        moved = _Change(writing, layer, wanted, within).carried_out()
        report.figures["tag"] = tag_of(session, layer.id, report.figures["feature"])
        runs.settle(writing)
        if report.changed and not points.move(session, layer.id, moved):
            runs.derive(session, writing.touched, load_id=version.id)
        runs.finish(session, run, report)
        runs.note(session, EDIT, report, by)
        if also is not None:
            also(session, report)
        if dry_run:
            session.rollback()
    return report


def _layer_of(session: Session, layer_id: str) -> FeatureLayer:
    layer = session.get(FeatureLayer, layer_id)
    if layer is None:
        raise NotFound(
            Text(th=f"ไม่มีชั้นข้อมูล '{layer_id[:80]}'", en=f"There is no layer '{layer_id[:80]}'")
        )
    return layer


def _report_of(wanted: Edit, layer: FeatureLayer, *, dry_run: bool) -> Report:
    content = wanted.as_json()
    return Report(
        layer.dataset_id, EDIT, f"{layer.id}-{wanted.operation}.json",
        hashlib.sha256(content).hexdigest(), len(content), dry_run=dry_run, rows_read=1,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Change:
    """One edit under way."""

    writing: Writing
    layer: FeatureLayer
    wanted: Edit
    within: Principal | None

    def carried_out(self) -> points.Moved:
        # Write it; tell from where to where a point moved.
        wanted, current = self.wanted, self._current()
        before = None if current is None or current.geom is None else to_shape(current.geom)
        if wanted.operation == "delete" and current is not None:
            self._take_out(current)
            return points.Moved(before, None)
        proposed = self._proposed(current, before)
        draft = self._draft(proposed, current, before)
        self.writing.report.figures["feature"] = draft.code
        if current is None:
            insert_features(self.writing, [draft])
            self.writing.count(inserted=1)
        elif self._differs(current, draft, before):
            self.writing.remember("feature", [current.id])
            self.writing.session.execute(
                update(Feature).where(Feature.id == current.id).values(**values_of(draft)),
                execution_options={"synchronize_session": False},
            )
            self.writing.count(updated=1)
        else:
            self.writing.count(unchanged=1)
            return points.Moved(before, before)
        self.writing.touched.add(f"layer:{self.layer.id}")
        return points.Moved(before, draft.shape)

    def _current(self) -> Feature | None:
        wanted, session = self.wanted, self.writing.session
        if wanted.operation == "create":
            return None
        current = session.scalars(
            select(Feature).where(Feature.layer_id == self.layer.id, Feature.code == wanted.code)
        ).one_or_none()
        if current is None:
            raise NotFound(
                Text(
                    th=f"ไม่พบ '{wanted.code[:80]}' ใน {self.layer.id}",
                    en=f"There is no '{wanted.code[:80]}' in {self.layer.id}",
                )
            )
        check_scope(session, self.within, current.area_id)
        if not {ANY, tag_of(session, self.layer.id, wanted.code)} & set(wanted.tags):
            raise Outdated(_OUTDATED)
        return current

    def _take_out(self, current: Feature) -> None:
        self.writing.report.figures["feature"] = current.code
        self.writing.remember("feature", [current.id])
        self.writing.session.execute(delete(Feature).where(Feature.id == current.id))
        self.writing.count(deleted=1)
        self.writing.touched.add(f"layer:{self.layer.id}")

    def _proposed(self, current: Feature | None, before: Any) -> Proposed:  # noqa: ANN401  (a geometry)
        wanted, document = self.wanted, self.wanted.document or {}
        crs = parse_crs(wanted.crs)
        if wanted.operation == "update" and current is not None:
            if "geometry" not in document:
                crs = CRS84
            there = _as_document(self.writing.session, current, before)
            shape = document.get("geometry", there["geometry"])
            document = merged(there, {**document, "geometry": None}) | {"geometry": shape}
        known = registry.read(self.writing.session, self.layer.id)
        schema = Schema(
            self.layer.geometry_type, self.layer.properties, {one.name for one in known.properties}
        )
        is_new = wanted.operation == "create"
        proposed = read_feature(document, schema, crs, "" if is_new else wanted.code)
        if is_new:
            code = proposed.code or wanted.code
            if tag_of(self.writing.session, self.layer.id, code) is not None:
                raise Conflict(
                    Text(
                        th=f"'{code}' มีอยู่แล้วใน {self.layer.id}",
                        en=f"There is a '{code}' in {self.layer.id} already",
                    )
                )
            return replace(proposed, code=code)
        if _is_as_told(before, proposed.shape):
            return replace(proposed, shape=before)
        return proposed

    def _draft(self, proposed: Proposed, current: Feature | None, before: Any) -> FeatureDraft:  # noqa: ANN401
        area_id = self._area(proposed, current, before)
        check_scope(self.writing.session, self.within, area_id)
        flags = set() if current is None else set(current.flags)
        if current is None or not _equal(before, proposed.shape):
            flags.discard("point-elsewhere")
        return FeatureDraft(
            row=1, layer_id=self.layer.id, code=proposed.code, name_th=proposed.name_th,
            name_en=proposed.name_en, shape=proposed.shape, area_id=area_id,
            named_code=proposed.place, properties=proposed.properties, flags=flags | {EDITED},
        )  # fmt: skip

    def _area(self, proposed: Proposed, current: Feature | None, before: Any) -> int | None:  # noqa: ANN401
        session = self.writing.session
        if current is not None and _equal(before, proposed.shape):
            named = session.get(Area, current.area_id) if current.area_id else None
            if proposed.shape is not None or proposed.place in {"", named.code if named else ""}:
                return current.area_id
        if proposed.shape is None:
            return named_area(session, proposed.place)
        return area_at(session, proposed.shape)

    def _differs(self, current: Feature, draft: FeatureDraft, before: Any) -> bool:  # noqa: ANN401
        # The mark of an edit alone is no difference.
        values = values_of(draft)
        names = ("name_th", "name_en", "area_id", "properties")
        return any(getattr(current, name) != values[name] for name in names) or not _equal(
            before, draft.shape
        )


def _as_document(session: Session, current: Feature, shape: Any) -> dict[str, Any]:  # noqa: ANN401
    named = session.get(Area, current.area_id) if current.area_id else None
    own = {"name_th": current.name_th, "name_en": current.name_en, **current.properties}
    return {
        "type": "Feature",
        "id": current.code,
        "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        "properties": own | ({"subdistrict_code": named.code} if named else {}),
    }


def _is_as_told(before: Any, after: Any) -> bool:  # noqa: ANN401
    if before is None or after is None:
        return before is after
    return bool(shapely.equals_exact(before, after, _AS_TOLD_DEG))


def _equal(before: Any, after: Any) -> bool:  # noqa: ANN401
    if before is None or after is None:
        return before is after
    return bool(shapely.equals_exact(before, after, 0.0))


def new_code() -> str:
    """Make up the code of a feature that brings none.

    Returns
    -------
    str
        Unlike any other.
    """
    return f"e-{secrets.token_hex(6)}"


def may_change(engine: Engine, layer_id: str, code: str, who: Principal) -> bool:
    """Tell whether a feature is somebody's to change.

    Parameters
    ----------
    engine : Engine
        Database, with a role that may write.
    layer_id : str
        Its layer.
    code : str
        Its code.
    who : Principal
        Who asks.

    Returns
    -------
    bool
        False also when there is none.
    """
    with Session(engine) as session:
        found = session.execute(
            select(Feature.area_id).where(Feature.layer_id == layer_id, Feature.code == code)
        ).one_or_none()
        return found is not None and is_within(session, who, found[0])


_OUTDATED: Final = Text(
    th="มีผู้แก้ไขรายการนี้หลังจากที่คุณอ่าน โปรดอ่านใหม่แล้วแก้อีกครั้ง",
    en="Somebody changed it after you read it; read it again, then change it",
)
