"""The order of a page, and the cursor that says where a page ended.

A cursor holds the order it belongs to and the values of the last row, the public id as the last of
them; it is text for a caller to hand back, and everything in it is looked at again.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement

from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from layers.queries import Cell, Order
from layers.questions import Question
from layers.relation import Relation

#: Thai alphabetical order; every other text sorts as the database sorts.
_THAI_ORDER = "th-x-icu"
_THAI_NAMES = ("name_th", "district_name_th", "province_name_th")
_STORED: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
}  # fmt: skip


def order_of(relation: Relation, question: Question) -> list[Order]:
    """Say in which order features are given.

    Parameters
    ----------
    relation : Relation
        Of the question.
    question : Question
        Its ``sort`` counts.

    Returns
    -------
    list of Order
        The public id is the last term: no two features are equal.
    """
    order = []
    for term in question.sort:
        name = term.removeprefix("-")
        expression: Any = relation.columns[name]
        if name in _THAI_NAMES:
            expression = expression.collate(_THAI_ORDER)
        order.append(Order(expression, is_descending=term.startswith("-")))
    return [*order, Order(cast("ColumnElement[Any]", relation.id), is_always_there=True)]


def write_cursor(values: Sequence[Any], question: Question) -> str:
    """Say where a page ended.

    Parameters
    ----------
    values : sequence
        Of its last row, in the order of `order_of`.
    question : Question
        What was asked.

    Returns
    -------
    str
        Fit for an address.
    """
    told = [value.isoformat() if isinstance(value, date) else value for value in values]
    text = json.dumps([list(question.sort), told], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, question: Question) -> list[Cell]:
    """Read where the page before ended.

    Parameters
    ----------
    cursor : str
        As a caller hands it back.
    question : Question
        What is asked.

    Returns
    -------
    list
        Values of the last row, in the order of `order_of`; ``None`` for what was missing.

    Raises
    ------
    BadParameter
        If it does not belong to this question.
    """
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
    if known.kind == "datetime":
        return datetime.fromisoformat(str(value))
    if not isinstance(value, _STORED[known.kind]) or (isinstance(value, str) and "\x00" in value):
        raise TypeError
    return value
