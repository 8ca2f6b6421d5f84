"""The tables go up, come down with rows in them, and are what the models say."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from geo_service.core import audit, backup, machine, migrations
from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import Conflict
from geo_service.core.settings import ROOT
from tests.builders import build_small_country
from tests.waiting import wait_until


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


def schema_of(url: str) -> str:
    program = machine.postgres_programs() / "pg_dump"
    done = subprocess.run(  # noqa: S603  (a program of the distribution)
        [program, "--schema-only", f"--dbname={url.replace('+psycopg2', '')}"],
        check=True,
        capture_output=True,
        text=True,
    )
    # Newer versions begin with a word that is another one each time.
    return re.sub(r"\\(un)?restrict \w+\n", "", done.stdout)


def test_down_and_up_again_gives_the_very_same_schema(url):
    migrations.upgrade(url)
    first = schema_of(url)
    migrations.downgrade(url)
    migrations.upgrade(url)
    assert schema_of(url) == first


def test_a_step_down_and_up_keeps_what_is_there_or_says_what_it_would_take(url):
    migrations.upgrade(url)
    engine = make_engine(url)
    with transaction(engine) as session:
        build_small_country(session)
        audit.note(session, "load", None, what="country")
    before = backup.measure(url)
    command.downgrade(config(url), "0010")
    command.upgrade(config(url), "head")
    assert backup.measure(url) == before
    with pytest.raises(Conflict, match="audit"):
        command.downgrade(config(url), "0007")
    # The steps before the one that refused did not happen either.
    assert migrations.current(engine) == migrations.newest()
    assert backup.measure(url) == before
    engine.dispose()


def start_migrating(url: str) -> subprocess.Popen[bytes]:
    """Run ``geo-service migrate`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from geo_service.cli import app; app()", "migrate"],
        env={"PATH": "/usr/bin:/bin", "GEO_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
    )


def test_a_migration_that_is_killed_half_way_leaves_nothing_and_can_be_run_again(url):
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA geo"))
    with engine.connect() as blocker, engine.connect() as opened:
        watcher = opened.execution_options(isolation_level="AUTOCOMMIT")
        # The migration comes to make this table when many others are made, and waits.
        blocker.execute(text("CREATE TABLE geo.place_forecast (id int)"))
        migrating = start_migrating(url)
        wait_until(lambda: watcher.scalar(text(WAITING)))
        migrating.kill()
        migrating.wait()
        blocker.rollback()
        wait_until(lambda: not watcher.scalar(text(OTHERS)))
    assert tables(url) == set()
    migrations.upgrade(url)
    assert migrations.current(engine) == migrations.newest()
    engine.dispose()


def test_two_migrations_at_once_wait_for_each_other(url):
    both = [start_migrating(url), start_migrating(url)]
    assert [one.wait() for one in both] == [0, 0]
    engine = make_engine(url)
    assert migrations.current(engine) == migrations.newest()
    engine.dispose()


@pytest.mark.parametrize(("at", "told"), [("0003", "older"), ("9999", "newer")])
def test_tables_of_another_version_are_told_and_not_served(url, client_of, at, told):
    migrations.upgrade(url)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE geo.alembic_version SET version_num = :at"), {"at": at})
    answer = client_of(engine).get("/readyz", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert told in answer.json()["detail"]
    serving = subprocess.run(
        [sys.executable, "-c", "from geo_service.cli import app; app()", "serve", "--port", "0"],
        env={"PATH": "/usr/bin:/bin", "GEO_DATABASE_URL": url},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert serving.returncode == 5
    assert told in serving.stderr
    engine.dispose()


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state = 'active' AND pid <> pg_backend_pid()"
)


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
