"""The tiny country with a past, its forecasts, and a scenario to calculate there."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from geo_service.core.db import make_engine, transaction
from ingest.scenario_file import read_file
from tests.history import add_years, scenario_text


@pytest.fixture(scope="package")
def history(databases, country_template):
    """Engine of the tiny country with fourteen years of people and waste, and their areas."""
    made = make_engine(databases.create("history", template=country_template))
    with transaction(made) as opened:
        found = add_years(opened)
    yield made, found
    made.dispose()


@pytest.fixture
def session(history):
    """Give a session in a transaction that is undone after the test, commits included."""
    with history[0].connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        outer.rollback()


@pytest.fixture
def years(history):
    """Ids of the areas by code."""
    return history[1]


@pytest.fixture
def fitting(session, years):
    """The session, where scenarios can be calculated."""
    return session


@pytest.fixture
def document(tmp_path):
    """Read a scenario whose text may be changed."""

    def read(**changed):
        path = tmp_path / "scenario.toml"
        replaced = changed.pop("replaced", ())
        text = scenario_text(**changed)
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return read_file(path)

    return read
