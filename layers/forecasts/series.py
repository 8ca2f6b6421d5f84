"""Yearly series of all places of some levels, read in one question and cut at breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo_service.core.periods import Period, year_period
from layers.indicators import IndicatorInfo, period_of
from layers.models import PeriodRow, PlaceValue, SeriesBreak

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The last year is the latest in which this share of the places of the fullest year reported.
LEAST_REPORTING = 0.5


@dataclass(frozen=True, slots=True)
class Series:
    """One row a place and one column a year; values in the indicator's unit, NaN where unknown.

    ``whole`` is all that is known, ``values`` what lies after the last declared break.
    ``withheld`` marks places whose last value is suppressed.
    """

    levels: tuple[str, ...]
    ids: tuple[int, ...]
    periods: tuple[Period, ...]
    whole: Matrix
    values: Matrix
    withheld: Flags

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.ids or not self.periods

    def rows_of(self, level: str) -> Flags:
        """Mark the rows of one level.

        Parameters
        ----------
        level : str
            For example ``province``.

        Returns
        -------
        ndarray of bool, shape (n,)
            True at its rows.
        """
        return np.array([one == level for one in self.levels], dtype=np.bool_)


def read(session: Session, info: IndicatorInfo, levels: Sequence[str]) -> Series:
    """Read the series of every place of some levels.

    Parameters
    ----------
    session : Session
        Open.
    info : IndicatorInfo
        Which; its calendar says what a year is.
    levels : sequence of str
        Read together, as their errors are pooled.

    Returns
    -------
    Series
        Years follow one another without a gap; places sorted by level and id.
    """
    rows = session.execute(
        select(
            PlaceValue.level,
            PlaceValue.place_id,
            func.array_agg(PlaceValue.period_key),
            func.array_agg(PlaceValue.value),
            func.array_agg(PlaceValue.status == "suppressed"),
        )
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(
            PlaceValue.indicator_key == info.key,
            PlaceValue.level.in_(levels),
            PeriodRow.granularity == "year",
            PeriodRow.calendar == info.calendar,
        )
        .group_by(PlaceValue.level, PlaceValue.place_id)
        .order_by(PlaceValue.level, PlaceValue.place_id)
    ).all()
    seen = {key for row in rows for key in row[2]}
    known = session.scalars(select(PeriodRow).where(PeriodRow.key.in_(seen)))
    periods = _years([period_of(row) for row in known])
    column = {period.key: at for at, period in enumerate(periods)}
    whole = np.full((len(rows), len(periods)), np.nan)
    withheld = np.zeros(whole.shape, dtype=np.bool_)
    for at, (_, _, keys, values, is_withheld) in enumerate(rows):
        columns = [column[key] for key in keys]
        whole[at, columns] = np.array(values, dtype=np.float64)
        withheld[at, columns] = is_withheld
    last = _last_column(whole)
    whole, withheld, periods = whole[:, :last], withheld[:, :last], periods[:last]
    return Series(
        levels=tuple(row[0] for row in rows),
        ids=tuple(row[1] for row in rows),
        periods=periods,
        whole=whole,
        values=_after(whole, periods, last_break(session, info, periods)),
        withheld=withheld[:, -1] if periods else np.zeros(len(rows), dtype=np.bool_),
    )


def last_break(session: Session, info: IndicatorInfo, periods: Sequence[Period]) -> date | None:
    """Find the last day on which a series, or a part of it, changed its meaning.

    Parameters
    ----------
    session : Session
        Open.
    info : IndicatorInfo
        Which.
    periods : sequence of Period
        Breaks after the first and not after the last of them count.

    Returns
    -------
    date or None
        First day of the new meaning.
    """
    if not periods:
        return None
    days = session.scalars(
        select(SeriesBreak.effective).where(
            SeriesBreak.indicator_key.in_((info.key, *info.parts)),
            SeriesBreak.effective > periods[0].start,
            SeriesBreak.effective <= periods[-1].end,
        )
    )
    return max(days, default=None)


def following(last: Period, count: int) -> tuple[Period, ...]:
    """List the years after one.

    Parameters
    ----------
    last : Period
        A year of any calendar.
    count : int
        How many.

    Returns
    -------
    tuple of Period
        Of the same calendar.
    """
    years = range(last.year_ce + 1, last.year_ce + 1 + count)
    return tuple(year_period(year, last.calendar) for year in years)


def _years(known: Sequence[Period]) -> tuple[Period, ...]:
    if not known:
        return ()
    years = [period.year_ce for period in known]
    return tuple(year_period(year, known[0].calendar) for year in range(min(years), max(years) + 1))


def _last_column(whole: Matrix) -> int:
    counts = np.isfinite(whole).sum(axis=0)
    enough = np.flatnonzero(counts >= LEAST_REPORTING * counts.max(initial=0))
    return int(enough[-1]) + 1 if enough.size and counts.max() else 0


def _after(whole: Matrix, periods: Sequence[Period], day: date | None) -> Matrix:
    if day is None:
        return whole
    is_new = np.array([period.start >= day for period in periods], dtype=np.bool_)
    return np.where(is_new, whole, np.nan)
