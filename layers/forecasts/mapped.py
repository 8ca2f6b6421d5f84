"""A map of a coming year: forecasts in the classes of what was measured, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.errors import NoForecast, NotFound
from geo_service.core.known import remembered
from geo_service.core.periods import Period, parse_period
from geo_service.core.text import Text
from layers import forecasts, thematic
from layers.analysis import classify
from layers.forecasts import words
from layers.forecasts.series import following
from layers.foreseen import ForecastRun, PlaceForecast
from layers.thematic import MapClass, MapPlace, Outlook, Span, Status, ThematicMap, Wanted
from layers.thematic.classes import AFTER, special
from layers.thematic.words import class_labels

TITLE = Text(th="พยากรณ์{title.th}", en="Forecast: {title.en}")
NOT_MEASURED = Text(
    th="ค่าพยากรณ์ ไม่ใช่ค่าที่วัด พยากรณ์จากข้อมูลถึง {last.th}",
    en="Forecast, not measured; made from what was known up to {last.en}",
)
METHOD = Text(
    th="{method.th}; ช่วงเดียวกับแผนที่ของค่าที่วัด", en="{method.en}; as on maps of what was measured"
)
NONE_AT_LEVEL = Text(
    th="ระดับนี้ไม่มีข้อมูลรายปีพอให้พยากรณ์ ({why.th})",
    en="There are no forecasts at this level ({why.en})",
)
#: Columns of a row of forecasts, after which year ahead they are of.
Numbers = tuple[float, float, float, float, float]


def coming(session: Session, key: str, level: str) -> tuple[Period, ...]:
    """List the years for which maps of forecasts can be drawn.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.
    level : str
        Level of the places.

    Returns
    -------
    tuple of Period
        The nearest first; empty where nothing is forecast.
    """

    def find() -> tuple[Period, ...]:
        run = session.get(ForecastRun, (key, level))
        if run is None or not run.forecast_places:
            return ()
        return following(parse_period(run.last_period), run.horizon)

    return remembered(session, ("forecast-years", key, level), find)


def build(session: Session, key: str, wanted: Wanted) -> ThematicMap:
    """Build a thematic map, of what was measured or, for a later year, of what is forecast.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.
    wanted : Wanted
        What the map shows; a year after the last one measured is a forecast.

    Returns
    -------
    ThematicMap
        A forecast has an ``outlook``; its classes are those of what was measured, the outermost
        reaching as far as the forecasts do.

    Raises
    ------
    NoForecast
        If the year is still to come and is not forecast; says why.
    NotFound
        If there is no such indicator, area, or value.
    """
    try:
        return thematic.build(session, key, wanted)
    except NotFound as missing:
        year = _later_year(wanted.period, missing)
        if year is None:
            raise
    return _ahead(session, key, year, wanted)


# The year asked for, where it lies after everything measured.
def _later_year(period: Period | str | None, missing: NotFound) -> int | None:
    known = missing.extra.get("known")
    if missing.extra.get("parameter") != "period" or not isinstance(known, Sequence) or not known:
        return None
    if period is None or (isinstance(period, str) and "/" in period):
        return None
    wanted = parse_period(period) if isinstance(period, str) else period
    is_later = wanted.start > parse_period(str(known[-1])).start
    return wanted.year_ce if wanted.granularity == "year" and is_later else None


def _ahead(session: Session, key: str, year: int, wanted: Wanted) -> ThematicMap:
    base = thematic.build(session, key, replace(wanted, period=None))
    run = session.get(ForecastRun, (key, base.level))
    if run is None:
        raise NoForecast(
            NONE_AT_LEVEL.format(why=forecasts.why_none(base.indicator)), parameter="period"
        )
    last = parse_period(run.last_period)
    years = following(last, run.horizon)
    found = next((at for at, one in enumerate(years) if one.year_ce == year), None)
    rows = _rows(session, key, base.level, 0 if found is None else found)
    if not run.forecast_places:
        raise NoForecast(NONE_AT_LEVEL.format(why=_why(rows)), parameter="period")
    if found is None:
        raise NoForecast(
            words.REACH.format(last=years[-1].label),
            parameter="period",
            known=[one.key for one in (*base.periods, *years)],
        )
    if base.period.key != last.key:
        base = thematic.build(session, key, replace(wanted, period=last))
    return _drawn(base, run, found, rows, total=_total(session, base, years[found]))


def _rows(session: Session, key: str, level: str, at: int) -> dict[int, tuple[str, Numbers | None]]:
    columns = (
        PlaceForecast.point, PlaceForecast.low80, PlaceForecast.high80, PlaceForecast.low95,
        PlaceForecast.high95,
    )  # fmt: skip
    # arrays of the database count from one
    statement = select(
        PlaceForecast.place_id, PlaceForecast.reason, *(one[at + 1] for one in columns)
    ).where(PlaceForecast.indicator_key == key, PlaceForecast.level == level)
    return {
        place_id: (reason, None if numbers[0] is None else (*numbers,))
        for place_id, reason, *numbers in session.execute(statement)
    }


def _why(rows: Mapping[int, tuple[str, Numbers | None]]) -> Text:
    reasons = [reason for reason, _ in rows.values() if reason]
    return words.REASONS[max(sorted(set(reasons)), key=reasons.count, default="too-short")]


def _drawn(
    base: ThematicMap,
    run: ForecastRun,
    at: int,
    rows: Mapping[int, tuple[str, Numbers | None]],
    *,
    total: MapPlace | None,
) -> ThematicMap:
    last, years = base.period, following(base.period, run.horizon)
    period = years[at]
    info = base.indicator.as_of(period.end)
    ahead = [_forecast(place, rows.get(place.id)) for place in base.places]
    edges = _edges(base, ahead)
    made, places = _classed(base, ahead, edges)
    values = np.array([one.value for one in places if one.value is not None], dtype=np.float64)
    ends = (float(values.min()), float(values.max())) if values.size else ()
    counted = [one for one in places if one.status != "not_applicable"]
    score = next((one for one in run.scores if one.get("ahead") == at + 1), None)
    overall = run.scores[0] if run.scores else {}
    outlook = Outlook(
        last=last,
        ahead=at + 1,
        worth=words.worth(overall.get("mase"), overall.get("naive_mase")),
        method=words.METHOD,
        score=score or overall,
        sure=sum(one.span is not None and not one.span.is_open for one in places),
        forecast=int(values.size),
    )
    notes = (NOT_MEASURED.format(last=last.label), outlook.worth, *base.notes)
    return replace(
        base,
        indicator=info,
        period=period,
        method=METHOD.format(method=base.method),
        classes=made,
        places=places,
        total=total,
        histogram=classify.histogram(values, ends, thematic.HISTOGRAM_BINS) if ends else (),
        reporting=int(values.size),
        expected=len(counted),
        version=f"{base.version}.{run.made_from}",
        title=TITLE.format(title=_title(base, period)),
        notes=notes,
        outlook=outlook,
        coming=years,
    )


def _title(base: ThematicMap, period: Period) -> Text:
    return Text(
        th=base.title.th.replace(base.period.label.th, period.label.th),
        en=base.title.en.replace(base.period.label.en, period.label.en),
    )


def _forecast(place: MapPlace, row: tuple[str, Numbers | None] | None) -> MapPlace:
    blank = replace(
        place, value=None, numerator=None, denominator=None, rank=None, rank_of=None,
        previous=place.value, class_index=None, basis="forecast", flags=(),
    )  # fmt: skip
    reason, numbers = row or ("", None)
    if numbers is None:
        kept: Status = "no_forecast"
        if place.status in {"suppressed", "not_applicable"}:
            kept = place.status
        elif reason == "suppressed":
            kept = "suppressed"
        return replace(blank, status=kept)
    point, low80, high80, low95, high95 = numbers
    return replace(
        blank,
        value=point,
        status="forecast" if point else "zero",
        span=Span(low80, high80, low95, high95),
    )


# The classes of what was measured; the outermost reach as far as the forecasts do.
def _edges(base: ThematicMap, ahead: Sequence[MapPlace]) -> tuple[float, ...]:
    points = [one.value for one in ahead if one.status == "forecast" and one.value is not None]
    ranges = _ranges(base)
    inner = [one.upper for one in ranges[:-1] if one.upper is not None]
    ends = [one for part in ranges for one in (part.lower, part.upper) if one is not None]
    if not ends:
        return ()
    low, high = min(ends), max(ends)
    below, above = min([low, *points]), max([high, *points])
    return (
        low if below >= low else _outward(below, np.floor),
        *inner,
        high if above <= high else _outward(above, np.ceil),
    )


# An end that forecasts pushed out, moved on to two digits.
def _outward(value: float, to_whole: np.ufunc) -> float:
    if not value:
        return value
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(np.round(to_whole(value / step) * step, 12))


def _ranges(base: ThematicMap) -> list[MapClass]:
    return [one for one in base.classes if one.kind == "range"]


def _classed(
    base: ThematicMap, ahead: Sequence[MapPlace], edges: tuple[float, ...]
) -> tuple[tuple[MapClass, ...], tuple[MapPlace, ...]]:
    zeros = sum(one.status == "zero" for one in ahead)
    before = [special("zero", zeros)] if zeros else []
    statuses = [one.status for one in ahead]
    after = [
        special(kind, statuses.count(kind)) for kind in (*AFTER, "no_forecast") if kind in statuses
    ]
    shift, ranges = len(before), _ranges(base)
    index = _index([one.value for one in ahead], edges)
    low = _index([one.span.low80 if one.span else None for one in ahead], edges)
    high = _index([one.span.high80 if one.span else None for one in ahead], edges)
    with_names = base.scheme == "policy"
    labels = class_labels(edges, base.indicator, with_names=with_names) if edges else []
    counts = np.bincount(
        [int(i) for i, one in zip(index, ahead, strict=True) if one.status == "forecast"],
        minlength=len(ranges),
    )
    made = (
        *before,
        *(
            replace(one, lower=edges[n], upper=edges[n + 1], label=labels[n], count=int(counts[n]))
            for n, one in enumerate(ranges)
        ),
        *after,
    )
    position = {one.kind: at for at, one in enumerate(made) if one.kind != "range"}
    ranks = _ranks(ahead)
    places = []
    for n, one in enumerate(ahead):
        own = position.get(one.status) if one.status != "forecast" else int(index[n]) + shift
        span = one.span and replace(one.span, classes=(int(low[n]) + shift, int(high[n]) + shift))
        rank, of = ranks.get(one.id, (None, None))
        places.append(replace(one, class_index=own, span=span, rank=rank, rank_of=of))
    return made, tuple(places)


def _index(values: Sequence[float | None], edges: tuple[float, ...]) -> NDArray[np.int64]:
    known = np.array([0.0 if one is None else one for one in values], dtype=np.float64)
    return classify.class_of(known, edges)


# Organisations rank among those of their kind, as on maps of what was measured.
def _ranks(ahead: Sequence[MapPlace]) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for kind in {one.kind for one in ahead}:
        known = [one for one in ahead if one.kind == kind and one.value is not None]
        values = np.sort([one.value or 0.0 for one in known])
        for one in known:
            above = len(known) - int(np.searchsorted(values, one.value or 0.0, side="right"))
            found[one.id] = (above + 1, len(known))
    return found


def _total(session: Session, base: ThematicMap, period: Period) -> MapPlace | None:
    whole = base.total
    if whole is None:
        return None
    row = session.scalars(
        select(PlaceForecast).where(
            PlaceForecast.indicator_key == base.indicator.key,
            PlaceForecast.level != "org",
            PlaceForecast.place_id == whole.id,
        )
    ).first()
    run = None if row is None else session.get(ForecastRun, (base.indicator.key, row.level))
    if run is None or row is None:
        return None
    years = following(parse_period(run.last_period), len(row.point))
    columns = (row.point, row.low80, row.high80, row.low95, row.high95)
    for year, *numbers in zip(years, *columns, strict=True):
        if year.key == period.key:
            point, low80, high80, low95, high95 = numbers
            return _forecast(whole, ("", (point, low80, high80, low95, high95)))
    return None
