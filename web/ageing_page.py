"""The page of ageing: a fan and years for places named, a table of years for all of a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import HTMLResponse

from geo_service.core.text import BUDDHIST_OFFSET, Lang
from layers import ageing
from layers.ageing import Ageing
from web.ageing import limit_of, tell
from web.render import respond_kept
from web.words import LEVELS

#: So many places have a chart each; more are told in a table.
MOST_CHARTS = 6


def answer(
    lang: Lang,
    found: Ageing,
    *,
    here: str,
    formats: Sequence[tuple[str, str]],
    is_sample: bool,
    headers: Mapping[str, str],
) -> HTMLResponse:
    """Answer with the page of ageing.

    Parameters
    ----------
    lang : {"th", "en"}
        Language of the reader.
    found : Ageing
        Some places, or all of a level.
    here : str
        Address of this page in the other language.
    formats : sequence of (str, str)
        Words and addresses of the same data in other formats.
    is_sample : bool
        Whether to say that the data is made up.
    headers : mapping of str to str
        Of the answer.

    Returns
    -------
    HTMLResponse
        The page.
    """
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
        "formats": formats,
        "is_sample": is_sample,
        "other_language": here,
    }
    return respond_kept("ageing.html", lang, context, headers)
