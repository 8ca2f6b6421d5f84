"""Dashboards as a reader meets them: a server of its own, Chromium with nothing kept.

A dashboard is drawn when its page is loaded, its fonts are there and two frames were painted.
No answer is remembered (`GEO_MEMORY_MB=0`) and every round has a browser that knows nothing; what
follows from the data alone (periods, outlines, maps) is known after the first round, which is not
counted. What nobody asked for before is measured by the pages that show another province in every
round, and by the time the server takes for the first gallery after it was started.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from geo_service.core.settings import Settings
from tests.bench.servers import Server, free_port
from tests.conftest import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
ROUNDS = 9
#: What was promised, in milliseconds.
LIMIT_MS = 1500
PAGES = {
    f"{name}, {whose}": f"/dashboards/{name}?lang=th{place}"
    for name in ("executive", "waste", "ageing")
    for whose, place in (("the country", ""), ("a province", "&place=50"))
} | {
    "two years of a province": "/dashboards/waste?lang=th&place=50&against=2563",
    "another province every time": "/dashboards/executive?lang=th&place={province}",
    "two years of another province": "/dashboards/waste?lang=th&place={province}&against=2563",
    "a place": "/places/50?f=html&lang=th",
    "the gallery of maps": "/maps?lang=th",
}
GALLERY = "/maps?lang=th"
#: Codes of provinces that no other page asks for, one for each round.
PROVINCES = tuple(str(code) for code in (*range(30, 50), *range(51, 59)))
_DRAWN = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const [page] = performance.getEntriesByType("navigation");
  const files = performance.getEntriesByType("resource");
  return {
    drawn: performance.now(),
    server: page.responseStart - page.requestStart,
    requests: 1 + files.length,
    bytes: [page, ...files].reduce((sum, one) => sum + one.transferSize, 0),
  };
}"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Medians of one page: milliseconds until drawn and until the server began to answer."""

    name: str
    drawn_ms: float
    slowest_ms: float
    server_ms: float
    requests: int
    kilobytes: float


def dashboards(url: str, *, rounds: int = ROUNDS) -> list[Drawn]:
    """Measure every dashboard.

    Parameters
    ----------
    url : str
        Of the database, at the newest migration and refreshed.
    rounds : int
        Times each page is drawn, after one that is not counted.

    Returns
    -------
    list of Drawn
        In the order of `PAGES`.
    """
    port = free_port()
    command = (
        sys.executable, "-c", "from geo_service.cli import app; app()", "serve", "--port",
        str(port), "--workers", "1",
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        told = {
            "GEO_DATABASE_URL": url, "GEO_DATA_DIR": folder, "GEO_MEMORY_MB": "0",
            "GEO_BESIDE_MB": "0", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        server = Server("ours", port, command, told, ready="/readyz")
        server.start(Path(folder) / "log")
        try:
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=str(CHROMIUM))
                address = f"http://127.0.0.1:{port}"
                first = _once(browser, f"{address}{GALLERY}")
                return [
                    _of("the first gallery after a start", [first]),
                    *(
                        _measured(browser, name, f"{address}{path}", rounds)
                        for name, path in PAGES.items()
                    ),
                ]
        finally:
            server.stop()


def _measured(browser: Browser, name: str, address: str, rounds: int) -> Drawn:
    asked = [address.replace("{province}", PROVINCES[at]) for at in range(rounds + 1)]
    return _of(name, [_once(browser, one) for one in asked][1:])


def _of(name: str, found: list[dict[str, float]]) -> Drawn:
    times = [one["drawn"] for one in found]
    return Drawn(
        name,
        statistics.median(times),
        max(times),
        statistics.median(one["server"] for one in found),
        int(found[-1]["requests"]),
        found[-1]["bytes"] / 1024,
    )


def _once(browser: Browser, address: str) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.ok, address
        told: dict[str, float] = page.evaluate(_DRAWN)
    finally:
        page.close()
    return told


def table(found: list[Drawn]) -> str:
    """Write what was measured as a table.

    Parameters
    ----------
    found : list of Drawn
        From `dashboards`.

    Returns
    -------
    str
        Markdown.
    """
    head = (
        f"| in Chromium | median ms ({LIMIT_MS}) | slowest ms | server ms | requests | KB |",
        "|-|-:|-:|-:|-:|-:|",
    )
    rows = (
        f"| {one.name} | {one.drawn_ms:,.0f} {'✓' if one.drawn_ms < LIMIT_MS else '✗'} |"
        f" {one.slowest_ms:,.0f} | {one.server_ms:,.0f} | {one.requests} | {one.kilobytes:,.0f} |"
        for one in found
    )
    return "\n".join((*head, *rows))


if __name__ == "__main__":
    given = Settings().database_url
    if given is None:
        sys.exit("set GEO_DATABASE_URL to the database to measure on")
    print(table(dashboards(given.get_secret_value())))  # noqa: T201
