"""The lines of docs/use are run as they stand, against the tiny country."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from geo_service.core.settings import ROOT

GUIDES = ("gis.en.md", "gis.th.md")
LONGEST_S = 120
#: Where Debian keeps packages of R, and where R keeps those it installed itself.
R_FOLDERS = ("/usr/lib/R/site-library", "/usr/local/lib/R/site-library")
HAS_R = all(any(Path(one, name).is_dir() for one in R_FOLDERS) for name in ("sf", "terra"))


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


@pytest.mark.skipif(not HAS_R, reason="no R: apt-get install r-cran-sf r-cran-terra")
@pytest.mark.parametrize(("guide", "block"), lines_of("r"))
def test_r_lines_of_the_guides_run(live_server, tmp_path, guide, block):
    (tmp_path / "lines.R").write_text(block.replace("https://your-service", live_server))
    done = subprocess.run(
        ["Rscript", "lines.R"],  # noqa: S607
        cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{guide}\n{block}\n{done.stderr}"
    assert "Bang Kaeo" in done.stdout or "Saen Suk" in done.stdout or "แสนสุข" in done.stdout
