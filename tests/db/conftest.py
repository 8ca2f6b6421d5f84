"""What tests of the database share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg2
import pytest
from sqlalchemy import Engine, make_url, text

from geo_service.core.db import engine_url, make_engine
from geo_service.core.keeper import EXTENSIONS
from tests.databases import Databases


@pytest.fixture
def low(databases: Databases) -> Iterator[tuple[Engine, str]]:
    """A login that owns its database and may make no roles; with an engine of a superuser."""
    name = f"geo_test_low_{uuid.uuid4().hex[:8]}"
    made = databases.create("low", is_bare=True)
    owner = make_url(engine_url(made)).username
    admin = make_engine(databases.of_superuser(made), isolation="AUTOCOMMIT")
    with admin.connect() as connection:
        for extension in EXTENSIONS:
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        connection.execute(text(f'ALTER DATABASE "{admin.url.database}" OWNER TO {name}'))
    login = make_url(engine_url(str(admin.url))).set(username=name, password=None)
    try:
        psycopg2.connect(login.set(drivername="postgresql").render_as_string()).close()
        yield admin, login.render_as_string()
    except psycopg2.OperationalError:
        pytest.skip("this server lets no login in without a password")
    finally:
        with admin.connect() as connection:
            connection.execute(text("DROP SCHEMA IF EXISTS geo_inside, geo CASCADE"))
            connection.execute(text(f'ALTER DATABASE "{admin.url.database}" OWNER TO "{owner}"'))
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))
        admin.dispose()
