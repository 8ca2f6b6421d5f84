"""How what is said about accounts is written, for programs and for browsers that sent a form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from boundaries import places
from geo_service.api.links import JSON
from geo_service.core.accounts.keys import KeyInfo
from geo_service.core.accounts.people import AccountInfo
from geo_service.core.accounts.tokens import form_token, make_secret
from geo_service.core.audit import Line
from geo_service.core.auth import PLACED_ROLES, ROLE_SCOPES, SCOPES
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Fault
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.deps.desk import PERSONAL, SESSION_TOKEN, Desk, form_cookie, is_secure
from geo_service.deps.orders import Order
from geo_service.deps.recorded import Names, names_datasets, places_in
from geo_service.problems import as_fault, prefers_page, status_of
from layers import datasets

FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]


def wants_page(request: Request, asked: str | None) -> bool:
    """Tell whether to answer with a page.

    Parameters
    ----------
    request : Request
        Of a browser or a program.
    asked : str, optional
        The format asked for by name; it beats what is accepted.

    Returns
    -------
    bool
        False for JSON.

    Raises
    ------
    BadParameter
        If it is neither.
    """
    if asked not in {None, "json", "html"}:
        raise BadParameter(
            Text(th="f ต้องเป็น json หรือ html", en="f is json or html"),
            parameter="f", known=["json", "html"],
        )  # fmt: skip
    return asked == "html" or (asked is None and prefers_page(request))


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    """Write an answer to one person in JSON.

    Parameters
    ----------
    body : mapping
        What to write.
    status : int
        Of the answer.

    Returns
    -------
    Response
        That no cache keeps.
    """
    return Response(orjson.dumps(body), status, headers=dict(PERSONAL), media_type=JSON)


def to(address: str, lang: Lang) -> RedirectResponse:
    """Send a browser on after a form.

    Parameters
    ----------
    address : str
        Page of ours.
    lang : {"th", "en"}
        Language to keep.

    Returns
    -------
    RedirectResponse
        303.
    """
    mark = "&" if "?" in address else "?"
    said = "" if "lang=" in address else f"{mark}lang={lang}"
    return RedirectResponse(f"{address}{said}", status_code=303, headers=dict(PERSONAL))


def done_or_shown_again(
    order: Order, act: Callable[[], Response], show: Callable[[Fault, int], Response]
) -> Response:
    """Do what was ordered; a form that is refused is shown again, with what was typed and why.

    Parameters
    ----------
    order : Order
        From a form, or from a program: that gets the problem as it is.
    act : callable
        Does it.
    show : callable
        Shows the form again: takes the fault and the status of the answer.

    Returns
    -------
    Response
        Of what was done, or the form with the status of the fault.
    """
    try:
        return act()
    except Exception as error:
        fault = as_fault(error)
        if not order.said.is_form or fault is not error:
            raise
        made = show(fault, status_of(fault))
        if "retryAfter" in fault.extra:
            made.headers["Retry-After"] = str(fault.extra["retryAfter"])
        return made


def csrf_of(request: Request, settings: Settings) -> tuple[str, str]:
    """Give the token for the forms of a page, and the cookie it needs when there is none yet.

    Parameters
    ----------
    request : Request
        For the page.
    settings : Settings
        Of the service.

    Returns
    -------
    tuple of str
        Token, and a new cookie or nothing.
    """
    if held := request.scope.get(SESSION_TOKEN):
        return form_token(held), ""
    name = form_cookie(secure=is_secure(request.scope, settings))
    if held := request.cookies.get(name, ""):
        return form_token(held), ""
    made = make_secret()
    return form_token(made), made


def names_of(
    engine: Desk, infos: Iterable[AccountInfo] = (), lines: Collection[Line] = ()
) -> Names:
    """Find what the places and data sets are called that a page shows.

    Parameters
    ----------
    engine : Engine
        Where places are.
    infos : iterable of AccountInfo
        Accounts that may stand for a place.
    lines : collection of Line
        Of the record.

    Returns
    -------
    Names
        Without a question where no code is shown.
    """
    wanted = places_in(lines) | {
        (level, one.place) for one in infos if one.place and (level := PLACED_ROLES.get(one.role))
    }
    has_datasets = names_datasets(lines)
    if not (wanted or has_datasets):
        return Names()
    with transaction(engine) as session:
        found = {
            (level, code): name
            for level in {level for level, _ in wanted}
            for code, name in places.find_names(
                session, level, [code for one, code in wanted if one == level]
            ).items()
        }
        told = datasets.list_all(session) if has_datasets else []
    return Names(found, {one.id: one.title for one in told})


def account_json(info: AccountInfo) -> dict[str, Any]:
    """Write an account for programs.

    Parameters
    ----------
    info : AccountInfo
        The account.

    Returns
    -------
    dict
        JSON-ready.
    """
    return {
        "name": info.name,
        "title": info.title,
        "email": info.email,
        "role": info.role,
        "place": info.place,
        "grants": [one for one in SCOPES if one in ROLE_SCOPES[info.role]],
        "signsInBy": info.way_in,
        "mustChangePassword": info.must_change,
        "created": moment(info.created_at),
        "signedInAt": moment(info.signed_in_at),
        "disabled": moment(info.disabled_at),
    }


def key_json(one: KeyInfo) -> dict[str, Any]:
    """Write a key for programs, without its secret: that is nowhere.

    Parameters
    ----------
    one : KeyInfo
        The key.

    Returns
    -------
    dict
        JSON-ready.
    """
    return {
        "prefix": one.prefix,
        "account": one.account,
        "label": one.label,
        "scopes": list(one.scopes),
        "created": moment(one.created_at),
        "expires": moment(one.expires_at),
        "revoked": moment(one.revoked_at),
        "lastUsed": moment(one.used_at),
        "isGood": one.is_good,
    }


def moment(at: datetime | None) -> str | None:
    """Write a moment.

    Parameters
    ----------
    at : datetime, optional
        With its zone.

    Returns
    -------
    str or None
        ISO 8601, to the second.
    """
    return None if at is None else at.isoformat(timespec="seconds")
