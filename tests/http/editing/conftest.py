"""Accounts with keys, and an office of its own for each test."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import keys, people
from geo_service.core.db import make_engine, transaction
from tests.office import PASSWORD, PEOPLE, Office


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
