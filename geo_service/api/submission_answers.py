"""How submissions are told, to programs and on pages, and who may ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from geo_service.api.account_answers import csrf_of, moment
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from geo_service.core.errors import Fault
from geo_service.core.text import Lang
from geo_service.deps import require, settings_of
from geo_service.deps.desk import PERSONAL, loader_of
from geo_service.deps.shown import Submitted
from geo_service.problems import status_of
from ingest import submission_files, submissions
from ingest.submissions import Submission
from layers import indicators

#: Whoever may see any: those who submit and those who check.
SomebodyDep = Annotated[
    Principal, Depends(require(*dict.fromkeys(submissions.SUBMITTERS + submissions.CHECKERS)))
]
SubmitterDep = Annotated[Principal, Depends(require(*submissions.SUBMITTERS, scope="load"))]


def told(one: Submission, who: Principal, *, in_full: bool = True) -> dict[str, Any]:
    """Write a submission in JSON, as somebody may see it.

    Parameters
    ----------
    one : Submission
        What to write.
    who : Principal
        For whom.
    in_full : bool
        Whether with its report.

    Returns
    -------
    dict
        Ready to be written.
    """
    fault = {"th": one.fault_th, "en": one.fault_en} if one.fault_en else None
    written: dict[str, Any] = {
        "id": one.id,
        "state": one.state,
        "progress": {"task": one.task, "stage": one.stage, "done": one.done, "total": one.total}
        if one.task else None,
        "recipe": one.recipe,
        "dataset": one.dataset_id,
        "file": {"name": one.file_name, "bytes": one.file_bytes, "sha256": one.file_sha256},
        "note": one.note,
        "fault": fault,
        "submitted": {"by": one.submitted_by, "at": moment(one.submitted_at)},
        "checked": {"by": one.checked_by, "at": moment(one.checked_at)} if one.checked_by else None,
        "ended": {"by": one.ended_by, "at": moment(one.ended_at), "reason": one.reason}
        if one.ended_at else None,
        "version": one.version,
        "outcome": one.report.get("outcome"),
        "steps": list(submissions.steps(who, one)),
    }  # fmt: skip
    if in_full:
        is_open = who.has_role(*submissions.SEES_CONTENTS) or who.name == one.submitted_by
        written["report"] = _report(one.report, is_open=is_open)
    return written


def _report(report: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
    # What stood in a row may be what the public must not see; who only checks sees where and why.
    if is_open or not report:
        return report
    kept = ("severity", "reason", "row", "column")
    rejected = [{name: one[name] for name in kept} for one in report.get("rejected", ())]
    return {**report, "rejected": rejected, "figures": {}}


def list_page(
    request: Request,
    who: Principal,
    lang: Lang,
    *,
    before: int | None = None,
    fault: Fault | None = None,
    said: Mapping[str, str] | None = None,
) -> Response:
    """Show the list of submissions.

    Parameters
    ----------
    request : Request
        Of a browser.
    who : Principal
        Who looks.
    lang : {"th", "en"}
        Language of the page.
    before : int, optional
        Number before which the page begins.
    fault : Fault, optional
        What went wrong with a form of this page.
    said : mapping of str to str, optional
        What that form said besides its file.

    Returns
    -------
    Response
        HTML.
    """
    settings = settings_of(request)
    with transaction(loader_of(request)) as session:
        found = submissions.listed(session, who, below=before)
    may_submit = who.has_role(*submissions.SUBMITTERS) and who.may("load")
    ways = submission_files.recipes_for(who, settings.data_dir)
    shown = Submitted(
        lang, who, csrf_of(request, settings)[0],
        rows=tuple(told(one, who, in_full=False) for one in found),
        recipes=tuple((name, one.title) for name, one in ways.items()) if may_submit else (),
        most_mb=settings.upload_mb, fault=fault, said=said or {},
    )  # fmt: skip
    return _sent(request.app.state.submission_pages.listed, shown)


def one_page(
    request: Request, who: Principal, lang: Lang, number: int, *, fault: Fault | None = None
) -> Response:
    """Show one submission.

    Parameters
    ----------
    request : Request
        Of a browser.
    who : Principal
        Who looks.
    lang : {"th", "en"}
        Language of the page.
    number : int
        Of the submission.
    fault : Fault, optional
        What went wrong with a form of this page.

    Returns
    -------
    Response
        HTML.
    """
    with transaction(loader_of(request)) as session:
        one = told(submissions.found(session, number, who), who)
        known = {info.key: info for info in indicators.list_all(session, components=True)}
    shown = Submitted(
        lang, who, csrf_of(request, settings_of(request))[0], rows=(one,), indicators=known,
        fault=fault,
    )  # fmt: skip
    return _sent(request.app.state.submission_pages.one, shown)


def _sent(page: Callable[[Submitted, int], Response], shown: Submitted) -> Response:
    made = page(shown, 200 if shown.fault is None else status_of(shown.fault))
    made.headers.update(PERSONAL)
    return made
