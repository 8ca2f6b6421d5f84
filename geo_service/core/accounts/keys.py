"""Keys of programs: ``gk_<prefix>_<secret>``, shown once and kept as a hash."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from geo_service.core.accounts.models import Account, ApiKey
from geo_service.core.accounts.tokens import digest, make_secret
from geo_service.core.auth import ROLE_SCOPES, SCOPES, Role, Scope
from geo_service.core.errors import BadParameter, Conflict, Forbidden, NotFound
from geo_service.core.text import Text

#: A key as it is sent; the prefix is public, the secret is not.
KEY: Final = re.compile(r"gk_([0-9a-z]{10})_([A-Za-z0-9_-]{43})")
USUAL_DAYS: Final = 365
MOST_DAYS: Final = 3 * 365
MOST_KEYS: Final = 50

#: Whoever signs in with an OpenID provider is known to be there still by doing so: without it his
#: keys end.
UNSEEN_DAYS: Final = 90
ENDS_AT: Final = case(
    (Account.openid_subject.is_(None), ApiKey.expires_at),
    else_=func.least(
        ApiKey.expires_at,
        func.coalesce(Account.signed_in_at + timedelta(days=UNSEEN_DAYS), ApiKey.created_at),
    ),
)

_PREFIX_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIX_LENGTH: Final = 10
_LONGEST_LABEL: Final = 100


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be told of a key; ``is_good`` is false once it expired or was revoked.

    ``expires_at`` of somebody who signs in with an OpenID provider moves on when he does.
    """

    prefix: str
    account: str
    label: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    is_good: bool


def make(
    session: Session,
    account_name: str,
    *,
    label: str,
    scopes: Collection[str],
    days: int = USUAL_DAYS,
) -> tuple[str, str]:
    """Make a key for an account; the caller commits, and shows the key once.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    account_name : str
        Whose key it is.
    label : str
        What it is for, in words of the owner.
    scopes : collection of str
        What it may do; never more than the account's role.
    days : int
        How long it is good.

    Returns
    -------
    tuple of str
        The whole key, and its prefix.

    Raises
    ------
    NotFound
        If there is no such account in use.
    Forbidden
        If the role of the account does not grant a scope.
    BadParameter
        If a scope does not exist, or the days make no sense.
    Conflict
        If the account has too many keys already.
    """
    account = session.scalar(select(Account).where(Account.name == account_name))
    if account is None or account.disabled_at is not None:
        raise NotFound(Text(th="ไม่มีบัญชีนี้ที่ใช้งานอยู่", en="There is no such account in use"))
    asked = read_scopes(scopes)
    if not 1 <= days <= MOST_DAYS:
        raise BadParameter(
            Text(th=f"อายุคีย์ 1-{MOST_DAYS} วัน", en=f"A key is good for 1 to {MOST_DAYS} days"),
            parameter="days",
        )
    _refuse_more(asked, account)
    held = session.scalar(
        select(func.count()).where(
            ApiKey.account_id == account.id,
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > func.now(),
        )
    )
    if (held or 0) >= MOST_KEYS:
        raise Conflict(
            Text(
                th=f"บัญชีหนึ่งมีคีย์ที่ใช้ได้ไม่เกิน {MOST_KEYS} คีย์ กรุณาเพิกถอนคีย์เก่า",
                en=f"An account has at most {MOST_KEYS} good keys; revoke an old one",
            )
        )
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LENGTH))
    secret = make_secret()
    session.add(
        ApiKey(
            account_id=account.id,
            prefix=prefix,
            secret_hash=digest(secret),
            label=label.replace("\x00", "").strip()[:_LONGEST_LABEL],
            scopes=list(asked),
            expires_at=func.now() + timedelta(days=days),
        )
    )
    session.flush()
    return f"gk_{prefix}_{secret}", prefix


def read_scopes(said: Collection[str]) -> tuple[Scope, ...]:
    """Read scopes as somebody wrote them.

    Parameters
    ----------
    said : collection of str
        Names of scopes, in any order.

    Returns
    -------
    tuple of str
        In our order, each once.

    Raises
    ------
    BadParameter
        If one does not exist, or there are none.
    """
    if not said or not set(said) <= set(SCOPES):
        raise BadParameter(
            Text(
                th=f"สิทธิ์ของคีย์คือ {', '.join(SCOPES)} อย่างน้อยหนึ่งอย่าง",
                en=f"The scopes of a key are {', '.join(SCOPES)}, at least one",
            ),
            parameter="scopes",
            known=list(SCOPES),
        )
    return tuple(one for one in SCOPES if one in said)


def list_all(session: Session, account_name: str | None = None) -> Sequence[KeyInfo]:
    """List keys, the newest first.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    account_name : str, optional
        Only those of one account.

    Returns
    -------
    sequence of KeyInfo
        Nothing a caller could sign in with.
    """
    is_good = ApiKey.revoked_at.is_(None) & (func.now() < ENDS_AT) & Account.disabled_at.is_(None)
    statement = (
        select(ApiKey, Account.name, ENDS_AT, is_good.label("is_good"))
        .join(Account, Account.id == ApiKey.account_id)
        .order_by(ApiKey.id.desc())
    )
    if account_name is not None:
        statement = statement.where(Account.name == account_name)
    return [
        KeyInfo(
            key.prefix,
            name,
            key.label,
            read_scopes(key.scopes),
            key.created_at,
            ends_at,
            key.revoked_at,
            key.used_at,
            good,
        )
        for key, name, ends_at, good in session.execute(statement)
    ]


def revoke(session: Session, prefix: str, account_name: str | None = None) -> str:
    """Revoke a key; every process refuses it within half a minute. The caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    prefix : str
        Of the key.
    account_name : str, optional
        Only when the key is this account's.

    Returns
    -------
    str
        Name of the account it belonged to.

    Raises
    ------
    NotFound
        If there is no such key.
    """
    statement = (
        select(ApiKey.id, Account.name)
        .join(Account, Account.id == ApiKey.account_id)
        .where(ApiKey.prefix == prefix)
    )
    if account_name is not None:
        statement = statement.where(Account.name == account_name)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound(Text(th="ไม่มีคีย์นี้", en="There is no such key"))
    session.execute(
        update(ApiKey)
        .where(ApiKey.id == found.id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    return str(found.name)


def _refuse_more(asked: Collection[Scope], account: Account) -> None:
    granted = ROLE_SCOPES[_role(account.role)]
    if not set(asked) <= granted:
        missing = ", ".join(one for one in SCOPES if one in set(asked) - granted)
        raise Forbidden(
            Text(
                th=f"บทบาทของบัญชีนี้ไม่มีสิทธิ์ {missing}",
                en=f"The role of this account does not grant {missing}",
            )
        )


def _role(said: str) -> Role:
    return next(role for role in ROLE_SCOPES if role == said)
