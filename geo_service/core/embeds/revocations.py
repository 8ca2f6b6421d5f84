"""Tokens and signing keys that are good no more, known in every process within seconds."""

from __future__ import annotations

import threading
import time
from typing import Final, Literal, TypeAlias

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from geo_service.core.accounts.models import EmbedRevocation
from geo_service.core.db import transaction
from geo_service.core.embeds.tokens import REVOKED, Token
from geo_service.core.errors import BadParameter, Unauthenticated, Unavailable
from geo_service.core.text import Text

What: TypeAlias = Literal["jti", "kid"]
#: What is known is read again after this long; a token revoked elsewhere is refused by then.
REREAD_S: Final = 15.0
#: Without the database, what is known stays good for this long; then no token is.
TRUSTED_S: Final = 45.0
_LONGEST: Final = 100
_KEPT: Final = "1 day"


class Revocations:
    """What was revoked, as one process knows it.

    Parameters
    ----------
    engine : Engine
        Of the role that keeps accounts.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._read_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Tell whether `check` asks nobody.

        Returns
        -------
        bool
            False when the database must be asked.
        """
        return time.monotonic() - self._read_at < REREAD_S

    def check(self, token: Token) -> None:
        """Refuse a token that was revoked, or whose key was.

        Parameters
        ----------
        token : Token
            Good otherwise.

        Raises
        ------
        Unauthenticated
            If it is good no more.
        Unavailable
            If that cannot be known.
        """
        if not self.is_fresh:
            self._read()
        if not self._known.isdisjoint({("jti", token.jti), ("kid", token.kid)}):
            raise Unauthenticated(REVOKED, reason="revoked")

    def forget(self) -> None:
        """Read again at the next token: something was revoked in this process."""
        self._read_at = float("-inf")

    def _read(self) -> None:
        with self._lock:
            if self.is_fresh:
                return
            begun = time.monotonic()
            try:
                with transaction(self._engine) as session:
                    rows = session.execute(select(EmbedRevocation.what, EmbedRevocation.name))
                    self._known = frozenset((row.what, row.name) for row in rows)
            except DBAPIError as error:
                if begun - self._read_at > TRUSTED_S:
                    raise Unavailable(_UNKNOWN) from error
                return
            self._read_at = begun


def revoke(session: Session, what: What, name: str, *, by: str) -> None:
    """Revoke a token, or all tokens of a signing key.

    Parameters
    ----------
    session : Session
        Open; the caller commits.
    what : {"jti", "kid"}
        What is named.
    name : str
        Of the token or of the key.
    by : str
        Who does it.

    Raises
    ------
    BadParameter
        If it cannot be the name of either.
    """
    if not name or len(name) > _LONGEST or not name.isascii() or not name.isprintable():
        raise BadParameter(
            Text(th="ชื่อโทเคนหรือคีย์ไม่ถูกต้อง", en="This cannot be the name of a token or key"),
            parameter=what,
        )
    # Tokens last a quarter of an hour; keys stay revoked.
    long_ago = func.now() - text(f"interval '{_KEPT}'")
    session.execute(
        delete(EmbedRevocation).where(
            EmbedRevocation.what == "jti", EmbedRevocation.revoked_at < long_ago
        )
    )
    session.execute(
        insert(EmbedRevocation).values(what=what, name=name, by=by).on_conflict_do_nothing()
    )


_UNKNOWN: Final = Text(
    th="ตรวจไม่ได้ว่าโทเคนถูกเพิกถอนหรือไม่ กรุณาลองใหม่",
    en="Whether the token was revoked cannot be known right now; try again",
)
