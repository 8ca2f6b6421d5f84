"""What pages for those who sign in have in common: nobody frames them, and their forms are ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from starlette.responses import Response

from geo_service.core.errors import Fault
from geo_service.core.text import Lang
from web.render import respond


def ground(
    lang: Lang,
    path: str,
    *,
    csrf: str,
    fault: Fault | None,
    done: str = "",
    fields: Collection[str] = (),
) -> dict[str, Any]:
    """Begin the context of a page.

    Parameters
    ----------
    lang : {"th", "en"}
        Language of the reader.
    path : str
        Of the page.
    csrf : str
        Token of its forms.
    fault : Fault, optional
        Why a form was refused.
    done : str
        What was just done, in words.
    fields : collection of str
        Fields of its forms; a fault of one of them is told beside it.

    Returns
    -------
    dict
        What every template of these pages shows.
    """
    named = str(fault.extra.get("parameter", "")) if fault else ""
    return {
        "is_sample": False,
        "wrong": named if named in fields else "",
        "other_language": f"{path}?lang={'en' if lang == 'th' else 'th'}",
        "csrf": csrf,
        "done": done,
        "fault": fault.detail.in_(lang) if fault else "",
    }


def respond_alone(name: str, lang: Lang, context: Mapping[str, Any], status: int) -> Response:
    """Answer with a page that no other may frame, not even ours.

    Parameters
    ----------
    name : str
        Template below ``web/templates``.
    lang : {"th", "en"}
        Language of the reader.
    context : mapping
        What the template shows.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    return respond(name, lang, context, frame_ancestors="'none'", status=status)
