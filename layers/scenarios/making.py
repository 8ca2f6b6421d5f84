"""What a scenario gives: baseline, scenario and difference, of places and of their sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo_service.core.text import Text
from layers.analysis.formula import GROUND, Formula, evaluate, keys_of
from layers.analysis.scenario import (
    Array,
    counted,
    pulled,
    pulled_through,
    ramp,
    span,
    summed_pair,
    weighted_sum,
)
from layers.scenarios import futures, places, sites, words
from layers.scenarios.document import Count, Document, Lever
from layers.scenarios.futures import DRAWS, Base
from layers.scenarios.places import Flags
from layers.scenarios.plan import Catalogue, Plan, count_formulas, is_ratio, plan, refuse
from layers.scenarios.sites import Room
from layers.value_rules import AMOUNTS

#: Places at a time: two thousand futures of each are in memory.
_CHUNK = 100
#: All places together that a lever acts on.
ACTED_ON = ("acted-on", 0)
Larger = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of the table ``scenario_result`` without the scenario, and what a run tells besides."""

    rows: tuple[dict[str, Any], ...]
    periods: tuple[str, ...]
    shared: Mapping[str, Any]
    acts_on: tuple[str, ...]
    counts: tuple[dict[str, Any], ...]
    notes: tuple[Text, ...]


def make(session: Session, document: Document, catalogue: Catalogue) -> Result:
    """Calculate a scenario on the forecasts as they are now.

    Parameters
    ----------
    session : Session
        Open; only published values and their forecasts are read.
    document : Document
        As it was written.
    catalogue : mapping of str to IndicatorInfo
        All that is measured.

    Returns
    -------
    Result
        The same for the same state of the data.
    """
    planned = plan(document, catalogue)
    ground = places.read(session, document)
    acts = [places.chosen(session, one.where, document, ground) for one in document.levers]
    base = futures.read(session, planned, document.level, ground)
    rooms = [
        sites.read(session, one, document.level, ground) if one.layer else {}
        for one in document.counts
    ]
    return _Making(document, planned, acts=acts, base=base, rooms=rooms).result()


def keys_named(count: Count) -> tuple[str, ...]:
    """List the indicators that a count names.

    Parameters
    ----------
    count : Count
        Checked.

    Returns
    -------
    tuple of str
        None twice.
    """
    value, above = count_formulas(count)
    return tuple(dict.fromkeys((*keys_of(value), *(keys_of(above) if above is not None else ()))))


@dataclass(slots=True)
class _Counting:
    """A count on its way: numbers of places (or facilities) by future, and chances by place."""

    count: Count
    room: Room
    value: Formula
    above: Formula | None
    limits: Mapping[str, Array]
    missing: tuple[str, ...]
    before: Array
    after: Array
    chances: list[dict[str, Any]] = field(default_factory=list)
    places: int = 0


