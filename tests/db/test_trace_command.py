"""`geo-service datasets trace`: from a number back to the file, the row and the load."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from geo_service.cli import app


@pytest.fixture
def traced(country_engine, monkeypatch):
    url = country_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GEO_DATABASE_URL", url)

    def run(*words):
        return CliRunner().invoke(app, ["datasets", "trace", *words])

    return run


def test_a_number_is_traced_to_its_file_row_and_load(traced):
    said = traced("pop_total", "500101", "--level", "subdistrict", "--period", "2567")
    assert said.exit_code == 0, said.output
    (line,) = said.output.splitlines()
    assert line.split()[:3] == ["pop_total", "500101", "12,000"]
    assert "test.csv:2" in line


def test_a_sum_is_traced_to_the_reports_of_the_places_within(traced):
    said = traced("pop_total", "5002", "--level", "district", "--period", "2567")
    assert [line.split()[1] for line in said.output.splitlines()] == ["500201", "500202"]
