"""Databases for tests: made, copied and dropped on one server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import Engine, create_engine, make_url, text

from geo_service.core import rights
from geo_service.core.addresses import taking_on
from geo_service.core.cluster_folder import KEEPER
from geo_service.core.db import engine_url, make_engine
from geo_service.core.settings import ROOT


class TestSettings(BaseSettings):
    """Where tests may make databases: ``GEO_TEST_DATABASE_URL``."""

    __test__ = False
    model_config = SettingsConfigDict(env_prefix="GEO_TEST_", extra="ignore")

    database_url: SecretStr | None = None


class Databases:
    """Makes and drops databases on one server; each name begins with that of the run."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = make_url(engine_url(url))
        self._prefix = prefix
        self._admin = create_engine(
            self._url.set(database="postgres"), isolation_level="AUTOCOMMIT", pool_size=1
        )
        self._names: list[str] = []
        self._may_log_in: bool | None = None

    def create(self, name: str, *, template: str | None = None, is_bare: bool = False) -> str:
        """Make a database (anew, if it exists) and return its URL; a bare one has no extension."""
        full = f"{self._prefix}_{name}"
        source = f' TEMPLATE "{self._prefix}_{template}"' if template else ""
        if is_bare:
            source = " TEMPLATE template0"
        with self._admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{full}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{full}"{source}'))
        self._names.append(full)
        url = self._url.set(database=full).render_as_string(hide_password=False)
        if template:
            # Rights on a database as a whole do not come with its template.
            with engine_of(url) as made, made.begin() as connection:
                rights.settle(connection)
        return url

    def url_of(self, url: str, role: str) -> str:
        """Address of the same database for one of the roles: as itself, where it may log in."""
        login = make_url(engine_url(url)).set(username=role, password=None)
        if self._may_log_in is None:
            own = self._url.set(drivername="postgresql", username=role, database="postgres")
            try:
                psycopg2.connect(own.set(password=None).render_as_string()).close()
            except psycopg2.OperationalError:
                self._may_log_in = False
            else:
                self._may_log_in = True
        return login.render_as_string() if self._may_log_in else taking_on(url, role)

    def of_superuser(self, url: str) -> str:
        """Address of the same database for a superuser: the keeper, or who was given to us."""
        at = make_url(engine_url(url))
        with self._admin.connect() as connection:
            if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = USER")):
                return url
        return at.set(username=KEEPER).render_as_string(hide_password=False)

    def adopt(self, name: str) -> None:
        """Drop a database at the end that a test had made."""
        self._names.append(name)

    def drop_all(self) -> None:
        """Leave the server as it was found."""
        with self._admin.connect() as connection:
            for name in self._names:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        self._admin.dispose()


def migrate(url: str, revision: str = "head") -> None:
    """Run the migrations on one database."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """Give an engine of a database, and let go of it."""
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
