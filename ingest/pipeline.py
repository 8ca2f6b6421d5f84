"""The whole way of a file into the database, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core import audit
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from geo_service.core.errors import Fault, Refused, TooLarge
from geo_service.core.models import Dataset, IngestRun
from ingest import codes, observations, remarks, runs
from ingest.gazetteers import Gazetteers
from ingest.load import Loading, Progress, hold_lock, silent
from ingest.reach import check_kind, reach_of
from ingest.read import Source
from ingest.recipe import Recipe, known_recipes, read_recipe
from ingest.report import Rejected, Report
from ingest.rollback import rollback
from ingest.runs import Also, derive
from ingest.size import DEFAULT, Limits

__all__ = ["Also", "Way", "ingest", "known_recipes", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way a file is loaded: for whom, within which limits, and what is done beside it.

    Parameters
    ----------
    name : str, optional
        What the file is called in reports, when it is kept under another name.
    by : By, optional
        Who loads, for the audit log; the person at the command line when absent.
    sender : Principal, optional
        Whose rows these may only be, when he stands for one place.
    also : callable, optional
        Done in the transaction that is committed, last.
    limits : Limits
        What the file may hold; a larger one is refused before it is read.
    resolutions : str, optional
        H3 resolutions to keep, as in ``GEO_RESOLUTIONS``; those kept now when absent.
    progress : Progress
        Told how far the work has come.
    gazetteers : Gazetteers, optional
        Shared by the files of a batch.
    """

    name: str | None = None
    by: audit.By | None = None
    sender: Principal | None = None
    also: Also | None = None
    limits: Limits = DEFAULT
    resolutions: str | None = None
    progress: Progress = silent
    gazetteers: Gazetteers | None = None


PLAIN: Final = Way()


def ingest(
    engine: Engine,
    path: str | Path,
    *,
    recipe: str | Path,
    dry_run: bool = False,
    refresh: bool = True,
    way: Way = PLAIN,
) -> Report:
    """Load one file by a recipe: all of it that can be loaded, or nothing.

    Everything happens in one transaction, which this function commits. A file that is refused
    leaves only the run and its findings behind.

    Parameters
    ----------
    engine : Engine
        Database to load into, with a role that may write.
    path : str or Path
        The file.
    recipe : str or Path
        Name of a recipe that comes with the service, or the path of one's own.
    dry_run : bool
        Whether to do everything but commit.
    refresh : bool
        Whether to rebuild what is derived from the data.
    way : Way
        For whom, within which limits, and what else.

    Returns
    -------
    Report
        Also for a refused file; ``exit_code`` is what a command should end with.

    Raises
    ------
    NotFound
        If there is no such recipe.
    BadRecipe
        If the recipe itself is wrong, whatever the file.
    """
    known = read_recipe(recipe)
    report = Report(known.dataset.id, known.name, way.name or Path(path).name, dry_run=dry_run)
    attempt = _Attempt(engine, known, report, way)
    try:
        source = Source.read(Path(path), way.limits)
        report.file_sha256, report.file_bytes = source.sha256, len(source.data)
        _load(attempt, source, refresh=refresh)
    except _Stop:
        pass
    except Fault as fault:
        _refused(report, fault)
        if not dry_run:
            _record_refusal(attempt, fault)
    return report


class _Stop(Exception):
    """Ends a transaction without keeping it: a dry run."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    engine: Engine
    recipe: Recipe
    report: Report
    way: Way


def _load(attempt: _Attempt, source: Source, *, refresh: bool) -> None:
    recipe, report, way = attempt.recipe, attempt.report, attempt.way
    check_kind(way.sender, recipe.loader)
    with transaction(attempt.engine) as session:
        hold_lock(session, way.progress)
        dataset = _dataset(session, recipe)
        run = runs.begin(session, report, recipe_sha256=recipe.sha256)
        if _is_loaded(session, dataset, recipe, source):
            report.outcome = "already-loaded"
        else:
            version = runs.begin_version(session, dataset, run)
            loading = Loading(
                session, dataset, run, version, report, way.progress,
                source=source, recipe=recipe, gazetteers=way.gazetteers or Gazetteers(),
                reach=reach_of(session, way.sender),
            )  # fmt: skip
            _write(loading)
            if refresh and report.changed:
                derive(
                    session, loading.touched,
                    load_id=version.id, resolutions=way.resolutions, progress=way.progress,
                )  # fmt: skip
        runs.finish(session, run, report)
        runs.note(session, "load", report, way.by)
        if way.also is not None:
            way.also(session, report)
        if report.dry_run:
            raise _Stop


def _write(loading: Loading) -> None:
    _loader_of(loading.recipe)(loading)
    if loading.reach is not None:
        loading.reach.check()
    runs.settle(loading)


def _loader_of(recipe: Recipe) -> Callable[[Loading], None]:
    if recipe.loader in {"areas", "orgs", "features"}:
        # The loaders of shapes need GDAL; tables load on a machine without it.
        found: Callable[[Loading], None] = import_module(f"ingest.{recipe.loader}").load
        return found
    tables: dict[str, Callable[[Loading], None]] = {
        "observations": observations.load,
        "remarks": remarks.load,
        "codes": codes.load,
    }
    return tables[recipe.loader]


def _dataset(session: Session, recipe: Recipe) -> Dataset:
    values = recipe.dataset.model_dump()
    session.execute(
        insert(Dataset)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["id"], set_={k: v for k, v in values.items() if k not in {"id", "kind"}}
        )
    )
    return session.execute(
        select(Dataset)
        .where(Dataset.id == recipe.dataset.id)
        .execution_options(populate_existing=True)
    ).scalar_one()


def _is_loaded(session: Session, dataset: Dataset, recipe: Recipe, source: Source) -> bool:
    # Whether this very file by this very recipe was read before, and nothing that bears on it
    # has changed since: neither the data set, nor the places that refused rows may need.
    before = session.execute(
        select(IngestRun.report["read_at"])
        .where(
            IngestRun.dataset_id == dataset.id,
            IngestRun.file_sha256 == source.sha256,
            IngestRun.recipe_sha256 == recipe.sha256,
            IngestRun.status.in_(["loaded", "loaded-with-rejects"]),
            IngestRun.rows_read > 0,  # not one that only found the file loaded
        )
        .order_by(IngestRun.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    now = runs.read_at(session, dataset)
    if before is None or dataset.version == 0:
        return False
    if before.get("refused") and recipe.remarks is not None:
        return False  # values that the remarks are about may be there by now
    # A file of which no row was refused is not read again because places were added.
    kept = list(now) if before.get("refused") else ["dataset"]
    return all(before.get(name) == now[name] for name in kept)


def _refused(report: Report, fault: Fault) -> None:
    report.outcome = "refused"
    report.message = fault.detail
    report.inserted = report.updated = report.unchanged = report.deleted = 0
    report.version = None
    report.rejected.insert(0, Rejected("refused", fault.code, fault.detail))


def _record_refusal(attempt: _Attempt, fault: Fault) -> None:
    # A transaction of its own: the one that loaded is gone with everything in it.
    recipe, report, way = attempt.recipe, attempt.report, attempt.way
    with transaction(attempt.engine) as session:
        hold_lock(session)
        _dataset(session, recipe)
        run = runs.begin(session, report, recipe_sha256=recipe.sha256)
        runs.finish(session, run, report)
        outcome: audit.Outcome = "refused" if isinstance(fault, Refused | TooLarge) else "failed"
        run.status = outcome
        runs.note(session, "load", report, way.by, outcome=outcome)
        if way.also is not None:
            way.also(session, report)
