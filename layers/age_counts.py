"""People counted by age: which counts there are, and whether cohorts can be followed in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from geo_service.core.periods import Period
from geo_service.core.text import BUDDHIST_OFFSET, Text
from layers import indicators
from layers.analysis import cohorts
from layers.models import PeriodRow, PlaceValue

PEOPLE: Final = "pop_total"
#: Assumed where no third count tells how much the ratios of cohorts move (standard deviation of
#: their logarithms from one five years to the next, as a share).
ASSUMED_SPREAD: Final = 0.04
LEAST_SPREAD: Final = 0.005
#: The last group may begin here or later, or nobody's ages from 60 on are known.
LEAST_OPEN: Final = 65
_GROUP: Final = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3})|(\+))?")
_BAND: Final = re.compile(r"pop_(?:(\d+)_(\d+)|(\d+)p)")

NO_AGES = Text(
    th="ยังไม่มีประชากรตามช่วงอายุในระดับนี้",
    en="People by age are not loaded at this level",
)
WIDE = Text(
    th="รู้อายุเพียงช่วง {groups} ({years.th}) ซึ่งกว้างกว่าช่วงละห้าปี จึงติดตามรุ่นอายุไม่ได้"
    " ต้องมีประชากรตามช่วงอายุห้าปีสองงวดที่ห่างกันห้าปี",
    en="Ages are known only as {groups} ({years.en}), wider than five years, so cohorts cannot be"
    " followed; that takes two counts by five-year age groups, five years apart",
)
ONE_COUNT = Text(
    th="มีประชากรตามช่วงอายุห้าปีเพียงงวดเดียว ({years.th}) ต้องมีอีกงวดที่ห่างกันห้าปี",
    en="Five-year ages are known for {years.en} alone; a second count five years apart is needed",
)
APART = Text(
    th="ไม่มีสองงวดใดที่ห่างกันห้าปีพอดี (มี {years.th})",
    en="No two counts by age lie exactly five years apart (there are {years.en})",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Two counts of a level; arrays have places by row and ages by column, in persons.

    ``why`` says what is missing, and the arrays are empty then. ``spread`` is how much ratios
    of cohorts move, by age (a share), and ``is_measured`` whether a third count told it.
    """

    why: Text | None
    first: Period | None = None
    last: Period | None = None
    open_from: int = 0
    rows: Mapping[int, int] = field(default_factory=dict)
    before: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    after: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    spread: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    is_measured: bool = False

    @property
    def base(self) -> Period:
        """The later count, from which cohorts are followed.

        Raises
        ------
        ValueError
            If they cannot be.
        """
        if self.last is None:
            raise ValueError("cohorts cannot be followed here")
        return self.last

    def of(self, place_id: int) -> tuple[NDArray[np.float64], NDArray[np.float64], Counts] | None:
        """Give the two counts of a place.

        Parameters
        ----------
        place_id : int
            Of the level.

        Returns
        -------
        tuple of (ndarray, shape (a,), ndarray, shape (a,), Counts) or None
            In persons; None where one of them lacks an age.
        """
        row = self.rows.get(place_id)
        if self.why is not None or row is None:
            return None
        return self.before[row], self.after[row], self


def read(session: Session, level: str) -> Counts:
    """Find the two latest counts by age between which cohorts can be followed.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        Level of the places.

    Returns
    -------
    Counts
        With the reason where there are none.
    """
    by_period = _groups(session, level)
    periods = _periods(session, by_period)
    fine = {
        key: opens for key, groups in by_period.items() if (opens := _open_of(groups)) is not None
    }
    if not fine:
        return Counts(_why_not(session, level, by_period, periods))
    years = {periods[key].year_ce: key for key in sorted(fine, key=lambda one: periods[one].end)}
    pairs = [(year - cohorts.STEP_YEARS, year) for year in sorted(years) if year - 5 in years]
    if not pairs:
        why = ONE_COUNT if len(years) == 1 else APART
        return Counts(why.format(years=_said(years)))
    first, last = (years[year] for year in pairs[-1])
    third = years.get(pairs[-1][0] - cohorts.STEP_YEARS)
    keys = [first, last, *([third] if third else [])]
    opens = min(fine[key] for key in keys)
    people = {
        key: _people(session, level, period=key, groups=by_period[key], opens=opens) for key in keys
    }
    return _counted(people, keys, (periods[first], periods[last]), opens)


def _counted(
    people: Mapping[str, Mapping[int, NDArray[np.float64]]],
    keys: Sequence[str],
    between: tuple[Period, Period],
    opens: int,
) -> Counts:
    first, last = keys[:2]
    shared = sorted(set(people[first]) & set(people[last]))
    width = opens // cohorts.STEP_YEARS + 1
    before, after = (
        np.array([people[key][one] for one in shared]).reshape(-1, width) for key in (first, last)
    )
    spread, is_measured = _spread(people, shared, keys)
    return Counts(
        why=None,
        first=between[0],
        last=between[1],
        open_from=opens,
        rows={one: row for row, one in enumerate(shared)},
        before=before,
        after=after,
        spread=spread if is_measured else np.full(width, ASSUMED_SPREAD),
        is_measured=is_measured,
    )


def _said(years: Iterable[int]) -> Text:
    known = sorted(years)
    spans: list[list[int]] = []
    for year in known:
        if spans and year == spans[-1][-1] + 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    return Text(th=f"พ.ศ. {_listed(spans, BUDDHIST_OFFSET)}", en=_listed(spans, 0))


def _listed(spans: Sequence[Sequence[int]], shift: int) -> str:
    return ", ".join(
        str(one[0] + shift) if len(one) == 1 else f"{one[0] + shift}-{one[-1] + shift}"
        for one in spans
    )


