"""Scenarios as they were kept, with what was calculated of them (see ``ingest.scenarios``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area
from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.periods import Period, parse_period
from geo_service.core.text import Text
from layers import indicators
from layers.indicators import IndicatorInfo
from layers.scenarios.document import Document, from_canonical
from layers.scenarios.models import (
    LEVELS,
    Scenario,
    ScenarioResult,
    ScenarioRun,
    ScenarioVersion,
)

#: Subject of `layers.versions` that rises with every change of a scenario or its results.
SUBJECT = "scenarios"
#: All places together that a lever acts on; it is no area.
ACTED_ON = "acted-on"
ACTED_ON_NAME = Text(th="ทุกพื้นที่ที่คันโยกมีผล", en="All places that a lever acts on")
_DEFAULT_LEVELS = ("country", ACTED_ON)


@dataclass(frozen=True, slots=True)
class Summary:
    """A scenario in the list: its newest version, and why it has no results, if so."""

    name: str
    number: int
    document: Document
    created_at: datetime
    refused: Text | None


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An indicator at a place, in the indicator's unit.

    ``baseline``, ``scenario`` and ``difference`` have shape (5, years): lower 95 and 80, middle,
    upper 80 and 95; NaN where there is nothing.
    """

    indicator: str
    level: str
    place_id: int
    code: str
    name: Text
    baseline: NDArray[np.float64]
    scenario: NDArray[np.float64]
    difference: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A version of a scenario with its results; ``versions`` are all there are, oldest first.

    ``indicators`` are those it acts on and shows, ``names`` those of the whole catalogue;
    ``places`` are the regions and provinces that its levers name, by code.
    """

    document: Document
    row: ScenarioVersion
    run: ScenarioRun | None
    versions: tuple[ScenarioVersion, ...]
    indicators: dict[str, IndicatorInfo]
    names: dict[str, Text]
    places: dict[str, Text]
    periods: tuple[Period, ...]
    lines: tuple[Line, ...] = field(repr=False)

    @property
    def refused(self) -> Text | None:
        """Why there are no results."""
        return _refused(self.run)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Keys of the indicators that have results, as the scenario names them."""
        there = {line.indicator for line in self.lines}
        named = (*self.document.outcomes, *self.indicators)
        return tuple(dict.fromkeys(key for key in named if key in there))


def list_all(session: Session) -> tuple[Summary, ...]:
    """List the scenarios.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    tuple of Summary
        The newest version of each, by name.
    """
    rows = session.execute(
        select(ScenarioVersion, ScenarioRun)
        .join(Scenario, Scenario.name == ScenarioVersion.name)
        .outerjoin(
            ScenarioRun,
            (ScenarioRun.name == ScenarioVersion.name)
            & (ScenarioRun.number == ScenarioVersion.number),
        )
        .where(Scenario.removed_at.is_(None))
        .order_by(ScenarioVersion.name, ScenarioVersion.number)
    )
    newest = {row.name: (row, run) for row, run in rows}
    return tuple(
        Summary(name, row.number, from_canonical(row.document), row.created_at, _refused(run))
        for name, (row, run) in newest.items()
    )


def read(
    session: Session,
    name: str,
    *,
    version: int | None = None,
    indicator: str | None = None,
    level: str | None = None,
    codes: Sequence[str] = (),
) -> Found:
    """Read a scenario and what it gives.

    Parameters
    ----------
    session : Session
        Open.
    name : str
        Of the scenario.
    version : int, optional
        The newest when absent.
    indicator : str, optional
        Only this one of its outcomes.
    level : str, optional
        Only these places; the country, all places acted on together and the scenario's own
        level when absent.
    codes : sequence of str
        Only these places, whatever their level.

    Returns
    -------
    Found
        Places by level and code.

    Raises
    ------
    BadParameter
        If there is no such level.
    NotFound
        If there is no such scenario, version, outcome or place.
    """
    if level is not None and level not in LEVELS:
        raise BadParameter(
            Text(th=f"level คือ {', '.join(LEVELS)}", en=f"level is one of {', '.join(LEVELS)}"),
            parameter="level",
        )
    rows = _versions(session, name)
    row = (
        rows[-1] if version is None else next((one for one in rows if one.number == version), None)
    )
    if row is None:
        raise NotFound(
            Text(
                th=f"ฉากทัศน์ '{name}' ไม่มีรุ่น {version} มีถึงรุ่น {rows[-1].number}",
                en=f"Scenario '{name}' has no version {version}; the newest is {rows[-1].number}",
            ),
            version=version,
        )
    document = from_canonical(row.document)
    run = session.get(ScenarioRun, (name, row.number))
    levels = (level,) if level else LEVELS if codes else (*_DEFAULT_LEVELS, document.level)
    lines = _lines(session, row, levels, codes)
    keys = dict.fromkeys((*document.outcomes, *(line.indicator for line in lines)))
    keys |= dict.fromkeys(lever.indicator for lever in document.levers)
    infos = {one.key: one for one in indicators.list_all(session, components=True)}
    if indicator is not None:
        _known_outcome(indicator, {line.indicator for line in lines}, document)
        lines = tuple(line for line in lines if line.indicator == indicator)
    missing = sorted(set(codes) - {line.code for line in lines})
    if missing:
        raise NotFound(
            Text(
                th=f"ฉากทัศน์นี้ไม่มีผลของพื้นที่ {', '.join(missing)}",
                en=f"This scenario has no results for {', '.join(missing)}",
            ),
            missing=missing,
        )
    return Found(
        document,
        row,
        run,
        rows,
        {key: infos[key] for key in keys if key in infos},
        {key: one.name for key, one in infos.items()},
        _places(session, document),
        tuple(parse_period(key) for key in (run.periods if run else ())),
        lines,
    )


