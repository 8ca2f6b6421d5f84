"""The cells of a rebuild that can give each other away, and the sums that everybody knows of them.

Writes the working tables ``linked_*`` of a rebuild (``sql/withheld_*.sql``): series of cells that
hang together, sums of indicators, groups of organisations on the ground of sub-districts, periods
that together are a longer one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers.identities import followers, identities
from layers.indicators import IndicatorInfo
from layers.value_rules import (
    AMOUNTS,
    Catalogue,
    Classes,
    Rule,
    families,
    is_guarded,
    total_of,
    with_dependents,
)

#: Numbers of series are those of the rules, with these added.
_OFFSETS = {"value": 0, "above": 100_000, "below": 200_000}


@dataclass(frozen=True, slots=True)
class _Series:
    """One row of the table ``linked_series``, in its order."""

    s: int
    k: int
    part: str
    family: int
    indicator: str
    breakdown: str
    time_agg: str
    below_s: int | None
    finest: int
    zeros_to: int
    width: float
    is_fixed: bool
    is_open: bool


def link(
    session: Session,
    catalogue: Catalogue,
    rules: Sequence[Rule],
    *,
    classes: Classes,
    opened: Collection[str],
) -> None:
    """Write down the cells that can give each other away.

    Parameters
    ----------
    session : Session
        In the transaction of a rebuild that knows what is withheld so far.
    catalogue : mapping of str to IndicatorInfo
        What the rules are of; breakdowns by their own keys.
    rules : sequence of Rule
        Of totals and of breakdowns.
    classes : mapping of str to Limits
        What may be shown.
    opened : collection of str
        Open totals that may be withheld, too.
    """
    series = list(_series(catalogue, rules, classes, opened))
    session.execute(fixed_sql("layers", "withheld_begin"))
    session.execute(text(_SERIES), [_columns(one) for one in series])
    sums = list(_sums(catalogue, series))
    if sums:
        session.execute(text(_SUM), sums)
    session.execute(text(_COVER), _covers(session))
    session.execute(fixed_sql("layers", "withheld_cells"))
    session.execute(text("ANALYZE linked_cell"))
    spans = list(_spans(session))
    if spans:
        session.execute(text(_SPAN), spans)


def _columns(one: _Series) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _Series.__slots__}


# All amounts of persons, what ratios were divided from, and open amounts in a sum with any.
def _series(
    catalogue: Catalogue, rules: Sequence[Rule], classes: Classes, opened: Collection[str]
) -> Iterator[_Series]:
    totals = {key: one for key, one in catalogue.items() if "{" not in key}
    family = families(totals, classes, opened=opened)
    open_keys = with_dependents(opened, totals)
    numbers = {rule.key: rule.k for rule in rules}
    for rule in rules:
        one = catalogue[rule.key]
        key, brace, rest = rule.key.partition("{")
        number = family.get(key)
        if number is None:
            number = _family_of_open(key, family)
        if number is None or (rule.is_amount and rule.key not in numbers):
            continue
        is_open = key in open_keys and not is_guarded(one, classes)
        for part in _parts_of(one, catalogue, classes, open_keys):
            yield _Series(
                s=rule.k + _OFFSETS[part],
                k=rule.k,
                part=part,
                family=number,
                indicator=key,
                breakdown=brace + rest or "{}",
                time_agg=one.time_agg,
                below_s=numbers.get(one.denominator_key or ""),
                finest=rule.finest,
                zeros_to=rule.zeros_to,
                width=max(
                    _width(one, catalogue, classes),
                    _width_of_parts(opened, catalogue, classes) if is_open else 0.0,
                ),
                is_fixed=not is_guarded(one, classes) and not is_open,
                is_open=is_open,
            )


def _family_of_open(key: str, family: Mapping[str, int]) -> int | None:
    for one in identities():
        members = (one.whole, *one.parts)
        if key in members:
            return next((family[other] for other in members if other in family), None)
    return None


def _parts_of(
    one: IndicatorInfo, catalogue: Catalogue, classes: Classes, open_keys: Collection[str]
) -> tuple[str, ...]:
    if one.space_agg in AMOUNTS:
        return ("value",)
    if one.space_agg != "RATIO":
        return ()

    def tells(key: str) -> bool:
        part = catalogue.get(key)
        return part is not None and (is_guarded(part, classes) or total_of(key) in open_keys)

    above = is_guarded(one, classes) or any(map(tells, one.numerator_keys))
    below = tells(one.denominator_key or "")
    return ("above",) * above + ("below",) * below


# An open total that is withheld must be as uncertain as its parts.
def _width_of_parts(opened: Collection[str], catalogue: Catalogue, classes: Classes) -> float:
    parts = {key for one in identities() if one.whole in opened for key in one.parts}
    return max(float(classes[catalogue[key].privacy].smallest) for key in parts & set(catalogue))


def _width(one: IndicatorInfo, catalogue: Catalogue, classes: Classes) -> float:
    smallest = float(classes[one.privacy].smallest)
    if one.key in followers():
        follower = followers()[one.key]
        persons = catalogue.get(follower.persons)
        return follower.width * (classes[persons.privacy].smallest if persons else 1)
    parts = [catalogue[key] for key in one.parts if key in catalogue]
    return max([smallest, *(float(classes[part.privacy].smallest) for part in parts)])


# Sums of indicators at one place: amounts made of others, those that hold by definition, and the
# numerators and denominators of ratios, which are the amounts themselves.
def _sums(catalogue: Catalogue, series: Sequence[_Series]) -> Iterator[dict[str, Any]]:
    known = {(one.indicator, one.breakdown, one.part): one.s for one in series}
    number = 0
    for whole, part, terms in _terms(catalogue, series):
        found = [
            (known.get((key, whole.breakdown, "value")), factor) for key, factor in terms.items()
        ]
        if not found or any(s is None for s, _ in found):
            continue
        number += 1
        start = known[whole.indicator, whole.breakdown, part]
        for s, factor in found:
            yield {"id": number, "whole": start, "part": s, "factor": factor}


def _terms(
    catalogue: Catalogue, series: Sequence[_Series]
) -> Iterator[tuple[_Series, str, dict[str, float]]]:
    for one in series:
        info = catalogue[one.indicator]
        if one.part == "below":
            yield one, "below", {info.denominator_key or "": 1.0}
        elif info.numerator_keys:
            yield one, one.part, info.numerators
        if one.part == "value":
            for identity in identities():
                if identity.whole == one.indicator:
                    yield one, "value", dict.fromkeys(identity.parts, 1.0)


# Organisations and sub-districts that cover the same ground, in groups that share none.
def _covers(session: Session) -> dict[str, list[int]]:
    group: dict[tuple[int, int], int] = {}
    members: dict[int, list[tuple[int, int]]] = {}
    for org_id, area_id in session.execute(text(_COVERAGE)):
        ends = ((_ORGANISATION, org_id), (_SUBDISTRICT, area_id))
        meeting = {group[end] for end in ends if end in group}
        number = min(meeting, default=len(group))
        moved = [end for end in ends if end not in group]
        moved += [end for old in meeting - {number} for end in members.pop(old)]
        members.setdefault(number, []).extend(moved)
        group.update(dict.fromkeys(moved, number))
    rows = [(n, len(ends), *end) for n, ends in members.items() for end in ends]
    names = ("ids", "members", "levels", "places")
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


# Periods that together are a longer one: flows add up, a stock is that of the last.
def _spans(session: Session) -> Iterator[dict[str, Any]]:
    rows = session.execute(text(_PERIODS)).all()
    number = 0
    for whole in rows:
        for granularity in {row.granularity for row in rows}:
            parts = sorted(
                (
                    row
                    for row in rows
                    if row.granularity == granularity
                    and row.number != whole.number
                    and whole.start_date <= row.start_date
                    and row.end_date <= whole.end_date
                    and row.days < whole.days
                ),
                key=lambda row: row.start_date,
            )
            for time_agg, terms in _span_terms(whole.days, whole.end_date, parts):
                number += 1
                for t, factor in terms:
                    yield {
                        "id": number, "members": len(terms), "time_agg": time_agg,
                        "whole": whole.number, "part": t, "factor": factor,
                    }  # fmt: skip


def _span_terms(
    days: int, end: date, parts: Sequence[Any]
) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    if parts and parts[-1].end_date == end:
        yield "LAST", [(parts[-1].number, 1.0)]
    if sum(part.days for part in parts) == days:
        yield "SUM", [(part.number, 1.0) for part in parts]
        yield "MEAN_DAYS", [(part.number, part.days / days) for part in parts]


_SUBDISTRICT, _ORGANISATION = 5, 6
_SERIES = f"INSERT INTO linked_series VALUES ({', '.join(':' + n for n in _Series.__slots__)})"  # noqa: S608  (names of our own)
_SUM = "INSERT INTO linked_sum VALUES (:id, :whole, :part, :factor)"
_COVER = """
    INSERT INTO linked_cover
    SELECT * FROM unnest(
        CAST(:ids AS int[]), CAST(:members AS int[]), CAST(:levels AS smallint[]),
        CAST(:places AS bigint[])
    )
"""
_SPAN = "INSERT INTO linked_span VALUES (:id, :members, :time_agg, :whole, :part, :factor)"
_COVERAGE = """
    SELECT c.org_id, c.area_id FROM org_coverage AS c
    JOIN org AS o ON o.id = c.org_id AND o.tier = 'lower'
    ORDER BY c.org_id, c.area_id
"""
_PERIODS = """
    SELECT t.t AS number, p.granularity, p.start_date, p.end_date,
           p.end_date - p.start_date + 1 AS days
    FROM value_time AS t
    JOIN period AS p ON p.key = t.key
    WHERE t.t IN (SELECT z.t FROM linked_time AS z)
    ORDER BY p.start_date, days
"""
