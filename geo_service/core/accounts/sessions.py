"""Sessions of browsers: begun at sign-in, ended at sign-out, by idleness or by age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from geo_service.core.accounts.models import Account, WebSession
from geo_service.core.accounts.tokens import digest, make_secret
from geo_service.core.auth import ROLE_SCOPES, ROLES, Principal
from geo_service.core.text import Lang, choose_language

#: A session is marked as seen at most this often.
SEEN_EVERY_S = 60


@dataclass(frozen=True, slots=True)
class Signed:
    """A session that is good: who it is, and whether its being seen should be written down."""

    principal: Principal
    must_change: bool
    is_unseen: bool


def begin(session: Session, account_id: int, *, lasts: timedelta) -> str:
    """Begin a session; sessions that ended long ago are swept out. The caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    account_id : int
        Who signed in.
    lasts : timedelta
        How old the session may become.

    Returns
    -------
    str
        The secret for the cookie; kept nowhere.
    """
    token = make_secret()
    session.execute(delete(WebSession).where(WebSession.expires_at < func.now()))
    session.add(
        WebSession(
            token_hash=digest(token),
            account_id=account_id,
            # By the clock of the database, which also tells when it is over.
            expires_at=func.now() + lasts,
        )
    )
    session.execute(update(Account).where(Account.id == account_id).values(signed_in_at=func.now()))
    session.flush()
    return token


def recognise(session: Session, token: str, *, idle: timedelta) -> Signed | None:
    """Find the session of a cookie.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    token : str
        The cookie.
    idle : timedelta
        How long a session may go unseen.

    Returns
    -------
    Signed or None
        ``None`` when it ended, was never there, or the account is disabled.
    """
    row = session.execute(
        select(
            Account,
            (WebSession.seen_at < func.now() - timedelta(seconds=SEEN_EVERY_S)).label("unseen"),
        )
        .join(Account, Account.id == WebSession.account_id)
        .where(
            WebSession.token_hash == digest(token),
            WebSession.expires_at > func.now(),
            WebSession.seen_at > func.now() - idle,
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    account: Account = row.Account
    return Signed(principal_of(account), account.must_change, row.unseen)


def mark_seen(session: Session, token: str) -> None:
    """Write down that a session was used; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    token : str
        The cookie.
    """
    session.execute(
        update(WebSession).where(WebSession.token_hash == digest(token)).values(seen_at=func.now())
    )


def end(session: Session, token: str) -> None:
    """End one session; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    token : str
        The cookie.
    """
    session.execute(delete(WebSession).where(WebSession.token_hash == digest(token)))


def end_all(session: Session, account_id: int) -> None:
    """End every session of an account; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    account_id : int
        Whose.
    """
    session.execute(delete(WebSession).where(WebSession.account_id == account_id))


def principal_of(account: Account) -> Principal:
    """Make the principal of a person.

    Parameters
    ----------
    account : Account
        In use.

    Returns
    -------
    Principal
        With everything the role grants.
    """
    role = next(one for one in ROLES if one == account.role)
    language: Lang | None = None
    if account.language:
        language = choose_language(account.language, "")
    return Principal(
        kind="user",
        id=str(account.id),
        name=account.name,
        role=role,
        place=account.place_code,
        scopes=ROLE_SCOPES[role],
        language=language,
    )
