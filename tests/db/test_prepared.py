"""What is prepared for drawing: right, used while it is right, renewed only when it must be."""

from __future__ import annotations

import gzip
import json
from datetime import date

import mapbox_vector_tile
import numpy as np
import polars as pl
import pytest
from geoalchemy2.shape import from_shape
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from sqlalchemy import delete, func, select, text, update

from boundaries.models import Area
from ingest import points, tiles
from ingest.refresh import refresh
from layers import drawings, extents, features, registry, versions
from layers.cql2 import read_filter
from layers.filters import Interval
from layers.models import Feature, FeatureLayer
from layers.prepared import Drawing, PlaceText, PointCell, PreparedTile
from layers.questions import Question
from layers.tile_drawing import resolution_at
from layers.tiles import asked_tile, layers_of
from layers.tiles import tile as make_tile
from tests.builders import SUBDISTRICTS

WHOLE = {"zoom": 6, "column": 49, "row": 29}
MOVED = MultiPolygon([box(100.4, 14.1, 100.6, 14.2)])


def question(session, collection_id, **asked):
    return Question(registry.read(session, collection_id), **asked)


def decoded(tile):
    return mapbox_vector_tile.decode(tile.plain) if tile.body else {}


def kept_bodies(session, collection_id):
    rows = session.execute(
        select(PreparedTile.zoom, PreparedTile.x, PreparedTile.y, PreparedTile.body).where(
            PreparedTile.collection_id == collection_id
        )
    )
    return {tuple(row[:3]): bytes(row[3]) for row in rows}


def move(session, country):
    """Give a sub-district another shape, as a load does, leaving the rest for later."""
    session.execute(
        update(Area)
        .where(Area.id == country.areas["510202"])
        .values(geom=from_shape(MOVED, srid=4326))
    )
    session.expire_all()
    versions.bump(session, ["areas"])


def texts_of(session, collection_id):
    return [
        json.loads(one)
        for one in features.read_page(session, question(session, collection_id), limit=100).features
    ]


