"""The way back: the newest version of a data set, or an edit nobody built upon, is undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.db import transaction
from geo_service.core.errors import Conflict, NotFound
from geo_service.core.models import Dataset, DatasetVersion, IngestRun
from geo_service.core.text import Text
from ingest import runs
from ingest.load import Progress, hold_lock, silent
from ingest.recipe import nearest
from ingest.report import Report
from ingest.runs import Also
from ingest.undo import subjects_of, undo
from layers import versions

#: What stands as the recipe of a run that wrote one feature (`ingest.editing`).
EDIT: Final = "edit"


def rollback(
    engine: Engine,
    dataset_id: str,
    *,
    version: int | None = None,
    resolutions: str | None = None,
    progress: Progress | None = None,
    by: audit.By | None = None,
    also: Also | None = None,
) -> Report:
    """Undo the newest load of a data set, exactly.

    An edit of one feature can also be undone while others edited other features after it; what
    was loaded from a file only while it is the newest.

    Parameters
    ----------
    engine : Engine
        Database, with a role that may write.
    dataset_id : str
        Id of the data set.
    version : int, optional
        Version that must be the newest, or an edit followed by edits alone; the newest, whichever
        it is, when absent.
    resolutions : str, optional
        H3 resolutions to keep; those kept now when absent.
    progress : Progress, optional
        Told how far the work has come.
    by : By, optional
        Who undoes it, for the audit log; the person at the command line when absent.
    also : callable, optional
        Done in the same transaction, last.

    Returns
    -------
    Report
        With outcome ``rolled-back``; ``deleted`` rows went, ``updated`` rows came back.

    Raises
    ------
    NotFound
        If there is no such data set.
    """
    told = progress or silent
    report = Report(dataset_id, outcome="rolled-back")
    with transaction(engine) as session:
        hold_lock(session, told)
        dataset = session.get(Dataset, dataset_id)
        if dataset is None:
            near = nearest(dataset_id, session.scalars(select(Dataset.id)))
            raise NotFound(
                Text(
                    th=f"ไม่มีชุดข้อมูล '{dataset_id}' ที่ใกล้เคียง: {', '.join(near)}",
                    en=f"There is no data set '{dataset_id}'; the nearest: {', '.join(near)}",
                )
            )
        undone = _undoable(session, dataset_id, version)
        touched = _undo_version(session, dataset, undone, report=report)
        runs.derive(session, touched, resolutions=resolutions, progress=told)
        runs.note(session, "undo", report, by)
        if also is not None:
            also(session, report)
    return report


def _undoable(session: Session, dataset_id: str, wanted: int | None) -> DatasetVersion:
    found = session.execute(
        select(DatasetVersion, IngestRun.recipe)
        .outerjoin(IngestRun, IngestRun.id == DatasetVersion.run_id)
        .where(DatasetVersion.dataset_id == dataset_id)
        .order_by(DatasetVersion.version.desc())
    ).all()
    if not found:
        raise Conflict(
            Text(
                th=f"ชุดข้อมูล '{dataset_id}' ไม่มีการนำเข้าที่ยกเลิกได้",
                en=f"The data set '{dataset_id}' holds no load that could be undone",
            )
        )
    rows: Sequence[tuple[DatasetVersion, str | None]] = [(row[0], row[1]) for row in found]
    newest = rows[0][0]
    if wanted is None or newest.version == wanted:
        return newest
    since = [row for row in rows if row[0].version >= wanted]
    if since[-1][0].version == wanted and all(recipe == EDIT for _, recipe in since):
        return since[-1][0]
    raise Conflict(
        Text(
            th=f"มีการนำเข้าที่ใหม่กว่า (ครั้งที่ {newest.version}) ให้ยกเลิกครั้งนั้นก่อน",
            en=f"There is a newer load (version {newest.version}); undo that first",
        )
    )


def _undo_version(
    session: Session,
    dataset: Dataset,
    version: DatasetVersion,
    *,
    report: Report,
) -> set[str]:
    run = session.get(IngestRun, version.run_id) if version.run_id is not None else None
    touched = subjects_of(session, version.id)
    undone = undo(session, version.id)
    report.deleted, report.updated = undone.removed, undone.restored
    report.version = version.version
    if run is not None:
        run.status = "rolled-back"
        report.recipe, report.file_name, report.run_id = run.recipe, run.file_name, run.id
        report.file_sha256, report.file_bytes = run.file_sha256, run.file_bytes
    session.delete(version)
    session.flush()
    before = session.scalar(
        select(func.max(DatasetVersion.version)).where(DatasetVersion.dataset_id == dataset.id)
    )
    dataset.version = before or 0
    session.flush()
    session.expire_all()
    versions.bump(session, {*touched, versions.LOADS})
    return touched
