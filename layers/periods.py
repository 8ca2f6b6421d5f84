"""The periods something was measured in."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo_service.core.periods import Period
from layers.indicators import period_of
from layers.models import PeriodRow


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
    rows = session.scalars(
        select(PeriodRow).order_by(PeriodRow.end.desc(), PeriodRow.start, PeriodRow.key)
    )
    return [period_of(row) for row in rows]


def span(session: Session) -> tuple[date | None, date | None]:
    """Tell from when to when something was measured.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    tuple of (date or None, date or None)
        First and last day; ``None`` without any period.
    """
    first, last = session.execute(select(func.min(PeriodRow.start), func.max(PeriodRow.end))).one()
    return first, last
