"""What a request brings along: settings, a session, a language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import State

from geo_service.core.errors import BadParameter
from geo_service.core.known import KNOWN, MATCH, Known, read_versions
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text, choose_language
from geo_service.deps.insiders import insider_sessions, scope_in

Value = TypeVar("Value")


def at_once(read: Callable[..., Value]) -> Callable[..., Awaitable[Value]]:
    """Let a dependency that waits for nothing run where the request is, not in a thread.

    Parameters
    ----------
    read : callable
        Reads a value from a request without asking anybody; its parameters are those of the
        dependency.

    Returns
    -------
    callable
        The dependency.
    """

    @wraps(read)
    async def reading(*args: Any, **named: Any) -> Value:  # noqa: ANN401  (as `read` has them)
        return read(*args, **named)

    return reading


def settings_of(request: Request) -> Settings:
    """Return the settings the application was made with.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Settings
        Frozen.
    """
    settings: Settings = request.app.state.settings
    return settings


async def reading_session(request: Request) -> AsyncIterator[Session]:
    """Open a session that only reads; nothing is connected before the first question.

    While the state of the data is known for certain, nothing can change and each statement
    stands for itself; otherwise all of them see one state, which the first one reads. Who may see
    more than the public gets a session of another role, and nothing that is remembered.

    Parameters
    ----------
    request : Request
        Any request.

    Yields
    ------
    Session
        Closed when the answer is written.
    """
    state, scope = request.app.state, scope_in(request.scope)
    known = known_for(request) if scope is None else None
    if known is not None:
        with certain_session(request, known) as session:
            yield session
        return
    if scope is not None:
        session = insider_sessions(request, scope)()
    else:
        session = Session(state.snapshots, info={MATCH: state.watcher.match})
    try:
        yield session
    finally:
        await run_in_threadpool(session.close)


def certain_session(request: Request, known: Known) -> Session:
    """Open a session for a request whose state of the data is known for certain.

    Parameters
    ----------
    request : Request
        Any request.
    known : Known
        The state.

    Returns
    -------
    Session
        Each statement stands for itself; the caller closes it.
    """
    return Session(request.app.state.engine, info={KNOWN: known})


def known_for(request: Request) -> Known | None:
    """Tell what is known for certain of the state of the data, from the request's beginning.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Known or None
        ``None`` when the database must be asked.
    """
    if KNOWN not in request.scope:
        request.scope[KNOWN] = request.app.state.watcher.known()
    known: Known | None = request.scope[KNOWN]
    return known


def ask_known(state: State) -> Known:
    """Ask the database for its state, and give what is known of it.

    Parameters
    ----------
    state : State
        Of the application.

    Returns
    -------
    Known
        Of the state at this moment.
    """
    with Session(state.snapshots) as session:
        known: Known = state.watcher.match(read_versions(session))
        return known


def language(
    request: Request,
    lang: Annotated[str | None, Query(description="th | en; beats Accept-Language")] = None,
) -> Lang:
    """Choose the reader's language.

    Parameters
    ----------
    request : Request
        Its ``Accept-Language`` counts when ``lang`` is absent.
    lang : str, optional
        ``th`` or ``en``.

    Returns
    -------
    {"th", "en"}
        Thai when nothing was asked for.

    Raises
    ------
    BadParameter
        If ``lang`` is anything else.
    """
    if lang not in {None, "th", "en"}:
        raise BadParameter(
            Text(th="lang ต้องเป็น th หรือ en", en="lang is th or en"),
            parameter="lang",
            known=["th", "en"],
        )
    return choose_language(lang, request.headers.get("accept-language", ""))


SettingsDep = Annotated[Settings, Depends(at_once(settings_of))]
SessionDep = Annotated[Session, Depends(reading_session)]
LangDep = Annotated[Lang, Depends(at_once(language))]
