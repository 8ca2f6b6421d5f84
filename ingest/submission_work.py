"""The process that tries, publishes or undoes a submission, so that the service need not.

It reads what to do from its standard input, tells how far it has come in the row of the submission,
and lives on when the server process that started it does not.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.auth import Principal
from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import Busy, Conflict, Fault
from geo_service.core.text import Text
from ingest import (
    editing,
    pipeline,
    submission_ends,
    submission_files,
    submission_queue,
    submissions,
)
from ingest.load import Progress
from ingest.pipeline import Also, Way
from ingest.report import Report
from ingest.rollback import EDIT
from ingest.size import Limits
from ingest.submissions import Submission, Task

log = logging.getLogger(__name__)

#: At once for one server process; loads wait for each other anyway.
MOST_AT_ONCE: Final = 2
#: Findings kept with a submission; the counts are of all.
MOST_FINDINGS: Final = 5_000
MEMORY_BYTES: Final = 6_000_000_000
#: Trying a file takes no longer, in seconds; publishing may rebuild a lot.
TRY_S: Final = 1_800
PUBLISH_S: Final = 6 * 3_600
_TELL_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is told: which submission, what to do, for whom."""

    url: str = field(repr=False)
    data_dir: str
    number: int
    task: Task
    resolutions: str
    limits: dict[str, int]
    who: dict[str, Any]
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _Job:
    engine: Engine
    one: Submission
    order: Order
    by: audit.By
    tell: Progress


_places: list[None] = []
_one_at_a_time = threading.Lock()


def reserve() -> None:
    """Take a place for a process that is about to begin.

    Raises
    ------
    Busy
        If there are as many as one server process may have.
    """
    with _one_at_a_time:
        if len(_places) >= MOST_AT_ONCE:
            raise Busy(_TOO_MANY, retryAfter=30)
        _places.append(None)


def release() -> None:
    """Give a place back."""
    with _one_at_a_time:
        _places.pop()


def start(order: Order) -> None:
    """Begin a process for an order, in a place that was reserved, and leave it to itself.

    Parameters
    ----------
    order : Order
        What to do.
    """
    began, written = datetime.now(tz=UTC), TemporaryFile()  # noqa: SIM115  (closed when it ends)
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest.submission_work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=written,
        start_new_session=True,
    )
    threading.Thread(target=_see_off, args=(process, order, began, written), daemon=True).start()


def _see_off(
    process: subprocess.Popen[bytes], order: Order, began: datetime, written: IO[bytes]
) -> None:
    try:
        process.communicate(json.dumps(asdict(order)).encode())
        ended = process.returncode
        if ended:
            log.warning(
                "a submission was cut",
                extra={
                    "submission": order.number, "task": order.task, "ended": ended,
                    "said": submission_ends.last_words(written, order.url),
                },
            )  # fmt: skip
            submission_ends.tell(order.number, order.url, ended=ended, began=began)
    finally:
        written.close()
        release()


def principal_as_json(who: Principal) -> dict[str, Any]:
    """Write who acts, for a process.

    Parameters
    ----------
    who : Principal
        Without anything secret.

    Returns
    -------
    dict
        For `Order`.
    """
    return {"kind": who.kind, "id": who.id, "name": who.name, "role": who.role}


def run(order: Order) -> None:
    """Do what an order says.

    Parameters
    ----------
    order : Order
        What to do.
    """
    engine = make_engine(order.url, pool_timeout_s=30.0)
    try:
        with Session(engine) as holding:
            # A connection of the pool holds it until this process ends, however it ends.
            if not submissions.hold(holding, order.number):
                return
            holding.commit()
            _do(engine, order)
    finally:
        engine.dispose()


def _do(engine: Engine, order: Order) -> None:
    tell = _teller(engine, order.number)
    tell("reading", 0, None)
    with transaction(engine) as session:
        one = session.get_one(Submission, order.number)
    who = Principal(**order.who)
    try:
        tasks = {"check": _try, "publish": _publish, "undo": _undo}
        tasks[order.task](
            _Job(engine, one, order, audit.By(who, order.address, order.request_id), tell)
        )
    except Fault as fault:
        _fail(engine, order.number, fault.detail)
    except MemoryError:
        _fail(engine, order.number, _TOO_LARGE)
    except Exception:
        _fail(engine, order.number, _BROKEN)
        raise


def _try(job: _Job) -> None:
    one = job.one
    if one.recipe == EDIT:
        report = editing.edit(job.engine, _edit(job), by=job.by, within=None, dry_run=True)
    else:
        report = pipeline.ingest(
            job.engine, _path(one, job.order), recipe=_recipe(one, job.order),
            dry_run=True, refresh=False, way=_way(job),
        )  # fmt: skip
    with transaction(job.engine) as session:
        row = session.get_one(Submission, one.id)
        row.report = brief(report)
        submissions.end_task(row)


