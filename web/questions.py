"""What planners often ask: ready views with their method and limits, and what still waits."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from geo_service.core.text import Lang
from geo_service.deps import LangDep, SessionDep, revalidate
from layers.questions import state_of
from web.pages import PageRoute
from web.render import respond_kept

_FILE: Final = Path(__file__).parent / "questions.toml"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@cache
def known() -> tuple[dict[str, Any], ...]:
    """Read the questions.

    Returns
    -------
    tuple of dict
        ``number`` and ``ask``; an answered one has ``address``, ``method`` and ``limits``, a
        waiting one ``waits``; texts are pairs, Thai first.
    """
    return tuple(tomllib.loads(_FILE.read_text(encoding="utf-8"))["question"])


@router.get("/questions")
def questions_page(request: Request, session: SessionDep, lang: LangDep) -> Response:
    """List the questions.

    Returns
    -------
    Response
        The page.
    """
    state = state_of(session, ())
    headers = revalidate(request, state.token, lang=lang)
    other: Lang = "en" if lang == "th" else "th"
    context = {
        "answered": [_said(one, lang) for one in known() if "address" in one],
        "waiting": [_said(one, lang) for one in known() if "waits" in one],
        "is_sample": state.is_sample,
        "other_language": f"/questions?lang={other}",
    }
    return respond_kept("questions.html", lang, context, headers)


def _said(question: dict[str, Any], lang: Lang) -> dict[str, str]:
    at = int(lang == "en")
    said = {
        name: value[at] if isinstance(value, list) else str(value)
        for name, value in question.items()
    }
    return said | {"address": said.get("address", "").replace("{lang}", lang)}
