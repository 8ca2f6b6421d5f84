"""What is asked: the same tiles, boxes and filters of every server, each in its own words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from tests.bench import answers
from tests.bench.workload import Workload, query, table_of

SEED = 2024
ITEM_COLUMNS = "code,name_th,name_en,province_code,area_km2"
#: Few of the coarse ones: the country has no more.
TILES_OF_ZOOM = {6: 12, 9: 40, 12: 80, 13: 80}
ZOOMS = (6, 9, 12)
#: The first zoom that no tiles of sub-districts are kept for.
NEVER_KEPT = 13
BOXES = 24

Floats = NDArray[np.float64]
Place = tuple[int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Work:
    """One row of the table: what each server is asked, by how many clients."""

    key: str
    title: str
    clients: tuple[int, ...]
    paths: Mapping[str, Sequence[str]]
    count: Callable[[bytes], int]
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Least share of the floor's features that ours must hold; None where they differ by design.
    agreement: float | None = 0.9


@dataclass(frozen=True, slots=True)
class _Layer:
    """Our layer, the peers' table, which shapes tiles are chosen near, what tiles carry."""

    ours: str
    table: str
    near: str
    columns: str


_POLYGONS = _Layer("subdistricts", "polygons", "polygons", "code,name_th,name_en")
_OFFICES = _Layer("bench-offices", "offices", "offices", "code,name_th")
_NAMES_FROM_ZOOM = 9