def _publish(job: _Job) -> None:
    one = job.one

    def also(session: Session, report: Report) -> None:
        if report.file_sha256 != one.file_sha256:
            raise Conflict(_CHANGED)
        row = session.get_one(Submission, one.id)
        row.report, row.version = brief(report), report.version
        if report.outcome == "refused":
            submissions.end_task(row, fault=report.message or _BROKEN)
            return
        row.state, row.ended_by, row.ended_at = "published", job.by.who.name, datetime.now(tz=UTC)
        submissions.end_task(row)
        audit.note(
            session, "publish", job.by, what=one.dataset_id,
            detail={"submission": one.id, "outcome": report.outcome, "version": report.version},
        )  # fmt: skip

    if one.recipe == EDIT:
        # Its place was looked at when it was sent; that nothing changed since, its tag says.
        report = editing.edit(job.engine, _edit(job), by=job.by, within=None, also=also)
    else:
        report = pipeline.ingest(
            job.engine, _path(one, job.order), recipe=_recipe(one, job.order), way=_way(job, also)
        )
    if report.exit_code in {0, 3}:
        _path(one, job.order).unlink(missing_ok=True)


def _undo(job: _Job) -> None:
    one = job.one

    def also(session: Session, report: Report) -> None:  # noqa: ARG001  (as for a load)
        row = session.get_one(Submission, one.id)
        row.state = "undone"
        submissions.end_task(row)

    pipeline.rollback(
        job.engine, one.dataset_id, version=one.version, resolutions=job.order.resolutions,
        progress=job.tell, by=job.by, also=also,
    )  # fmt: skip


def _way(job: _Job, also: Also | None = None) -> Way:
    return Way(
        name=job.one.file_name, by=job.by, sender=submission_queue.sender_of(job.one), also=also,
        limits=Limits(**job.order.limits), resolutions=job.order.resolutions, progress=job.tell,
    )  # fmt: skip


def brief(report: Report) -> dict[str, Any]:
    """Write a report as it is kept with a submission.

    Parameters
    ----------
    report : Report
        Of a load or a try.

    Returns
    -------
    dict
        Plain JSON, with at most `MOST_FINDINGS` findings; no character that PostgreSQL refuses.
    """
    told = report.as_json()
    told["findings"] = len(told["rejected"])
    told["rejected"] = told["rejected"][:MOST_FINDINGS]
    cleaned: dict[str, Any] = json.loads(
        json.dumps(told, default=str).replace("\\u0000", "\\ufffd"),
        parse_constant=lambda _: None,
    )
    return cleaned


def _edit(job: _Job) -> editing.Edit:
    return editing.read_edit(_path(job.one, job.order).read_bytes())


def _path(one: Submission, order: Order) -> Path:
    return submission_files.folder_of(Path(order.data_dir)) / one.stored


def _recipe(one: Submission, order: Order) -> str | Path:
    own = Path(order.data_dir) / submission_files.RECIPES / f"{one.recipe}.toml"
    return own if own.is_file() else one.recipe


def _teller(engine: Engine, number: int) -> Progress:
    last: dict[str, Any] = {"stage": None, "at": 0.0}

    def tell(stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if stage == last["stage"] and now - last["at"] < _TELL_EVERY_S:
            return
        last.update(stage=stage, at=now)
        with transaction(engine) as session:
            session.execute(
                update(Submission)
                .where(Submission.id == number)
                .values(stage=stage[:100], done=done, total=total or 0)
            )

    return tell


def _fail(engine: Engine, number: int, why: Text) -> None:
    with transaction(engine) as session:
        submissions.end_task(session.get_one(Submission, number), fault=why)


def main() -> int:
    """Do what the standard input says.

    Returns
    -------
    int
        0 when it was done, or why not is told in the row of the submission.
    """
    order = Order(**json.load(sys.stdin))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.alarm(TRY_S if order.task == "check" else PUBLISH_S)
    run(order)
    return 0


_TOO_MANY: Final = Text(
    th="กำลังตรวจหรือเผยแพร่ไฟล์อื่นอยู่ กรุณาลองใหม่ในอีกครู่",
    en="Other files are being worked on; try again in a moment",
)
_TOO_LARGE: Final = Text(
    th="ไฟล์ใหญ่เกินกว่าที่เครื่องนี้อ่านได้ โปรดแบ่งไฟล์",
    en="The file is larger than this machine can read; split it",
)
_BROKEN: Final = Text(
    th="เกิดข้อผิดพลาดระหว่างทำงาน ไม่มีข้อมูลใดเปลี่ยน",
    en="Something went wrong; nothing was changed",
)
_CHANGED: Final = Text(
    th="ไฟล์ที่เก็บไว้ไม่ตรงกับไฟล์ที่ตรวจ", en="The file that is kept is not the one that was checked"
)

if __name__ == "__main__":
    sys.exit(main())
