"""Scenarios brought in, taken out, and calculated anew when the data has changed.

A scenario is never changed: what is written under the same name is its next version. Results of
every version are calculated from the forecasts as they are now; rows carry the versions of
the data they were made from, and agree with them or are made again at the next refresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from geo_service.core.db import transaction
from geo_service.core.errors import BadScenario, NotFound
from geo_service.core.text import Text
from ingest.load import Progress, hold_lock, silent
from ingest.recipe import nearest
from ingest.scenario_file import read_file
from layers import indicators, versions
from layers.indicators import IndicatorInfo
from layers.scenarios import SUBJECT, making
from layers.scenarios.document import Document, from_canonical
from layers.scenarios.futures import DRAWS
from layers.scenarios.models import Scenario, ScenarioResult, ScenarioRun, ScenarioVersion

_FOLDER = "ready_scenarios"

Catalogue = Mapping[str, IndicatorInfo]


@dataclass(frozen=True, slots=True)
class Added:
    """The version a scenario now has; ``is_new`` unless it said the same before."""

    name: str
    number: int
    hash: str
    is_new: bool
    notes: tuple[Text, ...]


def add(engine: Engine, path: Path, *, dry_run: bool = False) -> Added:
    """Bring the scenario of a file in, and calculate it.

    Parameters
    ----------
    engine : Engine
        Of the database.
    path : Path
        ``.toml``.
    dry_run : bool
        Do all but keep it.

    Returns
    -------
    Added
        Its version.
    """
    document = read_file(path)
    with transaction(engine) as session:
        hold_lock(session)
        added = create(session, document=document)
        if dry_run:
            session.rollback()
    return added


def create(
    session: Session, *, document: Document, author: str | None = None, is_ready: bool = False
) -> Added:
    """Keep a scenario as a new version and calculate it.

    Parameters
    ----------
    session : Session
        Open in a transaction that may write; the caller commits.
    document : Document
        As it was written.
    author : str, optional
        Who asks, when that is known better than the document does.
    is_ready : bool
        Whether it comes with the service.

    Returns
    -------
    Added
        Its version; the newest one as it was, if that says the same.
    """
    if author is not None:
        document = from_canonical({**document.canonical, "author": author})
    catalogue = _catalogue(session)
    made = making.make(session, document, catalogue)
    row = session.get(Scenario, document.name)
    latest = _latest(session, document.name)
    if latest is not None and row is not None and latest.hash == document.hash:
        is_new = row.removed_at is not None
        row.removed_at = None
        number = latest.number
    else:
        number, is_new = (latest.number if latest else 0) + 1, True
        _keep_version(session, document, number, is_ready=is_ready)
    _store(session, (document.name, number), made, _versions(session, document, catalogue))
    versions.bump(session, [SUBJECT])
    return Added(document.name, number, document.hash, is_new, made.notes)


def remove(session: Session, name: str) -> None:
    """Take a scenario out: it is no longer shown. What it said is kept.

    Parameters
    ----------
    session : Session
        Open in a transaction that may write; the caller commits.
    name : str
        Of the scenario.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(Scenario, name)
    if row is None or row.removed_at is not None:
        shown = select(Scenario.name).where(Scenario.removed_at.is_(None))
        near = ", ".join(nearest(name, session.scalars(shown).all())) or "-"
        raise NotFound(
            Text(
                th=f"ไม่มีฉากทัศน์ '{name}' ที่ใกล้เคียง: {near}",
                en=f"There is no scenario '{name}'; the nearest: {near}",
            ),
            scenario=name,
        )
    row.removed_at = func.now()
    _forget(session, name)
    versions.bump(session, [SUBJECT])


def author_of(session: Session, name: str) -> str | None:
    """Tell who wrote the newest version of a scenario that is shown.

    Parameters
    ----------
    session : Session
        Open.
    name : str
        Of the scenario.

    Returns
    -------
    str or None
        ``None`` when there is none.
    """
    row, latest = session.get(Scenario, name), _latest(session, name)
    is_shown = row is not None and row.removed_at is None
    return latest.author if latest is not None and is_shown else None


def rebuild(session: Session, *, everything: bool = False, progress: Progress = silent) -> int:
    """Calculate what is no longer from the data as it is now; bring in what comes ready.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    everything : bool
        Whether to calculate all in any case.
    progress : Progress
        Told of every scenario.

    Returns
    -------
    int
        Versions calculated.
    """
    catalogue = _catalogue(session)
    done = _add_ready(session)
    rows = session.scalars(
        select(ScenarioVersion)
        .join(Scenario, Scenario.name == ScenarioVersion.name)
        .where(Scenario.removed_at.is_(None))
        .order_by(ScenarioVersion.name, ScenarioVersion.number)
    ).all()
    for at, row in enumerate(rows):
        progress("scenarios", at, len(rows))
        document = from_canonical(row.document)
        state = _versions(session, document, catalogue)
        run = session.get(ScenarioRun, (row.name, row.number))
        if run is not None and run.versions == state and not everything:
            continue
        try:
            made: making.Result | BadScenario = making.make(session, document, catalogue)
        except BadScenario as error:
            made = error
        _store(session, (row.name, row.number), made, state)
        done += 1
    if done:
        versions.bump(session, [SUBJECT])
    return done


