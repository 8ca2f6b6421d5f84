"""Which indicators have values, at which levels and in which periods: what a reader may pick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.periods import Period
from layers import periods
from layers.indicators import IndicatorInfo
from layers.models import PLACE_LEVELS, PlaceValue


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator that has values; periods earliest first, by level, coarsest level first."""

    info: IndicatorInfo
    periods: dict[str, tuple[Period, ...]]

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels that have values, coarsest first."""
        return tuple(self.periods)

    def latest(self, level: str) -> Period:
        """Return the last period of a level.

        Parameters
        ----------
        level : str
            One of ``levels``.

        Returns
        -------
        Period
            The one that ends last.
        """
        return self.periods[level][-1]


def read(session: Session, infos: Sequence[IndicatorInfo]) -> list[Measured]:
    """Find what is measured of some indicators.

    Parameters
    ----------
    session : Session
        Only read.
    infos : sequence of IndicatorInfo
        In the order wanted.

    Returns
    -------
    list of Measured
        Only indicators with at least one value.
    """
    known = periods.known(session)
    found = [
        Measured(
            info,
            {level: known[info.key, level] for level in PLACE_LEVELS if (info.key, level) in known},
        )
        for info in infos
    ]
    return [one for one in found if one.periods]


def values_of(
    session: Session, key: str, level: str, periods: Sequence[str]
) -> dict[str, dict[int, float]]:
    """Read the values of all places of a level in some periods.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Of the indicator.
    level : str
        Level of the places.
    periods : sequence of str
        Keys of periods.

    Returns
    -------
    dict of str to dict of int to float
        By period and id of the place, in the indicator's unit; places with a value alone.
    """
    rows = session.execute(
        select(PlaceValue.period_key, PlaceValue.place_id, PlaceValue.value).where(
            PlaceValue.indicator_key == key,
            PlaceValue.level == level,
            PlaceValue.period_key.in_(periods),
            PlaceValue.value.is_not(None),
        )
    )
    found: dict[str, dict[int, float]] = {}
    for period, place, value in rows:
        found.setdefault(period, {})[place] = float(value or 0.0)
    return found
