"""Which breakdowns each indicator is known by: sex, age band, type; found in the data alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import orjson
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers.indicators import IndicatorInfo
from layers.models import Slice
from layers.value_rules import Catalogue

_MADE = ("SUM", "COUNT", "RATIO")
#: A slice of an indicator stands beside it in a catalogue under both their words:
#: ``pop_total{"sex": "f"}``.
Slices = Mapping[str, Iterable[str]]


def told(session: Session, catalogue: Catalogue) -> dict[str, set[str]]:
    """Find the breakdowns of every indicator: reported, or shared by all its parts.

    Parameters
    ----------
    session : Session
        Open.
    catalogue : mapping of str to IndicatorInfo
        All indicators.

    Returns
    -------
    dict of str to set of str
        By key, breakdowns as the database writes them.
    """
    found: dict[str, set[str]] = {}
    for key, words in session.execute(fixed_sql("layers", "slices_said")):
        if key in catalogue:
            found.setdefault(key, set()).add(words)
    waiting = [one for one in catalogue.values() if _can_be_made(one)]
    while waiting:
        ready = [one for one in waiting if _shared(one, found) - found.get(one.key, set())]
        for one in ready:
            found[one.key] = found.get(one.key, set()) | _shared(one, found)
        if not ready:
            break
        waiting = [one for one in waiting if one not in ready]
    return found


def as_catalogue(slices: Slices, catalogue: Catalogue) -> dict[str, IndicatorInfo]:
    """Write slices as a catalogue of their own, each made from the same slice of its parts.

    Parameters
    ----------
    slices : mapping of str to iterable of str
        From `told`.
    catalogue : mapping of str to IndicatorInfo
        All indicators.

    Returns
    -------
    dict of str to IndicatorInfo
        By key of the slice.
    """
    keys = {f"{key}{words}" for key, found in slices.items() for words in found}
    return {
        f"{key}{words}": _sliced(catalogue[key], words, keys)
        for key, found in slices.items()
        for words in found
    }


def write(session: Session, slices: Slices) -> None:
    """Bring the register of slices in line with what some indicators are known by.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    slices : mapping of str to iterable of str
        Of all indicators at hand; those without any lose what they had.
    """
    rows = [
        {"indicator_key": key, "breakdown": orjson.loads(words)}
        for key, found in slices.items()
        for words in sorted(found)
    ]
    known = select(Slice.id, Slice.indicator_key, Slice.breakdown).where(
        Slice.indicator_key.in_(slices)
    )
    wanted = [(row["indicator_key"], row["breakdown"]) for row in rows]
    gone = [
        found.id
        for found in session.execute(known)
        if (found.indicator_key, found.breakdown) not in wanted
    ]
    session.execute(delete(Slice).where(Slice.id.in_(gone)))
    if rows:
        session.execute(insert(Slice).values(rows).on_conflict_do_nothing())


def fingerprints(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """Summarise the values of slices, to see which indicators a rebuild changes.

    Parameters
    ----------
    session : Session
        Open.
    keys : iterable of str
        Indicators.

    Returns
    -------
    dict of str to int
        By key of those that have slices.
    """
    rows = session.execute(text(_FINGERPRINTS), {"keys": list(keys)})
    return dict(rows.all())


def names(session: Session) -> tuple[str, ...]:
    """List the names of all breakdowns.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    tuple of str
        For example ``("age", "sex")``.
    """
    return tuple(
        session.scalars(
            select(func.jsonb_object_keys(Slice.breakdown)).distinct().order_by(text("1"))
        )
    )


def _can_be_made(one: IndicatorInfo) -> bool:
    has_ground = (one.denominator_key or "").startswith("@")
    return bool(one.numerator_keys) and one.space_agg in _MADE and not has_ground


def _shared(one: IndicatorInfo, found: Mapping[str, set[str]]) -> set[str]:
    parts = [found.get(part, set()) for part in one.parts]
    return set.intersection(*parts) if parts else set()


def _sliced(one: IndicatorInfo, words: str, keys: set[str]) -> IndicatorInfo:
    parts = [f"{part}{words}" for part in one.parts]
    is_made = all(part in keys for part in parts)
    below = f"{one.denominator_key}{words}" if one.denominator_key and is_made else None
    weight = f"{one.weight_key}{words}"
    return replace(
        one,
        key=f"{one.key}{words}",
        numerator_keys=tuple(f"{part}{words}" for part in one.numerator_keys) if is_made else (),
        denominator_key=below,
        weight_key=weight if one.weight_key and weight in keys else None,
    )


_FINGERPRINTS = """
    SELECT s.indicator_key,
           sum(hashtextextended(s.breakdown::text || v.level || v.period_key || v.place_id
               || v.status || coalesce(v.value::text, '') || v.reporting, 0)::numeric)
    FROM slice_value AS v
    JOIN slice AS s ON s.id = v.slice_id
    WHERE s.indicator_key = ANY (:keys)
    GROUP BY s.indicator_key
"""
