"""Bringing what is derived up to date: prepared values, shapes, shares in cells, hexagons.

Each kind remembers what it was made from, so a second refresh finds nothing to do: rows of
shares and hexagons carry versions, the others leave a mark in the table of versions (subject
``built:{kind}``) that holds the sum of the versions they were made from.
"""

from __future__ import annotations

import re

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.errors import BadParameter
from geo_service.core.models import DatasetVersion, DataVersion
from geo_service.core.text import Text
from ingest import cells, shapes
from ingest.load import Progress, hold_lock, silent
from layers import hexbins, hexsubjects, indicators, place_values, versions
from layers.analysis.hexgrid import COARSEST, FINEST
from layers.models import Hexbin

#: Cells above this resolution would be tens of millions over the country.
_FINEST_KEPT = 9


def refresh(
    session: Session,
    *,
    resolutions: str = "5-8",
    only_changed: bool = True,
    values: bool = True,
    progress: Progress = silent,
) -> list[str]:
    """Rebuild what is derived and no longer agrees with what it was made from.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    resolutions : str
        H3 resolutions to keep, coarsest-finest: ``5-8`` or a single number.
    only_changed : bool
        False rebuilds everything.
    values : bool
        False when the caller has just rebuilt the prepared values itself.
    progress : Progress
        Told of every step.

    Returns
    -------
    list of str
        What was rebuilt, a line each; empty when all was up to date.
    """
    wanted = parse_resolutions(resolutions)
    hold_lock(session, progress)
    done: list[str] = []
    done += _refresh_values(session, values=values, everything=not only_changed)
    done += _refresh_shapes(session, everything=not only_changed, progress=progress)
    shared = cells.rebuild_shares(session, wanted, everything=not only_changed, progress=progress)
    outlines = cells.rebuild_outlines(session)
    if shared or outlines:
        # Hexagons follow the areas' version; shares also change when other resolutions are kept.
        versions.bump(session, [hexsubjects.SHARES])
        done.append(f"cell shares: {shared} areas, {outlines} new cells")
    done += _refresh_hexbins(session, everything=not only_changed, progress=progress)
    return done


def parse_resolutions(text: str) -> list[int]:
    """Read which H3 resolutions to keep.

    Parameters
    ----------
    text : str
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
    match = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", text)
    first = int(match[1]) if match else FINEST
    last = int(match[2] or match[1]) if match else COARSEST
    if not COARSEST <= first <= last <= _FINEST_KEPT:
        raise BadParameter(
            Text(
                th=f"ความละเอียด '{text}' ไม่ถูกต้อง ตัวอย่าง: 5-8 (0 ถึง {_FINEST_KEPT})",
                en=f"'{text}' is no range of resolutions; write 5-8 (0 to {_FINEST_KEPT})",
            ),
            parameter="resolutions",
        )
    return list(range(first, last + 1))


def _refresh_values(session: Session, *, values: bool, everything: bool) -> list[str]:
    # Loads have ever larger ids; undoing one takes its id away, so the two must not just add up.
    loads = session.scalar(select(func.coalesce(func.max(DatasetVersion.id), 0))) or 0
    raised = session.scalar(
        select(func.coalesce(func.sum(DataVersion.number), 0)).where(
            DataVersion.subject.in_(["areas", "orgs", "catalogue"])
        )
    )
    made_from = int(loads) * 1_000_003 + int(raised or 0)
    if not values:
        _mark(session, "place_value", made_from)
        return []
    if not everything and _mark_of(session, "place_value") == made_from:
        return []
    changed = place_values.rebuild(session)
    _mark(session, "place_value", made_from)
    return [f"values: {len(changed)} indicators"] if changed else []


def _refresh_shapes(session: Session, *, everything: bool, progress: Progress) -> list[str]:
    made_from = sum(versions.versions_of(session, ["areas", "orgs"]).values())
    if not everything and _mark_of(session, "shapes") == made_from:
        return []
    made = shapes.rebuild(session, progress=progress)
    _mark(session, "shapes", made_from)
    return [f"shapes for tiles: {made}"]


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
