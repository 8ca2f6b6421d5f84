"""Features created, replaced, changed and taken out: who may, what is refused, what is seen."""

from __future__ import annotations

import json
import re
import threading

import mapbox_vector_tile
import psycopg2
import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import make_engine, transaction
from tests.waiting import wait_until

LAYER = "health-centres"
ITEMS = f"/collections/{LAYER}/items"
PASSWORD = "เรือใบลำเล็กกลางทะเล"
PEOPLE = {
    "lao": ("lao", "6500103"), "other-lao": ("lao", "5510101"), "office": ("province", "50"),
    "other-office": ("province", "51"), "dla": ("dla", None), "dla2": ("dla", None),
    "boss": ("admin", None), "reader": ("reader", None), "ana": ("analyst", None),
}  # fmt: skip
PATCH = {"Content-Type": "application/merge-patch+json"}
GEOJSON = {"Content-Type": "application/geo+json"}
#: In 500103, which 6500103 covers as a whole.
HERE = [100.25, 14.05]
TILE = f"/tiles/{LAYER}/9/398/235.mvt?properties=code,beds"
EVERYTHING = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM geo.feature t"


def feature(coordinates=HERE, **properties):
    geometry = None if coordinates is None else {"type": "Point", "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


class Office:
    """A service over the tiny country, and a key for each account."""

    def __init__(self, engine, client, keys_of):
        self.engine, self.client, self.keys = engine, client, keys_of

    def __call__(self, method, path, who="dla", body=None, **headers):
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            said["Authorization"] = f"Bearer {self.keys[who]}"
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None and "Content-Type" not in said:
            said |= PATCH if method == "PATCH" else GEOJSON
        return self.client.request(method, path, content=content, headers=said)

    def tag(self, code, who="dla"):
        answer = self("GET", f"{ITEMS}/{code}", who)
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]

    def create(self, who="dla", coordinates=HERE, **properties):
        made = self("POST", ITEMS, who, feature(coordinates, **properties))
        assert made.status_code == 201, made.text
        return made

    def stored(self, sql, **values):
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).all()


@pytest.fixture(scope="module")
def keys_of(databases, country_template):
    url = databases.create("editing", template=country_template)
    engine, made = make_engine(url), {}
    with transaction(engine) as session:
        for name, (role, place) in PEOPLE.items():
            people.add(session, name, role=role, place=place, password=PASSWORD)
            scopes = [one for one in ("read", "load", "publish")
                      if one == "read" or role in {"dla", "admin"}
                      or (one == "load" and role in {"lao", "province"})]  # fmt: skip
            made[name] = keys.make(session, name, label="", scopes=scopes)[0]
        made["dla-reading"] = keys.make(session, "dla", label="", scopes=["read"])[0]
        made["dla-loading"] = keys.make(session, "dla", label="", scopes=["read", "load"])[0]
    engine.dispose()
    return made


@pytest.fixture
def office(keys_of, databases, client_of, tmp_path):
    engine = make_engine(databases.create("edited", template="editing"))
    yield Office(engine, client_of(engine, data_dir=tmp_path), keys_of)
    engine.dispose()


def test_a_feature_is_created_read_replaced_changed_and_taken_out(office):
    made = office.create(name_th="รพ.สต. ใหม่", name_en="New", beds=7, code="n1")
    where = made.headers["location"]
    assert where == f"http://testserver{ITEMS}/n1"
    assert made.headers["etag"].startswith('"')
    told = office.client.get(where).json()
    assert told["geometry"] == {"type": "Point", "coordinates": HERE}
    assert told["properties"] | {"flags": []} == {
        "code": "n1", "name_th": "รพ.สต. ใหม่", "name_en": "New", "subdistrict_code": "500103",
        "district_code": "5001", "district_name_th": "เมืองแสนสุข",
        "district_name_en": "Mueang Saen Suk", "province_code": "50",
        "province_name_th": told["properties"]["province_name_th"],
        "province_name_en": told["properties"]["province_name_en"], "beds": 7, "flags": [],
    }  # fmt: skip
    assert told["properties"]["flags"] == ["edited"]

    # the tag of the answer that made it is good for the next change, and so is one that was read
    put = office("PUT", where, body=feature([100.35, 14.05], name_th="ย้ายแล้ว"),
                 If_Match=made.headers["etag"])  # fmt: skip
    assert (put.status_code, put.content) == (204, b"")
    told = office.client.get(where).json()
    assert told["properties"]["subdistrict_code"] == "510101"
    assert told["properties"]["beds"] is None
    assert told["properties"]["name_en"] in {None, ""}

    patched = office("PATCH", where, body={"properties": {"beds": 9}}, If_Match=office.tag("n1"))
    assert patched.status_code == 204
    told = office.client.get(where).json()
    assert (told["properties"]["beds"], told["properties"]["name_th"]) == (9, "ย้ายแล้ว")
    assert told["geometry"]["coordinates"] == [100.35, 14.05]
    cleared = office("PATCH", where, body={"properties": {"beds": None}},
                     If_Match=patched.headers["etag"])  # fmt: skip
    assert cleared.status_code == 204
    assert office.client.get(where).json()["properties"]["beds"] is None

    gone = office("DELETE", where, If_Match=cleared.headers["etag"])
    assert (gone.status_code, gone.content) == (204, b"")
    assert office.client.get(where).status_code == 404
    assert office("DELETE", where, If_Match="*").status_code == 404


