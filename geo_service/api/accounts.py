"""One's own account: signing in and out, the password, keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

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
from geo_service.core.accounts import entry, keys, passwords, people, sessions
from geo_service.core.accounts.tokens import form_token
from geo_service.core.auth import ANONYMOUS, SCOPES, Principal
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault, Forbidden
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, PrincipalDep, SettingsDep, require
from geo_service.deps.desk import (
    PERSONAL,
    SESSION_TOKEN,
    DeskDep,
    drop_session,
    give_form,
    give_session,
    is_secure,
    recognition_of,
)
from geo_service.deps.forms import Said
from geo_service.deps.orders import Order, OrderDep
from geo_service.deps.shown import Shown

router = APIRouter(prefix="/account", include_in_schema=False)

#: Pages of ours only: one slash, then anything but another.
_LOCAL: Final = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f]{0,500}")

#: Somebody with an account, by cookie or by key.
OwnerDep = Annotated[Principal, Depends(require())]
DoneQuery = Annotated[str | None, Query(max_length=40)]


@router.get("")
def account(
    request: Request, settings: SettingsDep, engine: DeskDep, who: PrincipalDep, lang: LangDep,
    asked: FormatQuery = None, done: DoneQuery = None,
    return_to: Annotated[str | None, Query(alias="next", max_length=500)] = None,
) -> Response:  # fmt: skip
    """Tell who is signed in; to a browser, the page of the account or of signing in.

    Returns
    -------
    Response
        For this caller alone.
    """
    shown = Shown(lang, who, done=done or "", return_to=local(return_to))
    if wants_page(request, asked):
        return _page(request, settings, shown)
    if who.is_anonymous:
        return answer({"signedIn": False, "role": who.role, "scopes": sorted(who.scopes)})
    with transaction(engine) as session:
        info = people.read(session, who.name)
    body = {"signedIn": True, "kind": who.kind, **account_json(info)}
    body["scopes"] = [one for one in SCOPES if one in who.scopes]
    if token := request.scope.get(SESSION_TOKEN):
        body["csrf"] = form_token(token)
    return answer(body)


@router.post("/sign-in")
def sign_in(order: OrderDep) -> Response:
    """Sign in with a name and a password.

    Returns
    -------
    Response
        With the cookie of a new session; a browser is sent on.
    """
    said, old = order.said, order.request.scope.get(SESSION_TOKEN)

    def enter() -> Response:
        entered = entry.sign_in(
            order.desk, said.text("name"), said.text("password"),
            by=order.by, lasts=lasts(order.settings),
        )  # fmt: skip
        return _welcomed(order, entered)

    made = _or_again(order, Shown(order.lang, ANONYMOUS, return_to=_next(said)), enter)
    if old is not None and made.status_code < 400:  # noqa: PLR2004  (RFC 9110: not an error)
        with transaction(order.desk) as session:
            sessions.end(session, old)
    return made


@router.post("/sign-out")
def sign_out(order: OrderDep) -> Response:
    """End the session.

    Returns
    -------
    Response
        Without the cookie.
    """
    token = order.request.scope.get(SESSION_TOKEN)
    if token is not None:
        with transaction(order.desk) as session:
            sessions.end(session, token)
            audit.note(session, "sign-out", order.by, what=order.who.name)
    if order.said.is_form:
        made: Response = to("/account?done=signed-out", order.lang)
    else:
        made = answer({"signedIn": False})
    drop_session(made, secure=is_secure(order.request.scope, order.settings))
    return made


@router.post("/password")
def password(who: OwnerDep, order: OrderDep) -> Response:
    """Change one's password; all sessions end and this browser gets a new one.

    Returns
    -------
    Response
        With the cookie of the new session.

    Raises
    ------
    Forbidden
        If the caller is a program: a key cannot be exchanged for a password.
    """
    if who.kind != "user":
        raise Forbidden(Text(th="คีย์เปลี่ยนรหัสผ่านไม่ได้", en="A key cannot change the password"))

    def change() -> Response:
        token = _change_password(order)
        recognition_of(order.request).forget()
        if order.said.is_form:
            made: Response = to("/account?done=password", order.lang)
        else:
            made = answer({"changed": True, "csrf": form_token(token)})
        return _with_session(made, order.request, order.settings, token)

    return _or_again(order, Shown(order.lang, who), change)


def _change_password(order: Order) -> str:
    said, name, new = order.said, order.who.name, order.said.text("new")
    if "repeat" in said.fields and said.text("repeat") != new:
        raise BadParameter(
            Text(th="รหัสผ่านใหม่สองช่องไม่ตรงกัน", en="The two new passwords differ"),
            parameter="repeat",
        )
    with transaction(order.desk) as session:
        info = people.read(session, name)
    people.refuse_openid(info)
    if passwords.settle(new) == passwords.settle(said.text("current")):
        raise BadParameter(
            Text(th="รหัสผ่านใหม่ต้องไม่ใช่รหัสผ่านเดิม", en="The new password is the current one"),
            parameter="password",
        )
    passwords.examine(new, info.name, info.title, info.email or "")
    # By the same door as everybody: wrong guesses count and lock.
    entry.confirm(order.desk, name, said.text("current"), by=order.by)
    with transaction(order.desk) as session:
        people.set_password(session, name, new)
        audit.note(session, "password-changed", order.by, what=name)
        return sessions.begin(session, int(order.who.id), lasts=lasts(order.settings))


@router.get("/keys")
def own_keys(engine: DeskDep, who: OwnerDep) -> Response:
    """List one's own keys.

    Returns
    -------
    Response
        Without anything one could sign in with.
    """
    with transaction(engine) as session:
        found = keys.list_all(session, who.name)
    return answer({"keys": [key_json(one) for one in found]})


@router.post("/keys")
def make_key(who: OwnerDep, order: OrderDep) -> Response:
    """Make a key; it is shown this once.

    Returns
    -------
    Response
        With the whole key.

    Raises
    ------
    Forbidden
        If a key asks for more than it has itself.
    """
    said, scopes = order.said, order.said.texts("scopes")
    if who.kind != "user" and set(scopes) - who.scopes:
        raise Forbidden(
            Text(th="คีย์ออกคีย์ที่มีสิทธิ์มากกว่าตนเองไม่ได้", en="A key makes no key that may more than it")
        )
    shown = Shown(order.lang, who)

    def make() -> Response:
        with transaction(order.desk) as session:
            key, prefix = keys.make(
                session, who.name, label=said.text("label", ""), scopes=scopes,
                days=said.number("days", keys.USUAL_DAYS),
            )  # fmt: skip
            detail = {"account": who.name, "scopes": list(scopes)}
            audit.note(session, "key-made", order.by, what=prefix, detail=detail)
        if said.is_form:
            return _page(order.request, order.settings, replace(shown, new_key=key), 201)
        return answer({"key": key, "prefix": prefix}, 201)

    return _or_again(order, shown, make)


@router.post("/keys/{prefix}/revoke")
@router.delete("/keys/{prefix}")
def revoke_key(who: OwnerDep, order: OrderDep, prefix: str) -> Response:
    """Revoke one of one's own keys.

    Returns
    -------
    Response
        Which one; the page of the account for browsers.
    """
    with transaction(order.desk) as session:
        keys.revoke(session, prefix, who.name)
        audit.note(session, "key-revoked", order.by, what=prefix, detail={"account": who.name})
    recognition_of(order.request).forget()
    if order.said.is_form:
        return to("/account?done=revoked", order.lang)
    return answer({"revoked": prefix})


def local(address: str | None) -> str:
    """Keep an address only if it is a page of ours.

    Parameters
    ----------
    address : str, optional
        As somebody wrote it.

    Returns
    -------
    str
        Empty for everything else.
    """
    return address if address and _LOCAL.fullmatch(address) else ""


def lasts(settings: Settings) -> timedelta:
    """Tell how old a session may become.

    Parameters
    ----------
    settings : Settings
        Of the service.

    Returns
    -------
    timedelta
        Hours.
    """
    return timedelta(hours=settings.session_hours)


def welcome(
    request: Request, settings: Settings, entered: entry.Entered, address: str, lang: Lang
) -> Response:
    """Send a browser on that has just signed in.

    Parameters
    ----------
    request : Request
        Of the sign-in.
    settings : Settings
        Of the service.
    entered : Entered
        Who it is.
    address : str
        Page that was wanted; a first password is changed before anything else.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    Response
        With the cookie of the session.
    """
    made = to("/account" if entered.must_change else address or "/account", lang)
    return _with_session(made, request, settings, entered.token)


def _welcomed(order: Order, entered: entry.Entered) -> Response:
    if order.said.is_form:
        return welcome(order.request, order.settings, entered, _next(order.said), order.lang)
    made = answer(
        {
            "signedIn": True,
            "name": entered.principal.name,
            "role": entered.principal.role,
            "mustChangePassword": entered.must_change,
            "csrf": form_token(entered.token),
        }
    )
    return _with_session(made, order.request, order.settings, entered.token)


def _with_session(made: Response, request: Request, settings: Settings, token: str) -> Response:
    give_session(made, token, secure=is_secure(request.scope, settings), lasts=lasts(settings))
    return made


def _or_again(order: Order, shown: Shown, act: Callable[[], Response]) -> Response:
    def show(fault: Fault, status: int) -> Response:
        again = replace(shown, said=order.said, fault=fault)
        return _page(order.request, order.settings, again, status)

    return done_or_shown_again(order, act, show)


def _page(request: Request, settings: Settings, shown: Shown, status: int = 200) -> Response:
    token, new_cookie = csrf_of(request, settings)
    shown = replace(shown, csrf=token, openid=bool(settings.oidc_issuer))
    if not shown.who.is_anonymous:
        with transaction(request.app.state.desk) as session:
            info = people.read(session, shown.who.name)
            found = tuple(keys.list_all(session, shown.who.name))
        names = names_of(request.app.state.engine, (info,))
        shown = replace(shown, account=info, keys=found, names=names)
    made: Response = request.app.state.account_pages.account(shown, status)
    made.headers.update(PERSONAL)
    if new_cookie:
        give_form(made, new_cookie, secure=is_secure(request.scope, settings))
    return made


def _next(said: Said) -> str:
    return local(said.optional("next"))
