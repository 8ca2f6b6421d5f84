"""Pages of accounts: signing in, one's own account, and those for administrators."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from geo_service.core import audit
from geo_service.core.accounts.keys import USUAL_DAYS, KeyInfo
from geo_service.core.accounts.people import AccountInfo
from geo_service.core.audit import Line, Wanted
from geo_service.core.auth import (
    PLACED_ROLES,
    ROLE_NAMES,
    ROLE_SCOPES,
    ROLES,
    SCOPE_NAMES,
    SCOPES,
)
from geo_service.core.moments import moment_in
from geo_service.core.text import Lang, day_in
from geo_service.deps.recorded import WAYS_IN, Names, named, tell
from geo_service.deps.shown import Managed, Shown
from ingest.submissions import CHECKERS, SUBMITTERS
from web.signed_in import ground, respond_alone
from web.words import words

#: Letters of a fingerprint that tell it from others at a glance; the CSV has it whole.
_SHORT: Final = 12
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = ("name", "title", "email", "role", "place")


def account(shown: Shown, status: int = 200) -> Response:
    """Show the page of one's own account, or of signing in.

    Parameters
    ----------
    shown : Shown
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang, info = shown.lang, shown.account
    context = {
        **_ground(shown, "/account", ("repeat", "password", "label", "scopes", "days")),
        "openid": shown.openid,
        "return_to": shown.return_to,
        "typed_name": shown.said.text("name", "") if shown.said else "",
        "new_key": shown.new_key,
        "is_admin": shown.who.role == "admin",
        "may_submit": shown.who.role in {*SUBMITTERS, *CHECKERS},
        "is_person": shown.who.kind == "user",
    }
    if info is None:
        return respond_alone("sign_in.html", lang, context, status)
    typed = _typed(shown, ("label", "days"))
    context |= {
        "account": _account(info, lang, shown.names),
        "keys": [_key(one, lang) for one in shown.keys],
        "scopes": [
            (one, SCOPE_NAMES[one].in_(lang)) for one in SCOPES if one in ROLE_SCOPES[info.role]
        ],
        "days": typed["days"] or USUAL_DAYS,
        "label": typed["label"],
        "chosen": shown.said.texts("scopes") if typed["days"] and shown.said else ("read",),
    }
    return respond_alone("account.html", lang, context, status)


def users(shown: Managed, status: int = 200) -> Response:
    """Show all accounts, and the form for a new one.

    Parameters
    ----------
    shown : Managed
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang = shown.lang
    context = {
        **_managed(shown, "/manage/users"),
        "accounts": [_account(one, lang, shown.names) for one in shown.accounts],
        "roles": _roles(lang),
        "typed": _typed(shown, _FIELDS),
    }
    return respond_alone("manage_users.html", lang, context, status)


def user(shown: Managed, status: int = 200) -> Response:
    """Show one account with its keys.

    Parameters
    ----------
    shown : Managed
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang, info = shown.lang, shown.account
    if info is None:
        return users(shown, status)
    context = {
        **_managed(shown, "/manage/users"),
        "account": _account(info, lang, shown.names),
        "typed": _typed(shown, _FIELDS)
        if shown.said and shown.said.fields.get("role")
        else {
            "title": info.title,
            "email": info.email or "",
            "role": info.role,
            "place": info.place or "",
        },
        "keys": [_key(one, lang) for one in shown.keys],
        "roles": _roles(lang),
        "secret": shown.secret,
    }
    return respond_alone("manage_user.html", lang, context, status)


def keys(shown: Managed, status: int = 200) -> Response:
    """Show everybody's keys.

    Parameters
    ----------
    shown : Managed
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang = shown.lang
    context = {
        **_managed(shown, "/manage/keys"),
        "keys": [_key(one, lang) for one in shown.keys],
    }
    return respond_alone("manage_keys.html", lang, context, status)


def record(shown: Managed, status: int = 200) -> Response:
    """Show the record of what was done, with its filter.

    Parameters
    ----------
    shown : Managed
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang, asked = shown.lang, _asked(shown.wanted)
    context = {
        **_managed(shown, "/manage/audit"),
        "lines": [_line(one, lang, shown.names) for one in shown.lines],
        "asked": asked,
        "days": _days(shown.wanted, lang),
        "actions": [(key, text.in_(lang)) for key, text in audit.ACTIONS.items()],
        "outcomes": [(key, text.in_(lang)) for key, text in audit.OUTCOME_NAMES.items()],
        "csv": f"/manage/audit?{urlencode({**asked, 'f': 'csv', 'lang': lang})}",
        "older": _older(asked, shown.older, lang),
    }
    return respond_alone("manage_audit.html", lang, context, status)


