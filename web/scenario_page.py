"""Pages of scenarios: assumptions first, then charts, a map and tables of what they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from starlette.responses import HTMLResponse

from geo_service.core.errors import NotFound
from geo_service.core.periods import parse_period
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text
from geo_service.deps import SessionDep
from geo_service.deps.shown import Frame
from layers import forecasts, scenarios
from layers.indicators import IndicatorInfo
from layers.scenarios import Found, Line, Summary
from layers.scenarios import words as scenario_words
from layers.value_rules import AMOUNTS
from web import charts, scenario_map, thumbnails
from web.render import respond_framed
from web.scenario_map import Drawn, signed
from web.words import day, number, words

#: Amounts from this on are told in whole numbers.
_WHOLE_FROM: Final = 100.0
_MILLIONS_FROM, _MILLION = 1e7, 1e6
#: Places whose chance of being above changes most.
_MOST_CHANCES: Final = 8


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a place or a count, written; each a middle and its 95 % interval."""

    when: str
    baseline: tuple[str, str]
    scenario: tuple[str, str]
    difference: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one indicator."""

    name: str
    unit: str
    address: str
    findings: tuple[tuple[str, str], ...]
    where: str
    both: charts.Chart | None
    below: charts.Chart | None
    decimals: int
    years: tuple[Year, ...]
    map: Drawn | None
    rows: tuple[tuple[str, Year], ...]
    others: str


def list_answer(found: Sequence[Summary], frame: Frame) -> HTMLResponse:
    """Answer with the list of scenarios.

    Parameters
    ----------
    found : sequence of Summary
        By name.
    frame : Frame
        What surrounds it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    lang = frame.lang
    rows = [
        {
            "title": one.document.title.in_(lang),
            "address": f"/scenarios/{one.name}?f=html&lang={lang}",
            "by": _by(one.document.author, one.number, one.created_at, lang),
            "assumed": one.document.assumptions[0].in_(lang),
            "refused": "" if one.refused is None else one.refused.in_(lang),
        }
        for one in found
    ]
    return respond_framed("scenarios.html", frame, {"rows": rows})


