"""Prepare the one value of every indicator at every place: the table all answers read.

A value reported for a place stands. Otherwise it is added up from the level below, ratios
from the numerators and denominators of the same places. Where two data sets report one place,
the one that knows more places of that level and period is taken, then the one loaded last.
Small counts of persons are withheld last, after everything has been added up, and with them
whatever would give them away (`layers.withheld`).

Every statement treats all indicators at once that are equally far from the observations, one
level after the other. They are in ``layers/sql/values_*.sql``; ``docs/indicators.md`` says the
rules in words.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers import slices, versions, withheld
from layers.analysis.formula import GROUND, as_sql, keys_of, parse
from layers.identities import beside
from layers.indicators import info_of
from layers.models import Indicator, PlaceValue
from layers.sealed import SealedValue
from layers.value_rules import (
    AMOUNTS,
    RULE_COLUMNS,
    Catalogue,
    Classes,
    Rule,
    classes_of,
    families,
    limits_within,
    open_totals,
    public_levels,
    rules_for,
    with_dependents,
)

__all__ = ["public_levels", "rebuild"]

log = logging.getLogger(__name__)

#: Numbers of the levels, as in PLACE_LEVELS: 1 is the country, 6 the organisations. From fine
#: to coarse, so that each can be added up from those before.
UPWARDS = (5, 6, 4, 3, 2, 1)
SUBDISTRICT, ORGANISATION = 5, 6
#: What each level may be added up from.
BELOW = {4: [5, 6], 3: [4, 6], 2: [3], 1: [3]}

ROWS_WORTH_MEASURING = 5_000
#: Added to the number of a breakdown's rule while it lies beside those of the totals.
SLICES = 10_000


def rebuild(
    session: Session,
    indicator_keys: Collection[str] | None = None,
    *,
    periods: Collection[str] | None = None,
    anew: bool = False,
) -> set[str]:
    """Bring the prepared values in line with the observations; the caller commits.

    Only rows that differ are written, and only indicators with such rows get a new version.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    indicator_keys : collection of str, optional
        Indicators whose observations changed; those made from them, and those that could give
        their small numbers away, follow by themselves. ``None`` for all that have observations
        or prepared values.
    periods : collection of str, optional
        Keys of the only periods in which observations changed; later ones that are divided by
        these follow by themselves. ``None`` for any, as always where anything is withheld.
    anew : bool
        Decide what to withhold without regard to what was withheld before.

    Returns
    -------
    set of str
        Keys whose values changed.
    """
    catalogue = {row.key: info_of(row) for row in session.scalars(select(Indicator))}
    classes = classes_of(session)
    known = set(session.scalars(text(_KNOWN))) if indicator_keys is None else set(indicator_keys)
    if strays := known - set(catalogue):
        for table in (PlaceValue, SealedValue):
            session.execute(delete(table).where(table.indicator_key.in_(strays)))
    asked = known & set(catalogue)
    totals = open_totals(catalogue, classes)
    # Only where their parts cannot be protected otherwise; and to be seen again ever after.
    opened = totals if totals & set(session.scalars(text(_SEALED_KEYS))) else set()
    attempt = _Attempt(session, catalogue, classes, asked, opened=opened)
    exposed = attempt.prepare(periods, anew=anew)
    if exposed and not opened and totals & attempt.at_hand:
        attempt = _Attempt(session, catalogue, classes, asked, opened=totals)
        exposed = attempt.prepare(periods, anew=anew)
    if exposed:
        log.warning("cells that cannot be protected", extra={"cells": exposed})
    changed = attempt.store()
    session.execute(text("RESET enable_nestloop; RESET enable_mergejoin; RESET work_mem"))
    versions.bump(session, map(versions.of_indicator, changed))
    log.info("values prepared", extra={"asked": len(attempt.wanted), "changed": len(changed)})
    return changed


class _Attempt:
    """All values formed and judged, some open totals being open to choice or none."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        classes: Classes,
        asked: set[str],
        *,
        opened: set[str],
    ) -> None:
        self._session, self._catalogue, self._classes = session, catalogue, classes
        self._opened = opened
        self.wanted = _with_relatives(asked, catalogue, classes, opened)
        self.at_hand: set[str] = set()
        self.sliced: _Sliced | None = None
        self._rebuilding: _Rebuild | None = None

    def prepare(self, periods: Collection[str] | None, *, anew: bool) -> int:
        """Form all values and choose what to withhold.

        Parameters
        ----------
        periods : collection of str, optional
            The only ones that changed.
        anew : bool
            Without regard to what was withheld before.

        Returns
        -------
        int
            Cells that nothing could protect.
        """
        if not self.wanted:
            return 0
        session, catalogue, classes = self._session, self._catalogue, self._classes
        subjects = {key: versions.of_indicator(key) for key in self.wanted}
        numbers = versions.versions_of(session, subjects.values())
        sliced = self.sliced = _Sliced(session, catalogue, classes, self.wanted)
        rules = rules_for(
            self.wanted,
            catalogue,
            {key: numbers[subjects[key]] for key in self.wanted},
            classes=classes,
            beside=beside(self.wanted, catalogue),
        )
        self.at_hand = {rule.key for rule in rules}
        rebuilding = self._rebuilding = _Rebuild(session, catalogue, rules, classes)
        is_whole = sliced.rules or any(
            classes[catalogue[key].privacy].smallest for key in self.wanted
        )
        rebuilding.prepare(None if is_whole else periods)
        sliced.lay_beside()
        return withheld.withhold(
            session,
            {**catalogue, **sliced.catalogue},
            [*rules, *sliced.rules],
            classes=classes,
            opened=self._opened,
            anew=anew,
        )

    def store(self) -> set[str]:
        """Write the values, those of breakdowns and what is sealed.

        Returns
        -------
        set of str
            Keys whose values changed.
        """
        if self._rebuilding is None or self.sliced is None:
            return set()
        changed = self._rebuilding.store() | self.sliced.store()
        withheld.seal(self._session, self.sliced.keys)
        return changed


