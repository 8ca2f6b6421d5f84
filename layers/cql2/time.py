"""Temporal operators of CQL2: relations between instants and intervals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Date, and_, cast, literal_column, or_

from layers.cql2.tree import refuse
from layers.cql2.typed import INSTANT, Expression, Typed, as_instant, need

_Relation = Callable[[Any, Any, Any, Any], Any]
_LAST_MOMENT = timedelta(days=1) - timedelta(microseconds=1)

#: From a to b against from c to d; what is missing makes a relation unknown, as in SQL.
RELATIONS: dict[str, _Relation] = {
    "t_after": lambda a, b, c, d: a > d,  # noqa: ARG005
    "t_before": lambda a, b, c, d: b < c,  # noqa: ARG005
    "t_contains": lambda a, b, c, d: and_(a < c, b > d),
    "t_disjoint": lambda a, b, c, d: or_(b < c, a > d),
    "t_during": lambda a, b, c, d: and_(a > c, b < d),
    "t_equals": lambda a, b, c, d: and_(a == c, b == d),
    "t_finishedby": lambda a, b, c, d: and_(a < c, b == d),
    "t_finishes": lambda a, b, c, d: and_(a > c, b == d),
    "t_intersects": lambda a, b, c, d: and_(a <= d, b >= c),
    "t_meets": lambda a, b, c, d: b == c,  # noqa: ARG005
    "t_metby": lambda a, b, c, d: a == d,  # noqa: ARG005
    "t_overlappedby": lambda a, b, c, d: and_(a > c, a < d, b > d),
    "t_overlaps": lambda a, b, c, d: and_(a < c, b > c, b < d),
    "t_startedby": lambda a, b, c, d: and_(a == c, b > d),
    "t_starts": lambda a, b, c, d: and_(a == c, b < d),
}


def interval_of(start: Typed | None, end: Typed | None) -> Typed:
    """Make an interval from its ends.

    Parameters
    ----------
    start, end : Typed or None
        Dates or instants; ``None`` is open.

    Returns
    -------
    Typed
        Of days when both ends are; else of instants, a day from its first to its last moment.
    """
    is_day = all(one is None or need(one, "date", "datetime").type == "date"
                 for one in (start, end))  # fmt: skip
    made: list[Expression] = []
    for one, far in ((start, "-infinity"), (end, "infinity")):
        if one is None:
            made.append(cast(literal_column(f"'{far}'"), Date if is_day else INSTANT))
        elif is_day or one.type == "datetime":
            made.append(one.sql)
        else:
            made.append(_moment(one.sql, is_last=far == "infinity"))
    return Typed("interval", made[0], made[1], is_day=is_day)


def related(op: str, left: Typed, right: Typed) -> Typed:
    """Relate two times.

    Parameters
    ----------
    op : str
        A key of `RELATIONS`.
    left, right : Typed
        Dates, instants or intervals; days beside instants last from midnight to midnight, UTC.

    Returns
    -------
    Typed
        True or false.
    """
    if left.type == right.type == "string":
        refuse(f"{op} ใช้กับเวลา", f"{op} takes times")
    pair = [_interval(left), _interval(right)]
    if pair[0].is_day != pair[1].is_day:
        pair = [_in_moments(one) for one in pair]
    made = RELATIONS[op](pair[0].sql, pair[0].end, pair[1].sql, pair[1].end)
    return Typed("boolean", made)


def _interval(one: Typed) -> Typed:
    if need(one, "date", "datetime", "interval").type == "interval":
        return one
    return Typed("interval", one.sql, one.sql, is_day=one.type == "date")


def _in_moments(one: Typed) -> Typed:
    if not one.is_day or one.end is None:
        return one
    return Typed("interval", _moment(one.sql), _moment(one.end, is_last=True))


def _moment(day: Expression, *, is_last: bool = False) -> Expression:
    first = as_instant(day)
    return first + _LAST_MOMENT if is_last else first
