"""What is prepared for drawing a collection, while it agrees with the data."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from geo_service.core.known import remembered
from layers.collection import Collection
from layers.place_relations import place_subjects
from layers.prepared import Drawing, PointCell
from layers.versions import versions_of


@dataclass(frozen=True, slots=True)
class Kept:
    """What may be used: shapes by band, whole tiles to a zoom, hexagons before a zoom.

    ``deepest_zoom`` is -1 where no tiles are kept; points are drawn as such from
    ``points_from`` on, and counted in cells up to the resolution ``finest_cells``.
    """

    has_shapes: bool = False
    deepest_zoom: int = -1
    points_from: int = 0
    finest_cells: int = 0


NOTHING = Kept()


def kept_for(session: Session, known: Collection) -> Kept:
    """Tell what is prepared for a collection's shapes.

    Parameters
    ----------
    session : Session
        Open.
    known : Collection
        From the register; those of values are drawn with the shapes of their places.

    Returns
    -------
    Kept
        Nothing, when what is prepared was made from another state of the data.
    """
    return remembered(session, ("kept_for", known.id), lambda: _find(session, known))


def places_of(known: Collection) -> str:
    """Name the collection whose shapes a collection is drawn with.

    Parameters
    ----------
    known : Collection
        From the register.

    Returns
    -------
    str
        Its id; for values that of their places.
    """
    return known.id if known.family == "feature" else f"{known.level}s"


def _find(session: Session, known: Collection) -> Kept:
    version = sum(versions_of(session, place_subjects(known)).values())
    row = session.scalar(
        select(Drawing).where(
            Drawing.collection_id == places_of(known),
            Drawing.version == version,
            or_(Drawing.good_until.is_(None), Drawing.good_until > func.current_date()),
        )
    )
    if row is None:
        return NOTHING
    deepest = -1 if row.deepest_zoom is None else row.deepest_zoom
    finest = 0
    if row.points_from:
        cells = select(func.max(PointCell.resolution)).where(PointCell.layer_id == known.id)
        finest = session.scalar(cells) or 0
    return Kept(row.has_shapes, deepest, row.points_from, finest)