def test_a_new_feature_without_a_code_gets_one_and_a_taken_one_is_refused(office):
    where = office.create(name_th="ไม่มีรหัส").headers["location"]
    code = where.rsplit("/", 1)[1]
    assert office.client.get(where).json()["id"] == code
    assert office.create(name_th="ไม่มีรหัส").headers["location"] != where
    taken = office("POST", ITEMS, body=feature(code="h1"))
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    two = office("POST", ITEMS, body={**feature(code="a"), "id": "b"})
    assert (two.status_code, two.json()["field"]) == (400, "properties.code")
    other = office("PUT", f"{ITEMS}/h1", body=feature(code="h9"), If_Match=office.tag("h1"))
    assert (other.status_code, other.json()["field"]) == (400, "properties.code")


def test_what_was_read_can_be_sent_back_and_changes_nothing(office):
    office.create(code="n1", coordinates=[100.250000123456, 14.05], name_th="ทศนิยม", beds=1)
    before = office.stored(EVERYTHING)
    for form in ("", "?f=jsonfg", "?lang=en"):
        read = office("GET", f"{ITEMS}/n1{form}")
        put = office("PUT", f"{ITEMS}/n1", body=read.json(), If_Match=read.headers["etag"])
        assert put.status_code == 204, put.text
        assert "link" not in put.headers
    assert office.stored(EVERYTHING) == before
    versions = office.stored("SELECT version FROM geo.dataset WHERE id = 'test-facilities'")
    assert versions == [(2,)]


def test_the_tag_is_strong_the_feature_s_own_and_the_same_for_whoever_reads(office):
    answers = [office("GET", f"{ITEMS}/h1{form}", who)
               for who in (None, "lao", "dla", "reader")
               for form in ("", "?f=jsonfg", "?lang=en", "?crs=EPSG:32647")]  # fmt: skip
    tags = {one.headers["etag"] for one in answers}
    assert all(tag[0] == tag[-1] == '"' for tag in tags)
    assert len({tag.partition("-")[0] for tag in tags}) == 1
    # a strong tag is of one form of the answer
    public = [one.headers["etag"] for one in answers[:4]]
    assert len(set(public)) == 4
    again = office("GET", f"{ITEMS}/h1", None, If_None_Match=public[0])
    assert (again.status_code, again.headers["etag"]) == (304, public[0])
    assert office("GET", f"{ITEMS}/h1?lang=en", None, If_None_Match=public[0]).status_code == 200
    # somebody else's change leaves it good for writing
    office.create(code="n1")
    done = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 3}}, If_Match=public[0])
    assert done.status_code == 204
    assert office.tag("h1").partition("-")[0] not in public[0]
    assert office("GET", f"{ITEMS}/h1", None, If_None_Match=public[0]).status_code == 200


