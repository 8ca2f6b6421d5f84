"""How each indicator is formed, put in rows that the statements of a rebuild join with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from layers.analysis.formula import GROUND
from layers.identities import followers, identities
from layers.indicators import IndicatorInfo
from layers.models import PLACE_LEVELS
from layers.sealed import PrivacyClass

AMOUNTS = ("SUM", "COUNT")
_PAIRED = ("RATIO", "WMEAN")
_NEVER_ADDED = ("NONE", "RECLASSIFY", "FORMULA")

Catalogue = Mapping[str, IndicatorInfo]


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be shown of one privacy class; levels by number, 1 is the country, 0 is none.

    ``smallest`` and ``least_denominator`` are persons.
    """

    smallest: int
    least_denominator: int
    zeros_to: int
    public_to: int


Classes = Mapping[str, Limits]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table ``value_rule`` of a rebuild, in its order.

    ``k`` numbers the indicator and ``denominator_k`` the one it divides by (0 for none or an
    unknown one); ``depth`` is above that of all its parts; one that ``is_kept`` is read back as
    it was prepared. ``years`` is the age a denominator may have, ``finest`` the number of the
    finest public level (1 is the country, 0 none); the limits are persons, ``zeros_to`` the finest
    level whose zeros are shown; ``version`` is the next one. Of one that ``is_guarded`` nothing is
    remarked that compares numbers.
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
    least_denominator: float
    zeros_to: int
    is_guarded: bool
    is_sliced: bool = False


RULE_COLUMNS = tuple(field.name for field in fields(Rule))


def classes_of(session: Session) -> dict[str, Limits]:
    """Read what may be shown of each privacy class.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    dict of str to Limits
        By class, P0 to P4.
    """
    return {
        row.code: Limits(
            smallest=row.smallest,
            least_denominator=row.least_denominator,
            zeros_to=_number_of(row.zeros_to),
            public_to=0 if row.public_to == "none" else _number_of(row.public_to),
        )
        for row in session.scalars(select(PrivacyClass))
    }


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
    return PLACE_LEVELS[: _number_of(indicator.finest_level)]


