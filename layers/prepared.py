"""Tables of what is prepared for drawing and writing: texts, shapes, counts of points, tiles."""

from __future__ import annotations

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from geo_service.core.crs import TILE_SRID
from geo_service.core.models import Base, one_of


class PlaceText(Base):
    """A place written as GeoJSON, to be joined into answers.

    ``geometry`` is in CRS84; ``properties`` is the inside of an object with all of them, kept
    for areas and organisations. Good while ``version`` is the sum of the versions behind it;
    otherwise as if it were not there. No foreign keys, for the reason `Hexbin` gives.
    """

    __tablename__ = "place_text"

    kind: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    geometry: Mapped[str | None]
    properties: Mapped[str | None]

    __table_args__ = (CheckConstraint(one_of("kind", ("area", "org", "feature")), name="kind"),)


class FeatureShape(Base):
    """A facility's or network part's shape generalised for a band of zooms.

    Only for layers with many lines or polygons; of these, every feature has one.
    """

    __tablename__ = "feature_shape"

    feature_id: Mapped[int] = mapped_column(
        ForeignKey("feature.id", ondelete="CASCADE"), primary_key=True
    )
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    layer_id: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRY", srid=TILE_SRID, spatial_index=False)
    )

    __table_args__ = (
        Index("ix_feature_shape_geom", "layer_id", "band", "geom", postgresql_using="gist"),
    )


class PointCell(Base):
    """How many points of a layer lie in an H3 cell, with the cell's outline."""

    __tablename__ = "point_cell"

    layer_id: Mapped[str] = mapped_column(
        ForeignKey("feature_layer.id", ondelete="CASCADE"), primary_key=True
    )
    resolution: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    geom: Mapped[WKBElement] = mapped_column(
        Geometry("POLYGON", srid=TILE_SRID, spatial_index=False)
    )

    __table_args__ = (
        Index("ix_point_cell_geom", "layer_id", "resolution", "geom", postgresql_using="gist"),
    )


class Drawing(Base):
    """What is prepared for drawing a collection, and at which state of the data.

    Good while ``version`` is the sum of the versions behind the collection's shapes and the
    day is before ``good_until`` (when a place comes into force or ceases). Tiles are kept up to
    ``deepest_zoom``: there, a tile without a row is empty. Points are drawn as such from
    ``points_from``, as hexagons with a count before it.
    """

    __tablename__ = "drawing"

    collection_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    has_shapes: Mapped[bool] = mapped_column(server_default=text("false"))
    deepest_zoom: Mapped[int | None] = mapped_column(SmallInteger)
    points_from: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    good_until: Mapped[date | None]


class PreparedTile(Base):
    """A tile of WebMercatorQuad as it is sent, compressed by gzip."""

    __tablename__ = "prepared_tile"

    collection_id: Mapped[str] = mapped_column(
        ForeignKey("drawing.collection_id", ondelete="CASCADE"), primary_key=True
    )
    zoom: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    x: Mapped[int] = mapped_column(primary_key=True)
    y: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]


TABLES: tuple[Any, ...] = (PlaceText, FeatureShape, PointCell, Drawing, PreparedTile)
