"""Requirements of OGC's standards, one by one, asked of every collection that is listed.

What a single answer must be is tested beside its subject; `docs/api/conformance.md` says where.
"""

from __future__ import annotations

import pytest

from geo_service.core.crs import SERVED_CRS

REL = "http://www.opengis.net/def/rel/ogc/1.0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
RESOURCES = (
    "/", "/conformance", "/functions", "/collections", "/collections/provinces",
    "/collections/provinces/items", "/collections/provinces/items/50",
    "/collections/provinces/queryables", "/collections/provinces/schema",
    "/collections/provinces/sortables", "/collections/provinces/tiles",
    "/collections/provinces/tiles/WebMercatorQuad", "/tiles", "/tiles/WorldCRS84Quad",
    "/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad", "/collections/provinces/styles",
)  # fmt: skip


@pytest.fixture(scope="module")
def listed(client):
    return client.get("/collections").json()["collections"]


@pytest.fixture(scope="module")
def paths(client):
    return client.get("/api", headers={"Accept": "application/json"}).json()["paths"]


def relations(told):
    return {link["rel"] for link in told["links"]}


# --- Common, Parts 1 and 2; Features, Part 1


@pytest.mark.parametrize("path", RESOURCES)
def test_every_resource_speaks_json_and_html_and_takes_head_and_options(client, path):
    # /req/json/definition, /req/html/definition, /req/core/http
    assert (
        "json" in client.get(path, headers={"Accept": "application/json"}).headers["content-type"]
    )
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.lstrip().lower().startswith("<!doctype html>")
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert {"GET", "HEAD", "OPTIONS"} <= set(client.options(path).headers["allow"].split(", "))


def test_the_landing_page_leads_to_what_each_part_asks_for(client):
    # /req/core/root-success; Tiles /req/dataset-tilesets/landingpage; Part 3 /req/filter/functions
    told = client.get("/", headers={"Accept": "application/json"}).json()
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= relations(
        told
    )
    assert {f"{REL}/tilesets-vector", f"{REL}/tiling-schemes", f"{REL}/functions"} <= relations(
        told
    )


def test_a_collection_is_told_alike_in_the_list_and_alone(client, listed):
    # /req/core/fc-md-success, sfc-md-success, fc-md-extent; Part 2 /req/crs/fc-md-crs-list
    for brief in listed:
        whole = client.get(f"/collections/{brief['id']}").json()
        for name in brief.keys() - {"links"}:
            assert whole[name] == brief[name], (brief["id"], name)
        assert all(link in whole["links"] for link in brief["links"])
        assert {"self", "items", f"{REL}/queryables", f"{REL}/sortables", f"{REL}/schema",
                f"{REL}/tilesets-vector"} <= relations(whole)  # fmt: skip
        assert whole["itemType"] == "feature"
        assert whole["crs"][0] == CRS84
        assert whole["storageCrs"] in whole["crs"]
        (west, south, east, north), *_ = whole["extent"]["spatial"]["bbox"]
        assert west <= east
        assert south <= north


def test_features_come_with_the_links_and_numbers_that_are_required(client, listed):
    # /req/core/fc-links, fc-rel-type, fc-numberReturned, fc-timeStamp, f-links
    for one in listed:
        path = f"/collections/{one['id']}/items"
        answer = client.get(path, params={"limit": 3}, headers={"Accept": "application/geo+json"})
        assert answer.headers["content-type"] == "application/geo+json"
        told = answer.json()
        assert told["features"], one["id"]
        assert told["numberReturned"] == len(told["features"])
        assert told["timeStamp"].endswith("Z")
        assert all({"href", "rel", "type"} <= link.keys() for link in told["links"])
        assert {"self", "alternate", "collection"} <= relations(told)
        feature = told["features"][0]
        alone = client.get(f"{path}/{feature['id']}").json()
        assert {"self", "alternate", "collection"} <= relations(alone)
        assert {name: alone[name] for name in feature} == feature


def test_the_document_tells_the_parameters_as_each_part_writes_them(client, listed, paths):
    # /req/core/fc-limit-definition, fc-bbox-definition, fc-time-definition; /req/oas30/completeness
    for one in listed:
        told = paths[f"/collections/{one['id']}/items"]["get"]
        known = {each["name"]: each for each in told["parameters"]}
        assert {"limit", "bbox", "datetime", "bbox-crs", "crs", "filter", "filter-lang",
                "filter-crs", "sortby", "properties", "profile"} <= known.keys()  # fmt: skip
        for each in known.values():
            assert (each["in"], each["required"]) == ("query", False)
            assert (each["style"], each["explode"]) == ("form", False)
        assert {"200", "400", "404", "406", "500"} <= set(told["responses"])
        assert f"/collections/{one['id']}/items/{{feature_id}}" in paths


