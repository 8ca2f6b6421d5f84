"""The scripts of a bare machine: what they ask for and what they say when they may not have it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from geo_service.core.settings import ROOT

SCRIPTS = (
    "scripts/conformance",
    "scripts/demo",
    "scripts/setup",
    "scripts/test",
    "scripts/lock",
    ".ci/run",
)


@pytest.fixture
def clone(tmp_path) -> Path:
    """Only what ``scripts/setup`` reads, in a folder with a difficult name."""
    made = tmp_path / "a clone ที่นี่"
    (made / "scripts").mkdir(parents=True)
    for name in ("scripts/setup", "scripts/demo", "requirements.lock", "requirements-dev.lock",
                 "pyproject.toml"):  # fmt: skip
        shutil.copy(ROOT / name, made / name)
    return made


@pytest.fixture
def machine(tmp_path):
    """A machine whose programs are told one by one: ``machine(name="shell lines")``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "mkdir", "sed", "head", "id", "cat", "cut", "sha256sum", "env",
                 "printf", "rm", "tail", "basename", "flock"):  # fmt: skip
        (folder / name).symlink_to(shutil.which(name))

    def add(**programs: str) -> dict[str, str]:
        for name, lines in programs.items():
            program = folder / name.replace("_", "-")
            program.unlink(missing_ok=True)
            program.write_text(f"#!/bin/sh\n{lines}\n")
            program.chmod(0o755)
        return {"PATH": str(folder), "GEO_DATABASE_URL": "postgresql://elsewhere/x"}

    return add


def run(script: Path, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (our own scripts)
        ["/bin/sh", str(script), *arguments],
        env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_can_be_run(name):
    assert (ROOT / name).stat().st_mode & stat.S_IXUSR
    assert (ROOT / name).read_text().startswith("#!/bin/sh\n")


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_plain_sh(name):
    subprocess.run(["/bin/sh", "-n", str(ROOT / name)], check=True)  # noqa: S603


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on this machine")
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_clean(name):
    subprocess.run([shutil.which("shellcheck"), str(ROOT / name)], check=True)  # noqa: S603


def test_help_is_the_head_of_the_script(clone):
    done = run(clone / "scripts" / "demo", dict(os.environ), "--help")  # noqa: TID251
    assert done.returncode == 0
    assert "scripts/demo PATH" in done.stdout


def test_a_folder_that_is_not_there_is_told(clone):
    done = run(clone / "scripts" / "demo", dict(os.environ), "no-such-folder")  # noqa: TID251
    assert done.returncode == 2
    assert "no-such-folder" in done.stderr


def test_a_user_who_may_not_install_is_told_what_to_run(clone, machine):
    if Path("/usr/bin/python3").exists() and _is_complete("/usr/bin/python3"):
        env = machine(id="echo 1000", apt_get="exit 1", apt_cache="exit 0")
        env.pop("GEO_DATABASE_URL")
        if list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
            pytest.skip("nothing is missing on this machine")
        wanted = "postgresql-15 postgresql-15-postgis-3"
    else:
        env = machine(id="echo 1000", apt_get="exit 1", apt_cache="exit 0")
        wanted = "python3"
    done = run(clone / "scripts" / "setup", env)
    assert done.returncode == 7
    assert "apt-get install -y --no-install-recommends" in done.stderr
    assert wanted in done.stderr


def _is_complete(python: str) -> bool:
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], check=False).returncode == 0  # noqa: S603


def test_a_half_made_environment_is_completed(clone, machine):
    if not _is_complete("/usr/bin/python3"):
        pytest.skip("the python of this machine has no venv")
    # What a run that was killed may leave: a python that is none, and no stamp.
    broken = clone / ".venv" / "bin"
    broken.mkdir(parents=True)
    (broken / "python").write_text("")
    # Without the network: pip is asked, but does not have to answer.
    env = machine() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone)}
    done = run(clone / "scripts" / "setup", env)
    assert "-m venv .venv" in done.stderr
    assert "pip install -r requirements.lock" in done.stderr
    assert done.returncode != 0
    assert (broken / "pip").exists()
    assert not (clone / ".venv" / "made-from").exists(), "an environment that failed has no stamp"


def test_a_complete_environment_is_left_alone(clone, machine):
    if not _is_complete("/usr/bin/python3"):
        pytest.skip("the python of this machine has no venv")
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    command = f'cd "{clone}" && cat requirements.lock pyproject.toml | sha256sum | cut -d " " -f 1'
    digest = subprocess.run(  # noqa: S602  (our own words)
        command, shell=True, capture_output=True, text=True, check=True
    ).stdout.strip()
    (clone / ".venv" / "made-from").write_text(f"{clone} {digest}\n")
    done = run(clone / "scripts" / "setup", machine())
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
