"""Signing in with a password: as slow for a name that does not exist as for one that does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, select, update

from geo_service.core import audit
from geo_service.core.accounts import attempts, passwords, sessions
from geo_service.core.accounts.fields import settle_name
from geo_service.core.accounts.models import Account
from geo_service.core.audit import By
from geo_service.core.auth import ANONYMOUS, Principal
from geo_service.core.db import transaction
from geo_service.core.errors import TooManyRequests, Unauthenticated
from geo_service.core.text import Text

#: The same words whatever was wrong: they tell nothing about which accounts there are.
_REFUSED: Final = Text(
    th="ชื่อบัญชีหรือรหัสผ่านไม่ถูกต้อง หรือบัญชีนี้ลงชื่อเข้าใช้ด้วยรหัสผ่านไม่ได้",
    en="The name or the password is wrong, or this account does not sign in with a password",
)


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who just signed in, and the secret for his cookie."""

    principal: Principal
    token: str
    must_change: bool


def sign_in(engine: Engine, name: str, password: str, *, by: By, lasts: timedelta) -> Entered:
    """Sign in with a password.

    Hashing takes long and holds no connection; so there are several short transactions.

    Parameters
    ----------
    engine : Engine
        Of the role that keeps accounts.
    name : str
        As typed.
    password : str
        As typed.
    by : By
        From where; who it is comes out here.
    lasts : timedelta
        How old the session may become.

    Returns
    -------
    Entered
        With the secret of a new session.
    """
    account = confirm(engine, name, password, by=by)
    kept = account.password_hash
    anew = passwords.keep(password) if kept and passwords.is_outdated(kept) else None
    with transaction(engine) as session:
        attempts.succeeded(session, account.name)
        if anew is not None:
            session.execute(
                update(Account).where(Account.id == account.id).values(password_hash=anew)
            )
        token = sessions.begin(session, account.id, lasts=lasts)
        who = sessions.principal_of(account)
        audit.note(
            session, "sign-in", replace(by, who=who), what=account.name, detail={"way": "password"}
        )
    return Entered(who, token, account.must_change)


def confirm(engine: Engine, name: str, password: str, *, by: By) -> Account:
    """Find the account of a name and a password; failures are counted and noted.

    Parameters
    ----------
    engine : Engine
        Of the role that keeps accounts.
    name : str
        As typed.
    password : str
        As typed.
    by : By
        From where; who it is comes out here.

    Returns
    -------
    Account
        In use, with this password.

    Raises
    ------
    TooManyRequests
        If the name or the address failed too often; nothing was examined.
    Unauthenticated
        If there is no such account with this password.
    """
    settled = settle_name(name)[:200].replace("\x00", "")
    with transaction(engine) as session:
        wait_s = attempts.wait_s(session, settled, by.address)
        account = session.scalar(select(Account).where(Account.name == settled))
    if wait_s:
        raise TooManyRequests(wait_words(wait_s), retryAfter=wait_s)
    kept = account.password_hash if account and account.disabled_at is None else None
    is_right = passwords.is_right(kept, password)
    if account is not None and is_right:
        return account
    with transaction(engine) as session:
        attempts.failed(session, settled, by.address)
        # A name that is nobody's may be a password in the wrong field.
        audit.note(
            session, "sign-in", replace(by, who=ANONYMOUS), what=account.name if account else "",
            outcome="refused", detail={"reason": "credentials"},
        )  # fmt: skip
    raise Unauthenticated(_REFUSED)


def wait_words(seconds: int) -> Text:
    """Say how long must be waited.

    Parameters
    ----------
    seconds : int
        Whole seconds.

    Returns
    -------
    Text
        For a `TooManyRequests`.
    """
    return Text(
        th=f"เรียกหรือลองผิดบ่อยเกินไป กรุณารออีก {seconds} วินาที",
        en=f"Too many requests or failures; please wait {seconds} seconds",
    )
