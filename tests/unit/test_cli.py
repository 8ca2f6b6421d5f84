"""The command line answers at once, speaks two languages and leaves with a telling code."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from geo_service import __version__
from geo_service.cli import app, steps, terminal
from geo_service.core import log
from geo_service.core.errors import Conflict, Fault, NotFound, NotInstalled, Refused, Unavailable
from geo_service.core.settings import Settings
from geo_service.core.text import Text

run = CliRunner()


def failing_app(error: Exception) -> typer.Typer:
    made = typer.Typer(cls=terminal.Friendly, pretty_exceptions_enable=False)

    @made.callback()
    def main() -> None: ...

    @made.command()
    def fail() -> None:
        raise error

    return made


def test_the_version_is_told():
    assert run.invoke(app, ["--version"]).stdout.strip() == __version__


def test_help_needs_no_heavy_library():
    heavy = "{'sqlalchemy', 'pandas', 'fastapi', 'geopandas', 'polars', 'shapely', 'numpy'}"
    code = f"import sys, geo_service.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603  (our own code)
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("fault", "code"),
    [(NotFound, 2), (Refused, 4), (Conflict, 5), (Unavailable, 6), (NotInstalled, 7), (Fault, 1)],
)
def test_a_fault_is_told_in_two_languages_and_by_the_exit_code(fault, code):
    done = run.invoke(failing_app(fault(Text(th="อย่างนี้", en="like this"))), ["fail"])
    assert done.exit_code == code
    assert "อย่างนี้" in done.stderr
    assert "like this" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_told_without_its_password():
    error = OperationalError("SELECT secret", {}, Exception("connection refused\n\tmore"))
    done = run.invoke(failing_app(error), ["fail"])
    assert done.exit_code == 6
    assert "connection refused" in done.stderr
    assert "SELECT" not in done.stderr


def test_what_nobody_foresaw_is_not_hidden():
    done = run.invoke(failing_app(ZeroDivisionError("why")), ["fail"])
    assert isinstance(done.exception, ZeroDivisionError)


def test_a_file_that_is_not_there_is_a_wrong_command_line():
    done = run.invoke(app, ["ingest", "no-such-file.csv", "--recipe", "x"])
    assert done.exit_code == 2
    assert "no-such-file.csv" in done.stderr


def test_a_taken_port_gives_way_to_the_next_free_one(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        moved = steps.free_port(Settings(_env_file=None, port=port))
    assert moved.port > port


def test_serving_on_a_taken_port_is_a_conflict(settings_for):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_for("postgresql:///test", port=taken.getsockname()[1])
        with pytest.raises(Conflict):
            steps.serve(settings)


def test_stages_without_a_terminal_are_told_once(capsys):
    with terminal.bars() as told:
        told("reading", 0, None)
        told("reading", 5, 10)
        told("waiting-for-another-load", 0, None)
    said = capsys.readouterr().err
    assert said.count("reading") == 1
    assert "รอการนำเข้าอื่นให้เสร็จ" in said


@pytest.fixture
def record():
    made = logging.makeLogRecord(
        {"name": "ingest", "levelno": 20, "levelname": "INFO", "msg": "ingest finished"}
    )
    made.run, made.place = 7, "เชียงใหม่"
    return made


def test_a_log_line_is_one_json_object_with_fields(record):
    line = log.JsonLines().format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert said.pop("at").endswith("+00:00")
    assert said == {
        "level": "info", "logger": "ingest", "event": "ingest finished", "run": 7,
        "place": "เชียงใหม่",
    }  # fmt: skip


def test_a_log_line_on_a_terminal_is_plain(record):
    assert log.PlainLines().format(record) == "info: ingest finished run=7 place=เชียงใหม่"


def test_logging_keeps_the_stack_of_an_exception(record):
    with pytest.raises(ValueError, match="deep") as caught:
        int("deep")
    record.exc_info = caught._excinfo
    assert "ValueError: invalid literal" in json.loads(log.JsonLines().format(record))["exception"]
    assert "ValueError: invalid literal" in log.PlainLines().format(record)


def test_settings_of_the_log_are_taken_over():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        log.configure("warning", as_json=True)
        assert root.level == logging.WARNING
        assert isinstance(root.handlers[0].formatter, log.JsonLines)
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_a_wrong_setting_is_told_by_its_name(monkeypatch):
    monkeypatch.setenv("GEO_PORT", "eighty")
    done = run.invoke(app, ["db", "url"])
    assert done.exit_code == 2
    assert "GEO_PORT" in done.stderr
    assert "eighty" not in done.stderr
