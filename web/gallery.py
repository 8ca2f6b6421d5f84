"""The gallery of the themes, the composer of maps, the landing page and the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final

from geo_service.core.known import remembered
from geo_service.core.text import Lang
from geo_service.deps import SessionDep
from layers import outlines
from layers.measured import Measured
from layers.thematic import SCHEMES
from layers.thematic.small import build_all
from layers.words import THEME_NAMES
from web import explore, figures, thumbnails
from web.choices import State
from web.map_page import embed_code
from web.thumbnails import Outline, Thumbnail
from web.words import LEVELS, words
from web.words import SCHEMES as SCHEME_NAMES

#: Themes that are shown even before anything of them is loaded.
MAIN_THEMES: Final = ("waste", "ageing", "infrastructure")
DEMO_LOOKS: Final = ("", "#theme=dark", "#theme=transparent&legend=off")
THUMBNAIL_LEVEL: Final = "province"


@dataclass(frozen=True, slots=True)
class Card:
    """One indicator in the gallery."""

    name: str
    unit: str
    address: str
    when: str
    national: str
    fills: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme and its indicators."""

    id: str
    name: str
    cards: tuple[Card, ...]


def context(session: SessionDep, lang: Lang, base_url: str) -> dict[str, Any]:
    """Gather what the gallery shows.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.
    base_url : str
        Address of the service, without a final slash.

    Returns
    -------
    dict
        Values by the names the template uses.
    """
    known = explore.known(session)
    return {
        "themes": themes(known, lang, _pictures(session, known)),
        "outline": _outline(session),
        "composer": _composer(known, lang),
        "is_sample": explore.is_sample(session),
        "other_language": f"/maps?lang={_other(lang)}",
        "base_url": base_url,
    }


def themes(
    known: list[Measured], lang: Lang, pictures: dict[str, Thumbnail] | None = None
) -> list[Theme]:
    """Sort the indicators into their themes.

    Parameters
    ----------
    known : list of Measured
        Indicators with values.
    lang : {"th", "en"}
        Language of the reader.
    pictures : dict of str to Thumbnail, optional
        By key of the indicator.

    Returns
    -------
    list of Theme
        The three main themes always, others where something is measured.
    """
    drawn = pictures or {}
    return [
        Theme(
            theme,
            THEME_NAMES[theme].in_(lang),
            tuple(
                _card(one, lang, drawn.get(one.info.key))
                for one in known
                if one.info.theme == theme
            ),
        )
        for theme in explore.THEME_ORDER
        if theme in MAIN_THEMES or any(one.info.theme == theme for one in known)
    ]


def demo(session: SessionDep, lang: Lang, base_url: str) -> dict[str, Any]:
    """Gather three embedded maps, one of each main theme where there is one.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.
    base_url : str
        Address of the service, without a final slash.

    Returns
    -------
    dict
        Values by the names the template uses.
    """
    known = explore.known(session)
    firsts = [next((m for m in known if m.info.theme == theme), None) for theme in MAIN_THEMES]
    chosen = [one for one in firsts if one is not None]
    chosen += [one for one in known if one not in chosen][: len(DEMO_LOOKS) - len(chosen)]
    frames = [
        {
            "address": State(one.info.key, lang).address("/embed/maps/") + look,
            "title": one.info.name.in_(lang),
            "look": look.partition("=")[2].partition("&")[0] or "light",
        }
        for one, look in zip(chosen, DEMO_LOOKS, strict=False)
    ]
    first = frames[0] if frames else {"address": "/embed/maps/…", "title": "…"}
    return {
        "frames": frames,
        "code": embed_code(f"{base_url}{first['address']}", first["title"], base_url),
        "token_code": token_code(base_url),
        "is_sample": explore.is_sample(session),
        "other_language": f"/embed/demo?lang={_other(lang)}",
    }


