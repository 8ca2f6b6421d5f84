"""The catalogue of what is measured, read as plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import cast

from sqlalchemy import ColumnElement, String, exists, select, values
from sqlalchemy import column as named
from sqlalchemy.orm import Session

from geo_service.core.errors import NotFound
from geo_service.core.known import remembered
from geo_service.core.periods import Calendar, Granularity, Period
from geo_service.core.text import Text
from layers.models import PLACE_LEVELS, Indicator, PeriodRow, PlaceValue


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit set by a policy, with who set it; in the indicator's unit.

    ``label`` names the class that begins at ``value``; the limit holds from the day ``since``
    up to and with ``until``, without them always.
    """

    value: float
    label: Text
    authority: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class IndicatorInfo:
    """An indicator as every page and answer describes it."""

    key: str
    theme: str
    name: Text
    unit: Text
    definition: Text
    formula: str
    space_agg: str
    time_agg: str
    tier: str
    direction: int
    privacy: str
    finest_level: str
    calendar: str
    decimals: int
    ramp: str
    thresholds: tuple[Threshold, ...]
    target: float | None
    source: Text
    numerator_keys: tuple[str, ...]
    denominator_key: str | None
    factor: float
    is_component: bool
    number: int | None = None
    weight_key: str | None = None
    denominator_max_age_years: int = 0
    bounds: tuple[float, float] | None = None
    coefficients: tuple[float, ...] = ()

    @property
    def numerators(self) -> dict[str, float]:
        """What is added up to form it: each key, and the number (no unit) it is multiplied by."""
        keys = dict.fromkeys(self.numerator_keys)
        return dict(zip(keys, self.coefficients or (1.0,) * len(keys), strict=True))

    def as_of(self, day: date) -> IndicatorInfo:
        """Keep only the limits that held on a day.

        Parameters
        ----------
        day : date
            For a period, its last day.

        Returns
        -------
        IndicatorInfo
            Otherwise the same.
        """
        held = tuple(
            limit
            for limit in self.thresholds
            if (limit.since is None or limit.since <= day)
            and (limit.until is None or day <= limit.until)
        )
        return replace(self, thresholds=held)

    @property
    def parts(self) -> tuple[str, ...]:
        """Keys of the indicators this one is made from, none twice."""
        others = (self.denominator_key, self.weight_key)
        named = (*self.numerator_keys, *(key for key in others if key and key[0] != "@"))
        return tuple(dict.fromkeys(named))


def read(session: Session, key: str) -> IndicatorInfo:
    """Read one indicator.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        For example ``waste_gen_rate``.

    Returns
    -------
    IndicatorInfo
        What the catalogue says.

    Raises
    ------
    NotFound
        If there is none; names the nearest known key.
    """
    return remembered(session, ("indicator", key), lambda: _read(session, key))


def _read(session: Session, key: str) -> IndicatorInfo:
    row = session.get(Indicator, key)
    if row is None:
        known = session.scalars(select(Indicator.key)).all()
        near = get_close_matches(key, known, n=3)
        hint = Text(
            th=f" ใกล้เคียงที่สุดคือ {', '.join(near)}" if near else "",
            en=f"; the nearest are {', '.join(near)}" if near else "",
        )
        raise NotFound(
            Text(th=f"ไม่มีตัวชี้วัด '{key}'{hint.th}", en=f"There is no indicator '{key}'{hint.en}"),
            indicator=key,
            nearest=near,
        )
    return info_of(row)


def list_all(
    session: Session, *, theme: str | None = None, components: bool = False
) -> list[IndicatorInfo]:
    """Read the catalogue in its own order.

    Parameters
    ----------
    session : Session
        Open.
    theme : str, optional
        Only this theme.
    components : bool
        Whether to include the parts that indicators are made from.

    Returns
    -------
    list of IndicatorInfo
        The numbered indicators first, then parts by key.
    """
    found = remembered(
        session,
        ("indicators", theme, components),
        lambda: _list_all(session, theme, components=components),
    )
    return list(found)


