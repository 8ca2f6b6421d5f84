"""Features of a collection: a page, one, or all rows, at one state of the data."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.orm import Session

from geo_service.core.crs import CRS84, THAILAND_BBOX, Crs
from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import queries, registry
from layers.filters import Box, Interval, Scalar, touches
from layers.indicators import period_of
from layers.queries import Cell, Order
from layers.registry import Collection
from layers.relations import Chosen, Relation, relation_of
from layers.versions import versions_of

#: Up to this many features a total is told without being asked for: it costs a millisecond.
CHEAP_COUNT = 20_000
MOST_COUNTED = 10_000_000
_THAI_NAMES = ("name_th", "district_name_th", "province_name_th")


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
    box: Box | None = None
    when: Interval | None = None
    period: Period | None = None
    equal: Mapping[str, Scalar] = field(default_factory=dict)
    properties: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    crs: Crs = CRS84

    @property
    def names(self) -> tuple[str, ...]:
        """Properties to give, in the collection's order when none were named."""
        if self.properties is not None:
            return self.properties
        return tuple(known.name for known in self.collection.properties)


@dataclass(frozen=True, slots=True)
class Page:
    """GeoJSON text of each feature, and the cursor of the next page (``None`` at the end)."""

    features: tuple[str, ...]
    cursor: str | None


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
    numbers = versions_of(session, sorted({*subjects, "catalogue"}))
    is_sample = bool(session.scalar(queries.sample_is_loaded()))
    told = json.dumps([sorted(numbers.items()), is_sample])
    return State(hashlib.blake2b(told.encode(), digest_size=6).hexdigest(), is_sample)


def read_page(
    session: Session,
    question: Question,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
) -> Page:
    """Read one page of features.

    Pages follow each other by key, so each feature of a layer is met once even when a load
    commits in between.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.
    limit : int
        Most features on the page.
    cursor : str, optional
        Where the page before ended.
    offset : int
        Features passed over, for clients without cursors.

    Returns
    -------
    Page
        Coordinates in the question's CRS.

    Raises
    ------
    BadParameter
        If the cursor does not belong to this question.
    """
    relation = _relation(session, question)
    order = _order(relation, question)
    conditions = _conditions(relation, question)
    if cursor is not None:
        conditions.append(queries.after(order, _read_cursor(cursor, question)))
    text = queries.feature_text(relation, question.names, question.crs)
    statement = (
        select(text, *(term.expression for term in order))
        .select_from(relation.source)
        .where(*relation.conditions, *conditions)
        .order_by(*queries.ordered(order))
        .limit(limit + 1)
        .offset(offset)
    )
    rows = session.execute(statement).all()
    shown = rows[:limit]
    following = _write_cursor(shown[-1][1:], question) if len(rows) > limit else None
    return Page(tuple(row[0] for row in shown), following)


def read_one(session: Session, question: Question, feature_id: str) -> str:
    """Read one feature.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Its box, order and filters are passed over.
    feature_id : str
        Public code.

    Returns
    -------
    str
        GeoJSON text; coordinates in the question's CRS.

    Raises
    ------
    NotFound
        If the collection has no such feature.
    """
    relation = _relation(session, question)
    text = queries.feature_text(relation, question.names, question.crs)
    statement = (
        select(text)
        .select_from(relation.source)
        .where(*relation.conditions, relation.id == literal(feature_id))
    )
    found: str | None = session.scalar(statement)
    if found is None:
        raise NotFound(
            Text(
                th=f"ไม่พบ '{feature_id[:80]}' ใน {question.collection.id}",
                en=f"There is no '{feature_id[:80]}' in {question.collection.id}",
            )
        )
    return found


def read_rows(
    session: Session,
    question: Question,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
) -> tuple[list[tuple[Any, ...]], str | None]:
    """Read features as rows: the properties asked for, then longitude and latitude.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.
    limit : int
        Most rows.
    cursor : str, optional
        Where the page before ended.
    offset : int
        Rows passed over.

    Returns
    -------
    tuple of (list of tuple, str or None)
        Rows, the last two cells in EPSG:4326 degrees of a point on the shape; and the
        cursor of the next page.
    """
    relation = _relation(session, question)
    order = _order(relation, question)
    conditions = _conditions(relation, question)
    if cursor is not None:
        conditions.append(queries.after(order, _read_cursor(cursor, question)))
    statement = (
        queries.as_rows(relation, question.names)
        .add_columns(*queries.point_columns(relation), *(term.expression for term in order))
        .where(*conditions)
        .order_by(*queries.ordered(order))
        .limit(limit + 1)
        .offset(offset)
    )
    rows = [tuple(row) for row in session.execute(statement)]
    width = len(question.names) + 2
    following = _write_cursor(rows[limit - 1][width:], question) if len(rows) > limit else None
    return [row[:width] for row in rows[:limit]], following


