"""Cells of a cube and what may be done with them: adding up places, passing through time, forms.

Amounts add up; a ratio is made anew from its parts; what may not be added is never added.
Sums run in exact decimals of 15 digits, as those that are prepared in the database do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

_PAIRED = ("RATIO", "WMEAN")
_NEVER = ("NONE", "RECLASSIFY", "FORMULA")
_Work = Callable[[float, float], float | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """How an indicator adds up.

    A flow (``is_flow``: baht a year) adds up over time, anything else is a mean a day or a
    stock. Of a ratio, either part may be a flow.
    """

    space: str
    time: str
    factor: float = 1.0
    numerator_is_flow: bool = False
    denominator_is_flow: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in the indicator's unit, with what stands behind it.

    ``basis`` is that of the prepared value, or ``shown`` for what was added up for this answer.
    """

    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    reporting: int
    expected: int
    basis: str = "reported"
    flags: tuple[str, ...] = ()
    period: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """What the places of a group add up to, and whether both tiers of organisations are in it."""

    value: float | None
    numerator: float | None
    denominator: float | None
    reporting: int
    expected: int
    is_not_applicable: bool
    is_suppressed: bool
    mixes_tiers: bool = False
    flags: tuple[str, ...] = ()


#: A place that could have reported and said nothing.
ABSENT = Cell(None, None, None, "not_reported", 0, 1)
#: What cannot be said at all.
EMPTY = Cell(None, None, None, "not_applicable", 0, 0, "shown")


def exact_sum(numbers: Iterable[float]) -> float:
    """Add numbers in decimals of 15 digits, so that their order does not matter.

    Parameters
    ----------
    numbers : iterable of float
        Of one unit.

    Returns
    -------
    float
        In the same unit.

    Examples
    --------
    >>> exact_sum([0.1, 0.2])
    0.3

    References
    ----------
    IEEE 754-2019, 5.12.2: 15 digits of a double survive being written as a decimal.
    """
    return float(sum((Decimal(f"{one:.15g}") for one in numbers), Decimal(0)))


def summed(total: Sum, rule: Rule) -> Cell:
    """Make the cell of a group of places.

    Parameters
    ----------
    total : Sum
        Of its places.
    rule : Rule
        Of the indicator.

    Returns
    -------
    Cell
        Not applicable where the indicator never adds up, or where both tiers of organisations
        would be mixed.

    References
    ----------
    J. Gray et al. (1997), Data Cube: a relational aggregation operator generalizing group-by,
    cross-tab and sub-totals, Data Mining and Knowledge Discovery 1, 29-53.
    """
    if rule.space in _NEVER:
        return replace(EMPTY, flags=("never-added",))
    if total.mixes_tiers:
        return replace(EMPTY, flags=("mixed-tiers",))
    is_paired = rule.space in _PAIRED
    value = _divided(total.numerator, total.denominator, rule) if is_paired else total.value
    is_paired = is_paired and value is not None
    return Cell(
        value,
        total.numerator if is_paired else None,
        total.denominator if is_paired else None,
        _status(value, total),
        total.reporting,
        total.expected,
        "shown",
        total.flags,
    )


def over_places(cells: Sequence[Cell], rule: Rule) -> Cell:
    """Add up cells of different places, or of different members of a breakdown.

    Parameters
    ----------
    cells : sequence of Cell
        Of one indicator and period.
    rule : Rule
        Of the indicator.

    Returns
    -------
    Cell
        The only one there is, as it is, else their sum.

    References
    ----------
    H.-J. Lenz and A. Shoshani (1997), Summarizability in OLAP and statistical data bases,
    SSDBM, 132-143.
    """
    if len(cells) == 1:
        return cells[0]
    if not cells:
        return EMPTY
    if rule.space in _PAIRED:
        counted = [one for one in cells if None not in {one.numerator, one.denominator}]
    else:
        counted = [one for one in cells if one.value is not None]
    return summed(
        Sum(
            exact_sum(one.value or 0 for one in counted) if counted else None,
            exact_sum(one.numerator or 0 for one in counted) if counted else None,
            exact_sum(one.denominator or 0 for one in counted) if counted else None,
            sum(one.reporting for one in counted),
            sum(one.expected for one in cells),
            is_not_applicable=all(one.status == "not_applicable" for one in cells),
            is_suppressed=any(one.status == "suppressed" for one in cells),
            flags=_flags(cells),
        ),
        rule,
    )


