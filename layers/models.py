"""Tables of what is known about where: the catalogue, observations, features, derived values."""

from __future__ import annotations

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from geo_service.core.models import Base, one_of

THEMES = ("population", "waste", "ageing", "disability", "infrastructure", "finance", "governance")
SPACE_AGGREGATIONS = ("SUM", "RATIO", "COUNT", "WMEAN", "RECLASSIFY", "FORMULA", "NONE")
TIME_AGGREGATIONS = ("LAST", "SUM", "MEAN_DAYS", "RATIO", "NONE")
PRIVACY_CLASSES = ("P0", "P1", "P2", "P3", "P4")
CALENDARS = ("gregorian", "fiscal", "academic")
GRANULARITIES = ("year", "quarter", "month")
STATUSES = ("reported", "zero", "not_reported", "not_applicable", "suppressed")
PLACE_LEVELS = ("country", "region", "province", "district", "subdistrict", "org")
BASES = ("reported", "aggregated", "derived")


class Indicator(Base):
    """What is measured: names, unit, how it is formed and how it may be added up.

    A SUM or COUNT indicator is observed. A RATIO is ``factor * numerator / denominator``, its
    parts being other indicators (``numerator_keys`` are added up) or, when it names none, the
    numerator and denominator that came with each observation. ``coefficients`` multiply the
    numerators before they are added; none means 1 for each. A FORMULA is calculated at each
    place from the values there, and never added up.
    """

    __tablename__ = "indicator"

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int | None] = mapped_column(unique=True)
    theme: Mapped[str]
    name_th: Mapped[str]
    name_en: Mapped[str]
    unit_th: Mapped[str]
    unit_en: Mapped[str]
    definition_th: Mapped[str] = mapped_column(server_default="")
    definition_en: Mapped[str] = mapped_column(server_default="")
    formula: Mapped[str] = mapped_column(server_default="")
    numerator_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    coefficients: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))
    denominator_key: Mapped[str | None]
    denominator_max_age_years: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    factor: Mapped[float] = mapped_column(Float, server_default="1")
    space_agg: Mapped[str]
    time_agg: Mapped[str]
    weight_key: Mapped[str | None]
    tier: Mapped[str] = mapped_column(server_default="lower")
    direction: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    privacy: Mapped[str] = mapped_column(server_default="P0")
    finest_level: Mapped[str] = mapped_column(server_default="subdistrict")
    calendar: Mapped[str] = mapped_column(server_default="gregorian")
    decimals: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    ramp: Mapped[str] = mapped_column(server_default="")
    thresholds: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    target: Mapped[float | None] = mapped_column(Float)
    bounds: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    source_th: Mapped[str] = mapped_column(server_default="")
    source_en: Mapped[str] = mapped_column(server_default="")
    is_component: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    __table_args__ = (
        CheckConstraint(one_of("theme", THEMES), name="theme"),
        CheckConstraint(one_of("space_agg", SPACE_AGGREGATIONS), name="space_agg"),
        CheckConstraint(one_of("time_agg", TIME_AGGREGATIONS), name="time_agg"),
        CheckConstraint(one_of("privacy", PRIVACY_CLASSES), name="privacy"),
        CheckConstraint(one_of("calendar", CALENDARS), name="calendar"),
        CheckConstraint(one_of("finest_level", PLACE_LEVELS), name="finest_level"),
        CheckConstraint(one_of("tier", ("lower", "upper", "both")), name="tier"),
        CheckConstraint("direction IN (-1, 0, 1)", name="direction"),
        CheckConstraint("key ~ '^[a-z][a-z0-9_]{1,62}$'", name="key"),
    )


class PeriodRow(Base):
    """A period something was observed in; CE dates, Buddhist labels (see core.periods)."""

    __tablename__ = "period"

    key: Mapped[str] = mapped_column(primary_key=True)
    calendar: Mapped[str]
    granularity: Mapped[str]
    start: Mapped[date] = mapped_column("start_date", Date)
    end: Mapped[date] = mapped_column("end_date", Date)
    label_th: Mapped[str]
    label_en: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("calendar", CALENDARS), name="calendar"),
        CheckConstraint(one_of("granularity", GRANULARITIES), name="granularity"),
        CheckConstraint("start_date <= end_date", name="order"),
    )


