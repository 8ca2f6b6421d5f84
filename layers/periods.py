"""The periods something was measured in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.periods import Period
from layers.indicators import period_of
from layers.models import PLACE_LEVELS, PeriodRow


def list_all(session: Session) -> list[Period]:
    """List the periods of every calendar.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    list of Period
        The latest first.
    """
    return list(by_key(session).values())


def by_key(session: Session) -> Mapping[str, Period]:
    """Give the periods of every calendar by their keys.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    mapping of str to Period
        The latest first; remembered with the state of the data.
    """

    def find() -> dict[str, Period]:
        rows = session.scalars(
            select(PeriodRow).order_by(PeriodRow.end.desc(), PeriodRow.start, PeriodRow.key)
        )
        return {row.key: period_of(row) for row in rows}

    return remembered(session, "periods", find)


def known(session: Session) -> Mapping[tuple[str, str], tuple[Period, ...]]:
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
    return remembered(session, "periods_known", lambda: _said_by(session, "periods_known"))


def withheld(session: Session) -> Mapping[tuple[str, str], tuple[Period, ...]]:
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
    return remembered(session, "periods_withheld", lambda: _said_by(session, "periods_withheld"))


def _said_by(session: Session, statement: str) -> dict[tuple[str, str], tuple[Period, ...]]:
    every = by_key(session)
    rows = session.execute(fixed_sql("layers", statement), {"levels": list(PLACE_LEVELS)})
    found: dict[tuple[str, str], list[Period]] = {}
    for row in rows:
        found.setdefault((row.key, row.level), []).append(every[row.period_key])
    return {place: tuple(told) for place, told in found.items()}
