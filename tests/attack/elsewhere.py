"""Take what is told besides maps: tables, profiles, changes, drawn areas, hexagons, the future.

Whatever tells a number once more is compared with what was told before; whatever tells a sum,
a difference or a share is written down as one fact more about the gaps in it.

Sums of what is shown alone tell nothing new (docs/disclosure.md says that they are made so).
Whatever goes beyond what is shown must come from what is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from tests.attack.harvest import Cell, Fact, Get, Loot
from tests.attack.hexagons import hexagons, pages, shapes_of

#: Conditions that a hidden number would meet or fail, and what is known if it meets them.
CONDITIONS = (
    ("{key} >= 0", 0, None), ("{key} >= 4", 4, None), ("{key} < 5", None, 5),
    ("NOT ({key} > 3)", None, 3), ("{key} BETWEEN 1 AND 9", 1, 9), ("{key} * 2 < 14", None, 7),
)  # fmt: skip
#: Amounts of money at so much a head.
PERSONS = {"oaa_cost": "oaa_recipients"}
#: Remarks that tell one number by another.
COMPARING = {"copied-forward", "jump", "not-whole", "outlier", "parts-do-not-sum", "unlikely"}
#: Half a side of the areas drawn around one place, in degrees: well within it.
_NEAR = 0.005
#: Numbers are told to about this part of themselves.
_ROUNDED = 1e-6


def elsewhere(
    get: Get,
    loot: Loot,
    wanted: Iterable[str],
    *,
    most: int,
    ways: Container[str] | None = None,
    stage: Callable[[str], AbstractContextManager[object]] = nullcontext,
) -> dict[str, int]:
    """Take the rest; of what is asked place by place, ``most`` of each indicator and level.

    Returns how many numbers each way told; ``ways`` names some of them, ``stage`` is entered with
    the name of each.
    """
    keys, meta = list(wanted), get("/cube/meta")
    known = {one["key"]: one for one in meta["measures"]}
    told: dict[str, int] = {}
    for name, take in WAYS.items():
        if ways is not None and name not in ways:
            continue
        before = loot.told
        with stage(name):
            take(get, loot, [known[key] for key in keys if key in known], most)
        told[name] = loot.told - before
    return told


# Items of layers, of every year.
def _layers(get: Get, loot: Loot, measures: list[dict[str, Any]], _: int) -> None:
    layers = defaultdict(list)
    for one in measures:
        for level in one["levels"]:
            if level != "region":
                layers[f"{one['theme']}-by-{level}-history", level].append(one["key"])
    for (layer, level), keys in layers.items():
        asked = {"f": "json", "skipGeometry": "true", "limit": 1000}
        for one in pages(get, f"/collections/{layer}/items?{urlencode(asked)}"):
            said = one["properties"]
            for key in keys:
                if (status := said.get(f"{key}_status")) is not None:
                    cell = Cell(key, "value", (), level, said["code"], said["period"])
                    loot.note(cell, said[key], status, layer)


# What a page of one place tells: each number, the year before, the change, its whole past.
def _profiles(get: Get, loot: Loot, measures: list[dict[str, Any]], most: int) -> None:
    keys = {one["key"] for one in measures}
    for level, code in _some_places(loot, most):
        told = get(f"/places/{code}?f=json")
        for one in told["indicators"] if told else ():
            if one["key"] not in keys:
                continue
            now = Cell(one["key"], "value", (), level, code, one["period"])
            for said in (one, one["before"], *one["history"]):
                if said and said.get("period"):
                    cell = Cell(one["key"], "value", (), level, code, said["period"])
                    loot.note(cell, said["value"], said["status"], f"/places/{code}")
            if one["change"] is not None and one["before"]:
                past = Cell(one["key"], "value", (), level, code, one["before"]["period"])
                _tell(loot, {now: 1.0, past: -1.0}, one["change"], f"/places/{code}")


def _some_places(loot: Loot, most: int) -> list[tuple[str, str]]:
    by_level = defaultdict(set)
    for cell in loot.hidden:
        by_level[cell.level].add(cell.code)
    return [(level, code) for level, codes in by_level.items() for code in sorted(codes)[:most]]


# Differences between years, as maps and as tables tell them.
def _changes(get: Get, loot: Loot, measures: list[dict[str, Any]], _: int) -> None:
    for one in measures:
        key = one["key"]
        for level in one["levels"]:
            periods = one["periods"].get(level, [])
            for now, past in ((periods[-1:], periods[-2:-1]), (periods[-1:], periods[:1])):
                if level != "region" and now and past and now != past:
                    _compared(get, loot, key, level=level, now=now[0], past=past[0])
            _cube_forms(get, loot, key, level)


def _compared(get: Get, loot: Loot, key: str, *, level: str, now: str, past: str) -> None:
    asked = urlencode({"level": level, "period": now, "compare": past})
    told = get(f"/maps/{key}.json?{asked}")
    for place in told["places"] if told else ():
        if place["value"] is not None:
            cells = [Cell(key, "value", (), level, place["code"], one) for one in (now, past)]
            terms = {cells[0]: 1.0, cells[1]: -1.0}
            _tell(loot, terms, place["value"], f"map of {level} against {past}")


# Shares of the whole, changes, ranks: in one table, year by year.
def _cube_forms(get: Get, loot: Loot, key: str, level: str) -> None:
    forms = ("change", "share", "rank") if loot.is_amount(key) else ("change", "rank")
    above = {"district": "province,", "subdistrict": "district,"}.get(level, "")
    asked = {"measures": ",".join(f"{key}.{form}" for form in forms), "rows": above + level,
             "columns": "year"}  # fmt: skip
    told = get(f"/cube?{urlencode(asked)}") if level != "region" else None
    wholes: set[tuple[str, ...]] = set()
    for row, cells in zip(told["rows"], told["cells"], strict=True) if told else ():
        *parent, code = row["keys"]
        for at, cell in enumerate(cells):
            said = dict(zip(told["fields"], cell, strict=True))
            if said["value"] is None or not said["period"]:
                continue
            here = Cell(key, "value", (), level, code, said["period"])
            form = forms[at % len(forms)]
            if form == "change":
                past = replace(here, period=_year_before(said["period"]))
                _tell(loot, {here: 1.0, past: -1.0}, said["value"], "changes in the cube")
                continue
            if here in loot.hidden:
                loot.contradictions.append(f"{here} is withheld, its {form} is {said['value']}")
            if form == "share" and parent and (*parent, here.period) not in wholes:
                wholes.add((*parent, here.period))
                whole = loot.children.get((above[:-1], parent[0]), {}).get(level, [])
                parts = [replace(here, code=one) for one in whole]
                _tell(loot, dict.fromkeys(parts, 1.0), said["denominator"], "shares in the cube")


# 2024, FY2024; of months and quarters no change is taken.
def _year_before(period: str) -> str:
    found = re.fullmatch(r"(\D*)(\d{4})", period)
    return f"{found[1]}{int(found[2]) - 1}" if found else ""


# Totals over sets of places of one's own choice: a place and each of its neighbours.
def _chosen_sets(get: Get, loot: Loot, measures: list[dict[str, Any]], most: int) -> None:
    for one in measures:
        if not loot.is_amount(one["key"]):
            continue
        for level in ("district", "subdistrict", "org"):
            if level in one["levels"]:
                for codes in islice(_sets(loot, one["key"], level), most):
                    _total(get, loot, (one["key"], level), codes)


def _sets(loot: Loot, key: str, level: str) -> Iterator[list[str]]:
    hidden = {cell.code for cell in loot.hidden if (cell.indicator, cell.level) == (key, level)}
    for below in list(loot.children.values()):
        codes = below.get(level, [])
        for code in codes:
            if code in hidden:
                yield [code]
                yield from ([code, other] for other in codes if other not in {code, *hidden})
                if len(codes) > 2:
                    yield [other for other in codes if other != code]


def _total(get: Get, loot: Loot, of: tuple[str, str], codes: list[str]) -> None:
    key, level = of
    among = f"{level} IN ({', '.join(repr(code) for code in codes)})"
    asked = {"measures": key, "rows": level, "columns": "year", "totals": "rows", "filter": among}
    told = get(f"/cube?{urlencode(asked)}")
    for row, cells in zip(told["rows"], told["cells"], strict=True) if told else ():
        for cell in cells if row.get("isTotal") else ():
            said = dict(zip(told["fields"], cell, strict=True))
            if said["value"] is not None and said["period"]:
                parts = [Cell(key, "value", (), level, code, said["period"]) for code in codes]
                _tell(loot, dict.fromkeys(parts, 1.0), said["value"], f"total of {codes}")


# Boxes and shapes drawn around single places, with conditions on what is withheld there.
def _drawn(get: Get, loot: Loot, measures: list[dict[str, Any]], most: int) -> None:
    for one in measures:
        for level in ("district", "subdistrict"):
            periods = one["periods"].get(level, []) if level in one["levels"] else []
            here = [cell for cell in loot.hidden if periods and cell.part == "value"
                    and (cell.indicator, cell.level, cell.breakdown, cell.period)
                    == (one["key"], level, (), periods[-1])]  # fmt: skip
            points = _points(get, loot, level) if here else {}
            for cell in sorted(here, key=str)[:most]:
                if cell.code in points:
                    layer = f"/collections/{one['theme']}-by-{level}/items"
                    for words, low, high in _met(get, loot, layer, cell, at=points[cell.code]):
                        loot.facts.append(Fact({cell: 1.0}, low, high, f"drawn: {words}"))


def _points(get: Get, loot: Loot, level: str) -> dict[str, tuple[float, float]]:
    inside = {code: one.representative_point() for code, one in shapes_of(get, loot, level).items()}
    return {code: (point.x, point.y) for code, point in inside.items()}


# Conditions that a place of this number meets, by box and by shape.
def _met(
    get: Get, loot: Loot, layer: str, cell: Cell, *, at: tuple[float, float]
) -> Iterator[tuple[str, int | None, int | None]]:
    (west, south), (east, north) = ([round(one + by, 5) for one in at] for by in (-_NEAR, _NEAR))
    ring = f"({west} {south},{east} {south},{east} {north},{west} {north},{west} {south})"
    for words, low, high in CONDITIONS:
        said = words.format(key=cell.indicator)
        both = f"S_INTERSECTS(geometry,POLYGON({ring})) AND {said}"
        box = f"bbox={west},{south},{east},{north}&filter={quote(said)}"
        for drawn in (box, f"filter={quote(both)}"):
            told = get(f"{layer}?resulttype=hits&period={cell.period}&{drawn}")
            loot.told += told is not None
            if told and told["numberMatched"]:
                yield said, low, high


# The future: what it is made of is told along, and no place has one that has none elsewhere.
def _futures(get: Get, loot: Loot, measures: list[dict[str, Any]], most: int) -> None:
    told: set[tuple[str, str, str]] = set()
    for one in measures:
        for place in _some_places(loot, most):
            _past(get, loot, one["key"], place)
    for one in measures:
        for level in one["levels"]:
            if level == "region":
                continue
            places = get(f"/forecasts/{one['key']}?level={level}")
            for place in places["places"] if places else ():
                loot.told += 5 * len(place["forecast"])
                if place["forecast"]:
                    told.add((one["key"], level, place["code"]))
    _outlooks(get, loot, measures, told)
    _scenarios(get, loot, told)


def _past(get: Get, loot: Loot, key: str, where: tuple[str, str]) -> None:
    level, code = where
    told = get(f"/forecasts/{key}?place={code}") if level != "region" else None
    for place in told["places"] if told else ():
        for past in place.get("history", ()):
            cell = Cell(key, "value", (), level, code, past["period"])
            loot.note(cell, past["value"], past["status"], "the past of a forecast")


def _outlooks(
    get: Get, loot: Loot, measures: list[dict[str, Any]], told: set[tuple[str, str, str]]
) -> None:
    layers = defaultdict(list)
    for one in measures:
        for level in one["levels"]:
            layers[f"{one['theme']}-by-{level}-outlook", level].append(one["key"])
    for (layer, level), keys in layers.items():
        address = f"/collections/{layer}/items?f=json&skipGeometry=true&limit=1000"
        for one in pages(get, address):
            for key in keys:
                if one["properties"].get(key) is not None:
                    _check_future(loot, told, (key, level, one["properties"]["code"]), layer)


def _scenarios(get: Get, loot: Loot, told: set[tuple[str, str, str]]) -> None:
    listed = get("/scenarios?f=json")
    for one in listed["scenarios"] if listed else ():
        for level in ("country", "region", "province", "district"):
            found = get(f"/scenarios/{one['name']}?f=json&level={level}")
            for line in found["results"] if found else ():
                if line["indicator"] in loot.catalogue and level != "region":
                    at = (line["indicator"], level, line["code"])
                    if loot.catalogue[line["indicator"]]["privacy"] != "P0":
                        _check_future(loot, told, at, f"/scenarios/{one['name']}")


def _check_future(
    loot: Loot, told: set[tuple[str, str, str]], at: tuple[str, str, str], where: str
) -> None:
    loot.told += 3
    if at not in told:
        loot.contradictions.append(f"{where} tells a future of {at}, which has no forecast")


# What is made of gaps, of whatever class it is itself: a rate that lacks one of its parts, a class,
# a cost at so much a head.
def _made(get: Get, loot: Loot, _: list[dict[str, Any]], __: int) -> None:
    gaps = defaultdict(set)
    for cell in loot.hidden:
        if cell.part == "value" and not cell.breakdown and cell.level != "region":
            gaps[cell.indicator].add(cell)
    for key, one in loot.catalogue.items():
        parts = [*one["numerator"], one["denominator"], PERSONS.get(key)]
        if one["spaceAggregation"] in {"SUM", "COUNT"}:
            parts = parts[-1:]  # their sums are reckoned with
        asked = {(cell.level, cell.period) for part in parts for cell in gaps.get(part, ())}
        for level, period in sorted(asked):
            where = f"/maps/{key}.json?{urlencode({'level': level, 'period': period})}"
            told = get(where)
            for place in told["places"] if told and told["period"]["key"] == period else ():
                loot.told += 1
                cells = [
                    Cell(str(part), "value", (), level, place["code"], period) for part in parts
                ]
                missing = [cell for cell in cells if cell in gaps.get(cell.indicator, ())]
                if len(missing) == 1 and place["value"] and _is_of_now(place, missing[0], one):
                    loot.contradictions.append(f"{where} tells {place['value']}, made of {missing}")


def _is_of_now(place: dict[str, Any], gap: Cell, one: dict[str, Any]) -> bool:
    flags = [flag for flag in place["flags"] if flag.startswith("denominator-")]
    return gap.indicator != one["denominator"] or not flags


# Of files and remarks nothing is told that a guess could be tried on: no sum of the bytes of a file
# with all its numbers, and not that one number is another one again, or much more than it.
def _files(get: Get, loot: Loot, measures: list[dict[str, Any]], _: int) -> None:
    keys = {one["key"] for one in measures}
    for listed in get("/datasets?f=json")["datasets"]:
        told = get(f"/datasets/{listed['id']}?f=json")
        loot.told += len(told["runs"])
        if not keys & set(told["indicators"]):
            continue
        if any(run["sha256"] or run["bytes"] for run in told["runs"]):
            loot.contradictions.append(f"the sum of a file is told by /datasets/{listed['id']}")
        _compares(loot, told["refusedByReason"], f"/datasets/{listed['id']}")
    for one in measures:
        for level in one["levels"]:
            for period in one["periods"].get(level, [])[-2:]:
                where = f"/maps/{one['key']}.json?{urlencode({'level': level, 'period': period})}"
                told = get(where)
                for place in told["places"] if told else ():
                    loot.told += 1
                    _compares(loot, place["flags"], where)


def _compares(loot: Loot, remarks: Iterable[str], where: str) -> None:
    if found := COMPARING & set(remarks):
        loot.contradictions.append(f"{where} compares numbers: {sorted(found)}")


# Of a sum what goes beyond the numbers shown; of a difference the whole.
def _tell(loot: Loot, terms: dict[Cell, float], told: float | None, source: str) -> None:
    loot.told += told is not None
    gaps = {cell: factor for cell, factor in terms.items() if cell in loot.hidden}
    if told is None or not gaps:
        return
    if not all(cell in gaps or cell in loot.shown for cell in terms):
        return
    rest = told - sum(
        factor * loot.shown[cell] for cell, factor in terms.items() if cell not in gaps
    )
    nearly = _ROUNDED * max(1.0, abs(told))
    if abs(rest) > nearly or -1.0 in terms.values():
        loot.facts.append(Fact(gaps, rest - nearly, rest + nearly, source))


WAYS = {
    "layers of all years": _layers, "profiles": _profiles, "changes, shares, ranks": _changes,
    "totals of chosen places": _chosen_sets, "drawn areas": _drawn, "hexagons": hexagons,
    "forecasts, outlooks, scenarios": _futures, "files and remarks": _files,
    "what is made of gaps": _made,
}  # fmt: skip
