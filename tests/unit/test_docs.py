"""What is promised is written down, and what is written down exists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from geo_service import __version__
from geo_service.cli import app as command_line
from geo_service.cli.terminal import EXIT_CODES
from geo_service.core import errors
from geo_service.core.settings import ROOT, Settings

DOCS = ROOT / "docs"
#: The target of a Markdown link that is not an address elsewhere.
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def read(name: str) -> str:
    path = DOCS / name
    assert path.exists(), f"docs/{name} is missing"
    return path.read_text(encoding="utf-8")


def faults(kind: type[errors.Fault] = errors.Fault) -> Iterator[type[errors.Fault]]:
    yield kind
    for child in kind.__subclasses__():
        yield from faults(child)


def commands() -> list[str]:
    def walk(group: object, words: tuple[str, ...]) -> Iterator[str]:
        for name, command in getattr(group, "commands", {}).items():
            if getattr(command, "commands", None):
                yield from walk(command, (*words, name))
            else:
                yield " ".join((*words, name))

    return list(walk(typer.main.get_command(command_line), ("geo-service",)))


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name):
    assert f"`GEO_{name.upper()}`" in read("settings.md")


def test_no_setting_is_described_that_does_not_exist():
    described = set(re.findall(r"^\| `GEO_(\w+)`", read("settings.md"), re.MULTILINE))
    assert described <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "docs/install.md", "README.md"])
def test_no_deployment_names_a_setting_that_does_not_exist(name):
    named = re.findall(r"\bGEO_([A-Z_]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert named
    assert set(named) <= {known.upper() for known in Settings.model_fields}


@pytest.mark.parametrize("kind", list(faults()), ids=lambda kind: kind.__name__)
def test_every_fault_has_words_in_both_languages_and_is_described(kind):
    assert kind.title.en
    assert re.search(r"[ก-๙]", kind.title.th), "the Thai title is in Thai"
    assert f"`{kind.code}`" in read("errors.md")


def test_no_two_faults_share_a_code():
    codes = [kind.code for kind in faults()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("command", commands())
def test_every_command_is_described(command):
    assert f"`{command}" in read("commands.md")


def test_every_exit_code_is_described():
    words = read("commands.md")
    for code in {0, 1, 2, 3, *EXIT_CODES.values()}:
        assert f"| {code} |" in words


def test_every_command_says_what_it_does():
    for name, command in typer.main.get_command(command_line).commands.items():
        assert command.help, name


def indicator_keys() -> list[str]:
    keys = []
    for path in sorted((ROOT / "layers" / "catalogue").glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        keys += [key for key, said in tables.items() if isinstance(said, dict) and "space" in said]
    return keys


def test_every_indicator_is_described():
    words = read("indicators.md")
    assert len(indicator_keys()) >= 62
    assert not [key for key in indicator_keys() if f"`{key}`" not in words]


def test_every_path_is_described(settings_for):
    from geo_service.main import create_app  # noqa: PLC0415

    application = create_app(settings_for("postgresql://nobody@127.0.0.1:1/test"))
    words = "".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
    described = set(re.findall(r"/[\w{}./-]*", _anonymous(words)))
    missing = [path for path in application.openapi()["paths"] if _anonymous(path) not in described]
    assert not missing


def _anonymous(words: str) -> str:
    # What a place in a path is called is nobody's business: {id}, {collection_id} ...
    return re.sub(r"\{\w+\}", "{}", words)


def test_the_version_is_the_newest_of_the_changelog():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert newest, "CHANGELOG.md has a heading with a version"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert newest[1] == __version__ == project["version"]


@pytest.mark.parametrize("folder", ["boundaries", "layers", "ingest", "geo_service", "web"])
def test_no_module_is_named_after_nothing(folder):
    vague = {"utils", "helpers", "common", "base", "manager", "misc"}
    named = [path for path in (ROOT / folder).rglob("*.py") if path.stem in vague]
    assert not named


def test_links_between_documents_lead_somewhere():
    broken = []
    for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        if not path.exists():
            continue
        broken += [
            f"{path.relative_to(ROOT)}: {target}"
            for target in LINK.findall(path.read_text(encoding="utf-8"))
            if not (path.parent / target).exists()
        ]
    assert not broken


def test_a_fixed_path_of_this_machine_is_in_no_document():
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]:
        if path.exists():
            assert not re.search(r"(?<![\w/.])/(?:work|tmp|root|home)/", path.read_text("utf-8")), (
                Path(path).name
            )
