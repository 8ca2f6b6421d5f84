"""Tilesets, TileJSON and glyphs: what map programs read before they draw."""

from __future__ import annotations

import mapbox_vector_tile
import pytest
from jsonschema import validate

from layers.tile_matrix import MATRIX_SETS
from tests.builders import SUBDISTRICTS

SHAPED = {code for code, (_, _, corners) in SUBDISTRICTS.items() if corners}
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
# What TileJSON 3.0.0 (https://github.com/mapbox/tilejson-spec, 3.0.0/README.md, sections 3.1-3.16)
# asks of each member.
TILEJSON = {
    "type": "object",
    "required": ["tilejson", "tiles", "vector_layers"],
    "properties": {
        "tilejson": {"const": "3.0.0"},
        "tiles": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "uri"}},
        "vector_layers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "fields"],
                "properties": {
                    "id": {"type": "string"},
                    "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": {"type": "string"},
                    "minzoom": {"type": "integer", "minimum": 0, "maximum": 30},
                    "maxzoom": {"type": "integer", "minimum": 0, "maximum": 30},
                },
            },
        },
        "attribution": {"type": "string"},
        "bounds": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
        "center": {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "number"}},
        "description": {"type": "string"},
        "maxzoom": {"type": "integer", "minimum": 0, "maximum": 30},
        "minzoom": {"type": "integer", "minimum": 0, "maximum": 30},
        "name": {"type": "string"},
        "scheme": {"enum": ["xyz", "tms"]},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    },
}


def href(told: dict, rel: str) -> str:
    return next(link["href"] for link in told["links"] if link["rel"] == rel)


@pytest.mark.parametrize("name", ["subdistricts", "waste-by-org", "health-centres"])
def test_tilejson_is_as_its_specification_says(client, name):
    told = client.get(f"/collections/{name}/tiles/WebMercatorQuad/tilejson.json").json()
    validate(told, TILEJSON)
    zooms = range(told["minzoom"], told["maxzoom"] + 1)
    assert all(one["minzoom"] in zooms and one["maxzoom"] in zooms for one in told["vector_layers"])


def test_tilejson_passes_a_question_on_to_its_tiles(client):
    path = "/collections/subdistricts/tiles/WebMercatorQuad/tilejson.json"
    told = client.get(path, params={"filter": "province_code = '51'", "lang": "en"}).json()
    tile = client.get(told["tiles"][0].format(z=6, x=49, y=29))
    drawn = mapbox_vector_tile.decode(tile.content)["subdistricts"]["features"]
    assert {one["properties"]["code"][:2] for one in drawn} == {"51"}


def test_the_tiles_of_several_collections_are_told_as_tilejson(client):
    told = client.get("/tiles/WebMercatorQuad/tilejson.json").json()
    validate(told, TILEJSON)
    assert [one["id"] for one in told["vector_layers"]] == [
        "provinces", "districts", "subdistricts",
    ]  # fmt: skip
    tile = client.get(told["tiles"][0].format(z=9, x=398, y=235))
    assert set(mapbox_vector_tile.decode(tile.content)) == {
        "provinces", "districts", "subdistricts",
    }  # fmt: skip


def test_boundaries_come_with_the_zooms_that_show_them(client):
    tile = client.get("/tiles/WebMercatorQuad/6/29/49")
    assert set(mapbox_vector_tile.decode(tile.content)) == {"provinces"}
    chosen = client.get("/tiles/WebMercatorQuad/6/29/49?collections=districts,health-centres")
    assert set(mapbox_vector_tile.decode(chosen.content)) == {"districts", "health-centres"}


