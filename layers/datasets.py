"""Where numbers come from: data sets, their loads and refusals, down to a file and a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, column, func, select, table
from sqlalchemy.orm import Session, load_only

from geo_service.core.db import fixed_sql
from geo_service.core.errors import NotFound
from geo_service.core.models import Dataset, DatasetVersion, IngestRun
from geo_service.core.text import Text
from layers import indicators
from layers.collection import Collection
from layers.models import FeatureLayer, PlaceValue
from layers.value_rules import classes_of, is_guarded

#: Refusals and traces listed at once; a file may have many thousands.
MOST_LISTED = 200
#: Remarks that compare numbers: where small counts are withheld they tell the one by the other.
COMPARING = frozenset(
    {
        "copied-forward", "jump", "not-whole", "outlier", "parts-do-not-sum", "source-contradicts",
        "total-does-not-match", "unlikely",
    }
)  # fmt: skip
#: Views for all: which data set reported what, and which rows were refused; not what they said.
_REPORTED = table("reported", column("indicator_key"), column("dataset_id"))


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A source we load from; ``version`` counts its committed loads."""

    id: str
    kind: str
    title: Text
    publisher: Text
    licence: str
    attribution: Text
    url: str
    is_sample: bool
    version: int
    loaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to load one file; ``version`` is what it made, if it was committed.

    Of a file with counts that may be withheld nobody is told the sum of its bytes or their number:
    whoever has all of it but three small numbers would try them until the sum is right.
    """

    id: int
    recipe: str
    file_name: str
    file_sha256: str | None
    file_bytes: int | None
    status: str
    started_at: datetime
    finished_at: datetime | None
    rows_read: int
    rows_loaded: int
    rows_unchanged: int
    rows_refused: int
    rows_flagged: int | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was refused, flagged or repaired, and why.

    What stood there, the hint and the candidates are empty for the public.
    """

    run_id: int
    severity: str
    reason: str
    file_name: str
    row: int | None
    column: str | None
    said: str | None
    hint: Text
    candidates: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A data set with everything that happened to it, the latest first."""

    dataset: DatasetInfo
    runs: tuple[Run, ...]
    refusals: tuple[Refusal, ...]
    refusal_counts: dict[str, int]
    indicator_keys: tuple[str, ...]
    layer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One reported number behind a value: which file, which row, which load.

    ``value`` is in the unit of the indicator ``key``.
    """

    key: str
    period_key: str
    place_code: str
    value: float | None
    status: str
    flags: tuple[str, ...]
    dataset_id: str
    version: int
    file_name: str
    row: int | None
    loaded_at: datetime


def list_all(session: Session) -> list[DatasetInfo]:
    """List the data sets that have been loaded, by identifier.

    Parameters
    ----------
    session : Session
        Only read.

    Returns
    -------
    list of DatasetInfo
        Without those whose every load was undone or refused.
    """
    rows = session.execute(_datasets().where(Dataset.version > 0))
    return [_dataset(row) for row in rows]


