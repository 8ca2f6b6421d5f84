"""Who may write what, where, and how everybody else is refused: generated."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import keys, people
from geo_service.core.auth import ROLE_SCOPES
from geo_service.core.db import make_engine, transaction
from tests.visibility.country import PEOPLE

#: What writes -> who may with a key; an empty body is refused only after that is settled.
#: Analysts write when they are signed in; their keys are for reading.
WRITES = {
    ("POST", "/scenarios"): {"dla", "admin"},
    ("DELETE", "/scenarios/no-such"): {"dla", "admin"},
    ("POST", "/submissions"): {"lao", "other-lao", "province", "other-province", "dla", "admin"},
    ("GET", "/manage/users"): {"admin"},
    ("GET", "/manage/audit"): {"admin"},
    ("POST", "/manage/users"): {"admin"},
}


@pytest.mark.parametrize("way", WRITES, ids=" ".join)
def test_who_may_not_write_is_told_so_and_always_alike(secret_client, writers, way):
    method, address = way
    for who in PEOPLE:
        said = {"json": {}} if method == "POST" else {}
        answer = secret_client.request(method, address, headers=writers[who], **said)
        refused = answer.status_code in {401, 403}
        assert refused == (who not in WRITES[way]), (who, answer.status_code, answer.text[:200])
        if refused:
            assert answer.status_code == (401 if who == "anonymous" else 403), who


# Single features (OGC API - Features, Part 4): role by scope by place by method.

ITEMS = "/collections/health-centres/items"
#: Sub-district -> a point in it; an organisation writes where it covers, if only a part.
PLACES = {
    "500101": [100.05, 14.05], "500102": [100.15, 14.05], "500103": [100.25, 14.05],
    "510101": [100.35, 14.05],
}  # fmt: skip
OWN = {
    "lao": {"500102", "500103"}, "other-lao": {"510101"},
    "province": {"500101", "500102", "500103"}, "other-province": {"510101"},
    "dla": set(PLACES), "admin": set(PLACES),
}  # fmt: skip
#: Scopes a key may have besides those its role has as a whole.
NARROWER = ({"read"}, {"load"}, {"read", "publish"})
BODIES = {
    "POST": "application/geo+json", "PUT": "application/geo+json",
    "PATCH": "application/merge-patch+json", "DELETE": None,
}  # fmt: skip
CALLERS = [("anonymous", frozenset({"read"}))] + [
    (who, scopes)
    for who, (role, _) in PEOPLE.items()
    if role != "anonymous"
    for scopes in dict.fromkeys(
        frozenset(one) for one in (ROLE_SCOPES[role], *NARROWER) if one <= ROLE_SCOPES[role]
    )
]


def expected(method, who, scopes, where):
    """What is answered, by what the documentation says of roles and scopes."""
    if who == "anonymous":
        return 401
    if who not in OWN or "load" not in scopes or where not in OWN[who]:
        return 403
    if "publish" not in scopes:
        return 202
    return 201 if method == "POST" else 204


@pytest.fixture(scope="module")
def written(databases, country_template, settings_for):
    """A service whose features may be changed, and a key for each caller."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    url = databases.create("written", template=country_template)
    engine, made = make_engine(url), {CALLERS[0]: {}}
    with transaction(engine) as session:
        for who, (role, place) in PEOPLE.items():
            if role != "anonymous":
                people.add(session, who, role=role, place=place, password=f"{who} ลับมากทีเดียว")
        for who, scopes in CALLERS[1:]:
            key = keys.make(session, who, label="", scopes=sorted(scopes))[0]
            made[who, scopes] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    settings = settings_for(url, key_rate=1e6, key_burst=1_000_000)
    with TestClient(create_app(settings)) as client:
        yield Writing(client, made)


class Writing:
    """Asks for changes of features, and makes what they are asked of."""

    def __init__(self, client, headers):
        self.client, self.headers, self.made = client, headers, 0

    def ask(self, method, caller, path, document=None):
        said = {**self.headers[caller], "If-Match": "*"}
        if BODIES.get(method):
            said["Content-Type"] = BODIES[method]
        return self.client.request(method, path, headers=said, json=document)

    def feature(self, where):
        """Make a feature that nobody has asked anything of."""
        self.made += 1
        boss = next(one for one in CALLERS if one[0] == "admin" and "publish" in one[1])
        made = self.ask("POST", boss, ITEMS, point(where, code=f"n{self.made}"))
        assert made.status_code == 201, made.text
        return f"{ITEMS}/n{self.made}"


def point(where, **properties):
    shape = {"type": "Point", "coordinates": PLACES[where]}
    return {"type": "Feature", "geometry": shape, "properties": properties}


def document_of(method, where):
    if method == "PATCH":
        return {"properties": {"beds": 4}}
    return None if method == "DELETE" else point(where, name_th="ใหม่")


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("method", BODIES)
def test_each_role_and_scope_writes_its_own_places_and_no_other(written, method, where):
    path = ITEMS if method == "POST" else written.feature(where)
    for caller in CALLERS:
        wanted = expected(method, *caller, where)
        if wanted in {202, 204}:
            # A proposal leaves the feature as it is; only one may wait for each.
            path = path if method == "POST" else written.feature(where)
        answer = written.ask(method, caller, path, document_of(method, where))
        assert answer.status_code == wanted, (caller, answer.text[:300])
        if wanted == 202:
            assert answer.json()["state"] == "submitted", caller


@pytest.mark.parametrize("where", PLACES)
def test_what_options_tell_is_what_may_be_done(written, where):
    path = written.feature(where)
    for caller in CALLERS:
        told = written.ask("OPTIONS", caller, path).headers["allow"].split(", ")
        for method in ("PUT", "PATCH", "DELETE"):
            may = expected(method, *caller, where) in {202, 204}
            assert (method in told) == may, (caller, method)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_nobody_moves_a_feature_to_where_he_may_not_write(written, method):
    for who in ("lao", "other-lao", "province", "other-province"):
        caller = (who, frozenset(ROLE_SCOPES[PEOPLE[who][0]]))
        own, others = min(OWN[who]), min(PLACES.keys() - OWN[who])
        for place, document in ((own, point(others)), (others, point(own))):
            said = document if method == "PUT" else {"geometry": document["geometry"]}
            answer = written.ask(method, caller, written.feature(place), said)
            assert answer.status_code == 403, (who, place, answer.text[:300])


@pytest.mark.parametrize("method", BODIES)
def test_what_nobody_writes_is_told_before_it_is_asked_who_would(written, method):
    one = "" if method == "POST" else "/50"
    for known in ("provinces", "orgs", "ageing-by-subdistrict", "ageing-by-org"):
        for caller in CALLERS:
            path = f"/collections/{known}/items{one}"
            answer = written.ask(method, caller, path, document_of(method, "500101"))
            assert answer.status_code == 405, (known, caller)
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    for caller in CALLERS:
        path = f"/collections/no-such/items{one}"
        answer = written.ask(method, caller, path, document_of(method, "500101"))
        assert answer.status_code == 404, caller


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_only_who_may_write_something_is_told_that_a_feature_is_not_there(written, method):
    for caller in CALLERS:
        wanted = expected(method, *caller, min(OWN.get(caller[0], {"500101"})))
        answer = written.ask(method, caller, f"{ITEMS}/none", document_of(method, "500101"))
        assert answer.status_code == (wanted if wanted in {401, 403} else 404), caller
