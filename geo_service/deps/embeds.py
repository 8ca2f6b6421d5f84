"""Embed tokens in requests: whether one is good, and who comes with it."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from geo_service.core.auth import ROLE_SCOPES, Principal
from geo_service.core.embeds.revocations import Revocations
from geo_service.core.embeds.tokens import OFF, Signer, Token, signer_of
from geo_service.core.errors import Unauthenticated
from geo_service.core.settings import Settings
from geo_service.deps.desk import Desk

#: The page that a token opens reads its token itself: a frame cannot send headers.
OPEN: Final = "/embed/open"


class Embeds:
    """What a process knows of embed tokens.

    Parameters
    ----------
    desk : Engine
        Where it is kept what was revoked.
    settings : Settings
        Whether there are tokens, and what signs them.
    """

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self._signer = signer_of(settings)
        self.revocations = Revocations(desk)

    @property
    def signer(self) -> Signer:
        """Give what makes tokens.

        Returns
        -------
        Signer
            With the secrets of the settings.

        Raises
        ------
        Unauthenticated
            If tokens are not switched on: none can be good.
        """
        if self._signer is None:
            raise Unauthenticated(OFF, reason="off")
        return self._signer

    def examine(self, said: str) -> Token:
        """Read a token and ask whether it was revoked.

        Parameters
        ----------
        said : str
            As it came.

        Returns
        -------
        Token
            Good now.
        """
        token = self.signer.read(said)
        self.revocations.check(token)
        return token

    def is_revoked(self, token: Token) -> bool:
        """Tell whether a token is good no more, or what signed it.

        Parameters
        ----------
        token : Token
            Good otherwise.

        Returns
        -------
        bool
            As far as this process knows.
        """
        try:
            self.revocations.check(token)
        except Unauthenticated:
            return True
        return False

    async def examine_soon(self, said: str) -> Token:
        """Do as `examine`, in a thread where the database is asked.

        Parameters
        ----------
        said : str
            As it came.

        Returns
        -------
        Token
            Good now.
        """
        if self.revocations.is_fresh:
            return self.examine(said)
        return await run_in_threadpool(self.examine, said)


def embeds_of(request: Request) -> Embeds:
    """Give what the application knows of embed tokens.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Embeds
        One for the process.
    """
    embeds: Embeds = request.app.state.embeds
    return embeds


def principal_of(token: Token) -> Principal:
    """Tell who comes with a token: nobody who sees more than everybody.

    Parameters
    ----------
    token : Token
        Good.

    Returns
    -------
    Principal
        Without a role of its own, whoever issued the token.
    """
    return Principal(
        kind="embed",
        id=token.jti,
        name=token.grant.resource.told,
        role="anonymous",
        scopes=ROLE_SCOPES["anonymous"],
        language=token.grant.lang,
    )
