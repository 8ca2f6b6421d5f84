"""The frame around the data interface's pages: header, banner, way back, other formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup
from starlette.responses import HTMLResponse

from geo_service.core.text import Lang
from web.render import FIXED_POLICY, SITE_FRAMES, page

#: No scripts but a map's, and nothing that changes from answer to answer: the page can be kept.
POLICY: Final = f"{FIXED_POLICY}; frame-ancestors {SITE_FRAMES}"
#: What a map needs besides: our scripts, their worker, tiles and fonts of ours.
MAP_POLICY: Final = "script-src 'self'; worker-src 'self'; connect-src 'self'"


def answer(
    content: str,
    lang: Lang,
    *,
    title: str,
    lead: str,
    trail: Sequence[tuple[str, str]],
    formats: Sequence[tuple[str, str]],
    style: str | None = None,
    other_language: str,
    is_sample: bool,
    headers: Mapping[str, str],
) -> HTMLResponse:
    """Answer with a page of data.

    Parameters
    ----------
    content : str
        HTML, escaped by the caller.
    lang : {"th", "en"}
        Language of the reader.
    title, lead : str
        Heading, and a sentence below it that may be empty.
    trail : sequence of (str, str)
        Words and addresses of the pages above this one.
    formats : sequence of (str, str)
        Words and addresses of the same data in other formats.
    style : str, optional
        Address of a MapLibre style to draw a map with.
    other_language : str
        Address of this page in the other language.
    is_sample : bool
        Whether to say that the data is made up.
    headers : mapping of str to str
        Of the answer.

    Returns
    -------
    HTMLResponse
        Without scripts, unless there is a map to draw.
    """
    html = page(
        "data.html",
        lang,
        {
            "content": Markup(content),  # noqa: S704  (escaped where it was written)
            "title": title,
            "lead": lead,
            "trail": trail,
            "formats": formats,
            "style": style,
            "other_language": other_language,
            "is_sample": is_sample,
        },
    )
    policy = POLICY if style is None else f"{POLICY}; {MAP_POLICY}"
    return HTMLResponse(html, headers={**headers, "Content-Security-Policy": policy})
