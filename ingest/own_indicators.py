"""Indicators of one's own brought into the catalogue, and taken out again.

What comes with the service cannot be changed this way. Values of a formula are there at once;
those of an observed indicator come with the first load that names it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, exists, select
from sqlalchemy.orm import Session

from geo_service.core.db import transaction
from geo_service.core.errors import BadIndicator, Conflict, NotFound
from geo_service.core.text import Text
from ingest import refresh
from ingest.catalogue import shipped_keys, write_rows
from ingest.indicator_file import BreakPart, about, read_file, refuse
from ingest.indicator_forms import form
from ingest.load import Progress, hold_lock, silent
from ingest.recipe import nearest
from layers import versions
from layers.models import Indicator, Observation, PlaceValue, SeriesBreak


@dataclass(frozen=True, slots=True)
class Added:
    """What a file brought: keys written, and things worth a look."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    remarks: tuple[Text, ...]


def add(
    engine: Engine,
    path: Path,
    *,
    dry_run: bool = False,
    resolutions: str | None = None,
    progress: Progress = silent,
) -> Added:
    """Bring the indicators and breaks of a file into the catalogue, all or none.

    Parameters
    ----------
    engine : Engine
        Of the database.
    path : Path
        ``.toml`` or ``.csv``.
    dry_run : bool
        Do all but keep it.
    resolutions : str, optional
        H3 resolutions of the hexagons, coarsest-finest; those kept now when absent.
    progress : Progress
        Told how far the work has come.

    Returns
    -------
    Added
        An indicator that is there already with other words or another formula is changed.

    Raises
    ------
    BadIndicator
        If one cannot be formed, or has the key of one that comes with the service.
    """
    said = read_file(path)
    with transaction(engine) as session:
        hold_lock(session, progress)
        known = _rows(session)
        made: dict[str, dict[str, Any]] = {}
        faults, remarks = [], []
        for key, part in said.indicators.items():
            if key in shipped_keys():
                faults.append(about(key, _SHIPPED))
                continue
            try:
                rows, notes = form(key, part, known | made)
            except BadIndicator as error:
                faults.append(about(key, error.detail))
                continue
            made |= rows
            remarks += [about(key, note) for note in notes]
        refuse(faults + _unknown_in(said.breaks, known.keys() | made.keys()))
        written = _write(session, list(made.values()), said.breaks)
        if written:
            refresh.indicators_changed(session, written)
            refresh.refresh(session, resolutions=resolutions, progress=progress)
        if dry_run:
            session.rollback()
    kept = tuple(key for key in made if key not in written)
    return Added(tuple(sorted(written)), kept, tuple(remarks))


def remove(engine: Engine, key: str) -> None:
    """Take an indicator of one's own out of the catalogue, with its derived values.

    Parameters
    ----------
    engine : Engine
        Of the database.
    key : str
        Key of the indicator.

    Raises
    ------
    NotFound
        If there is none.
    Conflict
        If it comes with the service, others are made from it, or values were loaded for it.
    """
    with transaction(engine) as session:
        hold_lock(session)
        known = _rows(session)
        if key not in known:
            near = ", ".join(nearest(key, known)) or "-"
            raise NotFound(
                Text(
                    th=f"ไม่มีตัวชี้วัด '{key}' ที่ใกล้เคียง: {near}",
                    en=f"There is no indicator '{key}'; the nearest: {near}",
                )
            )
        if key in shipped_keys():
            raise Conflict(_SHIPPED)
        made_from_it = [
            one
            for one, row in known.items()
            if key in {*row["numerator_keys"], row["denominator_key"], row["weight_key"]}
        ]
        if made_from_it:
            names = ", ".join(made_from_it)
            raise Conflict(Text(th=f"ยังใช้คำนวณ {names}", en=f"Still needed for {names}"))
        if session.scalar(select(exists().where(Observation.indicator_key == key))):
            raise Conflict(
                Text(
                    th="มีค่าที่นำเข้าแล้ว ยกเลิกการนำเข้านั้นก่อน",
                    en="Values were loaded for it; undo those loads first",
                )
            )
        gone = [key, *(one for one in known if one == f"{key}_base")]
        session.execute(delete(PlaceValue).where(PlaceValue.indicator_key.in_(gone)))
        session.execute(delete(Indicator).where(Indicator.key.in_(gone)))
        versions.bump(session, ["catalogue"])
        refresh.indicators_changed(session, ())
        refresh.refresh(session)


_SHIPPED = Text(
    th="เป็นตัวชี้วัดที่มากับระบบ เปลี่ยนด้วยวิธีนี้ไม่ได้",
    en="It comes with the service and is not changed this way",
)


def _rows(session: Session) -> dict[str, dict[str, Any]]:
    names = [column.name for column in Indicator.__table__.columns]
    return {
        row.key: {name: getattr(row, name) for name in names}
        for row in session.scalars(select(Indicator))
    }


def _unknown_in(breaks: Sequence[BreakPart], known: Collection[str]) -> list[Text]:
    missing = [key for one in breaks for key in one.indicators if key not in known]
    words = Text(th="ไม่มีตัวชี้วัดนี้", en="there is no such indicator")
    return [about(key, words) for key in missing]


def _write(session: Session, rows: list[dict[str, Any]], breaks: Sequence[BreakPart]) -> set[str]:
    dated = [
        {
            "indicator_key": key,
            "effective": one.effective,
            "note_th": one.note[0],
            "note_en": one.note[1],
            "source": one.source,
        }
        for one in breaks
        for key in one.indicators
    ]
    written = set(write_rows(session, Indicator.__table__, rows, "key"))
    broken = set(write_rows(session, SeriesBreak.__table__, dated, "indicator_key, effective"))
    if written or broken:
        versions.bump(session, ["catalogue", *map(versions.of_indicator, broken - written)])
    return written | broken
