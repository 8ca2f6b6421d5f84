"""The map page in a real browser, the network closed: what a reader sees and can do."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser

RATE = "/maps/waste_gen_rate?level=province&period=2567&lang=th"
#: 23.5 tonnes a day among 27,000 people (tests/builders.py), kg per person and day
RATE_OF_SAEN_SUK = "0.87"

#: Counts the pixels of a PNG that have the colour of each place's class.
COUNT_PIXELS = """async (picture) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  const fills = AtlasMap.places().map((place) => AtlasMap.data.classes[place.class].fill);
  const wanted = fills.map((fill) => [1, 3, 5].map((i) => parseInt(fill.slice(i, i + 2), 16)));
  const counts = wanted.map(() => 0);
  for (let i = 0; i < bytes.length; i += 4) {
    wanted.forEach(([r, g, b], n) => {
      if (bytes[i] === r && bytes[i + 1] === g && bytes[i + 2] === b) counts[n]++;
    });
  }
  return counts;
}"""


@pytest.fixture
def open_map(browser_page: Page, live_server: str) -> Callable[..., Page]:
    """Open an address and wait until the map is drawn."""

    def go(path: str, **size: int) -> Page:
        if size:
            browser_page.set_viewport_size(size)
        browser_page.goto(live_server + path)
        browser_page.wait_for_selector("html[data-map=ready][data-basemap=ready]")
        return browser_page

    return go


def shapes(page: Page) -> Any:
    return page.locator(".leaflet-overlay-pane path.leaflet-interactive")


def test_the_map_is_drawn_with_our_own_files_alone(open_map):
    page = open_map(RATE)
    assert shapes(page).count() == 2
    loaded = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert loaded
    assert all(re.match(r"http://127\.0\.0\.1:\d+/|data:", address) for address in loaded)


def test_thai_text_is_drawn_with_our_web_font(open_map):
    page = open_map(RATE)
    title = page.locator("h1")
    expect(title).to_contain_text("อัตราการเกิดขยะ")
    expect(title).to_contain_text("2567")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('600 24px \"IBM Plex Sans Thai\"', 'ขยะ')")
    faces = page.evaluate(
        "[...document.fonts].filter((f) => f.status === 'loaded' && f.family.includes('Plex'))"
        ".map((f) => f.unicodeRange)"
    )
    assert any("E01" in span.upper() for span in faces)


def test_the_page_says_what_it_is(open_map):
    page = open_map(RATE)
    assert page.get_attribute("html", "lang") == "th"
    assert "อัตราการเกิดขยะ" in page.title()
    assert page.get_attribute("meta[name=description]", "content")
    english = open_map(RATE.replace("lang=th", "lang=en"))
    assert english.get_attribute("html", "lang") == "en"
    expect(english.locator("h1")).to_contain_text("Waste generation rate")


def test_the_tooltip_shows_the_value_of_the_place(open_map):
    page = open_map(RATE)
    shapes(page).first.hover()
    tip = page.locator(".leaflet-tooltip .tip")
    expect(tip).to_contain_text("แสนสุข")
    expect(tip).to_contain_text(f"{RATE_OF_SAEN_SUK} กก./คน/วัน")


def test_the_popup_tells_value_rank_and_period(open_map):
    page = open_map(RATE)
    shapes(page).first.click()
    popup = page.locator(".leaflet-popup-content")
    expect(popup.locator(".popup-value")).to_contain_text(RATE_OF_SAEN_SUK)
    expect(popup).to_contain_text("พ.ศ. 2567")
    expect(popup).to_contain_text("1 จาก 2")


def test_table_map_and_data_show_the_same_numbers(open_map, live_server):
    page = open_map(RATE)
    with urlopen(live_server + RATE.replace("?", ".json?", 1)) as answer:  # noqa: S310
        told = json.load(answer)
    decimals = told["decimals"]
    for place in told["places"]:
        row = page.locator(f"#value-table tr[data-code='{place['code']}']")
        expect(row.locator("th")).to_have_text(place["name"])
        shown = row.locator(".c-value").inner_text()
        assert shown == ("—" if place["value"] is None else f"{place['value']:,.{decimals}f}")
    in_page = page.evaluate("AtlasMap.places().map((one) => [one.code, one.value, one.status])")
    assert in_page == [[one["code"], one["value"], one["status"]] for one in told["places"]]


def test_the_legend_counts_every_place_once(open_map):
    page = open_map("/maps/pop_total?level=subdistrict&period=2567&lang=th")
    counts = [int(text) for text in page.locator(".classes .count").all_inner_texts()]
    assert sum(counts) == 10
    expect(page.locator("#reporting")).to_contain_text("รายงานแล้ว 9 จาก 10 ตำบล")


def test_pointing_at_a_class_dims_the_other_places(open_map):
    page = open_map(RATE)
    first = page.locator(".classes button").first
    first.hover()
    opacities = page.evaluate(
        "[...document.querySelectorAll('.leaflet-overlay-pane path.leaflet-interactive')]"
        ".map((one) => one.getAttribute('fill-opacity'))"
    )
    assert "0.15" in opacities


@pytest.mark.parametrize("typed", ["แสน", "saen", "50"])
def test_a_place_is_found_by_thai_english_or_code(open_map, typed):
    page = open_map(RATE)
    page.fill("#search", typed)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup-content .popup-name")).to_have_text("แสนสุข")


def test_choices_lead_to_an_address_with_the_state(open_map):
    page = open_map(RATE)
    page.select_option("select[name=scheme]", "equal")
    page.wait_for_url(re.compile(r"/maps/waste_gen_rate\?.*scheme=equal"))
    assert "period=2024" in page.url
    assert "level=province" in page.url


def test_moving_through_time_keeps_the_classes_and_changes_the_address(open_map):
    page = open_map("/maps/pop_total?level=province&lang=th")
    before = page.locator(".classes .range").all_inner_texts()
    page.locator("#time").press("ArrowLeft")
    expect(page.locator("h1")).to_contain_text("2566")
    assert page.locator(".classes .range").all_inner_texts() == before
    assert "period=2023" in page.url
    # five sub-districts of province 50 had 100 people fewer each in 2566
    expect(page.locator("tr[data-code='50'] .c-value")).to_have_text("26,500")


@pytest.mark.parametrize("path", [RATE, "/maps/pop_total?level=district&lang=en"])
def test_axe_finds_nothing_serious(open_map, path):
    page = open_map(path)
    assert not grave_faults(page)


def test_everything_is_reached_by_keyboard_with_visible_focus(open_map):
    page = open_map(RATE)
    reached: set[str] = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.id || document.activeElement.getAttribute('name')"
                " || document.activeElement.getAttribute('class') || ''"
            )
        )
    assert {"search", "level", "period", "scheme", "save-png"} <= reached
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_a_narrow_screen_has_the_map_first_and_a_sheet_below(open_map):
    page = open_map(RATE, width=360, height=740)
    assert width_of(page) == 360
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["width"] == 360
    assert box["height"] > 250
    handle = page.locator("#sheet-handle")
    size = handle.bounding_box()
    assert size is not None
    assert size["height"] >= 44
    handle.click()
    expect(handle).to_have_attribute("aria-expanded", "true")
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    expect(page.locator(".classes button").first).to_be_in_viewport()
    small = page.evaluate(
        "[...document.querySelectorAll('#panel button, #panel select, #panel .button')]"
        ".filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44)"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert small == []


def test_a_picture_of_the_map_can_be_saved(open_map):
    page = open_map(RATE)
    with page.expect_download() as download:
        page.click("#save-png")
    assert download.value.suggested_filename == "waste_gen_rate-province-2024.png"
    picture = b64encode(download.value.path().read_bytes()).decode()
    # both provinces are on the picture, in the colours of their classes, well above the size
    # of the swatches in its legend
    painted = page.evaluate(COUNT_PIXELS, picture)
    assert len(painted) == 2
    assert all(count > 5_000 for count in painted)


def test_many_places_come_as_tiles(open_map, monkeypatch):
    monkeypatch.setattr("web.folium_map.MOST_INLINE", 3)
    page = open_map("/maps/pop_total?level=subdistrict&lang=th")
    page.wait_for_selector(".leaflet-overlay-pane canvas.leaflet-tile-loaded")
    page.wait_for_load_state("networkidle")
    page.evaluate("AtlasMap.showPlace('500101')")
    expect(page.locator(".popup-value")).to_contain_text("12,000 คน")
    page.wait_for_load_state("networkidle")
    page.locator(".leaflet-popup-close-button").click()
    centre = page.evaluate(
        "(() => { const at = AtlasMap.leaflet().latLngToContainerPoint([14.05, 100.05]);"
        " const box = AtlasMap.leaflet().getContainer().getBoundingClientRect();"
        " return [box.left + at.x, box.top + at.y]; })()"
    )
    page.mouse.move(*centre)
    expect(page.locator(".leaflet-tooltip .tip-value")).to_have_text("12,000 คน")


@pytest.mark.parametrize("view", ["portrait", "landscape"])
def test_the_print_view_fits_one_sheet_and_says_its_address(open_map, view):
    page = open_map(f"{RATE}&view={view}")
    expect(page.locator(".address")).to_contain_text("/maps/waste_gen_rate?")
    assert page.locator("#qr path").get_attribute("d")
    sheets = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == 1


def test_it_reads_without_scripts(browser, live_server):
    context = browser.new_context(java_script_enabled=False, locale="th-TH")
    page = context.new_page()
    page.goto(live_server + RATE)
    expect(page.locator("tr[data-code='50'] .c-value")).to_have_text(RATE_OF_SAEN_SUK)
    page.select_option("select[name=scheme]", "equal")
    page.click("#choices button.primary")
    assert "/maps/waste_gen_rate?" in page.url
    assert "scheme=equal" in page.url
    context.close()
