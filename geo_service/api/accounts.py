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
    key_json,
    to,
    wants_page,
)
from geo_service.core import audit
from geo_service.core.accounts import entry, keys, passwords, people, sessions
from geo_service.core.accounts.tokens import form_token
from geo_service.core.auth import ANONYMOUS, SCOPES, Principal
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Conflict, Forbidden
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, PrincipalDep, SettingsDep, require
from geo_service.deps.desk import (
    PERSONAL,
    SESSION_TOKEN,
    AskedDep,
    DeskDep,
    drop_session,
    give_form,
    give_session,
    is_secure,
    recognition_of,
)
from geo_service.deps.forms import Said, SaidDep
from geo_service.deps.shown import Shown
from geo_service.problems import as_fault, status_of

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
def sign_in(
    request: Request, settings: SettingsDep, engine: DeskDep, said: SaidDep, lang: LangDep,
    asked: AskedDep,
) -> Response:  # fmt: skip
    """Sign in with a name and a password.

    Returns
    -------
    Response
        With the cookie of a new session; a browser is sent on.
    """
    old = request.scope.get(SESSION_TOKEN)
    shown = Shown(lang, ANONYMOUS, said=said)

    def enter() -> Response:
        entered = entry.sign_in(
            engine, said.text("name"), said.text("password"),
            asked=asked, lasts=lasts(settings),
        )  # fmt: skip
        return welcome(request, settings, entered, said, lang)

    made = shown_with_fault(request, settings, replace(shown, return_to=_next(said)), enter)
    if old is not None and made.status_code < 400:  # noqa: PLR2004  (RFC 9110: not an error)
        with transaction(engine) as session:
            sessions.end(session, old)
    return made


@router.post("/sign-out")
def sign_out(
    request: Request, settings: SettingsDep, engine: DeskDep, who: PrincipalDep, said: SaidDep,
    lang: LangDep, asked: AskedDep,
) -> Response:  # fmt: skip
    """End the session.

    Returns
    -------
    Response
        Without the cookie.
    """
    token = request.scope.get(SESSION_TOKEN)
    if token is not None:
        with transaction(engine) as session:
            sessions.end(session, token)
            audit.note(
                session, "sign-out", who=who, what=who.name,
                address=asked.address, request_id=asked.request_id,
            )  # fmt: skip
    made = to("/account?done=signed-out", lang) if said.is_form else answer({"signedIn": False})
    drop_session(made, secure=is_secure(request.scope, settings))
    return made


@router.post("/password")
def password(
    request: Request, settings: SettingsDep, engine: DeskDep, who: OwnerDep, said: SaidDep,
    lang: LangDep, asked: AskedDep,
) -> Response:  # fmt: skip
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
        new = said.text("new")
        if "repeat" in said.fields and said.text("repeat") != new:
            raise BadParameter(
                Text(th="รหัสผ่านใหม่สองช่องไม่ตรงกัน", en="The two new passwords differ"),
                parameter="repeat",
            )
        with transaction(engine) as session:
            info = people.read(session, who.name)
        if info.way_in == "openid":
            raise Conflict(
                Text(
                    th="บัญชีนี้ลงชื่อเข้าใช้ผ่าน OpenID จึงไม่มีรหัสผ่าน",
                    en="This account signs in by OpenID and has no password",
                )
            )
        passwords.examine(new, info.name, info.title, info.email or "")
        # By the same door as everybody: wrong guesses count and lock.
        entry.confirm(engine, who.name, said.text("current"), asked=asked)
        with transaction(engine) as session:
            people.set_password(session, who.name, new)
            audit.note(
                session, "password-changed", who=who, what=who.name,
                address=asked.address, request_id=asked.request_id,
            )  # fmt: skip
            token = sessions.begin(session, int(who.id), lasts=lasts(settings))
        recognition_of(request).forget()
        if said.is_form:
            made: Response = to("/account?done=password", lang)
        else:
            made = answer({"changed": True, "csrf": form_token(token)})
        secure = is_secure(request.scope, settings)
        give_session(made, token, secure=secure, lasts=lasts(settings))
        return made

    shown = Shown(lang, who, said=said)
    return shown_with_fault(request, settings, shown, change)


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
def make_key(
    request: Request, settings: SettingsDep, engine: DeskDep, who: OwnerDep, said: SaidDep,
    lang: LangDep, asked: AskedDep,
) -> Response:  # fmt: skip
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
    shown = Shown(lang, who, said=said)
    more = set(said.texts("scopes")) - who.scopes
    if who.kind != "user" and more:
        raise Forbidden(
            Text(th="คีย์ออกคีย์ที่มีสิทธิ์มากกว่าตนเองไม่ได้", en="A key makes no key that may more than it")
        )

    def make() -> Response:
        with transaction(engine) as session:
            key, prefix = keys.make(
                session, who.name, label=said.text("label", ""), scopes=said.texts("scopes"),
                days=said.number("days", keys.USUAL_DAYS),
            )  # fmt: skip
            audit.note(
                session, "key-made", who=who, what=prefix,
                address=asked.address, request_id=asked.request_id,
                detail={"account": who.name, "scopes": list(said.texts("scopes"))},
            )  # fmt: skip
        if said.is_form:
            return _page(request, settings, replace(shown, new_key=key, said=None), 201)
        return answer({"key": key, "prefix": prefix}, 201)

    return shown_with_fault(request, settings, shown, make)