def add_layer(session, shapes, layer_id="test-shapes", kind="Geometry"):
    dataset_id = session.scalar(select(FeatureLayer.dataset_id).limit(1))
    session.add(
        FeatureLayer(
            id=layer_id, title_th="ทดสอบ", title_en="Test", theme="infrastructure",
            geometry_type=kind, properties={}, dataset_id=dataset_id,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        Feature(layer_id=layer_id, code=f"f{at:05}", geom=from_shape(shape, srid=4326))
        for at, shape in enumerate(shapes)
    )
    session.flush()
    versions.bump(session, [f"layer:{layer_id}"])


@pytest.mark.parametrize(
    "collection_id", ["regions", "provinces", "districts", "subdistricts", "orgs"]
)
def test_a_text_kept_is_the_text_made_on_the_way(session, small_country, collection_id):
    kept = texts_of(session, collection_id)
    assert session.scalar(select(func.count()).select_from(PlaceText)) > 0
    session.execute(delete(PlaceText))
    assert texts_of(session, collection_id) == kept


def test_a_kept_tile_is_the_tile_drawn_on_request(session, small_country):
    for collection_id in ("provinces", "subdistricts", "orgs"):
        asked = question(session, collection_id)
        kept = kept_bodies(session, collection_id)
        assert kept
        session.execute(update(Drawing).values(deepest_zoom=None))
        for (zoom, x, y), body in kept.items():
            drawn = make_tile(session, asked, zoom=zoom, column=x, row=y)
            assert not drawn.is_gzip
            both = [mapbox_vector_tile.decode(one) for one in (gzip.decompress(body), drawn.body)]
            for layers in both:
                for layer in layers.values():
                    layer["features"].sort(key=lambda one: one["properties"]["code"])
            assert both[0] == both[1]


def test_where_no_tile_is_kept_nothing_would_be_drawn(session, small_country):
    asked = question(session, "subdistricts")
    kept = set(kept_bodies(session, "subdistricts"))
    session.execute(update(Drawing).values(deepest_zoom=None))
    for zoom, x, y in [(zoom, x, y) for zoom, x, y in kept if zoom in {5, 8, 11}]:
        for place in [(zoom, x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]:
            zoom_, column, row = place
            if min(column, row) < 0 or max(column, row) >= 2**zoom:
                continue
            drawn = make_tile(session, asked, zoom=zoom_, column=column, row=row)
            assert bool(drawn.body) == (place in kept)


def test_nothing_stale_is_served_before_a_refresh(session, small_country):
    move(session, small_country)
    assert drawings.kept_for(session, registry.read(session, "subdistricts")) is drawings.NOTHING
    tile = make_tile(session, question(session, "subdistricts"), zoom=11, column=1596, row=941)
    assert not tile.is_gzip
    moved = next(one for one in texts_of(session, "subdistricts") if one["id"] == "510202")
    assert max(x for x, _ in moved["geometry"]["coordinates"][0][0]) == 100.6


def test_only_what_changed_is_prepared_again(session, small_country):
    before = session.scalars(select(Drawing.collection_id)).all()
    session.execute(text("UPDATE geo.prepared_tile SET body = 'as it was'"))
    versions.bump(session, ["orgs"])
    refresh(session, resolutions="5-7")
    assert set(kept_bodies(session, "subdistricts").values()) == {b"as it was"}
    assert b"as it was" not in kept_bodies(session, "orgs").values()
    assert set(session.scalars(select(Drawing.collection_id))) == set(before)


def test_a_load_renews_what_it_reaches(session, small_country):
    old = kept_bodies(session, "subdistricts")
    move(session, small_country)
    refresh(session, resolutions="5-7")
    new = kept_bodies(session, "subdistricts")
    assert set(new) > set(old)
    layer = decoded(make_tile(session, question(session, "subdistricts"), **WHOLE))["subdistricts"]
    assert len(layer["features"]) == sum(shape is not None for _, _, shape in SUBDISTRICTS.values())


def test_what_is_prepared_ends_when_a_place_comes_into_force(session, small_country):
    known = registry.read(session, "subdistricts")
    session.execute(update(Drawing).values(good_until=func.current_date() + 1))
    assert drawings.kept_for(session, known).has_shapes
    session.execute(update(Drawing).values(good_until=func.current_date()))
    assert drawings.kept_for(session, known) is drawings.NOTHING


def test_areas_of_another_day_are_drawn_as_they_were(session, small_country):
    session.execute(text("UPDATE geo.area SET valid = '(,2020-01-01)' WHERE code = '500101'"))
    versions.bump(session, ["areas"])
    refresh(session, resolutions="5-7")
    codes = [
        {one["properties"]["code"] for one in decoded(tile)["subdistricts"]["features"]}
        for when in (None, Interval(date(2019, 1, 1), date(2019, 1, 1)))
        for tile in [make_tile(session, question(session, "subdistricts", when=when), **WHOLE)]
    ]
    assert codes[1] - codes[0] == {"500101"}


COLLECTION = GeometryCollection(
    [Point(100.05, 14.05), Polygon([(100.1, 14), (100.2, 14), (100.2, 14.1), (100.1, 14)])]
)


def test_a_collection_of_shapes_is_a_feature_like_any_other(session, small_country):
    add_layer(session, [COLLECTION, LineString([(100, 14), (100.1, 14.1)])])
    refresh(session, resolutions="5-7")
    types = [one["geometry"]["type"] for one in texts_of(session, "test-shapes")]
    assert types == ["GeometryCollection", "LineString"]
    layer = decoded(make_tile(session, question(session, "test-shapes"), **WHOLE))["test-shapes"]
    assert len(layer["features"]) == 2
    found = {
        op: len(
            features.read_page(
                session,
                question(session, "test-shapes", filter=read_filter(
                    f"{op}(geometry, POLYGON((100.09 13.9, 100.3 13.9, 100.3 14.2, 100.09 14.2,"
                    " 100.09 13.9)))", "cql2-text")),
                limit=10,
            ).features
        )
        for op in ("S_INTERSECTS", "S_WITHIN", "S_DISJOINT", "S_TOUCHES", "S_OVERLAPS",
                   "S_CROSSES", "S_CONTAINS", "S_EQUALS")
    }  # fmt: skip
    assert found["S_INTERSECTS"] == 2
    assert found["S_DISJOINT"] == 0
    # A collection counts by its parts of the highest dimension: here its polygon.
    assert found["S_WITHIN"] == 1
    assert found["S_CROSSES"] == 1


def test_polygons_of_a_layer_that_share_borders_keep_them(session, small_country):
    rng = np.random.default_rng(7)
    edges = {(x, y): rng.uniform(-0.002, 0.002, (2, 50)) for x in range(21) for y in range(21)}

    def side(first, last, wobble):
        along = np.linspace(0, 1, 52)[1:-1]
        middle = np.outer(1 - along, first) + np.outer(along, last)
        across = np.array([last[1] - first[1], first[0] - last[0]]) / 0.01
        # Still at the corners, so that no two sides cross.
        return np.vstack([[first], middle + np.outer(wobble * np.sin(np.pi * along), across) * 0.3])

    def cell(x, y):
        corners = [(100 + 0.01 * (x + dx), 14 + 0.01 * (y + dy))
                   for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))]  # fmt: skip
        a, b, c, d = corners
        return Polygon(np.vstack([
            side(a, b, edges[x, y][0]),
            side(b, c, edges[x + 1, y][1]),
            side(d, c, edges[x, y + 1][0])[::-1],
            side(a, d, edges[x, y][1])[::-1],
        ]))  # fmt: skip

    add_layer(session, [cell(x, y) for x in range(20) for y in range(20)], kind="Polygon")
    refresh(session, resolutions="5-7")
    overlaps = session.execute(
        text(
            "SELECT a.band, count(*), sum(ST_Area(ST_Intersection(a.geom, b.geom)))"
            " FROM geo.feature_shape a JOIN geo.feature_shape b"
            " ON a.band = b.band AND a.feature_id < b.feature_id AND ST_Intersects(a.geom, b.geom)"
            " GROUP BY a.band"
        )
    ).all()
    assert len(overlaps) == 5
    assert all(area == pytest.approx(0, abs=1e-3) for _, _, area in overlaps)
    sizes = session.execute(
        text("SELECT band, sum(ST_NPoints(geom)), ST_Area(ST_Union(geom)), sum(ST_Area(geom))"
             " FROM geo.feature_shape GROUP BY band ORDER BY band")
    ).all()  # fmt: skip
    assert [size for _, size, _, _ in sizes] == sorted(size for _, size, _, _ in sizes)
    for _, _, whole, parts in sizes:
        assert whole == pytest.approx(parts, rel=1e-9)


