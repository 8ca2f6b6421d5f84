"""Features of a collection: a page, one, or all rows, at one state of the data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select
from sqlalchemy.orm import Session

from geo_service.core.db import begin_snapshot
from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from layers import counts, feature_texts, paging, queries
from layers.feature_texts import ShapeForm
from layers.forms import Form, form_of, rows_of
from layers.queries import Cell
from layers.questions import Question, conditions_of, relation_for
from layers.relation import Relation

#: Rows held in memory while a whole layer is read: a few megabytes of shapes.
ROWS_AT_ONCE = 200
#: What a row of a page tells of a feature.
Told = Literal["text", "bytes", "place"]


@dataclass(frozen=True, slots=True)
class Page:
    """GeoJSON text of each feature, and the cursor of the next page (``None`` at the end).

    ``total`` is how many there are of all, where that is asked for and cheap. Instead of texts
    there is what else rows were asked to tell.
    """

    features: tuple[Any, ...]
    cursor: str | None
    total: int | None = None


def read_page(
    session: Session,
    question: Question,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
    with_total: bool = False,
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
    with_total : bool
        Whether to count all features asked for, when the collection is not too large for that.

    Returns
    -------
    Page
        Coordinates in the question's CRS.

    Raises
    ------
    BadParameter
        If the cursor does not belong to this question.
    """
    asked = asked_page(
        session, question, limit=limit, cursor=cursor, offset=offset, with_total=with_total
    )
    rows = rows_of(session, asked.form, asked.kind, asked.build, **asked.values)
    return told_page(session, asked, rows)


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page that is asked for: the form of its statement, and what its rows mean."""

    question: Question
    form: Form
    kind: Hashable
    build: Callable[[Question], Select[Any]]
    values: Mapping[str, Cell]
    limit: int
    offset: int
    with_total: bool
    is_counted: bool


def asked_page(
    session: Session,
    question: Question,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
    with_total: bool = False,
    told: Told = "text",
) -> AskedPage:
    """Say how a page is asked for, see `read_page`; `told_page` makes it of the rows.

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
        Features passed over.
    with_total : bool
        Whether to count all features asked for, when the collection is not too large for that.
    told : {"text", "bytes", "place"}
        What rows tell of a feature: its text, the same in UTF-8, or the place it is.

    Returns
    -------
    AskedPage
        One statement.
    """
    last = None if cursor is None else paging.read_cursor(cursor, question)
    is_counted = with_total and counts.is_small(session, question.collection)
    has_all_shapes = counts.has_all_shapes(session, question)

    def build(bound: Question) -> Select[Any]:
        relation = relation_for(session, bound)
        order = paging.order_of(relation, bound)
        conditions = conditions_of(relation, bound, has_all_shapes=has_all_shapes)
        if last is not None:
            conditions.append(queries.after(order, last))
        rows: dict[str, Any] = {
            "conditions": conditions, "order": order, "is_counted": is_counted,
            "limit": bindparam("most", type_=Integer),
            "offset": bindparam("passed", type_=Integer),
        }  # fmt: skip
        if told == "place":
            return queries.page_keys(relation, **rows)
        text = _text(relation, bound)
        return queries.paged(
            relation, [feature_texts.as_bytes(text) if told == "bytes" else text], **rows
        )

    # Pages further on are one form, too: where the one before ended is bound as well.
    missing = None if last is None else tuple(value is None for value in last)
    values = {"most": limit + 1, "passed": offset, **queries.last_values(last or ())}
    return AskedPage(
        question, form_of(question), ("page", told, is_counted, missing), build, values,
        limit, offset, with_total, is_counted,
    )  # fmt: skip


def told_page(session: Session, asked: AskedPage, rows: Sequence[Sequence[Any]]) -> Page:
    """Make a page of its rows.

    Parameters
    ----------
    session : Session
        Open.
    asked : AskedPage
        What was asked.
    rows : sequence
        What the statement gave.

    Returns
    -------
    Page
        Coordinates in the question's CRS.
    """
    question, limit, offset = asked.question, asked.limit, asked.offset
    shown, width = rows[:limit], 2 + len(question.sort)
    following = paging.write_cursor(shown[-1][1:width], question) if len(rows) > limit else None
    total = None
    if asked.with_total and len(rows) <= limit and (rows or not offset):
        total = offset + len(rows)
    elif asked.is_counted:
        total = rows[0][width] if rows else counts.count(session, question)
    return Page(tuple(row[0] for row in shown), following, total)


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
    asked = asked_one(session, question)
    rows = rows_of(session, asked.form, asked.kind, asked.build, feature_id=feature_id)
    if not rows:
        raise NotFound(
            Text(
                th=f"ไม่พบ '{feature_id[:80]}' ใน {question.collection.id}",
                en=f"There is no '{feature_id[:80]}' in {question.collection.id}",
            )
        )
    text: str = rows[0][0]
    return text


@dataclass(frozen=True, slots=True)
class AskedOne:
    """One feature that is asked for: the form of its statement, which binds ``feature_id``."""

    form: Form
    kind: Hashable
    build: Callable[[Question], Select[Any]]


def asked_one(session: Session, question: Question) -> AskedOne:
    """Say how one feature is asked for, see `read_one`.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Its box, order and filters are passed over.

    Returns
    -------
    AskedOne
        One statement; it gives the text of the feature, or nothing.
    """

    def build(bound: Question) -> Select[Any]:
        relation = relation_for(session, bound)
        return (
            select(_text(relation, bound))
            .select_from(relation.source)
            .where(*relation.conditions, relation.id == bindparam("feature_id"))
        )

    form = form_of(replace(question, box=None, equal={}, sort=(), filter=None))
    return AskedOne(form, "one", build)


def read_rows(
    session: Session,
    question: Question,
    *,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
    shape: ShapeForm = "lonlat",
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
    shape : {"lonlat", "wkt", "file", "none"}
        How the shape is told, see `feature_texts.shape_columns`.

    Returns
    -------
    tuple of (list of tuple, str or None)
        Rows, the last two cells in EPSG:4326 degrees of a point on the shape unless `shape`
        says otherwise; and the cursor of the next page.
    """
    relation = relation_for(session, question)
    order = paging.order_of(relation, question)
    conditions = conditions_of(relation, question)
    last = None if cursor is None else paging.read_cursor(cursor, question)
    if last is not None:
        conditions.append(queries.after(order, last))
    told = feature_texts.shape_columns(relation, shape, question.crs)
    columns: list[ColumnElement[Any]] = [
        relation.columns[name].label(name) for name in question.names
    ]
    statement = queries.paged(
        relation, [*columns, *told],
        conditions=conditions, order=order, limit=limit + 1, offset=offset,
    )  # fmt: skip
    rows = [tuple(row) for row in session.execute(statement, queries.last_values(last or ()))]
    width = len(question.names) + len(told)
    following = (
        paging.write_cursor(rows[limit - 1][width:], question) if len(rows) > limit else None
    )
    return [row[:width] for row in rows[:limit]], following


