"""Whom an OpenID provider vouches for is let in by rules, each with its role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.accounts import sessions
from geo_service.core.accounts.entry import Entered
from geo_service.core.accounts.fields import (
    read_role,
    read_title,
    settle_name,
    without_unseen,
)
from geo_service.core.accounts.models import Account
from geo_service.core.accounts.openid import Person, plain
from geo_service.core.audit import By
from geo_service.core.auth import PLACED_ROLES, Role
from geo_service.core.errors import BadParameter, Conflict, Forbidden
from geo_service.core.text import Text

#: ``@dla.go.th=dla``, ``somchai@x.go.th=lao:06500101``, ``groups:planning=analyst``.
_RULE: Final = re.compile(r"(?P<who>[^=\s;]+)=(?P<role>[a-z]+)(?::(?P<place>[0-9A-Za-z]+))?")
_REMOVED: Final = re.compile(r"[\s\x00-\x1f<>\"'&/\\;,:()\[\]{}]")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is let in: an e-mail address, everybody of a domain, or a value of a claim."""

    who: str
    role: Role
    place: str | None

    def fits(self, person: Person) -> bool:
        """Tell whether the rule is about somebody.

        Parameters
        ----------
        person : Person
            Whom the provider vouches for; only a verified e-mail address counts.

        Returns
        -------
        bool
            By e-mail, by domain or by claim.
        """
        claim, separator, value = self.who.partition(":")
        if separator:
            return value in _values(person.claims, claim)
        if person.email is None:
            return False
        if self.who.startswith("@"):
            return person.email.endswith(self.who.lower())
        return person.email == self.who.lower()


def read_rules(said: str) -> tuple[Rule, ...]:
    """Read the rules of ``GEO_OIDC_ROLES``.

    Parameters
    ----------
    said : str
        Rules with semicolons or spaces between them; the first that fits counts.

    Returns
    -------
    tuple of Rule
        In their order.

    Raises
    ------
    BadParameter
        If one cannot be read, or would make an administrator.
    """
    rules = []
    for part in re.split(r"[;\s]+", said.strip(" ;")):
        found = _RULE.fullmatch(part)
        if found is None or found["role"] == "admin":
            raise BadParameter(
                Text(
                    th=f"GEO_OIDC_ROLES: '{part}' ไม่ถูกต้อง ตัวอย่าง @dla.go.th=dla (ตั้ง admin ไม่ได้)",
                    en=f"GEO_OIDC_ROLES: '{part}' is no rule such as @dla.go.th=dla (never admin)",
                ),
                parameter="GEO_OIDC_ROLES",
            )
        rules.append(Rule(found["who"], read_role(found["role"], found["place"]), found["place"]))
    return tuple(rules)


def admit(
    session: Session, person: Person, rules: Sequence[Rule], *, by: By, lasts: timedelta
) -> Entered:
    """Let somebody in: by the account he has, or a new one. The caller commits.

    Rules are asked at every sign-in: who leaves a group is no longer let in. A role that an
    administrator gave by hand stays as it is.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    person : Person
        Whom the provider vouches for.
    rules : sequence of Rule
        The first that fits counts.
    by : By
        From where; who it is comes out here.
    lasts : timedelta
        How old the session may become.

    Returns
    -------
    Entered
        With the secret of a new session.

    Raises
    ------
    Forbidden
        If no rule fits, or the account is disabled.
    Conflict
        If the name is that of an account with a password.
    """
    rule = next((one for one in rules if one.fits(person)), None)
    account = _account_of(session, person)
    if rule is None or (account is not None and account.disabled_at is not None):
        raise Forbidden(_NOT_ADMITTED)
    if account is None:
        account = _made(session, person, rule)
        audit.note(
            session, "account-made", replace(by, who=sessions.principal_of(account)),
            what=account.name, detail={"way": "openid", "role": account.role},
        )  # fmt: skip
    elif not account.is_role_fixed:
        account.role = rule.role
        account.place_code = rule.place if rule.role in PLACED_ROLES else None
    account.email = person.email or account.email
    session.flush()
    token = sessions.begin(session, account.id, lasts=lasts)
    who = sessions.principal_of(account)
    audit.note(
        session, "sign-in", replace(by, who=who), what=account.name, detail={"way": "openid"}
    )
    return Entered(who, token, must_change=False)


def dismiss(session: Session, person: Person) -> None:
    """End the sessions and keys of somebody who is not admitted any more. The caller commits.

    Should he be admitted again, his keys are good again.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    person : Person
        Whom the provider vouches for; he may have no account.
    """
    account = _account_of(session, person)
    if account is not None:
        sessions.end_all(session, account.id)
        account.signed_in_at = None


def _account_of(session: Session, person: Person) -> Account | None:
    found: Account | None = session.scalar(
        select(Account).where(
            Account.openid_issuer == person.issuer, Account.openid_subject == person.subject
        )
    )
    return found


def _made(session: Session, person: Person, rule: Rule) -> Account:
    said = person.email or plain(person.claims.get("preferred_username") or person.subject)
    name = _REMOVED.sub("", without_unseen(settle_name(said)))[:100] or "openid"
    if session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise Conflict(
            Text(
                th="มีบัญชีชื่อนี้อยู่แล้วและเข้าใช้ด้วยวิธีอื่น บัญชีหนึ่งมีวิธีลงชื่อเข้าใช้วิธีเดียว กรุณาติดต่อผู้ดูแลระบบ",
                en="An account of this name exists and is entered another way; an account has one"
                " way in, please ask an administrator",
            )
        )
    account = Account(
        name=name,
        title=read_title(person.title),
        email=person.email,
        role=rule.role,
        place_code=rule.place if rule.role in PLACED_ROLES else None,
        openid_issuer=person.issuer,
        openid_subject=person.subject,
        changed_at=func.now(),
    )
    session.add(account)
    session.flush()
    session.refresh(account)
    return account


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    found = claims.get(name)
    values = found if isinstance(found, list) else [found]
    return [str(one) for one in values if isinstance(one, (str, int)) and one is not True]


_NOT_ADMITTED: Final = Text(
    th="บัญชีนี้ยังไม่ได้รับอนุญาตให้ใช้ระบบ กรุณาติดต่อผู้ดูแลระบบ",
    en="This account is not admitted here; please ask an administrator",
)