def token_code(base_url: str) -> str:
    """Write the code that shows what a token opens in somebody's page.

    Parameters
    ----------
    base_url : str
        Address of the service, without a final slash.

    Returns
    -------
    str
        HTML; ``/my-token`` is an address of the page's own server, which has the key.
    """
    return (
        f'<div id="map"></div>\n<script src="{escape(base_url)}/static/embed/v1.js"></script>\n'
        "<script>\n"
        f'GeoEmbed.show("#map", {{ service: "{escape(base_url)}",\n'
        '  tokens: () => fetch("/my-token").then((answer) => answer.text()) });\n'
        "</script>"
    )


def landing(session: SessionDep, lang: Lang) -> dict[str, Any]:
    """Gather what the landing page shows.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    dict
        Values by the names the template uses.
    """
    known = explore.known(session)
    # Each theme by the first map of it.
    firsts = {one.info.theme: one for one in reversed(known)}
    return {
        "themes": themes(known, lang, _pictures(session, list(firsts.values()))),
        "outline": _outline(session),
        "is_sample": explore.is_sample(session),
        "other_language": f"/?lang={_other(lang)}",
    }


def _card(one: Measured, lang: Lang, picture: Thumbnail | None) -> Card:
    level = _level(one)
    info = one.info
    total = picture.total if picture else None
    shown = replace(info, decimals=picture.decimals) if picture else info
    return Card(
        name=info.name.in_(lang),
        unit=info.unit.in_(lang),
        address=State(info.key, lang).address(),
        when=f"{LEVELS[level].in_(lang)} · {_unbroken(one.latest(level).label.in_(lang))}",
        national=figures.figure(total, shown, lang) if total is not None else "",
        fills=picture.fills if picture else (),
    )


# Of all indicators at once, and once for a state of the data.
def _pictures(session: SessionDep, known: Sequence[Measured]) -> dict[str, Thumbnail]:
    drawn = [one for one in known if THUMBNAIL_LEVEL in one.levels]

    def find() -> dict[str, Thumbnail]:
        wanted = [(one.info, one.latest(THUMBNAIL_LEVEL)) for one in drawn]
        made = build_all(session, wanted, THUMBNAIL_LEVEL)
        return {key: thumbnails.thumbnail(one) for key, one in made.items()}

    return remembered(session, ("thumbnails", *(one.info.key for one in drawn)), find)


def _outline(session: SessionDep) -> Outline | None:
    places = remembered(session, "provinces", lambda: outlines.of_today(session, THUMBNAIL_LEVEL))
    return thumbnails.outline(session, places) if places else None


def _composer(known: list[Measured], lang: Lang) -> dict[str, Any]:
    said = words(lang)
    entries = [
        {
            "key": one.info.key,
            "theme": one.info.theme,
            "name": one.info.name.in_(lang),
            "levels": [
                (level, LEVELS[level].in_(lang))
                for level in sorted(one.levels, key=lambda level: level != THUMBNAIL_LEVEL)
                if level in explore.DRAWN_LEVELS
            ],
            "periods": [
                (period.key, period.label.in_(lang))
                for period in reversed(one.periods[_level(one)])
            ],
        }
        for one in known
    ]
    return {
        "indicators": entries,
        "themes": [
            (theme, THEME_NAMES[theme].in_(lang))
            for theme in dict.fromkeys(one.info.theme for one in known)
        ],
        "schemes": [(key, SCHEME_NAMES[key].in_(lang)) for key in SCHEMES if key != "policy"],
        "data": {
            "lang": lang,
            "indicators": entries,
            "words": {key: said[key] for key in ("copied", "copy_failed")},
        },
    }


def _unbroken(label: str) -> str:
    return label.replace(" ", "\N{NO-BREAK SPACE}")


def _level(one: Measured) -> str:
    drawn = [level for level in one.levels if level in explore.DRAWN_LEVELS]
    return THUMBNAIL_LEVEL if THUMBNAIL_LEVEL in drawn else drawn[-1]


def _other(lang: Lang) -> Lang:
    return "en" if lang == "th" else "th"
