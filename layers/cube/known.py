"""What there is to ask the cube about: indicators, schemes, breakdowns, periods with values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import RegionScheme
from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.periods import Period
from layers import indicators, periods, slices
from layers.cube.query import Names
from layers.models import PLACE_LEVELS, SeriesBreak


def names_of(session: Session) -> Names:
    """Read what may be named in a question.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    Names
        Remembered with the state of the data.
    """

    def find() -> Names:
        known = indicators.list_all(session, components=True)
        schemes = session.scalars(select(RegionScheme.id).order_by(RegionScheme.id))
        return Names(
            {one.key: one for one in known},
            slices.names(session),
            tuple(schemes),
            frozenset(key for key, _ in periods_known(session)),
        )

    return remembered(session, "cube_names", find)


def periods_known(session: Session) -> Mapping[tuple[str, str], tuple[Period, ...]]:
    """List the periods with values of every indicator at every level.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    mapping of (str, str) to tuple of Period
        By key and level, oldest first; remembered with the state of the data.
    """
    return remembered(session, "cube_periods", lambda: _periods(session, "cube_known"))


def periods_withheld(session: Session) -> Mapping[tuple[str, str], tuple[Period, ...]]:
    """List the periods of which an indicator has withheld values at a level, and no other.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    mapping of (str, str) to tuple of Period
        By key and level, oldest first; remembered with the state of the data.
    """
    return remembered(session, "cube_withheld", lambda: _periods(session, "cube_withheld"))


def breaks_of(session: Session) -> Mapping[str, Sequence[date]]:
    """List the days across which no change is drawn.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    mapping of str to sequence of date
        By indicator; remembered with the state of the data.
    """

    def find() -> dict[str, list[date]]:
        found: dict[str, list[date]] = {}
        for key, day in session.execute(select(SeriesBreak.indicator_key, SeriesBreak.effective)):
            found.setdefault(key, []).append(day)
        return found

    return remembered(session, "series_breaks", find)


def _periods(session: Session, statement: str) -> dict[tuple[str, str], tuple[Period, ...]]:
    every = {one.key: one for one in periods.list_all(session)}
    rows = session.execute(fixed_sql("layers", statement), {"levels": list(PLACE_LEVELS)})
    found: dict[tuple[str, str], list[Period]] = {}
    for row in rows:
        found.setdefault((row.key, row.level), []).append(every[row.period_key])
    return {place: tuple(told) for place, told in found.items()}
