"""The register of accounts: made, changed and disabled, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from geo_service.core.accounts import passwords, sessions
from geo_service.core.accounts.fields import (
    read_email,
    read_name,
    read_role,
    read_title,
    settle_name,
)
from geo_service.core.accounts.models import Account, ApiKey
from geo_service.core.auth import PLACED_ROLES, ROLES, Role
from geo_service.core.errors import Conflict, NotFound
from geo_service.core.text import Text

WayIn = Literal["password", "openid", "none"]


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """What may be told of an account."""

    id: int
    name: str
    title: str
    email: str | None
    role: Role
    place: str | None
    language: str | None
    way_in: WayIn
    must_change: bool
    keys: int
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be changed of an account; ``None`` leaves it as it is."""

    title: str | None = None
    email: str | None = None
    role: str | None = None
    place: str | None = None
    language: str | None = None


def add(
    session: Session,
    name: str,
    *,
    role: str,
    place: str | None = None,
    title: str = "",
    email: str | None = None,
    password: str | None = None,
    must_change: bool = False,
) -> AccountInfo:
    """Make an account; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        What is typed at sign-in.
    role : str
        One of `ROLES`.
    place : str, optional
        Code of the organisation or province the role stands for; the caller knows it exists.
    title : str
        Of the person or program.
    email : str, optional
        For people who look for him.
    password : str, optional
        Without one the account only has keys.
    must_change : bool
        Whether the password is to be changed at the first sign-in.

    Returns
    -------
    AccountInfo
        As it is kept.

    Raises
    ------
    BadParameter
        If the name, the role or the password will not do.
    Conflict
        If the name is taken.
    """
    settled = read_name(name)
    known = read_role(role, place)
    if password is not None:
        passwords.examine(password, settled, title, email or "")
    if session.scalar(select(Account.id).where(Account.name == settled)) is not None:
        raise Conflict(Text(th="ชื่อบัญชีนี้มีผู้ใช้แล้ว", en="This name is taken"), name=settled)
    account = Account(
        name=settled,
        title=read_title(title),
        email=read_email(email),
        role=known,
        place_code=place if known in PLACED_ROLES else None,
        password_hash=None if password is None else passwords.keep(password),
        password_changed_at=None if password is None else func.now(),
        must_change=must_change,
    )
    session.add(account)
    session.flush()
    session.refresh(account)
    return _info(account, 0)


def list_all(session: Session) -> Sequence[AccountInfo]:
    """List accounts by name.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.

    Returns
    -------
    sequence of AccountInfo
        Those disabled too.
    """
    keys = (
        select(func.count())
        .where(
            ApiKey.account_id == Account.id,
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > func.now(),
        )
        .scalar_subquery()
    )
    rows = session.execute(select(Account, keys).order_by(Account.name))
    return [_info(account, count) for account, count in rows]


def read(session: Session, name: str) -> AccountInfo:
    """Read one account.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        As kept or as typed.

    Returns
    -------
    AccountInfo
        As it is kept.
    """
    return _info(_find(session, name), 0)


def change(session: Session, name: str, wishes: Wishes) -> AccountInfo:
    """Change what an account is; the caller commits.

    A role given here stays, whatever an OpenID provider says later. Somebody is always left to
    manage: the last administrator keeps his role.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Which account.
    wishes : Wishes
        What is to change.

    Returns
    -------
    AccountInfo
        As it is now.

    Raises
    ------
    Conflict
        If nobody would be left to manage, or an account of an OpenID provider would become
        an administrator's.
    """
    account = _find(session, name)
    if wishes.role is not None or wishes.place is not None:
        place = wishes.place or account.place_code
        role = read_role(wishes.role or account.role, place)
        if account.role == "admin" and role != "admin":
            _keep_one(session, account)
        if role == "admin" and account.openid_subject is not None:
            raise Conflict(
                Text(
                    th="บัญชีที่ลงชื่อเข้าใช้ผ่าน OpenID เป็นผู้ดูแลระบบไม่ได้",
                    en="An account that signs in by OpenID cannot be an administrator's",
                )
            )
        account.role, account.is_role_fixed = role, True
        account.place_code = place if role in PLACED_ROLES else None
    if wishes.title is not None:
        account.title = read_title(wishes.title)
    if wishes.email is not None:
        account.email = read_email(wishes.email)
    if wishes.language is not None:
        account.language = wishes.language if wishes.language in {"th", "en"} else None
    account.changed_at = func.now()
    session.flush()
    session.refresh(account)
    return _info(account, 0)