def ready() -> tuple[Document, ...]:
    """Read the scenarios that come with the service.

    Returns
    -------
    tuple of Document
        By name.
    """
    return _ready()


@cache
def _ready() -> tuple[Document, ...]:
    found = []
    for entry in sorted(files("ingest").joinpath(_FOLDER).iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".toml"):
            with as_file(entry) as path:
                found.append(read_file(path))
    return tuple(found)


# Those that come ready are added where their indicators have forecasts, once each text.
def _add_ready(session: Session) -> int:
    done = 0
    for document in _ready():
        row = session.get(Scenario, document.name)
        if row is not None and (not row.is_ready or row.removed_at is not None):
            continue
        latest = _latest(session, document.name)
        if latest is not None and latest.hash == document.hash:
            continue
        try:
            with session.begin_nested():
                create(session, document=document, is_ready=True)
        except BadScenario:
            continue
        done += 1
    return done


def _catalogue(session: Session) -> dict[str, IndicatorInfo]:
    return {one.key: one for one in indicators.list_all(session, components=True)}


def _latest(session: Session, name: str) -> ScenarioVersion | None:
    return session.scalar(
        select(ScenarioVersion)
        .where(ScenarioVersion.name == name)
        .order_by(ScenarioVersion.number.desc())
        .limit(1)
    )


def _keep_version(session: Session, document: Document, number: int, *, is_ready: bool) -> None:
    row = session.get(Scenario, document.name)
    if row is None:
        session.add(Scenario(name=document.name, is_ready=is_ready))
        session.flush()
    else:
        row.is_ready, row.removed_at = is_ready, None
    canonical = document.canonical
    session.add(
        ScenarioVersion(
            name=document.name, number=number,
            title_th=document.title.th, title_en=document.title.en, author=document.author,
            assumptions_th="\n".join(one.th for one in document.assumptions),
            assumptions_en="\n".join(one.en for one in document.assumptions),
            levers=canonical["levers"], document=canonical, hash=document.hash,
        )
    )  # fmt: skip
    session.flush()


def _versions(session: Session, document: Document, catalogue: Catalogue) -> dict[str, int]:
    keys = {key for one in _named(document) for key in _with_parts(one, catalogue)}
    layers = {f"layer:{one.layer}" for one in document.counts if one.layer}
    subjects = ["areas", "orgs", "catalogue", *map(versions.of_indicator, sorted(keys))]
    subjects += sorted(layers)
    return versions.versions_of(session, subjects)


def _named(document: Document) -> Iterator[str]:
    yield from document.outcomes
    yield from (one.indicator for one in document.levers)
    for count in document.counts:
        yield from making.keys_named(count)


def _with_parts(key: str, catalogue: Catalogue) -> Iterator[str]:
    yield key
    if key in catalogue:
        for part in catalogue[key].parts:
            yield from _with_parts(part, catalogue)


def _store(
    session: Session,
    which: tuple[str, int],
    made: making.Result | BadScenario,
    state: Mapping[str, int],
) -> None:
    name, number = which
    _forget(session, name, number)
    said: dict[str, Any] = {
        "name": name, "number": number,
        "made_from": sum(state.values()), "versions": dict(state),
    }  # fmt: skip
    if isinstance(made, BadScenario):
        said |= {"refused_th": made.detail.th, "refused_en": made.detail.en}
        session.add(ScenarioRun(**said))
        session.flush()
        return
    session.add(
        ScenarioRun(
            **said, periods=list(made.periods), draws=DRAWS, shared=dict(made.shared),
            acts_on=list(made.acts_on), counts=list(made.counts),
            notes=[[one.th, one.en] for one in made.notes],
        )
    )  # fmt: skip
    session.flush()
    rows = [{"name": name, "number": number, **row} for row in made.rows]
    if rows:
        session.execute(insert(ScenarioResult), rows)


def _forget(session: Session, name: str, number: int | None = None) -> None:
    for table in (ScenarioResult, ScenarioRun):
        statement = delete(table).where(table.name == name)
        if number is not None:
            statement = statement.where(table.number == number)
        session.execute(statement)
    session.expire_all()
