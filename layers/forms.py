"""Statements kept by the form of a question: describing one costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, bindparam
from sqlalchemy.orm import Session

from geo_service.core.known import remembered
from layers.filters import BoundBox, Box, edges_of
from layers.questions import Question

#: Statements kept for a state of the data; each takes some tens of kilobytes.
_MOST_STATEMENTS = 200


@dataclass(frozen=True, slots=True)
class Form:
    """A question without its values: many questions have the same form, and one statement.

    `values` are those of the question it was taken from, by the names that `question` binds.
    """

    key: Hashable
    question: Question
    values: Mapping[str, Any]


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
    bound = replace(
        question,
        box=box if edges is None else BoundBox(),
        equal={name: bindparam(own) for name, own in names.items()},
    )
    values = {own: question.equal[name] for name, own in names.items()} | (edges or {})
    key = (
        question.collection.id, bound.box, question.when, question.period, tuple(names),
        question.properties, question.sort, question.crs, question.filter,
        question.with_geometry,
    )  # fmt: skip
    return Form(key, bound, values)


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
        What the statement asks, among all that are asked of forms; ``None`` keeps it not.
    build : callable
        Describes it, from a question whose values are bound by name.
    **values : object
        Further values that it binds.

    Returns
    -------
    sequence of Row
        All of them.
    """
    if kind is None:
        statement = build(form.question)
    else:
        statement = _statement(session, (kind, form.key), lambda: build(form.question))
    return session.connection().execute(statement, {**form.values, **values}).all()


def _statement(session: Session, key: Hashable, build: Callable[[], Select[Any]]) -> Select[Any]:
    built: dict[Hashable, Select[Any]] = remembered(session, "statements", dict)
    try:
        found = built.get(key)
    except TypeError:  # a filter that holds a list
        return build()
    if found is None:
        found = build()
        if len(built) >= _MOST_STATEMENTS:
            built.clear()
        built[key] = found
    return found
