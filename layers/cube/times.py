"""The time axis of the cube: which periods an indicator has, and what they are members of.

Buddhist and CE years are both understood; keys are CE: ``2024``, ``FY2025``, ``2024Q3``,
``2024-06``. A year that an indicator knows only by months or quarters is made from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geo_service.core.periods import Period, parse_period
from geo_service.core.text import BUDDHIST_OFFSET, Text
from layers.cube.query import TIME_DIMENSIONS
from layers.indicators import IndicatorInfo

_FIRST_FISCAL_MONTH = 10
_QUARTER_MONTHS = 3
_GRAIN = {"year": 0, "calendar_year": 0, "fiscal_year": 0, "quarter": 1, "month": 2}
_GRAINS = ("year", "quarter", "month")


Member = tuple[str, ...]
Laid = Mapping[Member, tuple[Period, ...]]


@dataclass(frozen=True, slots=True)
class Times:
    """The periods of each indicator behind each member of the time dimensions.

    A member is a tuple with the key of each dimension that is fixed: all of the rows' and the
    columns' for a cell, fewer for a total.
    """

    chosen: Mapping[str, Laid]
    known: Mapping[str, Laid]
    before: Mapping[str, Mapping[str, Period]]

    def of(self, key: str, member: Member) -> tuple[Period, ...]:
        """List the periods behind a member for an indicator, oldest first.

        Returns
        -------
        tuple of Period
            None where it has no value then.
        """
        return self.chosen.get(key, {}).get(member, ())

    def earlier(self, key: str, member: Member) -> tuple[Period, ...]:
        """List the periods behind the member before, whether chosen or not.

        Returns
        -------
        tuple of Period
            None before the first.
        """
        parts = self.of(key, member)
        if len(parts) == 1:
            found = self.before[key].get(parts[0].key)
            return () if found is None else (found,)
        past = [
            one
            for one in self.known.get(key, {})
            if len(one) == len(member) and one[:-1] == member[:-1] and one < member
        ]
        return self.known[key][max(past)] if past else ()


def key_in(period: Period, dimension: str) -> str | None:
    """Say which member of a time dimension a period belongs to.

    Parameters
    ----------
    period : Period
        Any.
    dimension : str
        One of the time dimensions.

    Returns
    -------
    str or None
        ``None`` where it belongs to none: a year to no month, a fiscal year to no calendar year.
    """
    if _GRAINS.index(period.granularity) < _GRAIN[dimension]:
        return None
    start, is_year = period.start, period.granularity == "year"
    wanted = {"calendar_year": "gregorian", "fiscal_year": "fiscal"}.get(dimension)
    if is_year and wanted not in {None, period.calendar}:
        return None
    match dimension:
        case "fiscal_year":
            later = 0 if is_year else int(start.month >= _FIRST_FISCAL_MONTH)
            return f"FY{period.year_ce + later}"
        case "quarter":
            return f"{start.year}Q{(start.month - 1) // _QUARTER_MONTHS + 1}"
        case "month":
            return f"{start.year}-{start.month:02d}"
    return str(period.year_ce)


def name_of(dimension: str, key: str) -> Text:
    """Name a member of a time dimension.

    Parameters
    ----------
    dimension : str
        One of the time dimensions.
    key : str
        From `key_in`.

    Returns
    -------
    Text
        Buddhist years in Thai.
    """
    if dimension == "year":
        return Text(th=str(int(key) + BUDDHIST_OFFSET), en=key)
    return parse_period(key).label


def lay(
    chosen: Mapping[str, Sequence[Period]],
    known: Mapping[str, Sequence[Period]],
    indicators: Mapping[str, IndicatorInfo],
    axes: tuple[Sequence[str], Sequence[str]],
) -> Times:
    """Lay chosen periods along the time dimensions of a question.

    Parameters
    ----------
    chosen : mapping of str to sequence of Period
        By indicator, those that the filter let through, oldest first.
    known : mapping of str to sequence of Period
        All that have values: what a change is measured against.
    indicators : mapping of str to IndicatorInfo
        By key; years are those of the indicator's calendar where it has several.
    axes : tuple of (sequence of str, sequence of str)
        Time dimensions of the rows and of the columns.

    Returns
    -------
    Times
        For every cell and every total.
    """
    rows, columns = (tuple(one) for one in axes)
    fixed = {
        rows[:down] + columns[:along]
        for down in range(len(rows) + 1)
        for along in range(len(columns) + 1)
    }
    return Times(
        {key: _laid(found, fixed, indicators[key]) for key, found in chosen.items()},
        {key: _laid(found, fixed, indicators[key]) for key, found in known.items()},
        {key: _before(found) for key, found in known.items()},
    )


def _laid(
    periods: Sequence[Period], fixed: Iterable[Sequence[str]], indicator: IndicatorInfo
) -> Laid:
    found: dict[Member, list[Period]] = {}
    for dimensions in fixed:
        for period in periods:
            member = member_in(period, dimensions)
            if member is not None:
                found.setdefault(member, []).append(period)
    return {member: _alike(parts, indicator) for member, parts in found.items()}


def member_in(period: Period, dimensions: Sequence[str]) -> tuple[str, ...] | None:
    """Say which member of several time dimensions a period belongs to.

    Parameters
    ----------
    period : Period
        Any.
    dimensions : sequence of str
        Time dimensions.

    Returns
    -------
    tuple of str or None
        ``None`` where it belongs to no member of one of them.
    """
    keys = [key_in(period, one) for one in dimensions]
    found = tuple(key for key in keys if key is not None)
    return found if len(found) == len(keys) else None


def time_of(dimensions: Iterable[str]) -> tuple[str, ...]:
    """Pick the time dimensions.

    Parameters
    ----------
    dimensions : iterable of str
        Any.

    Returns
    -------
    tuple of str
        In the order given.
    """
    return tuple(one for one in dimensions if one in TIME_DIMENSIONS)


# Of one member, periods of one kind: whole years before parts of them, the indicator's own
# calendar before others. Parts of different years stay together, years are never added to
# their months.
def _alike(parts: Sequence[Period], indicator: IndicatorInfo) -> tuple[Period, ...]:
    grain = min(_GRAINS.index(one.granularity) for one in parts)
    kept = [one for one in parts if one.granularity == _GRAINS[grain]]
    calendars = {one.calendar for one in kept}
    if len(calendars) > 1:
        own = indicator.calendar if indicator.calendar in calendars else min(calendars)
        kept = [one for one in kept if one.calendar == own]
    return tuple(kept)


def before_of(periods: Sequence[Period], period: Period) -> Period | None:
    """Find the period before another, of the same calendar and length.

    Parameters
    ----------
    periods : sequence of Period
        With values, oldest first.
    period : Period
        One of them.

    Returns
    -------
    Period or None
        ``None`` for the first.
    """
    return _before(periods).get(period.key)


def _before(periods: Sequence[Period]) -> dict[str, Period]:
    found: dict[str, Period] = {}
    last: dict[tuple[str, str], Period] = {}
    for one in periods:
        kind = (one.calendar, one.granularity)
        if kind in last:
            found[one.key] = last[kind]
        last[kind] = one
    return found
