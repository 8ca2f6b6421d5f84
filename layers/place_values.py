"""Prepare the one value of every indicator at every place: the table all answers read.

A value reported for a place stands. Otherwise it is added up from the level below, ratios
from the numerators and denominators of the same places. Where two data sets report one place,
the one that knows more places of that level and period is taken, then the one loaded last.
Small counts of persons are withheld last, after everything has been added up, and with them
whatever would give them away (`layers.withheld`).

``docs/indicators.md`` says the rules in words.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers import slices, versions, withheld
from layers.identities import beside
from layers.indicators import info_of
from layers.models import Indicator, PlaceValue
from layers.sealed import SealedValue
from layers.value_forming import Forming, oldest_of
from layers.value_rules import (
    Catalogue,
    Classes,
    Rule,
    classes_of,
    families,
    open_totals,
    public_levels,
    rules_for,
    with_dependents,
)

__all__ = ["public_levels", "rebuild"]

log = logging.getLogger(__name__)

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
        these, and those that what is withheld links with them, follow by themselves. ``None``
        for any.
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
        exposed = attempt.prepare(None, anew=anew)
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
        self._rebuilding: Forming | None = None
        self._is_whole = True

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
        guards = periods is not None and (
            bool(sliced.catalogue)
            or any(classes[catalogue[key].privacy].smallest for key in self.wanted)
        )
        if guards and periods is not None:
            periods = withheld.linked_periods(
                session, self.at_hand, periods, years=oldest_of(rules)
            )
        sliced.prepare(periods)
        rebuilding = self._rebuilding = Forming(session, catalogue, rules, classes)
        rebuilding.prepare(periods, are_all=guards)
        sliced.lay_beside()
        self._is_whole = periods is None
        if guards and not withheld.is_within(session):
            return self.prepare(None, anew=anew)
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
        withheld.seal(self._session, self.sliced.keys, is_whole=self._is_whole)
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
    """Breakdowns: prepared like indicators of their own, before the totals."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        classes: Classes,
        wanted: Collection[str],
    ) -> None:
        self._session = session
        self._classes = classes
        self._wanted = wanted
        self._is_whole = True
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

    def prepare(self, periods: Collection[str] | None) -> None:
        """Form their values, and put them aside.

        Parameters
        ----------
        periods : collection of str, optional
            The only ones to form.
        """
        self._is_whole = periods is None
        if self.catalogue:
            rules = rules_for(
                self.catalogue,
                self.catalogue,
                dict.fromkeys(self.catalogue, 0),
                classes=self._classes,
            )
            rebuilding = Forming(self._session, self.catalogue, rules, self._classes)
            rebuilding.prepare(periods, are_all=True, sliced_keys=self.keys)
            self._session.execute(fixed_sql("layers", "slices_aside"))
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
        bound = {"keys": list(self.keys), "is_whole": self._is_whole}
        self._session.execute(fixed_sql("layers", "slices_forget"), bound)
        self._session.execute(fixed_sql("layers", "slices_keep"))
        after = slices.fingerprints(self._session, self._wanted)
        before = self._before
        return {key for key in {*before, *after} if before.get(key) != after.get(key)}


_KNOWN = "SELECT indicator_key FROM observation UNION SELECT indicator_key FROM place_value"
_SEALED_KEYS = "SELECT DISTINCT indicator_key FROM sealed_value"
