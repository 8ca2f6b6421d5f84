"""Pages of scenarios in Chromium: on every screen, on paper, and for those who do not see."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import people
from geo_service.core.db import make_engine, transaction
from ingest import scenarios as kept
from ingest.scenario_file import read
from tests.history import add_years, scenario_document
from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser

PASSWORD = "เรือใบลำเล็กกลางทะเล"


@pytest.fixture(scope="module")
def address(databases, country_template, settings_for, serve):
    """Address of a service over the tiny country with a scenario of less waste."""
    url = databases.create("scenario_pages", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        add_years(session)
        kept.create(session, document=read(scenario_document()))
        one = scenario_document(where='{ provinces = "50" }') | {"name": "in-one-province"}
        kept.create(session, document=read(one))
        people.add(session, "ana", role="analyst", password=PASSWORD)
    engine.dispose()
    return serve(settings_for(url))


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "path", ["/scenarios?f=html&lang=en", "/scenarios/less-waste?f=html&lang=en"]
)
def test_a_page_fits_every_screen_and_axe_finds_nothing_serious(browser_page, address, path, width):
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(address + path)
    browser_page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert width_of(browser_page) == width
    assert not grave_faults(browser_page)


def test_both_fans_and_the_map_are_drawn(browser_page, address):
    browser_page.goto(f"{address}/scenarios/less-waste?f=html&lang=en")
    assert browser_page.locator(".trend .beside .wide").count() == 2
    assert browser_page.locator(".difference-map path").count() == 4
    # one of two provinces has less waste: one circle for the amount, one in each of two keys
    assert browser_page.locator(".difference-map > svg circle").count() == 1


def test_it_prints_on_a4(browser_page, address):
    browser_page.goto(f"{address}/scenarios/less-waste?f=html&lang=th")
    paper = browser_page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    # 210 by 297 mm in points
    assert b"/MediaBox [0 0 594" in paper or b"/MediaBox [0 0 595" in paper


@pytest.mark.parametrize(
    "path", ["/dashboards/waste?lang=th", "/forecasts/waste_gen_tpd?f=html&lang=th&place=50"]
)
def test_the_words_of_a_chart_are_large_enough_on_a_phone(browser_page, address, path):
    browser_page.set_viewport_size({"width": 360, "height": 740})
    browser_page.goto(address + path)
    heights = browser_page.locator(".trend .heights text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 12
    assert width_of(browser_page) == 360
    assert not grave_faults(browser_page)


@pytest.mark.parametrize(("lang", "said"), [("th", "ในแสนสุข"), ("en", "in Saen Suk")])
def test_provinces_of_a_lever_are_told_by_name(browser_page, address, lang, said):
    browser_page.goto(f"{address}/scenarios/in-one-province?f=html&lang={lang}")
    assert said in browser_page.locator(".lever").first.inner_text()


def write(page, address, lang="en"):
    page.goto(f"{address}/scenarios?f=html&lang={lang}")
    page.click("a.button.primary")
    # who is not signed in does so first, and comes back
    if page.locator("input[name=password]").count():
        page.fill("input[name=name]", "ana")
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert "/scenarios/new" in page.url


@pytest.mark.parametrize(("lang", "width"), [("th", 360), ("en", 1280)])
def test_the_form_of_a_scenario_fits_every_screen(browser_page, address, lang, width):
    browser_page.set_viewport_size({"width": width, "height": 800})
    write(browser_page, address, lang)
    browser_page.check("input[name=where][value=provinces]")
    assert browser_page.locator("input[name=provinces]:visible").count() == 2
    assert width_of(browser_page) == width
    assert not grave_faults(browser_page)


def test_a_tenth_less_waste_everywhere_is_a_tenth_less_in_the_country(browser_page, address):
    write(browser_page, address)
    browser_page.select_option("select[name=indicator]", "waste_gen_rate")
    browser_page.fill("input[name=amount]", "-10")
    browser_page.select_option("select[name=ramp]", "step")
    browser_page.fill("input[name=title_en]", "A tenth less everywhere")
    browser_page.fill("textarea[name=assumption_en]", "Everybody sorts")
    with browser_page.expect_navigation():
        browser_page.click("form.fields button.primary")
    assert browser_page.locator("h1").inner_text() == "A tenth less everywhere"
    name = browser_page.url.split("?")[0]
    said = browser_page.request.get(f"{name}?level=country&indicator=waste_gen_tpd").json()
    assert said["author"] == "ana"
    for year in said["results"][0]["years"]:
        baseline, less = year["baseline"]["median"], year["difference"]["median"]
        assert less == pytest.approx(-0.1 * baseline, rel=1e-6)
    write(browser_page, address)
    browser_page.click(".own summary")
    assert "everybody's list" in browser_page.locator(".own .sure p").inner_text()
    with browser_page.expect_navigation():
        browser_page.click(".own button")
    assert browser_page.locator(".told.is-done").is_visible()
    assert browser_page.request.get(name).status == 404


def test_what_is_wrong_in_the_form_is_told_beside_it_and_nothing_is_lost(browser_page, address):
    write(browser_page, address)
    browser_page.fill("input[name=amount]", "a tenth")
    browser_page.fill("input[name=title_en]", "Half done")
    browser_page.check("input[name=where][value=regions]")
    with browser_page.expect_navigation():
        browser_page.click("form.fields button.primary")
    assert "number" in browser_page.locator("label:has([name=amount]) .wrong").inner_text()
    assert browser_page.input_value("input[name=amount]") == "a tenth"
    assert browser_page.input_value("input[name=title_en]") == "Half done"
    assert browser_page.is_checked("input[name=where][value=regions]")
    browser_page.fill("input[name=amount]", "-10")
    with browser_page.expect_navigation():
        browser_page.click("form.fields button.primary")
    assert browser_page.locator(".where .wrong").is_visible()
    browser_page.problems[:] = [
        one for one in browser_page.problems if "Failed to load resource" not in one
    ]
