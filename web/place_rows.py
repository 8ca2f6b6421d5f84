"""One indicator of a place, written for people: its value, how it moved, where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boundaries.words import SEVERAL
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text
from layers.cube.peers import Peers
from layers.forecasts import words as forecast_words
from layers.indicators import IndicatorInfo
from layers.profile import Line, PlaceName, Point
from layers.words import STATUS_NAMES
from web import charts, figures
from web.words import PLACES, flag, measured, number, words

_WIDTH, _HEIGHT, _PAD = 132.0, 34.0, 4.0


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
        status=STATUS_NAMES[now.status].in_(lang),
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
        written += f" {forecast_words.POINTS.in_(lang)}" if info.unit.en == "%" else ""
    else:
        written = f"{sign}{number(100 * change / before.value, 1)}%"
    since = say["profile_since"].replace("{when}", before.period.label.in_(lang))
    if not re.search("[1-9]", written):
        return say["hardly_changed" if change else "no_change"], since, "", "same"
    if not info.direction:
        return written, since, "", "up" if change > 0 else "down"
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
    kind = kind_of(place) if place.level == "org" else PLACES[place.level]
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


def kind_of(place: PlaceName) -> Text:
    """Name the kind of an organisation.

    Parameters
    ----------
    place : PlaceName
        An organisation.

    Returns
    -------
    Text
        In the plural, as rankings count them.
    """
    return SEVERAL.get(place.kind, PLACES["org"])
