"""The tables go up, come down with rows in them, and are what the models say."""

from __future__ import annotations

import io

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from geo_service.core import migrations
from geo_service.core.db import make_engine, transaction
from geo_service.core.settings import ROOT
from tests.builders import build_small_country


@pytest.fixture
def url(databases):
    return databases.create("migrations")


def config(url: str) -> Config:
    made = Config(toml_file=str(ROOT / "pyproject.toml"), stdout=io.StringIO())
    made.attributes["url"] = url
    return made


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    with engine.connect() as connection:
        rows = connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'geo'")
        )
        found = set(rows)
    engine.dispose()
    return found - {"alembic_version"}


def test_the_tables_go_up_and_come_down_with_rows_in_them_and_go_up_again(url):
    migrations.upgrade(url)
    first = tables(url)
    assert {"area", "org", "observation", "place_value", "hexbin", "feature"} <= first
    engine = make_engine(url)
    with transaction(engine) as session:
        build_small_country(session)
    engine.dispose()
    migrations.downgrade(url)
    assert tables(url) == set()
    migrations.upgrade(url)
    assert tables(url) == first
    engine = make_engine(url)
    with transaction(engine) as session:
        build_small_country(session)
    assert migrations.current(engine) == migrations.newest()
    engine.dispose()


def test_running_the_migrations_again_changes_nothing(url):
    migrations.upgrade(url)
    engine = make_engine(url)
    with transaction(engine) as session:
        build_small_country(session)
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM geo.area")) == 18
    engine.dispose()


def test_the_migrations_make_what_the_models_say(url):
    migrations.upgrade(url)
    command.check(config(url))


def test_a_database_without_tables_is_at_no_migration(url):
    engine = make_engine(url)
    assert migrations.current(engine) is None
    engine.dispose()


@pytest.mark.parametrize(
    ("why", "statement"),
    [
        (
            "one code, twice at a time",
            "INSERT INTO geo.area (level, code, name_th, name_en) VALUES ('country', 'TH', '', '')",
        ),
        (
            "a PAO among the lower tier",
            "UPDATE geo.org SET tier = 'lower' WHERE kind = 'PAO'",
        ),
        (
            "a share above one",
            "UPDATE geo.org_coverage SET share_area = 1.5",
        ),
        (
            "a value that is missing and reported",
            "UPDATE geo.observation SET value = NULL WHERE status = 'reported'",
        ),
        (
            "a zero called missing",
            "UPDATE geo.observation SET status = 'not_reported' WHERE status = 'zero'",
        ),
        (
            "not a number",
            "UPDATE geo.observation SET value = 'NaN' WHERE status = 'reported'",
        ),
        (
            "a place that is nowhere",
            "UPDATE geo.observation SET area_id = NULL WHERE area_id IS NOT NULL",
        ),
        (
            "a parent that does not exist",
            "UPDATE geo.area SET parent_id = -1 WHERE code = '5001'",
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if len(value) < 40 else "",
)
def test_the_database_itself_refuses(session, small_country, why, statement):
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


def test_one_code_may_serve_two_areas_one_after_the_other(session, small_country):
    session.execute(text("UPDATE geo.area SET valid = '[,2011-03-23)' WHERE code = '50'"))
    session.execute(
        text("INSERT INTO geo.area (level, code, name_th, name_en, valid)"
             " VALUES ('province', '50', 'ใหม่', 'New', '[2011-03-23,)')")
    )  # fmt: skip