class Observation(Base):
    """One value of one indicator for one place in one period, as it was reported.

    ``breakdown`` is empty for the total, or names the slice (``{"sex": "f"}``).
    """

    __tablename__ = "observation"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    indicator_key: Mapped[str] = mapped_column(ForeignKey("indicator.key"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("org.id"), index=True)
    period_key: Mapped[str] = mapped_column(ForeignKey("period.key"), index=True)
    breakdown: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    status: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    source_row: Mapped[int | None]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("dataset_version.id"), index=True)

    __table_args__ = (
        CheckConstraint("num_nonnulls(area_id, org_id) = 1", name="one_place"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(
            "(status = 'reported' AND value IS NOT NULL AND value <> 0)"
            " OR (status = 'zero' AND value = 0)"
            " OR (status NOT IN ('reported', 'zero') AND value IS NULL)",
            name="value_matches_status",
        ),
        CheckConstraint("value <> 'NaN' AND abs(value) < 'Infinity'", name="finite"),
        Index(
            "uq_observation",
            "indicator_key", "period_key", "area_id", "org_id", "breakdown", "dataset_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


class CellColumns:
    """Columns of a value at a place and period, behind those that say of what it is."""

    level: Mapped[str] = mapped_column(primary_key=True, sort_order=1)
    period_key: Mapped[str] = mapped_column(primary_key=True, sort_order=1)
    place_id: Mapped[int] = mapped_column(primary_key=True, sort_order=1)
    value: Mapped[float | None] = mapped_column(sort_order=1)
    numerator: Mapped[float | None] = mapped_column(sort_order=1)
    denominator: Mapped[float | None] = mapped_column(sort_order=1)
    status: Mapped[str] = mapped_column(sort_order=1)


class PlaceValue(CellColumns, Base):
    """The one value of an indicator at a place and period that every representation shows.

    Prepared from the observations: taken as reported at that level, or added up from the
    finest level that reported, ratios from their added-up parts. ``place_id`` is an
    ``area.id``, or an ``org.id`` at level ``org``. Keys refer to nothing, as in ``hexbin``: rows
    are made from observations, whose keys do, and checking a million again took as long as
    writing them. The next rebuild drops what has lost its observations.
    """

    __tablename__ = "place_value"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    reporting: Mapped[int]
    expected: Mapped[int]
    basis: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(one_of("basis", BASES), name="basis"),
        CheckConstraint("reporting <= expected", name="reporting"),
        Index("ix_place_value_place", "level", "place_id"),
    )


class Slice(Base):
    """A member of a breakdown that an indicator is known by: ``{"sex": "f"}``."""

    __tablename__ = "slice"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    indicator_key: Mapped[str]
    breakdown: Mapped[dict[str, Any]]

    __table_args__ = (UniqueConstraint("indicator_key", "breakdown"),)


class SliceValue(CellColumns, Base):
    """The one value of a slice at a place and period, prepared as `PlaceValue` is."""

    __tablename__ = "slice_value"

    slice_id: Mapped[int] = mapped_column(
        ForeignKey("slice.id", ondelete="CASCADE"), primary_key=True
    )
    reporting: Mapped[int]
    expected: Mapped[int]
    basis: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))

    __table_args__ = (CheckConstraint(one_of("status", STATUSES), name="status"),)


class SeriesBreak(Base):
    """A date at which a series changes its meaning; trends must not be drawn across it."""

    __tablename__ = "series_break"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    indicator_key: Mapped[str] = mapped_column(ForeignKey("indicator.key", ondelete="CASCADE"))
    effective: Mapped[date]
    note_th: Mapped[str]
    note_en: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (UniqueConstraint("indicator_key", "effective"),)


class SiteType(Base):
    """A type of disposal or transfer site, and whether it counts as proper disposal."""

    __tablename__ = "site_type"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_th: Mapped[str]
    name_en: Mapped[str]
    site_class: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint(one_of("site_class", ("proper", "improper", "transfer")), name="class"),
    )


