"""What is written down of each attempt to change data: the run, its findings, its version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.models import Dataset, DatasetVersion, IngestRun, Reject
from ingest.load import Progress, Writing, silent
from ingest.report import Rejected, Report
from layers import versions

#: What whoever asks for a change has done in the same transaction, so that both hold or neither.
Also: TypeAlias = Callable[[Session, Report], None]


def begin(session: Session, report: Report, *, recipe_sha256: str) -> IngestRun:
    """Write down that an attempt begins.

    Parameters
    ----------
    session : Session
        Open in a transaction that holds the load lock.
    report : Report
        Of the attempt; it is told its run.
    recipe_sha256 : str
        Fingerprint of the recipe.

    Returns
    -------
    IngestRun
        Stored, as ``running``.
    """
    run = IngestRun(
        dataset_id=report.dataset_id,
        recipe=report.recipe,
        recipe_sha256=recipe_sha256,
        file_name=report.file_name,
        file_sha256=report.file_sha256,
        file_bytes=report.file_bytes,
        status="running",
    )
    session.add(run)
    session.flush()
    report.run_id = run.id
    return run


def begin_version(session: Session, dataset: Dataset, run: IngestRun) -> DatasetVersion:
    """Give a data set its next version, which the rows of a run will carry.

    Parameters
    ----------
    session : Session
        Open in a transaction that holds the load lock.
    dataset : Dataset
        To be changed.
    run : IngestRun
        That changes it.

    Returns
    -------
    DatasetVersion
        Its number was never given before: an answer from an undone version stays old.
    """
    given = session.scalar(
        select(func.max(IngestRun.report["version"].as_integer())).where(
            IngestRun.dataset_id == dataset.id
        )
    )
    number = max(dataset.version, given or 0) + 1
    version = DatasetVersion(dataset_id=dataset.id, version=number, run_id=run.id)
    session.add(version)
    session.flush()
    return version


def settle(writing: Writing) -> None:
    """Keep the version of what was written, or none when nothing differs from what is stored.

    Parameters
    ----------
    writing : Writing
        Whose rows are all written; its report gets an outcome.
    """
    session, report = writing.session, writing.report
    session.flush()
    if report.changed == 0:
        # No new version, and the run tells why.
        session.delete(writing.version)
        session.flush()
        report.outcome = "already-loaded"
        return
    report.outcome = "loaded-with-rejects" if report.rows("refused") else "loaded"
    report.version = writing.dataset.version = writing.version.version
    session.flush()
    versions.bump(session, sorted(writing.touched))


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


def finish(session: Session, run: IngestRun, report: Report) -> None:
    """Write down what came of an attempt.

    Parameters
    ----------
    session : Session
        Open in the transaction of the attempt, or of its own when that is gone.
    run : IngestRun
        From `begin`.
    report : Report
        Complete.
    """
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
    run.report = brief | {"read_at": read_at(session, dataset) | {"refused": run.rows_refused}}
    session.flush()
    if report.rejected:
        session.execute(
            insert(Reject), [_row_of(run.id, report.file_name, one) for one in report.rejected]
        )


def read_at(session: Session, dataset: Dataset) -> dict[str, int]:
    """Tell the state that a file is read against.

    Parameters
    ----------
    session : Session
        Open.
    dataset : Dataset
        That the file is of.

    Returns
    -------
    dict of str to int
        Versions of the data set, and of the places its rows name.
    """
    return {"dataset": dataset.version, **versions.versions_of(session, ["areas", "orgs"])}


def note(
    session: Session,
    action: str,
    report: Report,
    by: audit.By | None,
    *,
    outcome: audit.Outcome = "done",
) -> None:
    """Add an attempt to the audit log, in its own transaction: what is not noted did not happen.

    Parameters
    ----------
    session : Session
        Open in the transaction of the attempt.
    action : str
        A key of `audit.ACTIONS`.
    report : Report
        Complete.
    by : By, optional
        Who did it; the person at the command line when absent.
    outcome : {"done", "refused", "failed"}
        How it ended.
    """
    detail = {
        "outcome": report.outcome, "file": report.file_name, "sha256": report.file_sha256,
        "run": report.run_id, "version": report.version, "recipe": report.recipe,
    }  # fmt: skip
    audit.note(session, action, by, what=report.dataset_id, outcome=outcome, detail=detail)


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
