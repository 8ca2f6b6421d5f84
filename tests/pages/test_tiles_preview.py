"""Pages that draw our tiles with our styles, in Chromium and without any other host."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser

MAP = "document.querySelector('.preview-map').map"
PAGES = [
    ("/collections/subdistricts/tiles/WebMercatorQuad?lang=th", "subdistricts-fill", 8),
    ("/collections/waste-by-province/styles/waste_gen_tpd?lang=en", "values", 2),
    ("/collections/health-centres/tiles?lang=th", "health-centres", 2),
]


def opened(page: Page, address: str) -> Page:
    page.set_extra_http_headers({"Accept": "text/html,*/*;q=0.8"})
    page.goto(address)
    page.wait_for_selector(".preview-map[data-state=drawn]", timeout=60_000)
    return page


def settled(page: Page, change: str) -> None:
    page.evaluate(f"""() => new Promise((done, failed) => {{
        setTimeout(() => failed("the map did not come to rest"), 60000);
        {MAP}.once("idle", () => done());
        {MAP}.{change};
    }})""")


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown[1])
def test_the_map_shows_our_features(browser_page, live_server, shown):
    path, layer, least = shown
    page = opened(browser_page, live_server + path)
    codes = page.evaluate(
        f"{MAP}.queryRenderedFeatures({{layers: [{layer!r}]}}).map((one) => one.properties.code)"
    )
    assert len(set(codes)) >= least
    colours = page.evaluate(f"""async () => {{
        const map = {MAP};
        const pixels = await new Promise((done) => {{
            map.once("render", () => {{
                const gl = map.getCanvas().getContext("webgl2");
                const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
                const read = new Uint8Array(width * height * 4);
                gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, read);
                done(new Uint32Array(read.buffer));
            }});
            map.triggerRepaint();
        }});
        return new Set(pixels).size;
    }}""")
    assert colours > 3


def test_a_click_tells_the_properties_of_a_place(browser_page, live_server):
    page = opened(browser_page, f"{live_server}{PAGES[0][0]}")
    # 500101 lies around 100.05 E, 14.05 N.
    at = page.evaluate(f"{MAP}.project([100.05, 14.05])")
    box = page.locator(".preview-map").bounding_box()
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    told = page.locator(".maplibregl-popup-content")
    told.wait_for()
    assert "500101" in told.inner_text()
    assert "รหัส" in told.inner_text()


def test_the_keyboard_tells_what_lies_at_the_centre(browser_page, live_server):
    page = opened(browser_page, f"{live_server}{PAGES[0][0]}")
    settled(page, "jumpTo({center: [100.05, 14.05], zoom: 10})")
    page.focus(".maplibregl-canvas")
    page.keyboard.press("Enter")
    page.locator(".maplibregl-popup-content").wait_for()
    assert "500101" in page.locator("#announce").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".maplibregl-popup").count() == 0


@pytest.mark.parametrize("path", [one[0] for one in PAGES])
def test_a_map_page_fits_a_small_screen_and_axe_finds_nothing_serious(
    browser_page, live_server, path
):
    browser_page.set_viewport_size({"width": 360, "height": 740})
    page = opened(browser_page, live_server + path)
    assert width_of(page) == 360
    assert not grave_faults(page)


def test_glyphs_alone_draw_the_labels(browser_page, live_server):
    """A style without font files, as map libraries of other kinds read it."""
    asked = []
    browser_page.on("request", lambda one: asked.append(one.url))
    browser_page.route(
        "**/styles/default*",
        lambda route: route.continue_(url=route.request.url.replace("&fonts=files", "")),
    )
    page = opened(browser_page, f"{live_server}/collections/subdistricts/tiles?lang=en")
    settled(page, "jumpTo({center: [100.05, 14.05], zoom: 11})")
    assert page.evaluate(f"{MAP}.queryRenderedFeatures({{layers: ['names']}}).length")
    # This library draws Thai by itself; Latin letters are the glyphs'.
    assert any("/fonts/Sarabun%20Regular/0-255.pbf" in one for one in asked)
    assert not any(".woff2" in one and "sarabun" in one for one in asked)
