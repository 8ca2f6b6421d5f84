"""Pages on paper: A4, whole tables, nothing of the screen's controls."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

#: Points: 210 by 297 mm.
UPRIGHT = b"/MediaBox [0 0 594"
ACROSS = b"/MediaBox [0 0 841"
PAGES = [
    ("/collections/waste-by-province/items?f=html&lang=th", ACROSS),
    ("/places/50?f=html&lang=en", UPRIGHT),
    ("/dashboards/waste?lang=th", UPRIGHT),
    ("/indicators?f=html&lang=en", UPRIGHT),
    ("/cube?f=html&lang=th", UPRIGHT),
]


@pytest.mark.parametrize(("path", "sheet"), PAGES)
def test_a_page_prints_on_a4_with_its_tables_whole(*, browser_page, live_server, path, sheet):
    page = browser_page
    page.goto(live_server + path)
    page.emulate_media(media="print")
    cut = page.locator(".scroll").evaluate_all(
        "all => all.filter((one) => getComputedStyle(one).overflowY !== 'visible').length"
    )
    assert cut == 0
    expect(page.locator("header.site")).to_be_hidden()
    assert sheet in page.pdf(prefer_css_page_size=True)


def test_a_number_is_never_parted(browser_page, live_server):
    browser_page.goto(f"{live_server}/places/50?f=html&lang=th")
    browser_page.emulate_media(media="print")
    spaces = browser_page.locator(".now b span").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).whiteSpace)"
    )
    assert spaces
    assert set(spaces) == {"nowrap"}
    foot = browser_page.locator(".on-paper").inner_text()
    assert f"{live_server}/places/50?f=html&lang=th" in foot
    assert "ข้อมูล ณ" in foot
    assert "พิมพ์เมื่อ" in foot


@pytest.mark.parametrize("width", [1000, 1280])
def test_what_planners_ask_and_scenarios_are_one_click_away(*, browser_page, live_server, width):
    browser_page.set_viewport_size({"width": width, "height": 760})
    browser_page.goto(f"{live_server}/?lang=th")
    if width < 1080:
        browser_page.locator(".menu summary").click()
    expect(
        browser_page.locator(".site a[href^='/scenarios']").locator("visible=true")
    ).to_have_count(1)
    expect(
        browser_page.locator(".site a[href^='/questions']").locator("visible=true")
    ).to_have_count(1)
    assert browser_page.evaluate("document.documentElement.scrollWidth") == width
