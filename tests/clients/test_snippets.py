"""The lines of docs/use are run as they stand, against the tiny country."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from geo_service.core.settings import ROOT

GUIDES = ("gis.en.md", "gis.th.md")
LONGEST_S = 120


def lines_of(language: str) -> list[tuple[str, str]]:
    """Every block of a language, with the guide it stands in."""
    return [
        (guide, block)
        for guide in GUIDES
        for block in re.findall(
            rf"```{language}\n(.*?)```", (ROOT / "docs" / "use" / guide).read_text(), re.DOTALL
        )
    ]


@pytest.mark.parametrize(("guide", "block"), lines_of("python"))
def test_python_lines_of_the_guides_run(live_server, tmp_path, guide, block):
    lines = block.replace("https://your-service", live_server)
    done = subprocess.run(  # noqa: S603  (our own lines)
        [sys.executable, "-c", lines],
        cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{guide}\n{lines}\n{done.stderr}"
    assert done.stdout.strip()


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="no ogr2ogr: apt-get install gdal-bin")
@pytest.mark.parametrize(("guide", "block"), lines_of("sh"))
def test_shell_lines_of_the_guides_run(live_server, tmp_path, guide, block):
    lines = block.replace("https://your-service", live_server)
    done = subprocess.run(  # noqa: S603  (our own lines)
        ["/bin/sh", "-eu", "-c", lines],
        cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{guide}\n{lines}\n{done.stderr}"
    assert (tmp_path / "provinces.gpkg").exists()
    assert "ERROR" not in done.stderr, done.stderr
