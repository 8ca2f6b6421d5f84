"""Whom a place is compared with: its type, tier, size, region or province."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.errors import BadParameter
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.cube import places
from layers.cube.places import Places
from layers.cube.query import DEFAULT_SCHEME
from layers.models import PeriodRow, PlaceValue

#: What places of a level may be grouped by; the first is what they are compared by anyway.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "province": ("all", "region", "size"),
    "district": ("all", "province", "region", "size"),
    "subdistrict": ("all", "district", "province", "size"),
    "org": ("kind", "tier", "size", "peers", "province", "region"),
}
NAMES: Final[Mapping[str, Text]] = {
    "all": Text("ทุกแห่งในระดับเดียวกัน", "all of the level"),
    "kind": Text("ประเภทเดียวกัน", "of the same type"),
    "tier": Text("ชั้นเดียวกัน", "of the same tier"),
    "size": Text("ขนาดใกล้เคียงกัน", "of a like size"),
    "peers": Text("ประเภทและขนาดเดียวกัน", "of the same type and size"),
    "region": Text("กลุ่มจังหวัดเดียวกัน", "in the same cluster of provinces"),
    "province": Text("จังหวัดเดียวกัน", "in the same province"),
    "district": Text("อำเภอเดียวกัน", "in the same district"),
}
#: Areas of a like size are those of the same third of their level by registered people.
_PEOPLE: Final = "pop_total"
_THIRDS: Final = (100 / 3, 200 / 3)
THIRDS: Final = (
    Text("หนึ่งในสามที่คนน้อยที่สุด", "the third with the fewest people"),
    Text("หนึ่งในสามตรงกลาง", "the middle third by people"),
    Text("หนึ่งในสามที่คนมากที่สุด", "the third with the most people"),
)


@dataclass(frozen=True, slots=True)
class Peers:
    """Places a place is compared with, itself among them.

    ``group`` names what they share, such as a region; ``ids`` are all their rows.
    """

    by: str
    name: Text
    group: Text
    codes: frozenset[str]
    ids: frozenset[int]


def read(session: Session, level: str, code: str, by: str) -> Peers:
    """Find the peers of a place.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        Of the place.
    code : str
        Of the place.
    by : str
        One of the `GROUPS` of its level.

    Returns
    -------
    Peers
        Of the regions of the provincial clusters.

    Raises
    ------
    BadParameter
        If places of the level are not grouped so, or the place lies in no such group.
    """
    known = GROUPS.get(level, ())
    if by not in known:
        raise BadParameter(
            Text(
                th=f"จัดกลุ่มเทียบเคียงตาม '{by[:20]}' ในระดับนี้ไม่ได้ ที่ใช้ได้: {', '.join(known)}",
                en=f"Places of this level have no peers by '{by[:20]}'; known: {', '.join(known)}",
            ),
            parameter="peers",
            known=list(known),
        )
    every = places.read(session, DEFAULT_SCHEME)
    here = every.at(level)
    if by == "all":
        return _made(by, NAMES[by], here, frozenset(here))
    if by == "size" and level != "org":
        return _of_size(session, every, level, code)
    own = here[code].within.get(by, "") if code in here else ""
    codes = frozenset(one for one, place in here.items() if own and place.within.get(by) == own)
    return _made(by, every.member(by, own), here, codes or frozenset({code}))


def _of_size(session: Session, every: Places, level: str, code: str) -> Peers:
    thirds = remembered(session, ("peer-thirds", level), lambda: _thirds(session, every, level))
    own = thirds.get(code)
    codes = frozenset(one for one, third in thirds.items() if third == own)
    group = THIRDS[own] if own is not None else NAMES["size"]
    return _made("size", group, every.at(level), codes or frozenset({code}))


def _made(by: str, group: Text, here: Mapping[str, places.Place], codes: frozenset[str]) -> Peers:
    ids = frozenset(
        stretch.place_id for code in codes if code in here for stretch in here[code].stretches
    )
    return Peers(by, NAMES[by], group, codes, ids)


def _thirds(session: Session, every: Places, level: str) -> dict[str, int]:
    code_of = {
        stretch.place_id: place.code
        for place in every.at(level).values()
        for stretch in place.stretches
    }
    newest = (
        select(PlaceValue.period_key)
        .join(PeriodRow, PeriodRow.key == PlaceValue.period_key)
        .where(
            PlaceValue.indicator_key == _PEOPLE, PlaceValue.level == level,
            PeriodRow.granularity == "year",
        )
        .order_by(PeriodRow.end.desc())
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    rows = session.execute(
        select(PlaceValue.place_id, PlaceValue.value).where(
            PlaceValue.indicator_key == _PEOPLE, PlaceValue.level == level,
            PlaceValue.period_key == newest, PlaceValue.value.is_not(None),
        )
    ).all()  # fmt: skip
    known = [(code_of[place], float(value or 0.0)) for place, value in rows if place in code_of]
    if not known:
        return {}
    limits = np.percentile([value for _, value in known], _THIRDS)
    return {code: int(np.searchsorted(limits, value, side="right")) for code, value in known}
