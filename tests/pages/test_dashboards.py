"""Dashboards in a browser: drilled by click, one place marked everywhere, for every reader."""

from __future__ import annotations

import re

import pytest

from tests import builders
from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser


def test_a_click_on_the_map_goes_from_the_country_to_a_province_and_its_districts(
    browser_page, live_server
):
    browser_page.goto(f"{live_server}/dashboards/waste?lang=th")
    browser_page.locator(".choropleth a[data-code='50']").first.click()
    browser_page.wait_for_url("**place=50**")
    assert "แสนสุข" in browser_page.locator("h1").inner_text()
    shown = browser_page.locator(".ranks a").evaluate_all(
        "all => all.map((one) => one.dataset.code)"
    )
    assert set(shown) <= {"5001", "5002"}


def test_pointing_at_a_place_marks_it_in_every_panel(browser_page, live_server):
    browser_page.goto(f"{live_server}/dashboards/ageing?lang=en")
    browser_page.locator(".is-ranking a[data-code='51']").hover()
    held = browser_page.locator(".is-held").evaluate_all(
        "all => all.map((one) => one.dataset.code)"
    )
    assert len(held) >= 3
    assert set(held) == {"51"}


def test_a_class_of_the_legend_leaves_only_its_places_clear(browser_page, live_server):
    browser_page.goto(f"{live_server}/dashboards/waste?lang=th")
    browser_page.locator(".key button").first.click()
    dim = browser_page.locator(".choropleth").first.locator(".is-dim").count()
    assert 0 < dim < browser_page.locator(".choropleth").first.locator("a").count()


def test_a_table_is_sorted_by_a_column(browser_page, live_server):
    browser_page.goto(f"{live_server}/dashboards/ageing?lang=th&place=50")
    browser_page.locator("[data-sort='1']").click()
    cells = browser_page.locator(".is-table tbody tr td:nth-child(2)").all_inner_texts()
    numbers = [int(cell.replace(",", "")) for cell in cells]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "path",
    [
        "/dashboards?lang=en",
        "/dashboards/executive?lang=th",
        "/dashboards/ageing?lang=en&place=50&compare=51",
        "/embed/dashboards/waste?lang=th&panel=2",
        "/embed/dashboards/ageing?lang=en&panel=4",
        "/dashboards/ageing?lang=th&place=500101&peers=province&against=2566",
        "/places/500101?peers=district&f=html&lang=en",
        "/ageing?level=province&f=html&lang=th",
    ],
)
def test_a_dashboard_fits_every_screen_and_axe_finds_nothing_serious(
    browser_page, live_server, path, width
):
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(live_server + path)
    assert width_of(browser_page) == width
    assert not grave_faults(browser_page)


def test_a_choice_of_peers_and_of_a_year_is_an_address(browser_page, live_server):
    browser_page.goto(f"{live_server}/dashboards/ageing?lang=en&place=500101")
    browser_page.locator("select[name=peers]").select_option("province")
    browser_page.wait_for_url("**peers=province**")
    assert "Among: " in browser_page.locator(".is-ranking").first.inner_text()
    browser_page.locator("select[name=against]").select_option("2566")
    browser_page.wait_for_url("**against=2566**")
    assert "peers=province" in browser_page.url


def test_two_places_stand_side_by_side(browser_page, live_server):
    browser_page.goto(f"{live_server}/dashboards/ageing?lang=en&place=50&compare=51")
    elderly = sum(v or 0 for c, v in builders.ELDERLY_2024.items() if c.startswith("51"))
    assert f"{elderly:,}" in browser_page.locator(".figure-other").first.inner_text()


def test_one_panel_alone_fills_its_frame(browser_page, live_server):
    browser_page.set_viewport_size({"width": 1000, "height": 600})
    browser_page.goto(f"{live_server}/embed/dashboards/waste?lang=th&panel=2")
    panel, page = (
        browser_page.locator(one).bounding_box()["width"] for one in (".panel", ".panels")
    )
    assert panel == page


def test_on_paper_panels_stand_in_pairs_and_the_page_tells_where_it_is_from(
    browser_page, live_server
):
    browser_page.set_viewport_size({"width": 711, "height": 1040})
    browser_page.goto(f"{live_server}/dashboards/waste?lang=th")
    browser_page.emulate_media(media="print")
    tops = browser_page.locator(".panel").evaluate_all(
        "all => all.map((one) => Math.round(one.getBoundingClientRect().top))"
    )
    assert len(set(tops)) < len(tops)
    foot = browser_page.locator(".on-paper").inner_text()
    assert f"{live_server}/dashboards/waste?lang=th" in foot
    # the state of the data and the hour, both of the Buddhist year
    assert re.search(r"ข้อมูล ณ \d+ \S+ 25\d\d \d\d:\d\d น\. \(รุ่น [0-9a-f]{12}\)", foot)
    assert re.search(r"พิมพ์เมื่อ \d+ \S+ 25\d\d \d\d:\d\d น\.", foot)
    assert not browser_page.locator(".choices").is_visible()
    # a head that is repeated on the next sheet holds words, not controls
    head = browser_page.locator(".is-table thead .num").first
    assert not head.locator("button").is_visible()
    assert head.locator(".name-on-paper").is_visible()
    browser_page.emulate_media(media="screen")


def test_two_years_stand_beside_each_other_and_a_place_is_marked_in_both(browser_page, live_server):
    path = f"{live_server}/embed/dashboards/waste?lang=th&panel=8"
    browser_page.goto(path)
    assert "เลือกปี" in browser_page.locator(".is-years").inner_text()
    browser_page.goto(f"{path}&against=2566")
    captions = browser_page.locator(".is-years figcaption").all_inner_texts()
    assert captions == ["พ.ศ. 2566", "พ.ศ. 2567"]
    browser_page.locator(".is-years figure").first.locator("a[data-code='50']").hover()
    assert browser_page.locator(".is-years a.is-held[data-code='50']").count() == 2
    assert not grave_faults(browser_page)


def test_cards_fill_their_row_and_a_map_stands_right_below_its_heading(browser_page, live_server):
    # six cards where four fit beside each other
    browser_page.set_viewport_size({"width": 1000, "height": 900})
    browser_page.goto(f"{live_server}/embed/dashboards/waste?lang=th&panel=1")
    ends = browser_page.locator(".figures").evaluate(
        "one => [one, one.lastElementChild].map((it) => it.getBoundingClientRect().right)"
    )
    assert abs(ends[0] - ends[1]) < 1
    # so those of one row are level, however much taller the panel beside them makes the row
    browser_page.goto(f"{live_server}/dashboards/waste?lang=en")
    gaps = browser_page.locator(".is-map:has(.choropleth)").evaluate_all(
        """all => all.map((one) => {
          one.style.minHeight = "900px";
          const [map, head] = [".choropleth", "h2"].map((it) => one.querySelector(it));
          return map.getBoundingClientRect().top - head.getBoundingClientRect().bottom; })"""
    )
    assert gaps
    assert max(gaps) < 24
