"""Take from the service what anybody may take, and write down what was learned.

Knows addresses and the documents behind them, nothing of the code: any function that gets an
address and returns a JSON document will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

Get = Callable[[str], Any]

LEVELS = ("country", "region", "province", "district", "subdistrict", "org")
SCHEMES = ("ngc6", "nso4", "nesdc7", "cluster18_2552", "cluster18_2560")
#: Counts of the catalogue that everybody knows to add up, though no document says so.
OPEN_BUT_TELLING = ("pop_total",)


@dataclass(frozen=True)
class Cell:
    """One number that may be asked for: of an indicator, or of the parts of a ratio."""

    indicator: str
    part: str
    breakdown: tuple[tuple[str, str], ...]
    level: str
    code: str
    period: str


@dataclass(frozen=True)
class Fact:
    """What something besides tells of gaps: their sum, with factors, lies between two ends."""

    terms: Mapping[Cell, float]
    low: float | None
    high: float | None
    source: str


@dataclass
class Loot:
    """All that was taken: numbers, gaps, who lies in whom, and the catalogue."""

    shown: dict[Cell, float] = field(default_factory=dict)
    hidden: set[Cell] = field(default_factory=set)
    absent: set[Cell] = field(default_factory=set)
    added_up: set[Cell] = field(default_factory=set)
    children: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)
    covers: dict[str, list[str]] = field(default_factory=dict)
    catalogue: dict[str, dict[str, Any]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    shapes: dict[str, dict[str, Any]] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)
    told: int = 0

    def note(self, cell: Cell, number: float | None, status: str, source: str) -> None:
        """Write down one number or gap; what is withheld once and told once is told."""
        self.told += number is not None
        if status == "suppressed":
            if number is not None:
                self.contradictions.append(f"{cell} is withheld and is {number} in {source}")
            if cell in self.shown:
                self._disagree(cell, self.shown[cell], source)
            self.hidden.add(cell)
        elif number is None:
            self.absent.add(cell)
        else:
            if cell in self.hidden:
                self._disagree(cell, number, source)
            self.shown[cell] = float(number)

    def _disagree(self, cell: Cell, number: float, source: str) -> None:
        self.contradictions.append(
            f"{cell} is withheld in one place, {number} in another: {source}"
        )

    def is_amount(self, key: str) -> bool:
        """Tell whether an indicator counts something, so that places add up."""
        return self.catalogue[key]["spaceAggregation"] in {"SUM", "COUNT"}


def harvest(get: Get, *, schemes: tuple[str, ...] = SCHEMES) -> Loot:
    """Ask for every guarded indicator at every level, in every period and breakdown."""
    loot = Loot()
    listed = get("/indicators?components=true&f=json")["indicators"]
    loot.catalogue = {one["key"]: one for one in listed}
    meta = get("/cube/meta")
    known = {one["key"]: one for one in meta["measures"]}
    wanted = [
        key
        for key, one in loot.catalogue.items()
        if key in known and (one["privacy"] != "P0" or key in OPEN_BUT_TELLING)
    ]
    for key in wanted:
        for level in known[key]["levels"]:
            for period in known[key]["periods"].get(level, []):
                _map(get, loot, key, level=level, period=period, schemes=schemes)
        _breakdowns(get, loot, known[key])
    _tree(get, loot, wanted[0] if wanted else "pop_total", schemes)
    for key in wanted:
        _levels_withheld_whole(loot, known[key])
    if any(cell.level == "org" for cell in loot.hidden):
        _coverage(get, loot)
    return loot


def _map(
    get: Get, loot: Loot, key: str, *, level: str, period: str, schemes: tuple[str, ...]
) -> None:
    for scheme in schemes if level == "region" else ("",):
        asked = {"level": level, "period": period} | ({"region_scheme": scheme} if scheme else {})
        told = get(f"/maps/{key}.json?{urlencode(asked)}")
        if told is None or told["period"]["key"] != period:
            continue
        for place in told["places"]:
            parts = {"value": place["value"]}
            if loot.catalogue[key]["spaceAggregation"] == "RATIO":
                parts |= {name: place[name] for name in ("numerator", "denominator")}
            for part, number in parts.items():
                cell = Cell(key, part, (), level, place["code"], period)
                loot.note(cell, number, place["status"], f"map of {level}")
                if place["basis"] == "aggregated":
                    loot.added_up.add(cell)


def _breakdowns(get: Get, loot: Loot, measure: Mapping[str, Any]) -> None:
    names = sorted({name for one in measure["breakdowns"] for name in _names(one)})
    for level in measure["levels"]:
        for size in range(1, len(names) + 1):
            for chosen in combinations(names, size):
                for rows in _cube(get, measure["key"], level, chosen):
                    code, members, period, told = rows
                    cell = Cell(
                        measure["key"], "value", tuple(zip(chosen, members, strict=True)),
                        level, code, period,
                    )  # fmt: skip
                    loot.note(cell, told["value"], told["status"], "the cube")


def _names(said: Any) -> list[str]:
    if isinstance(said, str):
        return [said]
    return list(said.get("dimensions") or said) if isinstance(said, dict) else list(said)


def _cube(
    get: Get, key: str, level: str, chosen: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], str, dict[str, Any]]]:
    asked = {"measures": key, "rows": ",".join((level, *chosen)), "columns": "year"}
    told = get(f"/cube?{urlencode(asked)}")
    if told is None:
        return
    for row, cells in zip(told["rows"], told["cells"], strict=True):
        for cell in cells:
            found = dict(zip(told["fields"], cell, strict=True))
            if found["period"]:
                yield row["keys"][0], tuple(row["keys"][1:]), found["period"], found


def _tree(get: Get, loot: Loot, key: str, schemes: tuple[str, ...]) -> None:
    def add(parent: tuple[str, str], level: str, code: str) -> None:
        children = loot.children.setdefault(parent, {}).setdefault(level, [])
        if code not in children:
            children.append(code)

    measure = "pop_total" if "pop_total" in loot.catalogue else key
    for rows in ("province,district", "district,subdistrict", "province,org", "district,org"):
        told = get(f"/cube?{urlencode({'measures': measure, 'rows': rows})}")
        for row in told["rows"] if told else ():
            parent, child = row["keys"]
            above, below = rows.split(",")
            add((above, parent), below, child)
            if above == "province":
                add(("country", "TH"), "province", parent)
    for scheme in schemes:
        asked = {"measures": measure, "rows": "region,province", "scheme": scheme}
        told = get(f"/cube?{urlencode(asked)}")
        for row in told["rows"] if told else ():
            add(("region", row["keys"][0]), "province", row["keys"][1])


# Levels of which nothing but gaps is told, and no document lists the places.
def _levels_withheld_whole(loot: Loot, measure: Mapping[str, Any]) -> None:
    places = set(loot.children)
    for found in loot.children.values():
        places |= {(level, code) for level, codes in found.items() for code in codes}
    for level, periods in measure["withheld"]["periods"].items():
        cells = (
            Cell(measure["key"], "value", (), level, code, period)
            for period in periods
            for there, code in places
            if there == level
        )
        loot.hidden |= {cell for cell in cells if cell not in loot.absent | loot.shown.keys()}


# Organisations that have all of some sub-districts to themselves.
def _coverage(get: Get, loot: Loot) -> None:
    for code in sorted({cell.code for cell in loot.hidden if cell.level == "org"}):
        told = get(f"/places/{code}?f=json")
        inside = [one["code"] for one in told["inside"]] if told else []
        if all(_is_alone(get, one) for one in inside):
            loot.covers[code] = inside


def _is_alone(get: Get, subdistrict: str) -> bool:
    told = get(f"/places/{subdistrict}?f=json")
    return bool(told) and len([one for one in told["inside"] if one["level"] == "org"]) == 1
