"""What a request brings along: settings, a session, a language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from geo_service.core.errors import BadParameter
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text, choose_language


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


def reading_session(request: Request) -> Iterator[Session]:
    """Open a session that only reads; nothing is connected before the first question.

    Parameters
    ----------
    request : Request
        Any request.

    Yields
    ------
    Session
        Closed when the answer is written.
    """
    with Session(request.app.state.engine) as session:
        yield session


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


SettingsDep = Annotated[Settings, Depends(settings_of)]
SessionDep = Annotated[Session, Depends(reading_session)]
LangDep = Annotated[Lang, Depends(language)]
