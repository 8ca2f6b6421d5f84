"""Rows and columns of a cube's answer: their members, and the places behind each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from geo_service.core.text import Text
from layers.cube.cells import Group, Subject
from layers.cube.places import COUNTRY, Place, Places, group_of
from layers.cube.query import AREA_LEVELS, PLACE_DIMENSIONS, TIME_DIMENSIONS
from layers.cube.times import name_of

#: Above the row that is the total of all.
_ROOT = ("",)
Pairs = tuple[tuple[str, str], ...]
_SORTS = dict.fromkeys(PLACE_DIMENSIONS, "places") | dict.fromkeys(TIME_DIMENSIONS, "times")


@dataclass(frozen=True, slots=True)
class Header:
    """A row or a column: the key and the name of its member in each dimension that is fixed.

    A total has fewer keys than the axis has dimensions.
    """

    dimensions: tuple[str, ...]
    keys: tuple[str, ...]
    names: tuple[Text, ...]
    is_total: bool = False
    places: Pairs = field(init=False, compare=False)
    times: tuple[str, ...] = field(init=False, compare=False)
    slices: Pairs = field(init=False, compare=False)

    def __post_init__(self) -> None:
        sorts: dict[str, list[tuple[str, str]]] = {"places": [], "times": [], "slices": []}
        for one in zip(self.dimensions, self.keys, strict=True):
            sorts[_SORTS.get(one[0], "slices")].append(one)
        # Said once: a large table asks for them at each of its cells.
        object.__setattr__(self, "places", tuple(sorts["places"]))
        object.__setattr__(self, "times", tuple(key for _, key in sorts["times"]))
        object.__setattr__(self, "slices", tuple(sorts["slices"]))

    @property
    def parent(self) -> Header:
        """The header it stands under; a total."""
        return Header(self.dimensions[:-1], self.keys[:-1], self.names[:-1], is_total=True)


@dataclass(frozen=True, slots=True)
class Members:
    """What may stand on an axis: tuples of codes of its places, times and breakdowns."""

    places: Sequence[tuple[str, ...]]
    times: Sequence[tuple[str, ...]]
    slices: Sequence[tuple[str, ...]]

    def count(self) -> int:
        """Count the headers they make, totals left out.

        Returns
        -------
        int
            Headers.
        """
        return len(self.places) * len(self.times) * len(self.slices)


def headers(
    dimensions: Sequence[str],
    members: Members,
    names: MemberNames,
    *,
    with_totals: bool,
) -> list[Header]:
    """Lay out an axis, totals before what they stand over.

    Parameters
    ----------
    dimensions : sequence of str
        Of the axis.
    members : Members
        What there is.
    names : MemberNames
        Says what each is called.
    with_totals : bool
        Whether to add a header for every beginning of a header.

    Returns
    -------
    list of Header
        In the order of codes; one without keys for an axis without dimensions.
    """
    places = [one for one in dimensions if one in PLACE_DIMENSIONS]
    times = [one for one in dimensions if one in TIME_DIMENSIONS]
    slices = [one for one in dimensions if one not in {*places, *times}]
    found: set[tuple[str, ...]] = set()
    for one, when, what in product(members.places, members.times, members.slices):
        keys = dict(zip((*places, *times, *slices), (*one, *when, *what), strict=True))
        found.add(tuple(keys[name] for name in dimensions))
    if with_totals and dimensions:
        found |= {keys[:size] for keys in found for size in range(len(keys))}
    order = sorted(found, key=lambda keys: tuple(map(_natural, keys)))
    return [_header(dimensions, keys, names) for keys in order]


# Region 2 before region 10.
def _natural(key: str) -> tuple[str, int, str]:
    front = key.rstrip("0123456789")
    return front, len(key) if front.endswith("-") else 0, key


def _header(dimensions: Sequence[str], keys: tuple[str, ...], names: MemberNames) -> Header:
    fixed = tuple(dimensions[: len(keys)])
    told = tuple(names.of(name, key) for name, key in zip(fixed, keys, strict=True))
    return Header(fixed, keys, told, is_total=len(keys) < len(dimensions))


@dataclass(frozen=True, slots=True)
class MemberNames:
    """What the members of every dimension are called."""

    places: Places
    slices: Mapping[tuple[str, str], Text] = field(default_factory=dict)

    def of(self, dimension: str, key: str) -> Text:
        """Name a member.

        Returns
        -------
        Text
            Its code where it has no name.
        """
        if dimension in PLACE_DIMENSIONS:
            return self.places.member(dimension, key)
        if dimension in TIME_DIMENSIONS:
            return name_of(dimension, key)
        return self.slices.get((dimension, key), Text(key, key))


def in_order(
    rows: Sequence[Header],
    values: Mapping[tuple[str, ...], float | None],
    *,
    is_falling: bool,
    top: int | None,
) -> list[Header]:
    """Sort rows within their parent by a value, those without one last.

    Parameters
    ----------
    rows : sequence of Header
        Parents, where there are any, are totals among them.
    values : mapping of tuple of str to float
        By the keys of a row, in one unit.
    is_falling : bool
        Whether the largest come first.
    top : int, optional
        How many rows are kept under each parent, totals apart.

    Returns
    -------
    list of Header
        Parents before what they stand over.
    """
    sign = -1 if is_falling else 1

    def place(row: Header) -> tuple[bool, float, tuple[str, ...]]:
        known = values[row.keys]
        return known is None, sign * (known or 0), row.keys

    under: dict[tuple[str, ...], list[Header]] = {}
    for row in rows:
        under.setdefault(row.keys[:-1] if row.keys else _ROOT, []).append(row)
    for parent, found in under.items():
        found.sort(key=place)
        under[parent] = found if top is None or found[0].is_total else found[:top]

    def below(found: Iterable[Header]) -> Iterator[Header]:
        for row in found:
            yield row
            if row.is_total:
                yield from below(under.get(row.keys, ()))

    if _ROOT in under:
        return list(below(under[_ROOT]))
    return [row for parent in sorted(under) for row in under[parent]]


def count_within(every: Sequence[Place], places: Places) -> Mapping[tuple[str, str], int]:
    """Count the places within every larger one.

    Parameters
    ----------
    every : sequence of Place
        All of one level.
    places : Places
        Of the scheme of regions.

    Returns
    -------
    mapping of (str, str) to int
        By level and code of the larger place.
    """
    found = Counter(
        (level, code)
        for place in every
        for level, code in place.within.items()
        if level in AREA_LEVELS
    )
    if every and every[0].level == "region" and not is_whole(places):
        # Bangkok is in no region of some schemes: all their regions are not the country.
        found[COUNTRY] += 1
    return found


class Ground:
    """The places a question is about, and what stands for each group of them.

    A group that is exactly the places within one place is that place, and has its value; any
    other group is added up.
    """

    def __init__(
        self, places: Places, leaves: Sequence[Place], counts: Mapping[tuple[str, str], int]
    ) -> None:
        self._places = places
        self._level = leaves[0].level if leaves else ""
        self._all = counts
        self._leaves = leaves
        self._groups: dict[tuple[str, ...], dict[tuple[str, ...], list[Place]]] = {}
        self._subjects: dict[Pairs, Subject | None] = {}

    def members(self, dimensions: Sequence[str]) -> list[tuple[str, ...]]:
        """List the combinations of codes that have places.

        Parameters
        ----------
        dimensions : sequence of str
            Of places.

        Returns
        -------
        list of tuple of str
            One empty tuple without dimensions.
        """
        return list(self._grouped(tuple(dimensions))) if dimensions else [()]

    def subject(self, members: Pairs) -> Subject | None:
        """Find what stands for the places of some members.

        Parameters
        ----------
        members : tuple of (str, str)
            Dimensions of places, and codes in them.

        Returns
        -------
        Place, Group or None
            ``None`` when no place is in all of them.
        """
        if members not in self._subjects:
            dimensions = tuple(name for name, _ in members)
            found = self._grouped(dimensions).get(tuple(code for _, code in members), [])
            self._subjects[members] = self._stands_for(found) if found else None
        return self._subjects[members]

    def _grouped(self, dimensions: tuple[str, ...]) -> dict[tuple[str, ...], list[Place]]:
        if dimensions not in self._groups:
            found: dict[tuple[str, ...], list[Place]] = {}
            for place in self._leaves:
                keys = group_of(place, dimensions)
                if keys is not None:
                    found.setdefault(keys, []).append(place)
            self._groups[dimensions] = found
        return self._groups[dimensions]

    def _stands_for(self, leaves: Sequence[Place]) -> Subject:
        if len(leaves) == 1:
            return leaves[0]
        if self._level != "org":
            for level in AREA_LEVELS:
                codes = {place.within.get(level, "") for place in leaves}
                code = codes.pop() if len(codes) == 1 else ""
                place = self._places.at(level).get(code)
                if place is not None and self._all.get((level, code)) == len(leaves):
                    return place
        return Group(len(self._subjects), tuple(leaves))


def is_whole(places: Places) -> bool:
    """Tell whether the regions of the scheme are the whole country together.

    Parameters
    ----------
    places : Places
        Of one scheme.

    Returns
    -------
    bool
        False where Bangkok is in none of them.
    """
    return all(one.within.get("region") for one in places.at("province").values())
