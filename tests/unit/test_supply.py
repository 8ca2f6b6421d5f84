"""What is installed is pinned by its hash and not older than the mends of known holes."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from geo_service.core.settings import ROOT

#: The first version without a known hole that a request or a file could reach.
SAFE_FROM = {
    "brotli": "1.2.0",  # CVE-2025-6176: memory without bound while decompressing
    "cryptography": "46.0.7",  # CVE-2026-26007, 39892: keys of a provider that are none
    "geopandas": "1.1.2",  # pull request 3681: SQL through the name of a geometry column
    "h11": "0.16.0",  # CVE-2025-43859: chunked bodies read differently from a proxy's
    "jinja2": "3.1.6",  # CVE-2025-27516: out of the sandbox by |attr
    "orjson": "3.11.6",  # CVE-2024-27454, CVE-2025-67221: recursion without bound, both ways
    "pyarrow": "23.0.1",  # CVE-2023-47248, CVE-2026-25087: code from a file, memory freed twice
    "pyjwt": "2.12.0",  # CVE-2026-32597: critical header fields it does not know are passed over
    "starlette": "1.0.1",  # CVE-2025-62727, CVE-2026-48710: a Range header's time, a Host's path
    "urllib3": "2.7.0",  # CVE-2025-66418, CVE-2026-44432: decompression without bound
}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pinned(lock: str) -> list[tuple[str, Version, str]]:
    """Read name, version and the whole entry of every requirement of a lock file."""
    entries = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = [re.match(r"([a-z0-9._-]+)==([^ ;]+)", entry) for entry in entries]
    return [
        (match[1], Version(match[2]), entry)
        for match, entry in zip(found, entries, strict=True)
        if match is not None
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_by_a_hash(lock):
    lines = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    assert len(pinned(lock)) == len([line for line in lines if line.strip()])
    assert all("--hash=sha256:" in entry for _, _, entry in pinned(lock))


@pytest.mark.parametrize("name", SAFE_FROM)
def test_nothing_with_a_known_hole_is_pinned_or_installed(name):
    versions = {one for lock in LOCKS for known, one, _ in pinned(lock) if known == name}
    assert versions, f"{name} is not used any more: take it out of the list"
    assert min(versions) >= Version(SAFE_FROM[name])
    assert Version(version(name)) >= Version(SAFE_FROM[name])


def test_the_bill_of_materials_names_every_requirement(tmp_path: Path):
    target = tmp_path / "sbom.json"
    subprocess.run(  # noqa: S603  (our own script)
        [ROOT / "scripts" / "sbom", target], check=True, capture_output=True
    )
    told = json.loads(target.read_text(encoding="utf-8"))
    assert told["bomFormat"] == "CycloneDX"
    components = {(one["name"], one["version"]) for one in told["components"]}
    assert {(name, str(number)) for name, number, _ in pinned("requirements.lock")} <= components
    assert {"maplibre-gl", "leaflet"} <= {name for name, _ in components}
    assert all(one.get("externalReferences") or one.get("hashes") for one in told["components"])
