"""Prepare the one value of every indicator at every place: the table all answers read.

A value reported for a place stands. Otherwise it is added up from the level below, ratios
from the numerators and denominators of the same places. Where two data sets report one place,
the one that knows more places of that level and period is taken, then the one loaded last.
Small counts of persons are withheld last, after everything has been added up.

Every statement treats all indicators at once that are equally far from the observations, one
level after the other. They are in ``layers/sql/values_*.sql``; ``docs/indicators.md`` says the
rules in words.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers import slices, versions
from layers.analysis.formula import GROUND, as_sql, keys_of, parse
from layers.indicators import info_of
from layers.models import Indicator, PlaceValue
from layers.value_rules import (
    AMOUNTS,
    RULE_COLUMNS,
    SMALLEST_SHOWN,
    Catalogue,
    Rule,
    limits_within,
    public_levels,
    rules_for,
    with_dependents,
)

__all__ = ["SMALLEST_SHOWN", "public_levels", "rebuild"]

log = logging.getLogger(__name__)

#: Numbers of the levels, as in PLACE_LEVELS: 1 is the country, 6 the organisations. From fine
#: to coarse, so that each can be added up from those before.
UPWARDS = (5, 6, 4, 3, 2, 1)
SUBDISTRICT, ORGANISATION = 5, 6
#: What each level may be added up from.
BELOW = {4: [5, 6], 3: [4, 6], 2: [3], 1: [3]}

ROWS_WORTH_MEASURING = 5_000


def rebuild(
    session: Session,
    indicator_keys: Collection[str] | None = None,
    *,
    periods: Collection[str] | None = None,
) -> set[str]:
    """Bring the prepared values in line with the observations; the caller commits.

    Only rows that differ are written, and only indicators with such rows get a new version.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    indicator_keys : collection of str, optional
        Indicators whose observations changed; those made from them follow by themselves.
        ``None`` for all that have observations or prepared values.
    periods : collection of str, optional
        Keys of the only periods in which observations changed; later ones that are divided by
        these follow by themselves. ``None`` for any.

    Returns
    -------
    set of str
        Keys whose values changed.
    """
    catalogue = {row.key: info_of(row) for row in session.scalars(select(Indicator))}
    known = set(session.scalars(text(_KNOWN))) if indicator_keys is None else set(indicator_keys)
    if strays := known - set(catalogue):
        session.execute(delete(PlaceValue).where(PlaceValue.indicator_key.in_(strays)))
    wanted = with_dependents(known & set(catalogue), catalogue)
    if not wanted:
        return set()
    subjects = {key: versions.of_indicator(key) for key in wanted}
    numbers = versions.versions_of(session, subjects.values())
    rules = rules_for(wanted, catalogue, {key: numbers[subjects[key]] for key in wanted})
    rebuilding = _Rebuild(session, catalogue, rules)
    rebuilding.prepare(periods)
    changed = rebuilding.store() | _slices(session, catalogue, wanted)
    session.execute(text("RESET enable_nestloop; RESET enable_mergejoin; RESET work_mem"))
    versions.bump(session, map(versions.of_indicator, changed))
    log.info("values prepared", extra={"asked": len(wanted), "changed": len(changed)})
    return changed


# Breakdowns are prepared like indicators of their own, whole, after the totals.
def _slices(session: Session, catalogue: Catalogue, wanted: Collection[str]) -> set[str]:
    found = slices.told(session, catalogue)
    before = slices.fingerprints(session, wanted)
    if not before and not found.keys() & wanted:
        return set()
    # Parts are made along with those that are made from them: they may be of another load.
    needed = set(wanted)
    while more := {part for key in needed & found.keys() for part in catalogue[key].parts} - needed:
        needed |= more
    sliced = slices.as_catalogue({key: found[key] for key in needed & found.keys()}, catalogue)
    slices.write(session, {key: found.get(key, ()) for key in needed})
    session.execute(fixed_sql("layers", "slices_forget"), {"keys": list(needed)})
    if sliced:
        rules = rules_for(sliced, sliced, dict.fromkeys(sliced, 0))
        rebuilding = _Rebuild(session, sliced, rules)
        rebuilding.prepare(sliced_keys=needed)
        session.execute(fixed_sql("layers", "slices_keep"))
    after = slices.fingerprints(session, wanted)
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


class _Rebuild:
    """One rebuild in its working tables."""

    def __init__(self, session: Session, catalogue: Catalogue, rules: Sequence[Rule]) -> None:
        self._session = session
        self._catalogue = catalogue
        self._rules = rules

    def prepare(
        self,
        periods: Collection[str] | None = None,
        *,
        sliced_keys: Collection[str] | None = None,
    ) -> None:
        """Form the values of all indicators at hand, those made from others after their parts.

        Parameters
        ----------
        periods : collection of str, optional
            The only ones that changed.
        sliced_keys : collection of str, optional
            Indicators whose breakdowns are at hand, instead of their totals.
        """
        session, rules = self._session, self._rules
        session.execute(fixed_sql("layers", "values_begin"))
        self._run(
            "values_rules", **{name: [getattr(r, name) for r in rules] for name in RULE_COLUMNS}
        )
        self._write_parts()
        session.execute(text("ANALYZE value_rule"))
        if periods is not None:
            oldest = max(rule.years for rule in rules) * max(rule.depth for rule in rules)
            self._run("values_periods", periods=list(periods), years=oldest)
        self._run("values_kept", keys=[rule.key for rule in rules if rule.is_kept])
        observed = sliced_keys or [rule.key for rule in rules if not rule.is_kept]
        rows = self._run("values_observed", keys=list(observed), is_sliced=sliced_keys is not None)
        if rows >= ROWS_WORTH_MEASURING:
            session.execute(text("ANALYZE value_raw"))
        for depth in range(max(rule.depth for rule in rules) + 1):
            self._climb([rule for rule in rules if rule.depth == depth])

    def store(self) -> set[str]:
        """Write what differs from what is stored.

        Returns
        -------
        set of str
            Keys of the indicators with a difference.
        """
        wanted = [rule.key for rule in self._rules if rule.is_wanted]
        self._run("values_fresh")
        written = self._run("values_write")
        if self._run("values_diff", keys=wanted):
            self._run("values_forget")
            written += self._run("values_keep")
        if written >= ROWS_WORTH_MEASURING:
            self._session.execute(text("SELECT geo.measure('place_value')"))
        return set(self._session.scalars(fixed_sql("layers", "values_changed")))

    def _run(self, statement: str, **values: object) -> int:
        return self._session.execute(fixed_sql("layers", statement), values).rowcount  # type: ignore[attr-defined,no-any-return]

    def _write_parts(self) -> None:
        number = {rule.key: rule.k for rule in self._rules}
        numerators, limits = [], []
        for rule in self._rules:
            one = self._catalogue[rule.key]
            numerators += [
                {"k": rule.k, "part_k": number[part], "coefficient": coefficient}
                for part, coefficient in one.numerators.items()
                if part in number and one.space_agg != "FORMULA"
            ]
            limits += [
                {"k": rule.k, "part_k": number[part], "below": limit}
                for part, limit in limits_within(one, self._catalogue).items()
                if rule.is_wanted and part in number
            ]
        if numerators:
            self._session.execute(text(_NUMERATOR), numerators)
        if limits:
            self._session.execute(text(_LIMIT), limits)

    def _climb(self, rules: Sequence[Rule]) -> None:
        """Fill the levels from fine to coarse, for indicators whose parts are ready."""
        for rule in rules:
            self._alone(rule)
        depth, every = rules[0].depth, [rule.k for rule in rules]
        adding = [rule for rule in rules if rule.adds_up and not rule.by_area]
        paired = any(rule.adds_up and rule.parts for rule in rules)
        for level in UPWARDS:
            here = {"level": level, "ks": every}
            if paired and level == ORGANISATION:
                self._run("values_covered", depth=depth)
            if paired:
                self._run("values_pairs", depth=depth, is_first=True, **here)
            if adding and level in BELOW:
                self._run("values_sum_up", below=BELOW[level], **here)
            if level in BELOW and any(rule.parts for rule in adding):
                self._run("values_pairs", depth=depth, is_first=False, **here)
                self._run("values_unvalued", level=level, ks=[r.k for r in adding if r.parts])
            self._run("values_said", **here)

    def _alone(self, rule: Rule) -> None:
        """Do what is done for single indicators, before anything is added up."""
        one = self._catalogue[rule.key]
        number = {other.key: other.k for other in self._rules}
        if rule.is_kept:
            return
        if one.space_agg == "WMEAN":
            weight = number.get(one.weight_key or "", 0)
            self._run("values_weights", k=rule.k, weight_k=weight, years=rule.years)
        if one.space_agg == "RECLASSIFY" and one.numerator_keys[0] in number:
            source = self._catalogue[one.numerator_keys[0]]
            limits = source.thresholds
            self._run(
                "values_classes",
                k=rule.k,
                source_k=number[source.key],
                limits=[limit.value for limit in limits],
                since=[limit.since for limit in limits],
                until=[limit.until for limit in limits],
            )
        if one.space_agg == "FORMULA":
            self._calculate(rule, number)

    def _calculate(self, rule: Rule, number: Mapping[str, int]) -> None:
        formula = parse(self._catalogue[rule.key].formula)
        keys = [key for key in keys_of(formula) if key != GROUND]
        names = {key: f"s.part[{place}]" for place, key in enumerate(keys, start=1)}
        # Nothing of the formula's text gets into the statement: positions and numbers only.
        result = as_sql(formula, names | {GROUND: "a.ground"})
        template = fixed_sql("layers", "values_calculated").text
        self._session.execute(
            text(template.replace("/* result */", result)),
            {
                "k": rule.k,
                "parts": len(keys),
                "part_ks": [number[key] for key in keys],
                "amounts": [self._catalogue[key].space_agg in AMOUNTS for key in keys],
            },
        )


_KNOWN = "SELECT indicator_key FROM observation UNION SELECT indicator_key FROM place_value"
_NUMERATOR = "INSERT INTO value_numerator VALUES (:k, :part_k, :coefficient)"
_LIMIT = "INSERT INTO value_limit VALUES (:k, :part_k, :below)"
