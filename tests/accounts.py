"""Accounts of a test: an administrator, keys, sessions, and what the record says of them."""

from __future__ import annotations

import re

from geo_service.core import audit
from geo_service.core.accounts import keys, people
from geo_service.core.db import transaction

PASSWORD = "เรือใบลำเล็กกลางทะเล"
ADMIN = "somsri"


def key_of(engine, name=ADMIN, scopes=("read",), **more):
    with transaction(engine) as session:
        return keys.make(session, name, label="", scopes=scopes, **more)[0]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def account_of(engine, name, role, place=None):
    with transaction(engine) as session:
        people.add(session, name, role=role, place=place, password=PASSWORD)
    return name


def sign_in(client, name=ADMIN, password=PASSWORD):
    said = client.post("/account/sign-in", json={"name": name, "password": password})
    if said.status_code == 200:
        client.headers["X-CSRF-Token"] = said.json()["csrf"]
        client.headers["Origin"] = "http://testserver"
    return said


def lines(engine, **wanted):
    with transaction(engine) as session:
        return audit.read(session, audit.Wanted(**wanted))


def form_of(client, path="/account"):
    page = client.get(path, headers={"Accept": "text/html"})
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)[1]
