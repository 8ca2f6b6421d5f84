"""Features created, replaced, changed and taken out: who may, and for which state."""

from __future__ import annotations

import threading

from tests.office import (
    EVERYTHING,
    HERE,
    ITEMS,
    feature,
)


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
