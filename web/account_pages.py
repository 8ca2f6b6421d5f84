"""Pages of accounts: signing in, one's own account, and those for administrators."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from geo_service.core import audit
from geo_service.core.accounts.keys import USUAL_DAYS, KeyInfo
from geo_service.core.accounts.people import AccountInfo
from geo_service.core.audit import Line, Wanted
from geo_service.core.auth import (
    KIND_NAMES,
    PLACED_ROLES,
    ROLE_NAMES,
    ROLE_SCOPES,
    ROLES,
    SCOPE_NAMES,
    SCOPES,
)
from geo_service.core.text import Lang, Text
from geo_service.deps.shown import Managed, Shown
from ingest.submissions import CHECKERS, SUBMITTERS
from web.signed_in import ground, moment, respond_alone
from web.words import words

_DETAILS: Final = {
    "recipe": Text("ประเภทข้อมูล", "kind of data"),
    "jti": Text("เลขที่โทเคน", "token"),
    "kid": Text("กุญแจที่ลงนาม", "signed with"),
    "locked": Text("ตรึงไว้", "locked"),
    "editable": Text("ปรับได้", "may be changed"),
    "way": Text("ลงชื่อเข้าใช้ด้วย", "by"),
    "reason": Text("เหตุผล", "reason"),
    "file": Text("ไฟล์", "file"),
    "sha256": Text("SHA-256", "SHA-256"),
    "submission": Text("ไฟล์ที่ส่ง เลขที่", "submission"),
    "run": Text("การนำเข้าครั้งที่", "run"),
    "outcome": Text("ผล", "outcome"),
    "version": Text("รุ่น", "version"),
    "rows": Text("แถว", "rows"),
    "scopes": Text("สิทธิ์", "may"),
    "account": Text("บัญชี", "account"),
    "role": Text("บทบาท", "role"),
    "place": Text("รหัสพื้นที่", "place"),
    "before": Text("เดิม", "before"),
    "after": Text("ใหม่", "after"),
    "origins": Text("เว็บที่ฝัง", "sites"),
    "seconds": Text("วินาที", "seconds"),
    "path": Text("ที่อยู่", "address"),
    "status": Text("สถานะ", "status"),
    "by": Text("โดย", "by"),
    "who": Text("ผู้ขอ", "who"),
}
#: Letters of a fingerprint that tell it from others at a glance; the CSV has it whole.
_SHORT: Final = {"sha256": 12}
_FIELDS: Final = ("name", "title", "email", "role", "place")
_WAYS_IN: Final = {
    "password": Text("รหัสผ่าน", "password"),
    "openid": Text("OpenID", "OpenID"),
    "none": Text("ใช้คีย์เท่านั้น", "keys only"),
}


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
        "account": _account(info, lang),
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
        "accounts": [_account(one, lang) for one in shown.accounts],
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
        "account": _account(info, lang),
        "place_name": shown.place_name.in_(lang) if shown.place_name else "",
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
        "lines": [_line(one, lang) for one in shown.lines],
        "asked": asked,
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


def _account(info: AccountInfo, lang: Lang) -> dict[str, Any]:
    return {
        "name": info.name,
        "title": info.title,
        "email": info.email or "",
        "role": info.role,
        "role_name": ROLE_NAMES[info.role].in_(lang),
        "place": info.place or "",
        "scopes": ", ".join(SCOPE_NAMES[one].in_(lang) for one in SCOPES
                            if one in ROLE_SCOPES[info.role]),
        "way_in": _WAYS_IN[info.way_in].in_(lang),
        "has_password": info.way_in == "password",
        "is_openid": info.way_in == "openid",
        "must_change": info.must_change,
        "key_count": info.keys,
        "created": moment(info.created_at, lang),
        "signed_in": moment(info.signed_in_at, lang),
        "disabled": moment(info.disabled_at, lang),
    }  # fmt: skip


def _key(one: KeyInfo, lang: Lang) -> dict[str, Any]:
    said = words(lang)
    state = said["key_good"]
    if one.revoked_at is not None:
        state = f"{said['key_revoked']} {moment(one.revoked_at, lang)}"
    elif not one.is_good:
        state = said["key_expired"]
    return {
        "prefix": one.prefix,
        "account": one.account,
        "label": one.label,
        "scopes": ", ".join(SCOPE_NAMES[scope].in_(lang) for scope in one.scopes),
        "created": moment(one.created_at, lang),
        "expires": moment(one.expires_at, lang),
        "used": moment(one.used_at, lang),
        "state": state,
        "is_good": one.is_good,
    }


def _line(one: Line, lang: Lang) -> dict[str, str]:
    action = audit.ACTIONS.get(one.action)
    detail = "; ".join(
        f"{_called(name, lang)}: {_told(value)[: _SHORT.get(name)]}"
        for name, value in one.detail.items()
        if value not in ("", None, [], {})
    )
    return {
        "at": moment(one.at, lang, seconds=True),
        "action": action.in_(lang) if action else one.action,
        "outcome": audit.OUTCOME_NAMES[one.outcome].in_(lang),
        "kind": KIND_NAMES[one.who_kind].in_(lang),
        "who": one.who_name or one.who_id,
        "what": one.what,
        "address": one.address,
        "request": one.request_id,
        "detail": detail,
        "mark": one.outcome,
    }


def _called(name: str, lang: Lang) -> str:
    return _DETAILS[name].in_(lang) if name in _DETAILS else name


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_told(one) for one in value)
    return "-" if value is None else str(value)


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


def _older(asked: dict[str, str], below: int | None, lang: Lang) -> str:
    if below is None:
        return ""
    kept = {name: value for name, value in asked.items() if value}
    return f"/manage/audit?{urlencode({**kept, 'below': below, 'lang': lang})}"
