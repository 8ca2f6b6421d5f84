"""How many features there are, as far as that is cheap, and whether all have a shape."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from geo_service.core.known import remembered
from layers import queries
from layers.collection import Collection
from layers.forms import form_of, rows_of
from layers.questions import Question, conditions_of, relation_for

#: Up to this many features a total is told without being asked for: it costs a millisecond.
CHEAP_COUNT = 20_000
MOST_COUNTED = 10_000_000


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

    def build(bound: Question) -> Select[Any]:
        relation = relation_for(session, bound)
        return queries.counted(relation, conditions_of(relation, bound), ceiling + 1)

    ((found,),) = rows_of(session, form_of(question), ("count", ceiling), build)
    return None if found > ceiling else int(found)


def misses_shapes(session: Session, question: Question) -> bool:
    """Tell whether any feature asked for has no shape.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.

    Returns
    -------
    bool
        Some formats must know before the first feature is written.
    """
    relation = relation_for(session, question)
    conditions = [*conditions_of(relation, question), relation.geom.is_(None)]
    return bool(session.scalar(queries.counted(relation, conditions, 1)))


def is_small(session: Session, collection: Collection) -> bool:
    """Tell whether all features of a collection are soon found.

    Parameters
    ----------
    session : Session
        Open.
    collection : Collection
        From the register.

    Returns
    -------
    bool
        Then all rows of a box are found before they are put in order.
    """
    return remembered(
        session,
        ("is_small", collection.id),
        lambda: count(session, Question(collection)) is not None,
    )


def has_all_shapes(session: Session, question: Question) -> bool:
    """Tell whether every feature of a question's collection is known to have a shape.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        With a box.

    Returns
    -------
    bool
        Found out for small collections as they are today.
    """
    known = question.collection
    if question.box is None or question.when is not None or question.period is not None:
        return False
    return is_small(session, known) and remembered(
        session, ("has_all_shapes", known.id), lambda: not misses_shapes(session, Question(known))
    )
