"""Files handed in over HTTP: tried, checked by a person, published by another, and undone."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from geo_service.api.account_answers import FormatQuery, answer, to, wants_page
from geo_service.api.submission_answers import (
    SomebodyDep,
    SubmitterDep,
    list_page,
    one_page,
    told,
)
from geo_service.core import audit
from geo_service.core.addresses import address_of
from geo_service.core.auth import Principal
from geo_service.core.csv_text import csv_parts
from geo_service.core.db import transaction
from geo_service.core.errors import BadRequest, Busy, Conflict, Fault, Forbidden, Refused, TooLarge
from geo_service.core.roles import INGEST
from geo_service.core.text import Text
from geo_service.deps import LangDep, settings_of
from geo_service.deps.desk import PERSONAL, LoaderDep, by_of, loader_of
from geo_service.deps.forms import TOKEN_FIELD, TOKEN_HEADER, Said, SaidDep, prove
from geo_service.deps.uploads import Received, receive
from geo_service.problems import as_fault, prefers_page
from ingest import (
    first_look,
    size,
    submission_files,
    submission_queue,
    submission_work,
    submissions,
)
from ingest.reach import check_kind
from ingest.submissions import Submission, Task

router = APIRouter(prefix="/submissions", include_in_schema=False)

_LONGEST: Final = 1_000
_NOTED: Final = {
    "check": "submission-checked",
    "refuse": "submission-refused",
    "withdraw": "submission-withdrawn",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the address of an upload says of its file; a form says it in its fields."""

    recipe: str
    name: str
    note: str


_Word = Annotated[str, Query(max_length=_LONGEST)]


async def _said_of(recipe: _Word = "", name: _Word = "", note: _Word = "") -> Sent:
    return Sent(recipe, name, note)


SentDep = Annotated[Sent, Depends(_said_of)]