@router.post("/keys/{prefix}/revoke")
@router.delete("/keys/{prefix}")
def revoke_key(
    request: Request, engine: DeskDep, who: OwnerDep, said: SaidDep, lang: LangDep,
    asked: AskedDep, prefix: str,
) -> Response:  # fmt: skip
    """Revoke one of one's own keys.

    Returns
    -------
    Response
        Which one; the page of the account for browsers.
    """
    with transaction(engine) as session:
        keys.revoke(session, prefix, who.name)
        audit.note(
            session, "key-revoked", who=who, what=prefix,
            address=asked.address, request_id=asked.request_id, detail={"account": who.name},
        )  # fmt: skip
    recognition_of(request).forget()
    if said.is_form:
        return to("/account?done=revoked", lang)
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
    request: Request, settings: Settings, entered: entry.Entered, said: Said | None, lang: Lang,
    *, return_to: str = "",
) -> Response:  # fmt: skip
    """Answer to a sign-in that succeeded.

    Parameters
    ----------
    request : Request
        Of the sign-in.
    settings : Settings
        Of the service.
    entered : Entered
        Who it is.
    said : Said, optional
        What was sent; a browser that came back from the provider sent nothing.
    lang : {"th", "en"}
        Language of the reader.
    return_to : str
        Page to show, when it is not in the form.

    Returns
    -------
    Response
        With the cookie of the session.
    """
    if said is None or said.is_form:
        wanted = return_to or (_next(said) if said else "")
        made: Response = to("/account" if entered.must_change else wanted or "/account", lang)
    else:
        made = answer(
            {
                "signedIn": True,
                "name": entered.principal.name,
                "role": entered.principal.role,
                "mustChangePassword": entered.must_change,
                "csrf": form_token(entered.token),
            }
        )
    secure = is_secure(request.scope, settings)
    give_session(made, entered.token, secure=secure, lasts=lasts(settings))
    return made


def shown_with_fault(
    request: Request, settings: Settings, shown: Shown, act: Callable[[], Response]
) -> Response:
    """Do what a form asks; when it is refused, show the form again with the reason.

    Parameters
    ----------
    request : Request
        Of the form, or of a program: to that one the fault goes as a problem document.
    settings : Settings
        Of the service.
    shown : Shown
        The page of the form.
    act : callable
        Does it and answers.

    Returns
    -------
    Response
        What `act` answers, or the page.
    """
    try:
        return act()
    except Exception as error:
        fault = as_fault(error)
        if shown.said is None or not shown.said.is_form or fault is not error:
            raise
        made = _page(request, settings, replace(shown, fault=fault), status_of(fault))
        if "retryAfter" in fault.extra:
            made.headers["Retry-After"] = str(fault.extra["retryAfter"])
        return made


def _page(request: Request, settings: Settings, shown: Shown, status: int = 200) -> Response:
    token, new_cookie = csrf_of(request, settings)
    shown = replace(shown, csrf=token, openid=bool(settings.oidc_issuer))
    if not shown.who.is_anonymous:
        with transaction(request.app.state.desk) as session:
            info = people.read(session, shown.who.name)
            found = tuple(keys.list_all(session, shown.who.name))
        shown = replace(shown, account=info, keys=found)
    made: Response = request.app.state.account_pages.account(shown, status)
    made.headers.update(PERSONAL)
    if new_cookie:
        give_form(made, new_cookie, secure=is_secure(request.scope, settings))
    return made


def _next(said: Said) -> str:
    return local(said.optional("next"))
