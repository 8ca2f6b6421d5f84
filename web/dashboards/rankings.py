"""How sure a ranking is: intervals of shares made of counts, else how ranks moved of late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from geo_service.deps import SessionDep
from layers import indicators, measured
from layers.analysis.small_numbers import rank_ends, wilson
from layers.indicators import IndicatorInfo
from layers.thematic import MapPlace, ThematicMap

#: Units of what is counted one by one, so that chance in small numbers is known.
_COUNTED: Final = ("persons", "houses")
#: So many periods, the one shown among them, tell how ranks move.
_PERIODS: Final = 3


@dataclass(frozen=True, slots=True)
class Sure:
    """Between which ranks places lie, by code, and between which values where that is known.

    ``remark`` names the words that say what the brackets are.
    """

    remark: str = ""
    ranks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def written(self, code: str, rank: int) -> str:
        """Write between which ranks a place lies.

        Parameters
        ----------
        code : str
            Of the place.
        rank : int
            That of its value.

        Returns
        -------
        str
            ``3–7``; empty where nothing is known.
        """
        best, worst = self.ranks.get(code, (0, 0))
        if not best:
            return ""
        best, worst = min(best, rank), max(worst, rank)
        return str(best) if best == worst else f"{best}–{worst}"

    def drawn(self, code: str, most: float) -> tuple[float, float] | None:
        """Place the interval of a value on its bar.

        Parameters
        ----------
        code : str
            Of the place.
        most : float
            The value at the end of the bar, in the indicator's unit.

        Returns
        -------
        tuple of float or None
            Per cent of the bar.
        """
        if code not in self.ends or most <= 0:
            return None
        low, high = self.ends[code]
        return round(100 * low / most, 2), round(100 * high / most, 2)


def ranks_of(places: Sequence[MapPlace]) -> dict[str, int]:
    """Rank places by their values, the highest first; equal values share a rank.

    Parameters
    ----------
    places : sequence of MapPlace
        All with a value.

    Returns
    -------
    dict of str to int
        By code.
    """
    values = np.sort([place.value or 0.0 for place in places])
    above = len(places) - np.searchsorted(
        values, [place.value or 0.0 for place in places], side="right"
    )
    return {place.code: 1 + int(more) for place, more in zip(places, above, strict=True)}


def how_sure(session: SessionDep, drawn: ThematicMap, known: Sequence[MapPlace]) -> Sure:
    """Tell how sure the ranks of some places are.

    Parameters
    ----------
    session : Session
        Only read.
    drawn : ThematicMap
        The map they are of.
    known : sequence of MapPlace
        Those that are ranked, all with a value.

    Returns
    -------
    Sure
        Empty for differences, and where there is one period alone.
    """
    if drawn.against is not None:
        return Sure()
    if _is_counted(session, drawn.indicator) and _have_parts(known):
        return _of_counts(known)
    return _of_late(session, drawn, known)


def _have_parts(known: Sequence[MapPlace]) -> bool:
    return all(
        one.numerator is not None and one.denominator and 0 <= one.numerator <= one.denominator
        for one in known
    )


def _is_counted(session: SessionDep, info: IndicatorInfo) -> bool:
    if info.unit.en != "%" or info.space_agg != "RATIO" or info.factor != 100:  # noqa: PLR2004
        return False
    return all(indicators.read(session, key).unit.en in _COUNTED for key in info.parts)


def _of_counts(known: Sequence[MapPlace]) -> Sure:
    low, high = wilson(
        np.array([one.numerator for one in known], dtype=np.float64),
        np.array([one.denominator for one in known], dtype=np.float64),
    )
    best, worst = rank_ends(low, high)
    codes = [one.code for one in known]
    return Sure(
        "peer_sure",
        dict(zip(codes, zip(best.tolist(), worst.tolist(), strict=True), strict=True)),
        dict(zip(codes, zip(low.tolist(), high.tolist(), strict=True), strict=True)),
    )


def _of_late(session: SessionDep, drawn: ThematicMap, known: Sequence[MapPlace]) -> Sure:
    earlier = [one.key for one in drawn.periods if one.end < drawn.period.end][-_PERIODS + 1 :]
    values = measured.values_of(session, drawn.indicator.key, drawn.level, earlier)
    code_of = {one.id: one.code for one in known}
    held: dict[str, list[int]] = {}
    for then in values.values():
        told = {code_of[place]: value for place, value in then.items() if place in code_of}
        ordered = np.sort(list(told.values()))
        for code, value in told.items():
            above = len(ordered) - int(np.searchsorted(ordered, value, side="right"))
            held.setdefault(code, []).append(1 + above)
    if not held:
        return Sure()
    return Sure("peer_moves", {code: (min(ranks), max(ranks)) for code, ranks in held.items()})
