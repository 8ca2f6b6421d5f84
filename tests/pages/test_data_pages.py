"""Pages of the data interface in a browser: for every reader, on a small screen."""

from __future__ import annotations

import pytest

from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser

PATHS = [
    "/collections?lang=th",
    "/collections/waste-by-province?lang=en",
    "/collections/waste-by-province/items?lang=th",
    "/collections/subdistricts/items/500101?lang=en",
    "/collections/orgs/queryables?lang=th",
    "/indicators?lang=th",
    "/datasets/test-orgs?lang=th",
    "/api.html?lang=en",
    "/places/50?f=html&lang=th",
    "/places/6500103?f=html&lang=en",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_a_small_screen_and_axe_finds_nothing_serious(browser_page, live_server, path):
    browser_page.set_viewport_size({"width": 360, "height": 740})
    browser_page.set_extra_http_headers({"Accept": "text/html,*/*;q=0.8"})
    browser_page.goto(live_server + path)
    assert width_of(browser_page) == 360
    assert "Plex" in browser_page.evaluate("getComputedStyle(document.body).fontFamily")
    assert not grave_faults(browser_page)
