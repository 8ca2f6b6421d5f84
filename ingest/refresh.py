"""Bringing what is derived up to date: prepared values, shapes, shares in cells, hexagons.

Each kind remembers what it was made from, so a second refresh finds nothing to do: rows of
shares and hexagons carry versions, the others leave a mark in the table of versions (subject
``built:{kind}``) that holds the sum of the versions they were made from.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA, fixed_sql
from geo_service.core.errors import BadParameter
from geo_service.core.models import DatasetVersion, DataVersion
from geo_service.core.text import Text
from ingest import cells, forecasts, scenarios, shapes, texts, tiles, undo
from ingest.load import Progress, hold_lock, silent
from layers import (
    drawings,
    hexbins,
    hexsubjects,
    indicators,
    place_values,
    registry,
    versions,
)
from layers.analysis.hexgrid import COARSEST, FINEST
from layers.models import Hexbin
from layers.place_relations import place_subjects

DEFAULT_RESOLUTIONS = "5-8"

#: Cells above this resolution would be tens of millions over the country.
_FINEST_KEPT = 9
#: A mark of values is the newest load times this plus the versions of places and catalogue.
_LOAD = 1_000_003
#: Raised when the same observations give other values or hexagons than before: a database that
#: an older version filled is then rebuilt whole. 2: breakdowns, and small counts kept safe.
#: 3: neighbours of small counts, too.
_FORM = 3


@dataclass(frozen=True, slots=True)
class Changed:
    """Subjects (of `layers.versions`) that a caller has changed, and by which load."""

    subjects: frozenset[str] = frozenset()
    load_id: int | None = None


def refresh(
    session: Session,
    *,
    resolutions: str | None = None,
    only_changed: bool = True,
    changed: Changed | None = None,
    withhold_anew: bool = False,
    progress: Progress = silent,
) -> list[str]:
    """Rebuild what is derived and no longer agrees with what it was made from.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    resolutions : str, optional
        H3 resolutions to keep, coarsest-finest: ``5-8`` or a single number. When absent, those
        kept now, or ``5-8`` if there are none.
    only_changed : bool
        False rebuilds everything.
    changed : Changed, optional
        What the caller has just changed in this transaction; anything loaded earlier that is
        not derived yet is found by itself.
    withhold_anew : bool
        Forget which cells were withheld before, and prepare all values.
    progress : Progress
        Told of every step.

    Returns
    -------
    list of str
        What was rebuilt, a line each; empty when all was up to date.
    """
    hold_lock(session, progress)
    kept = hexsubjects.resolutions(session) if resolutions is None else []
    wanted = kept or parse_resolutions(resolutions or DEFAULT_RESOLUTIONS)
    done: list[str] = []
    measure(session)
    is_of_old = not only_changed or _mark_of(session, "form") != _FORM
    done += _refresh_values(
        session, changed or Changed(), everything=is_of_old or withhold_anew, anew=withhold_anew
    )
    done += _refresh_forecasts(session, everything=not only_changed, progress=progress)
    done += _refresh_scenarios(session, everything=not only_changed, progress=progress)
    done += _refresh_shapes(session, everything=not only_changed, progress=progress)
    shared = cells.rebuild_shares(session, wanted, everything=not only_changed, progress=progress)
    outlines = cells.rebuild_outlines(session)
    if shared or outlines:
        # Hexagons follow the areas' version; shares also change when other resolutions are kept.
        versions.bump(session, [hexsubjects.SHARES])
        done.append(f"cell shares: {shared} areas, {outlines} new cells")
    measure(session)
    done += _refresh_hexbins(session, everything=is_of_old, progress=progress)
    _mark(session, "form", _FORM)
    done += _refresh_drawn(session, everything=not only_changed, progress=progress)
    measure(session)
    return done


def indicators_changed(session: Session, keys: Collection[str]) -> None:
    """Prepare the values of indicators whose definition has changed, instead of all.

    Call it right after the version ``catalogue`` has risen by one for them. Where values were
    not up to date before, nothing is done: the next `refresh` prepares all.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    keys : collection of str
        The indicators; none when some were only taken out.
    """
    made_from = _behind_values(session)
    if _mark_of(session, "place_value") == made_from - 1:
        if keys:
            place_values.rebuild(session, keys)
        _mark(session, "place_value", made_from)


def measure(session: Session) -> list[str]:
    """Tell the planner anew about tables that have grown or shrunk much.

    Without it, a first question after a load takes seconds instead of hundredths, until the
    database has looked by itself.

    Parameters
    ----------
    session : Session
        Open in a transaction.

    Returns
    -------
    list of str
        Names of the tables looked at.
    """
    names = list(session.scalars(fixed_sql("ingest", "unmeasured")))
    for name in names:
        # Only an owner may; the function does it for whoever loads.
        session.execute(text(f"SELECT {SCHEMA}.measure(:name)"), {"name": name})
    return names


def parse_resolutions(words: str) -> list[int]:
    """Read which H3 resolutions to keep.

    Parameters
    ----------
    words : str
        ``5-8`` or ``7``.

    Returns
    -------
    list of int
        Coarsest first.

    Raises
    ------
    BadParameter
        If it is neither, or beyond what a country can hold.
    """
    match = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", words)
    first = int(match[1]) if match else FINEST
    last = int(match[2] or match[1]) if match else COARSEST
    if not COARSEST <= first <= last <= _FINEST_KEPT:
        raise BadParameter(
            Text(
                th=f"ความละเอียด '{words}' ไม่ถูกต้อง ตัวอย่าง: 5-8 (0 ถึง {_FINEST_KEPT})",
                en=f"'{words}' is no range of resolutions; write 5-8 (0 to {_FINEST_KEPT})",
            ),
            parameter="resolutions",
        )
    return list(range(first, last + 1))


def _refresh_values(
    session: Session, changed: Changed, *, everything: bool, anew: bool = False
) -> list[str]:
    made_from = _behind_values(session)
    before = _mark_of(session, "place_value")
    if not everything and before == made_from and not changed.subjects:
        return []
    if everything or before is None or before % _LOAD != made_from % _LOAD:
        renewed = place_values.rebuild(session, anew=anew)
    else:
        loads = _loads_since(session, before // _LOAD)
        keys = _indicators(changed.subjects | _touched(session, loads, changed))
        # What an undone load changed cannot be seen any more: its periods may be any.
        is_seen = changed.load_id is not None or not changed.subjects
        bound = {"loads": loads}
        times = list(session.scalars(fixed_sql("ingest", "changed_periods"), bound))
        renewed = place_values.rebuild(session, keys, periods=times if is_seen else None)
    _mark(session, "place_value", made_from)
    return [f"values: {len(renewed)} indicators"] if renewed else []


def _behind_values(session: Session) -> int:
    # Loads have ever larger ids; undoing one takes its id away, so the two must not just add up.
    newest = session.scalar(select(func.coalesce(func.max(DatasetVersion.id), 0))) or 0
    raised = session.scalar(
        select(func.coalesce(func.sum(DataVersion.number), 0)).where(
            DataVersion.subject.in_(["areas", "orgs", "catalogue"])
        )
    )
    return int(newest) * _LOAD + int(raised or 0)


def _loads_since(session: Session, last: int) -> list[int]:
    newer = select(DatasetVersion.id).where(DatasetVersion.id > last)
    return list(session.scalars(newer.order_by(DatasetVersion.id)))


def _touched(session: Session, loads: Collection[int], changed: Changed) -> set[str]:
    # What loads that were left for later have touched; of one we are told.
    others = [load_id for load_id in loads if load_id != changed.load_id]
    return {subject for load_id in others for subject in undo.subjects_of(session, load_id)}


def _indicators(subjects: Collection[str]) -> set[str]:
    prefix = versions.of_indicator("")
    return {one.removeprefix(prefix) for one in subjects if one.startswith(prefix)}


def _refresh_shapes(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    made_from = sum(versions.versions_of(session, ["areas", "orgs"]).values())
    if not everything and _mark_of(session, "shapes") == made_from:
        return []
    made = shapes.rebuild(session, progress=progress)
    _mark(session, "shapes", made_from)
    return [f"shapes for tiles: {made}"]


def _refresh_drawn(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    written = made = 0
    for known in registry.list_all(session):
        if known.family not in {"area", "org", "feature"}:
            continue
        if not everything and drawings.kept_for(session, known) is not drawings.NOTHING:
            continue
        made_from = sum(versions.versions_of(session, place_subjects(known)).values())
        if known.geometry_type != "Point" or known.family == "org":
            written += texts.rebuild(session, known, made_from)
        made += tiles.prepare(session, known, made_from, progress=progress)
        # Told, so that nobody goes on with what is known of the state before.
        _mark(session, f"drawn:{known.id}", made_from)
    texts.forget(session)
    return [f"drawn: {written} texts, {made} tiles"] if written or made else []


def _refresh_forecasts(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    keys = [info.key for info in indicators.list_all(session, components=True)]
    forecasts.forget_others(session, keys)
    made, places = 0, 0
    for number, key in enumerate(keys):
        progress("forecasts", number, len(keys))
        written = forecasts.rebuild(session, key, everything=everything)
        made, places = made + (written > 0), places + written
    return [f"forecasts: {made} indicators, {places} places"] if made else []


def _refresh_hexbins(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    shown = [info for info in indicators.list_all(session) if hexsubjects.is_divisible(info)]
    keys = [info.key for info in shown]
    gone = Hexbin.indicator_key.not_in(keys) if not everything else Hexbin.resolution >= COARSEST
    session.execute(delete(Hexbin).where(gone))
    made, rows = 0, 0
    for number, key in enumerate(keys):
        progress("hexagons", number, len(keys))
        written = hexbins.prepare(session, key)
        made, rows = made + (written > 0), rows + written
    if keys:
        progress("hexagons", len(keys), len(keys))
    return [f"hexagons: {made} indicators, {rows} cells"] if made else []


def _mark_of(session: Session, kind: str) -> int | None:
    return session.scalar(select(DataVersion.number).where(DataVersion.subject == f"built:{kind}"))


def _mark(session: Session, kind: str, made_from: int) -> None:
    statement = insert(DataVersion).values(subject=f"built:{kind}", number=made_from)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["subject"], set_={"number": made_from, "changed_at": func.now()}
        )
    )


def _refresh_scenarios(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    made = scenarios.rebuild(session, everything=everything, progress=progress)
    return [f"scenarios: {made} versions"] if made else []