@pytest.fixture
def crowded(session, small_country, monkeypatch):
    """A layer of 2,000 points, large by the limits of this test."""
    monkeypatch.setattr(points, "FEWEST", 1_000)
    monkeypatch.setattr(points, "MOST_IN_A_TILE", 300)
    rng = np.random.default_rng(3)
    places = np.column_stack([rng.normal(100.2, 0.05, 2_000), rng.normal(14.1, 0.03, 2_000)])
    add_layer(session, [Point(place) for place in places], "crowd", "Point")
    refresh(session, resolutions="5-7")
    return places


def test_hexagons_hold_every_point_and_say_what_they_are(session, crowded):
    known = registry.read(session, "crowd")
    first = drawings.kept_for(session, known).points_from
    assert 8 <= first <= 14
    layers = {layer.name: layer for layer in layers_of(session, known, 22)}
    assert layers["crowd"].first_zoom == first
    assert (layers["crowd-hexagons"].first_zoom, layers["crowd-hexagons"].last_zoom) == (
        0,
        first - 1,
    )
    told = decoded(make_tile(session, Question(known), **WHOLE))
    assert set(told) == {"crowd-hexagons"}
    cells = told["crowd-hexagons"]["features"]
    assert sum(one["properties"]["count"] for one in cells) == 2_000
    assert all(one["geometry"]["type"] == "Polygon" for one in cells)


