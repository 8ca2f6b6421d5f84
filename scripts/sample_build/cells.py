"""Illustrative sub-districts and districts that nest exactly in the real provinces.

No open registry package holds sub-district shapes, so each province is divided into as many
Voronoi cells as it has sub-districts; smaller near its capital, as real ones are. A district is
the union of neighbouring cells. Everything is noded on one grid of 1e-5 degree (about 1 m), so
that neighbours share every vertex, across province borders too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geothai
import numpy as np
import shapely
from numpy.typing import NDArray
from sample_build.outline import Province

GRID_DEG = 1e-5
SAMPLES_PER_CELL = 60
LLOYD_ROUNDS = 18
SPLIT_ANGLES = 24
#: Districts that are islands, where the outline has the island: a point on it.
ISLAND_DISTRICTS = {
    "2306": (102.57, 11.66), "2307": (102.34, 12.05), "8103": (99.09, 7.60),
    "8202": (98.58, 8.01), "8404": (100.00, 9.51), "8405": (100.03, 9.74),
}  # fmt: skip

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One sub-district with its illustrative shape (EPSG:4326)."""

    code: str
    name_th: str
    name_en: str
    shape: shapely.Geometry
    seed: tuple[float, float]
    remoteness: float
    """0 at the province's capital, 1 at its far end."""


@dataclass(frozen=True, slots=True)
class _Zone:
    """A part of a province that holds whole districts: an island, or all the rest."""

    outline: shapely.Geometry
    districts: tuple[str, ...]


def divide(provinces: Sequence[Province], seed: int) -> list[Cell]:
    """Divide all provinces into sub-district cells that form one valid coverage.

    Parameters
    ----------
    provinces : sequence of Province
        A coverage.
    seed : int
        Of the random points.

    Returns
    -------
    list of Cell
        By code.
    """
    placed: dict[str, tuple[float, float]] = {}
    rough: dict[str, shapely.Geometry] = {}
    for province in provinces:
        rng = np.random.default_rng([seed, int(province.code)])
        for zone in _zones(province):
            _divide_zone(province, zone, rng=rng, placed=placed, rough=rough)
    codes = sorted(placed)
    exact = _noded([rough[code] for code in codes])
    far = _remoteness(provinces, placed)
    names = {
        one.code: one
        for province in provinces
        for district in geothai.districts(province.code)
        for one in geothai.subdistricts(district.code)
    }
    return [
        Cell(code, names[code].name_th, names[code].name_en, shape, placed[code], far[code])
        for code, shape in zip(codes, exact, strict=True)
    ]


def unite(shapes: Sequence[shapely.Geometry], keys: Sequence[str]) -> dict[str, shapely.Geometry]:
    """Unite the shapes of a coverage that have one key.

    Parameters
    ----------
    shapes : sequence of Geometry
        A valid coverage.
    keys : sequence of str
        The group of each shape.

    Returns
    -------
    dict of str to Geometry
        A multipolygon per key; no vertex is moved or dropped.
    """
    groups: dict[str, list[shapely.Geometry]] = {}
    for shape, key in zip(shapes, keys, strict=True):
        groups.setdefault(key, []).append(shape)
    return {key: as_multi(shapely.coverage_union_all(groups[key])) for key in sorted(groups)}


def as_multi(shape: shapely.Geometry) -> shapely.Geometry:
    """Write a polygon as a multipolygon in one fixed order of parts and vertices.

    Parameters
    ----------
    shape : Geometry
        Polygon or multipolygon.

    Returns
    -------
    MultiPolygon
        Normalised; outer rings counter-clockwise.
    """
    parts = shapely.get_parts(shapely.normalize(shape))
    return shapely.multipolygons(shapely.orient_polygons(parts))