# What is withheld of one indicator may decide what must be withheld of another.
def _with_relatives(
    keys: set[str], catalogue: Catalogue, classes: Classes, opened: set[str]
) -> set[str]:
    family = families(catalogue, classes, opened=opened)
    wanted = with_dependents(keys, catalogue)
    while True:
        numbers = {family[key] for key in wanted if key in family}
        relatives = {key for key, number in family.items() if number in numbers} - wanted
        if not relatives:
            return wanted
        wanted = with_dependents(wanted | relatives, catalogue)


class _Sliced:
    """Breakdowns: prepared like indicators of their own, whole, before the totals."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        classes: Classes,
        wanted: Collection[str],
    ) -> None:
        self._session = session
        self._wanted = wanted
        self.catalogue: Catalogue = {}
        self.rules: list[Rule] = []
        self.keys: set[str] = set()
        found = slices.told(session, catalogue)
        self._before = slices.fingerprints(session, wanted)
        if not self._before and not found.keys() & wanted:
            return
        # Parts are made along with those that are made from them: they may be of another load.
        self.keys = set(wanted)
        while more := {p for k in self.keys & found.keys() for p in catalogue[k].parts} - self.keys:
            self.keys |= more
        self.catalogue = slices.as_catalogue(
            {key: found[key] for key in self.keys & found.keys()}, catalogue
        )
        slices.write(session, {key: found.get(key, ()) for key in self.keys})
        if self.catalogue:
            rules = rules_for(
                self.catalogue,
                self.catalogue,
                dict.fromkeys(self.catalogue, 0),
                classes=classes,
            )
            rebuilding = _Rebuild(session, self.catalogue, rules, classes)
            rebuilding.prepare(sliced_keys=self.keys)
            session.execute(fixed_sql("layers", "slices_aside"))
            self.rules = [replace(rule, k=rule.k + SLICES, is_sliced=True) for rule in rules]

    def lay_beside(self) -> None:
        """Put the values of breakdowns beside the totals, which are prepared by now."""
        if self.rules:
            self._session.execute(fixed_sql("layers", "slices_beside"), {"offset": SLICES})

    def store(self) -> set[str]:
        """Write them.

        Returns
        -------
        set of str
            Keys of the indicators of which any differs.
        """
        if not self.keys:
            return set()
        self._session.execute(fixed_sql("layers", "slices_forget"), {"keys": list(self.keys)})
        self._session.execute(fixed_sql("layers", "slices_keep"))
        after = slices.fingerprints(self._session, self._wanted)
        before = self._before
        return {key for key in {*before, *after} if before.get(key) != after.get(key)}


class _Rebuild:
    """One rebuild in its working tables."""

    def __init__(
        self, session: Session, catalogue: Catalogue, rules: Sequence[Rule], classes: Classes
    ) -> None:
        self._session = session
        self._catalogue = catalogue
        self._rules = rules
        self._classes = classes

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
        numerators, limits, parts = [], [], []
        for rule in self._rules:
            one = self._catalogue[rule.key]
            numerators += [
                {"k": rule.k, "part_k": number[part], "coefficient": coefficient}
                for part, coefficient in one.numerators.items()
                if part in number and one.space_agg != "FORMULA"
            ]
            limits += [
                {"k": rule.k, "part_k": number[part], "below": limit}
                for part, limit in limits_within(one, self._catalogue, self._classes).items()
                if rule.is_wanted and part in number
            ]
            parts += [
                {"k": rule.k, "part_k": number[part], "is_below": part == one.denominator_key}
                for part in one.parts
                if part in number
            ]
        if numerators:
            self._session.execute(text(_NUMERATOR), numerators)
        if limits:
            self._session.execute(text(_LIMIT), limits)
        if parts:
            self._session.execute(text(_PART), parts)

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
_SEALED_KEYS = "SELECT DISTINCT indicator_key FROM sealed_value"
_NUMERATOR = "INSERT INTO value_numerator VALUES (:k, :part_k, :coefficient)"
_LIMIT = "INSERT INTO value_limit VALUES (:k, :part_k, :below)"
_PART = "INSERT INTO value_part VALUES (:k, :part_k, :is_below)"
