"""Tables of what is withheld: the true numbers behind cells that the public may not see.

They share no table with what is public, so that whoever may not see them has no right to read
them. A row stands here for every cell withheld, whatever the reason (a small count, protection
of another cell, a level too fine), and only as long as it is withheld.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from geo_service.core.models import Base, one_of
from layers.models import PLACE_LEVELS, STATUSES


class SealedValue(Base):
    """The true value of a cell that `PlaceValue` withholds or does not list."""

    __tablename__ = "sealed_value"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    period_key: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    status: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
    )


class SealedSliceValue(Base):
    """The true value of a cell that `SliceValue` withholds or does not list."""

    __tablename__ = "sealed_slice_value"

    slice_id: Mapped[int] = mapped_column(
        ForeignKey("slice.id", ondelete="CASCADE"), primary_key=True
    )
    level: Mapped[str] = mapped_column(primary_key=True)
    period_key: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    status: Mapped[str]

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
    )


TABLES: tuple[Any, ...] = (SealedValue, SealedSliceValue)