def _zones(province: Province) -> list[_Zone]:
    districts = [one.code for one in geothai.districts(province.code)]
    islands = {code: at for code, at in ISLAND_DISTRICTS.items() if code in districts}
    parts = shapely.get_parts(province.outline)
    owner = np.full(len(parts), "", dtype=object)
    for code, at in islands.items():
        owner[int(np.argmin(shapely.distance(parts, shapely.Point(at))))] = code
    zones = [_Zone(shapely.union_all(parts[owner == code]), (code,)) for code in islands]
    rest = tuple(code for code in districts if code not in islands)
    return [*zones, _Zone(shapely.union_all(parts[owner == ""]), rest)]


def _divide_zone(
    province: Province,
    zone: _Zone,
    *,
    rng: np.random.Generator,
    placed: dict[str, tuple[float, float]],
    rough: dict[str, shapely.Geometry],
) -> None:
    # Place the sub-districts of a zone and give each its Voronoi cell.
    members = {code: [one.code for one in geothai.subdistricts(code)] for code in zone.districts}
    count = sum(map(len, members.values()))
    stretch = np.array([np.cos(np.radians(province.capital[1])), 1.0])
    flat = shapely.transform(zone.outline, lambda at: at * stretch)
    capital = np.array(province.capital) * stretch
    seeds = _seeds(flat, capital, count, rng)
    cells = _voronoi(seeds, flat)
    order = _by_district(seeds, _neighbours(cells), capital, members)
    for code, index in order.items():
        placed[code] = tuple(np.round(seeds[index] / stretch, 5).tolist())
        rough[code] = shapely.transform(cells[index], lambda at: at / stretch)


def _seeds(
    outline: shapely.Geometry, capital: Points, count: int, rng: np.random.Generator
) -> Points:
    # Spread points in an outline, denser at the capital (weighted Lloyd relaxation).
    samples = _inside(outline, max(400, SAMPLES_PER_CELL * count), rng)
    reach = 0.25 * np.sqrt(shapely.area(outline))
    away = np.linalg.norm(samples - capital, axis=1)
    weight = 0.35 + 6.0 * np.exp(-((away / reach) ** 2)) + np.exp(-away / reach)
    chosen = rng.choice(len(samples), size=count, replace=False, p=weight / weight.sum())
    seeds = samples[chosen]
    for _ in range(LLOYD_ROUNDS):
        nearest = _nearest(samples, seeds)
        mass = np.bincount(nearest, weights=weight, minlength=count)
        for axis in (0, 1):
            moved = np.bincount(nearest, weights=weight * samples[:, axis], minlength=count)
            seeds[:, axis] = np.where(mass > 0, moved / np.maximum(mass, 1e-12), seeds[:, axis])
    return _pulled_inside(seeds, samples, outline)


def _inside(outline: shapely.Geometry, count: int, rng: np.random.Generator) -> Points:
    shapely.prepare(outline)
    west, south, east, north = outline.bounds
    kept: list[Points] = []
    while sum(map(len, kept)) < count:
        tried = rng.uniform((west, south), (east, north), size=(count * 2, 2))
        kept.append(tried[shapely.contains_xy(outline, tried)])
    return np.concatenate(kept)[:count]


def _nearest(points: Points, seeds: Points) -> NDArray[np.int64]:
    tree = shapely.STRtree(shapely.points(seeds))
    return tree.nearest(shapely.points(points))


def _pulled_inside(seeds: Points, samples: Points, outline: shapely.Geometry) -> Points:
    # Move seeds that fell outside a bent outline onto the nearest sample inside.
    for index in np.flatnonzero(~shapely.contains_xy(outline, seeds)):
        seeds[index] = samples[np.argmin(np.linalg.norm(samples - seeds[index], axis=1))]
    return seeds


def _voronoi(seeds: Points, outline: shapely.Geometry) -> NDArray[np.object_]:
    if len(seeds) == 1:
        return np.array([outline], dtype=object)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=outline, ordered=True)
    )
    return shapely.intersection(cells, outline)