class _Making:
    """One scenario, a hundred places at a time."""

    def __init__(
        self, document: Document, planned: Plan, *, acts: Sequence[Flags], base: Base,
        rooms: Sequence[Room],
    ) -> None:  # fmt: skip
        self._document, self._plan, self._ground = document, planned, base.ground
        self._acts, self._base = acts, base
        self._whole = base.is_whole(planned.drawn)
        if not self._whole.any():
            refuse([words.NO_PLACE])
        years = base.years
        for lever in document.levers:
            if lever.start > years[-1]:
                refuse([words.too_late(lever, base.periods[-1])])
        self._ramps = [ramp(years, one.start, one.full, one.ramp) for one in document.levers]
        self._any = np.logical_or.reduce(acts) if acts else np.zeros_like(self._whole)
        self._sums: dict[Larger, dict[str, tuple[Array, Array]]] = {}
        self._ground_sums: dict[Larger, float] = {}
        self._rows: list[dict[str, Any]] = []
        self._counting = [
            self._begin(one, room) for one, room in zip(document.counts, rooms, strict=True)
        ]

    def result(self) -> Result:
        """Calculate all places, then the larger ones.

        Returns
        -------
        Result
            Places first.
        """
        usable = np.flatnonzero(self._whole)
        for at in range(0, len(usable), _CHUNK):
            self._chunk(usable[at : at + _CHUNK])
        for larger, sums in sorted(self._sums.items()):
            self._summed(larger, sums)
        shares = {key: one.shared for key, one in self._base.forecasts.items()}
        return Result(
            rows=tuple(self._rows),
            periods=tuple(one.key for one in self._base.periods),
            shared={
                key: {
                    "whole": round(one.whole, 3),
                    "group": round(one.group, 3),
                    "origins": one.origins,
                }
                for key, one in shares.items()
            },
            acts_on=tuple(self._ground.codes[row] for row in np.flatnonzero(self._any)),
            counts=tuple(self._told(one) for one in self._counting),
            notes=tuple(self._notes()),
        )

    def _chunk(self, rows: NDArray[np.int64]) -> None:
        before = self._base.draw(rows)
        ground = self._ground.area_km2[rows][:, None, None]
        before[GROUND] = np.broadcast_to(ground, next(iter(before.values())).shape)
        after = dict(before)
        for lever, by, acts in zip(self._document.levers, self._ramps, self._acts, strict=True):
            self._pull(after, lever, by * acts[rows][:, None, None])
        for key in self._plan.outcomes:
            was, now = self._plan.value(key, before), self._plan.value(key, after)
            for at, row in enumerate(rows.tolist()):
                place = (self._document.level, self._ground.ids[row])
                self._keep(key, place, was[at], now[at])
        self._add(rows, before, after)
        for one in self._counting:
            self._count(one, rows, before, after)

    # ``by`` has shape (n, 1, years): nothing happens where it is zero.
    def _pull(self, values: dict[str, Array], lever: Lever, by: Array) -> None:
        info = self._plan.catalogue[lever.indicator]
        if not is_ratio(info):
            one = self._base.forecasts[info.key]
            changed = pulled(values[info.key], by, lever.kind, lever.amount)
            # only what is pulled is limited, or a lever that does nothing would do something
            limited = np.clip(changed, *one.limits)
            values[info.key] = np.where(changed == values[info.key], changed, limited)
            return
        numerators = info.numerators
        parts = {key: self._plan.value(key, values) for key in numerators}
        below = (
            values[GROUND]
            if info.denominator_key == GROUND
            else self._plan.value(info.denominator_key or "", values)
        )
        above = weighted_sum(parts, numerators)
        most = info.bounds[1] if info.bounds is not None else np.inf
        wanted = pulled_through(
            above, below, by, factor=info.factor, kind=lever.kind, amount=lever.amount, most=most
        )
        if len(numerators) == 1:
            (key,) = numerators
            values[key] = np.where(wanted == above, parts[key], wanted / numerators[key])
            return
        change = np.where(above > 0, wanted / np.where(above > 0, above, 1.0), 1.0)
        for key, part in parts.items():
            values[key] = np.where(wanted == above, part, part * change)

    def _keep(self, key: str, place: Larger, was: Array, now: Array) -> None:
        if not np.isfinite(was).all():
            return
        self._rows.append(
            {
                "indicator_key": key, "level": place[0], "place_id": place[1],
                "baseline": span(was).told(), "scenario": span(now).told(),
                "difference": span(now - was).told(),
            }
        )  # fmt: skip

    def _add(
        self, rows: NDArray[np.int64], before: Mapping[str, Array], after: Mapping[str, Array]
    ) -> None:
        everywhere = dict(self._ground.within)
        everywhere[ACTED_ON] = np.flatnonzero(self._any)
        keys = [
            key for key in self._base.forecasts if self._plan.catalogue[key].space_agg in AMOUNTS
        ]
        for larger, inside in everywhere.items():
            here = np.isin(rows, inside)
            if not here.any():
                continue
            known = self._sums.setdefault(larger, {})
            ground = float(self._ground.area_km2[rows[here]].sum())
            self._ground_sums[larger] = self._ground_sums.get(larger, 0.0) + ground
            for key in keys:
                was, now = before[key][here].sum(axis=0), after[key][here].sum(axis=0)
                if key in known:
                    was, now = known[key][0] + was, known[key][1] + now
                known[key] = (was, now)

    def _summed(self, larger: Larger, sums: Mapping[str, tuple[Array, Array]]) -> None:
        before: dict[str, Array] = {}
        after: dict[str, Array] = {}
        for key, (was, now) in sums.items():
            ends = self._base.published(key, larger)
            # A sum of some of its places is not the place.
            if ends is None and not self._is_complete(larger):
                before[key] = after[key] = np.full_like(was, np.nan)
            else:
                before[key], after[key] = summed_pair(
                    was, now, ends, least=self._base.forecasts[key].limits[0]
                )
            before[GROUND] = after[GROUND] = np.full_like(was, self._ground_sums[larger])
        for key in self._plan.outcomes:
            if self._plan.adds_up(key):
                self._keep(key, larger, self._plan.value(key, before), self._plan.value(key, after))

    def _is_complete(self, larger: Larger) -> bool:
        inside = self._ground.within.get(larger)
        return inside is None or bool(self._whole[inside].all())

    def _begin(self, count: Count, room: Room) -> _Counting:
        value, above = count_formulas(count)
        keys = keys_named(count)
        known = {*self._base.forecasts, *self._base.held}
        missing = [
            key
            for key in keys
            if not is_ratio(self._plan.catalogue[key])
            and (key not in known or (key in self._base.held and not self._base.held[key][1]))
        ]
        if count.layer and not room:
            missing.append(f"{count.layer}: {count.above}")
        shape = (1 + DRAWS, len(self._base.periods))
        return _Counting(
            count, room, value, above, {key: held for key, (held, _) in self._base.held.items()},
            tuple(missing), np.zeros(shape), np.zeros(shape),
        )  # fmt: skip

    def _count(
        self, one: _Counting, rows: NDArray[np.int64], before: Mapping[str, Array],
        after: Mapping[str, Array],
    ) -> None:  # fmt: skip
        if one.missing:
            return
        was, limit = self._sides(one, rows, before)
        now, limit_now = self._sides(one, rows, after)
        known = np.isfinite(was).all(axis=(1, 2)) & np.isfinite(limit).all(axis=(1, 2))
        if one.count.layer:
            for at in np.flatnonzero(known & (limit > 0).all(axis=(1, 2))).tolist():
                room = one.room.get(int(rows[at]), np.zeros(0))
                one.before += np.searchsorted(room, was[at] / limit[at])
                one.after += np.searchsorted(room, now[at] / limit[at])
                one.places += len(room)
            return
        beyond, beyond_now = was[known] > limit[known], now[known] > limit_now[known]
        one.before += beyond.sum(axis=0)
        one.after += beyond_now.sum(axis=0)
        one.places += int(known.sum())
        for at, row in enumerate(rows[known].tolist()):
            one.chances.append(
                {
                    "code": self._ground.codes[row],
                    "baseline": beyond[at, 1:].mean(axis=0).round(4).tolist(),
                    "scenario": beyond_now[at, 1:].mean(axis=0).round(4).tolist(),
                }
            )

    def _sides(
        self, one: _Counting, rows: NDArray[np.int64], values: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        held = {key: held[rows][:, None, None] for key, held in one.limits.items()}
        known = {**values, **held}
        shape = next(iter(values.values())).shape

        def of(formula: Formula) -> Array:
            found = evaluate(
                formula, {key: self._plan.value(key, known) for key in keys_of(formula)}
            )
            return np.broadcast_to(np.asarray(found, dtype=np.float64), shape)

        if one.above is not None:
            return of(one.value), of(one.above)
        last = {key: found[rows][:, None, None] for key, found in self._base.last.items()}
        last |= held | {GROUND: values[GROUND]}
        limit = evaluate(
            one.value, {key: self._plan.value(key, last) for key in keys_of(one.value)}
        )
        return of(one.value), np.broadcast_to(np.asarray(limit, dtype=np.float64), shape)

    def _told(self, one: _Counting) -> dict[str, Any]:
        told = {
            "title": [one.count.title.th, one.count.title.en],
            "value": one.count.value, "above": one.count.above, "layer": one.count.layer,
            "amount": one.count.amount, "missing": list(one.missing), "places": one.places,
        }  # fmt: skip
        if one.missing or not one.places:
            return told
        return told | {
            "held": {
                key: self._base.held[key][1]
                for key in keys_named(one.count)
                if key in self._base.held
            },
            "baseline": counted(one.before).told(),
            "scenario": counted(one.after).told(),
            "difference": counted(one.after - one.before).told(),
            "chances": one.chances,
        }

    def _notes(self) -> Iterator[Text]:
        yield words.reach(self._base.periods)
        for lever in self._document.levers:
            yield from self._lever_notes(lever)
        if any(is_ratio(self._plan.catalogue[key]) for key in self._plan.outcomes):
            yield words.RECOMPUTED
        if len(self._base.forecasts) > 1:
            yield words.INDEPENDENT
        if left := int((~self._whole).sum()):
            yield words.left_out(left)
        for one in self._counting:
            if one.missing:
                yield words.unanswered(one.count, one.missing, self._plan.catalogue)

    def _lever_notes(self, lever: Lever) -> Iterator[Text]:
        if lever.full > self._base.years[-1]:
            yield words.not_in_full(lever, self._base.periods[-1])
        info = self._plan.catalogue[lever.indicator]
        if is_ratio(info):
            yield words.through(info, self._plan.catalogue)