class Questions:
    """Writes works for one database; seeded, so that every run asks the same."""

    def __init__(self, work: Workload) -> None:
        self._url = work.url
        self._sizes = work.sizes
        self._polygons = self._read("polygons", "ST_X(p), ST_Y(p)", "ST_PointOnSurface(geom)")
        self._offices = self._read("offices", "ST_X(p), ST_Y(p)", "geom")
        self._points = self._read("points_100", "ST_X(p), ST_Y(p)", "geom", "WHERE gid % 97 = 0")
        corners = "ST_XMin(p), ST_YMin(p), ST_XMax(p), ST_YMax(p)"
        self._bounds = self._read("polygons", corners, "geom")

    def polygon_tiles(self) -> list[Work]:
        """Ask for tiles of polygons that must be drawn for the request.

        Returns
        -------
        list of Work
            One for each zoom.
        """
        return [
            self._tiles(
                _POLYGONS, zoom, key=f"tile-built-z{zoom}", clients=(1, 16), is_plain=False,
                title=f"polygon tile z{zoom}, built on request",
            )
            for zoom in (*ZOOMS, NEVER_KEPT)
        ]  # fmt: skip

    def prepared_tiles(self) -> list[Work]:
        """Ask for the same tiles as anybody does, without and with compression.

        Returns
        -------
        list of Work
            One for each zoom, then each again compressed.
        """
        ways: tuple[tuple[str, str, dict[str, str]], ...] = (
            ("", "prepared", {}), ("-gzip", "prepared, gzip", {"Accept-Encoding": "gzip"}),
        )  # fmt: skip
        return [
            self._tiles(
                _POLYGONS, zoom, key=f"tile-prepared{suffix}-z{zoom}", clients=(16,),
                title=f"polygon tile z{zoom}, {how}", headers=headers,
            )
            for suffix, how, headers in ways
            for zoom in ZOOMS
        ]  # fmt: skip

    def point_tiles(self) -> list[Work]:
        """Ask for tiles of few and of millions of points.

        Returns
        -------
        list of Work
            Few first.
        """
        few = [
            self._tiles(
                _OFFICES, zoom, key=f"tile-offices-z{zoom}", clients=(1, 16),
                title=f"{len(self._offices):,} points, tile z{zoom}",
            )
            for zoom in (9, 12)
        ]  # fmt: skip
        return few + [self._points_tile("bench-points-100", z, (1, 16)) for z in ZOOMS]

    def _points_tile(self, layer: str, zoom: int, clients: tuple[int, ...]) -> Work:
        return self._tiles(
            _Layer(layer, table_of(layer), "points", "code,name_th"), zoom,
            key=f"tile-{layer.removeprefix('bench-')}-z{zoom}", clients=clients, agreement=None,
            title=f"{self._sizes[layer]:,} points, tile z{zoom}",
        )  # fmt: skip

    def items(self) -> list[Work]:
        """Ask for features: in a box, all of a small layer, by attribute, by CQL2.

        Returns
        -------
        list of Work
            Four.
        """
        boxes = self._boxes(110)
        provinces = self._provinces()
        cql = [f"province_code='{code}' AND area_km2<50" for code in provinces]
        ours, tipg, other = "/collections/subdistricts", "/collections/bench.polygons", "polygons"
        asked = f"limit=100&properties={ITEM_COLUMNS}"
        plain = f"/collections/{other}/items?f=json&{asked}"
        return [
            Work(
                "items-box", "items, 100 polygons in a box", (1, 16, 64),
                {
                    "ours": [f"{ours}/items?bbox={_box(box)}&{asked}" for box in boxes],
                    "tipg": [f"{tipg}/items?bbox={_box(box)}&{asked}" for box in boxes],
                    "floor": [f"/items/polygons?{ITEM_COLUMNS}&{_box(box)}" for box in boxes],
                    "pygeoapi": [f"{plain}&bbox={_box(box)}" for box in boxes],
                },
                answers.count_features,
            ),
            Work(
                "provinces", "77 provinces whole", (1,),
                {
                    "ours": ["/collections/provinces/items?limit=100&properties=code,name_th"],
                    "tipg": [
                        "/collections/bench.provinces/items?limit=100&properties=code,name_th"
                    ],
                    "floor": ["/all/provinces?code,name_th"],
                    "pygeoapi": [
                        "/collections/provinces/items?f=json&limit=100&properties=code,name_th"
                    ],
                },
                answers.count_features,
            ),
            Work(
                "filter-attribute", "filter by attribute", (1,),
                {
                    "ours": [f"{ours}/items?province_code={c}&{asked}" for c in provinces],
                    "tipg": [f"{tipg}/items?province_code={c}&{asked}" for c in provinces],
                    "floor": [f"/where/polygons?{ITEM_COLUMNS}&province_code={c}"
                              for c in provinces],
                    "pygeoapi": [f"{plain}&province_code={c}" for c in provinces],
                },
                answers.count_features,
            ),
            Work(
                "filter-cql2", "filter by CQL2", (1,),
                {
                    "ours": [f"{ours}/items?filter={quote(text)}&{asked}" for text in cql],
                    "tipg": [f"{tipg}/items?filter={quote(text)}&filter-lang=cql2-text&{asked}"
                             for text in cql],
                    "floor": [
                        f"/where/polygons?{ITEM_COLUMNS}&province_code={c}&{quote('area_km2<50')}"
                        for c in provinces
                    ],
                    "pygeoapi": [f"{plain}&filter-lang=cql-text&filter={quote(text)}"
                                 for text in cql],
                },
                answers.count_features,
            ),
        ]  # fmt: skip

    def growing(self, layer: str) -> list[Work]:
        """Ask the same of a layer of points, whatever its size.

        Parameters
        ----------
        layer : str
            One of ours.

        Returns
        -------
        list of Work
            In the same order for every layer.
        """
        table, size = table_of(layer), self._sizes[layer]
        random = np.random.default_rng(SEED)
        centres = self._points[random.integers(0, len(self._points), BOXES)]
        boxes = [(x - 0.05, y - 0.05, x + 0.05, y + 0.05) for x, y in centres.tolist()]
        numbers = random.integers(0, size, 50).tolist()
        asked = "limit=100&properties=code,name_th"
        return [
            self._points_tile(layer, 6, (1,)),
            self._points_tile(layer, 12, (1,)),
            Work(
                f"points-box-{layer}", f"{size:,} points, 100 in a box", (1,),
                {
                    "ours": [f"/collections/{layer}/items?bbox={_box(box)}&{asked}"
                             for box in boxes],
                    "tipg": [f"/collections/bench.{table}/items?bbox={_box(box)}&{asked}"
                             for box in boxes],
                    "floor": [f"/items/{table}?code,name_th&{_box(box)}" for box in boxes],
                },
                answers.count_features,
            ),
            Work(
                f"points-one-{layer}", f"{size:,} points, one by its code", (1,),
                {
                    "ours": [f"/collections/{layer}/items/{n:07d}" for n in numbers],
                    "tipg": [f"/collections/bench.{table}/items/{n + 1}" for n in numbers],
                    "floor": [f"/one/{table}?code,name_th&{n:07d}" for n in numbers],
                },
                answers.count_features,
            ),
            Work(
                f"points-page-{layer}", f"{size:,} points, the first page of 100", (1,),
                {
                    "ours": [f"/collections/{layer}/items?{asked}"],
                    "tipg": [f"/collections/bench.{table}/items?{asked}"],
                    "floor": [f"/where/{table}?code,name_th"],
                },
                answers.count_features,
            ),
        ]  # fmt: skip

    def _tiles(
        self,
        layer: _Layer,
        zoom: int,
        *,
        key: str,
        title: str,
        clients: tuple[int, ...],
        is_plain: bool = True,
        headers: Mapping[str, str] | None = None,
        agreement: float | None = 0.9,
    ) -> Work:
        near: Floats = getattr(self, f"_{layer.near}")
        places, columns = _places(near, zoom), layer.columns
        if layer.near == "polygons" and zoom < _NAMES_FROM_ZOOM:
            columns = "code"
        if not is_plain and layer.near == "polygons":
            # Not what a kept tile carries: one that carries the same would be given.
            columns += ",area_km2"
        asked = "" if is_plain else f"?properties={columns}"
        tipg = f"/collections/bench.{layer.table}/tiles/WebMercatorQuad"
        other = f"/collections/{layer.table}/tiles/WebMercatorQuad"
        paths = {
            "ours": [f"/tiles/{layer.ours}/{z}/{x}/{y}.mvt{asked}" for z, x, y in places],
            "tipg": [f"{tipg}/{z}/{x}/{y}?properties={columns}" for z, x, y in places],
            "floor": [f"/tile/{layer.table}/{z}/{x}/{y}?{columns}" for z, x, y in places],
            "pygeoapi": [f"{other}/{z}/{y}/{x}?f=mvt" for z, x, y in places],
        }
        if "prepared" in key:
            # Prepared ones have nothing to be compared with in a statement.
            paths = {name: paths[name] for name in ("ours", "tipg")}
        return Work(
            key, title, clients, paths, answers.count_drawn, headers or {}, agreement=agreement
        )

    def _read(self, table: str, columns: str, shape: str, where: str = "") -> Floats:
        # In one order: what is drawn from it by chance is then the same in every run.
        rows = f"SELECT {shape} AS p, gid FROM bench.{table} {where}"  # noqa: S608
        statement = f"SELECT {columns} FROM ({rows}) t ORDER BY gid"  # noqa: S608
        return np.asarray(query(self._url, statement), dtype=np.float64)

    def _boxes(self, holding: int) -> list[Box]:
        # Boxes that touch a few more polygons than a page holds.
        random = np.random.default_rng(SEED)
        found: list[Box] = []
        for at in random.integers(0, len(self._polygons), BOXES):
            x, y = self._polygons[at]
            west, south, east, north = self._bounds.T
            away = np.maximum.reduce((west - x, x - east, south - y, y - north, 0 * west))
            reach = float(np.sort(away)[min(holding, len(away) - 1)]) + 1e-6
            found.append((x - reach, y - reach, x + reach, y + reach))
        return found

    def _provinces(self) -> list[str]:
        rows = query(
            self._url,
            "SELECT province_code FROM bench.polygons GROUP BY 1 HAVING count(*) >= 60 ORDER BY 1",
        )
        codes = [str(code) for (code,) in rows]
        return [str(code) for code in np.random.default_rng(SEED).permutation(codes)[:BOXES]]


def _places(near: Floats, zoom: int) -> list[Place]:
    """Choose tiles where features are, at most so many of a zoom."""
    random = np.random.default_rng(SEED + zoom)
    found: dict[Place, None] = {}
    for x, y in random.permutation(near)[:20_000]:
        wide = 2**zoom
        column = int((x + 180) / 360 * wide)
        row = int((1 - math.asinh(math.tan(math.radians(y))) / math.pi) / 2 * wide)
        found.setdefault((zoom, column, row))
        if len(found) == TILES_OF_ZOOM[zoom]:
            break
    return list(found)


def _box(box: Box) -> str:
    return ",".join(f"{number:.6f}" for number in box)
