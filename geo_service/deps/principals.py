"""Who asks, and what a route demands of him."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from geo_service.core.auth import ANONYMOUS, ROLE_NAMES, SCOPE_NAMES, Principal, Role, Scope
from geo_service.core.errors import Forbidden, Unauthenticated
from geo_service.core.text import Text

#: Where the entrance leaves the principal of a request that brought good credentials.
PRINCIPAL: Final = "principal"


def principal(request: Request) -> Principal:
    """Tell who asks; credentials were examined before any route was found.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Principal
        `ANONYMOUS` when the request brought no credentials at all.
    """
    known: Principal = request.scope.get(PRINCIPAL, ANONYMOUS)
    return known


async def _principal(request: Request) -> Principal:
    return principal(request)


PrincipalDep = Annotated[Principal, Depends(_principal)]


def require(
    *roles: Role, scope: Scope | None = None
) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """Make a dependency that lets only some through.

    Parameters
    ----------
    *roles : str
        Roles that may; any signed-in principal when none is named.
    scope : {"read", "load", "publish", "manage"}, optional
        What the role and the key must grant besides.

    Returns
    -------
    callable
        For ``Depends``; it gives the principal. 401 without credentials, 403 with those that
        do not suffice.
    """

    async def examine(who: PrincipalDep) -> Principal:
        if who.is_anonymous:
            raise Unauthenticated(_SIGN_IN)
        if roles and not who.has_role(*roles):
            raise Forbidden(
                Text(
                    th=f"ต้องเป็น{_any_of('th', roles)}",
                    en=f"For the role {_any_of('en', roles)} only",
                )
            )
        if scope is not None and not who.may(scope):
            raise Forbidden(
                Text(
                    th=f"บัญชีหรือคีย์นี้ไม่มีสิทธิ์ '{SCOPE_NAMES[scope].th}' ({scope})",
                    en=f"This account or key lacks the scope '{scope}'",
                )
            )
        return who

    return examine


def _any_of(lang: str, roles: tuple[Role, ...]) -> str:
    if lang == "th":
        return " หรือ ".join(ROLE_NAMES[one].th for one in roles)
    return " or ".join(ROLE_NAMES[one].en for one in roles)


_SIGN_IN: Final = Text(
    th="กรุณาลงชื่อเข้าใช้ที่ /account หรือส่งคีย์ในส่วนหัว Authorization: Bearer",
    en="Sign in at /account, or send a key as Authorization: Bearer",
)
