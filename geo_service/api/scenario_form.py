"""The form in which people write a scenario: one lever, in the words of a planner."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from geo_service.api.account_answers import csrf_of, done_or_shown_again, to
from geo_service.api.scenario_desk import AUTHORS, AuthorDep, keep, take_out
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault, Forbidden
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, PrincipalDep, SessionDep, settings_of
from geo_service.deps.desk import PERSONAL, LoaderDep
from geo_service.deps.forms import Said
from geo_service.deps.orders import OrderDep
from geo_service.deps.shown import Drafted
from ingest.scenarios import author_of
from layers import scenarios as kept
from layers.scenarios import offer

router = APIRouter(prefix="/scenarios", include_in_schema=False)

_PATH: Final = "/scenarios/new"
_WHOLE: Final = 100.0
_LONGEST_NAME: Final = 50


@router.get("/new")
def form(
    request: Request, who: PrincipalDep, engine: LoaderDep, lang: LangDep, done: str = ""
) -> Response:
    """Show the form; who is not signed in is asked to do so first.

    Returns
    -------
    Response
        HTML.

    Raises
    ------
    Forbidden
        If one may not write scenarios.
    """
    if who.is_anonymous:
        return to(f"/account?next={_PATH}", lang)
    if not who.has_role(*AUTHORS):
        raise Forbidden(_READERS)
    return _page(request, replace(_drafted(request, who, lang, engine), done=done))


@router.post("/new")
def add(who: AuthorDep, order: OrderDep, engine: LoaderDep) -> Response:
    """Keep what was written as a scenario, and go to its page.

    Returns
    -------
    Response
        303; the form again with the reason where it cannot be.
    """

    def act() -> Response:
        with transaction(engine) as session:
            document = written(order.said, session)
        added = keep(order.request, who, engine, document)
        return to(f"/scenarios/{added.name}?f=html", order.lang)

    def show(fault: Fault, status: int) -> Response:
        drafted = _drafted(order.request, who, order.lang, engine)
        return _page(order.request, replace(drafted, fault=fault, said=order.said), status)

    return done_or_shown_again(order, act, show)


@router.post("/{name}/remove")
def remove(who: AuthorDep, order: OrderDep, engine: LoaderDep, name: str) -> Response:
    """Take a scenario out; what it said is kept.

    Returns
    -------
    Response
        303, to the form.
    """
    take_out(order.request, who, engine, name)
    return to(f"{_PATH}?done=removed", order.lang)


def written(said: Said, session: SessionDep) -> dict[str, Any]:
    """Make a document of what stands in the form.

    Parameters
    ----------
    said : Said
        Its fields.
    session : Session
        Open: for a name that is free.

    Returns
    -------
    dict
        As `ingest.scenario_file.read` takes it.

    Raises
    ------
    BadParameter
        If a field is empty or no number; which one is told.
    """
    indicator, start = said.text("indicator"), _year(said, "from")
    lever = {
        "indicator": indicator,
        **_change(said),
        "where": _where(said),
        "from": start,
        "to": _year(said, "to"),
        "ramp": said.text("ramp", "linear"),
    }
    return {
        "name": _free_name(session, f"{indicator.replace('_', '-')}-{start}"),
        "title": _pair(said, "title"),
        "assumptions": [_pair(said, "assumption")],
        "level": offer.LEVEL,
        "levers": [lever],
    }


# Planners say "a tenth less"; a lever multiplies by 0.9.
def _change(said: Said) -> dict[str, Any]:
    kind, amount = said.text("kind"), _number(said, "amount")
    if kind == "percent":
        return {"kind": "multiply", "amount": 1 + amount / _WHOLE}
    return {"kind": kind, "amount": amount}


def _where(said: Said) -> dict[str, Any]:
    where = said.text("where")
    if where not in {"regions", "provinces"}:
        return {"country": True}
    codes = said.texts(where)
    if not codes:
        raise BadParameter(_NO_PLACE, parameter="where")
    return {where: codes}


def _number(said: Said, name: str) -> float:
    try:
        found = float(said.text(name).replace(",", "").strip())
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadParameter(_NO_NUMBER, parameter=name)
    return found


def _year(said: Said, name: str) -> int:
    return said.number(name, 0)


# What is written in one language stands in for the other.
def _pair(said: Said, name: str) -> tuple[str, str]:
    th, en = said.optional(f"{name}_th"), said.optional(f"{name}_en")
    if th is None and en is None:
        raise BadParameter(_EMPTY, parameter=name)
    return th or en or "", en or th or ""


def _free_name(session: SessionDep, wanted: str) -> str:
    wanted = wanted[:_LONGEST_NAME]
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 1_000)))
    return next(one for one in names if author_of(session, one) is None)


def _drafted(request: Request, who: Principal, lang: Lang, engine: LoaderDep) -> Drafted:
    with transaction(engine) as session:
        offered = offer.read(session)
        own = tuple(one for one in kept.list_all(session) if one.document.author == who.name)
    return Drafted(lang, who, offered, own, csrf_of(request, settings_of(request))[0])


def _page(request: Request, shown: Drafted, status: int = 200) -> Response:
    made: Response = request.app.state.scenario_form(shown, status)
    made.headers.update(PERSONAL)
    return made


_READERS: Final = Text(
    th="เขียนฉากทัศน์ได้เฉพาะนักวิเคราะห์และเจ้าหน้าที่ สถ. ขอสิทธิ์ได้จากผู้ดูแลระบบ",
    en="Analysts and staff of the DLA write scenarios; the administrator can give you that role",
)
_NO_PLACE: Final = Text(th="เลือกพื้นที่อย่างน้อยหนึ่งแห่ง", en="Choose at least one place")
_NO_NUMBER: Final = Text(
    th="ใส่เป็นตัวเลข เช่น -10 หรือ 0.85", en="This is a number, such as -10 or 0.85"
)
_EMPTY: Final = Text(th="เขียนอย่างน้อยหนึ่งภาษา", en="Write it in one language at least")
