"""Who sees more than the public: the sessions of such requests, and the record of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fastapi import Request
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.db import transaction
from geo_service.deps.desk import by_of
from geo_service.deps.principals import PRINCIPAL
from layers import inside

if TYPE_CHECKING:
    from starlette.types import Scope

    from geo_service.core.auth import Principal


def scope_in(scope: Scope) -> str | None:
    """Tell which rows a request may see beyond the public ones.

    Parameters
    ----------
    scope : Scope
        Of the request.

    Returns
    -------
    str or None
        As `layers.inside.scope_of` gives it; ``None`` for the public, whose way is the short one.
    """
    who: Principal | None = scope.get(PRINCIPAL)
    return None if who is None else inside.scope_of(who)


def insider_sessions(request: Request, scope: str) -> Callable[[], Session]:
    """Give a way to open sessions that see what a scope reaches.

    Parameters
    ----------
    request : Request
        Before its first value is read, that is noted in the audit log.
    scope : str
        From `scope_in`.

    Returns
    -------
    callable
        Nothing is connected before the first question.
    """
    state, note = request.app.state, _note_of(request, scope)
    return partial(inside.open_session, state.insiders, scope, note)


def _note_of(request: Request, scope: str) -> Callable[[], None]:
    state, by, path = request.app.state, by_of(request), request.url.path
    detail = {"scope": scope, "query": request.url.query[:400]}

    def note() -> None:
        with transaction(state.desk) as session:
            audit.note(session, "values-seen", by, what=path, detail=detail)

    return note
