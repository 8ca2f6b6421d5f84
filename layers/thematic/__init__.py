"""A thematic map as data: the one source of the page, its JSON, its legend and its CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from boundaries.models import Area
from geo_service.core.crs import THAILAND_BBOX
from geo_service.core.db import fixed_sql
from geo_service.core.models import Dataset
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import indicators, versions
from layers.analysis.classify import Values, histogram
from layers.indicators import IndicatorInfo
from layers.models import PLACE_LEVELS, SeriesBreak
from layers.thematic.choices import (
    area_of,
    level_of,
    period_of,
    refuse_withheld,
    regions_of,
    scheme_of,
)
from layers.thematic.classes import classes_of
from layers.thematic.map import (
    SCHEMES,
    MapClass,
    MapPlace,
    Outlook,
    Scheme,
    Source,
    Span,
    Status,
    ThematicMap,
)
from layers.thematic.words import method_of, notes_of, styled, title_of

__all__ = [
    "SCHEMES", "MapClass", "MapPlace", "Outlook", "Scheme", "Source", "Span", "Status",
    "ThematicMap", "build",
]  # fmt: skip

HISTOGRAM_BINS = 24
#: Breaks are cut from all values up to this many, from so many quantiles beyond.
MOST_VALUES = 4_000


def build(
    session: Session,
    key: str,
    *,
    level: str | None = None,
    period: Period | str | None = None,
    area: str | None = None,
    scheme: Scheme | None = None,
    classes: int = 5,
    region_scheme: str | None = None,
) -> ThematicMap:
    """Build a thematic map.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.
    level : str, optional
        country, region, province, district, subdistrict or org; by default provinces, or the
        first level that has values.
    period : Period or str, optional
        A period, as people write it, or an interval, of which the last period counts. A plain
        year means the indicator's own calendar. By default the latest.
    area : str, optional
        Code of a region, province or district to stay within.
    scheme : {"quantile", "equal", "natural", "stddev", "policy"}, optional
        Classification; by default the policy limits where there are any, else quantiles.
    classes : int
        How many classes, 2 to 7.
    region_scheme : str, optional
        Which regions, at level region; by default the 18 clusters of provinces.

    Returns
    -------
    ThematicMap
        Places in order of code. Breaks are those of all periods of the places shown.

    Raises
    ------
    NotFound
        If there is no such indicator, area, or value.
    BadParameter
        If a level, scheme or number of classes makes no sense here.
    """
    indicator = indicators.read(session, key)
    levels = indicators.levels(session, key)
    if level in PLACE_LEVELS and level not in levels:
        refuse_withheld(session, indicator, level)
    chosen = level_of(indicator, levels, level)
    periods = indicators.periods(session, key, chosen)
    now = period_of(indicator, periods, period)
    indicator = indicator.as_of(now.end)
    method = scheme_of(indicator, scheme, classes)
    within = area_of(session, area, chosen)
    regions = regions_of(session, region_scheme) if chosen == "region" else None
    breaks = _breaks(session, key)
    before = _before(now, periods, breaks)
    rows = _places(
        session, indicator,
        level=chosen, day=now.end, period=now.key, before=before.key if before else None,
        area_id=within.id if within else None, region_scheme=regions,
    )  # fmt: skip
    spread = _spread(session, key, chosen, rows if within or regions else None)
    classed = classes_of(
        indicator, method, classes, spread=spread, shown=[(row.status, row.value) for row in rows]
    )
    places = tuple(_place(row, at) for row, at in zip(rows, classed.index, strict=True))
    flags = {flag for place in places for flag in place.flags}
    counted = [place for place in places if place.status != "not_applicable"]
    reporting = sum(place.has_reported for place in counted)
    is_sample = _is_sample(session)
    is_illustrative = any(row.is_illustrative for row in rows)
    area_name = _area_name(within) if within else None
    return ThematicMap(
        indicator=indicator,
        level=chosen,
        region_scheme=regions,
        period=now,
        periods=periods,
        levels=levels,
        area_code=within.code if within else None,
        area_name=area_name,
        bbox=_bbox(session, within),
        scheme=method,
        method=method_of(method, indicator, is_around_target=classed.is_around_target),
        classes=classed.classes,
        places=places,
        total=_total(session, indicator, now, within),
        histogram=_histogram(rows),
        reporting=reporting,
        expected=len(counted),
        sources=_sources(session, indicator, now, flags),
        breaks_note=_breaks_note(breaks, periods),
        breaks=tuple(one.effective for one in breaks),
        is_sample=is_sample,
        is_illustrative=is_illustrative,
        version=_version(session, key, chosen),
        title=title_of(indicator, chosen, now, area_name),
        notes=notes_of(
            flags, is_sample=is_sample, is_illustrative=is_illustrative,
            reporting=reporting, expected=len(counted), level=chosen,
        ),
    )  # fmt: skip


def _places(
    session: Session, indicator: IndicatorInfo, *, day: date, **values: object
) -> Sequence[Row[Any]]:
    tiers = ["lower", "upper"] if indicator.tier == "both" else [indicator.tier]
    statement = fixed_sql("layers", "thematic_places")
    return session.execute(
        statement, {"key": indicator.key, "tiers": tiers, "day": day, **values}
    ).all()


def _spread(session: Session, key: str, level: str, rows: Sequence[Row[Any]] | None) -> Values:
    places = None if rows is None else [row.id for row in rows]
    found = session.execute(
        fixed_sql("layers", "thematic_spread"),
        {"key": key, "level": level, "places": places, "most": MOST_VALUES},
    ).scalar()
    return np.array(found or [], dtype=np.float64)


def _place(row: Row[Any], class_index: int) -> MapPlace:
    return MapPlace(
        id=row.id,
        code=row.code,
        name=Text(th=row.name_th, en=row.name_en),
        within=_within(row),
        value=row.value,
        numerator=row.numerator,
        denominator=row.denominator,
        status=row.status,
        class_index=class_index,
        rank=row.rank,
        rank_of=row.rank_of if row.rank is not None else None,
        previous=row.previous,
        reporting=row.reporting,
        expected=row.expected,
        basis=row.basis,
        flags=tuple(row.flags),
        kind=row.kind,
    )


def _within(row: Row[Any]) -> Text:
    above = (
        (row.parent_level, row.parent_code, row.parent_th, row.parent_en),
        (row.grand_level, row.grand_code, row.grand_th, row.grand_en),
    )
    named = [
        (styled(level, code, thai), english)
        for level, code, thai, english in above
        if level in {"district", "province"}
    ]
    return Text(
        th=" ".join(thai for thai, _ in named), en=", ".join(english for _, english in named)
    )


def _area_name(area: Area) -> Text:
    return Text(th=styled(area.level, area.code, area.name_th), en=area.name_en)


def _bbox(session: Session, within: Area | None) -> tuple[float, float, float, float]:
    row = session.execute(
        fixed_sql("layers", "thematic_extent"), {"area_id": within.id if within else None}
    ).first()
    return (row[0], row[1], row[2], row[3]) if row else THAILAND_BBOX


def _total(
    session: Session, indicator: IndicatorInfo, period: Period, within: Area | None
) -> MapPlace | None:
    level = within.level if within else "country"
    rows = _places(
        session, indicator,
        level=level, day=period.end, period=period.key, before=None, area_id=None,
        region_scheme=within.scheme if within else None,
    )  # fmt: skip
    wanted = within.code if within else "TH"
    found = [row for row in rows if row.code == wanted and row.value is not None]
    return _place(found[0], 0) if found else None


def _histogram(rows: Sequence[Row[Any]]) -> tuple[int, ...]:
    values = np.array([row.value for row in rows if row.value is not None], dtype=np.float64)
    if values.size == 0:
        return ()
    return histogram(values, (values.min(), values.max()), HISTOGRAM_BINS)


def _breaks(session: Session, key: str) -> Sequence[SeriesBreak]:
    return session.scalars(
        select(SeriesBreak).where(SeriesBreak.indicator_key == key).order_by(SeriesBreak.effective)
    ).all()


def _before(now: Period, periods: Sequence[Period], breaks: Sequence[SeriesBreak]) -> Period | None:
    earlier = [one for one in periods if one.granularity == now.granularity and one.end < now.start]
    if not earlier:
        return None
    before = earlier[-1]
    is_broken = any(before.end < one.effective <= now.end for one in breaks)
    return None if is_broken else before


def _breaks_note(breaks: Sequence[SeriesBreak], periods: Sequence[Period]) -> Text | None:
    within = [one for one in breaks if periods[0].end < one.effective <= periods[-1].end]
    if not within:
        return None
    return Text(
        th=" ".join(one.note_th for one in within), en=" ".join(one.note_en for one in within)
    )


def _sources(
    session: Session, indicator: IndicatorInfo, period: Period, flags: set[str]
) -> tuple[Source, ...]:
    keys, waiting = {indicator.key}, list(indicator.parts)
    while waiting:
        part = waiting.pop()
        if part not in keys:
            keys.add(part)
            waiting += indicators.read(session, part).parts
    older = {flag.removeprefix("denominator-") for flag in flags if flag.startswith("denominator-")}
    rows = session.execute(
        fixed_sql("layers", "thematic_sources"),
        {"keys": sorted(keys), "periods": sorted({period.key} | older)},
    )
    return tuple(
        Source(
            dataset_id=row.id,
            title=Text(th=row.title_th, en=row.title_en),
            publisher=Text(th=row.publisher_th, en=row.publisher_en),
            licence=row.licence,
            attribution=Text(th=row.attribution_th, en=row.attribution_en),
            url=row.source_url,
            version=row.version,
            loaded_on=row.loaded_on.isoformat() if row.loaded_on else "",
        )
        for row in rows
    )


def _is_sample(session: Session) -> bool:
    found = session.scalar(
        select(Dataset.id).where(Dataset.is_sample, Dataset.version > 0).limit(1)
    )
    return found is not None


def _version(session: Session, key: str, level: str) -> str:
    where = "orgs" if level == "org" else "areas"
    subjects = (versions.of_indicator(key), where, "catalogue")
    numbers = versions.versions_of(session, subjects)
    return ".".join(str(numbers[subject]) for subject in subjects)
