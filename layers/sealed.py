"""Tables of what is withheld and by which rules: the true numbers the public may not see.

They share no table with what is public, so that whoever may not see them has no right to read
them. A row stands here for every cell withheld, whatever the reason (a small count, protection
of another cell, a level too fine), and only as long as it is withheld. ``is_listed`` says that the
public table has a row of the cell, which tells it to be withheld.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from geo_service.core.models import Base, one_of
from layers.models import PLACE_LEVELS, PRIVACY_CLASSES, STATUSES, CellColumns


class SealedValue(CellColumns, Base):
    """The true value of a cell that `PlaceValue` withholds or does not list."""

    __tablename__ = "sealed_value"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    is_listed: Mapped[bool] = mapped_column(server_default="true")

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        Index("ix_sealed_value_place", "level", "place_id"),
    )


class SealedSliceValue(CellColumns, Base):
    """The true value of a cell that `SliceValue` withholds or does not list."""

    __tablename__ = "sealed_slice_value"

    slice_id: Mapped[int] = mapped_column(
        ForeignKey("slice.id", ondelete="CASCADE"), primary_key=True
    )
    is_listed: Mapped[bool] = mapped_column(server_default="true")

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        Index("ix_sealed_slice_value_place", "level", "place_id"),
    )


class PrivacyClass(Base):
    """What may be shown of indicators of one privacy class; an installation may change it.

    Counts of persons above 0 and below ``smallest`` are withheld, rates over fewer than
    ``least_denominator``, zeros at levels finer than ``zeros_to``, everything at levels finer than
    ``public_to`` (``none``: everything).
    """

    __tablename__ = "privacy_class"

    code: Mapped[str] = mapped_column(primary_key=True)
    smallest: Mapped[int]
    least_denominator: Mapped[int]
    zeros_to: Mapped[str]
    public_to: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("code", PRIVACY_CLASSES), name="code"),
        CheckConstraint("smallest >= 0 AND least_denominator >= 0", name="limits"),
        CheckConstraint(one_of("zeros_to", PLACE_LEVELS), name="zeros_to"),
        CheckConstraint(one_of("public_to", ("none", *PLACE_LEVELS)), name="public_to"),
    )


TABLES: tuple[Any, ...] = (SealedValue, SealedSliceValue, PrivacyClass)
