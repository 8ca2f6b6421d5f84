"""Places written as GeoJSON once for each state of the data, so that answers only join texts.

Writing polygons and names anew for every answer costs more than everything else in it. Rows
carry the version they were made from (`layers.models.PlaceText`).
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import BigInteger, CursorResult, Text, delete, literal, null, select
from sqlalchemy import cast as typed
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.crs import CRS84
from layers import feature_texts
from layers.collection import Collection
from layers.models import Feature
from layers.prepared import PlaceText
from layers.relations import relation_of


def rebuild(session: Session, collection: Collection, version: int) -> int:
    """Write the places of a collection that are in force today.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    collection : Collection
        Areas, organisations, or a layer of lines or polygons.
    version : int
        Sum of the versions they are made from.

    Returns
    -------
    int
        Number of places written.
    """
    relation = relation_of(collection)
    places = select(relation.place_id).select_from(relation.base)
    session.execute(
        delete(PlaceText).where(
            PlaceText.kind == collection.family,
            PlaceText.place_id.in_(places.where(*relation.conditions)),
        )
    )
    names = relation.prepared.names if relation.prepared else ()
    properties: Any = (
        feature_texts.properties_text(relation, names) if names else typed(null(), Text)
    )
    written = (
        select(
            literal(collection.family),
            relation.place_id,
            typed(literal(version), BigInteger),
            feature_texts.geometry_text(relation.shape, CRS84),
            properties,
        )
        .select_from(relation.source)
        .where(*relation.conditions)
        .order_by(relation.id)
    )
    names_of_columns = ["kind", "place_id", "version", "geometry", "properties"]
    done = session.execute(insert(PlaceText).from_select(names_of_columns, written))
    return cast("CursorResult[Any]", done).rowcount


def forget(session: Session) -> None:
    """Take away the texts of features that are gone.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    """
    gone = ~select(Feature.id).where(Feature.id == PlaceText.place_id).exists()
    session.execute(delete(PlaceText).where(PlaceText.kind == "feature", gone))
