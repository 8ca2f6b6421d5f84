"""Countries to attack, and somebody who may ask what everybody may."""

from __future__ import annotations

import pytest

from geo_service.core.db import make_engine, transaction
from tests.attack import country

PAST = range(2016, 2024)


@pytest.fixture(scope="module")
def world(databases):
    """A country with a past, so that its future is told, too."""
    engine = make_engine(databases.create("surface", template="empty"))
    past = {year: country.persons(year) for year in PAST}
    with transaction(engine) as session:
        country.build(session, country.persons(1), past=past)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def stranger(world, settings_for):
    """Somebody who may ask what everybody may."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    url = world.url.render_as_string(hide_password=False)
    with TestClient(create_app(settings_for(url))) as client:
        yield client
