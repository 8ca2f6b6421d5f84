"""Tables of forecasts: one row for an indicator at a level, one for each of its places."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Float, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from geo_service.core.models import Base, one_of
from layers.models import PLACE_LEVELS

REASONS = (
    "", "no-values", "no-recent-value", "suppressed", "too-short", "too-short-since-break",
)  # fmt: skip
DIRECTIONS = ("rising", "falling", "no-clear-trend", "too-short")
STRENGTHS = ("strong", "moderate", "weak", "none")


class ForecastRun(Base):
    """Forecasts of an indicator at a level: from which state of the data, how good in the past.

    ``made_from`` is the sum of the versions of everything the forecasts follow from: while it
    still agrees, they are good. ``scores`` holds the back-test by years ahead (0: all together).
    """

    __tablename__ = "forecast_run"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    made_from: Mapped[int]
    first_period: Mapped[str]
    last_period: Mapped[str]
    scale: Mapped[str]
    horizon: Mapped[int] = mapped_column(SmallInteger)
    places: Mapped[int]
    forecast_places: Mapped[int]
    adds_up: Mapped[bool]
    scores: Mapped[list[Any]]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),)


class PlaceForecast(Base):
    """Trend and forecast of one place; numbers in the indicator's unit, slopes a year.

    The arrays have one entry a year ahead and are empty where ``reason`` refuses a forecast.
    No foreign keys, as in ``place_value``: rows are made anew from rows that have them.
    """

    __tablename__ = "place_forecast"

    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(server_default="")
    years: Mapped[int] = mapped_column(SmallInteger)
    years_filled: Mapped[int] = mapped_column(SmallInteger)
    recent_level: Mapped[float | None]
    slope: Mapped[float | None]
    slope_low: Mapped[float | None]
    slope_high: Mapped[float | None]
    tau: Mapped[float | None]
    p_value: Mapped[float | None]
    direction: Mapped[str]
    strength: Mapped[str]
    change_period: Mapped[str | None]
    mase: Mapped[float | None]
    naive_mase: Mapped[float | None]
    point: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))
    low80: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))
    high80: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))
    low95: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))
    high95: Mapped[list[float]] = mapped_column(ARRAY(Float), server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint(one_of("level", PLACE_LEVELS), name="level"),
        CheckConstraint(one_of("reason", REASONS), name="reason"),
        CheckConstraint(one_of("direction", DIRECTIONS), name="direction"),
        CheckConstraint(one_of("strength", STRENGTHS), name="strength"),
        CheckConstraint("(reason = '') = (cardinality(point) > 0)", name="reason_or_forecast"),
        Index("ix_place_forecast_place", "level", "place_id"),
    )


TABLES: tuple[Any, ...] = (ForecastRun, PlaceForecast)
