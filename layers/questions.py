"""What is asked of a collection, and at which state of the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.orm import Session

from geo_service.core.crs import CRS84, Crs
from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.periods import Period, parse_period, year_period
from layers import outlooks, queries
from layers.collection import Collection
from layers.cql2 import compile_filter
from layers.cql2.tree import Filter
from layers.filters import BoundBox, Box, Interval, Scalar, touches
from layers.indicators import period_of
from layers.relation import Relation
from layers.relations import Chosen, relation_of
from layers.versions import versions_of


@dataclass(frozen=True, slots=True)
class State:
    """The state of the data behind an answer; `token` changes whenever any of it does."""

    token: str
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a collection.

    ``when`` picks places in force, or the periods of values; ``sort`` holds property names,
    a minus before those that go down.
    """

    collection: Collection
    box: Box | BoundBox | None = None
    when: Interval | None = None
    period: Period | Interval | None = None
    equal: Mapping[str, Scalar | BindParameter[Any]] = field(default_factory=dict)
    properties: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    crs: Crs = CRS84
    filter: Filter | None = None
    with_geometry: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Properties to give, in the collection's order when none were named."""
        if self.properties is not None:
            return self.properties
        return tuple(known.name for known in self.collection.properties)


def state_of(session: Session, subjects: Sequence[str]) -> State:
    """Read the state of the data behind some subjects.

    Parameters
    ----------
    session : Session
        Open.
    subjects : sequence of str
        As `layers.versions` names them; the catalogue always counts.

    Returns
    -------
    State
        Its token is twelve hexadecimal digits.
    """
    wanted = tuple(sorted({*subjects, "catalogue"}))
    return remembered(session, ("state", wanted), lambda: _state_of(session, wanted))


def _state_of(session: Session, subjects: Sequence[str]) -> State:
    numbers = versions_of(session, subjects)
    # A place may come into force, or go, on a day without a load.
    turned = remembered(
        session, "last_turn", lambda: session.scalar(fixed_sql("layers", "last_turn"))
    )
    has_sample = is_sample(session)
    told = json.dumps([sorted(numbers.items()), has_sample, str(turned)])
    return State(hashlib.blake2b(told.encode(), digest_size=6).hexdigest(), has_sample)


def is_sample(session: Session) -> bool:
    """Tell whether any data set loaded is a sample.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    bool
        Remembered with the state of the data.
    """
    return remembered(
        session, "is_sample", lambda: bool(session.scalar(queries.sample_is_loaded()))
    )


def relation_for(session: Session, question: Question) -> Relation:
    """Describe the rows a question is about, periods chosen.

    Parameters
    ----------
    session : Session
        Open; asked only for the periods of values.
    question : Question
        What is asked.

    Returns
    -------
    Relation
        Shapes in EPSG:4326.
    """
    collection = question.collection
    if collection.family == "value":
        asked = question.period or question.when
        periods = periods_of(session, collection)
        return relation_of(
            collection,
            when=_day_of(asked),
            chosen=Chosen({key: choose_period(known, asked) for key, known in periods.items()}),
        )
    if collection.family in {"history", "outlook"}:
        known = {
            period.key: period
            for periods in periods_of(session, collection).values()
            for period in periods
        }
        rows = list(known.values())
        rows = [row for row in rows if _is_asked(row, question)]
        if collection.family == "outlook":
            return outlooks.relation_of(collection, Chosen(_ends_of(session, collection), rows))
        return relation_of(collection, chosen=Chosen(rows=rows))
    return relation_of(collection, when=question.when)


def conditions_of(
    relation: Relation, question: Question, *, has_all_shapes: bool = False
) -> list[ColumnElement[bool]]:
    """Write a question's box and filters as conditions.

    Parameters
    ----------
    relation : Relation
        From `relation_for`.
    question : Question
        What is asked.
    has_all_shapes : bool
        Whether every feature is known to have one.

    Returns
    -------
    list of ColumnElement of bool
        With bound values; boxes in any served CRS.
    """
    found: list[ColumnElement[bool]] = []
    if question.box is not None:
        found.append(touches(relation.geom, question.box, has_all_shapes=has_all_shapes))
    found.extend(relation.columns[name] == value for name, value in question.equal.items())
    if question.filter is not None:
        known = {
            one.name: (one.kind, relation.columns[one.name])
            for one in question.collection.properties
        }
        found.append(compile_filter(question.filter, known, relation.geom))
    return found


