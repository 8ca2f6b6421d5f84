"""The country of secrets, served, and the keys of everybody who may ask."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import keys, people
from geo_service.core.auth import ROLE_SCOPES
from geo_service.core.db import make_engine, transaction
from tests.visibility import country
from tests.visibility.country import PEOPLE, SIGNED_IN


@pytest.fixture(scope="package")
def secret_url(databases, country_template):
    """The tiny country, every number of one indicator withheld."""
    url = databases.create("secret", template=country_template)
    country.seal(url)
    return url


@pytest.fixture(scope="package")
def headers(secret_url):
    """A key for each account."""
    engine, made = make_engine(secret_url), {"anonymous": {}}
    with transaction(engine) as session:
        for name, (role, place) in PEOPLE.items():
            if name != "anonymous":
                people.add(session, name, role=role, place=place, password=f"{name} ลับมากทีเดียว")
                key = keys.make(session, name, label="", scopes=("read",))[0]
                made[name] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    return made


@pytest.fixture(scope="package")
def secret_client(secret_url, settings_for):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(secret_url, memory_mb=16, key_rate=1e6, key_burst=1_000_000)
    with TestClient(create_app(settings)) as opened:
        yield opened


@pytest.fixture(scope="package")
def cookies(secret_client, headers):
    """The cookie of a session for some accounts."""
    made = {}
    for name in SIGNED_IN:
        told = {"name": name, "password": f"{name} ลับมากทีเดียว"}
        answer = secret_client.post("/account/sign-in", json=told)
        assert answer.status_code in {200, 204}, answer.text
        made[name] = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        secret_client.cookies.clear()
    return made


@pytest.fixture(scope="package")
def writers(secret_url, headers):
    """A key of every scope for each account."""
    engine, made = make_engine(secret_url), {"anonymous": {}}
    with transaction(engine) as session:
        for name, (role, _) in PEOPLE.items():
            if name != "anonymous":
                key = keys.make(session, name, label="", scopes=ROLE_SCOPES[role])[0]
                made[name] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    return made
