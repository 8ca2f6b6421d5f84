"""Statements kept by the form of a question: describing one costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.orm import Session

from geo_service.core.direct import Statement
from geo_service.core.known import NotKnown, remembered
from layers.cql2.bound import take_values
from layers.filters import BoundBox, Box, edges_of
from layers.questions import Question

Made = TypeVar("Made")

#: Statements kept for a state of the data; each takes some tens of kilobytes.
_MOST_STATEMENTS = 200
#: Filters with more parts are described each time.
_MOST_NODES = 100
#: How the driver of the short way takes statements: every value has its type and its place.
_DIRECT: Any = PGDialect_asyncpg(dbapi=PGDialect_asyncpg.import_dbapi())  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Form:
    """A question without its values: many questions have the same form, and one statement.

    `values` are those of the question it was taken from, by the names that `question` binds.
    ``is_large`` forms are rarely met again, and each takes much of what is kept of all.
    """

    key: Hashable
    question: Question
    values: Mapping[str, Any]
    is_large: bool = False


def form_of(question: Question) -> Form:
    """Take the values out of a question.

    Parameters
    ----------
    question : Question
        Any; values that cannot be taken out belong to the form.

    Returns
    -------
    Form
        Its key tells forms of one state of the data apart.
    """
    box = question.box
    edges = edges_of(box) if isinstance(box, Box) else None
    names = {name: f"equal_{at}" for at, name in enumerate(question.equal)}
    taken = None if question.filter is None else take_values(question.filter, "filter_")
    bound = replace(
        question,
        box=box if edges is None else BoundBox(),
        equal={name: bindparam(own) for name, own in names.items()},
        filter=None if taken is None else taken.structure,
    )
    values = {own: question.equal[name] for name, own in names.items()} | (edges or {})
    values |= {} if taken is None else taken.values
    key = (
        question.collection.id, bound.box, question.when, question.period, tuple(names),
        question.properties, question.sort, question.crs, bound.filter,
        question.with_geometry,
    )  # fmt: skip
    return Form(key, bound, values, taken is not None and taken.size > _MOST_NODES)


def described(
    session: Session, form: Form, kind: Hashable, build: Callable[[Question], Made]
) -> Made:
    """Describe what is asked of a form, or give it as it was described before.

    Parameters
    ----------
    session : Session
        Reads a state of the data, to which the statement belongs.
    form : Form
        Of the question.
    kind : hashable
        What is asked, among all that is asked of forms.
    build : callable
        Describes it, from a question whose values are bound by name.

    Returns
    -------
    object
        What `build` returns.
    """
    if form.is_large:
        return build(form.question)
    return _statement(session, (kind, form.key), lambda: build(form.question))


def rows_of(
    session: Session,
    form: Form,
    kind: Hashable,
    build: Callable[[Question], Select[Any]],
    **values: Any,  # noqa: ANN401  (what a statement binds)
) -> Sequence[Row[Any]]:
    """Run the statement of a form.

    Parameters
    ----------
    session : Session
        Reads a state of the data, to which the statement belongs.
    form : Form
        Of the question.
    kind : hashable
        What the statement asks, among all that are asked of forms.
    build : callable
        Describes it, from a question whose values are bound by name.
    **values : object
        Further values that it binds.

    Returns
    -------
    sequence of Row
        All of them.
    """
    statement = described(session, form, kind, build)
    return session.connection().execute(statement, {**form.values, **values}).all()


def direct_of(
    session: Session,
    form: Form,
    kind: Hashable,
    build: Callable[[Question], Select[Any]],
    **values: Any,  # noqa: ANN401  (what a statement binds)
) -> Statement:
    """Give the statement of a form as `geo_service.core.direct` runs it.

    Parameters
    ----------
    session : Session
        Reads a state of the data, to which the statement belongs.
    form : Form
        Of the question.
    kind : hashable
        What the statement asks, among all that are asked of forms.
    build : callable
        Describes it, from a question whose values are bound by name.
    **values : object
        Further values that it binds.

    Returns
    -------
    Statement
        With its values.

    Raises
    ------
    NotKnown
        If the form is so large that describing it would hold everybody up.
    """
    if form.is_large:
        raise NotKnown
    bound = {**form.values, **values}
    key = ("direct", kind, form.key)
    return _statement(session, key, lambda: written(build(form.question), bound)).with_(bound)


def drawn_direct(session: Session, select: Select[Any], values: Mapping[str, Any]) -> Statement:
    """Give a statement that is kept elsewhere as `geo_service.core.direct` runs it.

    Parameters
    ----------
    session : Session
        Reads a state of the data.
    select : Select
        The same object for the same statement.
    values : mapping of str to object
        What it binds.

    Returns
    -------
    Statement
        With its values.
    """
    return _statement(session, select, lambda: written(select, values)).with_(values)


@dataclass(frozen=True, slots=True)
class Written:
    """A statement in the words of the driver; some of its values are another caller's to give."""

    sql: str
    values: tuple[Any, ...]
    places: Mapping[str, int]
    processors: Mapping[str, Callable[[Any], Any]]

    def with_(self, values: Mapping[str, Any]) -> Statement:
        """Put values in their places.

        Parameters
        ----------
        values : mapping of str to object
            By the names that were bound.

        Returns
        -------
        Statement
            Complete.
        """
        told = list(self.values)
        for name, value in values.items():
            place = self.places.get(name)
            if place is not None:
                process = self.processors.get(name)
                told[place] = value if process is None else process(value)
        return Statement(self.sql, told)


def written(select: Select[Any], values: Mapping[str, Any]) -> Written:
    """Write a statement in the words of the driver.

    Parameters
    ----------
    select : Select
        With values bound by name.
    values : mapping of str to object
        Any of its values: their types matter, not what they are.

    Returns
    -------
    Written
        To be completed by `Written.with_`.
    """
    compiled = select.compile(dialect=_DIRECT)
    state = compiled.construct_expanded_state(dict(values))
    order = state.positiontup or []
    places = {name: at for at, name in enumerate(order)}
    made = Written(state.statement, (None,) * len(order), places, state.processors)
    return replace(made, values=tuple(made.with_(state.parameters).values))


def _statement(session: Session, key: Hashable, build: Callable[[], Made]) -> Made:
    built: dict[Hashable, Any] = remembered(session, "statements", dict)
    try:
        found: Made | None = built.get(key)
    except TypeError:  # a filter that holds a list
        return build()
    if found is None:
        found = build()
        if len(built) >= _MOST_STATEMENTS:
            built.clear()
        built[key] = found
    return found
