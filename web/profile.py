"""The page of one place: its newest figures, how they moved, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from starlette.responses import HTMLResponse

from boundaries.words import LEVEL_NAMES
from geo_service.core.text import Lang, Text
from geo_service.deps import SessionDep
from geo_service.deps.shown import Frame
from layers import outlines
from layers.cube.peers import GROUPS, NAMES, Peers
from layers.profile import PlaceName, Profile
from layers.thematic.words import styled
from layers.words import THEME_NAMES
from web import ageing, explore, thumbnails
from web.paper import paper_of
from web.place_rows import Row, kind_of, row_of
from web.render import around, respond_kept
from web.words import PLACES, day, number, words

#: At most so many names of smaller places are shown at once.
_MOST_SHOWN: Final = 60
_SMALLER: Final = ("region", "province", "district", "subdistrict", "org")
#: What somebody's place may be; in Bangkok the words are others.
_ONE: Final = {
    **{level: LEVEL_NAMES[level] for level in ("country", "region", "province")},
    "district": Text("อำเภอหรือเขต", "district"),
    "subdistrict": Text("ตำบลหรือแขวง", "sub-district"),
}


#: What came after a place and before it: on a day, and where the day is not known.
_REPLACED: Final = (
    Text("ตั้งแต่ {day} แทนด้วย", "Since {day} replaced by"),
    Text("แทนด้วย", "Replaced by"),
)
_REPLACES: Final = (
    Text("ตั้งแต่ {day} แทน", "Since {day} in the place of"),
    Text("แทน", "In the place of"),
)


@dataclass(frozen=True, slots=True)
class Section:
    """The indicators of one theme."""

    name: str
    rows: tuple[Row, ...]


def answer(
    session: SessionDep, profile: Profile, frame: Frame, version: str, *,
    peers: Peers | None = None,
) -> HTMLResponse:  # fmt: skip
    """Answer with the page of a place.

    Parameters
    ----------
    session : Session
        Only read.
    profile : Profile
        What is known of it.
    frame : Frame
        What surrounds the page.
    version : str
        Of the state of the data.
    peers : Peers, optional
        Whom it is compared with, where it was asked for.

    Returns
    -------
    HTMLResponse
        The page; it prints on A4.
    """
    place, lang = profile.place, frame.lang
    outline, lit = _locator(session, profile)
    context = {
        "title": title(place, lang),
        "kind": _ONE.get(place.level, kind_of(place)).in_(lang),
        "code": place.code,
        "level": place.level,
        "facts": tuple(_facts(profile, lang)),
        "is_in_force": profile.is_in_force,
        "is_illustrative": profile.is_illustrative,
        "turns": tuple(_turns(profile, lang)),
        "trail": [(title(one, lang), _address(one, lang)) for one in profile.within],
        "sections": sections(profile, lang, peers),
        "inside": tuple(_inside(profile.inside, lang)),
        "sources": tuple(dict.fromkeys(
            line.info.source.in_(lang) for line in profile.lines if line.info.source.in_(lang)
        )),
        "outline": outline,
        "lit": lit,
        **_ageing(session, place, lang),
        "peers": [
            (NAMES[by].in_(lang), f"/places/{place.code}?f=html&peers={by}&lang={lang}",
             by == (peers.by if peers else GROUPS[place.level][0]))
            for by in GROUPS.get(place.level, ())
        ],
        "peers_told": ""
        if peers is None
        else words(lang)["peer_told"]
        .replace("{group}", peers.group.in_(lang))
        .replace("{n}", f"{len(peers.codes):,}"),
        **around(frame),
        "paper": paper_of(session, lang, frame.here, profile.subjects, version),
    }  # fmt: skip
    return respond_kept("profile.html", lang, context, frame.headers)


def _ageing(session: SessionDep, place: PlaceName, lang: Lang) -> dict[str, Any]:
    found = ageing.of_place(session, place.level, place.code)
    if found is None:
        return {"ageing": None, "ageing_why": ""}
    why = "" if found.refused is None else found.refused.in_(lang)
    return {"ageing": ageing.tell(found.places[0], found, lang), "ageing_why": why}


def title(place: PlaceName, lang: Lang) -> str:
    """Name a place as a heading does.

    Parameters
    ----------
    place : PlaceName
        Any place.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``อำเภอแม่ริม``; English names stand alone.
    """
    if lang == "en":
        return place.name.en
    return styled(place.level, place.code, place.name.th)


def sections(profile: Profile, lang: Lang, peers: Peers | None = None) -> tuple[Section, ...]:
    """Put the indicators of a place in their themes.

    Parameters
    ----------
    profile : Profile
        What is known of it.
    lang : {"th", "en"}
        Language of the reader.
    peers : Peers, optional
        Whom the place is compared with; those of its kind when absent.

    Returns
    -------
    tuple of Section
        In the order of the gallery.
    """
    lines = sorted(profile.lines, key=lambda line: explore.THEME_ORDER.index(line.info.theme))
    return tuple(
        Section(
            THEME_NAMES[theme].in_(lang),
            tuple(row_of(line, profile.place, lang, peers) for line in group),
        )
        for theme, group in groupby(lines, key=lambda line: line.info.theme)
    )


def _turns(profile: Profile, lang: Lang) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    # In words, with the places that came before and after; one sentence for each day.
    sides = ((profile.turns.replaced_by, _REPLACED), (profile.turns.replaces, _REPLACES))
    for turns, (on_a_day, ever) in sides:
        for since, group in groupby(turns, key=lambda one: one.since):
            said = ever.in_(lang)
            if since is not None:
                said = on_a_day.in_(lang).replace("{day}", day(since.isoformat(), lang))
            places = (PlaceName(one.level, one.code, one.name, one.kind) for one in group)
            yield said, [(title(one, lang), _address(one, lang)) for one in places]


def _facts(profile: Profile, lang: Lang) -> Iterator[tuple[str, str]]:
    say = words(lang)
    if profile.area_km2:
        yield say["profile_area"], f"{number(profile.area_km2, 1)} {say['square_km']}"
    for level, group in groupby(profile.inside, key=lambda one: one.level):
        yield PLACES[level].in_(lang), f"{len(list(group)):,}"


def _inside(
    places: Sequence[PlaceName], lang: Lang
) -> Iterator[tuple[str, list[tuple[str, str]], int]]:
    by_level = {level: [one for one in places if one.level == level] for level in _SMALLER}
    for level, found in by_level.items():
        if found:
            shown = [(title(one, lang), _address(one, lang)) for one in found]
            yield PLACES[level].in_(lang), shown, _MOST_SHOWN


def _address(place: PlaceName, lang: Lang) -> str:
    return f"/places/{place.code}?f=html&lang={lang}"


def _locator(session: SessionDep, profile: Profile) -> tuple[thumbnails.Outline, frozenset[str]]:
    # A place among those beside it; an organisation by the sub-districts it covers.
    place, inside = profile.place, [one for one in profile.inside if one.level in _SMALLER[1:4]]
    if place.level in {"country", "region"} or place.code == "10":
        lit = frozenset(one.code for one in inside if one.level == "province")
        return _drawn(session, "province", "10"), lit or frozenset((place.code,))
    if place.level != "org":
        return _drawn(session, place.level, place.code), frozenset((place.code,))
    if not inside:
        lit = frozenset(one.code for one in profile.within if one.level == "province")
        return _drawn(session, "province", "10"), lit
    return _drawn(session, "subdistrict", inside[0].code), frozenset(one.code for one in inside)


def _drawn(session: SessionDep, level: str, code: str) -> thumbnails.Outline:
    places = outlines.beside(session, code)
    return thumbnails.outline(session, places, level)
