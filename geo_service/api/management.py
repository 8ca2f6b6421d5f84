"""For administrators: accounts and everybody's keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from boundaries import places
from geo_service.api.account_answers import (
    FormatQuery,
    account_json,
    answer,
    csrf_of,
    key_json,
    to,
    wants_page,
)
from geo_service.core import audit
from geo_service.core.accounts import keys, people
from geo_service.core.accounts.keys import KeyInfo
from geo_service.core.accounts.people import AccountInfo, Wishes
from geo_service.core.accounts.tokens import make_readable
from geo_service.core.auth import PLACED_ROLES, Principal, Role
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, require, settings_of
from geo_service.deps.desk import PERSONAL, AskedDep, Desk, DeskDep, recognition_of
from geo_service.deps.forms import Said, SaidDep
from geo_service.deps.shown import Managed
from geo_service.problems import as_fault, status_of

router = APIRouter(prefix="/manage", include_in_schema=False)

ManagerDep = Annotated[Principal, Depends(require("admin", scope="manage"))]
Word = Annotated[str | None, Query(max_length=200)]


@router.get("/users")
def users(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    lang: LangDep,
    asked: FormatQuery = None,
    done: Word = None,
) -> Response:
    """List accounts.

    Returns
    -------
    Response
        JSON, or the page.
    """
    with transaction(engine) as session:
        found = tuple(people.list_all(session))
    if wants_page(request, asked):
        shown = Managed(lang, who, accounts=found, done=done or "")
        return managed_page(request, "users", shown)
    return answer({"users": [account_json(one) | {"keys": one.keys} for one in found]})


@router.post("/users")
def add_user(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
) -> Response:
    """Make an account; the first password is made here and shown once.

    Returns
    -------
    Response
        With the password, unless the account only has keys.
    """

    def act() -> Response:
        role, place = said.text("role"), said.optional("place")
        check_place(request.app.state.engine, people.read_role(role, place), place)
        password = None if said.is_set("keysOnly") else make_readable()
        with transaction(engine) as desk:
            info = people.add(
                desk, said.text("name"), role=role, place=place, title=said.text("title", ""),
                email=said.optional("email"), password=password, must_change=True,
            )  # fmt: skip
            audit.note(
                desk, "account-made", who=who, what=info.name, address=asked.address,
                request_id=asked.request_id, detail={"role": info.role, "place": info.place},
            )  # fmt: skip
        if said.is_form:
            shown = Managed(lang, who, account=info, secret=password or "", done="made")
            return managed_page(request, "user", shown, 201)
        return answer(account_json(info) | {"password": password}, 201)

    def again(fault: Fault) -> Response:
        with transaction(engine) as desk:
            found = tuple(people.list_all(desk))
        shown = Managed(lang, who, accounts=found, fault=fault, said=said)
        return managed_page(request, "users", shown, status_of(fault))

    return _or_again(said, act, again)


@router.get("/users/{name}")
def user(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    lang: LangDep,
    name: str,
    asked: FormatQuery = None,
    done: Word = None,
) -> Response:
    """Show one account with its keys.

    Returns
    -------
    Response
        JSON, or the page.
    """
    info, found = _account(engine, name)
    if wants_page(request, asked):
        shown = Managed(lang, who, account=info, keys=found, done=done or "")
        return managed_page(request, "user", shown)
    return answer(account_json(info) | {"keys": [key_json(one) for one in found]})


@router.post("/users/{name}")
def change_user(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
    name: str,
) -> Response:
    """Change an account: role, place, title, address; what is absent stays.

    Returns
    -------
    Response
        As it is now.
    """

    def act() -> Response:
        wishes = Wishes(
            title=said.wish("title"), email=said.wish("email"), role=said.optional("role"),
            place=said.optional("place"),
        )  # fmt: skip
        with transaction(engine) as desk:
            before = people.read(desk, name)
        if wishes.role is not None or wishes.place is not None:
            place = wishes.place or before.place
            check_place(
                request.app.state.engine, people.read_role(wishes.role or before.role, place), place
            )
        with transaction(engine) as desk:
            info = people.change(desk, name, wishes)
            audit.note(
                desk, "account-changed", who=who, what=info.name, address=asked.address,
                request_id=asked.request_id,
                detail={"before": {"role": before.role, "place": before.place},
                        "after": {"role": info.role, "place": info.place}},
            )  # fmt: skip
        return _changed(request, said, info, lang)

    return _or_again(said, act, _again_of(request, Managed(lang, who, said=said), engine, name))


@router.post("/users/{name}/disable")
def disable_user(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
    name: str,
) -> Response:
    """Disable an account: sessions end, keys are refused.

    Returns
    -------
    Response
        As it is now.
    """

    def act() -> Response:
        with transaction(engine) as desk:
            info = people.disable(desk, name)
            audit.note(
                desk, "account-disabled", who=who, what=info.name,
                address=asked.address, request_id=asked.request_id,
            )  # fmt: skip
        return _changed(request, said, info, lang)

    return _or_again(said, act, _again_of(request, Managed(lang, who, said=said), engine, name))


@router.post("/users/{name}/enable")
def enable_user(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
    name: str,
) -> Response:
    """Let a disabled account in again.

    Returns
    -------
    Response
        As it is now.
    """

    def act() -> Response:
        with transaction(engine) as desk:
            info = people.enable(desk, name)
            audit.note(
                desk, "account-enabled", who=who, what=info.name,
                address=asked.address, request_id=asked.request_id,
            )  # fmt: skip
        return _changed(request, said, info, lang)

    return _or_again(said, act, _again_of(request, Managed(lang, who, said=said), engine, name))


@router.post("/users/{name}/password")
def new_password(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
    name: str,
) -> Response:
    """Give somebody a new first password, made here and shown once; his sessions end.

    Returns
    -------
    Response
        With the password.
    """

    def act() -> Response:
        password = make_readable()
        with transaction(engine) as desk:
            people.set_password(desk, name, password, must_change=True)
            audit.note(
                desk, "password-changed", who=who, what=people.settle_name(name),
                address=asked.address, request_id=asked.request_id, detail={"by": "manager"},
            )  # fmt: skip
        recognition_of(request).forget()
        if not said.is_form:
            return answer({"password": password})
        info, found = _account(engine, name)
        shown = Managed(lang, who, account=info, keys=found, secret=password, done="password")
        return managed_page(request, "user", shown)

    return _or_again(said, act, _again_of(request, Managed(lang, who, said=said), engine, name))


@router.get("/keys")
def all_keys(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    lang: LangDep,
    asked: FormatQuery = None,
    done: Word = None,
) -> Response:
    """List everybody's keys.

    Returns
    -------
    Response
        JSON, or the page.
    """
    with transaction(engine) as session:
        found = tuple(keys.list_all(session))
    if wants_page(request, asked):
        return managed_page(request, "keys", Managed(lang, who, keys=found, done=done or ""))
    return answer({"keys": [key_json(one) for one in found]})


@router.post("/keys/{prefix}/revoke")
@router.delete("/keys/{prefix}")
def revoke_any_key(
    request: Request,
    engine: DeskDep,
    who: ManagerDep,
    said: SaidDep,
    lang: LangDep,
    asked: AskedDep,
    prefix: str,
) -> Response:
    """Revoke anybody's key.

    Returns
    -------
    Response
        Which one; the page for browsers.
    """
    with transaction(engine) as session:
        owner = keys.revoke(session, prefix)
        audit.note(
            session, "key-revoked", who=who, what=prefix, address=asked.address,
            request_id=asked.request_id, detail={"account": owner},
        )  # fmt: skip
    recognition_of(request).forget()
    return to("/manage/keys?done=revoked", lang) if said.is_form else answer({"revoked": prefix})


def check_place(engine: Desk, role: Role, place: str | None) -> None:
    """Refuse a place that does not exist for a role that stands for one.

    Parameters
    ----------
    engine : Engine
        Where places are.
    role : str
        One of `ROLES`.
    place : str, optional
        Code of the place.

    Raises
    ------
    BadParameter
        If there is no such organisation or province.
    """
    level = PLACED_ROLES.get(role)
    if level is None:
        return
    with transaction(engine) as session:
        found = places.find_name(session, level, place or "")
    if found is None:
        kind = Text("อปท.", "organisation") if level == "org" else Text("จังหวัด", "province")
        raise BadParameter(
            Text(th=f"ไม่มี{kind.th}รหัส '{place}'", en=f"There is no {kind.en} '{place}'"),
            parameter="place",
        )


def _account(engine: Desk, name: str) -> tuple[AccountInfo, tuple[KeyInfo, ...]]:
    with transaction(engine) as session:
        info = people.read(session, name)
        return info, tuple(keys.list_all(session, info.name))


def _changed(request: Request, said: Said, info: AccountInfo, lang: Lang) -> Response:
    recognition_of(request).forget()
    if said.is_form:
        return to(f"/manage/users/{quote(info.name, safe='')}?done=changed", lang)
    return answer(account_json(info))


def _or_again(
    said: Said, act: Callable[[], Response], again: Callable[[Fault], Response]
) -> Response:
    # A form that is refused is shown again with the reason; a program gets the problem.
    try:
        return act()
    except Exception as error:
        fault = as_fault(error)
        if not said.is_form or fault is not error:
            raise
        return again(fault)


def _again_of(
    request: Request, shown: Managed, engine: Desk, name: str
) -> Callable[[Fault], Response]:
    def again(fault: Fault) -> Response:
        info, found = _account(engine, name)
        page = replace(shown, account=info, keys=found, fault=fault)
        return managed_page(request, "user", page, status_of(fault))

    return again


def managed_page(request: Request, name: str, shown: Managed, status: int = 200) -> Response:
    """Show a page of administrators.

    Parameters
    ----------
    request : Request
        For the page.
    name : str
        Which one.
    shown : Managed
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        That no cache keeps.
    """
    token, _ = csrf_of(request, settings_of(request))
    made: Response = getattr(request.app.state.account_pages, name)(
        replace(shown, csrf=token), status
    )
    made.headers.update(PERSONAL)
    return made
