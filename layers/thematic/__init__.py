"""A thematic map as data: the one source of the page, its JSON, its legend and its CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy import Row
from sqlalchemy.orm import Session

from geo_service.core.crs import THAILAND_BBOX
from geo_service.core.db import fixed_sql
from geo_service.core.known import shelved
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import breaks, indicators, questions, versions
from layers.analysis.classify import Values, histogram
from layers.breaks import Break
from layers.indicators import IndicatorInfo
from layers.models import PLACE_LEVELS
from layers.thematic.choices import (
    Wanted,
    Within,
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
    "ThematicMap", "Wanted", "build",
]  # fmt: skip

HISTOGRAM_BINS = 24
#: Breaks are cut from all values up to this many, from so many quantiles beyond.
MOST_VALUES = 4_000
OWN_CHOICE: Final = Wanted()
#: What a map takes in memory: its texts and classes, and each of its places.
_MAP_BYTES: Final = 8_000
_PLACE_BYTES: Final = 1_100
_ROW_BYTES: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Settled:
    level: str
    period: Period
    within: Within | None
    scheme: Scheme
    classes: int
    regions: str | None


def build(session: Session, key: str, wanted: Wanted = OWN_CHOICE) -> ThematicMap:
    """Build a thematic map, once for a state of the data where that is known.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.
    wanted : Wanted
        What the map shows.

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
    if wanted.level in PLACE_LEVELS and wanted.level not in levels:
        refuse_withheld(session, indicator, wanted.level)
    level = level_of(indicator, levels, wanted.level)
    period = period_of(indicator, indicators.periods(session, key, level), wanted.period)
    indicator = indicator.as_of(period.end)
    settled = _Settled(
        level,
        period,
        area_of(session, wanted.area, level),
        scheme_of(indicator, wanted.scheme, wanted.classes),
        wanted.classes,
        regions_of(session, wanted.region_scheme) if level == "region" else None,
    )
    return shelved(
        session, ("map", key, settled), lambda: _built(session, indicator, settled), size_bytes
    )


def size_bytes(shown: ThematicMap) -> int:
    """Tell about how much memory a map takes.

    Parameters
    ----------
    shown : ThematicMap
        Any.

    Returns
    -------
    int
        Bytes.
    """
    return _MAP_BYTES + _PLACE_BYTES * len(shown.places)


def _built(session: Session, indicator: IndicatorInfo, settled: _Settled) -> ThematicMap:
    key, level, now, within = indicator.key, settled.level, settled.period, settled.within
    periods = indicators.periods(session, key, level)
    broken = breaks.of_all(session).get(key, ())
    before = _before(now, periods, broken)
    rows = _places(
        session, indicator,
        level=level, day=now.end, period=now.key, before=before.key if before else None,
        area_id=within.id if within else None, region_scheme=settled.regions,
    )  # fmt: skip
    spread = _spread(session, key, level, rows if within or settled.regions else None)
    classed = classes_of(
        indicator, settled.scheme, settled.classes,
        spread=spread, shown=[(row.status, row.value) for row in rows],
    )  # fmt: skip
    places = tuple(_place(row, at) for row, at in zip(rows, classed.index, strict=True))
    flags = {flag for place in places for flag in place.flags}
    counted = [place for place in places if place.status != "not_applicable"]
    reporting = sum(place.has_reported for place in counted)
    is_sample = questions.is_sample(session)
    is_illustrative = any(row.is_illustrative for row in rows)
    area_name = _area_name(within) if within else None
    return ThematicMap(
        indicator=indicator,
        level=level,
        region_scheme=settled.regions,
        period=now,
        periods=periods,
        levels=indicators.levels(session, key),
        area_code=within.code if within else None,
        area_name=area_name,
        bbox=_bbox(session, within),
        scheme=settled.scheme,
        method=method_of(settled.scheme, indicator, is_around_target=classed.is_around_target),
        classes=classed.classes,
        places=places,
        total=_total(session, indicator, now, within),
        histogram=_histogram(rows),
        reporting=reporting,
        expected=len(counted),
        sources=_sources(session, indicator, now, flags),
        breaks_note=_breaks_note(broken, periods),
        breaks=tuple(one.effective for one in broken),
        is_sample=is_sample,
        is_illustrative=is_illustrative,
        version=_version(session, key, level),
        title=title_of(indicator, level, now, area_name),
        notes=notes_of(
            flags, is_sample=is_sample, is_illustrative=is_illustrative,
            reporting=reporting, expected=len(counted), level=level,
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
    asked = key, level, None if places is None else tuple(places)
    return shelved(
        session,
        ("map-spread", *asked),
        lambda: spreads_of(session, [key], level, places)[key],
        lambda found: found.nbytes + _ROW_BYTES,
    )


def spreads_of(
    session: Session, keys: Sequence[str], level: str, places: Sequence[int] | None = None
) -> dict[str, Values]:
    """Read the values of all periods from which classes are cut.

    Parameters
    ----------
    session : Session
        Only read.
    keys : sequence of str
        Of the indicators.
    level : str
        Of the places.
    places : sequence of int, optional
        Only these, by id.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By key, in the indicator's unit, zeros apart; quantiles where there are very many.
    """
    rows = session.execute(
        fixed_sql("layers", "thematic_spread"),
        {"keys": list(keys), "level": level, "places": places, "most": MOST_VALUES},
    )
    return {key: np.array(found or [], dtype=np.float64) for key, found in rows}


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


def _area_name(area: Within) -> Text:
    return Text(th=styled(area.level, area.code, area.name.th), en=area.name.en)


def _bbox(session: Session, within: Within | None) -> tuple[float, float, float, float]:
    bound = {"area_id": within.id if within else None}
    row = shelved(
        session,
        ("map-box", bound["area_id"]),
        lambda: session.execute(fixed_sql("layers", "thematic_extent"), bound).first(),
        lambda _: _ROW_BYTES,
    )
    return (row[0], row[1], row[2], row[3]) if row else THAILAND_BBOX


def _total(
    session: Session, indicator: IndicatorInfo, period: Period, within: Within | None
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


def _before(now: Period, periods: Sequence[Period], broken: Sequence[Break]) -> Period | None:
    earlier = [one for one in periods if one.granularity == now.granularity and one.end < now.start]
    if not earlier:
        return None
    before = earlier[-1]
    is_broken = any(before.end < one.effective <= now.end for one in broken)
    return None if is_broken else before


def _breaks_note(broken: Sequence[Break], periods: Sequence[Period]) -> Text | None:
    within = [one.note for one in broken if periods[0].end < one.effective <= periods[-1].end]
    if not within:
        return None
    return Text(th=" ".join(one.th for one in within), en=" ".join(one.en for one in within))


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
    told = tuple(sorted(keys)), tuple(sorted({period.key} | older))
    return shelved(
        session,
        ("map-sources", *told),
        lambda: _read_sources(session, *told),
        lambda found: _ROW_BYTES * len(found),
    )


def _read_sources(
    session: Session, keys: Sequence[str], periods: Sequence[str]
) -> tuple[Source, ...]:
    rows = session.execute(
        fixed_sql("layers", "thematic_sources"), {"keys": list(keys), "periods": list(periods)}
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


def _version(session: Session, key: str, level: str) -> str:
    where = "orgs" if level == "org" else "areas"
    subjects = (versions.of_indicator(key), where, "catalogue")
    numbers = versions.versions_of(session, subjects)
    return ".".join(str(numbers[subject]) for subject in subjects)