# How ratios of the last five years differ from those of the five before, age by age, over places.
def _spread(
    people: Mapping[str, Mapping[int, NDArray[np.float64]]],
    shared: Sequence[int],
    keys: Sequence[str],
) -> tuple[NDArray[np.float64], bool]:
    if len(keys) < 3:  # noqa: PLR2004  (a third count)
        return np.zeros(0), False
    first, last, third = keys
    both = [one for one in shared if one in people[third]]
    if not both:
        return np.zeros(0), False
    counts = [np.array([people[key][one] for one in both]) for key in (third, first, last)]
    moved = np.log(
        np.maximum(cohorts.cohort_ratios(counts[1], counts[2]).cohort, 1e-6)
        / np.maximum(cohorts.cohort_ratios(counts[0], counts[1]).cohort, 1e-6)
    )
    weight = counts[2] / counts[2].sum(axis=0)
    return np.maximum(np.sqrt((weight * moved**2).sum(axis=0)), LEAST_SPREAD), True


# For each period its age groups, and the slices that hold each (two where sexes are apart).
def _groups(session: Session, level: str) -> dict[str, dict[str, list[int]]]:
    found: dict[tuple[str, bool], dict[str, list[int]]] = {}
    for period, age, has_sex, slice_id in session.execute(_SLICES, {"key": PEOPLE, "level": level}):
        found.setdefault((period, has_sex), {}).setdefault(age, []).append(slice_id)
    # ages of both sexes together are taken before those apart
    return {period: found.get((period, False)) or found[period, True] for period, _ in found}


def _periods(session: Session, keys: Iterable[str]) -> dict[str, Period]:
    rows = session.scalars(select(PeriodRow).where(PeriodRow.key.in_(list(keys))))
    return {row.key: indicators.period_of(row) for row in rows}


def _bounds(group: str) -> tuple[int, int | None] | None:
    read = _GROUP.fullmatch(group.strip())
    if read is None:
        return None
    low = int(read[1])
    return (low, None) if read[3] else (low, int(read[2] or low))


def _order(group: str) -> tuple[int, int]:
    low, high = _bounds(group) or (999, 0)
    return low, 999 if high is None else high


# Where the open group begins, if all groups below nest in five-year ones and leave no gap.
def _open_of(groups: Iterable[str]) -> int | None:
    read = [_bounds(one) for one in groups]
    opens = [one[0] for one in read if one is not None and one[1] is None]
    if len(opens) != 1 or opens[0] % 5 or opens[0] < LEAST_OPEN:
        return None
    closed = [(one[0], one[1]) for one in read if one is not None and one[1] is not None]
    if any(low // 5 != high // 5 for low, high in closed):
        return None
    covered = sorted(age for low, high in closed for age in range(low, high + 1))
    return opens[0] if covered == list(range(opens[0])) else None


def _people(
    session: Session, level: str, *, period: str, groups: Mapping[str, list[int]], opens: int
) -> dict[int, NDArray[np.float64]]:
    column = {
        one: min(bounds[0], opens) // 5
        for age, ids in groups.items()
        if (bounds := _bounds(age)) is not None
        for one in ids
    }
    told = {"level": level, "period": period, "slices": list(column)}
    people: dict[int, NDArray[np.float64]] = {}
    seen: dict[int, int] = {}
    for place, one, value in session.execute(_VALUES, told):
        ages = people.setdefault(place, np.zeros(opens // 5 + 1))
        ages[column[one]] += value
        seen[place] = seen.get(place, 0) + 1
    # a place that lacks an age, or of which one is withheld, is not followed
    return {place: ages for place, ages in people.items() if seen[place] == len(column)}


def _why_not(
    session: Session,
    level: str,
    by_period: Mapping[str, Mapping[str, list[int]]],
    periods: Mapping[str, Period],
) -> Text:
    if by_period:
        key = max(by_period, key=lambda one: periods[one].end)
        groups = sorted(by_period[key], key=_order)
        return WIDE.format(groups=", ".join(groups), years=periods[key].label)
    rows = session.execute(
        select(PlaceValue.indicator_key, PeriodRow.start)
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(PlaceValue.level == level, PlaceValue.indicator_key.like(r"pop\_%"))
        .distinct()
    )
    years: dict[str, set[int]] = {}
    for indicator, start in rows:
        if _BAND.fullmatch(indicator):
            years.setdefault(indicator, set()).add(start.year)
    if not years:
        return NO_AGES
    groups = sorted(map(_band, years), key=_order)
    return WIDE.format(groups=", ".join(groups), years=_said(set.union(*years.values())))


def _band(indicator: str) -> str:
    low, high, opens = _BAND.fullmatch(indicator).groups()  # type: ignore[union-attr]
    return f"{opens}+" if opens else f"{low}-{high}"


# Projections are of the public class for every reader: what is read is what is published.
_SLICES = text(
    """
    SELECT p.period_key, s.breakdown ->> 'age' AS age, s.breakdown ? 'sex' AS has_sex, s.id
    FROM geo.slice AS s
    CROSS JOIN LATERAL (
        SELECT DISTINCT v.period_key FROM geo.slice_value AS v
        WHERE v.slice_id = s.id AND v.level = :level
    ) AS p
    WHERE s.indicator_key = :key AND s.breakdown ? 'age'
        AND s.breakdown - 'age' - 'sex' = '{}'::jsonb
    ORDER BY p.period_key, s.id
    """
)
_VALUES = text(
    """
    SELECT place_id, slice_id, value FROM geo.slice_value
    WHERE level = :level AND period_key = :period AND slice_id IN :slices AND value IS NOT NULL
    """
).bindparams(bindparam("slices", expanding=True))