# --- Features, Part 2


@pytest.mark.parametrize("crs", [one.uri for one in SERVED_CRS])
def test_the_system_of_an_answer_is_told_in_its_header(client, crs):
    # Part 2, /req/crs/ogc-crs-header, for one feature as for many
    for path in ("provinces/items?limit=1", "provinces/items/50?lang=en"):
        answer = client.get(f"/collections/{path}", params={"crs": crs})
        assert answer.headers["content-crs"] == f"<{crs}>"


@pytest.mark.parametrize(
    "query", ["items?crs=http://x", "items/50?crs=http://x", "items?bbox=1,1,2,2&bbox-crs=http://x"]
)
def test_a_system_that_is_not_listed_is_refused(client, query):
    # Part 2, /req/crs/fc-crs-valid-value, fc-bbox-crs-valid-value
    assert client.get(f"/collections/provinces/{query}").status_code == 400


# --- Features, Parts 3 and 5


@pytest.mark.parametrize("part", ["queryables", "sortables", "schema"])
def test_a_schema_is_one_of_part_5(client, listed, part):
    # Part 5, /req/schemas/json-schema, properties, additional-keywords, role, role-id, unit
    plain = {"title", "description", "type", "enum", "format", "items"}
    if part == "schema":
        # What is returned and not received.
        plain.add("readOnly")
    for one in listed:
        path = f"/collections/{one['id']}/{part}"
        answer = client.get(path, headers={"Accept": "application/schema+json"})
        assert answer.headers["content-type"] == "application/schema+json"
        told = answer.json()
        assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert told["$id"] == f"http://testserver{path}"
        assert (told["type"], told["additionalProperties"]) == ("object", False)
        roles = []
        for name, known in told["properties"].items():
            is_shape = known.get("format", "").startswith("geometry-")
            assert ("type" in known) != is_shape
            assert all(key in plain or key.startswith("x-ogc-") for key in known), name
            assert known.get("x-ogc-unit", "").isascii()
            roles += [known["x-ogc-role"]] if "x-ogc-role" in known else []
            if part == "sortables":
                assert not is_shape
                assert known["type"] not in {"array", "object"}
        assert len(roles) == len(set(roles))


# --- Tiles


def test_a_collection_lists_its_tilesets(client, listed):
    # /req/tilesets-list/tileset-links, /req/tileset/description
    for one in listed:
        for brief in client.get(f"/collections/{one['id']}/tiles").json()["tilesets"]:
            assert brief["dataType"] == "vector"
            assert brief["tileMatrixSetURI"].endswith(brief["tileMatrixSetId"])
            assert {"self", f"{REL}/tiling-scheme"} <= relations(brief)
            (template,) = (link for link in brief["links"] if link["rel"] == "item")
            assert template["templated"] is True
            assert template["type"] == "application/vnd.mapbox-vector-tile"
            assert template["href"].endswith("/{tileMatrix}/{tileRow}/{tileCol}")


def test_operations_of_tiles_are_called_as_the_standard_calls_them(paths):
    # /req/oas30/operation-id
    tile = "{matrix_set}/{tile_matrix}/{tile_row}/{tile_col}"
    called = {
        "/tileMatrixSets": "getTileMatrixSetsList",
        "/tileMatrixSets/{matrix_set}": "getTileMatrixSet",
        "/tiles": ".dataset.vector.getTileSetsList",
        "/tiles/{matrix_set}": ".dataset.vector.getTileSet",
        f"/tiles/{tile}": ".dataset.vector.getTile",
        "/collections/{collection_id}/tiles": ".collection.vector.getTileSetsList",
        "/collections/{collection_id}/tiles/{matrix_set}": ".collection.vector.getTileSet",
        f"/collections/{{collection_id}}/tiles/{tile}": ".collection.vector.getTile",
    }
    assert {path: paths[path]["get"]["operationId"] for path in called} == called
    names = [one["operationId"] for methods in paths.values() for one in methods.values()]
    assert len(names) == len(set(names))