def _ground(shown: Shown | Managed, path: str, fields: Collection[str] = ()) -> dict[str, Any]:
    done = words(shown.lang).get(f"account_done_{shown.done.replace('-', '_')}", "")
    return ground(shown.lang, path, csrf=shown.csrf, fault=shown.fault, done=done, fields=fields)


def _typed(shown: Shown | Managed, names: Collection[str]) -> dict[str, str]:
    return {name: shown.said.text(name, "") if shown.said else "" for name in names}


def _managed(shown: Managed, here: str) -> dict[str, Any]:
    lang, said = shown.lang, words(shown.lang)
    tabs = (("users", "/manage/users"), ("keys", "/manage/keys"), ("audit", "/manage/audit"))
    return {
        **_ground(shown, here, _FIELDS),
        "tabs": [
            (said[f"manage_{name}"], f"{path}?lang={lang}", path == here) for name, path in tabs
        ],
    }


def _roles(lang: Lang) -> list[tuple[str, str, str]]:
    said = words(lang)
    placed = {"org": said["manage_place_org"], "province": said["manage_place_province"]}
    return [
        (role, ROLE_NAMES[role].in_(lang), placed.get(PLACED_ROLES.get(role, ""), ""))
        for role in ROLES
    ]


def _account(info: AccountInfo, lang: Lang, names: Names) -> dict[str, Any]:
    place = names.places.get((PLACED_ROLES.get(info.role, ""), info.place or ""))
    return {
        "name": info.name,
        "title": info.title,
        "email": info.email or "",
        "role": info.role,
        "role_name": ROLE_NAMES[info.role].in_(lang),
        "place": named(place, info.place, lang) if info.place else "",
        "scopes": ", ".join(SCOPE_NAMES[one].in_(lang) for one in SCOPES
                            if one in ROLE_SCOPES[info.role]),
        "way_in": WAYS_IN[info.way_in].in_(lang),
        "has_password": info.way_in == "password",
        "is_openid": info.way_in == "openid",
        "must_change": info.must_change,
        "key_count": info.keys,
        "created": moment_in(info.created_at, lang),
        "signed_in": moment_in(info.signed_in_at, lang),
        "disabled": moment_in(info.disabled_at, lang),
    }  # fmt: skip


def _key(one: KeyInfo, lang: Lang) -> dict[str, Any]:
    said = words(lang)
    state = said["key_good"]
    if one.revoked_at is not None:
        state = f"{said['key_revoked']} {moment_in(one.revoked_at, lang)}"
    elif not one.is_good:
        state = said["key_expired"]
    return {
        "prefix": one.prefix,
        "account": one.account,
        "label": one.label,
        "scopes": ", ".join(SCOPE_NAMES[scope].in_(lang) for scope in one.scopes),
        "created": moment_in(one.created_at, lang),
        "expires": moment_in(one.expires_at, lang),
        "used": moment_in(one.used_at, lang),
        "state": state,
        "is_good": one.is_good,
    }


def _line(one: Line, lang: Lang, names: Names) -> dict[str, Any]:
    told = tell(one, lang, names)
    return {
        "at": told.when,
        "action": told.action,
        "outcome": told.outcome,
        "kind": told.kind,
        "who": one.who_name or one.who_id,
        "thing": told.thing,
        "what": one.what,
        "address": one.address,
        "request": one.request_id,
        "detail": [(name, _shortened(value)) for name, value in told.detail],
        "mark": one.outcome,
    }


def _shortened(value: str) -> str:
    return f"{value[:_SHORT]}…" if _FINGERPRINT.fullmatch(value) else value


def _asked(wanted: Wanted) -> dict[str, str]:
    pairs = {
        "who": wanted.who,
        "action": wanted.action,
        "outcome": wanted.outcome,
        "what": wanted.what,
        "from": wanted.first and wanted.first.isoformat(),
        "to": wanted.last and wanted.last.isoformat(),
    }
    return {name: value or "" for name, value in pairs.items()}


def _days(wanted: Wanted, lang: Lang) -> str:
    # fields of days are written as the browser likes; this is in the reader's years
    if not (wanted.first or wanted.last):
        return ""
    first, last = (day_in(one, lang) if one else "…" for one in (wanted.first, wanted.last))
    return words(lang)["audit_days"].replace("{first}", first).replace("{last}", last)


def _older(asked: dict[str, str], below: int | None, lang: Lang) -> str:
    if below is None:
        return ""
    kept = {name: value for name, value in asked.items() if value}
    return f"/manage/audit?{urlencode({**kept, 'below': below, 'lang': lang})}"
