"""Form the values of indicators in the working tables of a rebuild, and write what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers.analysis.formula import GROUND, as_sql, keys_of, parse
from layers.value_rules import (
    AMOUNTS,
    RULE_COLUMNS,
    Catalogue,
    Classes,
    Rule,
    limits_within,
)

#: Numbers of the levels, as in PLACE_LEVELS: 1 is the country, 6 the organisations. From fine
#: to coarse, so that each can be added up from those before.
_UPWARDS = (5, 6, 4, 3, 2, 1)
_ORGANISATION = 6
#: What each level may be added up from.
_BELOW = {4: [5, 6], 3: [4, 6], 2: [3], 1: [3]}

_WORTH_MEASURING = 5_000


class Forming:
    """One rebuild in its working tables (``sql/values_*.sql``).

    Every statement treats all indicators at once that are equally far from the observations, one
    level after the other.
    """

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
        are_all: bool = False,
        sliced_keys: Collection[str] | None = None,
    ) -> None:
        """Form the values of all indicators at hand, those made from others after their parts.

        Parameters
        ----------
        periods : collection of str, optional
            The only ones that changed.
        are_all : bool
            Whether these are all that a change reaches; later ones that are divided by them
            follow otherwise.
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
            oldest = oldest_of(rules)
            later = 0 if are_all else oldest
            self._run("values_periods", periods=list(periods), years=oldest, later=later)
        self._run("values_kept", keys=[rule.key for rule in rules if rule.is_kept])
        observed = sliced_keys or [rule.key for rule in rules if not rule.is_kept]
        rows = self._run("values_observed", keys=list(observed), is_sliced=sliced_keys is not None)
        if rows >= _WORTH_MEASURING:
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
        if written >= _WORTH_MEASURING:
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
        for level in _UPWARDS:
            here = {"level": level, "ks": every}
            if paired and level == _ORGANISATION:
                self._run("values_covered", depth=depth)
            if paired:
                self._run("values_pairs", depth=depth, is_first=True, **here)
            if adding and level in _BELOW:
                self._run("values_sum_up", below=_BELOW[level], **here)
            if level in _BELOW and any(rule.parts for rule in adding):
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


def oldest_of(rules: Sequence[Rule]) -> int:
    """Tell how many years older than a value anything may be that it is made from.

    Parameters
    ----------
    rules : sequence of Rule
        Of all indicators at hand.

    Returns
    -------
    int
        A denominator may be of an older period, and what that is made from, too.
    """
    return max(rule.years for rule in rules) * max(rule.depth for rule in rules)


_NUMERATOR = "INSERT INTO value_numerator VALUES (:k, :part_k, :coefficient)"
_LIMIT = "INSERT INTO value_limit VALUES (:k, :part_k, :below)"
_PART = "INSERT INTO value_part VALUES (:k, :part_k, :is_below)"
