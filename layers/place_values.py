"""Prepare the one value of every indicator at every place: the table all answers read.

A value reported for a place stands. Otherwise it is added up from the level below, ratios
from the numerators and denominators of the same places. Where two data sets report one place,
the one that knows more places of that level and period is taken, then the one loaded last.
Small counts of persons are withheld last, after everything has been added up. The statements
are in ``layers/sql/values_*.sql``; ``docs/indicators.md`` says the rules in words.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from layers import versions
from layers.indicators import IndicatorInfo, info_of
from layers.models import PLACE_LEVELS, Indicator

log = logging.getLogger(__name__)

#: Counts of persons above zero and below this are withheld, by privacy class.
SMALLEST_SHOWN = {"P0": 0, "P1": 5, "P2": 5, "P3": 10, "P4": 10}

#: From fine to coarse, so that each level can be added up from the one before.
UPWARDS = ("subdistrict", "org", "district", "province", "region", "country")
ADDED_UP = ("district", "province", "region", "country")
PAIRED = ("RATIO", "WMEAN")

ROWS_WORTH_MEASURING = 5_000

Catalogue = Mapping[str, IndicatorInfo]


def rebuild(session: Session, indicator_keys: Collection[str] | None = None) -> set[str]:
    """Bring the prepared values in line with the observations; the caller commits.

    Only rows that differ are written, and only indicators with such rows get a new version.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    indicator_keys : collection of str, optional
        Indicators whose observations changed; those made from them follow by themselves.
        ``None`` for all that have observations or prepared values.

    Returns
    -------
    set of str
        Keys whose values changed.
    """
    catalogue = {row.key: info_of(row) for row in session.scalars(select(Indicator))}
    known = set(session.scalars(text(_KNOWN))) if indicator_keys is None else set(indicator_keys)
    wanted = _with_dependents(known & set(catalogue), catalogue)
    if not wanted:
        return set()
    session.execute(fixed_sql("layers", "values_begin"))
    rebuilding = _Rebuild(session, catalogue, wanted)
    changed = {key for key in _in_order(wanted, catalogue) if rebuilding.prepare(key)}
    session.execute(text("RESET enable_nestloop; RESET work_mem"))
    versions.bump(session, map(versions.of_indicator, changed))
    log.info("values prepared", extra={"asked": len(wanted), "changed": len(changed)})
    return changed


def public_levels(indicator: IndicatorInfo) -> tuple[str, ...]:
    """List the levels at which an indicator may be shown, coarsest first.

    Parameters
    ----------
    indicator : IndicatorInfo
        Its ``finest_level`` decides; organisations are as fine as sub-districts.

    Returns
    -------
    tuple of str
        Some of country, region, province, district, subdistrict, org.
    """
    finest = "org" if indicator.finest_level == "subdistrict" else indicator.finest_level
    return PLACE_LEVELS[: PLACE_LEVELS.index(finest) + 1]


class _Rebuild:
    """One rebuild: which indicators' raw values are at hand in its working tables."""

    def __init__(self, session: Session, catalogue: Catalogue, wanted: Collection[str]) -> None:
        self._session = session
        self._catalogue = catalogue
        self._wanted = wanted
        self._at_hand: set[str] = set()
        self._covered: set[str] = set()

    def prepare(self, key: str) -> bool:
        """Make and store the values of one indicator.

        Parameters
        ----------
        key : str
            Key of the indicator.

        Returns
        -------
        bool
            Whether any row changed.
        """
        self._have(key)
        indicator = self._catalogue[key]
        self._run("values_new", key=key, **self._withholding(indicator))
        version = versions.version_of(self._session, versions.of_indicator(key)) + 1
        forgotten = self._run("values_forget", key=key)
        kept = self._run("values_keep", key=key, version=version)
        return forgotten + kept > 0

    def _run(self, statement: str, **values: object) -> int:
        return self._session.execute(fixed_sql("layers", statement), values).rowcount  # type: ignore[attr-defined,no-any-return]

    def _have(self, key: str) -> None:
        """Bring the raw values of one indicator to hand, its parts first."""
        if key in self._at_hand:
            return
        self._at_hand.add(key)
        indicator = self._catalogue[key]
        if key not in self._wanted and _withholds_nothing(indicator):
            self._measure(self._run("values_kept", key=key))
            return
        for part in indicator.parts:
            if part in self._catalogue:
                self._have(part)
        self._measure(self._run("values_observed", key=key))
        if indicator.space_agg == "WMEAN":
            years = indicator.denominator_max_age_years
            self._run("values_weights", key=key, weight=indicator.weight_key, years=years)
        if indicator.space_agg == "RECLASSIFY":
            self._reclassify(indicator)
        elif indicator.space_agg != "NONE":
            self._climb(indicator)

    def _measure(self, rows: int) -> None:
        """Tell the planner how much there is, once there is much."""
        if rows >= ROWS_WORTH_MEASURING:
            self._session.execute(text("ANALYZE value_raw"))

    def _climb(self, indicator: IndicatorInfo) -> None:
        """Fill the levels from fine to coarse."""
        by_area = indicator.denominator_key == "@area_km2"
        for level in UPWARDS:
            if indicator.numerator_keys:
                self._pairs(indicator, level, only_reported=not by_area)
            if level in ADDED_UP and not by_area:
                self._sum_up(indicator, level)
                if indicator.numerator_keys:
                    self._pairs(indicator, level, only_reported=False)
                    self._run("values_unvalued", key=indicator.key, level=level)

    def _sum_up(self, indicator: IndicatorInfo, level: str) -> None:
        self._run(
            "values_sum_up",
            key=indicator.key,
            level=level,
            is_ratio=indicator.space_agg in PAIRED,
            factor=indicator.factor,
            tier="upper" if indicator.tier == "upper" else "lower",
            both_tiers=indicator.tier == "both",
        )

    def _pairs(self, indicator: IndicatorInfo, level: str, *, only_reported: bool) -> None:
        denominator = indicator.denominator_key or ""
        if level == "org" and denominator in self._catalogue:
            self._cover(denominator, indicator.numerator_keys)
        self._run(
            "values_pairs",
            key=indicator.key,
            level=level,
            numerators=list(indicator.numerator_keys),
            parts=len(indicator.numerator_keys),
            denominator=denominator,
            years=indicator.denominator_max_age_years,
            factor=indicator.factor,
            only_reported=only_reported,
        )

    def _cover(self, denominator: str, numerators: Sequence[str]) -> None:
        """Estimate a denominator of organisations, once, where organisations reported."""
        asked = text(_BY_ORGANISATION)
        if denominator not in self._covered and self._session.scalar(
            asked, {"keys": list(numerators)}
        ):
            self._covered.add(denominator)
            self._run("values_covered", key=denominator)

    def _reclassify(self, indicator: IndicatorInfo) -> None:
        source = self._catalogue.get(indicator.numerator_keys[0])
        if source is not None:
            limits = sorted(limit.value for limit in source.thresholds)
            self._run("values_classes", key=indicator.key, source=source.key, limits=limits)

    def _withholding(self, indicator: IndicatorInfo) -> dict[str, Any]:
        limits = {
            part: SMALLEST_SHOWN[self._catalogue[part].privacy]
            for part in _counts_within(indicator, self._catalogue)
        }
        below = self._catalogue.get(indicator.denominator_key or "")
        tiers = {"both": ["lower", "upper"]}.get(indicator.tier, [indicator.tier])
        return {
            "levels": list(public_levels(indicator)),
            "tiers": tiers,
            "is_ratio": indicator.space_agg not in {"SUM", "COUNT"},
            "own_limit": SMALLEST_SHOWN[indicator.privacy],
            "denominator_limit": SMALLEST_SHOWN[below.privacy] if below else 0,
            "part_keys": list(limits),
            "part_limits": [float(limit) for limit in limits.values()],
        }