@router.get("")
def listed(
    request: Request,
    who: SomebodyDep,
    lang: LangDep,
    engine: LoaderDep,
    asked: FormatQuery = None,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """List submissions: all for those who check, one's own for those who submit.

    Returns
    -------
    Response
        JSON, or the page.
    """
    if wants_page(request, asked):
        return list_page(request, who, lang, before=before)
    with transaction(engine) as session:
        found = submissions.listed(session, who, below=before)
    return answer({"submissions": [told(one, who, in_full=False) for one in found]})


@router.post("")
async def submit(request: Request, who: SubmitterDep, lang: LangDep, sent: SentDep) -> Response:
    """Take a file for loading, and try it at once without keeping anything.

    Returns
    -------
    Response
        201 with its address; a browser is sent there.

    Raises
    ------
    Exception
        Whatever a program is told as a problem; a form is shown again with the reason.
    """
    # A form of a page brings its token as a field; whatever else is proven before it is read.
    is_form = (
        request.headers.get("content-type", "").lower().startswith("multipart/")
        and TOKEN_HEADER not in request.headers
    )
    fields: dict[str, str] = {}
    try:
        one = await _taken(request, who, sent, fields, is_form=is_form)
    except Exception as error:
        fault = as_fault(error)
        if fault is not error or not (is_form and prefers_page(request)):
            raise
        return await run_in_threadpool(
            partial(list_page, request, who, lang, fault=fault, said=fields)
        )
    where = f"/submissions/{one.id}"
    if is_form and prefers_page(request):
        return to(where, lang)
    made = answer(told(one, who), 201)
    made.headers["Location"] = where
    return made


async def _taken(
    request: Request, who: Principal, sent: Sent, fields: dict[str, str], *, is_form: bool
) -> Submission:
    settings = settings_of(request)
    if not is_form:
        prove(request)
    folder = await run_in_threadpool(_room, request, who)
    most = settings.upload_mb * 1_000_000
    try:
        came = await receive(request, folder, most_bytes=most, name=sent.name, fields=fields)
    except (Refused, TooLarge) as fault:
        await run_in_threadpool(_note_refusal, request, sent.name, fault)
        raise
    try:
        if is_form:
            prove(request, Said({TOKEN_FIELD: (fields.get(TOKEN_FIELD, ""),)}, is_form=True))
        asked = Sent(
            fields.get("recipe") or sent.recipe, came.name, fields.get("note") or sent.note
        )
        return await run_in_threadpool(_keep, request, who, came, asked)
    except BaseException:
        came.path.unlink(missing_ok=True)
        raise


def _room(request: Request, who: Principal) -> Path:
    # Before the file is taken: there is no use in sending what has no place.
    with transaction(loader_of(request)) as session:
        submission_queue.check_room(session, who.name)
    return submission_files.folder_of(settings_of(request).data_dir)


def _keep(request: Request, who: Principal, came: Received, sent: Sent) -> Submission:
    settings, by = settings_of(request), by_of(request)
    recipe = submission_files.recipe_of(sent.recipe, settings.data_dir)
    check_kind(who, recipe.loader)
    try:
        limits = size.limits_of(settings)
        first_look.check(first_look.look_at(came.path, came.name, recipe, limits))
    except (Refused, TooLarge) as fault:
        _note_refusal(request, came.name, fault, what=recipe.dataset.id, sha256=came.sha256)
        raise
    has_room = _has_room()
    one = Submission(
        recipe=sent.recipe, dataset_id=recipe.dataset.id, file_name=came.name,
        stored=came.path.name, file_sha256=came.sha256, file_bytes=came.size,
        note=sent.note[:_LONGEST].replace("\x00", ""),
    )  # fmt: skip
    try:
        with transaction(loader_of(request)) as session:
            submission_queue.add(session, one, who)
            if has_room:
                submissions.begin_task(one, "check")
            audit.note(
                session, "submit", by, what=one.dataset_id,
                detail={"submission": one.id, "file": came.name, "sha256": came.sha256},
            )  # fmt: skip
            session.flush()
            session.refresh(one)
            needed = submission_queue.needed(session)
    except BaseException:
        if has_room:
            submission_work.release()
        raise
    if has_room:
        submission_work.start(_order(request, who, one.id, "check"))
    submission_files.tidy(came.path.parent, needed)
    return one


def _note_refusal(request: Request, name: str, fault: Fault, **said: str) -> None:
    # Nothing else is kept of a file that was refused; what it held is nobody's business here.
    what = said.pop("what", "")
    with transaction(loader_of(request)) as session:
        audit.note(
            session, "submit", by_of(request), what=what, outcome="refused",
            detail={"file": submission_files.told_name(name), "reason": fault.code, **said},
        )  # fmt: skip


def _has_room() -> bool:
    # A file is kept all the same: it is tried when somebody asks for it again.
    try:
        submission_work.reserve()
    except Busy:
        return False
    return True


@router.get("/{number}")
def one_of(
    request: Request,
    who: SomebodyDep,
    lang: LangDep,
    engine: LoaderDep,
    number: int,
    asked: FormatQuery = None,
) -> Response:
    """Tell how far a submission has come, and what came of it.

    Returns
    -------
    Response
        JSON, or the page.
    """
    if wants_page(request, asked):
        return one_page(request, who, lang, number)
    with transaction(engine) as session:
        return answer(told(submissions.found(session, number, who), who))


@router.get("/{number}/findings.csv")
def findings(who: SomebodyDep, lang: LangDep, engine: LoaderDep, number: int) -> Response:
    """Give all findings of the report as a table.

    Returns
    -------
    Response
        CSV.
    """
    with transaction(engine) as session:
        found = told(submissions.found(session, number, who), who)
    rows = [
        (
            one["row"], one["column"] or "", one["severity"], one["reason"], one.get("said") or "",
            (one.get("hint") or {}).get(lang, ""), "; ".join(one.get("candidates") or ()),
        )
        for one in found["report"].get("rejected", ())
    ]  # fmt: skip
    body = "".join(csv_parts(_COLUMNS, [rows], is_sample=False))
    headers = {
        **PERSONAL, "Content-Disposition": f'attachment; filename="submission-{number}.csv"',
    }  # fmt: skip
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


@router.post("/{number}/{step}")
def take_step(
    request: Request, who: SomebodyDep, said: SaidDep, lang: LangDep, number: int, step: str
) -> Response:
    """Move a submission on: try, check, publish, refuse, withdraw or undo it.

    Returns
    -------
    Response
        As it is now; 202 when a process goes on with it.

    Raises
    ------
    BadRequest
        If there is no such step.
    Exception
        Whatever a program is told as a problem; a form is shown again with the reason.
    """
    if step not in submissions.STEPS:
        raise BadRequest(
            Text(
                th=f"ขั้นตอนมี {' '.join(submissions.STEPS)}",
                en=f"The steps are {' '.join(submissions.STEPS)}",
            )
        )
    try:
        one = _moved(request, who, number, step, said.text("reason", "")[:_LONGEST])
    except Exception as error:
        fault = as_fault(error)
        if not said.is_form or fault is not error:
            raise
        if not (isinstance(fault, Conflict) and _is_taken(request, who, number, step)):
            return one_page(request, who, lang, number, fault=fault)
        return to(f"/submissions/{number}", lang)
    if said.is_form:
        return to(f"/submissions/{number}", lang)
    return answer(told(one, who), 202 if step in submissions.TASK_OF else 200)


def _is_taken(request: Request, who: Principal, number: int, step: str) -> bool:
    with transaction(loader_of(request)) as session:
        return submissions.is_taken(submissions.found(session, number, who), step)


def _moved(request: Request, who: Principal, number: int, step: str, reason: str) -> Submission:
    if who.kind == "key" and not (who.may("load") or who.may("publish")):
        raise Forbidden(_KEY)
    one = _stepped(request, who, number, step, reason)
    if (task := submissions.TASK_OF.get(step)) is not None:
        submission_work.start(_order(request, who, number, task))
    elif one.state not in submissions.OPEN:
        folder = submission_files.folder_of(settings_of(request).data_dir)
        (folder / one.stored).unlink(missing_ok=True)
    return one


def _stepped(request: Request, who: Principal, number: int, step: str, reason: str) -> Submission:
    task = submissions.TASK_OF.get(step)
    with ExitStack() as held:
        with transaction(loader_of(request)) as session:
            one = submissions.found(session, number, who, hold=True)
            submissions.take_step(one, who, step, reason=reason)
            if task is not None:
                submission_work.reserve()
                held.callback(submission_work.release)
                submissions.begin_task(one, task)
            if step in _NOTED:
                audit.note(
                    session, _NOTED[step], by_of(request), what=one.dataset_id,
                    detail={"submission": number, "reason": reason},
                )  # fmt: skip
        held.pop_all()
        return one


def _order(request: Request, who: Principal, number: int, task: Task) -> submission_work.Order:
    settings, by = settings_of(request), by_of(request)
    return submission_work.Order(
        url=address_of(settings, INGEST), data_dir=str(settings.data_dir.absolute()), number=number,
        task=task, resolutions=settings.resolutions, limits=asdict(size.limits_of(settings)),
        who=submission_work.principal_as_json(who), address=by.address,
        request_id=by.request_id,
    )  # fmt: skip


_COLUMNS: Final = ("row", "column", "severity", "reason", "said", "hint", "candidates")
_KEY: Final = Text(
    th="คีย์นี้มีไว้อ่าน ให้ลงชื่อเข้าใช้ หรือใช้คีย์ที่นำเข้าข้อมูลได้",
    en="This key may only read; sign in, or use a key that may load",
)
