"""One database for a file of tests, and a desk of its own for each test."""

from __future__ import annotations

import pytest

from tests.desk import opened, with_people
from tests.odd_files import HEADING, layer


@pytest.fixture(scope="module")
def engine(request, databases, country_template):
    name = request.module.__name__.rpartition(".")[2]
    made = with_people(databases.create(f"odd_{name}", template=country_template))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine, client_of, tmp_path):
    return opened(
        engine, client_of, tmp_path, upload_mb=4,
        points=layer("points", "Point"), areas=layer("areas", "Polygon"),
        world=layer("world", "Polygon", more="worldwide = true"),
        names=layer("names", "Point", heading=HEADING),
    )  # fmt: skip
