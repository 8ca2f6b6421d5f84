"""The page of a collection's token: its features as a table in somebody else's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.responses import HTMLResponse

from geo_service.core.text import Lang
from geo_service.deps import SessionDep
from layers import registry
from layers.collection import Collection
from layers.questions import state_of
from layers.words import STATUS_NAMES
from web.render import respond
from web.words import words

#: So many rows are asked for at once.
PAGE_ROWS: Final = 50
_WORDS: Final = ("items_more", "items_shown", "load_failed", "yes", "no", "items_none")


def answer(
    session: SessionDep,
    collection_id: str,
    lang: Lang,
    *,
    filters: Mapping[str, str],
    frame: Mapping[str, Any],
    ancestors: str,
) -> HTMLResponse:
    """Answer with the table of a collection; its script reads the rows with the frame's token.

    Parameters
    ----------
    session : Session
        Only read.
    collection_id : str
        Which collection.
    lang : {"th", "en"}
        Language of the reader.
    filters : mapping of str to str
        What is asked of it, as its address takes them.
    frame : mapping
        What the scripts must know of the token.
    ancestors : str
        Who may frame it, in the words of CSP.

    Returns
    -------
    HTMLResponse
        Without any row.

    Raises
    ------
    NotFound
        If there is no such collection.
    """
    known = registry.read(session, collection_id)
    say = words(lang)
    context = {
        "heading": known.title.in_(lang),
        "lead": known.description.in_(lang),
        "frame": frame,
        "data": {
            "items": f"/collections/{known.id}/items",
            "filters": dict(filters),
            "rows": PAGE_ROWS,
            "columns": list(_columns(known, lang)),
            "statuses": {key: text.in_(lang) for key, text in STATUS_NAMES.items()},
            "words": {key: say[key] for key in _WORDS},
        },
        "is_sample": state_of(session, known.subjects).is_sample,
        "other_language": "",
    }
    return respond("embed_items.html", lang, context, frame_ancestors=ancestors)


# Names in the reader's language; what stands beside a value is not a column of its own.
def _columns(known: Collection, lang: Lang) -> Iterator[dict[str, Any]]:
    other = "_en" if lang == "th" else "_th"
    for one in known.properties:
        if one.name.endswith(f"name{other}") or (one.indicator and one.kind != "number"):
            continue
        yield {
            "name": one.name,
            "title": one.title.in_(lang),
            "unit": one.unit.in_(lang) if one.unit else "",
            "isNumber": one.kind in {"number", "integer"},
            "decimals": one.decimals,
            "isYear": one.kind == "integer" and "year" in one.name,
        }