def count(session: Session, question: Question, *, ceiling: int = CHEAP_COUNT) -> int | None:
    """Count the features asked for, when there are not too many.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.
    ceiling : int
        Above it counting stops.

    Returns
    -------
    int or None
        ``None`` when there are more than `ceiling`.
    """
    relation = _relation(session, question)
    found = session.scalar(queries.counted(relation, _conditions(relation, question), ceiling + 1))
    return None if found is None or found > ceiling else int(found)


def extent_of(session: Session, collection: Collection) -> tuple[float, float, float, float]:
    """Tell the rectangle around a collection.

    Parameters
    ----------
    session : Session
        Open.
    collection : Collection
        From the register.

    Returns
    -------
    tuple of float
        west, south, east, north in EPSG:4326 degrees; Thailand when nothing has a shape.
    """
    # Places nest: the provinces' rectangle is that of every level, and there are few of them.
    asked = collection if collection.family == "feature" else registry.read(session, "provinces")
    row = session.execute(queries.extent(relation_of(asked))).one()
    return THAILAND_BBOX if row[0] is None else (row[0], row[1], row[2], row[3])


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
    found: dict[str, list[Period]] = {}
    keys = [member.key for member in collection.indicators]
    if keys:
        rows = session.execute(queries.measured_periods(keys, collection.level or ""))
        for key, row in rows:
            found.setdefault(key, []).append(period_of(row))
    return found


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
        The period itself, else the latest one that ends within what was asked.
    """
    if asked is None:
        return periods[-1] if periods else None
    if isinstance(asked, Period):
        same = [period for period in periods if period.key == asked.key]
        if same:
            return same[-1]
        asked = Interval(asked.start, asked.end)
    inside = [period for period in periods if _is_in(asked, period.end)]
    return inside[-1] if inside else None


def _is_in(when: Interval, day: date) -> bool:
    is_late = when.end is not None and day > when.end
    return not is_late and (when.start is None or day >= when.start)


def _relation(session: Session, question: Question) -> Relation:
    collection = question.collection
    if collection.family == "value":
        asked = question.period or question.when
        periods = periods_of(session, collection)
        return relation_of(
            collection,
            chosen=Chosen({key: choose_period(known, asked) for key, known in periods.items()}),
        )
    if collection.family == "history":
        known = {
            period.key: period
            for periods in periods_of(session, collection).values()
            for period in periods
        }
        rows = list(known.values())
        when = question.when or Interval(None, None)
        return relation_of(
            collection, chosen=Chosen(rows=[row for row in rows if _meets(when, row)])
        )
    return relation_of(collection, when=question.when)


def _meets(when: Interval, period: Period) -> bool:
    is_early = when.start is not None and period.end < when.start
    return not is_early and (when.end is None or period.start <= when.end)


def _conditions(relation: Relation, question: Question) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if question.box is not None:
        found.append(touches(relation.geom, question.box))
    found.extend(relation.columns[name] == value for name, value in question.equal.items())
    return found


def _order(relation: Relation, question: Question) -> list[Order]:
    order = []
    for term in question.sort:
        name = term.removeprefix("-")
        expression: Any = relation.columns[name]
        if name in _THAI_NAMES:
            expression = expression.collate(queries.THAI_ORDER)
        order.append(Order(expression, is_descending=term.startswith("-")))
    return [*order, Order(relation.id)]


def _write_cursor(values: Sequence[Any], question: Question) -> str:
    told = [value.isoformat() if isinstance(value, date) else value for value in values]
    text = json.dumps([list(question.sort), told], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, question: Question) -> list[Cell]:
    try:
        return _unpacked(cursor, question)
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error, RecursionError) as error:
        raise BadParameter(
            Text(
                th="cursor ใช้กับคำขอนี้ไม่ได้ ให้ใช้ลิงก์ next จากหน้าก่อน",
                en="This cursor does not belong to this question; follow the next link",
            ),
            parameter="cursor",
        ) from error


def _unpacked(cursor: str, question: Question) -> list[Cell]:
    padded = cursor + "=" * (-len(cursor) % 4)
    sort, told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if tuple(sort) != question.sort or not isinstance(told[-1], str) or "\x00" in told[-1]:
        raise ValueError
    values = [_cell(value, term, question) for value, term in zip(told[:-1], sort, strict=True)]
    return [*values, told[-1]]


def _cell(value: Cell, term: str, question: Question) -> Cell:
    known = question.collection.property(term.removeprefix("-"))
    if value is None or known is None:
        return None
    if known.kind == "date":
        return date.fromisoformat(str(value))
    expected = {"string": str, "integer": int, "number": (int, float), "boolean": bool}[known.kind]
    if not isinstance(value, expected) or (isinstance(value, str) and "\x00" in value):
        raise TypeError
    return value
