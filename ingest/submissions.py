"""Files handed in for loading: what is known of each, and who may move it on.

A file is submitted, tried without being kept, checked by a person, and published by another one.
Long work is done by a process of its own (`ingest.submission_work`) that holds a lock of the
database as long as it lives: who finds the lock free knows that the work was cut. What a load
changes and the word "published" are committed together, so that neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import CheckConstraint, Identity, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from geo_service.core.auth import Principal
from geo_service.core.errors import Conflict, Forbidden, NotFound
from geo_service.core.models import Base, one_of
from geo_service.core.text import Text
from ingest import submission_words as words

Task: TypeAlias = Literal["check", "publish", "undo"]

STATES: Final = (
    "submitted", "checked", "publishing", "published", "failed", "refused", "withdrawn", "undone",
)  # fmt: skip
TASKS: Final = ("", "check", "publish", "undo")
#: From which states a person may take which step.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "try": ("submitted", "checked", "failed"),
    "check": ("submitted", "failed"),
    "publish": ("checked", "failed"),
    "refuse": ("submitted", "checked", "failed"),
    "withdraw": ("submitted", "checked", "failed"),
    "undo": ("published",),
}
#: States in which the file is still needed.
OPEN: Final = ("submitted", "checked", "publishing", "failed")
#: What a step leads to: who takes it twice finds it done.
LEADS_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "check": ("checked",), "publish": ("publishing", "published"), "refuse": ("refused",),
    "withdraw": ("withdrawn",), "undo": ("undone",),
}  # fmt: skip
#: Steps that only begin; a process goes on with them.
TASK_OF: Final[Mapping[str, Task]] = {"try": "check", "publish": "publish", "undo": "undo"}
SUBMITTERS: Final = ("lao", "province", "dla", "admin")
CHECKERS: Final = ("analyst", "dla", "admin")
PUBLISHERS: Final = ("dla", "admin")
#: Who may read what stood in rows that were refused, besides who sent them.
SEES_CONTENTS: Final = ("dla", "admin")
PAGE: Final = 100
#: A process is up and holds its lock by then, in seconds.
_STARTS_WITHIN_S: Final = 30.0
#: First half of the locks of submissions; the other is the number of one.
LOCKS: Final = 7_850_131


class Submission(Base):
    """One file that somebody handed in; ``stored`` is its name on disk.

    ``sender_role`` and ``sender_place`` are those its sender had then: they bound whose its rows
    may be, also when he is given other ones later.

    ``task`` is what a process does with it now, or nothing; ``ended_by`` who published, refused
    or withdrew it, ``reason`` his words.
    """

    __tablename__ = "submission"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    recipe: Mapped[str]
    dataset_id: Mapped[str]
    file_name: Mapped[str]
    stored: Mapped[str] = mapped_column(unique=True)
    file_sha256: Mapped[str]
    file_bytes: Mapped[int]
    note: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="submitted")
    task: Mapped[str] = mapped_column(server_default="")
    stage: Mapped[str] = mapped_column(server_default="")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]
    fault_th: Mapped[str] = mapped_column(server_default="")
    fault_en: Mapped[str] = mapped_column(server_default="")
    report: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    version: Mapped[int | None]
    submitted_by: Mapped[str]
    sender_role: Mapped[str] = mapped_column(server_default="")
    sender_place: Mapped[str] = mapped_column(server_default="")
    submitted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    checked_by: Mapped[str] = mapped_column(server_default="")
    checked_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint(one_of("task", TASKS), name="task"),
    )


TABLES: tuple[Any, ...] = (Submission,)


def sees(who: Principal, one: Submission) -> bool:
    """Tell whether somebody may know of a submission.

    Parameters
    ----------
    who : Principal
        Who asks.
    one : Submission
        What for.

    Returns
    -------
    bool
        Those who check see all, those who submit their own.
    """
    return who.has_role(*CHECKERS) or who.name == one.submitted_by


def steps(who: Principal, one: Submission) -> tuple[str, ...]:
    """Tell what somebody may do with a submission now.

    Parameters
    ----------
    who : Principal
        Who asks.
    one : Submission
        As it is.

    Returns
    -------
    tuple of str
        Keys of `STEPS`.
    """
    if one.task:
        return ()
    return tuple(
        step for step, states in STEPS.items()
        if one.state in states and _may(who, step, one) and _has_cause(step, one)
    )  # fmt: skip


def _may(who: Principal, step: str, one: Submission) -> bool:
    # Nobody passes his own file, except an administrator, who may do all of it anyway.
    is_own = who.name == one.submitted_by
    is_other = not is_own or who.has_role("admin")
    if step == "withdraw":
        return is_own or who.has_role("admin")
    if step == "try":
        return is_own or who.has_role(*CHECKERS)
    if step == "undo":
        return who.has_role(*PUBLISHERS) and who.may("publish")
    if step == "publish":
        return is_other and who.has_role(*PUBLISHERS) and who.may("publish")
    return is_other and who.has_role(*CHECKERS)


def _has_cause(step: str, one: Submission) -> bool:
    # A publication that changed nothing left nothing to undo.
    return step != "undo" or one.version is not None


def listed(session: Session, who: Principal, *, below: int | None = None) -> Sequence[Submission]:
    """List submissions, the newest first.

    Parameters
    ----------
    session : Session
        Of the role that loads.
    who : Principal
        Sees all, or his own.
    below : int, optional
        Number before which the page begins.

    Returns
    -------
    sequence of Submission
        At most `PAGE`.
    """
    statement = select(Submission).order_by(Submission.id.desc()).limit(PAGE)
    if not who.has_role(*CHECKERS):
        statement = statement.where(Submission.submitted_by == who.name)
    if below is not None:
        statement = statement.where(Submission.id < below)
    found = session.scalars(statement).all()
    for one in found:
        notice_cut(session, one)
    return found


def found(session: Session, number: int, who: Principal, *, hold: bool = False) -> Submission:
    """Find a submission.

    Parameters
    ----------
    session : Session
        Of the role that loads.
    number : int
        Of the submission.
    who : Principal
        Who asks.
    hold : bool
        Whether others wait until the transaction ends.

    Returns
    -------
    Submission
        As it is; work that was cut is told as failed.

    Raises
    ------
    NotFound
        If there is none, or none that he may know of.
    """
    statement = select(Submission).where(Submission.id == number)
    if hold:
        statement = statement.with_for_update()
    one = session.scalars(statement).one_or_none()
    if one is None or not sees(who, one):
        raise NotFound(
            Text(th=f"ไม่มีข้อมูลที่ส่งหมายเลข {number}", en=f"There is no submission {number}")
        )
    notice_cut(session, one)
    return one


def notice_cut(session: Session, one: Submission) -> None:
    """Mark a submission whose process is gone.

    Parameters
    ----------
    session : Session
        Of the role that loads; the caller commits.
    one : Submission
        May have work under way.
    """
    if not one.task or one.started_at is None:
        return
    if (datetime.now(tz=UTC) - one.started_at).total_seconds() < _STARTS_WITHIN_S and not one.stage:
        return
    # The lock was taken by the process before it told its first stage.
    if not session.scalar(text(_TRY), {"lock": LOCKS, "id": one.id % 2**31}):
        return
    # Who saw the process end may be telling why just now.
    session.refresh(one, with_for_update=True)
    if one.task:
        end_task(one, fault=words.CUT)


def hold(session: Session, number: int) -> bool:
    """Hold the lock that says that somebody works on a submission, as long as the connection lasts.

    Parameters
    ----------
    session : Session
        On a connection of the process that works.
    number : int
        Of the submission.

    Returns
    -------
    bool
        False when another process holds it.
    """
    return bool(session.scalar(text(_HOLD), {"lock": LOCKS, "id": number % 2**31}))


def begin_task(one: Submission, task: Task) -> None:
    """Say that a process begins to work on a submission.

    Parameters
    ----------
    one : Submission
        Held; the caller commits, then starts the process.
    task : {"check", "publish", "undo"}
        What it does.
    """
    one.task, one.stage, one.done, one.total = task, "", 0, 0
    one.fault_th = one.fault_en = ""
    one.started_at = datetime.now(tz=UTC)
    if task == "publish":
        one.state = "publishing"


def end_task(one: Submission, *, fault: Text | None = None) -> None:
    """Say that the work on a submission is over.

    Parameters
    ----------
    one : Submission
        The caller commits.
    fault : Text, optional
        Why nothing came of it; what was there before stands.
    """
    if fault is not None:
        one.fault_th, one.fault_en = fault.th, fault.en
        if one.task == "publish":
            one.state = "failed"
    one.task = one.stage = ""


def is_taken(one: Submission, step: str) -> bool:
    """Tell whether a step was taken already, as when somebody presses its button twice.

    Parameters
    ----------
    one : Submission
        As it is.
    step : str
        A key of `STEPS`.

    Returns
    -------
    bool
        Also while a process works on it.
    """
    if one.task:
        return one.task == TASK_OF.get(step)
    return one.state in LEADS_TO.get(step, ())


def take_step(one: Submission, who: Principal, step: str, *, reason: str = "") -> None:
    """Move a submission on; work that is long only begins here.

    Parameters
    ----------
    one : Submission
        Held; the caller commits.
    who : Principal
        Who does it.
    step : str
        A key of `STEPS`.
    reason : str
        His words.

    Raises
    ------
    Forbidden
        If he may not.
    Conflict
        If it is not in a state for that, or work is under way.
    """
    if not _may(who, step, one):
        raise Forbidden(words.NOT_ALLOWED)
    _refuse_for_now(one, step)
    now = datetime.now(tz=UTC)
    if step == "check":
        one.state, one.checked_by, one.checked_at = "checked", who.name, now
    elif step in {"refuse", "withdraw"}:
        one.state = "refused" if step == "refuse" else "withdrawn"
        one.ended_by, one.ended_at, one.reason = who.name, now, reason
    elif step == "publish":
        one.ended_by = who.name


def _refuse_for_now(one: Submission, step: str) -> None:
    if one.task or one.state not in STEPS[step]:
        said = words.BEING[one.task] if one.task else words.SAID[one.state]
        raise Conflict(words.NOT_NOW.format(th=said.th, en=said.en), state=one.state)
    if not _has_cause(step, one):
        raise Conflict(words.NOTHING_CHANGED)
    if step == "check" and not one.report:
        raise Conflict(words.NOT_TRIED)
    if step == "publish" and not one.checked_by:
        raise Conflict(words.NOT_CHECKED)


_TRY: Final = "SELECT pg_try_advisory_xact_lock(:lock, CAST(:id AS integer))"
_HOLD: Final = "SELECT pg_try_advisory_lock(:lock, CAST(:id AS integer))"