class FeatureLayer(Base):
    """A registered layer of facilities or networks; the schema of its properties is data."""

    __tablename__ = "feature_layer"

    id: Mapped[str] = mapped_column(primary_key=True)
    title_th: Mapped[str]
    title_en: Mapped[str]
    description_th: Mapped[str] = mapped_column(server_default="")
    description_en: Mapped[str] = mapped_column(server_default="")
    theme: Mapped[str]
    geometry_type: Mapped[str]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))

    __table_args__ = (
        CheckConstraint("id ~ '^[a-z][a-z0-9-]{1,62}$'", name="id"),
        CheckConstraint(
            one_of("geometry_type", ("Point", "LineString", "Polygon", "Geometry")),
            name="geometry_type",
        ),
        CheckConstraint(one_of("theme", THEMES), name="theme"),
    )


class Feature(Base):
    """One facility or network part of a registered layer."""

    __tablename__ = "feature"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    layer_id: Mapped[str] = mapped_column(ForeignKey("feature_layer.id", ondelete="CASCADE"))
    code: Mapped[str]
    name_th: Mapped[str] = mapped_column(server_default="")
    name_en: Mapped[str] = mapped_column(server_default="")
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("GEOMETRY", srid=STORAGE_SRID, spatial_index=False)
    )
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    properties: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.id"), index=True)

    __table_args__ = (
        UniqueConstraint("layer_id", "code"),
        # By layer first: a small layer must not read the points of a large one beside it.
        Index("ix_feature_geom", "layer_id", "geom", postgresql_using="gist"),
        # A box admits what has no shape, and a gist index knows nothing of where these are.
        Index("ix_feature_shapeless", "layer_id", postgresql_where=text("geom IS NULL")),
    )


class CellShare(Base):
    """The share of a sub-district that lies in an H3 cell, on the ellipsoid.

    ``cell`` is the H3 index as a signed 64-bit number. Coarser resolutions are sums over
    the children at the finest one. Shares of one area add up to 1 at each resolution.
    """

    __tablename__ = "cell_share"

    resolution: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True
    )
    cell: Mapped[int] = mapped_column(primary_key=True)
    share: Mapped[float]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("share > 0 AND share <= 1.000000001", name="share"),
        Index("ix_cell_share_cell", "resolution", "cell"),
    )


class HexCell(Base):
    """An H3 cell over the country with its outline, for drawing and for tiles."""

    __tablename__ = "hex_cell"

    cell: Mapped[int] = mapped_column(primary_key=True)
    resolution: Mapped[int] = mapped_column(SmallInteger)
    geom: Mapped[WKBElement] = mapped_column(
        Geometry("POLYGON", srid=STORAGE_SRID, spatial_index=False)
    )
    geom_3857: Mapped[WKBElement] = mapped_column(
        Geometry("POLYGON", srid=TILE_SRID, spatial_index=False)
    )

    __table_args__ = (
        Index("ix_hex_cell_resolution", "resolution"),
        Index("ix_hex_cell_geom", "geom", postgresql_using="gist"),
        Index("ix_hex_cell_geom_3857", "geom_3857", postgresql_using="gist"),
    )


class Hexbin(Base):
    """An indicator aggregated into one H3 cell; ratios are sums over sums.

    No foreign keys: a hundred thousand rows an indicator, made from rows that have them, and
    checking each would cost as much as making it. ``version`` says what they were made from.
    """

    __tablename__ = "hexbin"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    period_key: Mapped[str] = mapped_column(primary_key=True)
    resolution: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    reporting: Mapped[int]
    expected: Mapped[int]
    status: Mapped[str]
    version: Mapped[int]

    __table_args__ = (CheckConstraint(one_of("status", STATUSES), name="status"),)


TABLES: tuple[Any, ...] = (
    Indicator, PeriodRow, Observation, PlaceValue, Slice, SliceValue, SeriesBreak, SiteType,
    FeatureLayer, Feature, CellShare, HexCell, Hexbin,
)  # fmt: skip