def test_a_change_says_which_state_it_is_meant_for(office):
    body = {"properties": {"beds": 3}}
    for method in ("PUT", "PATCH", "DELETE"):
        said = {"PUT": feature(), "PATCH": body, "DELETE": None}[method]
        answer = office(method, f"{ITEMS}/h1", body=said)
        assert (answer.status_code, answer.json()["code"]) == (428, "not-stated")
        for tag in ('"0123"', f"W/{office.tag('h1')}", '"a", W/"b"'):
            answer = office(method, f"{ITEMS}/h1", body=said, If_Match=tag)
            assert (answer.status_code, answer.json()["code"]) == (412, "outdated"), tag
        for tag in ("h1", '"a', '"a" "b"', ","):
            answer = office(method, f"{ITEMS}/h1", body=said, If_Match=tag)
            assert answer.status_code == 400, tag
    several = f'"0123", {office.tag("h1")}'
    assert office("PATCH", f"{ITEMS}/h1", body=body, If_Match=several).status_code == 204
    assert office("PATCH", f"{ITEMS}/h1", body=body, If_Match="*").status_code == 204


def test_of_two_writers_at_once_one_is_told_that_he_is_late(office):
    tag, answers = office.tag("h1"), []
    start = threading.Barrier(2)

    def write(beds):
        start.wait()
        answers.append(
            office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": beds}}, If_Match=tag)
        )

    threads = [threading.Thread(target=write, args=(beds,)) for beds in (11, 12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.status_code for one in answers) == [204, 412]
    assert office.client.get(f"{ITEMS}/h1").json()["properties"]["beds"] in {11, 12}


def test_collections_of_places_and_values_are_not_written_and_say_why(office):
    for known in ("provinces", "subdistricts", "orgs", "waste-by-province",
                  "waste-by-org-history"):  # fmt: skip
        path = f"/collections/{known}/items"
        for method, where in (("POST", path), ("PUT", f"{path}/50"), ("PATCH", f"{path}/50"),
                              ("DELETE", f"{path}/50")):  # fmt: skip
            for who in (None, "dla"):
                answer = office(method, where, who, feature() if method != "DELETE" else None)
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
                assert len(answer.json()["en"]["detail"]) > 40
        assert office("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"
        assert office("OPTIONS", f"{path}/50").headers["allow"] == "GET, HEAD, OPTIONS"
    assert office("POST", "/collections/nothing/items", body=feature()).status_code == 404


def test_who_may_not_write_is_refused_everywhere_alike(office):
    before = office.stored(EVERYTHING)
    calls = [("POST", ITEMS, feature()), ("PUT", f"{ITEMS}/h1", feature()),
             ("PATCH", f"{ITEMS}/h1", {}), ("DELETE", f"{ITEMS}/h1", None)]  # fmt: skip
    for method, path, body in calls:
        for who, status in ((None, 401), ("reader", 403), ("ana", 403), ("dla-reading", 403)):
            answer = office(method, path, who, body, If_Match="*")
            assert answer.status_code == status, (method, who)
    # 500101 is neither the other organisation's nor the other province's
    for method, path, body in calls[1:]:
        for who in ("other-lao", "other-office", "lao"):
            answer = office(method, path, who, body, If_Match="*")
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, who)
    assert office("POST", ITEMS, "other-lao", feature()).status_code == 403
    # nor may anybody move a feature of his out of his area
    moved = feature([100.35, 14.05])
    assert office("PUT", f"{ITEMS}/h1", "office", moved, If_Match="*").status_code == 403
    assert office.stored(EVERYTHING) == before


def test_options_tell_what_this_caller_may_do(office):
    reading = "GET, HEAD, OPTIONS"
    every = f"{reading}, PUT, PATCH, DELETE"
    for who in (None, "reader", "ana", "dla-reading"):
        assert office("OPTIONS", ITEMS, who).headers["allow"] == reading
        assert office("OPTIONS", f"{ITEMS}/h1", who).headers["allow"] == reading
    for who in ("lao", "office", "dla", "boss", "dla-loading"):
        told = office("OPTIONS", ITEMS, who)
        assert (told.status_code, told.headers["allow"]) == (204, f"{reading}, POST")
        assert "application/geo+json" in told.headers["accept-post"]
    allowed = {who: office("OPTIONS", f"{ITEMS}/h1", who).headers["allow"]
               for who in ("lao", "other-lao", "office", "other-office", "dla")}  # fmt: skip
    assert allowed == {"lao": reading, "other-lao": reading, "office": every,
                       "other-office": reading, "dla": every}  # fmt: skip
    # h2 lies in 500102, which 6500103 covers in part
    assert office("OPTIONS", f"{ITEMS}/h2", "lao").headers["allow"] == every
    assert office("OPTIONS", f"{ITEMS}/nothing", "dla").headers["allow"] == reading
    told = office("OPTIONS", f"{ITEMS}/h1")
    assert told.headers["accept-patch"] == "application/merge-patch+json"
    assert "no-store" in told.headers["cache-control"]


def test_media_types_are_checked(office):
    for method, kind in (
        ("POST", "text/plain"), ("POST", "application/merge-patch+json"), ("POST", ""),
        ("PUT", "application/xml"), ("PATCH", "application/json"),
        ("PATCH", "application/geo+json"),
    ):  # fmt: skip
        path = ITEMS if method == "POST" else f"{ITEMS}/h1"
        answer = office(method, path, "dla", feature(), Content_Type=kind, If_Match="*")
        assert (answer.status_code, answer.json()["code"]) == (415, "unknown-media-type"), kind
        assert answer.json()["known"]


def test_a_compressed_body_is_not_taken(office):
    answer = office("POST", ITEMS, "dla", feature(), Content_Encoding="gzip")
    assert answer.status_code == 415


def test_what_is_no_strict_json_is_refused(office):
    for body in (
        b"", b"[]", b"null", b"{", b'{"type":"Feature","type":"Feature"}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":NaN}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":Infinity}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":1e999}}',
        b'{"type":"Feature","geometry":null,"properties":{"name_th":"\xff"}}',
        b'{"type":"Feature","geometry":null,"properties":{"name_th":"\\ud800"}}',
        b'{"type":"Feature","geometry":null,"properties":{"beds":1,"beds":2}}',
    ):  # fmt: skip
        answer = office("POST", ITEMS, "dla", body)
        assert answer.status_code == 400, body
        assert answer.json()["code"] in {"bad-request", "bad-feature"}, body


def test_a_body_that_is_too_deep_or_too_large_is_refused_with_the_limit(office):
    deep = b'{"type":"Feature","properties":null,"geometry":' + b"[" * 100 + b"]" * 100 + b"}"
    long = b'{"properties":{"name_th":"' + b"a" * 300_000 + b'"}}'
    many = b'{"x":[' + b"1," * 30_000 + b"1]}"
    for body in (deep, long, many):
        answer = office("POST", ITEMS, "dla", body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert answer.json()["limit"] > 0


POINT = {"type": "Point", "coordinates": HERE}
WRONG = [
    ({"type": "FeatureCollection", "features": []}, "type"),
    ({"type": "Feature", "properties": {}}, "geometry"),
    ({"type": "Feature", "geometry": POINT}, "properties"),
    ({**feature(), "crs": {"type": "link"}}, "crs"),
    ({**feature(), "properties": ""}, "properties"),
    ({**feature(), "properties": []}, "properties"),
    ({**feature(), "properties": [1]}, "properties"),
    (feature(shoe_size=4), "properties.shoe_size"),
    (feature(beds="many"), "properties.beds"),
    (feature(beds=1.5), "properties.beds"),
    (feature(beds=True), "properties.beds"),
    (feature(beds=2**60), "properties.beds"),
    (feature(name_th=4), "properties.name_th"),
    (feature(name_th="a\u0007b"), "properties.name_th"),
    (feature(name_th="a\u0000b"), "properties.name_th"),
    (feature(name_th="ก" * 3_000), "properties.name_th"),
    (feature(code=""), "properties.code"),
    (feature(code="a/b"), "properties.code"),
    (feature(code="x" * 100), "properties.code"),
    ({**feature(), "id": 4}, "id"),
    ({**feature(), "geometry": "here"}, "geometry"),
    ({**feature(), "geometry": {"type": "Point"}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": []}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [1]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [100.2, 14, 5]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": ["100", "14"]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [True, False]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "coordinates": [[100.2, 14]]}}, "geometry.coordinates"),
    ({**feature(), "geometry": {**POINT, "weight": 3}}, "geometry"),
    ({**feature(), "geometry": {"type": "LineString", "coordinates": [HERE, [100.3, 14.1]]}},
     "geometry.type"),
    ({**feature(), "geometry": {"type": "GeometryCollection", "geometries": []}}, "geometry"),
    (feature([14.05, 100.25]), "geometry.coordinates"),
    (feature([2.35, 48.85]), "geometry.coordinates"),
    (feature([104.9, 7.0]), "geometry.coordinates"),
    (feature(None), "geometry"),
    (feature(None, subdistrict_code="999999"), "geometry"),
]  # fmt: skip


def test_a_feature_that_does_not_fit_the_schema_is_refused_with_the_member_named(office):
    before = office.stored(EVERYTHING)
    for body, member in WRONG:
        for method, path in (("POST", ITEMS), ("PUT", f"{ITEMS}/h1")):
            answer = office(method, path, "dla", body, If_Match="*")
            assert (answer.status_code, answer.json()["code"]) == (400, "bad-feature"), body
            assert answer.json()["field"] == member
            assert member in answer.json()["th"]["detail"]
    assert office.stored(EVERYTHING) == before


def test_what_follows_from_the_shape_is_read_only_and_passed_over(office):
    schema = office.client.get(f"/collections/{LAYER}/schema").json()["properties"]
    derived = {name for name, told in schema.items() if told.get("readOnly")}
    assert derived == {
        "district_code", "district_name_th", "district_name_en", "province_code",
        "province_name_th", "province_name_en", "flags",
    }  # fmt: skip
    office.create(code="n1", **dict.fromkeys(derived, "99"))
    told = office.client.get(f"{ITEMS}/n1").json()["properties"]
    assert (told["province_code"], told["flags"]) == ("50", ["edited"])
    of_places = office.client.get("/collections/provinces/schema").json()["properties"]
    assert not any(told.get("readOnly") for told in of_places.values())


def test_swapped_axes_get_a_hint_and_other_systems_are_read(office):
    answer = office("POST", ITEMS, "dla", feature([14.05, 100.25]), Accept_Language="en")
    assert "longitude comes first" in answer.json()["detail"]
    latitude_first = "<http://www.opengis.net/def/crs/EPSG/0/4326>"
    office("POST", ITEMS, "dla", feature([14.05, 100.25], code="n1"), Content_Crs=latitude_first)
    # from pyproj 3.7: 100.25 E 14.05 N is 634,968.745 E 1,553,613.535 N in EPSG:32647
    metres = feature([634_968.745, 1_553_613.535], code="n2")
    made = office("POST", ITEMS, "dla", metres,
                  Content_Crs="<http://www.opengis.net/def/crs/EPSG/0/32647>")  # fmt: skip
    assert made.status_code == 201, made.text
    places = [office.client.get(f"{ITEMS}/{code}").json()["geometry"]["coordinates"]
              for code in ("n1", "n2")]  # fmt: skip
    assert places[0] == HERE
    assert places[1] == pytest.approx(HERE, abs=1e-6)
    odd = office("POST", ITEMS, "dla", feature(), Content_Crs="<urn:mars>")
    assert (odd.status_code, odd.json()["code"]) == (400, "unsupported-crs")


def test_a_feature_without_a_shape_names_its_subdistrict(office):
    office.create(coordinates=None, code="n1", subdistrict_code="510203")
    told = office.client.get(f"{ITEMS}/n1").json()
    assert (told["geometry"], told["properties"]["province_code"]) == (None, "51")
    # one that has none keeps its place when only a name changes
    done = office("PATCH", f"{ITEMS}/h3", body={"properties": {"name_th": "เกาะ"}}, If_Match="*")
    assert done.status_code == 204
    told = office.client.get(f"{ITEMS}/h3").json()["properties"]
    assert (told["name_th"], told["subdistrict_code"], told["beds"]) == ("เกาะ", "510203", 2)
    shape = {"geometry": POINT}
    assert office("PATCH", f"{ITEMS}/h3", body=shape, If_Match="*").status_code == 204
    assert office.client.get(f"{ITEMS}/h3").json()["properties"]["subdistrict_code"] == "500103"


def seen(client):
    """The beds of h1 wherever they are told."""
    found = client.get(ITEMS, params={"limit": 100}).json()["features"]
    (tile,) = mapbox_vector_tile.decode(client.get(TILE).content).values()
    head, *rows = client.get(ITEMS, params={"f": "csv"}).content.decode("utf-8-sig").splitlines()
    code, beds = head.split(",").index("code"), head.split(",").index("beds")
    return {
        "items": [one["properties"]["beds"] for one in found if one["id"] == "h1"],
        "item": [client.get(f"{ITEMS}/h1").json()["properties"]["beds"]],
        "tile": [one["properties"]["beds"] for one in tile["features"]
                 if one["properties"]["code"] == "h1"],
        "csv": [int(row.split(",")[beds]) for row in rows if row.split(",")[code] == "h1"],
        "filter": [one["properties"]["beds"] for one in client.get(
            ITEMS, params={"filter": "code = 'h1'"}).json()["features"]],
        "download": [one["properties"]["beds"] for one in client.get(
            f"/collections/{LAYER}/downloads/{LAYER}.geojson").json()["features"]
            if one["id"] == "h1"],
    }  # fmt: skip


WAYS = ("items", "item", "tile", "csv", "filter", "download")


def counted(client):
    found = client.get(f"/hexbins/{LAYER}", params={"resolution": 6}).json()
    return sum(row[found["fields"].index("value")] for row in found["rows"])


def test_a_change_is_seen_in_the_next_request_of_every_representation(office):
    client = office.client
    for beds in range(20, 24):
        if beds % 2:
            wait_until(client.app.state.watcher.known)
        seen(client)
        done = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": beds}}, If_Match="*")
        assert done.status_code == 204
        assert seen(client) == {way: [beds] for way in WAYS}
    before = counted(client)
    office.create(code="n1")
    assert counted(client) == before + 1
    office("DELETE", f"{ITEMS}/n1", If_Match="*")
    assert counted(client) == before


def answers(client):
    paths = (f"{ITEMS}?limit=100", f"{ITEMS}/h1", f"{ITEMS}?f=csv", TILE,
             f"/hexbins/{LAYER}?resolution=6")  # fmt: skip
    # Versions and times only rise; everything else is as it was, to the byte.
    told = [client.get(path).content for path in paths]
    return [re.sub(rb'"timeStamp":"[^"]*"|"version":\d+', b"", one) for one in told]


def settled(office, number):
    under_way = "SELECT task FROM geo.submission WHERE id = :number"
    wait_until(lambda: not office.stored(under_way, number=number)[0][0])
    return office("GET", f"/submissions/{number}", "boss").json()


def step(office, number, name, who):
    told = []

    def is_answered():
        told.append(office("POST", f"/submissions/{number}/{name}", who))
        return told[-1].status_code != 503

    wait_until(is_answered)
    assert told[-1].status_code in {200, 202}, told[-1].text
    return settled(office, number)


def number_of(answer):
    return int(answer.headers["link"].partition(">")[0].rsplit("/", 1)[1])


def test_undoing_an_edit_gives_the_old_answers_to_the_byte(office):
    before, rows = answers(office.client), office.stored(EVERYTHING)
    changed = office("PATCH", f"{ITEMS}/h1", body={"geometry": POINT}, If_Match="*")
    other = office.create(code="n1")
    gone = office("DELETE", f"{ITEMS}/h2", If_Match="*")
    assert answers(office.client) != before
    # in any order, as long as nobody built upon it
    for one in (other, changed, gone):
        assert step(office, number_of(one), "undo", "dla2")["state"] == "undone"
    assert answers(office.client) == before
    assert office.stored(EVERYTHING) == rows
    noted = office.stored("SELECT action, who_name, outcome FROM geo.audit"
                          " WHERE what = 'test-facilities' ORDER BY id")  # fmt: skip
    assert noted == [("edit", "dla", "done")] * 3 + [("undo", "dla2", "done")] * 3
    assert len(office.stored("SELECT FROM geo.ingest_run WHERE recipe = 'edit'")) == 3


def test_an_edit_that_another_built_upon_is_undone_after_it(office):
    first = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 5}}, If_Match="*")
    second = office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 6}}, If_Match="*")
    one = step(office, number_of(first), "undo", "dla")
    assert (one["state"], "changed the same rows" in one["fault"]["en"]) == ("published", True)
    for edited in (second, first):
        assert step(office, number_of(edited), "undo", "dla")["state"] == "undone"
    assert office.client.get(f"{ITEMS}/h1").json()["properties"]["beds"] == 0