def read(session: Session, dataset_id: str) -> Lineage:
    """Read one data set with its loads and its refused rows.

    Parameters
    ----------
    session : Session
        Only read.
    dataset_id : str
        For example ``dopa-population``.

    Returns
    -------
    Lineage
        At most 200 refused rows of the latest load of each file, all counted by reason.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.execute(_datasets().where(Dataset.id == dataset_id)).first()
    if row is None:
        raise NotFound(
            Text(th=f"ไม่มีชุดข้อมูล '{dataset_id}'", en=f"There is no data set '{dataset_id}'"),
            dataset=dataset_id,
        )
    keys = tuple(
        session.scalars(
            select(_REPORTED.c.indicator_key)
            .where(_REPORTED.c.dataset_id == dataset_id)
            .distinct()
            .order_by(_REPORTED.c.indicator_key)
        )
    )
    dataset = _dataset(row)
    secret = _holds_secrets(session, dataset, keys)
    runs = _runs(session, dataset_id, secret=secret)
    untold = sorted(COMPARING) if secret else []
    bound = {"runs": _latest(runs), "untold": untold, "most": MOST_LISTED}
    return Lineage(
        dataset=dataset,
        runs=runs,
        refusals=_refusals(session, bound),
        refusal_counts=dict(session.execute(fixed_sql("layers", "refusal_counts"), bound).all()),
        indicator_keys=keys,
        layer_ids=tuple(
            session.scalars(
                select(FeatureLayer.id)
                .where(FeatureLayer.dataset_id == dataset_id)
                .order_by(FeatureLayer.id)
            )
        ),
    )


def behind(session: Session, collection: Collection) -> list[DatasetInfo]:
    """List the data sets a collection is made from.

    Parameters
    ----------
    session : Session
        Only read.
    collection : Collection
        From the register.

    Returns
    -------
    list of DatasetInfo
        By identifier. Of values: those that report an indicator or a part of one.
    """
    if collection.family in {"area", "org"}:
        kind = "boundaries" if collection.family == "area" else "organisations"
        wanted = Dataset.kind == kind
    elif collection.family == "feature":
        own = select(FeatureLayer.dataset_id).where(FeatureLayer.id == collection.id)
        wanted = Dataset.id.in_(own)
    else:
        keys = {one.key for one in collection.indicators}
        for info in indicators.list_all(session, theme=collection.theme, components=True):
            if info.key in keys:
                keys |= set(info.parts)
        wanted = (
            select(_REPORTED.c.dataset_id)
            .where(_REPORTED.c.dataset_id == Dataset.id, _REPORTED.c.indicator_key.in_(keys))
            .exists()
        )
    rows = session.execute(_datasets().where(Dataset.version > 0, wanted))
    return [_dataset(row) for row in rows]


def trace(session: Session, key: str, *, level: str, code: str, period: str) -> list[Trace]:
    """Find the reported numbers behind one value.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator; of one that is made from others, their numbers are traced.
    level : str
        Level of the place.
    code : str
        Code of the place.
    period : str
        Key of the period.

    Returns
    -------
    list of Trace
        What the place itself reported, or else what the places within it did; at most 200.

    Raises
    ------
    NotFound
        If there is no such indicator.
    """
    keys, waiting = [key], list(indicators.read(session, key).parts)
    while waiting:
        part = waiting.pop(0)
        if part not in keys:
            keys.append(part)
            waiting += indicators.read(session, part).parts
    rows = session.execute(
        fixed_sql("layers", "trace"),
        {"keys": keys, "level": level, "code": code, "period": period, "most": MOST_LISTED},
    )
    return [
        Trace(
            key=row.indicator_key,
            period_key=row.period_key,
            place_code=row.code,
            value=row.value,
            status=row.status,
            flags=tuple(row.flags),
            dataset_id=row.dataset_id,
            version=row.version,
            file_name=row.file_name,
            row=row.source_row,
            loaded_at=row.created_at,
        )
        for row in rows
    ]


def _datasets() -> Select[Any, Any]:
    loaded = (
        select(func.max(DatasetVersion.created_at))
        .where(DatasetVersion.dataset_id == Dataset.id)
        .correlate(Dataset)
        .scalar_subquery()
    )
    return select(Dataset, loaded.label("loaded_at")).order_by(Dataset.id)


def _dataset(row: Row[Any, Any]) -> DatasetInfo:
    found: Dataset = row[0]
    return DatasetInfo(
        id=found.id,
        kind=found.kind,
        title=Text(th=found.title_th, en=found.title_en),
        publisher=Text(th=found.publisher_th, en=found.publisher_en),
        licence=found.licence,
        attribution=Text(th=found.attribution_th, en=found.attribution_en),
        url=found.source_url,
        is_sample=found.is_sample,
        version=found.version,
        loaded_at=row.loaded_at,
    )


# Whether a file of it may have held a count that is withheld; nobody knows of one whose every load
# was undone.
def _holds_secrets(session: Session, dataset: DatasetInfo, keys: Sequence[str]) -> bool:
    if dataset.kind != "indicators":
        return False
    classes, known = classes_of(session), indicators.list_all(session, components=True)
    open_keys = {one.key for one in known if not is_guarded(one, classes)}
    return not keys or not open_keys.issuperset(keys) or _is_withheld(session, keys)


def _is_withheld(session: Session, keys: Sequence[str]) -> bool:
    gaps = select(PlaceValue.place_id).where(
        PlaceValue.indicator_key.in_(keys), PlaceValue.status == "suppressed"
    )
    return session.scalar(select(gaps.exists())) is True


def _runs(session: Session, dataset_id: str, *, secret: bool) -> tuple[Run, ...]:
    rows = session.execute(
        select(IngestRun, DatasetVersion.version)
        .options(load_only(*_SHOWN, raiseload=True))
        .outerjoin(DatasetVersion, DatasetVersion.run_id == IngestRun.id)
        .where(IngestRun.dataset_id == dataset_id)
        .order_by(IngestRun.id.desc())
    )
    return tuple(
        Run(
            id=run.id,
            recipe=run.recipe,
            file_name=run.file_name,
            file_sha256=None if secret else run.file_sha256,
            file_bytes=None if secret else run.file_bytes,
            status=run.status,
            started_at=run.started_at,
            finished_at=run.finished_at,
            rows_read=run.rows_read,
            rows_loaded=run.rows_loaded,
            rows_unchanged=run.rows_unchanged,
            rows_refused=run.rows_refused,
            rows_flagged=None if secret else run.rows_flagged,
            version=version,
        )
        for run, version in rows
    )


# All but the report, which repeats what stood in refused rows.
_SHOWN = tuple(
    getattr(IngestRun, one.name) for one in IngestRun.__table__.columns if one.name != "report"
)


def _latest(runs: Sequence[Run]) -> list[int]:
    # Runs that found a file loaded already tell nothing of it; several files may feed a data set.
    found: dict[tuple[str, str], int] = {}
    for run in runs:
        if run.version is not None:
            found.setdefault((run.recipe, run.file_name), run.id)
    return list(found.values())


def _refusals(session: Session, bound: Mapping[str, Any]) -> tuple[Refusal, ...]:
    rows = session.execute(fixed_sql("layers", "refusals"), bound)
    return tuple(
        Refusal(
            run_id=row.run_id,
            severity=row.severity,
            reason=row.reason,
            file_name=row.file_name,
            row=row.row,
            column=row.column,
            said=row.said,
            hint=Text(th=row.hint_th, en=row.hint_en),
            candidates=tuple(row.candidates),
        )
        for row in rows
    )
