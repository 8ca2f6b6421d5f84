"""From credentials to a principal: what was good a moment ago is remembered for seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from geo_service.core.accounts import sessions
from geo_service.core.accounts.keys import ENDS_AT, KEY
from geo_service.core.accounts.models import Account, ApiKey
from geo_service.core.accounts.sessions import Signed
from geo_service.core.accounts.tokens import is_same
from geo_service.core.auth import ROLE_SCOPES, SCOPES, Principal
from geo_service.core.db import transaction
from geo_service.core.errors import Unauthenticated
from geo_service.core.text import Text

log = logging.getLogger(__name__)

#: A revoked key is refused this much later at the latest, in every process.
REMEMBERED_S: Final = 20.0
#: The last use of a key is told to the hour: less would be a write for every request.
USED_EVERY: Final = timedelta(hours=1)
_MOST_REMEMBERED: Final = 5_000
_NOBODYS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class _Remembered:
    secret_hash: bytes
    principal: Principal
    good_until: float


class Recognition:
    """Recognises the keys and sessions of one database.

    Parameters
    ----------
    engine : Engine
        Of the role that keeps accounts.
    idle : timedelta
        How long a session may go unseen.
    """

    def __init__(self, engine: Engine, *, idle: timedelta) -> None:
        self._engine, self._idle = engine, idle
        self._keys: OrderedDict[str, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, prefix: str, secret: str) -> Principal | None:
        """Recognise a key that was good a moment ago; asks nobody.

        Parameters
        ----------
        prefix : str
            Of the key.
        secret : str
            Of the key.

        Returns
        -------
        Principal or None
            ``None`` when the database must be asked.
        """
        known = self._keys.get(prefix)
        if known is None or time.monotonic() > known.good_until:
            return None
        return known.principal if is_same(known.secret_hash, secret) else None

    def is_familiar(self, prefix: str, secret: str) -> bool:
        """Tell whether a key was good once in this process, though it may not be any more.

        Parameters
        ----------
        prefix : str
            Of the key.
        secret : str
            Of the key.

        Returns
        -------
        bool
            False for who guesses.
        """
        known = self._keys.get(prefix)
        return known is not None and is_same(known.secret_hash, secret)

    def key(self, prefix: str, secret: str) -> Principal:
        """Recognise a key.

        Parameters
        ----------
        prefix : str
            Of the key.
        secret : str
            Of the key.

        Returns
        -------
        Principal
            With the scopes that both the key and the role of its account grant.

        Raises
        ------
        Unauthenticated
            If it is unknown, wrong, expired or revoked; which of these is not told.
        """
        with transaction(self._engine) as session:
            row = session.execute(
                select(
                    ApiKey,
                    Account,
                    func.extract("epoch", ENDS_AT - func.now()).label("left_s"),
                    func.now().label("now"),
                )
                .join(Account, Account.id == ApiKey.account_id)
                .where(ApiKey.prefix == prefix)
            ).one_or_none()
        # Compared even where there is none: the time tells nothing.
        is_right = is_same(_NOBODYS if row is None else row.ApiKey.secret_hash, secret)
        if row is None or not is_right or not _is_good(row.ApiKey, row.Account, row.left_s):
            if is_right:
                self._forget(prefix)
            raise Unauthenticated(BAD_KEY)
        found = _principal(row.ApiKey, row.Account)
        good_s = min(REMEMBERED_S, float(row.left_s))
        self._remember(prefix, row.ApiKey.secret_hash, found, good_s)
        if _is_long_ago(row.ApiKey.used_at, row.now):
            self._write(lambda session: _mark_used(session, prefix))
        return found

    def cookie(self, token: str) -> Signed | None:
        """Recognise the session of a browser; the database is asked every time.

        Parameters
        ----------
        token : str
            The cookie.

        Returns
        -------
        Signed or None
            ``None`` when the session ended or never was.
        """
        with transaction(self._engine) as session:
            found = sessions.recognise(session, token, idle=self._idle)
        if found is not None and found.is_unseen:
            self._write(lambda session: sessions.mark_seen(session, token))
        return found

    def forget(self) -> None:
        """Forget all keys: one of them was revoked, or an account changed, in this process."""
        with self._lock:
            self._keys.clear()

    def _write(self, write: Callable[[Session], None]) -> None:
        # A database that only reads right now still lets readers in.
        try:
            with transaction(self._engine) as session:
                write(session)
        except DBAPIError as error:
            log.warning("not written", extra={"why": type(error.orig).__name__})

    def _remember(self, prefix: str, kept: bytes, found: Principal, good_s: float) -> None:
        with self._lock:
            self._keys[prefix] = _Remembered(kept, found, time.monotonic() + good_s)
            self._keys.move_to_end(prefix)
            if len(self._keys) > _MOST_REMEMBERED:
                self._keys.popitem(last=False)

    def _forget(self, prefix: str) -> None:
        with self._lock:
            self._keys.pop(prefix, None)


BAD_KEY: Final = Text(
    th="คีย์ไม่ถูกต้อง หมดอายุ หรือถูกเพิกถอนแล้ว กรุณาออกคีย์ใหม่ที่ /account",
    en="The key is wrong, has expired or was revoked; make a new one at /account",
)


def parse_key(said: str) -> tuple[str, str] | None:
    """Read a key as it was sent.

    Parameters
    ----------
    said : str
        What came after ``Bearer``.

    Returns
    -------
    tuple of str or None
        Prefix and secret; ``None`` when it cannot be a key of ours.
    """
    found = KEY.fullmatch(said)
    return (found[1], found[2]) if found else None


def _is_good(key: ApiKey, account: Account, left_s: float) -> bool:
    return key.revoked_at is None and account.disabled_at is None and left_s > 0


def _is_long_ago(used_at: datetime | None, now: datetime) -> bool:
    return used_at is None or now - used_at > USED_EVERY


def _principal(key: ApiKey, account: Account) -> Principal:
    person = sessions.principal_of(account)
    granted = ROLE_SCOPES[person.role]
    return Principal(
        kind="key",
        id=key.prefix,
        name=account.name,
        role=person.role,
        place=account.place_code,
        scopes=frozenset(one for one in SCOPES if one in key.scopes) & granted,
        language=person.language,
    )


def _mark_used(session: Session, prefix: str) -> None:
    session.execute(update(ApiKey).where(ApiKey.prefix == prefix).values(used_at=func.now()))