def test_an_organisation_proposes_and_a_second_person_publishes(office):
    sent = office("PATCH", f"{ITEMS}/h2", "lao", {"properties": {"beds": 8}},
                  If_Match=office.tag("h2", "lao"))  # fmt: skip
    assert sent.status_code == 202, sent.text
    one = sent.json()
    assert sent.headers["location"].endswith(f"/submissions/{one['id']}")
    assert (one["state"], one["recipe"], one["report"]["stored"]["updated"]) == (
        "submitted", "edit", 1)  # fmt: skip
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 1
    number = one["id"]
    assert office("POST", f"/submissions/{number}/check", "lao").status_code == 403
    assert step(office, number, "try", "dla2")["report"]["outcome"] == "loaded"
    assert step(office, number, "check", "dla2")["state"] == "checked"
    assert step(office, number, "publish", "dla")["state"] == "published"
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 8
    assert step(office, number, "undo", "dla")["state"] == "undone"
    assert office.client.get(f"{ITEMS}/h2").json()["properties"]["beds"] == 1


def test_a_proposal_about_what_has_changed_since_is_not_published(office):
    sent = office("DELETE", f"{ITEMS}/h1", "office", If_Match=office.tag("h1"))
    number = sent.json()["id"]
    office("PATCH", f"{ITEMS}/h1", body={"properties": {"beds": 77}}, If_Match="*")
    step(office, number, "check", "dla2")
    one = step(office, number, "publish", "dla2")
    assert (one["state"], "after you read it" in one["fault"]["en"]) == ("failed", True)
    assert office.client.get(f"{ITEMS}/h1").json()["properties"]["beds"] == 77


