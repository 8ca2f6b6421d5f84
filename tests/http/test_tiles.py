"""Vector tiles, decoded by another library than the one that made them."""

from __future__ import annotations

from itertools import product

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from geo_service.core.db import transaction
from tests.builders import ORGS, POPULATION_2024, SUBDISTRICTS, build_small_country

# Tile 7/99/58 covers 98.4-101.25 E, 11.2-14.0 N and 7/99/58's northern neighbour the rest; the
# country lies between 14.0 and 14.2 N, so zoom 6 holds it whole: 6/49/29 is 95.6-101.25, 11.2-16.6.
WHOLE = "6/49/29"
SHAPED = {code for code, (_, _, corners) in SUBDISTRICTS.items() if corners}


def decode(client: TestClient, address: str) -> dict:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    return mapbox_vector_tile.decode(answer.content)


def test_a_tile_holds_every_shape_with_its_code(client):
    layer = decode(client, f"/tiles/subdistricts/{WHOLE}.mvt")["subdistricts"]
    assert layer["extent"] == 4096
    assert {one["properties"]["code"] for one in layer["features"]} == SHAPED
    assert {one["id"] for one in layer["features"]} == {int(code) for code in SHAPED}


def test_the_two_addresses_give_the_same_tile(client):
    z, x, y = WHOLE.split("/")
    alias = client.get(f"/tiles/subdistricts/{WHOLE}.mvt")
    ogc = client.get(f"/collections/subdistricts/tiles/WebMercatorQuad/{z}/{y}/{x}")
    assert alias.content == ogc.content


def test_neighbours_meet_on_a_tile(client):
    layer = decode(client, "/tiles/subdistricts/9/398/235.mvt")["subdistricts"]
    for feature in layer["features"]:
        rings = feature["geometry"]["coordinates"]
        rings = rings if feature["geometry"]["type"] == "Polygon" else rings[0]
        assert rings[0][0] == rings[0][-1]


def test_a_tile_of_values_carries_value_and_status(client):
    layer = decode(client, f"/tiles/population-by-subdistrict/{WHOLE}.mvt")
    for one in layer["population-by-subdistrict"]["features"]:
        own = one["properties"]
        expected = POPULATION_2024[own["code"]]
        assert own.get("pop_total") == expected
        assert own["pop_total_status"] == ("not_reported" if expected is None else "reported")


def test_a_tile_of_values_follows_the_period(client):
    layer = decode(client, f"/tiles/population-by-subdistrict/{WHOLE}.mvt?period=2566")
    values = {
        one["properties"]["code"]: one["properties"].get("pop_total")
        for one in layer["population-by-subdistrict"]["features"]
    }
    assert values["500101"] == POPULATION_2024["500101"] - 100


def test_a_tile_may_be_filtered_and_told_what_to_carry(client):
    address = f"/tiles/subdistricts/{WHOLE}.mvt?province_code=51&properties=name_en"
    features = decode(client, address)["subdistricts"]["features"]
    assert {one["properties"]["name_en"] for one in features} == {
        "Nai Mueang", "Si Nam Kham", "Huai Sai", "Nong Bua",
    }  # fmt: skip


def test_the_tile_of_organisations_has_their_offices(client):
    layers = decode(client, f"/tiles/orgs/{WHOLE}.mvt")
    offices = {one["properties"]["code"] for one in layers["orgs-points"]["features"]}
    assert offices == set(ORGS) - {"6510202"}


def test_facilities_are_points_on_a_tile(client):
    layer = decode(client, f"/tiles/health-centres/{WHOLE}.mvt")["health-centres"]
    assert {one["properties"]["code"] for one in layer["features"]} == {"h1", "h2"}
    assert {one["geometry"]["type"] for one in layer["features"]} == {"Point"}


def test_an_empty_tile_is_204(client):
    answer = client.get("/tiles/subdistricts/6/0/0.mvt")
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["etag"]


