"""The periods something was measured in."""

from __future__ import annotations

from sqlalchemy import select
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
