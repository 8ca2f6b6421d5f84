"""The page of ageing: a fan and years for places named, a table of years for all of a level."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from geo_service.core.text import BUDDHIST_OFFSET
from geo_service.deps.shown import Frame
from layers import ageing
from layers.ageing import Ageing
from web.ageing import limit_of, tell
from web.render import respond_framed
from web.words import LEVELS

#: So many places have a chart each; more are told in a table.
MOST_CHARTS = 6


def answer(found: Ageing, frame: Frame) -> HTMLResponse:
    """Answer with the page of ageing.

    Parameters
    ----------
    found : Ageing
        Some places, or all of a level.
    frame : Frame
        What surrounds it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    lang = frame.lang
    is_few = len(found.places) <= MOST_CHARTS
    told = [tell(one, found, lang, with_chart=is_few) for one in found.places]
    limits = [limit_of(one, lang) for one in found.places[0].passing] if found.places else []
    context = {
        "told": told,
        "is_few": is_few,
        "limits": limits,
        "level": LEVELS[found.level].in_(lang),
        "why": "" if found.refused is None else found.refused.in_(lang),
        "method": ageing.method_of(found).in_(lang),
        "shift": BUDDHIST_OFFSET if lang == "th" else 0,
        "decimals": found.indicator.decimals,
        "levels": [
            (LEVELS[one].in_(lang), f"/ageing?level={one}&f=html&lang={lang}")
            for one in ("country", "region", "province", "district")
            if one != found.level
        ],
    }
    return respond_framed("ageing.html", frame, context)
