"""Two periods compared, and maps in hexagons, in a real browser and as data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from tests.readers import grave_faults

pytestmark = pytest.mark.browser

#: Province 50 sent 24.0 tonnes a day in 2566 and 23.5 in 2567, province 51 10.0 and 8.0.
CHANGE = "/maps/waste_gen_tpd?level=province&period=2567&compare=2566&lang=th"
HEXAGONS = "/maps/pop_total?level=hexbin&lang=th"


@pytest.fixture
def open_map(browser_page: Page, live_server: str) -> Callable[..., Page]:
    """Open an address and wait until the map is drawn."""

    def go(path: str, **size: int) -> Page:
        if size:
            browser_page.set_viewport_size(size)
        browser_page.goto(live_server + path)
        browser_page.wait_for_selector("html[data-map=ready][data-basemap=ready]")
        if "hexbin" in path:
            browser_page.wait_for_selector("html[data-cells=ready]")
        return browser_page

    return go


def test_a_map_of_differences_shows_which_way_each_place_went(open_map):
    page = open_map(CHANGE)
    expect(page.locator("h1")).to_contain_text("จาก พ.ศ. 2566 ถึง พ.ศ. 2567")
    expect(page.locator("tr[data-code='50'] .c-value")).to_have_text("−0.5")
    expect(page.locator("tr[data-code='51'] .c-value")).to_have_text("−2.0")
    assert page.input_value("select[name=compare]") == "2023"
    grown = open_map("/maps/pop_total?level=province&compare=2566&lang=th")
    # 100 people more in each of the five sub-districts
    expect(grown.locator("tr[data-code='50'] .c-value")).to_have_text("+500")
    expect(grown.locator("#lead")).to_contain_text("+500")


def test_differences_are_the_same_on_the_page_and_as_data(open_map, live_server):
    page = open_map(CHANGE)
    with urlopen(live_server + CHANGE.replace("?", ".json?", 1)) as answer:  # noqa: S310
        told = json.load(answer)
    assert told["compare"]["key"] == "2023"
    assert {one["code"]: one["value"] for one in told["places"]} == {"50": -0.5, "51": -2.0}
    in_page = page.evaluate("AtlasMap.places().map((one) => [one.code, one.value])")
    assert in_page == [[one["code"], one["value"]] for one in told["places"]]


def test_no_class_of_a_difference_lies_across_zero(client: TestClient):
    for key in ("waste_gen_tpd", "pop_total", "waste_gen_rate"):
        told = client.get(f"/maps/{key}.json?level=province&period=2567&compare=2566").json()
        spans = [(one["from"], one["to"]) for one in told["classes"] if one["kind"] == "range"]
        assert spans
        assert all(low >= 0 or high <= 0 for low, high in spans)


def test_a_period_that_is_not_there_cannot_be_compared_with(client: TestClient):
    answer = client.get("/maps/pop_total?compare=2500&lang=th")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_hexagons_have_a_table_of_the_highest_cells(open_map):
    page = open_map(HEXAGONS)
    expect(page.locator("#values-title")).to_have_text("ตารางช่องที่มีค่าสูงสุด")
    lines = page.locator("#value-table tbody tr")
    assert lines.count() > 0
    # most people live in these two, whose border runs through the fullest cell
    assert lines.first.locator("th").inner_text() in {"บางแก้ว", "หนองบัว"}
    values = [float(one.replace(",", "")) for one in page.locator(".c-value").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    by_cell = page.evaluate(
        "Object.fromEntries(AtlasMap.places().map((one) => [one.code, one.value]))"
    )
    assert max(by_cell.values()) == pytest.approx(values[0], abs=0.51)


def test_a_place_is_found_on_a_map_of_hexagons(open_map):
    page = open_map(HEXAGONS)
    page.fill("#search", "ร่มเย็น")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("path.found-place")).to_have_count(1)
    expect(page.locator("#announce")).to_contain_text("ร่มเย็น")


def test_hexagons_move_through_time_with_the_same_classes(open_map):
    page = open_map(HEXAGONS)
    classes = page.locator(".classes .range").all_inner_texts()
    total = "AtlasMap.places().reduce((sum, one) => sum + (one.value || 0), 0)"
    page.locator("#time").press("ArrowLeft")
    expect(page.locator("h1")).to_contain_text("2566")
    assert page.locator(".classes .range").all_inner_texts() == classes
    # 41,500 people in 2567 in nine places that reported, 100 fewer in each in 2566
    assert page.evaluate(total) == pytest.approx(40_600)
    assert "period=2023" in page.url


def test_hexagons_of_an_area_stay_with_it(open_map):
    page = open_map(f"{HEXAGONS}&area=50&resolution=7")
    everywhere = page.evaluate("AtlasMap.data.within.length")
    assert everywhere > 0
    west = page.evaluate("AtlasMap.data.bbox")
    assert west[2] <= 100.31, "the province ends at 100.3"
    assert re.search("จังหวัดแสนสุข", page.locator("h1").inner_text())


def test_staying_within_a_province_shows_its_districts(client: TestClient):
    answer = client.get(
        "/maps",
        params={"indicator": "pop_total", "level": "province", "area": "50", "lang": "th"},
        follow_redirects=False,
    )
    assert "level=district" in answer.headers["location"]


def test_axe_finds_nothing_serious(open_map):
    for path in (CHANGE, HEXAGONS):
        assert not grave_faults(open_map(path))


def test_no_name_on_the_basemap_is_cut_by_the_edge(open_map):
    page = open_map("/maps/waste_gen_rate?level=province&lang=th", width=900, height=700)
    cut = page.evaluate(
        "(() => { const frame = AtlasMap.leaflet().getContainer().getBoundingClientRect();"
        " return [...document.querySelectorAll('.base-label span')].filter((one) => {"
        " const box = one.getBoundingClientRect();"
        " return getComputedStyle(one).visibility === 'visible' && (box.left < frame.left"
        " || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom);"
        " }).length; })()"
    )
    assert cut == 0