def _versions(session: Session, name: str) -> tuple[ScenarioVersion, ...]:
    rows = session.scalars(
        select(ScenarioVersion)
        .join(Scenario, Scenario.name == ScenarioVersion.name)
        .where(Scenario.removed_at.is_(None), ScenarioVersion.name == name)
        .order_by(ScenarioVersion.number)
    ).all()
    if not rows:
        shown = session.scalars(select(Scenario.name).where(Scenario.removed_at.is_(None))).all()
        near = get_close_matches(name, shown, n=3)
        hint = Text(
            th=f" ใกล้เคียงที่สุดคือ {', '.join(near)}" if near else "",
            en=f"; the nearest are {', '.join(near)}" if near else "",
        )
        raise NotFound(
            Text(th=f"ไม่มีฉากทัศน์ '{name}'{hint.th}", en=f"There is no scenario '{name}'{hint.en}"),
            scenario=name,
            nearest=near,
        )
    return tuple(rows)


def _places(session: Session, document: Document) -> dict[str, Text]:
    codes = {code for lever in document.levers for code in lever.where.codes}
    if not codes:
        return {}
    rows = session.execute(
        select(Area.code, Area.name_th, Area.name_en).where(
            Area.level.in_(("region", "province")), Area.code.in_(codes), func.upper_inf(Area.valid)
        )
    )
    return {code: Text(th=th, en=en) for code, th, en in rows}


def _known_outcome(indicator: str, there: set[str], document: Document) -> None:
    if indicator in there or indicator in document.outcomes:
        return
    told = ", ".join(sorted(there)) or "-"
    raise NotFound(
        Text(
            th=f"ฉากทัศน์นี้ไม่มีผลของ '{indicator}' มี {told}",
            en=f"This scenario has no results of '{indicator}', but of {told}",
        ),
        indicator=indicator,
    )


def _lines(
    session: Session, row: ScenarioVersion, levels: Sequence[str], codes: Sequence[str]
) -> tuple[Line, ...]:
    statement = (
        select(ScenarioResult, Area.code, Area.name_th, Area.name_en)
        .outerjoin(
            Area, (Area.id == ScenarioResult.place_id) & (Area.level == ScenarioResult.level)
        )
        .where(
            ScenarioResult.name == row.name,
            ScenarioResult.number == row.number,
            ScenarioResult.level.in_(levels),
        )
    )
    if codes:
        statement = statement.where(func.coalesce(Area.code, ACTED_ON).in_(codes))
    lines = [
        Line(
            one.indicator_key,
            one.level,
            one.place_id,
            ACTED_ON if one.level == ACTED_ON else code,
            ACTED_ON_NAME if one.level == ACTED_ON else Text(th=name_th, en=name_en),
            *(
                np.array(rows, dtype=np.float64)
                for rows in (one.baseline, one.scenario, one.difference)
            ),
        )
        for one, code, name_th, name_en in session.execute(statement)
        if one.level == ACTED_ON or code is not None
    ]
    rank = {level: at for at, level in enumerate(("country", ACTED_ON, "region", "province"))}
    return tuple(sorted(lines, key=lambda one: (rank.get(one.level, 9), one.code, one.indicator)))


def _refused(run: ScenarioRun | None) -> Text | None:
    if run is None:
        return Text(
            th="ยังไม่ได้คำนวณ สั่ง geo-service refresh",
            en="not calculated yet; run geo-service refresh",
        )
    return Text(th=run.refused_th, en=run.refused_en) if run.refused_th else None