def answer(session: SessionDep, found: Found, frame: Frame) -> HTMLResponse:
    """Answer with the page of a scenario.

    Parameters
    ----------
    session : Session
        Only read: for the past and the outlines.
    found : Found
        With its results.
    frame : Frame
        What surrounds it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    lang, document, run = frame.lang, found.document, found.run
    at = 0 if lang == "th" else 1
    named = {key: one.title for key, one in document.groups.items()}
    context = {
        "title": document.title.in_(lang),
        "by": _by(document.author, found.row.number, found.row.created_at, lang),
        "hash": found.row.hash,
        "assumptions": [one.in_(lang) for one in document.assumptions],
        "levers": [
            scenario_words.lever_of(
                lever, found.indicators[lever.indicator], named, found.places
            ).in_(lang)
            for lever in document.levers
            if lever.indicator in found.indicators
        ],
        "groups": [
            (one.title.in_(lang), _names(found, one.provinces, lang), one.source.in_(lang))
            for one in document.groups.values()
        ],
        "refused": "" if found.refused is None else found.refused.in_(lang),
        "outcomes": [_outcome(session, found, key, lang) for key in found.outcomes],
        "counts": [_count(one, found, lang) for one in (run.counts if run else ())],
        "shift": BUDDHIST_OFFSET if lang == "th" else 0,
        "notes": [
            scenario_words.METHOD.in_(lang), scenario_words.BASELINE_IS.in_(lang),
            *(pair[at] for pair in (run.notes if run else ())),
        ],
        "shared": _shared(found, lang),
        "versions": [
            (str(one.number), f"/scenarios/{one.name}?version={one.number}&f=html&lang={lang}")
            for one in found.versions
            if one.number != found.row.number
        ],
    }  # fmt: skip
    return respond_framed("scenario.html", frame, context)


def _by(author: str, version: int, when: datetime, lang: Lang) -> str:
    said = words(lang)["scenario_by"]
    told = said.replace("{author}", author).replace("{n}", str(version))
    return told.replace("{day}", day(when.date().isoformat(), lang))


def _names(found: Found, codes: Sequence[str], lang: Lang) -> str:
    known = {line.code: line.name.in_(lang) for line in found.lines}
    return ", ".join(known.get(code, code) for code in codes)


def _outcome(session: SessionDep, found: Found, key: str, lang: Lang) -> Outcome:
    lines = [one for one in found.lines if one.indicator == key]
    info, lines = _readable(found.indicators[key], lines)
    main = next((one for one in lines if one.level == "country"), lines[0])
    places = [one for one in lines if one.level == found.document.level]
    changed = [one for one in places if np.any(one.difference[2] != 0)]
    changed.sort(key=lambda one: -abs(float(one.difference[2, -1])))
    acted = [
        one
        for one in lines
        if one.level == scenarios.ACTED_ON
        and one is not main
        and not np.allclose(one.difference, main.difference, rtol=1e-3, equal_nan=True)
    ]
    say = words(lang)
    both, below = _charts(session, found, info, main)
    return Outcome(
        name=info.name.in_(lang),
        unit=info.unit.in_(lang),
        address=f"/indicators/{key}?f=html&lang={lang}",
        findings=tuple(_finding(one, found, info, lang) for one in (main, *acted)),
        where=main.name.in_(lang),
        both=both,
        below=below,
        decimals=info.decimals,
        years=tuple(_years(main, found, info, lang)),
        map=_map(session, places, info, lang) if len(places) > 1 else None,
        rows=tuple((one.name.in_(lang), _year(one, found, info, lang, -1)) for one in changed),
        others=say["scenario_others"].replace("{n}", str(len(places) - len(changed)))
        if len(places) > len(changed)
        else "",
    )


# An amount of 74,317 tonnes a day is not known to ten kilograms, nor one of billions to a baht.
def _readable(info: IndicatorInfo, lines: list[Line]) -> tuple[IndicatorInfo, list[Line]]:
    if info.space_agg not in AMOUNTS:
        return info, lines
    most = max(float(np.nanmax(one.baseline[2])) for one in lines)
    if most < _MILLIONS_FROM:
        return (replace(info, decimals=0) if most >= _WHOLE_FROM else info), lines
    unit = Text(th=f"ล้าน{info.unit.th}", en=f"million {info.unit.en}")
    kinds = ("baseline", "scenario", "difference")
    fewer = [
        replace(one, **{kind: getattr(one, kind) / _MILLION for kind in kinds}) for one in lines
    ]
    return replace(info, unit=unit, decimals=0 if most >= _WHOLE_FROM * _MILLION else 1), fewer


def _finding(line: Line, found: Found, info: IndicatorInfo, lang: Lang) -> tuple[str, str]:
    low, middle, high = (float(one) for one in line.difference[[0, 2, 4], -1])
    say = words(lang)
    form = "scenario_same" if middle == 0 else "scenario_less" if middle < 0 else "scenario_more"
    told = (
        say[form]
        .replace("{when}", found.periods[-1].label.in_(lang))
        .replace("{where}", line.name.in_(lang))
        .replace("{middle}", number(abs(middle), info.decimals))
        .replace("{unit}", info.unit.in_(lang))
    )
    if middle < 0 and high <= 0:
        low, high = -high, -low
    write: Callable[[float, int], str] = number if low >= 0 else signed
    between = (
        say["scenario_between"]
        .replace("{low}", write(low, info.decimals))
        .replace("{high}", write(high, info.decimals))
    )
    return told, between


def _charts(
    session: SessionDep, found: Found, info: IndicatorInfo, line: Line
) -> tuple[charts.Chart | None, charts.Chart | None]:
    years = [one.year_ce for one in found.periods]
    by = _MILLION if info.unit.en.startswith("million ") else 1.0
    past = [
        charts.Value(one.year, None if one.value is None else one.value / by)
        for one in _past(session, info.key, line)
        if one.year < years[0]
    ]
    begin = charts.Value(years[0] - 1, 0.0)
    both = charts.draw(
        [past],
        ahead=_bands(years, line.baseline),
        beside=_bands(years, line.scenario),
        from_zero=info.space_agg in AMOUNTS,
    )
    below = charts.draw([[begin]], ahead=_bands(years, line.difference), from_zero=True)
    return both, below


def _bands(years: Sequence[int], rows: Any) -> list[charts.Band]:  # noqa: ANN401  (an array)
    low95, low80, middle, high80, high95 = rows.tolist()
    return [
        charts.Band(year, middle[at], low80[at], high80[at], low95[at], high95[at])
        for at, year in enumerate(years)
    ]


def _past(session: SessionDep, key: str, line: Line) -> list[charts.Value]:
    if line.level == scenarios.ACTED_ON:
        return []
    try:
        known = forecasts.read(session, key, level=line.level, codes=(line.code,))
    except NotFound:
        return []
    return [charts.Value(one.period.year_ce, one.value) for one in known.places[0].history]


def _years(line: Line, found: Found, info: IndicatorInfo, lang: Lang) -> Iterator[Year]:
    for at in range(len(found.periods)):
        yield _year(line, found, info, lang, at)


def _year(line: Line, found: Found, info: IndicatorInfo, lang: Lang, at: int) -> Year:
    to = words(lang)["scenario_to"]

    def told(rows: Any, *, is_change: bool = False) -> tuple[str, str]:  # noqa: ANN401
        low, middle, high = (float(one) for one in rows[[0, 2, 4], at])
        write: Callable[[float, int], str] = signed if is_change else number
        # a dash between two minus signs cannot be read
        between = f"{write(low, info.decimals)} {to} {write(high, info.decimals)}"
        return write(middle, info.decimals), between

    return Year(
        found.periods[at].label.in_(lang),
        told(line.baseline),
        told(line.scenario),
        told(line.difference, is_change=True),
    )


def _map(session: SessionDep, places: Sequence[Line], info: IndicatorInfo, lang: Lang) -> Drawn:
    codes = {one.place_id: one.code for one in places}
    outline = thumbnails.outline(session, codes, places[0].level)
    return scenario_map.draw(
        outline, places, lang, is_amount=info.space_agg in AMOUNTS, decimals=info.decimals
    )


def _count(count: Mapping[str, Any], found: Found, lang: Lang) -> dict[str, Any]:
    say, at = words(lang), 0 if lang == "th" else 1
    title = count["title"][at]
    if "baseline" not in count:
        names = ", ".join(_name(key, found, lang) for key in count["missing"])
        told = say["scenario_unanswered"].replace("{name}", names)
        return {"title": title, "unanswered": told, "years": [], "notes": [], "chances": []}
    rows = {
        kind: np.array(count[kind], dtype=np.float64)
        for kind in ("baseline", "scenario", "difference")
    }
    line = Line("", "", 0, "", found.document.title, **rows)
    plain = replace(next(iter(found.indicators.values())), decimals=0)
    of = "scenario_counted_sites" if count.get("layer") else "scenario_counted"
    notes = [say[of].replace("{n}", f"{count['places']:,}")]
    notes += [
        say["scenario_held"]
        .replace("{name}", _name(key, found, lang))
        .replace("{when}", parse_period(period).label.in_(lang))
        for key, period in count["held"].items()
    ]
    return {
        "title": title,
        "unanswered": "",
        "years": list(_years(line, found, plain, lang)),
        "notes": notes,
        "chances": list(_chances(count, found, lang)),
    }


def _chances(count: Mapping[str, Any], found: Found, lang: Lang) -> Iterator[tuple[str, str, str]]:
    names = {line.code: line.name.in_(lang) for line in found.lines}
    moved = sorted(count["chances"], key=lambda one: one["scenario"][-1] - one["baseline"][-1])
    for one in moved[:_MOST_CHANCES]:
        before, after = one["baseline"][-1], one["scenario"][-1]
        if before != after:
            yield names.get(one["code"], one["code"]), f"{100 * before:.0f}%", f"{100 * after:.0f}%"


def _name(key: str, found: Found, lang: Lang) -> str:
    return found.names[key].in_(lang) if key in found.names else key


def _shared(found: Found, lang: Lang) -> list[tuple[str, str]]:
    if found.run is None:
        return []
    return [
        (_name(key, found, lang), f"{100 * (one['whole'] + one['group']):.0f}%")
        for key, one in found.run.shared.items()
    ]
