"""What there is to ask the cube about: indicators, schemes, breakdowns."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import RegionScheme
from geo_service.core.known import remembered
from layers import indicators, periods, slices
from layers.cube.query import Names


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
            frozenset(key for key, _ in periods.known(session)),
        )

    return remembered(session, "cube_names", find)
