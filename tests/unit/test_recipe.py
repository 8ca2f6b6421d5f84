"""Recipes are checked as a whole and say what is wrong in words."""

from __future__ import annotations

import pytest

from geo_service.core.errors import BadRecipe, NotFound
from geo_service.core.periods import year_period
from ingest.reasons import REASONS
from ingest.recipe import known_recipes, parse_recipe, read_recipe
from ingest.units import factor_between

GOOD = """
[dataset]
id = "my-waste"
kind = "indicators"
title_th = "ขยะ"
title_en = "Waste"

[place]
level = "province"
name = "จังหวัด"

[period]
value = "2567"

[[columns]]
heading = "ขยะ"
indicator = "waste_gen_tpd"
"""


def test_a_small_recipe_is_enough():
    recipe = parse_recipe(GOOD.encode(), "mine")
    assert (recipe.name, recipe.loader, recipe.place.system) == ("mine", "observations", "dopa")
    assert len(recipe.sha256) == 64


@pytest.mark.parametrize("name", sorted(known_recipes()))
def test_every_recipe_that_comes_with_the_service_is_sound(name):
    recipe = read_recipe(name)
    assert recipe.dataset.title_th
    assert recipe.dataset.title_en


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("heading =", "headin ="), "did you mean heading"),
        (('level = "province"', 'lewel = "province"'), "did you mean level"),
        (("[[columns]]", "[[colums]]"), "did you mean columns"),
        (('title_en = "Waste"', ""), "dataset.title_en is needed"),
        (('kind = "indicators"', 'kind = "tables"'), "dataset.kind 'tables'"),
        (('id = "my-waste"', 'id = "My Waste"'), "dataset.id"),
        (("[dataset]", "[dataset"), "not valid TOML"),
        (('level = "province"\n', ""), "level or level_heading"),
    ],
)
def test_faults_are_told_with_the_nearest_key(change, words):
    with pytest.raises(BadRecipe) as caught:
        parse_recipe(GOOD.replace(*change).encode(), "mine")
    assert words in caught.value.detail.en
    assert "สูตร 'mine'" in caught.value.detail.th


def test_a_recipe_loads_one_kind_of_thing():
    with pytest.raises(BadRecipe, match="exactly one of"):
        parse_recipe((GOOD + '[codes]\nsystem = "x1"\nheading = "y"\n').encode(), "mine")


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(NotFound) as caught:
        read_recipe("pcd-wast")
    assert "pcd-waste" in caught.value.detail.en


def test_a_recipe_of_ones_own_is_read_from_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_recipe(path).name == "mine"


@pytest.mark.parametrize(
    ("stated", "wanted", "factor"),
    [
        ("kg/day", "tonnes per day", 0.001), ("ตัน/วัน", "tonnes per day", 1.0),
        ("t/year", "tonnes per day", 1 / 366), ("ไร่", "m²", 1600.0), ("km2", "m²", 1e6),
        ("ล้านบาท", "baht", 1e6), ("persons", "persons", 1.0),
    ],
)  # fmt: skip
def test_units_are_turned_into_the_indicator_s(stated, wanted, factor):
    assert factor_between(stated, wanted, year_period(2567)) == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(("stated", "wanted"), [("kg", "tonnes per day"), ("tonn", "tonnes")])
def test_units_that_do_not_fit_are_refused(stated, wanted):
    with pytest.raises(BadRecipe):
        factor_between(stated, wanted, year_period(2567))


def test_every_reason_has_words_in_both_languages():
    assert all(words.th and words.en for words in REASONS.values())
