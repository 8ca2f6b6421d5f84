"""One load under way: its session, its version, what it remembers so that it can be undone.

Whoever writes rows (areas, organisations, features, observations) does three things:
new rows carry ``loading.version_id``; before a row is changed or deleted its image is kept with
``loading.remember``; rows of tables without a version are announced with ``loading.remember``
(by their parent) or ``loading.announce`` (by their own id) before they are inserted.
Nobody here commits; the pipeline does, once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo_service.core import watch
from geo_service.core.db import SCHEMA
from geo_service.core.models import Dataset, DatasetVersion, IngestRun
from geo_service.core.text import Text
from ingest.gazetteers import Gazetteers
from ingest.report import Rejected, Report, Severity

if TYPE_CHECKING:
    from ingest.reach import Reach
    from ingest.read import Source
    from ingest.recipe import Recipe

_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")

#: Column by which the rows of a table are remembered. Tables keyed by their own id keep one
#: image per row; the others keep all rows of one parent (its codes, its coverage) together.
REMEMBERED: dict[str, str] = {
    "area": "id",
    "org": "id",
    "observation": "id",
    "feature": "id",
    "area_event": "id",
    "area_code": "area_id",
    "region_member": "region_id",
    "org_code": "org_id",
    "org_coverage": "org_id",
}

#: Tables whose rows carry the version that wrote them.
VERSIONED = frozenset({"area", "org", "observation", "feature"})


class Progress(Protocol):
    """Told how far long work has come."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note that ``done`` of ``total`` steps of ``stage`` are finished."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Take no note of progress.

    Parameters
    ----------
    stage : str
        What is being done.
    done : int
        Steps finished.
    total : int or None
        All steps, when known.
    """


def hold_lock(session: Session, progress: Progress = silent) -> None:
    """Wait until no other load runs, and keep others waiting until this transaction ends.

    Whoever serves the data stops trusting its memory when it is committed
    (`geo_service.core.watch`), not before.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    progress : Progress
        Told when another load is being waited for.
    """
    if not session.scalar(_TRY, {"key": watch.LOAD_LOCK}):
        progress("waiting-for-another-load", 0, None)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": watch.LOAD_LOCK})
    watch.change_at_commit(session)


@dataclass(slots=True)
class Writing:
    """Rows being written for one version of a data set, in one transaction.

    ``touched`` collects the subjects (``areas``, ``orgs``, ``indicator:{key}``,
    ``layer:{id}``) whose version rises when it is committed.
    """

    session: Session
    dataset: Dataset
    run: IngestRun
    version: DatasetVersion
    report: Report
    progress: Progress = silent
    touched: set[str] = field(default_factory=set)

    @property
    def version_id(self) -> int:
        """What new rows carry in ``version_id``."""
        return self.version.id

    def reject(
        self,
        *,
        reason: str,
        hint: Text,
        row: int | None = None,
        column: str | None = None,
        said: object = None,
        candidates: Collection[str] = (),
        severity: Severity = "refused",
    ) -> None:
        """Note that a row or a cell was refused, flagged or repaired.

        Parameters
        ----------
        reason : str
            A key of ``ingest.reasons.REASONS``.
        hint : Text
            What is wrong and what the owner of the file can do.
        row : int, optional
            Line in the file, the header being 1; none for the file as a whole.
        column : str, optional
            Heading as the file spells it.
        said : object, optional
            What stood there.
        candidates : collection of str
            What may have been meant.
        severity : {"refused", "flagged", "repaired"}
            What became of it.
        """
        self.report.rejected.append(
            Rejected(
                severity=severity,
                reason=reason,
                hint=hint,
                row=row,
                column=column,
                said=None if said is None else str(said)[:500],
                candidates=tuple(candidates),
            )
        )

    def remember(self, table: str, keys: Collection[int]) -> None:
        """Keep the images of rows before they are changed or deleted.

        The first image within a load is the one that counts; asking twice is harmless.

        Parameters
        ----------
        table : str
            One of ``REMEMBERED``.
        keys : collection of int
            Ids of the rows; of their parents for tables remembered by parent, whose rows of
            that parent (also none) are all put back as they are now.
        """
        if not keys:
            return
        # Both names come from our own closed list.
        key = REMEMBERED[table]
        values = {"version": self.version_id, "name": table, "keys": list(set(keys))}
        # A row this very load inserted has no image: undoing takes it away.
        older = " AND t.version_id IS DISTINCT FROM :version" if table in VERSIONED else ""
        self.session.execute(
            text(
                f"INSERT INTO {SCHEMA}.row_before (version_id, table_name, row_id, image)"  # noqa: S608
                f" SELECT :version, :name, t.{key}, t.*::text FROM {SCHEMA}.{table} t"
                f" WHERE t.{key} = ANY(:keys){older}"
                f" AND NOT EXISTS (SELECT FROM {SCHEMA}.row_before b"
                f" WHERE b.version_id = :version AND b.table_name = :name AND b.row_id = t.{key})"
            ),
            values,
        )
        if key != "id":
            self._mark_empty(values)

    def announce(self, table: str, ids: Collection[int]) -> None:
        """Note rows that this load inserted into a table without versions.

        Parameters
        ----------
        table : str
            One of ``REMEMBERED`` keyed by its own id.
        ids : collection of int
            Ids of the new rows; undoing the load deletes them.
        """
        if ids:
            self._mark_empty({"version": self.version_id, "name": table, "keys": list(set(ids))})

    def _mark_empty(self, values: dict[str, object]) -> None:
        """Store an empty image for keys that have none: nothing stood there before."""
        self.session.execute(
            text(
                f"INSERT INTO {SCHEMA}.row_before (version_id, table_name, row_id, image)"  # noqa: S608
                " SELECT :version, :name, k, '' FROM unnest(CAST(:keys AS bigint[])) k"
                f" WHERE NOT EXISTS (SELECT FROM {SCHEMA}.row_before b"
                " WHERE b.version_id = :version AND b.table_name = :name AND b.row_id = k)"
            ),
            values,
        )

    def count(
        self, *, inserted: int = 0, updated: int = 0, unchanged: int = 0, deleted: int = 0
    ) -> None:
        """Add to the counts of stored rows.

        Parameters
        ----------
        inserted, updated, unchanged, deleted : int
            Rows new, rewritten, found as they were, and removed.
        """
        self.report.inserted += inserted
        self.report.updated += updated
        self.report.unchanged += unchanged
        self.report.deleted += deleted


@dataclass(slots=True, kw_only=True)
class Loading(Writing):
    """One load of one file into one data set, by a recipe."""

    source: Source
    recipe: Recipe
    gazetteers: Gazetteers = field(default_factory=Gazetteers)
    reach: Reach | None = None