def total_of(key: str) -> str:
    """Tell the indicator that a key is of; those of breakdowns go on with their members in braces.

    Parameters
    ----------
    key : str
        Of an indicator or of a breakdown of one.

    Returns
    -------
    str
        Key of the indicator.
    """
    return key.partition("{")[0]


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
    wanted: Collection[str],
    catalogue: Catalogue,
    known_versions: Mapping[str, int],
    *,
    classes: Classes,
    beside: Collection[str] = (),
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
    classes : mapping of str to Limits
        What may be shown.
    beside : collection of str
        More keys to have at hand.

    Returns
    -------
    list of Rule
        In order of the keys, numbered from 1.
    """
    depths = _depths(wanted, catalogue, classes, beside)
    numbers = {key: number for number, key in enumerate(sorted(depths), start=1)}
    return [
        _rule(
            catalogue[key],
            catalogue,
            numbers,
            classes=classes,
            depth=depths[key],
            version=known_versions[key] + 1 if key in wanted else None,
        )
        for key in numbers
    ]


def limits_within(
    indicator: IndicatorInfo, catalogue: Catalogue, classes: Classes
) -> dict[str, int]:
    """List the counts of persons an indicator's numerators are made from.

    Parameters
    ----------
    indicator : IndicatorInfo
        Any.
    catalogue : mapping of str to IndicatorInfo
        All indicators.
    classes : mapping of str to Limits
        What may be shown.

    Returns
    -------
    dict of str to int
        By key of the count, below how many persons it is withheld.
    """
    return {
        key: limit
        for key in _counts_within(indicator, catalogue)
        if (limit := classes[catalogue[key].privacy].smallest)
    }


def is_guarded(one: IndicatorInfo, classes: Classes) -> bool:
    """Tell whether an indicator's small numbers are withheld, by its class or what it tells.

    Parameters
    ----------
    one : IndicatorInfo
        Any.
    classes : mapping of str to Limits
        What may be shown.

    Returns
    -------
    bool
        False for what is shown as it is.
    """
    return classes[one.privacy].smallest > 0 or one.key in followers()


def open_totals(catalogue: Catalogue, classes: Classes) -> set[str]:
    """Name the open amounts that are the sum of guarded ones, such as the population.

    Parameters
    ----------
    catalogue : mapping of str to IndicatorInfo
        All indicators.
    classes : mapping of str to Limits
        What may be shown.

    Returns
    -------
    set of str
        Keys.
    """

    def is_known(key: str, *, guarded: bool) -> bool:
        return key in catalogue and is_guarded(catalogue[key], classes) == guarded

    return {
        one.whole
        for one in identities()
        if is_known(one.whole, guarded=False)
        and any(is_known(part, guarded=True) for part in one.parts)
    }


def families(
    catalogue: Catalogue, classes: Classes, *, opened: Collection[str] = ()
) -> dict[str, int]:
    """Group the indicators that can give each other's small numbers away.

    Parameters
    ----------
    catalogue : mapping of str to IndicatorInfo
        All indicators.
    classes : mapping of str to Limits
        What may be shown.
    opened : collection of str
        Open totals that may be withheld, too: what is made from them then belongs to them.

    Returns
    -------
    dict of str to int
        Number of the group, by key; what withholds nothing is in none.
    """
    guarded = {key for key, one in catalogue.items() if is_guarded(one, classes)}
    guarded |= with_dependents(opened, catalogue)
    groups = {key: number for number, key in enumerate(sorted(guarded))}
    links = [
        *((key, *catalogue[key].parts) for key in sorted(guarded)),
        *((one.whole, *one.parts) for one in identities()),
        *((one.key, one.persons) for one in followers().values()),
    ]
    for link in links:
        _merge(groups, [key for key in link if key in guarded])
    return groups


def _merge(groups: dict[str, int], keys: Sequence[str]) -> None:
    meeting = {groups[key] for key in keys}
    for key, number in groups.items():
        if number in meeting:
            groups[key] = min(meeting)


def _number_of(level: str) -> int:
    return PLACE_LEVELS.index("org" if level == "subdistrict" else level) + 1


# Nothing is shown finer than what it is made from may be, if that is guarded.
def _finest(
    one: IndicatorInfo, catalogue: Catalogue, classes: Classes, above: frozenset[str] = frozenset()
) -> int:
    own = min(_number_of(one.finest_level), classes[one.privacy].public_to)
    within = above | {one.key}  # should the catalogue go round in a circle, it ends here
    parts = [catalogue[key] for key in one.parts if key in catalogue and key not in within]
    guarded = [part for part in parts if classes[part.privacy].smallest]
    return min([own, *(_finest(part, catalogue, classes, within) for part in guarded)])


def _rule(
    one: IndicatorInfo,
    catalogue: Catalogue,
    numbers: Mapping[str, int],
    *,
    classes: Classes,
    depth: int,
    version: int | None,
) -> Rule:
    is_kept = version is None and _withholds_nothing(one, catalogue, classes)
    limits = classes[one.privacy]
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
        finest=_finest(one, catalogue, classes),
        own_limit=limits.smallest,
        denominator_limit=classes[below.privacy].smallest if below else 0,
        version=version or 0,
        least_denominator=limits.least_denominator,
        zeros_to=limits.zeros_to,
        is_guarded=is_guarded(one, classes),
    )


# How many steps each indicator at hand is away from those that are made from no other.
def _depths(
    wanted: Collection[str], catalogue: Catalogue, classes: Classes, beside: Collection[str]
) -> dict[str, int]:
    depths: dict[str, int] = {}

    def depth_of(key: str) -> int:
        if key not in depths:
            depths[key] = 0  # should the catalogue go round in a circle, it ends here
            one = catalogue[key]
            if key in wanted or not _withholds_nothing(one, catalogue, classes):
                parts: Sequence[int] = [depth_of(part) for part in one.parts if part in catalogue]
                depths[key] = 1 + max(parts, default=-1)
        return depths[key]

    for key in sorted({*wanted, *beside}):
        depth_of(key)
    return depths


def _withholds_nothing(one: IndicatorInfo, catalogue: Catalogue, classes: Classes) -> bool:
    is_open = one.space_agg in AMOUNTS and not is_guarded(one, classes)
    is_everywhere = _finest(one, catalogue, classes) == len(PLACE_LEVELS)
    return is_open and is_everywhere and not limits_within(one, catalogue, classes)


# Names the counts an indicator's numerators are made from.
def _counts_within(indicator: IndicatorInfo, catalogue: Catalogue) -> Iterator[str]:
    for key in indicator.numerator_keys:
        part = catalogue.get(key)
        if part is None:
            continue
        if part.space_agg in AMOUNTS:
            yield key
        yield from _counts_within(part, catalogue)
