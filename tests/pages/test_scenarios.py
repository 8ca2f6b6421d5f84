"""Pages of scenarios in Chromium: on every screen, on paper, and for those who do not see."""

from __future__ import annotations

import pytest

from geo_service.core.db import make_engine, transaction
from ingest import scenarios as kept
from ingest.scenario_file import read
from tests.history import add_years, scenario_document
from tests.readers import grave_faults, width_of

pytestmark = pytest.mark.browser


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
