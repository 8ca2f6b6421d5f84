"""For administrators: the record of what was done, by whom."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response

from geo_service.api.account_answers import FormatQuery, answer, moment, names_of, wants_page
from geo_service.api.management import MANAGERS_ONLY, Word, managed_page
from geo_service.core import audit
from geo_service.core.audit import Line, Wanted
from geo_service.core.auth import Principal
from geo_service.core.csv_text import csv_parts
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, PrincipalDep
from geo_service.deps.desk import PERSONAL, Desk, DeskDep, note
from geo_service.deps.recorded import Told, tell
from geo_service.deps.shown import Managed

router = APIRouter(prefix="/manage", include_in_schema=False, dependencies=MANAGERS_ONLY)

_COLUMNS: Final = (
    "at", "action", "words", "outcome", "who_kind", "who_id", "who_name", "what", "address",
    "request", "detail", "when", "outcome_words", "who_words", "what_words", "detail_words",
)  # fmt: skip
_CSV: Final = "text/csv; charset=utf-8"


@router.get("/audit")
def record(
    request: Request,
    engine: DeskDep,
    who: PrincipalDep,
    lang: LangDep,
    wanted_who: Annotated[str | None, Query(alias="who", max_length=200)] = None,
    action: Word = None,
    outcome: Word = None,
    what: Word = None,
    first: Annotated[str | None, Query(alias="from", max_length=10)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=10)] = None,
    below: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    asked: FormatQuery = None,
) -> Response:
    """Read the record of what was done, the newest first.

    Returns
    -------
    Response
        JSON, CSV, or the page.
    """
    wanted = Wanted(
        who=wanted_who or None, action=action or None, outcome=outcome or None,
        what=what or None, first=_day(first, "from"), last=_day(last, "to"), below=below,
    )  # fmt: skip
    if asked == "csv":
        return _csv(request, engine, who, wanted, lang)
    with transaction(engine) as session:
        found = audit.read(session, wanted, limit=audit.PAGE + 1)
    lines, older = tuple(found[: audit.PAGE]), None
    if len(found) > audit.PAGE:
        older = lines[-1].id
    if wants_page(request, asked):
        shown = Managed(lang, who, lines=lines, wanted=wanted, older=older)
        return managed_page(request, "record", shown)
    return answer({"lines": [line_json(one) for one in lines], "older": older})


def line_json(one: Line) -> dict[str, Any]:
    """Write a line of the record for programs.

    Parameters
    ----------
    one : Line
        The line.

    Returns
    -------
    dict
        JSON-ready; what was done in words of both languages, too.
    """
    words = audit.ACTIONS.get(one.action, Text(one.action, one.action))
    return {
        "id": one.id,
        "at": moment(one.at),
        "action": one.action,
        "th": words.th,
        "en": words.en,
        "outcome": one.outcome,
        "who": {"kind": one.who_kind, "id": one.who_id, "name": one.who_name},
        "what": one.what,
        "address": one.address,
        "request": one.request_id,
        "detail": dict(one.detail),
    }


def _csv(request: Request, engine: Desk, who: Principal, wanted: Wanted, lang: Lang) -> Response:
    with transaction(engine) as session:
        found = audit.read(session, wanted, limit=audit.MOST_ROWS)
    note(request, "audit-read", what="csv", detail={"rows": len(found), "who": who.name})
    names = names_of(request.app.state.engine, lines=found)
    rows = [_row(one, tell(one, lang, names)) for one in found]
    body = "".join(csv_parts(_COLUMNS, [rows], is_sample=False))
    headers = {**PERSONAL, "Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(body, headers=headers, media_type=_CSV)


# What programs read first, then the same for people.
def _row(one: Line, told: Told) -> tuple[object, ...]:
    return (
        moment(one.at), one.action, told.action, one.outcome, one.who_kind, one.who_id,
        one.who_name, one.what, one.address, one.request_id, orjson.dumps(one.detail).decode(),
        told.when, told.outcome, told.kind, told.thing or one.what,
        "; ".join(": ".join(pair) for pair in told.detail),
    )  # fmt: skip


def _day(said: str | None, name: str) -> date | None:
    if not said:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise BadParameter(
            Text(th="วันที่ต้องเป็นแบบ 2026-11-22", en="A day is written like 2026-11-22"),
            parameter=name,
        ) from error
