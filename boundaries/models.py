"""Tables of where: areas at every level, local organisations, and what covers what."""

from __future__ import annotations

from datetime import date
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from geo_service.core.crs import STORAGE_SRID, TILE_SRID
from geo_service.core.models import Base, one_of

AREA_LEVELS = ("country", "region", "province", "district", "subdistrict")
ORG_KINDS = ("PAO", "city", "town", "subdistrict_municipality", "SAO", "BMA", "Pattaya")
EVENT_KINDS = (
    "recoded", "split", "merged", "renamed", "abolished", "created", "upgraded", "redrawn",
)  # fmt: skip


class RegionScheme(Base):
    """One way of grouping the provinces into regions."""

    __tablename__ = "region_scheme"

    id: Mapped[str] = mapped_column(primary_key=True)
    name_th: Mapped[str]
    name_en: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")


class Area(Base):
    """An administrative area, or a region of a scheme, in force in a range of dates."""

    __tablename__ = "area"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    level: Mapped[str]
    scheme: Mapped[str | None] = mapped_column(ForeignKey("region_scheme.id"))
    code: Mapped[str]
    name_th: Mapped[str]
    name_en: Mapped[str]
    name_alt: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False)
    )
    point: Mapped[WKBElement | None] = mapped_column(
        Geometry("POINT", srid=STORAGE_SRID, spatial_index=False)
    )
    area_km2: Mapped[float | None]
    is_illustrative: Mapped[bool] = mapped_column(server_default=text("false"))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, server_default=text("'(,)'"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.id"), index=True)
    shape_version_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.id"))

    __table_args__ = (
        CheckConstraint(one_of("level", AREA_LEVELS), name="level"),
        CheckConstraint("(level = 'region') = (scheme IS NOT NULL)", name="scheme"),
        CheckConstraint("area_km2 IS NULL OR area_km2 > 0", name="area_km2"),
        CheckConstraint("NOT isempty(valid)", name="valid"),
        ExcludeConstraint(
            ("level", "="),
            (func.coalesce(text("scheme"), text("''")), "="),
            ("code", "="),
            ("valid", "&&"),
            name="ex_area_code_valid",
            using="gist",
        ),
        Index("ix_area_level_code", "level", "code"),
        Index("ix_area_geom", "geom", postgresql_using="gist"),
    )


class AreaShape(Base):
    """An area's shape generalised for a band of zooms, so that neighbours keep one border.

    ``level`` is the area's, kept here so that one index finds a tile's shapes.
    """

    __tablename__ = "area_shape"

    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True
    )
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    level: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=TILE_SRID, spatial_index=False)
    )

    __table_args__ = (
        Index("ix_area_shape_geom", "level", "band", "geom", postgresql_using="gist"),
    )


class RegionMember(Base):
    """A province's place in a region of some scheme."""

    __tablename__ = "region_member"

    region_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True
    )
    province_code: Mapped[str] = mapped_column(primary_key=True)


class AreaCode(Base):
    """A code of an area in another system (ISO 3166-2, P-code, PCD's running number ...)."""

    __tablename__ = "area_code"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), index=True)
    system: Mapped[str]
    code: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, server_default=text("'(,)'"))

    __table_args__ = (Index("ix_area_code_system_code", "system", "code"),)


class AreaEvent(Base):
    """A change of codes: where an abolished code went, what was split, merged or renamed."""

    __tablename__ = "area_event"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    level: Mapped[str]
    kind: Mapped[str]
    from_code: Mapped[str]
    to_code: Mapped[str | None]
    effective: Mapped[date | None]
    note: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint(one_of("kind", EVENT_KINDS), name="kind"),
        Index(
            "uq_area_event",
            "level", "kind", "from_code", "to_code",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


class Org(Base):
    """A local administrative organisation in force in a range of dates.

    ``tier`` keeps provincial organisations (``upper``) apart from municipalities and
    sub-district organisations (``lower``): the two are never summed together.
    """

    __tablename__ = "org"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str]
    kind: Mapped[str]
    tier: Mapped[str]
    name_th: Mapped[str]
    name_en: Mapped[str]
    name_alt: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    province_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    district_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    point: Mapped[WKBElement | None] = mapped_column(
        Geometry("POINT", srid=STORAGE_SRID, spatial_index=False)
    )
    point_source: Mapped[str] = mapped_column(server_default="none")
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False)
    )
    geom_source: Mapped[str] = mapped_column(server_default="none")
    area_km2: Mapped[float | None]
    size_class: Mapped[str | None]
    website: Mapped[str | None]
    wikidata: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, server_default=text("'(,)'"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.id"), index=True)

    __table_args__ = (
        CheckConstraint(one_of("kind", ORG_KINDS), name="kind"),
        CheckConstraint("(kind = 'PAO') = (tier = 'upper')", name="tier"),
        CheckConstraint(one_of("tier", ("upper", "lower")), name="tier_known"),
        CheckConstraint(
            one_of("point_source", ("none", "office", "centroid", "illustrative")),
            name="point_source",
        ),
        CheckConstraint(
            one_of("geom_source", ("none", "official", "coverage", "approximate", "province")),
            name="geom_source",
        ),
        ExcludeConstraint(("code", "="), ("valid", "&&"), name="ex_org_code_valid", using="gist"),
        Index("ix_org_point", "point", postgresql_using="gist"),
        Index("ix_org_geom", "geom", postgresql_using="gist"),
    )


class OrgShape(Base):
    """An organisation's shape generalised for a band of zooms."""

    __tablename__ = "org_shape"

    org_id: Mapped[int] = mapped_column(ForeignKey("org.id", ondelete="CASCADE"), primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=TILE_SRID, spatial_index=False)
    )

    __table_args__ = (Index("ix_org_shape_geom", "band", "geom", postgresql_using="gist"),)


class OrgCode(Base):
    """A code of an organisation in some system (DLA 7 digits, geocode ...)."""

    __tablename__ = "org_code"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("org.id", ondelete="CASCADE"), index=True)
    system: Mapped[str]
    code: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, server_default=text("'(,)'"))

    __table_args__ = (Index("ix_org_code_system_code", "system", "code"),)


class OrgCoverage(Base):
    """That an organisation covers a sub-district, wholly or in part, with estimated shares.

    ``share_area`` and ``share_pop`` are the parts (0-1) of the *sub-district's* area and
    population that lie in the organisation.
    """

    __tablename__ = "org_coverage"

    org_id: Mapped[int] = mapped_column(ForeignKey("org.id", ondelete="CASCADE"), primary_key=True)
    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    extent: Mapped[str]
    share_area: Mapped[float]
    share_pop: Mapped[float]
    share_method: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("extent", ("whole", "part")), name="extent"),
        CheckConstraint("share_area > 0 AND share_area <= 1", name="share_area"),
        CheckConstraint("share_pop >= 0 AND share_pop <= 1", name="share_pop"),
        CheckConstraint(one_of("share_method", ("stated", "whole", "estimated")), name="method"),
    )


TABLES: tuple[Any, ...] = (
    RegionScheme, Area, AreaShape, RegionMember, AreaCode, AreaEvent,
    Org, OrgShape, OrgCode, OrgCoverage,
)  # fmt: skip
