"""The real open data beside the project, loaded once by the list that the service ships.

Line numbers, counts and totals of these tests were found in the files by reading them with other
tools; they are listed with the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from geo_service.core.db import make_engine, transaction
from ingest import batch, catalogue, pipeline, runs
from ingest.report import Report
from layers import place_values


@dataclass(frozen=True)
class Loaded:
    """A database with everything in it, the report of each recipe, the URL of a copy."""

    engine: Engine
    reports: dict[str, Report]
    copy: str

    def one(self, sql: str, **values: object):
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).scalar()

    def rows(self, sql: str, **values: object):
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).all()

    def told(self, recipe: str, reason: str):
        """Findings of one reason in the report of one recipe."""
        return [one for one in self.reports[recipe].rejected if one.reason == reason]

    def lines(self, recipe: str, reason: str) -> set[int | None]:
        return {one.row for one in self.told(recipe, reason)}


@pytest.fixture(scope="package")
def real(databases, shared_data) -> Iterator[Loaded]:
    url = databases.create("real", template="empty")
    engine = make_engine(url)
    with transaction(engine) as session:
        catalogue.sync(session)
    reports: dict[str, Report] = {}
    for report in batch.load(engine, shared_data):
        # A file that says the same as another (provinces.xlsx) is loaded after it.
        reports.setdefault(report.recipe, report)
    engine.dispose()
    # The tests that undo loads have a copy, made while nobody is connected.
    copy = databases.create("real_undo", template="real")
    engine = make_engine(url)
    with transaction(engine) as session:
        place_values.rebuild(session, {"pop_total", "waste_gen_tpd", "osm_clinic_n"})
    yield Loaded(engine, reports, copy)
    engine.dispose()


@pytest.fixture
def undone(real, monkeypatch) -> Iterator[Engine]:
    """The copy, in the state the tests before left it; nothing derived is rebuilt."""
    for module in (pipeline, runs):
        monkeypatch.setattr(module, "derive", lambda *args, **kwargs: None)
    engine = make_engine(real.copy)
    yield engine
    engine.dispose()
