"""The pivot page in a browser: drilled by click, turned by dragging, usable by keyboard."""

from __future__ import annotations

import pytest

from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser

ASKED = "measures=pop_total&rows=province&columns=year&totals=rows&scheme=ngc6&f=html"


def test_a_click_opens_a_place_and_the_trail_leads_back(browser_page, live_server):
    browser_page.goto(f"{live_server}/cube?{ASKED}&lang=th")
    browser_page.get_by_role("link", name="แสนสุข").click()
    assert browser_page.locator("tbody tr:not(.total) th").all_inner_texts() == [
        "เมืองแสนสุข", "บ้านดอน",
    ]  # fmt: skip
    assert "27,000" in browser_page.locator("tr.total").inner_text()
    trail = browser_page.get_by_role("navigation", name="ตำแหน่งของหน้านี้")
    trail.get_by_role("link", name="แสนสุข").click()
    assert "rows=province" in browser_page.url


def test_a_dimension_dragged_to_the_rows_turns_the_table(browser_page, live_server):
    browser_page.goto(f"{live_server}/cube?{ASKED}&lang=en")
    chip = browser_page.locator(".zone[data-axis=columns] .chip[data-name=year]")
    with browser_page.expect_navigation():
        chip.drag_to(browser_page.locator(".zone[data-axis=rows]"))
    assert "rows=province,year" in browser_page.url
    assert browser_page.locator(".zone[data-axis=columns] .chip").count() == 0


def test_keys_choose_a_form_and_enter_goes_there(browser_page, live_server):
    browser_page.goto(f"{live_server}/cube?{ASKED}&lang=en")
    form = browser_page.get_by_role("combobox", name="Shown as")
    form.focus()
    before = browser_page.url
    browser_page.keyboard.press("ArrowDown")
    assert browser_page.url == before
    with browser_page.expect_navigation():
        browser_page.keyboard.press("Enter")
    assert "pop_total." in browser_page.url


@pytest.mark.parametrize("asked", ["rows=subdistrict", "rows=province&columns=year"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_words_of_the_chart_are_large_enough_and_nothing_is_scrolled(
    browser_page, live_server, asked, width
):
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(f"{live_server}/cube?measures=pop_total&{asked}&lang=th")
    charts = browser_page.locator(".chart svg:visible")
    assert charts.count() == 1
    box, words = charts.evaluate(
        """(one) => [one.parentElement.scrollWidth - one.parentElement.clientWidth,
            [...one.querySelectorAll("text")].map((word) => {
                const size = parseFloat(getComputedStyle(word).fontSize);
                return [size * one.getScreenCTM().a, word.getBoundingClientRect().right];
            })]"""
    )
    edge = charts.bounding_box()
    assert box == 0
    assert words
    assert min(size for size, _ in words) >= 11.5
    assert max(right for _, right in words) <= edge["x"] + edge["width"]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("lang", ["th", "en"])
def test_the_page_is_whole_and_readable_for_all(browser_page, live_server, lang, width):
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(f"{live_server}/cube?{ASKED}&lang={lang}")
    assert width_of(browser_page) <= width
    assert not grave_faults(browser_page)
