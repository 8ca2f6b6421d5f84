"""Statements about features as values: pages, orders, counts, extents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    values,
)
from sqlalchemy import column as named

from boundaries.models import Area, Org
from geo_service.core.models import Dataset
from layers.foreseen import ForecastRun
from layers.models import PeriodRow, PlaceValue
from layers.relation import Relation

Cell = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order and its direction; missing values come last."""

    expression: ColumnElement[Any]
    is_descending: bool = False
    is_always_there: bool = False


def as_rows(relation: Relation, names: Sequence[str]) -> Select[Any]:
    """Select properties as columns.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    names : sequence of str
        Properties of the register.

    Returns
    -------
    Select
        One column per name.
    """
    columns: list[Any] = [relation.columns[name].label(name) for name in names]
    return select(*columns).select_from(relation.source).where(*relation.conditions)


def paged(
    relation: Relation,
    told: Sequence[ColumnElement[Any]],
    *,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Order],
    limit: int | BindParameter[int],
    offset: int | BindParameter[int] = 0,
    is_counted: bool = False,
) -> Select[Any]:
    """Select some rows in order, found first and written afterwards.

    What is told (texts, joined values) is made for the rows of the page alone, not for every
    row that had to be put in order.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    told : sequence of ColumnElement
        What is selected of each row.
    conditions : sequence of ColumnElement
        Further conditions.
    order : sequence of Order
        Most important first; the last one is unique.
    limit, offset : int
        Most rows, and rows passed over.
    is_counted : bool
        Whether each row tells how many there are of all: cheap where they are few.

    Returns
    -------
    Select
        What is told, then one column for each term of the order, then the count.
    """
    page = page_keys(
        relation, conditions=conditions, order=order, limit=limit, offset=offset,
        is_counted=is_counted,
    ).subquery("page")  # fmt: skip
    places = [page.c[f"order_{at}"] for at in range(len(order))]
    again = [Order(place, term.is_descending) for place, term in zip(places, order, strict=True)]
    return (
        select(*told, *places, *([page.c.total] if is_counted else []))
        .select_from(relation.within(page))
        .order_by(*ordered(again))
        .limit(limit)
    )


def page_keys(
    relation: Relation,
    *,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Order],
    limit: int | BindParameter[int],
    offset: int | BindParameter[int] = 0,
    is_counted: bool = False,
) -> Select[Any]:
    """Select what tells the rows of a page apart, in order.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    conditions : sequence of ColumnElement
        Further conditions.
    order : sequence of Order
        Most important first; the last one is unique.
    limit, offset : int
        Most rows, and rows passed over.
    is_counted : bool
        Whether each row tells how many there are of all.

    Returns
    -------
    Select
        The keys, then one column for each term of the order, then the count.
    """
    total = [func.count().over().label("total")] if is_counted else []
    where = (*relation.conditions, *conditions)
    read = (*relation.keys, *(term.expression for term in order), *where)
    told: list[Any] = [
        *(key.label(f"key_{at}") for at, key in enumerate(relation.keys)),
        *(term.expression.label(f"order_{at}") for at, term in enumerate(order)),
        *total,
    ]
    return (
        select(*told)
        .select_from(relation.source_for(read))
        .where(*where)
        .order_by(*ordered(order))
        .limit(limit)
        .offset(offset)
    )


def ordered(order: Sequence[Order]) -> list[ColumnElement[Any]]:
    """Write an order.

    Parameters
    ----------
    order : sequence of Order
        Most important first; the last one is unique.

    Returns
    -------
    list of ColumnElement
        For ``ORDER BY``.
    """
    return [
        (term.expression.desc() if term.is_descending else term.expression.asc()).nulls_last()
        for term in order
    ]


def after(order: Sequence[Order], last: Sequence[Cell]) -> ColumnElement[bool]:
    """Say that a row comes after the last one of the page before.

    Parameters
    ----------
    order : sequence of Order
        Of the page; the last term is unique and never missing.
    last : sequence
        Values of the last row, in the same order: which of them are missing, for the others are
        bound when the statement is run, by the names of `last_values`.

    Returns
    -------
    ColumnElement of bool
        The same for all pages of an order, as far as nothing is missing.
    """
    conditions: list[ColumnElement[bool]] = []
    equal: ColumnElement[bool] = true()
    for at, (term, value) in enumerate(zip(order, last, strict=True)):
        bound = bindparam(_last(at), type_=term.expression.type)
        conditions.append(and_(equal, _beyond(term, None if value is None else bound)))
        is_same = term.expression.is_(None) if value is None else term.expression == bound
        equal = and_(equal, is_same)
    return or_(*conditions)


