"""401, 403, 404 and 405: one rule for every role and every representation (docs/security.md).

What is not there is not there for anybody; what is not for everybody to ask is refused before it
is looked for. That what is read is forbidden to nobody is asked of each representation in
`test_shown`.
"""

from __future__ import annotations

import pytest

from tests.visibility.country import ALONE, PARTLY, PEOPLE, WHOLE

PAGE = {"Accept": "text/html, */*;q=0.1"}
#: Every representation, asked for something that is not there.
NOT_THERE = (
    *(one.format(level="village") for one in (*WHOLE.values(), *PARTLY.values())
      if one.startswith(("/collections", "/tiles"))),
    *(one.format(level="district").replace("pop_60p", "pop_61p")
      for one in (*WHOLE.values(), *PARTLY.values()) if one.startswith(("/maps", "/embed"))),
    *(one.replace("pop_60p", "pop_61p") for one in ALONE.values() if "pop_60p" in one),
    "/collections/ageing-by-district/items/9999", "/collections/orgs/items/9999999",
    "/collections/no-such", "/collections/no-such/queryables", "/collections/no-such/schema",
    "/places/99?f=json", "/places/99?f=csv", "/places/99?f=html", "/datasets/none",
    "/dashboards/none", "/embed/dashboards/none", "/scenarios/none", "/scenarios/none?f=csv",
    "/collections/ageing-by-district/downloads/none.csv", "/tiles/no-such/7/99/58.mvt",
    "/collections/ageing-by-district/tiles/None/7/58/99", "/none",
)  # fmt: skip
#: Addresses of people -> who may ask there; a thing that is not there beside one that is.
PERSONAL = {
    ("GET", "/manage/users"): {"admin"},
    ("GET", "/manage/users/nobody"): {"admin"},
    ("GET", "/manage/audit"): {"admin"},
    ("GET", "/manage/keys"): {"admin"},
    ("POST", "/manage/users/nobody/disable"): {"admin"},
    ("POST", "/manage/keys/nothing/revoke"): {"admin"},
    ("GET", "/submissions"): PEOPLE.keys() - {"anonymous", "reader"},
    ("GET", "/submissions/999999"): PEOPLE.keys() - {"anonymous", "reader"},
    ("POST", "/submissions/999999/check"): PEOPLE.keys() - {"anonymous", "reader", "analyst"},
}


def accept_of(address):
    return PAGE if "f=html" in address or address.startswith(("/embed", "/dash")) else {}


@pytest.mark.parametrize("address", NOT_THERE)
def test_what_is_not_there_is_not_there_for_anybody(secret_client, writers, address):
    told = {}
    for who in PEOPLE:
        answer = secret_client.get(address, headers=writers[who] | accept_of(address))
        assert answer.status_code == 404, (who, answer.text[:300])
        problem = "json" in answer.headers["content-type"]
        told[who] = (answer.json()["code"], answer.json()["en"]) if problem else "a page"
    assert all(one == told["anonymous"] for one in told.values())


@pytest.mark.parametrize("way", PERSONAL, ids=" ".join)
def test_what_is_not_for_everybody_is_refused_before_it_is_looked_for(secret_client, writers, way):
    method, address = way
    for who in PEOPLE:
        said = {"json": {}} if method == "POST" else {}
        answer = secret_client.request(method, address, headers=writers[who], **said)
        if who not in PERSONAL[way]:
            wanted = {401 if who == "anonymous" else 403}
        else:
            is_there = address.rsplit("/", 1)[1] in {"users", "audit", "keys", "submissions"}
            wanted = {200} if is_there else {404}
        assert answer.status_code in wanted, (who, answer.status_code, answer.text[:300])
