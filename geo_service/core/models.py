"""Tables of provenance: what was loaded, from where, by which load, and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from geo_service.core.db import SCHEMA

RUN_STATUSES = ("running", "loaded", "loaded-with-rejects", "refused", "failed", "rolled-back")
REJECT_SEVERITIES = ("refused", "flagged", "repaired")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Write the SQL condition that a text column holds one of a closed list.

    Parameters
    ----------
    column : str
        Column name, from our own models only.
    values : tuple of str
        The closed list, from our own code only.

    Returns
    -------
    str
        ``column IN ('a', 'b')``.
    """
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Base(DeclarativeBase):
    """Parent of all tables; they live in one schema and their constraints have fixed names."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own declaration)
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Dataset(Base):
    """A source we load from: who publishes it, under which licence, how often it was loaded."""

    __tablename__ = "dataset"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title_th: Mapped[str]
    title_en: Mapped[str]
    publisher_th: Mapped[str] = mapped_column(server_default="")
    publisher_en: Mapped[str] = mapped_column(server_default="")
    licence: Mapped[str] = mapped_column(server_default="")
    attribution_th: Mapped[str] = mapped_column(server_default="")
    attribution_en: Mapped[str] = mapped_column(server_default="")
    source_url: Mapped[str] = mapped_column(server_default="")
    is_sample: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        CheckConstraint(
            one_of("kind", ("boundaries", "organisations", "indicators", "features", "derived")),
            name="kind",
        ),
    )


class IngestRun(Base):
    """One attempt to load one file, whatever came of it."""

    __tablename__ = "ingest_run"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), index=True)
    recipe: Mapped[str]
    recipe_sha256: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file_bytes: Mapped[int]
    status: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    rows_read: Mapped[int] = mapped_column(server_default="0")
    rows_loaded: Mapped[int] = mapped_column(server_default="0")
    rows_unchanged: Mapped[int] = mapped_column(server_default="0")
    rows_refused: Mapped[int] = mapped_column(server_default="0")
    rows_flagged: Mapped[int] = mapped_column(server_default="0")
    report: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (CheckConstraint(one_of("status", RUN_STATUSES), name="status"),)


class DatasetVersion(Base):
    """A committed load: the number rises by one each time a data set changes."""

    __tablename__ = "dataset_version"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    version: Mapped[int]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("ingest_run.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("dataset_id", "version"),)


class Reject(Base):
    """A row, or one cell of it, that was refused, flagged or repaired, and why."""

    __tablename__ = "reject"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("ingest_run.id", ondelete="CASCADE"), index=True)
    severity: Mapped[str]
    reason: Mapped[str]
    file_name: Mapped[str]
    row: Mapped[int | None]
    column: Mapped[str | None]
    said: Mapped[str | None]
    hint_th: Mapped[str] = mapped_column(server_default="")
    hint_en: Mapped[str] = mapped_column(server_default="")
    candidates: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    __table_args__ = (CheckConstraint(one_of("severity", REJECT_SEVERITIES), name="severity"),)


class RowBefore(Base):
    """What a row looked like before a load changed or deleted it; undoing a load puts it back."""

    __tablename__ = "row_before"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("dataset_version.id", ondelete="CASCADE"))
    table_name: Mapped[str]
    row_id: Mapped[int]
    image: Mapped[str]

    __table_args__ = (Index("ix_row_before_version", "version_id", "table_name"),)


class DataVersion(Base):
    """A number per subject that rises with every change; ETags and tile addresses carry it.

    Subjects: ``areas``, ``orgs``, ``indicator:{key}``, ``layer:{id}``, ``catalogue``.
    """

    __tablename__ = "data_version"

    subject: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