def _neighbours(cells: NDArray[np.object_]) -> list[set[int]]:
    left, right = shapely.STRtree(cells).query(cells, predicate="intersects")
    found: list[set[int]] = [set() for _ in cells]
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        if one != other:
            found[one].add(other)
    return found


def _by_district(
    seeds: Points,
    neighbours: list[set[int]],
    capital: Points,
    members: dict[str, list[str]],
) -> dict[str, int]:
    # Give every sub-district code a seed so that districts hang together.
    result: dict[str, int] = {}
    free = set(range(len(seeds)))
    away = np.linalg.norm(seeds - capital, axis=1)
    codes = sorted(members)
    if codes[0].endswith("01") and len(codes) > 1:
        chosen = sorted(free, key=lambda index: (away[index], index))[: len(members[codes[0]])]
        _hand_out(result, members[codes[0]], chosen, away)
        free -= set(chosen)
        codes = codes[1:]
    work = [(codes, free)]
    while work:
        group, indices = work.pop()
        if len(group) == 1:
            _hand_out(result, members[group[0]], indices, away)
            continue
        half = len(group) // 2
        size = sum(len(members[code]) for code in group[:half])
        first = _best_cut(seeds, neighbours, sorted(indices), size)
        work += [(group[:half], first), (group[half:], indices - first)]
    return result


def _hand_out(
    result: dict[str, int], codes: Sequence[str], indices: Sequence[int] | set[int], away: Points
) -> None:
    ordered = sorted(indices, key=lambda index: (away[index], index))
    result.update(zip(codes, ordered, strict=True))


def _best_cut(seeds: Points, neighbours: list[set[int]], indices: list[int], size: int) -> set[int]:
    # Cut a set of seeds in two by a straight line; connected halves first, then compact ones.
    points = seeds[indices]
    best: tuple[float, set[int]] = (np.inf, set())
    for turn in np.linspace(0, 2 * np.pi, SPLIT_ANGLES, endpoint=False):
        along = points @ np.array([np.cos(turn), np.sin(turn)])
        ranked = np.argsort(along, kind="stable")
        first = {indices[at] for at in ranked[:size]}
        rest = set(indices) - first
        broken = _pieces(first, neighbours) + _pieces(rest, neighbours) - 2
        spread = sum(
            float(seeds[list(part)].var(axis=0).sum()) * len(part) for part in (first, rest)
        )
        score = broken * 1e6 + spread
        if score < best[0]:
            best = (score, first)
    return best[1]


def _pieces(indices: set[int], neighbours: list[set[int]]) -> int:
    left, pieces = set(indices), 0
    while left:
        pieces += 1
        edge = [left.pop()]
        while edge:
            near = neighbours[edge.pop()] & left
            left -= near
            edge.extend(near)
    return pieces


def _noded(rough: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    # Node all borders together on the grid and build each cell from the faces it holds.
    cells = np.array(rough, dtype=object)
    lines = shapely.union_all(shapely.boundary(cells), grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    at_face, at_cell = shapely.STRtree(cells).query(inner, predicate="within")
    owner = np.full(len(faces), -1)
    owner[at_face] = at_cell
    parts: list[list[shapely.Geometry]] = [[] for _ in cells]
    for face, cell in zip(faces, owner.tolist(), strict=True):
        if cell >= 0:
            parts[cell].append(face)
    return [as_multi(shapely.coverage_union_all(own)) for own in parts]


def _remoteness(
    provinces: Sequence[Province], placed: dict[str, tuple[float, float]]
) -> dict[str, float]:
    result: dict[str, float] = {}
    for province in provinces:
        own = [code for code in placed if code.startswith(province.code)]
        offset = np.array([placed[code] for code in own]) - province.capital
        offset[:, 0] *= np.cos(np.radians(province.capital[1]))
        away = np.linalg.norm(offset, axis=1)
        result.update(zip(own, (away / away.max()).tolist(), strict=True))
    return result
