"""For administrators: accounts and everybody's keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from boundaries import places
from geo_service.api.account_answers import (
    FormatQuery,
    account_json,
    answer,
    csrf_of,
    done_or_shown_again,
    key_json,
    names_of,
    to,
    wants_page,
)
from geo_service.core import audit
from geo_service.core.accounts import keys, people
from geo_service.core.accounts.fields import read_role, settle_name
from geo_service.core.accounts.keys import KeyInfo
from geo_service.core.accounts.people import AccountInfo, Wishes
from geo_service.core.accounts.tokens import make_readable
from geo_service.core.auth import PLACED_ROLES, Role
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault
from geo_service.core.text import Text
from geo_service.deps import LangDep, PrincipalDep, SessionDep, require, settings_of
from geo_service.deps.desk import PERSONAL, Desk, DeskDep, recognition_of
from geo_service.deps.orders import Order, OrderDep
from geo_service.deps.shown import Managed

#: Every page under ``/manage`` is for those who manage.
MANAGERS_ONLY: Final = (Depends(require("admin", scope="manage")),)

router = APIRouter(prefix="/manage", include_in_schema=False, dependencies=MANAGERS_ONLY)

Word = Annotated[str | None, Query(max_length=200)]


@router.get("/users")
def users(
    request: Request,
    engine: DeskDep,
    who: PrincipalDep,
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
def add_user(order: OrderDep) -> Response:
    """Make an account; the first password is made here and shown once.

    Returns
    -------
    Response
        With the password, unless the account only has keys.
    """
    said = order.said

    def act() -> Response:
        role, place = said.text("role"), said.optional("place")
        check_place(order.request.app.state.engine, read_role(role, place), place)
        password = None if said.is_set("keysOnly") else make_readable()
        with transaction(order.desk) as desk:
            info = people.add(
                desk, said.text("name"), role=role, place=place, title=said.text("title", ""),
                email=said.optional("email"), password=password, must_change=True,
            )  # fmt: skip
            detail = {"role": info.role, "place": info.place}
            audit.note(desk, "account-made", order.by, what=info.name, detail=detail)
        if said.is_form:
            shown = Managed(order.lang, order.who, account=info, secret=password or "", done="made")
            return managed_page(order.request, "user", shown, 201)
        return answer(account_json(info) | {"password": password}, 201)

    return _or_again(order, act)


@router.get("/users/{name}")
def user(
    request: Request,
    engine: DeskDep,
    who: PrincipalDep,
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
def change_user(order: OrderDep, name: str) -> Response:
    """Change an account: role, place, title, address; what is absent stays.

    Returns
    -------
    Response
        As it is now.
    """
    said = order.said

    def act() -> Response:
        wishes = Wishes(
            title=said.wish("title"), email=said.wish("email"), role=said.optional("role"),
            place=said.optional("place"),
        )  # fmt: skip
        with transaction(order.desk) as desk:
            before = people.read(desk, name)
        if wishes.role is not None or wishes.place is not None:
            place = wishes.place or before.place
            role = read_role(wishes.role or before.role, place)
            check_place(order.request.app.state.engine, role, place)
        with transaction(order.desk) as desk:
            info = people.change(desk, name, wishes)
            detail = {
                "before": {"role": before.role, "place": before.place},
                "after": {"role": info.role, "place": info.place},
            }
            audit.note(desk, "account-changed", order.by, what=info.name, detail=detail)
        return _changed(order, info)

    return _or_again(order, act, name)


@router.post("/users/{name}/disable")
def disable_user(order: OrderDep, name: str) -> Response:
    """Disable an account: sessions end, keys are refused.

    Returns
    -------
    Response
        As it is now.
    """
    return _switched(order, name, people.disable, "account-disabled")


@router.post("/users/{name}/enable")
def enable_user(order: OrderDep, name: str) -> Response:
    """Let a disabled account in again.

    Returns
    -------
    Response
        As it is now.
    """
    return _switched(order, name, people.enable, "account-enabled")


@router.post("/users/{name}/password")
def new_password(order: OrderDep, name: str) -> Response:
    """Give somebody a new first password, made here and shown once; his sessions end.

    Returns
    -------
    Response
        With the password.
    """

    def act() -> Response:
        password = make_readable()
        with transaction(order.desk) as desk:
            people.set_password(desk, name, password, must_change=True)
            audit.note(
                desk, "password-changed", order.by, what=settle_name(name),
                detail={"by": "manager"},
            )  # fmt: skip
        recognition_of(order.request).forget()
        if not order.said.is_form:
            return answer({"password": password})
        info, found = _account(order.desk, name)
        shown = Managed(
            order.lang, order.who, account=info, keys=found, secret=password, done="password"
        )
        return managed_page(order.request, "user", shown)

    return _or_again(order, act, name)


@router.get("/keys")
def all_keys(
    request: Request,
    engine: DeskDep,
    who: PrincipalDep,
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
def revoke_any_key(order: OrderDep, prefix: str) -> Response:
    """Revoke anybody's key.

    Returns
    -------
    Response
        Which one; the page for browsers.
    """
    with transaction(order.desk) as session:
        owner = keys.revoke(session, prefix)
        audit.note(session, "key-revoked", order.by, what=prefix, detail={"account": owner})
    recognition_of(order.request).forget()
    if order.said.is_form:
        return to("/manage/keys?done=revoked", order.lang)
    return answer({"revoked": prefix})


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


def _switched(
    order: Order, name: str, switch: Callable[[SessionDep, str], AccountInfo], action: str
) -> Response:
    def act() -> Response:
        with transaction(order.desk) as desk:
            info = switch(desk, name)
            audit.note(desk, action, order.by, what=info.name)
        return _changed(order, info)

    return _or_again(order, act, name)


def _changed(order: Order, info: AccountInfo) -> Response:
    recognition_of(order.request).forget()
    if order.said.is_form:
        return to(f"/manage/users/{quote(info.name, safe='')}?done=changed", order.lang)
    return answer(account_json(info))


def _or_again(order: Order, act: Callable[[], Response], name: str | None = None) -> Response:
    def show(fault: Fault, status: int) -> Response:
        shown = Managed(order.lang, order.who, fault=fault, said=order.said)
        if name is None:
            with transaction(order.desk) as desk:
                shown = replace(shown, accounts=tuple(people.list_all(desk)))
            return managed_page(order.request, "users", shown, status)
        info, found = _account(order.desk, name)
        return managed_page(order.request, "user", replace(shown, account=info, keys=found), status)

    return done_or_shown_again(order, act, show)


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
    infos = (*shown.accounts, *([shown.account] if shown.account else []))
    names = names_of(request.app.state.engine, infos, shown.lines)
    made: Response = getattr(request.app.state.account_pages, name)(
        replace(shown, csrf=token, names=names), status
    )
    made.headers.update(PERSONAL)
    return made