def stream(session: Session, question: Question) -> Iterator[list[str]]:
    """Read every feature asked for, a few at a time, in the order asked for.

    Memory stays the same however many there are: the database keeps the place.

    Parameters
    ----------
    session : Session
        Open until the last feature is read; all are of one state of the data.
    question : Question
        What is asked.

    Yields
    ------
    list of str
        GeoJSON text of each feature, coordinates in the question's CRS.
    """
    begin_snapshot(session)
    relation = relation_for(session, question)
    statement = (
        select(_text(relation, question))
        .select_from(relation.source)
        .where(*relation.conditions, *conditions_of(relation, question))
        .order_by(*queries.ordered(paging.order_of(relation, question)))
    )
    rows = session.scalars(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    for part in rows.partitions():
        yield list(part)


def stream_rows(
    session: Session, question: Question, *, shape: ShapeForm = "lonlat"
) -> Iterator[list[tuple[Any, ...]]]:
    """Read every feature asked for as rows, a few at a time, by identifier.

    Parameters
    ----------
    session : Session
        Open until the last row is read.
    question : Question
        What is asked; its order is passed over.
    shape : {"lonlat", "wkt", "file", "none"}
        How the shape is told, see `feature_texts.shape_columns`.

    Yields
    ------
    list of tuple
        The properties asked for, then the shape.
    """
    begin_snapshot(session)
    relation = relation_for(session, question)
    told = feature_texts.shape_columns(relation, shape, question.crs)
    statement = (
        queries.as_rows(relation, question.names)
        .add_columns(*told)
        .where(*conditions_of(relation, question))
        .order_by(relation.id)
    )
    rows = session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    for part in rows.partitions():
        yield [tuple(row) for row in part]


def _text(relation: Relation, question: Question) -> ColumnElement[str]:
    return feature_texts.feature_text(
        relation, question.names, question.crs, with_geometry=question.with_geometry
    )
