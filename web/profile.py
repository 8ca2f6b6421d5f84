"""The page of one place: its newest figures, how they moved, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from starlette.responses import HTMLResponse

from boundaries.words import SEVERAL
from geo_service.core.known import remembered
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text
from geo_service.deps import SessionDep
from layers import outlines
from layers.cube.peers import GROUPS, NAMES, Peers
from layers.indicators import IndicatorInfo
from layers.profile import Line, PlaceName, Point, Profile
from layers.thematic.words import styled
from web import ageing, charts, explore, figures, thumbnails
from web.render import respond_kept
from web.words import PLACES, STATUSES, THEMES, flag, measured, number, words

_WIDTH, _HEIGHT, _PAD = 132.0, 34.0, 4.0
#: At most so many names of smaller places are shown at once.
_MOST_SHOWN: Final = 60
_SMALLER: Final = ("region", "province", "district", "subdistrict", "org")
_POINTS: Final = Text("จุด", "points")
_ONE: Final = {
    "country": Text("ประเทศ", "country"),
    "region": Text("ภาค", "region"),
    "province": Text("จังหวัด", "province"),
    "district": Text("อำเภอหรือเขต", "district"),
    "subdistrict": Text("ตำบลหรือแขวง", "sub-district"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator, written for people."""

    name: str
    about: str
    address: str
    value: str
    status: str
    when: str
    change: str
    since: str
    judgement: str
    mark: str
    line: tuple[str, ...]
    last: tuple[float, float] | None
    told: str
    standing: str
    place: float | None
    middle: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The indicators of one theme."""

    name: str
    rows: tuple[Row, ...]


def answer(
    session: SessionDep,
    lang: Lang,
    profile: Profile,
    *,
    peers: Peers | None = None,
    is_sample: bool,
    headers: Mapping[str, str],
) -> HTMLResponse:
    """Answer with the page of a place.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.
    profile : Profile
        What is known of it.
    peers : Peers, optional
        Whom it is compared with, where it was asked for.
    is_sample : bool
        Whether to say that the data is made up.
    headers : mapping of str to str
        Of the answer.

    Returns
    -------
    HTMLResponse
        The page; it prints on A4.
    """
    place = profile.place
    other = "en" if lang == "th" else "th"
    outline, lit = _locator(session, profile)
    context = {
        "title": title(place, lang),
        "kind": _ONE.get(place.level, _kind(place)).in_(lang),
        "code": place.code,
        "level": place.level,
        "facts": tuple(_facts(profile, lang)),
        "is_in_force": profile.is_in_force,
        "is_illustrative": profile.is_illustrative,
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
        "is_sample": is_sample,
        "other_language": f"/places/{place.code}?f=html&lang={other}",
    }  # fmt: skip
    return respond_kept("profile.html", lang, context, headers)


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
            THEMES[theme].in_(lang),
            tuple(row_of(line, profile.place, lang, peers) for line in group),
        )
        for theme, group in groupby(lines, key=lambda line: line.info.theme)
    )


def row_of(line: Line, place: PlaceName, lang: Lang, peers: Peers | None = None) -> Row:
    """Write one indicator of a place for people.

    Parameters
    ----------
    line : Line
        From the place's profile.
    place : PlaceName
        The place.
    lang : {"th", "en"}
        Language of the reader.
    peers : Peers, optional
        Whom it is compared with; those of its kind when absent.

    Returns
    -------
    Row
        Words, and shapes for small charts.
    """
    info, now = _with_digits(line), line.now
    address = f"/maps/{info.key}?lang={lang}"
    if place.level in {"province", "district", "subdistrict", "org"}:
        address += f"&level={place.level}&period={now.period.key}"
    change, since, judgement, mark = _moved(line, info, lang)
    drawn, last = sparkline(line.history, line.breaks)
    return Row(
        name=info.name.in_(lang),
        about=info.definition.in_(lang),
        address=address,
        value="" if now.value is None else figures.with_unit(now.value, info, lang),
        status=STATUSES[now.status].in_(lang),
        when=now.period.label.in_(lang),
        change=change,
        since=since,
        judgement=judgement,
        mark=mark,
        line=drawn,
        last=last,
        told=_told(line, info, lang),
        standing=_standing(line, place, lang, peers),
        place=_share_below(line),
        middle=_middle(line, info, lang),
        notes=tuple(_notes(line, lang)),
    )


def sparkline(
    history: Sequence[Point], breaks: Sequence[Any]
) -> tuple[tuple[str, ...], tuple[float, float] | None]:
    """Draw a history as lines that stop where a value is missing or the series breaks.

    Parameters
    ----------
    history : sequence of Point
        Earliest first.
    breaks : sequence of date
        Days at which the series changed its meaning.

    Returns
    -------
    tuple of (tuple of str, tuple of float or None)
        SVG paths in a box of 132 by 34, and where the newest value lies.
    """
    known = [point for point in history if point.value is not None]
    if len(known) < 2:  # noqa: PLR2004  (a line needs two ends)
        return (), None
    first, last = known[0].period.end.toordinal(), known[-1].period.end.toordinal()
    low = min(point.value or 0.0 for point in known)
    high = max(point.value or 0.0 for point in known)

    def spot(point: Point) -> tuple[float, float]:
        along = (point.period.end.toordinal() - first) / max(last - first, 1)
        up = ((point.value or 0.0) - low) / (high - low) if high > low else 0.5
        return _PAD + along * (_WIDTH - 2 * _PAD), _HEIGHT - _PAD - up * (_HEIGHT - 2 * _PAD)

    def is_parted(before: Point, point: Point) -> bool:
        return any(before.period.end < day <= point.period.end for day in breaks)

    runs = charts.unbroken(history, lambda point: point.value is not None, is_parted)
    paths = tuple("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(spot, run)) for run in runs)
    return paths, spot(known[-1])


def _with_digits(line: Line) -> IndicatorInfo:
    # An amount of 1,523 tonnes a day is not known to ten kilograms.
    info, value = line.info, line.now.value
    if info.space_agg not in {"SUM", "COUNT"} or value is None or not info.decimals:
        return info
    if abs(value) >= figures.WHOLE_FROM:
        return replace(info, decimals=0)
    return replace(info, decimals=1) if abs(value) >= figures.TENTHS_FROM else info


def _moved(line: Line, info: IndicatorInfo, lang: Lang) -> tuple[str, str, str, str]:
    change, before = line.change, line.before
    if (
        change is None
        or before is None
        or before.value is None
        or info.space_agg == figures.CLASSES
    ):
        return "", "", "", ""
    say = words(lang)
    is_share = info.unit.en == "%" or info.space_agg not in {"SUM", "COUNT"}
    sign = "+" if change > 0 else ""
    if is_share or not before.value:
        written = f"{sign}{number(change, info.decimals)}"
        written += f" {_POINTS.in_(lang)}" if info.unit.en == "%" else ""
    else:
        written = f"{sign}{number(100 * change / before.value, 1)}%"
    is_same = not round(change, info.decimals)
    since = say["profile_since"].replace("{when}", before.period.label.in_(lang))
    if is_same or not info.direction:
        return written, since, "", "same" if is_same else "up" if change > 0 else "down"
    is_better = (change > 0) == (info.direction > 0)
    judgement = say["profile_better" if is_better else "profile_worse"]
    return (
        written,
        since,
        judgement,
        ("up" if change > 0 else "down") + (" better" if is_better else " worse"),
    )


def _standing(line: Line, place: PlaceName, lang: Lang, peers: Peers | None = None) -> str:
    stand = line.standing
    if stand is None or line.info.space_agg == figures.CLASSES:
        return ""
    kind = _kind(place) if place.level == "org" else PLACES[place.level]
    among = kind.in_(lang) if peers is None else f"{kind.in_(lang)} ({peers.name.in_(lang)})"
    sentence = words(lang)["profile_standing"]
    return (
        sentence.replace("{rank}", f"{stand.rank:,}")
        .replace("{of}", f"{stand.places:,}")
        .replace("{places}", among)
    )


# Where the mark stands on the bar: the share of the other places that have less.
def _share_below(line: Line) -> float | None:
    stand = line.standing
    if stand is None or line.info.space_agg == figures.CLASSES:
        return None
    ties = stand.places - 1 - stand.above - stand.below
    return round(100 * (stand.below + ties / 2) / (stand.places - 1), 1)


def _middle(line: Line, info: IndicatorInfo, lang: Lang) -> str:
    say = words(lang)
    parts = []
    if info.space_agg == figures.CLASSES:
        return ""
    if line.standing is not None:
        middle = line.standing.spread[2]
        parts.append(f"{say['profile_median']} {figures.figure(middle, info, lang)}")
    for name, value in (("profile_province", line.province), ("profile_country", line.country)):
        if value is not None and info.space_agg not in {"SUM", "COUNT"} and value != line.now.value:
            parts.append(f"{say[name]} {figures.figure(value, info, lang)}")
    return " · ".join(parts)


def _told(line: Line, info: IndicatorInfo, lang: Lang) -> str:
    known = [point for point in line.history if point.value is not None]
    if len(known) < 2:  # noqa: PLR2004  (a line needs two ends)
        return ""
    ends = (known[0], known[-1])
    said = [
        f"{one.period.label.in_(lang)} {measured(one.value, info.unit.in_(lang), info.decimals)}"
        for one in ends
    ]
    return " – ".join(said)


def _notes(line: Line, lang: Lang) -> Iterator[str]:
    if line.now.value is not None and line.reporting < line.expected:
        yield (
            words(lang)["profile_reporting"]
            .replace("{reporting}", f"{line.reporting:,}")
            .replace("{expected}", f"{line.expected:,}")
        )
    yield from (flag(one, lang) for one in line.flags)
    yield from (
        f"{words(lang)['series_break']} {day.year + (BUDDHIST_OFFSET if lang == 'th' else 0)}"
        for day in line.breaks
    )


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


def _kind(place: PlaceName) -> Text:
    return SEVERAL.get(place.kind, PLACES["org"])


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
    places = remembered(session, ("beside", code), lambda: outlines.beside(session, code))
    of = min(places.values(), default=code)
    return remembered(session, ("outline", of), lambda: thumbnails.outline(session, places, level))
