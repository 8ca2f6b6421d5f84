"""schemathesis reads /api and asks what the document allows, and what it forbids."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2

from geo_service.core.settings import ROOT
from tests.waiting import wait_until

CONFIG = Path(__file__).parent / "schemathesis.toml"
#: One collection of each family stands for the others: their addresses differ in names only.
STANDING_FOR_ALL = "subdistricts|orgs|health-centres|waste-by-org|population-by-province-history"
LEFT_OUT = rf"^/collections/(?!\{{|({STANDING_FOR_ALL})/)"
CASES_OF_AN_ADDRESS = 4
LONGEST_S = 600


def test_the_service_keeps_what_its_api_document_says(live_server):
    # Made once; on a busy machine that may take longer than an answer may.
    wait_until(lambda: httpx2.get(f"{live_server}/api", timeout=LONGEST_S).is_success)
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(  # noqa: S603  (a tool of the tests)
        [
            program, "--config-file", CONFIG, "run", f"{live_server}/api",
            "--exclude-path-regex", LEFT_OUT, "--max-examples", str(CASES_OF_AN_ADDRESS),
            "--seed", "1", "--generation-database", "none", "--no-color",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert " generated" in done.stdout
