"""What planners often ask: ready views with their method and limits, and what still waits."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, revalidate
from layers import periods
from layers.cube.known import names_of
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
        ``number`` and ``ask``; an answered one has ``address``, ``method``, ``limits`` and
        perhaps ``needs`` (``key@level``, apart by spaces), a waiting one ``waits``; texts are
        pairs, Thai first.
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
    state = state_of(session, _subjects())
    headers = revalidate(request, state.token, lang=lang)
    other: Lang = "en" if lang == "th" else "th"
    asked = [(one, _missing(session, one)) for one in known() if "address" in one]
    context = {
        "answered": [_said(one, lang) for one, missing in asked if not missing],
        "unfed": [
            _said(one, lang) | {"waits": ", ".join(name.in_(lang) for name in missing)}
            for one, missing in asked
            if missing
        ],
        "waiting": [_said(one, lang) for one in known() if "waits" in one],
        "is_sample": state.is_sample,
        "other_language": f"/questions?lang={other}",
    }
    return respond_kept("questions.html", lang, context, headers)


def _needs(question: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = (one.partition("@") for one in question.get("needs", "").split())
    return [(key, level) for key, _, level in pairs]


@cache
def _subjects() -> tuple[str, ...]:
    keys = {key for one in known() for key, _ in _needs(one)}
    return tuple(sorted(f"indicator:{key}" for key in keys))


# Names of the indicators a question needs that have no values in these data.
def _missing(session: SessionDep, question: dict[str, Any]) -> list[Text]:
    told, names = periods.known(session), names_of(session).indicators
    return [
        names[key].name if key in names else Text(key, key)
        for key, level in _needs(question)
        if (key, level) not in told
    ]


def _said(question: dict[str, Any], lang: Lang) -> dict[str, str]:
    at = int(lang == "en")
    said = {
        name: value[at] if isinstance(value, list) else str(value)
        for name, value in question.items()
    }
    return said | {"address": said.get("address", "").replace("{lang}", lang)}
