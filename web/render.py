"""Pages from templates: escaped, with a strict content policy, linking nothing of strangers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from geo_service.core.text import SAMPLE_NOTICE, Lang
from geo_service.deps.shown import Frame
from layers.inside import NOT_PUBLIC, SHOWN_TO
from web.assets import address, refuse_foreign
from web.paper import Paper
from web.words import axis, day, licence, number, parts, phrases, words

SITE_FRAMES: Final = "'self'"
#: What pages load that are the same in every answer: files of ours.
FIXED_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
#: What a frame that needs no token tells its scripts.
OPEN_FRAME: Final[Mapping[str, Any]] = {"token": None, "origins": [], "editable": None, "state": {}}
#: They load what base.html loads; a reader's words in them may look like anything.
_TEXT_ONLY: Final = frozenset({"data.html", "problem.html"})


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = address
    made.filters["number"] = number
    made.filters["axis"] = axis
    made.filters["parts"] = parts
    made.filters["phrases"] = phrases
    made.filters["day"] = day
    made.filters["licence"] = licence
    made.filters["data_block"] = data_block
    return made


def data_block(value: object) -> Markup:
    """Write JSON that may stand inside a script element whatever text it holds.

    Parameters
    ----------
    value : object
        JSON-ready.

    Returns
    -------
    Markup
        JSON without ``<``, ``>`` and ``&``.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Markup(written)  # noqa: S704  (escaped just above)


def page(name: str, lang: Lang, context: Mapping[str, Any], *, nonce: str = "") -> str:
    """Render one page.

    Parameters
    ----------
    name : str
        Template below ``web/templates``.
    lang : {"th", "en"}
        Language of the reader.
    context : mapping
        What the template shows; every text is escaped.
    nonce : str
        Of the answer's content policy, for inline scripts and styles.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    ForeignAsset
        If the page would load anything from another host.
    """
    html = (
        _environment()
        .get_template(name)
        .render(
            {"say": words(lang), **context},
            lang=lang,
            sample_notice=SAMPLE_NOTICE,
            restriction=None if SHOWN_TO.get() is None else NOT_PUBLIC.in_(lang),
            nonce=nonce,
        )
    )
    if name not in _TEXT_ONLY:
        refuse_foreign(html)
    return html


def respond(
    name: str,
    lang: Lang,
    context: Mapping[str, Any],
    *,
    frame_ancestors: str = SITE_FRAMES,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """Answer with one page and its content policy.

    Parameters
    ----------
    name : str
        Template below ``web/templates``.
    lang : {"th", "en"}
        Language of the reader.
    context : mapping
        What the template shows.
    frame_ancestors : str
        Who may show the page in a frame, in the words of CSP.
    headers : mapping of str to str, optional
        More headers.
    status : int
        HTTP status.

    Returns
    -------
    HTMLResponse
        Not to be stored by shared caches: its nonce is good for one answer.
    """
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        page(name, lang, context, nonce=nonce),
        status_code=status,
        headers={
            "Content-Security-Policy": content_policy(nonce, frame_ancestors),
            "Content-Language": lang,
            "Cache-Control": "private, no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept, Accept-Language, Accept-Encoding",
            **(headers or {}),
        },
    )


def respond_kept(
    name: str,
    lang: Lang,
    context: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    frame_ancestors: str = SITE_FRAMES,
) -> HTMLResponse:
    """Answer with a page that may be kept: nothing in it changes from answer to answer.

    Parameters
    ----------
    name : str
        Template below ``web/templates``, without inline scripts and styles.
    lang : {"th", "en"}
        Language of the reader.
    context : mapping
        What the template shows.
    headers : mapping of str to str
        From `deps.revalidate`.
    frame_ancestors : str
        Who may show the page in a frame, in the words of CSP.

    Returns
    -------
    HTMLResponse
        With a content policy of our own files alone.
    """
    policy = f"{FIXED_POLICY}; script-src 'self'; frame-ancestors {_sources(frame_ancestors)}"
    return HTMLResponse(
        page(name, lang, context), headers={**headers, "Content-Security-Policy": policy}
    )


def respond_framed(name: str, frame: Frame, context: Mapping[str, Any]) -> HTMLResponse:
    """Answer with a page of data that may be kept.

    Parameters
    ----------
    name : str
        Template below ``web/templates``, without inline scripts and styles.
    frame : Frame
        What surrounds it.
    context : mapping
        What the template shows besides.

    Returns
    -------
    HTMLResponse
        With a content policy of our own files alone.
    """
    return respond_kept(name, frame.lang, {**context, **around(frame)}, frame.headers)


def around(frame: Frame) -> dict[str, Any]:
    """Tell a template what surrounds its page.

    Parameters
    ----------
    frame : Frame
        From where questions are answered.

    Returns
    -------
    dict
        Part of its context.
    """
    return {
        "formats": frame.formats,
        "is_sample": frame.is_sample,
        "other_language": frame.other_language,
        "paper": Paper(frame.here),
    }


def content_policy(nonce: str, frame_ancestors: str) -> str:
    """Write the content policy of a page.

    Parameters
    ----------
    nonce : str
        Of this answer.
    frame_ancestors : str
        Sources that may frame the page.

    Returns
    -------
    str
        Value of ``Content-Security-Policy``.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            f"frame-ancestors {_sources(frame_ancestors)}",
        )
    )


def _sources(said: str) -> str:
    # a setting must not be able to end the directive and begin another
    return " ".join(said.replace(";", " ").replace(",", " ").split()) or SITE_FRAMES