def test_points_begin_where_no_tile_holds_too_many(session, crowded):
    known = registry.read(session, "crowd")
    first = drawings.kept_for(session, known).points_from

    def held(zoom):
        across = np.floor((crowded[:, 0] + 180) / 360 * 2**zoom)
        down = np.floor((1 - np.arcsinh(np.tan(np.radians(crowded[:, 1]))) / np.pi) / 2 * 2**zoom)
        tiles_, counts = np.unique(np.column_stack([across, down]), axis=0, return_counts=True)
        fullest = [int(one) for one in tiles_[counts.argmax()]]
        return fullest, counts.max()

    (column, row), most = held(first)
    assert most <= 300 < held(first - 1)[1]
    told = decoded(make_tile(session, Question(known), zoom=first, column=column, row=row))
    assert set(told) == {"crowd"}
    assert len(told["crowd"]["features"]) >= most


def test_a_filter_asks_for_the_points_themselves(session, crowded):
    known = registry.read(session, "crowd")
    told = decoded(make_tile(session, Question(known, equal={"code": "f00007"}), **WHOLE))
    assert [one["properties"]["code"] for one in told["crowd"]["features"]] == ["f00007"]


def test_a_layer_that_has_become_small_shows_its_points_again(session, crowded):
    session.execute(delete(Feature).where(Feature.layer_id == "crowd", Feature.code > "f00500"))
    versions.bump(session, ["layer:crowd"])
    refresh(session, resolutions="5-7")
    assert session.scalar(select(func.count()).select_from(PointCell)) == 0
    told = decoded(make_tile(session, question(session, "crowd"), **WHOLE))
    assert len(told["crowd"]["features"]) == 501


def test_cells_are_8_to_22_pixels_wide():
    # Mean edge lengths of H3, km (h3geo.org, "Tables of cell statistics").
    edge_km = {0: 1281.26, 3: 68.98, 5: 9.854, 7: 1.4065, 9: 0.20079}
    for zoom in range(14):
        resolution = resolution_at(zoom)
        if resolution in edge_km:
            pixels = edge_km[resolution] * 3**0.5 / (156.543034 / 2**zoom)
            assert 8 <= pixels <= 22


def test_the_zoom_of_points_does_not_depend_on_an_empty_world():
    nowhere = pl.LazyFrame({"lon": [], "lat": []}, schema={"lon": pl.Float64, "lat": pl.Float64})
    assert points.points_from(nowhere) == 0


def test_tiles_beside_the_country_are_looked_at_too(session, small_country):
    known = registry.read(session, "subdistricts")
    around = tiles._around(8, extents.extent_of(session, known))
    x, y = (100.0 + 180) / 360 * 256, 117
    assert around.first_column < int(x)
    assert around.first_row < y


def test_a_collection_tells_the_time_it_is_about(session, small_country):
    session.execute(text("UPDATE geo.area SET valid = '[2011-03-23,)' WHERE level = 'province'"))
    known = {name: registry.read(session, name) for name in
             ("provinces", "orgs", "health-centres", "population-by-subdistrict")}  # fmt: skip
    told = {name: extents.interval_of(session, one) for name, one in known.items()}
    assert told["provinces"] == Interval(date(2011, 3, 23), None)
    assert told["orgs"] == Interval(None, None)
    assert told["health-centres"] is None
    assert told["population-by-subdistrict"].start.year == 2023
    assert told["population-by-subdistrict"].end == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("names", "joined"),
    [(("code",), 0), (("code", "district_code"), 1), (("province_name_th",), 2)],
)
def test_a_tile_reads_no_table_that_it_does_not_show(session, small_country, names, joined):
    question = Question(registry.read(session, "subdistricts"), properties=names)
    (statement,) = asked_tile(session, question, place=(12, 3190, 1835)).statements
    assert str(statement).count("LEFT OUTER JOIN") == joined
    assert "place_text" not in str(statement)
