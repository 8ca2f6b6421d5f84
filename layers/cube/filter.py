"""The filter of a cube question: conditions on time, on breakdowns and on places.

It is CQL2, joined by AND at the top: each part is about one of the three, and a part about
places may hold measures. ``pop_total`` is its value in the latest period chosen,
``pop_total(2567)`` in that period; ``each(condition, 2563, 2564)`` asks that the condition hold
in every period named (without any: in all that were chosen), ``some(...)`` in at least one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    Double,
    Integer,
    Subquery,
    Text,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    select,
)
from sqlalchemy import column as named
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from boundaries.models import Area, Org, RegionMember
from geo_service.core.db import fixed_sql
from geo_service.core.periods import FIRST_BUDDHIST_YEAR, Period, parse_period
from geo_service.core.text import BUDDHIST_OFFSET
from layers.cql2 import compile_filter
from layers.cql2.tree import Call, Filter, Group, Literal, Name, Node, refuse
from layers.cql2.typed import Expression
from layers.cube.parts import names_in
from layers.cube.places import COUNTRY
from layers.cube.query import AREA_LEVELS
from layers.cube.times import before_of
from layers.filters import Kind
from layers.models import PeriodRow, PlaceValue
from layers.questions import choose_period

#: Forms of a measure that a condition may ask about.
CONDITION_FORMS = ("value", "numerator", "denominator", "reporting", "change", "change_pct")
OVER_PERIODS = {"each": "and", "some": "or"}
#: Each is one join.
MOST_VALUES = 40

Periods = Mapping[str, Sequence[Period]]


def periods_where(session: Session, nodes: Sequence[Node]) -> set[str]:
    """Choose periods by conditions on time.

    Parameters
    ----------
    session : Session
        Open.
    nodes : sequence of Node
        Years in them are Buddhist or CE.

    Returns
    -------
    set of str
        Keys of the periods.
    """
    start = PeriodRow.start
    is_year, is_fiscal = PeriodRow.granularity == "year", PeriodRow.calendar == "fiscal"
    first, last = (extract("year", day) for day in (start, PeriodRow.end))
    within_fiscal = first + case((extract("month", start) >= 10, 1), else_=0)  # noqa: PLR2004
    fiscal = case((is_fiscal, last), (~is_year, within_fiscal))
    whole: dict[str, Expression] = {
        "year": case((is_fiscal, last), else_=first),
        "calendar_year": case((PeriodRow.calendar == "gregorian", first)),
        "fiscal_year": fiscal,
        "quarter": case((~is_year, extract("quarter", start))),
        "month": case((PeriodRow.granularity == "month", extract("month", start))),
    }
    known: dict[str, tuple[Kind, Expression]] = {
        name: ("integer", cast(sql, Integer)) for name, sql in whole.items()
    }
    conditions = [
        compile_filter(Filter(_each_literal(node, _to_ce)), known, null()) for node in nodes
    ]
    return set(session.scalars(select(PeriodRow.key).where(*conditions)))


@dataclass(slots=True)
class _Values:
    """The values of places that a condition asks for, a column each."""

    chosen: Periods
    known: Periods
    wanted: dict[str, tuple[str, str, Period | None]] = field(default_factory=dict)

    def column(self, measure: str, when: str | None) -> Name:
        """Note a value and give the name of its column.

        Returns
        -------
        Name
            Of the column.
        """
        key, _, form = measure.partition(".")
        form = form or "value"
        if form not in CONDITION_FORMS:
            refuse(
                f"เงื่อนไขใช้ได้กับ {', '.join(CONDITION_FORMS)}",
                f"conditions take {', '.join(CONDITION_FORMS)}",
            )
        name = f"{key}.{form}@{when or ''}"
        if name not in self.wanted:
            self.wanted[name] = (key, form, self._period(key, when))
        if len(self.wanted) > MOST_VALUES:
            refuse(f"ใช้ค่าเกิน {MOST_VALUES} ค่า", f"it asks for more than {MOST_VALUES} values")
        return Name(name)

    def _period(self, key: str, when: str | None) -> Period | None:
        if when is None:
            found = self.chosen.get(key) or self.known.get(key, ())
            return found[-1] if found else None
        return choose_period(self.known.get(key, ()), parse_period(when))


def places_where(
    session: Session,
    nodes: Sequence[Node],
    *,
    level: str,
    scheme: str,
    chosen: Periods,
    known: Periods,
) -> set[str]:
    """Choose the places of a level by conditions on what they lie in and on their values.

    Parameters
    ----------
    session : Session
        Open.
    nodes : sequence of Node
        Conditions that must all hold.
    level : str
        Of the places.
    scheme : str
        Of regions.
    chosen, known : mapping of str to sequence of Period
        By indicator: the periods chosen, and all with values.

    Returns
    -------
    set of str
        Codes of the places.
    """
    values = _Values(chosen, known)
    spans = {key: [one.key for one in found] for key, found in chosen.items()}
    trees = [_timed(node, values, None, spans) for node in nodes]
    place = _places()
    region = (
        select(RegionMember.province_code, Area.code)
        .join(Area, Area.id == RegionMember.region_id)
        .where(Area.scheme == scheme)
        .subquery("region_of")
    )
    properties = _place_properties(place.c, region.c.code, level)
    source = place.outerjoin(region, region.c.province_code == place.c.province)
    for name, (key, form, period) in values.wanted.items():
        if period is None:
            properties[name] = ("number", cast(null(), Double))
            continue
        now = _valued(key, level, period)
        source = source.outerjoin(now, now.c.code == place.c.code)
        before: Expression = cast(null(), Double)
        if form.startswith("change") and (past := before_of(known[key], period)) is not None:
            was = _valued(key, level, past)
            source = source.outerjoin(was, was.c.code == place.c.code)
            before = was.c.value
        properties[name] = ("number", _formed(form, now.c, before))
    conditions = [compile_filter(Filter(tree), properties, null()) for tree in trees]
    statement = select(place.c.code).select_from(source)
    here = [place.c.level == level, place.c.scheme.in_(("", scheme))]
    return set(session.scalars(statement.where(*here, *conditions).distinct()))


def _places() -> Subquery:
    texts = ("level", "scheme", "code", "name_th", "name_en", "province", "district",
             "tier", "kind", "size")  # fmt: skip
    columns = [named(name, Text) for name in texts]
    return fixed_sql("layers", "cube_places").columns(*columns).subquery("place")


def _place_properties(
    place: ReadOnlyColumnCollection[str, Any], region: Expression, level: str
) -> dict[str, tuple[Kind, Expression]]:
    found: dict[str, Expression] = {
        "country": literal(COUNTRY[1]), "region": region,
        "province": place.province, "district": place.district,
    }  # fmt: skip
    if level in AREA_LEVELS:
        found = {name: found[name] for name in AREA_LEVELS[: AREA_LEVELS.index(level)]}
    else:
        found |= {"tier": place.tier, "kind": place.kind, "size": place["size"]}
        found["peers"] = place.kind + "/" + place["size"]
    found |= {level: place.code, "code": place.code}
    found |= {"name": place.name_th, "name_en": place.name_en}
    return {name: ("string", sql) for name, sql in found.items()}


# Values by code, not by row: a province whose border moved is one place.
def _valued(key: str, level: str, period: Period) -> Subquery:
    row: Any = aliased(Org) if level == "org" else aliased(Area)
    value = aliased(PlaceValue)
    return (
        select(
            row.code, value.value, value.numerator, value.denominator,
            value.reporting, value.expected,
        )
        .join(row, row.id == value.place_id)
        .where(
            value.indicator_key == key, value.level == level, value.period_key == period.key,
            value.value.is_not(None),
        )
        .subquery()
    )  # fmt: skip


def _formed(form: str, now: ReadOnlyColumnCollection[str, Any], was: Expression) -> Expression:
    found: Expression = now.value - was if form.startswith("change") else now[form]
    if form == "reporting":
        return 100.0 * found / func.nullif(now.expected, 0)
    return 100 * found / func.nullif(func.abs(was), 0) if form == "change_pct" else found


# Puts a column in the place of every measure, for the period it is asked for.
def _timed(node: Node, values: _Values, when: str | None, spans: Mapping[str, list[str]]) -> Node:
    def again(one: Node) -> Node:
        return _timed(one, values, when, spans)

    match node:
        case Name() if node.name.partition(".")[0] in values.known:
            return values.column(node.name, when)
        case Group():
            return replace(node, items=tuple(again(one) for one in node.items))
        case Call() if node.op.partition(".")[0] in values.known:
            periods = _named_periods(node.args)
            if len(periods) != 1:
                refuse(f"{node.op}() รับหนึ่งช่วงเวลา", f"{node.op}() takes one period")
            return values.column(node.op, periods[0])
        case Call() if node.op in OVER_PERIODS:
            return _over(node, values, spans)
        case Call():
            return replace(node, args=tuple(again(one) for one in node.args))
    return node


def _over(call: Call, values: _Values, spans: Mapping[str, list[str]]) -> Node:
    if not call.args:
        refuse(f"{call.op}() รับเงื่อนไข", f"{call.op}() takes a condition")
    condition, *named_periods = call.args
    keys = {name.partition(".")[0] for name in names_in(condition)} & set(values.known)
    known = sorted({one for key in keys for one in spans.get(key, ())})
    periods = _named_periods(named_periods) or known
    if not periods:
        refuse("ไม่มีช่วงเวลาที่จะตรวจ", "there is no period to look at")
    parts = tuple(_timed(condition, values, period, spans) for period in periods)
    return parts[0] if len(parts) == 1 else Call(OVER_PERIODS[call.op], parts, call.depth)


def _named_periods(nodes: Sequence[Node]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        said = node.value if isinstance(node, Literal) else None
        if isinstance(said, bool) or not isinstance(said, int | str):
            refuse("ช่วงเวลา เช่น 2567 หรือ 'FY2567'", "a period is 2567 or 'FY2567'")
        first, slash, last = str(said).partition("/")
        found += _years(first, last) if slash else [parse_period(first).key]
    return found


def _years(first: str, last: str) -> list[str]:
    start, end = parse_period(first), parse_period(last)
    count = end.year_ce - start.year_ce + 1
    if start.granularity != "year" or end.granularity != "year" or not 0 < count <= MOST_VALUES:
        refuse("ช่วงปี เช่น '2563/2565'", "a span of years is '2563/2565'")
    return [str(start.year_ce + step) for step in range(count)]


def _each_literal(node: Node, change: Callable[[Literal], Literal]) -> Node:
    match node:
        case Literal():
            return change(node)
        case Group():
            return replace(node, items=tuple(_each_literal(one, change) for one in node.items))
        case Call():
            return replace(node, args=tuple(_each_literal(one, change) for one in node.args))
    return node


def _to_ce(said: Literal) -> Literal:
    is_buddhist = type(said.value) is int and said.value >= FIRST_BUDDHIST_YEAR
    return Literal(said.value - BUDDHIST_OFFSET) if is_buddhist else said  # type: ignore[operator]
