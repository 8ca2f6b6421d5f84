"""Where a collection lies, and which time it is about."""

from __future__ import annotations

from sqlalchemy.orm import Session

from geo_service.core.crs import THAILAND_BBOX
from geo_service.core.known import remembered
from layers import queries, registry
from layers.collection import Collection
from layers.filters import Interval
from layers.questions import periods_of
from layers.relations import relation_of


def extent_of(session: Session, collection: Collection) -> tuple[float, float, float, float]:
    """Tell the rectangle around a collection.

    Parameters
    ----------
    session : Session
        Open.
    collection : Collection
        From the register.

    Returns
    -------
    tuple of float
        west, south, east, north in EPSG:4326 degrees; Thailand when nothing has a shape.
    """
    # Places nest: the provinces' rectangle is that of every level, and there are few of them.
    asked = collection if collection.family == "feature" else registry.read(session, "provinces")
    row = session.execute(queries.extent(relation_of(asked))).one()
    return THAILAND_BBOX if row[0] is None else (row[0], row[1], row[2], row[3])


def interval_of(session: Session, collection: Collection) -> Interval | None:
    """Tell the time a collection is about.

    Parameters
    ----------
    session : Session
        Open.
    collection : Collection
        From the register.

    Returns
    -------
    Interval or None
        First and last day: of the periods with values, or of what the places were in force;
        ``None`` as an end is open. ``None`` for features without a time.
    """
    if collection.family == "feature":
        return None
    if collection.family in {"value", "history", "outlook"}:
        found = [one for periods in periods_of(session, collection).values() for one in periods]
        if not found:
            return None
        return Interval(min(one.start for one in found), max(one.end for one in found))
    return remembered(
        session,
        ("interval_of", collection.id),
        lambda: Interval(*session.execute(queries.in_force_ever(collection.level or "")).one()),
    )
