"""Sessions for work that outlives its request: they see one state of the data to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from fastapi import Request
from sqlalchemy.orm import Session

from geo_service.core.known import MATCH
from geo_service.deps.insiders import insider_sessions, scope_in

OpenSnapshot: TypeAlias = Callable[[], AbstractContextManager[Session]]


def snapshots_of(request: Request) -> OpenSnapshot:
    """Give a way to open sessions that is still good when the request is answered.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    callable
        Opens a session that only reads, in one transaction.
    """
    state, scope = request.app.state, scope_in(request.scope)
    if scope is not None:
        return insider_sessions(request, scope)

    @contextmanager
    def opened() -> Iterator[Session]:
        with Session(state.snapshots, info={MATCH: state.watcher.match}) as session:
            yield session

    return opened
