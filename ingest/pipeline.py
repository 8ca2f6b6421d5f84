"""The whole way of a file into the database, in one transaction, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.db import transaction
from geo_service.core.errors import Conflict, Fault, NotFound, Refused
from geo_service.core.models import Dataset, DatasetVersion, IngestRun, Reject
from geo_service.core.text import Text
from ingest import codes, observations, remarks
from ingest.gazetteers import Gazetteers
from ingest.load import Loading, Progress, hold_lock, silent
from ingest.read import Source
from ingest.recipe import Recipe, known_recipes, nearest, read_recipe
from ingest.report import Rejected, Report
from ingest.undo import subjects_of, undo
from layers import versions

__all__ = ["Also", "ingest", "known_recipes", "rollback"]

#: What whoever asks for a load has done in the same transaction, so that both hold or neither.
Also: TypeAlias = Callable[[Session, Report], None]


def ingest(
    engine: Engine,
    path: str | Path,
    *,
    recipe: str | Path,
    dry_run: bool = False,
    refresh: bool = True,
    resolutions: str | None = None,
    progress: Progress | None = None,
    gazetteers: Gazetteers | None = None,
    by: audit.By | None = None,
    name: str | None = None,
    also: Also | None = None,
) -> Report:
    """Load one file by a recipe: all of it that can be loaded, or nothing.

    Everything happens in one transaction, which this function commits. A file that is refused
    leaves only the run and its findings behind.

    Parameters
    ----------
    engine : Engine
        Database to load into, with a role that may write.
    path : str or Path
        The file.
    recipe : str or Path
        Name of a recipe that comes with the service, or the path of one's own.
    dry_run : bool
        Whether to do everything but commit.
    refresh : bool
        Whether to rebuild what is derived from the data.
    resolutions : str, optional
        H3 resolutions to keep, as in ``GEO_RESOLUTIONS``; those kept now when absent.
    progress : Progress, optional
        Told how far the work has come.
    gazetteers : Gazetteers, optional
        Shared by the files of a batch.
    by : By, optional
        Who loads, for the audit log; the person at the command line when absent.
    name : str, optional
        What the file is called in reports, when it is kept under another name.
    also : callable, optional
        Done in the transaction that is committed, last.

    Returns
    -------
    Report
        Also for a refused file; ``exit_code`` is what a command should end with.

    Raises
    ------
    NotFound
        If there is no such recipe.
    BadRecipe
        If the recipe itself is wrong, whatever the file.
    """
    told = progress or silent
    known = read_recipe(recipe)
    report = Report(known.dataset.id, known.name, name or Path(path).name, dry_run=dry_run)
    kept = gazetteers or Gazetteers()
    try:
        source = Source.read(Path(path))
        report.file_sha256, report.file_bytes = source.sha256, len(source.data)
        _attempt(
            engine, source, known, report,
            refresh=refresh, resolutions=resolutions, progress=told, gazetteers=kept, by=by,
            also=also,
        )  # fmt: skip
    except _Stop:
        pass
    except Fault as fault:
        _refused(report, fault)
        if not dry_run:
            _record_refusal(engine, known, report, fault, by=by, also=also)
    return report


class _Stop(Exception):
    """Ends a transaction without keeping it: a dry run."""


def _attempt(
    engine: Engine,
    source: Source,
    recipe: Recipe,
    report: Report,
    *,
    refresh: bool,
    resolutions: str | None,
    progress: Progress,
    gazetteers: Gazetteers,
    by: audit.By | None,
    also: Also | None,
) -> None:
    with transaction(engine) as session:
        hold_lock(session, progress)
        dataset = _dataset(session, recipe)
        run = _begin(session, recipe, report)
        if _is_loaded(session, dataset, recipe, source):
            report.outcome = "already-loaded"
        else:
            number = _next_number(session, dataset)
            version = DatasetVersion(dataset_id=dataset.id, version=number, run_id=run.id)
            session.add(version)
            session.flush()
            loading = Loading(
                session, dataset, run, version, source, recipe, report, progress,
                gazetteers=gazetteers,
            )  # fmt: skip
            _loader_of(recipe)(loading)
            _finish_load(loading)
            if refresh and report.changed:
                derive(
                    session, loading.touched,
                    load_id=version.id, resolutions=resolutions, progress=progress,
                )  # fmt: skip
        _finish_run(session, run, report)
        _note(session, "load", report, by)
        if also is not None:
            also(session, report)
        if report.dry_run:
            raise _Stop


def _finish_load(loading: Loading) -> None:
    session, report = loading.session, loading.report
    session.flush()
    if report.changed == 0:
        # Nothing differs from what is stored: no new version, and the run tells why.
        session.delete(loading.version)
        session.flush()
        report.outcome = "already-loaded"
        return
    report.outcome = "loaded-with-rejects" if report.rows("refused") else "loaded"
    report.version = loading.dataset.version = loading.version.version
    session.flush()
    versions.bump(session, sorted(loading.touched))


def derive(
    session: Session,
    touched: set[str],
    *,
    load_id: int | None = None,
    resolutions: str | None = None,
    progress: Progress = silent,
) -> None:
    """Bring what is derived from changed data up to date; the caller commits.

    Parameters
    ----------
    session : Session
        Open in a transaction that holds the load lock.
    touched : set of str
        Subjects that changed: ``areas``, ``orgs``, ``indicator:{key}``, ``layer:{id}``.
    load_id : int, optional
        The load whose subjects these are.
    resolutions : str, optional
        H3 resolutions to keep; those kept now when absent.
    progress : Progress
        Told how far the work has come.
    """
    refreshing = import_module("ingest.refresh")
    changed = refreshing.Changed(frozenset(touched), load_id)
    refreshing.refresh(session, resolutions=resolutions, changed=changed, progress=progress)


def _loader_of(recipe: Recipe) -> Callable[[Loading], None]:
    if recipe.loader in {"areas", "orgs", "features"}:
        # The loaders of shapes need GDAL; tables load on a machine without it.
        found: Callable[[Loading], None] = import_module(f"ingest.{recipe.loader}").load
        return found
    tables: dict[str, Callable[[Loading], None]] = {
        "observations": observations.load,
        "remarks": remarks.load,
        "codes": codes.load,
    }
    return tables[recipe.loader]


def _dataset(session: Session, recipe: Recipe) -> Dataset:
    values = recipe.dataset.model_dump()
    session.execute(
        insert(Dataset)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["id"], set_={k: v for k, v in values.items() if k not in {"id", "kind"}}
        )
    )
    return session.execute(
        select(Dataset)
        .where(Dataset.id == recipe.dataset.id)
        .execution_options(populate_existing=True)
    ).scalar_one()


def _begin(session: Session, recipe: Recipe, report: Report) -> IngestRun:
    run = IngestRun(
        dataset_id=recipe.dataset.id,
        recipe=recipe.name,
        recipe_sha256=recipe.sha256,
        file_name=report.file_name,
        file_sha256=report.file_sha256,
        file_bytes=report.file_bytes,
        status="running",
    )
    session.add(run)
    session.flush()
    report.run_id = run.id
    return run


def _is_loaded(session: Session, dataset: Dataset, recipe: Recipe, source: Source) -> bool:
    # Whether this very file by this very recipe was read before, and nothing that bears on it
    # has changed since: neither the data set, nor the places that refused rows may need.
    before = session.execute(
        select(IngestRun.report["read_at"])
        .where(
            IngestRun.dataset_id == dataset.id,
            IngestRun.file_sha256 == source.sha256,
            IngestRun.recipe_sha256 == recipe.sha256,
            IngestRun.status.in_(["loaded", "loaded-with-rejects"]),
            IngestRun.rows_read > 0,  # not one that only found the file loaded
        )
        .order_by(IngestRun.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    now = _read_at(session, dataset)
    if before is None or dataset.version == 0:
        return False
    if before.get("refused") and recipe.remarks is not None:
        return False  # values that the remarks are about may be there by now
    # A file of which no row was refused is not read again because places were added.
    kept = list(now) if before.get("refused") else ["dataset"]
    return all(before.get(name) == now[name] for name in kept)


def _read_at(session: Session, dataset: Dataset) -> dict[str, int]:
    return {"dataset": dataset.version, **versions.versions_of(session, ["areas", "orgs"])}


def _next_number(session: Session, dataset: Dataset) -> int:
    # Numbers of versions that were undone are never given again: an old answer stays old.
    given = session.scalar(
        select(func.max(IngestRun.report["version"].as_integer())).where(
            IngestRun.dataset_id == dataset.id
        )
    )
    return max(dataset.version, given or 0) + 1


def _finish_run(session: Session, run: IngestRun, report: Report) -> None:
    is_loaded = report.outcome in {"loaded", "already-loaded"}
    run.status = "loaded" if is_loaded else report.outcome
    run.finished_at = datetime.now(tz=UTC)
    run.rows_read = report.rows_read
    run.rows_loaded = report.inserted + report.updated
    run.rows_unchanged = report.unchanged
    run.rows_refused = report.rows("refused")
    run.rows_flagged = report.rows("flagged")
    brief = report.as_json()
    del brief["rejected"]
    dataset = session.get_one(Dataset, run.dataset_id)
    versions.bump(session, [versions.LOADS])
    run.report = brief | {"read_at": _read_at(session, dataset) | {"refused": run.rows_refused}}
    session.flush()
    if report.rejected:
        session.execute(
            insert(Reject), [_row_of(run.id, report.file_name, one) for one in report.rejected]
        )


def _row_of(run_id: int, file_name: str, one: Rejected) -> dict[str, object]:
    return {
        "run_id": run_id,
        "severity": one.severity,
        "reason": one.reason,
        "file_name": file_name,
        "row": one.row,
        "column": one.column,
        "said": one.said,
        "hint_th": one.hint.th,
        "hint_en": one.hint.en,
        "candidates": list(one.candidates),
    }


def _refused(report: Report, fault: Fault) -> None:
    report.outcome = "refused"
    report.message = fault.detail
    report.inserted = report.updated = report.unchanged = report.deleted = 0
    report.version = None
    report.rejected.insert(0, Rejected("refused", fault.code, fault.detail))


def _record_refusal(
    engine: Engine,
    recipe: Recipe,
    report: Report,
    fault: Fault,
    *,
    by: audit.By | None,
    also: Also | None,
) -> None:
    # A transaction of its own: the one that loaded is gone with everything in it.
    with transaction(engine) as session:
        hold_lock(session)
        _dataset(session, recipe)
        run = _begin(session, recipe, report)
        _finish_run(session, run, report)
        run.status = "refused" if isinstance(fault, Refused) else "failed"
        outcome: audit.Outcome = "refused" if isinstance(fault, Refused) else "failed"
        _note(session, "load", report, by, outcome=outcome)
        if also is not None:
            also(session, report)


def _note(
    session: Session,
    action: str,
    report: Report,
    by: audit.By | None,
    *,
    outcome: audit.Outcome = "done",
) -> None:
    # In the transaction of the load: what is not noted did not happen.
    detail = {
        "outcome": report.outcome, "file": report.file_name, "sha256": report.file_sha256,
        "run": report.run_id, "version": report.version, "recipe": report.recipe,
    }  # fmt: skip
    audit.note(session, action, by, what=report.dataset_id, outcome=outcome, detail=detail)


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

    Parameters
    ----------
    engine : Engine
        Database, with a role that may write.
    dataset_id : str
        Id of the data set.
    version : int, optional
        Version that must be the newest; whichever is, when absent.
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
    Conflict
        If it holds no load, a later load changed the same rows, or other data depend on it.
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
        newest = session.scalars(
            select(DatasetVersion)
            .where(DatasetVersion.dataset_id == dataset_id)
            .order_by(DatasetVersion.version.desc())
        ).first()
        if newest is None:
            raise Conflict(
                Text(
                    th=f"ชุดข้อมูล '{dataset_id}' ไม่มีการนำเข้าที่ยกเลิกได้",
                    en=f"The data set '{dataset_id}' holds no load that could be undone",
                )
            )
        if version is not None and newest.version != version:
            raise Conflict(
                Text(
                    th=f"มีการนำเข้าที่ใหม่กว่า (ครั้งที่ {newest.version}) ให้ยกเลิกครั้งนั้นก่อน",
                    en=f"There is a newer load (version {newest.version}); undo that first",
                )
            )
        touched = _undo_version(session, dataset, newest, report=report)
        derive(session, touched, resolutions=resolutions, progress=told)
        _note(session, "undo", report, by)
        if also is not None:
            also(session, report)
    return report


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
