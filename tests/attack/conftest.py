"""Countries to attack, and somebody who may ask what everybody may."""

from __future__ import annotations

import pytest

from geo_service.core.db import transaction
from tests.attack import country
from tests.databases import engine_of

PAST = range(2016, 2024)


@pytest.fixture(scope="package")
def world_template(databases):
    """Name of a database with a country and its past, so that its future is told, too."""
    past = {year: country.persons(year) for year in PAST}
    with (
        engine_of(databases.create("world", template="empty")) as engine,
        transaction(engine) as session,
    ):
        country.build(session, country.persons(1), past=past)
    return "world"


@pytest.fixture(scope="module")
def world(databases, world_template):
    """A copy of that country for the tests of one file."""
    with engine_of(databases.create("surface", template=world_template)) as engine:
        yield engine


@pytest.fixture(scope="module")
def stranger(world, settings_for):
    """Somebody who may ask what everybody may."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    url = world.url.render_as_string(hide_password=False)
    with TestClient(create_app(settings_for(url))) as client:
        yield client
