"""Signing in with the OpenID provider of one's agency."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from geo_service.api.accounts import lasts, local, welcome
from geo_service.core import audit
from geo_service.core.accounts import admission, sessions
from geo_service.core.accounts.admission import Rule
from geo_service.core.accounts.entry import Entered, wait_words
from geo_service.core.accounts.limits import neighbourhood
from geo_service.core.accounts.openid import Client, Person, Provider
from geo_service.core.accounts.tokens import make_secret
from geo_service.core.audit import By
from geo_service.core.auth import ANONYMOUS
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault, Forbidden, NotFound, TooManyRequests
from geo_service.core.settings import Settings
from geo_service.core.text import Text
from geo_service.deps import LangDep, SettingsDep, base_url, settings_of
from geo_service.deps.desk import (
    PERSONAL,
    SESSION_TOKEN,
    ByDep,
    DeskDep,
    desk_of,
    form_cookie,
    give_form,
    is_secure,
)

router = APIRouter(prefix="/account/openid", include_in_schema=False)

_RETURN: Final = "/account/openid/return"
_Word = Annotated[str | None, Query(max_length=4_000)]


@router.get("")
def begin(
    request: Request, settings: SettingsDep, engine: DeskDep, lang: LangDep, by: ByDep,
    return_to: Annotated[str | None, Query(alias="next", max_length=500)] = None,
) -> Response:  # fmt: skip
    """Send the browser to the provider.

    Returns
    -------
    Response
        303, with a cookie by which this browser is known when it comes back.

    Raises
    ------
    TooManyRequests
        If those of one neighbourhood begin again and again.
    """
    provider, _ = _provider(request)
    if wait_s := math.ceil(provider.begun.take(neighbourhood(by.address))):
        raise TooManyRequests(wait_words(wait_s), retryAfter=wait_s)
    secure = is_secure(request.scope, settings)
    held = request.cookies.get(form_cookie(secure=secure), "") or make_secret()
    with transaction(engine) as session:
        address = provider.begin(
            session, browser=held, redirect_uri=f"{base_url(request)}{_RETURN}",
            return_to=local(return_to) or f"/account?lang={lang}",
        )  # fmt: skip
    made = RedirectResponse(address, status_code=303, headers=dict(PERSONAL))
    give_form(made, held, secure=secure)
    return made


#: Providers add parameters of their own to the address (session_state, scope ...).
@router.get("/return", openapi_extra={"x-queryables": True})
def come_back(
    request: Request, settings: SettingsDep, engine: DeskDep, lang: LangDep, by: ByDep,
    code: _Word = None, state: _Word = None, iss: _Word = None, error: _Word = None,
) -> Response:  # fmt: skip
    """Let in whom the provider vouches for.

    Returns
    -------
    Response
        303 to the page that was wanted, with the cookie of a new session.

    Raises
    ------
    Fault
        Whatever stood in the way; it is noted.
    """
    provider, rules = _provider(request)
    name = form_cookie(secure=is_secure(request.scope, settings))
    browser = request.cookies.get(name, "")
    redirect_uri = f"{base_url(request)}{_RETURN}"
    try:
        provider.check_issuer(iss)
        # Taken up in a transaction of its own: whatever follows, it cannot be used again.
        with transaction(engine) as session:
            flow = provider.take(session, state=state or "", browser=browser)
        person = provider.finish(flow, code="" if error else code, redirect_uri=redirect_uri)
        entered = _admitted(request, person, rules, by)
    except Fault as fault:
        with transaction(engine) as session:
            audit.note(
                session, "sign-in", replace(by, who=ANONYMOUS), outcome="refused",
                detail={"way": "openid", "reason": fault.code},
            )  # fmt: skip
        raise
    return welcome(request, settings, entered, person.return_to, lang)


def _admitted(request: Request, person: Person, rules: tuple[Rule, ...], by: By) -> Entered:
    engine, old = desk_of(request), request.scope.get(SESSION_TOKEN)
    try:
        with transaction(engine) as session:
            entered = admission.admit(
                session, person, rules, by=by, lasts=lasts(settings_of(request))
            )
            if old is not None:
                sessions.end(session, old)
            return entered
    except Forbidden:
        # Whom no rule names any more does not stay in elsewhere.
        with transaction(engine) as session:
            admission.dismiss(session, person)
        raise


def provider_of(settings: Settings) -> tuple[Provider | None, tuple[Rule, ...]]:
    """Make the provider that the settings name, and the rules of who is let in.

    Parameters
    ----------
    settings : Settings
        Of the service.

    Returns
    -------
    tuple
        ``None`` and no rules where no provider is named.

    Raises
    ------
    BadParameter
        If the settings are not complete; the service does not start with half of them.
    """
    if not settings.oidc_issuer:
        return None, ()
    secret = settings.oidc_client_secret
    if not (settings.oidc_client_id and secret and secret.get_secret_value()):
        raise BadParameter(
            Text(
                th="GEO_OIDC_ISSUER ต้องตั้งพร้อม GEO_OIDC_CLIENT_ID และ GEO_OIDC_CLIENT_SECRET",
                en="GEO_OIDC_ISSUER needs GEO_OIDC_CLIENT_ID and GEO_OIDC_CLIENT_SECRET, too",
            ),
            parameter="GEO_OIDC_CLIENT_ID",
        )
    client = Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret.get_secret_value(),
        settings.oidc_scopes,
    )
    return Provider(client), admission.read_rules(settings.oidc_roles)


def _provider(request: Request) -> tuple[Provider, tuple[Rule, ...]]:
    provider: Provider | None = request.app.state.openid
    if provider is None:
        raise NotFound(
            Text(th="ระบบนี้ไม่ได้เปิดการลงชื่อเข้าใช้ผ่าน OpenID", en="OpenID sign-in is not set up here")
        )
    return provider, request.app.state.openid_rules