def periods_of(session: Session, collection: Collection) -> dict[str, list[Period]]:
    """List the periods with values, for each indicator of a collection.

    Parameters
    ----------
    session : Session
        Open.
    collection : Collection
        Of values.

    Returns
    -------
    dict of str to list of Period
        Oldest first; no entry for an indicator without values at this level.
    """
    return remembered(
        session, ("periods_of", collection.id), lambda: _periods_of(session, collection)
    )


def _ends_of(session: Session, collection: Collection) -> dict[str, Period | None]:
    # The last period measured, after which the forecasts of each indicator begin.
    def find() -> dict[str, Period | None]:
        runs = session.execute(queries.forecast_runs(collection.level or "", collection.keys))
        return {run.indicator_key: parse_period(run.last_period) for run in runs}

    return remembered(session, ("ends_of", collection.id), find)


def _coming(session: Session, collection: Collection) -> dict[str, list[Period]]:
    runs = session.execute(queries.forecast_runs(collection.level or "", collection.keys))
    found: dict[str, list[Period]] = {}
    for run in runs:
        last = parse_period(run.last_period)
        years = range(last.year_ce + 1, last.year_ce + 1 + run.horizon)
        found[run.indicator_key] = [year_period(year, last.calendar) for year in years]
    return found


def _periods_of(session: Session, collection: Collection) -> dict[str, list[Period]]:
    if collection.family == "outlook":
        return _coming(session, collection)
    found: dict[str, list[Period]] = {}
    keys = collection.keys
    if keys:
        rows = session.execute(queries.measured_periods(keys, collection.level or ""))
        for key, row in rows:
            found.setdefault(key, []).append(period_of(row))
    return found


def listed(session: Session, known: Sequence[Collection]) -> list[Collection]:
    """Leave out the histories of what was never measured, and outlooks without a forecast.

    Parameters
    ----------
    session : Session
        Open.
    known : sequence of Collection
        From the register.

    Returns
    -------
    list of Collection
        Those that have features. One left out answers under its address, without any.
    """
    many = {"history", "outlook"}
    return [one for one in known if one.family not in many or periods_of(session, one)]


def choose_period(periods: Sequence[Period], asked: Period | Interval | None) -> Period | None:
    """Choose the period a value is taken from.

    Parameters
    ----------
    periods : sequence of Period
        With values, oldest first.
    asked : Period or Interval, optional
        Absent: the latest.

    Returns
    -------
    Period or None
        The period asked for, or the latest within the interval; as thematic maps choose.
    """
    if asked is None:
        return periods[-1] if periods else None
    if isinstance(asked, Interval):
        inside = [one for one in periods if _is_within(asked, one)]
        return inside[-1] if inside else None
    # "2567" asks for the year as the indicator counts years: fiscal for money.
    same = [one for one in periods if one.key == asked.key] or [
        one
        for one in periods
        if one.granularity == asked.granularity == "year"
        and asked.calendar == "gregorian"
        and one.year_ce == asked.year_ce
    ]
    return same[-1] if same else None


def _day_of(asked: Period | Interval | None) -> Interval | None:
    # Values of a time belong to the places that were in force when it ended.
    end = None if asked is None else asked.end
    return None if end is None else Interval(end, end)


def _is_asked(row: Period, question: Question) -> bool:
    if question.period is not None and choose_period([row], question.period) is None:
        return False
    return question.when is None or _meets(question.when, row)


def _meets(when: Interval, period: Period) -> bool:
    is_early = when.start is not None and period.end < when.start
    return not is_early and (when.end is None or period.start <= when.end)


def _is_within(when: Interval, period: Period) -> bool:
    is_early = when.start is not None and period.start < when.start
    return not is_early and (when.end is None or period.end <= when.end)