def _list_all(session: Session, theme: str | None, *, components: bool) -> list[IndicatorInfo]:
    statement = select(Indicator).order_by(Indicator.number.nulls_last(), Indicator.key)
    if theme is not None:
        statement = statement.where(Indicator.theme == theme)
    if not components:
        statement = statement.where(~Indicator.is_component)
    return [info_of(row) for row in session.scalars(statement)]


def periods(session: Session, key: str, level: str | None = None) -> tuple[Period, ...]:
    """List the periods an indicator has values for, earliest first.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of the indicator.
    level : str, optional
        Only where places of this level have values.

    Returns
    -------
    tuple of Period
        Empty when nothing is loaded.
    """
    return remembered(session, ("periods", key, level), lambda: _periods(session, key, level))


def _periods(session: Session, key: str, level: str | None) -> tuple[Period, ...]:
    # One look into the primary key for each period, instead of reading every value.
    there = exists().where(PlaceValue.period_key == PeriodRow.key, *_valued(key, level))
    rows = session.scalars(
        select(PeriodRow).where(there).order_by(PeriodRow.end, PeriodRow.start.desc())
    )
    return tuple(period_of(row) for row in rows)


def levels(session: Session, key: str) -> tuple[str, ...]:
    """List the levels at which an indicator has values, coarsest first.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of the indicator.

    Returns
    -------
    tuple of str
        Some of country, region, province, district, subdistrict, org.
    """
    return remembered(session, ("levels", key), lambda: _levels(session, key))


def _levels(session: Session, key: str) -> tuple[str, ...]:
    asked = values(named("level", String), name="asked").data([(level,) for level in PLACE_LEVELS])
    there = exists().where(PlaceValue.level == asked.c.level, *_valued(key, None))
    found = set(session.scalars(select(asked.c.level).where(there)))
    return tuple(level for level in PLACE_LEVELS if level in found)


def period_of(row: PeriodRow) -> Period:
    """Turn a stored period into the value the rest of the service uses.

    Parameters
    ----------
    row : PeriodRow
        From the table of periods.

    Returns
    -------
    Period
        With CE dates.
    """
    return Period(
        key=row.key,
        calendar=cast("Calendar", row.calendar),
        granularity=cast("Granularity", row.granularity),
        start=row.start,
        end=row.end,
    )


def info_of(row: Indicator) -> IndicatorInfo:
    """Turn a stored indicator into the value the rest of the service uses.

    Parameters
    ----------
    row : Indicator
        From the catalogue.

    Returns
    -------
    IndicatorInfo
        The same, as plain values.
    """
    return IndicatorInfo(
        key=row.key,
        theme=row.theme,
        name=Text(th=row.name_th, en=row.name_en),
        unit=Text(th=row.unit_th, en=row.unit_en),
        definition=Text(th=row.definition_th, en=row.definition_en),
        formula=row.formula,
        space_agg=row.space_agg,
        time_agg=row.time_agg,
        tier=row.tier,
        direction=row.direction,
        privacy=row.privacy,
        finest_level=row.finest_level,
        calendar=row.calendar,
        decimals=row.decimals,
        ramp=row.ramp,
        thresholds=tuple(
            Threshold(
                value=float(limit["value"]),
                label=Text(th=limit.get("label_th", ""), en=limit.get("label_en", "")),
                authority=limit.get("authority", ""),
                since=_day(limit.get("since")),
                until=_day(limit.get("until")),
            )
            for limit in row.thresholds
        ),
        target=row.target,
        source=Text(th=row.source_th, en=row.source_en),
        numerator_keys=tuple(row.numerator_keys),
        coefficients=tuple(row.coefficients),
        denominator_key=row.denominator_key,
        factor=row.factor,
        is_component=row.is_component,
        number=row.number,
        weight_key=row.weight_key,
        denominator_max_age_years=row.denominator_max_age_years,
        bounds=(float(row.bounds[0]), float(row.bounds[1])) if row.bounds else None,
    )


def _valued(key: str, level: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        PlaceValue.indicator_key == key,
        PlaceValue.value.is_not(None),
    ]
    if level is not None:
        conditions.append(PlaceValue.level == level)
    return conditions


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)
