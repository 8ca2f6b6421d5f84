"""The frame around the data interface's pages: header, banner, way back, other formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup
from starlette.responses import HTMLResponse

from geo_service.deps.shown import Frame
from web.paper import Paper
from web.render import FIXED_POLICY, SITE_FRAMES, around, page

#: No scripts but a map's, and nothing that changes from answer to answer: the page can be kept.
POLICY: Final = f"{FIXED_POLICY}; frame-ancestors {SITE_FRAMES}"
#: What a map needs besides: our scripts, their worker, tiles and fonts of ours.
MAP_POLICY: Final = "script-src 'self'; worker-src 'self'; connect-src 'self'"


def answer(
    content: str,
    frame: Frame,
    *,
    title: str,
    lead: str,
    trail: Sequence[tuple[str, str]],
    style: str | None = None,
) -> HTMLResponse:
    """Answer with a page of data.

    Parameters
    ----------
    content : str
        HTML, escaped by the caller.
    frame : Frame
        What surrounds it.
    title, lead : str
        Heading, and a sentence below it that may be empty.
    trail : sequence of (str, str)
        Words and addresses of the pages above this one.
    style : str, optional
        Address of a MapLibre style to draw a map with.

    Returns
    -------
    HTMLResponse
        Without scripts, unless there is a map to draw.
    """
    context = {
        "content": Markup(content),  # noqa: S704  (escaped where it was written)
        "title": title,
        "lead": lead,
        "trail": trail,
        "style": style,
    }
    html = page(
        "data.html",
        frame.lang,
        {**context, **around(frame), "paper": Paper(frame.here, has_hour=False)},
    )
    policy = POLICY if style is None else f"{POLICY}; {MAP_POLICY}"
    return HTMLResponse(html, headers={**frame.headers, "Content-Security-Policy": policy})
