"""Maps inside other people's pages: height, look, who may embed, names that look like HTML."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from geo_service.core.db import transaction
from tests.builders import build_small_country

pytestmark = pytest.mark.browser

EMBED = "/embed/maps/waste_gen_rate?level=province&lang=th"
EVIL = "<img src=x onerror=\"document.title='owned'\">อบต.<b>แสบ</b>"


def frame_height(page: Page, number: int = 0) -> float:
    box = page.locator("iframe").nth(number).bounding_box()
    assert box is not None
    return box["height"]


def test_the_demo_shows_three_maps_whose_frames_grow_and_shrink(browser_page, live_server):
    browser_page.goto(f"{live_server}/embed/demo?lang=th")
    assert browser_page.locator("iframe").count() == 3
    inside = browser_page.frames[1]
    inside.wait_for_selector("html[data-map=ready]")
    browser_page.wait_for_function("document.querySelector('iframe').style.height !== ''")
    folded = frame_height(browser_page)
    assert folded > 420
    inside.click("summary")
    browser_page.wait_for_function(
        "(before) => document.querySelector('iframe').offsetHeight > before + 20", arg=folded
    )
    inside.click("summary")
    browser_page.wait_for_function(
        "(before) => Math.abs(document.querySelector('iframe').offsetHeight - before) <= 2",
        arg=folded,
    )


def test_a_message_from_elsewhere_does_not_size_a_frame(browser_page, live_server):
    browser_page.goto(f"{live_server}/embed/demo?lang=th")
    browser_page.frames[1].wait_for_selector("html[data-map=ready]")
    browser_page.wait_for_function("document.querySelector('iframe').style.height !== ''")
    before = frame_height(browser_page)
    # Listeners hear a message in the order they came: ours is the last.
    browser_page.evaluate(
        "new Promise((heard) => { addEventListener('message', () => heard());"
        " postMessage({ type: 'atlas:height', height: 3000 }, '*'); })"
    )
    assert frame_height(browser_page) == before


def test_the_look_comes_from_the_hash(browser_page, live_server):
    browser_page.goto(f"{live_server}{EMBED}#theme=dark&legend=off")
    browser_page.wait_for_selector("html[data-map=ready]")
    assert browser_page.get_attribute("html", "data-theme") == "dark"
    expect(browser_page.locator(".legend-card")).to_be_hidden()
    browser_page.evaluate("location.hash = '#theme=transparent'")
    expect(browser_page.locator("html")).to_have_attribute("data-theme", "transparent")
    expect(browser_page.locator(".legend-card")).to_be_visible()


def test_there_is_no_chrome_inside_a_frame(client: TestClient):
    page = client.get(EMBED).text
    assert 'class="site"' not in page
    assert "เปิดแผนที่เต็ม" in page


@pytest.fixture
def own_country(fresh_engine: Engine) -> Engine:
    """The tiny country in a database of this test's own."""
    with transaction(fresh_engine) as opened:
        build_small_country(opened)
    return fresh_engine


def test_a_name_with_html_stays_text(browser_page, own_country, serve, settings_for):
    with own_country.begin() as connection:
        connection.execute(
            text("UPDATE area SET name_th = :evil WHERE code = '50' AND level = 'province'"),
            {"evil": EVIL},
        )
    address = serve(settings_for(own_country.url.render_as_string(hide_password=False)))
    dialogs = []
    browser_page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    browser_page.goto(f"{address}/maps/waste_gen_rate?level=province&lang=th")
    browser_page.wait_for_selector("html[data-map=ready]")
    browser_page.evaluate("AtlasMap.showPlace('50')")
    expect(browser_page.locator(".popup-name")).to_have_text(EVIL)
    expect(browser_page.locator("tr[data-code='50'] th")).to_have_text(EVIL)
    browser_page.fill("#search", "50")
    expect(browser_page.locator("#found .found-name")).to_have_text(EVIL)
    assert browser_page.locator("img[src=x]").count() == 0
    assert browser_page.title() != "owned"
    assert dialogs == []


def test_only_the_listed_sites_may_embed(client_of, own_country):
    service = client_of(own_country, frame_ancestors="https://dla.example; script-src *")
    policy = service.get(EMBED).headers["content-security-policy"]
    assert "frame-ancestors https://dla.example script-src *" in policy
    assert re.findall(r"(?:^|; )script-src ([^;]*)", policy) == [
        re.search(r"'self' 'nonce-[\w-]+'", policy).group()  # type: ignore[union-attr]
    ]
    page = service.get("/maps/waste_gen_rate").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in page


def test_every_inline_script_and_style_carries_the_nonce(client: TestClient):
    for path in (EMBED, "/maps/waste_gen_rate", "/maps", "/embed/demo", "/"):
        answer = client.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        nonce = re.search(r"'nonce-([\w-]+)'", policy).group(1)  # type: ignore[union-attr]
        assert "unsafe" not in policy
        for tag in re.findall(
            r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", answer.text
        ):
            assert f'nonce="{nonce}"' in tag
        assert not re.search(r"<style(?![^>]*nonce)|\sstyle=|\son\w+=", answer.text)


def test_two_answers_never_share_a_nonce(client: TestClient):
    policies = {client.get(EMBED).headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3
