"""The doctor says what is well and what to do about the rest."""

from __future__ import annotations

from sqlalchemy import text

from geo_service.core import doctor
from geo_service.core.db import make_engine


def ill(engine, settings) -> list[str]:
    return [found.what.en for found in doctor.examine(engine, settings) if not found.is_well]


def test_an_empty_database_lacks_only_data(fresh_engine, settings_for):
    said = ill(fresh_engine, settings_for("postgresql:///test"))
    assert said[:3] == ["0 administrative areas", "0 local organisations", "0 observations"]


def test_a_database_without_tables_is_sent_to_migrate(databases, settings_for):
    engine = make_engine(databases.create("bare"))
    found = list(doctor.examine(engine, settings_for("postgresql:///test")))
    engine.dispose()
    assert not found[-1].is_well
    assert found[-1].todo.en == "run: geo-service migrate"


def test_a_database_that_is_away_is_said_to_be_away(settings_for):
    engine = make_engine("postgresql://nobody@127.0.0.1:1/test")
    said = ill(engine, settings_for("postgresql:///test"))
    assert said[-1] == "The database cannot be reached"


def test_every_finding_that_is_ill_says_what_to_do(fresh_engine, settings_for):
    for found in doctor.examine(fresh_engine, settings_for("postgresql:///test")):
        assert found.is_well or (found.todo.th and found.todo.en)


def test_the_tiny_country_has_what_it_needs(country_engine, settings_for):
    found = list(doctor.examine(country_engine, settings_for("postgresql:///test")))
    counted = {one.what.en for one in found}
    assert {"18 administrative areas", "9 local organisations", "38 observations"} <= counted
    with country_engine.begin() as connection:
        connection.execute(text("CREATE TABLE geo.mine (a int)"))
    said = ill(country_engine, settings_for("postgresql:///test"))
    assert "1 tables in our schema that are not ours" in said
