"""Tables of scenarios: their versions, which are never changed, and what was calculated of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from geo_service.core.models import Base, one_of

#: Places of a result: areas, and all places together that a lever acts on.
LEVELS = ("country", "region", "province", "district", "acted-on")


class Scenario(Base):
    """A name that scenarios are asked for by; ``removed_at`` hides it, its versions stay."""

    __tablename__ = "scenario"

    name: Mapped[str] = mapped_column(primary_key=True)
    is_ready: Mapped[bool]
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (CheckConstraint("name ~ '^[a-z][a-z0-9-]{1,62}$'", name="name"),)


class ScenarioVersion(Base):
    """A scenario as somebody wrote it; a trigger refuses every change.

    ``document`` is the whole of it in canonical form, ``levers`` the part of it that acts;
    ``hash`` is the SHA-256 of the canonical form.
    """

    __tablename__ = "scenario_version"

    name: Mapped[str] = mapped_column(ForeignKey("scenario.name"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    title_th: Mapped[str]
    title_en: Mapped[str]
    author: Mapped[str]
    assumptions_th: Mapped[str]
    assumptions_en: Mapped[str]
    levers: Mapped[list[Any]]
    document: Mapped[dict[str, Any]]
    hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name="hash"),
    )


class ScenarioRun(Base):
    """What a version gave, and from which state of the data.

    ``made_from`` is the sum of ``versions``, those of everything it follows from: while it
    agrees, the results are good. ``refused_th`` says why there are none. ``shared`` tells by
    indicator what places miss together, ``counts`` how many places lie beyond limits.
    """

    __tablename__ = "scenario_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    made_from: Mapped[int]
    versions: Mapped[dict[str, Any]]
    periods: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    draws: Mapped[int] = mapped_column(server_default="0")
    shared: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    acts_on: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    counts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    notes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    refused_th: Mapped[str] = mapped_column(server_default="")
    refused_en: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["name", "number"], ["scenario_version.name", "scenario_version.number"]
        ),
    )


class ScenarioResult(Base):
    """An indicator at a place: baseline, scenario and difference, in the indicator's unit.

    Each holds five rows (lower 95 and 80, middle, upper 80 and 95) of one number a year.
    No foreign keys to places, as in ``place_forecast``.
    """

    __tablename__ = "scenario_result"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    indicator_key: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(primary_key=True)
    baseline: Mapped[list[list[float]]] = mapped_column(ARRAY(Float, dimensions=2))
    scenario: Mapped[list[list[float]]] = mapped_column(ARRAY(Float, dimensions=2))
    difference: Mapped[list[list[float]]] = mapped_column(ARRAY(Float, dimensions=2))

    __table_args__ = (
        CheckConstraint(one_of("level", LEVELS), name="level"),
        Index("ix_scenario_result_place", "level", "place_id"),
    )


TABLES: tuple[Any, ...] = (Scenario, ScenarioVersion, ScenarioRun, ScenarioResult)