@pytest.mark.parametrize("path", ["/collections/subdistricts/tiles", "/tiles"])
@pytest.mark.parametrize("matrix_set", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_the_limits_of_a_tileset_are_kept_to_the_tile(client, path, matrix_set):
    # OGC API - Tiles, /req/core/tc-error: inside 200 or 204, outside 404.
    told = client.get(f"{path}/{matrix_set}").json()
    for one in told["tileMatrixSetLimits"][6:9]:
        rows = range(one["minTileRow"] - 1, one["maxTileRow"] + 2)
        columns = range(one["minTileCol"] - 1, one["maxTileCol"] + 2)
        for row, column in product(rows, columns):
            is_inside = row in rows[1:-1] and column in columns[1:-1]
            address = f"{path}/{matrix_set}/{one['tileMatrix']}/{row}/{column}"
            for query in ("", "?properties=code" if "collections" in path else ""):
                status = client.get(address + query).status_code
                assert status in ({200, 204} if is_inside else {404}), address


def test_collections_of_a_tile_may_be_given_by_address(client):
    named = client.get("/tiles/WebMercatorQuad/6/29/49?collections=orgs,provinces")
    address = "http://testserver/collections"
    told = client.get(
        f"/tiles/WebMercatorQuad/6/29/49?collections={address}/orgs,{address}/provinces"
    )
    assert named.status_code == told.status_code == 200
    assert named.content == told.content


def test_without_prepared_shapes_the_plain_ones_are_drawn(client_of, fresh_engine: Engine):
    with transaction(fresh_engine) as session:
        build_small_country(session)
        session.execute(text("TRUNCATE geo.drawing, geo.prepared_tile, geo.area_shape"))
    layer = decode(client_of(fresh_engine), f"/tiles/subdistricts/{WHOLE}.mvt")["subdistricts"]
    assert {one["properties"]["code"] for one in layer["features"]} == SHAPED


def test_prepared_shapes_are_used_for_the_zooms_of_their_band(client_of, fresh_engine: Engine):
    with transaction(fresh_engine) as session:
        build_small_country(session)
        session.execute(text("TRUNCATE geo.area_shape"))
        session.execute(
            text(
                "INSERT INTO geo.area_shape (area_id, band, level, geom)"
                " SELECT id, 1, level, ST_Multi(ST_Transform(geom, 3857)) FROM geo.area"
                " WHERE level = 'subdistrict' AND code = '500101'"
            )
        )
    client = client_of(fresh_engine)
    # Whoever chooses other properties than a kept tile has gets a tile of their own.
    prepared = decode(client, f"/tiles/subdistricts/{WHOLE}.mvt?properties=area_km2,code")[
        "subdistricts"
    ]
    assert [one["properties"]["code"] for one in prepared["features"]] == ["500101"]
    kept = decode(client, f"/tiles/subdistricts/{WHOLE}.mvt")["subdistricts"]
    assert len(kept["features"]) > 1


def test_an_address_with_the_state_of_the_data_never_changes(client):
    told = client.get("/collections/subdistricts/tiles/WebMercatorQuad/tilejson.json").json()
    address = told["tiles"][0].removeprefix("http://testserver")
    tile = client.get(address.format(z=6, x=49, y=29))
    assert "immutable" in tile.headers["cache-control"]
    other = client.get(f"/tiles/subdistricts/{WHOLE}.mvt?v=000000000000")
    assert "immutable" not in other.headers["cache-control"]


def test_tilejson_says_what_a_style_needs(client):
    told = client.get("/collections/waste-by-org/tiles/WebMercatorQuad/tilejson.json").json()
    assert told["tilejson"] == "3.0.0"
    assert told["vector_layers"][0]["id"] == "waste-by-org"
    assert {"code", "waste_gen_tpd", "waste_gen_tpd_status"} <= set(
        told["vector_layers"][0]["fields"]
    )
    west, south, east, north = told["bounds"]
    assert (west, south, east, north) == pytest.approx((100.0, 14.0, 100.5, 14.2))


def test_a_copy_of_a_tile_that_is_still_good_is_not_sent_again(client):
    first = client.get(f"/tiles/subdistricts/{WHOLE}.mvt")
    again = client.get(
        f"/tiles/subdistricts/{WHOLE}.mvt", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_matrix_set_halves_from_zoom_to_zoom(client):
    told = client.get("/tileMatrixSets/WebMercatorQuad").json()
    sizes = [one["cellSize"] for one in told["tileMatrices"]]
    assert sizes[0] == pytest.approx(40_075_016.68557849 / 256)
    assert all(size == pytest.approx(sizes[0] / 2**zoom) for zoom, size in enumerate(sizes))


def test_a_map_of_organisations_draws_one_tier_for_the_upper_lies_over_the_lower(client):
    style = client.get("/collections/waste-by-org/styles/default").json()
    assert "tier=lower" in style["sources"]["places"]["tiles"][0]
    # The tiny country's organisations have no shapes; the same words choose among its features.
    drawn = client.get("/collections/waste-by-org/items?tier=lower").json()["features"]
    lower = {code for code, (kind, *_) in ORGS.items() if kind != "PAO"}
    assert {feature["id"] for feature in drawn} == lower
