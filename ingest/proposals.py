"""Edits and who answers for them: carried out at once, or kept until a second person publishes.

Either way an edit is a submission: it stands in the same list, and is undone from there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.db import transaction
from ingest import editing, submission_files, submission_queue
from ingest.editing import Edit
from ingest.report import Report
from ingest.rollback import EDIT
from ingest.submission_work import brief
from ingest.submissions import Submission


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an edit: the feature, its tag, and the submission unless nothing differed."""

    code: str
    tag: str | None
    submission: Submission | None


def carry_out(engine: Engine, wanted: Edit, by: audit.By) -> Done:
    """Carry out the edit of somebody who may publish.

    Parameters
    ----------
    engine : Engine
        Of the role that loads.
    wanted : Edit
        What to do.
    by : By
        Who does it.

    Returns
    -------
    Done
        With a submission that is published already, from which the edit can be undone.
    """
    kept: list[Submission] = []

    def also(session: Session, report: Report) -> None:
        if report.version is None:
            return
        one = _submission(report, submission_files.new_name(".json"))
        one.state, one.version, one.submitted_by = "published", report.version, by.who.name
        one.ended_by, one.ended_at = by.who.name, datetime.now(tz=UTC)
        session.add(one)
        session.flush()
        kept.append(one)

    report = editing.edit(engine, wanted, by=by, within=by.who, also=also)
    return _done(report, kept[0] if kept else None)


def propose(engine: Engine, folder: Path, wanted: Edit, by: audit.By) -> Done:
    """Keep the edit of somebody who may not publish, after it was tried.

    Parameters
    ----------
    engine : Engine
        Of the role that loads.
    folder : Path
        Where files of submissions are kept.
    wanted : Edit
        What to do.
    by : By
        Who proposes it.

    Returns
    -------
    Done
        With an open submission; with none when nothing differs.
    """
    report = editing.edit(engine, wanted, by=by, within=by.who, dry_run=True)
    if not report.changed:
        return _done(report, None)
    path = folder / submission_files.new_name(".json")
    one = _submission(report, path.name)
    try:
        opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "wb") as out:
            out.write(wanted.as_json())
        with transaction(engine) as session:
            submission_queue.add(session, one, by.who)
            audit.note(
                session, "submit", by, what=one.dataset_id,
                detail={"submission": one.id, "file": one.file_name, "sha256": one.file_sha256},
            )  # fmt: skip
            session.refresh(one)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return _done(report, one)


def _done(report: Report, one: Submission | None) -> Done:
    return Done(str(report.figures["feature"]), report.figures["tag"], one)


def _submission(report: Report, stored: str) -> Submission:
    return Submission(
        recipe=EDIT, dataset_id=report.dataset_id, file_name=report.file_name, stored=stored,
        file_sha256=report.file_sha256, file_bytes=report.file_bytes, report=brief(report),
    )  # fmt: skip
