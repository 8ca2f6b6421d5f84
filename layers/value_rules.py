"""How each indicator is formed, put in rows that the statements of a rebuild join with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from layers.analysis.formula import GROUND
from layers.indicators import IndicatorInfo
from layers.models import PLACE_LEVELS

#: Counts of persons above zero and below this are withheld, by privacy class.
SMALLEST_SHOWN = {"P0": 0, "P1": 5, "P2": 5, "P3": 10, "P4": 10}


AMOUNTS = ("SUM", "COUNT")
_PAIRED = ("RATIO", "WMEAN")
_NEVER_ADDED = ("NONE", "RECLASSIFY", "FORMULA")

Catalogue = Mapping[str, IndicatorInfo]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table ``value_rule`` of a rebuild, in its order.

    ``k`` numbers the indicator and ``denominator_k`` the one it divides by (0 for none or an
    unknown one); ``depth`` is above that of all its parts; one that ``is_kept`` is read back as
    it was prepared. ``years`` is the age a denominator may have, ``finest`` the number of the
    finest public level (1 is the country); the limits are persons; ``version`` is the next one.
    """

    k: int
    key: str
    depth: int
    is_wanted: bool
    is_kept: bool
    adds_up: bool
    is_ratio: bool
    is_amount: bool
    parts: int
    divides: bool
    by_area: bool
    denominator_k: int
    years: int
    factor: float
    lower_tier: bool
    upper_tier: bool
    finest: int
    own_limit: float
    denominator_limit: float
    version: int


RULE_COLUMNS = tuple(field.name for field in fields(Rule))


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


def with_dependents(keys: Collection[str], catalogue: Catalogue) -> set[str]:
    """Add the indicators that are made from others, however remotely.

    Parameters
    ----------
    keys : collection of str
        Keys that changed.
    catalogue : mapping of str to IndicatorInfo
        All indicators.

    Returns
    -------
    set of str
        Those keys and all that follow from them.
    """
    found = set(keys)
    while more := {
        key for key, one in catalogue.items() if key not in found and found & set(one.parts)
    }:
        found |= more
    return found


def rules_for(
    wanted: Collection[str], catalogue: Catalogue, known_versions: Mapping[str, int]
) -> list[Rule]:
    """Say how the wanted indicators, and all that they are made from, are formed.

    Parameters
    ----------
    wanted : collection of str
        Keys to prepare.
    catalogue : mapping of str to IndicatorInfo
        All indicators.
    known_versions : mapping of str to int
        Current version of each wanted key.

    Returns
    -------
    list of Rule
        In order of the keys, numbered from 1.
    """
    depths = _depths(wanted, catalogue)
    numbers = {key: number for number, key in enumerate(sorted(depths), start=1)}
    return [
        _rule(
            catalogue[key],
            catalogue,
            numbers,
            depth=depths[key],
            version=known_versions[key] + 1 if key in wanted else None,
        )
        for key in numbers
    ]


def limits_within(indicator: IndicatorInfo, catalogue: Catalogue) -> dict[str, int]:
    """List the counts of persons an indicator's numerators are made from.

    Parameters
    ----------
    indicator : IndicatorInfo
        Any.
    catalogue : mapping of str to IndicatorInfo
        All indicators.

    Returns
    -------
    dict of str to int
        By key of the count, below how many persons it is withheld.
    """
    return {
        key: limit
        for key in _counts_within(indicator, catalogue)
        if (limit := SMALLEST_SHOWN[catalogue[key].privacy])
    }


def _rule(
    one: IndicatorInfo,
    catalogue: Catalogue,
    numbers: Mapping[str, int],
    *,
    depth: int,
    version: int | None,
) -> Rule:
    is_kept = version is None and _withholds_nothing(one, catalogue)
    below = catalogue.get(one.denominator_key or "")
    return Rule(
        k=numbers[one.key],
        key=one.key,
        depth=depth,
        is_wanted=version is not None,
        is_kept=is_kept,
        adds_up=not is_kept and one.space_agg not in _NEVER_ADDED,
        is_ratio=one.space_agg in _PAIRED,
        is_amount=one.space_agg in AMOUNTS,
        parts=len(one.numerator_keys),
        divides=bool(one.denominator_key),
        by_area=one.denominator_key == GROUND,
        denominator_k=numbers.get(one.denominator_key or "", 0),
        years=one.denominator_max_age_years,
        factor=one.factor,
        lower_tier=one.tier != "upper",
        upper_tier=one.tier != "lower",
        finest=len(public_levels(one)),
        own_limit=SMALLEST_SHOWN[one.privacy],
        denominator_limit=SMALLEST_SHOWN[below.privacy] if below else 0,
        version=version or 0,
    )


# How many steps each indicator at hand is away from those that are made from no other.
def _depths(wanted: Collection[str], catalogue: Catalogue) -> dict[str, int]:
    depths: dict[str, int] = {}

    def depth_of(key: str) -> int:
        if key not in depths:
            depths[key] = 0  # should the catalogue go round in a circle, it ends here
            one = catalogue[key]
            if key in wanted or not _withholds_nothing(one, catalogue):
                parts: Sequence[int] = [depth_of(part) for part in one.parts if part in catalogue]
                depths[key] = 1 + max(parts, default=-1)
        return depths[key]

    for key in sorted(wanted):
        depth_of(key)
    return depths


def _withholds_nothing(one: IndicatorInfo, catalogue: Catalogue) -> bool:
    is_open = one.space_agg in AMOUNTS and one.privacy == "P0"
    return (
        is_open and one.finest_level in {"subdistrict", "org"} and not limits_within(one, catalogue)
    )


# Names the counts an indicator's numerators are made from.
def _counts_within(indicator: IndicatorInfo, catalogue: Catalogue) -> Iterator[str]:
    for key in indicator.numerator_keys:
        part = catalogue.get(key)
        if part is None:
            continue
        if part.space_agg in AMOUNTS:
            yield key
        yield from _counts_within(part, catalogue)
