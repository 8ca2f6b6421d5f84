"""The page of a forecast: its fan, what the trend is, and what such forecasts were worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from starlette.responses import HTMLResponse

from geo_service.core.text import BUDDHIST_OFFSET, Lang
from geo_service.deps.shown import Frame
from layers.forecasts import Forecasts, Place
from layers.forecasts import words as forecast_words
from layers.indicators import IndicatorInfo
from layers.profile import PlaceName
from web import charts, figures
from web.profile import title
from web.render import respond_framed
from web.words import LEVELS, number, words

#: So many places have a chart each; more are told in a table.
MOST_CHARTS = 6
Chance = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One place: its chart, what is said of it, and its numbers ahead."""

    name: str
    address: str
    chart: charts.Chart | None
    trend: str
    worth: str
    refused: str
    rows: tuple[tuple[str, str, str, str], ...]
    chances: tuple[Chance, ...]


def answer(found: Forecasts, frame: Frame) -> HTMLResponse:
    """Answer with the page of a forecast.

    Parameters
    ----------
    found : Forecasts
        Of some places with their history, or of all of a level.
    frame : Frame
        What surrounds it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    lang, info, run = frame.lang, found.indicator, found.run
    total = run.scores[0] if run.scores else {}
    charted = [one for one in found.places if one.history][:MOST_CHARTS]
    level = LEVELS[run.level].in_(lang)
    context = {
        "heading": info.name.in_(lang),
        "unit": info.unit.in_(lang),
        "level": level,
        "drawn": [_drawn(one, found, lang) for one in charted],
        "others": [] if charted else list(_others(found, lang)),
        "shift": BUDDHIST_OFFSET if lang == "th" else 0,
        "decimals": info.decimals,
        "method": forecast_words.METHOD.in_(lang),
        "notes": [note.in_(lang) for note in forecast_words.notes_of(run, info)],
        "worth": forecast_words.worth(total.get("mase"), total.get("naive_mase")).in_(lang),
        "scores": [_score(score, lang) for score in run.scores],
        "levels": [
            (LEVELS[one].in_(lang), f"/forecasts/{info.key}?level={one}&f=html&lang={lang}")
            for one in ("province", "district")
            if one != run.level
        ],
        "map_address": f"/maps/{info.key}?lang={lang}",
    }
    return respond_framed("forecast.html", frame, context)


def _drawn(one: Place, found: Forecasts, lang: Lang) -> Drawn:
    info, row = _as_told(found.indicator, one), one.trend
    past = [charts.Value(known.period.year_ce, known.value) for known in one.history]
    ahead = [
        charts.Band(
            year.period.year_ce, year.point, year.low80, year.high80, year.low95, year.high95
        )
        for year in one.ahead
    ]
    chart = charts.draw([past], ahead=ahead, from_zero=info.space_agg in {"SUM", "COUNT"})
    place = PlaceName(found.run.level, one.code, one.name)
    return Drawn(
        name=title(place, lang),
        address=f"/places/{one.code}?f=html&lang={lang}",
        chart=chart if chart.lines and chart.lines[0].dots else None,
        trend=forecast_words.trend_of(row, info).in_(lang),
        worth=forecast_words.worth(row.mase, row.naive_mase).in_(lang),
        refused=forecast_words.REASONS[row.reason].in_(lang) if row.reason else "",
        rows=tuple(
            (
                year.period.label.in_(lang),
                figures.figure(year.point, info, lang),
                _span(year.low80, year.high80, info, lang),
                _span(year.low95, year.high95, info, lang),
            )
            for year in one.ahead
        ),
        chances=tuple(_chances(one, info, lang)),
    )


# Amounts ahead are known to no more digits than the largest of them bears.
def _as_told(info: IndicatorInfo, one: Place) -> IndicatorInfo:
    most = max((abs(year.point) for year in one.ahead), default=0.0)
    if info.space_agg not in {"SUM", "COUNT"} or most < figures.TENTHS_FROM:
        return info
    return replace(info, decimals=min(info.decimals, int(most < figures.WHOLE_FROM)))


def _chances(one: Place, info: IndicatorInfo, lang: Lang) -> Iterator[Chance]:
    say = words(lang)
    for passing in one.passing(info.thresholds):
        limit = passing.limit
        name = f"{number(limit.value, 0)} ({limit.label.in_(lang)})"
        last = passing.chances[-1] if passing.chances else 0.0
        when = (
            say["forecast_never"].replace("{chance}", f"{100 * last:.0f}")
            if passing.year is None
            else say["forecast_likely"].replace("{when}", passing.year.label.in_(lang))
        )
        yield name, when


def _others(found: Forecasts, lang: Lang) -> Iterator[tuple[str, str, str, str]]:
    for one in found.places:
        info = _as_told(found.indicator, one)
        end = one.ahead[-1] if one.ahead else None
        told = (
            forecast_words.REASONS[one.trend.reason].in_(lang)
            if end is None and one.trend.reason
            else ""
        )
        if end is not None:
            span = _span(end.low80, end.high80, info, lang)
            point = figures.figure(end.point, info, lang)
            told = f"{end.period.label.in_(lang)}: {point} ({span})"
        place = PlaceName(found.run.level, one.code, one.name)
        address = f"/forecasts/{info.key}?place={one.code}&f=html&lang={lang}"
        yield title(place, lang), address, forecast_words.trend_of(one.trend, info).in_(lang), told


def _score(score: Mapping[str, float | None], lang: Lang) -> tuple[str, ...]:
    ahead = int(score.get("ahead") or 0)
    say = words(lang)
    held = [score.get(name) for name in ("coverage80", "coverage95")]
    return (
        say["forecast_years"].replace("{n}", str(ahead)) if ahead else say["forecast_all"],
        f"{int(score.get('forecasts') or 0):,}",
        number(score.get("mase"), 2),
        number(score.get("naive_mase"), 2),
        *(number(None, 0) if share is None else f"{100 * share:.0f}%" for share in held),
    )


def _span(low: float, high: float, info: IndicatorInfo, lang: Lang) -> str:
    dash = "\N{EN DASH}"
    return f"{figures.figure(low, info, lang)} {dash} {figures.figure(high, info, lang)}"