def disable(session: Session, name: str) -> AccountInfo:
    """Disable an account: its sessions end and its keys are refused. The caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Which account.

    Returns
    -------
    AccountInfo
        As it is now.
    """
    account = _find(session, name)
    if account.role == "admin" and account.disabled_at is None:
        _keep_one(session, account)
    account.disabled_at = account.disabled_at or func.now()
    sessions.end_all(session, account.id)
    session.flush()
    session.refresh(account)
    return _info(account, 0)


def enable(session: Session, name: str) -> AccountInfo:
    """Let a disabled account in again; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Which account.

    Returns
    -------
    AccountInfo
        As it is now.
    """
    account = _find(session, name)
    account.disabled_at = None
    session.flush()
    return _info(account, 0)


def set_password(session: Session, name: str, password: str, *, must_change: bool = False) -> None:
    """Give an account a new password and end its sessions; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Which account.
    password : str
        As typed.
    must_change : bool
        Whether it is to be changed at the next sign-in.

    Raises
    ------
    Conflict
        If the account signs in by OpenID: there is one way into an account.
    """
    account = _find(session, name)
    refuse_openid(_info(account, 0))
    passwords.examine(password, account.name, account.title, account.email or "")
    kept = passwords.keep(password)
    session.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(password_hash=kept, password_changed_at=func.now(), must_change=must_change)
    )
    sessions.end_all(session, account.id)


def refuse_openid(info: AccountInfo) -> None:
    """Refuse a password to an account that signs in by OpenID.

    Parameters
    ----------
    info : AccountInfo
        The account.

    Raises
    ------
    Conflict
        There is one way into an account.
    """
    if info.way_in == "openid":
        raise Conflict(
            Text(
                th="บัญชีนี้ลงชื่อเข้าใช้ผ่าน OpenID จึงไม่มีรหัสผ่าน",
                en="This account signs in by OpenID and has no password",
            )
        )


def _find(session: Session, name: str) -> Account:
    account = session.scalar(select(Account).where(Account.name == settle_name(name)))
    if account is None:
        raise NotFound(Text(th="ไม่มีบัญชีนี้", en="There is no such account"))
    return account


def _keep_one(session: Session, account: Account) -> None:
    others = session.scalars(
        select(Account.id)
        .where(Account.role == "admin", Account.disabled_at.is_(None))
        .with_for_update()
    ).all()
    if set(others) <= {account.id}:
        raise Conflict(
            Text(
                th="นี่คือผู้ดูแลระบบคนสุดท้าย กรุณาตั้งผู้ดูแลระบบอีกคนก่อน",
                en="This is the last administrator; make another one first",
            )
        )


def _info(account: Account, keys: int) -> AccountInfo:
    way_in: WayIn = "none"
    if account.openid_subject is not None:
        way_in = "openid"
    elif account.password_hash is not None:
        way_in = "password"
    return AccountInfo(
        id=account.id,
        name=account.name,
        title=account.title,
        email=account.email,
        role=next(one for one in ROLES if one == account.role),
        place=account.place_code,
        language=account.language,
        way_in=way_in,
        must_change=account.must_change,
        keys=keys,
        created_at=account.created_at,
        signed_in_at=account.signed_in_at,
        disabled_at=account.disabled_at,
    )
