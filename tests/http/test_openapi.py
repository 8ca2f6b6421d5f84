"""The API's own description, the way in, and the catalogue of what is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from geo_service.api.openapi_written import ROUTERS
from geo_service.deps.cube import NAMES as CUBE_NAMES
from tests.builders import ORGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document(client):
    return client.get("/api", headers={"Accept": "application/json"}).json()


def test_the_document_is_valid_openapi_3_0(document):
    assert document["openapi"] == "3.0.3"
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []


def test_the_document_needs_no_other(document):
    references = re.findall(r"'\$ref': '([^']+)'", str(document))
    assert references
    assert all(one.startswith("#/") for one in references)


def test_every_collection_has_its_own_path_with_its_own_parameters(client, document):
    for one in client.get("/collections").json()["collections"]:
        told = document["paths"][f"/collections/{one['id']}/items"]["get"]
        names = [parameter["name"] for parameter in told["parameters"]]
        assert len(names) == len(set(names))
        queryables = client.get(f"/collections/{one['id']}/queryables").json()["properties"]
        simple = {name for name, known in queryables.items() if known.get("type") != "array"}
        assert simple - {"geometry"} <= set(names)


def test_every_queryable_may_stand_in_a_filter_and_nothing_else_may(client):
    for collection in ("orgs", "health-centres", "waste-by-province"):
        path = f"/collections/{collection}"
        known = client.get(f"{path}/queryables").json()
        assert known["additionalProperties"] is False
        for name in known["properties"]:
            answer = client.get(f"{path}/items", params={"filter": f"{name} IS NULL", "limit": 1})
            assert answer.status_code == 200, (collection, name)
        unknown = client.get(f"{path}/items?filter=this_is_not_a_queryable IS NULL")
        assert unknown.status_code == 400


def test_the_limit_is_published_as_it_is_kept(document):
    told = document["paths"]["/collections/orgs/items"]["get"]["parameters"]
    limit = next(one for one in told if one["name"] == "limit")["schema"]
    assert limit == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000}


def test_every_parameter_published_is_understood(client, document):
    for path in ("/collections/orgs/items", "/indicators", "/collections"):
        for one in document["paths"][path]["get"]["parameters"]:
            answer = client.get(path, params={one["name"]: "\x01"})
            assert answer.json().get("code") != "unknown-parameter", (path, one["name"])


def test_the_landing_page_leads_everywhere_by_accept_alone(client):
    told = client.get("/", headers={"Accept": "application/json"}).json()
    relations = {link["rel"]: link for link in told["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= relations.keys()
    assert relations["service-desc"]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    for link in told["links"]:
        if link["rel"] == "related":
            continue
        path = link["href"].removeprefix("http://testserver")
        answer = client.get(path, headers={"Accept": link["type"]})
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].partition(";")[0] in link["type"]


def test_every_link_of_every_collection_leads_somewhere(client):
    for one in client.get("/collections").json()["collections"]:
        for link in one["links"]:
            if link.get("templated"):
                continue
            path = link["href"].removeprefix("http://testserver")
            assert client.get(path).status_code == 200, path


def test_collections_of_values_exist_for_themes_and_levels(client):
    known = {one["id"] for one in client.get("/collections").json()["collections"]}
    for theme in ("waste", "ageing", "population"):
        for level in ("province", "district", "subdistrict", "org"):
            assert f"{theme}-by-{level}" in known
    assert {"regions", "provinces", "districts", "subdistricts", "orgs", "health-centres"} <= known


def test_a_history_of_what_was_never_measured_is_not_listed(client):
    listed = {one["id"] for one in client.get("/collections").json()["collections"]}
    histories = [f"{one}-history" for one in listed if "-by-" in one and "-history" not in one]
    held = {
        one: client.get(f"/collections/{one}/items?resulttype=hits").json()["numberMatched"]
        for one in histories
    }
    assert {one for one, number in held.items() if number} == listed & set(held)
    (empty, *_) = [one for one, number in held.items() if not number]
    told = client.get(f"/collections/{empty}").json()
    assert "temporal" not in told["extent"]
    assert client.get(f"/collections/{empty}/items").json()["features"] == []


def test_a_schema_tells_units_to_readers_and_to_programs(client):
    path = "/collections/waste-by-org/schema"
    thai = client.get(path).json()["properties"]["waste_gen_tpd"]
    english = client.get(path, params={"lang": "en"}).json()["properties"]["waste_gen_tpd"]
    assert (thai["description"], thai["x-ogc-unit"]) == ("หน่วย: ตัน/วัน", "t/d")
    assert (english["description"], english["x-ogc-unit"]) == ("Unit: t/day", "t/d")


def test_a_history_tells_from_when_to_when_it_goes(client):
    path = "/collections/population-by-province-history"
    told = client.get(path).json()["extent"]["temporal"]["interval"]
    assert told == [["2023-01-01T00:00:00Z", "2024-12-31T23:59:59Z"]]
    of_all = client.get("/collections").json()["collections"]
    extents = {f"/collections/{one['id']}": one["extent"].get("temporal") for one in of_all}
    assert extents[path]["interval"] == told
    # Places are in force from the beginning of time to its end, as far as anybody knows.
    assert extents["/collections/provinces"] is None
    assert extents["/collections/health-centres"] is None


def test_an_interval_may_be_a_start_and_a_duration(client):
    # 2023-12-30 and two days more: 1 January belongs to the year after.
    path = "/collections/population-by-province-history/items"
    for when, years in {"2023-06-01/P2D": {"2023"}, "2023-12-30/P2D": {"2023", "2024"}}.items():
        found = client.get(path, params={"datetime": when}).json()["features"]
        assert {one["id"].partition(".")[2] for one in found} == years


def test_sortables_are_what_features_can_be_sorted_by(client):
    told = client.get("/collections/orgs/sortables").json()["properties"]
    assert "geometry" not in told
    for name in told:
        assert client.get(f"/collections/orgs/items?limit=1&sortby=-{name}").status_code == 200


def test_the_roles_of_a_history_are_told(client):
    told = client.get("/collections/population-by-province-history/schema").json()["properties"]
    assert told["period_start"]["x-ogc-role"] == "primary-interval-start"
    assert told["period_end"]["x-ogc-role"] == "primary-interval-end"
    places = client.get("/collections/provinces/schema").json()["properties"]
    assert places["code"]["x-ogc-role"] == "id"


def test_conformance_names_what_is_kept(client):
    told = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in told
    assert "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt" in told


def test_an_indicator_says_where_and_when_it_has_values(client):
    told = client.get("/indicators/waste_gen_rate").json()
    assert told["unit"]["en"] == "kg/person/day"
    assert told["numerator"] == ["waste_gen_tpd"]
    assert "province" in told["levels"]
    keys = [period["key"] for period in told["periods"]["province"]]
    assert keys == ["2024", "2023"]


def test_periods_have_buddhist_labels_and_ce_dates(client):
    told = {one["key"]: one for one in client.get("/periods").json()["periods"]}
    assert told["2024"]["label"]["th"] == "พ.ศ. 2567"
    assert (told["2024"]["start"], told["2024"]["yearBE"]) == ("2024-01-01", 2567)


def test_the_catalogue_may_be_narrowed_to_a_theme(client):
    told = client.get("/indicators", params={"theme": "waste"}).json()["indicators"]
    assert {one["key"] for one in told} == {"waste_gen_tpd", "waste_gen_rate"}


def test_metrics_count_answers_by_route(client):
    client.get("/collections/orgs/items")
    words = client.get("/metrics").text
    assert 'route="/collections/{collection_id}/items",status="200"' in words
    assert not any(code in words for code in ORGS)


def test_a_question_to_the_cube_by_body_is_described_in_full(client, document):
    told = document["paths"]["/cube"]["post"]["requestBody"]
    (content,) = told["content"].values()
    assert told["required"]
    assert set(content["schema"]["properties"]) == set(CUBE_NAMES)
    for name, one in content["schema"]["properties"].items():
        assert one.get("description") or one.get("enum"), name
    example = content["schema"]["example"] | {"measures": ["pop_total"], "filter": "year = 2567"}
    answer = client.post("/cube", json=example)
    assert answer.status_code == 200
    refused = client.post("/cube", json=example | {"colour": "red"})
    assert refused.json()["parameter"] == "colour"


def test_what_is_written_to_is_described_and_nothing_else(client, document):
    for one in client.get("/collections").json()["collections"]:
        items = document["paths"][f"/collections/{one['id']}/items"]
        item = document["paths"][f"/collections/{one['id']}/items/{{feature_id}}"]
        is_written = one["id"] == "health-centres"
        assert items.keys() == ({"get", "post"} if is_written else {"get"})
        assert item.keys() == ({"get", "put", "patch", "delete"} if is_written else {"get"})
    item = document["paths"]["/collections/health-centres/items/{feature_id}"]
    for method in ("put", "patch", "delete"):
        needed = {one["name"] for one in item[method]["parameters"] if one["required"]}
        assert needed == {"feature_id", "If-Match"}
        assert {"202", "204", "401", "403", "404", "412", "428"} <= item[method]["responses"].keys()
        assert item[method]["security"]
    assert set(item["patch"]["requestBody"]["content"]) == {"application/merge-patch+json"}
    body = document["paths"]["/collections/health-centres/items"]["post"]["requestBody"]
    own = body["content"]["application/geo+json"]["schema"]["properties"]["properties"]
    schema = client.get("/collections/health-centres/schema").json()["properties"]
    assert own["properties"].keys() == schema.keys() - {"geometry"}
    assert own["properties"]["beds"]["type"] == "integer"


def test_every_address_of_people_who_are_signed_in_is_described_with_its_methods(document):
    routes = {
        (route.path, method.lower())
        for router in ROUTERS
        for route in router.routes
        for method in route.methods - {"HEAD"}
    }
    assert len(routes) > 20
    described = {
        (path, method)
        for path, methods in document["paths"].items()
        for method in methods
        if path.split("/")[1] in {"submissions", "account", "manage"}
    }
    assert described == routes
    assert {one["name"] for one in document["tags"]} >= {"submissions", "account", "manage"}


def test_the_members_of_bodies_are_those_that_are_read(document):
    source = {
        name: (ROOT / "geo_service/api" / f"{module}.py").read_text(encoding="utf-8")
        for name, module in (
            ("account", "accounts"), ("manage", "management"), ("submissions", "submissions"),
        )
    }  # fmt: skip
    described = set()
    for path, methods in document["paths"].items():
        kind = path.split("/")[1]
        body = methods.get("post", {}).get("requestBody")
        if kind not in source or body is None or path == "/submissions":
            continue
        (content,) = body["content"].values()
        for name in content["schema"]["properties"]:
            described.add((kind, name))
            assert f'"{name}"' in source[kind], (path, name)
    read = {
        (kind, name)
        for kind, words in source.items()
        for name in re.findall(
            r"said\.(?:text|optional|wish|texts|number|is_set)\(\s*\"(\w+)\"", words
        )
    }
    assert read <= described