@pytest.mark.parametrize("base", ["/tiles", "/collections/subdistricts/tiles"])
def test_each_way_the_world_is_cut_has_a_tileset(client, base):
    listed = client.get(base).json()["tilesets"]
    assert [one["tileMatrixSetURI"] for one in listed] == [one.uri for one in MATRIX_SETS.values()]
    for one in listed:
        whole = client.get(href(one, "self")).json()
        scheme = client.get(href(whole, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"))
        assert scheme.json()["uri"] == whole["tileMatrixSetURI"]
        assert scheme.json()["crs"] == whole["crs"]


@pytest.mark.parametrize("matrix_set", list(MATRIX_SETS))
def test_tiles_are_found_within_the_limits_and_nowhere_else(client, matrix_set):
    told = client.get(f"/collections/subdistricts/tiles/{matrix_set}").json()
    limits = next(one for one in told["tileMatrixSetLimits"] if one["tileMatrix"] == "8")
    template = href(told, "item")
    found = set()
    for row in range(limits["minTileRow"] - 1, limits["maxTileRow"] + 2):
        for column in range(limits["minTileCol"] - 1, limits["maxTileCol"] + 2):
            address = template.format(tileMatrix=8, tileRow=row, tileCol=column)
            answer = client.get(address)
            if answer.status_code == 200:
                inside = (
                    limits["minTileRow"] <= row <= limits["maxTileRow"]
                    and limits["minTileCol"] <= column <= limits["maxTileCol"]
                )
                # The buffer around a tile reaches a little into its neighbours.
                assert inside or _is_only_buffer(answer.content)
                layer = mapbox_vector_tile.decode(answer.content)["subdistricts"]
                found |= {one["properties"]["code"] for one in layer["features"]}
    assert found == SHAPED


def _is_only_buffer(tile: bytes) -> bool:
    layer = mapbox_vector_tile.decode(tile)["subdistricts"]
    points = [
        point for one in layer["features"] for point in _points(one["geometry"]["coordinates"])
    ]
    return all(x <= 0 or y <= 0 or x >= 4096 or y >= 4096 for x, y in points)


def _points(coordinates: list) -> list:
    if coordinates and isinstance(coordinates[0], (int, float)):
        return [coordinates]
    return [point for part in coordinates for point in _points(part)]


def test_a_degree_tile_holds_the_shape_in_degrees(client):
    # 180 / 2^5 = 5.625 degrees a tile; this one is 95.625-101.25 E, 11.25-16.875 N.
    west, south, east, north = SUBDISTRICTS["500101"][2]
    answer = client.get("/collections/subdistricts/tiles/WorldCRS84Quad/5/13/49")
    layer = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    shape = next(
        one for one in layer["subdistricts"]["features"] if one["properties"]["code"] == "500101"
    )
    xs, ys = zip(*_points(shape["geometry"]["coordinates"]), strict=True)
    unit = 5.625 / 4096
    drawn = (
        95.625 + min(xs) * unit, 16.875 - max(ys) * unit,
        95.625 + max(xs) * unit, 16.875 - min(ys) * unit,
    )  # fmt: skip
    assert drawn == pytest.approx((west, south, east, north), abs=unit)


@pytest.mark.parametrize(
    "path",
    [
        "/collections/subdistricts/tiles/WebMercatorQuad/3/8/0",
        "/collections/subdistricts/tiles/WebMercatorQuad/25/0/0",
        "/collections/subdistricts/tiles/WorldCRS84Quad/3/0/16",
        "/collections/subdistricts/tiles/WorldCRS84Quad/3/8/0",
        "/collections/subdistricts/tiles/EuropeanETRS89_LAEAQuad/3/0/0",
        "/tiles/WebMercatorQuad/3/8/0",
        "/tiles/subdistricts/names/3/8/0.mvt",
    ],
)
def test_a_tile_out_of_range_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_a_degree_matrix_is_twice_as_wide(client):
    # The last column is there, and empty; the limits of the data end before it.
    assert client.get("/collections/subdistricts/tiles/WorldCRS84Quad/3/0/15").status_code == 404
    east = client.get("/tileMatrixSets/WorldCRS84Quad").json()["tileMatrices"][3]
    assert (east["matrixWidth"], east["matrixHeight"]) == (16, 8)


def test_a_tileset_tells_its_layers_and_their_properties(client):
    told = client.get("/collections/waste-by-province/tiles/WebMercatorQuad?lang=en").json()
    (layer,) = told["layers"]
    rate = layer["propertiesSchema"]["properties"]["waste_gen_rate"]
    assert rate == {"title": "Waste generation rate", "type": "number", "uom": "kg/person/day"}
    assert layer["geometryDimension"] == 2
    assert told["boundingBox"]["lowerLeft"] == pytest.approx([100.0, 14.0])
    assert told["boundingBox"]["crs"] == CRS84
    assert told["license"]


def test_tilesets_are_pages_for_people(client):
    asked = {"accept": "text/html"}
    for path in ("/tiles", "/tileMatrixSets", "/tileMatrixSets/WorldCRS84Quad",
                 "/collections/orgs/tiles", "/collections/orgs/tiles/WorldCRS84Quad"):  # fmt: skip
        answer = client.get(path, headers=asked)
        assert answer.headers["content-type"].startswith("text/html"), path
        assert (
            "script-src" not in answer.headers["content-security-policy"]
            or "preview" in answer.text
        )


def test_every_place_has_its_name_once_among_all_tiles(client):
    found = []
    for column in range(795, 803):
        for row in range(468, 474):
            answer = client.get(f"/tiles/subdistricts/names/10/{column}/{row}.mvt")
            if answer.status_code == 200:
                layer = mapbox_vector_tile.decode(answer.content)["names"]
                found += [one["properties"]["code"] for one in layer["features"]]
    assert sorted(found) == sorted(SHAPED)


def test_only_places_have_tiles_of_names(client):
    assert client.get("/tiles/health-centres/names/5/24/14.mvt").status_code == 404


def glyphs_of(body: bytes) -> dict[int, dict[int, object]]:
    """Read glyphs by the schema of node-fontnik (proto/glyphs.proto)."""
    ((_, stack),) = list(_message(body))
    return {
        dict(_message(one))[1]: dict(_message(one)) for field, one in _message(stack) if field == 3
    }


def _message(body: bytes):
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        value, at = _varint(body, at)
        if key & 7 == 2:
            yield key >> 3, body[at : at + value]
            at += value
        else:
            yield key >> 3, value


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def test_glyphs_cover_every_thai_letter(client):
    answer = client.get("/fonts/Sarabun Regular/3584-3839.pbf")
    assert answer.headers["content-type"] == "application/x-protobuf"
    found = glyphs_of(answer.content)
    written = "กรุงเทพฯ ที่ น้ำ ผู้สูงอายุ เก็บ ๑๒๓".replace(" ", "")
    assert {ord(letter) for letter in written} <= set(found)
    for one in found.values():
        # A field has a border of 3 around it; a glyph without ink has none.
        assert len(one.get(2, b"")) in {0, (one[3] + 6) * (one[4] + 6)}


def test_tone_marks_stand_above_upper_vowels(client):
    found = glyphs_of(client.get("/fonts/Sarabun Bold/3584-3839.pbf").content)

    def unzigzag(value: int) -> int:
        return value // 2 if value % 2 == 0 else -(value + 1) // 2

    vowel_top = unzigzag(found[ord("ี")][6])
    for mark in "่้๊๋์":
        one = found[ord(mark)]
        assert unzigzag(one[6]) - one[4] >= vowel_top
        assert one[7] == 0


def test_a_range_without_glyphs_is_empty_and_a_font_without_files_is_not_found(client):
    empty = client.get("/fonts/Sarabun Regular/1024-1279.pbf")
    assert empty.status_code == 200
    assert glyphs_of(empty.content) == {}
    stack = client.get("/fonts/Noto Sans Regular,Sarabun Regular/0-255.pbf")
    assert ord("A") in glyphs_of(stack.content)
    for path in ("Comic Sans/0-255", "Sarabun Regular/1-256", "Sarabun Regular/0-511"):
        assert client.get(f"/fonts/{path}.pbf").status_code == 404