def last_values(last: Sequence[Cell]) -> dict[str, Cell]:
    """Give the values that `after` binds.

    Parameters
    ----------
    last : sequence
        Values of the last row.

    Returns
    -------
    dict of str to value
        Those that are there, by name.
    """
    return {_last(at): value for at, value in enumerate(last) if value is not None}


def _last(at: int) -> str:
    return f"last_{at}"


def counted(
    relation: Relation, conditions: Sequence[ColumnElement[bool]], ceiling: int
) -> Select[Any]:
    """Count features up to a ceiling.

    Parameters
    ----------
    relation : Relation
        Of a collection.
    conditions : sequence of ColumnElement
        Further conditions.
    ceiling : int
        Largest number that is told apart.

    Returns
    -------
    Select of int
        One number.
    """
    where = (*relation.conditions, *conditions)
    found = (
        select(literal(1).label("one"))
        .select_from(relation.source_for(where))
        .where(*where)
        .limit(ceiling)
        .subquery()
    )
    return select(func.count()).select_from(found)


def extent(relation: Relation) -> Select[Any]:
    """Ask for the rectangle around all shapes.

    Parameters
    ----------
    relation : Relation
        Of a collection.

    Returns
    -------
    Select of float
        west, south, east, north in EPSG:4326 degrees.
    """
    around = func.ST_Extent(relation.geom)
    return (
        select(
            func.ST_XMin(around), func.ST_YMin(around), func.ST_XMax(around), func.ST_YMax(around)
        )
        .select_from(relation.source)
        .where(*relation.conditions)
    )


def forecast_runs(level: str, keys: Sequence[str]) -> Select[str, str, int]:
    """Ask until when each indicator of a level is known, and how far it is forecast.

    Parameters
    ----------
    level : str
        Level of the places.
    keys : sequence of str
        Indicators.

    Returns
    -------
    Select
        Indicator key, key of the last period, years ahead; only where a place has a forecast.
    """
    return select(ForecastRun.indicator_key, ForecastRun.last_period, ForecastRun.horizon).where(
        ForecastRun.level == level,
        ForecastRun.indicator_key.in_(keys),
        ForecastRun.forecast_places > 0,
    )


def measured_periods(keys: Sequence[str], level: str) -> Select[Any]:
    """Ask which periods hold values of which indicators at a level.

    Parameters
    ----------
    keys : sequence of str
        Indicators.
    level : str
        Level of the places.

    Returns
    -------
    Select
        Indicator key and period, oldest first.
    """
    asked = values(named("indicator_key", Text), name="asked").data([(key,) for key in keys])
    # One look into the primary key for each pair, instead of reading every value.
    # The offset of nothing keeps the database from turning the looks into one reading of all.
    there = (
        select(PlaceValue.place_id)
        .where(
            PlaceValue.indicator_key == asked.c.indicator_key,
            PlaceValue.level == level,
            PlaceValue.period_key == PeriodRow.key,
            PlaceValue.value.is_not(None),
        )
        .offset(0)
        .exists()
    )
    return (
        select(asked.c.indicator_key, PeriodRow)
        .join_from(asked, PeriodRow, true())
        .where(there)
        .order_by(PeriodRow.end, PeriodRow.start.desc())
    )


def in_force_ever(level: str) -> Select[Any]:
    """Ask for the first and the last day on which any place of a level was in force.

    Parameters
    ----------
    level : str
        Level of areas, or ``org``.

    Returns
    -------
    Select of date
        One row; null where an end is open.
    """
    table: Any = Org if level == "org" else Area
    first, last = func.lower(table.valid), cast(func.upper(table.valid) - timedelta(days=1), Date)
    return select(
        case((func.bool_or(func.lower_inf(table.valid)), null()), else_=func.min(first)),
        case((func.bool_or(func.upper_inf(table.valid)), null()), else_=func.max(last)),
    ).where(true() if level == "org" else table.level == level)


def sample_is_loaded() -> Select[bool]:
    """Ask whether any data set loaded is a sample.

    Returns
    -------
    Select of bool
        One value.
    """
    return select(exists().where(Dataset.is_sample.is_(True), Dataset.version > 0))


def _beyond(term: Order, last: BindParameter[Any] | None) -> ColumnElement[bool]:
    if last is None:
        return false()
    further = term.expression < last if term.is_descending else term.expression > last
    if term.is_always_there:
        return further
    return or_(further, term.expression.is_(None))
