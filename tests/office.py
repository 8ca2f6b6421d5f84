"""An office that edits features one by one: a service over the tiny country, a key for each."""

from __future__ import annotations

import json

from sqlalchemy import text

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
POINT = {"type": "Point", "coordinates": HERE}
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
