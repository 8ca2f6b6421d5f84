"""The desk: where accounts are kept, and from where something was asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.types import Scope

from geo_service.core import audit
from geo_service.core.accounts.recognition import Recognition
from geo_service.core.audit import By
from geo_service.core.auth import ANONYMOUS, Principal
from geo_service.core.db import transaction
from geo_service.core.settings import Settings
from geo_service.deps.principals import PRINCIPAL

log = logging.getLogger(__name__)

#: Who is handed it commits through `core.db.transaction`, and knows no SQL.
Desk: TypeAlias = Engine

#: Where the entrance leaves the cookie of a session that is good.
SESSION_TOKEN: Final = "session_token"  # noqa: S105  (a name)
#: Answers to one person: no cache keeps them, whoever asks with what.
PERSONAL: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-store",
    "Vary": "Accept, Accept-Language, Accept-Encoding, Authorization, Cookie",
    # Forms of these pages are sent with their origin; "no-referrer" would hide it.
    "Referrer-Policy": "same-origin",
}

_SESSION, _FORM = "geo_session", "geo_form"
#: The cookie of forms is sent to the pages of accounts alone: who only looked at the sign-in
#: page is still answered from memory everywhere else.
FORM_PATH: Final = "/account"


def desk_of(request: Request) -> Engine:
    """Give the engine that reads and writes accounts and the record.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Engine
        Small, with a pool of its own.
    """
    engine: Engine = request.app.state.desk
    return engine


def loader_of(request: Request) -> Engine:
    """Give the engine that data are written with.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Engine
        Of the role that loads; it connects when somebody writes.
    """
    engine: Engine = request.app.state.loader
    return engine


def recognition_of(request: Request) -> Recognition:
    """Give what recognises keys and sessions in this process.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Recognition
        One for the application.
    """
    recognition: Recognition = request.app.state.recognition
    return recognition


def by_of(request: Request) -> By:
    """Tell who asks, and from where.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    By
        For the record.
    """
    return by_in(request.scope)


def by_in(scope: Scope) -> By:
    """Tell who asks, and from where.

    Parameters
    ----------
    scope : Scope
        Of the request.

    Returns
    -------
    By
        For the record.
    """
    client = scope.get("client")
    return By(
        scope.get(PRINCIPAL, ANONYMOUS), client[0] if client else "",
        str(scope.get("request_id", "")),
    )  # fmt: skip


def note(
    request: Request,
    action: str,
    *,
    what: str = "",
    outcome: audit.Outcome = "done",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down what the caller of a request did, in a transaction of its own.

    Parameters
    ----------
    request : Request
        Says who, from where, and by which request.
    action : str
        A key of `audit.ACTIONS`.
    what : str
        What it was done to.
    outcome : {"done", "refused", "failed"}
        How it ended.
    detail : mapping, optional
        Facts in JSON, no secrets.
    """
    with transaction(desk_of(request)) as session:
        audit.note(session, action, by_of(request), what=what, outcome=outcome, detail=detail)


def note_refusal(
    desk: Desk,
    scope: Scope,
    action: str,
    *,
    who: Principal,
    what: str,
    detail: Mapping[str, Any],
) -> None:
    """Write down that something was refused; where it cannot be written, the log says so.

    Parameters
    ----------
    desk : Engine
        Where the record is kept.
    scope : Scope
        Of the request.
    action : str
        A key of `audit.ACTIONS`.
    who : Principal
        Who was refused.
    what : str
        What was asked for.
    detail : mapping
        Facts, no secrets.
    """
    by = replace(by_in(scope), who=who)
    try:
        with transaction(desk) as session:
            audit.note(session, action, by, what=what, outcome="refused", detail=detail)
    except DBAPIError as error:
        log.warning("not noted", extra={"action": action, "why": type(error.orig).__name__})


def is_secure(scope: Scope, settings: Settings) -> bool:
    """Tell whether callers reach the service by https.

    Parameters
    ----------
    scope : Scope
        Of the request; a proxy on this machine says by which way it came.
    settings : Settings
        Its public address counts, too.

    Returns
    -------
    bool
        Whether cookies are for https alone.
    """
    return scope["scheme"] == "https" or settings.public_url.startswith("https:")


def session_cookie(*, secure: bool) -> str:
    """Name the cookie of a session.

    Parameters
    ----------
    secure : bool
        From `is_secure`.

    Returns
    -------
    str
        Behind https with the prefix that keeps neighbouring hosts from setting it.
    """
    return f"__Host-{_SESSION}" if secure else _SESSION


def form_cookie(*, secure: bool) -> str:
    """Name the cookie of a browser that has not signed in, to which its forms are bound.

    Parameters
    ----------
    secure : bool
        From `is_secure`.

    Returns
    -------
    str
        Behind https with the prefix of secure cookies.
    """
    return f"__Secure-{_FORM}" if secure else _FORM


def give_session(response: Response, token: str, *, secure: bool, lasts: timedelta) -> None:
    """Put the cookie of a session into an answer.

    Parameters
    ----------
    response : Response
        The answer to a sign-in.
    token : str
        Secret of the session.
    secure : bool
        From `is_secure`.
    lasts : timedelta
        How old the session may become.
    """
    response.set_cookie(
        session_cookie(secure=secure), token, max_age=int(lasts.total_seconds()), path="/",
        secure=secure, httponly=True, samesite="lax",
    )  # fmt: skip


def give_form(response: Response, token: str, *, secure: bool) -> None:
    """Put the cookie that forms are bound to into an answer.

    Parameters
    ----------
    response : Response
        The page with a form.
    token : str
        Secret of the browser.
    secure : bool
        From `is_secure`.
    """
    # Lax: the OpenID provider sends the browser back from its own site.
    response.set_cookie(
        form_cookie(secure=secure), token, path=FORM_PATH,
        secure=secure, httponly=True, samesite="lax",
    )  # fmt: skip


def drop_session(response: Response, *, secure: bool) -> None:
    """Take the cookie of a session away from the browser.

    Parameters
    ----------
    response : Response
        Any answer.
    secure : bool
        From `is_secure`.
    """
    response.delete_cookie(
        session_cookie(secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
    )


def own_origin(scope: Scope, settings: Settings, host: str) -> str:
    """Give the origin that our own pages have.

    Parameters
    ----------
    scope : Scope
        Of the request.
    settings : Settings
        Its public address beats the one that was asked.
    host : str
        ``Host`` of the request.

    Returns
    -------
    str
        ``https://geo.example.go.th``.
    """
    parts = urlsplit(settings.public_url)
    if parts.netloc:
        return f"{parts.scheme}://{parts.netloc}".lower()
    return f"{scope['scheme']}://{host}".lower()


def comes_from_us(scope: Scope, headers: Mapping[str, str], settings: Settings) -> bool:
    """Tell whether a page of ours sent a request, as browsers say.

    Parameters
    ----------
    scope : Scope
        Of the request.
    headers : mapping of str to str
        Of the request, names in lower case.
    settings : Settings
        Says what our origin is.

    Returns
    -------
    bool
        By ``Sec-Fetch-Site``, which no page can forge, else by ``Origin``; neither means no.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "").lower()
    return origin == own_origin(scope, settings, headers.get("host", ""))


DeskDep = Annotated[Engine, Depends(desk_of)]
LoaderDep = Annotated[Engine, Depends(loader_of)]
ByDep = Annotated[By, Depends(by_of)]