def over_time(cells: Sequence[Cell], days: Sequence[int], rule: Rule) -> Cell:
    """Bring cells of several periods to one.

    Parameters
    ----------
    cells : sequence of Cell
        Of one place and indicator, the earliest first.
    days : sequence of int
        Length of each period.
    rule : Rule
        A stock is that of the latest period, a flow adds up, a mean a day is weighted by days.

    Returns
    -------
    Cell
        The only one there is, as it is.

    References
    ----------
    H.-J. Lenz and A. Shoshani (1997), Summarizability in OLAP and statistical data bases,
    SSDBM, 132-143: stocks do not add up over time.
    """
    if len(cells) == 1:
        return cells[0]
    told = [(one, long) for one, long in zip(cells, days, strict=True) if one.value is not None]
    if not told:
        return cells[-1] if cells else EMPTY
    if rule.time == "LAST" or len(told) == 1:
        return told[-1][0]
    if rule.time == "NONE" or rule.space in _NEVER:
        return replace(EMPTY, flags=("never-added",))
    found = [one for one, _ in told]
    lengths = [long for _, long in told]
    numerator, denominator = (
        _through(found, lengths, part, is_flow=is_flow)
        for part, is_flow in (
            ("numerator", rule.numerator_is_flow), ("denominator", rule.denominator_is_flow),
        )
    )  # fmt: skip
    if rule.space in _PAIRED:
        value = _divided(numerator, denominator, rule)
    else:
        value = _through(found, lengths, "value", is_flow=rule.time == "SUM")
        numerator = denominator = None
    partial = ("partial-period",) if len(told) < len(cells) else ()
    return Cell(
        value, numerator, denominator,
        "not_applicable" if value is None else "zero" if value == 0 else "reported",
        sum(one.reporting for one in found), sum(one.expected for one in cells),
        "shown", (*_flags(found), *partial), f"{found[0].period}/{found[-1].period}",
    )  # fmt: skip


def share(cell: Cell, parent: Cell, rule: Rule) -> Cell:
    """Compare an amount with that of the group it stands in.

    Parameters
    ----------
    cell, parent : Cell
        Amounts in one unit.
    rule : Rule
        Of the indicator: only amounts have shares.

    Returns
    -------
    Cell
        Percent; numerator and denominator are the two amounts.

    References
    ----------
    J. Gray et al. (1997), Data Cube: a relational aggregation operator generalizing group-by,
    cross-tab and sub-totals, Data Mining and Knowledge Discovery 1, 29-53.
    """
    if rule.space not in {"SUM", "COUNT"}:
        return replace(EMPTY, flags=("no-share",))
    return _compared(cell, parent, lambda one, other: 100 * one / other if other else None)


def change(cell: Cell, before: Cell) -> Cell:
    """Take the difference from another period.

    Parameters
    ----------
    cell, before : Cell
        In one unit.

    Returns
    -------
    Cell
        In the same unit; numerator is now, denominator the value compared with.

    References
    ----------
    UNECE (2009), Making Data Meaningful, part 2, 3.
    """
    return _compared(cell, before, lambda one, other: one - other)


def change_pct(cell: Cell, before: Cell) -> Cell:
    """Take the difference from another period in percent of it.

    Parameters
    ----------
    cell, before : Cell
        In one unit.

    Returns
    -------
    Cell
        Percent; numerator is now, denominator the value compared with.

    References
    ----------
    UNECE (2009), Making Data Meaningful, part 2, 3.
    """
    return _compared(
        cell, before, lambda one, other: 100 * (one - other) / abs(other) if other else None
    )


def part(cell: Cell, name: Literal["numerator", "denominator"]) -> Cell:
    """Show one part of a ratio as the value.

    Parameters
    ----------
    cell : Cell
        Of a ratio.
    name : {"numerator", "denominator"}
        Which part.

    Returns
    -------
    Cell
        In the unit of that part.

    References
    ----------
    J. Gray et al. (1997), Data Cube: a relational aggregation operator generalizing group-by,
    cross-tab and sub-totals, Data Mining and Knowledge Discovery 1, 29-53.
    """
    found = cell.numerator if name == "numerator" else cell.denominator
    if cell.value is not None and found is None:
        return replace(cell, value=None, status="not_applicable", flags=("no-parts",))
    return replace(cell, value=found)


def reporting(cell: Cell) -> Cell:
    """Show how many reported of those expected.

    Parameters
    ----------
    cell : Cell
        Any.

    Returns
    -------
    Cell
        Percent.

    References
    ----------
    Eurostat (2014), ESS Handbook for Quality Reports, 6.3 (unit response rate).
    """
    if not cell.expected:
        return replace(cell, value=None, status="not_applicable")
    value = 100 * cell.reporting / cell.expected
    return replace(
        cell, value=value, numerator=float(cell.reporting), denominator=float(cell.expected),
        status="reported" if value else "zero",
    )  # fmt: skip


def _compared(cell: Cell, other: Cell, work: _Work) -> Cell:
    if cell.value is None or other.value is None:
        told = cell if cell.value is None else other
        return replace(cell, value=None, numerator=None, denominator=None, status=told.status)
    value = work(cell.value, other.value)
    status = "not_applicable" if value is None else "zero" if value == 0 else "reported"
    return replace(cell, value=value, numerator=cell.value, denominator=other.value, status=status)


def _through(
    cells: Sequence[Cell], days: Sequence[int], name: str, *, is_flow: bool
) -> float | None:
    numbers = [getattr(one, name) for one in cells]
    if any(one is None for one in numbers):
        return None
    if is_flow:
        return exact_sum(numbers)
    weighted = [one * long for one, long in zip(numbers, days, strict=True)]
    return exact_sum(weighted) / sum(days)


def _divided(numerator: float | None, denominator: float | None, rule: Rule) -> float | None:
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return rule.factor * numerator / denominator


def _status(value: float | None, total: Sum) -> str:
    if value is not None:
        return "zero" if value == 0 else "reported"
    if total.is_not_applicable or total.denominator == 0:
        return "not_applicable"
    return "suppressed" if total.is_suppressed else "not_reported"


def _flags(cells: Iterable[Cell]) -> tuple[str, ...]:
    return tuple(sorted({flag for one in cells for flag in one.flags}))
