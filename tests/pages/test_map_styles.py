"""Map styles, read by the official checker of the style specification."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHECKER = Path(__file__).parents[1] / "assets" / "maplibre-style-spec.cjs.gz"
STYLES = [
    "/collections/provinces/styles/default",
    "/collections/subdistricts/styles/default?look=dark&fonts=files",
    "/collections/regions/styles/default",
    "/collections/orgs/styles/default?lang=en",
    "/collections/health-centres/styles/default",
    "/collections/waste-by-province/styles/default",
    "/collections/waste-by-org/styles/waste_gen_tpd?look=dark",
    "/collections/population-by-subdistrict/styles/pop_total?period=2566",
    "/collections/population-by-subdistrict-history/styles/default",
    "/maps/pop_total/style.json?level=subdistrict",
    "/maps/pop_total/style.json?level=country",
    "/maps/pop_total/style.json?level=province&compare=2566",
    "/maps/waste_gen_tpd/style.json?level=org&look=dark&fonts=files",
    "/maps/pop_total/style.json?level=subdistrict&area=50&classes=3&scheme=equal",
    "/maps/pop_total/style.json?level=subdistrict&expressions=no",
    "/collections/waste-by-org/styles/waste_gen_tpd?expressions=no",
    "/collections/orgs/styles/default?expressions=no",
]


@pytest.fixture(scope="module")
def checker(browser: Browser) -> Iterator[Page]:
    """A page with the specification's own code."""
    page = browser.new_page()
    code = gzip.decompress(CHECKER.read_bytes()).decode()
    page.add_script_tag(content=f"{code}\nwindow.spec = maplibreGlStyleSpecification;")
    yield page
    page.close()


@pytest.mark.parametrize("address", STYLES)
def test_the_official_checker_finds_no_fault(client, checker, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox.style+json"
    said = checker.evaluate(
        "style => spec.validateStyleMin(style).map((one) => one.message)", answer.json()
    )
    assert said == []


def test_the_checker_finds_a_fault_where_there_is_one(client, checker):
    style = client.get(STYLES[0]).json()
    style["layers"][1]["paint"]["fill-colour"] = "#fff"
    said = checker.evaluate("style => spec.validateStyleMin(style).length", style)
    assert said == 1


COLOURS = """
([style, places]) => {
  const layers = style.layers.filter((one) => one.source === "places" && one.type === "fill");
  const at = { zoom: 6 };
  const kind = spec.latest.paint_fill["fill-color"];
  return places.map((properties) => {
    const feature = { type: 3, properties };
    let drawn = null;
    for (const layer of layers) {
      const keeps = spec.featureFilter(layer.filter, "layers[0].filter").filter(at, feature);
      if (!keeps || layer.id === "land") continue;
      if (layer.paint["fill-pattern"]) { drawn = "hatch"; continue; }
      const fill = layer.paint["fill-color"];
      const made = spec.createPropertyExpression(fill, "layers[0].paint", kind).value;
      const colour = made.evaluate(at, feature);
      if (colour.a > 0) drawn = colour.toString();
    }
    return drawn;
  });
}
"""


def colours(checker: Page, style: dict, places: list[dict]) -> list[str | None]:
    return checker.evaluate(COLOURS, [style, places])


def rgba(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},1)"


@pytest.mark.parametrize(
    "asked",
    [
        ("pop_total", "subdistrict", "population-by-subdistrict"),
        ("waste_gen_tpd", "province", "waste-by-province"),
        ("waste_gen_rate", "org", "waste-by-org"),
    ],
    ids=lambda asked: asked[2],
)
def test_both_styles_give_each_place_the_colour_of_its_class(client, checker, asked):
    key, level, collection = asked
    shown = client.get(f"/maps/{key}.json?level={level}").json()
    expected = [
        "hatch"
        if one["status"] == "not_reported"
        else rgba(shown["classes"][one["class"]]["colour"])
        for one in shown["places"]
    ]
    by_code = client.get(f"/maps/{key}/style.json?level={level}").json()
    assert colours(checker, by_code, [{"code": one["code"]} for one in shown["places"]]) == expected
    by_value = client.get(f"/collections/{collection}/styles/{key}").json()
    # As a tile carries them: a value that is missing is left out.
    carried = [
        {f"{key}_status": one["status"]} | ({} if one["value"] is None else {key: one["value"]})
        for one in shown["places"]
    ]
    assert colours(checker, by_value, carried) == expected
    assert "hatch" in expected or all(one["value"] is not None for one in shown["places"])
    # Without expressions: a layer for each class, grey for hatched.
    grey = [rgba("#e3e6ea") if one == "hatch" else one for one in expected]
    for path, places in (
        (
            f"/maps/{key}/style.json?level={level}&",
            [{"code": one["code"]} for one in shown["places"]],
        ),
        (f"/collections/{collection}/styles/{key}?", carried),
    ):
        simple = client.get(f"{path}expressions=no").json()
        assert colours(checker, simple, places) == grey
        assert set(simple["sources"]) == {"places"}
        paints = [paint for layer in simple["layers"] for paint in layer["paint"].items()]
        assert all(isinstance(told, str) for name, told in paints if name.endswith("color"))


def test_a_place_outside_the_area_asked_for_has_no_colour(client, checker):
    style = client.get("/maps/pop_total/style.json?level=subdistrict&area=50").json()
    assert colours(checker, style, [{"code": "510101"}]) == [None]
