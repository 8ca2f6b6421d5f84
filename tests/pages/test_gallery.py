"""The gallery, the composer and the pages around them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser


def test_the_gallery_shows_the_three_themes_with_a_small_map_each(browser_page, live_server):
    browser_page.goto(f"{live_server}/maps?lang=th")
    for theme in ("ขยะมูลฝอย", "สังคมสูงวัย", "โครงสร้างพื้นฐาน"):
        expect(browser_page.get_by_role("heading", name=theme)).to_be_visible()
    card = browser_page.locator("#waste .card", has_text="อัตราการเกิดขยะ")
    assert card.locator("use").count() == 2
    card.locator("a").click()
    expect(browser_page.locator("h1")).to_contain_text("อัตราการเกิดขยะ")


def test_the_composer_writes_link_and_code(browser_page, live_server):
    browser_page.goto(f"{live_server}/maps?lang=th")
    browser_page.select_option("#composer select[name=theme]", "ageing")
    browser_page.select_option("#composer select[name=indicator]", "age_share_60p")
    browser_page.select_option("#look", "dark")
    link = browser_page.input_value("#composed-link")
    assert "/maps/age_share_60p?" in link
    code = browser_page.input_value("#composed-code")
    assert code.startswith(f'<iframe src="{live_server}/embed/maps/age_share_60p?')
    assert "#theme=dark" in code
    assert "embed-host.js" in code
    preview = browser_page.frame_locator("#preview")
    expect(preview.locator("h1")).to_contain_text("ร้อยละผู้สูงอายุ")


@pytest.mark.parametrize("path", ["/?lang=th", "/maps?lang=th", "/embed/demo?lang=en"])
def test_axe_finds_nothing_serious(browser_page, live_server, path):
    browser_page.set_extra_http_headers({"Accept": "text/html"})
    browser_page.goto(live_server + path)
    browser_page.wait_for_load_state("networkidle")
    assert not grave_faults(browser_page)


@pytest.mark.parametrize("path", ["/?lang=th", "/maps?lang=th", "/embed/demo?lang=th"])
def test_no_page_is_wider_than_a_small_screen(browser_page, live_server, path):
    browser_page.set_viewport_size({"width": 360, "height": 740})
    browser_page.set_extra_http_headers({"Accept": "text/html"})
    browser_page.goto(live_server + path)
    assert width_of(browser_page) == 360


def test_a_form_without_a_fitting_period_lands_on_the_latest(client: TestClient):
    answer = client.get(
        "/maps",
        params={"theme": "ageing", "indicator": "waste_gen_rate", "from": "waste_gen_rate",
                "period": "2023", "lang": "th"},
        follow_redirects=False,
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/maps/")
    assert "waste" not in answer.headers["location"]
    assert "period" not in answer.headers["location"]


def test_an_unknown_map_says_so_as_a_page(client: TestClient):
    answer = client.get("/maps/no_such_thing?lang=th")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "ไม่มีตัวชี้วัด" in answer.text


def test_no_file_outside_our_folder_is_given(client: TestClient):
    for name in ("../pages.py", "..%2Fpages.py", "%2e%2e/words.py", "nothing.js"):
        assert client.get(f"/static/{name}").status_code == 404


def test_a_file_with_its_version_never_expires(client: TestClient):
    assert "immutable" in client.get("/static/js/map.js?v=1").headers["cache-control"]
    assert "immutable" not in client.get("/static/js/map.js").headers["cache-control"]


def test_a_phone_reaches_every_part_by_the_menu(browser_page, live_server):
    browser_page.set_viewport_size({"width": 360, "height": 740})
    browser_page.goto(f"{live_server}/maps?lang=th")
    menu = browser_page.locator(".menu")
    expect(menu.locator("a").first).to_be_hidden()
    menu.locator("summary").press("Enter")
    expect(menu.locator("a").first).to_be_visible()
    assert width_of(browser_page) == 360
    assert not grave_faults(browser_page)
    menu.get_by_text("แดชบอร์ด").click()
    browser_page.wait_for_url("**/dashboards?**")
