"""Work out how closely each withheld number is known from what was taken.

One variable for every gap, one equation for every sum that the places, the breakdowns and the
definitions of the indicators make, one linear programme for each end of each interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import highspy
import numpy as np

from tests.attack.harvest import Cell, Loot

#: What the documentation says of each class: narrowest interval, and the finest level whose
#: zeros are shown (a gap there is no zero, as far as an outsider can tell).
NARROWEST = {"P1": 5, "P2": 5, "P3": 10}
ZEROS_SHOWN = {"P1": "org", "P2": "org", "P3": "district"}
ORDER = ("country", "region", "province", "district", "subdistrict", "org")
#: Definitions anybody knows.
KNOWN_SUMS = (
    ("pop_total", ("pop_0_14", "pop_15_59", "pop_60p")),
    ("pop_total", ("pop_0_14", "pop_15_64", "pop_65p")),
    ("pop_total", ("pop_0_19", "pop_20_59", "pop_60p")),
    ("pop_60p", ("pop_60_69", "pop_70_79", "pop_80_89", "pop_90p")),
    ("pop_60p", ("pop_60_69", "pop_70_79", "pop_80p")),
    ("pop_80p", ("pop_80_89", "pop_90p")),
)
FAR = 1e7

#: Level and code.
Place = tuple[str, str]
Terms = dict[Cell, float]
#: Factors of gaps, and the ends between which their sum lies.
Row = tuple[Terms, float, float]


@dataclass(frozen=True)
class Known:
    """What an outsider knows of one withheld number."""

    cell: Cell
    low: float
    high: float
    narrowest: float
    is_consistent: bool = True

    @property
    def is_disclosed(self) -> bool:
        """Whether the interval is narrower than promised."""
        return self.high - self.low < self.narrowest - 1e-6


def attack(loot: Loot) -> list[Known]:
    """Bound every withheld count."""
    equations = list(_equations(loot))
    found: list[Known] = []
    for cells, rows in _blocks(loot, equations):
        found += _bounds(loot, cells, rows)
    return sorted(found, key=lambda one: one.high - one.low)


def is_count(loot: Loot, cell: Cell) -> bool:
    """Tell whether a cell is a number of persons by itself."""
    return cell.part == "value" and loot.is_amount(cell.indicator)


# A sum in which nothing is missing tells nothing of what is: only series with gaps, and those
# tied to them by a definition, are looked at.
def _equations(loot: Loot) -> Iterator[Row]:
    keys = _tied_to_gaps(loot)
    every = {cell for cell in loot.shown if cell.indicator in keys} | loot.hidden
    groups = defaultdict(set)
    for cell in every:
        groups[cell.indicator, cell.part, cell.breakdown, cell.period].add(cell)
    for terms in (
        *_places(loot, groups), *_margins(loot, every), *_definitions(loot, every),
        *_ratios(loot, every), *_same_ground(loot, every),
    ):  # fmt: skip
        gaps = {cell: factor for cell, factor in terms.items() if cell in loot.hidden}
        if gaps:
            told = sum(f * loot.shown[cell] for cell, f in terms.items() if cell not in gaps)
            yield gaps, -told, -told
    for fact in loot.facts:
        low, high = (
            (-FAR if fact.low is None else fact.low),
            (FAR if fact.high is None else fact.high),
        )
        yield dict(fact.terms), low, high


def _tied_to_gaps(loot: Loot) -> set[str]:
    with_gaps = {cell.indicator for cell in loot.hidden}
    tied = [{whole, *parts} for whole, parts in KNOWN_SUMS]
    tied += [
        {key, *one["numerator"], one["denominator"] or key} for key, one in loot.catalogue.items()
    ]
    return with_gaps.union(*(keys for keys in tied if keys & with_gaps))


def _places(loot: Loot, groups: dict[object, set[Cell]]) -> Iterator[Terms]:
    for cells in groups.values():
        if cells.isdisjoint(loot.hidden) or not _adds_up(loot, next(iter(cells))):
            continue
        known = {(cell.level, cell.code): cell for cell in cells}
        for at, whole in known.items():
            for level, codes in loot.children.get(at, {}).items():
                if level == "org" and _has_areas(loot, at, known):
                    continue
                there = [known[level, code] for code in codes if (level, code) in known]
                if there and (len(there) == len(codes) or whole in loot.added_up):
                    yield {whole: -1.0, **dict.fromkeys(there, 1.0)}


def _adds_up(loot: Loot, cell: Cell) -> bool:
    is_part = cell.part != "value"
    return is_part or is_count(loot, cell)


def _has_areas(loot: Loot, whole: Place, known: dict[Place, Cell]) -> bool:
    below = loot.children.get(whole, {})
    return any(
        (level, code) in known for level, codes in below.items() if level != "org" for code in codes
    )


def _margins(loot: Loot, every: set[Cell]) -> Iterator[Terms]:
    sums: dict[tuple[Cell, str], list[Cell]] = defaultdict(list)
    for cell in every:
        for name, _ in cell.breakdown:
            rest = tuple(one for one in cell.breakdown if one[0] != name)
            sums[replace(cell, breakdown=rest), name].append(cell)
    for (whole, _), parts in sums.items():
        if whole in every and is_count(loot, whole):
            yield {whole: -1.0, **dict.fromkeys(parts, 1.0)}


def _definitions(loot: Loot, every: set[Cell]) -> Iterator[Terms]:
    made = [
        (key, tuple(one["numerator"]))
        for key, one in loot.catalogue.items()
        if one["spaceAggregation"] == "SUM" and one["numerator"]
    ]
    for whole, parts in (*KNOWN_SUMS, *made):
        for cell in [one for one in every if one.indicator == whole]:
            others = [replace(cell, indicator=part) for part in parts]
            if all(other in every for other in others):
                yield {cell: -1.0, **dict.fromkeys(others, 1.0)}


# A ratio of a place that reported is divided from the counts of that place.
def _ratios(loot: Loot, every: set[Cell]) -> Iterator[Terms]:
    for cell in every:
        if cell.part == "value" or cell in loot.added_up:
            continue
        one = loot.catalogue[cell.indicator]
        named = one["numerator"] if cell.part == "numerator" else [one["denominator"]]
        parts = [replace(cell, indicator=key, part="value") for key in named if key]
        if parts and all(part in every for part in parts):
            yield {cell: -1.0, **dict.fromkeys(parts, 1.0)}


def _same_ground(loot: Loot, every: set[Cell]) -> Iterator[Terms]:
    for cell in [one for one in every if one.level == "org"]:
        inside = [
            replace(cell, level="subdistrict", code=c) for c in loot.covers.get(cell.code, [])
        ]
        if inside and all(part in every for part in inside):
            yield {cell: -1.0, **dict.fromkeys(inside, 1.0)}


def _blocks(loot: Loot, equations: list[Row]) -> Iterator[tuple[list[Cell], list[Row]]]:
    leader = {cell: cell for cell in loot.hidden}

    def find(cell: Cell) -> Cell:
        while leader[cell] != cell:
            leader[cell] = leader[leader[cell]]
            cell = leader[cell]
        return cell

    for terms, _, _ in equations:
        first, *others = terms
        for other in others:
            leader[find(other)] = find(first)
    cells, rows = defaultdict(list), defaultdict(list)
    for cell in loot.hidden:
        cells[find(cell)].append(cell)
    for row in equations:
        rows[find(next(iter(row[0])))].append(row)
    for one, members in cells.items():
        yield members, rows[one]


def _bounds(loot: Loot, cells: list[Cell], rows: list[Row]) -> Iterable[Known]:
    place = {cell: number for number, cell in enumerate(cells)}
    solver = highspy.Highs()
    solver.silent()
    low = np.array([_least(loot, cell) for cell in cells])
    solver.addVars(len(cells), low, np.full(len(cells), FAR))
    for terms, least, most in rows:
        index = np.array([place[cell] for cell in terms], dtype=np.int32)
        solver.addRow(least, most, len(index), index, np.array(list(terms.values())))
    for cell in cells:
        if not is_count(loot, cell):
            continue
        ends = [_end(solver, place[cell], sign) for sign in (1.0, -1.0)]
        fits = None not in ends  # else he takes something for known that is not so
        privacy = loot.catalogue[cell.indicator]["privacy"]
        low_end, high_end = ends if fits else (0.0, FAR)
        yield Known(cell, low_end, high_end, NARROWEST.get(privacy, 0), is_consistent=fits)


def _end(solver: highspy.Highs, column: int, sign: float) -> float | None:
    solver.changeColCost(column, sign)
    solver.run()
    optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value = float(solver.getSolution().col_value[column]) if optimal else None
    solver.changeColCost(column, 0.0)
    return value


def _least(loot: Loot, cell: Cell) -> float:
    privacy = loot.catalogue[cell.indicator]["privacy"]
    finest = ZEROS_SHOWN.get(privacy, "org")
    shows = ORDER.index(cell.level) <= ORDER.index(finest)
    return 1.0 if shows and is_count(loot, cell) else 0.0
