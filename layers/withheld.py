"""Decide which cells the public may not see, so that none of them can be worked out.

Runs inside a rebuild, on its working tables, after all values are formed. What is small is
withheld by itself; what is made from it goes along; then as many more cells as it takes, over
places, breakdowns, sums of indicators and periods (`layers.analysis.suppression`). A cell once
withheld stays so. ``docs/disclosure.md`` says the rules in words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers.analysis.linked import SLIP, Linked
from layers.analysis.suppression import protect
from layers.identities import followers
from layers.linked_cells import link
from layers.value_rules import Catalogue, Classes, Rule, total_of, with_dependents

#: Of what withholding costs: the part of it that cells of ratios cost, which tell less than counts,
#: and cells that were withheld in another period, so that maps of several years look alike.
_OF_RATIOS, _OF_KNOWN_GAPS = 0.5, 0.25
#: A number of many places is missed more than one of few: by level, from the country (1) on.
_BY_LEVEL = np.array([0.0, 16.0, 8.0, 4.0, 2.0, 1.0, 1.0])
#: What it costs besides: an open total hides little that is not known elsewhere and goes after
#: the counts, a zero hides nothing and goes last.
_OF_OPEN, _OF_ZEROS = 100.0, 100_000.0


def withhold(
    session: Session,
    catalogue: Catalogue,
    rules: Sequence[Rule],
    *,
    classes: Classes,
    opened: Collection[str] = (),
    anew: bool = False,
) -> int:
    """Note in ``value_hidden`` every cell to withhold of the indicators of a rebuild.

    Parameters
    ----------
    session : Session
        In the transaction of a rebuild whose values are formed.
    catalogue : mapping of str to IndicatorInfo
        What the rules are of; breakdowns by their own keys.
    rules : sequence of Rule
        Of totals and of breakdowns, each with its number in the working tables.
    classes : mapping of str to Limits
        What may be shown.
    opened : collection of str
        Open totals that may be withheld, too, where their parts cannot be protected otherwise;
        they and all that is made from them are among the wanted rules.
    anew : bool
        Forget what was withheld before.

    Returns
    -------
    int
        Cells that nothing could protect.
    """
    open_keys = with_dependents(opened, catalogue)
    guarded = [
        rule.k
        for rule in rules
        if rule.is_wanted and (_may_withhold(rule, catalogue) or total_of(rule.key) in open_keys)
    ]
    if not guarded:
        return 0
    bound = {"anew": anew, "guarded": guarded}
    session.execute(fixed_sql("layers", "withheld_small"), bound)
    session.execute(text("ANALYZE value_hidden"))
    if not session.scalar(text("SELECT count(*) FROM value_hidden")):
        return 0
    while True:
        _follow(session, rules)
        _derive(session, rules)
        link(session, catalogue, rules, classes=classes, opened=opened)
        more, exposed = _protect(session)
        # Money follows persons, and what goes along may be tied by sums of its own. When nothing is
        # added any more, the next rebuild finds nothing to add either.
        if not more:
            return exposed


def linked_periods(
    session: Session, keys: Collection[str], periods: Collection[str], *, years: int
) -> set[str]:
    """Find the periods in which a change of some bears on what is withheld.

    Parameters
    ----------
    session : Session
        In the transaction of a rebuild, before anything is formed.
    keys : collection of str
        All indicators at hand.
    periods : collection of str
        Keys of those in which observations changed.
    years : int
        Age that a denominator may have, remotely.

    Returns
    -------
    set of str
        Keys, those that changed among them. Nothing in any other period is linked to these, unless
        something comes to be divided by another period than before (`is_within`).
    """
    bound = {"keys": list(keys), "periods": list(periods), "years": years}
    return set(session.scalars(fixed_sql("layers", "withheld_periods"), bound))


def is_within(session: Session) -> bool:
    """Tell whether nothing that was formed is divided by a period that is not judged with it.

    Parameters
    ----------
    session : Session
        In the transaction of a rebuild of `linked_periods` whose values are formed.

    Returns
    -------
    bool
        When True, periods that were only there to divide by are gone from the working tables.
    """
    if session.scalar(fixed_sql("layers", "withheld_strays")):
        return False
    session.execute(fixed_sql("layers", "withheld_trim"))
    return True


def seal(session: Session, sliced_keys: Collection[str], *, is_whole: bool) -> None:
    """Keep the true values of what is withheld where only insiders may read.

    Parameters
    ----------
    session : Session
        After `withhold`.
    sliced_keys : collection of str
        Indicators whose breakdowns were prepared.
    is_whole : bool
        Whether all periods were.
    """
    session.execute(fixed_sql("layers", "withheld_seal"))
    if sliced_keys:
        bound = {"keys": list(sliced_keys), "is_whole": is_whole}
        session.execute(fixed_sql("layers", "withheld_seal_slices"), bound)


def _may_withhold(rule: Rule, catalogue: Catalogue) -> bool:
    has_limit = rule.own_limit or rule.denominator_limit or rule.least_denominator
    return bool(has_limit or rule.key in followers() or catalogue[rule.key].parts)


def _follow(session: Session, rules: Sequence[Rule]) -> None:
    found = [(rule.k, followers()[rule.key].persons) for rule in rules if rule.key in followers()]
    if found:
        ks, persons = zip(*found, strict=True)
        bound = {"ks": list(ks), "persons": list(persons)}
        session.execute(fixed_sql("layers", "withheld_follows"), bound)


# Once for each step that an indicator may be away from the counts it is made from.
def _derive(session: Session, rules: Sequence[Rule]) -> None:
    for _ in range(max(rule.depth for rule in rules)):
        if not session.execute(fixed_sql("layers", "withheld_derived")).rowcount:  # type: ignore[attr-defined]
            break


# How many more cells were withheld, and how many nothing can protect.
def _protect(session: Session) -> tuple[int, int]:
    rows = session.execute(text(_CELLS)).all()
    if not rows:
        return 0, 0
    (
        value,
        width,
        level,
        is_fixed,
        is_hidden,
        is_unshown,
        shows_zero,
        was_hidden,
        is_ratio,
        is_open,
    ) = (np.array(column) for column in zip(*rows, strict=True))
    found = session.execute(fixed_sql("layers", "withheld_sums"))
    table = _table(value.astype(np.float64), width.astype(np.float64), found)
    count, extra = len(value), len(table.value) - len(value)
    table.floor[:count] = np.where(shows_zero & (value > 0), 1.0, 0.0)
    rank = np.log2(2.0 + value) * _BY_LEVEL[level] + np.where(is_open, _OF_OPEN, 0.0)
    rank += np.where(value > table.floor[:count], 0.0, _OF_ZEROS)
    rank *= np.where(was_hidden, _OF_KNOWN_GAPS, 1.0) * np.where(is_ratio, _OF_RATIOS, 1.0)
    table.rank[:count] = np.where(is_fixed, np.inf, rank)
    hidden, exposed = protect(
        table,
        np.concatenate([is_hidden, np.ones(extra, dtype=np.bool_)]),
        np.concatenate([is_unshown, np.zeros(extra, dtype=np.bool_)]),
    )
    more = np.flatnonzero(hidden[:count] & ~is_hidden & ~is_unshown)
    session.execute(text(_HIDE), {"cells": more.tolist()})
    return len(more), len(exposed)


# What a whole has beyond its parts, if that is more than anybody may know, is a cell of its own
# that is never shown; parts that exceed the whole are no sum of it.
def _table(value: Any, width: Any, equations: Iterable[Any]) -> Linked:  # noqa: ANN401  (arrays)
    rests: list[float] = []
    numbers, cells, factors = [], [], []
    kept = 0
    for told in equations:
        terms, by = list(told.cells), list(told.factors)
        over = float(np.dot(value[terms], by))
        if told.may_be_fewer and abs(over) > SLIP:
            continue
        if abs(over) >= max(width[terms].max(), 1.0):
            if over > 0 or not told.has_whole:
                continue
            terms.append(len(value) + len(rests))
            by.append(1.0)
            rests.append(-over)
        numbers += [kept] * len(terms)
        cells += terms
        factors += by
        kept += 1
    extra = np.array(rests)
    return Linked(
        value=np.concatenate([value, extra]),
        floor=np.zeros(len(value) + len(extra)),
        width=np.concatenate([width, np.zeros(len(extra))]),
        rank=np.full(len(value) + len(extra), np.inf),
        equation=np.array(numbers, dtype=np.int64),
        cell=np.array(cells, dtype=np.int64),
        factor=np.array(factors, dtype=np.float64),
    )


_CELLS = """
    SELECT c.value, c.width, c.level, c.is_fixed, c.is_hidden, c.is_unshown, c.shows_zero,
           b.k IS NOT NULL AS was_hidden, x.part <> 'value' AS is_ratio, x.is_open
    FROM linked_cell AS c
    JOIN linked_series AS x ON x.s = c.s
    LEFT JOIN (
        SELECT DISTINCT r.k, l.level, s.place_id
        FROM sealed_value AS s
        JOIN value_rule AS r ON r.key = s.indicator_key
        JOIN value_level AS l ON l.name = s.level
    ) AS b ON b.k = c.k AND b.level = c.level AND b.place_id = c.place_id
    ORDER BY c.n
"""
_HIDE = """
    INSERT INTO value_hidden
    SELECT DISTINCT c.k, c.level, c.t, c.place_id FROM linked_cell AS c WHERE c.n = ANY (:cells)
"""
