"""The places of a scenario, and those that a lever acts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionMember
from geo_service.core.errors import BadRequest
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import periods
from layers.cql2 import read_filter
from layers.cube import places as cube_places
from layers.cube.filter import places_where
from layers.cube.known import names_of
from layers.cube.parts import measures_in, take_apart
from layers.cube.places import Place
from layers.cube.query import DEFAULT_SCHEME
from layers.scenarios.document import Document, Where
from layers.scenarios.plan import refuse

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ground:
    """Places in force, sorted by code; ``within`` are the larger places each lies in.

    ``within`` goes by level and id of the larger place, with the rows that lie in it.
    """

    ids: tuple[int, ...]
    places: tuple[Place, ...]
    area_km2: NDArray[np.float64]
    within: Mapping[tuple[str, int], NDArray[np.int64]]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the places."""
        return tuple(one.code for one in self.places)


def read(session: Session, document: Document) -> Ground:
    """Read the places of a scenario.

    Parameters
    ----------
    session : Session
        Open.
    document : Document
        Says the level.

    Returns
    -------
    Ground
        Regions of every scheme among what they lie in.
    """
    level = document.level
    known = cube_places.read(session, DEFAULT_SCHEME).at(level)
    rows = session.execute(
        select(Area.id, Area.code, Area.area_km2)
        .where(Area.level == level, func.upper_inf(Area.valid))
        .order_by(Area.code)
    ).all()
    rows = [row for row in rows if row.code in known]
    places = tuple(known[row.code] for row in rows)
    within: dict[tuple[str, int], list[int]] = {}
    above = _above(session)
    for at, place in enumerate(places):
        for larger in above.get(place.within.get("province", ""), ()):
            if larger[0] != level:
                within.setdefault(larger, []).append(at)
    return Ground(
        tuple(row.id for row in rows),
        places,
        np.array([float(row.area_km2 or np.nan) for row in rows]),
        {key: np.array(found) for key, found in within.items()},
    )


def chosen(session: Session, where: Where, document: Document, ground: Ground) -> Flags:
    """Find the places that a lever acts on.

    Parameters
    ----------
    session : Session
        Open.
    where : Where
        As it was written.
    document : Document
        With its groups.
    ground : Ground
        All places.

    Returns
    -------
    ndarray of bool, shape (n,)
        At least one is true.
    """
    if where.kind == "country":
        return np.ones(len(ground.ids), dtype=np.bool_)
    if where.kind == "condition":
        found = _meeting(session, where, document.level)
        return _some([one.code in found for one in ground.places], where)
    if where.kind == "regions":
        rows = session.execute(
            select(Area.id, Area.code).where(Area.level == "region", Area.code.in_(where.codes))
        ).all()
        _all_known(where.codes, {row.code for row in rows})
        flags = np.zeros(len(ground.ids), dtype=np.bool_)
        for row in rows:
            flags[ground.within.get(("region", row.id), [])] = True
        return flags
    codes = document.groups[where.text].provinces if where.kind == "group" else where.codes
    _all_known(codes, {one.within.get("province", "") for one in ground.places})
    return _some([one.within.get("province") in codes for one in ground.places], where)


# Provinces by code, with the level and id of themselves and of everything they lie in.
def _above(session: Session) -> dict[str, list[tuple[str, int]]]:
    country = session.scalars(select(Area.id).where(Area.level == "country")).all()
    rows = session.execute(
        select(Area.id, Area.code).where(Area.level == "province", func.upper_inf(Area.valid))
    )
    found = {
        row.code: [("province", row.id), *(("country", one) for one in country)] for row in rows
    }
    for region, province in session.execute(
        select(RegionMember.region_id, RegionMember.province_code)
    ):
        if province in found:
            found[province].append(("region", region))
    return found


def _meeting(session: Session, where: Where, level: str) -> set[str]:
    names = names_of(session)
    try:
        nodes = take_apart(read_filter(where.text, "cql2-text"), names.slices, names.indicators)
        if nodes.slices or nodes.times:
            refuse([_ONLY_PLACES])
        known = periods.known(session)
        keys = measures_in(nodes.places, names.indicators)
        told = {key: known.get((key, level), ()) for key in keys}
        base = {key: _of_year(found, where.base_year) for key, found in told.items()}
        return places_where(
            session, nodes.places, level=level, scheme=DEFAULT_SCHEME, chosen=base, known=told
        )
    except BadRequest as error:
        refuse([Text(th=f"where: {error.detail.th}", en=f"where: {error.detail.en}")])


def _of_year(known: tuple[Period, ...], year: int | None) -> tuple[Period, ...]:
    years = [one for one in known if one.granularity == "year"]
    return tuple(one for one in years if one.year_ce == year) if year else tuple(years[-1:])


def _all_known(codes: tuple[str, ...], known: set[str]) -> None:
    missing = [code for code in codes if code not in known]
    if missing:
        told = ", ".join(missing)
        refuse([Text(th=f"where: ไม่รู้จักรหัส {told}", en=f"where: unknown codes {told}")])


def _some(flags: list[bool], where: Where) -> Flags:
    if not any(flags):
        said = where.text or ", ".join(where.codes)
        refuse([Text(th=f"where: ไม่มีพื้นที่ใดตรงกับ '{said}'", en=f"where: no place meets '{said}'")])
    return np.array(flags, dtype=np.bool_)


_ONLY_PLACES = Text(
    th="where: เงื่อนไขเกี่ยวกับพื้นที่และค่าของพื้นที่เท่านั้น",
    en="where: a condition is about places and their values alone",
)