_BY_ORGANISATION = """
SELECT EXISTS (SELECT 1 FROM value_raw WHERE indicator_key = ANY (:keys) AND level = 'org')
"""
_KNOWN = "SELECT indicator_key FROM observation UNION SELECT indicator_key FROM place_value"


def _withholds_nothing(indicator: IndicatorInfo) -> bool:
    plain = indicator.space_agg in {"SUM", "COUNT"}
    return plain and indicator.privacy == "P0" and indicator.finest_level in {"subdistrict", "org"}


# Names the counts an indicator's numerators are made from.
def _counts_within(indicator: IndicatorInfo, catalogue: Catalogue) -> Iterator[str]:
    for key in indicator.numerator_keys:
        part = catalogue.get(key)
        if part is None:
            continue
        if part.space_agg in {"SUM", "COUNT"}:
            yield key
        yield from _counts_within(part, catalogue)


def _with_dependents(keys: Collection[str], catalogue: Catalogue) -> set[str]:
    found = set(keys)
    while more := {
        key for key, one in catalogue.items() if key not in found and found & set(one.parts)
    }:
        found |= more
    return found


# Puts every indicator after the ones it is made from.
def _in_order(keys: Collection[str], catalogue: Catalogue) -> Sequence[str]:
    ordered: list[str] = []

    def place(key: str) -> None:
        if key in ordered:
            return
        for part in catalogue[key].parts:
            if part in keys:
                place(part)
        ordered.append(key)

    for key in sorted(keys):
        place(key)
    return ordered
