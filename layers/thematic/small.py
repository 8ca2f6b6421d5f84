"""Maps as small as a thumbnail, of many indicators at once: classes and values, no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.errors import Fault
from geo_service.core.periods import Period
from layers.indicators import IndicatorInfo
from layers.thematic import spreads_of
from layers.thematic.choices import USUAL_CLASSES, scheme_of
from layers.thematic.classes import classes_of
from layers.thematic.map import MapClass


@dataclass(frozen=True, slots=True)
class SmallMap:
    """A map of all areas of a level, as `layers.thematic.build` would draw it.

    ``places`` are codes with their values, in the indicator's unit, and the positions of their
    classes; ``total`` is the value of the country.
    """

    indicator: IndicatorInfo
    classes: tuple[MapClass, ...]
    places: tuple[tuple[str, float | None, int], ...]
    total: float | None


def build_all(
    session: Session, wanted: Sequence[tuple[IndicatorInfo, Period]], level: str
) -> Mapping[str, SmallMap]:
    """Build small maps with two questions, however many there are.

    Parameters
    ----------
    session : Session
        Only read.
    wanted : sequence of (IndicatorInfo, Period)
        Each with values of the level in the period.
    level : str
        province, district or subdistrict.

    Returns
    -------
    mapping of str to SmallMap
        By key; what cannot be drawn is left out.
    """
    infos = {info.key: info.as_of(period.end) for info, period in wanted}
    bound = {
        "keys": list(infos),
        "periods": [period.key for _, period in wanted],
        "days": [period.end for _, period in wanted],
        "level": level,
    }
    spreads = spreads_of(session, list(infos), level)
    made = {}
    for row in session.execute(fixed_sql("layers", "thematic_small"), bound):
        info = infos[row.key]
        try:
            classed = classes_of(
                info,
                scheme_of(info, None, USUAL_CLASSES),
                USUAL_CLASSES,
                spread=spreads[row.key],
                shown=list(zip(row.statuses, row.values, strict=True)),
            )
        except Fault:
            # one that cannot be drawn must not take the others with it
            continue
        places = tuple(zip(row.codes, row.values, classed.index, strict=True))
        made[row.key] = SmallMap(info, classed.classes, places, row.total)
    return made