def test_a_key_without_the_scope_of_publishing_proposes(office):
    sent = office("POST", ITEMS, "dla-loading", feature(code="n1"))
    assert sent.status_code == 202
    assert office.client.get(f"{ITEMS}/n1").status_code == 404


def test_a_session_needs_its_token_and_our_origin(office):
    client = office.client
    said = client.post("/account/sign-in", json={"name": "dla", "password": PASSWORD})
    ours = {"Origin": "http://testserver", "X-CSRF-Token": said.json()["csrf"]}
    body = json.dumps(feature(code="n1"))
    for left_out in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "no"}, {"Origin": "https://else.org"}):
        answer = client.post(ITEMS, content=body, headers={**GEOJSON, **ours, **left_out})
        assert answer.status_code == 403, left_out
    assert client.post(ITEMS, content=body, headers={**GEOJSON, **ours}).status_code == 201
    client.cookies.clear()


def test_the_next_file_of_the_layer_takes_the_place_of_edits_and_tells(office, tmp_path):
    from ingest.pipeline import ingest  # noqa: PLC0415

    office.create(code="n1", name_th="เพิ่มด้วยมือ")
    (tmp_path / "mine.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "a.csv").write_text("code,lat,lon,beds\nh1,14.05,100.05,4\n", encoding="utf-8")
    report = ingest(office.engine, tmp_path / "a.csv", recipe=tmp_path / "mine.toml")
    assert report.outcome == "loaded"
    assert [(one.reason, one.said) for one in report.rejected] == [
        ("edited-by-hand", "n1 เพิ่มด้วยมือ")
    ]
    assert [row[0] for row in office.stored("SELECT code FROM geo.feature")] == ["h1"]


RECIPE = """
[dataset]
id = "test-facilities"
kind = "features"
title_th = "สถานที่"
title_en = "Facilities"

[features]
code = "code"
lat = "lat"
lon = "lon"

[[features.layers]]
id = "health-centres"
title_th = "รพ.สต. ทดสอบ"
title_en = "Test health centres"
theme = "infrastructure"

[features.properties.beds]
type = "integer"
title_th = "เตียง"
title_en = "Beds"
"""


def test_the_roles_that_read_cannot_write_features_whatever_a_program_does(office, databases):
    url = office.engine.url.render_as_string(hide_password=False)
    for role in ("geo_reader", "geo_insider", "geo_desk"):
        engine = make_engine(databases.url_of(url, role))
        for statement in (
            "DELETE FROM geo.feature",
            "UPDATE geo.feature SET code = 'x'",
            "INSERT INTO geo.feature (layer_id, code) VALUES ('health-centres', 'y')",
        ):
            with engine.connect() as connection, pytest.raises(Exception) as told:  # noqa: PT011
                connection.execute(text(statement))
            refused = (psycopg2.errors.InsufficientPrivilege,
                       psycopg2.errors.ReadOnlySqlTransaction)  # fmt: skip
            assert isinstance(told.value.orig, refused)
        engine.dispose()
