"""Prepared values behind the cells of a cube: of places, and of groups that are no place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.periods import Period
from layers.analysis.cube import ABSENT, EMPTY, Cell, Rule, Sum, over_places, over_time, summed
from layers.cube.places import Place, PlaceKey
from layers.indicators import IndicatorInfo

PAIRED = ("RATIO", "WMEAN")
#: The slice of a total.
TOTAL = 0


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Places of one level that are added up for this answer."""

    number: int
    leaves: tuple[Place, ...]

    counts: dict[date, int] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Level of its places."""
        return self.leaves[0].level

    def in_force(self, day: date) -> int:
        """Count its places in force on a day.

        Returns
        -------
        int
            Places.
        """
        if day not in self.counts:
            self.counts[day] = sum(place.is_in_force((day,)) for place in self.leaves)
        return self.counts[day]


Subject = Place | Group
_Key = tuple[PlaceKey | int, str, int, str]


def rule_of(indicator: IndicatorInfo, catalogue: Mapping[str, IndicatorInfo]) -> Rule:
    """Say how an indicator adds up.

    Parameters
    ----------
    indicator : IndicatorInfo
        Any.
    catalogue : mapping of str to IndicatorInfo
        Its parts tell whether they are flows.

    Returns
    -------
    Rule
        For `layers.analysis.cube`.
    """

    def is_flow(keys: Iterable[str | None]) -> bool:
        parts = [catalogue[key] for key in keys if key is not None and key in catalogue]
        return bool(parts) and all(part.time_agg == "SUM" for part in parts)

    return Rule(
        indicator.space_agg,
        indicator.time_agg,
        indicator.factor,
        is_flow(indicator.numerator_keys),
        is_flow([indicator.denominator_key]),
    )


class Cells:
    """The cells read for one answer; nothing is asked of the database twice."""

    def __init__(self, session: Session, rules: Mapping[str, Rule]) -> None:
        self._session = session
        self._rules = rules
        self._raw: dict[_Key, Cell] = {}
        self._sums: dict[_Key, Any] = {}
        self._ranks: dict[tuple[PlaceKey, str, str], tuple[int, int]] = {}

    def read(
        self,
        subjects: Iterable[Subject],
        keys: Collection[str],
        periods: Collection[str],
        slices: Mapping[str, Collection[int]],
    ) -> None:
        """Read what is known of some places and groups.

        Parameters
        ----------
        subjects : iterable of Place or Group
            Of any levels.
        keys : collection of str
            Indicators.
        periods : collection of str
            Keys of the periods.
        slices : mapping of str to collection of int
            By indicator, the slices wanted; `TOTAL` among them for the total.
        """
        if not keys or not periods:
            return
        wanted = list(dict.fromkeys(subjects))
        bound = {
            "periods": list(periods),
            "slices": [one for key in keys for one in slices[key] if one != TOTAL],
        }
        totals = [key for key in keys if TOTAL in slices[key]]
        levels: dict[str, list[Place]] = {}
        for place in wanted:
            if isinstance(place, Place):
                levels.setdefault(place.level, []).append(place)
        for level, places in levels.items():
            self._read_places(level, places, {**bound, "keys": totals})
        groups = [one for one in wanted if isinstance(one, Group)]
        if groups:
            bound |= {"keys": list(keys), "with_totals": bool(totals)}
            self._read_groups(groups, bound)

    def read_ranks(
        self,
        level: str,
        peers: Mapping[tuple[str, ...], Sequence[Place]],
        keys: Collection[str],
        periods: Collection[str],
    ) -> None:
        """Read the ranks of places among their peers.

        Parameters
        ----------
        level : str
            Of the places.
        peers : mapping of tuple of str to sequence of Place
            All places of the level, by group of peers.
        keys, periods : collection of str
            Indicators, and keys of periods.
        """
        flat = [
            (place, number, stretch.place_id)
            for number, places in enumerate(peers.values())
            for place in places
            for stretch in place.stretches
        ]
        rows = self._session.execute(
            fixed_sql("layers", "cube_ranks"),
            {
                "level": level,
                "places": _array(one for _, _, one in flat),
                "groups": _array(number for _, number, _ in flat),
                "keys": list(keys),
                "periods": list(periods),
            },
        )
        places = {place_id: place.key for place, _, place_id in flat}
        for row in rows:
            place = places[row.place_id]
            self._ranks[place, row.indicator_key, row.period_key] = (row.rank, row.rank_of)

    def rank(self, subject: Subject, key: str, cell: Cell) -> Cell:
        """Show the rank of a cell as its value.

        Parameters
        ----------
        subject : Place or Group
            Only places have ranks.
        key : str
            Indicator.
        cell : Cell
            Its value.

        Returns
        -------
        Cell
            Rank, of how many as the denominator.
        """
        found = None
        if isinstance(subject, Place):
            found = self._ranks.get((subject.key, key, cell.period))
        if found is None:
            status = cell.status if cell.value is None else "not_applicable"
            return replace(cell, value=None, numerator=None, denominator=None, status=status)
        return replace(
            cell, value=float(found[0]), numerator=cell.value, denominator=float(found[1]),
            status="reported",
        )  # fmt: skip

    def of(
        self, subject: Subject, key: str, periods: Sequence[Period], slices: Collection[int]
    ) -> Cell:
        """Give the cell of a place or a group, over periods and slices.

        Parameters
        ----------
        subject : Place or Group
            That was read.
        key : str
            Indicator.
        periods : sequence of Period
            That were read, oldest first; none gives no value.
        slices : collection of int
            That were read.

        Returns
        -------
        Cell
            Places first, then members of breakdowns, then time.
        """
        if not periods or not slices:
            return EMPTY
        rule = self._rules[key]
        cells = [
            over_places([self._one(subject, key, period, one) for one in slices], rule)
            for period in periods
        ]
        return over_time(cells, [period.days for period in periods], rule)

    def _one(self, subject: Subject, key: str, period: Period, slice_id: int) -> Cell:
        name = subject.key if isinstance(subject, Place) else subject.number
        place = (name, key, slice_id, period.key)
        found = self._raw.get(place)
        if found is None:
            found = self._raw[place] = self._missing(subject, place, period)
        return found

    def _missing(self, subject: Subject, place: _Key, period: Period) -> Cell:
        if isinstance(subject, Place):
            if not subject.is_in_force((period.end,)):
                return replace(EMPTY, period=period.key)
            return replace(ABSENT, period=period.key)
        row = self._sums.get(place)
        expected = subject.in_force(period.end)
        if row is None:
            return replace(
                ABSENT if expected else EMPTY, expected=expected, basis="shown", period=period.key
            )
        unheard = max(expected - row.in_force, 0)
        total = Sum(
            row.value, row.numerator, row.denominator,
            row.reporting, row.expected + unheard,
            is_not_applicable=row.is_not_applicable and not unheard,
            is_suppressed=row.is_suppressed,
            mixes_tiers=row.mixes_tiers,
            flags=tuple(row.flags.split(",")) if row.flags else (),
        )  # fmt: skip
        return replace(summed(total, self._rules[place[1]]), period=period.key)

    def _read_places(self, level: str, places: Sequence[Place], bound: Mapping[str, Any]) -> None:
        ids = {one.place_id: place.key for place in places for one in place.stretches}
        rows = self._session.execute(
            fixed_sql("layers", "cube_cells"), {**bound, "level": level, "places": _array(ids)}
        )
        for row in rows:
            place = (ids[row.place_id], row.indicator_key, row.slice_id, row.period_key)
            known = self._raw.get(place)
            # Two rows of one place meet in the year its border moved: the one with a value counts.
            if known is None or known.value is None:
                self._raw[place] = Cell(
                    row.value, row.numerator, row.denominator, row.status, row.reporting,
                    row.expected, row.basis, tuple(row.flags), row.period_key,
                )  # fmt: skip

    def _read_groups(self, groups: Sequence[Group], bound: Mapping[str, Any]) -> None:
        flat = [
            (one.place_id, group.number, place.within.get("tier") == "upper", one.since, one.until)
            for group in groups
            for place in group.leaves
            for one in place.stretches
        ]
        names = ("places", "groups", "is_upper", "since", "until")
        columns = dict(zip(names, map(_array, zip(*flat, strict=True)), strict=True))
        is_paired = [self._rules[key].space in PAIRED for key in bound["keys"]]
        rows = self._session.execute(
            fixed_sql("layers", "cube_groups"),
            {**bound, **columns, "is_paired": is_paired, "level": groups[0].level},
        )
        for row in rows:
            self._sums[row.g, row.indicator_key, row.slice_id, row.period_key] = row


# One text instead of thousands of values in the statement, which the server would parse as such.
def _array(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"
