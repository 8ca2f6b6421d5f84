"""Vector tiles are valid, and neighbours on them meet without a gap or an overlap.

A country of 400 crooked sub-districts is drawn at every zoom and decoded by another library than
the one that made it (Mapbox Vector Tile specification 2.1, 4.3.4).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import pairwise

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from boundaries.geometry import BANDS
from boundaries.models import Area
from geo_service.core.db import make_engine
from ingest.refresh import refresh
from layers import registry, tiles, versions
from layers.prepared import PreparedTile
from layers.questions import Question
from layers.tile_matrix import WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD

EXTENT, BUFFER = 4096, 64
SIDE, CELLS = 0.03, 20
ZOOMS = range(13)


def crooked_cells(rng: np.random.Generator) -> dict[tuple[int, int], Polygon]:
    """Cells of a grid whose neighbours share crooked sides, corner by corner."""
    corners = {
        (x, y): (100 + SIDE * x + rng.uniform(-0.008, 0.008),
                 14 + SIDE * y + rng.uniform(-0.008, 0.008))
        for x in range(CELLS + 1) for y in range(CELLS + 1)
    }  # fmt: skip
    sides: dict[tuple[tuple[int, int], tuple[int, int]], np.ndarray] = {}

    def side(first: tuple[int, int], last: tuple[int, int]) -> np.ndarray:
        if first > last:
            return side(last, first)[::-1]
        if (first, last) not in sides:
            along = np.linspace(0, 1, 60)
            a, b = np.array(corners[first]), np.array(corners[last])
            across = np.array([b[1] - a[1], a[0] - b[0]])
            wave = np.cumsum(rng.normal(0, 0.02, 60)) * np.sin(np.pi * along)
            sides[first, last] = a + np.outer(along, b - a) + np.outer(wave * 0.3, across)
        return sides[first, last]

    found = {}
    for x in range(CELLS):
        for y in range(CELLS):
            around = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)]
            ring = [side(a, b)[:-1] for a, b in pairwise(around)]
            found[x, y] = Polygon(np.vstack(ring))
    return found


@pytest.fixture(scope="module")
def country(databases) -> Iterator[Session]:
    """Two provinces of two districts of a hundred sub-districts each, in their own database."""
    engine = make_engine(databases.create("crooked", template="empty"))
    with Session(engine) as session:
        build(session)
        yield session
    engine.dispose()


def build(session: Session) -> None:
    cells = crooked_cells(np.random.default_rng(11))
    assert shapely.coverage_is_valid(list(cells.values()))

    def add(level, code, parent, shape):
        area = Area(
            level=level, code=code, name_th=code, name_en=code, parent_id=parent,
            geom=from_shape(MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape, 4326),
        )  # fmt: skip
        session.add(area)
        session.flush()
        return area.id

    add("country", "TH", None, shapely.unary_union(list(cells.values())))
    for p in range(2):
        inside = {at: one for at, one in cells.items() if at[0] // 10 == p}
        province = add("province", f"{50 + p}", None, shapely.unary_union(list(inside.values())))
        for d in range(2):
            own = {at: one for at, one in inside.items() if at[1] // 10 == d}
            whole = shapely.unary_union(list(own.values()))
            district = add("district", f"{50 + p}0{d + 1}", province, whole)
            for number, shape in enumerate(own.values()):
                add("subdistrict", f"{50 + p}0{d + 1}{number:02}", district, shape)
    versions.bump(session, ["areas", "orgs", "catalogue"])
    refresh(session, resolutions="5")


def shapes_of(session, level, band):
    rows = session.execute(
        text("SELECT a.code, ST_AsBinary(s.geom) FROM geo.area_shape s JOIN geo.area a"
             " ON a.id = s.area_id WHERE s.level = :level AND s.band = :band ORDER BY a.code"),
        {"level": level, "band": band},
    )  # fmt: skip
    return {code: shapely.from_wkb(bytes(shape)) for code, shape in rows}


def tiles_of(session, collection_id, zoom):
    rows = session.execute(
        select(PreparedTile.x, PreparedTile.y, PreparedTile.body).where(
            PreparedTile.collection_id == collection_id, PreparedTile.zoom == zoom
        )
    )
    for x, y, body in rows:
        layers = mapbox_vector_tile.decode(
            gzip.decompress(bytes(body)), default_options={"y_coord_down": True}
        )
        yield x, y, layers[collection_id]["features"]


def polygons_in(feature):
    shape = feature["geometry"]
    return [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]


def twice_area(ring):
    x, y = np.array(ring, dtype=float).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


@pytest.mark.parametrize("band", [band.number for band in BANDS])
def test_neighbours_share_their_borders_in_every_band(country, band):
    for level in ("subdistrict", "district", "province"):
        shapes = list(shapes_of(country, level, band).values())
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)
        assert shapely.union_all(shapes).area == pytest.approx(shapely.area(shapes).sum(), 1e-9)


@pytest.mark.parametrize("band", [band.number for band in BANDS])
def test_a_larger_area_ends_exactly_where_its_parts_end(country, band):
    parts = shapes_of(country, "subdistrict", band)
    for level, digits in (("district", 4), ("province", 2)):
        for code, whole in shapes_of(country, level, band).items():
            inside = [one for part, one in parts.items() if part[:digits] == code]
            assert shapely.union_all(inside).symmetric_difference(whole).area == pytest.approx(0)


def check_rings(features) -> int:
    """Look at every polygon of a tile, and tell how many there are."""
    polygons = [one for feature in features for one in polygons_in(feature)]
    for polygon in polygons:
        outer, *holes = [np.array(ring) for ring in polygon]
        for ring in (outer, *holes):
            assert (ring[0] == ring[-1]).all()
            assert len(ring) >= 4
            assert (np.abs(np.diff(ring, axis=0)).sum(axis=1) > 0).all()
            assert ring.min() >= -BUFFER
            assert ring.max() <= EXTENT + BUFFER
        # 4.3.4.4: with y downwards, the area of an outer ring is positive.
        assert twice_area(outer) > 0
        assert all(twice_area(hole) < 0 for hole in holes)
        assert Polygon(outer, holes).is_valid
    return len(polygons)


def test_rings_turn_as_the_standard_says_and_stay_within_the_tile(country):
    seen = 0
    for collection_id in ("provinces", "districts", "subdistricts"):
        for zoom in ZOOMS:
            for _, _, features in tiles_of(country, collection_id, zoom):
                seen += check_rings(features)
    assert seen > 5_000


def test_every_place_is_in_some_tile_of_every_zoom(country):
    for zoom in ZOOMS:
        drawn = {
            one["properties"]["code"]
            for _, _, features in tiles_of(country, "subdistricts", zoom)
            for one in features
        }
        # A sub-district of 3 km is a unit of the grid of 4,096 at zoom 2, and less before it.
        if zoom >= 3:
            assert len(drawn) == CELLS * CELLS
        assert drawn


def check_cover(features, place) -> int:
    """Find each pixel of a tile in exactly one of the neighbours; tell how many were looked at."""
    shapes = [MultiPolygon([(p[0], p[1:]) for p in polygons_in(one)]) for one in features]
    # All within the outer line: what is not covered there is a gap.
    whole = shapely.get_parts(shapely.union_all(shapes).buffer(1.5))
    ground = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(whole))).buffer(-3)
    if ground.is_empty:
        return 0
    left, top, right, bottom = (
        max(ground.bounds[0], 0), max(ground.bounds[1], 0),
        min(ground.bounds[2], EXTENT), min(ground.bounds[3], EXTENT),
    )  # fmt: skip
    across = np.linspace(left, right, 70)
    down = np.linspace(top, bottom, 70)
    pixels = shapely.points(*(one.ravel() for one in np.meshgrid(across, down)))
    pixels = pixels[shapely.contains(ground, pixels)]
    tree = shapely.STRtree(shapes)
    inside = np.bincount(tree.query(pixels, predicate="within")[0], minlength=len(pixels))
    on_line = np.bincount(tree.query(pixels, predicate="touches")[0], minlength=len(pixels))
    clear = on_line == 0
    assert (inside[clear] == 1).all(), place
    return int(clear.sum())


def test_no_pixel_between_neighbours_is_empty_or_taken_twice(country):
    for zoom in range(5, 13):
        looked = 0
        for x, y, features in tiles_of(country, "subdistricts", zoom):
            looked += check_cover(features, (zoom, x, y))
        assert looked > 500


def drawn_now(session, matrix_set, zoom):
    """Draw the tiles around the middle of the country, as they are asked for."""
    question = Question(registry.read(session, "subdistricts"))
    middle = (100 + SIDE * CELLS / 2, 14 + SIDE * CELLS / 2)
    found = matrix_set.limits(zoom, (*middle, *middle))
    for column in range(found.first_column - 1, found.first_column + 2):
        for row in range(found.first_row - 1, found.first_row + 2):
            made = tiles.tile(
                session, question, matrix_set=matrix_set, zoom=zoom, column=column, row=row
            )
            layers = mapbox_vector_tile.decode(
                made.plain, default_options={"y_coord_down": True}
            ) if made.body else {}  # fmt: skip
            yield (zoom, column, row), layers.get("subdistricts", {"features": []})["features"]


@pytest.mark.parametrize(
    ("matrix_set", "zoom"),
    [
        *((WEB_MERCATOR_QUAD, zoom) for zoom in (13, 14, 16)),
        *((WORLD_CRS84_QUAD, zoom) for zoom in (5, 7, 9, 11, 13)),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_tiles_that_are_not_kept_are_as_valid(country, matrix_set, zoom):
    polygons = pixels = 0
    for place, features in drawn_now(country, matrix_set, zoom):
        polygons += check_rings(features)
        pixels += check_cover(features, place)
    assert polygons >= 9
    assert pixels > 500
